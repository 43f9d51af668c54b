//! The way in: a text, an instant or a range, and samples.

use crate::answer::{Answer, InstantSample, RangeSeries};
use crate::error::{QueryError, Stop, bad};
use crate::evaluate::{Evaluation, by_labels};
use crate::functions::Work;
use crate::limits::Limits;
use crate::parse;
use crate::plan::{Kind, Node, Selector};
use crate::row::{Grid, Row, Value, present};
use crate::samples::{Samples, Select, SelectedSeries};
use crate::windows::oldest_ms;
use series::{Labels, Matcher, MetricSample};
use std::cell::Cell;

/// How queries are evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// How old a sample may be to stand for an instant, in milliseconds.
    pub lookback_ms: i64,
    /// The step of subqueries that name none, in milliseconds; Prometheus takes its evaluation interval.
    pub default_step_ms: i64,
    /// What one query may take.
    pub limits: Limits,
}

impl Default for Engine {
    /// Five minutes and one minute, as Prometheus has them.
    fn default() -> Self {
        Self {
            lookback_ms: 300_000,
            default_step_ms: 60_000,
            limits: Limits::default(),
        }
    }
}

/// What an instant query of a text answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerType {
    /// A number.
    Scalar,
    /// A string.
    Text,
    /// Series at an instant.
    Vector,
    /// Series over a range.
    Matrix,
}

/// A text that has been read. It may be evaluated as often as one likes.
#[derive(Clone, Debug)]
pub struct Query {
    root: Node,
}

impl Query {
    /// Reads a text.
    ///
    /// # Errors
    /// [`QueryError::BadData`] where it is no PromQL, or names what is not supported.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::parse(text).map(|root| Self { root })
    }

    /// What an instant query of it answers.
    pub fn answer_type(&self) -> AnswerType {
        answer_type(&self.root)
    }

    /// Whether it is a selector and nothing else, such as `up{job="a"}`: no window, no function.
    pub fn is_selector(&self) -> bool {
        match &self.root.kind {
            Kind::Selector(found) => found.shift.at.is_none() && found.shift.offset_ms == 0,
            _ => false,
        }
    }

    /// The matchers of each selector in it, in the order they are written.
    pub fn selectors(&self) -> Vec<&[Matcher]> {
        let mut found = Vec::new();
        collect_selectors(&self.root, &mut found);
        found
    }
}

fn answer_type(node: &Node) -> AnswerType {
    match &node.kind {
        Kind::Number(_) => AnswerType::Scalar,
        Kind::Text(_) => AnswerType::Text,
        Kind::Selector(_) | Kind::Aggregate(_) => AnswerType::Vector,
        Kind::Windows(..) | Kind::Subquery(_) => AnswerType::Matrix,
        Kind::Negate(inner) => answer_type(inner),
        Kind::Binary(binary) => {
            let scalar = |node| answer_type(node) == AnswerType::Scalar;
            if scalar(&binary.left) && scalar(&binary.right) {
                AnswerType::Scalar
            } else {
                AnswerType::Vector
            }
        }
        Kind::Call(function, _) => match function.work {
            Work::Pi | Work::Time | Work::Scalar => AnswerType::Scalar,
            _ => AnswerType::Vector,
        },
    }
}

fn collect_selectors<'q>(node: &'q Node, found: &mut Vec<&'q [Matcher]>) {
    match &node.kind {
        Kind::Number(_) | Kind::Text(_) => {}
        Kind::Selector(Selector { matchers, .. }) | Kind::Windows(Selector { matchers, .. }, _) => {
            found.push(matchers);
        }
        Kind::Subquery(subquery) => collect_selectors(&subquery.inner, found),
        Kind::Negate(inner) => collect_selectors(inner, found),
        Kind::Binary(binary) => {
            collect_selectors(&binary.left, found);
            collect_selectors(&binary.right, found);
        }
        Kind::Aggregate(aggregate) => {
            let parameter = aggregate.parameter.iter();
            parameter.for_each(|node| collect_selectors(node, found));
            collect_selectors(&aggregate.inner, found);
        }
        Kind::Call(_, arguments) => {
            let arguments = arguments.iter();
            arguments.for_each(|node| collect_selectors(node, found));
        }
    }
}

impl Engine {
    /// Reads a text and answers it at an instant, in milliseconds since 1970.
    ///
    /// `stop` is asked often, some thousand times a second; what it answers ends the evaluation.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn instant<S: Samples>(
        &self,
        text: &str,
        at_ms: i64,
        samples: &S,
        stop: &dyn Fn() -> Option<Stop>,
    ) -> Result<Answer, QueryError> {
        self.instant_of(&Query::parse(text)?, at_ms, samples, stop)
    }

    /// Reads a text and answers it at every `step_ms` from one instant to another, in milliseconds
    /// since 1970, both included.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn range<S: Samples>(
        &self,
        text: &str,
        (from_ms, to_ms, step_ms): (i64, i64, i64),
        samples: &S,
        stop: &dyn Fn() -> Option<Stop>,
    ) -> Result<Answer, QueryError> {
        self.range_of(
            &Query::parse(text)?,
            (from_ms, to_ms, step_ms),
            samples,
            stop,
        )
    }

    /// Answers a query at an instant, in milliseconds since 1970.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn instant_of<S: Samples>(
        &self,
        query: &Query,
        at_ms: i64,
        samples: &S,
        stop: &dyn Fn() -> Option<Stop>,
    ) -> Result<Answer, QueryError> {
        let grid = Grid::instant(checked(at_ms)?);
        let read = |wanted: &Select<'_>| read(samples, wanted);
        let evaluation = self.evaluation(&read, stop, (at_ms, at_ms));
        if let Some(windowed) = evaluation.windows(&query.root, grid)? {
            let to_ms = windowed.looks.first_ms();
            let from_ms = oldest_ms(to_ms, windowed.length_ms);
            let series = windowed.series.into_iter();
            let cut = series.map(|series| within(series, from_ms, to_ms));
            return Ok(Answer::Matrix(in_order(cut)));
        }
        Ok(match evaluation.value(&query.root, grid)? {
            Value::Text(text) => Answer::Text { at_ms, text },
            Value::Scalar(values) => Answer::Scalar(MetricSample {
                at_ms,
                value: values.first().copied().unwrap_or(f64::NAN),
            }),
            Value::Vector(rows) => Answer::Vector(
                rows.into_iter()
                    .filter_map(|row| {
                        let value = row
                            .values
                            .first()
                            .copied()
                            .filter(|value| present(*value))?;
                        Some(InstantSample {
                            labels: row.labels,
                            sample: MetricSample { at_ms, value },
                        })
                    })
                    .collect(),
            ),
        })
    }

    /// Answers a query over a range, as [`Self::range`] does.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn range_of<S: Samples>(
        &self,
        query: &Query,
        (from_ms, to_ms, step_ms): (i64, i64, i64),
        samples: &S,
        stop: &dyn Fn() -> Option<Stop>,
    ) -> Result<Answer, QueryError> {
        if to_ms < from_ms {
            return Err(bad("the end of the range is before its start"));
        }
        if step_ms <= 0 {
            return Err(bad("the step must be greater than 0"));
        }
        let grid = Grid::range(checked(from_ms)?, checked(to_ms)?, step_ms);
        // So many steps, as Prometheus counts, which is one point more.
        if grid.len.saturating_sub(1) > self.limits.max_points {
            return Err(bad(format!(
                "the range has {} points a series, and {} are allowed: take a larger step",
                grid.len, self.limits.max_points
            )));
        }
        if !matches!(query.answer_type(), AnswerType::Scalar | AnswerType::Vector) {
            return Err(bad(
                "over a range a query must be a scalar or an instant vector",
            ));
        }
        let read = |wanted: &Select<'_>| read(samples, wanted);
        let rows = match self
            .evaluation(&read, stop, (from_ms, to_ms))
            .value(&query.root, grid)?
        {
            Value::Vector(rows) => rows,
            Value::Scalar(values) => vec![Row {
                labels: Labels::default(),
                values,
            }],
            Value::Text(_) => Vec::new(),
        };
        let series = rows.into_iter().map(|row| RangeSeries {
            samples: grid
                .iter()
                .zip(row.values)
                .filter(|(_, value)| present(*value))
                .map(|(at_ms, value)| MetricSample { at_ms, value })
                .collect(),
            labels: row.labels,
        });
        Ok(Answer::Matrix(in_order(series)))
    }

    fn evaluation<'a>(
        &'a self,
        read: &'a dyn Fn(&Select<'_>) -> Result<Vec<SelectedSeries>, QueryError>,
        stop: &'a dyn Fn() -> Option<Stop>,
        ends_ms: (i64, i64),
    ) -> Evaluation<'a> {
        Evaluation {
            read,
            stop,
            limits: &self.limits,
            lookback_ms: self.lookback_ms,
            default_step_ms: self.default_step_ms,
            ends_ms,
            taken: Cell::new(0),
        }
    }
}

/// Instants so far away that sums of them would overflow are refused.
fn checked(at_ms: i64) -> Result<i64, QueryError> {
    const MOST: i64 = i64::MAX / 1_000;
    if (-MOST..=MOST).contains(&at_ms) {
        Ok(at_ms)
    } else {
        Err(bad("an instant is out of range"))
    }
}

fn read<S: Samples>(samples: &S, wanted: &Select<'_>) -> Result<Vec<SelectedSeries>, QueryError> {
    samples
        .select(wanted)
        .map_err(|error| QueryError::Storage(error.into()))
}

/// Series that have samples, by their labels.
fn in_order(series: impl Iterator<Item = RangeSeries>) -> Vec<RangeSeries> {
    let mut series: Vec<_> = series.filter(|series| !series.samples.is_empty()).collect();
    series.sort_by(|a, b| by_labels(a.labels.as_ref(), b.labels.as_ref()));
    series
}

/// The samples between two instants, both included.
fn within(series: SelectedSeries, from_ms: i64, to_ms: i64) -> RangeSeries {
    let samples = series.at_ms.into_iter().zip(series.values);
    RangeSeries {
        labels: series.labels,
        samples: samples
            .filter(|(at_ms, _)| (from_ms..=to_ms).contains(at_ms))
            .map(|(at_ms, value)| MetricSample { at_ms, value })
            .collect(),
    }
}
