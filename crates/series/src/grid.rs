//! Irregular samples onto a regular grid, where a gap stays a gap.

use crate::{Sample, Step};
use std::ops::Range;

/// The longest grid that [`resample`] makes: two years of minutes.
pub const MOST_PERIODS: usize = 1_100_000;

/// How the samples of one period become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// The latest sample: for levels such as stock, cash or bytes used.
    Last,
    /// The arithmetic mean: for gauges such as load or temperature.
    Mean,
    /// The sum, where a period without samples is unknown: for flows that are reported, such as daily totals.
    Sum,
    /// The sum, where a period without samples *between the first sample and the last* is a true zero, and both
    /// may lie outside the range: for flows recorded event by event, such as order lines.
    SumOfEvents,
}

/// Evenly spaced values; `values[i]` belongs to the period that starts at [`Grid::at_us`]`(i)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The start of the first period, microseconds UTC.
    pub start_us: i64,
    /// The length of a period.
    pub step: Step,
    /// One value a period; `None` is a gap.
    pub values: Vec<Option<f64>>,
}

impl Grid {
    /// The start of period `index`, microseconds UTC; `index` may lie beyond the end.
    pub fn at_us(&self, index: usize) -> i64 {
        self.step
            .advance(self.start_us, i64::try_from(index).unwrap_or(i64::MAX))
    }

    /// The start of the first period after the grid, microseconds UTC.
    pub fn end_us(&self) -> i64 {
        self.at_us(self.values.len())
    }

    /// How many periods have no value.
    pub fn missing(&self) -> usize {
        self.values.iter().filter(|value| value.is_none()).count()
    }
}

/// Why samples could not be put on a grid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// The range holds more than [`MOST_PERIODS`] periods of this step.
    #[error("{periods} periods of {} are more than the {MOST_PERIODS} allowed", .step.label())]
    TooLong {
        /// How many periods the range holds.
        periods: u64,
        /// The step that is too fine for the range.
        step: Step,
    },
}

/// Puts samples on the grid of `step` over the instants `range` (start included, end excluded).
///
/// The first period is the one that holds `range.start`, the last the one that holds the microsecond before `range.end`.
/// Pass `step.floor(now)` as the end to leave out the period that is not over yet.
/// Samples need not be sorted; those outside the range, and those that are not finite, are ignored.
/// An empty or reversed range is an empty grid.
///
/// # Errors
/// [`GridError::TooLong`] when the range holds more than [`MOST_PERIODS`] periods.
pub fn resample(
    samples: &[Sample],
    step: Step,
    aggregation: Aggregation,
    range: Range<i64>,
) -> Result<Grid, GridError> {
    let start_us = step.floor(range.start);
    if range.is_empty() {
        return Ok(Grid {
            start_us,
            step,
            values: Vec::new(),
        });
    }
    let periods = step.between(range.start, range.end - 1).unsigned_abs() + 1;
    let length = usize::try_from(periods).unwrap_or(usize::MAX);
    if length > MOST_PERIODS {
        return Err(GridError::TooLong { periods, step });
    }
    let mut cells = vec![Cell::default(); length];
    for sample in samples {
        if !sample.value.is_finite() || !range.contains(&sample.at_us) {
            continue;
        }
        let index = usize::try_from(step.between(range.start, sample.at_us)).unwrap_or(usize::MAX);
        if let Some(cell) = cells.get_mut(index) {
            cell.add(*sample);
        }
    }
    let mut values: Vec<Option<f64>> = cells.iter().map(|cell| cell.value(aggregation)).collect();
    if aggregation == Aggregation::SumOfEvents {
        let finite = || samples.iter().filter(|sample| sample.value.is_finite());
        let first = if finite().any(|sample| sample.at_us < range.start) {
            Some(0)
        } else {
            values.iter().position(Option::is_some)
        };
        let end = if finite().any(|sample| sample.at_us >= range.end) {
            values.len()
        } else {
            let last = values.iter().rposition(Option::is_some);
            last.map_or(0, |last| last + 1)
        };
        let between = first.and_then(|first| values.get_mut(first..end));
        for value in between.into_iter().flatten() {
            value.get_or_insert(0.0);
        }
    }
    Ok(Grid {
        start_us,
        step,
        values,
    })
}

/// What one period has seen so far.
#[derive(Clone, Default)]
struct Cell {
    count: u32,
    mean: f64,
    sum: f64,
    last: Option<Sample>,
}

impl Cell {
    fn add(&mut self, sample: Sample) {
        self.count = self.count.saturating_add(1);
        // Welford's running mean: a sum of values near the largest float would overflow.
        let count = f64::from(self.count);
        self.mean += sample.value / count - self.mean / count;
        self.sum += sample.value;
        if self.last.is_none_or(|last| sample.at_us >= last.at_us) {
            self.last = Some(sample);
        }
    }

    fn value(&self, aggregation: Aggregation) -> Option<f64> {
        let last = self.last?;
        let value = match aggregation {
            Aggregation::Last => last.value,
            Aggregation::Mean => self.mean,
            Aggregation::Sum | Aggregation::SumOfEvents => self.sum,
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR_US: i64 = 3_600_000_000;

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(0, 1.0),
            Sample::new(HOUR_US / 2, 3.0),
            Sample::new(2 * HOUR_US, 5.0),
            Sample::new(2 * HOUR_US + 1, f64::NAN),
            Sample::new(3 * HOUR_US, f64::INFINITY),
        ]
    }

    fn values(aggregation: Aggregation) -> Vec<Option<f64>> {
        resample(&samples(), Step::Hour, aggregation, 0..4 * HOUR_US)
            .unwrap()
            .values
    }

    #[test]
    fn a_period_without_a_sample_is_a_gap_and_never_zero() {
        assert_eq!(
            values(Aggregation::Last),
            [Some(3.0), None, Some(5.0), None]
        );
        assert_eq!(
            values(Aggregation::Mean),
            [Some(2.0), None, Some(5.0), None]
        );
        assert_eq!(values(Aggregation::Sum), [Some(4.0), None, Some(5.0), None]);
    }

    #[test]
    fn silence_between_events_is_zero_but_silence_after_them_is_not() {
        assert_eq!(
            values(Aggregation::SumOfEvents),
            [Some(4.0), Some(0.0), Some(5.0), None]
        );
    }

    #[test]
    fn what_lies_outside_the_range_says_that_a_silence_within_it_is_none() {
        let within = |range: Range<i64>| {
            let grid = resample(&samples(), Step::Hour, Aggregation::SumOfEvents, range);
            grid.unwrap().values
        };
        // The last is in the third hour.
        assert_eq!(within(0..2 * HOUR_US), [Some(4.0), Some(0.0)]);
        assert_eq!(within(HOUR_US..3 * HOUR_US), [Some(0.0), Some(5.0)]);
        assert_eq!(within(HOUR_US..2 * HOUR_US), [Some(0.0)]);
        // Nothing is known before the first or after the last.
        assert_eq!(within(-HOUR_US..HOUR_US), [None, Some(4.0)]);
        assert_eq!(within(3 * HOUR_US..4 * HOUR_US), [None]);
    }

    #[test]
    fn the_latest_sample_wins_whatever_the_order() {
        let reversed: Vec<Sample> = samples().into_iter().rev().collect();
        let grid = resample(&reversed, Step::Hour, Aggregation::Last, 0..HOUR_US).unwrap();
        assert_eq!(grid.values, [Some(3.0)]);
        assert_eq!(grid.end_us(), HOUR_US);
    }

    #[test]
    fn a_range_too_long_for_the_step_is_refused() {
        let error = resample(&[], Step::Minute, Aggregation::Last, 0..i64::MAX).unwrap_err();
        assert!(matches!(
            error,
            GridError::TooLong {
                step: Step::Minute,
                ..
            }
        ));
        let error = resample(&[], Step::Day, Aggregation::Last, i64::MIN..i64::MAX).unwrap_err();
        assert!(matches!(error, GridError::TooLong { .. }));
    }

    #[test]
    fn an_empty_range_is_an_empty_grid() {
        assert!(
            resample(&samples(), Step::Hour, Aggregation::Sum, 5..5)
                .unwrap()
                .values
                .is_empty()
        );
    }

    proptest! {
        #[test]
        fn resampling_conserves_the_sum(
            points in prop::collection::vec((0i64..400_000_000, -1_000i32..1_000), 0..200),
            step in prop::sample::select(Step::ALL.to_vec()),
        ) {
            let samples: Vec<Sample> = points
                .iter()
                .map(|(second, value)| Sample::new(second * 1_000_000, f64::from(*value)))
                .collect();
            let range = 0..400_000_000_000_000;
            if let Ok(grid) = resample(&samples, step, Aggregation::Sum, range) {
                let total: f64 = grid.values.iter().flatten().sum();
                let expected: f64 = samples.iter().map(|sample| sample.value).sum();
                prop_assert!((total - expected).abs() < 1e-6);
            }
        }
    }
}
