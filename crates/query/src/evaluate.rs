//! Evaluates a plan on a grid of instants.

use crate::error::{QueryError, Stop, bad};
use crate::limits::Limits;
use crate::plan::{Kind, Node, Selector, Subquery};
use crate::row::{Grid, Row, Value, distinct, present};
use crate::samples::{Select, SelectedSeries};
use crate::windows::{Looks, Take, newest, oldest_ms, without_ends};
use crate::{aggregate, binary, call, label_sets};
use series::LabelsRef;
use std::cell::Cell;

/// Reads samples; the store's own error is wrapped already.
pub(crate) type Read<'a> = dyn Fn(&Select<'_>) -> Result<Vec<SelectedSeries>, QueryError> + 'a;

/// What an evaluation knows besides the plan.
pub(crate) struct Evaluation<'a> {
    pub read: &'a Read<'a>,
    pub stop: &'a dyn Fn() -> Option<Stop>,
    pub limits: &'a Limits,
    pub lookback_ms: i64,
    /// The step of subqueries that name none.
    pub default_step_ms: i64,
    /// The first and last instant of the whole query: `start()` and `end()`.
    pub ends_ms: (i64, i64),
    /// How many samples have been taken in so far.
    pub taken: Cell<usize>,
}

/// Series whose windows a function runs over.
pub(crate) struct Windowed {
    pub series: Vec<SelectedSeries>,
    pub looks: Looks,
    pub length_ms: i64,
}

impl Evaluation<'_> {
    /// The value of a node at every instant of a grid.
    pub(crate) fn value(&self, node: &Node, grid: Grid) -> Result<Value, QueryError> {
        if node.pinned && grid.len > 1 {
            let once = self.kind(&node.kind, Grid::instant(grid.from_ms))?;
            return Ok(repeated(once, grid.len));
        }
        self.kind(&node.kind, grid)
    }

    fn kind(&self, kind: &Kind, grid: Grid) -> Result<Value, QueryError> {
        self.go_on()?;
        Ok(match kind {
            Kind::Number(number) => Value::Scalar(vec![*number; grid.len]),
            Kind::Text(text) => Value::Text(text.clone()),
            Kind::Selector(selector) => {
                Value::Vector(self.instants(selector, grid, Take::Value)?)
            }
            Kind::Windows(..) | Kind::Subquery(_) => {
                return Err(bad("a range vector stands where it cannot"));
            }
            Kind::Negate(inner) => self.negated(inner, grid)?,
            Kind::Binary(plan) => binary::value(self, plan, grid)?,
            Kind::Aggregate(plan) => Value::Vector(aggregate::rows(self, plan, grid)?),
            Kind::Call(function, arguments) => call::value(self, function, arguments, grid)?,
        })
    }

    fn negated(&self, inner: &Node, grid: Grid) -> Result<Value, QueryError> {
        let negate = |values: &mut Vec<f64>| {
            for value in values.iter_mut().filter(|value| present(**value)) {
                *value = -*value;
            }
        };
        Ok(match self.value(inner, grid)? {
            Value::Scalar(mut values) => {
                negate(&mut values);
                Value::Scalar(values)
            }
            Value::Vector(mut rows) => {
                for row in &mut rows {
                    negate(&mut row.values);
                    row.labels = label_sets::without_name(&row.labels);
                }
                Value::Vector(distinct(rows)?)
            }
            Value::Text(_) => return Err(bad("a string cannot be negated")),
        })
    }

    /// The rows of a node that is an instant vector.
    pub(crate) fn vector(&self, node: &Node, grid: Grid) -> Result<Vec<Row>, QueryError> {
        match self.value(node, grid)? {
            Value::Vector(rows) => Ok(rows),
            _ => Err(bad("an instant vector is expected")),
        }
    }

    /// The values of a node that is a scalar.
    pub(crate) fn scalar(&self, node: &Node, grid: Grid) -> Result<Vec<f64>, QueryError> {
        match self.value(node, grid)? {
            Value::Scalar(values) => Ok(values),
            _ => Err(bad("a scalar is expected")),
        }
    }

    /// The rows of a selector of instants.
    pub(crate) fn instants(
        &self,
        selector: &Selector,
        grid: Grid,
        take: Take,
    ) -> Result<Vec<Row>, QueryError> {
        let looks = Looks::new(grid, selector.shift, self.ends_ms);
        let series = self.selected(selector, &looks, self.lookback_ms, 0)?;
        self.take_in(series.len().saturating_mul(grid.len))?;
        let mut rows = Vec::with_capacity(series.len());
        for series in series {
            self.go_on()?;
            let values = newest(&series, &looks, self.lookback_ms, take);
            let row = Row {
                labels: series.labels,
                values,
            };
            if row.any() {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// The windows of a node that is a range vector; `None` where it is something else.
    pub(crate) fn windows(&self, node: &Node, grid: Grid) -> Result<Option<Windowed>, QueryError> {
        match &node.kind {
            Kind::Windows(selector, length_ms) => {
                let looks = Looks::new(grid, selector.shift, self.ends_ms);
                let mut series = self.selected(selector, &looks, *length_ms, *length_ms)?;
                series.iter_mut().for_each(without_ends);
                Ok(Some(Windowed {
                    series,
                    looks,
                    length_ms: *length_ms,
                }))
            }
            Kind::Subquery(subquery) => self.subquery(subquery, grid).map(Some),
            _ => Ok(None),
        }
    }

    fn subquery(&self, plan: &Subquery, grid: Grid) -> Result<Windowed, QueryError> {
        let looks = Looks::new(grid, plan.shift, self.ends_ms);
        let step_ms = plan.step_ms.unwrap_or(self.default_step_ms).max(1);
        // Steps are multiples of the step since 1970, so that what is asked again later has the same.
        let oldest = oldest_ms(looks.first_ms(), plan.range_ms);
        let from_ms = oldest
            .saturating_add(step_ms - 1)
            .div_euclid(step_ms)
            .saturating_mul(step_ms);
        let inner = Grid::range(from_ms, looks.last_ms(), step_ms);
        let mut series = Vec::new();
        if grid.len > 0 && inner.len > 0 {
            self.fits(1, inner.len)?;
            let rows = match self.value(&plan.inner, inner)? {
                Value::Vector(rows) => rows,
                Value::Scalar(values) => vec![Row {
                    labels: series::Labels::default(),
                    values,
                }],
                Value::Text(_) => return Err(bad("a subquery of a string is not possible")),
            };
            self.take_in(rows.len().saturating_mul(inner.len))?;
            series = rows.into_iter().map(|row| sampled(row, inner)).collect();
        }
        Ok(Windowed {
            series,
            looks,
            length_ms: plan.range_ms,
        })
    }

    /// The samples of a selector for every instant it looks at, by labels.
    fn selected(
        &self,
        selector: &Selector,
        looks: &Looks,
        back_ms: i64,
        range_ms: i64,
    ) -> Result<Vec<SelectedSeries>, QueryError> {
        if looks.grid().len == 0 {
            return Ok(Vec::new());
        }
        let mut series = (self.read)(&Select {
            matchers: &selector.matchers,
            from_ms: oldest_ms(looks.first_ms(), back_ms),
            to_ms: looks.last_ms(),
            first_ms: looks.first_ms(),
            step_ms: looks.grid().step_ms,
            range_ms,
            function: selector.function,
            max_samples: self.limits.max_samples.saturating_sub(self.taken.get()),
        })?;
        series.retain(|series| !series.at_ms.is_empty());
        if series.len() > self.limits.max_series {
            return Err(QueryError::TooMuch(format!(
                "a selector finds {} series, and {} are allowed",
                series.len(),
                self.limits.max_series
            )));
        }
        self.take_in(series.iter().map(|series| series.at_ms.len()).sum())?;
        self.fits(series.len(), looks.grid().len)?;
        series.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        Ok(series)
    }

    /// Counts samples against the limit.
    pub(crate) fn take_in(&self, samples: usize) -> Result<(), QueryError> {
        let taken = self.taken.get().saturating_add(samples);
        self.taken.set(taken);
        if taken > self.limits.max_samples {
            return Err(QueryError::TooMuch(format!(
                "the query takes more than {} samples into memory",
                self.limits.max_samples
            )));
        }
        Ok(())
    }

    /// Whether so many rows on a grid fit the limit, before they are made.
    pub(crate) fn fits(&self, rows: usize, instants: usize) -> Result<(), QueryError> {
        if rows.saturating_mul(instants) > self.limits.max_samples {
            return Err(QueryError::TooMuch(format!(
                "{rows} series of {instants} points are more than the {} samples allowed",
                self.limits.max_samples
            )));
        }
        Ok(())
    }

    /// Whether the caller still wants an answer.
    pub(crate) fn go_on(&self) -> Result<(), QueryError> {
        (self.stop)().map_or(Ok(()), |stop| Err(stop.into()))
    }
}

/// A value of one instant at every instant.
fn repeated(value: Value, len: usize) -> Value {
    let repeat = |values: &[f64]| vec![values.first().copied().unwrap_or(f64::NAN); len];
    match value {
        Value::Scalar(values) => Value::Scalar(repeat(&values)),
        Value::Vector(rows) => Value::Vector(
            rows.into_iter()
                .map(|row| Row {
                    values: repeat(&row.values),
                    labels: row.labels,
                })
                .collect(),
        ),
        Value::Text(text) => Value::Text(text),
    }
}

/// A row as samples, as a subquery's function sees it.
fn sampled(row: Row, grid: Grid) -> SelectedSeries {
    if row.values.iter().copied().all(present) {
        return SelectedSeries {
            labels: row.labels,
            at_ms: grid.iter().collect(),
            values: row.values,
        };
    }
    let samples = grid.iter().zip(row.values);
    let (at_ms, values) = samples.filter(|(_, value)| present(*value)).unzip();
    SelectedSeries {
        labels: row.labels,
        at_ms,
        values,
    }
}

/// Orders labels by name and value, as answers are ordered. Their bytes would put `ab` before `a`.
pub(crate) fn by_labels(a: LabelsRef<'_>, b: LabelsRef<'_>) -> std::cmp::Ordering {
    a.iter().cmp(b.iter())
}
