//! Whether we live, whether we are ready, and our own numbers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::measure;
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
    for cache in app.hub.cache_counts().await.areas {
        let labels = [("area", cache.area.as_str())];
        metrics::counter!("millrace_cache_hits_total", &labels).absolute(cache.hits);
        metrics::counter!("millrace_cache_misses_total", &labels).absolute(cache.misses);
        metrics::counter!("millrace_cache_invalidations_total", &labels)
            .absolute(cache.invalidations);
        metrics::gauge!("millrace_cache_entries", &labels).set(cache.entries as f64);
        metrics::gauge!("millrace_cache_bytes", &labels).set(cache.bytes as f64);
    }
    let own = measure::own(&app.hub.own_numbers().await);
    let text = app.metrics.render() + &own + &measure::process();
    (
        [("content-type", "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
}
