//! An expression as curves for a chart.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Curve, Curves, Error, Instant, MOST_CURVES, Point, Range, Result};
use query::{Answer, QueryError, RangeSeries};
use serde::Deserialize;
use series::{Labels, MetricSample};
use store::metrics::{EvaluateError, Expression, MetricStore, ReadError, When};

use super::ask::run_apart;
use super::kept::is_settled;
use crate::Hub;
use crate::cache::Fresh;

/// As many points as a chart has room for.
const POINTS: i64 = 300;
const NO_CURVE: &str = "This expression is a text and has no curve.";

impl Hub {
    pub(crate) async fn draw(&self, expression: &str, range: Range) -> Result<Curves> {
        let text = expression.trim().to_owned();
        if text.is_empty() {
            return Err(Error::field("q", "Write an expression, such as `up`."));
        }
        let (from_ms, to_ms) = (ms(range.from), ms(range.to));
        let step_ms = step_ms(to_ms.saturating_sub(from_ms));
        // The last step is the end: what came in a moment ago is seen.
        let steps = to_ms.saturating_sub(from_ms).div_euclid(step_ms);
        let from_ms = to_ms.saturating_sub(steps.saturating_mul(step_ms));
        let times = (from_ms, to_ms, step_ms);
        let key = self.past_key("curves", &text, times).await;
        // Two ranges may end within one millisecond.
        let key = key.map(|key| key.with_number(range.from.0).with_number(range.to.0));
        let (store, now_ms) = (self.metric_store()?, self.now_ms());
        let draw = || drawn(store, text.clone(), range, times, now_ms);
        self.cache.get(key, draw).await
    }
}

async fn drawn(
    store: &Arc<dyn MetricStore>,
    text: String,
    range: Range,
    times: (i64, i64, i64),
    now_ms: i64,
) -> Result<Fresh<Curves>> {
    let (mut series, newest_ms) = evaluated_until(store, text, times).await?;
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    let total = u32::try_from(series.len()).unwrap_or(u32::MAX);
    series.truncate(MOST_CURVES);
    let curves = Curves {
        range,
        step_seconds: times.2 as f64 / 1_000.0,
        curves: series
            .into_iter()
            .map(|series| curve(&series, times))
            .collect(),
        total,
    };
    Ok(Fresh::keep_if(is_settled(newest_ms, now_ms), curves))
}

/// The series that an expression gives between two instants and at them, a value each step; all in
/// milliseconds.
///
/// # Errors
/// Of the field `q` where the expression is at fault, `Unavailable` where the metrics are.
pub(crate) async fn evaluated(
    store: &Arc<dyn MetricStore>,
    text: String,
    times: (i64, i64, i64),
) -> Result<Vec<RangeSeries>> {
    let (series, _) = evaluated_until(store, text, times).await?;
    Ok(series)
}

/// The same, with the newest instant that it depends on.
async fn evaluated_until(
    store: &Arc<dyn MetricStore>,
    text: String,
    (from_ms, to_ms, step_ms): (i64, i64, i64),
) -> Result<(Vec<RangeSeries>, i64)> {
    let when = When::Range {
        from_ms,
        to_ms,
        step_ms,
    };
    let expression = Expression { text, when };
    if let Some(answer) = store.evaluate(&expression).await {
        // Nobody here knows what it depends on.
        return Ok((matrix(&answer.map_err(refused)?)?, i64::MAX));
    }
    let text = expression.text;
    let answer = run_apart(store.clone(), move |engine, samples, stop| {
        engine.range(&text, (from_ms, to_ms, step_ms), samples, stop)
    });
    match answer.await.map_err(said)? {
        (Answer::Matrix(series), newest_ms) => Ok((series, newest_ms)),
        _ => Err(Error::field("q", NO_CURVE)),
    }
}

fn said(error: QueryError) -> Error {
    match error {
        QueryError::Storage(cause) => match cause.downcast::<ReadError>() {
            Ok(cause) => unread(*cause),
            Err(_) => unreadable(),
        },
        QueryError::Cancelled => unreadable(),
        error => Error::field("q", error.to_string()),
    }
}

/// Why who keeps the samples has no answer.
fn refused(error: EvaluateError) -> Error {
    match error {
        EvaluateError::Refused { message, .. } => Error::field("q", message),
        EvaluateError::Read(error) => unread(error),
        _ => unreadable(),
    }
}

pub(crate) fn unread(error: ReadError) -> Error {
    match error {
        ReadError::Store(error) => {
            tracing::warn!(%error, "the metrics could not be read");
            unreadable()
        }
        error => Error::field("q", error.to_string()),
    }
}

fn unreadable() -> Error {
    Error::Unavailable {
        message: "The metrics could not be read. Try again in a moment.".into(),
    }
}

/// An answer of Prometheus' HTTP API ("Range vectors").
#[derive(Deserialize)]
struct Matrix {
    #[serde(rename = "resultType")]
    kind: String,
    result: Vec<MatrixSeries>,
}

#[derive(Deserialize)]
struct MatrixSeries {
    metric: BTreeMap<String, String>,
    /// Seconds since 1970, and a number as text.
    #[serde(default)]
    values: Vec<(f64, String)>,
}

fn matrix(answer: &str) -> Result<Vec<RangeSeries>> {
    let read: Option<Matrix> = serde_json::from_str(answer).ok();
    let Some(read) = read.filter(|read| read.kind == "matrix") else {
        return Err(Error::field("q", NO_CURVE));
    };
    let series = read.result.into_iter().filter_map(|series| {
        let pairs = series.metric.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let samples = series.values.iter().filter_map(|(seconds, value)| {
            #[expect(clippy::cast_possible_truncation, reason = "instants fit many times")]
            let at_ms = (seconds * 1_000.0).round() as i64;
            let value = value.parse().ok()?;
            Some(MetricSample { at_ms, value })
        });
        Some(RangeSeries {
            labels: Labels::new(pairs).ok()?,
            samples: samples.collect(),
        })
    });
    Ok(series.collect())
}

const fn ms(at: Instant) -> i64 {
    at.0.div_euclid(1_000)
}

/// A step that people name, so that a chart of the range has some hundred points.
pub(crate) fn step_ms(length_ms: i64) -> i64 {
    const STEPS: [i64; 14] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 1_800, 3_600, 21_600, 86_400,
    ];
    let least = length_ms / POINTS;
    let mut named = STEPS.iter().map(|seconds| seconds * 1_000);
    named.find(|step| *step >= least).unwrap_or(least).max(1)
}

/// A point for each step: where the answer has none, there is a gap.
fn curve(series: &RangeSeries, (from_ms, to_ms, step_ms): (i64, i64, i64)) -> Curve {
    let mut known = series.samples.iter().peekable();
    let mut points = Vec::new();
    let mut at_ms = from_ms;
    while at_ms <= to_ms {
        let here = known.next_if(|sample| sample.at_ms == at_ms);
        points.push(Point {
            at: Instant(at_ms.saturating_mul(1_000)),
            value: here.map(|sample| sample.value).filter(|v| v.is_finite()),
        });
        at_ms = at_ms.saturating_add(step_ms);
    }
    Curve {
        name: series.labels.to_string(),
        points,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_and_charts_have_room() {
        assert_eq!(step_ms(900_000), 5_000);
        assert_eq!(step_ms(86_400_000), 300_000);
        assert_eq!(step_ms(10), 1_000);
        assert!(step_ms(i64::MAX / 2) > 86_400_000);
    }

    #[test]
    fn an_answer_of_an_engine_is_read() {
        let answer = r#"{"resultType":"matrix","result":[
            {"metric":{"__name__":"up"},"values":[[1.5,"1"],[2,"NaN"],[3,"+Inf"]]}]}"#;
        let series = matrix(answer).unwrap();
        assert_eq!(series[0].labels.to_string(), "up");
        let seen: Vec<_> = series[0].samples.iter().map(|s| s.at_ms).collect();
        assert_eq!(seen, [1_500, 2_000, 3_000]);
        assert!(series[0].samples[1].value.is_nan());
        for none in ["{}", r#"{"resultType":"string","result":[]}"#] {
            assert!(matrix(none).is_err());
        }
    }

    #[test]
    fn steps_without_a_value_are_gaps() {
        let sample = |at_ms, value| MetricSample { at_ms, value };
        let series = RangeSeries {
            labels: Labels::new([("__name__", "up")]).unwrap(),
            samples: vec![sample(0, 1.0), sample(2_000, f64::NAN)],
        };
        let curve = curve(&series, (0, 3_000, 1_000));
        let values: Vec<_> = curve.points.iter().map(|p| p.value).collect();
        assert_eq!(values, [Some(1.0), None, None, None]);
        assert_eq!(curve.name, "up");
    }
}
