//! The NAB score, standard profile, of the stream detector over a folder of the Numenta Anomaly Benchmark.
//!
//! `cargo run --release -p anomaly --example nab_score -- FOLDER [--raw] [--list]`
//!
//! The folder has `combined_windows.json` and `data/*/*.csv`; windows of files that are not there are left out.
//! After Lavin and Ahmad, "Evaluating Real-Time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark", ICMLA
//! (2015), and the benchmark's own rules: the first 15 % of a file, at most 750 rows, are not scored; a window counts
//! its earliest detection by a sigmoid, a missed window -1; each detection outside counts up to -0.11, less shortly
//! after a window; one threshold for all files, the one that scores best; 0 is no detection, 100 the perfect detector.
//! Beside that figure: the score at the documented threshold of 0.8, and that of each half of the files at the
//! threshold that the other half chose.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use anomaly::{StreamOptions, THRESHOLD, scan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a false positive costs beside a missed window, in the standard profile.
const FALSE_POSITIVE: f64 = 0.11;

/// A scored row: which window it lies in, and what detecting it is worth.
#[derive(Clone, Copy)]
struct Row {
    file: usize,
    score: f64,
    window: Option<usize>,
    worth: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let folder = arguments
        .first()
        .ok_or("usage: nab_score FOLDER [--raw] [--list]")?;
    let folder = Path::new(folder);
    let windows = std::fs::read_to_string(folder.join("combined_windows.json"))?;
    let windows: BTreeMap<String, Vec<[String; 2]>> = serde_json::from_str(&windows)?;
    let mut rows = Vec::new();
    let mut names = Vec::new();
    for (name, windows) in windows {
        let path = folder.join("data").join(&name);
        if path.exists() {
            rows.extend(file(&path, names.len(), &windows, has("--raw"))?);
            names.push(name);
        }
    }
    let (best, threshold) = sweep(&rows);
    println!("{} files, {} windows", names.len(), count_windows(&rows));
    println!("best threshold {threshold:.4}: {best:.1}");
    println!(
        "documented threshold {THRESHOLD}: {:.1}",
        at(&rows, THRESHOLD)
    );
    let half = |odd: usize| {
        rows.iter()
            .copied()
            .filter(move |row| row.file % 2 == odd)
            .collect()
    };
    let halves: [Vec<Row>; 2] = [half(0), half(1)];
    for (mine, other) in [(0, 1), (1, 0)] {
        let (own, chosen) = sweep(&halves[mine]);
        let held = at(&halves[other], chosen);
        println!(
            "half {mine}: {own:.1} at its best threshold {chosen:.4}, the other half {held:.1} there"
        );
    }
    if has("--list") {
        for (file, name) in names.iter().enumerate() {
            let rows: Vec<Row> = rows
                .iter()
                .copied()
                .filter(|row| row.file == file)
                .collect();
            let found = rows.iter().filter(|row| row.score >= threshold);
            let (inside, outside): (Vec<&Row>, Vec<&Row>) =
                found.partition(|row| row.window.is_some());
            let met: BTreeSet<_> = inside.iter().map(|row| row.window).collect();
            let all = count_windows(&rows);
            println!(
                "{name}: {} of {all} windows, {} false",
                met.len(),
                outside.len()
            );
        }
    }
    Ok(())
}

/// The rows of a file that count.
fn file(
    path: &Path,
    file: usize,
    windows: &[[String; 2]],
    raw: bool,
) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let records: Vec<(String, f64)> = reader.deserialize().collect::<Result<_, _>>()?;
    let values: Vec<f64> = records.iter().map(|(_, value)| *value).collect();
    let points = scan(&values, StreamOptions::default());
    // Both are written year first, so that texts compare as times do.
    let place = |time: &str| {
        let time = time.trim_end_matches(".000000");
        records.partition_point(|(seen, _)| seen.as_str() < time)
    };
    let windows: Vec<(usize, usize)> = windows.iter().map(|[a, b]| (place(a), place(b))).collect();
    let probation = (records.len() * 15 / 100).min(750);
    let row = |(at, point): (usize, &anomaly::Point)| {
        let window = windows.iter().position(|(a, b)| (*a..=*b).contains(&at));
        let worth = if let Some((a, b)) = window.and_then(|window| windows.get(window)) {
            sigmoid(-((b - at + 1) as f64) / (b - a + 1) as f64) / sigmoid(-1.0)
        } else {
            let before = windows.iter().rfind(|(_, b)| *b < at);
            let after = |(a, b): &(usize, usize)| (at - b) as f64 / (b - a) as f64;
            FALSE_POSITIVE * sigmoid(before.map_or(3.0, after))
        };
        let score = if raw { point.score } else { point.alarm() };
        Row {
            file,
            score,
            window,
            worth,
        }
    };
    Ok(points.iter().enumerate().skip(probation).map(row).collect())
}

fn sigmoid(position: f64) -> f64 {
    if position >= 3.0 {
        return -1.0;
    }
    2.0 / (1.0 + (5.0 * position).exp()) - 1.0
}

fn count_windows(rows: &[Row]) -> usize {
    let windows = rows.iter().filter_map(|row| Some((row.file, row.window?)));
    windows.collect::<BTreeSet<_>>().len()
}

/// The score of detecting every row from a threshold on.
fn at(rows: &[Row], threshold: f64) -> f64 {
    let mut windows = BTreeMap::new();
    let mut sum = 0.0;
    for row in rows {
        let found = row.score >= threshold;
        match row.window {
            Some(window) => {
                let best = windows.entry((row.file, window)).or_insert(-1.0_f64);
                *best = if found { best.max(row.worth) } else { *best };
            }
            None => sum += if found { row.worth } else { 0.0 },
        }
    }
    normalised(sum + windows.values().sum::<f64>(), windows.len())
}

fn normalised(sum: f64, windows: usize) -> f64 {
    let windows = windows as f64;
    100.0 * (sum + windows) / (2.0 * windows)
}

/// The best score of any threshold, and that threshold.
fn sweep(rows: &[Row]) -> (f64, f64) {
    let mut ranked: Vec<&Row> = rows.iter().collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    let windows = count_windows(rows);
    let mut worth = BTreeMap::new();
    let mut sum = -(windows as f64);
    let mut best = (normalised(sum, windows), 1.1);
    for tied in ranked.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        for row in tied {
            let Some(window) = row.window else {
                sum += row.worth;
                continue;
            };
            let so_far = worth.entry((row.file, window)).or_insert(-1.0);
            if row.worth > *so_far {
                sum += row.worth - *so_far;
                *so_far = row.worth;
            }
        }
        let score = normalised(sum, windows);
        if score > best.0 {
            best = (score, tied[0].score);
        }
    }
    best
}
