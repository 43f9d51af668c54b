//! The third place where metrics may lie: an engine that a company has already, such as Prometheus or
//! VictoriaMetrics, written to by remote-write and asked by its query API.
//!
//! # What is promised
//! - What [`MetricStore::append`] acknowledges, the engine has acknowledged: nothing waits in here, and
//!   nothing is lost with this process. How safe it is there is the engine's affair.
//! - An engine that is away or busy is [`StoreError::Engine`] and the sender's signal to try again;
//!   what it will never take is counted as refused, with its words, and takes nothing else with it.
//! - An engine that did not answer five times in a row is left alone for a minute: nobody waits for it
//!   meanwhile, and then one request finds out whether it is back.
//! - No answer is held in memory as a whole except up to a cap, and no request lasts for ever. Who
//!   stops waiting closes the connection, and with that the engine stops too.
//!
//! # What is the engine's own
//! How late a sample may be, which of two at one instant counts, how long and how finely samples are
//! kept, how soon they are seen, and what becomes of a source that is removed: its samples stay.
//! Samples bear no mark of the source that sent them, so nothing is known of one source alone.

mod address;
mod ask;
mod breaker;
mod error;
mod export;
mod frames;
mod http;
mod protobuf;
mod read;
mod selector;
mod write;
mod xor;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{Instant, SourceId};
use async_trait::async_trait;
use reqwest::Client;
use series::{Batch, Labels, Matcher, MetricMeta, MetricSample};
use tokio::sync::Semaphore;

use self::breaker::Breaker;
use super::read::windows_of;
use super::{
    Appended, DiskUse, EvaluateError, Expression, Maintained, MemoryUse, MetricStore, Place,
    ReadError, Retention, Selection, SeriesSamples, SeriesWindows, SourceUse, Span,
};
use crate::{Result, StoreError};

pub use address::{EngineAddress, EngineAddressError, EngineKind};
pub use breaker::Circuit;
pub use error::EngineError;

/// How long a sender or a question waits at most: for its turn, and then for each answer to its end.
const LONGEST: Duration = Duration::from_secs(30);
/// Requests to an engine at once that bring samples. More wait, and with them their senders.
const WRITES: usize = 16;
/// Requests to an engine at once that ask: each may hold as many samples as its limits allow.
const READS: usize = 8;
/// The most names of which it is remembered what senders said.
const MOST_META: usize = 20_000;

/// Metrics in an engine that is not ours.
pub struct EngineStore {
    address: EngineAddress,
    client: Client,
    longest: Duration,
    writes: Semaphore,
    reads: Semaphore,
    /// Samples may go elsewhere than questions: each has its own.
    write_breaker: Breaker,
    read_breaker: Breaker,
    /// What senders said about names: receivers of remote-write forget it, and senders repeat it.
    meta: Mutex<BTreeMap<String, MetricMeta>>,
}

impl std::fmt::Debug for EngineStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("EngineStore").field(&self.address).finish()
    }
}

impl EngineStore {
    /// An engine, whether it answers or not. `tls` says whose certificates are believed.
    ///
    /// # Errors
    /// Where the system has no room for a client.
    pub fn new(address: EngineAddress, tls: rustls::ClientConfig) -> Result<Self, EngineError> {
        let client = http::client(tls).map_err(|error| EngineError::Unreachable {
            host: address.host(),
            why: error.to_string(),
        })?;
        Ok(Self {
            address,
            client,
            longest: LONGEST,
            writes: Semaphore::new(WRITES),
            reads: Semaphore::new(READS),
            write_breaker: Breaker::default(),
            read_breaker: Breaker::default(),
            meta: Mutex::default(),
        })
    }

    /// The same with less patience, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn waiting_at_most(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The same, left alone for another time after it was away too often, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn left_alone_for(self, open: Duration) -> Self {
        Self {
            write_breaker: Breaker::open_for(open),
            read_breaker: Breaker::open_for(open),
            ..self
        }
    }

    /// Whether it takes samples and answers questions, with the credentials that it is shown.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn check(&self) -> Result<(), ReadError> {
        self.check_write().await?;
        self.check_query().await
    }

    fn meta(&self) -> MutexGuard<'_, BTreeMap<String, MetricMeta>> {
        self.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, said: Vec<MetricMeta>) {
        let mut known = self.meta();
        for about in said {
            if known.len() < MOST_META || known.contains_key(&about.name) {
                known.insert(about.name.clone(), about);
            }
        }
    }
}

#[async_trait]
impl MetricStore for EngineStore {
    async fn append(&self, _source: &SourceId, batch: Batch, now: Instant) -> Result<Appended> {
        let appended = self.write(&batch, now.micros().div_euclid(1000)).await?;
        self.remember(batch.meta);
        Ok(appended)
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, ReadError> {
        self.read(selection).await
    }

    async fn windows(
        &self,
        selection: &Selection,
        step_ms: i64,
    ) -> Result<Vec<SeriesWindows>, ReadError> {
        let wanted = selection.over_windows(step_ms.max(1));
        let found = self.read(&wanted).await?;
        Ok(found
            .into_iter()
            .map(|(labels, samples)| (labels, windows_of(&samples, selection, step_ms.max(1))))
            .filter(|(_, windows)| !windows.is_empty())
            .collect())
    }

    async fn evaluate(&self, expression: &Expression) -> Option<Result<String, EvaluateError>> {
        match self.address.kind {
            EngineKind::Prometheus => Some(self.ask(expression).await),
            EngineKind::VictoriaMetrics => None,
        }
    }

    async fn series(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
        limit: usize,
    ) -> Result<Vec<Labels>, ReadError> {
        self.labels_of(matchers, within, limit).await
    }

    async fn label_names(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError> {
        self.names_of(matchers, within).await
    }

    async fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError> {
        self.values_of(name, matchers, within).await
    }

    async fn metadata(&self) -> Vec<MetricMeta> {
        let mut known: BTreeMap<String, MetricMeta> = match self.about_names().await {
            Ok(known) => known.into_iter().map(|m| (m.name.clone(), m)).collect(),
            Err(error) => {
                tracing::warn!(%error, "what the metrics engine knows of names is not known");
                BTreeMap::new()
            }
        };
        known.extend(self.meta().clone());
        known.into_values().collect()
    }

    async fn sources(&self) -> Vec<SourceUse> {
        Vec::new()
    }

    async fn retention(&self, _source: &SourceId) -> Retention {
        Retention::default()
    }

    async fn set_retention(&self, _source: &SourceId, _retention: Retention) -> Result<()> {
        Err(StoreError::NotHere)
    }

    async fn delete_source(&self, _source: &SourceId) -> Result<()> {
        Ok(())
    }

    async fn disk_use(&self) -> Result<DiskUse> {
        Err(StoreError::NotHere)
    }

    async fn memory_use(&self) -> MemoryUse {
        MemoryUse::default()
    }

    fn place(&self) -> Place {
        let now = std::time::Instant::now();
        Place::Engine {
            name: self.address.kind.name(),
            host: self.address.host(),
            writing: self.write_breaker.circuit(now),
            asking: self.read_breaker.circuit(now),
        }
    }

    async fn maintain(&self, _now: Instant) -> Result<Maintained> {
        Ok(Maintained::default())
    }

    async fn close(&self) {
        self.writes.close();
        self.reads.close();
    }
}

/// Puts samples in order, each instant once; of two at one instant the one that came last counts.
fn in_order(samples: &mut Vec<MetricSample>) {
    if samples.is_sorted_by(|a, b| a.at_ms < b.at_ms) {
        return;
    }
    samples.sort_by_key(|sample| sample.at_ms);
    samples.dedup_by(|later, kept| {
        let same = later.at_ms == kept.at_ms;
        if same {
            *kept = *later;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_at_one_instant_the_last_counts() {
        let mut samples: Vec<_> = [(3, 1.0), (1, 2.0), (3, 4.0), (2, 0.0), (3, 5.0)]
            .map(|(at_ms, value)| MetricSample { at_ms, value })
            .into();
        in_order(&mut samples);
        let seen: Vec<_> = samples.iter().map(|s| (s.at_ms, s.value)).collect();
        assert_eq!(seen, [(1, 2.0), (2, 0.0), (3, 5.0)]);
    }
}
