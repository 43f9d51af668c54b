//! A series' next weeks with honest bands, and how good such forecasts have been.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Point, Range, Result, SeriesId, WhyUnknown};

/// What is known of a series' future.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ForecastState {
    /// There is a forecast.
    Ready {
        /// It.
        forecast: Box<Forecast>,
    },
    /// There is none, and this is why.
    Unknown {
        /// Why.
        why: WhyUnknown,
    },
}

/// A forecast: what the series will be, with bands, and how such forecasts did before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Forecast {
    /// When it was made.
    pub made_at: Instant,
    /// The instant of the newest sample it knows.
    pub known_until: Instant,
    /// The grid's step in words: `1 day`.
    pub step: String,
    /// The grid's step in seconds; a month counts as 30 days and 10 hours.
    pub step_seconds: u32,
    /// How many grid points of history it was fitted on.
    pub history: u32,
    /// How many of those had to be filled in.
    pub filled: u32,
    /// The future, a point a step.
    pub points: Vec<ForecastPoint>,
    /// Of values that add up: what the first step comes to, the first two, and so on; `at` is the last step
    /// that counts.
    #[serde(default)]
    pub totals: Vec<ForecastPoint>,
    /// How such forecasts did on the series' own past.
    pub back_test: BackTest,
    /// When the limit is reached, where the series has one.
    pub crossing: Option<Crossing>,
    /// Where a level with a limit gets to at its pace of late, where it is read more often than the forecast's step.
    #[serde(default)]
    pub pace: Option<Pace>,
}

impl Forecast {
    /// So many steps without data after a limit should have been reached, and nobody knows whether it was.
    const PATIENCE: i64 = 3;

    /// When the limit should have been reached, where that has passed and no data came since that would
    /// say whether it was. `newest` is the instant of the newest sample.
    pub fn missed(&self, newest: Instant, now: Instant) -> Option<Instant> {
        let crossing = self.soonest().filter(|crossing| !crossing.already)?;
        let step = self.at_pace().map(|pace| pace.step_seconds);
        let step = step.unwrap_or(self.step_seconds);
        let patience = i64::from(step) * Self::PATIENCE * Instant::SECOND;
        let waited = |since: Instant| now > since.plus(patience);
        crossing.median.filter(|due| waited(*due) && waited(newest))
    }

    /// The pace of late, where the limit is reached by it before the forecast says so.
    pub fn at_pace(&self) -> Option<&Pace> {
        let pace = self.pace.as_ref();
        let due = |crossing: &Crossing| crossing.median.map_or(i64::MAX, |at| at.0);
        let forecast = self.crossing.as_ref();
        pace.filter(|pace| {
            forecast.is_some_and(|one| !one.already && due(&pace.crossing) < due(one))
        })
    }

    /// When the limit is reached: by the forecast, or by the pace of late where that is sooner.
    pub fn soonest(&self) -> Option<Crossing> {
        self.at_pace().map(|pace| pace.crossing).or(self.crossing)
    }
}

/// One step of the future.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ForecastPoint {
    /// When.
    pub at: Instant,
    /// The middle.
    pub point: f64,
    /// Below this in one of ten cases.
    pub lo80: f64,
    /// Above this in one of ten cases.
    pub hi80: f64,
    /// Below this in one of forty cases.
    pub lo95: f64,
    /// Above this in one of forty cases.
    pub hi95: f64,
}

/// How forecasts of this kind did on the series' own past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BackTest {
    /// From how many past instants it was tried.
    pub origins: u32,
    /// The ensemble's mean absolute scaled error (Hyndman & Koehler 2006); `None` where it was not tried.
    pub mase: Option<f64>,
    /// The seasonal naive forecast's.
    pub naive_mase: Option<f64>,
    /// The ensemble's symmetric mean absolute percentage error, 0 to 200.
    pub smape: Option<f64>,
    /// The seasonal naive forecast's.
    pub naive_smape: Option<f64>,
    /// Whether it beat the seasonal naive forecast.
    pub beats_naive: bool,
    /// Each model.
    pub members: Vec<MemberScore>,
}

/// One model of the ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MemberScore {
    /// The model's name.
    pub name: String,
    /// Its share of the forecast, 0 to 1.
    pub weight: f64,
    /// Its mean absolute scaled error; `None` where it could not be fitted.
    pub mase: Option<f64>,
    /// Why it could not be fitted.
    pub failed: Option<String>,
}

/// When a limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Crossing {
    /// The limit it was computed for.
    pub limit: f64,
    /// Whether the newest value is already there.
    pub already: bool,
    /// Reached by then in half of the cases; `None` where that lies beyond the horizon.
    pub median: Option<Instant>,
    /// Earliest instant of the 80 % band.
    pub lo80: Option<Instant>,
    /// Latest instant of the 80 % band.
    pub hi80: Option<Instant>,
    /// Earliest instant of the 95 % band.
    pub lo95: Option<Instant>,
    /// Latest instant of the 95 % band.
    pub hi95: Option<Instant>,
    /// How likely it is within the horizon, 0 to 1.
    pub probability: f64,
    /// The end of the horizon.
    pub horizon: Instant,
}

/// Where a level gets to if it goes on as it has gone for some steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pace {
    /// How far apart the points are that it was found on, in seconds.
    pub step_seconds: u32,
    /// How far the level goes in an hour, in the series' unit; negative where it falls.
    pub per_hour: f64,
    /// When the limit is reached so.
    pub crossing: Crossing,
}

/// Stretches of a series' past that are like its latest one, and what came after them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SimilarPast {
    /// How far apart points are, in seconds; a month counts as 30 days and 10 hours.
    pub step_seconds: u32,
    /// The latest stretch, which others are compared with.
    pub latest: Vec<Point>,
    /// Those of the past, the most alike first; empty where nothing is like it.
    pub periods: Vec<SimilarPeriod>,
    /// Why nothing could be compared, where that is so.
    pub unknown: Option<WhyUnknown>,
}

/// A stretch of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SimilarPeriod {
    /// When it was.
    pub range: Range,
    /// Which share of the latest stretch's ups and downs it has as well: above 0, at most 1.
    pub alike: f64,
    /// It and what came after it, as if it were the latest: the points lie where those of the latest stretch lie
    /// and go on from there, at its level.
    pub points: Vec<Point>,
}

/// Forecasts of series.
#[async_trait]
pub trait Forecasts: Send + Sync {
    /// What is known of the series' future. Needs `monitoring:read`.
    async fn get(&self, caller: &Caller, id: &SeriesId) -> Result<ForecastState>;
    /// Which stretches of the series' past are like its latest one. Needs `monitoring:read`.
    async fn similar(&self, caller: &Caller, id: &SeriesId) -> Result<SimilarPast>;
    /// Computes the series' forecast anew, now. Needs `monitoring:write`.
    async fn refresh(&self, caller: &Caller, id: &SeriesId) -> Result<ForecastState>;
}
