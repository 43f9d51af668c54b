//! The rolling-origin back-test: fit up to an origin, predict past it, compare with what came.
//!
//! Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of Forecasting 16 (2000).

use crate::guard::{guarded, predict_finite};
use crate::{BackTestError, Fit, ForecastError};

/// At most this many origins: each costs as much as the forecast itself.
const MOST_ORIGINS: usize = 5;

/// A history that ends early, and what came after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// How many values are known.
    pub(crate) known: usize,
    /// How many steps are predicted and compared.
    pub(crate) steps: usize,
}

/// The origins for a history of `count` values, latest first.
///
/// They lie half a horizon apart where the history is long and closer where it is not.
/// Each leaves two seasons and half the history (or as much as ten horizons of it) to fit on;
/// the horizon is shortened where that leaves too little to compare with.
pub(crate) fn origins(count: usize, season: usize, horizon: usize) -> Vec<Origin> {
    let least = (2 * season + 2).max(6).max((count / 2).min(10 * horizon));
    let room = count.saturating_sub(least);
    if room == 0 {
        // A tiny history still has its last third to compare with.
        let known = (count - count / 3).max(1);
        return vec![Origin {
            known,
            steps: (count - known).min(horizon),
        }];
    }
    let steps = horizon.min(room);
    let spare = room - steps;
    let wish = steps.div_ceil(2);
    let apart = wish.min((spare / (MOST_ORIGINS - 1)).max(1));
    (0..MOST_ORIGINS)
        .map(|place| place * apart)
        .take_while(|back| *back <= spare)
        .map(|back| Origin {
            known: count - steps - back,
            steps,
        })
        .collect()
}

/// How many stretches without overlap the origins cover: what their errors are worth as independent facts.
pub(crate) fn windows(origins: &[Origin]) -> f64 {
    let earliest = origins.iter().map(|origin| origin.known).min().unwrap_or(0);
    let end = origins
        .iter()
        .map(|origin| origin.known + origin.steps)
        .max()
        .unwrap_or(0);
    let steps = origins.iter().map(|origin| origin.steps).max().unwrap_or(0);
    end.saturating_sub(earliest) as f64 / steps.max(1) as f64
}

/// What one member predicted at each origin; `None` where it failed.
pub(crate) type Tried = Vec<Option<Vec<f64>>>;

/// Fits `model` at every origin.
///
/// # Errors
/// [`ForecastError::Cancelled`] when `cancelled` answers true before a fit.
pub(crate) fn try_model(
    model: &dyn Fit,
    y: &[f64],
    origins: &[Origin],
    cancelled: &dyn Fn() -> bool,
) -> Result<Tried, ForecastError> {
    origins
        .iter()
        .map(|origin| {
            if cancelled() {
                return Err(ForecastError::Cancelled);
            }
            let fitted = guarded(|| model.fit(&y[..origin.known]));
            Ok(fitted
                .and_then(|fitted| predict_finite(fitted.as_ref(), origin.steps))
                .ok())
        })
        .collect()
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

/// The error of predictions at all origins; `None` when one of them failed.
pub(crate) fn error_of(
    tried: &Tried,
    y: &[f64],
    origins: &[Origin],
    step: f64,
) -> Option<BackTestError> {
    let (mut mase, mut smape, mut count) = (0.0, 0.0, 0.0);
    for (predicted, origin) in tried.iter().zip(origins) {
        for (predicted, actual) in predicted.as_ref()?.iter().zip(&y[origin.known..]) {
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
    fn a_long_history_has_five_origins_half_a_horizon_apart() {
        let known: Vec<usize> = origins(200, 7, 14)
            .iter()
            .map(|origin| origin.known)
            .collect();
        assert_eq!(known, [186, 179, 172, 165, 158]);
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
                prop_assert!((1..=horizon).contains(&origin.steps) || count < 3);
                prop_assert!(origin.known + origin.steps <= count);
            }
        }
    }
}
