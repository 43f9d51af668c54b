//! The indices of a season: estimated from the season's own drift, shrunk by how little is known of them, and kept up.
//!
//! Classical decomposition takes a mean over all years and loses half a season at either end.
//! Here a second pass draws the trend through seasonally adjusted values up to the ends, and recent seasons weigh more:
//! each phase is smoothed from season to season, and how fast is chosen by how well it foretells the next one
//! as Winters' method smooths seasons (Management Science 6, 1960).
//! Then the indices are shrunk to none by the estimator of James and Stein:
//! Miller and Williams, "Shrinkage estimators of time series seasonal factors and their effect on forecasting accuracy",
//! International Journal of Forecasting 19 (2003).

use crate::season::line;
use series::{MAD_TO_SIGMA, mean, median};
use std::ops::Range;

/// Indices nearer to zero than this would blow a division up.
const SMALLEST_FACTOR: f64 = 0.01;
/// What a season may weigh against the one after it.
const FADES: [f64; 7] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.45, 0.3];
/// The fade that is preferred when the errors do not tell, and how strongly.
const USUAL_FADE: f64 = 0.8;
const FADE_WEIGHT: f64 = 0.3;
/// A value further off its index than this many standard deviations is an accident: it counts as this far.
const FARTHEST: f64 = 3.0;

/// How a season and a level go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    Added,
    Multiplied,
}

impl Together {
    /// What leaves a level as it is.
    const fn rest(self) -> f64 {
        match self {
            Self::Added => 0.0,
            Self::Multiplied => 1.0,
        }
    }

    /// How far a value is off its level.
    fn off(self, value: f64, level: f64) -> f64 {
        match self {
            Self::Added => value - level,
            Self::Multiplied => value / level,
        }
    }
}

/// The indices of one season.
#[derive(Debug, Clone)]
pub(crate) struct Indices {
    pub(crate) together: Together,
    /// One a phase; phase 0 is that of the first value.
    pub(crate) values: Vec<f64>,
    /// How much of an error an index takes over when the next season comes.
    gain: f64,
    /// A greater error counts as this.
    farthest: f64,
}

impl Indices {
    /// The indices of `season` in `y` at its end; multiplied where every value is positive and no index is tiny.
    pub(crate) fn of(y: &[f64], season: usize) -> Self {
        if y.iter().all(|value| *value > 0.0) {
            let multiplied = Self::with(y, season, Together::Multiplied);
            if multiplied
                .values
                .iter()
                .all(|value| *value > SMALLEST_FACTOR)
            {
                return multiplied;
            }
        }
        Self::with(y, season, Together::Added)
    }

    /// The indices at the beginning of `y`: those at the end of `y` read backwards.
    pub(crate) fn first(y: &[f64], season: usize, together: Together) -> Self {
        let whole = y.len() - y.len() % season;
        let turned: Vec<f64> = y[..whole].iter().rev().copied().collect();
        let mut found = Self::with(&turned, season, together);
        found.values.reverse();
        found
    }

    /// The indices of `season`, at least 2 and fitting into `y` twice, at the end of `y`.
    pub(crate) fn with(y: &[f64], season: usize, together: Together) -> Self {
        let half = season / 2;
        let off = |level: &[f64]| -> Vec<f64> {
            let pairs = y.iter().zip(level);
            pairs
                .map(|(value, level)| together.off(*value, *level) - together.rest())
                .collect()
        };
        let inner = half..y.len().saturating_sub(half);
        let rough = Smoothed::best(&off(&moving_mean(y, season)), inner, season);
        let rough = rough.indices(together);
        let adjusted = rough.removed_from(y);
        // A year and a half to either side: a shorter window takes part of the season for trend.
        let trend = local_line(&adjusted, 3 * half.max(3));
        Smoothed::best(&off(&trend), 0..y.len(), season).indices(together)
    }

    /// `y` without the season; `y[0]` is in phase 0.
    pub(crate) fn removed_from(&self, y: &[f64]) -> Vec<f64> {
        y.iter()
            .zip(self.values.iter().cycle())
            .map(|(value, index)| self.together.off(*value, *index))
            .collect()
    }

    /// A value without the season; `place` counts from the first value of all.
    pub(crate) fn removed(&self, value: f64, place: usize) -> f64 {
        match self.values.get(place % self.values.len().max(1)) {
            Some(index) => self.together.off(value, *index),
            None => value,
        }
    }

    /// Puts the season back on values of which the first is in phase `phase`.
    pub(crate) fn put_back(&self, values: &mut [f64], phase: usize) {
        let start = phase % self.values.len().max(1);
        for (value, index) in values
            .iter_mut()
            .zip(self.values.iter().cycle().skip(start))
        {
            match self.together {
                Together::Added => *value += index,
                Together::Multiplied => *value *= index,
            }
        }
    }

    /// Takes over part of what one more value says of its index, given the level it stands on.
    pub(crate) fn learn(&mut self, value: f64, level: f64, place: usize) {
        let phase = place % self.values.len().max(1);
        let seen = self.together.off(value, level);
        if let Some(index) = self.values.get_mut(phase) {
            let error = (seen - *index).max(-self.farthest).min(self.farthest);
            let moved = *index + self.gain * error;
            let usable = self.together == Together::Added || moved > SMALLEST_FACTOR;
            if moved.is_finite() && usable {
                *index = moved;
            }
        }
    }
}

/// One phase's weighted sums.
#[derive(Clone, Copy, Default)]
struct Phase {
    sum: f64,
    squares: f64,
    weight: f64,
    /// The sum of squared weights: how many seasons the mean is worth.
    weights2: f64,
}

impl Phase {
    fn mean(&self) -> f64 {
        self.sum / self.weight.max(1.0)
    }
}

/// The phases of a season, smoothed from one to the next.
struct Smoothed {
    phases: Vec<Phase>,
    fade: f64,
    farthest: f64,
    /// The mean squared error of each index as a forecast of the next season's, weighed by how usual the fade is.
    cost: f64,
}

impl Smoothed {
    /// Smooths with the fade that foretells best; only places inside `range` count.
    fn best(off: &[f64], range: Range<usize>, season: usize) -> Self {
        let changes: Vec<f64> = range
            .clone()
            .skip(season)
            .map(|at| (off[at] - off[at - season]).abs())
            .collect();
        // A change between seasons has the variance of two values.
        let sigma = MAD_TO_SIGMA * median(&changes).unwrap_or(0.0) / std::f64::consts::SQRT_2;
        let farthest = if sigma > 0.0 {
            FARTHEST * sigma
        } else {
            f64::INFINITY
        };
        // At the beginning a level may be next to nothing, and what is off it by far is no index to begin with.
        let begins = |phase: usize| {
            let places = range.clone().filter(|at| at % season == phase);
            let values: Vec<f64> = places.filter_map(|at| off.get(at).copied()).collect();
            median(&values).unwrap_or(0.0)
        };
        let begins: Vec<f64> = (0..season).map(begins).collect();
        let tried = FADES.map(|fade| Self::with(off, range.clone(), &begins, fade, farthest));
        let least = |best: Self, next: Self| if next.cost < best.cost { next } else { best };
        let [first, rest @ ..] = tried;
        rest.into_iter().fold(first, least)
    }

    /// `begins` has what the first value of each phase may be off from as far as any other from its index.
    fn with(off: &[f64], range: Range<usize>, begins: &[f64], fade: f64, farthest: f64) -> Self {
        let season = begins.len();
        let mut phases = vec![Phase::default(); season];
        let (mut errors, mut count) = (0.0, 0.0);
        let mut at = range.start % season;
        for value in off.get(range).unwrap_or_default() {
            let phase = &mut phases[at];
            let is_first = phase.weight <= 0.0;
            let index = if is_first { begins[at] } else { phase.mean() };
            let error = (value - index).max(-farthest).min(farthest);
            if !is_first {
                errors += error * error;
                count += 1.0;
            }
            let value = index + error;
            phase.sum = fade * phase.sum + value;
            phase.squares = fade * phase.squares + value * value;
            phase.weight = fade * phase.weight + 1.0;
            phase.weights2 = fade * fade * phase.weights2 + 1.0;
            at += 1;
            if at == season {
                at = 0;
            }
        }
        let unusual = (fade - USUAL_FADE) * (fade - USUAL_FADE);
        Self {
            phases,
            fade,
            farthest,
            cost: errors / f64::max(count, 1.0) * (1.0 + FADE_WEIGHT * unusual),
        }
    }

    /// The smoothed phases, centred and shrunk.
    fn indices(&self, together: Together) -> Indices {
        let count = self.phases.len() as f64;
        let mut values: Vec<f64> = self.phases.iter().map(Phase::mean).collect();
        let centre = mean(&values).unwrap_or(0.0);
        for value in &mut values {
            *value -= centre;
        }
        let (mut noise, mut freedom, mut weight) = (0.0, 0.0, 0.0);
        for phase in self.phases.iter().filter(|phase| phase.weight > 1.0) {
            let share = phase.weights2 / (phase.weight * phase.weight);
            let around = phase.squares - phase.sum * phase.sum / phase.weight;
            noise += around.max(0.0) / phase.weight * share;
            freedom += 1.0 - share;
            weight += phase.weight / count;
        }
        let noise = noise / f64::max(freedom, 1e-9);
        let spread = values.iter().map(|value| value * value).sum::<f64>() / (count - 1.0).max(1.0);
        let shrunk = ((count - 3.0) / (count - 1.0).max(1.0)).max(0.0) * noise
            / noise.max(spread).max(f64::MIN_POSITIVE);
        for value in &mut values {
            *value = together.rest() + (1.0 - shrunk) * *value;
        }
        Indices {
            together,
            values,
            gain: (1.0 - shrunk) / (self.fade * weight + 1.0),
            farthest: self.farthest,
        }
    }
}

/// The moving mean over a season around each place; half a season at either end is left at one and not to be read.
fn moving_mean(y: &[f64], season: usize) -> Vec<f64> {
    let half = season / 2;
    let even = season.is_multiple_of(2);
    let mut means = vec![1.0; y.len()];
    for (window, level) in y.windows(2 * half + 1).zip(means.iter_mut().skip(half)) {
        let total: f64 = window.iter().sum();
        let ends = match (even, window) {
            (true, [first, .., last]) => f64::midpoint(*first, *last),
            _ => 0.0,
        };
        *level = (total - ends) / season as f64;
    }
    means
}

/// A straight line through the window around each place, cut off at the ends.
fn local_line(y: &[f64], half: usize) -> Vec<f64> {
    (0..y.len())
        .map(|at| {
            let low = at.saturating_sub(half);
            let (intercept, slope) = line(&y[low..(at + half + 1).min(y.len())]);
            intercept + slope * (at - low) as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(n: usize) -> Vec<f64> {
        (0..n)
            .map(|day| {
                if day % 7 == 6 {
                    2.0
                } else {
                    20.0 + day as f64 * 0.01
                }
            })
            .collect()
    }

    #[test]
    fn removing_a_season_and_putting_it_back_changes_nothing() {
        let y = weekly(50);
        for together in [Together::Added, Together::Multiplied] {
            let indices = Indices::with(&y, 7, together);
            let mut back = indices.removed_from(&y);
            indices.put_back(&mut back, 0);
            assert!(back.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }
}
