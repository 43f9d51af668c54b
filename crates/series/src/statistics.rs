//! Statistics that one wild value does not upset, and autocorrelation.
//!
//! Every function ignores values that are not finite and answers `None` (or zero, where said) when nothing is left.

/// Turns a median absolute deviation into a standard deviation, if the data were normal.
pub const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// The arithmetic mean.
pub fn mean(values: &[f64]) -> Option<f64> {
    let finite = finite(values);
    let count = finite.len() as f64;
    let sum: f64 = finite.iter().sum();
    if sum.is_finite() {
        return (count > 0.0).then(|| sum / count);
    }
    // Values near the largest float overflow their sum, though not their mean.
    Some(finite.iter().map(|value| value / count).sum())
}

/// The median.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The median absolute deviation from the median, not scaled: see [`MAD_TO_SIGMA`].
pub fn mad(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    median(&deviations)
}

/// The `p`-quantile, `p` in 0..=1, by linear interpolation: type 7 of Hyndman and Fan,
/// "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996), also R's and `NumPy`'s default.
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    let mut values = finite(values);
    let (below, share) = place(values.len(), p)?;
    // Sorting the rest would be most of the work.
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp);
    Some(between(low, high.unwrap_or(low), share))
}

/// [`quantile`] of values that are finite and sorted in rising order already.
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let (below, share) = place(sorted.len(), p)?;
    let low = sorted[below];
    let high = sorted.get(below + 1).copied();
    Some(between(low, high.unwrap_or(low), share))
}

/// After which of `count` values the quantile lies, and how far on the way to the next one; `None` without values.
fn place(count: usize, p: f64) -> Option<(usize, f64)> {
    let last = count.checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 <= place <= last"
    )]
    let below = (place.floor() as usize).min(last);
    Some((below, place - below as f64))
}

fn between(low: f64, high: f64, share: f64) -> f64 {
    low * (1.0 - share) + high * share
}

/// Autocorrelations at lags `1..=max_lag` (so `acf(…)[0]` is lag 1).
///
/// Lags without two points, and all lags of a constant, are zero.
/// A value that is not finite counts as the mean, so gaps pull towards zero instead of shifting lags.
pub fn acf(values: &[f64], max_lag: usize) -> Vec<f64> {
    let centre = mean(values).unwrap_or(0.0);
    let mut deviations: Vec<f64> = values
        .iter()
        .map(|value| {
            if value.is_finite() {
                value - centre
            } else {
                0.0
            }
        })
        .collect();
    let largest = deviations
        .iter()
        .fold(0.0_f64, |most, value| most.max(value.abs()));
    // What is left of a constant is the rounding of its mean.
    if largest <= 1e-13 * centre.abs() || !largest.is_finite() {
        return vec![0.0; max_lag];
    }
    // Squares of scaled values cannot overflow.
    for value in &mut deviations {
        *value /= largest;
    }
    let variance: f64 = deviations.iter().map(|value| value * value).sum();
    (1..=max_lag)
        .map(|lag| {
            let later = deviations.get(lag..).unwrap_or(&[]);
            let products: f64 = later.iter().zip(&deviations).map(|(a, b)| a * b).sum();
            products / variance
        })
        .collect()
}

/// How seasonal evenly spaced values are, 0 (not at all) to 1 (nothing else).
///
/// It is `1 - var(remainder) / var(season + remainder)` after a classical decomposition:
/// Wang, Smith and Hyndman, "Characteristic-Based Clustering for Time Series Data",
/// Data Mining and Knowledge Discovery 13 (2006).
/// Zero when there are fewer than two whole seasons, or `season < 2`.
pub fn seasonal_strength(values: &[f64], season: usize) -> f64 {
    if season < 2 || values.len() < 2 * season {
        return 0.0;
    }
    let detrended = without_moving_mean(values, season);
    let mut remainder = detrended.clone();
    for phase in 0..season {
        let same: Vec<f64> = detrended
            .iter()
            .skip(phase)
            .step_by(season)
            .copied()
            .collect();
        let index = mean(&same).unwrap_or(0.0);
        remainder
            .iter_mut()
            .skip(phase)
            .step_by(season)
            .for_each(|value| *value -= index);
    }
    let (whole, rest) = (variance(&detrended), variance(&remainder));
    if whole.is_finite() && whole > 0.0 {
        (1.0 - rest / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Values less their centred moving mean over one season; NaN where the window does not fit.
fn without_moving_mean(values: &[f64], season: usize) -> Vec<f64> {
    let half = season / 2;
    let mut result = vec![f64::NAN; values.len()];
    for centre in half..values.len().saturating_sub(half) {
        let window = &values[centre - half..=centre + half];
        // An even season takes half of each end, so that every phase weighs the same.
        let ends = if season.is_multiple_of(2) {
            f64::midpoint(window[0], window[window.len() - 1])
        } else {
            0.0
        };
        let sum: f64 = window.iter().sum();
        result[centre] = values[centre] - (sum - ends) / season as f64;
    }
    result
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values).unwrap_or(0.0);
    let squares: Vec<f64> = values
        .iter()
        .map(|value| (value - centre) * (value - centre))
        .collect();
    mean(&squares).unwrap_or(0.0)
}

fn finite(values: &[f64]) -> Vec<f64> {
    values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_agree_with_numpy() {
        let values = [7.0, 1.0, 3.0, 10.0];
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert!((quantile(&values, 0.25).unwrap() - 2.5).abs() < 1e-12);
        assert!((median(&values).unwrap() - 5.0).abs() < 1e-12);
        assert!((quantile(&values, 0.9).unwrap() - 9.1).abs() < 1e-12);
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[f64::NAN]), None);
        assert_eq!(mad(&[f64::INFINITY]), None);
    }

    #[test]
    fn one_wild_value_does_not_move_the_spread_much() {
        let mut values: Vec<f64> = (0..101).map(f64::from).collect();
        let before = mad(&values).unwrap();
        values[100] = 1e12;
        assert!((mad(&values).unwrap() - before).abs() <= 1.0);
    }

    #[test]
    fn a_week_is_seen_at_lag_seven() {
        let values: Vec<f64> = (0..140)
            .map(|day| if day % 7 == 0 { 10.0 } else { 1.0 })
            .collect();
        let lags = acf(&values, 8);
        assert!(lags[6] > 0.9);
        assert!(lags[0] < 0.1);
        assert!(seasonal_strength(&values, 7) > 0.99);
    }

    #[test]
    fn a_straight_line_is_not_seasonal() {
        let values: Vec<f64> = (0..140).map(f64::from).collect();
        assert!(seasonal_strength(&values, 7) < 0.01);
    }

    #[test]
    fn a_constant_has_no_autocorrelation_and_no_season() {
        assert_eq!(acf(&[3.0; 20], 3), [0.0; 3]);
        assert!(seasonal_strength(&[3.0; 20], 7) < 1e-9);
    }

    proptest! {
        #[test]
        fn a_quantile_lies_between_the_extremes(
            values in prop::collection::vec(-1e300_f64..1e300, 1..50), p in 0.0_f64..1.0,
        ) {
            let found = quantile(&values, p).unwrap();
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Interpolation may round by one unit in the last place.
            let slack = 1e-12 * low.abs().max(high.abs());
            prop_assert!(found >= low - slack && found <= high + slack);
        }
    }
}
