//! `/api/v1/users` and `/api/v1/me`: people, and what belongs to the signed-in one.

use api::{Session, SessionId, SetUp, User, UserId};
use axum::response::NoContent;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use crate::auth::PresentSession;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(users))
        .routes(routes!(remove_user))
        .routes(routes!(me))
        .routes(routes!(change_password))
        .routes(routes!(sessions, end_other_sessions))
        .routes(routes!(end_session))
        .routes(routes!(set_up_state))
}

/// Everyone, oldest first
#[utoipa::path(get, path = "/users", params(PageQuery), security(("key" = ["access:read"])),
    responses((status = 200, body = Page<User>)))]
async fn users(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<User>> {
    let users = ask.services.accounts.users(&ask.caller).await?;
    let key = |u: &User| u.id.0.clone();
    Ok(Json(page.cut(&ask.uri, users, Order::Up, key)?))
}

/// Removes a person and their sessions; the last administrator stays
#[utoipa::path(delete, path = "/users/{id}", params(("id" = String, Path)),
    security(("key" = ["access:write"])), responses((status = 204)))]
async fn remove_user(ask: Ask, Place(id): Place<UserId>) -> Result<NoContent, Failed> {
    ask.services.accounts.remove_user(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// The signed-in person
///
/// A key is no person.
#[utoipa::path(get, path = "/me", security(("session" = [])),
    responses((status = 200, body = User)))]
async fn me(ask: Ask) -> Answer<User> {
    Ok(Json(ask.services.accounts.me(&ask.caller).await?))
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Passwords {
    /// The present one.
    #[schema(write_only)]
    old: String,
    /// The new one, 12 characters or more.
    #[schema(write_only)]
    new: String,
}

/// Sets one's own password
///
/// Ends the person's sessions, this one too.
#[utoipa::path(put, path = "/me/password", request_body = Passwords, security(("session" = [])),
    responses((status = 204)))]
async fn change_password(ask: Ask, Body(passwords): Body<Passwords>) -> Result<NoContent, Failed> {
    let accounts = &ask.services.accounts;
    let Passwords { old, new } = passwords;
    let visit = api::Visit::default();
    let fresh = accounts
        .change_password(&ask.caller, &old, &new, &visit)
        .await?;
    // A page gets the new session as a cookie; a program has no use for one.
    accounts.sign_out(&ask.caller, &fresh.token).await?;
    Ok(NoContent)
}

/// One's own sessions that are open, the newest first
#[utoipa::path(get, path = "/me/sessions", params(PageQuery), security(("session" = [])),
    responses((status = 200, body = Page<Session>)))]
async fn sessions(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<Session>> {
    let sessions = ask.services.accounts.sessions(&ask.caller).await?;
    let key = |session: &Session| session.id.0.clone();
    Ok(Json(page.cut(&ask.uri, sessions, Order::Down, key)?))
}

/// Ends one of one's own sessions
#[utoipa::path(delete, path = "/me/sessions/{id}", params(("id" = String, Path)),
    security(("session" = [])), responses((status = 204)))]
async fn end_session(ask: Ask, Place(id): Place<SessionId>) -> Result<NoContent, Failed> {
    let accounts = &ask.services.accounts;
    accounts.end_session(&ask.caller, &id).await?;
    Ok(NoContent)
}

/// How many were ended.
#[derive(Serialize, ToSchema)]
struct Ended {
    /// How many.
    ended: u32,
}

/// Ends all of one's own sessions but this
#[utoipa::path(delete, path = "/me/sessions", security(("session" = [])),
    responses((status = 200, body = Ended)))]
async fn end_other_sessions(ask: Ask, present: Option<Extension<PresentSession>>) -> Answer<Ended> {
    let accounts = &ask.services.accounts;
    let but = super::factor::session(present);
    let ended = accounts.end_other_sessions(&ask.caller, &but).await?;
    Ok(Json(Ended { ended }))
}

/// Whether this installation is claimed.
#[derive(Serialize, ToSchema)]
struct Claimed {
    /// Whether there is an administrator.
    claimed: bool,
}

/// Whether there is an administrator yet
#[utoipa::path(get, path = "/set-up", security(()), responses((status = 200, body = Claimed)))]
async fn set_up_state(ask: Ask) -> Answer<Claimed> {
    let state = ask.services.accounts.set_up_state(&ask.caller).await?;
    let claimed = state == SetUp::Done;
    Ok(Json(Claimed { claimed }))
}
