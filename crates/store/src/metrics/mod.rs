//! Metrics: samples of labelled series behind one [`MetricStore`], in compressed chunks in a database
//! ([`ChunkStore`]), or in an engine that a company has already ([`EngineStore`]).
//!
//! # What is promised of chunks
//! - What [`MetricStore::append`] acknowledges is on the disk: SQLite runs with `synchronous = full`
//!   here, PostgreSQL at least with `synchronous_commit = on`. Many requests share one transaction, and
//!   with it one wait for the disk.
//! - Several processes may have one PostgreSQL open: each reads at once what any of them acknowledged.
//! - A request is taken as a whole or, where the disk is full ([`StoreError::Full`]) or the database
//!   does not answer, not at all; the next request is tried as if nothing had been. Where the connection
//!   broke during the commit it may have come through: who sends it again makes duplicates, no double.
//! - Samples may come late by [`LATE_MS`] after the newest of their series; of two at one instant
//!   the one that came last counts. What is later, or more than [`AHEAD_MS`] ahead of the clock, is
//!   refused and counted.
//! - Reading never waits for writing.
//!
//! Nothing here has a clock: samples come with the instant they were received at, and
//! [`MetricStore::maintain`] is called every few seconds with the present one. It seals what is old,
//! builds rollups, and forgets what nobody wants to keep.

mod backend;
mod catch_up;
mod disk;
mod engine;
mod maintain;
mod postgres;
mod read;
mod rows;
mod seal;
mod sqlite;
mod state;
mod store;
mod thin;
mod writer;

use api::{Instant, SourceId};
use async_trait::async_trait;
pub use chunks::Window;
use series::{Batch, Labels, MetricMeta, MetricSample};
pub use series::{MatchOp, Matcher, MatcherError};

use crate::Result;
#[expect(unused_imports, reason = "the documentation names it")]
use crate::StoreError;

pub use disk::{DiskFigure, DiskUse};
pub use engine::{
    Circuit, EngineAddress, EngineAddressError, EngineError, EngineKind, EngineStore,
};
pub use store::ChunkStore;

/// How late a sample may be after the newest one of its series, in milliseconds: an hour.
pub const LATE_MS: i64 = 3_600_000;

/// How far ahead of the clock a sample may be, in milliseconds: ten minutes, as in Prometheus, and
/// as the protocols have it.
///
/// One sample of the year 3000 would make every honest one of its series too late.
pub const AHEAD_MS: i64 = 600_000;

/// The step of the finer rollup, in milliseconds.
pub const FIVE_MINUTES_MS: i64 = 300_000;

/// The step of the coarser rollup, in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

/// What became of the samples of one request, or of a source's since it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Samples that were taken, late ones included.
    pub samples: u64,
    /// Samples whose instant had one already; a different value took the old one's place.
    /// Such a sample that comes after its chunk was sealed is counted as late instead.
    pub duplicates: u64,
    /// Samples that came after a newer one of their series, within the window.
    pub late: u64,
    /// Samples that were refused: too late, or too far ahead.
    pub refused: u64,
}

impl Counts {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.duplicates += other.duplicates;
        self.late += other.late;
        self.refused += other.refused;
    }
}

/// What became of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Of its samples.
    pub counts: Counts,
    /// Why some were refused, where that is not for their instants alone.
    pub refusal: Option<String>,
}

impl Appended {
    /// Why samples were refused, in words; `None` where none were.
    pub fn words(&self) -> Option<String> {
        let refused = self.counts.refused;
        (refused > 0).then(|| match &self.refusal {
            Some(why) => format!("{refused} samples: {why}"),
            None => format!(
                "{refused} samples are more than an hour older than the newest of their series, or more than ten minutes ahead"
            ),
        })
    }
}

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUse {
    /// The source.
    pub source: SourceId,
    /// How many series it has.
    pub series: usize,
    /// What became of its samples, since it is known.
    pub counts: Counts,
    /// How long its data is kept.
    pub retention: Retention,
}

/// What to read: series that fit every matcher, and when.
#[derive(Clone, Debug)]
pub struct Selection {
    /// All of them must fit. Without any, every series is meant.
    pub matchers: Vec<Matcher>,
    /// The first instant, in milliseconds, included.
    pub from_ms: i64,
    /// The last instant, in milliseconds, included.
    pub to_ms: i64,
    /// The instants that are looked at: only the newest sample at or before each matters, and the
    /// others may be left out. `None` where every sample matters.
    pub at: Option<Instants>,
    /// How much may be answered.
    pub limits: Limits,
}

/// Instants at equal distances, up to the end of a [`Selection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instants {
    /// The first, in milliseconds since 1970.
    pub first_ms: i64,
    /// The distance in milliseconds; 0 where there is but one instant.
    pub step_ms: i64,
}

/// A stretch of time, in milliseconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first instant.
    pub from_ms: i64,
    /// Its last instant.
    pub to_ms: i64,
}

impl Selection {
    /// The same up to the end of the last window of that step that holds `to_ms`.
    fn over_windows(&self, step_ms: i64) -> Self {
        let last = read::Steps::of(self, step_ms);
        Self {
            to_ms: last.end_ms.saturating_sub(1),
            ..self.clone()
        }
    }
}

/// An expression that is evaluated where the samples lie. Instants are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// PromQL.
    pub text: String,
    /// When.
    pub when: When,
}

/// When an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At one instant.
    At(i64),
    /// At each step of a range.
    Range {
        /// The first instant.
        from_ms: i64,
        /// The last instant.
        to_ms: i64,
        /// The step.
        step_ms: i64,
    },
}

/// Why an expression has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The expression is at fault, or takes more than may be.
    #[error("{message}")]
    Refused {
        /// The status of Prometheus' HTTP API.
        status: u16,
        /// Its `errorType`.
        kind: &'static str,
        /// What is wrong.
        message: String,
    },
    /// Nobody answers, or not in a way that can be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<EngineError> for EvaluateError {
    fn from(error: EngineError) -> Self {
        Self::Read(error.into())
    }
}

/// Where metrics lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a database of ours: how long they are kept and what they take is known.
    Database,
    /// In an engine that is not ours.
    Engine {
        /// What people call it, such as `Prometheus`.
        name: &'static str,
        /// Host and port.
        host: String,
        /// Whether samples are sent there.
        writing: Circuit,
        /// Whether it is asked.
        asking: Circuit,
    },
}

/// How much a reading may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most series.
    pub series: usize,
    /// The most samples, or windows.
    pub samples: usize,
}

impl Default for Limits {
    /// As Prometheus has it by default for samples: fifty million.
    fn default() -> Self {
        Self {
            series: 100_000,
            samples: 50_000_000,
        }
    }
}

/// Why a reading was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// More series than allowed fit.
    #[error("{found} series fit or more, and {limit} may be read at once")]
    TooManySeries {
        /// How many fit, as far as they were counted.
        found: usize,
        /// How many may be read.
        limit: usize,
    },
    /// More samples than allowed.
    #[error("more than {limit} samples would be read at once")]
    TooManySamples {
        /// How many may be read.
        limit: usize,
    },
    /// An engine refuses the question, in these words.
    #[error("the metrics engine refuses the question: {0}")]
    Refused(String),
    /// Whoever asked waits no longer, or has waited as long as they may.
    #[error("reading took longer than it may")]
    Stopped,
    /// The database or the engine did not answer.
    #[error(transparent)]
    Store(#[from] crate::StoreError),
}

impl From<EngineError> for ReadError {
    fn from(error: EngineError) -> Self {
        Self::Store(error.into())
    }
}

/// How long a source's data is kept, each in milliseconds; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Samples as they were sent.
    pub raw_ms: Option<i64>,
    /// Windows of five minutes.
    pub five_minutes_ms: Option<i64>,
    /// Windows of an hour.
    pub hour_ms: Option<i64>,
}

const DAY_MS: i64 = 86_400_000;

impl Default for Retention {
    /// 30 days, half a year, three years.
    fn default() -> Self {
        Self {
            raw_ms: Some(30 * DAY_MS),
            five_minutes_ms: Some(183 * DAY_MS),
            hour_ms: Some(3 * 366 * DAY_MS),
        }
    }
}

/// What is in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Series that are known.
    pub series: usize,
    /// Samples that are in no chunk yet.
    pub head_samples: usize,
    /// Bytes those take.
    pub head_bytes: usize,
}

/// What answers rest on: as long as it is the same, so are they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footing {
    /// Which series there are, and what was said of their names. The same in each process of one build
    /// that knows the same.
    pub names: u64,
    /// Another number since samples came that were older than [`LATE_MS`], or some were lost or
    /// forgotten with their series. Counted by this process, and of no meaning to another.
    ///
    /// What expires by its age does not count: [`Maintained::expired`] says so.
    pub past: u64,
}

/// What [`MetricStore::maintain`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Series whose head was sealed.
    pub sealed: usize,
    /// Days of windows that were built.
    pub rolled_up: usize,
    /// Rows of chunks and rollups that were too old.
    pub expired: u64,
    /// Series that had nothing left.
    pub forgotten: usize,
}

/// Samples of one series.
pub type SeriesSamples = (Labels, Vec<MetricSample>);

/// Windows of one series; windows without a value are left out.
pub type SeriesWindows = (Labels, Vec<Window>);

/// Where metrics are kept.
#[async_trait]
pub trait MetricStore: Send + Sync {
    /// Takes what one request brought, received at `now`. When this answers, it is on the disk, or
    /// acknowledged by the engine.
    ///
    /// # Errors
    /// [`StoreError::Full`] where there is no room; nothing of the request is kept then.
    /// [`StoreError::Engine`] where an engine does not answer; parts of the request may be kept there.
    async fn append(&self, source: &SourceId, batch: Batch, now: Instant) -> Result<Appended>;

    /// The samples of the series that fit, by labels, each series once whoever sends it. Series
    /// without samples are left out.
    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, ReadError>;

    /// Windows `[from + k · step, from + (k + 1) · step)` up to and with the one that holds `to_ms`.
    ///
    /// Chunks within one window are not decoded. Where samples are forgotten already, and the windows
    /// begin at and consist of whole rollup steps (since 1970), rollups answer.
    async fn windows(
        &self,
        selection: &Selection,
        step_ms: i64,
    ) -> Result<Vec<SeriesWindows>, ReadError>;

    /// Evaluates an expression where the samples lie: the `data` of Prometheus' HTTP API, as JSON.
    /// `None` where the caller has to, over [`MetricStore::select`].
    async fn evaluate(&self, _expression: &Expression) -> Option<Result<String, EvaluateError>> {
        None
    }

    /// The labels of the series that fit, in order: those that have samples within, whenever that is
    /// where nothing is said. A chunk is taken to have samples all along from its first to its last.
    async fn series(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
        limit: usize,
    ) -> Result<Vec<Labels>, ReadError>;

    /// The names of the labels of the series that fit and have samples within, in order. Where a
    /// database does not answer, this and [`MetricStore::label_values`] say what was known last.
    ///
    /// # Errors
    /// Where an engine does not answer, or a database that has to say what has samples within.
    async fn label_names(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError>;

    /// The values of a label among the series that fit and have samples within, in order.
    ///
    /// # Errors
    /// As [`MetricStore::label_names`].
    async fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError>;

    /// What senders said about names, by name. This and what follows it without an error answers with
    /// what was known last where nobody answers.
    async fn metadata(&self) -> Vec<MetricMeta>;

    /// What is known of each source; nothing where an engine keeps the metrics.
    async fn sources(&self) -> Vec<SourceUse>;

    /// How long a source's data is kept; the default for one that nothing is known of.
    async fn retention(&self, source: &SourceId) -> Retention;

    /// Says how long a source's data is kept.
    ///
    /// # Errors
    /// [`StoreError::NotHere`] where an engine decides that, as of [`MetricStore::disk_use`].
    async fn set_retention(&self, source: &SourceId, retention: Retention) -> Result<()>;

    /// Removes a source with all its series. In an engine they stay.
    async fn delete_source(&self, source: &SourceId) -> Result<()>;

    /// What answers rest on, everything included that is acknowledged when this is called. `None` where
    /// nobody can tell: in an engine others may write, and where the database does not answer another
    /// process may have.
    async fn footing(&self) -> Option<Footing> {
        None
    }

    /// What lies on the disk.
    async fn disk_use(&self) -> Result<DiskUse>;

    /// What is in memory.
    async fn memory_use(&self) -> MemoryUse;

    /// Whether what is sent now would be kept. An engine is not asked: [`MetricStore::place`] says how
    /// it stands.
    ///
    /// # Errors
    /// [`StoreError::Full`] where there is no room; [`StoreError::Unavailable`] where the database does
    /// not answer.
    async fn check_writing(&self, _now: Instant) -> Result<()> {
        Ok(())
    }

    /// Where metrics lie.
    fn place(&self) -> Place {
        Place::Database
    }

    /// Seals, rolls up, forgets: a slice of each, so that requests get their turn.
    /// For a job that runs every few seconds.
    async fn maintain(&self, now: Instant) -> Result<Maintained>;

    /// Finishes what was begun and closes the database. Appending after that answers
    /// [`StoreError::Unavailable`].
    async fn close(&self);
}
