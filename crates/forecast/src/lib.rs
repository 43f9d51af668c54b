#![doc = include_str!("../README.md")]

mod adjusted;
mod analogue;
mod arima;
mod backtest;
mod blend;
mod ces;
mod crossing;
mod drift;
mod effects;
mod ensemble;
mod ets;
mod forecaster;
mod guard;
mod indices;
mod intermittent;
mod linear;
mod minimise;
mod model;
mod mstl;
mod naive;
mod newest;
mod pace;
mod pool;
mod request;
mod scaling;
mod season;
mod shift;
mod spread;
mod theta;
mod total;

/// The release that last changed what comes out for the same history. A model that was kept is made again from its
/// history only where this is what it was made by.
pub const ENGINE: &str = "0.1.0";

pub use analogue::{Analogue, analogues};
pub use arima::Arima;
pub use ces::Ces;
pub use crossing::{Crossing, Direction, time_to_limit};
pub use drift::Drift;
pub use effects::{Effect, EffectSize, KnownEffect, fit_with_effects, forecast_with_effects};
pub use ensemble::{fit, forecast};
pub use ets::Ets;
pub use forecaster::Forecaster;
pub use intermittent::{Sba, Tsb};
pub use model::{Fit, FitError, Model, Predict};
pub use mstl::Mstl;
pub use naive::{SeasonalMean, SeasonalNaive};
pub use pace::{FEWEST_FOR_PACE, Pace, pace};
pub use pool::{Calibration, Pool};
pub use request::{
    BackTestError, Bands, FEWEST_VALUES, ForecastError, LONGEST_HORIZON, MOST_VALUES, MemberReport,
    Note, Outcome, Request,
};
pub use spread::Surprise;
pub use theta::{DynamicTheta, Theta};
pub use total::running_total;
