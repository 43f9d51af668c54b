//! Which season a series has.

use series::acf;

pub(crate) use crate::indices::{Indices, Together};

/// How many standard errors the autocorrelation at the season has to stand out.
///
/// The season was named by the caller and its indices are shrunk by what they are worth, so a hint is enough:
/// on the competitions' series a season taken for none costs more than one that is shrunk to little.
const HINT: f64 = 0.5;

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
    *at_season > HINT * spread && series::seasonal_strength(y, season) > 0.0
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
}
