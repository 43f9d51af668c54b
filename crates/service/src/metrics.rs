//! Metrics: what senders push goes through a parser to the store; PromQL reads it back.

mod ask;
mod complete;
mod curves;
mod ended;
mod kept;
mod push;
mod steady;
mod storage;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{
    CacheArea, Caller, Completion, Curves, Error, Event, Keep, MetricStorage, Metrics,
    MetricsProblem, MetricsQuestion, Permission, Push, PushAnswer, Range, Result, SourceId, Topic,
    Who,
};
use async_trait::async_trait;
use ingest::metrics::otlp::DeltaState;
use store::Arrival;
use store::metrics::{MetricStore, Place};

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::{require, require_on, require_system};
pub(crate) use curves::{evaluated, step_ms, unread};
pub use push::{AGAIN_SECONDS, push_failure};
use steady::Steady;

/// The most series whose deltas are added up.
const MOST_DELTA_SERIES: usize = 200_000;

/// What taking metrics in stands on.
pub(crate) struct Intake {
    store: Option<Arc<dyn MetricStore>>,
    /// Sums of what OpenTelemetry sends as differences. Held from the plan to the disk: a request
    /// that failed must not count.
    deltas: tokio::sync::Mutex<DeltaState>,
    /// The sources of keys that have sent before.
    sources: Mutex<HashMap<String, SourceId>>,
    /// What came in and is not written to the sources yet: one row for many requests.
    tallies: Mutex<HashMap<SourceId, Arrival>>,
    news: News,
    /// What expiry goes by.
    steady: Mutex<Steady>,
    /// Since when nothing came late.
    quiet: Mutex<kept::Quiet>,
    started: std::time::Instant,
}

impl Intake {
    pub(crate) fn new(store: Option<Arc<dyn MetricStore>>) -> Self {
        Self {
            store,
            deltas: tokio::sync::Mutex::new(DeltaState::new(MOST_DELTA_SERIES)),
            sources: Mutex::default(),
            tallies: Mutex::default(),
            news: News::default(),
            steady: Mutex::default(),
            quiet: Mutex::default(),
            started: std::time::Instant::now(),
        }
    }

    /// Whether metrics are kept here, in a database of ours.
    pub(crate) fn kept_here(&self) -> bool {
        let store = self.store.as_ref();
        store.is_some_and(|store| store.place() == Place::Database)
    }
}

/// Samples of metrics came in.
const METRICS: Event = Event::Changed {
    topic: Topic::Metrics,
    id: None,
};

/// When pages were told of new samples: at once, and then not again for a second. What comes in
/// meanwhile is told by the next round of upkeep.
#[derive(Default)]
struct News {
    told: Mutex<Option<std::time::Instant>>,
    waiting: AtomicBool,
}

impl News {
    const PAUSE: Duration = Duration::from_secs(1);

    /// Whether to tell pages of what just came in.
    fn came(&self) -> bool {
        let mut told = held(&self.told);
        if told.is_some_and(|at| at.elapsed() < Self::PAUSE) {
            self.waiting.store(true, Ordering::Relaxed);
            return false;
        }
        *told = Some(std::time::Instant::now());
        self.waiting.store(false, Ordering::Relaxed);
        true
    }

    /// Whether something came in that nobody was told of.
    fn waits(&self) -> bool {
        self.waiting.swap(false, Ordering::Relaxed)
    }
}

/// A panic elsewhere does not make counts wrong.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Metrics for Hub {
    async fn push(&self, caller: &Caller, push: Push) -> Result<PushAnswer> {
        require(caller, Permission::DataIngest)?;
        self.take_push(caller, push).await
    }

    async fn ask(
        &self,
        caller: &Caller,
        question: MetricsQuestion,
    ) -> Result<std::result::Result<String, MetricsProblem>> {
        require(caller, Permission::MonitoringRead)?;
        self.answer(caller, question).await
    }

    async fn curves(&self, caller: &Caller, expression: &str, range: Range) -> Result<Curves> {
        require(caller, Permission::MonitoringRead)?;
        self.draw(expression, range).await
    }

    async fn complete(&self, caller: &Caller, before: &str) -> Result<Completion> {
        require(caller, Permission::MonitoringRead)?;
        self.completion(before).await
    }

    async fn names(&self, caller: &Caller) -> Result<Vec<String>> {
        require(caller, Permission::MonitoringRead)?;
        let store = self.metric_store()?;
        let names = store.label_values(series::METRIC_NAME, &[], None).await;
        names.map_err(unread)
    }

    async fn storage(&self, caller: &Caller) -> Result<MetricStorage> {
        require(caller, Permission::MonitoringRead)?;
        self.measure(caller).await
    }

    async fn keep(&self, caller: &Caller, source: &SourceId, keep: Keep) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "source")?;
        self.set_keep(caller, source, keep).await
    }

    async fn maintain(&self, caller: &Caller) -> Result<()> {
        require_system(caller)?;
        let now = held(&self.metrics.steady).now(self.clock.now(), self.metrics.started.elapsed());
        self.write_tallies(caller).await?;
        if self.metrics.news.waits() {
            self.bus.publish(METRICS);
        }
        let done = self.metric_store()?.maintain(now).await;
        if done.or_failure(caller)?.expired > 0 {
            self.outdated(Some(CacheArea::Metrics)).await;
        }
        Ok(())
    }
}

impl Hub {
    pub(crate) fn metric_store(&self) -> Result<&Arc<dyn MetricStore>> {
        self.metrics.store.as_ref().ok_or(Error::Unavailable {
            message: "Metrics are kept by the running server.".into(),
        })
    }

    /// Tells pages that metrics came in.
    pub(crate) fn metrics_came(&self) {
        if self.metrics.news.came() {
            self.bus.publish(METRICS);
        }
    }

    /// The source that a sender's key stands for.
    pub(crate) async fn sender(&self, caller: &Caller) -> Result<SourceId> {
        let key = match &caller.who {
            Who::Key { id, .. } => id.0.clone(),
            _ => String::new(),
        };
        if let Some(known) = held(&self.metrics.sources).get(&key) {
            return Ok(known.clone());
        }
        let source = self.push_source(caller).await?;
        held(&self.metrics.sources).insert(key, source.clone());
        self.changed(Topic::Sources, None);
        Ok(source)
    }

    pub(crate) fn tally(&self, source: &SourceId, arrival: Arrival) {
        let mut tallies = held(&self.metrics.tallies);
        tallies.entry(source.clone()).or_default().add(arrival);
    }

    async fn write_tallies(&self, caller: &Caller) -> Result<()> {
        let tallies = std::mem::take(&mut *held(&self.metrics.tallies));
        if tallies.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut written = Ok(());
        for (source, arrival) in tallies {
            let bumped = self.store.bump_source(&source, &arrival, now).await;
            match bumped.or_failure(caller) {
                // Removed meanwhile: nobody asks for its counts.
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => {
                    // The next round writes them down.
                    self.tally(&source, arrival);
                    written = Err(error);
                }
            }
        }
        self.changed(Topic::Sources, None);
        written
    }

    /// How many series each source of metrics has; `None` where an engine keeps them, which does not
    /// know of sources.
    pub(crate) async fn metric_series(&self) -> Option<HashMap<SourceId, u32>> {
        let Some(store) = &self.metrics.store else {
            return Some(HashMap::new());
        };
        if store.place() != Place::Database {
            return None;
        }
        let sources = store.sources().await.into_iter();
        let counted = sources.map(|s| (s.source, u32::try_from(s.series).unwrap_or(u32::MAX)));
        Some(counted.collect())
    }

    /// Forgets what a removed source sent.
    pub(crate) async fn forget_metrics(&self, caller: &Caller, source: &SourceId) -> Result<()> {
        held(&self.metrics.sources).retain(|_, known| known != source);
        held(&self.metrics.tallies).remove(source);
        match &self.metrics.store {
            Some(store) => store.delete_source(source).await.or_failure(caller),
            None => Ok(()),
        }
    }
}
