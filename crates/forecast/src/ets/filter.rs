//! The recursions: one pass over the values, without allocation, compiled once for each kind of error and season,
//! and for one form or several side by side.

use super::form::Form;
use super::lanes::{Lanes, Number};
use crate::season::Together;

/// Smoothing of level, slope and season, and the damping of the slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Smoothing<N = f64> {
    pub(super) alpha: N,
    pub(super) beta: N,
    pub(super) gamma: N,
    pub(super) phi: N,
}

impl<const L: usize> Smoothing<Lanes<L>> {
    /// Several side by side.
    pub(super) fn side_by_side(of: &[Smoothing]) -> Self {
        Self {
            alpha: Lanes::of(of, |one| one.alpha),
            beta: Lanes::of(of, |one| one.beta),
            gamma: Lanes::of(of, |one| one.gamma),
            phi: Lanes::of(of, |one| one.phi),
        }
    }
}

/// Level, slope and season after some values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State<N = f64> {
    pub(super) level: N,
    pub(super) slope: N,
    /// One index a phase; that of the next value stands at `phase`. Empty without a season.
    pub(super) season: Vec<N>,
    pub(super) phase: usize,
}

impl<const L: usize> State<Lanes<L>> {
    /// Several of the same phase side by side.
    pub(super) fn side_by_side(of: &[&State]) -> Self {
        let first = of.first();
        let points = first.map_or(0, |first| first.season.len());
        let index = |at: usize| Lanes::of(of, |one| one.season.get(at).copied().unwrap_or(0.0));
        Self {
            level: Lanes::of(of, |one| one.level),
            slope: Lanes::of(of, |one| one.slope),
            season: (0..points).map(index).collect(),
            phase: first.map_or(0, |first| first.phase),
        }
    }
}

impl<N: Number> State<N> {
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
    /// Of the form only how error and season go together matters, so that several trends can go side by side.
    pub(super) fn filter<N: Number>(
        self,
        y: &[f64],
        smoothing: Smoothing<N>,
        state: &mut State<N>,
        tell: impl FnMut(N),
    ) -> N {
        const ADDED: u8 = 1;
        const MULTIPLIED: u8 = 2;
        match (self.error, self.season) {
            (Together::Added, None) => pass::<N, false, 0>(y, smoothing, state, tell),
            (Together::Multiplied, None) => pass::<N, true, 0>(y, smoothing, state, tell),
            (Together::Added, Some(Together::Added)) => {
                pass::<N, false, ADDED>(y, smoothing, state, tell)
            }
            (Together::Multiplied, Some(Together::Added)) => {
                pass::<N, true, ADDED>(y, smoothing, state, tell)
            }
            (Together::Added, Some(Together::Multiplied)) => {
                pass::<N, false, MULTIPLIED>(y, smoothing, state, tell)
            }
            (Together::Multiplied, Some(Together::Multiplied)) => {
                pass::<N, true, MULTIPLIED>(y, smoothing, state, tell)
            }
        }
    }
}

/// What a pass carries along.
///
/// A pass waits for its own last step most of the time, so what one step hands to the next is kept short:
/// no division is on that way, and the damped slope is carried beside the slope.
struct Carried<N> {
    level: N,
    slope: N,
    /// The slope, damped: `phi * slope`.
    growth: N,
    squares: N,
    /// The product of what was expected, and the logarithms of earlier products.
    size: N,
    logs: N,
}

fn pass<N: Number, const SHARES: bool, const SEASON: u8>(
    y: &[f64],
    smoothing: Smoothing<N>,
    state: &mut State<N>,
    mut tell: impl FnMut(N),
) -> N {
    let mut carried = Carried {
        level: state.level,
        slope: state.slope,
        growth: smoothing.phi * state.slope,
        squares: N::all(0.0),
        size: N::all(1.0),
        logs: N::all(0.0),
    };
    let damped = smoothing.phi * smoothing.beta;
    let mut step = |value: &f64, index: &mut N| {
        let value = N::all(*value);
        tell(carried.step::<SHARES, SEASON>(value, smoothing, damped, index));
    };
    if SEASON == 0 {
        let mut none = N::all(0.0);
        for value in y {
            step(value, &mut none);
        }
    } else {
        let mut rest = y;
        while !rest.is_empty() {
            let ring = state.season.get_mut(state.phase..).unwrap_or_default();
            if ring.is_empty() {
                return N::all(f64::INFINITY);
            }
            let count = ring.len().min(rest.len());
            for (value, index) in rest.iter().zip(ring) {
                step(value, index);
            }
            rest = rest.get(count..).unwrap_or_default();
            state.phase = (state.phase + count) % state.season.len();
        }
    }
    state.level = carried.level;
    state.slope = carried.slope;
    carried.deviance(y.len() as f64)
}

impl<N: Number> Carried<N> {
    #[inline]
    fn step<const SHARES: bool, const SEASON: u8>(
        &mut self,
        value: N,
        smoothing: Smoothing<N>,
        damped: N,
        index: &mut N,
    ) -> N {
        let base = self.level + self.growth;
        // How far the level is off: in its own unit, which is not that of the value where the season multiplies.
        let moved = match SEASON {
            0 => value - base,
            1 => (value - *index) - base,
            _ => value / *index - base,
        };
        self.level = base + smoothing.alpha * moved;
        self.slope = self.growth + smoothing.beta * moved;
        self.growth = smoothing.phi * self.growth + damped * moved;
        let (expected, off) = match SEASON {
            0 => (base, moved),
            1 => (base + *index, moved),
            _ => (base * *index, value - base * *index),
        };
        if !SHARES {
            self.squares = self.squares + off * off;
            let turned = if SEASON == 2 { off / base } else { off };
            *index = *index + smoothing.gamma * turned;
            return off;
        }
        let error = off / expected;
        self.squares = self.squares + error * error;
        // Not above zero: the logarithm of the product is NaN, and the deviance infinite.
        self.size = self.size * expected.each(|expected| expected.max(0.0));
        // One logarithm per few values instead of one each.
        if self.size.any(|size| !(1e-100..1e100).contains(&size)) {
            self.logs = self.logs + self.size.each(f64::ln);
            self.size = N::all(1.0);
        }
        // Added seasons under multiplied errors move by the error in the unit of `y`.
        match SEASON {
            0 => {}
            1 => *index = *index + smoothing.gamma * off,
            _ => *index = *index + smoothing.gamma * error * *index,
        }
        error
    }

    fn deviance(self, count: f64) -> N {
        // A perfect fit has minus infinity of it; a floor keeps forms comparable by their parameters.
        let spread = |squares: f64| count * (squares / count).max(1e-18).ln();
        let sizes = N::all(2.0) * (self.logs + self.size.each(f64::ln));
        let deviance = self.squares.each(spread) + sizes;
        deviance.each(|deviance| {
            if deviance.is_finite() {
                deviance
            } else {
                f64::INFINITY
            }
        })
    }
}
