//! Where data comes from.

use api::{Instant, Range, Source, SourceId, SourceKind};
use sqlx::FromRow;

use crate::convert::{changed, clean, i64_of, instant, u32_of, u64_of};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store, StoreError};

/// A source that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// What it goes by outside: the same key is the same source. `file:Sales 2024`, `host`.
    pub external_key: String,
    /// What people call it.
    pub name: String,
    /// How its data comes in. Kept as it was when the source is there already.
    pub kind: SourceKind,
    /// Whether it belongs to the demo company. Kept as it was when the source is there already.
    pub demo: bool,
    /// How often data is expected, in seconds.
    pub expected_every_seconds: Option<u32>,
}

/// What a source brought since it was last written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Samples that were taken in.
    pub accepted: u64,
    /// Those whose instant their series had already.
    pub duplicates: u64,
    /// Those that came after a newer one of their series.
    pub late: u64,
    /// Samples or rows that were refused.
    pub refused: u64,
    /// Why the last one was refused.
    pub last_refusal: Option<String>,
}

impl Arrival {
    /// So many that were refused, and why.
    pub fn refused(refused: u64, why: impl Into<String>) -> Self {
        Self {
            refused,
            last_refusal: Some(why.into()),
            ..Self::default()
        }
    }

    /// Adds what came after it.
    pub fn add(&mut self, later: Self) {
        self.accepted += later.accepted;
        self.duplicates += later.duplicates;
        self.late += later.late;
        self.refused += later.refused;
        self.last_refusal = later.last_refusal.or(self.last_refusal.take());
    }
}

#[derive(FromRow)]
struct SourceRow {
    id: String,
    name: String,
    kind: String,
    demo: bool,
    created_at: i64,
    last_seen_at: Option<i64>,
    expected_every_seconds: Option<i64>,
    series: i64,
    accepted: i64,
    duplicates: i64,
    late: i64,
    gaps: i64,
    gap_from: Option<i64>,
    gap_to: Option<i64>,
    refused: i64,
    last_refusal: Option<String>,
}

impl SourceRow {
    fn source(self) -> Result<Source> {
        Ok(Source {
            id: self.id.into(),
            name: self.name,
            kind: self
                .kind
                .parse::<SourceKind>()
                .map_err(StoreError::decode)?,
            demo: self.demo,
            created_at: Instant(self.created_at),
            last_seen_at: instant(self.last_seen_at),
            expected_every_seconds: self.expected_every_seconds.map(u32_of),
            series: u32_of(self.series),
            // The metric store knows.
            metrics: Some(0),
            accepted: u64_of(self.accepted),
            duplicates: u64_of(self.duplicates),
            late: u64_of(self.late),
            gaps: u32_of(self.gaps),
            last_gap: instant(self.gap_from)
                .zip(instant(self.gap_to))
                .map(|(from, to)| Range { from, to }),
            refused: u64_of(self.refused),
            last_refusal: self.last_refusal,
        })
    }
}

macro_rules! source_sql {
    ($tail:literal) => {
        concat!(
            "select s.id, s.name, s.kind, s.demo, s.created_at, s.last_seen_at,
                s.expected_every_seconds, s.accepted, s.duplicates, s.late, s.gaps, s.gap_from,
                s.gap_to, s.refused, s.last_refusal,
                (select count(*) from series where source_id = s.id) as series
            from source s where not s.deleting ",
            $tail
        )
    };
}

/// The texts of a source that the database holds.
pub(crate) struct Upsert {
    pub(crate) name: String,
    pub(crate) search: String,
    pub(crate) key: String,
}

impl Upsert {
    pub(crate) fn new(new: &NewSource) -> Self {
        let name = clean(&new.name);
        Self {
            search: name.to_lowercase(),
            name,
            key: clean(&new.external_key),
        }
    }
}

pub(crate) const UPSERT: &str = "insert into source
    (id, external_key, name, search, kind, demo, created_at, expected_every_seconds)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (external_key) do update set name = excluded.name, search = excluded.search,
        expected_every_seconds = excluded.expected_every_seconds
    returning id";

/// Three expected intervals of silence are a gap, or five minutes where nobody said how often.
macro_rules! after_a_gap {
    ($then:literal) => {
        concat!(
            "case when kind <> 'file'
                and $7 - last_seen_at > coalesce(expected_every_seconds, 100) * 3000000 then ",
            $then,
            " end"
        )
    };
}

const BUMP: &str = concat!(
    "update source set accepted = accepted + $2, duplicates = duplicates + $3, late = late + $4,
        refused = refused + $5, last_refusal = coalesce($6, last_refusal),
        last_seen_at = case when last_seen_at > $7 then last_seen_at else $7 end,
        gaps = gaps + ",
    after_a_gap!("1 else 0"),
    ", gap_from = ",
    after_a_gap!("last_seen_at else gap_from"),
    ", gap_to = ",
    after_a_gap!("$7 else gap_to"),
    " where id = $1 and not deleting"
);

/// Gets or makes the source on that connection; answers its id, which is `$id` where it is new.
/// A macro because it runs inside transactions of either database.
macro_rules! upsert_source {
    ($db:ident, $new:expr, $now:expr) => {
        $crate::source::upsert_source!($db, $new, $now, api::SourceId($crate::new_id($now)))
    };
    ($db:ident, $new:expr, $now:expr, $id:expr) => {{
        let texts = $crate::source::Upsert::new($new);
        let id: String = $crate::db::column($crate::source::UPSERT)
            .bind($id.as_str())
            .bind(&texts.key)
            .bind(&texts.name)
            .bind(&texts.search)
            .bind($new.kind.as_str())
            .bind($new.demo)
            .bind($now.micros())
            .bind($new.expected_every_seconds.map(i64::from))
            .fetch_one(&mut *$db)
            .await?;
        api::SourceId(id)
    }};
}

pub(crate) use upsert_source;

impl Store {
    /// Gets or makes the source with that external key. Its name and expectation are updated.
    pub async fn upsert_source(&self, new: &NewSource, now: Instant) -> Result<SourceId> {
        Ok(write!(self, db => upsert_source!(db, new, now)))
    }

    /// Every source, by name.
    pub async fn sources(&self) -> Result<Vec<Source>> {
        let sql = source_sql!("order by s.search, s.id");
        let found: Vec<SourceRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        found.into_iter().map(SourceRow::source).collect()
    }

    /// One source.
    pub async fn source(&self, id: &SourceId) -> Result<Option<Source>> {
        let sql = source_sql!("and s.id = $1");
        let row: Option<SourceRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        row.map(SourceRow::source).transpose()
    }

    /// Adds to a source's counts. `seen_at` never goes back; the last refusal stays until the next.
    /// Where it was silent for too long before, that is a gap; a file is never silent.
    pub async fn bump_source(
        &self,
        id: &SourceId,
        arrival: &Arrival,
        seen_at: Instant,
    ) -> Result<()> {
        let refusal = arrival.last_refusal.as_deref().map(clean);
        changed(execute!(
            self,
            BUMP,
            id.as_str(),
            i64_of(arrival.accepted),
            i64_of(arrival.duplicates),
            i64_of(arrival.late),
            i64_of(arrival.refused),
            refusal.as_deref(),
            seen_at.micros()
        ))
    }

    /// Removes a source with its series, samples and forecasts. Answers whether it was there.
    ///
    /// It is gone from every list at once and may come again under the same key; its samples go in
    /// slices, so that other writes get their turn.
    pub async fn delete_source(&self, id: &SourceId) -> Result<bool> {
        let sql = "update source set deleting = true, external_key = null
            where id = $1 and not deleting";
        let done = execute!(self, sql, id.as_str());
        if done == 0 {
            return Ok(false);
        }
        self.purge(id.as_str()).await?;
        Ok(true)
    }

    /// Removes the demo company's sources and nothing else; answers how many.
    pub async fn delete_demo(&self) -> Result<u32> {
        let sql = "update source set deleting = true, external_key = null
            where demo and not deleting returning id";
        let ids: Vec<String> = write!(self, db => column(sql).fetch_all(&mut *db).await?);
        for id in &ids {
            self.purge(id).await?;
        }
        Ok(u32::try_from(ids.len()).unwrap_or(u32::MAX))
    }

    /// Completes removals that a crash cut short; answers how many. For the start of the server.
    pub async fn finish_deletions(&self) -> Result<u32> {
        let sql = "select id from source where deleting";
        let ids: Vec<String> = read!(self, db => column(sql).fetch_all(&mut *db).await?);
        for id in &ids {
            self.purge(id).await?;
        }
        Ok(u32::try_from(ids.len()).unwrap_or(u32::MAX))
    }

    /// Removes what is left of a source that nobody sees any more.
    async fn purge(&self, id: &str) -> Result<()> {
        let nums = "select num from series where source_id = $1 order by num";
        let nums: Vec<i64> = read!(self, db => column(nums).bind(id).fetch_all(&mut *db).await?);
        self.delete_samples(&nums, Instant(i64::MAX)).await?;
        let nums = crate::convert::to_json(&nums)?;
        write!(self, db => {
            let sql = "delete from series where source_id = $1";
            run(sql).bind(id).execute(&mut *db).await?;
            // Whoever was writing to a series meanwhile held its row until now: on PostgreSQL the
            // line above waited for them, and this takes what they wrote.
            let sql = "delete from sample
                where series_num in (select cast(value as bigint) from json_each($1))";
            run(sql).bind(&nums).execute(&mut *db).await?;
            run("delete from source where id = $1").bind(id).execute(&mut *db).await?;
        });
        Ok(())
    }
}
