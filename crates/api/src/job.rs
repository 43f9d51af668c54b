//! Work beside the pages: what waits, what runs, what was done and what failed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, JobId, Result};

/// What a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum JobKind {
    /// New data into the models that are there.
    UpdateForecasts,
    /// A model fitted anew to one series.
    FitModel,
    /// Old versions, results and failures forgotten.
    TidyUp,
}

impl JobKind {
    /// Every kind there is.
    pub const ALL: [Self; 3] = [Self::UpdateForecasts, Self::FitModel, Self::TidyUp];

    /// The kind as it is kept and counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UpdateForecasts => "update_forecasts",
            Self::FitModel => "fit_model",
            Self::TidyUp => "tidy_up",
        }
    }

    /// The kind of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum JobState {
    /// It waits for its time or its turn; perhaps it failed before and is tried again.
    Waiting,
    /// A process does it.
    Running,
    /// It was done.
    Done,
    /// It failed too often, or somebody stopped it: nothing happens until somebody says so.
    Dead,
}

impl JobState {
    /// Every state there is.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Dead];

    /// The state as it is kept and counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// What it is.
    pub kind: JobKind,
    /// What people call what it is about; empty where it is about all.
    pub about: String,
    /// How far it is.
    pub state: JobState,
    /// Not before then it is done.
    pub run_at: Instant,
    /// How often it was begun.
    pub attempts: u32,
    /// How often it is begun at most.
    pub most_attempts: u32,
    /// When it was last begun.
    pub started_at: Option<Instant>,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// What it did, or why it failed last.
    pub outcome: Option<String>,
}

/// How many pieces of work of a kind there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobCount {
    /// Of that kind.
    pub kind: JobKind,
    /// In that state.
    pub state: JobState,
    /// So many.
    pub count: u32,
}

/// Work that comes again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Scheduled {
    /// What it is.
    pub kind: JobKind,
    /// How often it comes.
    pub every_seconds: u32,
    /// When next.
    pub next_at: Instant,
    /// When it came last.
    pub last_at: Option<Instant>,
}

/// The queue as a person sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Queue {
    /// How many there are of each kind and state; those without any are left out.
    pub counts: Vec<JobCount>,
    /// What runs now, the longest first.
    pub running: Vec<Job>,
    /// What comes next.
    pub next: Vec<Job>,
    /// What was given up, the latest first.
    pub dead: Vec<Job>,
    /// What was done last.
    pub done: Vec<Job>,
    /// What comes again and again.
    pub scheduled: Vec<Scheduled>,
    /// When this was answered.
    pub now: Instant,
}

/// The most jobs in each list of a [`Queue`].
pub const MOST_JOBS: u32 = 50;

/// Work beside the pages.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// What waits, runs, was done and failed. Needs `monitoring:read`.
    async fn queue(&self, caller: &Caller) -> Result<Queue>;
    /// Tries again what was given up. Needs `monitoring:write`.
    async fn retry(&self, caller: &Caller, id: &JobId) -> Result<()>;
    /// Takes out what waits or was given up; what runs is stopped, and nothing comes of it.
    /// Needs `monitoring:write`.
    async fn cancel(&self, caller: &Caller, id: &JobId) -> Result<()>;
    /// Puts in what is due, and looks after what other processes left undone.
    /// For the server itself; answers how many were put in.
    async fn plan(&self, caller: &Caller) -> Result<u32>;
    /// Does some of what waits; answers how many. For the server itself.
    async fn work(&self, caller: &Caller) -> Result<u32>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back() {
        for kind in JobKind::ALL {
            assert_eq!(JobKind::of_word(kind.as_str()), Some(kind));
        }
        assert_eq!(JobKind::of_word("other"), None);
    }
}
