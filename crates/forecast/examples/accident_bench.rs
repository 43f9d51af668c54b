//! What one wrong number near the end of a history does to the forecast, on the held-out values of a `.bench` file.
//!
//! `cargo run --release -p forecast --example accident_bench -- FILE.bench`
//!
//! Prints for each accident the mean absolute error in steps of the series, the mean of what it moves from one value to
//! the next, how much of what came lay within the 80 % and the 95 % band, and where the number was held back.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

mod held_out;

use forecast::Note;
use held_out::fitted;

/// Its name, the first and the last value from the end that it befalls, and what it does to them.
type Accident = (&'static str, usize, usize, fn(f64) -> f64);

const ACCIDENTS: [Accident; 7] = [
    ("none", 1, 1, |value| value),
    ("five times, the newest", 1, 1, |value| 5.0 * value),
    ("five times, the newest but one", 2, 2, |value| 5.0 * value),
    ("five times, the fifth newest", 5, 5, |value| 5.0 * value),
    ("0, the newest", 1, 1, |_| 0.0),
    ("two fifths, the newest", 1, 1, |value| 0.4 * value),
    ("five times, the newest two", 2, 1, |value| 5.0 * value),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (clean, _) = fitted(|_| {})?;
    let steps: Vec<f64> = clean.iter().map(|(history, ..)| step(history)).collect();
    for (name, first, last, becomes) in ACCIDENTS {
        let (spoilt, pool) = fitted(|history| {
            let end = history.len();
            for value in &mut history[end - first..=end - last] {
                *value = becomes(*value);
            }
        })?;
        let (mut errors, mut count, mut within, mut held) = (0.0, 0.0, [0.0; 2], 0);
        for ((_, came, forecaster), step) in spoilt.iter().zip(&steps) {
            let outcome = forecaster.outcome(came.len(), &pool)?;
            let pairs = outcome.point.iter().zip(came);
            let off: f64 = pairs.map(|(point, came)| (point - came).abs()).sum();
            errors += off / came.len() as f64 / step;
            let bands = [
                (&outcome.lo80, &outcome.hi80),
                (&outcome.lo95, &outcome.hi95),
            ];
            for (within, (low, high)) in within.iter_mut().zip(bands) {
                let edges = low.iter().zip(high).zip(came);
                let inside = edges.filter(|((low, high), came)| (**low..=**high).contains(came));
                *within += inside.count() as f64;
            }
            count += came.len() as f64;
            let is_held = |note: &Note| matches!(note, Note::HeldBack { .. });
            held += usize::from(outcome.notes.iter().any(is_held));
        }
        println!(
            "{name:31} off by {:6.2} steps, inside 80 % {:.3}, 95 % {:.3}, held back in {held} of {}",
            errors / spoilt.len() as f64,
            within[0] / count,
            within[1] / count,
            spoilt.len()
        );
    }
    Ok(())
}

/// The mean of what a series moves from one value to the next.
fn step(history: &[f64]) -> f64 {
    let moves = history.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    (moves.sum::<f64>() / history.len().max(2) as f64).max(1e-9)
}
