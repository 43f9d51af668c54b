//! Calls of functions: arguments are evaluated, and the work goes to whom the table names.

use crate::error::{QueryError, bad};
use crate::evaluate::Evaluation;
use crate::functions::{Function, Work};
use crate::plan::{Kind, Node};
use crate::row::{ABSENT, Grid, Row, Value, present, unite};
use crate::windows::Take;
use crate::{absence, dates, histogram, label_functions, label_sets, range_call};
use series::Labels;

/// The value of a call at every instant.
pub(crate) fn value(
    evaluation: &Evaluation<'_>,
    function: &'static Function,
    arguments: &[Node],
    grid: Grid,
) -> Result<Value, QueryError> {
    let vector = |place: usize| evaluation.vector(argument(arguments, place)?, grid);
    let scalar = |place: usize| evaluation.scalar(argument(arguments, place)?, grid);
    let text = |place: usize| text_of(argument(arguments, place)?);
    let rows = match function.work {
        Work::Pi => return Ok(Value::Scalar(vec![std::f64::consts::PI; grid.len])),
        Work::Time => {
            return Ok(Value::Scalar(
                grid.iter().map(|at| at as f64 / 1000.0).collect(),
            ));
        }
        Work::Scalar => return Ok(Value::Scalar(only(&vector(0)?, grid))),
        Work::Vector => vec![unlabelled(scalar(0)?)],
        Work::Each(each) => changed(vector(0)?, |_place, value| Some(each(value)))?,
        Work::Date(part) => {
            let part = |value| part(dates::Civil::of_seconds(value));
            if arguments.is_empty() {
                vec![unlabelled(
                    grid.iter()
                        .map(|at| part(at.div_euclid(1000) as f64))
                        .collect(),
                )]
            } else {
                changed(vector(0)?, |_place, value| Some(part(value)))?
            }
        }
        Work::Clamp => {
            let (least, most) = (scalar(1)?, scalar(2)?);
            changed(vector(0)?, |place, value| {
                let (least, most) = (at(&least, place), at(&most, place));
                // No value lies between bounds that are the wrong way round.
                (most >= least || most.is_nan() || least.is_nan())
                    .then(|| not_below(not_above(value, most), least))
            })?
        }
        Work::ClampMin => {
            let least = scalar(1)?;
            changed(vector(0)?, |place, value| {
                Some(not_below(value, at(&least, place)))
            })?
        }
        Work::ClampMax => {
            let most = scalar(1)?;
            changed(vector(0)?, |place, value| {
                Some(not_above(value, at(&most, place)))
            })?
        }
        Work::Round => {
            let to = match arguments.get(1) {
                Some(node) => evaluation.scalar(node, grid)?,
                None => vec![1.0; grid.len],
            };
            changed(vector(0)?, |place, value| {
                // The inverse, because 0.1 cannot be said exactly and 10 can.
                let inverse = 1.0 / at(&to, place);
                Some((value * inverse + 0.5).floor() / inverse)
            })?
        }
        Work::Timestamp => timestamps(evaluation, argument(arguments, 0)?, grid)?,
        Work::Sort { descending } => sorted(vector(0)?, descending, grid),
        Work::HistogramQuantile => unite(histogram::quantiles(&scalar(0)?, &vector(1)?, grid)?)?,
        Work::LabelReplace => {
            let change = label_functions::Replace::new(text(1)?, text(2)?, text(3)?, text(4)?)?;
            relabelled(vector(0)?, |labels| change.apply(labels))?
        }
        Work::LabelJoin => {
            let sources = (3..arguments.len())
                .map(text)
                .collect::<Result<Vec<_>, _>>()?;
            let change = label_functions::Join::new(text(1)?, text(2)?, sources)?;
            relabelled(vector(0)?, |labels| change.apply(labels))?
        }
        Work::Absent => absence::rows(argument(arguments, 0)?, &vector(0)?, grid),
        Work::AbsentOverTime
        | Work::Over(_)
        | Work::Counter(_)
        | Work::Trend(_)
        | Work::Last
        | Work::Smooth => range_call::rows(evaluation, function, arguments, grid)?,
    };
    Ok(Value::Vector(rows))
}

fn argument(arguments: &[Node], place: usize) -> Result<&Node, QueryError> {
    arguments
        .get(place)
        .ok_or_else(|| bad("a function has too few arguments"))
}

fn text_of(node: &Node) -> Result<&str, QueryError> {
    match &node.kind {
        Kind::Text(text) => Ok(text),
        _ => Err(bad("a string is expected")),
    }
}

/// A scalar at a place.
fn at(values: &[f64], place: usize) -> f64 {
    values.get(place).copied().unwrap_or(f64::NAN)
}

fn unlabelled(values: Vec<f64>) -> Row {
    Row {
        labels: Labels::default(),
        values,
    }
}

/// With each value changed or left out; a metric that is computed with has no name any more.
fn changed(
    mut rows: Vec<Row>,
    change: impl Fn(usize, f64) -> Option<f64>,
) -> Result<Vec<Row>, QueryError> {
    for row in &mut rows {
        row.labels = label_sets::without_name(&row.labels);
        for (place, value) in row.values.iter_mut().enumerate() {
            if present(*value) {
                *value = change(place, *value).unwrap_or(ABSENT);
            }
        }
    }
    unite(rows)
}

fn relabelled(
    mut rows: Vec<Row>,
    change: impl Fn(&Labels) -> Labels,
) -> Result<Vec<Row>, QueryError> {
    for row in &mut rows {
        row.labels = change(&row.labels);
    }
    unite(rows)
}

/// The greater of two: infinite if one is, else NaN if one is (Go, `math.Max`).
fn not_below(value: f64, least: f64) -> f64 {
    if value == f64::INFINITY || least == f64::INFINITY {
        f64::INFINITY
    } else if value.is_nan() || least.is_nan() {
        f64::NAN
    } else {
        value.max(least)
    }
}

/// The lesser of two: infinite if one is, else NaN if one is (Go, `math.Min`).
fn not_above(value: f64, most: f64) -> f64 {
    if value == f64::NEG_INFINITY || most == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else if value.is_nan() || most.is_nan() {
        f64::NAN
    } else {
        value.min(most)
    }
}

/// The value where there is exactly one row.
fn only(rows: &[Row], grid: Grid) -> Vec<f64> {
    let value = |place: usize| {
        let mut values = rows
            .iter()
            .filter_map(|row| row.values.get(place).copied())
            .filter(|value| present(*value));
        match (values.next(), values.next()) {
            (Some(value), None) => value,
            _ => f64::NAN,
        }
    };
    (0..grid.len).map(value).collect()
}

/// When samples were taken; of what is computed, the instant itself.
fn timestamps(
    evaluation: &Evaluation<'_>,
    node: &Node,
    grid: Grid,
) -> Result<Vec<Row>, QueryError> {
    let Kind::Selector(selector) = &node.kind else {
        let now = |place, _value| Some(grid.at(place) as f64 / 1000.0);
        return changed(evaluation.vector(node, grid)?, now);
    };
    changed(
        evaluation.instants(selector, grid, Take::Timestamp)?,
        |_place, value| Some(value),
    )
}

/// By value, NaN last. Over a range rows have no order by value, and stay as they are.
fn sorted(mut rows: Vec<Row>, descending: bool, grid: Grid) -> Vec<Row> {
    if grid.len != 1 {
        return rows;
    }
    let first = |row: &Row| row.values.first().copied().unwrap_or(f64::NAN);
    rows.sort_by(|a, b| {
        let (a, b) = (first(a), first(b));
        let by_value = if descending {
            b.partial_cmp(&a)
        } else {
            a.partial_cmp(&b)
        };
        by_value.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    });
    rows
}
