//! `/api/v1/boards`: ready-made panels over the metrics of widespread exporters.

use api::{Board, BoardChoice};
use axum::Json;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::series::Stretch;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get))
}

/// The boards that have something to show, with the instances that sent their metrics within a day
#[utoipa::path(get, path = "/boards", params(PageQuery), security(("key" = ["monitoring:read"])),
    responses((status = 200, body = Page<BoardChoice>)))]
async fn list(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<BoardChoice>> {
    let boards = ask.services.boards.boards(&ask.caller).await?;
    let key = |board: &BoardChoice| board.kind.as_str().to_owned();
    Ok(Json(page.cut(&ask.uri, boards, Order::Up, key)?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Of which instance; of the first one by name unless said.
    #[param(example = "db-1:9100")]
    instance: Option<String>,
    /// The first instant, in microseconds since 1970 UTC; a day before the end unless said.
    from: Option<i64>,
    /// The first instant that is not part of it; now unless said.
    to: Option<i64>,
}

/// A board of an instance: its panels with their expressions and curves
#[utoipa::path(get, path = "/boards/{kind}", params(("kind" = String, Path), Asked),
    security(("key" = ["monitoring:read"])), responses((status = 200, body = Board)))]
async fn get(ask: Ask, Place(kind): Place<String>, Params(asked): Params<Asked>) -> Answer<Board> {
    let (from, to) = (asked.from, asked.to);
    let range = Stretch { from, to }.range(&ask).await?;
    let boards = &ask.services.boards;
    Ok(Json(
        boards
            .board(&ask.caller, &kind, asked.instance.as_deref(), range)
            .await?,
    ))
}
