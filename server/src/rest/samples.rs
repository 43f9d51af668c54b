//! `POST /api/v1/samples`: JSON samples with a key.

use api::Caller;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::Problem;
use crate::state::App;

/// Takes samples in; answers 200 with how many, and why others were not.
pub(crate) async fn record(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    match app.services.series.record_json(&caller, &body).await {
        Ok(recorded) => {
            metrics::counter!("millrace_samples_total", "outcome" => "accepted")
                .increment(u64::from(recorded.accepted));
            metrics::counter!("millrace_samples_total", "outcome" => "refused")
                .increment(u64::from(recorded.refused_total));
            (StatusCode::OK, Json(recorded)).into_response()
        }
        Err(error) => Problem {
            error,
            request_id: caller.request_id,
        }
        .into_response(),
    }
}
