//! The rolling-origin back-test: fit up to the first origin, predict past it, take the next values in, predict again.
//!
//! Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of Forecasting 16 (2000).
//! What was estimated at the first origin stays, as the paper's "updating" has it: a fit for each of two dozen origins
//! would cost two dozen forecasts, and the errors that it would save are what the bands should show anyway.

use crate::guard::predict_finite;
use crate::{BackTestError, Fit, ForecastError, Predict};

/// At most this many origins.
const MOST_ORIGINS: usize = 36;

/// A history that ends early, and what came after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// How many values are known.
    pub(crate) known: usize,
    /// How many steps are predicted and compared, at least 1.
    pub(crate) steps: usize,
}

/// The origins for a history of `count` values, at least 2, earliest first.
///
/// They begin two horizons before the end, but leave two seasons and half the history (or as much as ten horizons of it)
/// to fit on; those nearer to the end than a horizon compare with what there is.
pub(crate) fn origins(count: usize, season: usize, horizon: usize) -> Vec<Origin> {
    let least = (2 * season + 2).max(6).max((count / 2).min(10 * horizon));
    // A tiny history still has its last third to compare with.
    let least = least.min(count - count.div_ceil(3)).max(1);
    let first = count.saturating_sub(2 * horizon).max(least);
    let apart = (count - first).div_ceil(MOST_ORIGINS).max(1);
    (first..count)
        .step_by(apart)
        .map(|known| Origin {
            known,
            steps: (count - known).min(horizon),
        })
        .collect()
}

/// What one model predicted at each origin.
pub(crate) type Tried = Vec<Vec<f64>>;

/// What one model predicted at each origin, and the model itself after the last value.
pub(crate) type Rolled = (Tried, Box<dyn Predict>);

/// Fits `model` at the first origin and rolls it over the others; `None` when it failed.
///
/// # Errors
/// [`ForecastError::Cancelled`] when `cancelled` answers true before the fit.
pub(crate) fn try_model(
    model: &dyn Fit,
    y: &[f64],
    origins: &[Origin],
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Rolled>, ForecastError> {
    if cancelled() {
        return Err(ForecastError::Cancelled);
    }
    let Some(first) = origins.first() else {
        return Ok(None);
    };
    let Ok(mut fitted) = model.fit(&y[..first.known]) else {
        return Ok(None);
    };
    let mut known = first.known;
    let roll = |origin: &Origin| {
        for value in &y[known..origin.known] {
            fitted.update(*value);
        }
        known = origin.known;
        predict_finite(fitted.as_ref(), origin.steps).ok()
    };
    let tried: Option<Tried> = origins.iter().map(roll).collect();
    for value in &y[known..] {
        fitted.update(*value);
    }
    Ok(tried.map(|tried| (tried, fitted)))
}

/// The mean in-sample step of the naive forecast, what MASE divides by; never zero.
pub(crate) fn naive_step(y: &[f64], season: usize) -> f64 {
    let mean_step = |lag: usize| {
        let steps = y.len().saturating_sub(lag);
        y.iter()
            .zip(y.iter().skip(lag))
            .map(|(a, b)| (b - a).abs())
            .sum::<f64>()
            / steps.max(1) as f64
    };
    // A perfectly seasonal history has no seasonal step: fall back on the plain one.
    [mean_step(season.max(1)), mean_step(1)]
        .into_iter()
        .find(|step| *step > 0.0)
        .unwrap_or(1.0)
}

/// The error of predictions at all origins; `None` without any.
pub(crate) fn error_of(
    tried: &Tried,
    y: &[f64],
    origins: &[Origin],
    step: f64,
) -> Option<BackTestError> {
    let (mut mase, mut smape, mut count) = (0.0, 0.0, 0.0);
    for (predicted, origin) in tried.iter().zip(origins) {
        for (predicted, actual) in predicted.iter().zip(&y[origin.known..]) {
            let off = (predicted - actual).abs();
            let size = predicted.abs() + actual.abs();
            mase += off / step;
            smape += if size > 0.0 { 200.0 * off / size } else { 0.0 };
            count += 1.0;
        }
    }
    (count > 0.0).then(|| BackTestError {
        mase: mase / count,
        smape: smape / count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_origins_of_a_long_history_begin_two_horizons_before_its_end() {
        let found = origins(200, 7, 14);
        assert_eq!(
            found[0],
            Origin {
                known: 172,
                steps: 14
            }
        );
        assert_eq!(
            found[26],
            Origin {
                known: 198,
                steps: 2
            }
        );
        assert_eq!(found.len(), 28);
    }

    #[test]
    fn a_perfect_season_still_has_a_step_to_divide_by() {
        let y: Vec<f64> = (0..21).map(|day| f64::from(day % 7)).collect();
        assert!(naive_step(&y, 7) > 0.0);
        assert!((naive_step(&[4.0; 9], 1) - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn every_origin_keeps_something_known_and_something_to_compare(
            count in 2_usize..400, season in 1_usize..60, horizon in 1_usize..80,
        ) {
            let found = origins(count, season, horizon);
            prop_assert!(!found.is_empty());
            for origin in found {
                prop_assert!(origin.known >= 1);
                prop_assert!((1..=horizon).contains(&origin.steps));
                prop_assert!(origin.known + origin.steps <= count);
            }
        }
    }
}
