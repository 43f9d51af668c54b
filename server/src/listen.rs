//! Connections: accepting them, patience with slow clients, and an end in good order.
//!
//! axum's own loop has no say in how long a client may take. A client that sends a byte now and then
//! would hold its connection, and what was read of its request, for ever.

mod paced;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::guard::Connection;
use paced::Paced;

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the connection to its first request, from the first byte of a request to the end of its
    /// headers, and between two requests.
    pub(crate) headers: Duration,
    /// Between two pieces of a body.
    pub(crate) body: Duration,
    /// For a body in all, without what comes at a fair pace.
    pub(crate) slow_body: Duration,
    /// Until some of an answer is taken.
    pub(crate) answer: Duration,
    /// For open requests when the server stops.
    pub(crate) end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(20),
            body: Duration::from_secs(20),
            slow_body: Duration::from_mins(1),
            answer: Duration::from_mins(1),
            end: Duration::from_secs(10),
        }
    }
}

/// Serves until `stopping` is cancelled, and then until open requests are finished or patience ends.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    patience: Patience,
    stopping: CancellationToken,
) {
    let router = router.layer(RequestBodyTimeoutLayer::new(patience.body));
    let moved = Router::new().fallback(to_https);
    let connections = TaskTracker::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let shares = Arc::new(Shares::default());
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            // Who comes when all places are taken waits in the system's queue.
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                listener.accept().await.map(|accepted| (accepted, place))
            } => accepted,
        };
        match accepted {
            Ok(((stream, address), place)) => {
                let Some(share) = shares.take(address.ip()) else {
                    tracing::debug!(%address, "a network has its share of the connections");
                    continue;
                };
                let greeted = greet(stream, address, tls.clone());
                let (router, moved, stopping) = (router.clone(), moved.clone(), stopping.clone());
                connections.spawn(async move {
                    let _places = (place, share);
                    // What went wrong between a client and us is the client's to say.
                    let Ok(stream) = tokio::time::timeout(patience.headers, greeted).await else {
                        return;
                    };
                    match stream {
                        Ok(Stream::Plain(stream, about)) => {
                            talk(stream, about, router, patience, stopping).await;
                        }
                        Ok(Stream::Encrypted(stream, about)) => {
                            talk(*stream, about, router, patience, stopping).await;
                        }
                        Ok(Stream::Mistaken(stream, about)) => {
                            talk(stream, about, moved, patience, stopping).await;
                        }
                        Err(error) => tracing::debug!(%error, "a connection was not made"),
                    }
                });
            }
            // Of one client that went away, or because there are too many: others can wait.
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(patience.end, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(open = connections.len(), "some requests were not finished");
    }
}

/// A connection, and what is known of it.
enum Stream {
    Plain(TcpStream, Connection),
    Encrypted(Box<TlsStream<TcpStream>>, Connection),
    /// Where TLS is spoken, somebody who does not.
    Mistaken(TcpStream, Connection),
}

/// The first byte of TLS: a record of the handshake (RFC 8446, section 5.1). No method of HTTP begins
/// with it.
const HANDSHAKE: u8 = 22;

/// Agrees on TLS, where it is spoken here.
async fn greet(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
) -> std::io::Result<Stream> {
    // Pages and events are written whole: waiting for more to send makes them late.
    let _ = stream.set_nodelay(true);
    let about = |encrypted| Connection { address, encrypted };
    let Some(tls) = tls else {
        return Ok(Stream::Plain(stream, about(false)));
    };
    let mut first = [0];
    let seen = stream.peek(&mut first).await?;
    Ok(if seen == 1 && first != [HANDSHAKE] {
        Stream::Mistaken(stream, about(false))
    } else {
        Stream::Encrypted(Box::new(tls.accept(stream).await?), about(true))
    })
}

/// Sends who opened an http address where https is spoken to the same one there. What was posted in the
/// open is not asked for again: somebody should notice.
async fn to_https(request: Request) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let to = HeaderValue::from_str(&format!("https://{host}{path}"));
    match to {
        Ok(to) if reads && !host.is_empty() => {
            (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response()
        }
        _ => (StatusCode::FORBIDDEN, "Only https is spoken here.\n").into_response(),
    }
}

/// The most connections at once: each takes some tens of kilobytes.
const MOST_CONNECTIONS: usize = 8192;

/// The most of them that one network may have, so that nobody takes all: a proxy in front has to do with
/// them, too.
const MOST_OF_ONE: usize = MOST_CONNECTIONS / 4;

/// How many connections each network has.
#[derive(Debug, Default)]
struct Shares(Mutex<HashMap<IpAddr, usize>>);

/// A connection that is counted until it ends.
#[derive(Debug)]
struct Share {
    of: IpAddr,
    shares: Arc<Shares>,
}

impl Shares {
    /// One more for the network of that address; none where it has its share.
    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        let of = api::network(address);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(of).or_default();
        (*count < MOST_OF_ONE).then(|| {
            *count += 1;
            let shares = Arc::clone(self);
            Share { of, shares }
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.of);
            }
        }
    }
}

/// The most that the head of a request may have: its line and its headers.
const MOST_HEAD_BYTES: usize = 64 * 1024;

/// One connection from its first byte to its last.
async fn talk<S>(
    stream: S,
    about: Connection,
    router: Router,
    patience: Patience,
    stopping: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // hyper waits for ever for enough bytes to tell HTTP/2 from HTTP/1.
    let begun = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&begun);
    let service = router.map_request(move |request: Request<hyper::body::Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let mut request =
            request.map(|body| axum::body::Body::new(Paced::new(body, patience.slow_body)));
        request.extensions_mut().insert(about);
        request
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_buf_size(MOST_HEAD_BYTES)
        .header_read_timeout(patience.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(16 * 1024)
        .keep_alive_interval(patience.headers)
        .keep_alive_timeout(patience.headers);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience.answer));
    let stream = TokioIo::new(Box::pin(stream));
    let connection = builder.serve_connection(stream, TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let mut stop = std::pin::pin!(stopping.cancelled().fuse());
    let mut first = std::pin::pin!(tokio::time::sleep(patience.headers).fuse());
    loop {
        tokio::select! {
            // What went wrong between a client and us is the client's to say.
            _ = connection.as_mut() => return,
            () = &mut stop => connection.as_mut().graceful_shutdown(),
            () = &mut first => if !begun.load(Ordering::Relaxed) { return },
        }
    }
}

#[cfg(test)]
mod tests;
