//! `/api/v1/caches`: what was computed and is kept for a while.

use api::{CacheArea, CacheReport};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Params};
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(report, empty))
}

/// What the caches of this server hold, and how often they helped since it was started
#[utoipa::path(get, path = "/caches", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = CacheReport)))]
async fn report(ask: Ask) -> Answer<CacheReport> {
    Ok(Json(ask.services.caches.caches(&ask.caller).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only this area; all of them unless said.
    #[param(inline)]
    area: Option<CacheArea>,
}

/// Makes every server forget what its caches hold
#[utoipa::path(delete, path = "/caches", params(Which),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn empty(ask: Ask, Params(which): Params<Which>) -> Result<NoContent, Failed> {
    let caches = &ask.services.caches;
    caches.empty_caches(&ask.caller, which.area).await?;
    Ok(NoContent)
}
