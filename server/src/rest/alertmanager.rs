//! `POST /api/v1/alertmanager`: Alertmanager's webhook, with a key that may send.

use api::Caller;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::{Problem, unusable};
use crate::state::App;

/// Takes a message; answers 200 with how many alerts it held. Alertmanager sends again on 5xx only.
pub(crate) async fn receive(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    match app.services.events.receive_alerts(&caller, &body).await {
        Ok(Ok(alerts)) => {
            metrics::counter!("millrace_alerts_total").increment(u64::from(alerts));
            (StatusCode::OK, Json(json!({ "alerts": alerts }))).into_response()
        }
        Ok(Err(why)) => unusable(&why, &caller),
        Err(error) => Problem {
            error,
            request_id: caller.request_id,
        }
        .into_response(),
    }
}
