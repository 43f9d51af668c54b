//! A page is made on one thread, from its beginning to its end.
//!
//! While Leptos makes a page, tasks that it starts look at the page's owners, and whoever drops the page drops those.
//! Where both happen at once on two threads, the task can be the last to hold an owner that it has just looked at:
//! it then drops it under a lock of its own, and waits for itself for ever, with a thread of the runtime
//! (`reactive_graph` 0.2.16, `Owner::with_context`). On one thread nothing happens at once.
//! What a browser leaves half-made is dropped there as well, as some of it must be.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument as _;

/// How many pieces of a page may wait for its browser.
const WAITING: usize = 4;

/// One runtime of a single thread for each core.
static THREADS: LazyLock<Vec<Handle>> = LazyLock::new(|| {
    let count = std::thread::available_parallelism().map_or(2, usize::from);
    (0..count).filter_map(begun).collect()
});
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Starts a thread that makes pages; it ends with the process.
fn begun(number: usize) -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name(format!("page-{number}"));
    thread
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .ok()?;
    Some(handle)
}

/// Tasks that Leptos starts belong to the request that they are started for: so what they log says.
struct OfRequest;

impl CustomExecutor for OfRequest {
    fn spawn(&self, task: PinnedFuture<()>) {
        tokio::spawn(task.in_current_span());
    }

    fn spawn_local(&self, task: PinnedLocalFuture<()>) {
        tokio::task::spawn_local(task.in_current_span());
    }

    fn poll_local(&self) {}
}

/// Says how Leptos starts tasks; to be said before it looks for that itself.
pub(crate) fn begin() {
    // Said already: tests make several routers.
    let _ = Executor::init_custom_executor(OfRequest);
}

/// Has a page made on one of the threads. Functions of the server are no pages, and may start what lasts.
pub(crate) async fn on_one(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/rpc/") {
        return next.run(request).await;
    }
    made_on_one(next.run(request)).await
}

/// Drives what makes a page on one of the threads, and its body after it.
pub(crate) async fn made_on_one(page: impl Future<Output = Response> + Send + 'static) -> Response {
    let place = NEXT.fetch_add(1, Ordering::Relaxed) % THREADS.len().max(1);
    let Some(thread) = THREADS.get(place) else {
        return page.await;
    };
    let (answer, answered) = oneshot::channel();
    thread.spawn(make(page, answer).in_current_span());
    // Nothing comes of a page that panicked; the runtime caught that.
    answered
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn make(page: impl Future<Output = Response>, mut answer: oneshot::Sender<Response>) {
    let response = tokio::select! {
        response = page => response,
        () = answer.closed() => return,
    };
    let (parts, body) = response.into_parts();
    let (pieces, coming) = mpsc::channel::<Result<Bytes, axum::Error>>(WAITING);
    let sent = Body::from_stream(ReceiverStream::new(coming));
    if answer.send(Response::from_parts(parts, sent)).is_err() {
        return;
    }
    let mut body = body.into_data_stream();
    loop {
        let piece = tokio::select! {
            piece = body.next() => piece,
            () = pieces.closed() => None,
        };
        let Some(piece) = piece else {
            return;
        };
        if pieces.send(piece).await.is_err() {
            return;
        }
    }
}
