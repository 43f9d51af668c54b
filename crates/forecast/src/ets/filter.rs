//! The recursions: one pass over the values, without allocation, compiled once for each kind of error and season.

use super::form::Form;
use crate::season::Together;

/// Smoothing of level, slope and season, and the damping of the slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Smoothing {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) gamma: f64,
    pub(super) phi: f64,
}

/// Level, slope and season after some values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(super) level: f64,
    pub(super) slope: f64,
    /// One index a phase; that of the next value stands at `phase`. Empty without a season.
    pub(super) season: Vec<f64>,
    pub(super) phase: usize,
}

impl State {
    /// Becomes a copy of `other` without a new allocation.
    pub(super) fn become_like(&mut self, other: &Self) {
        self.level = other.level;
        self.slope = other.slope;
        self.phase = other.phase;
        self.season.clear();
        self.season.extend_from_slice(&other.season);
    }
}

impl Form {
    /// Filters `y` from `state`, leaves the last state there, tells each one-step error and answers the deviance:
    /// twice the negative logarithm of the likelihood, but for a constant; infinite where a form is not possible.
    ///
    /// Errors are in the unit of `y`, or shares of what was expected where the form multiplies them.
    pub(super) fn filter(
        self,
        y: &[f64],
        smoothing: Smoothing,
        state: &mut State,
        tell: impl FnMut(f64),
    ) -> f64 {
        const ADDED: u8 = 1;
        const MULTIPLIED: u8 = 2;
        match (self.error, self.season) {
            (Together::Added, None) => pass::<false, 0>(y, smoothing, state, tell),
            (Together::Multiplied, None) => pass::<true, 0>(y, smoothing, state, tell),
            (Together::Added, Some(Together::Added)) => {
                pass::<false, ADDED>(y, smoothing, state, tell)
            }
            (Together::Multiplied, Some(Together::Added)) => {
                pass::<true, ADDED>(y, smoothing, state, tell)
            }
            (Together::Added, Some(Together::Multiplied)) => {
                pass::<false, MULTIPLIED>(y, smoothing, state, tell)
            }
            (Together::Multiplied, Some(Together::Multiplied)) => {
                pass::<true, MULTIPLIED>(y, smoothing, state, tell)
            }
        }
    }
}

/// What a pass carries along.
struct Sums {
    squares: f64,
    /// The product of what was expected, and the logarithms of earlier products.
    size: f64,
    logs: f64,
}

fn pass<const SHARES: bool, const SEASON: u8>(
    y: &[f64],
    smoothing: Smoothing,
    state: &mut State,
    mut tell: impl FnMut(f64),
) -> f64 {
    let mut sums = Sums {
        squares: 0.0,
        size: 1.0,
        logs: 0.0,
    };
    let (mut level, mut slope) = (state.level, state.slope);
    if SEASON == 0 {
        let mut none = 0.0;
        for value in y {
            let error = step::<SHARES, 0>(
                *value, smoothing, &mut level, &mut slope, &mut none, &mut sums,
            );
            tell(error);
        }
    } else {
        let mut rest = y;
        while !rest.is_empty() {
            let ring = state.season.get_mut(state.phase..).unwrap_or_default();
            if ring.is_empty() {
                return f64::INFINITY;
            }
            let count = ring.len().min(rest.len());
            for (value, index) in rest.iter().zip(ring) {
                let error = step::<SHARES, SEASON>(
                    *value, smoothing, &mut level, &mut slope, index, &mut sums,
                );
                tell(error);
            }
            rest = rest.get(count..).unwrap_or_default();
            state.phase = (state.phase + count) % state.season.len();
        }
    }
    state.level = level;
    state.slope = slope;
    let count = y.len() as f64;
    // A perfect fit has minus infinity of it; a floor keeps forms comparable by their parameters.
    let deviance =
        count * (sums.squares / count).max(1e-18).ln() + 2.0 * (sums.logs + sums.size.ln());
    if deviance.is_finite() {
        deviance
    } else {
        f64::INFINITY
    }
}

#[inline]
fn step<const SHARES: bool, const SEASON: u8>(
    value: f64,
    smoothing: Smoothing,
    level: &mut f64,
    slope: &mut f64,
    index: &mut f64,
    sums: &mut Sums,
) -> f64 {
    let Smoothing {
        alpha,
        beta,
        gamma,
        phi,
    } = smoothing;
    let base = *level + phi * *slope;
    let expected = match SEASON {
        0 => base,
        1 => base + *index,
        _ => base * *index,
    };
    let off = value - expected;
    if !SHARES {
        sums.squares += off * off;
        let (moved, turned) = if SEASON == 2 {
            (off / *index, off / base)
        } else {
            (off, off)
        };
        *level = base + alpha * moved;
        *slope = phi * *slope + beta * moved;
        *index += gamma * turned;
        return off;
    }
    let error = off / expected;
    // Not above zero: the logarithm of the product is NaN, and the deviance infinite.
    sums.size *= expected.max(0.0);
    // One logarithm per few values instead of one each.
    if !(1e-100..1e100).contains(&sums.size) {
        sums.logs += sums.size.ln();
        sums.size = 1.0;
    }
    sums.squares += error * error;
    // Added seasons under multiplied errors move by the error in the unit of `y`.
    let moved = if SEASON == 1 { off } else { base * error };
    *level = base + alpha * moved;
    *slope = phi * *slope + beta * moved;
    match SEASON {
        0 => {}
        1 => *index += gamma * off,
        _ => *index += gamma * error * *index,
    }
    error
}
