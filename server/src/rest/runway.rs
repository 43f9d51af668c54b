//! `/api/v1/runway`: what runs out, breaks or goes over next.

use api::{Domain, Runway, RunwayFilter};
use axum::Json;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Params};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only business numbers, or only machines'.
    domain: Option<Domain>,
    /// Also what will not be reached; left out unless said.
    #[serde(default)]
    with_clear: bool,
}

/// The Runway: what is over, reaches its limit or is unknown, the most urgent first
#[utoipa::path(get, path = "/runway", params(Wanted), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Runway)))]
async fn list(ask: Ask, Params(wanted): Params<Wanted>) -> Answer<Runway> {
    let filter = RunwayFilter {
        domain: wanted.domain,
        with_clear: wanted.with_clear,
    };
    Ok(Json(ask.services.runway.list(&ask.caller, filter).await?))
}
