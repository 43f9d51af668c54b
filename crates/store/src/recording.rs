//! Expressions over metrics that are kept as series: each is a source with an expression.

use api::{Domain, Instant, Limit, RecordingRule, RecordingState, SourceId, SourceKind, Unit};
use sqlx::FromRow;

use crate::convert::{changed, clean, of_json, of_word, to_json, to_word, u32_of};
use crate::db::{execute, read, rows, run, write};
use crate::series::limit_of;
use crate::source::upsert_source;
use crate::{NewSource, Result, Store, StoreError};

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecording {
    /// The rule, as pages see it.
    pub rule: RecordingRule,
    /// Changes with each change of what is evaluated.
    pub revision: i64,
}

/// A rule that is to be there, or is to be changed.
#[derive(Clone, Copy, Debug)]
pub struct NewRecording<'a> {
    /// What people call it.
    pub name: &'a str,
    /// In PromQL.
    pub expression: &'a str,
    /// How often, in seconds.
    pub every_seconds: u32,
    /// What its numbers count.
    pub unit: &'a Unit,
    /// Business or machines.
    pub domain: Domain,
    /// Where its series must not go.
    pub limit: Option<Limit>,
    /// What is before it and at it is not evaluated.
    pub done_until: Instant,
}

#[derive(FromRow)]
struct RuleRow {
    id: String,
    name: String,
    expression: String,
    every_seconds: i64,
    unit: String,
    domain: String,
    limit_value: Option<f64>,
    limit_direction: Option<String>,
    paused: bool,
    revision: i64,
    done_until: i64,
    series: Option<i64>,
    problem: Option<String>,
}

impl RuleRow {
    fn rule(self) -> Result<StoredRecording> {
        let state = match (self.problem, self.series) {
            (Some(why), _) => RecordingState::Failed { why },
            (None, Some(series)) => RecordingState::Recorded {
                series: u32_of(series),
            },
            (None, None) => RecordingState::Waiting,
        };
        Ok(StoredRecording {
            rule: RecordingRule {
                id: self.id.into(),
                name: self.name,
                expression: self.expression,
                every_seconds: u32_of(self.every_seconds),
                unit: of_json(&self.unit)?,
                domain: of_word(&self.domain)?,
                limit: limit_of(self.limit_value, self.limit_direction.as_deref())?,
                paused: self.paused,
                done_until: Instant(self.done_until),
                state,
            },
            revision: self.revision,
        })
    }
}

/// The columns of a rule, as the database holds them.
struct Columns {
    unit: String,
    domain: String,
    limit_direction: Option<String>,
}

impl Columns {
    fn of(new: &NewRecording<'_>) -> Result<Self> {
        Ok(Self {
            unit: to_json(new.unit)?,
            domain: to_word(&new.domain)?,
            limit_direction: new.limit.map(|l| to_word(&l.direction)).transpose()?,
        })
    }
}

macro_rules! rule_sql {
    ($tail:literal) => {
        concat!(
            "select s.id, s.name, r.expression, r.every_seconds, r.unit, r.domain, r.limit_value,
                r.limit_direction, r.paused, r.revision, r.done_until, r.series, r.problem
            from recording_rule r join source s on s.id = r.source_id where not s.deleting ",
            $tail
        )
    };
}

const INSERT: &str = "insert into recording_rule
    (source_id, expression, every_seconds, unit, domain, limit_value, limit_direction, done_until,
        paused, revision)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";

const CHANGE: &str = "update recording_rule set expression = $2, every_seconds = $3, unit = $4,
    domain = $5, limit_value = $6, limit_direction = $7, done_until = $8, revision = revision + 1,
    series = null, problem = null where source_id = $1";

/// While a rule is left alone nobody expects anything of it, so it is not called silent.
const EXPECT: &str = "update source set name = $2, search = $3,
    expected_every_seconds = (select case when r.paused then null else r.every_seconds end
        from recording_rule r where r.source_id = source.id)
    where id = $1 and not deleting";

/// Series keep a limit that somebody gave one of them; the others get the rule's new one.
const MOVE_LIMITS: &str =
    "update series set limit_value = $2, limit_direction = $3, changed_at = $4
    where source_id = $1
    and (limit_value = $5 or (limit_value is null and cast($5 as double precision) is null))
    and (limit_direction = $6 or (limit_direction is null and cast($6 as text) is null))";

impl Store {
    /// Adds a rule, and the source that it is.
    pub async fn insert_recording(&self, new: &NewRecording<'_>, now: Instant) -> Result<SourceId> {
        let source = NewSource {
            external_key: format!("recording:{}", crate::new_id(now)),
            name: new.name.to_owned(),
            kind: SourceKind::Recording,
            demo: false,
            expected_every_seconds: Some(new.every_seconds),
        };
        let columns = Columns::of(new)?;
        Ok(write!(self, db => {
            let id = upsert_source!(db, &source, now);
            run(INSERT)
                .bind(id.as_str())
                .bind(new.expression)
                .bind(i64::from(new.every_seconds))
                .bind(&columns.unit)
                .bind(&columns.domain)
                .bind(new.limit.map(|l| l.value))
                .bind(columns.limit_direction.as_deref())
                .bind(new.done_until.micros())
                .bind(false)
                .execute(&mut *db)
                .await?;
            id
        }))
    }

    /// Changes a rule; how its last evaluation went is forgotten. Its series that have the limit
    /// `was` get the new one. `Missing` where there is none.
    pub async fn change_recording(
        &self,
        id: &SourceId,
        new: &NewRecording<'_>,
        was: Option<Limit>,
        now: Instant,
    ) -> Result<()> {
        let name = clean(new.name);
        let search = name.to_lowercase();
        let columns = Columns::of(new)?;
        let was_direction = was.map(|l| to_word(&l.direction)).transpose()?;
        write!(self, db => {
            let done = run(CHANGE)
                .bind(id.as_str())
                .bind(new.expression)
                .bind(i64::from(new.every_seconds))
                .bind(&columns.unit)
                .bind(&columns.domain)
                .bind(new.limit.map(|l| l.value))
                .bind(columns.limit_direction.as_deref())
                .bind(new.done_until.micros())
                .execute(&mut *db)
                .await?;
            if done.rows_affected() == 0 {
                return Err(StoreError::Missing);
            }
            run(EXPECT)
                .bind(id.as_str())
                .bind(&name)
                .bind(&search)
                .execute(&mut *db)
                .await?;
            if was != new.limit {
                run(MOVE_LIMITS)
                    .bind(id.as_str())
                    .bind(new.limit.map(|l| l.value))
                    .bind(columns.limit_direction.as_deref())
                    .bind(now.micros())
                    .bind(was.map(|l| l.value))
                    .bind(was_direction.as_deref())
                    .execute(&mut *db)
                    .await?;
            }
        });
        Ok(())
    }

    /// Leaves a rule alone, or not any more. `Missing` where there is none.
    pub async fn pause_recording(&self, id: &SourceId, paused: bool) -> Result<()> {
        let pause = "update recording_rule set paused = $2, revision = revision + 1, series = null,
            problem = null where source_id = $1";
        let expect = "update source set expected_every_seconds =
            (select case when r.paused then null else r.every_seconds end
                from recording_rule r where r.source_id = source.id)
            where id = $1 and kind = 'recording'";
        let done = write!(self, db => {
            let done = run(pause).bind(id.as_str()).bind(paused).execute(&mut *db).await?;
            run(expect).bind(id.as_str()).execute(&mut *db).await?;
            done.rows_affected()
        });
        changed(done)
    }

    /// Keeps how an evaluation went and up to when it went, unless the rule was changed since.
    pub async fn put_recorded(
        &self,
        id: &SourceId,
        revision: i64,
        done_until: Instant,
        state: &RecordingState,
    ) -> Result<()> {
        let (series, problem) = match state {
            RecordingState::Waiting => (None, None),
            RecordingState::Recorded { series } => (Some(i64::from(*series)), None),
            RecordingState::Failed { why } => (None, Some(clean(why))),
        };
        let sql = "update recording_rule set done_until = $3, series = $4, problem = $5
            where source_id = $1 and revision = $2";
        execute!(
            self,
            sql,
            id.as_str(),
            revision,
            done_until.micros(),
            series,
            problem.as_deref()
        );
        Ok(())
    }

    /// Every rule, by name.
    pub async fn recordings(&self) -> Result<Vec<StoredRecording>> {
        let sql = rule_sql!("order by s.search, s.id");
        let found: Vec<RuleRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        found.into_iter().map(RuleRow::rule).collect()
    }

    /// One rule.
    pub async fn recording(&self, id: &SourceId) -> Result<Option<StoredRecording>> {
        let sql = rule_sql!("and s.id = $1");
        let row: Option<RuleRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        row.map(RuleRow::rule).transpose()
    }
}
