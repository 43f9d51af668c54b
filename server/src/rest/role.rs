//! `/api/v1/roles`: what people may do.

use api::{CustomRole, RoleChange, RoleId, RoleState};
use axum::Json;
use axum::response::NoContent;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Ask, Body, Place};
use super::problem::Failed;
use super::{Answer, Created};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(roles, add_role))
        .routes(routes!(edit_role, remove_role))
        .routes(routes!(set_role_strict))
}

/// Every role, the given ones first
#[utoipa::path(get, path = "/roles", security(("key" = ["access:read"])),
    responses((status = 200, body = Vec<RoleState>)))]
async fn roles(ask: Ask) -> Answer<Vec<RoleState>> {
    Ok(Json(ask.services.roles.roles(&ask.caller).await?))
}

/// Makes a role; nobody gives what they do not have
#[utoipa::path(post, path = "/roles", request_body = RoleChange,
    security(("key" = ["access:write"])), responses((status = 201, body = CustomRole)))]
async fn add_role(ask: Ask, Body(new): Body<RoleChange>) -> Result<Created<CustomRole>, Failed> {
    let made = ask.services.roles.add_role(&ask.caller, new).await?;
    Ok(Created("/api/v1/roles".into(), made))
}

/// Makes a role into another; it holds at once, for who has it
#[utoipa::path(put, path = "/roles/{id}", params(("id" = String, Path)), request_body = RoleChange,
    security(("key" = ["access:write"])), responses((status = 204)))]
async fn edit_role(
    ask: Ask,
    Place(id): Place<RoleId>,
    Body(change): Body<RoleChange>,
) -> Result<NoContent, Failed> {
    ask.services
        .roles
        .edit_role(&ask.caller, &id, change)
        .await?;
    Ok(NoContent)
}

/// Removes a role that nobody has
#[utoipa::path(delete, path = "/roles/{id}", params(("id" = String, Path)),
    security(("key" = ["access:write"])), responses((status = 204)))]
async fn remove_role(ask: Ask, Place(id): Place<RoleId>) -> Result<NoContent, Failed> {
    ask.services.roles.remove_role(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// Whether a role needs a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    /// Whether it does.
    strict: bool,
}

/// Says whether a role needs a second factor; `id` may also be `admin`, `operator` or `viewer`
#[utoipa::path(put, path = "/roles/{id}/strict", params(("id" = String, Path)),
    request_body = Strict, security(("key" = ["access:write"])), responses((status = 204)))]
async fn set_role_strict(
    ask: Ask,
    Place(id): Place<RoleId>,
    Body(wanted): Body<Strict>,
) -> Result<NoContent, Failed> {
    let roles = &ask.services.roles;
    roles
        .set_role_strict(&ask.caller, id.as_str(), wanted.strict)
        .await?;
    Ok(NoContent)
}
