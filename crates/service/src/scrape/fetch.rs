//! How a target is asked: a port that the server fills in, and what went wrong in words.

use std::time::Duration;

use api::Hidden;
use async_trait::async_trait;

/// What is asked of a target.
#[derive(Clone, Debug)]
pub struct FetchAsk {
    /// The address.
    pub url: String,
    /// The header `Accept`.
    pub accept: &'static str,
    /// How long the whole answer may take.
    pub timeout: Duration,
    /// What it is asked with.
    pub token: Option<Hidden>,
    /// The authorities that are believed instead of the public ones, as PEM.
    pub ca: Option<String>,
    /// Whether the certificate is looked at.
    pub verify: bool,
    /// The longest body as it is sent, in bytes.
    pub most_bytes: usize,
}

/// An answer, whatever its status.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// Whether the answer said how long it is. One that did not may have been cut off anywhere.
    pub framed: bool,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// Why there is no answer. What a person reads is its `Display`: what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// Nobody knows the name.
    #[error("The name {0} is not known here. Check its spelling, or use the address.")]
    NoSuchHost(String),
    /// It must not be asked.
    #[error(
        "Millrace does not ask {0}: it is an address at which clouds hand out credentials, or it is not in MILLRACE_FETCH_ALLOW."
    )]
    NotAllowed(String),
    /// Nothing listens.
    #[error("Nothing listens at {0}. Start the exporter there, or correct the port.")]
    Refused(String),
    /// No connection for another reason.
    #[error("{host} could not be reached: {why}.")]
    Unreachable {
        /// Host and port.
        host: String,
        /// In the system's words.
        why: String,
    },
    /// It took too long.
    #[error("It gave no whole answer within {0} s. If it is slow, allow it more time.")]
    TimedOut(u64),
    /// The certificate's authority is not believed.
    #[error(
        "Its certificate comes from an authority that is not known here. Add that authority's certificate to the target."
    )]
    UnknownAuthority,
    /// The certificate is wrong, or something else of TLS is.
    #[error("No secure connection: {0}.")]
    Tls(String),
    /// It sends to another host.
    #[error("It sends to {0}. Only its own host is followed: enter that address if it is right.")]
    Redirected(String),
    /// It sends on and on.
    #[error("It sends from one address to the next and never answers.")]
    RedirectLoop,
    /// The body is too long.
    #[error("Its answer has more than {0} MiB. Let it show less, or split it.")]
    TooLarge(usize),
    /// The connection ended early.
    #[error("The answer broke off: {0}.")]
    Broken(String),
}

/// Asks over HTTP. The server has the client; tests have one of their own.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Asks once.
    async fn fetch(&self, ask: FetchAsk) -> Result<Fetched, FetchFault>;

    /// Whether authorities can be used; why not, in words.
    fn check_ca(&self, pem: &str) -> Result<(), String>;
}
