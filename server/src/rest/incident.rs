//! `/api/v1/incidents`: what began together.

use api::Incident;
use axum::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::Ask;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(incidents))
}

/// What began together, the newest first
///
/// Of the newest findings and alerts, those of one machine or of one thing of the business that began within a quarter
/// of an hour of one another.
#[utoipa::path(get, path = "/incidents", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Vec<Incident>)))]
async fn incidents(ask: Ask) -> Answer<Vec<Incident>> {
    Ok(Json(ask.services.incidents.incidents(&ask.caller).await?))
}
