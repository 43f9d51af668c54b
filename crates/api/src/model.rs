//! The models that forecasts are made with: each full fit of a series is a version.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{BackTest, Caller, Instant, Range, Result, SeriesId, UsedEffect};

/// Whether a version is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum VersionState {
    /// The forecast is made with it.
    Live,
    /// It was in force before.
    Previous,
    /// Somebody took it out of force.
    Withdrawn,
}

impl VersionState {
    /// The state as it is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Previous => "previous",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Why a model was fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum FitReason {
    /// There was none that fits the series as it is now.
    First,
    /// The one before was old.
    Age,
    /// Much had come in since the one before.
    News,
    /// The one before had drifted.
    Drift,
    /// Older data had come in or changed.
    Late,
    /// Somebody wanted it.
    Asked,
    /// The calendar was changed.
    Calendar,
}

impl FitReason {
    /// The reason in words, after “fitted”.
    pub const fn words(self) -> &'static str {
        match self {
            Self::First => "because there was none",
            Self::Age => "because the one before was old",
            Self::News => "because much had come in since",
            Self::Drift => "because the one before had drifted",
            Self::Late => "because older data had come in or changed",
            Self::Asked => "because somebody asked for it",
            Self::Calendar => "because the calendar was changed",
        }
    }
}

/// Something about a history that makes its forecast less certain than others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ModelNote {
    /// The history is shorter than two rounds of a season, which therefore cannot be seen.
    ShortForSeason {
        /// Points in that season.
        season: u32,
        /// How many there are.
        have: u32,
    },
    /// The level moved at once and stayed; what came before was moved to the new level.
    LevelShift {
        /// When.
        at: Instant,
        /// How far.
        by: f64,
    },
    /// One of the newest two values is far from all that was usual and nothing confirms it: it does not count yet.
    HeldBack {
        /// When.
        at: Instant,
        /// The value.
        value: f64,
    },
}

/// What was found in a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Fitted {
    /// Why it was made.
    pub reason: FitReason,
    /// Each member's error and weight, and the naive forecast's error.
    pub back_test: BackTest,
    /// The share of the back-test's errors within the 80 % and the 95 % band; `None` where it was not tried.
    pub coverage: Option<[f64; 2]>,
    /// The season that was found, in points.
    pub season: Option<u32>,
    /// What a reader should know of the history.
    pub notes: Vec<ModelNote>,
    /// The days of the calendar that it knew.
    #[serde(default)]
    pub effects: Vec<UsedEffect>,
}

/// What came of a version since it was fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LiveScore {
    /// How many points came in since.
    pub seen: u32,
    /// The latest errors one step ahead, in errors of the back-test: 1 is as good as there.
    pub error: Option<f64>,
    /// The share of those points within the 80 % and the 95 % band.
    pub coverage: Option<[f64; 2]>,
}

/// A model of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModelVersion {
    /// Which of the series' models, from 1.
    pub number: u32,
    /// Whether it is in force.
    pub state: VersionState,
    /// When it was fitted.
    pub made_at: Instant,
    /// With which version of the program.
    pub engine: String,
    /// The step of its grid in words.
    pub step: String,
    /// The data it was fitted on.
    pub window: Range,
    /// How many points of the grid that is.
    pub points: u32,
    /// How many of them had to be filled in.
    pub filled: u32,
    /// Its error in the back-test, in errors of the naive forecast: below 1 beats it.
    pub ratio: Option<f64>,
    /// How near it is to having drifted, 0 to 1.
    pub nearness: f64,
    /// When it had drifted.
    pub drifted_at: Option<Instant>,
    /// Not before then is it replaced without somebody's word.
    pub held_until: Option<Instant>,
    /// The CPU time of the fit, in microseconds.
    pub cpu_us: u64,
    /// What was found in the fit.
    pub fitted: Fitted,
    /// What came of it since.
    pub live: LiveScore,
}

/// Which models to list first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ModelOrder {
    /// Those that do worst against the naive forecast.
    #[default]
    Error,
    /// Those that are nearest to having drifted.
    Drift,
    /// The oldest.
    Age,
}

/// Which models to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ModelChoice {
    /// Every one that is in force.
    #[default]
    All,
    /// Those that had drifted.
    Drifted,
    /// Those that do not beat the naive forecast.
    Behind,
    /// Those that are held.
    Held,
}

/// Some of the models in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelFilter {
    /// Which.
    pub choice: ModelChoice,
    /// Words that must all occur in the series' title, name or labels.
    pub text: String,
    /// In which order.
    pub order: ModelOrder,
    /// After that place, as [`ModelPage::next`] has it; empty for the beginning.
    pub after: String,
}

/// A series and the model in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModelRow {
    /// The series.
    pub series: SeriesId,
    /// What people call it.
    pub title: String,
    /// Its model.
    pub version: ModelVersion,
}

/// Some of the models in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModelPage {
    /// These.
    pub rows: Vec<ModelRow>,
    /// Where the next page begins; empty at the end.
    pub next: String,
    /// All that are in force, whatever was asked for.
    pub all: ModelCounts,
    /// When this was answered.
    pub now: Instant,
}

/// How many models are in force, and how they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModelCounts {
    /// How many.
    pub live: u32,
    /// How many of them had drifted.
    pub drifted: u32,
    /// How many do not beat the naive forecast.
    pub behind: u32,
    /// How many are held.
    pub held: u32,
    /// The mean of the back-tests' errors, in errors of the naive forecast.
    pub ratio: Option<f64>,
}

/// How the models of a series did while they were in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModelErrors {
    /// At most [`KEPT_ERRORS`] points, the oldest first.
    pub points: Vec<ErrorPoint>,
    /// When another version came in force, the oldest first.
    pub changes: Vec<VersionChange>,
    /// When a version had drifted, the oldest first.
    pub drifts: Vec<Instant>,
}

/// How a model did up to an instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ErrorPoint {
    /// Until when it knew its series.
    pub at: Instant,
    /// Which version was in force.
    pub version: u32,
    /// The mean of about its thirty latest errors one step ahead, in errors of its back-test: 1 is as good as there.
    pub error: f64,
    /// The same, in errors of the naive forecast; `None` where the back-test has none.
    pub live: Option<f64>,
    /// The error of its back-test, in errors of the naive forecast: below 1 beats it.
    pub back_test: Option<f64>,
}

/// Another version in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VersionChange {
    /// When it was fitted; where it was put in force by hand, when it first took something in.
    pub at: Instant,
    /// Which.
    pub version: u32,
}

/// How many points of the errors of a series' models are kept: half a year of days, a week of hours.
pub const KEPT_ERRORS: u32 = 180;
/// How many versions of a series are kept.
pub const KEPT_VERSIONS: u32 = 10;
/// For how many days a version that somebody put in force is held.
pub const HELD_DAYS: u32 = 7;
/// How many models a page lists.
pub const MODELS_A_PAGE: u32 = 50;

/// The models of series.
#[async_trait]
pub trait Models: Send + Sync {
    /// Models in force. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller, filter: ModelFilter) -> Result<ModelPage>;
    /// The versions of a series that are kept, the newest first. Needs `monitoring:read`.
    async fn versions(&self, caller: &Caller, id: &SeriesId) -> Result<Vec<ModelVersion>>;
    /// How the models of a series did while they were in force, as far as that is kept.
    /// Needs `monitoring:read`.
    async fn errors(&self, caller: &Caller, id: &SeriesId) -> Result<ModelErrors>;
    /// Puts a version in force and holds it for [`HELD_DAYS`]; the newest is not held.
    /// Needs `monitoring:write`.
    async fn promote(&self, caller: &Caller, id: &SeriesId, number: u32) -> Result<()>;
    /// Takes the version in force out of force and puts the one before it in force, held for
    /// [`HELD_DAYS`]. Needs `monitoring:write`.
    async fn roll_back(&self, caller: &Caller, id: &SeriesId) -> Result<()>;
}
