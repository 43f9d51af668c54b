//! What travels to open pages: what changed, and metric points.

use serde::{Deserialize, Serialize};

use crate::{Instant, SeriesId};

/// What a message begins with that says whose stream it is, and is no [`Event`].
pub const WHOSE: &str = "whose ";

/// One message to every open page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// New points, as they came in.
    Samples {
        /// The points, in no particular order.
        points: Vec<LivePoint>,
    },
    /// Something a page may show has changed: refetch.
    Changed {
        /// What kind of thing.
        topic: Topic,
        /// Which one, where it is a single one.
        id: Option<String>,
    },
    /// More was missed than is remembered: refetch everything.
    Reset,
}

/// A point on its way to a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LivePoint {
    /// The series.
    pub series: SeriesId,
    /// When.
    pub at: Instant,
    /// The value.
    pub value: f64,
}

/// The kinds of things that change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The list of series, or one's name or limit.
    Series,
    /// The list of sources.
    Sources,
    /// Forecasts, and with them the Runway.
    Forecasts,
    /// What is unusual.
    Findings,
    /// A file on its way in.
    Imports,
    /// The demo company came or went.
    Demo,
    /// Samples of metrics came in; told at most once a second.
    Metrics,
    /// Work beside the pages; told at most once a second.
    Jobs,
    /// What an area of the caches held is so no longer; the id is its word, and without one all is meant.
    Caches,
}
