//! `/api/v1/models`: what forecasts are made with.

use api::{ModelErrors, ModelFilter, ModelPage, ModelVersion, SeriesId};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params, Place};
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(versions))
        .routes(routes!(errors))
        .routes(routes!(promote))
        .routes(routes!(roll_back))
}

/// Which models.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Which: `all`, `drifted`, `behind` the naive forecast, or `held`; all unless said.
    #[param(inline)]
    choice: Option<api::ModelChoice>,
    /// In which order: `error`, `drift` or `age`; by error unless said.
    #[param(inline)]
    order: Option<api::ModelOrder>,
    /// Words that must all occur in the series' title, name or labels.
    text: Option<String>,
    /// Where the page begins: `next` of the page before.
    after: Option<String>,
}

/// Models in force, a page of them
#[utoipa::path(get, path = "/models", params(Wanted), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = ModelPage)))]
async fn list(ask: Ask, Params(wanted): Params<Wanted>) -> Answer<ModelPage> {
    let filter = ModelFilter {
        choice: wanted.choice.unwrap_or_default(),
        order: wanted.order.unwrap_or_default(),
        text: wanted.text.unwrap_or_default(),
        after: wanted.after.unwrap_or_default(),
    };
    Ok(Json(ask.services.models.list(&ask.caller, filter).await?))
}

/// The versions of a series' model that are kept, the newest first
#[utoipa::path(get, path = "/series/{id}/models", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Vec<ModelVersion>)))]
async fn versions(ask: Ask, Place(id): Place<SeriesId>) -> Answer<Vec<ModelVersion>> {
    Ok(Json(ask.services.models.versions(&ask.caller, &id).await?))
}

/// How the models of a series did while they were in force: their errors, when versions changed, when they drifted
#[utoipa::path(get, path = "/series/{id}/models/errors", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = ModelErrors)))]
async fn errors(ask: Ask, Place(id): Place<SeriesId>) -> Answer<ModelErrors> {
    Ok(Json(ask.services.models.errors(&ask.caller, &id).await?))
}

/// A version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Version {
    /// Its number.
    number: u32,
}

/// Puts a version in force and holds it for a week; the newest is not held
#[utoipa::path(put, path = "/series/{id}/models/live", params(("id" = String, Path)),
    request_body = Version, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn promote(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Body(version): Body<Version>,
) -> Result<NoContent, Failed> {
    let models = &ask.services.models;
    models.promote(&ask.caller, &id, version.number).await?;
    Ok(NoContent)
}

/// Takes the version in force out of force, for the one before it
#[utoipa::path(post, path = "/series/{id}/models/roll-back", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn roll_back(ask: Ask, Place(id): Place<SeriesId>) -> Result<NoContent, Failed> {
    ask.services.models.roll_back(&ask.caller, &id).await?;
    Ok(NoContent)
}
