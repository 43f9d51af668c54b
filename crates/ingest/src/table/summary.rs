//! The check of a whole file before anything is imported.

use std::collections::HashSet;
use std::io::Read;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{BadRow, Item, Layout, Limits, Reader, Row, TableError};

/// How many bad rows are told one by one.
const MAX_PROBLEMS: usize = 50;
/// How often progress is told, in rows.
const PROGRESS_EVERY: u64 = 4096;
/// How many moments are remembered to find duplicates far apart (about 40 MB).
const MAX_REMEMBERED: usize = 1_000_000;

/// What a whole file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Bytes read.
    pub bytes: u64,
    /// Rows, blank ones left out.
    pub rows: u64,
    /// Rows that were understood.
    pub good: u64,
    /// Rows that were not.
    pub bad: u64,
    /// The first bad rows, up to 50.
    pub problems: Vec<BadRow>,
    /// Value cells of good rows that say nothing (blank, `NULL`, `n/a`).
    pub missing: u64,
    /// The first and last moment; absent without good rows.
    pub range: Option<TimeRange>,
    /// Series that get at least one value.
    pub series: u32,
    /// Rows that describe a moment of their series that an earlier row described.
    pub duplicates: u64,
    /// Whether `duplicates` is exact; in very long files in no order it is a lower bound.
    pub duplicates_exact: bool,
    /// Whether each series runs only forwards or only backwards in time, so that duplicates stand
    /// together. [`super::Merge`] wants to know.
    pub sorted: bool,
}

/// A first and a last moment, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// Microseconds since 1970-01-01 UTC.
    pub first_us: i64,
    /// Microseconds since 1970-01-01 UTC.
    pub last_us: i64,
}

/// Reads a whole file and reports on it. `progress` hears the bytes read so far every few thousand
/// rows and may stop the check, which then is [`TableError::Cancelled`].
pub fn summarise<R: Read>(
    source: R,
    layout: &Layout,
    limits: Limits,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Summary, TableError> {
    let mut reader = Reader::with_limits(source, layout, limits)?;
    let mut summary = Summary {
        bytes: 0,
        rows: 0,
        good: 0,
        bad: 0,
        problems: Vec::new(),
        missing: 0,
        range: None,
        series: 0,
        duplicates: 0,
        duplicates_exact: true,
        sorted: true,
    };
    let mut order = Order::default();
    let mut has_values: Vec<bool> = Vec::new();
    while let Some(item) = reader.next() {
        summary.rows += 1;
        match item? {
            Item::Row(row) => summary.count(&row, &mut order, &mut has_values),
            Item::Bad(bad) => {
                summary.bad += 1;
                if summary.problems.len() < MAX_PROBLEMS {
                    summary.problems.push(bad);
                }
            }
        }
        if summary.rows.is_multiple_of(PROGRESS_EVERY) && progress(reader.bytes_read()).is_break() {
            return Err(TableError::Cancelled);
        }
    }
    summary.bytes = reader.bytes_read();
    if progress(summary.bytes).is_break() {
        return Err(TableError::Cancelled);
    }
    summary.series = has_values.iter().map(|&has| u32::from(has)).sum();
    (summary.duplicates, summary.duplicates_exact, summary.sorted) = order.verdict();
    Ok(summary)
}

impl Summary {
    fn count(&mut self, row: &Row, order: &mut Order, has_values: &mut Vec<bool>) {
        self.good += 1;
        let range = self.range.get_or_insert(TimeRange {
            first_us: row.at_us,
            last_us: row.at_us,
        });
        range.first_us = range.first_us.min(row.at_us);
        range.last_us = range.last_us.max(row.at_us);
        let id = usize::try_from(row.labels.id).unwrap_or(0);
        let first = id * row.values.len();
        if has_values.len() < first + row.values.len() {
            has_values.resize(first + row.values.len(), false);
        }
        for (has, value) in has_values.iter_mut().skip(first).zip(&row.values) {
            *has |= value.is_some();
            self.missing += u64::from(value.is_none());
        }
        order.see(id, row.at_us);
    }
}

/// Whether series are in order, and how many moments come twice.
#[derive(Default)]
struct Order {
    /// For each label set: the last moment, and whether it has gone forwards and backwards.
    last: Vec<Option<(i64, bool, bool)>>,
    adjacent: u64,
    remembered: HashSet<(usize, i64)>,
    distant: u64,
    full: bool,
}

impl Order {
    fn see(&mut self, id: usize, at_us: i64) {
        if self.last.len() <= id {
            self.last.resize(id + 1, None);
        }
        let Some(slot) = self.last.get_mut(id) else {
            return;
        };
        let (before, forwards, backwards) = slot.unwrap_or((at_us, false, false));
        self.adjacent += u64::from(slot.is_some() && before == at_us);
        *slot = Some((
            at_us,
            forwards || at_us > before,
            backwards || at_us < before,
        ));
        if !self.full {
            self.distant += u64::from(!self.remembered.insert((id, at_us)));
            if self.remembered.len() >= MAX_REMEMBERED {
                self.full = true;
                self.remembered = HashSet::new();
            }
        }
    }

    /// Duplicates, whether that is exact, and whether all series are in order.
    fn verdict(&self) -> (u64, bool, bool) {
        let sorted = self
            .last
            .iter()
            .flatten()
            .all(|&(_, forwards, backwards)| !(forwards && backwards));
        if sorted {
            (self.adjacent, true, true)
        } else {
            (self.distant.max(self.adjacent), !self.full, false)
        }
    }
}
