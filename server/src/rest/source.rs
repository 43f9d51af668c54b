//! `/api/v1/sources`: where data comes from.

use api::{Instant, Source, SourceId};
use axum::Json;
use axum::response::NoContent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get, remove))
}

/// A source that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeSource {
    /// What its data belong to; it is removed as a source.
    pub(super) id: SourceId,
}

/// Whether something is left alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Paused {
    /// Whether it is.
    pub(super) paused: bool,
}

/// A source, and since when it is silent.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedSource)]
struct Listed {
    /// The source.
    source: Source,
    /// Since when data is missing; null where it is not.
    silent_since: Option<Instant>,
}

/// Every source, by name
#[utoipa::path(get, path = "/sources", params(PageQuery), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Page<Listed>)))]
async fn list(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<Listed>> {
    let sources = ask.services.sources.list(&ask.caller).await?;
    let listed = sources
        .into_iter()
        .map(|(source, silent_since)| Listed {
            source,
            silent_since,
        })
        .collect();
    let key = |l: &Listed| format!("{}\u{1}{}", l.source.name, l.source.id);
    Ok(Json(page.cut(&ask.uri, listed, Order::Up, key)?))
}

/// One source
#[utoipa::path(get, path = "/sources/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Source)))]
async fn get(ask: Ask, Place(id): Place<SourceId>) -> Answer<Source> {
    Ok(Json(ask.services.sources.get(&ask.caller, &id).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Named {
    /// The source's name, typed again: a guard against removing the wrong one.
    name: String,
}

/// Removes a source with its series and their samples
///
/// Also how a scrape target is removed: it is a source.
#[utoipa::path(delete, path = "/sources/{id}", params(("id" = String, Path), Named),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn remove(
    ask: Ask,
    Place(id): Place<SourceId>,
    Params(named): Params<Named>,
) -> Result<NoContent, Failed> {
    let sources = &ask.services.sources;
    sources.remove(&ask.caller, &id, &named.name).await?;
    Ok(NoContent)
}
