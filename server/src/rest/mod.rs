//! The versioned API for programs, under `/api/v1`.

mod alertmanager;
mod parameters;
mod prometheus;
mod samples;

use api::{Caller, Error, PushProtocol, Unusable};
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use parameters::Parameters;
use prometheus::{push, question};

use crate::state::App;

/// The largest body of an API request.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Every route of the API.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/samples", post(samples::record))
        .route("/api/v1/alertmanager", post(alertmanager::receive))
        .route("/prometheus/api/v1/write", push(PushProtocol::RemoteWrite))
        .route("/otlp/v1/metrics", push(PushProtocol::Otlp))
        .route("/influx/api/v2/write", push(PushProtocol::Influx))
        .route("/influx/write", push(PushProtocol::InfluxV1))
        .merge(queries())
        .layer(axum::extract::DefaultBodyLimit::max(MOST_BYTES))
}

/// Prometheus' HTTP API, so that Grafana takes Millrace for one.
fn queries() -> Router<App> {
    Router::new().nest(
        "/prometheus/api/v1",
        Router::new()
            .route("/query", question(Parameters::instant))
            .route("/query_range", question(Parameters::range))
            .route("/labels", question(|p| Ok(p.labels())))
            .route("/label/{name}/values", get(prometheus::label_values))
            .route("/series", question(|p| Ok(p.series())))
            .route("/metadata", question(|p| Ok(p.metadata())))
            .route("/status/buildinfo", get(prometheus::build_info)),
    )
}

/// A message that cannot be used, as a problem document.
fn unusable(why: &Unusable, caller: &Caller) -> Response {
    let status = StatusCode::from_u16(why.status).unwrap_or(StatusCode::BAD_REQUEST);
    problem(status, &why.message, &caller.request_id, &json!([]))
}

/// A problem document (RFC 9457).
fn problem(
    status: StatusCode,
    detail: &str,
    request_id: &str,
    fields: &serde_json::Value,
) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": detail,
        "request_id": request_id,
        "fields": fields,
    });
    let kind = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
}

/// An error as a problem document (RFC 9457).
pub(crate) struct Problem {
    /// What went wrong.
    pub(crate) error: Error,
    /// The id under which the log knows the request.
    pub(crate) request_id: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fields = match &self.error {
            Error::Invalid { fields, .. } => fields.clone(),
            _ => Vec::new(),
        };
        let detail = self.error.to_string();
        let mut response = problem(status, &detail, &self.request_id, &json!(fields));
        let headers = response.headers_mut();
        if let Error::TooMany {
            retry_after_seconds,
        } = &self.error
        {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_seconds));
        }
        response
    }
}
