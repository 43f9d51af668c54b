//! `/api/v1/calendar`: whose public holidays count, and promotions and closures.

use api::{Calendar, CalendarChange, CalendarEntryId};
use axum::Json;
use axum::response::NoContent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Ask, Body, Place};
use super::problem::Failed;
use super::{Answer, Created};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(calendar))
        .routes(routes!(set_holidays))
        .routes(routes!(add_entry))
        .routes(routes!(edit_entry, remove_entry))
}

/// Whose public holidays count.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Holidays {
    /// The code of a region; null for nobody's.
    // Left out, it would take the region away.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(example = "DE-BY", required = true)]
    region: Option<String>,
}

/// An entry that was made.
#[derive(Serialize, ToSchema)]
struct MadeEntry {
    /// It.
    id: CalendarEntryId,
}

/// The calendar: whose public holidays count, those of the next twelve months, and what was entered
#[utoipa::path(get, path = "/calendar", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Calendar)))]
async fn calendar(ask: Ask) -> Answer<Calendar> {
    Ok(Json(ask.services.calendars.calendar(&ask.caller).await?))
}

/// Says whose public holidays count
///
/// The forecasts of daily and weekly series are fitted anew.
#[utoipa::path(put, path = "/calendar/holidays", request_body = Holidays,
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn set_holidays(ask: Ask, Body(wanted): Body<Holidays>) -> Result<NoContent, Failed> {
    let calendars = &ask.services.calendars;
    calendars.set_holidays(&ask.caller, wanted.region).await?;
    Ok(NoContent)
}

/// Adds a promotion, a closure or another event
///
/// The forecasts that it touches are fitted anew.
#[utoipa::path(post, path = "/calendar/entries", request_body = CalendarChange,
    security(("key" = ["monitoring:write"])), responses((status = 201, body = MadeEntry)))]
async fn add_entry(
    ask: Ask,
    Body(new): Body<CalendarChange>,
) -> Result<Created<MadeEntry>, Failed> {
    let calendars = &ask.services.calendars;
    let id = calendars.add_entry(&ask.caller, new).await?;
    Ok(Created("/api/v1/calendar".into(), MadeEntry { id }))
}

/// Makes an entry into another
#[utoipa::path(put, path = "/calendar/entries/{id}", params(("id" = String, Path)),
    request_body = CalendarChange, security(("key" = ["monitoring:write"])),
    responses((status = 204)))]
async fn edit_entry(
    ask: Ask,
    Place(id): Place<CalendarEntryId>,
    Body(change): Body<CalendarChange>,
) -> Result<NoContent, Failed> {
    let calendars = &ask.services.calendars;
    calendars.edit_entry(&ask.caller, &id, change).await?;
    Ok(NoContent)
}

/// Removes an entry
#[utoipa::path(delete, path = "/calendar/entries/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn remove_entry(ask: Ask, Place(id): Place<CalendarEntryId>) -> Result<NoContent, Failed> {
    let calendars = &ask.services.calendars;
    calendars.remove_entry(&ask.caller, &id).await?;
    Ok(NoContent)
}
