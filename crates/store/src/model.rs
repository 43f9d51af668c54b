//! The models of series: each full fit is a version, and one of them is in force.

use api::{
    Fitted, Instant, JobId, LiveScore, ModelChoice, ModelCounts, ModelFilter, ModelOrder, ModelRow,
    ModelVersion, Range, SeriesId, VersionState,
};
use sqlx::FromRow;
use std::collections::HashMap;

use crate::convert::{changed, i64_of, instant, list, of_json, to_json, u32_of, u64_of};
use crate::db::{column, execute, read, rows, run, write};
use crate::forecast::FORECAST;
use crate::job::{DONE, FORGET_EARLIER};
use crate::search::patterns;
use crate::{NewError, Result, Store, StoredForecast, model_error};

/// What a fit leaves behind.
#[derive(Clone, Debug)]
pub struct NewFit {
    /// The series.
    pub series: SeriesId,
    /// What is known of its future now.
    pub forecast: StoredForecast,
    /// The model; `None` where none could be fitted.
    pub version: Option<NewVersion>,
    /// The job that this is the end of, who holds it, and what is said of it.
    pub job: Option<(JobId, String, String)>,
}

/// A model that is put in force.
#[derive(Clone, Debug, PartialEq)]
pub struct NewVersion {
    /// With which version of the program it was fitted.
    pub engine: String,
    /// The step of its grid in words.
    pub step: String,
    /// The data it was fitted on.
    pub window: Range,
    /// How many points of the grid that is.
    pub points: u32,
    /// How many of them had to be filled in.
    pub filled: u32,
    /// A digest of those points.
    pub digest: String,
    /// Its error in the back-test, in errors of the naive forecast.
    pub ratio: Option<f64>,
    /// The CPU time of the fit, in microseconds.
    pub cpu_us: u64,
    /// What was found.
    pub fitted: Fitted,
}

/// What an update of a model leaves behind.
#[derive(Clone, Debug)]
pub struct NewScore {
    /// The series.
    pub series: SeriesId,
    /// What is known of its future now.
    pub forecast: StoredForecast,
    /// Which version was updated.
    pub number: u32,
    /// How it did.
    pub live: LiveScore,
    /// How near it is to having drifted.
    pub nearness: f64,
    /// When it had drifted.
    pub drifted_at: Option<Instant>,
    /// The point of it on the chart of errors; `None` before anything came in.
    pub error: Option<NewError>,
}

/// A version with what is needed to make it again.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVersion {
    /// As people see it.
    pub version: ModelVersion,
    /// A digest of what it was fitted on.
    pub digest: String,
}

#[derive(FromRow)]
struct VersionRow {
    series_id: String,
    title: String,
    num: i64,
    number: i64,
    state: String,
    made_at: i64,
    engine: String,
    step: String,
    window_from: i64,
    window_to: i64,
    points: i64,
    filled: i64,
    digest: String,
    ratio: Option<f64>,
    nearness: f64,
    drifted_at: Option<i64>,
    held_until: Option<i64>,
    cpu_us: i64,
    detail: String,
    live: String,
}

impl VersionRow {
    fn stored(self) -> Result<StoredVersion> {
        Ok(StoredVersion {
            digest: self.digest,
            version: ModelVersion {
                number: u32_of(self.number),
                state: match self.state.as_str() {
                    "live" => VersionState::Live,
                    "withdrawn" => VersionState::Withdrawn,
                    _ => VersionState::Previous,
                },
                made_at: Instant(self.made_at),
                engine: self.engine,
                step: self.step,
                window: Range {
                    from: Instant(self.window_from),
                    to: Instant(self.window_to),
                },
                points: u32_of(self.points),
                filled: u32_of(self.filled),
                ratio: self.ratio,
                nearness: self.nearness,
                drifted_at: instant(self.drifted_at),
                held_until: instant(self.held_until),
                cpu_us: u64_of(self.cpu_us),
                fitted: of_json(&self.detail)?,
                live: of_json(&self.live)?,
            },
        })
    }
}

macro_rules! version_sql {
    ($tail:literal) => {
        concat!(
            "select m.series_id, s.title, s.num, m.number, m.state, m.made_at, m.engine, m.step,
                m.window_from, m.window_to, m.points, m.filled, m.digest, m.ratio, m.nearness,
                m.drifted_at, m.held_until, m.cpu_us, m.detail, m.live
            from model_version m join series s on s.id = m.series_id
            join source src on src.id = s.source_id
            where not src.deleting and ",
            $tail
        )
    };
}

/// Models in force in one order; `$1` is the choice, `$2` the words, `$3` the present, and `$4` and
/// `$5` are the place after which the page begins.
macro_rules! models_sql {
    ($order:literal) => {
        concat!(
            "select m.series_id, s.title, s.num, m.number, m.state, m.made_at, m.engine, m.step,
                m.window_from, m.window_to, m.points, m.filled, m.digest, m.ratio, m.nearness,
                m.drifted_at, m.held_until, m.cpu_us, m.detail, m.live
            from model_version m join series s on s.id = m.series_id
            join source src on src.id = s.source_id
            where not src.deleting and m.state = 'live'
                and ($1 = 'all' or ($1 = 'drifted' and m.drifted_at is not null)
                    or ($1 = 'behind' and m.ratio >= 1) or ($1 = 'held' and m.held_until > $3))
                and not exists (select 1 from json_each($2) w
                    where s.search not like w.value escape '\\')
                and (",
            $order,
            " > $4 or (",
            $order,
            " = $4 and s.num > $5))
            order by ",
            $order,
            ", s.num limit $6"
        )
    };
}

const INSERT: &str = "insert into model_version (series_id, number, state, made_at, engine, step,
        window_from, window_to, points, filled, digest, ratio, nearness, cpu_us, detail, live)
    select s.id, coalesce((select max(m.number) from model_version m where m.series_id = $1), 0) + 1,
        'live', $2, $3, $4, $5, $6, $7, $8, $9, $10, 0.0, $11, $12, $13
    from series s where s.id = $1";

const REPLACE: &str = "update model_version set state = 'previous', held_until = null
    where series_id = $1 and state = 'live'";

const SCORE: &str = "update model_version set live = $3, nearness = $4, drifted_at = $5
    where series_id = $1 and number = $2 and state = 'live'";

/// Keeps how a version did and the forecast that follows, if it is in force.
macro_rules! put_score {
    ($db:ident, $score:expr, $state:expr, $live:expr) => {{
        let score: &NewScore = $score;
        let in_force = run(SCORE)
            .bind(score.series.as_str())
            .bind(i64::from(score.number))
            .bind($live)
            .bind(score.nearness)
            .bind(score.drifted_at.map(Instant::micros))
            .execute(&mut *$db)
            .await?;
        if in_force.rows_affected() > 0 {
            let forecast = &score.forecast;
            put_forecast!($db, score.series, forecast, $state);
            if let Some(error) = &score.error {
                run(model_error::PUT)
                    .bind(score.series.as_str())
                    .bind(i64::from(score.number))
                    .bind(i64::from(error.slot))
                    .bind(error.at.micros())
                    .bind(error.error)
                    .execute(&mut *$db)
                    .await?;
            }
        }
    }};
}

/// Keeps a forecast; answers how many rows that changed: none where the series is gone.
macro_rules! put_forecast {
    ($db:ident, $id:expr, $new:expr, $state:expr) => {
        run(FORECAST)
            .bind($id.as_str())
            .bind($new.made_at.micros())
            .bind($new.known_until.map(Instant::micros))
            .bind($new.next_at.micros())
            .bind($new.input_hash.as_deref())
            .bind($state)
            .execute(&mut *$db)
            .await?
            .rows_affected()
    };
}

impl Store {
    /// Keeps what fits left behind; each ends its job in the same transaction, and one whose job is
    /// not its holder's any more, or whose series is gone, leaves nothing. Answers how many did.
    pub async fn put_fits(&self, fits: &[NewFit], now: Instant) -> Result<u32> {
        let mut texts = Vec::with_capacity(fits.len());
        for fit in fits {
            let version = fit.version.as_ref();
            let detail = version
                .map(|version| to_json(&version.fitted))
                .transpose()?;
            texts.push((to_json(&fit.forecast.state)?, detail));
        }
        let none = to_json(&LiveScore::default())?;
        Ok(write!(self, db => {
            let mut kept = 0;
            for (fit, (state, detail)) in fits.iter().zip(&texts) {
                let id = fit.series.as_str();
                if let Some((job, holder, words)) = &fit.job {
                    let ended = run(DONE)
                        .bind(job.as_str())
                        .bind(holder)
                        .bind(now.micros())
                        .bind(words)
                        .execute(&mut *db)
                        .await?
                        .rows_affected();
                    if ended == 0 {
                        continue;
                    }
                    run(FORGET_EARLIER).bind(job.as_str()).execute(&mut *db).await?;
                }
                let there = put_forecast!(db, fit.series, fit.forecast, state);
                if there == 0 {
                    continue;
                }
                kept += 1;
                if let (Some(version), Some(detail)) = (&fit.version, detail) {
                    run(REPLACE).bind(id).execute(&mut *db).await?;
                    run(INSERT)
                        .bind(id)
                        .bind(fit.forecast.made_at.micros())
                        .bind(&version.engine)
                        .bind(&version.step)
                        .bind(version.window.from.micros())
                        .bind(version.window.to.micros())
                        .bind(i64::from(version.points))
                        .bind(i64::from(version.filled))
                        .bind(&version.digest)
                        .bind(version.ratio)
                        .bind(i64_of(version.cpu_us))
                        .bind(detail)
                        .bind(&none)
                        .execute(&mut *db)
                        .await?;
                }
            }
            kept
        }))
    }

    /// Keeps what updates left behind; one whose version is not in force any more leaves nothing.
    pub async fn put_scores(&self, scores: &[NewScore]) -> Result<()> {
        let mut texts = Vec::with_capacity(scores.len());
        for score in scores {
            texts.push((to_json(&score.forecast.state)?, to_json(&score.live)?));
        }
        write!(self, db => {
            for (score, (state, live)) in scores.iter().zip(&texts) {
                put_score!(db, score, state, live);
            }
        });
        Ok(())
    }

    /// Puts a version in force instead of the one that is, which becomes what `before` says, and
    /// keeps the forecast that follows. `Missing` where there is no such version.
    pub async fn put_in_force(
        &self,
        score: &NewScore,
        before: VersionState,
        held_until: Option<Instant>,
    ) -> Result<()> {
        let leave = "update model_version set state = $2, held_until = null
            where series_id = $1 and state = 'live'";
        let enter = "update model_version set state = 'live', held_until = $3
            where series_id = $1 and number = $2";
        let (id, number) = (score.series.as_str(), i64::from(score.number));
        let (state, live) = (to_json(&score.forecast.state)?, to_json(&score.live)?);
        write!(self, db => {
            run(leave).bind(id).bind(before.as_str()).execute(&mut *db).await?;
            let entered = run(enter)
                .bind(id)
                .bind(number)
                .bind(held_until.map(Instant::micros))
                .execute(&mut *db)
                .await?;
            changed(entered.rows_affected())?;
            put_score!(db, score, &state, &live);
        });
        Ok(())
    }

    /// The versions of a series, the newest first.
    pub async fn versions(&self, id: &SeriesId) -> Result<Vec<StoredVersion>> {
        let sql = version_sql!("m.series_id = $1 order by m.number desc");
        let found: Vec<VersionRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_all(&mut *db).await?);
        found.into_iter().map(VersionRow::stored).collect()
    }

    /// Which version of each of those series is in force, where one is.
    pub async fn live_numbers(&self, ids: &[SeriesId]) -> Result<HashMap<SeriesId, u32>> {
        let sql = "select series_id, number from model_version
            where state = 'live' and series_id in (select value from json_each($1))";
        let wanted = list(ids.iter().map(SeriesId::as_str))?;
        let found: Vec<(String, i64)> =
            read!(self, db => rows(sql).bind(&wanted).fetch_all(&mut *db).await?);
        let found = found.into_iter();
        Ok(found
            .map(|(id, number)| (id.into(), u32_of(number)))
            .collect())
    }

    /// Those of the series whose version in force is held beyond that instant.
    pub async fn held(&self, ids: &[SeriesId], now: Instant) -> Result<Vec<SeriesId>> {
        let sql = "select series_id from model_version where state = 'live'
            and held_until > $2 and series_id in (select value from json_each($1))";
        let wanted = list(ids.iter().map(SeriesId::as_str))?;
        let found: Vec<String> = read!(self, db => column(sql)
            .bind(&wanted)
            .bind(now.micros())
            .fetch_all(&mut *db)
            .await?);
        Ok(found.into_iter().map(SeriesId).collect())
    }

    /// The version of a series that is in force.
    pub async fn live_version(&self, id: &SeriesId) -> Result<Option<StoredVersion>> {
        let sql = version_sql!("m.series_id = $1 and m.state = 'live'");
        let found: Option<VersionRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        found.map(VersionRow::stored).transpose()
    }

    /// Models in force from a place on, at most so many, and the place of each.
    pub async fn models(
        &self,
        filter: &ModelFilter,
        after: (f64, i64),
        most: u32,
        now: Instant,
    ) -> Result<Vec<(ModelRow, (f64, i64))>> {
        let sql = match filter.order {
            ModelOrder::Error => models_sql!("coalesce(-m.ratio, 0.0)"),
            ModelOrder::Drift => models_sql!("-m.nearness"),
            ModelOrder::Age => models_sql!("m.made_at * 1.0"),
        };
        let choice = match filter.choice {
            ModelChoice::All => "all",
            ModelChoice::Drifted => "drifted",
            ModelChoice::Behind => "behind",
            ModelChoice::Held => "held",
        };
        let words = to_json(&patterns(&filter.text))?;
        let found: Vec<VersionRow> = read!(self, db => rows(sql)
            .bind(choice)
            .bind(&words)
            .bind(now.micros())
            .bind(after.0)
            .bind(after.1)
            .bind(i64::from(most))
            .fetch_all(&mut *db)
            .await?);
        let placed = found.into_iter().map(|row| {
            let (series, title, num) = (row.series_id.clone(), row.title.clone(), row.num);
            let version = row.stored()?.version;
            let place = match filter.order {
                ModelOrder::Error => version.ratio.map_or(0.0, |ratio| -ratio),
                ModelOrder::Drift => -version.nearness,
                ModelOrder::Age => version.made_at.micros() as f64,
            };
            let series = series.into();
            let row = ModelRow {
                series,
                title,
                version,
            };
            Ok((row, (place, num)))
        });
        placed.collect()
    }

    /// How many models are in force, and how they do.
    pub async fn model_counts(&self, now: Instant) -> Result<ModelCounts> {
        let sql = "select count(*), count(drifted_at),
                count(case when ratio >= 1 then 1 end),
                count(case when held_until > $1 then 1 end), avg(ratio)
            from model_version where state = 'live'";
        let (live, drifted, behind, held, ratio): (i64, i64, i64, i64, Option<f64>) =
            read!(self, db => rows(sql).bind(now.micros()).fetch_one(&mut *db).await?);
        Ok(ModelCounts {
            live: u32_of(live),
            drifted: u32_of(drifted),
            behind: u32_of(behind),
            held: u32_of(held),
            ratio,
        })
    }

    /// Forgets all but the newest versions of each series, and never the one in force; at most so
    /// many series a call. Answers how many versions went.
    pub async fn forget_versions(&self, kept: u32, most: u32) -> Result<u64> {
        let many = "select series_id from model_version group by series_id
            having count(*) > $1 order by series_id limit $2";
        let many: Vec<String> = read!(self, db => column(many)
            .bind(i64::from(kept))
            .bind(i64::from(most))
            .fetch_all(&mut *db)
            .await?);
        let sql = "delete from model_version where series_id = $1 and state <> 'live'
            and number <= (select max(m.number) from model_version m where m.series_id = $1) - $2";
        let mut gone = 0;
        for id in many {
            gone += execute!(self, sql, &id, i64::from(kept));
        }
        Ok(gone)
    }
}
