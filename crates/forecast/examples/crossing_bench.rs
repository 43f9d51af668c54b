//! Whether limits are reached when `time_to_limit` says, on the held-out values of a `.bench` file.
//!
//! `cargo run --release -p forecast --example crossing_bench -- FILE.bench [AHEAD]`
//!
//! With `AHEAD` that many values at the end of each series are held out instead: how well it holds far ahead.
//! Each series is asked for six limits: a half, one and two mean steps times the root of the horizon above and below its last value.
//! Prints how often a limit was reached by what had been said of its chance, how often the time fell into the 80 % and
//! the 95 % band, and the Brier score; series at even and at odd places apart, so that one half can check the other.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

mod held_out;

use forecast::{Crossing, Direction, Outcome, time_to_limit};
use held_out::fitted;

/// One limit: what was said and what happened.
struct Asked {
    chance: f64,
    /// Edges of the 80 % and the 95 % band, infinite beyond the horizon; `None` for a limit that was said to be clear.
    bands: Option<[(f64, f64); 2]>,
    /// The step at which it was reached, infinite when it was not.
    reached: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (fitted, pool) = fitted(|_| {})?;
    for half in 0..2 {
        let mut asked = Vec::new();
        for (values, held_out, forecaster) in fitted.iter().skip(half).step_by(2) {
            let outcome = forecaster.outcome(held_out.len(), &pool)?;
            asked.extend(ask(values, held_out, &outcome));
        }
        tell(&asked);
    }
    Ok(())
}

fn ask(values: &[f64], held_out: &[f64], outcome: &Outcome) -> Vec<Asked> {
    let Some(last) = values.last().copied() else {
        return Vec::new();
    };
    let steps = values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let step = steps.sum::<f64>() / values.len() as f64 * (held_out.len() as f64).sqrt();
    let mut asked = Vec::new();
    for far in [0.5, 1.0, 2.0] {
        for direction in [Direction::Rising, Direction::Falling] {
            let sign = if direction == Direction::Rising {
                1.0
            } else {
                -1.0
            };
            let limit = last + sign * far * step;
            let beyond = |value: &f64| sign * (value - limit) >= 0.0;
            let reached = held_out.iter().position(beyond);
            let (chance, bands) = match time_to_limit(last, outcome, limit, direction) {
                Crossing::Already => continue,
                Crossing::Clear { probability } => (probability, None),
                Crossing::Reaches {
                    lo80,
                    hi80,
                    lo95,
                    hi95,
                    probability,
                    ..
                } => {
                    let edge = |edge: Option<f64>| edge.unwrap_or(f64::INFINITY);
                    let bands = [(edge(lo80), edge(hi80)), (edge(lo95), edge(hi95))];
                    (probability, Some(bands))
                }
            };
            asked.push(Asked {
                chance,
                bands,
                reached: reached.map_or(f64::INFINITY, |at| at as f64 + 1.0),
            });
        }
    }
    asked
}

fn tell(asked: &[Asked]) {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let happened = |one: &Asked| f64::from(u8::from(one.reached.is_finite()));
    println!("{} limits", asked.len());
    for low in [0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95] {
        let high = [0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.01]
            .into_iter()
            .find(|high| *high > low)
            .unwrap_or(1.01);
        let bin: Vec<&Asked> = asked
            .iter()
            .filter(|one| (low..high).contains(&one.chance))
            .collect();
        let said: Vec<f64> = bin.iter().map(|one| one.chance).collect();
        let came: Vec<f64> = bin.iter().map(|one| happened(one)).collect();
        println!(
            "  said {:.3}, came {:.3}, {} times",
            mean(&said),
            mean(&came),
            bin.len()
        );
    }
    let brier: Vec<f64> = asked
        .iter()
        .map(|one| (one.chance - happened(one)).powi(2))
        .collect();
    let covered = |which: usize| -> f64 {
        let inside = |one: &Asked| {
            let (early, late) = one.bands?[which];
            // A step counts as reached at its end, and bands are fractions of steps.
            Some(f64::from(u8::from(
                one.reached > early.ceil() - 1.0 && one.reached <= late.ceil(),
            )))
        };
        mean(&asked.iter().filter_map(inside).collect::<Vec<_>>())
    };
    println!(
        "  time inside 80 %: {:.3}, 95 %: {:.3}, Brier {:.4}",
        covered(0),
        covered(1),
        mean(&brier)
    );
}
