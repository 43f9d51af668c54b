//! HTTP to an engine: with time-outs, with caps on what it may answer, and never to anywhere else.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::address::Endpoint;
use super::breaker::Breaker;
use super::error::{EngineError, words};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an engine may be silent in the middle of an answer.
const SILENCE: Duration = Duration::from_secs(15);
/// The most of a refusal's body that is read, in bytes.
const MOST_OF_A_REFUSAL: usize = 4096;
/// Idle connections that are kept.
const IDLE: usize = 16;

/// A client that goes where it is sent and nowhere else.
pub(super) fn client(tls: rustls::ClientConfig) -> reqwest::Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        // A redirect would take the credentials along.
        .redirect(Policy::none())
        .referer(false)
        // As Prometheus has it: what is sent to an engine in the house does not go by a proxy.
        .no_proxy()
        .http1_only()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .pool_max_idle_per_host(IDLE)
        .user_agent(concat!("Millrace/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) url: Url,
    /// Besides the credentials.
    pub(super) headers: HeaderMap,
    /// Sent by POST; a GET without.
    pub(super) body: Option<Vec<u8>>,
    /// How long all of it may take.
    pub(super) longest: Duration,
}

/// Sends it and waits for the head of the answer, whatever its status.
///
/// What a proxy says for an engine that is away (502, 503, 504) counts as no answer to the breaker.
pub(super) async fn send(
    client: &Client,
    breaker: &Breaker,
    ask: Ask<'_>,
) -> Result<Response, EngineError> {
    let host = ask.endpoint.host();
    let passage = breaker.enter(&host, Instant::now())?;
    let mut request = match ask.body {
        Some(body) => client.post(ask.url).body(body),
        None => client.get(ask.url),
    };
    request = request.headers(ask.endpoint.headers.clone());
    let sent = request
        .headers(ask.headers)
        .timeout(ask.longest)
        .send()
        .await;
    let away = |response: &Response| matches!(response.status().as_u16(), 502..=504);
    let answered = sent.as_ref().is_ok_and(|response| !away(response));
    passage.done(&host, answered, Instant::now());
    sent.map_err(|error| fault(ask.endpoint, ask.longest, &error))
}

/// Waits for one of the requests that may run at once.
pub(super) async fn turn<'s>(
    turns: &'s Semaphore,
    endpoint: &Endpoint,
    longest: Duration,
) -> Result<SemaphorePermit<'s>, EngineError> {
    match tokio::time::timeout(longest, turns.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        Ok(Err(_)) => Err(EngineError::Unreachable {
            host: endpoint.host(),
            why: "Millrace is stopping".into(),
        }),
        Err(_) => Err(EngineError::TimedOut {
            host: endpoint.host(),
            seconds: longest.as_secs(),
        }),
    }
}

/// The body of an answer of at most so many bytes.
pub(super) async fn whole(
    endpoint: &Endpoint,
    longest: Duration,
    mut response: Response,
    most_bytes: usize,
) -> Result<Vec<u8>, EngineError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| fault(endpoint, longest, &error))?
    {
        if body.len() + chunk.len() > most_bytes {
            return Err(EngineError::TooLarge {
                host: endpoint.host(),
                mib: most_bytes >> 20,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The beginning of a refusal's body: a refusal without words is one too.
pub(super) async fn refusal(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MOST_OF_A_REFUSAL {
            body.truncate(MOST_OF_A_REFUSAL);
            break;
        }
    }
    body
}

/// What a status other than 2xx means where the request itself is not at fault.
pub(super) fn status(endpoint: &Endpoint, status: u16, body: &[u8]) -> EngineError {
    let (host, words) = (endpoint.host(), words(body));
    if status == 429 || status >= 500 {
        EngineError::Failing {
            host,
            status,
            words,
        }
    } else {
        EngineError::Refuses {
            host,
            status,
            words,
        }
    }
}

/// What went wrong before or during an answer.
pub(super) fn fault(endpoint: &Endpoint, longest: Duration, error: &reqwest::Error) -> EngineError {
    let host = endpoint.host();
    if error.is_timeout() && !error.is_connect() {
        return EngineError::TimedOut {
            host,
            seconds: longest.as_secs(),
        };
    }
    EngineError::Unreachable {
        host,
        why: last_words(error),
    }
}

/// What lies at the bottom of an error: its upper layers repeat the address.
fn last_words(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
