//! `/api/v1/audit`: who did what. Whole exports are at `/audit/export.csv` and `/audit/export.jsonl`.

use api::{AuditEntry, AuditFilter, AuditOutcome, Instant};
use axum::Json;
use axum::response::NoContent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params};
use super::page::{Page, PageQuery, next};
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(entries))
        .routes(routes!(retention, set_retention))
}

/// Which entries.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// At most so many; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins; stands in `next` of the page before.
    cursor: Option<String>,
    /// Words of who did it, or their id.
    actor: Option<String>,
    /// An action such as `key.revoke`, or an area such as `key`.
    action: Option<String>,
    /// A kind of thing, its id, or words of its name.
    object: Option<String>,
    /// What came of it: `done`, `refused` or `failed`.
    #[param(inline)]
    outcome: Option<AuditOutcome>,
    /// Not before then, in microseconds since 1970 UTC.
    from: Option<i64>,
    /// Before then, in microseconds since 1970 UTC.
    to: Option<i64>,
    /// Words anywhere in an entry, also an address or the id of a request.
    text: Option<String>,
}

/// Entries of the audit log, the newest first
#[utoipa::path(get, path = "/audit", params(Wanted), security(("key" = ["audit:read"])),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn entries(ask: Ask, Params(wanted): Params<Wanted>) -> Answer<Page<AuditEntry>> {
    let page = PageQuery {
        limit: wanted.limit,
        cursor: wanted.cursor,
    };
    let (limit, below) = (page.limit()?, page.after_number()?);
    let filter = AuditFilter {
        actor: wanted.actor.unwrap_or_default(),
        action: wanted.action.unwrap_or_default(),
        object: wanted.object.unwrap_or_default(),
        outcome: wanted.outcome,
        from: wanted.from.map(Instant),
        to: wanted.to.map(Instant),
        text: wanted.text.unwrap_or_default(),
    };
    let audit = &ask.services.audit;
    let found = audit.entries(&ask.caller, filter, below, limit).await?;
    let last = found.entries.last().filter(|_| found.more);
    Ok(Json(Page {
        next: last.map(|last| next(&ask.uri, &last.seq.to_string())),
        items: found.entries,
    }))
}

/// How long entries are kept.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retention {
    /// Days, 1 to 36500; null for ever.
    // Left out, it would be for ever.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    days: Option<u32>,
}

/// How long entries are kept
#[utoipa::path(get, path = "/audit/retention", security(("key" = ["audit:read"])),
    responses((status = 200, body = Retention)))]
async fn retention(ask: Ask) -> Answer<Retention> {
    let days = ask.services.audit.retention(&ask.caller).await?;
    Ok(Json(Retention { days }))
}

/// Says how long entries are kept
#[utoipa::path(put, path = "/audit/retention", request_body = Retention,
    security(("key" = ["audit:write"])), responses((status = 204)))]
async fn set_retention(ask: Ask, Body(wanted): Body<Retention>) -> Result<NoContent, Failed> {
    let audit = &ask.services.audit;
    audit.set_retention(&ask.caller, wanted.days).await?;
    Ok(NoContent)
}
