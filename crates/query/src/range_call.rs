//! Calls of functions that take windows of samples.

use crate::error::{QueryError, bad, failed};
use crate::evaluate::{Evaluation, Windowed};
use crate::functions::{Function, Work};
use crate::plan::Node;
use crate::row::{Grid, Row, distinct};
use crate::windows::{Falls, Window, over};
use crate::{absence, label_sets, over_time};
use series::Labels;
use std::cell::Cell;

/// The rows of a call.
pub(crate) fn rows(
    evaluation: &Evaluation<'_>,
    function: &Function,
    arguments: &[Node],
    grid: Grid,
) -> Result<Vec<Row>, QueryError> {
    let mut windowed = None;
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
    evaluation.take_in(windowed.series.len().saturating_mul(grid.len))?;
    let run = Run {
        evaluation,
        windowed,
        scalars,
        counter: matches!(function.work, Work::Counter(_)),
    };
    let nameless = label_sets::without_name;
    match function.work {
        Work::Over(work) => distinct(run.each(nameless, |window| Some(work(window)))?),
        Work::Counter(work) | Work::Trend(work) => distinct(run.each(nameless, work)?),
        Work::Last => distinct(run.each(Labels::clone, |window| Some(over_time::last(window)))?),
        Work::AbsentOverTime => {
            // Rows of the same labels do no harm here: they do not reach the answer.
            let found = run.each(Labels::clone, |_window| Some(1.0))?;
            Ok(absence::rows(node, &found, grid))
        }
        Work::Smooth => run.smoothed(function.name),
        _ => Err(bad(format!("`{}` takes no range vector", function.name))),
    }
}

struct Run<'a> {
    evaluation: &'a Evaluation<'a>,
    windowed: Windowed,
    /// The function's other arguments, each with a number for each instant.
    scalars: Vec<Vec<f64>>,
    /// Whether falls of the values matter.
    counter: bool,
}

impl Run<'_> {
    /// A row for each series, whose samples are given back as soon as it is made: the next row then
    /// finds memory that is warm.
    fn each(
        self,
        labels: impl Fn(&Labels) -> Labels,
        work: impl Fn(&Window<'_>) -> Option<f64>,
    ) -> Result<Vec<Row>, QueryError> {
        let scalar = |which: usize, place: usize| {
            let values = self.scalars.get(which);
            values
                .and_then(|values| values.get(place).copied())
                .unwrap_or(0.0)
        };
        let parameters = |place| [scalar(0, place), scalar(1, place)];
        let Windowed {
            series,
            looks,
            length_ms,
        } = self.windowed;
        let mut rows = Vec::with_capacity(series.len());
        for series in series {
            self.evaluation.go_on()?;
            let falls = if self.counter {
                Falls::of(&series.values)
            } else {
                Falls::default()
            };
            rows.push(Row {
                labels: labels(&series.labels),
                values: over(&series, &looks, length_ms, &falls, parameters, &work),
            });
        }
        Ok(rows)
    }

    /// Smoothing, whose factors are looked at where there is something to smooth.
    fn smoothed(self, name: &str) -> Result<Vec<Row>, QueryError> {
        let refused = Cell::new(None);
        let rows = self.each(label_sets::without_name, |window| {
            // NaN is let through, and makes the answer NaN.
            let outside = |factor: &f64| *factor <= 0.0 || *factor >= 1.0;
            if let Some(factor) = window.parameters.iter().copied().find(outside) {
                refused.set(Some(factor));
            }
            over_time::smooth(window)
        })?;
        match refused.get() {
            Some(factor) => Err(failed(format!(
                "`{name}` wants factors between 0 and 1, and got {factor}"
            ))),
            None => distinct(rows),
        }
    }
}
