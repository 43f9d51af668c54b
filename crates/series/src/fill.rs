//! Closes small gaps, says how many it closed, and refuses when too much is missing.

use crate::{Grid, Step, median, seasonal_strength};

/// The largest share of missing periods that [`fill`] accepts.
pub const MOST_MISSING: f64 = 0.4;
/// Below this strength a season is noise, and interpolation does better without it.
const SEASON_WORTH_USING: f64 = 0.3;

/// Evenly spaced values without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// The start of the first period that had a value, microseconds UTC.
    pub start_us: i64,
    /// The length of a period.
    pub step: Step,
    /// One finite value a period.
    pub values: Vec<f64>,
    /// How many of them were interpolated.
    pub filled: usize,
}

impl Filled {
    /// The start of the first period after the last value, microseconds UTC: where a forecast begins.
    pub fn end_us(&self) -> i64 {
        self.step.advance(
            self.start_us,
            i64::try_from(self.values.len()).unwrap_or(i64::MAX),
        )
    }
}

/// Why gaps were not filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// There is no value at all.
    #[error("there are no values")]
    Empty,
    /// More than [`MOST_MISSING`] of the periods between the first and the last value are gaps.
    #[error("{missing} of {periods} periods are missing")]
    TooManyMissing {
        /// How many are gaps.
        missing: usize,
        /// How many there are between the first and the last value.
        periods: usize,
    },
}

/// Interpolates the gaps between the first and the last value of a grid; gaps at either end are cut off, not guessed.
///
/// Gaps are closed on a straight line.
/// Where the shortest season of the step is visible, the line is drawn between seasonally adjusted values,
/// so that a missing Sunday looks like a Sunday.
///
/// # Errors
/// [`FillError::Empty`] without any value, [`FillError::TooManyMissing`] above [`MOST_MISSING`].
pub fn fill(grid: &Grid) -> Result<Filled, FillError> {
    let known = |value: &Option<f64>| value.is_some_and(f64::is_finite);
    let first = grid.values.iter().position(known).ok_or(FillError::Empty)?;
    let last = grid
        .values
        .iter()
        .rposition(known)
        .ok_or(FillError::Empty)?;
    let seen: Vec<Option<f64>> = grid.values[first..=last]
        .iter()
        .map(|value| value.filter(|number| number.is_finite()))
        .collect();
    let missing = seen.iter().filter(|value| value.is_none()).count();
    if missing as f64 > MOST_MISSING * seen.len() as f64 {
        return Err(FillError::TooManyMissing {
            missing,
            periods: seen.len(),
        });
    }
    let straight = interpolate(&seen);
    let season = grid.step.season();
    let values = if missing > 0 && seasonal_strength(&straight, season) > SEASON_WORTH_USING {
        interpolate_season(&seen, &straight, season)
    } else {
        straight
    };
    Ok(Filled {
        start_us: grid.at_us(first),
        step: grid.step,
        values,
        filled: missing,
    })
}

/// Straight lines across gaps; the first and the last value must be known.
fn interpolate(seen: &[Option<f64>]) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::with_capacity(seen.len());
    for (index, value) in seen.iter().enumerate() {
        let Some(right) = *value else { continue };
        let gap = index - values.len();
        let left = values.last().copied().unwrap_or(right);
        for place in 1..=gap {
            let share = place as f64 / (gap + 1) as f64;
            values.push(left * (1.0 - share) + right * share);
        }
        values.push(right);
    }
    values
}

fn interpolate_season(seen: &[Option<f64>], straight: &[f64], season: usize) -> Vec<f64> {
    let level: Vec<f64> = (0..straight.len())
        .map(|centre| {
            let low = centre.saturating_sub(season / 2);
            let window = &straight[low..(low + season).min(straight.len())];
            median(window).unwrap_or(0.0)
        })
        .collect();
    let index: Vec<f64> = (0..season)
        .map(|phase| {
            let same: Vec<f64> = seen
                .iter()
                .zip(&level)
                .skip(phase)
                .step_by(season)
                .filter_map(|(value, level)| value.map(|value| value - level))
                .collect();
            median(&same).unwrap_or(0.0)
        })
        .collect();
    let adjusted: Vec<Option<f64>> = seen
        .iter()
        .enumerate()
        .map(|(at, value)| value.map(|value| value - index[at % season]))
        .collect();
    let filled = interpolate(&adjusted);
    // A known value is given back untouched, free of the rounding of the round trip.
    seen.iter()
        .zip(filled)
        .enumerate()
        .map(|(at, (value, guess))| value.unwrap_or(guess + index[at % season]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(values: Vec<Option<f64>>) -> Grid {
        Grid {
            start_us: 0,
            step: Step::Day,
            values,
        }
    }

    #[test]
    fn a_gap_is_closed_on_a_straight_line_and_counted() {
        let filled = fill(&grid(vec![Some(1.0), None, None, Some(4.0), Some(5.0)])).unwrap();
        assert_eq!(filled.values, [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(filled.filled, 2);
    }

    #[test]
    fn gaps_at_the_ends_are_cut_off_and_not_guessed() {
        let filled = fill(&grid(vec![None, Some(1.0), Some(2.0), None])).unwrap();
        assert_eq!(filled.values, [1.0, 2.0]);
        assert_eq!(filled.start_us, 86_400_000_000);
        assert_eq!(filled.end_us(), 3 * 86_400_000_000);
        assert_eq!(filled.filled, 0);
    }

    #[test]
    fn more_than_two_fifths_missing_is_refused() {
        let error = fill(&grid(vec![Some(1.0), None, None, None, Some(4.0)])).unwrap_err();
        assert_eq!(
            error,
            FillError::TooManyMissing {
                missing: 3,
                periods: 5
            }
        );
        assert_eq!(
            fill(&grid(vec![None, Some(f64::NAN)])).unwrap_err(),
            FillError::Empty
        );
    }

    #[test]
    fn a_missing_sunday_looks_like_a_sunday() {
        let sales = |day: usize| if day % 7 == 6 { 2.0 } else { 20.0 };
        let mut values: Vec<Option<f64>> = (0..56).map(|day| Some(sales(day))).collect();
        values[27] = None;
        let filled = fill(&grid(values)).unwrap();
        assert!(
            (filled.values[27] - 2.0).abs() < 1e-9,
            "{}",
            filled.values[27]
        );
    }
}
