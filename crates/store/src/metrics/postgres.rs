//! Metrics in PostgreSQL, which several processes write to: one log, whose entries are numbered under
//! a lock, and chunks in partitions of a day.

mod days;
mod write;

use std::time::Duration;

use api::PartitionHolds;
use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row, Transaction};

use days::Days;
use write::{expire_rows, write_changes};

use super::backend::{Backend, Changes, DataRow, Kind, News, Tables, Turn};
use super::maintain::day_of;
use super::rows::{SourceTuple, meta_row, sealed_row, series_row, source_row};
use super::{DAY_MS, DiskFigure, DiskUse};
use crate::convert::{u32_of, u64_of};
use crate::db::{column, migrate_postgres, postgres_options, rows};
use crate::{Result, StoreError};

/// How long it is waited for a connection. Senders try again by themselves, so they hear soon.
const ACQUIRE: Duration = Duration::from_secs(5);

/// How long one piece of work may take before the database counts as away: without a limit a cut wire
/// would hold the writer until the operating system gives up, which takes a quarter of an hour.
const PATIENCE: Duration = Duration::from_mins(1);

/// For whose turn it is, and for whoever makes or drops partitions beside it.
const WRITERS: u32 = 2;

const READERS: u32 = 5;

/// Records that are read at once.
const RECORDS: i64 = 256;

/// Any fixed number will do, as long as it stays.
const MIGRATING: i64 = 7_450_120_319;

/// A turn. Who holds the lock and stops moving is thrown out by the server, or everybody would wait
/// for a process that is paused or cut off. A database that is told to acknowledge before it has
/// written would lose what we acknowledge.
const BEGIN_TURN: &str = "begin;
    set local lock_timeout = '20s';
    set local idle_in_transaction_session_timeout = '30s';
    select set_config('synchronous_commit', 'on', true)
        where current_setting('synchronous_commit') = 'off'";

/// The lock is let go after the commit is on the disk and visible: whoever gets it next sees every
/// entry with a smaller number.
const LOCK_LOG: &str = "select pg_advisory_xact_lock(7450120320)";

const NEWEST: &str = "select greatest(coalesce((select max(id) from metrics.wal), 0), upto)
    from metrics.trimmed";

pub(super) struct PostgresBackend {
    write: PgPool,
    read: PgPool,
    days: Days,
}

impl PostgresBackend {
    /// Connects and brings the tables up to date.
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Self> {
        let options = postgres_options(options);
        let pool = |most| {
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(ACQUIRE)
        };
        let write = pool(WRITERS).connect_with(options.clone()).await?;
        let mut migrations = sqlx::migrate!("./migrations/metrics_postgres");
        migrations.dangerous_set_table_name("metrics._sqlx_migrations");
        migrations.create_schema("metrics");
        migrate_postgres(&write, migrations, MIGRATING).await?;
        Ok(Self {
            write,
            read: pool(READERS).connect_lazy_with(options),
            days: Days::default(),
        })
    }

    /// Begins a transaction that nobody else writes beside.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>> {
        let mut tx = self.write.begin_with(BEGIN_TURN).await?;
        sqlx::raw_sql(LOCK_LOG).execute(&mut *tx).await?;
        Ok(tx)
    }

    async fn tell(&self, after: Option<i64>, learn: &mut (dyn FnMut(News) + Send)) -> Result<()> {
        // One snapshot: tables and records fit each other.
        let begin = "begin isolation level repeatable read read only";
        let mut tx = self.read.begin_with(begin).await?;
        let db = &mut *tx;
        let newest: i64 = column(NEWEST).fetch_one(&mut *db).await?;
        let cut: i64 = column("select upto from metrics.trimmed")
            .fetch_one(&mut *db)
            .await?;
        // Who is ahead of the database knows of entries that a fail-over lost.
        let after = after.filter(|after| (cut..=newest).contains(after));
        learn(News::Tables(match after {
            None => all_tables(db).await?,
            Some(after) => changed_tables(db, after).await?,
        }));
        let sql = "select id, record from metrics.wal where id > $1 and record is not null
            order by id limit $2";
        let mut last = after.unwrap_or(cut);
        loop {
            let records: Vec<(i64, Vec<u8>)> = rows(sql)
                .bind(last)
                .bind(RECORDS)
                .fetch_all(&mut *db)
                .await?;
            match records.last() {
                Some((id, _)) => last = *id,
                None => break,
            }
            learn(News::Records(records));
        }
        learn(News::Until(newest));
        Ok(tx.commit().await?)
    }
}

/// The work, if it is done in time.
async fn in_time<T>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
    }
}

struct PostgresTurn<'a> {
    backend: &'a PostgresBackend,
    tx: Transaction<'static, Postgres>,
}

#[async_trait]
impl Turn for PostgresTurn<'_> {
    async fn commit(self: Box<Self>, changes: &Changes) -> Result<()> {
        let Self { backend, mut tx } = *self;
        in_time(async {
            backend.days.make_room(&backend.write, changes).await;
            write_changes(&mut tx, changes).await?;
            Ok(tx.commit().await?)
        })
        .await
    }
}

/// The table of a kind of data in a statement's text.
fn sql_for(kind: Kind, text: &str) -> AssertSqlSafe<String> {
    // Safe: a literal with a literal in it.
    AssertSqlSafe(text.replace("{table}", days::table(kind)))
}

/// Series' numbers as columns hold them.
fn numbers(series: &[u32]) -> Vec<i32> {
    series.iter().map(|id| id.cast_signed()).collect()
}

#[async_trait]
impl Backend for PostgresBackend {
    async fn newest(&self) -> Result<i64> {
        // Asked before every read: as text it is one way to the server and back, and needs no
        // transaction behind a pooler.
        in_time(async {
            let row = sqlx::raw_sql(NEWEST).fetch_one(&self.read).await?;
            Ok(row.try_get(0)?)
        })
        .await
    }

    async fn news(&self, after: Option<i64>, learn: &mut (dyn FnMut(News) + Send)) -> Result<()> {
        let news = self.tell(after, learn);
        if after.is_some() {
            in_time(news).await
        } else {
            // Everything takes as long as it takes.
            news.await
        }
    }

    async fn turn(&self) -> Result<Box<dyn Turn + '_>> {
        let tx = in_time(self.begin()).await?;
        Ok(Box::new(PostgresTurn { backend: self, tx }))
    }

    async fn data(
        &self,
        kind: Kind,
        series: &[u32],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<DataRow>> {
        // No row goes past midnight, so those that begin by then end by the end of that day: later
        // partitions are not looked at.
        let sql = "select series::bigint, t0, t1, data from metrics.{table}
            where series = any($1) and t1 >= $2 and t1 < $4 and t0 <= $3
            order by series, t1";
        let query = sqlx::query_as(sql_for(kind, sql))
            .persistent(false)
            .bind(numbers(series))
            .bind(from_ms)
            .bind(to_ms)
            .bind(day_of(to_ms).saturating_add(DAY_MS));
        let mut tx = self.read.begin().await?;
        let found: Vec<(i64, i64, i64, Vec<u8>)> = query.fetch_all(&mut *tx).await?;
        tx.commit().await?;
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
        // all that follow. As above, later partitions are not looked at.
        let sql = "select s::bigint from unnest($1) s
            where (select c.t0 from metrics.chunk c
                where c.series = s and c.t1 >= $2 and c.t1 < $4
                order by c.t1 limit 1) <= $3";
        let mut tx = self.read.begin().await?;
        let found: Vec<i64> = column(sql)
            .bind(numbers(series))
            .bind(from_ms)
            .bind(to_ms)
            .bind(day_of(to_ms).saturating_add(DAY_MS))
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(found.into_iter().map(u32_of).collect())
    }

    async fn drop_days(&self, kind: Kind, before_ms: i64) -> Result<u64> {
        let mut tx = self.read.begin().await?;
        let some = days::too_old(&mut tx, kind, before_ms).await?;
        tx.commit().await?;
        if some.is_empty() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let dropped = self.days.drop_old(&mut tx, kind, before_ms).await?;
        tx.commit().await?;
        Ok(dropped)
    }

    async fn expire(&self, kind: Kind, source: u32, before_ms: i64, most: u32) -> Result<u64> {
        // What is too old for everybody is dropped by the partition a little later: only rows in
        // partitions that are too old as a whole are taken out of those that others still need.
        let before_ms = days::part_of(kind, before_ms).from_ms;
        let mut tx = self.begin().await?;
        let gone = expire_rows(&mut tx, kind, source, before_ms, most).await?;
        tx.commit().await?;
        Ok(gone)
    }

    async fn shrink(&self) -> Result<()> {
        // Partitions are dropped whole, and autovacuum does the rest.
        Ok(())
    }

    async fn prepare(&self, now_ms: i64) -> Result<()> {
        let tx = self.begin().await?;
        self.days.look_ahead(&self.write, now_ms).await?;
        Ok(tx.commit().await?)
    }

    async fn without_data(&self, series: &[u32]) -> Result<Vec<u32>> {
        let sql = "select s::bigint from unnest($1) s
            where not exists (select 1 from metrics.chunk where series = s)
                and not exists (select 1 from metrics.five_minutes where series = s)
                and not exists (select 1 from metrics.hours where series = s)";
        let mut tx = self.read.begin().await?;
        let found: Vec<i64> = column(sql)
            .bind(numbers(series))
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(found.into_iter().map(u32_of).collect())
    }

    async fn disk_use(&self) -> Result<DiskUse> {
        let mut tx = self.read.begin().await?;
        let partitions = days::partitions(&mut tx).await?;
        let (wal_rows, wal_bytes): (i64, i64) =
            rows("select count(record), coalesce(sum(length(record)), 0) from metrics.wal")
                .fetch_one(&mut *tx)
                .await?;
        let total: i64 = column(
            "select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class
                where relnamespace = 'metrics'::regnamespace and relkind = 'r'",
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let figure = |holds: PartitionHolds| {
            let of_kind = partitions.iter().filter(|part| part.holds == holds);
            of_kind.fold(DiskFigure::default(), |sum, part| DiskFigure {
                rows: sum.rows.saturating_add(part.rows),
                bytes: sum.bytes.saturating_add(part.bytes),
            })
        };
        Ok(DiskUse {
            raw: figure(PartitionHolds::Samples),
            five_minutes: figure(PartitionHolds::FiveMinutes),
            hour: figure(PartitionHolds::Hours),
            wal: DiskFigure {
                rows: u64_of(wal_rows),
                bytes: u64_of(wal_bytes),
            },
            total_bytes: u64_of(total),
            partitions,
        })
    }

    async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

const SOURCES: &str = "select num::bigint, id, raw_ms, five_minutes_ms, hour_ms, samples,
    duplicates, late, refused from metrics.source order by num";
const META: &str = "select name, kind, unit, help from metrics.meta";

async fn all_tables(db: &mut PgConnection) -> Result<Tables> {
    let series = "select id::bigint, source::bigint, labels from metrics.series order by id";
    let sealed = "select series::bigint, wal_id, until_ms, rolled_ms from metrics.sealed";
    let sources: Vec<SourceTuple> = rows(SOURCES).fetch_all(&mut *db).await?;
    let series: Vec<(i64, i64, Vec<u8>)> = rows(series).fetch_all(&mut *db).await?;
    let sealed: Vec<(i64, i64, i64, i64)> = rows(sealed).fetch_all(&mut *db).await?;
    let meta: Vec<(String, String, String, String)> = rows(META).fetch_all(&mut *db).await?;
    Ok(Tables {
        whole: true,
        sources: Some(sources.into_iter().map(source_row).collect()),
        touched: Vec::new(),
        series: series.into_iter().map(series_row).collect(),
        sealed: sealed.into_iter().map(sealed_row).collect(),
        meta: meta.into_iter().map(meta_row).collect(),
    })
}

/// What entries after that one changed, as it is now.
async fn changed_tables(db: &mut PgConnection, after: i64) -> Result<Tables> {
    let sql = "select coalesce(bool_or(sources), false), coalesce(bool_or(meta), false),
            array(select distinct s from metrics.wal w, unnest(w.series) s where w.id > $1)
        from metrics.wal where id > $1";
    let (sources, meta, touched): (bool, bool, Vec<i32>) =
        rows(sql).bind(after).fetch_one(&mut *db).await?;
    let mut tables = Tables::default();
    if sources {
        let sources: Vec<SourceTuple> = rows(SOURCES).fetch_all(&mut *db).await?;
        tables.sources = Some(sources.into_iter().map(source_row).collect());
    }
    if meta {
        let meta: Vec<(String, String, String, String)> = rows(META).fetch_all(&mut *db).await?;
        tables.meta = meta.into_iter().map(meta_row).collect();
    }
    if !touched.is_empty() {
        let series = "select id::bigint, source::bigint, labels from metrics.series
            where id = any($1)";
        let sealed = "select series::bigint, wal_id, until_ms, rolled_ms from metrics.sealed
            where series = any($1)";
        let series: Vec<(i64, i64, Vec<u8>)> =
            rows(series).bind(&touched).fetch_all(&mut *db).await?;
        let sealed: Vec<(i64, i64, i64, i64)> =
            rows(sealed).bind(&touched).fetch_all(&mut *db).await?;
        tables.series = series.into_iter().map(series_row).collect();
        tables.sealed = sealed.into_iter().map(sealed_row).collect();
        tables.touched = touched.into_iter().map(i32::cast_unsigned).collect();
    }
    Ok(tables)
}
