//! What was computed and is kept for a while, so that the next who asks the same need not wait.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Result};

/// What kind of answers is kept together: they share a lifetime and a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum CacheArea {
    /// Questions to the metrics: labels, series, metadata, and expressions over the past.
    Metrics,
    /// Lists of what is unusual, and what health scores take from them.
    Alerts,
    /// What engines computed of what they are given.
    Models,
}

impl CacheArea {
    /// Every area there is.
    pub const ALL: [Self; 3] = [Self::Metrics, Self::Alerts, Self::Models];

    /// The area as it is counted and told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Alerts => "alerts",
            Self::Models => "models",
        }
    }

    /// The area of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.as_str() == word)
    }
}

/// What one area of this server's cache holds, and how often it helped since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CacheUse {
    /// Which area.
    pub area: CacheArea,
    /// How long an answer is kept, in seconds; 0 where none is.
    pub lifetime_seconds: u32,
    /// How many answers are in memory, about.
    pub entries: u64,
    /// How many bytes they take, about.
    pub bytes: u64,
    /// How often an answer was there.
    pub hits: u64,
    /// How often it had to be computed.
    pub misses: u64,
    /// How often all that was there became stale at once.
    pub invalidations: u64,
    /// Whether its answers lie in Redis as well, where one is set.
    pub shared: bool,
}

impl CacheUse {
    /// The share of questions whose answer was there, 0 to 1; `None` before the first question.
    pub fn hit_ratio(&self) -> Option<f64> {
        let asked = self.hits.saturating_add(self.misses);
        (asked > 0).then(|| self.hits as f64 / asked as f64)
    }
}

/// Whether answers lie in Redis, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum CacheRedis {
    /// No Redis is set: they lie in this process.
    None,
    /// It answers.
    Answers,
    /// It does not: until it does, they lie in this process.
    Away,
}

/// The caches of the server that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CacheReport {
    /// Its areas.
    pub areas: Vec<CacheUse>,
    /// The most bytes of each area in memory.
    pub most_bytes: u64,
    /// Whether what servers share lies in Redis, too.
    pub redis: CacheRedis,
}

/// Caches.
#[async_trait]
pub trait Caches: Send + Sync {
    /// What the caches of this server hold, and how often they helped. Needs `monitoring:read`.
    async fn caches(&self, caller: &Caller) -> Result<CacheReport>;
    /// Makes every server forget what an area holds; all of them where none is named. Needs
    /// `monitoring:write`.
    async fn empty_caches(&self, caller: &Caller, area: Option<CacheArea>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(hits: u64, misses: u64) -> CacheUse {
        CacheUse {
            area: CacheArea::Alerts,
            lifetime_seconds: 600,
            entries: 0,
            bytes: 0,
            hits,
            misses,
            invalidations: 0,
            shared: false,
        }
    }

    #[test]
    fn before_the_first_question_the_ratio_is_unknown_and_not_zero() {
        assert_eq!(used(0, 0).hit_ratio(), None);
        assert_eq!(used(0, 1).hit_ratio(), Some(0.0));
        assert_eq!(used(3, 1).hit_ratio(), Some(0.75));
    }

    #[test]
    fn areas_read_back() {
        for area in CacheArea::ALL {
            assert_eq!(CacheArea::of_word(area.as_str()), Some(area));
        }
        assert_eq!(CacheArea::of_word("other"), None);
    }
}
