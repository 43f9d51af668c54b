//! Whether we live, whether we are ready, and our own numbers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::state::App;

/// `GET /health/live`: the process answers.
pub(crate) async fn live() -> &'static str {
    "live\n"
}

/// `GET /health/ready`: every part that is needed answers; 503 with the failing part otherwise.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let components = app.hub.components().await;
    let ready = components.iter().all(|c| c.ok);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(json!({ "ready": ready, "components": components })),
    )
        .into_response()
}

/// `GET /metrics`: our own numbers in the text format that Prometheus scrapes.
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    for gauge in app.hub.gauges().await {
        let name = format!("millrace_{}", gauge.name);
        metrics::gauge!(name, &gauge.labels).set(gauge.value);
    }
    (
        [("content-type", "text/plain; version=0.0.4")],
        app.metrics.render(),
    )
}
