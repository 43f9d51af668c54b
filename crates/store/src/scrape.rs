//! Targets that are scraped: each is a source with an address.

use api::{Instant, ScrapeState, ScrapeTarget, SourceId, SourceKind};
use sqlx::FromRow;

use crate::convert::{changed, clean, u32_of};
use crate::db::{execute, read, rows, run, write};
use crate::source::upsert_source;
use crate::{NewSource, Result, Store};

/// A target as it is kept. Its token is in no `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredTarget {
    /// The target, as pages see it.
    pub target: ScrapeTarget,
    /// What it is asked with, sealed.
    pub token: Option<String>,
    /// Changes with each change of what is scraped, and of how.
    pub revision: i64,
}

impl std::fmt::Debug for StoredTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredTarget")
            .field("target", &self.target)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// A target that is to be there, or is to be changed.
#[derive(Clone, Copy)]
pub struct NewTarget<'a> {
    /// What people call it.
    pub name: &'a str,
    /// What is asked.
    pub url: &'a str,
    /// How often, in seconds.
    pub interval_seconds: u32,
    /// How long a scrape may take, in seconds.
    pub timeout_seconds: u32,
    /// What it is asked with, sealed.
    pub token: Option<&'a str>,
    /// The authorities that are believed, as PEM.
    pub ca: Option<&'a str>,
    /// Whether its certificate is looked at.
    pub verify: bool,
}

impl std::fmt::Debug for NewTarget<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewTarget")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

#[derive(FromRow)]
struct TargetRow {
    id: String,
    name: String,
    url: String,
    interval_seconds: i64,
    timeout_seconds: i64,
    token: Option<String>,
    ca: Option<String>,
    verify: bool,
    paused: bool,
    revision: i64,
    series: Option<i64>,
    problem: Option<String>,
}

impl TargetRow {
    fn target(self) -> StoredTarget {
        let state = match (self.problem, self.series) {
            (Some(why), _) => ScrapeState::Down { why },
            (None, Some(series)) => ScrapeState::Up {
                series: u32_of(series),
            },
            (None, None) => ScrapeState::Waiting,
        };
        StoredTarget {
            target: ScrapeTarget {
                id: self.id.into(),
                name: self.name,
                url: self.url,
                interval_seconds: u32_of(self.interval_seconds),
                timeout_seconds: u32_of(self.timeout_seconds),
                has_token: self.token.is_some(),
                ca: self.ca,
                verify: self.verify,
                paused: self.paused,
                state,
            },
            token: self.token,
            revision: self.revision,
        }
    }
}

macro_rules! target_sql {
    ($tail:literal) => {
        concat!(
            "select s.id, s.name, t.url, t.interval_seconds, t.timeout_seconds, t.token, t.ca,
                t.verify, t.paused, t.revision, t.series, t.problem
            from scrape_target t join source s on s.id = t.source_id where not s.deleting ",
            $tail
        )
    };
}

const INSERT: &str = "insert into scrape_target
    (source_id, url, interval_seconds, timeout_seconds, token, ca, verify, paused, revision)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 1)";

const CHANGE: &str = "update scrape_target set url = $2, interval_seconds = $3,
    timeout_seconds = $4, token = $5, ca = $6, verify = $7, revision = revision + 1,
    series = null, problem = null where source_id = $1";

/// While a target is left alone nobody expects anything of it, so it is not called silent.
const EXPECT: &str = "update source set name = $2, search = $3,
    expected_every_seconds = (select case when t.paused then null else t.interval_seconds end
        from scrape_target t where t.source_id = source.id)
    where id = $1 and not deleting";

impl Store {
    /// Adds a target, and the source that it is.
    pub async fn insert_target(
        &self,
        id: &SourceId,
        new: &NewTarget<'_>,
        now: Instant,
    ) -> Result<()> {
        let source = NewSource {
            external_key: format!("scrape:{id}"),
            name: new.name.to_owned(),
            kind: SourceKind::Scrape,
            demo: false,
            expected_every_seconds: Some(new.interval_seconds),
        };
        write!(self, db => {
            upsert_source!(db, &source, now, id);
            run(INSERT)
                .bind(id.as_str())
                .bind(new.url)
                .bind(i64::from(new.interval_seconds))
                .bind(i64::from(new.timeout_seconds))
                .bind(new.token)
                .bind(new.ca)
                .bind(new.verify)
                .bind(false)
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }

    /// Changes a target; how its last scrape went is forgotten. `Missing` where there is none.
    pub async fn change_target(&self, id: &SourceId, new: &NewTarget<'_>) -> Result<()> {
        let name = clean(new.name);
        let search = name.to_lowercase();
        write!(self, db => {
            run(CHANGE)
                .bind(id.as_str())
                .bind(new.url)
                .bind(i64::from(new.interval_seconds))
                .bind(i64::from(new.timeout_seconds))
                .bind(new.token)
                .bind(new.ca)
                .bind(new.verify)
                .execute(&mut *db)
                .await?;
            let done = run(EXPECT)
                .bind(id.as_str())
                .bind(&name)
                .bind(&search)
                .execute(&mut *db)
                .await?
                .rows_affected();
            changed(done)?;
        });
        Ok(())
    }

    /// Leaves a target alone, or not any more. `Missing` where there is none.
    pub async fn pause_target(&self, id: &SourceId, paused: bool) -> Result<()> {
        let pause = "update scrape_target set paused = $2, revision = revision + 1, series = null,
            problem = null where source_id = $1";
        let expect = "update source set expected_every_seconds =
            (select case when t.paused then null else t.interval_seconds end
                from scrape_target t where t.source_id = source.id)
            where id = $1 and kind = 'scrape'";
        write!(self, db => {
            let done = run(pause).bind(id.as_str()).bind(paused).execute(&mut *db).await?;
            changed(done.rows_affected())?;
            run(expect).bind(id.as_str()).execute(&mut *db).await?;
        });
        Ok(())
    }

    /// Keeps how the last scrape went, unless the target was changed since.
    pub async fn put_scrape_state(
        &self,
        id: &SourceId,
        revision: i64,
        state: &ScrapeState,
    ) -> Result<()> {
        let (series, problem) = match state {
            ScrapeState::Waiting => (None, None),
            ScrapeState::Up { series } => (Some(i64::from(*series)), None),
            ScrapeState::Down { why } => (None, Some(clean(why))),
        };
        let sql = "update scrape_target set series = $3, problem = $4
            where source_id = $1 and revision = $2";
        execute!(self, sql, id.as_str(), revision, series, problem.as_deref());
        Ok(())
    }

    /// Every target, by name.
    pub async fn targets(&self) -> Result<Vec<StoredTarget>> {
        let sql = target_sql!("order by s.search, s.id");
        let found: Vec<TargetRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        Ok(found.into_iter().map(TargetRow::target).collect())
    }

    /// One target.
    pub async fn target(&self, id: &SourceId) -> Result<Option<StoredTarget>> {
        let sql = target_sql!("and s.id = $1");
        let row: Option<TargetRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        Ok(row.map(TargetRow::target))
    }
}
