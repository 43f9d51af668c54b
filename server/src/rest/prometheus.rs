//! Metrics over HTTP: senders push in their own protocols, Grafana and others ask in PromQL.

use api::{Caller, MetricsProblem, MetricsQuestion, Push, PushAnswer, PushProtocol};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Problem;
use super::parameters::Parameters;
use crate::state::App;

/// `POST /prometheus/api/v1/write`: Prometheus remote-write.
pub(crate) async fn write(
    app: State<App>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    push(app, caller, &headers, None, PushProtocol::RemoteWrite, body).await
}

/// `POST /otlp/v1/metrics`: OpenTelemetry.
pub(crate) async fn otlp(
    app: State<App>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    push(app, caller, &headers, None, PushProtocol::Otlp, body).await
}

/// `POST /influx/api/v2/write`: line protocol.
pub(crate) async fn influx(
    app: State<App>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    push(app, caller, &headers, query, PushProtocol::Influx, body).await
}

/// `POST /influx/write`: line protocol, as InfluxDB 1 has it.
pub(crate) async fn influx_v1(
    app: State<App>,
    caller: Extension<Caller>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    push(app, caller, &headers, query, PushProtocol::InfluxV1, body).await
}

async fn push(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: &HeaderMap,
    query: Option<String>,
    protocol: PushProtocol,
    body: Bytes,
) -> Response {
    let text = |name: HeaderName| {
        let value = headers.get(name).and_then(|v| v.to_str().ok());
        value.map(str::to_owned)
    };
    let push = Push {
        protocol,
        content_type: text(header::CONTENT_TYPE),
        content_encoding: text(header::CONTENT_ENCODING),
        precision: Parameters::read(query.as_deref(), b"").last("precision"),
        body: body.into(),
    };
    match app.services.metrics.push(&caller, push).await {
        Ok(answer) => answered(answer),
        Err(error) => refused(error, &caller),
    }
}

fn answered(answer: PushAnswer) -> Response {
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
    response
}

fn refused(error: api::Error, caller: &Caller) -> Response {
    Problem {
        error,
        request_id: caller.request_id.clone(),
    }
    .into_response()
}

/// `GET|POST /prometheus/api/v1/query`: an expression at one instant.
pub(crate) async fn query(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let parameters = Parameters::read(query.as_deref(), &body);
    let question = parameters.instant();
    ask(&app, &caller, question).await
}

/// `GET|POST /prometheus/api/v1/query_range`: an expression at each step of a range.
pub(crate) async fn query_range(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let parameters = Parameters::read(query.as_deref(), &body);
    let question = parameters.range();
    ask(&app, &caller, question).await
}

/// `GET|POST /prometheus/api/v1/labels`: the names of labels.
pub(crate) async fn labels(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let matches = Parameters::read(query.as_deref(), &body).all("match[]");
    ask(&app, &caller, Ok(MetricsQuestion::Labels { matches })).await
}

/// `GET /prometheus/api/v1/label/{name}/values`: the values of a label.
pub(crate) async fn label_values(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let matches = Parameters::read(query.as_deref(), b"").all("match[]");
    let question = MetricsQuestion::LabelValues { name, matches };
    ask(&app, &caller, Ok(question)).await
}

/// `GET|POST /prometheus/api/v1/series`: the labels of series.
pub(crate) async fn series(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let matches = Parameters::read(query.as_deref(), &body).all("match[]");
    ask(&app, &caller, Ok(MetricsQuestion::Series { matches })).await
}

/// `GET /prometheus/api/v1/metadata`: what senders said about names.
pub(crate) async fn metadata(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let metric = Parameters::read(query.as_deref(), b"").last("metric");
    ask(&app, &caller, Ok(MetricsQuestion::Metadata { metric })).await
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
