//! Targets that Millrace scrapes itself, as Prometheus does.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Result, SourceId};

/// How often a target is scraped unless somebody says otherwise, in seconds.
pub const SCRAPE_INTERVAL_SECONDS: u32 = 15;
/// How long a scrape may take unless somebody says otherwise, in seconds; never longer than the interval.
pub const SCRAPE_TIMEOUT_SECONDS: u32 = 10;
/// The longest interval, in seconds: expressions look back five minutes, and what comes less often
/// would have gaps.
pub const LONGEST_SCRAPE_INTERVAL_SECONDS: u32 = 300;

/// A target that is scraped, without its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScrapeTarget {
    /// The source that its samples belong to.
    pub id: SourceId,
    /// What people call it; the label `job` of its series.
    pub name: String,
    /// What is asked.
    pub url: String,
    /// How often it is scraped, in seconds.
    pub interval_seconds: u32,
    /// How long a scrape may take, in seconds.
    pub timeout_seconds: u32,
    /// Whether it is asked with a token.
    pub has_token: bool,
    /// The authorities whose certificates are believed instead of the public ones, as PEM.
    pub ca: Option<String>,
    /// Whether its certificate is looked at.
    pub verify: bool,
    /// Whether it is left alone for now.
    pub paused: bool,
    /// How the last scrape went.
    pub state: ScrapeState,
}

/// How the last scrape went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ScrapeState {
    /// It was not scraped yet.
    Waiting,
    /// It answered.
    Up {
        /// How many series it showed.
        series: u32,
    },
    /// It did not, or with something else.
    Down {
        /// What happened and what to do.
        why: String,
    },
}

/// A text that is never shown: not in a log, not in an error, not in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

/// What becomes of a target's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenChange {
    /// It stays as it is; a new target has none.
    Keep,
    /// There is none from now on.
    Forget,
    /// This one from now on.
    Set(Hidden),
}

/// A target as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetChange {
    /// What people call it.
    pub name: String,
    /// What is asked: `http` or `https`.
    pub url: String,
    /// How often, in seconds: 1 to [`LONGEST_SCRAPE_INTERVAL_SECONDS`].
    pub interval_seconds: u32,
    /// How long a scrape may take, in seconds; at most the interval. `None` for
    /// [`SCRAPE_TIMEOUT_SECONDS`] or the interval, whichever is shorter.
    pub timeout_seconds: Option<u32>,
    /// Its token.
    pub token: TokenChange,
    /// The authorities whose certificates are believed, as PEM; empty for the public ones.
    pub ca: String,
    /// Whether its certificate is looked at.
    pub verify: bool,
}

/// What a scrape would bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Trial {
    /// Whether the target would be up.
    pub up: bool,
    /// How many series, or what is wrong and what to do.
    pub words: String,
}

/// Targets that are scraped. They are removed as the sources that they are.
#[async_trait]
pub trait Scrapes: Send + Sync {
    /// Every target, by name. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<ScrapeTarget>>;
    /// Adds a target. Needs `monitoring:write`.
    async fn add(&self, caller: &Caller, change: TargetChange) -> Result<SourceId>;
    /// Changes a target. Needs `monitoring:write`. A target at another address does not keep its
    /// token: who may not read it must not be able to have it sent elsewhere.
    async fn edit(&self, caller: &Caller, id: &SourceId, change: TargetChange) -> Result<()>;
    /// Leaves a target alone, or scrapes it again. Needs `monitoring:write`.
    async fn pause(&self, caller: &Caller, id: &SourceId, paused: bool) -> Result<()>;
    /// Scrapes once and keeps nothing; `id` says whose token is kept. Needs `monitoring:write`.
    async fn try_out(
        &self,
        caller: &Caller,
        id: Option<&SourceId>,
        change: TargetChange,
    ) -> Result<Trial>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_no_debug_output() {
        let change = TargetChange {
            name: "n".into(),
            url: "http://h".into(),
            interval_seconds: 15,
            timeout_seconds: None,
            token: TokenChange::Set(Hidden("s3cret".into())),
            ca: String::new(),
            verify: true,
        };
        assert!(!format!("{change:?}").contains("s3cret"));
    }
}
