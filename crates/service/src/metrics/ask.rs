//! PromQL over the metric store, and the lists that a data source's editor asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use api::{Caller, MetricsProblem, MetricsQuestion, Result, Stretch};
use query::{Engine, Query, QueryError, Select, SelectedSeries, Stop};
use serde_json::json;
use series::{Matcher, MetricKind, MetricMeta};
use store::StoreError;
use store::metrics::{
    EngineError, EvaluateError, Expression, Instants, Limits, MetricStore, ReadError, Selection,
    SeriesSamples, Span, When,
};
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::kept::is_settled;
use crate::Hub;
use crate::cache::Fresh;

/// The longest that a question may take.
const LONGEST: Duration = Duration::from_secs(30);
/// The most series that a list names.
const MOST_LISTED: usize = 100_000;

type Answered = std::result::Result<String, MetricsProblem>;

impl Hub {
    pub(crate) async fn answer(
        &self,
        caller: &Caller,
        question: MetricsQuestion,
    ) -> Result<Answered> {
        let store = self.metric_store()?.clone();
        let now_ms = self.now_ms();
        let answered = match question {
            MetricsQuestion::Instant { query, at_ms } => {
                let at_ms = at_ms.unwrap_or(now_ms);
                if let Some(answer) = there(&*store, &query, When::At(at_ms)).await {
                    answer
                } else {
                    let answer = run_apart(store, move |engine, samples, stop| {
                        engine.instant(&query, at_ms, samples, stop)
                    });
                    said(answer.await).map(|(answer, _)| answer)
                }
            }
            MetricsQuestion::Range {
                query,
                from_ms,
                to_ms,
                step_ms,
            } => {
                let times = (from_ms, to_ms, step_ms);
                let key = self.past_key("range", &query, times).await;
                let ask = || over_a_range(store.clone(), query.clone(), times, now_ms);
                self.cache.get(key, ask).await
            }
            MetricsQuestion::Labels { matches, within } => {
                let key = self.names_key("labels", &matches, within).await;
                let ask = || async {
                    let names = label_names(&*store, &matches, span(within)).await;
                    names.map(Fresh::Keep)
                };
                self.cache.get(key, ask).await
            }
            MetricsQuestion::LabelValues {
                name,
                matches,
                within,
            } => {
                let key = self.names_key("label values", &matches, within).await;
                let key = key.map(|key| key.with(&name));
                let ask = || async {
                    let values = label_values(&*store, &name, &matches, span(within)).await;
                    values.map(Fresh::Keep)
                };
                self.cache.get(key, ask).await
            }
            MetricsQuestion::Series { matches, within } => {
                let key = self.names_key("series", &matches, within).await;
                let ask = || async {
                    listed(&*store, &matches, span(within))
                        .await
                        .map(Fresh::Keep)
                };
                self.cache.get(key, ask).await
            }
            MetricsQuestion::Metadata { metric, limit } => {
                let key = self
                    .names_key("metadata", metric.as_slice(), Stretch::default())
                    .await;
                let most = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
                let key = key.map(|key| key.with_number(most));
                let ask = || async {
                    let known = metadata(&*store, metric.as_deref(), limit).await;
                    Ok(Fresh::Keep(known))
                };
                self.cache.get(key, ask).await
            }
        };
        if let Err(problem) = &answered
            && problem.status >= 500
        {
            tracing::warn!(
                request_id = caller.request_id,
                message = problem.message,
                "a question to the metrics was not answered"
            );
        }
        Ok(answered)
    }
}

/// An answer as JSON, with the newest instant that it depends on.
fn said(answer: Evaluated) -> std::result::Result<(String, i64), MetricsProblem> {
    answer
        .map(|(answer, newest_ms)| (answer.to_json(), newest_ms))
        .map_err(|error| problem(&error))
}

/// An expression at each step of a range; kept where it depends on nothing that is news.
async fn over_a_range(
    store: Arc<dyn MetricStore>,
    query: String,
    times: (i64, i64, i64),
    now_ms: i64,
) -> std::result::Result<Fresh<String>, MetricsProblem> {
    let (from_ms, to_ms, step_ms) = times;
    let when = When::Range {
        from_ms,
        to_ms,
        step_ms,
    };
    if let Some(answer) = there(&*store, &query, when).await {
        return answer.map(Fresh::Once);
    }
    let answer = run_apart(store, move |engine, samples, stop| {
        engine.range(&query, times, samples, stop)
    });
    let (answer, newest_ms) = said(answer.await)?;
    Ok(Fresh::keep_if(is_settled(newest_ms, now_ms), answer))
}

/// The answer of who keeps the samples, if that is who evaluates.
async fn there(store: &dyn MetricStore, query: &str, when: When) -> Option<Answered> {
    let expression = Expression {
        text: query.to_owned(),
        when,
    };
    let answer = store.evaluate(&expression).await?;
    Some(answer.map_err(|error| match error {
        EvaluateError::Refused {
            status,
            kind,
            message,
        } => MetricsProblem {
            status,
            kind,
            message,
        },
        EvaluateError::Read(error) => unread(&error),
        other => MetricsProblem {
            status: 500,
            kind: "internal",
            message: other.to_string(),
        },
    }))
}

/// What was asked is too much or not to be asked, or nobody answers.
fn unread(error: &ReadError) -> MetricsProblem {
    let (status, kind) = match error {
        ReadError::Stopped | ReadError::Store(StoreError::Engine(EngineError::TimedOut { .. })) => {
            (503, "timeout")
        }
        ReadError::Store(StoreError::Engine(EngineError::TooLarge { .. })) => (422, "execution"),
        ReadError::Store(StoreError::Engine(_) | StoreError::Unavailable(_)) => {
            (503, "unavailable")
        }
        ReadError::Store(_) => (500, "internal"),
        _ => (422, "execution"),
    };
    MetricsProblem {
        status,
        kind,
        message: error.to_string(),
    }
}

fn problem(error: &QueryError) -> MetricsProblem {
    if let QueryError::Storage(cause) = error
        && let Some(cause) = cause.downcast_ref::<ReadError>()
    {
        return unread(cause);
    }
    MetricsProblem {
        status: error.status(),
        kind: error.error_type(),
        message: error.to_string(),
    }
}

/// What an expression gave, and the newest instant of which samples were asked for; the least there is
/// where none were.
type Evaluated = std::result::Result<(query::Answer, i64), QueryError>;

/// Runs an evaluation where it holds nobody up; it ends when nobody waits for it any more.
///
/// # Errors
/// As the evaluation; one that broke off is an `Execution` error.
pub(super) async fn run_apart<F>(store: Arc<dyn MetricStore>, run: F) -> Evaluated
where
    F: FnOnce(
            &Engine,
            &Stored,
            &dyn Fn() -> Option<Stop>,
        ) -> std::result::Result<query::Answer, QueryError>
        + Send
        + 'static,
{
    let cancelled = CancellationToken::new();
    let guard: DropGuard = cancelled.clone().drop_guard();
    let handle = Handle::current();
    let work = tokio::task::spawn_blocking(move || {
        let until = Instant::now() + LONGEST;
        let samples = Stored {
            store,
            handle,
            cancelled: cancelled.clone(),
            until,
            newest_ms: AtomicI64::new(i64::MIN),
        };
        let stop = move || {
            if cancelled.is_cancelled() {
                Some(Stop::Cancelled)
            } else {
                (Instant::now() > until).then_some(Stop::TimedOut)
            }
        };
        let engine = Engine::default();
        let answer = run(&engine, &samples, &stop);
        answer.map(|answer| (answer, samples.newest_ms.load(Ordering::Relaxed)))
    });
    let answered = work.await;
    drop(guard);
    answered.unwrap_or_else(|_| {
        let message = "The evaluation broke off. Please report the expression.";
        Err(QueryError::Execution(message.into()))
    })
}

/// The store as an evaluation reads it.
pub(super) struct Stored {
    store: Arc<dyn MetricStore>,
    handle: Handle,
    cancelled: CancellationToken,
    until: Instant,
    /// The newest instant of which samples were asked for.
    newest_ms: AtomicI64,
}

impl query::Samples for Stored {
    type Error = ReadError;

    fn select(&self, wanted: &Select<'_>) -> std::result::Result<Vec<SelectedSeries>, ReadError> {
        let selection = Selection {
            matchers: wanted.matchers.to_vec(),
            from_ms: wanted.from_ms,
            to_ms: wanted.to_ms,
            at: (wanted.range_ms == 0).then_some(Instants {
                first_ms: wanted.first_ms,
                step_ms: wanted.step_ms,
            }),
            limits: Limits {
                samples: wanted.max_samples,
                ..Limits::default()
            },
        };
        self.newest_ms.fetch_max(wanted.to_ms, Ordering::Relaxed);
        // An engine may take its time; who has left or run out of time does not wait for it.
        let found = self.handle.block_on(async {
            tokio::select! {
                found = self.store.select(&selection) => found,
                () = self.cancelled.cancelled() => Err(ReadError::Stopped),
                () = tokio::time::sleep_until(self.until.into()) => Err(ReadError::Stopped),
            }
        })?;
        Ok(found.into_iter().map(columns).collect())
    }
}

fn columns((labels, samples): SeriesSamples) -> SelectedSeries {
    let (at_ms, values) = samples.iter().map(|s| (s.at_ms, s.value)).unzip();
    SelectedSeries {
        labels,
        at_ms,
        values,
    }
}

/// The matchers of each `match[]`; one empty set where there is none.
fn selectors(matches: &[String]) -> std::result::Result<Vec<Vec<Matcher>>, MetricsProblem> {
    if matches.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    let mut out = Vec::new();
    for text in matches {
        let query = Query::parse(text).map_err(|error| problem(&error))?;
        if !query.is_selector() {
            return Err(MetricsProblem {
                status: 400,
                kind: "bad_data",
                message: format!(
                    "invalid parameter \"match[]\": \"{text}\" is no selector, such as up{{job=\"a\"}}"
                ),
            });
        }
        out.extend(query.selectors().into_iter().map(<[Matcher]>::to_vec));
    }
    Ok(out)
}

/// When series have to have samples; nothing where they are named whenever they had some.
fn span(within: Stretch) -> Option<Span> {
    (within != Stretch::default()).then(|| Span {
        from_ms: within.from_ms.unwrap_or(i64::MIN),
        to_ms: within.to_ms.unwrap_or(i64::MAX),
    })
}

async fn label_names(
    store: &dyn MetricStore,
    matches: &[String],
    within: Option<Span>,
) -> Answered {
    let mut names = BTreeSet::new();
    for matchers in selectors(matches)? {
        let found = store.label_names(&matchers, within).await;
        names.extend(found.map_err(|error| unread(&error))?);
    }
    Ok(json!(names).to_string())
}

async fn label_values(
    store: &dyn MetricStore,
    name: &str,
    matches: &[String],
    within: Option<Span>,
) -> Answered {
    let mut values = BTreeSet::new();
    for matchers in selectors(matches)? {
        let found = store.label_values(name, &matchers, within).await;
        values.extend(found.map_err(|error| unread(&error))?);
    }
    Ok(json!(values).to_string())
}

async fn listed(store: &dyn MetricStore, matches: &[String], within: Option<Span>) -> Answered {
    if matches.is_empty() {
        return Err(MetricsProblem {
            status: 400,
            kind: "bad_data",
            message: "no match[] parameter provided".into(),
        });
    }
    let mut found = BTreeSet::new();
    for matchers in selectors(matches)? {
        let series = store.series(&matchers, within, MOST_LISTED).await;
        found.extend(series.map_err(|error| unread(&error))?);
    }
    let found: Vec<BTreeMap<&str, &str>> = found
        .iter()
        .map(|labels| labels.as_ref().iter().collect())
        .collect();
    Ok(json!(found).to_string())
}

async fn metadata(store: &dyn MetricStore, metric: Option<&str>, limit: Option<usize>) -> String {
    let known = store.metadata().await;
    let known = known
        .into_iter()
        .filter(|meta| metric.is_none_or(|name| name == meta.name));
    let known: BTreeMap<String, serde_json::Value> = known
        .map(|meta| {
            let described = described(&meta);
            (meta.name, described)
        })
        .collect();
    let most = limit.unwrap_or(usize::MAX);
    let known: BTreeMap<_, _> = known.into_iter().take(most).collect();
    json!(known).to_string()
}

fn described(meta: &MetricMeta) -> serde_json::Value {
    let kind = match meta.kind {
        MetricKind::Unknown => "unknown",
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
        MetricKind::GaugeHistogram => "gaugehistogram",
        MetricKind::Summary => "summary",
        MetricKind::Info => "info",
        MetricKind::StateSet => "stateset",
    };
    json!([{ "type": kind, "unit": meta.unit, "help": meta.help }])
}
