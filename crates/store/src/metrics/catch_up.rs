//! How a process keeps up with the others that write to the same database.
//!
//! The heads and the index are what comes of reading the log in order. A read asks for the newest
//! entry's number first and, where this process has not come so far, reads the rest; a write does the
//! same once it is its turn. Where nobody else writes, as with SQLite, there is nothing to ask.

use chunks::{Entry, Head, SeriesRef};
use series::LabelsRef;
use tokio::sync::MutexGuard;

use super::backend::{NEVER, News, SealedRow, SourceRow, Tables, Turn};
use super::state::{Source, State, target_of};
use super::store::Shared;
use crate::Result;

/// A turn at writing, with everything known that was written before.
pub(super) struct Held<'a> {
    pub(super) turn: Box<dyn Turn + 'a>,
    /// To be kept until what was committed is in the state.
    pub(super) applying: MutexGuard<'a, ()>,
}

impl Shared {
    /// Comes to know everything that is acknowledged when this is called, whoever took it.
    pub(super) async fn catch_up(&self) -> Result<()> {
        let newest = self.backend.newest().await?;
        if self.position() >= newest {
            return Ok(());
        }
        let mut position = self.position.subscribe();
        let reached = async { position.wait_for(|at| *at >= newest).await.is_ok() };
        tokio::select! {
            // Whoever holds the lock may have come so far already, or be about to: the entry may be the
            // writer's own, on the disk and not in the heads yet. Nobody reads that one twice.
            _ = reached => Ok(()),
            applying = self.applying.lock() => {
                if self.position() < newest {
                    self.learn(&applying, false).await?;
                }
                Ok(())
            }
        }
    }

    /// Begins to write. Until the turn ends there is no entry that is not known here.
    pub(super) async fn turn(&self) -> Result<Held<'_>> {
        let turn = self.backend.turn().await?;
        let applying = self.applying.lock().await;
        // Another number than the newest, and not just a smaller one: a fail-over may have lost some.
        if self.backend.newest().await? != self.position() {
            self.learn(&applying, false).await?;
        }
        Ok(Held { turn, applying })
    }

    /// Reads what there is, or what came since. Answers how many rows could not be read.
    pub(super) async fn learn(&self, _: &MutexGuard<'_, ()>, all: bool) -> Result<usize> {
        let after = (!all).then(|| self.position());
        let mut damaged = 0;
        // What replaces everything is put together beside it: who is reading sees one or the other.
        let mut anew: Option<State> = None;
        let mut learn = |news: News| {
            if matches!(&news, News::Tables(tables) if tables.whole) {
                anew = Some(self.state().beginning());
            }
            damaged += match &mut anew {
                Some(state) => state.learn(news),
                None => self.state_mut().learn(news),
            };
        };
        let outcome = self.backend.news(after, &mut learn).await;
        if let (Ok(()), Some(state)) = (&outcome, anew) {
            *self.state_mut() = state;
        }
        self.publish();
        outcome.map(|()| damaged)
    }

    fn position(&self) -> i64 {
        self.state().wal_id
    }

    /// Tells who waits how far the state has come.
    pub(super) fn publish(&self) {
        self.position.send_replace(self.position());
    }
}

impl State {
    /// Takes in what happened. Answers how many rows could not be read.
    fn learn(&mut self, news: News) -> usize {
        match news {
            News::Tables(tables) => self.learn_tables(tables),
            News::Records(records) => {
                let mut damaged = 0;
                for (id, record) in records {
                    if let Err(error) = self.apply(id, &record, |_, _| ()) {
                        // The disk changed it: what it held is lost, and the rest is not.
                        tracing::error!(record = id, %error, "a write-ahead record cannot be read");
                        damaged += 1;
                    }
                }
                damaged
            }
            News::Until(id) => {
                self.wal_id = self.wal_id.max(id);
                0
            }
        }
    }

    fn learn_tables(&mut self, tables: Tables) -> usize {
        if let Some(sources) = tables.sources {
            self.learn_sources(sources);
        }
        let mut damaged = 0;
        let stay: std::collections::HashSet<u32> = tables.series.iter().map(|s| s.id).collect();
        for gone in tables.touched.iter().filter(|id| !stay.contains(id)) {
            self.remove_series(SeriesRef(*gone));
        }
        for row in tables.series {
            let Some(labels) = LabelsRef::from_bytes(&row.labels) else {
                damaged += 1;
                continue;
            };
            let (series, source) = (SeriesRef(row.id), row.source);
            if self.index.find(source, labels) != Some(series) {
                let labels = labels.to_labels();
                self.remove_series(series);
                self.add_series(series, Entry { source, labels });
            }
        }
        if tables.whole {
            self.index.find_free();
        }
        for row in &tables.sealed {
            self.learn_sealed(row);
        }
        for meta in tables.meta {
            self.learn_meta(meta);
        }
        damaged
    }

    /// All sources as the database has them. What this process counted and nobody has written down yet
    /// stays.
    fn learn_sources(&mut self, rows: Vec<SourceRow>) {
        let mut before = std::mem::take(&mut self.sources);
        self.source_nums.clear();
        for row in rows {
            let same = before.remove(&row.num).filter(|known| known.id == row.id);
            let pending = same.map_or_else(Default::default, |known| known.pending);
            self.source_nums.insert(row.id.clone(), row.num);
            let source = Source {
                id: row.id,
                retention: row.retention,
                kept: row.counts,
                pending,
            };
            self.sources.insert(row.num, source);
        }
    }

    /// How far a series is sealed: where this goes further than what is known, its head is in chunks.
    pub(super) fn learn_sealed(&mut self, row: &SealedRow) {
        self.next_id = self.next_id.max(row.wal_id);
        let series = SeriesRef(row.series);
        let Some(slot) = self.slot_mut(series) else {
            return;
        };
        if row.wal_id > slot.sealed_wal {
            slot.sealed_ms = (row.until_ms != NEVER).then_some(row.until_ms);
            slot.sealed_wal = row.wal_id;
            slot.head = Head::new(target_of(series, slot.sealed_ms), slot.sealed_ms);
            slot.due = false;
        }
        slot.rolled_ms = (row.rolled_ms != NEVER).then_some(row.rolled_ms);
    }
}
