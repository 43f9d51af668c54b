//! The partitions: a day of chunks in each, eight of five-minute windows, 32 of hours.
//!
//! They are made ahead of need, and for what comes late or is filled in later. A clock that is wrong by
//! decades would make thousands: what is older than [`BACK_MS`] goes to a partition for the rest, and
//! so does what a partition could not be made for.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{Instant, Partition, PartitionHolds, Range};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::Result;
use crate::convert::u64_of;
use crate::db::{column, rows};
use crate::metrics::DAY_MS;
use crate::metrics::backend::{Changes, Kind};

/// How old a day may be to get a partition of its own, in milliseconds: 400 days.
const BACK_MS: i64 = 400 * DAY_MS;

/// How far ahead they are made, in milliseconds.
const AHEAD_MS: i64 = 2 * DAY_MS;

/// A partition: its name, and the instants at which its rows end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    kind: Kind,
    name: String,
    pub(super) from_ms: i64,
    /// Not included.
    until_ms: i64,
}

/// The partitioned table of a kind of data.
pub(super) const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Raw => "chunk",
        Kind::FiveMinutes => "five_minutes",
        Kind::Hour => "hours",
    }
}

const fn width_ms(kind: Kind) -> i64 {
    match kind {
        Kind::Raw => DAY_MS,
        Kind::FiveMinutes => 8 * DAY_MS,
        Kind::Hour => 32 * DAY_MS,
    }
}

/// The partition that rows which end at that instant belong to.
pub(super) fn part_of(kind: Kind, at_ms: i64) -> Part {
    let width_ms = width_ms(kind);
    let number = at_ms.div_euclid(width_ms);
    let from_ms = number.saturating_mul(width_ms);
    // Not every name may hold a minus.
    let number = number.to_string().replace('-', "before_");
    Part {
        kind,
        name: format!("{}_{number}", table(kind)),
        from_ms,
        until_ms: from_ms.saturating_add(width_ms),
    }
}

/// Which partitions there are, as far as this process has seen. Where another one dropped some since,
/// what comes late for them goes to the rest.
#[derive(Default)]
pub(super) struct Days {
    known: Mutex<HashSet<String>>,
}

impl Days {
    /// Makes the partitions that those rows need. Where one cannot be made, its rows go to the rest.
    pub(super) async fn make_room(&self, pool: &PgPool, changes: &Changes) {
        let chunks = changes.chunks.iter().map(|row| (Kind::Raw, row.t1));
        let rollups = changes.rollups.iter().map(|(kind, row)| (*kind, row.t1));
        let now_ms = changes.now_ms;
        let usual = |at_ms: i64| at_ms > now_ms - BACK_MS && at_ms < now_ms + AHEAD_MS;
        let parts = chunks.chain(rollups).filter(|(_, at_ms)| usual(*at_ms));
        let parts = parts.map(|(kind, at_ms)| part_of(kind, at_ms)).collect();
        if let Err(error) = self.make(pool, parts).await {
            tracing::warn!(%error, "chunks go to the partition for the rest");
        }
    }

    /// Makes the partitions of today and of the next days.
    pub(super) async fn look_ahead(&self, pool: &PgPool, now_ms: i64) -> Result<()> {
        let days = [now_ms, now_ms + DAY_MS, now_ms + AHEAD_MS];
        let parts = Kind::ALL.map(|kind| days.map(|at_ms| part_of(kind, at_ms)));
        self.make(pool, parts.into_iter().flatten().collect()).await
    }

    fn known(&self) -> MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes those that are not there. Only who has the lock of the log calls this.
    async fn make(&self, pool: &PgPool, mut parts: Vec<Part>) -> Result<()> {
        {
            let known = self.known();
            parts.retain(|part| !known.contains(&part.name));
        }
        if parts.is_empty() {
            return Ok(());
        }
        parts.dedup();
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        let mut tx = pool.begin().await?;
        let there: Vec<String> = column("select name from metrics.part where name = any($1)")
            .bind(names)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        self.known().extend(there);
        for part in parts {
            if !self.known().contains(&part.name) && create(pool, &part).await? {
                self.known().insert(part.name);
            }
        }
        Ok(())
    }

    /// Drops those that end before an instant; answers how many rows they had. Reading waits for that,
    /// and nobody for long: who is in the way for two seconds is given way to.
    pub(super) async fn drop_old(
        &self,
        db: &mut PgConnection,
        kind: Kind,
        before_ms: i64,
    ) -> Result<u64> {
        let mut dropped = 0;
        for (name, rows) in too_old(db, kind, before_ms).await? {
            // Safe: names in that table are made above.
            let sql = format!(
                "set local lock_timeout = '2s';
                drop table metrics.{name};
                delete from metrics.part where name = '{name}'"
            );
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *db).await?;
            self.known().remove(&name);
            dropped += u64::try_from(rows).unwrap_or(0);
        }
        Ok(dropped)
    }
}

/// Partitions that end before an instant, with how many rows they have.
pub(super) async fn too_old(
    db: &mut PgConnection,
    kind: Kind,
    before_ms: i64,
) -> Result<Vec<(String, i64)>> {
    let sql = "select name, data_rows from metrics.part where table_name = $1 and until_ms <= $2
        and name <> $1 || '_rest'";
    let found = rows(sql)
        .bind(table(kind))
        .bind(before_ms)
        .fetch_all(&mut *db)
        .await?;
    Ok(found)
}

/// Those that hold something, the newest first.
pub(super) async fn partitions(db: &mut PgConnection) -> Result<Vec<Partition>> {
    let sql = "select name, table_name, from_ms, until_ms, data_rows, bytes from metrics.part
        where data_rows > 0 order by until_ms desc, name";
    let found: Vec<(String, String, i64, i64, i64, i64)> = rows(sql).fetch_all(db).await?;
    let at = |ms: i64| Instant(ms.saturating_mul(1_000));
    let of_row = |(name, table_name, from_ms, until_ms, data_rows, bytes)| {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| table(*kind) == table_name)?;
        Some(Partition {
            name,
            holds: match kind {
                Kind::Raw => PartitionHolds::Samples,
                Kind::FiveMinutes => PartitionHolds::FiveMinutes,
                Kind::Hour => PartitionHolds::Hours,
            },
            between: (from_ms > i64::MIN).then(|| Range {
                from: at(from_ms),
                to: at(until_ms),
            }),
            rows: u64_of(data_rows),
            bytes: u64_of(bytes),
        })
    };
    Ok(found.into_iter().filter_map(of_row).collect())
}

/// Makes a partition; answers whether it is there. It is attached and not made in place, which would
/// keep everybody from reading meanwhile.
async fn create(pool: &PgPool, part: &Part) -> Result<bool> {
    let mut tx = pool.begin().await?;
    let (table, name) = (table(part.kind), &part.name);
    let (from, until) = (part.from_ms, part.until_ms);
    // Safe: names of ours and numbers.
    let sql = format!(
        "select exists (select 1 from metrics.{table}_rest where t1 >= {from} and t1 < {until})"
    );
    let taken: bool = sqlx::query_scalar(AssertSqlSafe(sql))
        .persistent(false)
        .fetch_one(&mut *tx)
        .await?;
    if taken {
        return Ok(false);
    }
    let sql = format!(
        "set local lock_timeout = '2s';
        create table metrics.{name} (like metrics.{table} including storage);
        alter table metrics.{table} attach partition metrics.{name}
            for values from ({from}) to ({until});
        insert into metrics.part (name, table_name, from_ms, until_ms)
            values ('{name}', '{table}', {from}, {until})"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_holds_whole_days_and_its_name_can_stand_unquoted() {
        let part = part_of(Kind::Raw, 1_700_000_000_000);
        assert_eq!(part.name, "chunk_19675");
        assert_eq!(part.until_ms - part.from_ms, DAY_MS);
        assert!((part.from_ms..part.until_ms).contains(&1_700_000_000_000));
        assert_eq!(part_of(Kind::Hour, -1).name, "hours_before_1");
        assert_eq!(part_of(Kind::Raw, i64::MAX).until_ms, i64::MAX);
    }
}
