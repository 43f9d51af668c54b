//! Demand with many zeros.

use crate::guard::guarded;
use crate::{Fit, FitError, Model, Predict};
use anofox_forecast::core::TimeSeries;
use anofox_forecast::models::Forecaster;
use anofox_forecast::models::intermittent::{Croston, TSB};
use std::ops::Add;
use std::time::Duration;

/// The mean interval between demands above which Croston's kind beats smoothing:
/// Syntetos, Boylan and Croston, "On the categorization of demand patterns",
/// Journal of the Operational Research Society 56 (2005).
const LONGEST_SMOOTH_INTERVAL: f64 = 1.32;

/// Whether demand is intermittent: never negative, and the mean interval between demands is above 1.32.
pub(crate) fn is_intermittent(y: &[f64]) -> bool {
    let demands = y.iter().filter(|value| **value > 0.0).count();
    y.iter().all(|value| *value >= 0.0)
        && demands > 0
        && y.len() as f64 / demands as f64 > LONGEST_SMOOTH_INTERVAL
}

/// Croston's method with the correction of Syntetos and Boylan,
/// "The accuracy of intermittent demand estimates", International Journal of Forecasting 21 (2005).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sba;

impl Fit for Sba {
    fn model(&self) -> Model {
        Model::Sba
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        fit_flat(Croston::new().sba_optimized(), y)
    }
}

/// Teunter, Syntetos and Babai, "Intermittent demand: Linking forecasting to inventory obsolescence",
/// European Journal of Operational Research 214 (2011): it fades when demand dies out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tsb;

impl Fit for Tsb {
    fn model(&self) -> Model {
        Model::Tsb
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        fit_flat(TSB::new(), y)
    }
}

fn fit_flat(mut model: impl Forecaster, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
    guarded(|| {
        let refused = |error: anofox_forecast::ForecastError| FitError::Refused(error.to_string());
        let timed = TimeSeries::univariate(seconds(y.len()), y.to_vec()).map_err(refused)?;
        model.fit(&timed).map_err(refused)?;
        let next = model.predict(1).map_err(refused)?;
        let level = next.primary().first().copied().ok_or(FitError::NotFinite)?;
        Ok(Box::new(Flat { level }) as Box<dyn Predict>)
    })
}

/// Any rising instants: the library asks for them and its models do not look at them.
/// Generic, so that its date crate need not become ours.
fn seconds<T: Copy + Default + Add<Duration, Output = T>>(count: usize) -> Vec<T> {
    std::iter::successors(Some(T::default()), |at| Some(*at + Duration::from_secs(1)))
        .take(count)
        .collect()
}

struct Flat {
    level: f64,
}

impl Predict for Flat {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        vec![self.level; horizon]
    }
}
