//! The search for one form's parameters: smoothing by the simplex, the first state by Gauss and Newton.

use super::filter::{Smoothing, State};
use super::form::{Form, Trend};
use super::lanes::Lanes;
use crate::linear::solve_positive;
use crate::minimise::Simplex;
use crate::season::Together;

/// How many passes go side by side: more do not fit into the registers of every processor.
const WIDEST: usize = 4;

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

    /// The search for the smoothing, with at most `budget` passes.
    fn simplex(&self, budget: usize) -> Simplex<4> {
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
        Simplex::new(self.point, bounds, budget)
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
        let mut columns: Vec<Vec<f64>> = vec![Vec::with_capacity(y.len()); count];
        for (group, columns) in columns.chunks_mut(WIDEST).enumerate() {
            let nudged: Vec<State> = (group * WIDEST..count.min((group + 1) * WIDEST))
                .map(|at| {
                    let mut nudged = self.first.clone();
                    *entry(&mut nudged, at, trended) += nudge(at);
                    nudged
                })
                .collect();
            let nudged: Vec<&State> = nudged.iter().collect();
            let smoothing = Smoothing::side_by_side(&[smoothing]);
            let state = &mut State::<Lanes<WIDEST>>::side_by_side(&nudged);
            self.form.filter(y, smoothing, state, |errors| {
                for (column, error) in columns.iter_mut().zip(errors.0) {
                    column.push(error);
                }
            });
        }
        for (at, column) in columns.iter_mut().enumerate() {
            for (nudged, error) in column.iter_mut().zip(&errors) {
                *nudged = (*nudged - error) / nudge(at);
            }
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

/// Moves the smoothing of each search downhill, with at most `budget` passes.
///
/// Those whose error and season go together alike go side by side; each comes to the same as if it went alone.
pub(super) fn smooth(searches: &mut [Search], y: &[f64], budget: usize) {
    let mut rest: Vec<&mut Search> = searches.iter_mut().collect();
    while let Some(first) = rest.first() {
        let kind = (first.form.error, first.form.season);
        let alike = |search: &&mut Search| (search.form.error, search.form.season) == kind;
        let (mut group, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(alike);
        rest = others;
        for group in group.chunks_mut(WIDEST) {
            match group.len() {
                1 => side_by_side::<1>(group, y, budget),
                2 => side_by_side::<2>(group, y, budget),
                _ => side_by_side::<WIDEST>(group, y, budget),
            }
        }
    }
}

/// [`smooth`] for at most `L` searches of one kind.
fn side_by_side<const L: usize>(group: &mut [&mut Search], y: &[f64], budget: usize) {
    let mut simplices: Vec<Simplex<4>> =
        group.iter().map(|search| search.simplex(budget)).collect();
    let firsts: Vec<&State> = group.iter().map(|search| &search.first).collect();
    let first = State::<Lanes<L>>::side_by_side(&firsts);
    let mut state = first.clone();
    let Some(form) = group.first().map(|search| search.form) else {
        return;
    };
    // A search that has ended goes along without being asked.
    while simplices.iter().any(|one| one.wanted().is_some()) {
        let asked = simplices
            .iter()
            .map(|one| decode(&one.wanted().unwrap_or_else(|| one.lowest().0)));
        let smoothing = Smoothing::side_by_side(&asked.collect::<Vec<_>>());
        state.become_like(&first);
        let deviances = form.filter(y, smoothing, &mut state, |_| {});
        for (simplex, deviance) in simplices.iter_mut().zip(deviances.0) {
            simplex.learn(deviance);
        }
    }
    for (search, simplex) in group.iter_mut().zip(&simplices) {
        (search.point, search.deviance) = simplex.lowest();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(searches: &[Search]) -> Vec<([f64; 4], f64)> {
        searches
            .iter()
            .map(|one| (one.point, one.deviance))
            .collect()
    }

    /// Numbers without a pattern but a week and a slope, all above zero.
    fn history() -> Vec<f64> {
        let noise = |day: usize| ((day * 7_919) % 101) as f64 / 20.0;
        (0..120)
            .map(|day| 40.0 + day as f64 / 10.0 + 3.0 * (day % 7) as f64 + noise(day))
            .collect()
    }

    #[test]
    fn side_by_side_each_comes_to_the_same_as_alone() {
        let y = history();
        let first = State {
            level: 40.0,
            slope: 0.1,
            season: (0..7).map(|day| 0.9 + 0.03 * f64::from(day)).collect(),
            phase: 0,
        };
        let started = |seasonal: bool| {
            let mut first = first.clone();
            if !seasonal {
                first.season.clear();
            }
            let forms = Form::admissible(seasonal, true).into_iter();
            let together = |form: Form| Search::new(form, first.clone());
            forms.map(together).collect::<Vec<_>>()
        };
        for seasonal in [false, true] {
            let mut together = started(seasonal);
            smooth(&mut together, &y, 40);
            let mut alone = started(seasonal);
            for one in &mut alone {
                smooth(std::slice::from_mut(one), &y, 40);
            }
            for (together, alone) in found(&together).iter().zip(found(&alone)) {
                assert!(together.1.is_finite() && together.1 < f64::MAX);
                assert!((together.1 - alone.1).abs() < 1e-6 * alone.1.abs());
                for (a, b) in together.0.iter().zip(alone.0) {
                    assert!((a - b).abs() < 1e-4, "{a} {b}");
                }
            }
        }
    }
}
