//! `/api/v1/keys`: API keys.

use api::{ApiKey, KeyId, NewKey, NewSecret};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::{Answer, Created, Secret};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, add))
        .routes(routes!(revoke))
        .routes(routes!(rotate))
}

/// Every key, newest first
#[utoipa::path(get, path = "/keys", params(PageQuery), security(("key" = ["access:read"])),
    responses((status = 200, body = Page<ApiKey>)))]
async fn list(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<ApiKey>> {
    let keys = ask.services.keys.list(&ask.caller).await?;
    let key = |k: &ApiKey| k.id.0.clone();
    Ok(Json(page.cut(&ask.uri, keys, Order::Down, key)?))
}

/// Makes a key
///
/// The answer holds its secret, this once. A key can be given what its maker may do, and no more.
#[utoipa::path(post, path = "/keys", request_body = NewKey, security(("key" = ["access:write"])),
    responses((status = 201, body = NewSecret<ApiKey>)))]
async fn add(
    ask: Ask,
    Body(new): Body<NewKey>,
) -> Result<Secret<Created<NewSecret<ApiKey>>>, Failed> {
    let made = ask.services.keys.add(&ask.caller, new).await?;
    Ok(Secret(Created("/api/v1/keys".into(), made)))
}

/// Makes a key and its tokens useless from now on
#[utoipa::path(delete, path = "/keys/{id}", params(("id" = String, Path)),
    security(("key" = ["access:write"])), responses((status = 204)))]
async fn revoke(ask: Ask, Place(id): Place<KeyId>) -> Result<NoContent, Failed> {
    ask.services.keys.revoke(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// How a key is rotated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// For how long the present secret stays good, in seconds, at most 30 days; not at all unless said.
    #[serde(default)]
    #[schema(maximum = 2_592_000)]
    grace_seconds: u32,
}

/// Gives a key another secret
///
/// The answer holds it, this once.
#[utoipa::path(post, path = "/keys/{id}/rotate", params(("id" = String, Path)),
    request_body = Rotation, security(("key" = ["access:write"])),
    responses((status = 200, body = NewSecret<ApiKey>)))]
async fn rotate(
    ask: Ask,
    Place(id): Place<KeyId>,
    Body(rotation): Body<Rotation>,
) -> Result<Secret<Json<NewSecret<ApiKey>>>, Failed> {
    let grace = rotation.grace_seconds;
    let keys = &ask.services.keys;
    Ok(Secret(Json(keys.rotate(&ask.caller, &id, grace).await?)))
}
