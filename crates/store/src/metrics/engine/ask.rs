//! Questions to an engine's query API: expressions, labels, series, what it knows of names.
//!
//! <https://prometheus.io/docs/prometheus/latest/querying/api/>

use std::collections::BTreeMap;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use series::{Labels, Matcher, MetricKind, MetricMeta};
use tokio::sync::SemaphorePermit;

use super::EngineStore;
use super::error::{EngineError, words};
use super::http::{self, Ask};
use super::selector;
use crate::metrics::{EvaluateError, Expression, ReadError, Span, When};

/// The most bytes of an answer that is held in memory.
const MOST_ANSWER: usize = 64 << 20;
/// The most names whose metadata is asked for.
const MOST_NAMES: usize = 20_000;
/// Later than 1970: VictoriaMetrics takes 0 for "not said", which is today.
const BEGINNING: &str = "1";

/// What every answer is in ("Format overview").
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    status: &'a str,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
}

/// What a name is, in the engine's words.
#[derive(Deserialize)]
struct About {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    unit: String,
}

impl EngineStore {
    /// Has the engine evaluate an expression: the `data` of its answer, as JSON.
    pub(super) async fn ask(&self, expression: &Expression) -> Result<String, EvaluateError> {
        let query = ("query", expression.text.clone());
        let longest = ("timeout", format!("{}s", self.longest.as_secs()));
        let _turn = self.turn().await?;
        let response = match expression.when {
            When::At(at_ms) => {
                let form = [query, longest, ("time", seconds(at_ms))];
                self.form("/api/v1/query", &form).await?
            }
            When::Range {
                from_ms,
                to_ms,
                step_ms,
            } => {
                let (start, end) = (seconds(from_ms), seconds(to_ms));
                let step = ("step", seconds(step_ms));
                let form = [query, longest, ("start", start), ("end", end), step];
                self.form("/api/v1/query_range", &form).await?
            }
        };
        let status = response.status().as_u16();
        let body = self.body(response).await?;
        match serde_json::from_slice::<Envelope<'_>>(&body) {
            Ok(Envelope {
                status: "success",
                data: Some(data),
                ..
            }) => Ok(data.get().to_owned()),
            // Of 401 and its like somebody else has to hear than who asked.
            Ok(said) if said.status == "error" && !matches!(status, 401 | 403 | 404) => {
                Err(EvaluateError::Refused {
                    status,
                    kind: error_type(&said.error_type),
                    message: said.error,
                })
            }
            _ if status == 200 => Err(self.unreadable("it is not what its query API promises"))?,
            _ => Err(http::status(&self.address.query, status, &body))?,
        }
    }

    pub(super) async fn names_of(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError> {
        self.list("/api/v1/labels", matchers, within).await
    }

    pub(super) async fn values_of(
        &self,
        name: &str,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError> {
        // The name is a part of the path: nothing but such a name may lead somewhere else.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-');
        let leads_away = name.chars().all(|c| c == '.');
        if leads_away || !name.chars().all(plain) {
            let words = format!("{name:?} is no name of a label that an engine can be asked for");
            return Err(ReadError::Refused(words));
        }
        let path = format!("/api/v1/label/{name}/values");
        self.list(&path, matchers, within).await
    }

    async fn list(
        &self,
        path: &str,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError> {
        let mut form = between(within);
        if !matchers.is_empty() {
            form.push(("match[]", selector::text(self.address.kind, matchers)));
        }
        let mut names: Vec<String> = self.data(path, &form).await?;
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    pub(super) async fn labels_of(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
        limit: usize,
    ) -> Result<Vec<Labels>, ReadError> {
        let mut form = between(within);
        form.push(("match[]", selector::text(self.address.kind, matchers)));
        // Not known to every version; the cap of the answer holds with all.
        form.push(("limit", limit.saturating_add(1).to_string()));
        let found: Vec<BTreeMap<String, String>> = self.data("/api/v1/series", &form).await?;
        if found.len() > limit {
            return Err(ReadError::TooManySeries {
                found: found.len(),
                limit,
            });
        }
        let labels = found
            .iter()
            .map(|pairs| Labels::new(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))));
        let labels: Result<Vec<Labels>, _> = labels.collect();
        let mut labels = labels.map_err(|_| self.unreadable("a series of it has wrong labels"))?;
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }

    /// What the engine knows of names; of several words on one name the first.
    pub(super) async fn about_names(&self) -> Result<Vec<MetricMeta>, ReadError> {
        let form = [
            ("limit", MOST_NAMES.to_string()),
            ("limit_per_metric", "1".to_owned()),
        ];
        let found: BTreeMap<String, Vec<About>> = self.data("/api/v1/metadata", &form).await?;
        let known = found.into_iter().filter_map(|(name, about)| {
            let first = about.into_iter().next()?;
            Some(MetricMeta {
                name,
                kind: kind_of(&first.kind),
                unit: first.unit,
                help: first.help,
            })
        });
        Ok(known.collect())
    }

    /// Whether the query API answers and takes the credentials.
    pub(super) async fn check_query(&self) -> Result<(), ReadError> {
        let form = [("query", "1".to_owned())];
        let _: serde::de::IgnoredAny = self.data("/api/v1/query", &form).await?;
        Ok(())
    }

    /// The `data` of an answer.
    async fn data<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&str, String)],
    ) -> Result<T, ReadError> {
        let _turn = self.turn().await?;
        let response = self.form(path, form).await?;
        let response = self.must_succeed(response).await?;
        let body = self.body(response).await?;
        let data = serde_json::from_slice::<Envelope<'_>>(&body)
            .ok()
            .and_then(|answer| serde_json::from_str(answer.data?.get()).ok());
        data.ok_or_else(|| self.unreadable("it is not what its query API promises"))
    }

    /// Sends a form to a path of the query API: by POST, which takes long selectors, where Prometheus
    /// knows it for that path.
    pub(super) async fn form(
        &self,
        path: &str,
        form: &[(&str, String)],
    ) -> Result<Response, EngineError> {
        let mut text = String::new();
        for (name, value) in form {
            if !text.is_empty() {
                text.push('&');
            }
            encode(name, &mut text);
            text.push('=');
            encode(value, &mut text);
        }
        let endpoint = &self.address.query;
        let mut ask = Ask {
            endpoint,
            url: endpoint.at(path),
            headers: HeaderMap::new(),
            body: None,
            longest: self.longest,
        };
        if path.ends_with("/values") || path.ends_with("/metadata") {
            ask.url.set_query(Some(&text));
        } else {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            ask.headers.insert(CONTENT_TYPE, kind);
            ask.body = Some(text.into_bytes());
        }
        http::send(&self.client, &self.read_breaker, ask).await
    }

    /// The answer if it is one; the engine's words otherwise.
    pub(super) async fn must_succeed(&self, response: Response) -> Result<Response, ReadError> {
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = http::refusal(response).await;
        let said = serde_json::from_slice::<Envelope<'_>>(&body);
        match (status, said) {
            // The question is at fault: too much, or a selector that it does not know.
            (400 | 422, Ok(said)) => Err(ReadError::Refused(words(said.error.as_bytes()))),
            (400 | 422, Err(_)) => Err(ReadError::Refused(words(&body))),
            _ => Err(http::status(&self.address.query, status, &body).into()),
        }
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, EngineError> {
        http::whole(&self.address.query, self.longest, response, MOST_ANSWER).await
    }

    /// Waits for one of the turns that readers have.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, EngineError> {
        http::turn(&self.reads, &self.address.query, self.longest).await
    }
}

/// When series have to have samples; everything since the beginning where nothing is said.
fn between(within: Option<Span>) -> Vec<(&'static str, String)> {
    let from_ms = within.map_or(0, |span| span.from_ms);
    let start = if from_ms < 1_000 {
        BEGINNING.to_owned()
    } else {
        seconds(from_ms)
    };
    let end = within.map(|span| span.to_ms).filter(|to| *to < i64::MAX);
    let mut form = vec![("start", start)];
    form.extend(end.map(|to_ms| ("end", seconds(to_ms))));
    form
}

/// An instant or a length in seconds, to the millisecond.
pub(super) fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1000, ms % 1000)
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5.2).
fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                let digit = HEX.get(usize::from(half)).copied().unwrap_or(b'0');
                out.push(char::from(digit));
            }
        }
    }
}

/// The `errorType` of the HTTP API that it is, or what comes next to it.
fn error_type(said: &str) -> &'static str {
    const KNOWN: [&str; 6] = [
        "bad_data",
        "execution",
        "timeout",
        "canceled",
        "internal",
        "unavailable",
    ];
    let known = KNOWN.iter().find(|known| **known == said);
    known.copied().unwrap_or("execution")
}

fn kind_of(name: &str) -> MetricKind {
    match name {
        "counter" => MetricKind::Counter,
        "gauge" => MetricKind::Gauge,
        "histogram" => MetricKind::Histogram,
        "gaugehistogram" => MetricKind::GaugeHistogram,
        "summary" => MetricKind::Summary,
        "info" => MetricKind::Info,
        "stateset" => MetricKind::StateSet,
        _ => MetricKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_seconds_with_their_milliseconds() {
        assert_eq!(seconds(1_700_000_000_005), "1700000000.005");
        assert_eq!(seconds(-1_500), "-1.500");
        assert_eq!(seconds(0), "0.000");
    }

    #[test]
    fn a_form_holds_any_text() {
        let mut out = String::new();
        encode("up{a=\"é&+ \"}", &mut out);
        assert_eq!(out, "up%7Ba%3D%22%C3%A9%26%2B%20%22%7D");
    }
}
