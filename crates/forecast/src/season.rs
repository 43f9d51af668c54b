//! Which season a series has, and its removal before a model that knows none.

use series::{acf, mean};

/// One-sided 90 % point of the normal distribution: the season was named by the caller, so half a doubt is enough.
const Z_90: f64 = 1.281_551_565_544_600_4;
/// Indices nearer to zero than this would blow a division up.
const SMALLEST_FACTOR: f64 = 0.01;

/// The season that explains most, among those that fit into `y` twice and pass a test; `None` when none does.
///
/// What each explains is the adjusted R² of its indices on the detrended values,
/// so that a long season does not win by having more of them.
pub(crate) fn main_season(y: &[f64], seasons: &[usize]) -> Option<usize> {
    seasons
        .iter()
        .copied()
        .filter(|season| is_seasonal(y, *season))
        .map(|season| {
            let strength = series::seasonal_strength(y, season);
            let freedom = (y.len() as f64 - 1.0) / (y.len() as f64 - season as f64).max(1.0);
            (season, 1.0 - (1.0 - strength) * freedom)
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(season, _)| season)
}

/// Whether the autocorrelation at one season stands out from those before it,
/// the test of Assimakopoulos and Nikolopoulos, "The theta model", International Journal of Forecasting 16 (2000).
pub(crate) fn is_seasonal(y: &[f64], season: usize) -> bool {
    if season < 2 || y.len() < 2 * season + 1 {
        return false;
    }
    // A trend correlates with itself at every lag, which would drown the season: take a straight one off first.
    let lags = acf(&without_line(y), season);
    let Some((at_season, before)) = lags.split_last() else {
        return false;
    };
    let squares: f64 = before.iter().map(|lag| lag * lag).sum();
    let spread = ((1.0 + 2.0 * squares) / y.len() as f64).sqrt();
    *at_season > Z_90 * spread && series::seasonal_strength(y, season) > 0.0
}

/// What is left of values after the straight line of least squares.
fn without_line(y: &[f64]) -> Vec<f64> {
    let (intercept, slope) = line(y);
    y.iter()
        .enumerate()
        .map(|(at, value)| value - intercept - slope * at as f64)
        .collect()
}

/// Intercept (at place 0) and slope by least squares.
pub(crate) fn line(y: &[f64]) -> (f64, f64) {
    let count = y.len().max(1) as f64;
    let middle = (count - 1.0) / 2.0;
    let centre = y.iter().sum::<f64>() / count;
    let (mut products, mut squares) = (0.0, 0.0);
    for (at, value) in y.iter().enumerate() {
        let place = at as f64 - middle;
        products += place * (value - centre);
        squares += place * place;
    }
    let slope = if squares > 0.0 {
        products / squares
    } else {
        0.0
    };
    (centre - slope * middle, slope)
}

/// How a season and a level go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    Added,
    Multiplied,
}

/// The indices of one season, by classical decomposition.
#[derive(Debug, Clone)]
pub(crate) struct Indices {
    pub(crate) together: Together,
    /// One a phase; phase 0 is that of the first value.
    pub(crate) values: Vec<f64>,
}

impl Indices {
    /// The indices of `season` in `y`; multiplied where every value is positive and no index is tiny.
    pub(crate) fn of(y: &[f64], season: usize) -> Self {
        if y.iter().all(|value| *value > 0.0) {
            let multiplied = Self::with(y, season, Together::Multiplied);
            if multiplied
                .values
                .iter()
                .all(|value| *value > SMALLEST_FACTOR)
            {
                return multiplied;
            }
        }
        Self::with(y, season, Together::Added)
    }

    pub(crate) fn with(y: &[f64], season: usize, together: Together) -> Self {
        let half = season / 2;
        let mut sums = vec![(0.0, 0.0); season];
        for centre in half..y.len().saturating_sub(half) {
            let window = &y[centre - half..=centre + half];
            let total: f64 = window.iter().sum();
            let ends = if season.is_multiple_of(2) {
                f64::midpoint(window[0], window[window.len() - 1])
            } else {
                0.0
            };
            let level = (total - ends) / season as f64;
            let value = match together {
                Together::Added => y[centre] - level,
                Together::Multiplied => y[centre] / level,
            };
            let (sum, count) = &mut sums[centre % season];
            *sum += value;
            *count += 1.0;
        }
        let mut values: Vec<f64> = sums
            .iter()
            .map(|(sum, count)| sum / f64::max(*count, 1.0))
            .collect();
        let centre = mean(&values).unwrap_or(0.0);
        for value in &mut values {
            match together {
                Together::Added => *value -= centre,
                Together::Multiplied => *value /= centre,
            }
        }
        Self { together, values }
    }

    /// `y` without the season; `y[0]` is in phase 0.
    pub(crate) fn removed_from(&self, y: &[f64]) -> Vec<f64> {
        y.iter()
            .zip(self.values.iter().cycle())
            .map(|(value, index)| match self.together {
                Together::Added => value - index,
                Together::Multiplied => value / index,
            })
            .collect()
    }

    /// Puts the season back on values of which the first is in phase `phase`.
    pub(crate) fn put_back(&self, values: &mut [f64], phase: usize) {
        let start = phase % self.values.len().max(1);
        for (value, index) in values
            .iter_mut()
            .zip(self.values.iter().cycle().skip(start))
        {
            match self.together {
                Together::Added => *value += index,
                Together::Multiplied => *value *= index,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(n: usize) -> Vec<f64> {
        (0..n)
            .map(|day| {
                if day % 7 == 6 {
                    2.0
                } else {
                    20.0 + day as f64 * 0.01
                }
            })
            .collect()
    }

    #[test]
    fn a_week_is_found_among_the_seasons_offered() {
        assert_eq!(main_season(&weekly(100), &[4, 7, 30]), Some(7));
    }

    #[test]
    fn a_straight_line_has_no_season() {
        let line: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(main_season(&line, &[7]), None);
    }

    #[test]
    fn a_week_is_found_on_a_steep_slope() {
        let falling: Vec<f64> = weekly(100)
            .iter()
            .zip(0..)
            .map(|(value, day)| value - 9.0 * f64::from(day))
            .collect();
        assert_eq!(main_season(&falling, &[7]), Some(7));
    }

    #[test]
    fn removing_a_season_and_putting_it_back_changes_nothing() {
        let y = weekly(50);
        for together in [Together::Added, Together::Multiplied] {
            let indices = Indices::with(&y, 7, together);
            let mut back = indices.removed_from(&y);
            indices.put_back(&mut back, 0);
            assert!(back.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }
}
