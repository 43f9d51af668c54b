//! The Runway: what runs out, breaks or goes over next.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Crossing, Instant, Result, Series, SeriesId};

/// The home page's list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Runway {
    /// When it was made: the left edge of the shared time axis.
    pub now: Instant,
    /// What is over, reaches its limit or is unknown, the most urgent first.
    pub strips: Vec<Strip>,
    /// How many series with a limit will not reach it as far as can be seen.
    pub clear: u32,
    /// How many series have no limit.
    pub without_limit: u32,
    /// What was unusual within the last day, the most unusual first.
    pub unusual: Vec<Glimpse>,
    /// How many findings of the last day are left out of it since they may be chance.
    pub chance: u32,
}

/// A finding in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Glimpse {
    /// The series.
    pub series: SeriesId,
    /// What people call it.
    pub title: String,
    /// The unit of its numbers, as a word.
    pub unit: String,
    /// When it was last unusual.
    pub last: Instant,
    /// What was seen.
    pub value: f64,
    /// The usual level; `None` where nothing was known of it.
    pub expected: Option<f64>,
    /// The score, 0 to 1.
    pub score: f64,
}

/// One line of the Runway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Strip {
    /// The series.
    pub series: Series,
    /// A short history, up to 40 values, oldest first; `None` at gaps.
    pub spark: Vec<Option<f64>>,
    /// What is known of its future.
    pub outlook: Outlook,
    /// What to order, where somebody has said how it is bought and an order is due within a year.
    pub order: Option<StripOrder>,
    /// Whether it is the account whose cash is foreseen week by week.
    pub cash: bool,
}

/// An order in a line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StripOrder {
    /// How much, in the series' unit.
    pub quantity: f64,
    /// The last day on which it is in time, by its beginning.
    pub by: Instant,
    /// Whether that day has passed.
    pub overdue: bool,
}

/// What is known of a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// The newest value is at the limit or past it.
    Over {
        /// Since when, as far as the short history shows.
        since: Instant,
    },
    /// It will probably be reached.
    Reaches {
        /// When.
        crossing: Crossing,
        /// How far the series goes in an hour, where that is said by its pace of late and not by its forecast.
        #[serde(default)]
        per_hour: Option<f64>,
    },
    /// It will probably not be reached within the horizon.
    Clear {
        /// How unlikely.
        crossing: Crossing,
    },
    /// Nobody can say, and this is why.
    Unknown {
        /// Why.
        why: WhyUnknown,
    },
}

/// Why there is no forecast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhyUnknown {
    /// No sample has come in.
    NoData,
    /// Too few grid points.
    NotEnough {
        /// This many there are.
        have: u32,
        /// This many are needed.
        need: u32,
    },
    /// Too much of the history is missing.
    TooManyGaps {
        /// Missing, in hundredths.
        missing_percent: u32,
    },
    /// The newest data is too old to say anything of the present.
    OutOfDate {
        /// How many hours old it is.
        hours: u32,
    },
    /// It is being computed.
    Pending,
    /// The engine gave up.
    Failed {
        /// What it said.
        reason: String,
    },
}

impl std::fmt::Display for WhyUnknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoData => f.write_str("no data yet"),
            Self::NotEnough { have, need } => {
                write!(f, "not enough history yet ({have} of {need} points)")
            }
            Self::TooManyGaps { missing_percent } => {
                write!(f, "{missing_percent} % of the history is missing")
            }
            Self::OutOfDate { hours } if *hours < 48 => write!(f, "no data for {hours} h"),
            Self::OutOfDate { hours } => write!(f, "no data for {} d", hours / 24),
            Self::Pending => f.write_str("being computed"),
            Self::Failed { reason } => write!(f, "could not be computed: {reason}"),
        }
    }
}

/// Which lines to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunwayFilter {
    /// Only business numbers, or only machines'.
    pub domain: Option<crate::Domain>,
    /// Also what will not be reached.
    pub with_clear: bool,
}

/// The home page's list.
#[async_trait]
pub trait RunwayOps: Send + Sync {
    /// What runs out, breaks or goes over next. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller, filter: RunwayFilter) -> Result<Runway>;
}
