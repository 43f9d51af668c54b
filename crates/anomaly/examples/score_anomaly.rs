//! Scores the rows of any table: a line with a number for each row, 0 to 1, and nothing else on standard output.
//!
//! `cargo run --release -p anomaly --example score_anomaly -- FILE.csv [--time COLUMN] [--raw]`
//!
//! Without `--time` the rows are in no order, and the fused detector is fitted on all of them.
//! With it they are a series in order of time, one for each numeric column: the score of a row knows the rows before it
//! only, and a point that belongs to a finding that was begun before counts half, unless `--raw` is given.
//! Columns that are not numbers have no say, holes are allowed; `.npz` files need an array `X`;
//! with labels `y`, AUROC and average precision go to standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to a terminal"
)]

mod data;
#[path = "data/ranking.rs"]
mod ranking;

use anomaly::{ForestOptions, Stream, StreamOptions, Table, TableDetector, fuse_points};
use std::fmt::Write as _;
use std::path::Path;

const USAGE: &str = "usage: score_anomaly FILE.csv|FILE.npz [--time COLUMN] [--raw]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut file, mut time, mut raw) = (None, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--time" => time = Some(arguments.next().ok_or(USAGE)?),
            "--raw" => raw = true,
            _ if file.is_none() => file = Some(argument),
            _ => return Err(USAGE.into()),
        }
    }
    let file = file.ok_or(USAGE)?;
    let data = data::read(Path::new(&file), time.as_deref())?;
    let width = data.names.len();
    let scores = if width == 0 {
        eprintln!("no column has numbers: every row scores 0");
        vec![0.0; data.rows]
    } else if time.is_some() {
        series(&data.values, width, raw)
    } else {
        rows(&data.values, width, data.rows)?
    };
    if let Some(labels) = data.labels {
        let (area, precision) = ranking::auroc_and_average_precision(&scores, &labels);
        eprintln!("by the labels `y`: AUROC {area:.4}, average precision {precision:.4}");
    }
    let mut out = String::new();
    for score in scores {
        writeln!(out, "{score:.9}")?;
    }
    print!("{out}");
    Ok(())
}

fn rows(values: &[f64], width: usize, count: usize) -> Result<Vec<f64>, anomaly::AnomalyError> {
    if count < anomaly::FEWEST_ROWS {
        eprintln!("{count} rows do not say what is usual: every row scores 0");
        return Ok(vec![0.0; count]);
    }
    let table = Table::new(values, width)?;
    let detector = TableDetector::fit(&table, ForestOptions::default())?;
    let scores = detector.score_all(&table)?;
    Ok(scores.iter().map(|row| row.score).collect())
}

fn series(values: &[f64], width: usize, raw: bool) -> Vec<f64> {
    let options = StreamOptions::default();
    let mut streams = vec![Stream::new(options); width];
    let mut incidents = anomaly::Incidents::new(options.incidents);
    let at_once = |row: &[f64]| {
        let points = streams.iter_mut().zip(row);
        let points: Vec<_> = points.map(|(stream, value)| stream.push(*value)).collect();
        let score = fuse_points(&points);
        match incidents.push(score) {
            anomaly::Standing::Continues if !raw => score / 2.0,
            _ => score,
        }
    };
    values.chunks_exact(width).map(at_once).collect()
}
