//! How the models of series did, point by point: for each series a ring of so many points.

use api::{Instant, SeriesId};
use sqlx::FromRow;

use crate::convert::{instant, u32_of};
use crate::db::{read, rows};
use crate::{Result, Store};

/// How a model did, at a place of its series' ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewError {
    /// The place: what is there is written over.
    pub slot: u32,
    /// Until when the model knows its series.
    pub at: Instant,
    /// Its latest errors, in errors of its back-test.
    pub error: f64,
}

/// How a model did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredError {
    /// Until when it knew its series.
    pub at: Instant,
    /// Which version it was.
    pub number: u32,
    /// Its errors, in errors of its back-test.
    pub error: f64,
    /// Those of the back-test, in errors of the naive forecast; `None` where it was not tried.
    pub ratio: Option<f64>,
    /// When that version had drifted.
    pub drifted_at: Option<Instant>,
}

#[derive(FromRow)]
struct ErrorRow {
    at: i64,
    number: i64,
    error: f64,
    ratio: Option<f64>,
    drifted_at: Option<i64>,
}

/// Keeps how the version in force did; after its score, whose drift it takes over.
pub(crate) const PUT: &str =
    "insert into model_error (series_id, slot, at, number, error, ratio, drifted_at)
    select m.series_id, $3, $4, m.number, $5, m.ratio, m.drifted_at from model_version m
    where m.series_id = $1 and m.number = $2 and m.state = 'live'
    on conflict (series_id, slot) do update set at = excluded.at, number = excluded.number,
        error = excluded.error, ratio = excluded.ratio, drifted_at = excluded.drifted_at";

impl Store {
    /// How the models of a series did, as far as that is kept; the oldest first.
    pub async fn model_errors(&self, id: &SeriesId) -> Result<Vec<StoredError>> {
        let sql = "select e.at, e.number, e.error, e.ratio, e.drifted_at
            from model_error e join series s on s.id = e.series_id
            join source src on src.id = s.source_id
            where not src.deleting and e.series_id = $1 order by e.at, e.number";
        let found: Vec<ErrorRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_all(&mut *db).await?);
        let found = found.into_iter();
        Ok(found
            .map(|row| StoredError {
                at: Instant(row.at),
                number: u32_of(row.number),
                error: row.error,
                ratio: row.ratio,
                drifted_at: instant(row.drifted_at),
            })
            .collect())
    }
}
