//! The statements of one transaction, with as many rows in each as SQLite takes gladly.

use std::fmt::Write as _;

use sqlx::query::QueryScalar;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

use crate::Result;
use crate::convert::{to_json, u64_of};
use crate::db::{column, run};
use crate::metrics::backend::{Changes, Kind, NEVER};
use crate::metrics::rows::{kept, kind_name};

/// How many rows a statement takes: few sizes, so that each stays prepared.
const SIZES: [usize; 3] = [64, 8, 1];

type Insert = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// Inserts rows, many in a statement.
async fn insert<T: Sync>(
    db: &mut SqliteConnection,
    into: &str,
    columns: usize,
    after: &str,
    mut all: &[T],
    bind: impl Fn(Insert, &T) -> Insert,
) -> Result<()> {
    for size in SIZES {
        let mut sql = String::new();
        while let Some((some, rest)) = all.split_at_checked(size) {
            if sql.is_empty() {
                sql.push_str(into);
                sql.push_str(" values ");
                for row in 0..size {
                    sql.push_str(if row == 0 { "(" } else { ",(" });
                    for column in 0..columns {
                        let comma = if column == 0 { "" } else { "," };
                        // Writing to a string cannot fail.
                        let _ = write!(sql, "{comma}${}", row * columns + column + 1);
                    }
                    sql.push(')');
                }
                sql.push_str(after);
            }
            // Safe: made above from literals and numbers.
            let query = sqlx::query(AssertSqlSafe(sql.clone()));
            let query = some.iter().fold(query, &bind);
            query.execute(&mut *db).await?;
            all = rest;
        }
    }
    Ok(())
}

/// Begins a transaction. Not with sqlx' own: SQLite rolls back by itself when the disk is full, and
/// sqlx, which counts transactions, would refuse to begin another on that connection for ever.
pub(super) async fn begin(db: &mut SqliteConnection) -> Result<()> {
    run("begin immediate").execute(db).await?;
    Ok(())
}

/// Commits where all went well, and otherwise leaves things as they were.
pub(super) async fn end<T>(db: &mut SqliteConnection, outcome: Result<T>) -> Result<T> {
    let outcome = match outcome {
        Ok(value) => run("commit").execute(&mut *db).await.map(|_| value),
        Err(error) => {
            run("rollback").execute(db).await.ok();
            return Err(error);
        }
    };
    if outcome.is_err() {
        // There may be nothing left to roll back.
        run("rollback").execute(db).await.ok();
    }
    Ok(outcome?)
}

/// A statement that removes rows of data and answers how long each was. Answers how many.
pub(super) async fn take_away(
    db: &mut SqliteConnection,
    kind: Kind,
    query: QueryScalar<'_, Sqlite, i64, SqliteArguments>,
) -> Result<u64> {
    let gone: Vec<i64> = query.fetch_all(&mut *db).await?;
    let count = i64::try_from(gone.len()).unwrap_or(i64::MAX);
    add_use(db, kind, -count, -gone.iter().sum::<i64>()).await?;
    Ok(u64_of(count))
}

/// Removes the series of a JSON list with all that is kept of them.
async fn forget_series(db: &mut SqliteConnection, list: &str, wal_id: i64) -> Result<()> {
    let sql = "delete from chunk where series in (select value from json_each($1))
        returning length(data)";
    take_away(db, Kind::Raw, column(sql).bind(list.to_owned())).await?;
    for kind in [Kind::FiveMinutes, Kind::Hour] {
        let sql = "delete from rollup where series in (select value from json_each($1))
            and step_ms = $2 returning length(data)";
        let query = column(sql).bind(list.to_owned()).bind(kind.step_ms());
        take_away(db, kind, query).await?;
    }
    let sql = "insert or replace into sealed (series, wal_id, until_ms, rolled_ms)
        select value, $2, $3, $3 from json_each($1)";
    run(sql)
        .bind(list)
        .bind(wal_id)
        .bind(NEVER)
        .execute(&mut *db)
        .await?;
    run("delete from series where id in (select value from json_each($1))")
        .bind(list)
        .execute(&mut *db)
        .await?;
    Ok(())
}

pub(super) const INSERT_RECORD: &str = "insert into wal (id, record) values ($1, $2)";

pub(super) async fn write_changes(db: &mut SqliteConnection, changes: &Changes) -> Result<()> {
    if let Some(record) = &changes.record {
        run(INSERT_RECORD)
            .bind(changes.id)
            .bind(record.as_slice())
            .execute(&mut *db)
            .await?;
    }
    if !changes.forgotten.is_empty() {
        let list = to_json(&changes.forgotten)?;
        forget_series(db, &list, changes.wal_before()).await?;
    }
    write_sources(db, changes).await?;
    let into = "insert into series (id, source, labels)";
    insert(db, into, 3, "", &changes.series, |q, row| {
        q.bind(row.id).bind(row.source).bind(row.labels.clone())
    })
    .await?;
    write_data(db, changes).await?;
    write_sealed(db, changes).await?;
    let into = "insert or replace into meta (name, kind, unit, help)";
    insert(db, into, 4, "", &changes.meta, |q, meta| {
        q.bind(meta.name.clone())
            .bind(kind_name(meta.kind))
            .bind(meta.unit.clone())
            .bind(meta.help.clone())
    })
    .await?;
    if let Some(before) = changes.forget_before {
        run("delete from wal where id < $1")
            .bind(before)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

async fn write_sources(db: &mut SqliteConnection, changes: &Changes) -> Result<()> {
    let into = "insert into source (num, id)";
    insert(db, into, 2, "", &changes.sources, |q, (num, id)| {
        q.bind(*num).bind(id.clone())
    })
    .await?;
    for (num, counts) in &changes.counts {
        let sql = "update source set samples = samples + $2, duplicates = duplicates + $3,
            late = late + $4, refused = refused + $5 where num = $1";
        run(sql)
            .bind(*num)
            .bind(counts.samples.cast_signed())
            .bind(counts.duplicates.cast_signed())
            .bind(counts.late.cast_signed())
            .bind(counts.refused.cast_signed())
            .execute(&mut *db)
            .await?;
    }
    for (num, retention) in &changes.retention {
        let sql =
            "update source set raw_ms = $2, five_minutes_ms = $3, hour_ms = $4 where num = $1";
        run(sql)
            .bind(*num)
            .bind(kept(retention.raw_ms))
            .bind(kept(retention.five_minutes_ms))
            .bind(kept(retention.hour_ms))
            .execute(&mut *db)
            .await?;
    }
    for num in &changes.gone_sources {
        run("delete from source where num = $1")
            .bind(*num)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

async fn write_sealed(db: &mut SqliteConnection, changes: &Changes) -> Result<()> {
    let into = "insert or replace into sealed (series, wal_id, until_ms, rolled_ms)";
    for all in [&changes.sealed, &changes.rolled] {
        insert(db, into, 4, "", all, |q, row| {
            q.bind(row.series)
                .bind(row.wal_id)
                .bind(row.until_ms)
                .bind(row.rolled_ms)
        })
        .await?;
    }
    Ok(())
}

async fn write_data(db: &mut SqliteConnection, changes: &Changes) -> Result<()> {
    for old in &changes.replaced {
        run("delete from chunk where series = $1 and t1 = $2")
            .bind(old.series)
            .bind(old.t1)
            .execute(&mut *db)
            .await?;
    }
    let into = "insert into chunk (series, t0, t1, data)";
    insert(db, into, 4, "", &changes.chunks, |q, row| {
        q.bind(row.series)
            .bind(row.t0)
            .bind(row.t1)
            .bind(row.data.clone())
    })
    .await?;
    let into = "insert or replace into rollup (step_ms, series, t0, t1, data)";
    insert(db, into, 5, "", &changes.rollups, |q, (kind, row)| {
        q.bind(kind.step_ms())
            .bind(row.series)
            .bind(row.t0)
            .bind(row.t1)
            .bind(row.data.clone())
    })
    .await?;
    let bytes = |rows: &mut dyn Iterator<Item = usize>| {
        rows.fold((0i64, 0i64), |(rows, sum), bytes| {
            (rows + 1, sum + i64::try_from(bytes).unwrap_or(i64::MAX))
        })
    };
    let new = bytes(&mut changes.chunks.iter().map(|row| row.data.len()));
    let old = bytes(&mut changes.replaced.iter().map(|old| old.bytes));
    add_use(db, Kind::Raw, new.0 - old.0, new.1 - old.1).await?;
    for kind in [Kind::FiveMinutes, Kind::Hour] {
        let of_kind = changes.rollups.iter().filter(|(k, _)| *k == kind);
        let (rows, bytes) = bytes(&mut of_kind.map(|(_, row)| row.data.len()));
        add_use(db, kind, rows, bytes).await?;
    }
    Ok(())
}

async fn add_use(db: &mut SqliteConnection, kind: Kind, rows: i64, bytes: i64) -> Result<()> {
    if (rows, bytes) != (0, 0) {
        let sql = "update disk_use set data_rows = data_rows + $2, bytes = bytes + $3
            where kind = $1";
        run(sql)
            .bind(kind.name())
            .bind(rows)
            .bind(bytes)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
