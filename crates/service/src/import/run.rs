//! One import from start to end: checked whole, then written whole or not at all.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::{
    BadCell, Caller, Domain, Error, Event, ImportId, ImportResult, ImportState, Instant,
    SourceKind, Topic, Unit,
};
use ingest::table::{self, Item, Layout, Limits, Merge, Point, Reader, Summary, TableError};
use store::{Arrival, ImportWriter, Imported, NewSeries, NewSource, StoredImport};
use tokio::sync::mpsc;

use super::{Progress, Reading};
use crate::Hub;
use crate::audit::Note;
use crate::failure::{OrFailure, internal};

/// How many points travel from the reader to the writer at once.
const SLICE: usize = 10_000;
/// How often pages are told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// Starts an import in the background.
pub(super) fn spawn(
    hub: Arc<Hub>,
    id: ImportId,
    kept: StoredImport,
    reading: Reading,
    progress: Arc<Progress>,
) {
    let StoredImport {
        path, file_name, ..
    } = kept;
    let teller = tokio::spawn(tell(hub.clone(), id.0.clone()));
    tokio::spawn(async move {
        let caller = Caller::system("import");
        let state = match import(&hub, &caller, PathBuf::from(&path), reading, &progress).await {
            Ok(result) => ImportState::Done { result },
            Err(_) if progress.stop.is_cancelled() => ImportState::Cancelled,
            Err(error) => ImportState::Failed {
                message: error.to_string(),
            },
        };
        teller.abort();
        let done = matches!(state, ImportState::Done { .. });
        tracing::info!(import = %id, done, "an import ended");
        // The file has served; what was imported stands in the store.
        let _ = tokio::fs::remove_file(&path).await;
        // Logged where it failed: the import then shows as a draft whose file is gone.
        let note = Note::of("import.end").on("import", &id, file_name);
        let note = match &state {
            ImportState::Failed { message } => note.failed(message),
            state => note.after(state),
        };
        let _ = hub
            .noting(&caller, note)
            .set_import_state(&id, &state)
            .await
            .or_failure(&caller);
        hub.running.end(&id);
        for topic in [Topic::Imports, Topic::Series, Topic::Sources] {
            hub.bus.publish(Event::Changed {
                topic,
                id: Some(id.0.clone()),
            });
        }
    });
}

async fn tell(hub: Arc<Hub>, id: String) {
    loop {
        hub.bus.publish(Event::Changed {
            topic: Topic::Imports,
            id: Some(id.clone()),
        });
        tokio::time::sleep(TELL_EVERY).await;
    }
}

async fn import(
    hub: &Arc<Hub>,
    caller: &Caller,
    path: PathBuf,
    reading: Reading,
    progress: &Arc<Progress>,
) -> Result<ImportResult, Error> {
    let summary = check(
        caller,
        path.clone(),
        reading.layout.clone(),
        progress.clone(),
    )
    .await?;
    if summary.good == 0 {
        let why = summary
            .problems
            .first()
            .map_or_else(String::new, |p| format!(" Line {}: {}", p.line, p.reason));
        return Err(Error::invalid(format!(
            "No row could be read as it is set up now.{why}"
        )));
    }
    let (written, future_rows) =
        write(hub, caller, path, &reading, summary.sorted, progress).await?;
    let samples = written.new + written.replaced;
    let first = summary.problems.first();
    let arrival = Arrival {
        accepted: samples,
        duplicates: written.replaced,
        refused: summary.bad,
        last_refusal: first.map(|p| format!("line {}: {}", p.line, p.reason)),
        ..Arrival::default()
    };
    hub.store
        .bump_source(&written.source_id, &arrival, hub.clock.now())
        .await
        .or_failure(caller)?;
    Ok(ImportResult {
        source_id: written.source_id,
        rows: summary.rows,
        samples,
        replaced: written.replaced,
        series: u32::try_from(written.series.len()).unwrap_or(u32::MAX),
        empty_values: summary.missing,
        merged_rows: summary.duplicates,
        future_rows,
        bad_rows: summary.bad,
        bad: summary.problems.into_iter().map(bad_cell).collect(),
    })
}

fn bad_cell(bad: table::BadRow) -> BadCell {
    let place = bad.column.map_or_else(String::new, |column| {
        format!(" (column {column}: “{}”)", bad.text)
    });
    BadCell {
        line: bad.line,
        column: None,
        reason: format!("{}{place}", bad.reason),
    }
}

/// Reads the whole file once and writes nothing.
async fn check(
    caller: &Caller,
    path: PathBuf,
    layout: Layout,
    progress: Arc<Progress>,
) -> Result<Summary, Error> {
    let work = tokio::task::spawn_blocking(move || -> Result<Summary, TableError> {
        let file = BufReader::new(File::open(path)?);
        table::summarise(file, &layout, Limits::default(), &mut |bytes| {
            // Reading is half of the way, writing the other half.
            progress.bytes.store(bytes / 2, Ordering::Relaxed);
            if progress.stop.is_cancelled() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    });
    work.await
        .map_err(|_| internal(caller))?
        .map_err(|error| Error::invalid(error.to_string()))
}

/// Streams the file into one transaction; answers how many rows are of days to come, too.
async fn write(
    hub: &Arc<Hub>,
    caller: &Caller,
    path: PathBuf,
    reading: &Reading,
    sorted: bool,
    progress: &Arc<Progress>,
) -> Result<(Imported, u64), Error> {
    let (sender, mut receiver) = mpsc::channel::<Vec<Point>>(4);
    let layout = reading.layout.clone();
    let watched = progress.clone();
    // Days begin in UTC, as those of forecasts do.
    let tomorrow = (hub.clock.now().0.div_euclid(Instant::DAY) + 1) * Instant::DAY;
    let reader = tokio::task::spawn_blocking(move || {
        read(path, &layout, sorted, tomorrow, &watched, &sender)
    });
    let source = NewSource {
        external_key: format!("file:{}", reading.source_name),
        name: reading.source_name.clone(),
        kind: SourceKind::File,
        demo: false,
        expected_every_seconds: None,
    };
    let mut naming = Naming::new(&reading.layout);
    let mut writer = hub.store.begin_import(source).await.or_failure(caller)?;
    while let Some(points) = receiver.recv().await {
        if progress.stop.is_cancelled() {
            return Err(Error::conflict("It was cancelled."));
        }
        let rows = naming.rows(&mut writer, &points);
        writer.write(&rows).await.or_failure(caller)?;
    }
    // The channel also closes where reading failed: then nothing is committed.
    let future = reader
        .await
        .map_err(|_| internal(caller))?
        .map_err(|error| Error::invalid(error.to_string()))?;
    let written = writer.commit(hub.clock.now()).await.or_failure(caller)?;
    Ok((written, future))
}

/// Sends the file's points to the writer; answers how many rows are of `tomorrow` or later.
fn read(
    path: PathBuf,
    layout: &Layout,
    sorted: bool,
    tomorrow: i64,
    progress: &Progress,
    sender: &mpsc::Sender<Vec<Point>>,
) -> Result<u64, TableError> {
    let file = File::open(path)?;
    let total = file.metadata()?.len();
    let mut reader = Reader::open(BufReader::new(file), layout)?;
    let mut merge = Merge::new(layout, sorted, Limits::default());
    let mut slice = Vec::with_capacity(SLICE);
    let (mut rows, mut future) = (0_u64, 0_u64);
    while let Some(item) = reader.next() {
        rows += 1;
        if let Item::Row(row) = item? {
            future += u64::from(row.at_us >= tomorrow);
            slice.extend(merge.push(row)?);
        }
        if slice.len() >= SLICE || rows.is_multiple_of(SLICE as u64) {
            progress.rows.store(rows, Ordering::Relaxed);
            progress
                .bytes
                .store(total / 2 + reader.bytes_read() / 2, Ordering::Relaxed);
            // A closed channel means that the writer gave up; it says why.
            if progress.stop.is_cancelled()
                || sender.blocking_send(std::mem::take(&mut slice)).is_err()
            {
                return Err(TableError::Cancelled);
            }
        }
    }
    for point in merge.finish() {
        slice.push(point);
        if slice.len() >= SLICE && sender.blocking_send(std::mem::take(&mut slice)).is_err() {
            return Err(TableError::Cancelled);
        }
    }
    let _ = sender.blocking_send(slice);
    Ok(future)
}

/// Which series a value column of a set of labels is.
struct Naming {
    columns: Vec<(String, Unit)>,
    aggregation: api::Aggregation,
    /// The writer's handle, by label set and column.
    known: HashMap<(u32, usize), u32>,
}

impl Naming {
    fn new(layout: &Layout) -> Self {
        let columns = layout
            .value_columns()
            .map(|c| {
                (
                    c.name.clone(),
                    Unit::of_word(c.unit.as_deref().unwrap_or_default()),
                )
            })
            .collect();
        let aggregation = match layout.duplicates {
            table::Duplicates::Sum => api::Aggregation::Sum,
            table::Duplicates::Last => api::Aggregation::Last,
            table::Duplicates::Mean => api::Aggregation::Mean,
        };
        Self {
            columns,
            aggregation,
            known: HashMap::new(),
        }
    }

    fn rows(&mut self, writer: &mut ImportWriter, points: &[Point]) -> Vec<(u32, Instant, f64)> {
        let mut rows = Vec::with_capacity(points.len() * self.columns.len());
        for point in points {
            for (at, value) in point.values.iter().enumerate() {
                let Some(value) = value else { continue };
                let place = (point.labels.id, at);
                let handle = if let Some(handle) = self.known.get(&place) {
                    *handle
                } else {
                    let Some(series) = self.describe(point, at) else {
                        continue;
                    };
                    let handle = writer.series(series);
                    self.known.insert(place, handle);
                    handle
                };
                rows.push((handle, Instant(point.at_us), *value));
            }
        }
        rows
    }

    fn describe(&self, point: &Point, at: usize) -> Option<NewSeries> {
        let (name, unit) = self.columns.get(at)?;
        let labels: Vec<_> = point
            .labels
            .pairs
            .iter()
            .map(|(k, v)| (table::label_name(k), v.clone()))
            .collect();
        let values = labels
            .iter()
            .map(|(_, v)| v.as_str())
            .collect::<Vec<_>>()
            .join(" · ");
        Some(NewSeries {
            key: table::series_key(name, &point.labels.pairs),
            name: name.clone(),
            title: if values.is_empty() {
                name.clone()
            } else {
                format!("{values} {name}")
            },
            labels,
            unit: unit.clone(),
            aggregation: self.aggregation,
            domain: Domain::Business,
            non_negative: false,
            limit: None,
            stake: None,
        })
    }
}
