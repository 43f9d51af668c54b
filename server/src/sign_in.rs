//! The plain forms that open and end a session: each is answered with a redirect, so that they work
//! without JavaScript and the whole page is loaded anew as somebody else.

use api::{Caller, Credentials, Entry, Error, PasswordFault, SignedIn, Visit};
use app::rpc::Secrets;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use crate::auth::{self, escape, is_local};
use crate::guard::Peer;
use crate::state::App;

/// Who is signing in: nobody yet, from somewhere, perhaps in the midst of it.
pub(crate) struct Stranger {
    pub(crate) caller: Caller,
    pub(crate) visit: Visit,
    pub(crate) step: String,
}

impl<S: Sync> FromRequestParts<S> for Stranger {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // Nothing is waited for; the trait is asynchronous all the same.
        std::future::ready(()).await;
        Ok(Self {
            caller: auth::stranger(&parts.extensions, &parts.headers),
            visit: auth::visit(parts.extensions.get::<Peer>(), &parts.headers),
            step: auth::step_token(&parts.headers).unwrap_or_default(),
        })
    }
}

/// The sign-in form.
#[derive(Deserialize)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    next: Option<String>,
}

/// `POST /auth/sign-in`: opens a session, or a second step, and goes on to where the person wanted
/// to go.
pub(crate) async fn sign_in(
    State(app): State<App>,
    stranger: Stranger,
    Form(form): Form<SignIn>,
) -> Response {
    let next = local(form.next);
    let who = Credentials {
        email: form.email,
        password: form.password,
    };
    let accounts = &app.services.accounts;
    match accounts
        .sign_in(&stranger.caller, who, &stranger.visit)
        .await
    {
        Ok(entry) => enter(&app, entry, &next),
        Err(error) => back("/login", word(&error, "credentials"), ("next", &next)),
    }
}

/// The form of the second step.
#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
    next: Option<String>,
}

/// `POST /auth/step`: ends signing in with a code.
pub(crate) async fn step(
    State(app): State<App>,
    stranger: Stranger,
    Form(form): Form<Code>,
) -> Response {
    let next = local(form.next);
    let Stranger {
        caller,
        visit,
        step,
    } = stranger;
    let passed = app
        .services
        .factors
        .pass_step(&caller, &step, &form.code, &visit);
    match passed.await {
        Ok(signed_in) => keep(&app, &signed_in, &next),
        Err(error) => not_passed(&error, word(&error, "code"), &next),
    }
}

/// `POST /auth/enrol`: ends setting an authenticator up and signing in with its first code; shows
/// the recovery codes.
pub(crate) async fn enrol(
    State(app): State<App>,
    Extension(secrets): Extension<Secrets>,
    stranger: Stranger,
    Form(form): Form<Code>,
) -> Response {
    let next = local(form.next);
    let Stranger {
        caller,
        visit,
        step,
    } = stranger;
    let passed = app
        .services
        .factors
        .pass_enrolment(&caller, &step, &form.code, &visit);
    match passed.await {
        Ok((signed_in, codes)) => {
            let owner = signed_in.user.id.clone();
            secrets.keep(owner, "recovery", codes.join(" "));
            keep(&app, &signed_in, "/account?made=recovery")
        }
        Err(error) => not_passed(&error, word(&error, "code"), &next),
    }
}

/// Back to the second step with a word for what was wrong, or to its beginning where it is over.
pub(crate) fn not_passed(error: &Error, word: &str, next: &str) -> Response {
    match error {
        Error::NotFound { .. } => back("/login", "late", ("next", next)),
        _ => back("/login/step", word, ("next", next)),
    }
}

/// The form behind a one-time link.
#[derive(Deserialize)]
pub(crate) struct Claim {
    token: String,
    #[serde(default)]
    email: String,
    password: String,
}

/// `POST /auth/set-up`: makes the administrator, signs them in, and shows the three doors.
pub(crate) async fn set_up(
    State(app): State<App>,
    stranger: Stranger,
    Form(form): Form<Claim>,
) -> Response {
    let who = Credentials {
        email: form.email,
        password: form.password,
    };
    let accounts = &app.services.accounts;
    let made = accounts.set_up(&stranger.caller, &form.token, who, &stranger.visit);
    match made.await {
        Ok(signed_in) => keep(&app, &signed_in, "/welcome"),
        Err(error) => {
            let fields = ["email", "token"];
            let field = fields.into_iter().find(|f| error.of_field(f).is_some());
            let word = field.unwrap_or_else(|| word(&error, "server"));
            back("/setup", word, ("token", &form.token))
        }
    }
}

/// `POST /auth/accept`: takes an invitation up.
pub(crate) async fn accept(
    State(app): State<App>,
    stranger: Stranger,
    Form(form): Form<Claim>,
) -> Response {
    let people = &app.services.people;
    let accepted = people.accept_invitation(
        &stranger.caller,
        &form.token,
        &form.password,
        &stranger.visit,
    );
    match accepted.await {
        Ok(entry) => enter(&app, entry, "/"),
        Err(error) => {
            let word = match &error {
                Error::Conflict { .. } => "taken",
                error => word(error, "invitation"),
            };
            back("/invite", word, ("token", &form.token))
        }
    }
}

/// `POST /auth/sign-out`: ends the session, here and in the store.
pub(crate) async fn sign_out(
    State(app): State<App>,
    found: axum::http::Extensions,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = auth::session_token(&headers) {
        let caller = auth::stranger(&found, &headers);
        // Logged where it failed; the cookie goes in any case.
        let _ = app.services.accounts.sign_out(&caller, &token).await;
    }
    with_cookies(Redirect::to("/login?out=1"), [auth::no_session(&app)])
}

/// Goes on with what came of a password.
pub(crate) fn enter(app: &App, entry: Entry, next: &str) -> Response {
    match entry {
        Entry::Open(signed_in) => keep(app, &signed_in, next),
        Entry::Step { token, .. } => with_cookies(
            Redirect::to(&format!("/login/step?next={}", escape(next))),
            [auth::step_cookie(app, &token)],
        ),
    }
}

/// Keeps a fresh session in the browser and goes on.
pub(crate) fn keep(app: &App, signed_in: &SignedIn, next: &str) -> Response {
    with_cookies(Redirect::to(next), auth::session_cookies(app, signed_in))
}

fn with_cookies<const N: usize>(answer: Redirect, cookies: [HeaderValue; N]) -> Response {
    let mut response = answer.into_response();
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Goes to another address with cookies.
pub(crate) fn go_to<const N: usize>(url: &str, cookies: [HeaderValue; N]) -> Response {
    with_cookies(Redirect::to(url), cookies)
}

/// Back to the form, with a word for what was wrong.
pub(crate) fn back(page: &str, word: &str, (name, value): (&str, &str)) -> Response {
    Redirect::to(&format!("{page}?error={word}&{name}={}", escape(value))).into_response()
}

/// The word for an error in the page's address; `refused` for what was not good enough.
pub(crate) fn word(error: &Error, refused: &'static str) -> &'static str {
    let fault = error.of_field("password").and_then(|message| {
        let all = PasswordFault::ALL.into_iter();
        all.clone().find(|fault| fault.message() == message)
    });
    match (fault, error) {
        (Some(fault), _) => fault.as_str(),
        (None, Error::Invalid { .. } | Error::NotFound { .. }) => refused,
        (None, Error::TooMany { .. }) => "busy",
        (None, Error::Conflict { .. }) => "disabled",
        _ => "server",
    }
}

/// Where somebody goes on to, which is never another site.
pub(crate) fn local(next: Option<String>) -> String {
    next.filter(|next| is_local(next))
        .unwrap_or_else(|| "/".to_owned())
}
