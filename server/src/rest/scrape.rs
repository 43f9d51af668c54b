//! `/api/v1/scrape-targets`: what Millrace scrapes itself.

use api::{
    Hidden, SCRAPE_INTERVAL_SECONDS, ScrapeTarget, SourceId, TargetChange, TokenChange, Trial,
};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::source::{MadeSource, Paused};
use super::{Answer, Created};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, add))
        .routes(routes!(edit))
        .routes(routes!(pause))
        .routes(routes!(try_out))
}

/// A target as somebody wants it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Target {
    /// What people call it; the label `job` of its series.
    name: String,
    /// What is asked: `http` or `https`.
    #[schema(example = "http://127.0.0.1:9100/metrics")]
    url: String,
    /// How often, in seconds, 1 to 300; 15 unless said.
    #[serde(default = "usual_interval")]
    #[schema(default = 15)]
    interval_seconds: u32,
    /// How long a scrape may take, in seconds; 10 or the interval unless said.
    timeout_seconds: Option<u32>,
    /// The bearer token it is asked with. Left out, it stays as it is; empty, there is none from now on.
    #[schema(write_only)]
    token: Option<String>,
    /// The authorities whose certificates are believed, as PEM; the public ones unless said.
    #[serde(default)]
    ca: String,
    /// Whether its certificate is looked at; true unless said.
    #[serde(default = "yes")]
    #[schema(default = true)]
    verify: bool,
}

const fn usual_interval() -> u32 {
    SCRAPE_INTERVAL_SECONDS
}

const fn yes() -> bool {
    true
}

impl From<Target> for TargetChange {
    fn from(target: Target) -> Self {
        Self {
            name: target.name,
            url: target.url,
            interval_seconds: target.interval_seconds,
            timeout_seconds: target.timeout_seconds,
            token: match target.token {
                None => TokenChange::Keep,
                Some(token) if token.is_empty() => TokenChange::Forget,
                Some(token) => TokenChange::Set(Hidden(token)),
            },
            ca: target.ca,
            verify: target.verify,
        }
    }
}

/// Every target, by name
#[utoipa::path(get, path = "/scrape-targets", params(PageQuery),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Page<ScrapeTarget>)))]
async fn list(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<ScrapeTarget>> {
    let targets = ask.services.scrapes.list(&ask.caller).await?;
    let key = |t: &ScrapeTarget| format!("{}\u{1}{}", t.name, t.id);
    Ok(Json(page.cut(&ask.uri, targets, Order::Up, key)?))
}

/// Adds a target
#[utoipa::path(post, path = "/scrape-targets", request_body = Target,
    security(("key" = ["monitoring:write"])), responses((status = 201, body = MadeSource)))]
async fn add(ask: Ask, Body(target): Body<Target>) -> Result<Created<MadeSource>, Failed> {
    let id = ask.services.scrapes.add(&ask.caller, target.into()).await?;
    Ok(Created(format!("/api/v1/sources/{id}"), MadeSource { id }))
}

/// Changes a target
///
/// At another address it does not keep its token: who may not read it must not be able to have it
/// sent elsewhere.
#[utoipa::path(put, path = "/scrape-targets/{id}", params(("id" = String, Path)),
    request_body = Target, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn edit(
    ask: Ask,
    Place(id): Place<SourceId>,
    Body(target): Body<Target>,
) -> Result<NoContent, Failed> {
    let scrapes = &ask.services.scrapes;
    scrapes.edit(&ask.caller, &id, target.into()).await?;
    Ok(NoContent)
}

/// Leaves a target alone, or scrapes it again
#[utoipa::path(put, path = "/scrape-targets/{id}/paused", params(("id" = String, Path)),
    request_body = Paused, security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn pause(
    ask: Ask,
    Place(id): Place<SourceId>,
    Body(wanted): Body<Paused>,
) -> Result<NoContent, Failed> {
    let scrapes = &ask.services.scrapes;
    scrapes.pause(&ask.caller, &id, wanted.paused).await?;
    Ok(NoContent)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// The target whose token is used, where the body has none.
    id: Option<String>,
}

/// Scrapes once and keeps nothing
#[utoipa::path(post, path = "/scrape-targets/trial", params(Whose), request_body = Target,
    security(("key" = ["monitoring:write"])), responses((status = 200, body = Trial)))]
async fn try_out(
    ask: Ask,
    Params(whose): Params<Whose>,
    Body(target): Body<Target>,
) -> Answer<Trial> {
    let id = whose.id.map(SourceId);
    let scrapes = &ask.services.scrapes;
    let trial = scrapes
        .try_out(&ask.caller, id.as_ref(), target.into())
        .await?;
    Ok(Json(trial))
}
