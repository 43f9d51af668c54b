//! The statements of one transaction: each takes its rows as arrays, however many there are.

use sqlx::AssertSqlSafe;
use sqlx::PgConnection;

use super::{days, numbers};
use crate::Result;
use crate::convert::u64_of;
use crate::db::run;
use crate::metrics::backend::{Changes, DataRow, Kind, NEVER, SealedRow};
use crate::metrics::rows::{kept, kind_name};

/// A statement that changes rows of a kind of data, and the figures of the partitions they lie in.
/// Answers how many rows.
fn counted(kind: Kind, sign: char, change: &str) -> AssertSqlSafe<String> {
    let change = change.replace("{table}", days::table(kind));
    // Safe: made of literals.
    AssertSqlSafe(format!(
        "with changed as ({change} returning tableoid as part, length(data)::bigint as bytes),
        delta as (
            select part, count(*) as data_rows, sum(bytes)::bigint as bytes from changed group by part
        ), counted as (
            update metrics.part p
            set data_rows = p.data_rows {sign} d.data_rows, bytes = p.bytes {sign} d.bytes
            from delta d join pg_class c on c.oid = d.part
            where p.name = c.relname
        )
        select coalesce(sum(data_rows), 0)::bigint from delta"
    ))
}

/// Removes some rows of a source that end before an instant; answers how many.
pub(super) async fn expire_rows(
    db: &mut PgConnection,
    kind: Kind,
    source: u32,
    before_ms: i64,
    most: u32,
) -> Result<u64> {
    let sql = "delete from metrics.{table} where t1 < $2 and (series, t1) in (
        select c.series, c.t1 from metrics.series s
        join metrics.{table} c on c.series = s.id and c.t1 < $2
        where s.source = $1 limit $3)";
    let gone: i64 = sqlx::query_scalar(counted(kind, '-', sql))
        .persistent(false)
        .bind(source.cast_signed())
        .bind(before_ms)
        .bind(i64::from(most))
        .fetch_one(db)
        .await?;
    Ok(u64_of(gone))
}

pub(super) async fn write_changes(db: &mut PgConnection, changes: &Changes) -> Result<()> {
    if !changes.forgotten.is_empty() {
        forget_series(db, changes).await?;
    }
    write_sources(db, changes).await?;
    if !changes.series.is_empty() {
        let sql =
            "insert into metrics.series (id, source, labels) select * from unnest($1, $2, $3)";
        let all = &changes.series;
        run(sql)
            .bind(all.iter().map(|s| s.id.cast_signed()).collect::<Vec<_>>())
            .bind(
                all.iter()
                    .map(|s| s.source.cast_signed())
                    .collect::<Vec<_>>(),
            )
            .bind(all.iter().map(|s| s.labels.as_slice()).collect::<Vec<_>>())
            .execute(&mut *db)
            .await?;
    }
    write_data(db, changes).await?;
    for all in [&changes.sealed, &changes.rolled] {
        write_sealed(db, all).await?;
    }
    write_meta(db, changes).await?;
    write_entry(db, changes).await
}

/// The entry of the log, and where the log is cut off.
async fn write_entry(db: &mut PgConnection, changes: &Changes) -> Result<()> {
    if changes.is_news() {
        let sql = "insert into metrics.wal (id, record, series, sources, meta)
            values ($1, $2, $3, $4, $5)";
        let touched: Vec<u32> = changes.touched_series().collect();
        run(sql)
            .bind(changes.id)
            .bind(changes.record.as_deref())
            .bind(numbers(&touched))
            .bind(changes.touches_sources())
            .bind(!changes.meta.is_empty())
            .execute(&mut *db)
            .await?;
    }
    if let Some(before) = changes.forget_before {
        run("update metrics.trimmed set upto = $1 - 1 where upto < $1 - 1")
            .bind(before)
            .execute(&mut *db)
            .await?;
        run("delete from metrics.wal where id < $1")
            .bind(before)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Removes series with all that is kept of them.
async fn forget_series(db: &mut PgConnection, changes: &Changes) -> Result<()> {
    let series = numbers(&changes.forgotten);
    for kind in Kind::ALL {
        let sql = "delete from metrics.{table} where series = any($1)";
        sqlx::query(counted(kind, '-', sql))
            .persistent(false)
            .bind(&series)
            .execute(&mut *db)
            .await?;
    }
    let tombstones: Vec<SealedRow> = changes
        .forgotten
        .iter()
        .map(|series| SealedRow {
            series: *series,
            wal_id: changes.wal_before(),
            until_ms: NEVER,
            rolled_ms: NEVER,
        })
        .collect();
    write_sealed(db, &tombstones).await?;
    run("delete from metrics.series where id = any($1)")
        .bind(&series)
        .execute(&mut *db)
        .await?;
    Ok(())
}

async fn write_sources(db: &mut PgConnection, changes: &Changes) -> Result<()> {
    for (num, id) in &changes.sources {
        run("insert into metrics.source (num, id) values ($1, $2)")
            .bind(num.cast_signed())
            .bind(id)
            .execute(&mut *db)
            .await?;
    }
    for (num, counts) in &changes.counts {
        let sql = "update metrics.source set samples = samples + $2,
            duplicates = duplicates + $3, late = late + $4, refused = refused + $5
            where num = $1";
        run(sql)
            .bind(num.cast_signed())
            .bind(counts.samples.cast_signed())
            .bind(counts.duplicates.cast_signed())
            .bind(counts.late.cast_signed())
            .bind(counts.refused.cast_signed())
            .execute(&mut *db)
            .await?;
    }
    for (num, retention) in &changes.retention {
        let sql = "update metrics.source set raw_ms = $2, five_minutes_ms = $3, hour_ms = $4
            where num = $1";
        run(sql)
            .bind(num.cast_signed())
            .bind(kept(retention.raw_ms))
            .bind(kept(retention.five_minutes_ms))
            .bind(kept(retention.hour_ms))
            .execute(&mut *db)
            .await?;
    }
    if !changes.gone_sources.is_empty() {
        run("delete from metrics.source where num = any($1)")
            .bind(numbers(&changes.gone_sources))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

async fn write_data(db: &mut PgConnection, changes: &Changes) -> Result<()> {
    let old = &changes.replaced;
    if let (Some(first), Some(last)) = (
        old.iter().map(|old| old.t1).min(),
        old.iter().map(|old| old.t1).max(),
    ) {
        // The bounds let the planner leave other days alone.
        let sql = "delete from metrics.{table} c using unnest($1, $2) as old (series, t1)
            where c.series = old.series and c.t1 = old.t1 and c.t1 >= $3 and c.t1 <= $4";
        sqlx::query(counted(Kind::Raw, '-', sql))
            .persistent(false)
            .bind(
                old.iter()
                    .map(|old| old.series.cast_signed())
                    .collect::<Vec<_>>(),
            )
            .bind(old.iter().map(|old| old.t1).collect::<Vec<_>>())
            .bind(first)
            .bind(last)
            .execute(&mut *db)
            .await?;
    }
    insert_data(db, Kind::Raw, &mut changes.chunks.iter()).await?;
    for kind in [Kind::FiveMinutes, Kind::Hour] {
        let of_kind = changes.rollups.iter().filter(|(own, _)| *own == kind);
        insert_data(db, kind, &mut of_kind.map(|(_, row)| row)).await?;
    }
    Ok(())
}

async fn insert_data(
    db: &mut PgConnection,
    kind: Kind,
    rows: &mut (dyn Iterator<Item = &DataRow> + Send),
) -> Result<()> {
    let rows: Vec<&DataRow> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "insert into metrics.{table} (series, t0, t1, data)
        select * from unnest($1, $2, $3, $4)";
    sqlx::query(counted(kind, '+', sql))
        .persistent(false)
        .bind(
            rows.iter()
                .map(|row| row.series.cast_signed())
                .collect::<Vec<_>>(),
        )
        .bind(rows.iter().map(|row| row.t0).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.t1).collect::<Vec<_>>())
        .bind(
            rows.iter()
                .map(|row| row.data.as_slice())
                .collect::<Vec<_>>(),
        )
        .execute(&mut *db)
        .await?;
    Ok(())
}

async fn write_sealed(db: &mut PgConnection, all: &[SealedRow]) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let sql = "insert into metrics.sealed (series, wal_id, until_ms, rolled_ms)
        select * from unnest($1, $2, $3, $4)
        on conflict (series) do update set wal_id = excluded.wal_id,
            until_ms = excluded.until_ms, rolled_ms = excluded.rolled_ms";
    run(sql)
        .bind(
            all.iter()
                .map(|row| row.series.cast_signed())
                .collect::<Vec<_>>(),
        )
        .bind(all.iter().map(|row| row.wal_id).collect::<Vec<_>>())
        .bind(all.iter().map(|row| row.until_ms).collect::<Vec<_>>())
        .bind(all.iter().map(|row| row.rolled_ms).collect::<Vec<_>>())
        .execute(&mut *db)
        .await?;
    Ok(())
}

async fn write_meta(db: &mut PgConnection, changes: &Changes) -> Result<()> {
    for meta in &changes.meta {
        let sql = "insert into metrics.meta (name, kind, unit, help) values ($1, $2, $3, $4)
            on conflict (name) do update set kind = excluded.kind, unit = excluded.unit,
                help = excluded.help";
        // PostgreSQL's text holds no NUL, and a sender's would keep the whole group from the disk.
        let text = |text: &str| text.replace('\0', " ");
        run(sql)
            .bind(text(&meta.name))
            .bind(kind_name(meta.kind))
            .bind(text(&meta.unit))
            .bind(text(&meta.help))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
