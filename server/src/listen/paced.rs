//! A body that has to come at some pace.
//!
//! A client that sends a byte now and then never pauses for long, and never ends. So a body may keep the
//! server waiting for a while in all, and for a second longer with each [`PACE`] bytes that came (as
//! `MinRate` of Apache's `mod_reqtimeout`). What the server itself takes to read it does not count.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// Bytes a second that are fair.
const PACE: u32 = 500;

/// The body is not waited for any longer.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
struct TooSlow;

/// A body that ends with an error where it comes too slowly.
pub(super) struct Paced<B> {
    body: B,
    /// How long it may keep us waiting, as far as it came.
    patience: Duration,
    /// How long it did.
    waited: Duration,
    /// Since when it does.
    waiting: Option<Instant>,
    end: Pin<Box<Sleep>>,
}

impl<B> Paced<B> {
    /// One that may keep us waiting for so long, whatever comes.
    pub(super) fn new(body: B, patience: Duration) -> Self {
        Self {
            body,
            patience,
            waited: Duration::ZERO,
            waiting: None,
            end: Box::pin(tokio::time::sleep(patience)),
        }
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            if let Some(since) = this.waiting.take() {
                this.waited += since.elapsed();
            }
            if let Some(Ok(frame)) = &frame {
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                this.patience += Duration::from_secs(bytes) / PACE;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let since = *this.waiting.get_or_insert_with(Instant::now);
        let left = this.patience.saturating_sub(this.waited);
        this.end.as_mut().reset(since + left);
        this.end
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
