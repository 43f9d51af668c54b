//! Metrics over HTTP: senders push in their own protocols, Grafana and others ask in PromQL.

use api::{Caller, MetricsProblem, MetricsQuestion, Push, PushAnswer, PushProtocol};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Deserialize;

use super::Problem;
use super::parameters::Parameters;
use super::problem::Spoken;
use crate::state::App;

/// What Influx says in the address; Prometheus and OpenTelemetry say nothing there.
#[derive(Deserialize)]
struct Written {
    precision: Option<String>,
}

/// Where senders of one protocol push.
pub(crate) fn push(protocol: PushProtocol) -> MethodRouter<App> {
    post(
        move |State(app): State<App>,
              Extension(caller): Extension<Caller>,
              Query(written): Query<Written>,
              headers: HeaderMap,
              body: Bytes| async move {
            let text = |name: HeaderName| {
                let value = headers.get(name).and_then(|v| v.to_str().ok());
                value.map(str::to_owned)
            };
            let push = Push {
                protocol,
                content_type: text(header::CONTENT_TYPE),
                content_encoding: text(header::CONTENT_ENCODING),
                precision: written.precision,
                body: body.into(),
            };
            match app.services.metrics.push(&caller, push).await {
                Ok(answer) => answered(answer),
                Err(error) => refused(error, &caller),
            }
        },
    )
}

/// An answer in the words of its sender's protocol.
pub(super) fn answered(answer: PushAnswer) -> Response {
    metrics::counter!("millrace_samples_total", "outcome" => "accepted").increment(answer.accepted);
    for (reason, count) in answer.refused {
        metrics::counter!("millrace_samples_refused_total", "reason" => reason).increment(count);
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::NO_CONTENT {
        headers.remove(header::CONTENT_TYPE);
    } else {
        let kind = HeaderValue::from_static(answer.content_type);
        headers.insert(header::CONTENT_TYPE, kind);
    }
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response.extensions_mut().insert(Spoken);
    response
}

fn refused(error: api::Error, caller: &Caller) -> Response {
    Problem {
        error,
        request_id: caller.request_id.clone(),
    }
    .into_response()
}

/// A question whose parameters say all of it, asked by GET or by POST.
pub(crate) fn question(
    read: fn(&Parameters) -> Result<MetricsQuestion, MetricsProblem>,
) -> MethodRouter<App> {
    let handler =
        move |State(app): State<App>,
              Extension(caller): Extension<Caller>,
              parameters: Parameters| async move { ask(&app, &caller, read(&parameters)).await };
    get(handler).post(handler)
}

/// `GET /prometheus/api/v1/label/{name}/values`: the values of a label.
pub(crate) async fn label_values(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Response {
    ask(&app, &caller, parameters.label_values(name)).await
}

/// `GET /prometheus/api/v1/status/buildinfo`: what answers. Grafana chooses its dialect by the version.
pub(crate) async fn build_info() -> Response {
    let data = serde_json::json!({
        "version": "2.42.0",
        "revision": env!("CARGO_PKG_VERSION"),
        "branch": "millrace",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    success(&data.to_string())
}

/// What else Prometheus has under `/api/v1` and Millrace has not: clients read an answer of it as JSON.
pub(crate) async fn not_there(uri: Uri) -> Response {
    failure(&MetricsProblem {
        status: 404,
        kind: "not_found",
        message: format!(
            "Nothing is at {}: Millrace answers query, query_range, labels, label/NAME/values, series, metadata and status/buildinfo.",
            uri.path()
        ),
    })
}

async fn ask(
    app: &App,
    caller: &Caller,
    question: Result<MetricsQuestion, MetricsProblem>,
) -> Response {
    let question = match question {
        Ok(question) => question,
        Err(problem) => return failure(&problem),
    };
    match app.services.metrics.ask(caller, question).await {
        Ok(Ok(data)) => success(&data),
        Ok(Err(problem)) => failure(&problem),
        Err(error) => refused(error, caller),
    }
}

fn success(data: &str) -> Response {
    json(
        StatusCode::OK,
        format!("{{\"status\":\"success\",\"data\":{data}}}"),
    )
}

fn failure(problem: &MetricsProblem) -> Response {
    let body = serde_json::json!({
        "status": "error",
        "errorType": problem.kind,
        "error": problem.message,
    });
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, body.to_string())
}

fn json(status: StatusCode, body: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
