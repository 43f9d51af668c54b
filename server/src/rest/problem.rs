//! What went wrong as a problem document (RFC 9457), also where the router or an extractor said so; and
//! to senders of metrics in the words of their protocols.

use api::{Error, FieldError, PushProtocol};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::prometheus::answered;
use crate::auth::request_id;

/// What a problem document holds.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document {
    /// `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do.
    detail: String,
    /// The id under which the log knows the request.
    request_id: String,
    /// What is wrong with single parameters or fields.
    fields: Vec<FieldError>,
}

/// The media type of problem documents.
const KIND: &str = "application/problem+json";

fn document(
    status: StatusCode,
    detail: String,
    request_id: String,
    fields: Vec<FieldError>,
) -> Response {
    let body = Document {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        status: status.as_u16(),
        detail,
        request_id,
        fields,
    };
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(KIND));
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        headers.insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

/// An error as a problem document.
pub(crate) struct Problem {
    /// What went wrong.
    pub(crate) error: Error,
    /// The id under which the log knows the request.
    pub(crate) request_id: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let failed = Failed::Error(self.error.clone());
        let status =
            StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let detail = self.error.to_string();
        let retry_after = match &self.error {
            Error::TooMany {
                retry_after_seconds,
            } => Some(*retry_after_seconds),
            _ => None,
        };
        let fields = match self.error {
            Error::Invalid { fields, .. } => fields,
            _ => Vec::new(),
        };
        let mut response = document(status, detail, self.request_id, fields);
        if let Some(seconds) = retry_after {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // For whoever says it in other words.
        response.extensions_mut().insert(failed);
        response
    }
}

/// Travels with an answer that is in the words of its sender's protocol already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spoken;

/// What a handler of the API answers when it cannot do what was asked.
///
/// It travels with the response to [`explain`], which knows the request and writes the document.
#[derive(Clone, Debug)]
pub(crate) enum Failed {
    /// An operation's own error.
    Error(Error),
    /// A status that no operation has, with what to do.
    Status(StatusCode, String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Error(error) => StatusCode::from_u16(error.status()),
            Self::Status(status, _) => Ok(*status),
        };
        let mut response = status
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Whether programs ask there, so that every error is a problem document.
pub(crate) fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// What is pushed to an address, where senders of metrics push.
fn pushed(path: &str) -> Option<PushProtocol> {
    match path {
        "/prometheus/api/v1/write" => Some(PushProtocol::RemoteWrite),
        "/otlp/v1/metrics" => Some(PushProtocol::Otlp),
        "/influx/api/v2/write" => Some(PushProtocol::Influx),
        "/influx/write" => Some(PushProtocol::InfluxV1),
        _ => None,
    }
}

/// Writes the document of whatever failed under `/api/`, and tells senders of metrics in the words of
/// their protocols.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    if let Some(protocol) = pushed(request.uri().path()) {
        return speak(protocol, request, next).await;
    }
    if !is_api(request.uri().path()) {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let request_id = request_id(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    let written = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(KIND.as_bytes()));
    let fails = status.is_client_error() || status.is_server_error();
    if !fails || written {
        return response;
    }
    let mut explained = match response.extensions_mut().remove::<Failed>() {
        Some(Failed::Error(error)) => Problem { error, request_id }.into_response(),
        Some(Failed::Status(status, detail)) => document(status, detail, request_id, Vec::new()),
        None => {
            let detail = words(status, &method, &response, &request_id);
            document(status, detail, request_id, Vec::new())
        }
    };
    keep_headers(&response, &mut explained);
    explained
}

/// Says what failed before an operation heard of it, or beside it, as that operation would have.
async fn speak(protocol: PushProtocol, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let request_id = request_id(request.headers());
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let mut response = next.run(request).await;
    let status = response.status();
    let fails = status.is_client_error() || status.is_server_error();
    if !fails || response.extensions().get::<Spoken>().is_some() {
        return response;
    }
    let said = match response.extensions_mut().remove::<Failed>() {
        Some(Failed::Error(error)) => error.to_string(),
        Some(Failed::Status(_, detail)) => detail,
        None => words(status, &method, &response, &request_id),
    };
    let answer = service::push_failure(protocol, kind.as_deref(), status.as_u16(), &said);
    let mut spoken = answered(answer);
    keep_headers(&response, &mut spoken);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let again = spoken.headers_mut().entry(header::RETRY_AFTER);
        again.or_insert(HeaderValue::from(service::AGAIN_SECONDS));
    }
    spoken
}

/// Keeps what the router said besides, such as `Allow`.
fn keep_headers(from: &Response, to: &mut Response) {
    let of_body = [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::TRANSFER_ENCODING,
    ];
    for (name, value) in from.headers() {
        if !of_body.contains(name) && !to.headers().contains_key(name) {
            to.headers_mut().append(name, value.clone());
        }
    }
}

/// What is said where only a status is known.
fn words(status: StatusCode, method: &Method, response: &Response, request_id: &str) -> String {
    match status {
        StatusCode::NOT_FOUND => {
            "There is nothing at this address. /api/docs lists what there is.".into()
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed = response.headers().get(header::ALLOW);
            let allowed = allowed.and_then(|a| a.to_str().ok()).unwrap_or("none");
            format!("This address does not take {method}; it takes {allowed}.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            "The body is larger than this address takes. Send it in several.".into()
        }
        StatusCode::REQUEST_TIMEOUT => {
            "The body stopped coming before it was whole. Send it again.".into()
        }
        StatusCode::INTERNAL_SERVER_ERROR => Error::Internal {
            request_id: request_id.to_owned(),
        }
        .to_string(),
        other => other.canonical_reason().unwrap_or("Error").to_owned(),
    }
}
