//! Reads what the programs of this crate are given: CSV files, and `.npz` files of `NumPy` with `X` and perhaps `y`.

mod zip;

use std::error::Error;
use std::io::Read;
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

/// Numbers in C order, and how many there are along each axis.
type Array = (Vec<f64>, Vec<usize>);

/// An array as numbers in C order, whatever type and order the file has.
fn numbers(archive: &[u8], name: &str) -> Result<Option<Array>, Box<dyn Error>> {
    let Some(bytes) = zip::entry(archive, name)? else {
        return Ok(None);
    };
    let array = npyz::NpyFile::new(bytes.as_slice())?;
    let shape: Vec<usize> = array
        .shape()
        .iter()
        .map(|size| usize::try_from(*size))
        .collect::<Result<_, _>>()?;
    let order = array.order();
    let mut values = cast(array)?;
    if let ([rows, width], npyz::Order::Fortran) = (shape.as_slice(), order) {
        let by_column = values;
        values = (0..rows * width)
            .map(|place| by_column[place % width * rows + place / width])
            .collect();
    }
    Ok(Some((values, shape)))
}

#[expect(clippy::cast_lossless, reason = "one macro for all types of numbers")]
fn cast<R: Read>(array: npyz::NpyFile<R>) -> Result<Vec<f64>, Box<dyn Error>> {
    /// Tries one type after the other; what fits no `From` loses digits that no detector looks at.
    macro_rules! first_that_fits {
        ($array:ident, $($kind:ty),+) => {{
            let rest = $array;
            $(let rest = match rest.try_data::<$kind>() {
                Ok(values) => return Ok(values.map(|v| v.map(|v| v as f64)).collect::<Result<_, _>>()?),
                Err(rest) => rest,
            };)+
            rest
        }};
    }
    let rest = match array.try_data::<bool>() {
        Ok(values) => {
            return Ok(values
                .map(|v| v.map(|v| f64::from(u8::from(v))))
                .collect::<Result<_, _>>()?);
        }
        Err(rest) => rest,
    };
    let rest = first_that_fits!(rest, f64, f32, i64, i32, i16, i8, u64, u32, u16, u8);
    Err(format!("arrays of type {} are not numbers", rest.dtype().descr()).into())
}

fn csv(path: &Path, time: Option<&str>) -> Result<Data, Box<dyn Error>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let header: Vec<String> = reader
        .headers()?
        .iter()
        .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
        .collect();
    let time_at =
        match time {
            None => None,
            Some(name) => Some(header.iter().position(|column| column == name).ok_or_else(
                || {
                    format!(
                        "no column is named {name}; there are: {}",
                        header.join(", ")
                    )
                },
            )?),
        };
    let mut records = Vec::new();
    for record in reader.byte_records() {
        records.push(record?);
    }
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
