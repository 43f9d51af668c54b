//! Our own numbers for whoever scrapes `/metrics`: what requests cost, and what the process takes.
//!
//! Names are those that Prometheus' client libraries and its naming guide use, so that boards and
//! alerts which people have already fit.

mod text;
mod words;

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use metrics::Unit;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub(crate) use text::{own, process};

const REQUESTS: &str = "millrace_http_requests_total";
const DURATION: &str = "millrace_http_request_duration_seconds";
const UPLOADS: &str = "millrace_uploads_total";

/// Ends of the buckets of durations, in seconds: pages are near the fifth, a limit of 30 s ends all.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// What gathers them; for the whole process.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = builder()?.install_recorder()?;
    describe();
    metrics::gauge!("millrace_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// With the buckets of durations.
pub(crate) fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &SECONDS)
}

/// Gives the recorder what it says of its numbers.
fn describe() {
    for (name, what) in words::COUNTERS {
        metrics::describe_counter!(name, what);
    }
    for (name, what) in words::GAUGES {
        metrics::describe_gauge!(name, what);
    }
    let what = "From a request to the head of its answer, by route.";
    metrics::describe_histogram!(DURATION, Unit::Seconds, what);
}

/// Counts a request and how long it took.
pub(crate) async fn request(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    // What no route fits is a file or nothing: its address would be a label of the asker's making.
    let route = path.map_or("other", MatchedPath::as_str);
    // The number at the end of a server function's name changes with its arguments.
    let route = match route.strip_prefix("/api/v1") {
        Some(_) => route,
        None => route.trim_end_matches(|c: char| c.is_ascii_digit()),
    };
    let counting = Counting {
        method: request.method().as_str().to_owned(),
        route: route.to_owned(),
        begun: Instant::now(),
        status: None,
    };
    let response = next.run(request).await;
    counting.ends(response.status());
    response
}

/// A request that is being answered. It is counted when this ends, also where whoever asked has left
/// meanwhile, which ends the work without another word.
struct Counting {
    method: String,
    route: String,
    begun: Instant,
    status: Option<StatusCode>,
}

impl Counting {
    fn ends(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        let (method, route) = (
            std::mem::take(&mut self.method),
            std::mem::take(&mut self.route),
        );
        // A method that a route does not have is a label of the asker's making, too.
        let is_known = self.status != Some(StatusCode::METHOD_NOT_ALLOWED) && route != "other";
        let method = if is_known { method } else { "other".to_owned() };
        if self.status != Some(StatusCode::METHOD_NOT_ALLOWED) {
            metrics::histogram!(DURATION, "method" => method.clone(), "route" => route.clone())
                .record(self.begun.elapsed());
        }
        let status = self
            .status
            .map_or("gone".to_owned(), |status| status.as_str().to_owned());
        metrics::counter!(REQUESTS, "method" => method, "route" => route, "status" => status)
            .increment(1);
    }
}

/// Counts a file that somebody sent.
pub(crate) fn upload(taken: bool) {
    let outcome = if taken { "accepted" } else { "refused" };
    metrics::counter!(UPLOADS, "outcome" => outcome).increment(1);
}
