//! From the first bytes of a file to a proposal how to read it.

use std::collections::HashMap;

use super::cells::{column_names, nameless};
use super::decode::{SNIFF_BYTES, guess_encoding, refuse_other_formats};
use super::layout::clip;
use super::number::{NumberFormat, is_missing, parse_number};
use super::number_guess::guess_decimal;
use super::records::Records;
use super::roles::{Sampled, guess_duplicates, guess_roles, guess_units};
use super::time_guess::{TimeColumn, as_times, format_of, name_hint};
use super::{Column, Decimal, Encoding, Layout, Role, Separator, TableError, is_formula};

/// Rows that are looked at: enough for a year of days with several labels each.
const MAX_ROWS: usize = 2_000;
/// Rows that are looked at for each separator.
const TRIAL_ROWS: usize = 200;
const EXAMPLES: usize = 5;
const MAX_EXAMPLE_CHARS: usize = 40;

/// Proposes how to read a file from its first bytes (64 KiB to 1 MiB serve well). `truncated` says
/// that the file goes on. The proposal may lack value columns, for a person to mark; it always has
/// a time column, since without one there is nothing to propose.
pub fn guess(sample: &[u8], truncated: bool) -> Result<Layout, TableError> {
    guess_cut(sample, truncated, None)
}

/// As [`guess`], with what stands between the cells decided by a person.
pub fn guess_separated(
    sample: &[u8],
    truncated: bool,
    separator: Separator,
) -> Result<Layout, TableError> {
    guess_cut(sample, truncated, Some(separator))
}

fn guess_cut(
    sample: &[u8],
    truncated: bool,
    decided: Option<Separator>,
) -> Result<Layout, TableError> {
    refuse_other_formats(
        sample
            .get(..sample.len().min(SNIFF_BYTES))
            .unwrap_or_default(),
    )?;
    let encoding = guess_encoding(sample, truncated)?;
    let (separator, grid) = match decided {
        Some(separator) => (
            separator,
            cut(sample, truncated, encoding, separator, MAX_ROWS)?,
        ),
        None => best_grid(sample, truncated, encoding)?,
    };
    if let Some(error) = grid.error {
        return Err(error);
    }
    let body = find_body(&grid)?;
    let names = match body.header.and_then(|i| grid.rows.get(i)) {
        Some(header) => {
            let mut cells = header.cells.clone();
            cells.resize(grid.width.max(cells.len()), String::new());
            column_names(&cells)
        }
        None => (0..grid.width).map(nameless).collect(),
    };
    let rows = grid.rows.get(body.first..).unwrap_or_default();
    let columns: Vec<Sampled<'_>> = names
        .iter()
        .enumerate()
        .map(|(i, name)| Sampled {
            name,
            cells: column_of(rows, i, grid.width),
        })
        .collect();
    let time = find_time(&columns)?;
    Ok(lay_out(&columns, time, &grid, &body, (encoding, separator)))
}

fn lay_out(
    columns: &[Sampled<'_>],
    (time, found): (usize, TimeColumn),
    grid: &Grid,
    body: &Body,
    (encoding, separator): (Encoding, Separator),
) -> Layout {
    let others = columns.iter().enumerate().filter(|(i, _)| *i != time);
    let cells = others.flat_map(|(_, column)| column.cells.iter().copied());
    let decimal = guess_decimal(cells, separator);
    let thousands = decimal.decimal.usual_thousands();
    let numbers = NumberFormat {
        decimal: decimal.decimal,
        thousands,
    };
    let roles = guess_roles(columns, time, &numbers);
    let units = guess_units(columns, &roles);
    let duplicates = guess_duplicates(columns, &roles, &units);
    let time_cells = columns
        .get(time)
        .map(|column| column.cells.as_slice())
        .unwrap_or_default();
    let line = grid
        .rows
        .get(body.header.unwrap_or(body.first))
        .map_or(1, |row| row.line);
    let columns = columns
        .iter()
        .zip(roles)
        .zip(units)
        .map(|((column, role), unit)| Column {
            name: column.name.to_owned(),
            role,
            unit,
            examples: examples(&column.cells),
        });
    Layout {
        encoding,
        separator,
        title_rows_to_skip: u32::try_from(line.saturating_sub(1)).unwrap_or(u32::MAX),
        has_header: body.header.is_some(),
        decimal: decimal.decimal,
        thousands: thousands.to_owned(),
        decimal_ambiguous: decimal.ambiguous,
        columns: columns.collect(),
        time: format_of(found, time_cells, separator, decimal.decimal),
        time_zone: "UTC".to_owned(),
        duplicates,
    }
}

/// A sample cut into cells by one separator.
struct Grid {
    rows: Vec<GridRow>,
    /// The commonest number of cells.
    width: usize,
    /// The share of rows that have it.
    share: f64,
    /// What stopped the reading, if not the end of the sample.
    error: Option<TableError>,
}

struct GridRow {
    line: u64,
    cells: Vec<String>,
}

/// Where the rows begin and which row names the columns.
struct Body {
    header: Option<usize>,
    first: usize,
}

/// Cuts by each separator and keeps the cut that makes the best table.
fn best_grid(
    sample: &[u8],
    truncated: bool,
    encoding: Encoding,
) -> Result<(Separator, Grid), TableError> {
    let mut best: Option<(f64, Separator)> = None;
    let mut any_rows = false;
    let mut first_error = None;
    for separator in Separator::ALL {
        let trial = cut(sample, truncated, encoding, separator, TRIAL_ROWS)?;
        any_rows |= !trial.rows.is_empty();
        if trial.width < 2 {
            first_error = first_error.or(trial.error);
            continue;
        }
        let score = score(&trial);
        if best.is_none_or(|(known, _)| score > known) {
            best = Some((score, separator));
        }
    }
    match best {
        Some((_, separator)) => Ok((
            separator,
            cut(sample, truncated, encoding, separator, MAX_ROWS)?,
        )),
        None => Err(first_error.unwrap_or(if any_rows {
            TableError::NoColumns
        } else {
            TableError::Empty
        })),
    }
}

/// A cut is good if it gives a column of times, columns of numbers, and rows of one width.
fn score(grid: &Grid) -> f64 {
    let rows = grid
        .rows
        .get(1.min(grid.rows.len().saturating_sub(1))..)
        .unwrap_or_default();
    let mut time = 0.0_f64;
    let mut numeric = 0.0_f64;
    for i in 0..grid.width {
        let cells = column_of(rows, i, grid.width);
        let known = cells.iter().filter(|cell| !is_missing(cell)).count().max(1);
        time = time.max(as_times(&cells, false).map_or(0.0, |found| found.rate));
        let is_number = |cell: &&&str| {
            [Decimal::Point, Decimal::Comma].into_iter().any(|decimal| {
                let format = NumberFormat {
                    decimal,
                    thousands: decimal.usual_thousands(),
                };
                matches!(parse_number(cell, &format), Ok(Some(_)))
            })
        };
        let numbers = cells.iter().filter(is_number).count();
        numeric = numeric.max(numbers as f64 / known as f64);
    }
    grid.share + 2.0 * time + numeric + 0.02 * grid.width.min(20) as f64
}

fn cut(
    sample: &[u8],
    truncated: bool,
    encoding: Encoding,
    separator: Separator,
    max_rows: usize,
) -> Result<Grid, TableError> {
    let mut records = Records::open(sample, encoding, separator, 0)?;
    let mut rows: Vec<GridRow> = Vec::new();
    let mut error = None;
    let mut whole = false;
    while rows.len() <= max_rows {
        match records.next() {
            Ok(Some(record)) => rows.push(GridRow {
                line: record.line,
                cells: record.texts(),
            }),
            Ok(None) => {
                whole = true;
                break;
            }
            Err(TableError::UnclosedQuote { .. }) if truncated => break,
            Err(other) => {
                error = Some(other);
                break;
            }
        }
    }
    // The last row of a truncated sample may be half a row.
    if whole && truncated && rows.len() > 1 {
        rows.pop();
    }
    // Rows without a word are no rows to the reader either.
    rows.retain(|row| row.cells.iter().any(|cell| !cell.trim().is_empty()));
    let mut widths: HashMap<usize, usize> = HashMap::new();
    for row in &rows {
        *widths.entry(row.cells.len()).or_default() += 1;
    }
    let (width, count) = widths
        .into_iter()
        .max_by_key(|&(width, count)| (count, width))
        .unwrap_or((0, 0));
    let share = count as f64 / rows.len().max(1) as f64;
    Ok(Grid {
        rows,
        width,
        share,
        error,
    })
}

/// A column's trimmed cells, from rows of the common width.
fn column_of(rows: &[GridRow], i: usize, width: usize) -> Vec<&str> {
    rows.iter()
        .filter(|row| row.cells.len() == width)
        .map(|row| row.cells.get(i).map_or("", |cell| cell.trim()))
        .collect()
}

/// Finds the first row of data by its time, then the header among the rows before it.
fn find_body(grid: &Grid) -> Result<Body, TableError> {
    let tail = grid
        .rows
        .get(1.min(grid.rows.len().saturating_sub(1))..)
        .unwrap_or_default();
    let mut best: Option<(f64, usize, TimeColumn)> = None;
    for i in 0..grid.width {
        // The header is not known yet: any cell of the first rows may be the column's name.
        let named = grid.rows.iter().take(30).any(|row| {
            row.cells
                .get(i)
                .is_some_and(|cell| cell.len() < 40 && name_hint(cell) > 0.05)
        });
        let Some(found) = as_times(&column_of(tail, i, grid.width), named) else {
            continue;
        };
        let weight = found.rate + if found.certain { 0.2 } else { 0.0 };
        if found.rate >= 0.4 && best.is_none_or(|(known, ..)| weight > known) {
            best = Some((weight, i, found));
        }
    }
    let no_time = || match grid.rows.as_slice() {
        [only] if could_be_header(only) => TableError::NoRows {
            columns: seen_columns(grid),
        },
        _ => TableError::NoTimeColumn {
            columns: seen_columns(grid),
        },
    };
    let (_, column, found) = best.ok_or_else(no_time)?;
    let is_data = |row: &GridRow| {
        row.cells.len() == grid.width
            && row.cells.get(column).is_some_and(|cell| {
                as_times(&[cell.trim()], !found.certain)
                    .is_some_and(|time| time.rate > 0.0 && time.certain == found.certain)
            })
    };
    let first = grid.rows.iter().position(is_data).ok_or_else(no_time)?;
    let before = grid.rows.get(..first).unwrap_or_default();
    let header = before
        .iter()
        .enumerate()
        .filter(|(_, row)| row.cells.len() == grid.width && could_be_header(row))
        // The fullest row, the earliest of equals.
        .max_by_key(|(i, row)| (filled(row), std::cmp::Reverse(*i)))
        .map(|(i, _)| i);
    // Rows between the header and the first good date are rows, if bad ones.
    let first = header.map_or(first, |header| header + 1);
    Ok(Body { header, first })
}

fn filled(row: &GridRow) -> usize {
    row.cells
        .iter()
        .filter(|cell| !cell.trim().is_empty())
        .count()
}

/// Names are words: at least half the cells filled, hardly any of them a number or a date.
fn could_be_header(row: &GridRow) -> bool {
    let full = filled(row);
    let format = NumberFormat {
        decimal: Decimal::Point,
        thousands: Decimal::Point.usual_thousands(),
    };
    let number = |cell: &&String| matches!(parse_number(cell, &format), Ok(Some(_)));
    let numbers = row.cells.iter().filter(number).count();
    full >= 2 && full * 2 >= row.cells.len() && numbers * 3 <= full
}

fn seen_columns(grid: &Grid) -> String {
    let cells = grid
        .rows
        .first()
        .map(|row| row.cells.as_slice())
        .unwrap_or_default();
    let shown: Vec<String> = cells
        .iter()
        .take(8)
        .map(|cell| clip(cell.trim(), 24))
        .collect();
    let more = if cells.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

/// The column that is the time: by how well it reads, what its name says, and its place.
fn find_time(columns: &[Sampled<'_>]) -> Result<(usize, TimeColumn), TableError> {
    let names: Vec<String> = columns
        .iter()
        .map(|column| column.name.to_owned())
        .collect();
    let focus = super::known::focus_roles(&names)
        .and_then(|roles| roles.iter().position(|role| *role == Role::Time));
    let mut best: Option<(f64, usize, TimeColumn)> = None;
    for (i, column) in columns.iter().enumerate() {
        let hint = name_hint(column.name);
        let unnamed = column.name.starts_with("column ") && i == 0;
        let Some(found) = as_times(&column.cells, hint > 0.05 || unnamed) else {
            continue;
        };
        let blank = column.cells.iter().filter(|cell| is_missing(cell)).count();
        let blank_share = blank as f64 / column.cells.len().max(1) as f64;
        let standard = if focus == Some(i) { 2.0 } else { 0.0 };
        let certain = if found.certain { 0.3 } else { 0.0 };
        let weight = found.rate + hint + certain + standard - 0.5 * blank_share;
        if found.rate >= 0.4 && best.is_none_or(|(known, ..)| weight > known) {
            best = Some((weight, i, found));
        }
    }
    best.map(|(_, i, found)| (i, found))
        .ok_or_else(|| TableError::NoTimeColumn {
            columns: clip(&names.join(", "), 200),
        })
}

/// A few different cells; formulas are left out, since examples travel to pages and exports.
fn examples(cells: &[&str]) -> Vec<String> {
    let mut examples: Vec<String> = Vec::new();
    for cell in cells
        .iter()
        .filter(|cell| !cell.is_empty() && !is_formula(cell))
    {
        let example = clip(cell, MAX_EXAMPLE_CHARS);
        if !examples.contains(&example) {
            examples.push(example);
        }
        if examples.len() == EXAMPLES {
            break;
        }
    }
    examples
}
