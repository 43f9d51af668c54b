//! Connections: accepting them, patience with slow clients, and an end in good order.
//!
//! axum's own loop has no say in how long a client may take. A client that sends a byte now and then
//! would hold its connection, and what was read of its request, for ever.

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
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::guard::Connection;

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the connection to its first request, from the first byte of a request to the end of its
    /// headers, and between two requests.
    pub(crate) headers: Duration,
    /// Between two pieces of a body.
    pub(crate) body: Duration,
    /// For open requests when the server stops.
    pub(crate) end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(20),
            body: Duration::from_secs(20),
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
        let mut request = request.map(axum::body::Body::new);
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
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
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
mod tests {
    use super::*;
    use axum::body::Bytes;
    use axum::routing::post;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const SHORT: Patience = Patience {
        headers: Duration::from_millis(300),
        body: Duration::from_millis(300),
        end: Duration::from_millis(300),
    };

    struct Server {
        address: SocketAddr,
        stopping: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    /// Answers with the length of what it got, and to `/wait` never.
    async fn start() -> Server {
        let router = Router::new()
            .route(
                "/",
                post(|body: Bytes| async move { body.len().to_string() }),
            )
            .route("/wait", post(std::future::pending::<String>));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let task = tokio::spawn(serve(listener, router, None, SHORT, stopping.clone()));
        Server {
            address,
            stopping,
            task,
        }
    }

    impl Server {
        async fn connect(&self) -> TcpStream {
            TcpStream::connect(self.address).await.unwrap()
        }

        /// What one that is in no hurry, but not slow either, is answered.
        async fn ask(&self) -> String {
            let mut stream = self.connect().await;
            stream.write_all(&head("/", 5)).await.unwrap();
            stream.write_all(b"quick").await.unwrap();
            rest(&mut stream).await
        }
    }

    fn head(path: &str, length: usize) -> Vec<u8> {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
            .into_bytes()
    }

    /// All that still comes; fails where the connection stays open for too long.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        let read = tokio::time::timeout(Duration::from_secs(10), read).await;
        // A reset is an end too.
        let _ = read.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends that byte again and again until the server has had enough.
    async fn trickle(mut stream: TcpStream, byte: u8) -> Duration {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10) {
            if stream.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begin.elapsed()
    }

    #[tokio::test]
    async fn clients_that_trickle_headers_are_left_and_others_are_served_meanwhile() {
        let server = start().await;
        let mut slow = Vec::new();
        for _ in 0..100 {
            let mut stream = server.connect().await;
            stream.write_all(b"POST / HTTP/1.1\r\nx: ").await.unwrap();
            slow.push(tokio::spawn(trickle(stream, b'a')));
        }
        assert!(server.ask().await.ends_with('5'));
        for one in slow {
            assert!(one.await.unwrap() < Duration::from_secs(5));
        }
    }

    #[tokio::test]
    async fn clients_that_say_nothing_or_not_enough_to_know_the_protocol_are_left() {
        let server = start().await;
        // The beginning of POST and of HTTP/2's preface alike.
        for said in ["", "P", "PRI * HTTP/2.0\r\n"] {
            let mut stream = server.connect().await;
            stream.write_all(said.as_bytes()).await.unwrap();
            rest(&mut stream).await;
        }
        assert!(server.ask().await.ends_with('5'));
    }

    #[test]
    fn a_network_has_its_share_of_the_connections_and_no_more() {
        let shares = Arc::new(Shares::default());
        let address = |text: &str| text.parse().unwrap();
        let one = (0..MOST_OF_ONE).map(|n| shares.take(address(&format!("2001:db8::{n:x}"))));
        let mut held: Vec<Option<Share>> = one.collect();
        assert!(held.iter().all(Option::is_some));
        assert!(shares.take(address("2001:db8::ffff:1")).is_none());
        assert!(shares.take(address("2001:db8:0:1::1")).is_some());
        assert!(shares.take(address("192.0.2.1")).is_some());
        held.pop();
        assert!(shares.take(address("2001:db8::1")).is_some());
        held.clear();
        assert!(shares.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_body_that_stops_coming_is_an_error_and_one_that_is_only_slow_is_not() {
        let server = start().await;
        let mut stopped = server.connect().await;
        stopped.write_all(&head("/", 9)).await.unwrap();
        stopped.write_all(b"half").await.unwrap();
        let answer = rest(&mut stopped).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        let mut slow = server.connect().await;
        slow.write_all(&head("/", 9)).await.unwrap();
        for byte in b"nine bytes".iter().take(9) {
            slow.write_all(&[*byte]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        assert!(rest(&mut slow).await.ends_with('9'));
    }

    #[tokio::test]
    async fn an_open_request_does_not_hold_up_the_end_for_ever() {
        let server = start().await;
        let mut open = server.connect().await;
        open.write_all(&head("/wait", 0)).await.unwrap();
        let mut idle = server.connect().await;
        idle.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        let mut first = [0; 12];
        idle.read_exact(&mut first).await.unwrap();
        server.stopping.cancel();
        let end = tokio::time::timeout(Duration::from_secs(5), server.task).await;
        end.unwrap().unwrap();
        rest(&mut idle).await;
    }
}
