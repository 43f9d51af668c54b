//! `/api/v1/events`: what other systems say happened, and Alertmanager's webhook.

use api::{Mark, Occurrence, SeriesId};
use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Params, Place, Raw};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::series::Stretch;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(recent))
        .routes(routes!(receive_alerts))
        .routes(routes!(marks))
}

/// The hundred newest events: what lasts first
#[utoipa::path(get, path = "/events", params(PageQuery), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Page<Occurrence>)))]
async fn recent(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<Occurrence>> {
    let events = ask.services.events.recent(&ask.caller).await?;
    let key = |e: &Occurrence| {
        let (firing, at) = (u8::from(e.firing), e.starts_at.0);
        format!("{firing}{at:020}{}\u{1}{}", e.source, e.fingerprint)
    };
    Ok(Json(page.cut(&ask.uri, events, Order::Down, key)?))
}

/// What happened within a range that may have moved a series: alerts, and days of the calendar
#[utoipa::path(get, path = "/series/{id}/marks", params(("id" = String, Path), Stretch),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Vec<Mark>)))]
async fn marks(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Params(stretch): Params<Stretch>,
) -> Answer<Vec<Mark>> {
    let range = stretch.range(&ask).await?;
    let events = &ask.services.events;
    Ok(Json(events.marks(&ask.caller, &id, range).await?))
}

/// What became of a message.
#[derive(Serialize, ToSchema)]
struct Received {
    /// How many alerts it held.
    alerts: u32,
}

/// Takes a message of Alertmanager's webhook
///
/// A message that comes again changes nothing. Alertmanager sends again on 5xx only.
#[utoipa::path(post, path = "/alertmanager", request_body = serde_json::Value,
    security(("key" = ["data:ingest"])), responses((status = 200, body = Received)))]
async fn receive_alerts(ask: Ask, Raw(body): Raw) -> Answer<Received> {
    let events = &ask.services.events;
    match events.receive_alerts(&ask.caller, &body).await? {
        Ok(alerts) => {
            metrics::counter!("millrace_alerts_total").increment(u64::from(alerts));
            Ok(Json(Received { alerts }))
        }
        Err(why) => {
            let status = StatusCode::from_u16(why.status).unwrap_or(StatusCode::BAD_REQUEST);
            Err(Failed::Status(status, why.message))
        }
    }
}
