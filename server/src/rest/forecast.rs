//! `/api/v1/series/{id}/forecast`: a series' next weeks.

use api::{ForecastState, SeriesId, SimilarPast};
use axum::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Place};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get, refresh))
        .routes(routes!(similar))
}

/// What is known of a series' future
#[utoipa::path(get, path = "/series/{id}/forecast", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = ForecastState)))]
async fn get(ask: Ask, Place(id): Place<SeriesId>) -> Answer<ForecastState> {
    Ok(Json(ask.services.forecasts.get(&ask.caller, &id).await?))
}

/// Which stretches of a series' past are like its latest one
#[utoipa::path(get, path = "/series/{id}/similar", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = SimilarPast)))]
async fn similar(ask: Ask, Place(id): Place<SeriesId>) -> Answer<SimilarPast> {
    Ok(Json(
        ask.services.forecasts.similar(&ask.caller, &id).await?,
    ))
}

/// Computes a series' forecast anew, now
#[utoipa::path(post, path = "/series/{id}/forecast", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 200, body = ForecastState)))]
async fn refresh(ask: Ask, Place(id): Place<SeriesId>) -> Answer<ForecastState> {
    let forecasts = &ask.services.forecasts;
    Ok(Json(forecasts.refresh(&ask.caller, &id).await?))
}
