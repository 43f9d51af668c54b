//! Calls of functions: arguments are evaluated, and the work goes to whom the table names.

use crate::error::{QueryError, bad, failed};
use crate::evaluate::{Evaluation, Windowed};
use crate::functions::{Function, Work};
use crate::matcher::{MatchKind, Matcher};
use crate::plan::{Kind, Node};
use crate::row::{ABSENT, Grid, Row, Value, distinct, present, unite};
use crate::windows::{Take, Window, over};
use crate::{dates, histogram, label_functions, label_sets, over_time};
use series::{Labels, METRIC_NAME};

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
        Work::Absent => absent(argument(arguments, 0)?, &vector(0)?, grid),
        Work::AbsentOverTime | Work::Over(_) | Work::Trend(_) | Work::Last | Work::Smooth => {
            over_windows(evaluation, function, arguments, grid)?
        }
    };
    Ok(Value::Vector(rows))
}

/// A function of windows.
fn over_windows(
    evaluation: &Evaluation<'_>,
    function: &Function,
    arguments: &[Node],
    grid: Grid,
) -> Result<Vec<Row>, QueryError> {
    let mut windowed: Option<(Windowed, &Node)> = None;
    let mut scalars = Vec::new();
    for argument in arguments {
        match evaluation.windows(argument, grid)? {
            Some(found) => windowed = Some((found, argument)),
            None => scalars.push(evaluation.scalar(argument, grid)?),
        }
    }
    let Some((windowed, node)) = windowed else {
        return Err(bad(format!("`{}` takes a range vector", function.name)));
    };
    let of = |which: usize, place| scalars.get(which).map_or(0.0, |values| at(values, place));
    let parameters = |place| [of(0, place), of(1, place)];
    evaluation.take_in(windowed.series.len().saturating_mul(grid.len))?;
    let run = |work: &dyn Fn(&Window<'_>) -> Option<f64>, keep_name| {
        rows_over(evaluation, &windowed, keep_name, &parameters, work)
    };
    match function.work {
        Work::Over(work) => run(&|window| Some(work(window)), false),
        Work::Trend(work) => run(&work, false),
        Work::Last => run(&|window| Some(over_time::last(window)), true),
        Work::AbsentOverTime => {
            // Rows of the same labels do no harm here: they do not reach the answer.
            let found = over_each(
                evaluation,
                &windowed,
                |_series| Labels::default(),
                &parameters,
                &|_| Some(1.0),
            )?;
            Ok(absent(node, &found, grid))
        }
        Work::Smooth => {
            let refused = std::cell::Cell::new(None);
            let rows = run(
                &|window| {
                    // NaN is let through, and makes the answer NaN.
                    let outside = |factor: &f64| *factor <= 0.0 || *factor >= 1.0;
                    if let Some(factor) = window.parameters.iter().copied().find(outside) {
                        refused.set(Some(factor));
                    }
                    over_time::smooth(window)
                },
                false,
            )?;
            match refused.get() {
                Some(factor) => Err(failed(format!(
                    "`{}` wants factors between 0 and 1, and got {factor}",
                    function.name
                ))),
                None => Ok(rows),
            }
        }
        _ => Err(bad(format!("`{}` takes no range vector", function.name))),
    }
}

/// A row for each series, no two with the same labels.
fn rows_over(
    evaluation: &Evaluation<'_>,
    windowed: &Windowed,
    keep_name: bool,
    parameters: &dyn Fn(usize) -> [f64; 2],
    work: &dyn Fn(&Window<'_>) -> Option<f64>,
) -> Result<Vec<Row>, QueryError> {
    let labels = |labels: &Labels| {
        if keep_name {
            labels.clone()
        } else {
            label_sets::without_name(labels)
        }
    };
    distinct(over_each(evaluation, windowed, labels, parameters, work)?)
}

fn over_each(
    evaluation: &Evaluation<'_>,
    windowed: &Windowed,
    labels: impl Fn(&Labels) -> Labels,
    parameters: &dyn Fn(usize) -> [f64; 2],
    work: &dyn Fn(&Window<'_>) -> Option<f64>,
) -> Result<Vec<Row>, QueryError> {
    let mut rows = Vec::with_capacity(windowed.series.len());
    for series in &windowed.series {
        evaluation.go_on()?;
        rows.push(Row {
            labels: labels(&series.labels),
            values: over(
                series,
                &windowed.looks,
                windowed.length_ms,
                parameters,
                work,
            ),
        });
    }
    Ok(rows)
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

/// 1 wherever no row has a value, with the labels that the selector leaves no choice about.
fn absent(node: &Node, rows: &[Row], grid: Grid) -> Vec<Row> {
    let missing = |place: usize| {
        let found = |row: &Row| row.values.get(place).copied().is_some_and(present);
        if rows.iter().any(found) { ABSENT } else { 1.0 }
    };
    let matchers: &[Matcher] = match &node.kind {
        Kind::Selector(selector) | Kind::Windows(selector, _) => &selector.matchers,
        _ => &[],
    };
    let row = Row {
        labels: demanded(matchers),
        values: (0..grid.len).map(missing).collect(),
    };
    if row.any() { vec![row] } else { Vec::new() }
}

/// Labels that are asked for by their value, and about which nothing else is asked.
///
/// Order matters, as it does in Prometheus: what follows an equality takes it back, and an equality
/// that follows something else stands (`createLabelsForAbsentFunction`).
fn demanded(matchers: &[Matcher]) -> Labels {
    let mut labels: Vec<(&str, &str)> = Vec::new();
    let mut equal: Vec<&str> = Vec::new();
    for matcher in matchers
        .iter()
        .filter(|matcher| matcher.name != METRIC_NAME)
    {
        let name = matcher.name.as_str();
        if matcher.kind == MatchKind::Equal && !equal.contains(&name) {
            labels.push((name, &matcher.value));
            equal.push(name);
        } else {
            labels.retain(|(known, _)| *known != name);
        }
    }
    label_sets::collect(labels)
}
