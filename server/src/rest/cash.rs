//! `/api/v1/cash`: the company's cash over the next weeks.

use api::{CashChange, CashItemId, CashSide, CashTerms, CashView};
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, NoContent, Response};
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
        .routes(routes!(view))
        .routes(routes!(sheet))
        .routes(routes!(set_terms, remove_terms))
        .routes(routes!(add_item, replace_items))
        .routes(routes!(remove_item))
}

/// The next thirteen weeks, and from what they are reckoned
#[utoipa::path(get, path = "/cash", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = CashView)))]
async fn view(ask: Ask) -> Answer<CashView> {
    Ok(Json(ask.services.cash.view(&ask.caller).await?))
}

/// The weeks as CSV
#[utoipa::path(get, path = "/cash.csv", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn sheet(ask: Ask) -> Result<Response, Failed> {
    let csv = ask.services.cash.sheet(&ask.caller).await?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv).into_response())
}

/// Says how cash is foreseen
#[utoipa::path(put, path = "/cash/terms", request_body = CashTerms,
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn set_terms(ask: Ask, Body(terms): Body<CashTerms>) -> Result<NoContent, Failed> {
    ask.services.cash.set_terms(&ask.caller, terms).await?;
    Ok(NoContent)
}

/// Forgets how cash is foreseen; the payments stay
#[utoipa::path(delete, path = "/cash/terms", security(("key" = ["monitoring:write"])),
    responses((status = 204)))]
async fn remove_terms(ask: Ask) -> Result<NoContent, Failed> {
    ask.services.cash.remove_terms(&ask.caller).await?;
    Ok(NoContent)
}

/// A payment that was noted.
#[derive(Serialize, ToSchema)]
struct MadePayment {
    /// It.
    id: CashItemId,
}

/// Notes a payment that is known beforehand
#[utoipa::path(post, path = "/cash/payments", request_body = CashChange,
    security(("key" = ["monitoring:write"])), responses((status = 201, body = MadePayment)))]
async fn add_item(ask: Ask, Body(new): Body<CashChange>) -> Result<Created<MadePayment>, Failed> {
    let id = ask.services.cash.add_item(&ask.caller, new).await?;
    Ok(Created("/api/v1/cash".into(), MadePayment { id }))
}

/// Takes a payment away: it was made, or will not be
#[utoipa::path(delete, path = "/cash/payments/{id}", params(("id" = String, Path)),
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn remove_item(ask: Ask, Place(id): Place<CashItemId>) -> Result<NoContent, Failed> {
    ask.services.cash.remove_item(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// Payments that go one way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Payments {
    /// Which way.
    side: CashSide,
    /// Them: what is left out is taken away.
    #[schema(max_items = 2000)]
    payments: Vec<Payment>,
}

/// A payment whose side is known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// Who pays or is paid, and for what.
    #[schema(example = "Nordlicht Hotels, invoice 2026-118")]
    name: String,
    /// How much, in minor units (cents); above zero.
    #[schema(minimum = 1, example = 500_000)]
    minor: i64,
    /// In which currency: the account's.
    #[schema(example = "EUR")]
    currency: String,
    /// The day on which it falls due, in UTC.
    #[schema(example = "2026-12-15")]
    due: String,
}

/// Puts these in the place of all payments that go their way, such as the open invoices of today
#[utoipa::path(put, path = "/cash/payments", request_body = Payments,
    security(("key" = ["monitoring:write"])), responses((status = 204)))]
async fn replace_items(ask: Ask, Body(new): Body<Payments>) -> Result<NoContent, Failed> {
    let side = new.side;
    let items = new.payments.into_iter().map(|payment| CashChange {
        side,
        name: payment.name,
        minor: payment.minor,
        currency: payment.currency,
        due: payment.due,
    });
    let cash = &ask.services.cash;
    cash.replace_items(&ask.caller, side, items.collect())
        .await?;
    Ok(NoContent)
}
