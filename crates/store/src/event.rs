//! Events: what other systems say happened.

use api::{Instant, Occurrence, Range, SourceId};
use sqlx::FromRow;

use crate::convert::{clean, instant, of_json, to_json};
use crate::db::{read, rows, run, write};
use crate::{Result, Store};

#[derive(FromRow)]
struct EventRow {
    source_id: String,
    source_name: String,
    fingerprint: String,
    name: String,
    severity: String,
    firing: bool,
    starts_at: i64,
    ends_at: Option<i64>,
    labels: String,
    annotations: String,
    generator_url: String,
    received_at: i64,
}

impl EventRow {
    fn occurrence(self) -> Result<Occurrence> {
        Ok(Occurrence {
            source: self.source_id.into(),
            source_name: self.source_name,
            fingerprint: self.fingerprint,
            name: self.name,
            severity: self.severity,
            firing: self.firing,
            starts_at: Instant(self.starts_at),
            ends_at: instant(self.ends_at),
            labels: of_json(&self.labels)?,
            annotations: of_json(&self.annotations)?,
            generator_url: self.generator_url,
            received_at: Instant(self.received_at),
        })
    }
}

/// What an event says, as the columns hold it. `PostgreSQL` keeps no NUL, and JSON escapes it.
struct EventTexts {
    fingerprint: String,
    name: String,
    severity: String,
    labels: String,
    annotations: String,
    generator_url: String,
}

impl EventTexts {
    fn new(event: &Occurrence) -> Result<Self> {
        Ok(Self {
            fingerprint: clean(&event.fingerprint),
            name: clean(&event.name),
            severity: clean(&event.severity),
            labels: to_json(&event.labels)?,
            annotations: to_json(&event.annotations)?,
            generator_url: clean(&event.generator_url),
        })
    }
}

macro_rules! event_sql {
    ($tail:literal) => {
        concat!(
            "select e.source_id, s.name as source_name, e.fingerprint, e.name, e.severity,
                e.firing, e.starts_at, e.ends_at, e.labels, e.annotations, e.generator_url,
                e.received_at
            from event e join source s on s.id = e.source_id where not s.deleting ",
            $tail
        )
    };
}

const UPSERT: &str = "insert into event (source_id, fingerprint, starts_at, name, severity, firing,
        ends_at, labels, annotations, generator_url, received_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (source_id, fingerprint, starts_at) do update set name = excluded.name,
        severity = excluded.severity, firing = excluded.firing, ends_at = excluded.ends_at,
        labels = excluded.labels, annotations = excluded.annotations,
        generator_url = excluded.generator_url, received_at = excluded.received_at";

impl Store {
    /// Writes events down, all or none: one that is known by its fingerprint and its beginning is
    /// changed. Those of which nothing was heard since `forget` are removed.
    /// `Missing` where the source is gone.
    pub async fn put_events(
        &self,
        source: &SourceId,
        events: &[Occurrence],
        forget: Instant,
    ) -> Result<()> {
        let texts = events
            .iter()
            .map(EventTexts::new)
            .collect::<Result<Vec<_>>>()?;
        write!(self, db => {
            run("delete from event where received_at < $1")
                .bind(forget.micros())
                .execute(&mut *db)
                .await?;
            for (event, texts) in events.iter().zip(&texts) {
                run(UPSERT)
                    .bind(source.as_str())
                    .bind(&texts.fingerprint)
                    .bind(event.starts_at.micros())
                    .bind(&texts.name)
                    .bind(&texts.severity)
                    .bind(event.firing)
                    .bind(event.ends_at.map(Instant::micros))
                    .bind(&texts.labels)
                    .bind(&texts.annotations)
                    .bind(&texts.generator_url)
                    .bind(event.received_at.micros())
                    .execute(&mut *db)
                    .await?;
            }
        });
        Ok(())
    }

    /// Those that touch a range, the latest first.
    pub async fn events_within(&self, range: Range, most: u32) -> Result<Vec<Occurrence>> {
        let sql = event_sql!(
            "and e.starts_at < $2 and (e.ends_at is null or e.ends_at > $1)
            order by e.starts_at desc, e.fingerprint, e.source_id limit $3"
        );
        let found: Vec<EventRow> = read!(self, db => rows(sql)
            .bind(range.from.micros())
            .bind(range.to.micros())
            .bind(i64::from(most))
            .fetch_all(&mut *db)
            .await?);
        found.into_iter().map(EventRow::occurrence).collect()
    }

    /// What lasts first, then the newest.
    pub async fn events(&self, most: u32) -> Result<Vec<Occurrence>> {
        let sql = event_sql!(
            "order by e.firing desc, e.starts_at desc, e.fingerprint, e.source_id limit $1"
        );
        let found: Vec<EventRow> =
            read!(self, db => rows(sql).bind(i64::from(most)).fetch_all(&mut *db).await?);
        found.into_iter().map(EventRow::occurrence).collect()
    }
}
