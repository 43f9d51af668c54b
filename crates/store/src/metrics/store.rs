//! The store of metrics over either database: what callers hold.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use api::{Instant, SourceId};
use async_trait::async_trait;
use chunks::SeriesRef;
use series::{Batch, Labels, Matcher, MetricMeta};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::backend::Backend;
use super::postgres::PostgresBackend;
use super::sqlite::SqliteBackend;
use super::state::State;
use super::writer::{Command, Writer};
use super::{
    Appended, DiskUse, Footing, Maintained, MemoryUse, MetricStore, ReadError, Retention,
    Selection, SeriesSamples, SeriesWindows, SourceUse, Span,
};
use crate::url::Target;
use crate::{DatabaseUrl, Result, StoreError};

/// Requests that may wait for the writer; more make their senders wait, which slows them down.
const QUEUE: usize = 256;

/// Series of which the database is asked at once whether they have chunks.
const LOOKED_UP: usize = 4_096;

/// Metrics in a database: chunks there, heads and index here.
pub struct ChunkStore {
    commands: mpsc::Sender<Command>,
    pub(super) shared: Arc<Shared>,
    damaged: usize,
}

pub(super) struct Shared {
    pub(super) backend: Box<dyn Backend>,
    state: RwLock<State>,
    /// Held while entries of the log are put into the state, by whoever does it.
    pub(super) applying: Mutex<()>,
    /// How far the state has come.
    pub(super) position: watch::Sender<i64>,
}

impl Shared {
    // A lock is poisoned where somebody panicked while holding it. Nothing here panics, and if it did,
    // the next request would say more than a second panic.
    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ChunkStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkStore").finish_non_exhaustive()
    }
}

impl ChunkStore {
    /// Opens the metrics beside everything else: in a schema of that `PostgreSQL` database, where other
    /// processes may have them open too, or else in a file of that folder.
    ///
    /// # Errors
    /// As [`ChunkStore::open_sqlite`]; [`StoreError::Unavailable`] where the database does not answer.
    pub async fn open(url: &DatabaseUrl, folder: &Path) -> Result<Self> {
        match &url.0 {
            Target::Sqlite(_) => Self::open_sqlite(folder).await,
            Target::Postgres(options) => {
                let backend = PostgresBackend::open(options).await?;
                Self::start(Box::new(backend)).await
            }
        }
    }

    /// Opens `metrics.db` in that folder, which is made if it is not there, and reads again what was
    /// acknowledged and not sealed. One process at a time.
    ///
    /// # Errors
    /// [`StoreError::Folder`] where the folder cannot be used, [`StoreError::InUse`] where another process
    /// has the file open.
    pub async fn open_sqlite(folder: &Path) -> Result<Self> {
        Self::open_sqlite_with(folder, None).await
    }

    /// The same with a file of at most so many pages of 8 KB, for tests of a full disk.
    #[doc(hidden)]
    pub async fn open_sqlite_with(folder: &Path, most_pages: Option<u32>) -> Result<Self> {
        let backend = SqliteBackend::open(&folder.join("metrics.db"), most_pages).await?;
        Self::start(Box::new(backend)).await
    }

    async fn start(backend: Box<dyn Backend>) -> Result<Self> {
        let shared = Arc::new(Shared {
            backend,
            state: RwLock::default(),
            applying: Mutex::default(),
            position: watch::Sender::default(),
        });
        let damaged = shared.learn(&shared.applying.lock().await, true).await?;
        let (commands, queue) = mpsc::channel(QUEUE);
        let writer = Writer::new(Arc::clone(&shared), queue);
        let runtime = tokio::runtime::Handle::current();
        // A thread of its own: packing a large request's samples is work that would keep other tasks
        // waiting. It ends with the last sender.
        std::thread::Builder::new()
            .name("metrics-writer".into())
            .spawn(move || runtime.block_on(writer.run()))
            .map_err(StoreError::Folder)?;
        Ok(Self {
            commands,
            shared,
            damaged,
        })
    }

    /// How many rows could not be read when it was opened, and were passed over.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// Before what has no error to answer: where the database is away, what was known last is said.
    async fn catch_up_if_it_answers(&self) {
        if let Err(error) = self.shared.catch_up().await {
            tracing::warn!(%error, "what other processes wrote to the metrics is not known");
        }
    }

    /// The series that fit and have samples within, by number.
    async fn found(&self, matchers: &[Matcher], within: Option<Span>) -> Result<Vec<SeriesRef>> {
        let fitting = self.shared.state().index.select(matchers);
        let Some(span) = within else {
            return Ok(fitting);
        };
        let (mut found, mut unsure) = (Vec::new(), Vec::new());
        {
            let state = self.shared.state();
            for series in fitting {
                match state.slot(series).and_then(|slot| slot.has_within(span)) {
                    Some(true) => found.push(series),
                    Some(false) => {}
                    None => unsure.push(series.0),
                }
            }
        }
        let backend = &self.shared.backend;
        for some in unsure.chunks(LOOKED_UP) {
            let more = backend.with_chunks(some, span.from_ms, span.to_ms).await?;
            found.extend(more.into_iter().map(SeriesRef));
        }
        found.sort_unstable();
        Ok(found)
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T> {
        let gone = || StoreError::Unavailable(sqlx::Error::WorkerCrashed);
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(command(reply))
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}

#[async_trait]
impl MetricStore for ChunkStore {
    async fn append(&self, source: &SourceId, batch: Batch, now: Instant) -> Result<Appended> {
        let source = source.clone();
        let now_ms = now.micros().div_euclid(1000);
        let counts = self.ask(|reply| {
            Command::Append(super::writer::Request {
                source,
                batch,
                now_ms,
                reply,
            })
        });
        Ok(Appended {
            counts: counts.await??,
            refusal: None,
        })
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<SeriesSamples>, ReadError> {
        self.shared.catch_up().await?;
        self.read_samples(selection).await
    }

    async fn windows(
        &self,
        selection: &Selection,
        step_ms: i64,
    ) -> Result<Vec<SeriesWindows>, ReadError> {
        self.shared.catch_up().await?;
        self.read_windows(selection, step_ms.max(1)).await
    }

    async fn series(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
        limit: usize,
    ) -> Result<Vec<Labels>, ReadError> {
        self.shared.catch_up().await?;
        let found = self.found(matchers, within).await?;
        if found.len() > limit {
            return Err(ReadError::TooManySeries {
                found: found.len(),
                limit,
            });
        }
        let state = self.shared.state();
        let entries = found.iter().filter_map(|series| state.index.get(*series));
        let mut labels: Vec<Labels> = entries.map(|entry| entry.labels.clone()).collect();
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }

    async fn label_names(
        &self,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError> {
        self.catch_up_if_it_answers().await;
        if matchers.is_empty() && within.is_none() {
            return Ok(self.shared.state().index.label_names(None));
        }
        let found = self.found(matchers, within).await?;
        Ok(self.shared.state().index.label_names(Some(&found)))
    }

    async fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        within: Option<Span>,
    ) -> Result<Vec<String>, ReadError> {
        self.catch_up_if_it_answers().await;
        if matchers.is_empty() && within.is_none() {
            return Ok(self.shared.state().index.label_values(name, None));
        }
        let found = self.found(matchers, within).await?;
        Ok(self.shared.state().index.label_values(name, Some(&found)))
    }

    async fn metadata(&self) -> Vec<MetricMeta> {
        self.catch_up_if_it_answers().await;
        self.shared.state().meta.values().cloned().collect()
    }

    async fn sources(&self) -> Vec<SourceUse> {
        self.catch_up_if_it_answers().await;
        let state = self.shared.state();
        let sources = state.sources.iter();
        sources
            .map(|(num, source)| SourceUse {
                source: SourceId(source.id.clone()),
                series: state.series_of(*num),
                counts: source.counts(),
                retention: source.retention,
            })
            .collect()
    }

    async fn retention(&self, source: &SourceId) -> Retention {
        self.catch_up_if_it_answers().await;
        let state = self.shared.state();
        let known = state.source_num(source.as_str());
        known
            .and_then(|num| state.sources.get(&num))
            .map_or_else(Retention::default, |source| source.retention)
    }

    async fn set_retention(&self, source: &SourceId, retention: Retention) -> Result<()> {
        let source = source.clone();
        self.ask(|reply| Command::SetRetention(source, retention, reply))
            .await?
    }

    async fn delete_source(&self, source: &SourceId) -> Result<()> {
        let source = source.clone();
        self.ask(|reply| Command::DeleteSource(source, reply))
            .await?
    }

    async fn footing(&self) -> Option<Footing> {
        self.shared.catch_up().await.ok()?;
        Some(self.shared.state().footing())
    }

    async fn disk_use(&self) -> Result<DiskUse> {
        self.shared.backend.disk_use().await
    }

    async fn memory_use(&self) -> MemoryUse {
        self.catch_up_if_it_answers().await;
        self.shared.state().memory_use()
    }

    async fn check_writing(&self, now: Instant) -> Result<()> {
        let now_ms = now.micros().div_euclid(1000);
        self.ask(|reply| Command::Check(now_ms, reply)).await?
    }

    async fn maintain(&self, now: Instant) -> Result<Maintained> {
        let now_ms = now.micros().div_euclid(1000);
        self.ask(|reply| Command::Maintain(now_ms, reply)).await?
    }

    async fn close(&self) {
        // Gone already is closed too.
        self.ask(Command::Close).await.ok();
    }
}
