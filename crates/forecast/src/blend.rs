//! The members of an ensemble, their weights, and the blend of what they say.

use crate::backtest::Tried;
use crate::{BackTestError, FitError, MemberReport, Model, Predict};

/// The share of the median in the blend; the rest is the weighted mean.
const MEDIAN_SHARE: f64 = 0.5;

/// How many of them a median needs to say who is alone.
const FEWEST_FOR_A_MEDIAN: usize = 3;
/// So many times the whole range of the history, and as much again for each length of it that is looked ahead,
/// nobody is from the others who has not run away: straight lines through any of it stay within.
const FARTHEST: f64 = 2.0;

/// How far apart members may be.
///
/// Some are unstable where they were hardly tried: on a perfectly straight history complex smoothing fits within a
/// thousandth and swings to a thousand times the range within 65 steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// From the lowest value of the history to its highest.
    range: f64,
    count: usize,
}

impl Reach {
    pub(crate) fn of(y: &[f64]) -> Self {
        let low = y.iter().copied().fold(f64::INFINITY, f64::min);
        let high = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self {
            range: high - low,
            count: y.len().max(1),
        }
    }

    /// What members say, without those that run away from the others.
    pub(crate) fn without_runaways(self, mut says: Vec<(f64, Vec<f64>)>) -> Vec<(f64, Vec<f64>)> {
        // One after the other, since who runs away the farthest moves the median that the others are measured by.
        while says.len() >= FEWEST_FOR_A_MEDIAN {
            let median = middle(&says);
            let farthest = says
                .iter()
                .map(|(_, points)| self.excess(points, &median))
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1));
            match farthest {
                Some((index, excess)) if excess > 1.0 => drop(says.remove(index)),
                _ => break,
            }
        }
        says
    }

    /// How far what somebody says is from the median, where it is farthest, as a multiple of what is allowed there.
    fn excess(self, points: &[f64], median: &[f64]) -> f64 {
        let steps = points.iter().zip(median).enumerate();
        let excess = steps.map(|(step, (point, median))| {
            let lengths = 1.0 + (step + 1) as f64 / self.count as f64;
            (point - median).abs() / (FARTHEST * self.range * lengths)
        });
        excess.fold(0.0, f64::max)
    }
}

/// The median of what is said at each step.
fn middle(says: &[(f64, Vec<f64>)]) -> Vec<f64> {
    let steps = says.first().map_or(0, |(_, points)| points.len());
    let mut at_step = Vec::with_capacity(says.len());
    let at = |step: usize| {
        at_step.clear();
        at_step.extend(says.iter().filter_map(|(_, points)| points.get(step)));
        at_step.sort_unstable_by(f64::total_cmp);
        series::quantile_sorted(&at_step, 0.5).unwrap_or(0.0)
    };
    (0..steps).map(at).collect()
}

/// One model after its trial, on the scaled axis.
pub(crate) struct Member {
    pub(crate) model: Model,
    pub(crate) fitted: Result<Box<dyn Predict>, FitError>,
    /// What it said at each origin, cut off at the floor; `None` when it failed there.
    pub(crate) tried: Option<Tried>,
    pub(crate) error: Option<BackTestError>,
    pub(crate) weight: f64,
}

impl Member {
    /// What is told about it; `error` is in the unit of the history.
    pub(crate) fn report(&self, error: Option<BackTestError>) -> MemberReport {
        let failed = match (&self.fitted, error) {
            (Err(failure), _) => Some(failure.to_string()),
            (Ok(_), None) => Some("a fit in the back-test failed".to_owned()),
            (Ok(_), Some(_)) => None,
        };
        MemberReport {
            model: self.model,
            weight: self.weight,
            error,
            failed,
        }
    }

    /// Takes one more value in.
    pub(crate) fn update(&mut self, value: f64) {
        if let Ok(fitted) = &mut self.fitted {
            fitted.update(value);
        }
    }

    /// The same without what was only needed for the back-test.
    pub(crate) fn without_trial(mut self) -> Self {
        self.tried = None;
        self
    }

    /// The next values, if it works and has a say.
    pub(crate) fn says(&self, horizon: usize) -> Option<Vec<f64>> {
        let fitted = self.fitted.as_ref().ok().filter(|_| self.weight > 0.0)?;
        let points = fitted.predict(horizon);
        let usable = points.len() == horizon && points.iter().all(|point| point.is_finite());
        usable.then_some(points)
    }
}

/// Gives every member that worked its share; the floor, which comes first, only stands in when nothing else did.
///
/// Weights are the inverse of the back-test errors and no sharper: with few origins they are guesses themselves, and a combination
/// that is nearly equal is hard to beat
/// (Claeskens, Magnus, Vasnev and Wang, "The forecast combination puzzle", International Journal of Forecasting 32, 2016).
pub(crate) fn weigh(members: &mut [Member]) {
    let score = |member: &Member| {
        let error = member.error.filter(|_| member.fitted.is_ok())?;
        // A member that was perfect is not infinitely better than one that nearly was.
        Some(1.0 / (error.mase + 1e-3))
    };
    let scores: Vec<Option<f64>> = members.iter().map(score).collect();
    let alone = scores.iter().skip(1).all(Option::is_none);
    let total: f64 = scores.iter().skip(usize::from(!alone)).flatten().sum();
    for (index, (member, score)) in members.iter_mut().zip(scores).enumerate() {
        member.weight = match score {
            Some(score) if index > 0 || alone => score / total,
            _ => 0.0,
        };
    }
}

/// The blend of what members say, each with its weight: part weighted mean, part median, which keeps one model's
/// accident out; `None` when nobody says anything.
pub(crate) fn blend(says: &[(f64, Vec<f64>)]) -> Option<Vec<f64>> {
    let total: f64 = says.iter().map(|(weight, _)| weight).sum();
    says.first()?;
    let blended = middle(says).into_iter().enumerate().map(|(step, median)| {
        let mean: f64 = says
            .iter()
            .filter_map(|(weight, points)| Some(weight / total * points.get(step)?))
            .sum();
        MEDIAN_SHARE * median + (1.0 - MEDIAN_SHARE) * mean
    });
    Some(blended.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_away_is_not_heard_and_who_only_differs_is() {
        let reach = Reach::of(&[0.0, 10.0, 5.0, 8.0]);
        let calm = |value: f64| (0.3, vec![value; 4]);
        let wild = (0.1, vec![7.0, 20.0, 90.0, 400.0]);
        let heard = reach.without_runaways(vec![calm(5.0), wild.clone(), calm(9.0), calm(24.0)]);
        assert_eq!(heard, [calm(5.0), calm(9.0), calm(24.0)]);
        // Of two nobody can say who is wrong.
        let two = vec![calm(5.0), wild];
        assert_eq!(reach.without_runaways(two.clone()), two);
    }
}
