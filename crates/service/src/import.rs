//! Files on their way in: uploads are looked at, corrected by a person, and imported whole or not at all.

mod layout;
mod run;

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use api::{
    BadCell, Caller, Error, Event, Import, ImportId, ImportSettings, ImportState, Imports,
    Permission, PreviewRow, Result, Staging, Topic,
};
use async_trait::async_trait;
use ingest::table::{self, Layout};
use store::StoredImport;
use tokio_util::sync::CancellationToken;

use crate::Hub;
use crate::audit::Note;
use crate::failure::{OrFailure, internal};
use crate::guard::{require, require_on};

/// How much of a file is looked at for the guess and the preview.
const SAMPLE_BYTES: u64 = 512 * 1024;
/// How many rows the preview shows.
const PREVIEW_ROWS: u32 = 25;
/// How names of tables end. Many programs call a list of tabs `.xls`; one of Excel's own is told by its bytes.
const ENDINGS: [&str; 9] = [
    "csv", "tsv", "tab", "txt", "dat", "asc", "prn", "log", "xls",
];
/// How many imports the list shows.
const LISTED: u32 = 50;

/// How a file is read and what its source is called: the guess, as a person corrected it.
///
/// Only the form is kept; the guess is made anew from the file, which stands still.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    source_name: String,
    layout: Layout,
}

/// Imports that run.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<ImportId, Arc<Progress>>>);

/// How far one import is.
#[derive(Default)]
pub(crate) struct Progress {
    rows: AtomicU64,
    bytes: AtomicU64,
    stop: CancellationToken,
}

impl Running {
    fn get(&self, id: &ImportId) -> Option<Arc<Progress>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// Notes that an import runs; `None` where it does already.
    fn begin(&self, id: &ImportId) -> Option<Arc<Progress>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains_key(id) {
            return None;
        }
        let progress = Arc::new(Progress::default());
        running.insert(id.clone(), progress.clone());
        Some(progress)
    }

    fn end(&self, id: &ImportId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }
}

/// The operations on imports; holds the hub by `Arc`, since an import outlives its request.
pub(crate) struct ImportDesk(pub(crate) Arc<Hub>);

#[async_trait]
impl Imports for ImportDesk {
    async fn stage(&self, caller: &Caller) -> Result<Staging> {
        require(caller, Permission::MonitoringWrite)?;
        let hub = &self.0;
        let id = ImportId(store::new_id(hub.clock.now()));
        tokio::fs::create_dir_all(&hub.uploads)
            .await
            .map_err(|error| disk(caller, &error))?;
        let path = hub.uploads.join(id.as_str());
        Ok(Staging {
            id,
            path,
            max_bytes: hub.max_upload_bytes,
        })
    }

    async fn accept(&self, caller: &Caller, staged: &Staging, file_name: &str) -> Result<Import> {
        require(caller, Permission::MonitoringWrite)?;
        let accepted = self.look_at(caller, staged, file_name).await;
        if accepted.is_err() {
            // A refused file is of no use to anyone; that it may be gone already is no fault.
            let _ = tokio::fs::remove_file(&staged.path).await;
        }
        accepted
    }

    async fn get(&self, caller: &Caller, id: &ImportId) -> Result<Import> {
        require_on(caller, Permission::MonitoringRead, "import")?;
        match self.look(caller, id).await {
            // It may have been started and finished since it was looked up: its file is gone then.
            Err(Error::Conflict { .. }) => self.look(caller, id).await,
            seen => seen,
        }
    }

    async fn list(&self, caller: &Caller) -> Result<Vec<Import>> {
        require(caller, Permission::MonitoringRead)?;
        let kept = self.0.store.imports(LISTED).await.or_failure(caller)?;
        Ok(kept
            .into_iter()
            .map(|kept| {
                let progress = self.0.running.get(&kept.id);
                shown(kept, progress.as_deref(), Vec::new())
            })
            .collect())
    }

    async fn correct(
        &self,
        caller: &Caller,
        id: &ImportId,
        settings: ImportSettings,
    ) -> Result<Import> {
        require_on(caller, Permission::MonitoringWrite, "import")?;
        let mut kept = self.draft(caller, id).await?;
        let sample = sample(caller, Path::new(&kept.path)).await?;
        let guess = guess_separated(&sample, settings.separator)?;
        // Another separator makes other columns: what was said of the old ones says nothing of them.
        let reading = if settings.separator == kept.settings.separator {
            layout::corrected(guess, &settings)?
        } else {
            layout::named(guess, &settings)?
        };
        // A layout that cannot read the file at all is refused here, with its reason.
        let preview = preview(&sample, &reading.layout)?;
        let note = Note::of("import.correct")
            .on("import", id, &kept.file_name)
            .before(&kept.settings);
        kept.settings = layout::settings(&reading);
        kept.question = layout::question(&reading.layout);
        let store = self.0.noting(caller, note.after(&kept.settings));
        store.update_import(&kept).await.or_failure(caller)?;
        Ok(shown(kept, None, preview))
    }

    async fn start(&self, caller: &Caller, id: &ImportId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "import")?;
        let kept = self.draft(caller, id).await?;
        if let Some(question) = &kept.question {
            return Err(Error::conflict(question));
        }
        let sample = sample(caller, Path::new(&kept.path)).await?;
        let reading = layout::corrected(
            guess_separated(&sample, kept.settings.separator)?,
            &kept.settings,
        )?;
        let Some(progress) = self.0.running.begin(id) else {
            return Err(Error::conflict("This import runs already."));
        };
        let note = Note::of("import.start").on("import", id, &kept.file_name);
        if let Err(error) = self.0.audit(caller, note.after(&kept.settings)).await {
            self.0.running.end(id);
            return Err(error);
        }
        run::spawn(self.0.clone(), id.clone(), kept, reading, progress);
        Ok(())
    }

    async fn cancel(&self, caller: &Caller, id: &ImportId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "import")?;
        if let Some(progress) = self.0.running.get(id) {
            let kept = self.kept(caller, id).await?;
            let note = Note::of("import.cancel").on("import", id, &kept.file_name);
            self.0.audit(caller, note).await?;
            progress.stop.cancel();
            return Ok(());
        }
        let kept = self.draft(caller, id).await?;
        let _ = tokio::fs::remove_file(&kept.path).await;
        let note = Note::of("import.cancel").on("import", id, &kept.file_name);
        self.0
            .noting(caller, note)
            .set_import_state(id, &ImportState::Cancelled)
            .await
            .or_failure(caller)?;
        self.0.bus.publish(Event::Changed {
            topic: Topic::Imports,
            id: Some(id.0.clone()),
        });
        Ok(())
    }
}

impl ImportDesk {
    async fn look_at(&self, caller: &Caller, staged: &Staging, file_name: &str) -> Result<Import> {
        let hub = &self.0;
        let bytes = tokio::fs::metadata(&staged.path)
            .await
            .map_err(|error| disk(caller, &error))?
            .len();
        if bytes > hub.max_upload_bytes {
            return Err(staged.too_large());
        }
        let sample = sample(caller, &staged.path).await?;
        let file_name: String = Path::new(file_name)
            .file_name()
            .map(|name| {
                name.to_string_lossy()
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect()
            })
            .unwrap_or_default();
        let stem = Path::new(&file_name)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let mut reading = guess(&sample)?;
        known_ending(&file_name)?;
        has_numbers(&reading.layout)?;
        reading.source_name = stem.unwrap_or_else(|| "Imported table".to_owned());
        // Before anything is kept: a draft that cannot be shown would wait for a person for ever.
        let preview = preview(&sample, &reading.layout)?;
        let kept = StoredImport {
            id: staged.id.clone(),
            path: staged.path.display().to_string(),
            bytes,
            created_at: hub.clock.now(),
            state: ImportState::Draft,
            settings: layout::settings(&reading),
            question: layout::question(&reading.layout),
            file_name,
        };
        let note = Note::of("import.upload")
            .on("import", &kept.id, &kept.file_name)
            .after(&serde_json::json!({ "bytes": bytes }));
        let store = hub.noting(caller, note);
        store.insert_import(&kept).await.or_failure(caller)?;
        hub.bus.publish(Event::Changed {
            topic: Topic::Imports,
            id: Some(staged.id.0.clone()),
        });
        Ok(shown(kept, None, preview))
    }

    async fn kept(&self, caller: &Caller, id: &ImportId) -> Result<StoredImport> {
        self.0
            .store
            .import(id)
            .await
            .or_failure(caller)?
            .ok_or_else(|| Error::not_found("import"))
    }

    /// An import that nobody has started or cancelled.
    async fn draft(&self, caller: &Caller, id: &ImportId) -> Result<StoredImport> {
        let kept = self.kept(caller, id).await?;
        if self.0.running.get(id).is_some() || kept.state != ImportState::Draft {
            return Err(Error::conflict(
                "This import is no draft any more. Upload the file again to read it in another way.",
            ));
        }
        Ok(kept)
    }

    async fn look(&self, caller: &Caller, id: &ImportId) -> Result<Import> {
        // First, since the state is written down before an import ends to run.
        let progress = self.0.running.get(id);
        let kept = self.kept(caller, id).await?;
        if progress.is_some() || kept.state != ImportState::Draft {
            return Ok(shown(kept, progress.as_deref(), Vec::new()));
        }
        let sample = sample(caller, Path::new(&kept.path)).await?;
        let guess = guess_separated(&sample, kept.settings.separator)?;
        let reading = layout::corrected(guess, &kept.settings)?;
        let preview = preview(&sample, &reading.layout)?;
        Ok(shown(kept, None, preview))
    }
}

/// An import as pages see it.
fn shown(kept: StoredImport, progress: Option<&Progress>, preview: Vec<PreviewRow>) -> Import {
    let state = progress.map_or(kept.state, |progress| ImportState::Running {
        rows: progress.rows.load(Ordering::Relaxed),
        bytes: progress.bytes.load(Ordering::Relaxed),
    });
    Import {
        id: kept.id,
        file_name: kept.file_name,
        bytes: kept.bytes,
        created_at: kept.created_at,
        state,
        settings: kept.settings,
        preview,
        question: kept.question,
    }
}

fn guess(sample: &Sample) -> Result<Reading> {
    proposal(table::guess(&sample.bytes, sample.truncated))
}

fn guess_separated(sample: &Sample, separator: api::Separator) -> Result<Reading> {
    let separator = layout::separator(separator);
    proposal(table::guess_separated(
        &sample.bytes,
        sample.truncated,
        separator,
    ))
}

fn proposal(guess: std::result::Result<Layout, table::TableError>) -> Result<Reading> {
    Ok(Reading {
        source_name: String::new(),
        layout: guess.map_err(|e| Error::invalid(e.to_string()))?,
    })
}

/// Refuses a file whose name says that it is something else, although its content reads as a table.
fn known_ending(file_name: &str) -> Result<()> {
    let Some(ending) = Path::new(file_name).extension() else {
        return Ok(());
    };
    let ending = ending.to_string_lossy().to_lowercase();
    // A number is the day or the part of a file that is written anew each day.
    if ENDINGS.contains(&ending.as_str()) || ending.chars().all(|c| c.is_ascii_digit()) {
        return Ok(());
    }
    Err(Error::field(
        "file",
        format!(
            "The name ends in .{ending}, but the content is a table of text. If that is what it should be, \
             give it a name that ends in .csv, .tsv or .txt and choose it again."
        ),
    ))
}

/// Refuses a file without a column of numbers: there is no form yet in which one could be marked.
fn has_numbers(layout: &Layout) -> Result<()> {
    if layout.value_columns().next().is_some() {
        return Ok(());
    }
    let names: Vec<&str> = layout.columns.iter().map(|c| c.name.as_str()).collect();
    let columns = names.into_iter().take(8).collect::<Vec<_>>().join(", ");
    let error = table::TableError::NoNumbers { columns };
    Err(Error::invalid(error.to_string()))
}

fn preview(sample: &Sample, layout: &Layout) -> Result<Vec<PreviewRow>> {
    let preview = table::preview(&sample.bytes, sample.truncated, layout, PREVIEW_ROWS)
        .map_err(|e| Error::invalid(e.to_string()))?;
    Ok(preview.rows.into_iter().map(preview_row).collect())
}

fn preview_row(row: table::PreviewRow) -> PreviewRow {
    let line = row.line;
    let problem = row.problem.map(|p| BadCell {
        line,
        column: p.column,
        reason: p.reason,
    });
    PreviewRow {
        line,
        cells: row.cells,
        problem,
    }
}

/// The start of a file.
struct Sample {
    bytes: Vec<u8>,
    truncated: bool,
}

async fn sample(caller: &Caller, path: &Path) -> Result<Sample> {
    let path = path.to_path_buf();
    let read = tokio::task::spawn_blocking(move || -> std::io::Result<Sample> {
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        file.take(SAMPLE_BYTES).read_to_end(&mut bytes)?;
        Ok(Sample {
            truncated: length > bytes.len() as u64,
            bytes,
        })
    });
    match read.await {
        Ok(Ok(sample)) => Ok(sample),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::conflict(
            "The uploaded file is gone. Upload it again.",
        )),
        Ok(Err(error)) => Err(disk(caller, &error)),
        Err(_) => Err(internal(caller)),
    }
}

fn disk(caller: &Caller, error: &std::io::Error) -> Error {
    tracing::error!(request_id = caller.request_id, %error, "the uploads folder failed");
    if error.kind() == std::io::ErrorKind::StorageFull {
        return Error::Unavailable {
            message: "The disk is full. Nothing was saved.".into(),
        };
    }
    internal(caller)
}
