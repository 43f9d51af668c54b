//! The first rows of a file as a layout reads them, for a person to check.

use serde::{Deserialize, Serialize};

use super::layout::clip;
use super::{Layout, Limits, TableError, reader};

const MAX_CELL_CHARS: usize = 80;

/// How a layout reads the start of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The columns' names, in the order of the file.
    pub header: Vec<String>,
    /// The first rows, then as many bad ones from further down.
    pub rows: Vec<PreviewRow>,
    /// Rows of the sample that were understood.
    pub good: u32,
    /// Rows of the sample that were not.
    pub bad: u32,
}

/// One row of the preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewRow {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Its time as it was understood, microseconds since 1970-01-01 UTC; absent in a bad row.
    pub at_us: Option<i64>,
    /// Its cells as they stand, shortened.
    pub cells: Vec<String>,
    /// What is wrong with it.
    pub problem: Option<CellProblem>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellProblem {
    /// The position of the cell at fault, from 0; absent where the whole row is.
    pub column: Option<u32>,
    /// What is wrong.
    pub reason: String,
}

/// Reads the start of a file and shows up to `rows` rows of it. `truncated` says that the file
/// goes on, so that a half row at the end is left out.
pub fn preview(
    sample: &[u8],
    truncated: bool,
    layout: &Layout,
    rows: u32,
) -> Result<Preview, TableError> {
    // The cap on series is the whole file's affair; the sample may not stop at it.
    let limits = Limits {
        max_series: u32::MAX,
        ..Limits::default()
    };
    let (mut records, mut plan) = reader::open(sample, layout, limits)?;
    let mut preview = Preview {
        header: plan.header.clone(),
        rows: Vec::new(),
        good: 0,
        bad: 0,
    };
    let wanted = usize::try_from(rows).unwrap_or(usize::MAX);
    let (mut shown, mut shown_late) = (0_usize, 0_usize);
    // In a truncated sample a row counts once the next one has begun: the last may be half a row.
    let mut held: Option<PreviewRow> = None;
    loop {
        let record = match records.next() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(TableError::UnclosedQuote { .. }) if truncated => break,
            Err(error) => return Err(error),
        };
        let Some(outcome) = plan.row(record)? else {
            continue;
        };
        let (at_us, problem) = match outcome {
            Ok(row) => (Some(row.at_us), None),
            Err(problem) => {
                let column = problem.column.and_then(|i| u32::try_from(i).ok());
                (
                    None,
                    Some(CellProblem {
                        column,
                        reason: problem.reason,
                    }),
                )
            }
        };
        let cells = record
            .cells()
            .map(|cell| clip(&String::from_utf8_lossy(cell), MAX_CELL_CHARS))
            .collect();
        let row = PreviewRow {
            line: record.line,
            at_us,
            cells,
            problem,
        };
        if let Some(row) = held.replace(row) {
            preview.take(row, wanted, &mut shown, &mut shown_late);
        }
    }
    if let (false, Some(row)) = (truncated, held) {
        preview.take(row, wanted, &mut shown, &mut shown_late);
    }
    Ok(preview)
}

impl Preview {
    fn take(&mut self, row: PreviewRow, wanted: usize, shown: &mut usize, late: &mut usize) {
        let is_bad = row.problem.is_some();
        if is_bad {
            self.bad += 1;
        } else {
            self.good += 1;
        }
        if *shown < wanted {
            *shown += 1;
        } else if is_bad && *late < wanted {
            *late += 1;
        } else {
            return;
        }
        self.rows.push(row);
    }
}
