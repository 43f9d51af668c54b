//! Reads what the programs of this crate are given: CSV files, and `.npz` files of `NumPy` with `X` and perhaps `y`.

mod npy;
mod zip;

use std::error::Error;
use std::path::Path;

/// A table as it came: numbers row after row, NaN where there was none.
pub(crate) struct Data {
    /// The names of its numeric columns.
    pub(crate) names: Vec<String>,
    /// Values, row after row.
    pub(crate) values: Vec<f64>,
    /// One label for each row, where the file has them: true is an anomaly.
    pub(crate) labels: Option<Vec<bool>>,
    /// How many rows there are, even where no column is numeric.
    pub(crate) rows: usize,
}

/// Reads a file by its extension; `time` names the column that is no feature but the order of rows.
pub(crate) fn read(path: &Path, time: Option<&str>) -> Result<Data, Box<dyn Error>> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    if extension.eq_ignore_ascii_case("npz") {
        if time.is_some() {
            return Err("a .npz file has no time column".into());
        }
        return npz(path);
    }
    csv(path, time)
}

fn npz(path: &Path) -> Result<Data, Box<dyn Error>> {
    let archive = std::fs::read(path)?;
    let (values, shape) = numbers(&archive, "X.npy")?.ok_or("the file has no array `X`")?;
    let (rows, width) = match shape.as_slice() {
        [rows] => (*rows, 1),
        [rows, width] => (*rows, *width),
        _ => return Err("`X` has neither one nor two dimensions".into()),
    };
    let labels = numbers(&archive, "y.npy")?
        .map(|(labels, _)| labels.iter().map(|label| *label > 0.5).collect());
    Ok(Data {
        names: (0..width).map(|column| format!("x{column}")).collect(),
        values,
        labels,
        rows,
    })
}

/// An array of the archive, if it has one of that name.
fn numbers(archive: &[u8], name: &str) -> Result<Option<npy::Array>, Box<dyn Error>> {
    zip::entry(archive, name)?
        .map(|bytes| npy::read(&bytes))
        .transpose()
}

fn csv(path: &Path, time: Option<&str>) -> Result<Data, Box<dyn Error>> {
    let text = std::fs::read(path)?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter(&text))
        .from_reader(text.as_slice());
    let mut records: Vec<csv::ByteRecord> = reader.byte_records().collect::<Result<_, _>>()?;
    let header = header(&mut records);
    let at = |name| header.iter().position(|column| column == name);
    let none = |name| {
        format!(
            "no column is named {name}; there are: {}",
            header.join(", ")
        )
    };
    let time_at = time
        .map(|name| at(name).ok_or_else(|| none(name)))
        .transpose()?;
    let text = |row: usize, column: usize| {
        String::from_utf8_lossy(records[row].get(column).unwrap_or(&[]))
            .trim()
            .to_owned()
    };
    let number = |row, column| text(row, column).parse::<f64>().ok();
    let mut names = Vec::new();
    let mut columns = Vec::new();
    for (column, name) in header.iter().enumerate() {
        if Some(column) == time_at {
            continue;
        }
        // A column of words, dates or nothing is no feature; a number with holes is.
        let numbers: Vec<Option<f64>> = (0..records.len()).map(|row| number(row, column)).collect();
        let filled = (0..records.len())
            .filter(|row| !text(*row, column).is_empty())
            .count();
        let numeric = numbers.iter().flatten().count();
        if numeric > 0 && numeric * 2 >= filled {
            names.push(name.clone());
            columns.push(numbers);
        }
    }
    let values = (0..records.len())
        .flat_map(|row| {
            columns
                .iter()
                .map(move |column| column[row].unwrap_or(f64::NAN))
        })
        .collect();
    Ok(Data {
        names,
        values,
        labels: None,
        rows: records.len(),
    })
}

/// Takes the names of columns from the first line; where it has numbers alone it is no header and stays.
fn header(records: &mut Vec<csv::ByteRecord>) -> Vec<String> {
    let name = |field: &[u8]| {
        let field = String::from_utf8_lossy(field);
        field.trim().trim_start_matches('\u{feff}').to_owned()
    };
    let first: Vec<String> = records.first().into_iter().flatten().map(name).collect();
    if first.iter().all(|name| name.parse::<f64>().is_ok()) {
        return (0..first.len())
            .map(|column| format!("x{column}"))
            .collect();
    }
    records.remove(0);
    first
}

/// The separator that the first line has most of: comma, semicolon or tab.
fn delimiter(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| line.split(|byte| *byte == separator).count();
    // Of equals the last wins, and the comma is what CSV is named after.
    let separators = [b'\t', b';', b','].into_iter();
    separators
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}
