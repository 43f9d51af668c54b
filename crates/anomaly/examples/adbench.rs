//! Ranks every labelled `.npz` file of a folder: AUROC and average precision of the isolation forest and of the fused
//! detector, each the mean of five seeds.
//!
//! `cargo run --release -p anomaly --example adbench -- FOLDER`
//!
//! With `PYTHON` set to an interpreter that has scikit-learn and pyod, the means of their detectors follow.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

mod data;
#[path = "data/ranking.rs"]
mod ranking;

use anomaly::{ForestOptions, IsolationForest, Table, TableDetector};
use ranking::auroc_and_average_precision as rank;
use std::path::PathBuf;

const SEEDS: u64 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: adbench FOLDER")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "npz"));
    files.sort();
    let mut means = [0.0; 6];
    println!("set, rows, forest AUROC, AP, extended forest AUROC, AP, fused AUROC, AP");
    for path in &files {
        let data = data::read(path, None)?;
        let labels = data.labels.ok_or("the file has no array `y`")?;
        let table = Table::new(&data.values, data.names.len())?;
        let mut figures = [0.0; 6];
        for seed in 0..SEEDS {
            let options = ForestOptions {
                seed,
                ..ForestOptions::default()
            };
            let forest = IsolationForest::fit(&table, options)?.score_all(&table);
            let extended = ForestOptions {
                extension: 1,
                ..options
            };
            let extended = IsolationForest::fit(&table, extended)?.score_all(&table);
            let fused: Vec<f64> = TableDetector::fit(&table, options)?
                .score_all(&table)?
                .iter()
                .map(|row| row.score)
                .collect();
            for (place, scores) in [forest, extended, fused].iter().enumerate() {
                let (area, precision) = rank(scores, &labels);
                figures[2 * place] += area / SEEDS as f64;
                figures[2 * place + 1] += precision / SEEDS as f64;
            }
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        println!("{name}, {}, {}", data.rows, list(&figures));
        for (mean, figure) in means.iter_mut().zip(figures) {
            *mean += figure / files.len() as f64;
        }
    }
    println!("mean of {}, , {}", files.len(), list(&means));
    if let Ok(python) = std::env::var("PYTHON") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/reference_adbench.py");
        let output = std::process::Command::new(python)
            .arg(script)
            .arg(folder)
            .output()?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
    }
    Ok(())
}

fn list(figures: &[f64]) -> String {
    let figures = figures.iter().map(|figure| format!("{figure:.4}"));
    figures.collect::<Vec<_>>().join(", ")
}
