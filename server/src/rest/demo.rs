//! `/api/v1/demo`: the demo company.

use api::DemoState;
use axum::Json;
use axum::response::NoContent;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::Ask;
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(state, start, remove))
}

/// The demo company.
#[derive(Serialize, ToSchema)]
struct Demo {
    /// Whether it is there.
    state: DemoState,
}

/// Whether the demo company is there
#[utoipa::path(get, path = "/demo", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Demo)))]
async fn state(ask: Ask) -> Answer<Demo> {
    let state = ask.services.demo.state(&ask.caller).await?;
    Ok(Json(Demo { state }))
}

/// Makes the demo company; harmless where it is there already
#[utoipa::path(put, path = "/demo", security(("key" = ["monitoring:write"])),
    responses((status = 204)))]
async fn start(ask: Ask) -> Result<NoContent, Failed> {
    ask.services.demo.start(&ask.caller).await?;
    Ok(NoContent)
}

/// Removes the demo company, all of it and nothing else
#[utoipa::path(delete, path = "/demo", security(("key" = ["monitoring:write"])),
    responses((status = 204)))]
async fn remove(ask: Ask) -> Result<NoContent, Failed> {
    ask.services.demo.remove(&ask.caller).await?;
    Ok(NoContent)
}
