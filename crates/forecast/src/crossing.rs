//! When a forecast reaches a limit, and how sure that is.

use crate::{Bands, Outcome};

/// The standard normal deviates of the five curves of [`Bands`].
const DEVIATES: [f64; 5] = [
    -1.959_963_984_540_054,
    -1.281_551_565_544_600_4,
    0.0,
    1.281_551_565_544_600_4,
    1.959_963_984_540_054,
];
/// Below this chance within the horizon a limit counts as clear.
const LEAST_CHANCE: f64 = 0.1;

/// How far the errors of different steps go their own ways: 0 would be not at all, 1 independent.
/// Found on every other series of the competition's monthly set, checked on the rest and on daily series.
const APART: f64 = 0.1;
/// The horizon of that set, in steps. A step further off counts for less, as one in so many: errors grow with the
/// horizon, and such have as much that is new from step 50 to 100 as from 100 to 200. Counted in full, a level that
/// wavers would reach any limit near it if only one looked far enough ahead.
const FOUND_ON: f64 = 18.0;

/// From which side a limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The value rises to the limit: a disk, a budget.
    Rising,
    /// The value falls to the limit: stock, cash.
    Falling,
}

/// Whether and when a limit is reached.
///
/// Times are in steps after the last value and fractional: 1 is the first forecast step, 2.5 is half-way from the second
/// to the third.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossing {
    /// The last value is at the limit or beyond.
    Already,
    /// The limit is reached with a chance of at least one in ten.
    Reaches {
        /// When the chance of having reached it is one half; `None` beyond the horizon.
        median_step: Option<f64>,
        /// When that chance is 10 %: the early edge of the 80 % band; always within the horizon.
        lo80: Option<f64>,
        /// When it is 90 %: the late edge of the 80 % band; `None` beyond the horizon.
        hi80: Option<f64>,
        /// When it is 2.5 %: the early edge of the 95 % band; always within the horizon.
        lo95: Option<f64>,
        /// When it is 97.5 %: the late edge of the 95 % band; `None` beyond the horizon.
        hi95: Option<f64>,
        /// The chance of reaching it within the horizon, 0 to 1.
        probability: f64,
    },
    /// The chance of reaching it within the horizon is below one in ten.
    Clear {
        /// That chance, 0 to 0.1.
        probability: f64,
    },
}

/// When the series behind `outcome`, now at `last`, reaches `limit`.
///
/// At each step the chance of being at or beyond the limit is read off a distribution drawn through the five curves,
/// normal between and beyond them.
/// The chance of *having* reached it lies between the largest of these so far, as if the errors of all steps were one,
/// and what independent steps would make of them: errors of one forecast hang together, but not wholly.
/// How much they do was measured on held-out crossings; `examples/crossing_bench.rs` shows how well it holds.
///
/// A limit that is not a finite number is never reached.
pub fn time_to_limit(last: f64, outcome: &Outcome, limit: f64, direction: Direction) -> Crossing {
    crossing(last, &outcome.free, limit, direction, APART)
}

/// The same of any bands; `own` says how far the errors of different steps go their own ways, as [`APART`] does.
pub(crate) fn crossing(
    last: f64,
    bands: &Bands,
    limit: f64,
    direction: Direction,
    own: f64,
) -> Crossing {
    if !limit.is_finite() {
        return Crossing::Clear { probability: 0.0 };
    }
    let beyond = match direction {
        Direction::Rising => last >= limit,
        Direction::Falling => last <= limit,
    };
    if beyond {
        return Crossing::Already;
    }
    let (mut likeliest, mut apart) = (0.0_f64, 0.0);
    let chances: Vec<f64> = (0..bands.point.len())
        .map(|step| {
            let chance = chance_at(bands, step, limit, direction);
            likeliest = likeliest.max(chance);
            apart += (FOUND_ON / (step as f64 + 1.0)).min(1.0) * (1.0 - chance).ln();
            1.0 - ((1.0 - own) * (1.0 - likeliest).ln() + own * apart).exp()
        })
        .collect();
    let probability = chances.last().copied().unwrap_or(0.0);
    if probability < LEAST_CHANCE {
        return Crossing::Clear { probability };
    }
    let when = |chance: f64| first_time(&chances, chance);
    Crossing::Reaches {
        median_step: when(0.5),
        lo80: when(0.1),
        hi80: when(0.9),
        lo95: when(0.025),
        hi95: when(0.975),
        probability,
    }
}

/// The chance of being at or beyond the limit at one step.
fn chance_at(bands: &Bands, step: usize, limit: f64, direction: Direction) -> f64 {
    let curves = [
        &bands.lo95,
        &bands.lo80,
        &bands.point,
        &bands.hi80,
        &bands.hi95,
    ];
    let mut nodes = [0.0; 5];
    for (node, curve) in nodes.iter_mut().zip(curves) {
        // Curves of one length are the type's promise; a caller who broke it gets no crossing rather than a panic.
        let Some(value) = curve.get(step) else {
            return 0.0;
        };
        *node = *value;
    }
    match direction {
        Direction::Falling => chance_below(&nodes, limit),
        Direction::Rising => chance_below(
            &nodes
                .map(|node| -node)
                .iter()
                .rev()
                .copied()
                .collect::<Vec<_>>(),
            -limit,
        ),
    }
}

/// The chance of a value at or below `limit`, given the values at [`DEVIATES`].
fn chance_below(nodes: &[f64], limit: f64) -> f64 {
    let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
    if first >= last {
        // A forecast without any width is certain of itself.
        return if limit >= first { 1.0 } else { 0.0 };
    }
    // The piece that holds the limit; the outermost pieces reach on for ever.
    let piece = (1..nodes.len() - 1)
        .find(|upper| limit < nodes[*upper])
        .unwrap_or(nodes.len() - 1);
    let (low, high) = (nodes[piece - 1], nodes[piece]);
    let width = high - low;
    let deviate = if width > 0.0 {
        DEVIATES[piece - 1] + (limit - low) / width * (DEVIATES[piece] - DEVIATES[piece - 1])
    } else if limit >= high {
        DEVIATES[piece]
    } else {
        DEVIATES[piece - 1]
    };
    series::normal_chance(deviate)
}

/// When rising chances, one per step from step 1, first reach `chance`; the chance at step 0 is zero.
fn first_time(chances: &[f64], chance: f64) -> Option<f64> {
    // The approximation of the normal distribution must not move an edge past its own curve.
    let reached = chances.iter().position(|value| *value >= chance - 1e-6)?;
    let before = if reached == 0 {
        0.0
    } else {
        chances[reached - 1]
    };
    let rise = chances[reached] - before;
    let share = if rise > 0.0 {
        ((chance - before) / rise).clamp(0.0, 1.0)
    } else {
        1.0
    };
    Some(reached as f64 + share)
}
