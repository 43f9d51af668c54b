//! Events: what another system says happened, such as an alert of Alertmanager.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Range, Result, SeriesId, SourceId};

/// One occurrence of an alert, as the system that watches it last said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Occurrence {
    /// Who said so.
    pub source: SourceId,
    /// What people call that source.
    pub source_name: String,
    /// The same for each message about this alert, as long as its labels are the same.
    pub fingerprint: String,
    /// What it is called.
    pub name: String,
    /// How bad it is, in the sender's word; empty where nobody said.
    pub severity: String,
    /// Whether it lasts.
    pub firing: bool,
    /// When it began.
    pub starts_at: Instant,
    /// When it ended; `None` while it lasts.
    pub ends_at: Option<Instant>,
    /// What it is about, by name.
    pub labels: Vec<(String, String)>,
    /// What people are told, such as `summary`, by name.
    pub annotations: Vec<(String, String)>,
    /// Where to look, in the sender's word; a link only where it begins with `http://` or `https://`.
    pub generator_url: String,
    /// When the last message about it came.
    pub received_at: Instant,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with it.
    pub message: String,
}

/// What happened around a series: an alert, or days of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// What it is called.
    pub name: String,
    /// What it is about, such as `instance=db-1`; empty where that is the series itself.
    pub about: String,
    /// When it began.
    pub from: Instant,
    /// When it ended; `None` while it lasts.
    pub to: Option<Instant>,
}

/// What a mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum MarkKind {
    /// Another system said so.
    Alert,
    /// A public holiday.
    Holiday,
    /// A promotion.
    Promotion,
    /// A closure.
    Closure,
    /// Another entry of the calendar.
    Other,
}

/// The most marks of a range.
pub const MOST_MARKS: u32 = 100;
/// The most events in a list.
pub const MOST_EVENTS: u32 = 100;

/// Events.
#[async_trait]
pub trait Events: Send + Sync {
    /// Takes a message of Alertmanager's webhook; answers how many alerts it held. A message that
    /// comes again changes nothing. Needs `data:ingest`.
    async fn receive_alerts(
        &self,
        caller: &Caller,
        body: &[u8],
    ) -> Result<std::result::Result<u32, Unusable>>;
    /// What lasts first, then the newest; at most [`MOST_EVENTS`]. Needs `monitoring:read`.
    async fn recent(&self, caller: &Caller) -> Result<Vec<Occurrence>>;
    /// What happened within a range that may have moved a series: every alert, and the days of the calendar that touch
    /// the series. The latest first; at most [`MOST_MARKS`]. Needs `monitoring:read`.
    async fn marks(&self, caller: &Caller, id: &SeriesId, range: Range) -> Result<Vec<Mark>>;
}
