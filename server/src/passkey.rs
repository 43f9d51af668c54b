//! Signing in with a passkey: what the page's script asks the browser for, and the forms that it
//! sends the answer with. Like the other ways to sign in they are answered with a redirect.

use api::Error;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::Deserialize;

use crate::auth;
use crate::sign_in::{Stranger, back, keep, local, not_passed, word};
use crate::state::App;

/// `POST /auth/passkey/challenge`: asks for any passkey; the browser keeps what it has to show.
pub(crate) async fn challenge(State(app): State<App>, stranger: Stranger) -> Response {
    match app.services.passkeys.ask_passkey(&stranger.caller).await {
        Ok(ask) => {
            let cookie = auth::passkey_cookie(&app, &ask.token);
            ([(header::SET_COOKIE, cookie)], options(ask.options)).into_response()
        }
        Err(error) => refused(error),
    }
}

/// `POST /auth/passkey/step-challenge`: asks for a passkey of the person whose password fitted.
pub(crate) async fn step_challenge(State(app): State<App>, stranger: Stranger) -> Response {
    let Stranger { caller, step, .. } = stranger;
    match app.services.passkeys.ask_passkey_step(&caller, &step).await {
        Ok(asked) => options(asked).into_response(),
        Err(error) => refused(error),
    }
}

/// What a browser answers.
#[derive(Deserialize)]
pub(crate) struct Answer {
    credential: String,
    next: Option<String>,
}

/// `POST /auth/passkey`: opens a session for whose passkey it is.
pub(crate) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    stranger: Stranger,
    Form(form): Form<Answer>,
) -> Response {
    let next = local(form.next);
    let asked = auth::passkey_token(&headers).unwrap_or_default();
    let Stranger { caller, visit, .. } = stranger;
    let passkeys = &app.services.passkeys;
    let entered = passkeys.enter_with_passkey(&caller, &asked, &form.credential, &visit);
    match entered.await {
        Ok(signed_in) => keep(&app, &signed_in, &next),
        Err(error) => back("/login", told(&error), ("next", &next)),
    }
}

/// `POST /auth/passkey/step`: ends signing in with a passkey as the second step.
pub(crate) async fn step(
    State(app): State<App>,
    stranger: Stranger,
    Form(form): Form<Answer>,
) -> Response {
    let next = local(form.next);
    let Stranger {
        caller,
        visit,
        step,
    } = stranger;
    let passkeys = &app.services.passkeys;
    let passed = passkeys.pass_passkey_step(&caller, &step, &form.credential, &visit);
    match passed.await {
        Ok(signed_in) => keep(&app, &signed_in, &next),
        Err(error) => not_passed(&error, told(&error), &next),
    }
}

fn options(json: String) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], json)
}

fn refused(error: Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error)).into_response()
}

fn told(error: &Error) -> &'static str {
    match error {
        Error::Invalid { .. } if error.of_field("challenge").is_some() => "challenge",
        error => word(error, "passkey"),
    }
}
