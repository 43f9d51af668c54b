//! `Idempotency-Key`: a POST that is sent again, since nobody knows whether it arrived, happens once.

use api::{Attempt, Begun, Caller, Error, KeptAnswer};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Failed;
use crate::state::App;

/// The header's name.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is given again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest answer that is kept: what a POST makes is small.
const LONGEST_KEPT: usize = 64 * 1024;

/// Where files are sent, which are too large to be compared.
const UPLOADS: &str = "/api/v1/imports";

/// The mark of an answer that must not be kept, since it holds a secret.
#[derive(Clone, Copy)]
pub(super) struct Unkept;

/// Does a POST with a key once; without one as often as it comes.
pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get(KEY);
    let Some(key) = key.filter(|_| request.method() == Method::POST) else {
        return next.run(request).await;
    };
    let Ok(key) = key.to_str().map(str::to_owned) else {
        return Failed::from(Error::field("Idempotency-Key", "The key is plain letters."))
            .into_response();
    };
    let caller = request.extensions().get::<Caller>().cloned();
    let Some(caller) = caller else {
        return Failed::from(Error::Unauthenticated).into_response();
    };
    if request.uri().path() == UPLOADS {
        let words = "An upload takes no key: it only makes a draft, which is harmless twice.";
        return Failed::from(Error::field("Idempotency-Key", words)).into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, super::MOST_BYTES).await else {
        let detail = "A body with an Idempotency-Key has at most 16 MiB.";
        return Failed::Status(StatusCode::PAYLOAD_TOO_LARGE, detail.into()).into_response();
    };
    let uri = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |original| &original.0);
    let what = format!("{} {uri}", parts.method);
    let attempt = Attempt {
        key: &key,
        what: &what,
        body: &body,
    };
    match app.services.once.begin(&caller, attempt).await {
        Ok(Begun::Fresh) => {}
        Ok(Begun::Done(answer)) => return again(answer),
        Err(error) => return Failed::from(error).into_response(),
    }
    let request = Request::from_parts(parts, Body::from(body));
    let request_id = caller.request_id.clone();
    // On its own, so that it is finished and kept even where the sender does not wait for it.
    let task = tokio::spawn(async move {
        let response = next.run(request).await;
        keep(&app, &caller, &key, response).await
    });
    match task.await {
        Ok(response) => response,
        Err(_) => Failed::from(Error::Internal { request_id }).into_response(),
    }
}

/// The answer of before.
fn again(answer: KeptAnswer) -> Response {
    let Some(body) = answer.body else {
        let detail = "This was done under this key already, and its answer held a secret that is shown \
            once and not kept. If it did not reach you, rotate or revoke what was made and make another.";
        return Failed::Status(StatusCode::CONFLICT, detail.into()).into_response();
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if headers.remove(header::CONTENT_TYPE).is_some() && status != StatusCode::NO_CONTENT {
        let kind = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(Ok(location)) = answer.location.map(HeaderValue::try_from) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Keeps an answer; one that says that nothing was done is forgotten, so that the sender may try again.
async fn keep(app: &App, caller: &Caller, key: &str, response: Response) -> Response {
    let once = &app.services.once;
    if !response.status().is_success() {
        // A failure was logged where it happened; the key is free again in ten minutes anyway.
        let _ = once.forget(caller, key).await;
        return response;
    }
    let secret = response.extensions().get::<Unkept>().is_some();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let location = parts.headers.get(header::LOCATION);
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        location: location.and_then(|l| l.to_str().ok()).map(str::to_owned),
        body: text(&body).filter(|_| !secret),
    };
    let _ = once.finish(caller, key, answer).await;
    Response::from_parts(parts, Body::from(body))
}

fn text(body: &Bytes) -> Option<String> {
    let short = body.len() <= LONGEST_KEPT;
    short.then(|| String::from_utf8(body.to_vec()).ok())?
}
