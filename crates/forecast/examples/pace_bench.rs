//! Whether limits are reached when the pace of late says, on machines' readings.
//!
//! `cargo run --release -p forecast --example pace_bench -- FOLDER…`
//!
//! Folders hold CSV files with a head and a value in the second column, as those of NAB; three readings are one step.
//! At every fortieth step each series is asked for limits above and below its value, at a half, one and two times what
//! it moved within the 384 steps before, and as far as its mean step goes in 144 at random; what came is what the
//! next 144 steps were.
//! Prints how often a limit was reached by what had been said of its chance, and beside it the usual rule of alerts,
//! the straight line through the last 24 steps.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::path::Path;
use std::time::Instant;

use forecast::{Crossing, Direction, pace};

const KNOWN: usize = 384;
const AHEAD: usize = 144;
const EVERY: usize = 40;

/// One limit: what was said and what happened.
struct Asked {
    chance: f64,
    /// When the chance is one half, by the pace and by the straight line; infinite beyond the horizon.
    said: f64,
    line: f64,
    /// The step at which it was reached, infinite when it was not.
    reached: f64,
}

/// The step at which it is said to be reached.
type When = fn(&Asked) -> f64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut asked, mut looks) = (Vec::new(), 0_u32);
    let begun = Instant::now();
    for folder in std::env::args().skip(1) {
        for entry in std::fs::read_dir(folder)? {
            let values = read(&entry?.path())?;
            for at in (KNOWN..values.len().saturating_sub(AHEAD)).step_by(EVERY) {
                let known = &values[at - KNOWN..at];
                let low = known.iter().copied().fold(f64::INFINITY, f64::min);
                let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if high > low {
                    looks += 1;
                    ask(known, &values[at..at + AHEAD], high - low, &mut asked);
                }
            }
        }
    }
    let spent = begun.elapsed().as_secs_f64() * 1e6 / f64::from(looks.max(1));
    tell(&asked);
    println!("{looks} looks, {spent:.0} µs each");
    Ok(())
}

fn read(path: &Path) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    let value = |line: &str| {
        line.split(',')
            .nth(1)
            .and_then(|cell| cell.trim().parse().ok())
    };
    let values: Vec<f64> = text.lines().filter_map(value).collect();
    let mean = |three: &[f64]| three.iter().sum::<f64>() / three.len() as f64;
    Ok(values.chunks_exact(3).map(mean).collect())
}

fn ask(known: &[f64], ahead: &[f64], range: f64, asked: &mut Vec<Asked>) {
    let (Some(last), Some(pace)) = (known.last(), pace(known, AHEAD)) else {
        return;
    };
    let steps = known.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let random = steps.sum::<f64>() / known.len() as f64 * (AHEAD as f64).sqrt();
    let slope = straight(&known[KNOWN - 24..]);
    for unit in [range, random] {
        for far in [0.5, 1.0, 2.0] {
            for (sign, direction) in [(1.0, Direction::Rising), (-1.0, Direction::Falling)] {
                let limit = last + sign * far * unit;
                let (chance, said) = match pace.time_to_limit(limit, direction) {
                    Crossing::Already => continue,
                    Crossing::Clear { probability } => (probability, None),
                    Crossing::Reaches {
                        median_step,
                        probability,
                        ..
                    } => (probability, median_step),
                };
                let line = far * unit / (sign * slope);
                let beyond = |value: &f64| sign * (value - limit) >= 0.0;
                let reached = ahead.iter().position(beyond);
                asked.push(Asked {
                    chance,
                    said: said.unwrap_or(f64::INFINITY),
                    line: if (0.0..AHEAD as f64).contains(&line) {
                        line
                    } else {
                        f64::INFINITY
                    },
                    reached: reached.map_or(f64::INFINITY, |at| at as f64 + 1.0),
                });
            }
        }
    }
}

/// The slope of the line of least squares.
fn straight(values: &[f64]) -> f64 {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let (mut both, mut squares) = (0.0, 0.0);
    for (place, value) in values.iter().enumerate() {
        let from = place as f64 - middle;
        both += from * value;
        squares += from * from;
    }
    both / squares
}

fn tell(asked: &[Asked]) {
    let share = |some: &[&Asked]| {
        let came = some.iter().filter(|one| one.reached.is_finite());
        came.count() as f64 / some.len().max(1) as f64
    };
    println!("{} limits", asked.len());
    let edges = [0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.01];
    for bin in edges.windows(2) {
        let of = asked
            .iter()
            .filter(|one| (bin[0]..bin[1]).contains(&one.chance));
        let of: Vec<&Asked> = of.collect();
        let said = of.iter().map(|one| one.chance).sum::<f64>() / of.len().max(1) as f64;
        println!(
            "  said {said:.3}, came {:.3}, {} times",
            share(&of),
            of.len()
        );
    }
    let says: [(&str, When); 2] = [
        ("at the pace of late", |one| one.said),
        ("the line through the last 24 steps", |one| one.line),
    ];
    for (name, when) in says {
        let told: Vec<&Asked> = asked.iter().filter(|one| when(one).is_finite()).collect();
        let came = told.iter().filter(|one| one.reached.is_finite());
        let off: Vec<f64> = came
            .map(|one| (when(one).max(1.0) / one.reached).ln().abs())
            .collect();
        println!(
            "  {name}: said of {}, came of {:.3} of them, off by a factor of {:.2}",
            told.len(),
            share(&told),
            (off.iter().sum::<f64>() / off.len().max(1) as f64).exp()
        );
    }
}
