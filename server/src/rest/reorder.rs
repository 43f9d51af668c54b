//! `/api/v1/reorders`: what is to be bought or made anew.

use api::{OrderNote, OrderSheet, ReorderDetail, ReorderList, SeriesId, SupplyTerms};
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, NoContent, Response};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params, Place};
use super::problem::Failed;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(sheet))
        .routes(routes!(get))
        .routes(routes!(set_terms, remove_terms))
        .routes(routes!(note_order, forget_order))
}

/// Every stock with what to order of it, what is due first first
#[utoipa::path(get, path = "/reorders", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = ReorderList)))]
async fn list(ask: Ask) -> Answer<ReorderList> {
    Ok(Json(ask.services.reorders.list(&ask.caller).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Within {
    /// Only what is due within so many days; 7 unless said.
    #[param(minimum = 0, maximum = 366)]
    within_days: Option<u32>,
}

/// The lines of an order as CSV, by supplier
#[utoipa::path(get, path = "/reorders.csv", params(Within), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn sheet(ask: Ask, Params(wanted): Params<Within>) -> Result<Response, Failed> {
    let sheet = OrderSheet {
        within_days: wanted.within_days.unwrap_or(OrderSheet::DAYS),
    };
    let csv = ask.services.reorders.sheet(&ask.caller, sheet).await?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv).into_response())
}

/// One stock: what to order of it, the working, and which series may say what is taken
#[utoipa::path(get, path = "/reorders/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = ReorderDetail)))]
async fn get(ask: Ask, Place(id): Place<SeriesId>) -> Answer<ReorderDetail> {
    Ok(Json(ask.services.reorders.get(&ask.caller, &id).await?))
}

/// Says how a stock is bought
#[utoipa::path(put, path = "/reorders/{id}/terms", params(("id" = String, Path)),
    request_body = SupplyTerms, security(("key" = ["monitoring:write"])),
    responses((status = 204)))]
async fn set_terms(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Body(terms): Body<SupplyTerms>,
) -> Result<NoContent, Failed> {
    let reorders = &ask.services.reorders;
    reorders.set_terms(&ask.caller, &id, terms).await?;
    Ok(NoContent)
}

/// Forgets how a stock is bought, and what was ordered of it
#[utoipa::path(delete, path = "/reorders/{id}/terms", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn remove_terms(ask: Ask, Place(id): Place<SeriesId>) -> Result<NoContent, Failed> {
    let reorders = &ask.services.reorders;
    reorders.remove_terms(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// Notes that something was ordered
///
/// It counts as on its way until the stock has risen by as much.
#[utoipa::path(put, path = "/reorders/{id}/order", params(("id" = String, Path)),
    request_body = OrderNote, security(("key" = ["monitoring:write"])),
    responses((status = 204)))]
async fn note_order(
    ask: Ask,
    Place(id): Place<SeriesId>,
    Body(note): Body<OrderNote>,
) -> Result<NoContent, Failed> {
    let reorders = &ask.services.reorders;
    reorders.note_order(&ask.caller, &id, note).await?;
    Ok(NoContent)
}

/// Forgets what was ordered: it was called off, or all of it has come
#[utoipa::path(delete, path = "/reorders/{id}/order", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn forget_order(ask: Ask, Place(id): Place<SeriesId>) -> Result<NoContent, Failed> {
    let reorders = &ask.services.reorders;
    reorders.forget_order(&ask.caller, &id).await?;
    Ok(NoContent)
}
