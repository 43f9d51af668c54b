//! What the two databases have to do for metrics: keep rows and give them back.
//!
//! Everything that thinks (which series, what is late, when to seal) is the same for both and lies
//! beside this file. What is written is a log: entries have numbers in the order of their commits, and
//! whoever reads them in order comes to the same heads, the same series and the same chunks.

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

/// A chunk, or a row of windows. One series has one of a kind that ends at `t1`.
#[derive(Clone, Debug)]
pub(super) struct DataRow {
    pub(super) series: u32,
    pub(super) t0: i64,
    pub(super) t1: i64,
    pub(super) data: Vec<u8>,
}

/// A chunk whose samples are among those of new ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replaced {
    pub(super) series: u32,
    pub(super) t1: i64,
    pub(super) bytes: usize,
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

    /// How long it is kept, in milliseconds; `None` is for ever.
    pub(super) const fn kept_ms(self, retention: &Retention) -> Option<i64> {
        match self {
            Self::Raw => retention.raw_ms,
            Self::FiveMinutes => retention.five_minutes_ms,
            Self::Hour => retention.hour_ms,
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

/// Everything that one transaction changes: an entry of the log.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The number of the entry, greater than that of every one before.
    pub(super) id: i64,
    /// The clock of who asks for it, in milliseconds.
    pub(super) now_ms: i64,
    pub(super) record: Option<Vec<u8>>,
    pub(super) sources: Vec<(u32, String)>,
    pub(super) retention: Vec<(u32, Retention)>,
    /// Sources that have no series any more.
    pub(super) gone_sources: Vec<u32>,
    pub(super) series: Vec<SeriesRow>,
    /// Series that go with all that is kept of them. Their numbers may be given to others: samples in
    /// records before this entry are not of those.
    pub(super) forgotten: Vec<u32>,
    pub(super) meta: Vec<MetricMeta>,
    pub(super) chunks: Vec<DataRow>,
    pub(super) replaced: Vec<Replaced>,
    pub(super) sealed: Vec<SealedRow>,
    /// Rows of the same kind of series whose head stays as it is.
    pub(super) rolled: Vec<SealedRow>,
    pub(super) rollups: Vec<(Kind, DataRow)>,
    /// What is to be added to the counts of sources.
    pub(super) counts: Vec<(u32, Counts)>,
    /// Entries before this one are no longer needed.
    pub(super) forget_before: Option<i64>,
}

impl Changes {
    /// Whether a single statement will do.
    pub(super) fn is_record_only(&self) -> bool {
        self.sources.is_empty()
            && self.retention.is_empty()
            && self.gone_sources.is_empty()
            && self.series.is_empty()
            && self.forgotten.is_empty()
            && self.meta.is_empty()
            && self.chunks.is_empty()
            && self.sealed.is_empty()
            && self.rolled.is_empty()
            && self.rollups.is_empty()
            && self.counts.is_empty()
            && self.forget_before.is_none()
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.record.is_none() && self.is_record_only()
    }

    /// The newest record whose samples are in the heads: the one among the changes is not there yet.
    pub(super) fn wal_before(&self) -> i64 {
        self.id - 1
    }

    /// Whether something about sources changes.
    pub(super) fn touches_sources(&self) -> bool {
        !(self.sources.is_empty()
            && self.retention.is_empty()
            && self.gone_sources.is_empty()
            && self.counts.is_empty())
    }

    /// The series of which more changes than their samples.
    pub(super) fn touched_series(&self) -> impl Iterator<Item = u32> {
        let sealed = self.sealed.iter().chain(&self.rolled).map(|row| row.series);
        let forgotten = self.forgotten.iter().copied();
        let new = self.series.iter().map(|row| row.id);
        sealed.chain(forgotten).chain(new)
    }

    /// Whether other processes have to learn of it.
    pub(super) fn is_news(&self) -> bool {
        self.record.is_some()
            || self.touches_sources()
            || !self.meta.is_empty()
            || self.touched_series().next().is_some()
    }
}

/// What is kept beside records and data.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Whether this is all there is; otherwise it is what changed.
    pub(super) whole: bool,
    /// All sources, where something about them changed.
    pub(super) sources: Option<Vec<SourceRow>>,
    /// Series that changed, those included that are gone.
    pub(super) touched: Vec<u32>,
    pub(super) series: Vec<SeriesRow>,
    pub(super) sealed: Vec<SealedRow>,
    pub(super) meta: Vec<MetricMeta>,
}

/// A piece of what happened since an entry. Tables come first and are as they are at the end of it:
/// they say themselves which records they cover.
#[derive(Debug)]
pub(super) enum News {
    Tables(Tables),
    Records(Vec<(i64, Vec<u8>)>),
    /// All entries up to this one were told.
    Until(i64),
}

/// A database that keeps metrics.
#[async_trait]
pub(super) trait Backend: Send + Sync {
    /// The newest entry that another process may have written.
    async fn newest(&self) -> Result<i64>;

    /// Tells what happened after an entry, or all there is without one.
    async fn news(&self, after: Option<i64>, learn: &mut (dyn FnMut(News) + Send)) -> Result<()>;

    /// Waits until nobody else writes, in this process or in another.
    async fn turn(&self) -> Result<Box<dyn Turn + '_>>;

    /// The rows of those series, which are in order, that have something from `from_ms` to `to_ms`: by
    /// series, and by time.
    async fn data(
        &self,
        kind: Kind,
        series: &[u32],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<DataRow>>;

    /// Which of those series have a chunk that reaches into the time from `from_ms` to `to_ms`.
    async fn with_chunks(&self, series: &[u32], from_ms: i64, to_ms: i64) -> Result<Vec<u32>>;

    /// Removes at once what ends before an instant, whoever it is of; answers how many rows.
    async fn drop_days(&self, kind: Kind, before_ms: i64) -> Result<u64>;

    /// Removes some rows of a source that end before an instant; answers how many.
    async fn expire(&self, kind: Kind, source: u32, before_ms: i64, most: u32) -> Result<u64>;

    /// Makes room for what will come.
    async fn prepare(&self, now_ms: i64) -> Result<()>;

    /// Gives room that nothing is in any more back to the file system, a slice at a time.
    async fn shrink(&self) -> Result<()>;

    /// Which of those series have neither chunks nor rollups.
    async fn without_data(&self, series: &[u32]) -> Result<Vec<u32>>;

    /// What lies on the disk.
    async fn disk_use(&self) -> Result<DiskUse>;

    /// Closes every connection.
    async fn close(&self);
}

/// A turn at writing. Dropped without a commit, it leaves things as they were.
#[async_trait]
pub(super) trait Turn: Send {
    /// All of it or nothing, on the disk when this answers. Where it fails, it may have come through.
    async fn commit(self: Box<Self>, changes: &Changes) -> Result<()>;
}
