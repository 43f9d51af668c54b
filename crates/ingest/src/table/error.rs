//! Why a whole file cannot be read. A single bad row is a [`super::BadRow`], not an error.

use thiserror::Error;

/// Why a whole file cannot be read, and what to do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The bytes have another format's signature.
    #[error("this is {what}, not a table of text: {advice}")]
    NotATable {
        /// What the file seems to be, with its article: `an Excel workbook`.
        what: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// Nothing, or only blank lines.
    #[error("the file is empty: choose a file with a header and at least one row")]
    Empty,
    /// A row of names and nothing below it.
    #[error(
        "there are no rows below the header ({columns}): choose a file with a header and at least one row"
    )]
    NoRows {
        /// The columns that were seen.
        columns: String,
    },
    /// No column reads as numbers, not even half of it.
    #[error(
        "no column holds numbers (the columns are {columns}): add one, or write the numbers in one way \
         throughout"
    )]
    NoNumbers {
        /// The columns that were seen.
        columns: String,
    },
    /// No separator gives at least two columns.
    #[error(
        "no columns were found: the cells should be separated by commas, semicolons, tabs or pipes, \
         with the same number in each row"
    )]
    NoColumns,
    /// No column reads as dates.
    #[error(
        "no column holds dates (the columns are {columns}): add one, such as 2024-09-18, or write \
         the dates in one way throughout"
    )]
    NoTimeColumn {
        /// The columns that were seen.
        columns: String,
    },
    /// The layout names none or several time columns.
    #[error("{count} columns are marked as the time: mark exactly one")]
    TimeColumns {
        /// How many are marked.
        count: usize,
    },
    /// The layout has nothing to import.
    #[error("no column is marked as a value: mark at least one column of numbers")]
    NoValueColumn,
    /// Two columns of a layout share a name.
    #[error("two columns of the layout are called “{name}”: read the layout from the file again")]
    SameName {
        /// The name.
        name: String,
    },
    /// The layout asks for a column that the file lacks.
    #[error("the file has no column “{name}”: choose the layout that fits it, or guess it again")]
    MissingColumn {
        /// The missing column.
        name: String,
    },
    /// The zone is not in the time-zone database.
    #[error("“{name}” is not a time zone: write one like Europe/Berlin or UTC")]
    UnknownTimeZone {
        /// What was written.
        name: String,
    },
    /// Too many columns.
    #[error("line {line} has more than {max} columns: check the separator, or leave out columns")]
    TooManyColumns {
        /// Where.
        line: u64,
        /// The cap.
        max: usize,
    },
    /// A cell or a row is too long.
    #[error(
        "the row that starts on line {line} has a cell or a length beyond the limit of {max} bytes: \
         check it for a quotation mark that is never closed"
    )]
    TooLong {
        /// Where the row starts.
        line: u64,
        /// The cap it hit.
        max: usize,
    },
    /// The file ended inside quotation marks.
    #[error(
        "the row that starts on line {line} opens a quotation mark that is never closed: close or remove it"
    )]
    UnclosedQuote {
        /// Where the row starts.
        line: u64,
    },
    /// A zero byte in a text file.
    #[error(
        "line {line} holds a zero byte, which no text has: save the file as CSV in UTF-8 and try again"
    )]
    ZeroByte {
        /// Where.
        line: u64,
    },
    /// More series than the cap.
    #[error(
        "the file makes more than {max} series (line {line}): mark columns with many different \
         values as ignored instead of label"
    )]
    TooManySeries {
        /// Where the cap was passed.
        line: u64,
        /// The cap.
        max: u32,
    },
    /// Unsorted rows hold more points than fit.
    #[error("more than {max} points in no order: sort the file by its date column and try again")]
    TooManyPoints {
        /// The cap.
        max: u32,
    },
    /// The bytes could not be read.
    #[error("the file could not be read to its end: try again")]
    Read(#[from] std::io::Error),
    /// The caller stopped the check.
    #[error("the check was cancelled: nothing was imported")]
    Cancelled,
}
