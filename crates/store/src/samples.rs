//! Samples going in and out of date.

use std::collections::{BTreeSet, HashMap};

use api::{Instant, SeriesId, SourceKind};

use crate::bulk::{Bulk, Put, Row, put_in_order, writable};
use crate::convert::{list, to_json};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store};

/// How many samples one transaction deletes: some milliseconds.
const SLICE: i64 = 20_000;

/// How many series one deleting statement looks at.
const GROUP: usize = 200;

/// What became of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordStats {
    /// How many are at an instant that had none.
    pub new: u64,
    /// How many took another's place, or were themselves replaced by a later one of the same call.
    pub replaced: u64,
    /// How many were not finite or of a series that is gone.
    pub ignored: u64,
}

/// Whose old samples are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retain {
    /// All series of sources of that kind, the demo company's excepted.
    Kind(SourceKind),
    /// One series.
    Series(SeriesId),
}

/// Brings the ends of the series in `$1` up to date with their samples, and when they changed.
pub(crate) const ENDS: &str = "update series set changed_at = coalesce($2, changed_at),
    first_at = (select min(x.at) from sample x where x.series_num = series.num),
    last_at = (select max(x.at) from sample x where x.series_num = series.num),
    last_value = (select x.value from sample x where x.series_num = series.num
        order by x.at desc limit 1)
    where num in (select cast(value as bigint) from json_each($1))";

/// Notes that what came in for the series in `$1` was older than their newest samples.
pub(crate) const LATE: &str = "update series set late_at = $2
    where num in (select cast(value as bigint) from json_each($1))";

impl Store {
    /// Takes samples in, all or none. The last one of a series and instant counts.
    ///
    /// Keep a call below some 50,000 samples: others wait for it. [`Store::begin_import`] is for more.
    pub async fn record(
        &self,
        samples: &[(&SeriesId, Instant, f64)],
        now: Instant,
    ) -> Result<RecordStats> {
        let mut ids: Vec<&str> = Vec::new();
        let mut handles: HashMap<&str, usize> = HashMap::new();
        let mut given: Vec<(usize, i64, f64)> = Vec::with_capacity(samples.len());
        for (id, at, value) in samples {
            if value.is_finite() {
                let handle = *handles.entry(id.as_str()).or_insert_with(|| {
                    ids.push(id.as_str());
                    ids.len() - 1
                });
                given.push((handle, at.micros(), *value));
            }
        }
        let mut stats = RecordStats::default();
        if !given.is_empty() {
            let wanted = list(ids.iter().copied())?;
            (stats.new, stats.replaced) = write!(self, db => {
                let found: Vec<(String, i64, Option<i64>)> =
                    rows(writable(db)).bind(&wanted).fetch_all(&mut *db).await?;
                let mut nums: Vec<Option<i64>> = vec![None; ids.len()];
                let mut newest: HashMap<i64, i64> = HashMap::new();
                for (id, num, last_at) in &found {
                    if let Some(handle) = handles.get(id.as_str()) {
                        nums[*handle] = Some(*num);
                    }
                    newest.extend(last_at.map(|at| (*num, at)));
                }
                let mut taken: Vec<Row> = given
                    .iter()
                    .filter_map(|&(handle, at, value)| {
                        Some(Row { num: nums[handle]?, at, value })
                    })
                    .collect();
                let accepted = taken.len() as u64;
                put_in_order(&mut taken);
                // Nearly always all are new: then this one pass is enough, and it counts them.
                let new = db.put(Put::New, &taken).await?;
                if new < taken.len() as u64 {
                    db.put(Put::Over, &taken).await?;
                }
                let is_late = |row: &&Row| newest.get(&row.num).is_some_and(|at| row.at < *at);
                let late: BTreeSet<i64> =
                    taken.iter().filter(is_late).map(|row| row.num).collect();
                if !late.is_empty() {
                    let late = to_json(&late)?;
                    run(LATE).bind(&late).bind(now.micros()).execute(&mut *db).await?;
                }
                let nums = to_json(&nums)?;
                run(ENDS).bind(&nums).bind(Some(now.micros())).execute(&mut *db).await?;
                (new, accepted - new)
            });
        }
        stats.ignored = samples.len() as u64 - stats.new - stats.replaced;
        Ok(stats)
    }

    /// Deletes samples from before that instant, in slices so that other writes get their turn;
    /// answers how many.
    pub async fn delete_before(&self, whose: &Retain, before: Instant) -> Result<u64> {
        let of_kind = "select s.num from series s join source src on src.id = s.source_id
            where src.kind = $1 and not src.demo and s.first_at < $2 order by s.num";
        let of_id = "select num from series where id = $1 and first_at < $2";
        let (sql, which) = match whose {
            Retain::Kind(kind) => (of_kind, kind.as_str()),
            Retain::Series(id) => (of_id, id.as_str()),
        };
        let nums: Vec<i64> = read!(self, db => column(sql)
            .bind(which)
            .bind(before.micros())
            .fetch_all(&mut *db)
            .await?);
        let deleted = self.delete_samples(&nums, before).await?;
        for group in nums.chunks(GROUP) {
            let group = to_json(group)?;
            // Forecasts stay good: they know more than is left.
            execute!(self, ENDS, &group, None::<i64>);
        }
        Ok(deleted)
    }

    /// Deletes those series' samples from before that instant, a slice a transaction.
    pub(crate) async fn delete_samples(&self, nums: &[i64], before: Instant) -> Result<u64> {
        let sql = "delete from sample where (series_num, at) in (
            select x.series_num, x.at from sample x
            where x.series_num in (select cast(value as bigint) from json_each($1)) and x.at < $2
            limit $3)";
        let mut deleted = 0;
        for group in nums.chunks(GROUP) {
            let group = to_json(group)?;
            loop {
                let done = execute!(self, sql, &group, before.micros(), SLICE);
                deleted += done;
                if done < SLICE.unsigned_abs() {
                    break;
                }
            }
        }
        Ok(deleted)
    }
}
