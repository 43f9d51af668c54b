//! Every route, and the layers around them.

use std::path::Path;
use std::sync::LazyLock;

use anyhow::Context;
use app::rpc::Secrets;
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use leptos::config::{LeptosOptions, get_configuration};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::services::ServeDir;
use tower_http::trace::TraceLayer;
use tracing::field::Empty;

use crate::state::App;
use crate::trace::Trace;
use crate::{
    audit, auth, guard, live, measure, page_threads, pages, passkey, provider, rest, sign_in,
    status, uploads,
};

/// The site's settings: what cargo-leptos says while developing, Leptos.toml otherwise.
pub(crate) fn site(folder: &Path, addr: std::net::SocketAddr) -> anyhow::Result<LeptosOptions> {
    let file = folder.join("Leptos.toml");
    let developing = std::env::var_os("LEPTOS_OUTPUT_NAME").is_some();
    let path = (!developing).then(|| file.display().to_string());
    let mut options = get_configuration(path.as_deref())
        .with_context(|| {
            format!(
                "{} cannot be read; is the site beside the program?",
                file.display()
            )
        })?
        .leptos_options;
    options.site_addr = addr;
    if !developing {
        options.site_root = folder
            .join(options.site_root.as_ref())
            .display()
            .to_string()
            .into();
    }
    Ok(options)
}

/// The routes of the pages, found once in a process: while they are looked for, Leptos keeps every
/// resource of the process from loading, and a page that begins just then never ends
/// (leptos-rs/leptos issue 4773). There is one router in a server, but many in its tests.
pub(crate) static PAGES: LazyLock<Vec<AxumRouteListing>> =
    LazyLock::new(|| generate_route_list(app::App));

/// Every route.
pub(crate) fn router(app: App) -> Router {
    page_threads::begin();
    let secrets = Secrets::default();
    let kept = axum::Extension(secrets.clone());
    let context = {
        let (app, secrets) = (app.clone(), secrets.clone());
        move || pages::provide(&app, &secrets)
    };
    let shell = {
        let options = app.leptos.clone();
        move || app::shell(options.clone())
    };
    Router::new()
        .leptos_routes_with_context(&app, PAGES.clone(), context.clone(), shell)
        .layer(middleware::from_fn(page_threads::on_one))
        .route("/live", get(live::follow))
        .route(
            "/upload",
            post(uploads::upload).layer(axum::extract::DefaultBodyLimit::disable()),
        )
        .route("/series/{id}/export.csv", get(uploads::export))
        .route("/reorders.csv", get(uploads::order_sheet))
        .route("/cash.csv", get(uploads::cash_sheet))
        .route("/people/access-review.csv", get(uploads::access_review))
        .route("/auth/sign-in", post(sign_in::sign_in))
        .route("/auth/sign-out", post(sign_in::sign_out))
        .route("/auth/who", get(auth::known))
        .route("/auth/set-up", post(sign_in::set_up))
        .route("/auth/provider", get(provider::depart))
        .route("/auth/provider/return", get(provider::arrive))
        .route("/auth/step", post(sign_in::step))
        .route("/auth/passkey", post(passkey::sign_in))
        .route("/auth/passkey/challenge", post(passkey::challenge))
        .route("/auth/passkey/step", post(passkey::step))
        .route(
            "/auth/passkey/step-challenge",
            post(passkey::step_challenge),
        )
        .route("/auth/enrol", post(sign_in::enrol))
        .route("/auth/accept", post(sign_in::accept))
        .route("/audit/{export}", get(audit::export))
        .route("/theme", get(theme))
        .route("/density", get(density))
        .route("/health/live", get(status::live))
        .route("/health/ready", get(status::ready))
        .route("/metrics", get(status::metrics))
        .route("/api/docs", rest::docs(context.clone(), &app.leptos))
        .merge(rest::routes(&app))
        .fallback(move |state: State<App>, uri: Uri, request: Request| {
            file_or_page(state, uri, request, context.clone())
        })
        .layer(
            ServiceBuilder::new()
                // Ours alone: it stands in the audit log, and what a client chose would prove nothing.
                .map_request(|mut request: Request| {
                    request.headers_mut().remove("x-request-id");
                    request
                })
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(TraceLayer::new_for_http().make_span_with(span))
                .layer(PropagateRequestIdLayer::x_request_id())
                .layer(middleware::from_fn(measure::request))
                .layer(middleware::from_fn_with_state(app.clone(), guard::frame))
                .layer(middleware::from_fn(rest::explain))
                .layer(CatchPanicLayer::new())
                .layer(CompressionLayer::new())
                .layer(middleware::from_fn_with_state(app.clone(), auth::identify))
                .layer(middleware::from_fn_with_state(app.clone(), guard::limit))
                .layer(middleware::from_fn_with_state(
                    app.clone(),
                    auth::same_origin,
                ))
                .layer(middleware::from_fn(auth::gate))
                .layer(middleware::map_response(true_status)),
        )
        .layer(kept)
        .with_state(app)
}

fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let id = request
        .headers()
        .get("x-request-id")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    // Of the highest level, so that the quietest log still says to which request a line belongs.
    // The path without its query: a query may hold a token.
    let span = tracing::error_span!(
        "request",
        id,
        method = %request.method(),
        path = request.uri().path(),
        trace = Empty,
        caller_span = Empty
    );
    if let Some(trace) = Trace::of(request.headers()) {
        span.record("trace", trace.id)
            .record("caller_span", trace.parent);
    }
    span
}

/// A file of the site, precompressed where it is; a page that says that there is none otherwise.
async fn file_or_page(
    State(app): State<App>,
    uri: Uri,
    request: Request,
    context: impl Fn() + Clone + Send + Sync + 'static,
) -> Response {
    let path = uri.path().to_owned();
    if rest::is_api(&path) {
        // No page: what says that there is nothing is a problem document.
        return StatusCode::NOT_FOUND.into_response();
    }
    let (parts, body) = request.into_parts();
    let wanted = Request::from_parts(parts.clone(), axum::body::Body::empty());
    let files = ServeDir::new(&app.site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let file = match tower::ServiceExt::oneshot(files, wanted).await {
        Ok(file) => file,
        Err(never) => match never {},
    };
    if file.status() == StatusCode::NOT_FOUND {
        let page = leptos_axum::render_app_async_with_context(context, {
            let options = app.leptos.clone();
            move || app::shell(options.clone())
        });
        let page = page(Request::from_parts(parts, body));
        return page_threads::made_on_one(page).await;
    }
    let mut file = file.into_response();
    // What lies directly in /pkg has its content's hash in its name. Snippets, ECharts and icons have
    // not: the browser asks whether they changed.
    let hashed = |rest: &str| !rest.contains('/');
    let caching = if path.strip_prefix("/pkg/").is_some_and(hashed) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = file.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    // Ours are all in UTF-8, and guesses are how texts become scripts.
    let said = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let charset = match said {
        Some("text/css") => Some("text/css; charset=utf-8"),
        Some("text/javascript") => Some("text/javascript; charset=utf-8"),
        _ => None,
    };
    if let Some(kind) = charset {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    file
}

/// Leptos answers every failed server function with 500; this gives the status of the one table.
async fn true_status(response: Response) -> Response {
    // A form without JavaScript is sent back to its page instead: that is no 500.
    let failed = response.headers().contains_key("serverfnerror")
        && response.status() == StatusCode::INTERNAL_SERVER_ERROR;
    if !failed {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, 64 * 1024).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<api::Error>(&bytes) {
        parts.status = StatusCode::from_u16(error.status()).unwrap_or(parts.status);
    }
    Response::from_parts(parts, bytes.into())
}

/// The address of a page to come back to.
#[derive(serde::Deserialize)]
struct Wanted {
    to: String,
    #[serde(default)]
    back: String,
}

/// `GET /theme?to=dark&back=/`: remembers a theme without JavaScript.
async fn theme(Query(wanted): Query<Wanted>) -> Response {
    remember("theme", &["light", "dark"], &wanted)
}

/// `GET /density?to=compact&back=/`: remembers a density without JavaScript.
async fn density(Query(wanted): Query<Wanted>) -> Response {
    remember("density", &["compact"], &wanted)
}

/// Sets a preference's cookie for a year; anything that is not offered takes it away.
fn remember(name: &'static str, offered: &[&str], wanted: &Wanted) -> Response {
    let back = if auth::is_local(&wanted.back) {
        &wanted.back
    } else {
        "/"
    };
    let mut response = Redirect::to(back).into_response();
    let (value, seconds) = if offered.contains(&wanted.to.as_str()) {
        (wanted.to.as_str(), 31_536_000)
    } else {
        ("", 0)
    };
    let cookie = format!("millrace_{name}={value}; Path=/; SameSite=Lax; Max-Age={seconds}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
