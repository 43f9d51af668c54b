//! The HTTP interface for programs: the versioned API under `/api/v1`, described by itself, and the
//! protocols that senders of metrics and Grafana speak.

mod account;
mod audit;
mod board;
mod cache;
mod calendar;
mod cash;
mod database;
mod demo;
mod docs;
mod event;
mod extract;
mod factor;
mod finding;
mod forecast;
mod import;
mod incident;
mod job;
mod key;
mod machine;
mod metrics;
mod model;
pub(crate) mod oauth;
mod once;
mod openapi;
mod page;
mod parameters;
mod people;
mod problem;
mod prometheus;
mod recording;
mod reorder;
mod role;
mod runway;
mod scrape;
mod series;
mod source;
mod strict;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use api::{Caller, Error, PushProtocol, Who};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use openapi::area;
use parameters::Parameters;
use prometheus::{push, question};

pub(crate) use docs::docs;
pub(crate) use problem::{Failed, Problem, explain, is_api};

use crate::state::App;

/// The largest body of an API request; files are uploaded in pieces.
pub(super) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What an operation of the API answers.
type Answer<T> = Result<Json<T>, Failed>;

/// Something that was made, and where it lies.
struct Created<T>(String, T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.1)).into_response();
        if let Ok(location) = HeaderValue::try_from(self.0) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// An answer with a secret in it: kept by nobody.
struct Secret<R>(R);

impl<R: IntoResponse> IntoResponse for Secret<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        let no_store = HeaderValue::from_static("no-store");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, no_store);
        response.extensions_mut().insert(once::Unkept);
        response
    }
}

/// The versioned API with its description. A new area is a line here and a file beside this one.
fn described() -> OpenApiRouter<App> {
    let areas = vec![
        area("Runway", runway::routes()),
        area("Series", series::routes()),
        area("Forecasts", forecast::routes()),
        area("Findings", finding::routes()),
        area("Incidents", incident::routes()),
        area("Machines", machine::routes()),
        area("Models", model::routes()),
        area("Calendar", calendar::routes()),
        area("Orders", reorder::routes()),
        area("Cash", cash::routes()),
        area("Jobs", job::routes()),
        area("Boards", board::routes()),
        area("Caches", cache::routes()),
        area("Database", database::routes()),
        area("Sources", source::routes()),
        area("Scrape targets", scrape::routes()),
        area("Recording rules", recording::routes()),
        area("Imports", import::routes()),
        area("Metrics", metrics::routes()),
        area("Events", event::routes()),
        area("Demo company", demo::routes()),
        area("Accounts", account::routes()),
        area("Factors", factor::routes()),
        area("People", people::routes()),
        area("Roles", role::routes()),
        area("Keys", key::routes()),
        area("Audit log", audit::routes()),
    ];
    let v1 = areas
        .into_iter()
        .fold(OpenApiRouter::default(), OpenApiRouter::merge);
    OpenApiRouter::default()
        .nest("/api/v1", v1)
        .merge(area("Tokens", oauth::routes()))
}

/// Every route for programs.
pub(crate) fn routes(app: &App) -> Router<App> {
    let (api, description) = described().split_for_parts();
    let document = openapi::document(&description);
    let bare_ones = Arc::new(openapi::without_parameters(&document));
    let document = document.to_string();
    let api = api
        .route_layer(middleware::from_fn_with_state(bare_ones, bare))
        .route_layer(middleware::from_fn_with_state(app.clone(), once::once))
        .route_layer(middleware::from_fn(known))
        .route(
            "/api/v1/openapi.json",
            get(async || ([(header::CONTENT_TYPE, "application/json")], document)),
        );
    Router::new()
        .route("/prometheus/api/v1/write", push(PushProtocol::RemoteWrite))
        .route("/otlp/v1/metrics", push(PushProtocol::Otlp))
        .route("/influx/api/v2/write", push(PushProtocol::Influx))
        .route("/influx/write", push(PushProtocol::InfluxV1))
        .merge(queries())
        .merge(api)
        .layer(middleware::from_fn(cached))
        .layer(axum::extract::DefaultBodyLimit::max(MOST_BYTES))
}

/// Says whether what was answered had been computed before.
async fn cached(request: Request, next: Next) -> Response {
    let (mut response, served) = service::watching(next.run(request)).await;
    if let Some(served) = served
        && response.status().is_success()
    {
        let served = HeaderValue::from_static(served.as_str());
        response.headers_mut().insert("x-cache", served);
    }
    response
}

/// Prometheus' HTTP API, so that Grafana takes Millrace for one.
fn queries() -> Router<App> {
    Router::new().nest(
        "/prometheus/api/v1",
        Router::new()
            .route("/query", question(Parameters::instant))
            .route("/query_range", question(Parameters::range))
            .route("/labels", question(Parameters::labels))
            .route("/label/{name}/values", get(prometheus::label_values))
            .route("/series", question(Parameters::series))
            .route("/metadata", question(Parameters::metadata))
            .route("/status/buildinfo", get(prometheus::build_info))
            .fallback(prometheus::not_there),
    )
}

/// What is open to everybody.
const OPEN: [&str; 2] = ["/api/v1/set-up", oauth::TOKEN];

/// Sends strangers away before anything of what they send is read.
async fn known(request: Request, next: Next) -> Response {
    let nobody = request
        .extensions()
        .get::<Caller>()
        .is_none_or(|caller| caller.who == Who::Nobody);
    if nobody && !OPEN.contains(&request.uri().path()) {
        return Failed::from(Error::Unauthenticated).into_response();
    }
    next.run(request).await
}

/// Refuses parameters where there are none, as [`extract::Params`] refuses those that it does not
/// know. The description says where there are none.
async fn bare(
    State(bare_ones): State<Arc<HashSet<(String, String)>>>,
    request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let first = form_urlencoded::parse(query.as_bytes()).next();
    let place = request.extensions().get::<MatchedPath>();
    if let (Some((name, _)), Some(place)) = (first, place) {
        // What answers GET answers HEAD.
        let method = match request.method().as_str() {
            "HEAD" => "get".to_owned(),
            method => method.to_lowercase(),
        };
        let place = place.as_str();
        // A method that is not there is refused for that.
        if bare_ones.contains(&(method, place.to_owned())) {
            let words = "There is no such parameter here.";
            return Failed::from(Error::field(&name, words)).into_response();
        }
    }
    next.run(request).await
}

/// All of the API's description, for the page that shows it.
fn description() -> serde_json::Value {
    openapi::document(&described().into_openapi())
}
