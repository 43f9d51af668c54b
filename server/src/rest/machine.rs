//! `/api/v1/machines`: how well each machine is.

use api::MachineList;
use axum::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::Ask;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(machines))
}

/// Every machine with its health and what was taken away, the worst first
#[utoipa::path(get, path = "/machines", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = MachineList)))]
async fn machines(ask: Ask) -> Answer<MachineList> {
    Ok(Json(ask.services.machines.machines(&ask.caller).await?))
}
