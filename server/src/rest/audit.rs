//! `/api/v1/audit`: who did what. Whole exports are at `/audit/export.csv` and `/audit/export.jsonl`.

use api::{AuditEntry, AuditFilter, MOST_AUDIT_ENTRIES};
use axum::Json;
use axum::response::NoContent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params};
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
    /// Only entries with smaller numbers: the number of the last one of the page before.
    #[param(minimum = 1)]
    below: Option<i64>,
    /// At most so many; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Words that must occur.
    text: Option<String>,
}

/// Entries of the audit log.
#[derive(Serialize, ToSchema)]
struct Entries {
    /// These, the newest first.
    items: Vec<AuditEntry>,
    /// Whether there are older ones.
    more: bool,
}

/// Entries of the audit log, the newest first
#[utoipa::path(get, path = "/audit", params(Wanted), security(("key" = ["audit:read"])),
    responses((status = 200, body = Entries)))]
async fn entries(ask: Ask, Params(wanted): Params<Wanted>) -> Answer<Entries> {
    let filter = AuditFilter {
        text: wanted.text.unwrap_or_default(),
        ..AuditFilter::default()
    };
    let limit = wanted.limit.unwrap_or(100).min(MOST_AUDIT_ENTRIES);
    let audit = &ask.services.audit;
    let page = audit
        .entries(&ask.caller, filter, wanted.below, limit)
        .await?;
    Ok(Json(Entries {
        items: page.entries,
        more: page.more,
    }))
}

/// How long entries are kept.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retention {
    /// Days, 1 to 36500; null for ever.
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
