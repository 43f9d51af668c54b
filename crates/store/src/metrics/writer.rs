//! The one writer: many requests become one record, one transaction, one wait for the disk.

use std::sync::Arc;

use api::SourceId;
use chunks::{Entry, SeriesRef, wal};
use series::{Batch, BatchSeries, MetricSample};
use tokio::sync::{mpsc, oneshot};

use super::backend::{Changes, SeriesRow, Turn};
use super::catch_up::Held;
use super::maintain::Upkeep;
use super::seal::Sealer;
use super::state::State;
use super::store::Shared;
use super::{AHEAD_MS, Counts, Maintained, Retention};
use crate::{Result, StoreError};

/// Samples of which no more requests are added to a group: what waits for the disk is bounded.
const GROUP_SAMPLES: usize = 100_000;

/// Heads that are sealed along with a group's record, once so many are due: few rows take as many statements as
/// many, and each waits for the thread that writes.
const SEALS_IN_PASSING: usize = 64;

/// How long a request that could not be kept says that none can be, in milliseconds: what is tried
/// instead is small, and may find room where a request does not.
const REFUSED_MS: i64 = 30_000;

pub(super) struct Request {
    pub(super) source: SourceId,
    pub(super) batch: Batch,
    pub(super) now_ms: i64,
    pub(super) reply: oneshot::Sender<Result<Counts>>,
}

pub(super) enum Command {
    Append(Request),
    Maintain(i64, oneshot::Sender<Result<Maintained>>),
    Check(i64, oneshot::Sender<Result<()>>),
    SetRetention(SourceId, Retention, oneshot::Sender<Result<()>>),
    DeleteSource(SourceId, oneshot::Sender<Result<()>>),
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    queue: mpsc::Receiver<Command>,
    record: wal::Writer,
    kept: Vec<MetricSample>,
    /// What the series of a request are known by.
    known: Vec<Option<SeriesRef>>,
    pub(super) sealer: Sealer,
    pub(super) upkeep: Upkeep,
    /// Whether the last transaction failed: said once, when it begins and when it ends.
    failing: bool,
    /// When the last request could not be kept, in milliseconds, and why.
    refused: Option<(i64, StoreError)>,
}

/// What a group did to the state before it was committed.
#[derive(Default)]
struct Staged {
    changes: Changes,
    new_series: Vec<SeriesRef>,
    new_sources: Vec<u32>,
    /// For each request: its source, where its series end among the record's, how many samples were
    /// refused before they got into the record.
    requests: Vec<(u32, usize, u64)>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, queue: mpsc::Receiver<Command>) -> Self {
        Self {
            shared,
            queue,
            record: wal::Writer::default(),
            kept: Vec::new(),
            known: Vec::new(),
            sealer: Sealer::default(),
            upkeep: Upkeep::default(),
            failing: false,
            refused: None,
        }
    }

    pub(super) async fn run(mut self) {
        let mut group = Vec::new();
        let mut closing = None;
        while closing.is_none() {
            let Some(mut command) = self.queue.recv().await else {
                break;
            };
            let mut samples = 0;
            // Requests that came while the last group was on its way to the disk are the next one.
            let other = loop {
                let Command::Append(request) = command else {
                    break Some(command);
                };
                samples += request.batch.samples();
                group.push(request);
                if samples >= GROUP_SAMPLES {
                    break None;
                }
                match self.queue.try_recv() {
                    Ok(next) => command = next,
                    Err(_) => break None,
                }
            };
            if !group.is_empty() {
                self.append(std::mem::take(&mut group)).await;
            }
            match other {
                None | Some(Command::Append(_)) => {}
                // Who no longer waits for an answer gets none.
                Some(Command::Maintain(now_ms, reply)) => {
                    reply.send(self.maintain(now_ms).await).ok();
                }
                Some(Command::Check(now_ms, reply)) => {
                    reply.send(self.check(now_ms).await).ok();
                }
                Some(Command::SetRetention(source, retention, reply)) => {
                    reply
                        .send(self.set_retention(&source, retention).await)
                        .ok();
                }
                Some(Command::DeleteSource(source, reply)) => {
                    reply.send(self.delete_source(&source).await).ok();
                }
                Some(Command::Close(reply)) => closing = Some(reply),
            }
        }
        self.shared.backend.close().await;
        if let Some(reply) = closing {
            reply.send(()).ok();
        }
    }

    /// Whether a request would be kept: what became of the last one, or of a record without samples.
    async fn check(&mut self, now_ms: i64) -> Result<()> {
        if let Some((at_ms, error)) = &self.refused
            && (0..REFUSED_MS).contains(&now_ms.saturating_sub(*at_ms))
        {
            return Err(same(error));
        }
        let shared = Arc::clone(&self.shared);
        let held = shared.turn().await?;
        self.record.begin(now_ms);
        let changes = Changes {
            id: shared.state_mut().give_id(),
            now_ms,
            record: Some(self.record.finish().to_vec()),
            ..Changes::default()
        };
        self.commit(held, &changes).await
    }

    async fn append(&mut self, group: Vec<Request>) {
        let now_ms = group.iter().map(|r| r.now_ms).max().unwrap_or(0);
        let outcome = self.append_all(&group).await;
        self.refused = outcome.as_ref().err().map(|error| (now_ms, same(error)));
        match outcome {
            Ok(counts) => {
                for (request, counts) in group.into_iter().zip(counts) {
                    request.reply.send(Ok(counts)).ok();
                }
            }
            Err(error) => {
                for request in group {
                    request.reply.send(Err(same(&error))).ok();
                }
            }
        }
    }

    async fn append_all(&mut self, group: &[Request]) -> Result<Vec<Counts>> {
        let shared = Arc::clone(&self.shared);
        let begun = shared.turn().await;
        // A turn alone does not show that anything can be written.
        let Held { turn, applying } = begun.or_else(|error| self.note(Err(error)))?;
        let mut staged = self.stage(group);
        if shared.state().due.len() >= SEALS_IN_PASSING {
            let sealed = self
                .sealer
                .seal(&shared, SEALS_IN_PASSING, &mut staged.changes);
            if let Err(error) = sealed.await {
                // Sealing can wait; if the database is in trouble, the commit says so.
                tracing::debug!(%error, "no head was sealed in passing");
            }
        }
        let outcome = self.commit_in(turn, &staged.changes).await;
        let mut state = shared.state_mut();
        let outcome = match outcome {
            Ok(()) => Ok(Self::apply(&mut state, &staged)),
            Err(error) => {
                for series in staged.new_series {
                    state.remove_series(series);
                }
                for source in staged.new_sources {
                    state.remove_source(source);
                }
                Err(error)
            }
        };
        drop(state);
        shared.publish();
        drop(applying);
        outcome
    }

    /// Writes the group's record, and makes what is new known.
    fn stage(&mut self, group: &[Request]) -> Staged {
        let mut staged = Staged::default();
        let mut state = self.shared.state_mut();
        let now_ms = group.iter().map(|r| r.now_ms).max().unwrap_or(0);
        staged.changes.id = state.give_id();
        staged.changes.now_ms = now_ms;
        self.record.begin(now_ms);
        let mut series = 0;
        for request in group {
            let source = source_of(&mut state, &request.source, &mut staged);
            let latest_ms = request.now_ms.saturating_add(AHEAD_MS);
            let mut refused = 0;
            let labels = request.batch.series().map(|one| one.labels);
            state.index.find_all(source, labels, &mut self.known);
            for (one, known) in request.batch.series().zip(&self.known) {
                let samples = within(one.samples, latest_ms, &mut self.kept);
                refused += (one.samples.len() - samples.len()) as u64;
                if !samples.is_empty() {
                    let number = match known {
                        Some(known) => *known,
                        None => series_of(&mut state, source, &one, &mut staged),
                    };
                    self.record.series(number, samples);
                    series += 1;
                }
            }
            for meta in &request.batch.meta {
                if state.meta.get(&meta.name) != Some(meta) {
                    staged.changes.meta.push(meta.clone());
                }
            }
            staged.requests.push((source, series, refused));
        }
        if series > 0 {
            staged.changes.record = Some(self.record.finish().to_vec());
        }
        staged
    }

    /// Puts what is on the disk now into the heads; answers what became of each request.
    fn apply(state: &mut State, staged: &Staged) -> Vec<Counts> {
        state.committed(&staged.changes);
        let refused = staged.requests.iter().map(|(_, _, refused)| Counts {
            refused: *refused,
            ..Counts::default()
        });
        let mut answers: Vec<Counts> = refused.collect();
        if let Some(record) = &staged.changes.record {
            let (mut request, mut series) = (0, 0);
            let applied = state.apply(staged.changes.id, record, |_, counts| {
                while staged
                    .requests
                    .get(request)
                    .is_some_and(|(_, end, _)| *end <= series)
                {
                    request += 1;
                }
                series += 1;
                if let (Some(answer), Some(counts)) = (answers.get_mut(request), counts) {
                    answer.add(&counts);
                }
            });
            if let Err(error) = applied {
                tracing::error!(%error, "a record that was just written cannot be read");
            }
        }
        for ((source, ..), counts) in staged.requests.iter().zip(&answers) {
            state.count(*source, counts);
        }
        answers
    }

    /// Commits what has no samples, and takes it in.
    pub(super) async fn commit(&mut self, held: Held<'_>, changes: &Changes) -> Result<()> {
        let Held { turn, applying } = held;
        self.commit_in(turn, changes).await?;
        self.shared.state_mut().committed(changes);
        self.shared.publish();
        drop(applying);
        Ok(())
    }

    async fn commit_in(&mut self, turn: Box<dyn Turn + '_>, changes: &Changes) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let outcome = turn.commit(changes).await;
        self.note(outcome)
    }

    /// Says so once when writing begins to fail, and once when it works again.
    fn note<T>(&mut self, outcome: Result<T>) -> Result<T> {
        match &outcome {
            Err(error) if !self.failing => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::error!(%error, cause, "metrics cannot be written");
            }
            Ok(_) if self.failing => tracing::info!("metrics can be written again"),
            _ => {}
        }
        self.failing = outcome.is_err();
        outcome
    }
}

/// The samples that are not too far ahead: the slice itself where all are, which is nearly always.
fn within<'a>(
    samples: &'a [MetricSample],
    latest_ms: i64,
    kept: &'a mut Vec<MetricSample>,
) -> &'a [MetricSample] {
    if samples.iter().all(|s| s.at_ms <= latest_ms) {
        return samples;
    }
    kept.clear();
    kept.extend(samples.iter().filter(|s| s.at_ms <= latest_ms));
    kept
}

fn source_of(state: &mut State, id: &SourceId, staged: &mut Staged) -> u32 {
    state.source_num(id.as_str()).unwrap_or_else(|| {
        let num = state.add_source(id.as_str());
        staged.new_sources.push(num);
        staged.changes.sources.push((num, id.as_str().to_owned()));
        num
    })
}

/// The number of a series that was new when its request was looked up; it may have come twice.
fn series_of(
    state: &mut State,
    source: u32,
    series: &BatchSeries<'_>,
    staged: &mut Staged,
) -> SeriesRef {
    if let Some(known) = state.index.find(source, series.labels) {
        return known;
    }
    let number = state.index.reserve();
    let labels = series.labels.to_labels();
    staged.new_series.push(number);
    staged.changes.series.push(SeriesRow {
        id: number.0,
        source,
        labels: series.labels.as_bytes().to_vec(),
    });
    state.add_series(number, Entry { source, labels });
    number
}

/// The same error for everybody in the group.
pub(super) fn same(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        other => StoreError::Unavailable(sqlx::Error::Protocol(other.to_string())),
    }
}
