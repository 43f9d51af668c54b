//! `/api/v1/jobs`: work beside the pages.

use api::{JobId, Queue};
use axum::Json;
use axum::response::NoContent;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Place};
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(queue))
        .routes(routes!(retry))
        .routes(routes!(cancel))
}

/// What waits, runs, was done and failed; up to 50 of each
#[utoipa::path(get, path = "/jobs", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Queue)))]
async fn queue(ask: Ask) -> Answer<Queue> {
    Ok(Json(ask.services.jobs.queue(&ask.caller).await?))
}

/// Tries again what was given up
#[utoipa::path(post, path = "/jobs/{id}/retry", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn retry(ask: Ask, Place(id): Place<JobId>) -> Result<NoContent, Failed> {
    ask.services.jobs.retry(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// Takes out what waits or was given up, and stops what runs
#[utoipa::path(delete, path = "/jobs/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn cancel(ask: Ask, Place(id): Place<JobId>) -> Result<NoContent, Failed> {
    ask.services.jobs.cancel(&ask.caller, &id).await?;
    Ok(NoContent)
}
