//! What stands between the network and the handlers: who is at the other end, how their cookies are
//! called, how much they may ask, and what answers tell browsers to refuse.

mod cookies;
mod headers;
mod limits;
mod peer;

use std::sync::Arc;

use api::{Caller, Error};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::Barred;

pub(crate) use limits::Limits;
pub(crate) use peer::{Connection, Peer, Proxies};

use crate::rest::{Failed, is_api, oauth};
use crate::state::App;

/// The settings of all of it.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The proxies that are believed.
    pub(crate) proxies: Proxies,
    /// How many requests a client may make.
    pub(crate) limits: Arc<Limits>,
}

/// Finds out who is at the other end, and gives answers and cookies what the way asks for.
pub(crate) async fn frame(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>().copied();
    let mut peer = app.guard.proxies.peer(connection, request.headers());
    // People open an https address, whatever the way behind it.
    peer.encrypted |= app.secure_cookies;
    request.extensions_mut().insert(peer);
    if peer.encrypted {
        cookies::inwards(request.headers_mut());
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if peer.encrypted {
        cookies::outwards(headers);
    }
    headers::add(headers, peer.encrypted);
    response
}

/// Refuses who asks too often.
pub(crate) async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let found = request.extensions();
    let address = found.get::<Peer>().and_then(|peer| peer.address);
    let Some(caller) = found.get::<Caller>() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (path, now) = (request.uri().path(), app.clock.now());
    let limits = &app.guard.limits;
    let Err(refused) = limits.take(caller, address, request.method(), path, now) else {
        return next.run(request).await;
    };
    app.hub.note_barred(caller, Barred::TooOften);
    metrics::counter!("millrace_requests_refused_total", "limit" => refused.limit).increment(1);
    let retry_after_seconds = refused.retry_after_seconds;
    let error = Error::TooMany {
        retry_after_seconds,
    };
    if is_api(path) {
        return Failed::from(error).into_response();
    }
    let mut response = if path == oauth::TOKEN {
        oauth::failed(&error)
    } else {
        (StatusCode::TOO_MANY_REQUESTS, format!("{error}\n")).into_response()
    };
    let seconds = HeaderValue::from(retry_after_seconds);
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}
