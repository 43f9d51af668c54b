//! Upkeep: what is old is sealed, rolled up and forgotten, a slice at a time.

use std::collections::BTreeMap;

use api::SourceId;
use chunks::{SeriesRef, Window, WindowCodec};

use super::backend::{Changes, DataRow, Kind};
use super::read::WindowReader;
use super::writer::Writer;
use super::{DAY_MS, FIVE_MINUTES_MS, HOUR_MS, LATE_MS, Maintained, Retention};
use crate::{Result, StoreError};

/// Heads that are sealed in one transaction, and how many such transactions one call makes.
const SEALS: usize = 256;
const SEALING_ROUNDS: usize = 8;

/// Days of one series' samples that one call rolls up.
const ROLLUPS: usize = 128;

/// Series that are rolled up together: their samples of a day are in memory.
const ROLLED_TOGETHER: usize = 16;

/// Rows that one statement forgets.
const EXPIRED: u32 = 2_000;

/// Series that are looked at at once for whether anything is left of them.
const FORGOTTEN: usize = 500;

/// How often it is looked for what is too old, in milliseconds.
const EXPIRE_EVERY_MS: i64 = 600_000;

/// What upkeep remembers from one call to the next.
#[derive(Default)]
pub(super) struct Upkeep {
    windows: WindowReader,
    rollups: WindowCodec,
    next_expiry_ms: i64,
}

/// The beginning of a day.
pub(super) fn day_of(at_ms: i64) -> i64 {
    at_ms - at_ms.rem_euclid(DAY_MS)
}

impl Writer {
    pub(super) async fn maintain(&mut self, now_ms: i64) -> Result<Maintained> {
        let mut done = Maintained::default();
        self.shared.state_mut().find_old(now_ms, false);
        done.sealed = self.seal_due().await?;
        self.keep_counts().await?;
        done.rolled_up = self.roll_up().await?;
        if now_ms >= self.upkeep.next_expiry_ms {
            let (expired, more) = self.expire(now_ms).await?;
            done.expired = expired;
            done.forgotten = self.forget(now_ms).await?;
            if !more {
                self.upkeep.next_expiry_ms = now_ms + EXPIRE_EVERY_MS;
            }
        }
        Ok(done)
    }

    /// Seals what is due. Answers how many heads.
    async fn seal_due(&mut self) -> Result<usize> {
        let mut sealed = 0;
        for _ in 0..SEALING_ROUNDS {
            let mut changes = Changes::default();
            self.sealer.seal(&self.shared, SEALS, &mut changes).await?;
            if changes.sealed.is_empty() {
                break;
            }
            self.commit(&changes).await?;
            let mut state = self.shared.state_mut();
            for row in &changes.sealed {
                state.sealed(row);
            }
            sealed += changes.sealed.len();
        }
        Ok(sealed)
    }

    /// Keeps the counts that changed, and forgets records that nobody needs.
    async fn keep_counts(&mut self) -> Result<()> {
        let mut changes = Changes::default();
        {
            let state = self.shared.state();
            let changed = state.sources.iter().filter(|(_, source)| source.changed);
            changes.counts = changed.map(|(num, source)| (*num, source.counts)).collect();
            changes.forget_wal_before = Some(state.oldest_wal());
        }
        self.commit(&changes).await?;
        let mut state = self.shared.state_mut();
        for (num, _) in &changes.counts {
            if let Some(source) = state.sources.get_mut(num) {
                source.changed = false;
            }
        }
        Ok(())
    }

    /// Makes windows of days that no late sample can reach any more.
    async fn roll_up(&mut self) -> Result<usize> {
        let (mut rolled, mut looked) = (0, 0);
        while looked < ROLLUPS {
            let days = self.complete_days(ROLLUPS - looked);
            if days.is_empty() {
                break;
            }
            for (day, all) in days {
                for some in all.chunks(ROLLED_TOGETHER) {
                    looked += some.len();
                    rolled += self.roll_up_day(day, some).await?;
                }
            }
        }
        Ok(rolled)
    }

    /// The next day of some series that is not rolled up and will not change.
    fn complete_days(&self, most: usize) -> BTreeMap<i64, Vec<u32>> {
        let state = self.shared.state();
        let complete = state.slots().filter_map(|(series, slot)| {
            let day = slot.rolled_ms?;
            (slot.sealed_ms? >= day + DAY_MS + LATE_MS).then_some((day, series.0))
        });
        let mut days: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for (day, series) in complete.take(most) {
            days.entry(day).or_default().push(series);
        }
        days
    }

    async fn roll_up_day(&mut self, day: i64, series: &[u32]) -> Result<usize> {
        let end = day + DAY_MS;
        let backend = &self.shared.backend;
        let rows = backend.data(Kind::Raw, series, day, end - 1).await?;
        let mut changes = Changes::default();
        for own in rows.chunk_by(|a, b| a.series == b.series) {
            let Some(first) = own.first() else { continue };
            let fine = self
                .upkeep
                .windows
                .of_chunks(own, day, end, FIVE_MINUTES_MS)?;
            let coarse = coarser(&fine);
            for (kind, windows) in [(Kind::FiveMinutes, fine), (Kind::Hour, coarse)] {
                if let Some(row) = self.upkeep.row(kind, first.series, &windows)? {
                    changes.rollups.push((kind, row));
                }
            }
        }
        {
            let state = self.shared.state();
            changes.rolled = series
                .iter()
                .filter_map(|id| state.slot(SeriesRef(*id))?.sealed_row(*id, end))
                .collect();
        }
        self.commit(&changes).await?;
        let mut state = self.shared.state_mut();
        for row in &changes.rolled {
            if let Some(slot) = state.slot_mut(SeriesRef(row.series)) {
                slot.rolled_ms = Some(row.rolled_ms);
            }
        }
        Ok(changes.rollups.len() / 2)
    }

    /// Removes rows that are too old; answers how many, and whether there may be more.
    async fn expire(&mut self, now_ms: i64) -> Result<(u64, bool)> {
        let sources: Vec<(u32, Retention)> = {
            let state = self.shared.state();
            let sources = state.sources.iter();
            sources
                .map(|(num, source)| (*num, source.retention))
                .collect()
        };
        let (mut expired, mut more) = (0, false);
        for (source, retention) in sources {
            for kind in Kind::ALL {
                let kept_ms = match kind {
                    Kind::Raw => retention.raw_ms,
                    Kind::FiveMinutes => retention.five_minutes_ms,
                    Kind::Hour => retention.hour_ms,
                };
                if let Some(kept_ms) = kept_ms {
                    let before = now_ms.saturating_sub(kept_ms);
                    let backend = &self.shared.backend;
                    let gone = backend.expire(kind, source, before, EXPIRED).await?;
                    more |= gone >= u64::from(EXPIRED);
                    expired += gone;
                }
            }
        }
        Ok((expired, more))
    }

    /// Forgets series that have nothing left and got nothing for a day.
    async fn forget(&mut self, now_ms: i64) -> Result<usize> {
        let (candidates, wal_id) = {
            let state = self.shared.state();
            let idle = state.slots().filter(|(series, slot)| {
                state.index.get(*series).is_some()
                    && slot.head.is_empty()
                    && slot.sealed_ms.is_none_or(|sealed| sealed < now_ms - DAY_MS)
            });
            let idle: Vec<u32> = idle.map(|(series, _)| series.0).collect();
            (idle, state.wal_id)
        };
        let mut forgotten = 0;
        for some in candidates.chunks(FORGOTTEN) {
            let empty = self.shared.backend.without_data(some).await?;
            if !empty.is_empty() {
                self.shared.backend.forget(&empty, wal_id).await?;
                let mut state = self.shared.state_mut();
                for series in &empty {
                    state.remove_series(SeriesRef(*series));
                }
                forgotten += empty.len();
            }
        }
        Ok(forgotten)
    }

    pub(super) async fn set_retention(
        &mut self,
        source: &SourceId,
        retention: Retention,
    ) -> Result<()> {
        let known = self.shared.state().source_num(source.as_str());
        let num = if let Some(num) = known {
            num
        } else {
            let num = self.shared.state_mut().add_source(source.as_str());
            let mut changes = Changes::default();
            changes.sources.push((num, source.as_str().to_owned()));
            if let Err(error) = self.commit(&changes).await {
                self.shared.state_mut().remove_source(num);
                return Err(error);
            }
            num
        };
        self.shared.backend.set_retention(num, retention).await?;
        if let Some(known) = self.shared.state_mut().sources.get_mut(&num) {
            known.retention = retention;
        }
        self.upkeep.next_expiry_ms = i64::MIN;
        Ok(())
    }

    pub(super) async fn delete_source(&mut self, source: &SourceId) -> Result<()> {
        let Some(num) = self.shared.state().source_num(source.as_str()) else {
            return Ok(());
        };
        let (series, wal_id): (Vec<u32>, i64) = {
            let state = self.shared.state();
            let own = state.index.iter().filter(|(_, entry)| entry.source == num);
            (own.map(|(series, _)| series.0).collect(), state.wal_id)
        };
        for some in series.chunks(FORGOTTEN) {
            self.shared.backend.forget(some, wal_id).await?;
            let mut state = self.shared.state_mut();
            for series in some {
                state.remove_series(SeriesRef(*series));
            }
        }
        self.shared.backend.forget_source(num).await?;
        self.shared.state_mut().remove_source(num);
        Ok(())
    }
}

impl Upkeep {
    fn row(&mut self, kind: Kind, series: u32, windows: &[Window]) -> Result<Option<DataRow>> {
        let (Some(first), Some(last)) = (windows.first(), windows.last()) else {
            return Ok(None);
        };
        let mut data = Vec::new();
        self.rollups
            .encode(windows, &mut data)
            .map_err(StoreError::decode)?;
        Ok(Some(DataRow {
            id: 0,
            series,
            t0: first.from_ms,
            t1: last.from_ms + kind.step_ms() - 1,
            data,
        }))
    }
}

/// Windows of an hour from windows of five minutes.
fn coarser(fine: &[Window]) -> Vec<Window> {
    let mut coarse: Vec<Window> = Vec::new();
    for window in fine {
        let from_ms = window.from_ms - window.from_ms.rem_euclid(HOUR_MS);
        match coarse.last_mut() {
            Some(last) if last.from_ms == from_ms => last.merge(window),
            _ => coarse.push(Window { from_ms, ..*window }),
        }
    }
    coarse
}
