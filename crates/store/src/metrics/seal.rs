//! Sealing: a head becomes a chunk, together with what of it lies among older chunks.

use std::sync::Arc;

use chunks::{CHUNK_SAMPLES, Codec, SeriesRef};
use series::MetricSample;

use super::LATE_MS;
use super::backend::{Changes, DataRow, Kind, Replaced, SealedRow};
use super::maintain::day_of;
use super::state::Slot;
use super::store::Shared;
use crate::{Result, StoreError};

/// A head with fewer samples is put into one chunk with what was sealed before it, where that is small
/// too: a row costs as much as twenty samples.
const FEW: usize = CHUNK_SAMPLES as usize / 3;

/// More samples than this are cut into several chunks.
const MOST: usize = CHUNK_SAMPLES as usize * 4 / 3;

#[derive(Default)]
pub(super) struct Sealer {
    codec: Codec,
    head: Vec<MetricSample>,
    older: Vec<MetricSample>,
    merged: Vec<MetricSample>,
}

impl Sealer {
    /// Adds the chunks of up to `most` heads that are due to the changes, which have their number. Heads
    /// and what is due are changed once those are committed: [`super::state::State::committed`].
    pub(super) async fn seal(
        &mut self,
        shared: &Arc<Shared>,
        most: usize,
        changes: &mut Changes,
    ) -> Result<()> {
        let due: Vec<SeriesRef> = {
            let mut state = shared.state_mut();
            // What was sealed since, and what is of series that are gone.
            let mut waiting = std::mem::take(&mut state.due);
            waiting.retain(|series| state.slot(*series).is_some_and(Slot::is_due));
            // One whose head was sealed and filled again since stands there twice.
            waiting.sort_unstable();
            waiting.dedup();
            state.due = waiting;
            state.due.iter().take(most).copied().collect()
        };
        for series in due {
            let before = (changes.chunks.len(), changes.replaced.len());
            if let Err(error) = self.seal_one(shared, series, changes).await {
                // Half of it would take the old chunks away and add no new ones.
                changes.chunks.truncate(before.0);
                changes.replaced.truncate(before.1);
                tracing::error!(series = series.0, %error, "a head cannot be sealed");
                shared.state_mut().not_due(series);
            }
        }
        Ok(())
    }

    async fn seal_one(
        &mut self,
        shared: &Arc<Shared>,
        series: SeriesRef,
        changes: &mut Changes,
    ) -> Result<()> {
        self.head.clear();
        let (reach, wal_id, rolled_ms) = {
            let state = shared.state();
            let Some(slot) = state.slot(series) else {
                return Ok(());
            };
            slot.head.read(i64::MIN, i64::MAX, &mut self.head);
            let oldest = slot.head.oldest_ms();
            let reach = slot.sealed_ms.zip(oldest).and_then(|(sealed, oldest)| {
                // The chunks that the samples lie among, or the last one to be added to.
                let few = self.head.len() < FEW && day_of(oldest) == day_of(sealed);
                (oldest <= sealed || few).then_some(oldest.min(sealed))
            });
            (reach, changes.wal_before(), slot.rolled_ms)
        };
        if let Some(reach) = reach {
            self.merge_older(shared, series, reach, changes).await?;
        }
        let (Some(first), Some(last)) = (self.head.first(), self.head.last()) else {
            shared.state_mut().not_due(series);
            return Ok(());
        };
        // The chunks it was merged with may end later than the head.
        let until_ms = shared
            .state()
            .slot(series)
            .and_then(|slot| slot.sealed_ms)
            .map_or(last.at_ms, |sealed| sealed.max(last.at_ms));
        for part in parts(&self.head) {
            let mut data = Vec::new();
            let summary = self
                .codec
                .encode(part, &mut data)
                .map_err(StoreError::decode)?;
            changes.chunks.push(DataRow {
                series: series.0,
                t0: summary.first_ms,
                t1: summary.last_ms,
                data,
            });
        }
        changes.sealed.push(SealedRow {
            series: series.0,
            wal_id,
            until_ms,
            // Nothing of it can come before this.
            rolled_ms: rolled_ms.unwrap_or_else(|| day_of(first.at_ms.saturating_sub(LATE_MS))),
        });
        Ok(())
    }

    /// Puts what chunks hold from `reach` to the head's end under the head's samples.
    async fn merge_older(
        &mut self,
        shared: &Arc<Shared>,
        series: SeriesRef,
        reach: i64,
        changes: &mut Changes,
    ) -> Result<()> {
        let late = self.head.first().is_some_and(|first| first.at_ms <= reach);
        let end = self.head.last().map_or(reach, |last| last.at_ms);
        let rows = shared
            .backend
            .data(Kind::Raw, &[series.0], reach, end)
            .await?;
        self.older.clear();
        for row in &rows {
            self.codec
                .decode(&row.data, &mut self.older)
                .map_err(StoreError::decode)?;
        }
        if !late && self.older.len() + self.head.len() > usize::from(CHUNK_SAMPLES) {
            return Ok(());
        }
        self.merged.clear();
        merge(&self.older, &self.head, &mut self.merged);
        std::mem::swap(&mut self.merged, &mut self.head);
        let replaced = rows.iter().map(|row| Replaced {
            series: row.series,
            t1: row.t1,
            bytes: row.data.len(),
        });
        changes.replaced.extend(replaced);
        Ok(())
    }
}

/// Even parts of about [`CHUNK_SAMPLES`], none of which goes past midnight: a day can then be forgotten
/// as a whole.
fn parts(samples: &[MetricSample]) -> impl Iterator<Item = &[MetricSample]> {
    let days = samples.chunk_by(|a, b| day_of(a.at_ms) == day_of(b.at_ms));
    days.flat_map(|day| {
        let count = if day.len() <= MOST {
            1
        } else {
            day.len().div_ceil(usize::from(CHUNK_SAMPLES))
        };
        day.chunks(day.len().div_ceil(count).max(1))
    })
}

/// Merges two lists in order; of two samples at one instant the newer list's counts.
pub(super) fn merge(older: &[MetricSample], newer: &[MetricSample], to: &mut Vec<MetricSample>) {
    let mut newer = newer.iter().copied().peekable();
    for sample in older {
        while let Some(before) = newer.next_if(|s| s.at_ms < sample.at_ms) {
            to.push(before);
        }
        let same = newer.next_if(|s| s.at_ms == sample.at_ms);
        to.push(same.unwrap_or(*sample));
    }
    to.extend(newer);
}
