//! Metrics in SQLite: a file of their own, one writing connection, a pool of readers.

mod write;
mod writing;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use write::{INSERT_RECORD, begin, end, take_away, write_changes};
use writing::Writing;

use super::backend::{Backend, Changes, DataRow, Kind, News, Tables, Turn};
use super::rows::{SourceTuple, meta_row, sealed_row, series_row, source_row};
use super::{DiskFigure, DiskUse};
use crate::convert::{to_json, u32_of, u64_of};
use crate::db::{column, make_file, rows, run};
use crate::{Result, StoreError};

/// How long a statement waits for another process that looks into the file, such as a backup.
const PATIENCE: Duration = Duration::from_secs(15);

const READERS: u32 = 4;

/// Rows of about 800 bytes: in pages of the usual 4 KB a tenth would be air. Larger ones make each
/// small commit write more.
const PAGE_BYTES: u32 = 8192;

/// Free pages, besides a sixteenth of all, that the file keeps: the next records go there.
const FREE_PAGES: i64 = 256;

/// How long giving free pages back may hold up the end.
const LAST_SHRINKING: Duration = Duration::from_secs(1);

/// Records that are read at once when starting.
const RECORDS: i64 = 256;

pub(super) struct SqliteBackend {
    write: Writing,
    read: SqlitePool,
    /// Held while the database is open: a second process would give out the same numbers.
    lock: File,
}

impl SqliteBackend {
    /// Opens the file, which is made if it is not there, and brings its tables up to date.
    pub(super) async fn open(file: &Path, most_pages: Option<u32>) -> Result<Self> {
        make_file(file).await.map_err(StoreError::Folder)?;
        let lock = lock(&file.with_extension("lock"))?;
        let options = SqliteConnectOptions::new()
            // Each time the buffer is full the thread that reads waits for the one that takes.
            .row_buffer_size(1024)
            .filename(file)
            .page_size(PAGE_BYTES)
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .busy_timeout(PATIENCE)
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", "67108864");
        let mut writing = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            // Chunks of many series land on the same last pages: fewer checkpoints write them less
            // often.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("cache_size", "-16384");
        if let Some(pages) = most_pages {
            writing = writing.pragma("max_page_count", pages.to_string());
        }
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(writing)
            .await?;
        let mut migrations = sqlx::migrate!("./migrations/metrics_sqlite");
        migrations.set_locking(false);
        let mut tx = write.begin_with("begin immediate").await?;
        migrations.run(&mut *tx).await?;
        tx.commit().await?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(
                options
                    .pragma("query_only", "on")
                    .pragma("mmap_size", "1073741824"),
            )
            .await?;
        let write = Writing::new(write);
        Ok(Self { write, read, lock })
    }

    /// Gives every free page back, as far as that takes no time: what is stopped takes no more than it holds.
    async fn give_all_back(&self) -> Result<()> {
        let begun = Instant::now();
        let mut db = self.write.take().await?;
        while free_pages(&mut db).await?.0 > 0 && begun.elapsed() < LAST_SHRINKING {
            give_back(&mut db).await?;
        }
        Ok(())
    }
}

/// How many pages are free, and how many there are.
async fn free_pages(db: &mut SqliteConnection) -> Result<(i64, i64)> {
    let counted = rows("select * from pragma_freelist_count(), pragma_page_count()");
    Ok(counted.fetch_one(db).await?)
}

/// Gives some free pages back. It moves others: more at once would make senders wait.
async fn give_back(db: &mut SqliteConnection) -> Result<()> {
    run("pragma incremental_vacuum(256)").execute(db).await?;
    Ok(())
}

fn lock(path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(StoreError::Folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(StoreError::Folder(error)),
    }
}

/// There is one writer: it is always its turn.
struct SqliteTurn<'a> {
    write: &'a Writing,
}

#[async_trait]
impl Turn for SqliteTurn<'_> {
    async fn commit(self: Box<Self>, changes: &Changes) -> Result<()> {
        let mut db = self.write.take().await?;
        if let (Some(record), true) = (&changes.record, changes.is_record_only()) {
            run(INSERT_RECORD)
                .bind(changes.id)
                .bind(record.as_slice())
                .execute(&mut *db)
                .await?;
        } else {
            begin(&mut db).await?;
            let outcome = write_changes(&mut db, changes).await;
            end(&mut db, outcome).await?;
        }
        db.keep();
        Ok(())
    }
}

async fn tables(db: &mut SqliteConnection) -> Result<Tables> {
    let sources: Vec<SourceTuple> = rows(
        "select num, id, raw_ms, five_minutes_ms, hour_ms, samples, duplicates, late, refused
            from source order by num",
    )
    .fetch_all(&mut *db)
    .await?;
    let series: Vec<(i64, i64, Vec<u8>)> =
        rows("select id, source, labels from series order by id")
            .fetch_all(&mut *db)
            .await?;
    let sealed: Vec<(i64, i64, i64, i64)> =
        rows("select series, wal_id, until_ms, rolled_ms from sealed")
            .fetch_all(&mut *db)
            .await?;
    let meta: Vec<(String, String, String, String)> =
        rows("select name, kind, unit, help from meta")
            .fetch_all(&mut *db)
            .await?;
    Ok(Tables {
        whole: true,
        sources: Some(sources.into_iter().map(source_row).collect()),
        touched: Vec::new(),
        series: series.into_iter().map(series_row).collect(),
        sealed: sealed.into_iter().map(sealed_row).collect(),
        meta: meta.into_iter().map(meta_row).collect(),
    })
}

#[async_trait]
impl Backend for SqliteBackend {
    /// The lock sees to it that nobody else writes.
    async fn newest(&self) -> Result<i64> {
        Ok(i64::MIN)
    }

    async fn news(&self, after: Option<i64>, learn: &mut (dyn FnMut(News) + Send)) -> Result<()> {
        if after.is_some() {
            return Ok(());
        }
        let mut db = self.read.acquire().await?;
        learn(News::Tables(tables(&mut db).await?));
        let sql = "select id, record from wal where id > $1 order by id limit $2";
        let mut last = 0;
        loop {
            let records: Vec<(i64, Vec<u8>)> = rows(sql)
                .bind(last)
                .bind(RECORDS)
                .fetch_all(&mut *db)
                .await?;
            match records.last() {
                Some((id, _)) => last = *id,
                None => return Ok(()),
            }
            learn(News::Records(records));
        }
    }

    async fn turn(&self) -> Result<Box<dyn Turn + '_>> {
        Ok(Box::new(SqliteTurn { write: &self.write }))
    }

    async fn data(
        &self,
        kind: Kind,
        series: &[u32],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<DataRow>> {
        // Rows of a series do not overlap: those that end within the time, and the first that ends
        // after it.
        const RAW: &str = "select c.series, c.t0, c.t1, c.data
            from json_each($1) s cross join chunk c
            where c.series = s.value and c.t1 >= $2 and c.t0 <= $3
                and c.t1 <= coalesce((select min(n.t1) from chunk n
                    where n.series = s.value and n.t1 > $3), $3)";
        const ROLLUP: &str = "select c.series, c.t0, c.t1, c.data
            from json_each($1) s cross join rollup c
            where c.series = s.value and c.step_ms = $4 and c.t1 >= $2 and c.t0 <= $3
                and c.t1 <= coalesce((select min(n.t1) from rollup n
                    where n.series = s.value and n.step_ms = $4 and n.t1 > $3), $3)";
        let raw = kind == Kind::Raw;
        let mut query = rows(if raw { RAW } else { ROLLUP })
            .bind(to_json(&series)?)
            .bind(from_ms)
            .bind(to_ms);
        if !raw {
            query = query.bind(kind.step_ms());
        }
        let mut db = self.read.acquire().await?;
        let found: Vec<(i64, i64, i64, Vec<u8>)> = query.fetch_all(&mut *db).await?;
        Ok(found
            .into_iter()
            .map(|(series, t0, t1, data)| DataRow {
                series: u32_of(series),
                t0,
                t1,
                data,
            })
            .collect())
    }

    async fn with_chunks(&self, series: &[u32], from_ms: i64, to_ms: i64) -> Result<Vec<u32>> {
        // Chunks of a series do not overlap: where the first that ends in time begins too late, so do
        // all that follow.
        let sql = "select cast(s.value as integer) from json_each($1) s
            where (select c.t0 from chunk c where c.series = s.value and c.t1 >= $2
                order by c.t1 limit 1) <= $3";
        let mut db = self.read.acquire().await?;
        let found: Vec<i64> = column(sql)
            .bind(to_json(&series)?)
            .bind(from_ms)
            .bind(to_ms)
            .fetch_all(&mut *db)
            .await?;
        Ok(found.into_iter().map(u32_of).collect())
    }

    /// A file has no days that could be dropped.
    async fn drop_days(&self, _: Kind, _: i64) -> Result<u64> {
        Ok(0)
    }

    async fn prepare(&self, _: i64) -> Result<()> {
        Ok(())
    }

    async fn shrink(&self) -> Result<()> {
        let mut db = self.write.take().await?;
        let (free, pages) = free_pages(&mut db).await?;
        if free > FREE_PAGES + pages / 16 {
            give_back(&mut db).await?;
        }
        Ok(())
    }

    async fn expire(&self, kind: Kind, source: u32, before_ms: i64, most: u32) -> Result<u64> {
        const RAW: &str = "delete from chunk where id in (select c.id
            from series s cross join chunk c on c.series = s.id and c.t1 < $2
            where s.source = $1 limit $3) returning length(data)";
        const ROLLUP: &str = "delete from rollup where id in (select c.id
            from series s cross join rollup c
                on c.series = s.id and c.step_ms = $4 and c.t1 < $2
            where s.source = $1 limit $3) returning length(data)";
        let raw = kind == Kind::Raw;
        let mut query = column(if raw { RAW } else { ROLLUP })
            .bind(source)
            .bind(before_ms)
            .bind(most);
        if !raw {
            query = query.bind(kind.step_ms());
        }
        let mut db = self.write.take().await?;
        begin(&mut db).await?;
        let outcome = take_away(&mut db, kind, query).await;
        end(&mut db, outcome).await
    }

    async fn without_data(&self, series: &[u32]) -> Result<Vec<u32>> {
        let sql = "select cast(value as integer) from json_each($1)
            where not exists (select 1 from chunk where series = value)
                and not exists (select 1 from rollup where series = value)";
        let mut db = self.read.acquire().await?;
        let found: Vec<i64> = column(sql)
            .bind(to_json(&series)?)
            .fetch_all(&mut *db)
            .await?;
        Ok(found.into_iter().map(u32_of).collect())
    }

    async fn disk_use(&self) -> Result<DiskUse> {
        let mut db = self.read.acquire().await?;
        let kinds: Vec<(String, i64, i64)> = rows("select kind, data_rows, bytes from disk_use")
            .fetch_all(&mut *db)
            .await?;
        let (wal_rows, wal_bytes): (i64, i64) =
            rows("select count(*), coalesce(sum(length(record)), 0) from wal")
                .fetch_one(&mut *db)
                .await?;
        let (pages, page_bytes): (i64, i64) =
            rows("select * from pragma_page_count(), pragma_page_size()")
                .fetch_one(&mut *db)
                .await?;
        let figure = |kind: Kind| {
            let found = kinds.iter().find(|(name, ..)| name == kind.name());
            found.map_or_else(DiskFigure::default, |(_, rows, bytes)| DiskFigure {
                rows: u64_of(*rows),
                bytes: u64_of(*bytes),
            })
        };
        Ok(DiskUse {
            raw: figure(Kind::Raw),
            five_minutes: figure(Kind::FiveMinutes),
            hour: figure(Kind::Hour),
            wal: DiskFigure {
                rows: u64_of(wal_rows),
                bytes: u64_of(wal_bytes),
            },
            total_bytes: u64_of(pages.saturating_mul(page_bytes)),
            partitions: Vec::new(),
        })
    }

    async fn close(&self) {
        self.read.close().await;
        if let Err(error) = self.give_all_back().await {
            tracing::debug!(%error, "free pages stay in the file");
        }
        self.write.close().await;
        // Where this fails, the end of the last handle does it.
        self.lock.unlock().ok();
    }
}
