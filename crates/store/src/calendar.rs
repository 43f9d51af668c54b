//! The company's calendar: entries, and the series that each touches.

use std::collections::HashMap;

use api::{CalendarChange, CalendarEntry, CalendarEntryId, SeriesId, SourceId, Touches};
use sqlx::FromRow;

use crate::convert::{changed, clean, list, of_word, to_word};
use crate::db::{read, rows, run, write};
use crate::{Result, Store};

#[derive(FromRow)]
struct EntryRow {
    id: String,
    name: String,
    kind: String,
    first_day: String,
    last_day: String,
    source_id: Option<String>,
    source_name: Option<String>,
    chosen: bool,
}

#[derive(FromRow)]
struct TouchedRow {
    entry_id: String,
    series_id: String,
    title: String,
}

impl EntryRow {
    fn entry(self, chosen: Vec<(SeriesId, String)>) -> Result<CalendarEntry> {
        let (ids, titles): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
        let (touches, touched) = match (self.source_id, self.chosen) {
            (Some(id), _) => {
                let name = self.source_name.into_iter().collect();
                (Touches::Source(SourceId(id)), name)
            }
            (None, true) => (Touches::Series(ids), titles),
            (None, false) => (Touches::All, Vec::new()),
        };
        Ok(CalendarEntry {
            id: CalendarEntryId(self.id),
            says: CalendarChange {
                name: self.name,
                kind: of_word(&self.kind)?,
                first: self.first_day,
                last: self.last_day,
                touches,
            },
            touched,
        })
    }
}

/// The columns of an entry, as the database holds them.
struct Columns<'a> {
    name: String,
    kind: String,
    source: Option<&'a str>,
    series: Option<String>,
}

impl<'a> Columns<'a> {
    fn of(change: &'a CalendarChange) -> Result<Self> {
        let (source, series) = match &change.touches {
            Touches::All => (None, None),
            Touches::Source(id) => (Some(id.as_str()), None),
            Touches::Series(ids) => (None, Some(list(ids.iter().map(SeriesId::as_str))?)),
        };
        Ok(Self {
            name: clean(&change.name),
            kind: to_word(&change.kind)?,
            source,
            series,
        })
    }
}

const CHOOSE: &str = "insert into calendar_series (entry_id, series_id)
    select $1, s.id from series s where s.id in (select value from json_each($2))";

macro_rules! put_entry {
    ($db:ident, $sql:ident, $id:ident, $change:ident, $columns:ident) => {
        run($sql)
            .bind($id.as_str())
            .bind(&$columns.name)
            .bind(&$columns.kind)
            .bind(&$change.first)
            .bind(&$change.last)
            .bind($columns.source)
            .bind($columns.series.is_some())
            .execute(&mut *$db)
            .await?
            .rows_affected()
    };
}

impl Store {
    /// Adds an entry. Series that are not there are left out.
    pub async fn insert_calendar_entry(
        &self,
        id: &CalendarEntryId,
        new: &CalendarChange,
    ) -> Result<()> {
        let insert = "insert into calendar_entry
            (id, name, kind, first_day, last_day, source_id, chosen)
            values ($1, $2, $3, $4, $5, $6, $7)";
        let columns = Columns::of(new)?;
        write!(self, db => {
            put_entry!(db, insert, id, new, columns);
            if let Some(series) = &columns.series {
                run(CHOOSE).bind(id.as_str()).bind(series).execute(&mut *db).await?;
            }
        });
        Ok(())
    }

    /// Makes an entry into another. `Missing` where there is none.
    pub async fn change_calendar_entry(
        &self,
        id: &CalendarEntryId,
        new: &CalendarChange,
    ) -> Result<()> {
        let update =
            "update calendar_entry set name = $2, kind = $3, first_day = $4, last_day = $5,
            source_id = $6, chosen = $7 where id = $1";
        let forget = "delete from calendar_series where entry_id = $1";
        let columns = Columns::of(new)?;
        write!(self, db => {
            let done = put_entry!(db, update, id, new, columns);
            changed(done)?;
            run(forget).bind(id.as_str()).execute(&mut *db).await?;
            if let Some(series) = &columns.series {
                run(CHOOSE).bind(id.as_str()).bind(series).execute(&mut *db).await?;
            }
        });
        Ok(())
    }

    /// Removes an entry. `Missing` where there is none.
    pub async fn delete_calendar_entry(&self, id: &CalendarEntryId) -> Result<()> {
        let sql = "delete from calendar_entry where id = $1";
        write!(self, db => {
            let done = run(sql).bind(id.as_str()).execute(&mut *db).await?;
            changed(done.rows_affected())?;
        });
        Ok(())
    }

    /// Every entry, the latest first.
    pub async fn calendar_entries(&self) -> Result<Vec<CalendarEntry>> {
        let entries = "select e.id, e.name, e.kind, e.first_day, e.last_day, e.source_id,
                s.name as source_name, e.chosen
            from calendar_entry e left join source s on s.id = e.source_id
            order by e.first_day desc, e.id desc";
        let touched = "select c.entry_id, c.series_id, s.title
            from calendar_series c join series s on s.id = c.series_id
            order by s.title, s.id";
        let (entries, touched): (Vec<EntryRow>, Vec<TouchedRow>) = read!(self, db => {
            let entries = rows(entries).fetch_all(&mut *db).await?;
            (entries, rows(touched).fetch_all(&mut *db).await?)
        });
        let mut chosen: HashMap<String, Vec<(SeriesId, String)>> = HashMap::new();
        for row in touched {
            let of = chosen.entry(row.entry_id).or_default();
            of.push((SeriesId(row.series_id), row.title));
        }
        let mut chosen = |id: &str| chosen.remove(id).unwrap_or_default();
        let entries = entries.into_iter();
        entries
            .map(|row| {
                let chosen = chosen(&row.id);
                row.entry(chosen)
            })
            .collect()
    }

    /// The series whose model in force has one of those steps, each with its source.
    pub async fn modelled_in(&self, steps: &[&str]) -> Result<Vec<(SeriesId, SourceId)>> {
        let sql =
            "select s.id, s.source_id from model_version m join series s on s.id = m.series_id
            join source src on src.id = s.source_id
            where m.state = 'live' and not src.deleting
            and m.step in (select value from json_each($1)) order by s.id";
        let steps = list(steps.iter().copied())?;
        let found: Vec<(String, String)> =
            read!(self, db => rows(sql).bind(&steps).fetch_all(&mut *db).await?);
        let found = found.into_iter();
        Ok(found
            .map(|(series, source)| (SeriesId(series), SourceId(source)))
            .collect())
    }
}
