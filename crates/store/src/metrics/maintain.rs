//! Upkeep: what is old is sealed, rolled up and forgotten, a slice at a time.

use std::sync::Arc;

use api::SourceId;
use chunks::{SeriesRef, Window, WindowCodec};

use super::backend::{Changes, DataRow, Kind};
use super::read::WindowReader;
use super::state::Source;
use super::writer::Writer;
use super::{Counts, DAY_MS, FIVE_MINUTES_MS, HOUR_MS, LATE_MS, Maintained, Retention};
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
    /// Entries before this one were forgotten.
    forgot_before: i64,
}

/// The beginning of a day.
pub(super) fn day_of(at_ms: i64) -> i64 {
    at_ms.saturating_sub(at_ms.rem_euclid(DAY_MS))
}

impl Writer {
    pub(super) async fn maintain(&mut self, now_ms: i64) -> Result<Maintained> {
        self.shared.catch_up().await?;
        let mut done = Maintained::default();
        self.shared.state_mut().find_old(now_ms, false);
        done.sealed = self.seal_due(now_ms).await?;
        self.keep_counts().await?;
        done.rolled_up = self.roll_up(now_ms).await?;
        // It may lie far ahead where the clock was wrong and was set right.
        let next = self
            .upkeep
            .next_expiry_ms
            .min(now_ms.saturating_add(EXPIRE_EVERY_MS));
        self.upkeep.next_expiry_ms = next;
        if now_ms >= next {
            self.shared.backend.prepare(now_ms).await?;
            let (expired, more) = self.expire(now_ms).await?;
            done.expired = expired;
            done.forgotten = self.forget(now_ms).await?;
            if !more {
                self.upkeep.next_expiry_ms = now_ms + EXPIRE_EVERY_MS;
            }
        }
        // Last: it needs room itself, and what went before makes room.
        self.shared.backend.shrink().await?;
        Ok(done)
    }

    /// Changes that are the next entry of the log.
    fn entry(&self, now_ms: i64) -> Changes {
        Changes {
            id: self.shared.state_mut().give_id(),
            now_ms,
            ..Changes::default()
        }
    }

    /// Seals what is due. Answers how many heads.
    async fn seal_due(&mut self, now_ms: i64) -> Result<usize> {
        let shared = Arc::clone(&self.shared);
        let mut sealed = 0;
        for _ in 0..SEALING_ROUNDS {
            if shared.state().due.is_empty() {
                break;
            }
            let held = shared.turn().await?;
            let mut changes = self.entry(now_ms);
            self.sealer.seal(&shared, SEALS, &mut changes).await?;
            if changes.sealed.is_empty() {
                break;
            }
            self.commit(held, &changes).await?;
            sealed += changes.sealed.len();
        }
        Ok(sealed)
    }

    /// Writes down what was counted, and forgets records that nobody needs.
    async fn keep_counts(&mut self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let pending = |(_, source): &(&u32, &Source)| source.pending != Counts::default();
        let idle = {
            let state = shared.state();
            !state.sources.iter().any(|source| pending(&source))
                && state.oldest_wal() <= self.upkeep.forgot_before
        };
        if idle {
            return Ok(());
        }
        let held = shared.turn().await?;
        let mut changes = self.entry(0);
        {
            let state = shared.state();
            let counted = state.sources.iter().filter(pending);
            changes.counts = counted.map(|(num, one)| (*num, one.pending)).collect();
            changes.forget_before = Some(state.oldest_wal());
        }
        self.commit(held, &changes).await?;
        self.upkeep.forgot_before = changes.forget_before.unwrap_or(0);
        Ok(())
    }

    /// Makes windows of days that no late sample can reach any more.
    async fn roll_up(&mut self, now_ms: i64) -> Result<usize> {
        let shared = Arc::clone(&self.shared);
        let (mut rolled, mut looked) = (0, 0);
        while looked < ROLLUPS && self.complete_day().is_some() {
            // Whoever else was at it may be done now.
            let held = shared.turn().await?;
            let Some((day, series)) = self.complete_day() else {
                break;
            };
            looked += series.len();
            let mut changes = self.entry(now_ms);
            self.roll_up_day(day, &series, &mut changes).await?;
            self.commit(held, &changes).await?;
            rolled += changes.rollups.len() / 2;
        }
        Ok(rolled)
    }

    /// The next day that is not rolled up and will not change, of some series.
    fn complete_day(&self) -> Option<(i64, Vec<u32>)> {
        let state = self.shared.state();
        let mut complete = state.slots().filter_map(|(series, slot)| {
            let day = slot.rolled_ms?;
            (slot.sealed_ms? >= day + DAY_MS + LATE_MS).then_some((day, series.0))
        });
        let (day, first) = complete.next()?;
        let others = complete.filter(|(other, _)| *other == day);
        let others = others.map(|(_, series)| series).take(ROLLED_TOGETHER - 1);
        Some((day, std::iter::once(first).chain(others).collect()))
    }

    async fn roll_up_day(&mut self, day: i64, series: &[u32], changes: &mut Changes) -> Result<()> {
        let end = day + DAY_MS;
        let backend = &self.shared.backend;
        let rows = backend.data(Kind::Raw, series, day, end - 1).await?;
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
        let state = self.shared.state();
        changes.rolled = series
            .iter()
            .filter_map(|id| state.slot(SeriesRef(*id))?.sealed_row(*id, end))
            .collect();
        Ok(())
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
        let backend = &self.shared.backend;
        let (mut expired, mut more) = (0, false);
        for kind in Kind::ALL {
            let before = |retention: &Retention| {
                kind.kept_ms(retention)
                    .map(|kept_ms| now_ms.saturating_sub(kept_ms))
            };
            // What is too old for everybody goes first, and at once; `None` is less than any instant.
            let for_all = sources.iter().map(|(_, retention)| before(retention)).min();
            if let Some(before) = for_all.flatten() {
                expired += backend.drop_days(kind, before).await?;
            }
            for (source, retention) in &sources {
                if let Some(before) = before(retention) {
                    let gone = backend.expire(kind, *source, before, EXPIRED).await?;
                    more |= gone >= u64::from(EXPIRED);
                    expired += gone;
                }
            }
        }
        Ok((expired, more))
    }

    /// Forgets series that have nothing left and got nothing for a day.
    async fn forget(&mut self, now_ms: i64) -> Result<usize> {
        let shared = Arc::clone(&self.shared);
        let mut forgotten = 0;
        for some in self.idle(now_ms).chunks(FORGOTTEN) {
            let numbers: Vec<u32> = some.iter().map(|(series, _)| *series).collect();
            let empty = shared.backend.without_data(&numbers).await?;
            if empty.is_empty() {
                continue;
            }
            let held = shared.turn().await?;
            let mut changes = self.entry(now_ms);
            {
                let state = shared.state();
                // Who got samples since it was looked at stays.
                let idle = some.iter().filter(|(series, sealed_wal)| {
                    state
                        .slot(SeriesRef(*series))
                        .is_some_and(|slot| slot.head.is_empty() && slot.sealed_wal == *sealed_wal)
                        && empty.contains(series)
                });
                changes.forgotten = idle.map(|(series, _)| *series).collect();
            }
            self.commit(held, &changes).await?;
            forgotten += changes.forgotten.len();
        }
        Ok(forgotten)
    }

    /// Series whose samples must be gone by now, and how far each is sealed.
    fn idle(&self, now_ms: i64) -> Vec<(u32, i64)> {
        let state = self.shared.state();
        let idle = state.slots().filter(|(series, slot)| {
            let Some(entry) = state.index.get(*series) else {
                return false;
            };
            let source = state.sources.get(&entry.source);
            let kept_ms = source.map_or(Some(DAY_MS), |source| source.retention.raw_ms);
            let before = kept_ms.map(|kept_ms| now_ms.saturating_sub(kept_ms.max(DAY_MS)));
            slot.head.is_empty() && slot.sealed_ms.is_none_or(|ms| Some(ms) < before)
        });
        idle.map(|(series, slot)| (series.0, slot.sealed_wal))
            .collect()
    }

    pub(super) async fn set_retention(
        &mut self,
        source: &SourceId,
        retention: Retention,
    ) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let held = shared.turn().await?;
        let mut changes = self.entry(0);
        let known = shared.state().source_num(source.as_str());
        let num = known.unwrap_or_else(|| {
            let num = shared.state_mut().add_source(source.as_str());
            changes.sources.push((num, source.as_str().to_owned()));
            num
        });
        changes.retention.push((num, retention));
        let outcome = self.commit(held, &changes).await;
        if outcome.is_err() && known.is_none() {
            shared.state_mut().remove_source(num);
        }
        self.upkeep.next_expiry_ms = i64::MIN;
        outcome
    }

    pub(super) async fn delete_source(&mut self, source: &SourceId) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        loop {
            let held = shared.turn().await?;
            let mut changes = self.entry(0);
            let Some(num) = shared.state().source_num(source.as_str()) else {
                return Ok(());
            };
            {
                let state = shared.state();
                let own = state.index.iter().filter(|(_, entry)| entry.source == num);
                let some = own.map(|(series, _)| series.0).take(FORGOTTEN);
                changes.forgotten = some.collect();
            }
            // Series that came meanwhile are found in the next round.
            let last = changes.forgotten.len() < FORGOTTEN;
            if last {
                changes.gone_sources.push(num);
            }
            self.commit(held, &changes).await?;
            if last {
                return Ok(());
            }
        }
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
