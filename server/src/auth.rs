//! Who asks: the session cookie or the key of a request, and from where.

use api::{Caller, Origin, SessionId, SignedIn, Visit, Who};
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::BASE64;
use service::Barred;

use crate::guard::Peer;
use crate::rest::Failed;
use crate::state::App;

/// The session cookie's name.
const SESSION: &str = "millrace_session";
/// The cookie of a browser that somebody signed in with.
const DEVICE: &str = "millrace_device";
/// How long a browser keeps it, in seconds.
const DEVICE_SECONDS: u32 = 180 * 24 * 60 * 60;
/// The cookie of a second step.
const STEP: &str = "millrace_step";
/// The cookie of somebody who signs in elsewhere.
const TRIP: &str = "millrace_trip";
/// The cookie of somebody who is asked for a passkey.
const PASSKEY: &str = "millrace_passkey";
/// How long all three are open, in seconds; a passkey is waited for for half of that.
const STEP_SECONDS: u32 = 600;

/// Where InfluxDB 1's clients write.
const INFLUX_1: &str = "/influx/write";

/// Where a page asks whether it is still somebody's.
pub(crate) const WHO: &str = "/auth/who";

/// Whether the server knows who asks: 204, or 205, which has a page begin anew (RFC 9110): no refusal, since
/// a browser writes each of those into its console. No use of a session, so that a page that is left open
/// keeps none from ending.
pub(crate) async fn known(Extension(caller): Extension<Caller>) -> StatusCode {
    match caller.who {
        Who::Nobody => StatusCode::RESET_CONTENT,
        _ => StatusCode::NO_CONTENT,
    }
}

/// The session of a request, noted with it.
#[derive(Clone, Debug)]
pub(crate) struct PresentSession(pub(crate) SessionId);

/// Finds out who asks and notes it with the request.
pub(crate) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let nobody = nobody(&app, &request);
    let request_id = nobody.request_id.clone();
    // What the browser does by itself, to keep a stream open, is no sign of a person.
    let used = !["/live", WHO].contains(&request.uri().path());
    // A browser may show a password by itself, so not where another site's page asked it to.
    if request.uri().path() == INFLUX_1 && is_same_origin(request.headers()) {
        password_is_key(request.headers_mut());
    }
    let (who, session) = match who(&app, &nobody, request.headers(), used).await {
        Ok(found) => found,
        Err(error) => return crate::rest::Problem { error, request_id }.into_response(),
    };
    if let Some(session) = session {
        request.extensions_mut().insert(PresentSession(session));
    }
    request.extensions_mut().insert(Caller { who, ..nobody });
    let response = next.run(request).await;
    // Before the answer is sent: who was refused finds that in the audit log at once.
    // A failure was logged where it happened.
    let _ = app.hub.write_refusals().await;
    response
}

/// Nobody, from where a request comes: who signs in is nobody yet, whatever session they show.
pub(crate) fn stranger(found: &axum::http::Extensions, headers: &HeaderMap) -> Caller {
    match found.get::<Caller>() {
        Some(caller) => nobody_from(caller),
        None => Caller::nobody(request_id(headers)),
    }
}

/// Whoever sent a request, before it is known who that is.
fn nobody(app: &App, request: &Request) -> Caller {
    let peer = request.extensions().get::<Peer>();
    Caller::nobody(request_id(request.headers())).coming_from(Origin {
        address: peer.and_then(|peer| peer.address).map(|ip| ip.to_string()),
        // Without its query, which may hold a token.
        request: Some(format!("{} {}", request.method(), request.uri().path())),
        refusals: app.hub.refusals(),
    })
}

/// Nobody, from where that caller is.
fn nobody_from(caller: &Caller) -> Caller {
    Caller {
        who: Who::Nobody,
        ..caller.clone()
    }
}

/// Whether what somebody showed still makes them who they were. Where that cannot be found out it does:
/// a store that does not answer signs nobody out.
pub(crate) async fn still(app: &App, caller: &Caller, headers: &HeaderMap) -> bool {
    let found = who(app, &nobody_from(caller), headers, false).await;
    found.map_or(true, |(who, _)| who == caller.who)
}

async fn who(
    app: &App,
    nobody: &Caller,
    headers: &HeaderMap,
    used: bool,
) -> api::Result<(Who, Option<SessionId>)> {
    let accounts = &app.services.accounts;
    if let Some(secret) = bearer(headers) {
        let key = app.services.keys.of_secret(nobody, secret).await?;
        let who = key.map_or(Who::Nobody, |key| Who::Key {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            rate: key.rate,
        });
        return Ok((who, None));
    }
    let Some(token) = cookie(headers, SESSION) else {
        return Ok((Who::Nobody, None));
    };
    let held = accounts.of_session(nobody, &token, used).await?;
    Ok(held.map_or((Who::Nobody, None), |held| {
        let who = Who::User {
            id: held.user.id,
            email: held.user.email,
            role: held.user.role,
            since: held.since,
        };
        (who, Some(held.id))
    }))
}

/// From where a request comes.
pub(crate) fn visit(peer: Option<&Peer>, headers: &HeaderMap) -> Visit {
    let browser = headers.get(header::USER_AGENT);
    let browser = browser.and_then(|v| v.to_str().ok()).unwrap_or_default();
    Visit {
        address: peer
            .and_then(|peer| peer.address)
            .map(|ip| ip.to_string())
            .unwrap_or_default(),
        browser: browser.to_owned(),
        device: cookie(headers, DEVICE),
        session: session_token(headers),
    }
}

/// The token of the session that a request shows.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, SESSION)
}

/// The token of the second step that a request shows.
pub(crate) fn step_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, STEP)
}

/// The state that somebody who signs in elsewhere was sent with.
pub(crate) fn trip_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, TRIP)
}

/// What keeps that state in the browser.
pub(crate) fn trip_cookie(app: &App, state: &str) -> HeaderValue {
    baked(app, TRIP, state, STEP_SECONDS)
}

/// What somebody who is asked for a passkey has to show.
pub(crate) fn passkey_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, PASSKEY)
}

/// What keeps that in the browser.
pub(crate) fn passkey_cookie(app: &App, token: &str) -> HeaderValue {
    baked(app, PASSKEY, token, STEP_SECONDS)
}

/// What keeps a fresh session in the browser, and ends the step before it.
pub(crate) fn session_cookies(app: &App, signed_in: &SignedIn) -> [HeaderValue; 3] {
    [
        baked(app, SESSION, &signed_in.token, signed_in.seconds),
        baked(app, DEVICE, &signed_in.device, DEVICE_SECONDS),
        baked(app, STEP, "", 0),
    ]
}

/// What keeps a second step in the browser.
pub(crate) fn step_cookie(app: &App, token: &str) -> HeaderValue {
    baked(app, STEP, token, STEP_SECONDS)
}

/// What takes the session out of the browser.
pub(crate) fn no_session(app: &App) -> HeaderValue {
    baked(app, SESSION, "", 0)
}

fn baked(app: &App, name: &str, token: &str, seconds: u32) -> HeaderValue {
    let secure = if app.secure_cookies { "; Secure" } else { "" };
    let cookie =
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    // Our own tokens are letters and digits; an empty one is refused wherever it is shown.
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}

pub(crate) fn request_id(headers: &HeaderMap) -> String {
    headers
        .get("x-request-id")
        .and_then(|v| v.to_str().ok())
        .unwrap_or("none")
        .to_owned()
}

/// InfluxDB 1's clients show a name and a password (RFC 7617), of which the password is the key.
fn password_is_key(headers: &mut HeaderMap) {
    let shown = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some((scheme, encoded)) = shown.and_then(|value| value.split_once(' ')) else {
        return;
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return;
    }
    let decoded = BASE64.decode(encoded.trim().as_bytes()).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((_, password)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) else {
        return;
    };
    if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {password}")) {
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    // InfluxDB's clients say Token.
    let known = ["bearer", "token"];
    let fits = known.iter().any(|name| scheme.eq_ignore_ascii_case(name));
    fits.then_some(secret.trim())
}

fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|v| v.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
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
    const PREFIXES: [&str; 13] = [
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
        "/oauth/",
        "/theme",
        "/density",
    ];
    const PATHS: [&str; 13] = [
        "/login",
        "/login/step",
        "/invite",
        "/setup",
        "/metrics",
        "/live",
        "/apple-touch-icon.png",
        "/icon-192.png",
        "/icon-512.png",
        "/passkey.js",
        "/favicon.svg",
        "/favicon.ico",
        "/manifest.webmanifest",
    ];
    PATHS.contains(&path) || PREFIXES.iter().any(|p| path.starts_with(p))
}

/// Refuses changes that another site's page asks a signed-in browser to make.
pub(crate) async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || bearer(request.headers()).is_some() || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    if let Some(caller) = request.extensions().get::<Caller>() {
        app.hub.note_barred(caller, Barred::CrossSite);
    }
    let words = "This request came from another site's page and was refused.";
    if crate::rest::is_api(request.uri().path()) {
        return Failed::Status(StatusCode::FORBIDDEN, words.into()).into_response();
    }
    (StatusCode::FORBIDDEN, format!("{words}\n")).into_response()
}

/// Browsers send Sec-Fetch-Site; older ones Origin. Programs send neither and carry no cookie by themselves:
/// whoever shows a session says where it comes from.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (None, _) => cookie(headers, SESSION).is_none(),
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, named)| named == host),
        (Some(_), None) => false,
    }
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
        // A program has no session, and who has one says where it comes from.
        assert!(is_same_origin(&headers(&[])));
        assert!(!is_same_origin(&headers(&[(
            "cookie",
            "millrace_session=abc"
        )])));
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let headers = headers(&[("cookie", "theme=dark; millrace_session=abc; x=y")]);
        assert_eq!(session_token(&headers).as_deref(), Some("abc"));
    }
}
