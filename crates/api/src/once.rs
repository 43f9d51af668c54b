//! Requests that happen once, however often they are sent.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Result};

/// A request that its sender has given a key.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The key, of the sender's choice.
    pub key: &'a str,
    /// What is asked: the method and the address.
    pub what: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// What is known of a request that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is to be done now.
    Fresh,
    /// It was done, and this was the answer.
    Done(KeptAnswer),
}

/// An answer that is given again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Where what was made lies.
    pub location: Option<String>,
    /// The JSON; `None` where it held a secret, which is not kept.
    pub body: Option<String>,
}

/// Requests that happen once.
#[async_trait]
pub trait Once: Send + Sync {
    /// Notes that a request begins. Open to everybody who is known, each with keys of their own.
    /// A key that came with another request is `Invalid`, one whose request still runs a `Conflict`.
    async fn begin(&self, caller: &Caller, attempt: Attempt<'_>) -> Result<Begun>;
    /// Keeps the answer for a day. Open to everybody who is known.
    async fn finish(&self, caller: &Caller, key: &str, answer: KeptAnswer) -> Result<()>;
    /// Forgets a request that did not do anything. Open to everybody who is known.
    async fn forget(&self, caller: &Caller, key: &str) -> Result<()>;
}
