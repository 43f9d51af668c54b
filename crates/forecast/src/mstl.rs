//! Several seasons by MSTL, the rest by exponential smoothing.
//!
//! Bandara, Hyndman and Bergmeir, "MSTL: A Seasonal-Trend Decomposition Algorithm for Time Series with Multiple
//! Seasonal Patterns", arXiv 2107.13462 (2021), as implemented by `augurs-mstl`.

use crate::ets::{Ets, Fitted};
use crate::guard::guarded;
use crate::{Fit, FitError, Model, Predict};
use augurs_core::{Fit as _, Forecast, Predict as _};
use augurs_mstl::{FittedMSTLModel, FittedTrendModel, MSTLModel, TrendModel};
use std::borrow::Cow;

type AnyError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// MSTL with a trend by non-seasonal ETS.
#[derive(Debug, Clone)]
pub struct Mstl {
    /// Points in each season; those that do not fit into the history twice are left out.
    pub seasons: Vec<usize>,
}

impl Fit for Mstl {
    fn model(&self) -> Model {
        Model::Mstl
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        let fitting = |season: &usize| *season >= 2 && y.len() > 2 * season;
        let seasons: Vec<usize> = self.seasons.iter().copied().filter(fitting).collect();
        if seasons.is_empty() {
            // Without a season MSTL is its trend model; the library insists on one.
            return Ets::new(1).fit(y);
        }
        guarded(|| {
            let model = MSTLModel::new(seasons, SmoothTrend);
            let fitted = model
                .fit(y)
                .map_err(|error| FitError::Refused(error.to_string()))?;
            Ok(Box::new(FittedMstl(fitted)) as Box<dyn Predict>)
        })
    }
}

struct FittedMstl(FittedMSTLModel);

impl Predict for FittedMstl {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        // An empty answer is refused by whoever asked, as is one that is not finite.
        self.0
            .predict(horizon, None)
            .map(|forecast| forecast.point)
            .unwrap_or_default()
    }
}

/// Our ETS as the library's trend model: it is chosen among fewer forms than theirs, in a tenth of the time.
#[derive(Debug)]
struct SmoothTrend;

impl TrendModel for SmoothTrend {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("ETS")
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn FittedTrendModel + Sync + Send>, AnyError> {
        Ok(Box::new(FittedTrend(Ets::new(1).choose(y)?)))
    }
}

#[derive(Debug)]
struct FittedTrend(Fitted);

impl FittedTrendModel for FittedTrend {
    fn predict_inplace(
        &self,
        horizon: usize,
        _: Option<f64>,
        forecast: &mut Forecast,
    ) -> Result<(), AnyError> {
        forecast.point = self.0.predict(horizon);
        Ok(())
    }

    fn predict_in_sample_inplace(&self, _: Option<f64>, _: &mut Forecast) -> Result<(), AnyError> {
        // Nobody asks: the back-test looks ahead, never back into the sample.
        Err("predictions inside the sample are not kept".into())
    }

    fn training_data_size(&self) -> Option<usize> {
        None
    }
}
