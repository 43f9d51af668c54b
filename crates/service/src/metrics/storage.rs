//! What metrics are kept, for how long, and what they take.

use std::collections::HashMap;

use api::{
    Caller, Circuit, DatabaseStorage, Error, Keep, KeptSource, MetricStorage, Result, SourceId,
    Topic,
};
use store::metrics::{Place, Retention};

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;

const DAY_MS: i64 = 86_400_000;
/// Longer than anybody keeps metrics: a century.
const MOST_DAYS: u32 = 36_500;

impl Hub {
    pub(super) async fn measure(&self, caller: &Caller) -> Result<MetricStorage> {
        let store = self.metric_store()?;
        if let Place::Engine {
            name,
            host,
            writing,
            asking,
        } = store.place()
        {
            return Ok(MetricStorage::Engine {
                name: name.to_owned(),
                host,
                writing: told(writing),
                asking: told(asking),
            });
        }
        let disk = store.disk_use().await.or_failure(caller)?;
        let known = store.sources().await;
        let mut known: HashMap<_, _> = known.into_iter().map(|s| (s.source.clone(), s)).collect();
        let sources = self.store.sources().await.or_failure(caller)?;
        Ok(MetricStorage::Database(DatabaseStorage {
            raw_bytes: disk.raw.bytes,
            five_minutes_bytes: disk.five_minutes.bytes,
            hour_bytes: disk.hour.bytes,
            waiting_bytes: disk.wal.bytes,
            total_bytes: disk.total_bytes,
            partitions: disk.partitions,
            sources: sources
                .into_iter()
                .filter_map(|source| {
                    let kept = known.remove(&source.id)?;
                    Some(KeptSource {
                        id: source.id,
                        name: source.name,
                        series: u32::try_from(kept.series).unwrap_or(u32::MAX),
                        samples: kept.counts.samples,
                        keep: in_days(&kept.retention),
                    })
                })
                .collect(),
        }))
    }

    pub(super) async fn set_keep(
        &self,
        caller: &Caller,
        source: &SourceId,
        keep: Keep,
    ) -> Result<()> {
        for (field, days) in [
            ("raw_days", keep.raw_days),
            ("five_minutes_days", keep.five_minutes_days),
            ("hour_days", keep.hour_days),
        ] {
            if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
                let words = "Days from 1 to 36,500, or nothing for ever.";
                return Err(Error::field(field, words));
            }
        }
        let store = self.metric_store()?;
        if let Place::Engine { name, .. } = store.place() {
            return Err(Error::Conflict {
                message: format!("{name} keeps the metrics: how long is set there."),
            });
        }
        let known = store.sources().await;
        let Some(before) = known.iter().find(|s| s.source == *source) else {
            return Err(Error::not_found("source"));
        };
        let named = self.store.source(source).await.or_failure(caller)?;
        let note = Note::of("metrics.keep")
            .on("source", source, named.map(|s| s.name).unwrap_or_default())
            .before(&in_days(&before.retention))
            .after(&keep);
        let retention = Retention {
            raw_ms: in_ms(keep.raw_days),
            five_minutes_ms: in_ms(keep.five_minutes_days),
            hour_ms: in_ms(keep.hour_days),
        };
        store
            .set_retention(source, retention)
            .await
            .or_failure(caller)?;
        self.audit(caller, note).await?;
        self.changed(Topic::Sources, None);
        Ok(())
    }
}

fn told(circuit: store::metrics::Circuit) -> Circuit {
    match circuit {
        store::metrics::Circuit::Closed => Circuit::Closed,
        store::metrics::Circuit::Open { again_seconds } => Circuit::Open { again_seconds },
        store::metrics::Circuit::HalfOpen => Circuit::HalfOpen,
    }
}

fn in_ms(days: Option<u32>) -> Option<i64> {
    days.map(|days| i64::from(days) * DAY_MS)
}

fn in_days(retention: &Retention) -> Keep {
    let days = |ms: Option<i64>| {
        let days = ms? / DAY_MS;
        Some(u32::try_from(days.max(1)).unwrap_or(MOST_DAYS))
    };
    Keep {
        raw_days: days(retention.raw_ms),
        five_minutes_days: days(retention.five_minutes_ms),
        hour_days: days(retention.hour_ms),
    }
}
