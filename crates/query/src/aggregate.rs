//! Aggregations: from the series of a group, one series, or the few that stand out.

use crate::error::{QueryError, bad, failed};
use crate::evaluate::Evaluation;
use crate::label_sets::{filtered, is_label_name, with};
use crate::number;
use crate::over_time::{greater, less, quantile_of, stays_infinite};
use crate::plan::{Aggregate, Aggregator, Kind, Node};
use crate::row::{ABSENT, Grid, Row, present};
use series::{Labels, METRIC_NAME};
use std::collections::HashMap;

/// The rows of an aggregation.
pub(crate) fn rows(
    evaluation: &Evaluation<'_>,
    plan: &Aggregate,
    grid: Grid,
) -> Result<Vec<Row>, QueryError> {
    let parameter = || {
        plan.parameter
            .as_ref()
            .ok_or_else(|| bad("an aggregation lacks its parameter"))
    };
    let rows = evaluation.vector(&plan.inner, grid)?;
    evaluation.go_on()?;
    match plan.aggregator {
        Aggregator::TopK | Aggregator::BottomK => {
            let counts = counts(&evaluation.scalar(parameter()?, grid)?)?;
            Ok(chosen(plan, rows, &counts, grid))
        }
        Aggregator::Quantile => {
            let wanted = evaluation.scalar(parameter()?, grid)?;
            Ok(quantiles(plan, &rows, &wanted, grid))
        }
        Aggregator::CountValues => count_values(evaluation, plan, parameter()?, &rows, grid),
        aggregator => Ok(folded(plan, aggregator, &rows, grid)),
    }
}

impl Aggregate {
    /// The labels of the group that a series belongs to.
    fn key(&self, labels: &Labels) -> Labels {
        let listed = |name: &str| self.labels.iter().any(|label| label == name);
        if self.without {
            filtered(labels, |name| name != METRIC_NAME && !listed(name))
        } else if self.labels.is_empty() {
            Labels::default()
        } else {
            filtered(labels, listed)
        }
    }

    /// Which rows belong together, in the order of each group's first.
    fn groups(&self, rows: &[Row]) -> Vec<(Labels, Vec<usize>)> {
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<(Labels, Vec<usize>)> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let place = *places
                .entry(self.key(&row.labels))
                .or_insert_with_key(|key| {
                    groups.push((key.clone(), Vec::new()));
                    groups.len() - 1
                });
            if let Some((_, members)) = groups.get_mut(place) {
                members.push(index);
            }
        }
        groups
    }
}

/// What is known of a group at each instant.
struct Fold {
    value: Vec<f64>,
    /// Filled only where a mean is kept.
    mean: Vec<f64>,
    count: Vec<f64>,
}

impl Fold {
    fn new(aggregator: Aggregator, grid: Grid) -> Self {
        let means = matches!(
            aggregator,
            Aggregator::Avg | Aggregator::Stddev | Aggregator::Stdvar
        );
        let len = if means { grid.len } else { 0 };
        Self {
            value: vec![ABSENT; grid.len],
            mean: vec![0.0; len],
            count: vec![0.0; len],
        }
    }

    /// Takes a value in at each instant; `first` makes one of a group's first value.
    #[inline]
    fn each(&mut self, row: &[f64], first: impl Fn(f64) -> f64, next: impl Fn(f64, f64) -> f64) {
        for (known, value) in self.value.iter_mut().zip(row) {
            if present(*value) {
                *known = if present(*known) {
                    next(*known, *value)
                } else {
                    first(*value)
                };
            }
        }
    }

    fn add(&mut self, aggregator: Aggregator, row: &[f64]) {
        match aggregator {
            Aggregator::Sum => self.each(row, |value| value, |sum, value| sum + value),
            Aggregator::Min => self.each(row, |value| value, less),
            Aggregator::Max => self.each(row, |value| value, greater),
            Aggregator::Count => self.each(row, |_| 1.0, |count, _| count + 1.0),
            Aggregator::Avg => self.average(row),
            Aggregator::Stddev | Aggregator::Stdvar => self.spread(row),
            _ => self.each(row, |_| 1.0, |_, _| 1.0),
        }
    }

    /// A running mean, which does not overflow where the sum would.
    fn average(&mut self, row: &[f64]) {
        let state = self.value.iter_mut().zip(&mut self.count);
        for ((mean, count), value) in state.zip(row) {
            if !present(*value) {
                continue;
            }
            *count += 1.0;
            if !present(*mean) {
                *mean = *value;
            } else if !(mean.is_infinite() && stays_infinite(*mean, *value)) {
                *mean += *value / *count - *mean / *count;
            }
        }
    }

    /// Welford's method.
    fn spread(&mut self, row: &[f64]) {
        let state = self.value.iter_mut().zip(&mut self.mean);
        for (((squares, mean), count), value) in state.zip(&mut self.count).zip(row) {
            if !present(*value) {
                continue;
            }
            *count += 1.0;
            if !present(*squares) {
                (*squares, *mean) = (0.0, *value);
                continue;
            }
            let delta = *value - *mean;
            *mean += delta / *count;
            *squares += delta * (*value - *mean);
        }
    }

    fn finish(mut self, aggregator: Aggregator) -> Vec<f64> {
        if matches!(aggregator, Aggregator::Stddev | Aggregator::Stdvar) {
            for (squares, count) in self.value.iter_mut().zip(&self.count) {
                if present(*squares) {
                    *squares /= count;
                    if aggregator == Aggregator::Stddev {
                        *squares = squares.sqrt();
                    }
                }
            }
        }
        self.value
    }
}

/// One row for each group.
fn folded(plan: &Aggregate, aggregator: Aggregator, rows: &[Row], grid: Grid) -> Vec<Row> {
    let fold = |(labels, members): (Labels, Vec<usize>)| {
        let mut fold = Fold::new(aggregator, grid);
        for row in members.into_iter().filter_map(|member| rows.get(member)) {
            fold.add(aggregator, &row.values);
        }
        Row {
            labels,
            values: fold.finish(aggregator),
        }
    };
    plan.groups(rows).into_iter().map(fold).collect()
}

fn quantiles(plan: &Aggregate, rows: &[Row], wanted: &[f64], grid: Grid) -> Vec<Row> {
    let mut values = Vec::new();
    let mut answer = Vec::new();
    for (labels, members) in plan.groups(rows) {
        let mut row = Vec::with_capacity(grid.len);
        for place in 0..grid.len {
            values.clear();
            values.extend(
                members
                    .iter()
                    .filter_map(|member| rows.get(*member)?.values.get(place).copied())
                    .filter(|value| present(*value)),
            );
            row.push(if values.is_empty() {
                ABSENT
            } else {
                quantile_of(wanted.get(place).copied().unwrap_or(f64::NAN), &mut values)
            });
        }
        answer.push(Row {
            labels,
            values: row,
        });
    }
    answer
}

/// How many to choose at each instant.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative ones choose nothing, and nobody has more series than fit"
)]
fn counts(wanted: &[f64]) -> Result<Vec<usize>, QueryError> {
    const MOST: f64 = 9_223_372_036_854_774_784.0;
    let count = |wanted: &f64| {
        if (-9_223_372_036_854_775_808.0..=MOST).contains(wanted) {
            Ok(*wanted as usize)
        } else {
            Err(failed(format!(
                "{wanted} series cannot be chosen: it overflows"
            )))
        }
    };
    wanted.iter().map(count).collect()
}

/// The greatest or least few of each group, with their own labels. At an instant they stand in order.
fn chosen(plan: &Aggregate, rows: Vec<Row>, counts: &[usize], grid: Grid) -> Vec<Row> {
    let top = plan.aggregator == Aggregator::TopK;
    let better = |a: &(f64, usize), b: &(f64, usize)| {
        let by_value = if top {
            b.0.partial_cmp(&a.0)
        } else {
            a.0.partial_cmp(&b.0)
        };
        // NaN is worse than anything, and of equals the first is better.
        by_value
            .unwrap_or_else(|| a.0.is_nan().cmp(&b.0.is_nan()))
            .then(a.1.cmp(&b.1))
    };
    let groups = plan.groups(&rows);
    let mut kept: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    let mut order = Vec::new();
    let mut candidates: Vec<(f64, usize)> = Vec::new();
    for (_, members) in &groups {
        for (place, count) in counts.iter().enumerate().take(grid.len) {
            candidates.clear();
            candidates.extend(members.iter().filter_map(|member| {
                let value = rows.get(*member)?.values.get(place).copied()?;
                present(value).then_some((value, *member))
            }));
            if *count < candidates.len() {
                candidates.select_nth_unstable_by(*count, better);
                candidates.truncate(*count);
            }
            if grid.len == 1 {
                candidates.sort_unstable_by(better);
            }
            for (value, member) in &candidates {
                if let Some(row) = kept.get_mut(*member) {
                    if row.is_empty() {
                        row.resize(grid.len, ABSENT);
                        order.push(*member);
                    }
                    row.get_mut(place)
                        .into_iter()
                        .for_each(|kept| *kept = *value);
                }
            }
        }
    }
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let taken = order.into_iter().filter_map(|member| {
        let row = rows.get_mut(member)?.take()?;
        Some(Row {
            labels: row.labels,
            values: std::mem::take(kept.get_mut(member)?),
        })
    });
    taken.collect()
}

/// How many series have each value, which becomes a label.
fn count_values(
    evaluation: &Evaluation<'_>,
    plan: &Aggregate,
    parameter: &Node,
    rows: &[Row],
    grid: Grid,
) -> Result<Vec<Row>, QueryError> {
    let Kind::Text(label) = &parameter.kind else {
        return Err(bad("count_values takes a label's name"));
    };
    if !is_label_name(label) {
        return Err(failed(format!(
            "invalid label name {label:?} in count_values"
        )));
    }
    let mut grouping = plan.clone();
    if !grouping.without {
        grouping.labels.push(label.clone());
    }
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut counted: Vec<Row> = Vec::new();
    for row in rows {
        evaluation.go_on()?;
        // Values repeat along a row: their labels are made once.
        let mut known: HashMap<u64, usize> = HashMap::new();
        for (at, value) in row.values.iter().enumerate().filter(|(_, v)| present(**v)) {
            let place = *known.entry(value.to_bits()).or_insert_with(|| {
                let labels = with(&row.labels, label, &number::decimal(*value));
                *places
                    .entry(grouping.key(&labels))
                    .or_insert_with_key(|key| {
                        counted.push(Row {
                            labels: key.clone(),
                            values: vec![ABSENT; grid.len],
                        });
                        counted.len() - 1
                    })
            });
            let count = counted
                .get_mut(place)
                .and_then(|row| row.values.get_mut(at));
            if let Some(count) = count {
                *count = if present(*count) { *count + 1.0 } else { 1.0 };
            }
        }
        evaluation.fits(counted.len(), grid.len)?;
    }
    Ok(counted)
}
