//! What is asked of a forecast and what comes back.

use crate::Model;

/// The shortest history that is forecast: below it, a back-test has nothing to hold out.
pub const FEWEST_VALUES: usize = 12;
/// Older values than this many are left out: they cost time and say little about the next weeks.
pub const MOST_VALUES: usize = 1_500;
/// The longest horizon.
pub const LONGEST_HORIZON: usize = 1_000;

/// A forecast that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The history: finite, evenly spaced, oldest first, at least [`FEWEST_VALUES`]; see `series::fill` for gaps.
    pub values: &'a [f64],
    /// Points in each season that may be there, such as `series::Step::seasons`; those too long for the history are ignored.
    pub seasons: &'a [usize],
    /// How many steps ahead, 1 to [`LONGEST_HORIZON`].
    pub horizon: usize,
    /// Whether a value below zero is impossible (stock, bytes, orders).
    pub non_negative: bool,
    /// Whether only whole numbers are possible (pieces).
    pub integer: bool,
    /// Whether nobody waits: ARIMA, which tries every order, is one more member then.
    pub background: bool,
}

/// A point forecast with its bands; all five have one value per step, the next step first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bands {
    /// The forecast itself.
    pub point: Vec<f64>,
    /// Lower edge of the 80 % band.
    pub lo80: Vec<f64>,
    /// Upper edge of the 80 % band.
    pub hi80: Vec<f64>,
    /// Lower edge of the 95 % band.
    pub lo95: Vec<f64>,
    /// Upper edge of the 95 % band.
    pub hi95: Vec<f64>,
}

/// A forecast, how far to trust it, and who made it.
///
/// At every step `lo95 <= lo80 <= point <= hi80 <= hi95`, and all are finite.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The forecast, `horizon` values in the unit of the history.
    pub point: Vec<f64>,
    /// Lower edge of the 80 % band.
    pub lo80: Vec<f64>,
    /// Upper edge of the 80 % band.
    pub hi80: Vec<f64>,
    /// Lower edge of the 95 % band.
    pub lo95: Vec<f64>,
    /// Upper edge of the 95 % band.
    pub hi95: Vec<f64>,
    /// The same with nothing cut off at zero, by members or after, and with pieces in fractions: what [`crate::time_to_limit`] reads,
    /// because a band that was cut at zero no longer says how likely zero is.
    pub free: Bands,
    /// The forecast with bands that are even to both sides: nothing of them is cut at zero, and pieces are in fractions.
    /// What [`crate::running_total`] adds up.
    pub even: Bands,
    /// Every model that was tried, the floor first.
    pub members: Vec<MemberReport>,
    /// The ensemble's error in the back-test.
    pub ensemble_error: BackTestError,
    /// The naive floor's error in the same back-test.
    pub naive_error: BackTestError,
    /// Whether the ensemble's MASE is below the floor's.
    pub beats_naive: bool,
    /// How many origins the back-test had; zero means the history was constant.
    pub origins: usize,
    /// The season that was found, in points; `None` when there is none worth using.
    pub season: Option<usize>,
    /// How many of the values given were used, counted from the newest.
    pub used: usize,
    /// What a reader should know of the history.
    pub notes: Vec<Note>,
}

/// Something about a history that makes its forecast less certain than others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Note {
    /// The history is shorter than two rounds of a season that was offered, and that season cannot be seen.
    ShortForSeason {
        /// Points in that season.
        season: usize,
        /// How many values there are.
        have: usize,
    },
    /// The level moved at once and stayed; what came before was moved to the new level.
    LevelShift {
        /// The first place at the new level among the values used, 0 is the oldest of them.
        place: usize,
        /// How far the level moved, in the unit of the history.
        by: f64,
    },
    /// One of the newest two values is far from all that was usual and nothing confirms it: it does not count yet.
    HeldBack {
        /// Its place among the values used, 0 is the oldest of them.
        place: usize,
        /// The value, in the unit of the history.
        value: f64,
    },
}

/// A back-test's error, averaged over origins and steps.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BackTestError {
    /// Mean absolute scaled error: 1 is as far off as the in-sample naive step.
    /// Hyndman and Koehler, "Another look at measures of forecast accuracy",
    /// International Journal of Forecasting 22 (2006).
    pub mase: f64,
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub smape: f64,
}

/// One model's part in a forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberReport {
    /// Which model.
    pub model: Model,
    /// Its share of the weighted part of the ensemble, 0 to 1; all shares sum to 1.
    pub weight: f64,
    /// Its error in the back-test; `None` when it failed there.
    pub error: Option<BackTestError>,
    /// Why it has no part, if it failed.
    pub failed: Option<String>,
}

/// Why there is no forecast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForecastError {
    /// The history is too short.
    #[error("{have} values are too few for a forecast, {need} are needed")]
    NotEnough {
        /// How many values there were.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// A value is NaN or infinite.
    #[error("value {index} is not a finite number")]
    NotFinite {
        /// Its place in the history.
        index: usize,
    },
    /// The horizon is zero or too long.
    #[error("a horizon of {horizon} steps is not between 1 and {LONGEST_HORIZON}")]
    Horizon {
        /// The horizon that was asked for.
        horizon: usize,
    },
    /// No model could be fitted.
    #[error("no model could be fitted")]
    NoModel,
    /// The caller cancelled.
    #[error("the forecast was cancelled")]
    Cancelled,
}
