#![doc = include_str!("../README.md")]

mod adjusted;
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
mod pool;
mod request;
mod scaling;
mod season;
mod shift;
mod spread;
mod theta;
mod total;

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
pub use pool::{Calibration, Pool};
pub use request::{
    BackTestError, Bands, FEWEST_VALUES, ForecastError, LONGEST_HORIZON, MOST_VALUES, MemberReport,
    Note, Outcome, Request,
};
pub use spread::Surprise;
pub use theta::{DynamicTheta, Theta};
pub use total::running_total;
