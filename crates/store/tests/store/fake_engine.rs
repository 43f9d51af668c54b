//! An engine that answers what a test says, hangs, or does not stop.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One that listens on a free port until the test ends.
pub(crate) struct FakeEngine {
    port: u16,
    seen: Arc<Mutex<String>>,
    left: watch::Receiver<bool>,
}

/// A whole answer.
pub(crate) fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

impl FakeEngine {
    /// Answers every request with those bytes; with none it hangs.
    pub(crate) async fn start(answer: Vec<u8>) -> Self {
        Self::listen(answer, None).await
    }

    /// Answers with the head, and then with the same piece for ever.
    pub(crate) async fn endless(head: &str, piece: &str) -> Self {
        Self::listen(head.into(), Some(piece.to_owned())).await
    }

    async fn listen(answer: Vec<u8>, piece: Option<String>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(String::new()));
        let (gone, left) = watch::channel(false);
        let requests = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let work = serve(stream, answer.clone(), piece.clone(), requests.clone());
                let gone = gone.clone();
                tokio::spawn(async move {
                    work.await;
                    gone.send_replace(true);
                });
            }
        });
        Self { port, seen, left }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The heads of the requests that came.
    pub(crate) fn seen(&self) -> String {
        self.seen.lock().unwrap().clone()
    }

    /// Fails unless a client goes away soon.
    pub(crate) async fn must_be_left(mut self) {
        let left = tokio::time::timeout(Duration::from_secs(5), self.left.wait_for(|left| *left));
        assert!(left.await.is_ok(), "the connection is still open");
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Vec<u8>,
    piece: Option<String>,
    seen: Arc<Mutex<String>>,
) {
    let mut request = vec![0; 65_536];
    let count = stream.read(&mut request).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&request[..count]).into_owned();
    seen.lock().unwrap().push_str(&text);
    // Whoever is gone need not be told.
    let _ = stream.write_all(&answer).await;
    if let Some(piece) = piece {
        while stream.write_all(piece.as_bytes()).await.is_ok() {}
    } else if answer.is_empty() {
        while stream.read(&mut request).await.is_ok_and(|count| count > 0) {}
    }
}
