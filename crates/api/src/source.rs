//! Where data comes from.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Range, Result, SourceId};

/// Where data comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Source {
    /// The source.
    pub id: SourceId,
    /// What people call it.
    pub name: String,
    /// How its data comes in.
    pub kind: SourceKind,
    /// Whether it belongs to the demo company.
    pub demo: bool,
    /// When it was added.
    pub created_at: Instant,
    /// When data last came in; `None` for never.
    pub last_seen_at: Option<Instant>,
    /// How often data is expected, in seconds; `None` where nobody can say (a file).
    pub expected_every_seconds: Option<u32>,
    /// How many series it has that are read one by one.
    pub series: u32,
    /// How many series of metrics it has, which are asked in PromQL; `None` where an engine keeps
    /// them, which does not know who sent what.
    pub metrics: Option<u32>,
    /// How many samples were taken in.
    pub accepted: u64,
    /// How many of the samples had an instant that their series had already.
    pub duplicates: u64,
    /// How many of the samples came after a newer one of their series.
    pub late: u64,
    /// How often nothing came for longer than three expected intervals, or five minutes where nobody
    /// can say how often it should.
    pub gaps: u32,
    /// The last time that nothing came.
    pub last_gap: Option<Range>,
    /// How many samples or rows were refused.
    pub refused: u64,
    /// Why the last one was refused.
    pub last_refusal: Option<String>,
}

impl Source {
    /// Since when data is missing, if it is: three expected intervals without any.
    pub fn stale_since(&self, now: Instant) -> Option<Instant> {
        let every = i64::from(self.expected_every_seconds?) * Instant::SECOND;
        let seen = self.last_seen_at?;
        (now.0.saturating_sub(seen.0) > every.saturating_mul(3)).then_some(seen)
    }
}

/// How data comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The machine that Millrace runs on.
    Host,
    /// A file that somebody dropped.
    File,
    /// Samples sent over HTTP with a key.
    Push,
    /// A target that Millrace asks for its metrics.
    Scrape,
    /// An expression over metrics that is evaluated at an interval.
    Recording,
    /// The demo company's generator.
    Demo,
}

impl SourceKind {
    /// The kind as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::File => "file",
            Self::Push => "push",
            Self::Scrape => "scrape",
            Self::Recording => "recording",
            Self::Demo => "demo",
        }
    }
}

impl std::str::FromStr for SourceKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [
            Self::Host,
            Self::File,
            Self::Push,
            Self::Scrape,
            Self::Recording,
            Self::Demo,
        ]
        .into_iter()
        .find(|k| k.as_str() == text)
        .ok_or_else(|| format!("`{text}` is no kind of source"))
    }
}

/// Where data comes from.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Every source, by name, and since when it is silent, if it is. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<(Source, Option<Instant>)>>;
    /// One source. Needs `monitoring:read`.
    async fn get(&self, caller: &Caller, id: &SourceId) -> Result<Source>;
    /// Removes a source with its series and their samples. Needs `monitoring:write`.
    /// `name` must be the source's name: a guard against the wrong click.
    async fn remove(&self, caller: &Caller, id: &SourceId, name: &str) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last_seen_at: Option<Instant>, every: Option<u32>) -> Source {
        Source {
            id: "s".into(),
            name: "s".into(),
            kind: SourceKind::Host,
            demo: false,
            created_at: Instant(0),
            last_seen_at,
            expected_every_seconds: every,
            series: 0,
            metrics: Some(0),
            accepted: 0,
            duplicates: 0,
            late: 0,
            gaps: 0,
            last_gap: None,
            refused: 0,
            last_refusal: None,
        }
    }

    #[test]
    fn a_source_is_stale_after_three_missed_intervals_and_not_before() {
        let seen = Instant::from_seconds(100);
        let s = source(Some(seen), Some(10));
        assert_eq!(s.stale_since(Instant::from_seconds(130)), None);
        assert_eq!(s.stale_since(Instant::from_seconds(131)), Some(seen));
    }

    #[test]
    fn a_file_is_never_stale() {
        assert_eq!(
            source(Some(Instant(0)), None).stale_since(Instant(i64::MAX)),
            None
        );
    }
}
