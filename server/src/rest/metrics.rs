//! `/api/v1/metrics`: what the metrics hold, and how long it is kept.
//!
//! Metrics are sent and asked for in the protocols that senders and Grafana speak, see `prometheus`.

use api::{Completion, Curves, Keep, MetricStorage, SourceId};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::series::Stretch;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(names))
        .routes(routes!(curves))
        .routes(routes!(complete))
        .routes(routes!(storage))
        .routes(routes!(keep))
}

/// The names of the metrics that came in
#[utoipa::path(get, path = "/metrics/names", params(PageQuery),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Page<String>)))]
async fn names(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<String>> {
    let names = ask.services.metrics.names(&ask.caller).await?;
    Ok(Json(page.cut(&ask.uri, names, Order::Up, String::clone)?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// PromQL.
    #[param(example = "up")]
    expression: String,
    /// The first instant, in microseconds since 1970 UTC; a day before the end unless said.
    from: Option<i64>,
    /// The first instant that is not part of it; now unless said.
    to: Option<i64>,
}

/// What an expression is over a range, in some hundred steps
///
/// Prometheus' own API, with a step of your choice, is at `/prometheus/api/v1/query_range`.
#[utoipa::path(get, path = "/metrics/curves", params(Asked),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Curves)))]
async fn curves(ask: Ask, Params(asked): Params<Asked>) -> Answer<Curves> {
    let (from, to) = (asked.from, asked.to);
    let range = Stretch { from, to }.range(&ask).await?;
    let metrics = &ask.services.metrics;
    let curves = metrics
        .curves(&ask.caller, &asked.expression, range)
        .await?;
    Ok(Json(curves))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Begun {
    /// What is there of the expression, up to the cursor.
    before: String,
}

/// What could be written next in an expression
#[utoipa::path(get, path = "/metrics/completions", params(Begun),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Completion)))]
async fn complete(ask: Ask, Params(begun): Params<Begun>) -> Answer<Completion> {
    let metrics = &ask.services.metrics;
    Ok(Json(metrics.complete(&ask.caller, &begun.before).await?))
}

/// What is kept, for how long, and what it takes
#[utoipa::path(get, path = "/metrics/storage", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = MetricStorage)))]
async fn storage(ask: Ask) -> Answer<MetricStorage> {
    Ok(Json(ask.services.metrics.storage(&ask.caller).await?))
}

/// Says how long a source's metrics are kept
///
/// What is older goes within the next minutes and does not come back.
#[utoipa::path(put, path = "/metrics/storage/{source}", params(("source" = String, Path)),
    request_body = Keep, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn keep(
    ask: Ask,
    Place(source): Place<SourceId>,
    Body(keep): Body<Keep>,
) -> Result<NoContent, Failed> {
    let metrics = &ask.services.metrics;
    metrics.keep(&ask.caller, &source, keep).await?;
    Ok(NoContent)
}
