//! `/api/v1/me/…`: what the signed-in person signs in with besides the password.
//!
//! A key is no person and has none of it. What changes a factor asks for the password once more, and of who has one that they signed in
//! within the last ten minutes.

use api::{Enrolment, Error, FactorState, Passkey, PasskeyId, SessionId};
use axum::response::NoContent;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Ask, Body, Params, Place};
use super::page::{Order, Page, PageQuery};
use super::problem::Failed;
use super::{Answer, Created, Secret};
use crate::auth::PresentSession;
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(factors))
        .routes(routes!(begin_totp, enrolment))
        .routes(routes!(confirm_totp))
        .routes(routes!(remove_totp))
        .routes(routes!(renew_recovery))
        .routes(routes!(passkeys, add_passkey))
        .routes(routes!(begin_passkey))
        .routes(routes!(remove_passkey))
}

/// One's password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Again {
    /// The password.
    #[schema(write_only)]
    password: String,
}

/// What one signs in with besides the password
#[utoipa::path(get, path = "/me/factors", security(("session" = [])),
    responses((status = 200, body = FactorState)))]
async fn factors(ask: Ask) -> Answer<FactorState> {
    Ok(Json(ask.services.factors.factors(&ask.caller).await?))
}

/// Begins to set an authenticator up
///
/// The answer holds its secret. It counts once `…/confirm` has had a code of it, within ten minutes.
#[utoipa::path(post, path = "/me/authenticator", request_body = Again, security(("session" = [])),
    responses((status = 201, body = Enrolment)))]
async fn begin_totp(
    ask: Ask,
    Body(again): Body<Again>,
) -> Result<Secret<Created<Enrolment>>, Failed> {
    let factors = &ask.services.factors;
    factors.begin_totp(&ask.caller, &again.password).await?;
    let begun = factors.enrolment(&ask.caller).await?;
    Ok(Secret(Created("/api/v1/me/authenticator".into(), begun)))
}

/// The authenticator that is being set up
#[utoipa::path(get, path = "/me/authenticator", security(("session" = [])),
    responses((status = 200, body = Enrolment)))]
async fn enrolment(ask: Ask) -> Result<Secret<Json<Enrolment>>, Failed> {
    let begun = ask.services.factors.enrolment(&ask.caller).await?;
    Ok(Secret(Json(begun)))
}

/// An authenticator's code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    /// Six digits.
    #[schema(write_only)]
    code: String,
}

/// Codes to sign in with where the authenticator is lost, each of them once.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Ten of them; they are shown here and never again.
    recovery_codes: Vec<String>,
}

/// Ends setting an authenticator up
///
/// From now on signing in asks for it. Ends the person's sessions, this one too.
#[utoipa::path(post, path = "/me/authenticator/confirm", request_body = Code,
    security(("session" = [])), responses((status = 200, body = RecoveryCodes)))]
async fn confirm_totp(
    ask: Ask,
    Body(Code { code }): Body<Code>,
) -> Result<Secret<Json<RecoveryCodes>>, Failed> {
    let visit = api::Visit::default();
    let factors = &ask.services.factors;
    let (fresh, recovery_codes) = factors.confirm_totp(&ask.caller, &code, &visit).await?;
    // A page gets the new session as a cookie; a program has no use for one.
    let accounts = &ask.services.accounts;
    accounts.sign_out(&ask.caller, &fresh.token).await?;
    Ok(Secret(Json(RecoveryCodes { recovery_codes })))
}

/// Takes one's authenticator away, unless the role needs it
#[utoipa::path(post, path = "/me/authenticator/remove", request_body = Again,
    security(("session" = [])), responses((status = 204)))]
async fn remove_totp(ask: Ask, Body(again): Body<Again>) -> Result<NoContent, Failed> {
    let factors = &ask.services.factors;
    factors.remove_totp(&ask.caller, &again.password).await?;
    Ok(NoContent)
}

/// Makes new recovery codes in the place of the old ones
#[utoipa::path(post, path = "/me/recovery-codes", request_body = Again, security(("session" = [])),
    responses((status = 200, body = RecoveryCodes)))]
async fn renew_recovery(
    ask: Ask,
    Body(again): Body<Again>,
) -> Result<Secret<Json<RecoveryCodes>>, Failed> {
    let factors = &ask.services.factors;
    let recovery_codes = factors.renew_recovery(&ask.caller, &again.password).await?;
    Ok(Secret(Json(RecoveryCodes { recovery_codes })))
}

/// One's own passkeys, the oldest first
#[utoipa::path(get, path = "/me/passkeys", params(PageQuery), security(("session" = [])),
    responses((status = 200, body = Page<Passkey>)))]
async fn passkeys(ask: Ask, Params(page): Params<PageQuery>) -> Answer<Page<Passkey>> {
    let passkeys = ask.services.passkeys.passkeys(&ask.caller).await?;
    let key = |passkey: &Passkey| passkey.id.0.clone();
    Ok(Json(page.cut(&ask.uri, passkeys, Order::Up, key)?))
}

/// What a browser is asked to make a passkey of.
#[derive(Serialize, ToSchema)]
struct Challenge {
    /// For `navigator.credentials.create`, with byte strings in base64url.
    options: serde_json::Value,
}

/// Begins to make a passkey in this session
///
/// Only a browser at the hub's own origin can answer; the challenge is good once and for five minutes.
#[utoipa::path(post, path = "/me/passkeys/challenge", request_body = Again,
    security(("session" = [])), responses((status = 200, body = Challenge)))]
async fn begin_passkey(
    ask: Ask,
    present: Option<Extension<PresentSession>>,
    Body(again): Body<Again>,
) -> Result<Secret<Json<Challenge>>, Failed> {
    let passkeys = &ask.services.passkeys;
    let session = session(present);
    let asked = passkeys
        .begin_passkey(&ask.caller, &session, &again.password)
        .await?;
    let options = serde_json::from_str(&asked).map_err(|_| Error::Internal {
        request_id: ask.caller.request_id.clone(),
    })?;
    Ok(Secret(Json(Challenge { options })))
}

/// A passkey that a browser made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPasskey {
    /// What to call it.
    name: String,
    /// The browser's answer to the challenge, with byte strings in base64url.
    credential: serde_json::Map<String, serde_json::Value>,
}

/// Keeps a passkey that was made in this session
#[utoipa::path(post, path = "/me/passkeys", request_body = NewPasskey, security(("session" = [])),
    responses((status = 201, body = Passkey)))]
async fn add_passkey(
    ask: Ask,
    present: Option<Extension<PresentSession>>,
    Body(NewPasskey { name, credential }): Body<NewPasskey>,
) -> Result<Created<Passkey>, Failed> {
    let passkeys = &ask.services.passkeys;
    let credential = serde_json::Value::Object(credential).to_string();
    let made = passkeys
        .add_passkey(&ask.caller, &session(present), &name, &credential)
        .await?;
    Ok(Created("/api/v1/me/passkeys".into(), made))
}

/// Removes one of one's own passkeys, unless the role needs it
#[utoipa::path(post, path = "/me/passkeys/{id}/remove", params(("id" = String, Path)),
    request_body = Again, security(("session" = [])), responses((status = 204)))]
async fn remove_passkey(
    ask: Ask,
    Place(id): Place<PasskeyId>,
    Body(again): Body<Again>,
) -> Result<NoContent, Failed> {
    let passkeys = &ask.services.passkeys;
    passkeys
        .remove_passkey(&ask.caller, &id, &again.password)
        .await?;
    Ok(NoContent)
}

/// The session that a request shows; who has none is no person, and refused.
pub(super) fn session(present: Option<Extension<PresentSession>>) -> SessionId {
    present.map_or_else(|| "".into(), |Extension(PresentSession(id))| id)
}
