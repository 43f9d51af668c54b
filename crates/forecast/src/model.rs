//! The shape of a model: fit first, then predict, so that an unfitted model cannot predict.

use std::fmt;

/// A model that can be fitted to evenly spaced values.
pub trait Fit {
    /// Which model this is.
    fn model(&self) -> Model;

    /// Fits the model to `y`: finite, evenly spaced, oldest first.
    ///
    /// # Errors
    /// [`FitError`] when `y` is too short or the model cannot describe it.
    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError>;
}

/// A fitted model.
pub trait Predict: Send {
    /// The next `horizon` values after the last one fitted or seen.
    fn predict(&self, horizon: usize) -> Vec<f64>;

    /// Takes one more value in: the state moves on, what was estimated stays.
    ///
    /// The value must be finite. It costs a step of the recursion, not a fit.
    fn update(&mut self, value: f64);
}

/// The models that take part, by the names people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// The last season again, or the last value when there is no season: the floor to beat.
    SeasonalNaive,
    /// Exponential smoothing in state-space form, its form chosen by information criterion.
    Ets,
    /// Dynamic optimised Theta.
    DynamicTheta,
    /// Theta with both lines fixed, only its smoothing optimised.
    Theta,
    /// Complex exponential smoothing.
    Ces,
    /// Autoregression, differences and moving averages, in the background only.
    Arima,
    /// Seasons by MSTL, the rest by exponential smoothing.
    Mstl,
    /// Croston's method for intermittent demand, with Syntetos and Boylan's correction.
    Sba,
    /// Teunter, Syntetos and Babai's method for intermittent demand that may die out.
    Tsb,
    /// The mean of the same place in earlier seasons, recent ones weighing more.
    SeasonalMean,
}

impl Model {
    /// The name for tables and stored reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SeasonalNaive => "Seasonal naive",
            Self::Ets => "ETS",
            Self::DynamicTheta => "Dynamic Theta",
            Self::Theta => "Theta",
            Self::Ces => "CES",
            Self::Arima => "ARIMA",
            Self::Mstl => "MSTL",
            Self::Sba => "Croston SBA",
            Self::Tsb => "TSB",
            Self::SeasonalMean => "Seasonal mean",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a model was not fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// The history is too short for this model.
    #[error("{have} values are too few, {need} are needed")]
    TooShort {
        /// How many values there were.
        have: usize,
        /// How many the model needs.
        need: usize,
    },
    /// The model's own library refused the values.
    #[error("the model refused the values: {0}")]
    Refused(String),
    /// A third-party fit panicked; the panic was caught.
    #[error("the fit panicked: {0}")]
    Panicked(String),
    /// The fit or its prediction held numbers that are not finite.
    #[error("the fit is not finite")]
    NotFinite,
}
