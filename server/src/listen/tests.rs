//! Slow, silent and greedy clients, over real sockets.

use super::*;
use axum::body::Bytes;
use axum::routing::post;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SHORT: Patience = Patience {
    headers: Duration::from_millis(300),
    body: Duration::from_millis(300),
    slow_body: Duration::from_secs(1),
    answer: Duration::from_millis(300),
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
        .route("/wait", post(std::future::pending::<String>))
        // More than the system takes for a client that reads nothing.
        .route("/much", post(|| async { vec![b'x'; 64 << 20] }));
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
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    )
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
async fn a_body_that_trickles_without_an_end_is_not_waited_for() {
    let server = start().await;
    let mut slow = server.connect().await;
    slow.write_all(&head("/", 1_000_000)).await.unwrap();
    // Never a pause that is too long, and never enough.
    let took = trickle(slow, b'a').await;
    assert!(took > SHORT.slow_body && took < Duration::from_secs(5));
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_left() {
    let server = start().await;
    let mut deaf = server.connect().await;
    deaf.write_all(&head("/much", 0)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = rest(&mut deaf).await;
    assert!(!answer.is_empty() && answer.len() < 64 << 20);
    // One that takes it has it all, however often it rests.
    let mut slow = server.connect().await;
    slow.write_all(&head("/much", 0)).await.unwrap();
    let mut piece = vec![0; 8 << 20];
    let mut taken = 0;
    loop {
        let read = slow.read(&mut piece).await.unwrap();
        taken += read;
        if read == 0 {
            break;
        }
        if taken % 7 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(taken > 64 << 20);
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
