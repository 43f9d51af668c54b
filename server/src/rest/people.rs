//! `/api/v1/people` and `/api/v1/invitations`: who can sign in, and who is asked to.

use api::{Invitation, InvitationId, NewInvitation, NewSecret, Person, UserId};
use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, NoContent, Response};
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
        .routes(routes!(people))
        .routes(routes!(change_role))
        .routes(routes!(set_enabled))
        .routes(routes!(reset_factors))
        .routes(routes!(offer_password))
        .routes(routes!(invitations, invite))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(access_review))
}

/// Everyone, oldest first, with what protects them
#[utoipa::path(get, path = "/people", params(PageQuery), security(("key" = ["access:read"])),
    responses((status = 200, body = Page<Person>)))]
async fn people(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<Person>> {
    let people = ask.services.people.people(&ask.caller).await?;
    let key = |p: &Person| p.user.id.to_string();
    Ok(Json(page.cut(&ask.uri, people, Order::Up, key)?))
}

/// A role by what it goes by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleName {
    /// `admin`, `operator`, `viewer`, or the id of a role of one's own.
    role: String,
}

/// Gives a person another role and ends their sessions; the last administrator stays one
#[utoipa::path(put, path = "/people/{id}/role", params(("id" = String, Path)),
    request_body = RoleName, security(("key" = ["access:write"])), responses((status = 204)))]
async fn change_role(
    ask: Ask,
    Place(id): Place<UserId>,
    Body(wanted): Body<RoleName>,
) -> Result<NoContent, Failed> {
    let people = &ask.services.people;
    people.change_role(&ask.caller, &id, &wanted.role).await?;
    Ok(NoContent)
}

/// Whether somebody may sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Enabled {
    /// Whether they may.
    enabled: bool,
}

/// Lets a person sign in, or not any more, which also ends their sessions
#[utoipa::path(put, path = "/people/{id}/enabled", params(("id" = String, Path)),
    request_body = Enabled, security(("key" = ["access:write"])), responses((status = 204)))]
async fn set_enabled(
    ask: Ask,
    Place(id): Place<UserId>,
    Body(wanted): Body<Enabled>,
) -> Result<NoContent, Failed> {
    let people = &ask.services.people;
    people.set_enabled(&ask.caller, &id, wanted.enabled).await?;
    Ok(NoContent)
}

/// Takes a person's second factors away and ends their sessions
#[utoipa::path(delete, path = "/people/{id}/factors", params(("id" = String, Path)),
    security(("key" = ["access:write"])), responses((status = 204)))]
async fn reset_factors(ask: Ask, Place(id): Place<UserId>) -> Result<NoContent, Failed> {
    ask.services.people.reset_factors(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// Lets a person choose a new password; the secret is the token of the link that they are sent
#[utoipa::path(post, path = "/people/{id}/password-link", params(("id" = String, Path)),
    security(("key" = ["access:write"])), responses((status = 201, body = NewSecret<Invitation>)))]
async fn offer_password(
    ask: Ask,
    Place(id): Place<UserId>,
) -> Result<Secret<Created<NewSecret<Invitation>>>, Failed> {
    let made = ask.services.people.offer_password(&ask.caller, &id).await?;
    Ok(Secret(Created("/api/v1/invitations".into(), made)))
}

/// Every invitation that is still good, newest first
#[utoipa::path(get, path = "/invitations", params(PageQuery), security(("key" = ["access:read"])),
    responses((status = 200, body = Page<Invitation>)))]
async fn invitations(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<Invitation>> {
    let all = ask.services.people.invitations(&ask.caller).await?;
    let key = |i: &Invitation| i.id.to_string();
    Ok(Json(page.cut(&ask.uri, all, Order::Down, key)?))
}

/// Invites a person; the secret is the token of the link that they are sent
#[utoipa::path(post, path = "/invitations", request_body = NewInvitation,
    security(("key" = ["access:write"])), responses((status = 201, body = NewSecret<Invitation>)))]
async fn invite(
    ask: Ask,
    Body(new): Body<NewInvitation>,
) -> Result<Secret<Created<NewSecret<Invitation>>>, Failed> {
    let made = ask.services.people.invite(&ask.caller, new).await?;
    Ok(Secret(Created("/api/v1/invitations".into(), made)))
}

/// Makes an invitation useless
#[utoipa::path(delete, path = "/invitations/{id}", params(("id" = String, Path)),
    security(("key" = ["access:write"])), responses((status = 204)))]
async fn withdraw_invitation(
    ask: Ask,
    Place(id): Place<InvitationId>,
) -> Result<NoContent, Failed> {
    let people = &ask.services.people;
    people.withdraw_invitation(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// Who has access: people, invitations and keys, as CSV
#[utoipa::path(get, path = "/access-review", security(("key" = ["access:read"])),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn access_review(ask: Ask) -> Result<Response, Failed> {
    let csv = ask.services.people.access_review(&ask.caller).await?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], csv).into_response())
}
