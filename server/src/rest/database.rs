//! `/api/v1/database`: how the database is.

use api::DatabaseReport;
use axum::Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::Ask;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(report))
}

/// How the database is: its size, its connections, and what a server of PostgreSQL says of itself
#[utoipa::path(get, path = "/database", security(("key" = ["monitoring:read"])),
    responses((status = 200, body = DatabaseReport)))]
async fn report(ask: Ask) -> Answer<DatabaseReport> {
    Ok(Json(ask.services.databases.database(&ask.caller).await?))
}
