//! Forecasts: the latest one of each series, and when the next is due.

use api::{ForecastState, Instant, SeriesId};
use sqlx::FromRow;

use crate::convert::{changed, instant, list, of_json, to_json};
use crate::db::{execute, read, rows};
use crate::{Result, Store};

/// The latest forecast of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredForecast {
    /// The instant *before* its samples were read: what changes later makes it out of date.
    pub made_at: Instant,
    /// The newest sample it knows; `None` where there was none.
    pub known_until: Option<Instant>,
    /// Not before then is it made anew.
    pub next_at: Instant,
    /// A digest of what went in, for callers that skip equal work.
    pub input_hash: Option<String>,
    /// What was found.
    pub state: ForecastState,
}

#[derive(FromRow)]
struct ForecastRow {
    series_id: String,
    made_at: i64,
    known_until: Option<i64>,
    next_at: i64,
    input_hash: Option<String>,
    state: String,
}

impl ForecastRow {
    /// A forecast that an older version wrote and this one cannot read is none: it can be made anew.
    fn forecast(self) -> Option<StoredForecast> {
        match of_json(&self.state) {
            Ok(state) => Some(StoredForecast {
                made_at: Instant(self.made_at),
                known_until: instant(self.known_until),
                next_at: Instant(self.next_at),
                input_hash: self.input_hash,
                state,
            }),
            Err(error) => {
                tracing::warn!(series = self.series_id, error = ?error, "a stored forecast cannot be read");
                None
            }
        }
    }
}

macro_rules! forecast_sql {
    ($tail:literal) => {
        concat!(
            "select series_id, made_at, known_until, next_at, input_hash, state from forecast
            where made_at is not null and ",
            $tail
        )
    };
}

/// Makes this the series' forecast; nothing where the series is gone.
pub(crate) const FORECAST: &str =
    "insert into forecast (series_id, made_at, known_until, next_at, input_hash, state)
    select s.id, $2, $3, $4, $5, $6 from series s where s.id = $1
    on conflict (series_id) do update set made_at = excluded.made_at,
        known_until = excluded.known_until, next_at = excluded.next_at,
        input_hash = excluded.input_hash, state = excluded.state";

impl Store {
    /// Makes this the series' forecast. `Missing` where the series is gone.
    pub async fn put_forecast(&self, id: &SeriesId, new: &StoredForecast) -> Result<()> {
        let state = to_json(&new.state)?;
        changed(execute!(
            self,
            FORECAST,
            id.as_str(),
            new.made_at.micros(),
            new.known_until.map(Instant::micros),
            new.next_at.micros(),
            new.input_hash.as_deref(),
            &state
        ))
    }

    /// The series' forecast; `None` where there is none yet.
    pub async fn forecast(&self, id: &SeriesId) -> Result<Option<StoredForecast>> {
        let sql = forecast_sql!("series_id = $1");
        let row: Option<ForecastRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        Ok(row.and_then(ForecastRow::forecast))
    }

    /// The forecasts of those series, in the same order.
    pub async fn forecasts_for(&self, ids: &[SeriesId]) -> Result<Vec<Option<StoredForecast>>> {
        let sql = forecast_sql!("series_id in (select value from json_each($1))");
        let wanted = list(ids.iter().map(SeriesId::as_str))?;
        let found: Vec<ForecastRow> =
            read!(self, db => rows(sql).bind(&wanted).fetch_all(&mut *db).await?);
        let found: std::collections::HashMap<String, StoredForecast> = found
            .into_iter()
            .filter_map(|row| Some((row.series_id.clone(), row.forecast()?)))
            .collect();
        // Cloned, because the same series may be asked for twice.
        Ok(ids
            .iter()
            .map(|id| found.get(id.as_str()).cloned())
            .collect())
    }

    /// Puts the series' next forecast off (or up) to then. `Missing` where the series is gone.
    pub async fn put_next(&self, id: &SeriesId, next_at: Instant) -> Result<()> {
        let sql = "insert into forecast (series_id, next_at) values ($1, $2)
            on conflict (series_id) do update set next_at = excluded.next_at";
        execute!(self, sql, id.as_str(), next_at.micros());
        Ok(())
    }

    /// Puts the next forecasts of those series off (or up) to then; of those that are there.
    pub async fn put_next_of(&self, ids: &[SeriesId], next_at: Instant) -> Result<()> {
        let sql = "insert into forecast (series_id, next_at)
            select s.id, $2 from series s where s.id in (select value from json_each($1))
            on conflict (series_id) do update set next_at = excluded.next_at";
        let ids = list(ids.iter().map(SeriesId::as_str))?;
        execute!(self, sql, &ids, next_at.micros());
        Ok(())
    }

    /// The series whose forecast is to be made: those with samples that never had one, or that
    /// changed since and whose time has come. The ones with a limit come first. Forecasts from the
    /// future were made by a clock that was wrong, and are due at once. Of flows that are noted only when
    /// something happens, a silence is news once another series of their source has any.
    /// Each with when a sample came in for it that was older than its newest.
    pub async fn due(&self, now: Instant, limit: u32) -> Result<Vec<(SeriesId, Option<Instant>)>> {
        let sql = "select s.id, s.late_at from series s
            join source src on src.id = s.source_id
            left join forecast f on f.series_id = s.id
            where not src.deleting and s.last_at is not null and (f.series_id is null
                or (f.next_at <= $1 and (f.made_at is null or s.changed_at >= f.made_at
                    or (s.aggregation = 'events' and exists (select 1 from series o
                        where o.source_id = s.source_id and o.changed_at >= f.made_at))))
                or f.made_at > $3)
            order by case when s.limit_value is null then 1 else 0 end, coalesce(f.next_at, 0), s.num
            limit $2";
        let found: Vec<(String, Option<i64>)> = read!(self, db => rows(sql)
            .bind(now.micros())
            .bind(i64::from(limit))
            .bind(now.plus(Instant::MINUTE).micros())
            .fetch_all(&mut *db)
            .await?);
        let found = found.into_iter();
        Ok(found.map(|(id, late)| (id.into(), instant(late))).collect())
    }
}
