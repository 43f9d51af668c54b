//! Labelled time series: getting, making, finding and changing them.

use api::{
    Aggregation, Direction, Domain, Instant, Limit, Point, Series, SeriesChange, SeriesFilter,
    SeriesId, SourceId, Stake, Unit,
};
use sqlx::FromRow;

use crate::convert::{changed, clean, instant, list, of_json, of_word, to_json, to_word, u32_of};
use crate::db::{column, execute, read, rows, run, write};
use crate::search::{patterns, search_text};
use crate::{Result, Store, StoreError};

/// The most series that one page of a list holds.
const PAGE: u32 = 500;

/// A series that is to be there. Belongs to the demo company if its source does.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSeries {
    /// What tells it apart within its source, for ever: the same key is the same series.
    pub key: String,
    /// The metric's name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What tells it apart from others of the same name; sorted by the store.
    pub labels: Vec<(String, String)>,
    /// What its numbers count.
    pub unit: Unit,
    /// How several samples become one.
    pub aggregation: Aggregation,
    /// Business or machines.
    pub domain: Domain,
    /// Whether it can never be below zero.
    pub non_negative: bool,
    /// Where it must not go.
    pub limit: Option<Limit>,
    /// What is lost when it goes there.
    pub stake: Option<Stake>,
}

#[derive(FromRow)]
pub(crate) struct SeriesRow {
    id: String,
    source_id: String,
    source_name: String,
    name: String,
    title: String,
    labels: String,
    unit: String,
    aggregation: String,
    domain: String,
    non_negative: bool,
    limit_value: Option<f64>,
    limit_direction: Option<String>,
    stake: Option<String>,
    demo: bool,
    first_at: Option<i64>,
    last_at: Option<i64>,
    last_value: Option<f64>,
}

impl SeriesRow {
    pub(crate) fn series(self) -> Result<Series> {
        let limit = limit_of(self.limit_value, self.limit_direction.as_deref())?;
        Ok(Series {
            id: self.id.into(),
            source_id: self.source_id.into(),
            source_name: self.source_name,
            name: self.name,
            title: self.title,
            labels: of_json(&self.labels)?,
            unit: of_json(&self.unit)?,
            aggregation: of_word(&self.aggregation)?,
            domain: of_word(&self.domain)?,
            non_negative: self.non_negative,
            limit,
            stake: self.stake.as_deref().map(of_json).transpose()?,
            demo: self.demo,
            last: self.last_at.map(|at| Point {
                at: Instant(at),
                value: self.last_value,
            }),
            first_at: instant(self.first_at),
            stale_since: None,
        })
    }
}

/// The limit that two columns hold.
pub(crate) fn limit_of(value: Option<f64>, direction: Option<&str>) -> Result<Option<Limit>> {
    Ok(match (value, direction) {
        (Some(value), Some(direction)) => Some(Limit {
            value,
            direction: of_word::<Direction>(direction)?,
        }),
        _ => None,
    })
}

/// The columns of a new series, as the database holds them.
pub(crate) struct Insert {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) search: String,
    pub(crate) labels: String,
    pub(crate) unit: String,
    pub(crate) aggregation: String,
    pub(crate) domain: String,
    pub(crate) limit_direction: Option<String>,
    pub(crate) stake: Option<String>,
}

impl Insert {
    pub(crate) fn new(new: &NewSeries) -> Result<Self> {
        let mut labels: Vec<(String, String)> = new
            .labels
            .iter()
            .map(|(key, value)| (clean(key), clean(value)))
            .collect();
        labels.sort();
        let (name, title) = (clean(&new.name), clean(&new.title));
        Ok(Self {
            key: clean(&new.key),
            search: search_text(&title, &name, &labels),
            name,
            title,
            labels: to_json(&labels)?,
            unit: to_json(&new.unit)?,
            aggregation: to_word(&new.aggregation)?,
            domain: to_word(&new.domain)?,
            limit_direction: new.limit.map(|l| to_word(&l.direction)).transpose()?,
            stake: new.stake.as_ref().map(to_json).transpose()?,
        })
    }
}

pub(crate) const KNOWN: &str = "select key, id from series
    where source_id = $1 and key in (select value from json_each($2))";

pub(crate) const INSERT: &str = "insert into series (id, source_id, key, name, title, search,
        labels, unit, aggregation, domain, non_negative, limit_value, limit_direction, stake,
        created_at, changed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
    on conflict (source_id, key) do nothing";

/// Gets or makes series of a source on that connection; answers their ids in the same order.
/// A macro because it runs inside transactions of either database.
macro_rules! resolve_series {
    ($db:ident, $source:expr, $new:expr, $now:expr) => {{
        let new: Vec<$crate::series::Insert> = $new
            .iter()
            .map($crate::series::Insert::new)
            .collect::<$crate::Result<_>>()?;
        let keys = $crate::convert::list(new.iter().map(|n| n.key.as_str()))?;
        let mut known = std::collections::HashMap::<String, String>::new();
        for fresh in [false, true] {
            known.extend(
                $crate::db::rows::<_, (String, String)>($crate::series::KNOWN)
                    .bind($source.as_str())
                    .bind(&keys)
                    .fetch_all(&mut *$db)
                    .await?,
            );
            if fresh || new.iter().all(|n| known.contains_key(&n.key)) {
                break;
            }
            for (n, given) in new.iter().zip($new) {
                if known.contains_key(&n.key) {
                    continue;
                }
                $crate::db::run($crate::series::INSERT)
                    .bind($crate::new_id($now))
                    .bind($source.as_str())
                    .bind(&n.key)
                    .bind(&n.name)
                    .bind(&n.title)
                    .bind(&n.search)
                    .bind(&n.labels)
                    .bind(&n.unit)
                    .bind(&n.aggregation)
                    .bind(&n.domain)
                    .bind(given.non_negative)
                    .bind(given.limit.map(|l| l.value))
                    .bind(n.limit_direction.as_deref())
                    .bind(n.stake.as_deref())
                    .bind($now.micros())
                    .execute(&mut *$db)
                    .await?;
            }
        }
        new.iter()
            .map(|n| known.get(&n.key).cloned().map(api::SeriesId))
            .collect::<Option<Vec<_>>>()
            .ok_or($crate::StoreError::Missing)?
    }};
}

pub(crate) use resolve_series;

macro_rules! series_sql {
    ($tail:expr) => {
        concat!(
            "select s.id, s.source_id, src.name as source_name, s.name, s.title, s.labels, s.unit,
                s.aggregation, s.domain, s.non_negative, s.limit_value, s.limit_direction, s.stake,
                src.demo, s.first_at, s.last_at, s.last_value
            from series s join source src on src.id = s.source_id where not src.deleting ",
            $tail
        )
    };
}

macro_rules! matching {
    () => {
        r"and ($1 = '' or s.source_id = $1) and not exists (select 1 from json_each($2) word
            where (s.search || src.search) not like word.value escape '\') "
    };
}

const LIST: &str = series_sql!(concat!(
    matching!(),
    "and ($5 = '' or (s.search, s.id) > (select c.search, c.id from series c where c.id = $5))
        order by s.search, s.id limit $3 offset $4"
));

const LIST_TOTAL: &str = concat!(
    "select count(*) from series s join source src on src.id = s.source_id where not src.deleting ",
    matching!()
);

impl Store {
    /// Gets or makes the source's series, in the same order. What is there already stays as people
    /// made it. `Missing` where the source is gone.
    pub async fn resolve_series(
        &self,
        source: &SourceId,
        new: &[NewSeries],
        now: Instant,
    ) -> Result<Vec<SeriesId>> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        // Nearly always everything is there: then no writer is kept waiting.
        let keys: Vec<String> = new.iter().map(|n| clean(&n.key)).collect();
        let wanted = list(keys.iter().map(String::as_str))?;
        let sql = "select s.key, s.id from series s join source src on src.id = s.source_id
            where not src.deleting and s.source_id = $1
            and s.key in (select value from json_each($2))";
        let known: Vec<(String, String)> = read!(self, db => rows(sql)
            .bind(source.as_str())
            .bind(&wanted)
            .fetch_all(&mut *db)
            .await?);
        let known: std::collections::HashMap<String, String> = known.into_iter().collect();
        let ids: Option<Vec<SeriesId>> = keys
            .iter()
            .map(|k| known.get(k).cloned().map(SeriesId))
            .collect();
        if let Some(ids) = ids {
            return Ok(ids);
        }
        let there = "select count(*) from source where id = $1 and not deleting";
        Ok(write!(self, db => {
            let there: i64 = column(there).bind(source.as_str()).fetch_one(&mut *db).await?;
            if there == 0 {
                return Err(StoreError::Missing);
            }
            resolve_series!(db, source, new, now)
        }))
    }

    /// Some of the series that match, by title, and how many match in all.
    /// A limit of 0 or above 500 is 500. `stale_since` is for the caller to find out.
    pub async fn list(&self, filter: &SeriesFilter) -> Result<(Vec<Series>, u32)> {
        let words = to_json(&patterns(&filter.text))?;
        let source = filter.source.as_ref().map_or("", SourceId::as_str);
        let after = filter.after.as_ref().map_or("", SeriesId::as_str);
        let limit = if filter.limit == 0 {
            PAGE
        } else {
            filter.limit.min(PAGE)
        };
        let (found, total): (Vec<SeriesRow>, i64) = read!(self, db => (
            rows(LIST)
                .bind(source)
                .bind(&words)
                .bind(i64::from(limit))
                .bind(i64::from(filter.offset))
                .bind(after)
                .fetch_all(&mut *db)
                .await?,
            column(LIST_TOTAL).bind(source).bind(&words).fetch_one(&mut *db).await?,
        ));
        let found: Result<Vec<Series>> = found.into_iter().map(SeriesRow::series).collect();
        Ok((found?, u32_of(total)))
    }

    /// One series.
    pub async fn series(&self, id: &SeriesId) -> Result<Option<Series>> {
        let sql = series_sql!("and s.id = $1");
        let row: Option<SeriesRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        row.map(SeriesRow::series).transpose()
    }

    /// Those series, by title; ones that are not there are left out.
    pub async fn series_of(&self, ids: &[SeriesId]) -> Result<Vec<Series>> {
        let sql =
            series_sql!("and s.id in (select value from json_each($1)) order by s.search, s.id");
        let wanted = list(ids.iter().map(SeriesId::as_str))?;
        let found: Vec<SeriesRow> =
            read!(self, db => rows(sql).bind(&wanted).fetch_all(&mut *db).await?);
        found.into_iter().map(SeriesRow::series).collect()
    }

    /// Every series of one domain, by title.
    pub async fn of_domain(&self, domain: Domain) -> Result<Vec<Series>> {
        let sql = series_sql!("and s.domain = $1 order by s.search, s.id");
        let domain = to_word(&domain)?;
        let found: Vec<SeriesRow> =
            read!(self, db => rows(sql).bind(&domain).fetch_all(&mut *db).await?);
        found.into_iter().map(SeriesRow::series).collect()
    }

    /// Every series with a limit, by title.
    pub async fn with_limits(&self) -> Result<Vec<Series>> {
        let sql = series_sql!("and s.limit_value is not null order by s.search, s.id");
        let found: Vec<SeriesRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        found.into_iter().map(SeriesRow::series).collect()
    }

    /// How many series have no limit, of one domain or of both.
    pub async fn count_without_limit(&self, domain: Option<Domain>) -> Result<u32> {
        let sql = "select count(*) from series s join source src on src.id = s.source_id
            where not src.deleting and s.limit_value is null and ($1 = '' or s.domain = $1)";
        let domain = domain
            .as_ref()
            .map(to_word)
            .transpose()?
            .unwrap_or_default();
        let count: i64 = read!(self, db => column(sql).bind(&domain).fetch_one(&mut *db).await?);
        Ok(u32_of(count))
    }

    /// Every series, oldest first.
    pub async fn all_series_ids(&self) -> Result<Vec<SeriesId>> {
        let sql = "select s.id from series s join source src on src.id = s.source_id
            where not src.deleting order by s.num";
        let ids: Vec<String> = read!(self, db => column(sql).fetch_all(&mut *db).await?);
        Ok(ids.into_iter().map(SeriesId).collect())
    }

    /// Sets or removes a series' limit. Its forecast is out of date from now on.
    pub async fn set_limit(&self, id: &SeriesId, limit: Option<Limit>, now: Instant) -> Result<()> {
        let sql = "update series set limit_value = $2, limit_direction = $3, changed_at = $4
            where id = $1";
        let direction = limit.map(|l| to_word(&l.direction)).transpose()?;
        changed(execute!(
            self,
            sql,
            id.as_str(),
            limit.map(|l| l.value),
            direction.as_deref(),
            now.micros()
        ))
    }

    /// Changes what a series is called and counts. Its forecast is out of date from now on.
    pub async fn change_series(
        &self,
        id: &SeriesId,
        change: &SeriesChange,
        now: Instant,
    ) -> Result<()> {
        let of = "select name, labels from series where id = $1";
        let sql = "update series set title = $2, search = $3, unit = $4, aggregation = $5,
            changed_at = $6 where id = $1";
        let title = clean(&change.title);
        let unit = to_json(&Unit::of_word(&change.unit))?;
        let aggregation = to_word(&change.aggregation)?;
        write!(self, db => {
            let found: Option<(String, String)> =
                rows(of).bind(id.as_str()).fetch_optional(&mut *db).await?;
            let Some((name, labels)) = found else {
                return Err(StoreError::Missing);
            };
            let labels: Vec<(String, String)> = of_json(&labels)?;
            run(sql)
                .bind(id.as_str())
                .bind(&title)
                .bind(search_text(&title, &name, &labels))
                .bind(&unit)
                .bind(&aggregation)
                .bind(now.micros())
                .execute(&mut *db)
                .await?;
        });
        Ok(())
    }
}
