//! Bulk writes of samples: the one file where the two databases differ.
//!
//! SQLite takes many rows as one prepared `values` list; numbers stay numbers, where JSON would cut
//! them to text and back.
//! `PostgreSQL` takes three arrays, so that the number of rows does not change the statement.

use std::sync::{Arc, LazyLock};

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use crate::Result;

/// A sample on its way into the database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The series' number, or an import's handle of it.
    pub(crate) num: i64,
    /// When, in microseconds.
    pub(crate) at: i64,
    /// The value; finite.
    pub(crate) value: f64,
}

/// Sorts by series and time and keeps the last of equal ones.
/// `PostgreSQL` refuses to write a row twice in one statement, and both insert faster in order.
pub(crate) fn put_in_order(rows: &mut Vec<Row>) {
    if !rows.is_sorted_by(|a, b| (a.num, a.at) < (b.num, b.at)) {
        rows.sort_by_key(|r| (r.num, r.at));
        rows.dedup_by(|later, kept| {
            let same = (later.num, later.at) == (kept.num, kept.at);
            if same {
                kept.value = later.value;
            }
            same
        });
    }
}

/// Which rows go where.
#[derive(Clone, Copy)]
pub(crate) enum Put {
    /// New samples; ones that are there already stay as they are and are not counted.
    New,
    /// Samples, new or in place of others.
    Over,
    /// An import's samples, not yet visible.
    Staged,
}

macro_rules! put_sql {
    ($put:expr, $rows:literal) => {
        match $put {
            Put::New => concat!(
                "insert into sample (series_num, at, value) ",
                $rows,
                " on conflict (series_num, at) do nothing"
            ),
            Put::Over => concat!(
                "insert into sample (series_num, at, value) ",
                $rows,
                " on conflict (series_num, at) do update set value = excluded.value
                where sample.value <> excluded.value"
            ),
            Put::Staged => concat!(
                "insert into staged (series_num, at, value) ",
                $rows,
                " on conflict (series_num, at) do update set value = excluded.value"
            ),
        }
    };
}

/// A connection that takes samples in bulk.
pub(crate) trait Bulk: Send {
    /// Answers `id, num, last_at` of the series in the list `$1` that may be written to.
    /// On `PostgreSQL` it also locks them, in one order, so that two writers of the same series
    /// neither deadlock nor write to a series that is being removed.
    const WRITABLE: &'static str;

    /// Writes rows that are in order; answers how many were written.
    fn put(&mut self, put: Put, rows: &[Row]) -> impl Future<Output = Result<u64>> + Send;
}

/// [`Bulk::WRITABLE`] of that connection.
pub(crate) fn writable<C: Bulk>(_: &C) -> &'static str {
    C::WRITABLE
}

/// How many rows a statement of SQLite takes: few sizes, so that each stays prepared.
const SIZES: [usize; 4] = [1_000, 100, 10, 1];

/// The `values` statements for each [`Put`] and each of [`SIZES`].
static STATEMENTS: LazyLock<Vec<[Arc<str>; 4]>> = LazyLock::new(|| {
    [Put::New, Put::Over, Put::Staged]
        .map(|put| {
            SIZES.map(|size| {
                let mut values = "values (?, ?, ?)".to_owned();
                values.push_str(&", (?, ?, ?)".repeat(size - 1));
                put_sql!(put, "{values}")
                    .replace("{values}", &values)
                    .into()
            })
        })
        .into()
});

impl Bulk for SqliteConnection {
    const WRITABLE: &'static str = "select s.id, s.num, s.last_at from series s
        join source src on src.id = s.source_id
        where not src.deleting and s.id in (select value from json_each($1))";

    async fn put(&mut self, put: Put, mut rows: &[Row]) -> Result<u64> {
        let mut written = 0;
        for (size, sql) in SIZES.iter().zip(&STATEMENTS[put as usize]) {
            while let Some((chunk, rest)) = rows.split_at_checked(*size) {
                // Safe: made above from nothing but literals.
                let mut query = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                for row in chunk {
                    query = query.bind(row.num).bind(row.at).bind(row.value);
                }
                written += query.execute(&mut *self).await?.rows_affected();
                rows = rest;
            }
        }
        Ok(written)
    }
}

/// How many rows a statement of `PostgreSQL` takes: half a megabyte.
const ARRAY: usize = 20_000;

impl Bulk for PgConnection {
    const WRITABLE: &'static str = "select s.id, s.num, s.last_at from series s
        join source src on src.id = s.source_id
        where not src.deleting and s.id in (select value from json_each($1))
        order by s.num for update of s";

    async fn put(&mut self, put: Put, rows: &[Row]) -> Result<u64> {
        let sql = put_sql!(put, "select * from unnest($1, $2, $3)");
        let mut written = 0;
        for chunk in rows.chunks(ARRAY) {
            let nums: Vec<i64> = chunk.iter().map(|r| r.num).collect();
            let times: Vec<i64> = chunk.iter().map(|r| r.at).collect();
            let values: Vec<f64> = chunk.iter().map(|r| r.value).collect();
            written += crate::db::run(sql)
                .bind(nums)
                .bind(times)
                .bind(values)
                .execute(&mut *self)
                .await?
                .rows_affected();
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_samples_is_kept() {
        let row = |num, at, value| Row { num, at, value };
        let mut rows = vec![
            row(2, 1, 1.0),
            row(1, 5, 2.0),
            row(1, 5, 3.0),
            row(1, 4, 4.0),
        ];
        put_in_order(&mut rows);
        let kept: Vec<_> = rows.iter().map(|r| (r.num, r.at, r.value)).collect();
        assert_eq!(kept, [(1, 4, 4.0), (1, 5, 3.0), (2, 1, 1.0)]);
    }
}
