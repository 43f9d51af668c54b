//! What the two databases have to do for metrics: keep rows and give them back.
//!
//! Everything that thinks (which series, what is late, when to seal) is the same for both and lies
//! beside this file.

use async_trait::async_trait;
use series::MetricMeta;

use super::{Counts, DiskUse, FIVE_MINUTES_MS, HOUR_MS, Retention};
use crate::Result;

/// A source.
#[derive(Clone, Debug)]
pub(super) struct SourceRow {
    pub(super) num: u32,
    pub(super) id: String,
    pub(super) retention: Retention,
    pub(super) counts: Counts,
}

/// A series with its labels' bytes.
#[derive(Clone, Debug)]
pub(super) struct SeriesRow {
    pub(super) id: u32,
    pub(super) source: u32,
    pub(super) labels: Vec<u8>,
}

/// The instant in a [`SealedRow`] of what has not happened yet.
pub(super) const NEVER: i64 = i64::MIN;

/// How far a series is sealed.
#[derive(Clone, Copy, Debug)]
pub(super) struct SealedRow {
    pub(super) series: u32,
    /// Records up to this one are in its chunks.
    pub(super) wal_id: i64,
    /// The newest instant of its chunks, or [`NEVER`].
    pub(super) until_ms: i64,
    /// The instant up to which its rollups are made, or [`NEVER`].
    pub(super) rolled_ms: i64,
}

/// A chunk, or a row of windows.
#[derive(Clone, Debug)]
pub(super) struct DataRow {
    /// The row's number; 0 in one that is new.
    pub(super) id: i64,
    pub(super) series: u32,
    pub(super) t0: i64,
    pub(super) t1: i64,
    pub(super) data: Vec<u8>,
}

/// What a row of data holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Raw,
    FiveMinutes,
    Hour,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Raw, Self::FiveMinutes, Self::Hour];

    /// The step of its windows in milliseconds; 0 for samples.
    pub(super) const fn step_ms(self) -> i64 {
        match self {
            Self::Raw => 0,
            Self::FiveMinutes => FIVE_MINUTES_MS,
            Self::Hour => HOUR_MS,
        }
    }

    /// What it is called in `disk_use`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::FiveMinutes => "300000",
            Self::Hour => "3600000",
        }
    }
}

/// Everything that one transaction changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// A record with its number.
    pub(super) wal: Option<(i64, Vec<u8>)>,
    pub(super) sources: Vec<(u32, String)>,
    pub(super) series: Vec<SeriesRow>,
    pub(super) meta: Vec<MetricMeta>,
    pub(super) chunks: Vec<DataRow>,
    /// Numbers of chunks whose samples are among the new ones, and their bytes.
    pub(super) replaced: Vec<(i64, usize)>,
    pub(super) sealed: Vec<SealedRow>,
    /// Rows of the same kind of series whose head stays as it is.
    pub(super) rolled: Vec<SealedRow>,
    pub(super) rollups: Vec<(Kind, DataRow)>,
    pub(super) counts: Vec<(u32, Counts)>,
    /// Records before this one are no longer needed.
    pub(super) forget_wal_before: Option<i64>,
}

impl Changes {
    /// Whether a single statement will do.
    pub(super) fn is_record_only(&self) -> bool {
        self.sources.is_empty()
            && self.series.is_empty()
            && self.meta.is_empty()
            && self.chunks.is_empty()
            && self.sealed.is_empty()
            && self.rolled.is_empty()
            && self.rollups.is_empty()
            && self.counts.is_empty()
            && self.forget_wal_before.is_none()
    }

    /// The newest record whose samples are in the heads, where `newest` is the newest of all: the one
    /// among the changes is not there yet.
    pub(super) fn wal_before(&self, newest: i64) -> i64 {
        self.wal.as_ref().map_or(newest, |(id, _)| id - 1)
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.wal.is_none() && self.is_record_only()
    }
}

/// What is known when a database is opened, records apart.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) sources: Vec<SourceRow>,
    pub(super) series: Vec<SeriesRow>,
    pub(super) sealed: Vec<SealedRow>,
    pub(super) meta: Vec<MetricMeta>,
}

/// A database that keeps metrics. One writer calls what changes it; anybody reads.
#[async_trait]
pub(super) trait Backend: Send + Sync {
    /// What is known.
    async fn load(&self) -> Result<Loaded>;

    /// Some records after that number, in order; none at the end.
    async fn wal_after(&self, id: i64) -> Result<Vec<(i64, Vec<u8>)>>;

    /// All of it or nothing, on the disk when this answers.
    async fn commit(&self, changes: &Changes) -> Result<()>;

    /// The rows of those series that have something from `from_ms` to `to_ms`, by series in the order
    /// given, and by time.
    async fn data(
        &self,
        kind: Kind,
        series: &[u32],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<DataRow>>;

    /// Removes some rows of a source that end before an instant; answers how many.
    async fn expire(&self, kind: Kind, source: u32, before_ms: i64, most: u32) -> Result<u64>;

    /// Which of those series have neither chunks nor rollups.
    async fn without_data(&self, series: &[u32]) -> Result<Vec<u32>>;

    /// Removes series with all that is kept of them. Their numbers may be given to others: samples in
    /// records up to `wal_id` are not of those.
    async fn forget(&self, series: &[u32], wal_id: i64) -> Result<()>;

    /// Removes a source that has no series any more.
    async fn forget_source(&self, source: u32) -> Result<()>;

    /// Keeps how long a source's data is kept.
    async fn set_retention(&self, source: u32, retention: Retention) -> Result<()>;

    /// What lies on the disk.
    async fn disk_use(&self) -> Result<DiskUse>;

    /// Closes every connection.
    async fn close(&self);
}
