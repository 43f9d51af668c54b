#![doc = include_str!("../README.md")]

mod backtest;
mod bands;
mod crossing;
mod ensemble;
mod ets;
mod guard;
mod intermittent;
mod minimise;
mod model;
mod mstl;
mod naive;
mod request;
mod scaling;
mod season;
mod theta;

pub use crossing::{Crossing, Direction, time_to_limit};
pub use ensemble::forecast;
pub use ets::Ets;
pub use intermittent::{Sba, Tsb};
pub use model::{Fit, FitError, Model, Predict};
pub use mstl::Mstl;
pub use naive::{SeasonalMean, SeasonalNaive};
pub use request::{
    BackTestError, Bands, FEWEST_VALUES, ForecastError, LONGEST_HORIZON, MOST_VALUES, MemberReport,
    Outcome, Request,
};
pub use theta::{DynamicTheta, Theta};
