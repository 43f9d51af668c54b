//! The search for one form's parameters: smoothing by the simplex, the first state by Gauss and Newton.

use super::filter::{Smoothing, State};
use super::form::{Form, Trend};
use crate::linear::solve_positive;
use crate::minimise::minimise;
use crate::season::Together;
use std::cell::RefCell;

/// The damping of a damped trend, as the book bounds it.
const DAMPING: (f64, f64) = (0.8, 0.98);
/// Above this many points the first season stays as the decomposition found it: each point costs a pass a step.
const LONGEST_ESTIMATED: usize = 24;
/// After this many values the first state is forgotten.
const LONGEST_REMEMBERED: usize = 500;

/// How far the first state is drawn to where it starts, as a share of what the values say of it:
/// a month's index has few values to speak for it, and an estimate drawn to the decomposition forecasts better.
const SEASON_RIDGE: f64 = 0.1;
const LEVEL_RIDGE: f64 = 0.001;

/// One form on its way to a fit.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub(super) form: Form,
    /// In the search's own box: alpha, beta / alpha, gamma / (1 - alpha), phi.
    point: [f64; 4],
    /// The state before the first value.
    first: State,
    /// Twice the negative log likelihood.
    deviance: f64,
}

impl Search {
    pub(super) fn new(form: Form, first: State) -> Self {
        Self {
            form,
            point: [0.3, 0.1, 0.1, 0.95],
            first,
            deviance: f64::INFINITY,
        }
    }

    /// Moves the smoothing downhill, with at most `budget` passes.
    pub(super) fn smooth(&mut self, y: &[f64], budget: usize) {
        // Each parameter is searched inside the admissible box; those a form has not are pinned by an empty one.
        let pin = |used: bool, low: f64, high: f64, rest: f64| {
            if used { (low, high) } else { (rest, rest) }
        };
        let trended = self.form.trend != Trend::None;
        let bounds = [
            (0.001, 0.999),
            pin(trended, 0.001, 0.6, 0.0),
            pin(self.form.season.is_some(), 0.0001, 0.7, 0.0),
            pin(
                self.form.trend == Trend::Damped,
                DAMPING.0,
                DAMPING.1,
                f64::from(u8::from(trended)),
            ),
        ];
        // One buffer for all passes: the search makes a few hundred.
        let buffer = RefCell::new(self.first.clone());
        let cost = |point: &[f64; 4]| {
            let state = &mut *buffer.borrow_mut();
            state.become_like(&self.first);
            self.form.filter(y, decode(point), state, |_| {})
        };
        (self.point, self.deviance) = minimise(cost, self.point, &bounds, budget);
    }

    /// One step of Gauss and Newton on the first state: level, slope and season together.
    ///
    /// Linear forms have their least squares in one step, the others come near it.
    pub(super) fn refine(&mut self, y: &[f64]) {
        if self.first.season.len() > LONGEST_ESTIMATED || y.len() > LONGEST_REMEMBERED {
            return;
        }
        let smoothing = decode(&self.point);
        let mut state = self.first.clone();
        let mut errors = Vec::with_capacity(y.len());
        self.form
            .filter(y, smoothing, &mut state, |error| errors.push(error));
        let trended = usize::from(self.form.trend != Trend::None);
        let count = 1 + trended + self.first.season.len();
        let size = y.iter().map(|v| v.abs()).sum::<f64>() / y.len() as f64;
        let nudge = |at: usize| {
            if at > trended && self.form.season == Some(Together::Multiplied) {
                1e-4
            } else {
                1e-4 * size
            }
        };
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(count);
        for at in 0..count {
            state.become_like(&self.first);
            *entry(&mut state, at, trended) += nudge(at);
            let mut column = Vec::with_capacity(y.len());
            self.form
                .filter(y, smoothing, &mut state, |error| column.push(error));
            for (nudged, error) in column.iter_mut().zip(&errors) {
                *nudged = (*nudged - error) / nudge(at);
            }
            columns.push(column);
        }
        let mut normal = vec![0.0; count * count];
        let mut right = vec![0.0; count];
        for a in 0..count {
            for b in 0..=a {
                let dot: f64 = columns[a].iter().zip(&columns[b]).map(|(x, y)| x * y).sum();
                normal[a * count + b] = dot;
                normal[b * count + a] = dot;
            }
            right[a] = -columns[a]
                .iter()
                .zip(&errors)
                .map(|(x, y)| x * y)
                .sum::<f64>();
        }
        for a in 0..count {
            let here = normal[a * count + a];
            let ridge = if a > trended {
                SEASON_RIDGE
            } else {
                LEVEL_RIDGE
            };
            normal[a * count + a] += ridge * here + 1e-12;
        }
        let Some(step) = solve_positive(&mut normal, right) else {
            return;
        };
        for share in [1.0, 0.4] {
            let mut moved = self.first.clone();
            for (at, by) in step.iter().enumerate() {
                *entry(&mut moved, at, trended) += share * by;
            }
            state.become_like(&moved);
            let deviance = self.form.filter(y, smoothing, &mut state, |_| {});
            if deviance < self.deviance {
                self.first = moved;
                self.deviance = deviance;
                return;
            }
        }
    }

    /// Akaike's information, corrected for few values.
    pub(super) fn information(&self, count: usize) -> f64 {
        let free = self.form.parameters(self.first.season.len());
        let count = count as f64;
        // With about as many parameters as values the correction is infinite: such a form is never chosen.
        let correction = if count > free + 1.0 {
            2.0 * free * (free + 1.0) / (count - free - 1.0)
        } else {
            f64::INFINITY
        };
        self.deviance + 2.0 * free + correction
    }

    /// The smoothing found and the state after the last value.
    pub(super) fn finish(&self, y: &[f64]) -> (Smoothing, State) {
        let smoothing = decode(&self.point);
        let mut state = self.first.clone();
        self.form.filter(y, smoothing, &mut state, |_| {});
        (smoothing, state)
    }
}

fn decode(point: &[f64; 4]) -> Smoothing {
    let [alpha, share, season_share, phi] = *point;
    Smoothing {
        alpha,
        beta: alpha * share,
        gamma: (1.0 - alpha) * season_share,
        phi,
    }
}

/// One number of a state: level, slope if there is one, then the season.
fn entry(state: &mut State, at: usize, trended: usize) -> &mut f64 {
    if at == 0 {
        &mut state.level
    } else if at <= trended {
        &mut state.slope
    } else {
        &mut state.season[at - 1 - trended]
    }
}
