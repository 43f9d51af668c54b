//! What is in memory: the index, the heads, what is known of sources.
//!
//! Only the writer changes it; readers look for as long as it takes to copy what they need.

use std::collections::{BTreeMap, HashMap};

use chunks::{Accepted, CHUNK_SAMPLES, Corrupt, Entry, Head, Index, SeriesRef, first_target, wal};
use series::{LabelsRef, MetricMeta};

use super::backend::{Loaded, NEVER, SealedRow};
use super::{Counts, LATE_MS, MemoryUse, Retention};

/// A series that is being written to.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) head: Head,
    /// The newest instant of its chunks.
    pub(super) sealed_ms: Option<i64>,
    /// Records up to this one are in its chunks.
    sealed_wal: i64,
    /// The first record that holds what is in the head.
    opened_wal: i64,
    /// The instant up to which its rollups are made.
    pub(super) rolled_ms: Option<i64>,
    /// Whether it waits to be sealed.
    due: bool,
    /// Whether there is such a series.
    live: bool,
}

impl Slot {
    /// Whether it waits to be sealed.
    pub(super) fn is_due(&self) -> bool {
        self.due
    }

    /// How far it is sealed, with rollups up to that instant. `None` before its first chunk.
    pub(super) fn sealed_row(&self, series: u32, rolled_ms: i64) -> Option<SealedRow> {
        Some(SealedRow {
            series,
            wal_id: self.sealed_wal,
            until_ms: self.sealed_ms?,
            rolled_ms,
        })
    }
}

/// A source of metrics.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) id: String,
    pub(super) retention: Retention,
    pub(super) counts: Counts,
    /// How many series it has.
    pub(super) series: usize,
    /// Whether the counts changed since they were kept.
    pub(super) changed: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) index: Index,
    slots: Vec<Slot>,
    pub(super) sources: BTreeMap<u32, Source>,
    source_nums: HashMap<String, u32>,
    pub(super) meta: BTreeMap<String, MetricMeta>,
    /// Series whose head is to be sealed.
    pub(super) due: Vec<SeriesRef>,
    /// The newest record.
    pub(super) wal_id: i64,
}

impl State {
    /// What a database remembers, records apart. Answers how many series could not be read.
    pub(super) fn load(loaded: Loaded) -> (Self, usize) {
        let mut state = Self::default();
        for source in loaded.sources {
            state.source_nums.insert(source.id.clone(), source.num);
            state.sources.insert(
                source.num,
                Source {
                    id: source.id,
                    retention: source.retention,
                    counts: source.counts,
                    series: 0,
                    changed: false,
                },
            );
        }
        let mut damaged = 0;
        for row in loaded.series {
            let Some(labels) = LabelsRef::from_bytes(&row.labels) else {
                damaged += 1;
                continue;
            };
            let labels = labels.to_labels();
            let source = row.source;
            state.add_series(SeriesRef(row.id), Entry { source, labels });
        }
        state.index.find_free();
        for row in loaded.sealed {
            state.wal_id = state.wal_id.max(row.wal_id);
            if let Some(slot) = state.slot_mut(SeriesRef(row.series)) {
                slot.sealed_wal = row.wal_id;
                slot.sealed_ms = (row.until_ms != NEVER).then_some(row.until_ms);
                slot.rolled_ms = (row.rolled_ms != NEVER).then_some(row.rolled_ms);
                if let Some(sealed_ms) = slot.sealed_ms {
                    slot.head = Head::new(CHUNK_SAMPLES, Some(sealed_ms));
                }
            }
        }
        let meta = loaded.meta.into_iter();
        state.meta = meta.map(|meta| (meta.name.clone(), meta)).collect();
        (state, damaged)
    }

    /// Makes a series known.
    pub(super) fn add_series(&mut self, series: SeriesRef, entry: Entry) {
        let at = series.0 as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, Slot::default);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Slot {
                head: Head::new(first_target(series), None),
                live: true,
                ..Slot::default()
            };
        }
        if let Some(source) = self.sources.get_mut(&entry.source) {
            source.series += 1;
        }
        self.index.insert(series, entry);
    }

    /// Forgets a series.
    pub(super) fn remove_series(&mut self, series: SeriesRef) {
        let Some(entry) = self.index.remove(series) else {
            return;
        };
        if let Some(source) = self.sources.get_mut(&entry.source) {
            source.series -= 1;
        }
        if let Some(slot) = self.slots.get_mut(series.0 as usize) {
            *slot = Slot::default();
        }
    }

    pub(super) fn slot(&self, series: SeriesRef) -> Option<&Slot> {
        self.slots.get(series.0 as usize)
    }

    pub(super) fn slot_mut(&mut self, series: SeriesRef) -> Option<&mut Slot> {
        self.slots.get_mut(series.0 as usize)
    }

    /// The series with what is known of them.
    pub(super) fn slots(&self) -> impl Iterator<Item = (SeriesRef, &Slot)> {
        (0u32..).map(SeriesRef).zip(&self.slots)
    }

    /// The number of a source.
    pub(super) fn source_num(&self, id: &str) -> Option<u32> {
        self.source_nums.get(id).copied()
    }

    /// Makes a source known, under a number that none has.
    pub(super) fn add_source(&mut self, id: &str) -> u32 {
        let num = self.sources.keys().next_back().map_or(1, |last| last + 1);
        self.source_nums.insert(id.to_owned(), num);
        let source = Source {
            id: id.to_owned(),
            retention: Retention::default(),
            counts: Counts::default(),
            series: 0,
            changed: false,
        };
        self.sources.insert(num, source);
        num
    }

    /// Forgets a source.
    pub(super) fn remove_source(&mut self, num: u32) {
        if let Some(source) = self.sources.remove(&num) {
            self.source_nums.remove(&source.id);
        }
    }

    /// Puts the samples of a record into their heads. It is how a request's samples get there and how
    /// they get there again after a restart, so that both come to the same.
    ///
    /// `each` hears what became of each series of the record, `None` where its samples are in a chunk
    /// already, and answers nothing.
    pub(super) fn apply(
        &mut self,
        wal_id: i64,
        record: &[u8],
        mut each: impl FnMut(SeriesRef, Option<Counts>),
    ) -> Result<(), Corrupt> {
        self.wal_id = self.wal_id.max(wal_id);
        let (slots, due) = (&mut self.slots, &mut self.due);
        wal::read(record, |series, samples, received_ms| {
            let slot = slots.get_mut(series.0 as usize);
            let Some(slot) = slot.filter(|slot| slot.live && wal_id > slot.sealed_wal) else {
                return each(series, None);
            };
            if slot.head.is_empty() {
                slot.opened_wal = wal_id;
            }
            let mut counts = Counts::default();
            for sample in samples {
                match slot.head.append(*sample, received_ms, LATE_MS) {
                    Accepted::InOrder => counts.samples += 1,
                    Accepted::Late => {
                        counts.samples += 1;
                        counts.late += 1;
                    }
                    Accepted::Duplicate => counts.duplicates += 1,
                    Accepted::TooOld => counts.refused += 1,
                }
            }
            if slot.head.is_full() && !std::mem::replace(&mut slot.due, true) {
                due.push(series);
            }
            each(series, Some(counts));
        })
    }

    /// Lets series be sealed whose oldest sample has waited long enough; all, where `all` says so.
    pub(super) fn find_old(&mut self, now_ms: i64, all: bool) {
        for (series, slot) in (0u32..).map(SeriesRef).zip(&mut self.slots) {
            let old = all && !slot.head.is_empty()
                || slot.head.is_old(now_ms, chunks::most_age_ms(series));
            if old && !std::mem::replace(&mut slot.due, true) {
                self.due.push(series);
            }
        }
    }

    /// The head of a series is in chunks that end at `row.until_ms`.
    pub(super) fn sealed(&mut self, row: &SealedRow) {
        if let Some(slot) = self.slot_mut(SeriesRef(row.series)) {
            slot.head.clear(CHUNK_SAMPLES);
            slot.sealed_ms = Some(row.until_ms);
            slot.sealed_wal = row.wal_id;
            slot.rolled_ms = (row.rolled_ms != NEVER).then_some(row.rolled_ms);
            slot.due = false;
        }
    }

    /// A series that was due has nothing to seal, or cannot be.
    pub(super) fn not_due(&mut self, series: SeriesRef) {
        if let Some(slot) = self.slot_mut(series) {
            slot.due = false;
        }
    }

    /// The first record that is still needed.
    pub(super) fn oldest_wal(&self) -> i64 {
        self.slots
            .iter()
            .filter(|slot| !slot.head.is_empty())
            .map(|slot| slot.opened_wal)
            .min()
            .unwrap_or(self.wal_id + 1)
    }

    /// What became of a source's samples.
    pub(super) fn count(&mut self, source: u32, counts: &Counts) {
        if *counts != Counts::default()
            && let Some(source) = self.sources.get_mut(&source)
        {
            source.counts.add(counts);
            source.changed = true;
        }
    }

    pub(super) fn memory_use(&self) -> MemoryUse {
        let heads = self.slots.iter().map(|slot| &slot.head);
        MemoryUse {
            series: self.index.len(),
            head_samples: heads.clone().map(Head::len).sum(),
            head_bytes: heads.map(|head| size_of::<Slot>() + head.memory()).sum(),
        }
    }
}
