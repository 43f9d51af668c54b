//! This host's own numbers on their way into the store.

use std::collections::HashMap;
use std::sync::Arc;

use api::{Aggregation, Caller, Domain, Instant, Limit, Result, SeriesId, SourceKind, Unit};
use store::{Arrival, NewSeries, NewSource};

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require_system;

/// What one of the host's numbers is.
#[derive(Clone, Debug, PartialEq)]
pub struct HostMetric {
    /// The metric's name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What tells it apart, sorted by key.
    pub labels: Vec<(String, String)>,
    /// What it counts.
    pub unit: Unit,
    /// How several samples become one.
    pub aggregation: Aggregation,
    /// Machines.
    pub domain: Domain,
    /// Whether it cannot go below zero.
    pub non_negative: bool,
    /// Where it must not go, unless somebody says otherwise.
    pub limit: Option<Limit>,
}

/// One of the host's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct HostReading {
    /// What it is.
    pub metric: HostMetric,
    /// The number.
    pub value: f64,
}

/// Writes readings; knows the series it has seen.
#[derive(Debug)]
pub struct HostRecorder {
    hub: Arc<Hub>,
    name: String,
    every_seconds: u32,
    known: HashMap<String, SeriesId>,
}

impl HostRecorder {
    /// A recorder for the host of that name, which is read every so many seconds.
    pub fn new(hub: Arc<Hub>, name: &str, every_seconds: u32) -> Self {
        Self {
            hub,
            name: name.to_owned(),
            every_seconds,
            known: HashMap::new(),
        }
    }

    /// Writes one reading of everything.
    ///
    /// # Errors
    /// Where the store failed; the next reading tries again.
    pub async fn record(&mut self, caller: &Caller, readings: Vec<HostReading>) -> Result<()> {
        require_system(caller)?;
        let now = self.hub.clock.now();
        let source = NewSource {
            external_key: format!("host:{}", self.name),
            name: self.name.clone(),
            kind: SourceKind::Host,
            demo: false,
            expected_every_seconds: Some(self.every_seconds.max(1)),
        };
        let source = self
            .hub
            .store
            .upsert_source(&source, now)
            .await
            .or_failure(caller)?;
        let keyed: Vec<_> = readings
            .into_iter()
            .filter(|r| r.value.is_finite())
            .map(|r| {
                (
                    ingest::table::series_key(&r.metric.name, &r.metric.labels),
                    r,
                )
            })
            .collect();
        let unknown: Vec<NewSeries> = keyed
            .iter()
            .filter(|(key, _)| !self.known.contains_key(key))
            .map(|(key, r)| new_series(key.clone(), &r.metric))
            .collect();
        if !unknown.is_empty() {
            let ids = self
                .hub
                .store
                .resolve_series(&source, &unknown, now)
                .await
                .or_failure(caller)?;
            self.known
                .extend(unknown.into_iter().map(|s| s.key).zip(ids));
            self.hub.changed(api::Topic::Series, None);
        }
        let rows: Vec<_> = keyed
            .iter()
            .filter_map(|(key, r)| Some((self.known.get(key)?.clone(), now.0, r.value)))
            .collect();
        match self.hub.take_in(caller, &rows).await {
            Ok(_) => {}
            Err(error) => {
                // Somebody may have removed the source: its series are made anew next time.
                self.known.clear();
                return Err(error);
            }
        }
        let arrival = Arrival {
            accepted: rows.len() as u64,
            ..Arrival::default()
        };
        self.hub
            .store
            .bump_source(&source, &arrival, now)
            .await
            .or_failure(caller)
    }

    /// How often the host is to be read.
    pub fn every(&self) -> Instant {
        Instant::from_seconds(i64::from(self.every_seconds))
    }
}

fn new_series(key: String, metric: &HostMetric) -> NewSeries {
    NewSeries {
        key,
        name: metric.name.clone(),
        title: metric.title.clone(),
        labels: metric.labels.clone(),
        unit: metric.unit.clone(),
        aggregation: metric.aggregation,
        domain: metric.domain,
        non_negative: metric.non_negative,
        limit: metric.limit,
        stake: None,
    }
}
