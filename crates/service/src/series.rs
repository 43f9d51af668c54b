//! Labelled time series: finding, reading, changing, and taking samples in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use api::{
    Caller, Domain, Error, Event, Instant, LimitChange, LivePoint, Permission, Point, Points,
    Range, Recorded, Refused, Result, Series, SeriesChange, SeriesFilter, SeriesId, SeriesOps,
    SeriesPage, SourceId, SourceKind, Topic, Unit, Who,
};
use async_trait::async_trait;
use ingest::metrics::Limits;
use ingest::metrics::compression::plain_or_gzip;
use ingest::samples;
use store::{Arrival, NewSeries, NewSource, RecordStats};

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_known, require_on};

/// The most series a list answers with.
const MOST_LISTED: u32 = 500;
/// The most samples an export holds.
const MOST_EXPORTED: u32 = 1_000_000;
/// Ranges with up to this many samples are read whole and thinned; longer ones in buckets.
const READ_WHOLE: u64 = 50_000;

/// A body of JSON samples as it was before it was compressed, with the bounds of the push protocols.
///
/// # Errors
/// The status and the words: 413 where it is too long before or after, 415 for an encoding other than gzip,
/// 400 where it is no gzip.
pub fn unpacked<'b>(
    content_encoding: Option<&str>,
    body: &'b [u8],
) -> std::result::Result<Cow<'b, [u8]>, (u16, String)> {
    plain_or_gzip(content_encoding, body, &Limits::default())
        .map_err(|error| (error.status(), error.to_string()))
}

#[async_trait]
impl SeriesOps for Hub {
    async fn list(&self, caller: &Caller, mut filter: SeriesFilter) -> Result<SeriesPage> {
        require(caller, Permission::MonitoringRead)?;
        filter.limit = filter.limit.clamp(1, MOST_LISTED);
        if let Some(after) = &filter.after
            && self.store.series(after).await.or_failure(caller)?.is_none()
        {
            return Err(Error::field(
                "cursor",
                "What this page began after has been removed: begin again without a cursor.",
            ));
        }
        let (mut series, total) = self.store.list(&filter).await.or_failure(caller)?;
        self.mark_stale(caller, &mut series).await?;
        let sparks = self.sparks(caller, &series).await?;
        Ok(SeriesPage {
            series,
            sparks,
            total,
            now: self.clock.now(),
        })
    }

    async fn get(&self, caller: &Caller, id: &SeriesId) -> Result<Series> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        let found = self.store.series(id).await.or_failure(caller)?;
        let mut series = vec![found.ok_or_else(|| Error::not_found("series"))?];
        self.mark_stale(caller, &mut series).await?;
        series.pop().ok_or_else(|| Error::not_found("series"))
    }

    async fn now(&self, caller: &Caller) -> Result<Instant> {
        require_known(caller)?;
        Ok(self.clock.now())
    }

    async fn points(
        &self,
        caller: &Caller,
        id: &SeriesId,
        range: Range,
        max: u32,
    ) -> Result<Points> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        if range.from >= range.to {
            return Err(Error::field("from", "The range ends before it begins."));
        }
        let max = max.clamp(2, 5_000);
        let samples = self.store.count(id, range).await.or_failure(caller)?;
        let points = if samples <= READ_WHOLE {
            let cap = u32::try_from(READ_WHOLE).unwrap_or(u32::MAX);
            let rows = self
                .store
                .samples(id, range, cap)
                .await
                .or_failure(caller)?;
            let rows: Vec<_> = rows
                .into_iter()
                .map(|(at, value)| series::Sample::new(at, value))
                .collect();
            let thinned = series::thin(&rows, usize::try_from(max).unwrap_or(usize::MAX));
            thinned
                .into_iter()
                .map(|s| Point {
                    at: Instant(s.at_us),
                    value: Some(s.value),
                })
                .collect()
        } else {
            // The lowest and the highest of each stretch keep the line's shape.
            let buckets = self
                .store
                .buckets(id, range, max / 2)
                .await
                .or_failure(caller)?;
            buckets
                .into_iter()
                .flat_map(|b| {
                    let half = (range.to.0 - range.from.0) / i64::from(max.max(2)) / 2;
                    [(b.at, b.min), (b.at.plus(half), b.max)]
                })
                .map(|(at, value)| Point {
                    at,
                    value: Some(value),
                })
                .collect()
        };
        Ok(Points {
            range,
            points,
            samples,
            now: self.clock.now(),
        })
    }

    async fn export(&self, caller: &Caller, id: &SeriesId, range: Range) -> Result<String> {
        let series = SeriesOps::get(self, caller, id).await?;
        let rows = self
            .store
            .samples(id, range, MOST_EXPORTED)
            .await
            .or_failure(caller)?;
        let mut csv = crate::csv::line(["time", &series.name]);
        for (at, value) in rows {
            let time = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(csv, "{time},{value}\r\n");
        }
        let note = Note::of("series.export").on("series", id, &series.title);
        self.audit(caller, note.after(&range)).await?;
        Ok(csv)
    }

    async fn set_limit(&self, caller: &Caller, id: &SeriesId, change: LimitChange) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        if change.limit.is_some_and(|l| !l.value.is_finite()) {
            return Err(Error::field("value", "A limit is a finite number."));
        }
        let series = self.kept_series(caller, id).await?;
        let note = Note::of("series.limit")
            .on("series", id, &series.title)
            .before(&series.limit)
            .after(&change.limit);
        self.noting(caller, note)
            .set_limit(id, change.limit, self.clock.now())
            .await
            .or_failure(caller)?;
        // When the limit is reached follows from the forecast: computed anew, here and now, so that
        // the page that comes back shows it.
        self.ask_anew(caller, id).await?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(())
    }

    async fn change(&self, caller: &Caller, id: &SeriesId, change: SeriesChange) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let title = change.title.trim().to_owned();
        if title.is_empty() || title.chars().count() > 200 {
            return Err(Error::field("title", "A name has 1 to 200 characters."));
        }
        Unit::check_word(&change.unit)?;
        let change = SeriesChange { title, ..change };
        let series = self.kept_series(caller, id).await?;
        let before = SeriesChange {
            title: series.title,
            unit: series.unit.word().to_owned(),
            aggregation: series.aggregation,
        };
        let note = Note::of("series.change")
            .on("series", id, &before.title)
            .before(&before)
            .after(&change);
        self.noting(caller, note)
            .change_series(id, &change, self.clock.now())
            .await
            .or_failure(caller)?;
        self.ask_anew(caller, id).await?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(())
    }

    async fn record_json(&self, caller: &Caller, body: &[u8]) -> Result<Recorded> {
        require(caller, Permission::DataIngest)?;
        let now = self.clock.now();
        if let Some((retry_after_seconds, rate)) = self.must_wait(caller) {
            let source = self.push_source(caller).await?;
            self.tally(&source, Arrival::refused(1, crate::rate::too_fast(rate)));
            return Err(Error::TooMany {
                retry_after_seconds,
            });
        }
        let batch =
            samples::parse(body, now.0).map_err(|error| Error::invalid(error.to_string()))?;
        self.spend(caller, (batch.accepted.len() + batch.refused.len()) as u64);
        let source = self.push_source(caller).await?;
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut new = Vec::new();
        let mut points = Vec::with_capacity(batch.accepted.len());
        for sample in batch.accepted {
            let labels: Vec<(String, String)> = sample.labels.into_iter().collect();
            let key = ingest::table::series_key(&sample.name, &labels);
            let place = *places.entry(key.clone()).or_insert_with(|| {
                new.push(pushed_series(key, sample.name, labels));
                new.len() - 1
            });
            points.push((place, sample.at_us, sample.value));
        }
        let ids = self
            .store
            .resolve_series(&source, &new, now)
            .await
            .or_failure(caller)?;
        let rows: Vec<_> = points
            .into_iter()
            .filter_map(|(place, at, value)| Some((ids.get(place)?.clone(), at, value)))
            .collect();
        let stats = self.take_in(caller, &rows).await?;
        let refused_total = u32::try_from(batch.refused.len()).unwrap_or(u32::MAX);
        let refused: Vec<_> = batch
            .refused
            .into_iter()
            .take(100)
            .map(|r| Refused {
                index: r.index,
                reason: r.reason,
            })
            .collect();
        let arrival = Arrival {
            accepted: rows.len() as u64,
            duplicates: stats.replaced,
            refused: u64::from(refused_total),
            last_refusal: refused.first().map(|r| r.reason.clone()),
            ..Arrival::default()
        };
        self.store
            .bump_source(&source, &arrival, now)
            .await
            .or_failure(caller)?;
        Ok(Recorded {
            accepted: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            refused,
            refused_total,
        })
    }
}

fn pushed_series(key: String, name: String, labels: Vec<(String, String)>) -> NewSeries {
    let words = labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect::<Vec<_>>()
        .join(" ");
    let title = if words.is_empty() {
        name.clone()
    } else {
        format!("{name} {words}")
    };
    NewSeries {
        key,
        name,
        title,
        labels,
        unit: Unit::None,
        aggregation: api::Aggregation::Last,
        domain: Domain::Business,
        non_negative: false,
        limit: None,
        stake: None,
    }
}

impl Hub {
    /// A series as it is kept.
    pub(crate) async fn kept_series(&self, caller: &Caller, id: &SeriesId) -> Result<Series> {
        let found = self.store.series(id).await.or_failure(caller)?;
        found.ok_or_else(|| Error::not_found("series"))
    }

    /// Writes samples and tells open pages.
    pub(crate) async fn take_in(
        &self,
        caller: &Caller,
        rows: &[(SeriesId, i64, f64)],
    ) -> Result<RecordStats> {
        if rows.is_empty() {
            return Ok(RecordStats::default());
        }
        let new: Vec<_> = rows
            .iter()
            .map(|(id, at, value)| (id, Instant(*at), *value))
            .collect();
        let stats = self
            .store
            .record(&new, self.clock.now())
            .await
            .or_failure(caller)?;
        let points = rows
            .iter()
            .map(|(series, at, value)| LivePoint {
                series: series.clone(),
                at: Instant(*at),
                value: *value,
            })
            .collect();
        self.bus.publish(Event::Samples { points });
        Ok(stats)
    }

    /// The source of what a key sends: one for each key.
    pub(crate) async fn push_source(&self, caller: &Caller) -> Result<SourceId> {
        let (key, name) = match &caller.who {
            Who::Key { id, name, .. } => (format!("push:{id}"), name.clone()),
            _ => ("push:system".to_owned(), "Sent by the server".to_owned()),
        };
        let source = NewSource {
            external_key: key,
            name,
            kind: SourceKind::Push,
            demo: false,
            expected_every_seconds: None,
        };
        self.store
            .upsert_source(&source, self.clock.now())
            .await
            .or_failure(caller)
    }

    pub(crate) fn changed(&self, topic: Topic, id: Option<&SeriesId>) {
        self.bus.publish(Event::Changed {
            topic,
            id: id.map(|id| id.0.clone()),
        });
    }

    /// Marks series whose source says how often data is expected and that have been silent for longer.
    pub(crate) async fn mark_stale(&self, caller: &Caller, series: &mut [Series]) -> Result<()> {
        let now = self.clock.now();
        let every: HashMap<SourceId, i64> = self
            .store
            .sources()
            .await
            .or_failure(caller)?
            .into_iter()
            .filter_map(|s| Some((s.id, i64::from(s.expected_every_seconds?) * Instant::SECOND)))
            .collect();
        for one in series {
            let last = one.last.map(|p| p.at);
            one.stale_since = match (every.get(&one.source_id), last) {
                (Some(every), Some(last)) if now.0 - last.0 > every.saturating_mul(3) => Some(last),
                _ => None,
            };
        }
        Ok(())
    }
}
