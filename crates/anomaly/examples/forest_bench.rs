//! The isolation forest on 100,000 rows of 8 features, 100 trees of 256: CPU time of fit and score, one row's p99.
//!
//! `cargo run --release -p anomaly --example forest_bench`
//!
//! With `PYTHON` set to an interpreter that has scikit-learn, `reference_forest.py` times scikit-learn's on rows of the
//! same kind right after, and the ratios are printed; `make bench` sets it.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use anomaly::{ForestOptions, IsolationForest, Table, TableDetector};
use std::process::Command;
use std::time::Instant;

const ROWS: usize = 100_000;
const FEATURES: usize = 8;
const RUNS: usize = 5;
const FITS: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let values = values();
    let table = Table::new(&values, FEATURES)?;
    let (mut fit, mut score) = (f64::INFINITY, f64::INFINITY);
    let mut forest = IsolationForest::fit(&table, ForestOptions::default())?;
    for seed in 0..RUNS as u64 {
        let options = ForestOptions {
            seed,
            ..ForestOptions::default()
        };
        let begin = cpu_seconds()?;
        // Many fits, as one is shorter than the kernel's accounting.
        for _ in 0..FITS {
            forest = IsolationForest::fit(&table, options)?;
        }
        let fitted = cpu_seconds()?;
        std::hint::black_box(forest.score_all(&table));
        (fit, score) = (
            fit.min((fitted - begin) / FITS as f64),
            score.min(cpu_seconds()? - fitted),
        );
    }
    println!("ours: fit {fit:.4} s, score {score:.4} s of CPU, the best of {RUNS}");
    one_by_one("the forest", &table, |row| forest.score(row));
    let some = Table::new(&values[..20_000 * FEATURES], FEATURES)?;
    let fused = TableDetector::fit(&some, ForestOptions::default())?;
    one_by_one("the fused detector", &table, |row| fused.score(row).score);
    if let Ok(python) = std::env::var("PYTHON") {
        return reference(&python, fit, score);
    }
    println!("scikit-learn: not timed, PYTHON is not set");
    Ok(())
}

/// The clock's time of each row's score alone.
fn one_by_one(name: &str, table: &Table<'_>, score: impl Fn(&[f64]) -> f64) {
    let time = |row| {
        let begin = Instant::now();
        std::hint::black_box(score(row));
        begin.elapsed().as_secs_f64() * 1e6
    };
    let mut times: Vec<f64> = table.rows().map(time).collect();
    times.sort_unstable_by(f64::total_cmp);
    let (median, p99) = (times[ROWS / 2], times[ROWS / 100 * 99]);
    println!("one row by {name}: median {median:.1} µs, p99 {p99:.1} µs");
}

fn reference(python: &str, fit: f64, score: f64) -> Result<(), Box<dyn std::error::Error>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/reference_forest.py");
    let output = Command::new(python).arg(script).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut figures = text.split_whitespace().map(str::parse::<f64>);
    let (Some(Ok(its_fit)), Some(Ok(its_score))) = (figures.next(), figures.next()) else {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    };
    println!("scikit-learn: fit {its_fit:.4} s, score {its_score:.4} s of CPU, the best of {RUNS}");
    println!(
        "ratio: fit {:.1}, score {:.2}",
        its_fit / fit,
        its_score / score
    );
    Ok(())
}

/// Sums of four uniform numbers, near enough to normal; the generator is Knuth's MMIX.
fn values() -> Vec<f64> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..ROWS * FEATURES)
        .map(|_| (0..4).map(|_| uniform()).sum())
        .collect()
}

/// CPU time of this thread, which other programs on the machine do not lengthen; the clock's where Linux does not say.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let Ok(stat) = std::fs::read_to_string("/proc/thread-self/schedstat") else {
        return Ok(BEGIN.elapsed().as_secs_f64());
    };
    let nanoseconds: f64 = stat.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}
