//! Samples read back: as they are, and thinned by the database.

use std::collections::HashMap;

use api::{Instant, Range, SeriesId, SourceId};
use sqlx::FromRow;

use crate::convert::{list, u64_of};
use crate::db::{Db, column, read, rows};
use crate::{Result, Store, StoreError};

/// A stretch of a series' time, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Where it begins.
    pub at: Instant,
    /// When its first sample is.
    pub first_at: Instant,
    /// When its last sample is.
    pub last_at: Instant,
    /// The first sample's value.
    pub first: f64,
    /// The last sample's value.
    pub last: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// What the values add up to.
    pub sum: f64,
    /// How many samples it has, at least one.
    pub count: u64,
}

#[derive(FromRow)]
struct BucketRow {
    slot: i64,
    first_at: i64,
    last_at: i64,
    low: f64,
    high: f64,
    total: f64,
    n: i64,
    first: f64,
    last: f64,
}

/// The range between the years -6000 and 9999, so that no arithmetic on it overflows.
fn bounded(range: Range) -> (i64, i64) {
    const EDGE: i64 = 253_402_300_800_000_000;
    (
        range.from.micros().clamp(-EDGE, EDGE),
        range.to.micros().clamp(-EDGE, EDGE),
    )
}

/// The width of each of `n` slots that together cover the stretch.
fn width(from: i64, to: i64, n: u32) -> i64 {
    let n = i64::from(n.max(1));
    ((to - from + n - 1) / n).max(1)
}

/// The newest samples as one text, and how many are so large or so small that SQLite's digits miss their last bit.
const PACKED: &str = "select group_concat(at || ' ' || printf('%!.18g', value), ' '),
        count(*) filter (where value <> 0 and abs(value) not between 1e-15 and 1e15)
    from (select at, value from sample
        where series_num = (select num from series where id = $1) order by at desc limit $2)";

/// The samples of such a text, in its order.
fn unpacked(text: &str) -> Result<Vec<(i64, f64)>> {
    let mut words = text.split_ascii_whitespace();
    let mut samples = Vec::with_capacity(text.len() / 24);
    while let (Some(at), Some(value)) = (words.next(), words.next()) {
        let sample = at.parse().ok().zip(value.parse().ok());
        samples.push(sample.ok_or_else(|| StoreError::decode(format!("sample {at} {value}")))?);
    }
    Ok(samples)
}

impl Store {
    /// The samples of a range in microseconds and values, oldest first.
    /// Of more than `cap` it answers the newest.
    pub async fn samples(&self, id: &SeriesId, range: Range, cap: u32) -> Result<Vec<(i64, f64)>> {
        let sql = "select at, value from sample
            where series_num = (select num from series where id = $1) and at >= $2 and at < $3
            order by at desc limit $4";
        let mut found: Vec<(i64, f64)> = read!(self, db => rows(sql)
            .bind(id.as_str())
            .bind(range.from.micros())
            .bind(range.to.micros())
            .bind(i64::from(cap))
            .fetch_all(&mut *db)
            .await?);
        found.reverse();
        Ok(found)
    }

    /// The newest `n` samples in microseconds and values, oldest first.
    pub async fn last_n(&self, id: &SeriesId, n: u32) -> Result<Vec<(i64, f64)>> {
        if let Some(found) = self.packed(id, n).await? {
            return Ok(found);
        }
        let sql = "select at, value from sample
            where series_num = (select num from series where id = $1) order by at desc limit $2";
        let mut found: Vec<(i64, f64)> = read!(self, db => rows(sql)
            .bind(id.as_str())
            .bind(i64::from(n))
            .fetch_all(&mut *db)
            .await?);
        found.reverse();
        Ok(found)
    }

    /// The instant of the newest sample of a source, in microseconds: until when a silence of one of its series
    /// says something. Series that go beyond `until` are not asked: a plan says nothing of the past.
    pub async fn newest_of(&self, source: &SourceId, until: Instant) -> Result<Option<i64>> {
        let sql = "select max(last_at) from series where source_id = $1 and last_at <= $2";
        let newest: (Option<i64>,) = read!(self, db => rows(sql)
            .bind(source.as_str())
            .bind(until.0)
            .fetch_one(&mut *db)
            .await?);
        Ok(newest.0)
    }

    /// [`Store::last_n`] in a single row, where that is quicker and exact. Each of SQLite's rows comes through a
    /// channel between threads, with a wake-up and allocations of its own: most of what reading a history costs.
    async fn packed(&self, id: &SeriesId, n: u32) -> Result<Option<Vec<(i64, f64)>>> {
        let Db::Sqlite(lite) = &*self.db else {
            return Ok(None);
        };
        let mut db = lite.read.acquire().await?;
        let (text, inexact): (Option<String>, i64) = rows(PACKED)
            .bind(id.as_str())
            .bind(i64::from(n))
            .fetch_one(&mut *db)
            .await?;
        if inexact > 0 {
            return Ok(None);
        }
        let mut found = unpacked(&text.unwrap_or_default())?;
        found.sort_unstable_by_key(|(at, _)| *at);
        Ok(Some(found))
    }

    /// How many samples lie in a range.
    pub async fn count(&self, id: &SeriesId, range: Range) -> Result<u64> {
        let sql = "select count(*) from sample
            where series_num = (select num from series where id = $1) and at >= $2 and at < $3";
        let count: i64 = read!(self, db => column(sql)
            .bind(id.as_str())
            .bind(range.from.micros())
            .bind(range.to.micros())
            .fetch_one(&mut *db)
            .await?);
        Ok(u64_of(count))
    }

    /// A range in at most `n` equally long buckets, oldest first; empty ones are left out.
    pub async fn buckets(&self, id: &SeriesId, range: Range, n: u32) -> Result<Vec<Bucket>> {
        // The ends' values come from two look-ups a bucket, which is less than a window function
        // over every sample.
        let sql = "with b as (
                select x.series_num as num, (x.at - $2) / $4 as slot, min(x.at) as first_at,
                    max(x.at) as last_at, min(x.value) as low, max(x.value) as high,
                    sum(x.value) as total, count(*) as n
                from sample x
                where x.series_num = (select num from series where id = $1)
                    and x.at >= $2 and x.at < $3
                group by 1, 2)
            select b.slot, b.first_at, b.last_at, b.low, b.high, b.total, b.n,
                f.value as first, l.value as last
            from b
            join sample f on f.series_num = b.num and f.at = b.first_at
            join sample l on l.series_num = b.num and l.at = b.last_at
            order by b.slot";
        let (from, to) = bounded(range);
        let width = width(from, to, n);
        let found: Vec<BucketRow> = read!(self, db => rows(sql)
            .bind(id.as_str())
            .bind(from)
            .bind(to)
            .bind(width)
            .fetch_all(&mut *db)
            .await?);
        Ok(found
            .into_iter()
            .map(|row| Bucket {
                at: Instant(from + row.slot * width),
                first_at: Instant(row.first_at),
                last_at: Instant(row.last_at),
                first: row.first,
                last: row.last,
                min: row.low,
                max: row.high,
                sum: row.total,
                count: u64_of(row.n),
            })
            .collect())
    }

    /// A short history of each of those series, in the same order: the last sample of each of `n`
    /// equally long slots, oldest first.
    ///
    /// One look-up for a slot, so it costs the same however many samples there are.
    /// Flows are not added up: slots rarely hold equally many samples, and sums would show that
    /// instead of the flow.
    pub async fn sparks(
        &self,
        ids: &[SeriesId],
        from: Instant,
        to: Instant,
        n: u32,
    ) -> Result<Vec<Vec<Option<f64>>>> {
        let sql = "with recursive slot(n) as (
                select cast(0 as bigint) union all select n + 1 from slot where n + 1 < $4)
            select s.id, slot.n, (select x.value from sample x where x.series_num = s.num
                and x.at >= $2 + slot.n * $3 and x.at < $2 + (slot.n + 1) * $3
                order by x.at desc limit 1) as value
            from series s cross join slot
            where s.id in (select value from json_each($1))";
        let n = n.max(1);
        let (from, to) = bounded(Range { from, to });
        let mut sparks: HashMap<&str, Vec<Option<f64>>> = ids
            .iter()
            .map(|id| (id.as_str(), vec![None; n as usize]))
            .collect();
        let wanted = list(sparks.keys().copied())?;
        let found: Vec<(String, i64, Option<f64>)> = read!(self, db => rows(sql)
            .bind(&wanted)
            .bind(from)
            .bind(width(from, to, n))
            .bind(i64::from(n))
            .fetch_all(&mut *db)
            .await?);
        for (id, slot, value) in found {
            let spark = sparks.get_mut(id.as_str());
            let place = usize::try_from(slot).ok();
            if let Some(cell) = spark.zip(place).and_then(|(s, p)| s.get_mut(p)) {
                *cell = value;
            }
        }
        // Cloned, because the same series may be asked for twice.
        Ok(ids
            .iter()
            .map(|id| sparks.get(id.as_str()).cloned().unwrap_or_default())
            .collect())
    }
}
