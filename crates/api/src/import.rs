//! Files on their way in: uploaded, guessed at, corrected, imported.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Error, ImportId, Instant, Result, SourceId};

/// A file on its way in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Import {
    /// The import.
    pub id: ImportId,
    /// What the file was called.
    pub file_name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was uploaded.
    pub created_at: Instant,
    /// Where it stands.
    pub state: ImportState,
    /// How it is read.
    pub settings: ImportSettings,
    /// Its first rows, read that way. Empty once the import is done.
    pub preview: Vec<PreviewRow>,
    /// What would stop it, such as two readings of a date that fit alike.
    pub question: Option<String>,
}

/// Where an import stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// It waits for somebody to look at the preview.
    Draft,
    /// It is being read and written. Nothing is visible until it is done.
    Running {
        /// Rows read so far.
        rows: u64,
        /// Bytes read so far.
        bytes: u64,
    },
    /// It is done.
    Done {
        /// What became of it.
        result: ImportResult,
    },
    /// It failed, and nothing was imported.
    Failed {
        /// Why, and what to do.
        message: String,
    },
    /// Somebody cancelled it, and nothing was imported.
    Cancelled,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportResult {
    /// The source that holds its series.
    pub source_id: SourceId,
    /// Rows read.
    pub rows: u64,
    /// Samples written or written again.
    pub samples: u64,
    /// Of these, those that took the place of a sample from before.
    #[serde(default)]
    pub replaced: u64,
    /// Series touched.
    pub series: u32,
    /// Cells of value columns that say nothing: no sample was made of them.
    #[serde(default)]
    pub empty_values: u64,
    /// Rows that describe a moment that an earlier row of the file described: they share a sample.
    #[serde(default)]
    pub merged_rows: u64,
    /// Rows of days to come, such as planned figures: they are kept, and no forecast hears of one before
    /// its day is over.
    #[serde(default)]
    pub future_rows: u64,
    /// Rows that could not be read.
    pub bad_rows: u64,
    /// The first of them, at most 50.
    pub bad: Vec<BadCell>,
}

impl ImportResult {
    /// What became of values that are no samples of their own, or of no day yet: how many, and what of
    /// them, where there are any.
    pub fn lost(&self) -> impl Iterator<Item = (u64, &'static str)> + use<> {
        let all = [
            (self.empty_values, "values were empty"),
            (self.merged_rows, "rows share a moment with an earlier one"),
            (self.replaced, "samples took the place of earlier ones"),
            (
                self.future_rows,
                "rows are dated after today: they are kept, and no forecast hears of them before",
            ),
        ];
        all.into_iter().filter(|(count, _)| *count > 0)
    }
}

/// How a file is read. Names are on the wire as they stand in `ingest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportSettings {
    /// What people will call the source; importing under the same name again updates it.
    pub source_name: String,
    /// What stands between cells.
    pub separator: Separator,
    /// What stands before the decimals.
    pub decimal: DecimalMark,
    /// How dates are written; one of `time_formats`.
    pub time_format: String,
    /// The ways of writing dates that can be chosen, with an example of each; a form does not send them.
    #[serde(default)]
    pub time_formats: Vec<(String, String)>,
    /// The time zone of dates without one (IANA), such as `Europe/Berlin`.
    pub time_zone: String,
    /// What becomes of rows with the same time and labels.
    pub duplicates: Duplicates,
    /// The columns, in the file's order.
    pub columns: Vec<Column>,
}

/// A column of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// What it is for.
    pub role: ColumnRole,
    /// The unit of its values, see [`crate::Unit::of_word`].
    pub unit: String,
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ColumnRole {
    /// When.
    Time,
    /// A number: a series.
    Value,
    /// Tells series apart.
    Label,
    /// Not read.
    Ignore,
}

/// What stands between cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tabulator.
    Tab,
    /// `|`
    Pipe,
}

/// What stands before the decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

/// What becomes of rows with the same time and labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// They add up.
    Sum,
    /// The last one counts.
    Last,
    /// Their mean counts.
    Mean,
}

/// A row of the preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PreviewRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its cells as they stand in the file, clipped.
    pub cells: Vec<String>,
    /// Why it cannot be read, if it cannot.
    pub problem: Option<BadCell>,
}

/// A cell that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BadCell {
    /// The line in the file, from 1.
    pub line: u64,
    /// The column, from 0, where it is one column's fault.
    pub column: Option<u32>,
    /// What is wrong.
    pub reason: String,
}

/// Where an upload is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staging {
    /// The import that will be.
    pub id: ImportId,
    /// The file to write.
    pub path: std::path::PathBuf,
    /// The most bytes it may have.
    pub max_bytes: u64,
}

impl Staging {
    /// The error for a file over the limit, with what to do about it.
    pub fn too_large(&self) -> Error {
        let mib = self.max_bytes / (1024 * 1024);
        Error::TooLarge {
            message: format!(
                "The file is larger than {mib} MiB. Split it by date and import the parts under the \
                 same name, or raise MILLRACE_UPLOAD_MIB."
            ),
        }
    }
}

/// Files on their way in.
#[async_trait]
pub trait Imports: Send + Sync {
    /// A place to write an upload to. Needs `monitoring:write`.
    async fn stage(&self, caller: &Caller) -> Result<Staging>;
    /// Looks at an upload that was written to its place, and guesses. Needs `monitoring:write`.
    /// A file that is no table is refused and removed.
    async fn accept(&self, caller: &Caller, staged: &Staging, file_name: &str) -> Result<Import>;
    /// One import. Needs `monitoring:read`.
    async fn get(&self, caller: &Caller, id: &ImportId) -> Result<Import>;
    /// The latest imports, newest first. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<Import>>;
    /// Reads a draft in another way. Needs `monitoring:write`.
    async fn correct(
        &self,
        caller: &Caller,
        id: &ImportId,
        settings: ImportSettings,
    ) -> Result<Import>;
    /// Starts the import in the background. Needs `monitoring:write`.
    async fn start(&self, caller: &Caller, id: &ImportId) -> Result<()>;
    /// Stops a running import, or forgets a draft; nothing stays behind. Needs `monitoring:write`.
    async fn cancel(&self, caller: &Caller, id: &ImportId) -> Result<()>;
}
