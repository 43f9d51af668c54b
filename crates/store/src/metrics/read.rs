//! Reading: chunks and heads put together, without making the writer wait.
//!
//! Heads are copied first and chunks are read after that. What is sealed in between is then seen
//! twice, at the same instants, and counts once; the other way round it would be missing.

use chunks::{Codec, SeriesRef, Summary, Window, WindowCodec};
use series::{Labels, MetricSample};
use tokio::task::JoinHandle;

use super::backend::{DataRow, Kind};
use super::seal::merge;
use super::store::ChunkStore;
use super::thin::thin;
use super::{
    FIVE_MINUTES_MS, HOUR_MS, Instants, ReadError, Selection, SeriesSamples, SeriesWindows,
};
use crate::StoreError;

/// Series that are read at once: while one slice is decoded, the next is fetched, and the writer never
/// waits for more than a slice of heads to be copied.
const SLICE: usize = 256;

/// Fewer are read in two parts, so that the second is fetched while the first is decoded.
fn slice(series: usize) -> usize {
    series.div_ceil(2).clamp(8, SLICE)
}

/// With fewer rows, handing the work to another thread would take longer than the work.
const ROWS_FOR_A_THREAD: usize = 48;

/// A series with what its head has.
struct Found {
    series: u32,
    labels: Labels,
    head: Vec<MetricSample>,
    /// Whether chunks may have something.
    sealed: bool,
    /// Rollups are made up to here.
    rolled_ms: i64,
}

/// Windows of one step, from one instant on.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is in the name")]
pub(super) struct Steps {
    from_ms: i64,
    step_ms: i64,
    /// Not included.
    pub(super) end_ms: i64,
}

impl Steps {
    /// Those of that length that a selection asks for.
    pub(super) fn of(selection: &Selection, step_ms: i64) -> Self {
        let mut steps = Self {
            from_ms: selection.from_ms,
            step_ms,
            end_ms: 0,
        };
        steps.end_ms = steps.begin(selection.to_ms).saturating_add(step_ms);
        steps
    }

    fn begin(self, at_ms: i64) -> i64 {
        at_ms - at_ms.saturating_sub(self.from_ms).rem_euclid(self.step_ms)
    }
}

impl ChunkStore {
    pub(super) async fn read_samples(
        &self,
        selection: &Selection,
    ) -> Result<Vec<SeriesSamples>, ReadError> {
        let (from_ms, to_ms) = (selection.from_ms, selection.to_ms);
        let mut work: Vec<JoinHandle<_>> = Vec::new();
        let mut out = Vec::new();
        let mut budget = selection.limits.samples;
        let series = self.select_series(selection)?;
        for slice in series.chunks(slice(series.len())) {
            let found = self.heads(slice, from_ms, to_ms);
            let rows = self.rows(Kind::Raw, &found, from_ms, to_ms).await?;
            let at = selection.at;
            let task = move || assemble(found, &rows.1, (from_ms, to_ms), at);
            if rows.0 < ROWS_FOR_A_THREAD {
                take(task()?, &mut budget, selection, &mut out)?;
            } else {
                work.push(tokio::task::spawn_blocking(task));
            }
        }
        for task in work {
            let part = task.await.map_err(StoreError::decode)??;
            take(part, &mut budget, selection, &mut out)?;
        }
        Ok(by_labels(out, |a, b| {
            let mut merged = Vec::with_capacity(a.len() + b.len());
            merge(a, &b, &mut merged);
            *a = merged;
        }))
    }

    pub(super) async fn read_windows(
        &self,
        selection: &Selection,
        step_ms: i64,
    ) -> Result<Vec<SeriesWindows>, ReadError> {
        let steps = Steps::of(selection, step_ms);
        let rollup = rollup_for(steps);
        let mut out = Vec::new();
        let mut budget = selection.limits.samples;
        for slice in self.select_series(selection)?.chunks(SLICE) {
            let (from_ms, to_ms) = (steps.from_ms, steps.end_ms - 1);
            let mut found = self.heads(slice, from_ms, to_ms);
            let mut windows = Vec::new();
            let mut raw_from_ms = from_ms;
            if let Some(kind) = rollup {
                windows = self.rows(kind, &found, from_ms, to_ms).await?.1;
                let rolled = found.iter().map(|f| f.rolled_ms).min();
                raw_from_ms = from_ms.max(rolled.unwrap_or(from_ms));
            } else {
                for one in &mut found {
                    one.rolled_ms = i64::MIN;
                }
            }
            let rows = self.rows(Kind::Raw, &found, raw_from_ms, to_ms).await?.1;
            let task = move || assemble_windows(found, &windows, &rows, steps);
            let part = tokio::task::spawn_blocking(task).await;
            let part = part.map_err(StoreError::decode)??;
            take(part, &mut budget, selection, &mut out)?;
        }
        Ok(by_labels(out, |a, b| {
            a.extend(b);
            a.sort_by_key(|w| w.from_ms);
            a.dedup_by(|later, kept| {
                let same = later.from_ms == kept.from_ms;
                if same {
                    kept.merge(later);
                }
                same
            });
        }))
    }

    fn select_series(&self, selection: &Selection) -> Result<Vec<SeriesRef>, ReadError> {
        let found = self.shared.state().index.select(&selection.matchers);
        if found.len() > selection.limits.series {
            return Err(ReadError::TooManySeries {
                found: found.len(),
                limit: selection.limits.series,
            });
        }
        Ok(found)
    }

    fn heads(&self, slice: &[SeriesRef], from_ms: i64, to_ms: i64) -> Vec<Found> {
        let state = self.shared.state();
        let found = slice.iter().filter_map(|series| {
            let entry = state.index.get(*series)?;
            let slot = state.slot(*series)?;
            let mut head = Vec::new();
            slot.head.read(from_ms, to_ms, &mut head);
            Some(Found {
                series: series.0,
                labels: entry.labels.clone(),
                head,
                // A head that is sealed in between was copied above.
                sealed: slot.sealed_ms.is_some_and(|sealed| sealed >= from_ms),
                rolled_ms: slot.rolled_ms.unwrap_or(i64::MIN),
            })
        });
        found.collect()
    }

    /// The rows of those series, and how many.
    async fn rows(
        &self,
        kind: Kind,
        found: &[Found],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<(usize, Vec<DataRow>), StoreError> {
        let sealed = found.iter().filter(|f| f.sealed).map(|f| f.series);
        let sealed: Vec<u32> = sealed.collect();
        if sealed.is_empty() || from_ms > to_ms {
            return Ok((0, Vec::new()));
        }
        let rows = self
            .shared
            .backend
            .data(kind, &sealed, from_ms, to_ms)
            .await?;
        Ok((rows.len(), rows))
    }
}

/// The rollup whose windows make up those, if one does.
fn rollup_for(steps: Steps) -> Option<Kind> {
    let whole = |base: i64| steps.step_ms % base == 0 && steps.from_ms % base == 0;
    if whole(HOUR_MS) {
        Some(Kind::Hour)
    } else if whole(FIVE_MINUTES_MS) {
        Some(Kind::FiveMinutes)
    } else {
        None
    }
}

/// Adds a slice to what is answered, as long as the limit allows.
fn take<T>(
    part: Vec<(Labels, Vec<T>)>,
    budget: &mut usize,
    selection: &Selection,
    out: &mut Vec<(Labels, Vec<T>)>,
) -> Result<(), ReadError> {
    let count: usize = part.iter().map(|(_, many)| many.len()).sum();
    *budget = budget.checked_sub(count).ok_or(ReadError::TooManySamples {
        limit: selection.limits.samples,
    })?;
    out.extend(part);
    Ok(())
}

/// In order of labels; what two sources send under the same labels is one series.
fn by_labels<T>(
    mut out: Vec<(Labels, Vec<T>)>,
    join: impl Fn(&mut Vec<T>, Vec<T>),
) -> Vec<(Labels, Vec<T>)> {
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            join(&mut kept.1, std::mem::take(&mut later.1));
        }
        same
    });
    out
}

/// The rows at the front that are of that series.
fn rows_of<'a>(rows: &mut &'a [DataRow], series: u32) -> &'a [DataRow] {
    let count = rows.iter().take_while(|row| row.series == series).count();
    let (of, rest) = rows.split_at_checked(count).unwrap_or_default();
    *rows = rest;
    of
}

fn assemble(
    found: Vec<Found>,
    rows: &[DataRow],
    (from_ms, to_ms): (i64, i64),
    at: Option<Instants>,
) -> Result<Vec<SeriesSamples>, StoreError> {
    let mut codec = Codec::default();
    let mut rest = rows;
    let mut out = Vec::with_capacity(found.len());
    // One for all series where little is kept of each.
    let mut samples = Vec::new();
    for one in found {
        samples.clear();
        for row in rows_of(&mut rest, one.series) {
            codec
                .decode(&row.data, &mut samples)
                .map_err(StoreError::decode)?;
        }
        if !samples.is_empty() {
            let end = samples.partition_point(|s| s.at_ms <= to_ms);
            samples.truncate(end);
            let begin = samples.partition_point(|s| s.at_ms < from_ms);
            samples.drain(..begin);
        }
        add_head(&mut samples, one.head);
        let samples = match at {
            Some(at) => thin(&samples, at),
            None => std::mem::take(&mut samples),
        };
        if !samples.is_empty() {
            out.push((one.labels, samples));
        }
    }
    Ok(out)
}

/// Adds the samples of a head, which count where both have one.
fn add_head(samples: &mut Vec<MetricSample>, head: Vec<MetricSample>) {
    let later = samples
        .last()
        .zip(head.first())
        .is_none_or(|(last, first)| first.at_ms > last.at_ms);
    if samples.is_empty() {
        *samples = head;
    } else if later {
        samples.extend(head);
    } else {
        let mut merged = Vec::with_capacity(samples.len() + head.len());
        merge(samples, &head, &mut merged);
        *samples = merged;
    }
}

fn assemble_windows(
    found: Vec<Found>,
    rollups: &[DataRow],
    rows: &[DataRow],
    steps: Steps,
) -> Result<Vec<SeriesWindows>, StoreError> {
    let mut reader = WindowReader::default();
    let (mut rollups, mut rows) = (rollups, rows);
    let mut out = Vec::with_capacity(found.len());
    for one in found {
        let mut windows = Vec::new();
        let until = one.rolled_ms;
        for row in rows_of(&mut rollups, one.series) {
            reader.rollup(row, steps, until, &mut windows)?;
        }
        let first_ms = steps.from_ms.max(until);
        let own = rows_of(&mut rows, one.series);
        reader.raw(own, &one.head, steps, first_ms, &mut windows)?;
        if !windows.is_empty() {
            out.push((one.labels, windows));
        }
    }
    Ok(out)
}

/// Makes windows of chunks, heads and rollups, and keeps the memory it needs for the next series.
#[derive(Default)]
pub(super) struct WindowReader {
    codec: Codec,
    rollups: WindowCodec,
    read: Vec<Window>,
    samples: Vec<MetricSample>,
}

impl WindowReader {
    /// Adds the windows of a row of a rollup that begin before `until_ms`.
    fn rollup(
        &mut self,
        row: &DataRow,
        steps: Steps,
        until_ms: i64,
        to: &mut Vec<Window>,
    ) -> Result<(), StoreError> {
        self.read.clear();
        self.rollups
            .decode(&row.data, &mut self.read)
            .map_err(StoreError::decode)?;
        for window in &self.read {
            let at = window.from_ms;
            if at >= steps.from_ms && at < steps.end_ms && at < until_ms {
                let from_ms = steps.begin(at);
                add(to, Window { from_ms, ..*window });
            }
        }
        Ok(())
    }

    /// Adds what chunks and the head have from `first_ms` on. A chunk within one window gives its
    /// summary.
    fn raw(
        &mut self,
        rows: &[DataRow],
        head: &[MetricSample],
        steps: Steps,
        first_ms: i64,
        to: &mut Vec<Window>,
    ) -> Result<(), StoreError> {
        let sealed_ms = rows.last().map_or(i64::MIN, |row| row.t1);
        let late = head.first().is_some_and(|first| first.at_ms <= sealed_ms);
        if late {
            // Samples that lie among chunks' may replace some of theirs: sums must see each once.
            self.samples.clear();
            for row in rows {
                self.codec
                    .decode(&row.data, &mut self.samples)
                    .map_err(StoreError::decode)?;
            }
            let mut merged = Vec::new();
            merge(&self.samples, head, &mut merged);
            add_samples(&merged, steps, first_ms, to);
            return Ok(());
        }
        for row in rows {
            let begin = steps.begin(row.t0);
            let whole = row.t0 >= first_ms && row.t1 < steps.end_ms;
            if whole && row.t1 < begin.saturating_add(steps.step_ms) {
                let summary = chunks::summary(&row.data).map_err(StoreError::decode)?;
                if let Some(window) = Window::of(begin, &summary) {
                    add(to, window);
                }
                continue;
            }
            self.samples.clear();
            self.codec
                .decode(&row.data, &mut self.samples)
                .map_err(StoreError::decode)?;
            add_samples(&self.samples, steps, first_ms, to);
        }
        add_samples(head, steps, first_ms, to);
        Ok(())
    }

    /// The windows of one series' rows from `from_ms` up to `end_ms`.
    pub(super) fn of_chunks(
        &mut self,
        rows: &[DataRow],
        from_ms: i64,
        end_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<Window>, StoreError> {
        let steps = Steps {
            from_ms,
            step_ms,
            end_ms,
        };
        let mut windows = Vec::new();
        self.raw(rows, &[], steps, from_ms, &mut windows)?;
        Ok(windows)
    }
}

/// Adds a window after those there are, or to the last.
fn add(to: &mut Vec<Window>, window: Window) {
    match to.last_mut() {
        Some(last) if last.from_ms == window.from_ms => last.merge(&window),
        _ => to.push(window),
    }
}

/// The windows that samples make, all of which a selection asks for.
pub(super) fn windows_of(
    samples: &[MetricSample],
    selection: &Selection,
    step_ms: i64,
) -> Vec<Window> {
    let mut windows = Vec::new();
    let steps = Steps::of(selection, step_ms);
    add_samples(samples, steps, selection.from_ms, &mut windows);
    windows
}

fn add_samples(samples: &[MetricSample], steps: Steps, first_ms: i64, to: &mut Vec<Window>) {
    let begin = samples.partition_point(|s| s.at_ms < first_ms);
    let end = samples.partition_point(|s| s.at_ms < steps.end_ms);
    let mut rest = samples.get(begin..end).unwrap_or_default();
    while let Some(first) = rest.first() {
        let from_ms = steps.begin(first.at_ms);
        let next_ms = from_ms.saturating_add(steps.step_ms);
        let count = rest.partition_point(|s| s.at_ms < next_ms);
        let (these, others) = rest.split_at_checked(count).unwrap_or_default();
        if let Some(window) = Window::of(from_ms, &Summary::of(these)) {
            add(to, window);
        }
        rest = others;
    }
}
