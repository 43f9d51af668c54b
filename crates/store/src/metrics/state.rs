//! What is in memory: the index, the heads, what is known of sources.
//!
//! The writer changes it, and who catches up with other processes; readers look for as long as it takes
//! to copy what they need.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use chunks::{Accepted, CHUNK_SAMPLES, Corrupt, Entry, Head, Index, SeriesRef, first_target, wal};
use series::{MetricMeta, MetricSample};

use super::backend::{Changes, SealedRow};
use super::{Counts, Footing, LATE_MS, MemoryUse, Retention, Span};

/// A series that is being written to.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) head: Head,
    /// The newest instant of its chunks.
    pub(super) sealed_ms: Option<i64>,
    /// Records up to this one are in its chunks.
    pub(super) sealed_wal: i64,
    /// The first record that holds what is in the head.
    opened_wal: i64,
    /// The instant up to which its rollups are made.
    pub(super) rolled_ms: Option<i64>,
    /// Whether it waits to be sealed.
    pub(super) due: bool,
    /// Whether there is such a series.
    live: bool,
}

impl Slot {
    /// Whether it waits to be sealed.
    pub(super) fn is_due(&self) -> bool {
        self.due
    }

    /// Whether it has samples within; `None` where only its chunks tell. A head is taken to have some
    /// all along from its first to its last.
    pub(super) fn has_within(&self, span: Span) -> Option<bool> {
        let (oldest, newest) = (self.head.oldest_ms(), self.head.newest_ms());
        let in_head = oldest.is_some_and(|at_ms| at_ms <= span.to_ms)
            && newest.is_some_and(|at_ms| at_ms >= span.from_ms);
        match self.sealed_ms {
            _ if in_head => Some(true),
            Some(last) if last >= span.from_ms => (last <= span.to_ms).then_some(true),
            _ => Some(false),
        }
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
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) id: String,
    pub(super) retention: Retention,
    /// What became of its samples, as the database has it.
    pub(super) kept: Counts,
    /// What became of samples that this process took since it wrote that down.
    pub(super) pending: Counts,
}

impl Source {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            retention: Retention::default(),
            kept: Counts::default(),
            pending: Counts::default(),
        }
    }

    /// What became of its samples.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = self.kept;
        counts.add(&self.pending);
        counts
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) index: Index,
    slots: Vec<Slot>,
    pub(super) sources: BTreeMap<u32, Source>,
    pub(super) source_nums: HashMap<String, u32>,
    /// How many series each source has.
    series_of: HashMap<u32, usize>,
    pub(super) meta: BTreeMap<String, MetricMeta>,
    /// Series whose head is to be sealed.
    pub(super) due: Vec<SeriesRef>,
    /// The newest entry of the log that is in here.
    pub(super) wal_id: i64,
    /// The greatest number that was given to an entry, whether it came to be or not.
    pub(super) next_id: i64,
    /// A mark for each series and each word about a name, all of them added bit by bit: in whatever
    /// order they came and went, the same ones make the same number.
    names: u64,
    /// How often what was there may have become another.
    past: u64,
}

/// A number that stands for a value, the same in each process of one build. Where another release of
/// Rust hashes otherwise, servers of both share nothing that rests on it, and no answer is wrong.
fn mark(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn mark_of_series(series: SeriesRef, entry: &Entry) -> u64 {
    mark(&(series.0, entry.source, entry.labels.as_ref().as_bytes()))
}

fn mark_of_meta(meta: &MetricMeta) -> u64 {
    mark(&(&meta.name, meta.kind, &meta.unit, &meta.help))
}

/// Whether a sample came so late that answers about the past may be others now.
fn is_old(sample: &MetricSample, received_ms: i64) -> bool {
    sample.at_ms < received_ms.saturating_sub(LATE_MS)
}

/// At how many samples the head of a series is sealed.
pub(super) fn target_of(series: SeriesRef, sealed_ms: Option<i64>) -> u16 {
    sealed_ms.map_or_else(|| first_target(series), |_| CHUNK_SAMPLES)
}

impl State {
    /// A number for the next entry. It is never given again, even where the commit fails: it might have
    /// come through.
    pub(super) fn give_id(&mut self) -> i64 {
        self.next_id = self.next_id.max(self.wal_id) + 1;
        self.next_id
    }

    /// One that knows only what is nowhere else, to learn everything from the database again.
    pub(super) fn beginning(&self) -> Self {
        Self {
            sources: self.sources.clone(),
            next_id: self.next_id,
            past: self.past.wrapping_add(1),
            ..Self::default()
        }
    }

    /// What answers rest on.
    pub(super) fn footing(&self) -> Footing {
        Footing {
            names: self.names,
            past: self.past,
        }
    }

    /// Takes in what a sender said about a name.
    pub(super) fn learn_meta(&mut self, meta: MetricMeta) {
        self.names ^= mark_of_meta(&meta);
        if let Some(before) = self.meta.insert(meta.name.clone(), meta) {
            self.names ^= mark_of_meta(&before);
        }
    }

    /// Makes a series known.
    pub(super) fn add_series(&mut self, series: SeriesRef, entry: Entry) {
        let at = series.0 as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, Slot::default);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Slot {
                head: Head::new(target_of(series, None), None),
                live: true,
                ..Slot::default()
            };
        }
        match self.index.get(series) {
            None => *self.series_of.entry(entry.source).or_default() += 1,
            Some(before) => self.names ^= mark_of_series(series, before),
        }
        self.names ^= mark_of_series(series, &entry);
        self.index.insert(series, entry);
    }

    /// Forgets a series.
    pub(super) fn remove_series(&mut self, series: SeriesRef) {
        let Some(entry) = self.index.remove(series) else {
            return;
        };
        self.names ^= mark_of_series(series, &entry);
        self.past = self.past.wrapping_add(1);
        if let Some(count) = self.series_of.get_mut(&entry.source) {
            *count -= 1;
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

    /// How many series a source has.
    pub(super) fn series_of(&self, source: u32) -> usize {
        self.series_of.get(&source).copied().unwrap_or(0)
    }

    /// Makes a source known, under a number that none has.
    pub(super) fn add_source(&mut self, id: &str) -> u32 {
        let num = self.sources.keys().next_back().map_or(1, |last| last + 1);
        self.source_nums.insert(id.to_owned(), num);
        self.sources.insert(num, Source::new(id));
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
        let mut old = false;
        let read = wal::read(record, |series, samples, received_ms| {
            let slot = slots.get_mut(series.0 as usize);
            let Some(slot) = slot.filter(|slot| slot.live && wal_id > slot.sealed_wal) else {
                // In a chunk already, which was not there when another answer was given.
                old |= samples.iter().any(|sample| is_old(sample, received_ms));
                return each(series, None);
            };
            if slot.head.is_empty() {
                slot.opened_wal = wal_id;
            }
            let mut counts = Counts::default();
            for sample in samples {
                let taken = slot.head.append(*sample, received_ms, LATE_MS);
                old |= taken != Accepted::TooOld && is_old(sample, received_ms);
                match taken {
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
        });
        self.past = self.past.wrapping_add(u64::from(old));
        read
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

    /// Takes in what this process committed, its record and its new names apart.
    pub(super) fn committed(&mut self, changes: &Changes) {
        for row in changes.sealed.iter().chain(&changes.rolled) {
            self.learn_sealed(row);
        }
        for series in &changes.forgotten {
            self.remove_series(SeriesRef(*series));
        }
        for (num, counts) in &changes.counts {
            if let Some(source) = self.sources.get_mut(num) {
                source.kept.add(counts);
                // Only the writer counts, and it was busy with this.
                source.pending = Counts::default();
            }
        }
        for (num, retention) in &changes.retention {
            if let Some(source) = self.sources.get_mut(num) {
                source.retention = *retention;
            }
        }
        for num in &changes.gone_sources {
            self.remove_source(*num);
        }
        for meta in &changes.meta {
            self.learn_meta(meta.clone());
        }
        if changes.is_news() {
            self.wal_id = self.wal_id.max(changes.id);
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
            source.pending.add(counts);
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
