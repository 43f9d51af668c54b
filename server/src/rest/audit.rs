//! `/api/v1/audit`: who did what.

use api::{AuditEntry, AuditFilter, AuditFormat, AuditOutcome, Instant};
use axum::Json;
use axum::extract::State;
use axum::response::{NoContent, Response};
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
        .routes(routes!(export))
        .routes(routes!(retention, set_retention))
}

/// Parameters that say which entries, after some of one's own. (Flattened ones could not refuse what they do
/// not know.)
macro_rules! which {
    ($(#[$about:meta])* struct $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        struct $name {
            $($own)*
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

        impl $name {
            fn filter(self) -> AuditFilter {
                AuditFilter {
                    actor: self.actor.unwrap_or_default(),
                    action: self.action.unwrap_or_default(),
                    object: self.object.unwrap_or_default(),
                    outcome: self.outcome,
                    from: self.from.map(Instant),
                    to: self.to.map(Instant),
                    text: self.text.unwrap_or_default(),
                }
            }
        }
    };
}

which! {
    /// A page of entries.
    struct Wanted {
        /// At most so many; 100 unless said.
        #[param(minimum = 1, maximum = 500)]
        limit: Option<u32>,
        /// Where the page begins; stands in `next` of the page before.
        cursor: Option<String>,
    }
}

which! {
    /// A file of entries.
    struct WantedFile {
        /// How it is written: `csv`, or `jsonl` with all that the hashes are made of.
        #[param(inline)]
        format: AuditFormat,
    }
}

/// Entries of the audit log, the newest first
#[utoipa::path(get, path = "/audit", params(Wanted), security(("key" = ["audit:read"])),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn entries(ask: Ask, Params(wanted): Params<Wanted>) -> Answer<Page<AuditEntry>> {
    let page = PageQuery {
        limit: wanted.limit,
        cursor: wanted.cursor.clone(),
    };
    let (limit, below) = (page.limit()?, page.after_number()?);
    let audit = &ask.services.audit;
    let found = audit.entries(&ask.caller, wanted.filter(), below, limit);
    let found = found.await?;
    let last = found.entries.last().filter(|_| found.more);
    Ok(Json(Page {
        next: last.map(|last| next(&ask.uri, &last.seq.to_string())),
        items: found.entries,
    }))
}

/// Entries of the audit log as a file, the oldest first
///
/// It is written while it is read, however long it is. That it was asked for is an entry too.
#[utoipa::path(get, path = "/audit/export", params(WantedFile), security(("key" = ["audit:read"])),
    responses((status = 200, content((String = "text/csv"), (String = "application/jsonl")))))]
async fn export(
    ask: Ask,
    State(app): State<App>,
    Params(wanted): Params<WantedFile>,
) -> Result<Response, Failed> {
    let format = wanted.format;
    let file = crate::audit::exported(app, &ask.caller, wanted.filter(), format).await?;
    Ok(file)
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
