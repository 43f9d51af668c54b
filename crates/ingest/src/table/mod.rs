//! Tables (CSV, TSV) of any shape with a date column.
//!
//! The way of a file: [`guess`] looks at its first bytes and proposes a [`Layout`]; [`preview`]
//! shows how that layout reads them, bad rows marked; a person corrects the layout; [`summarise`]
//! reads the whole file once and reports; [`Reader`] then streams its rows, and [`Merge`] joins
//! rows that describe the same moment of the same series. Memory does not grow with the file,
//! except for the set of series and for a `Merge` of unsorted rows.

mod cells;
mod decode;
mod error;
mod fold;
mod guess;
mod instant;
mod known;
mod layout;
mod merge;
mod money;
mod number;
mod number_guess;
mod preview;
mod reader;
mod records;
mod roles;
mod safety;
mod series_key;
mod summary;
mod time;
mod time_guess;
mod time_parts;

pub use error::TableError;
pub use guess::{guess, guess_separated};
pub use layout::{
    Column, Decimal, Duplicates, Encoding, Layout, Role, Separator, TimeFormat, TimeShape,
};
pub use merge::{Merge, Point};
pub use number::{NumberFormat, NumberProblem, parse_number};
pub use preview::{CellProblem, Preview, PreviewRow, preview};
pub use reader::{BadRow, Item, LabelSet, Reader, Row};
pub use safety::{csv_safe, is_formula};
pub use series_key::{label_name, series_key};
pub use summary::{Summary, TimeRange, summarise};

/// The most columns a table may have.
pub const MAX_COLUMNS: usize = 512;
/// The longest cell, in bytes.
pub const MAX_CELL_BYTES: usize = 64 * 1024;
/// The longest row, in bytes; what one row may cost in memory.
pub const MAX_ROW_BYTES: usize = 4 * 1024 * 1024;
/// The longest label value, in characters.
pub const MAX_LABEL_CHARS: usize = 256;

/// Caps of one import, so that a mistaken layout cannot fill the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most series (label combinations × value columns) one file may make.
    pub max_series: u32,
    /// The most points a [`Merge`] of unsorted rows may hold in memory.
    pub max_points: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_series: 10_000,
            max_points: 5_000_000,
        }
    }
}
