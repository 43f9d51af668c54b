//! Who asks: the session cookie or the key of a request, and the forms that open and end a session.

use api::{Caller, Credentials, Error, Origin, Who};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use crate::listen::Peer;
use crate::state::App;

/// The session cookie's name.
const COOKIE: &str = "millrace_session";

/// Finds out who asks and notes it with the request.
pub(crate) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let nobody = nobody(&app, &request);
    let request_id = nobody.request_id.clone();
    let who = match who(&app, &nobody, request.headers()).await {
        Ok(who) => who,
        Err(error) => return crate::rest::Problem { error, request_id }.into_response(),
    };
    request.extensions_mut().insert(Caller { who, ..nobody });
    let response = next.run(request).await;
    // Before the answer is sent: who was refused finds that in the audit log at once.
    // A failure was logged where it happened.
    let _ = app.hub.write_refusals().await;
    response
}

/// Whoever sent a request, before it is known who that is.
fn nobody(app: &App, request: &Request) -> Caller {
    let peer = request.extensions().get::<Peer>();
    Caller::nobody(request_id(request.headers())).coming_from(Origin {
        address: peer.map(|Peer(address)| address.ip().to_canonical().to_string()),
        // Without its query, which may hold a token.
        request: Some(format!("{} {}", request.method(), request.uri().path())),
        refusals: app.hub.refusals(),
    })
}

async fn who(app: &App, nobody: &Caller, headers: &HeaderMap) -> api::Result<Who> {
    if let Some(secret) = bearer(headers) {
        let key = app.services.accounts.of_key(nobody, secret).await?;
        return Ok(key.map_or(Who::Nobody, |key| Who::Key {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            rate: key.rate,
        }));
    }
    if let Some(token) = session_token(headers) {
        let user = app.services.accounts.of_session(nobody, &token).await?;
        return Ok(user.map_or(Who::Nobody, |user| Who::User {
            id: user.id,
            email: user.email,
            role: user.role,
        }));
    }
    Ok(Who::Nobody)
}

fn request_id(headers: &HeaderMap) -> String {
    headers
        .get("x-request-id")
        .and_then(|v| v.to_str().ok())
        .unwrap_or("none")
        .to_owned()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    // InfluxDB's clients say Token.
    let known = ["bearer", "token"];
    let fits = known.iter().any(|name| scheme.eq_ignore_ascii_case(name));
    fits.then_some(secret.trim())
}

fn session_token(headers: &HeaderMap) -> Option<String> {
    let cookies = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|v| v.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token.to_owned())
}

/// Sends people who are not signed in to the page where they sign in.
pub(crate) async fn gate(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_page = request.method() == Method::GET && !is_open(path);
    let signed_in = request
        .extensions()
        .get::<Caller>()
        .is_some_and(|c| c.user_id().is_some());
    if is_page && !signed_in {
        let wanted = request.uri().path_and_query().map_or("/", |p| p.as_str());
        let to = if wanted == "/" {
            "/login".to_owned()
        } else {
            format!("/login?next={}", escape(wanted))
        };
        return Redirect::to(&to).into_response();
    }
    next.run(request).await
}

/// What anybody may ask for: each guards itself, or holds nothing.
fn is_open(path: &str) -> bool {
    const PREFIXES: [&str; 12] = [
        "/prometheus/",
        "/otlp/",
        "/influx/",
        "/health/",
        "/pkg/",
        "/vendor/",
        "/icons/",
        "/api/",
        "/rpc/",
        "/auth/",
        "/theme",
        "/density",
    ];
    const PATHS: [&str; 10] = [
        "/login",
        "/setup",
        "/metrics",
        "/live",
        "/apple-touch-icon.png",
        "/icon-192.png",
        "/icon-512.png",
        "/favicon.svg",
        "/favicon.ico",
        "/manifest.webmanifest",
    ];
    PATHS.contains(&path) || PREFIXES.iter().any(|p| path.starts_with(p))
}

/// Refuses changes that another site's page asks a signed-in browser to make.
pub(crate) async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || bearer(request.headers()).is_some() || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        "This request came from another site's page and was refused.\n",
    )
        .into_response()
}

/// Browsers send Sec-Fetch-Site; older ones Origin. Programs send neither and carry no cookie by themselves.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, named)| named == host),
        (Some(_), None) => false,
    }
}

/// The sign-in form.
#[derive(Deserialize)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    next: Option<String>,
}

/// `POST /auth/sign-in`: opens a session and goes on to where the person wanted to go.
pub(crate) async fn sign_in(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Form(form): Form<SignIn>,
) -> Response {
    let next = form
        .next
        .as_deref()
        .filter(|n| is_local(n))
        .unwrap_or("/")
        .to_owned();
    let who = Credentials {
        email: form.email,
        password: form.password,
    };
    match app.services.accounts.sign_in(&caller, who).await {
        Ok(signed_in) => with_cookie(&app, Redirect::to(&next), &signed_in.token, 24 * 60 * 60),
        Err(error) => {
            let word = match error {
                Error::Invalid { .. } => "credentials",
                Error::TooMany { .. } => "busy",
                _ => "server",
            };
            Redirect::to(&format!("/login?error={word}&next={}", escape(&next))).into_response()
        }
    }
}

/// The form behind the one-time link.
#[derive(Deserialize)]
pub(crate) struct SetUp {
    token: String,
    email: String,
    password: String,
}

/// `POST /auth/set-up`: makes the administrator, signs them in, and shows the three doors.
pub(crate) async fn set_up(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Form(form): Form<SetUp>,
) -> Response {
    let who = Credentials {
        email: form.email,
        password: form.password,
    };
    match app
        .services
        .accounts
        .set_up(&caller, &form.token, who)
        .await
    {
        Ok(signed_in) => with_cookie(
            &app,
            Redirect::to("/welcome"),
            &signed_in.token,
            24 * 60 * 60,
        ),
        Err(error) => {
            let word = ["email", "password", "token"]
                .into_iter()
                .find(|field| error.of_field(field).is_some())
                .unwrap_or("server");
            Redirect::to(&format!(
                "/setup?error={word}&token={}",
                escape(&form.token)
            ))
            .into_response()
        }
    }
}

/// `POST /auth/sign-out`: ends the session, here and in the store.
pub(crate) async fn sign_out(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = session_token(&headers) {
        // Logged where it failed; the cookie goes in any case.
        let _ = app.services.accounts.sign_out(&caller, &token).await;
    }
    with_cookie(&app, Redirect::to("/login?out=1"), "", 0)
}

fn with_cookie(app: &App, answer: Redirect, token: &str, seconds: u32) -> Response {
    let secure = if app.secure_cookies { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut response = answer.into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Whether a path leads to this site and nowhere else: `//evil.example` is another host.
pub(crate) fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.contains(char::is_control)
}

/// A text as part of a query string.
pub(crate) fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| {
                (
                    k.parse::<header::HeaderName>().unwrap(),
                    HeaderValue::from_static(v),
                )
            })
            .collect()
    }

    #[test]
    fn after_signing_in_nobody_is_sent_to_another_site() {
        assert!(is_local("/series?q=disk"));
        for bad in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "/a\nb",
        ] {
            assert!(!is_local(bad), "{bad:?}");
        }
    }

    #[test]
    fn another_sites_form_is_not_of_this_origin() {
        assert!(!is_same_origin(&headers(&[(
            "sec-fetch-site",
            "cross-site"
        )])));
        assert!(!is_same_origin(&headers(&[
            ("origin", "https://evil.example"),
            ("host", "ops.example")
        ])));
        assert!(is_same_origin(&headers(&[
            ("origin", "https://ops.example"),
            ("host", "ops.example")
        ])));
        assert!(is_same_origin(&headers(&[(
            "sec-fetch-site",
            "same-origin"
        )])));
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let headers = headers(&[("cookie", "theme=dark; millrace_session=abc; x=y")]);
        assert_eq!(session_token(&headers).as_deref(), Some("abc"));
    }
}
