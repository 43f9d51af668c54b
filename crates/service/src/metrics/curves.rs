//! An expression as curves for a chart.

use api::{Curve, Curves, Error, Instant, MOST_CURVES, Point, Range, Result};
use query::{Answer, QueryError, RangeSeries};

use super::ask::run_apart;
use crate::Hub;

/// As many points as a chart has room for.
const POINTS: i64 = 300;

impl Hub {
    pub(super) async fn draw(&self, expression: &str, range: Range) -> Result<Curves> {
        let text = expression.trim().to_owned();
        if text.is_empty() {
            return Err(Error::field("q", "Write an expression, such as `up`."));
        }
        let store = self.metric_store()?.clone();
        let (from_ms, to_ms) = (ms(range.from), ms(range.to));
        let step_ms = step_ms(to_ms.saturating_sub(from_ms));
        // The last step is the end: what came in a moment ago is seen.
        let steps = to_ms.saturating_sub(from_ms).div_euclid(step_ms);
        let from_ms = to_ms.saturating_sub(steps.saturating_mul(step_ms));
        let answer = run_apart(store, move |engine, samples, stop| {
            engine.range(&text, (from_ms, to_ms, step_ms), samples, stop)
        })
        .await
        .map_err(said)?;
        let Answer::Matrix(mut series) = answer else {
            return Err(Error::field(
                "q",
                "This expression is a text and has no curve.",
            ));
        };
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        let total = u32::try_from(series.len()).unwrap_or(u32::MAX);
        series.truncate(MOST_CURVES);
        Ok(Curves {
            range,
            step_seconds: step_ms as f64 / 1_000.0,
            curves: series
                .into_iter()
                .map(|series| curve(&series, (from_ms, to_ms, step_ms)))
                .collect(),
            total,
        })
    }
}

fn said(error: QueryError) -> Error {
    match error {
        QueryError::Storage(_) | QueryError::Cancelled => Error::Unavailable {
            message: "The metrics could not be read. Try again in a moment.".into(),
        },
        error => Error::field("q", error.to_string()),
    }
}

const fn ms(at: Instant) -> i64 {
    at.0.div_euclid(1_000)
}

/// A step that people name, so that a chart of the range has some hundred points.
fn step_ms(length_ms: i64) -> i64 {
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
    use series::{Labels, MetricSample};

    #[test]
    fn steps_have_names_and_charts_have_room() {
        assert_eq!(step_ms(900_000), 5_000);
        assert_eq!(step_ms(86_400_000), 300_000);
        assert_eq!(step_ms(10), 1_000);
        assert!(step_ms(i64::MAX / 2) > 86_400_000);
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
