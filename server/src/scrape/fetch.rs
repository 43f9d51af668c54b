//! Asks targets over HTTP as Prometheus does, and says what went wrong.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{self, HeaderMap};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, Url};
use rustls::CertificateError;
use service::{Fetch, FetchAsk, FetchFault, Fetched};

use crate::reach::{Reach, Unreached};
use crate::trust::{Trust, authorities};

/// How many clients of targets with authorities of their own are kept ready.
const MOST_CLIENTS: usize = 64;
/// How often one answer may send to another address.
const MOST_REDIRECTS: usize = 10;

/// Clients, one for each set of authorities: their connections stay open between scrapes.
#[derive(Debug, Default)]
pub(crate) struct HttpFetch {
    clients: Mutex<HashMap<Trust, Client>>,
    reach: Reach,
}

/// A redirect that is not followed, on its way through the client's error.
#[derive(Debug, thiserror::Error)]
#[error("not followed")]
struct Left(FetchFault);

impl HttpFetch {
    /// Fetches from what may be reached and from nowhere else.
    pub(crate) fn new(reach: Reach) -> Self {
        Self {
            reach,
            ..Self::default()
        }
    }

    fn client(&self, trust: Trust) -> Result<Client, FetchFault> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&trust) {
            return Ok(client.clone());
        }
        let tls = trust.config().map_err(FetchFault::Tls)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::custom(stay))
            .referer(false)
            .dns_resolver(Arc::new(self.reach.clone()))
            // A proxy for the way out is not for the machines in here; Prometheus asks directly too.
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(1)
            .user_agent(concat!("Millrace/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| FetchFault::Tls(last_words(&error)))?;
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        clients.insert(trust, client.clone());
        Ok(client)
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self, ask: FetchAsk) -> Result<Fetched, FetchFault> {
        let trust = match (ask.verify, ask.ca.clone()) {
            (false, _) => Trust::Anybody,
            (true, Some(ca)) => Trust::Own(ca),
            (true, None) => Trust::Public,
        };
        // What cannot be read fails below, with the client's words.
        if let Ok(url) = Url::parse(&ask.url) {
            self.reach.check(&url)?;
        }
        let mut request = self
            .client(trust)?
            .get(&ask.url)
            .timeout(ask.timeout)
            .header(header::ACCEPT, ask.accept)
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(
                "X-Prometheus-Scrape-Timeout-Seconds",
                ask.timeout.as_secs().to_string(),
            );
        if let Some(token) = &ask.token {
            request = request.bearer_auth(&token.0);
        }
        let answer = match request.send().await {
            Ok(response) => whole(response, ask.most_bytes).await,
            Err(error) => Err(Cut::Error(error)),
        };
        answer.map_err(|cut| match cut {
            Cut::TooLong => FetchFault::TooLarge(ask.most_bytes >> 20),
            Cut::Error(error) => fault(&error, &ask.url, ask.timeout),
        })
    }

    fn check_ca(&self, pem: &str) -> Result<(), String> {
        authorities(pem).map(drop)
    }
}

/// Follows within the host only: a token must not travel on, and the series would bear a wrong name.
fn stay(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let from = attempt.previous().first().map(Url::origin);
    let to = attempt.url().origin();
    if attempt.previous().len() > MOST_REDIRECTS {
        attempt.error(Left(FetchFault::RedirectLoop))
    } else if from.as_ref() == Some(&to) {
        attempt.follow()
    } else {
        attempt.error(Left(FetchFault::Redirected(to.ascii_serialization())))
    }
}

/// Why there is no whole answer.
enum Cut {
    TooLong,
    Error(reqwest::Error),
}

/// Reads the body up to the cap.
async fn whole(mut response: Response, most_bytes: usize) -> Result<Fetched, Cut> {
    let headers = response.headers();
    let mut fetched = Fetched {
        status: response.status().as_u16(),
        content_type: text(headers, &header::CONTENT_TYPE),
        content_encoding: text(headers, &header::CONTENT_ENCODING),
        framed: headers.contains_key(header::CONTENT_LENGTH)
            || headers.contains_key(header::TRANSFER_ENCODING),
        body: Vec::new(),
    };
    let said = response.content_length().unwrap_or(0);
    if said > most_bytes as u64 {
        return Err(Cut::TooLong);
    }
    while let Some(chunk) = response.chunk().await.map_err(Cut::Error)? {
        if fetched.body.len() + chunk.len() > most_bytes {
            return Err(Cut::TooLong);
        }
        fetched.body.extend_from_slice(&chunk);
    }
    Ok(fetched)
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// What went wrong, from the client's error and from what caused it.
fn fault(error: &reqwest::Error, url: &str, timeout: Duration) -> FetchFault {
    if error.is_timeout() {
        return FetchFault::TimedOut(timeout.as_secs());
    }
    for cause in causes(error) {
        if let Some(Left(fault)) = cause.downcast_ref::<Left>() {
            return fault.clone();
        }
        if let Some(Unreached(fault)) = cause.downcast_ref::<Unreached>() {
            return fault.clone();
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return tls_fault(tls);
        }
    }
    let host = host_of(url);
    if !error.is_connect() {
        return FetchFault::Broken(last_words(error));
    }
    for cause in causes(error) {
        let refused = cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused);
        if refused {
            return FetchFault::Refused(host);
        }
        if cause.to_string().contains("dns error") {
            let name = host
                .rsplit_once(':')
                .map_or(host.as_str(), |(name, _)| name);
            return FetchFault::NoSuchHost(name.to_owned());
        }
    }
    FetchFault::Unreachable {
        host,
        why: last_words(error),
    }
}

fn tls_fault(error: &rustls::Error) -> FetchFault {
    match error {
        // An authority of the same name with another key is another authority.
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => FetchFault::UnknownAuthority,
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => FetchFault::Tls("its certificate has expired".into()),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => FetchFault::Tls("its certificate is for another name".into()),
        other => FetchFault::Tls(other.to_string()),
    }
}

/// An error and what caused it.
fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = cause(error);
        Some(error)
    })
}

/// What caused an error. Inside an I/O error lies another one that `source` passes over.
fn cause<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => {
            let inner: &'e (dyn StdError + 'static) = io.get_ref()?;
            Some(inner)
        }
        None => error.source(),
    }
}

/// What lies at the bottom of an error. Its upper layers repeat the address.
fn last_words(error: &(dyn StdError + 'static)) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn host_of(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return String::new();
    };
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}
