//! Our own numbers for whoever scrapes `/metrics`: what requests cost, and what the process takes.
//!
//! Names are those that Prometheus' client libraries and its naming guide use, so that boards and
//! alerts which people have already fit.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::Unit;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

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

/// What grows, each with what it says.
const COUNTERS: [(&str, &str); 13] = [
    (
        REQUESTS,
        "Requests that were answered, by route and status.",
    ),
    (UPLOADS, "Files that people sent, by outcome."),
    (
        "millrace_database_commits_total",
        "Transactions that PostgreSQL committed.",
    ),
    (
        "millrace_database_rollbacks_total",
        "Transactions that PostgreSQL rolled back.",
    ),
    (
        "millrace_database_deadlocks_total",
        "Deadlocks that PostgreSQL ended.",
    ),
    (
        "millrace_samples_total",
        "Samples that came in, by outcome.",
    ),
    (
        "millrace_samples_refused_total",
        "Samples that were refused, by reason.",
    ),
    ("millrace_alerts_total", "Alerts that Alertmanager sent."),
    (
        "millrace_scrapes_total",
        "Looks at scraped targets, by outcome.",
    ),
    (
        "millrace_requests_refused_total",
        "Requests that came too often, by limit.",
    ),
    ("millrace_cache_hits_total", "Answers that were kept."),
    (
        "millrace_cache_misses_total",
        "Answers that had to be computed.",
    ),
    (
        "millrace_cache_invalidations_total",
        "Times that all answers of an area became stale.",
    ),
];

/// What goes up and down, each with what it says.
const GAUGES: [(&str, &str); 25] = [
    ("millrace_build_info", "1, with the version that runs."),
    (
        "millrace_active_users",
        "People who used a session within a quarter of an hour.",
    ),
    ("millrace_database_bytes", "What the database takes."),
    (
        "millrace_database_answer_seconds",
        "How long the simplest question took just now.",
    ),
    ("millrace_database_pool_open", "Connections of this server."),
    ("millrace_database_pool_busy", "Those that are in use."),
    ("millrace_database_pool_most", "The most there may be."),
    (
        "millrace_database_free_bytes",
        "What is free in SQLite's file.",
    ),
    ("millrace_database_log_bytes", "SQLite's write-ahead log."),
    (
        "millrace_database_connections",
        "Connections of everybody to PostgreSQL.",
    ),
    (
        "millrace_database_max_connections",
        "The most that PostgreSQL takes.",
    ),
    (
        "millrace_database_cache_hit_ratio",
        "Share of blocks that PostgreSQL had in memory.",
    ),
    (
        "millrace_database_longest_transaction_seconds",
        "How long the oldest transaction of others has been open.",
    ),
    (
        "millrace_database_follower_behind_bytes",
        "What the last of the followers has not replayed yet.",
    ),
    (
        "millrace_database_follower_behind_seconds",
        "How long ago that was written.",
    ),
    ("millrace_jobs", "Jobs of the queue, by kind and state."),
    ("millrace_models", "Models in use."),
    ("millrace_model_drifted", "Models whose error has drifted."),
    (
        "millrace_model_behind_naive",
        "Models that do not beat the naive forecast.",
    ),
    (
        "millrace_model_held",
        "Models that a person holds in place.",
    ),
    (
        "millrace_model_error_ratio",
        "Error of the models in use over the naive forecast's, in back-tests.",
    ),
    (
        "millrace_model_coverage",
        "Share of values within a band, by band in percent.",
    ),
    (
        "millrace_model_live_error",
        "Error of forecasts on values that came since.",
    ),
    ("millrace_cache_entries", "Answers that are kept."),
    ("millrace_cache_bytes", "Memory of answers that are kept."),
];

fn describe() {
    for (name, what) in COUNTERS {
        metrics::describe_counter!(name, what);
    }
    for (name, what) in GAUGES {
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
    let route = route.to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    };
    let method = method.to_owned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    metrics::histogram!(DURATION, "method" => method.clone(), "route" => route.clone())
        .record(begun.elapsed());
    metrics::counter!(REQUESTS, "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// Counts a file that somebody sent.
pub(crate) fn upload(taken: bool) {
    let outcome = if taken { "accepted" } else { "refused" };
    metrics::counter!(UPLOADS, "outcome" => outcome).increment(1);
}

/// What this process takes, as lines of the text format. Where the system does not tell, lines are
/// left out. Not through the recorder: its counters are whole numbers, and seconds of CPU are not.
pub(crate) fn process() -> String {
    static SYSTEM: Mutex<Option<System>> = Mutex::new(None);
    let mut text = String::new();
    let Ok(mut held) = SYSTEM.lock() else {
        return text;
    };
    if held.is_none() {
        *held = System::new().ok();
    }
    let own = Pid::from_u32(std::process::id());
    let Some(process) = held.as_mut().and_then(|system| {
        let what = ProcessRefreshKind::nothing().with_memory().with_cpu();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
        system.process(own)
    }) else {
        return text;
    };
    let mut line = |name: &str, kind: &str, help: &str, value: f64| {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n"
        );
    };
    let seconds = process.accumulated_cpu_time() as f64 / 1_000.0;
    let (memory, virtual_memory) = (process.memory() as f64, process.virtual_memory() as f64);
    line(
        "process_cpu_seconds_total",
        "counter",
        "CPU time that this process has spent.",
        seconds,
    );
    line(
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory of this process.",
        memory,
    );
    line(
        "process_virtual_memory_bytes",
        "gauge",
        "Virtual memory of this process.",
        virtual_memory,
    );
    let started = process.start_time() as f64;
    line(
        "process_start_time_seconds",
        "gauge",
        "When this process was started, in seconds since 1970.",
        started,
    );
    if let Some(open) = process.open_files() {
        line(
            "process_open_fds",
            "gauge",
            "Files that this process has open.",
            open as f64,
        );
    }
    if let Some(most) = process.open_files_limit() {
        line(
            "process_max_fds",
            "gauge",
            "Most files that it may have open.",
            most as f64,
        );
    }
    text
}
