//! Server-sent events: what changed, and metric points, to every open page.

use std::convert::Infallible;
use std::time::Duration;

use api::Event;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use serde::Deserialize;

use crate::auth;
use crate::rest::Problem;
use crate::state::App;

/// After this the browser has to ask anew.
const LONGEST: Duration = Duration::from_mins(10);

/// How often it is looked whether who listens still may: nobody goes on hearing for longer than this
/// after their session, key or role ended.
const LOOK: Duration = Duration::from_secs(10);

/// From where a page follows.
#[derive(Deserialize)]
pub(crate) struct From {
    /// The newest event as the page was made.
    since: Option<String>,
}

/// `GET /live`: one stream for each tab. It begins after the event that the page names, `Last-Event-ID` resumes; when
/// too much was missed the first event is a reset.
pub(crate) async fn follow(
    State(app): State<App>,
    Extension(caller): Extension<api::Caller>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Response {
    let seen = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let last = seen.or(from.since.as_deref());
    let news = match app.hub.follow(&caller, last) {
        Ok(news) => news,
        // The browser stops trying at a 401, as it should.
        Err(error) => {
            return Problem {
                error,
                request_id: caller.request_id,
            }
            .into_response();
        }
    };
    let here = here(whose(&caller));
    let events = stream::once(std::future::ready(here.clone()))
        .chain(news.map(frame))
        .take_until(app.stopping.clone().cancelled_owned())
        .take_until(tokio::time::sleep(LONGEST))
        .take_until(ended(app, caller, headers));
    Sse::new(events.map(Ok::<_, Infallible>))
        .keep_alive(
            KeepAlive::new()
                .interval(Duration::from_secs(15))
                .event(here),
        )
        .into_response()
}

/// Waits until who asked is somebody else by what they showed, or nobody.
async fn ended(app: App, caller: api::Caller, headers: HeaderMap) {
    loop {
        tokio::time::sleep(LOOK).await;
        if !auth::still(&app, &caller, &headers).await {
            return;
        }
    }
}

/// Says that the stream is open, and whose it is: where nothing happens a page knows that it would be told, and one that
/// was made for one person does not go on where somebody else has signed in beside it.
/// A comment would do for the connection, but pages are not shown comments.
fn here(whose: &str) -> Frame {
    Frame::default().data(format!("{}{whose}", api::WHOSE))
}

/// What tells whoever asks from others, here and on every other server.
fn whose(caller: &api::Caller) -> &str {
    match &caller.who {
        api::Who::User { id, .. } => id.as_str(),
        api::Who::Key { id, .. } => id.as_str(),
        api::Who::Nobody | api::Who::System => "",
    }
}

fn frame((id, event): (String, Event)) -> Frame {
    match Frame::default().id(id).json_data(&event) {
        Ok(frame) => frame,
        // Only a map with keys that are no strings fails, and there is none in an event.
        Err(_) => Frame::default().comment("unreadable"),
    }
}
