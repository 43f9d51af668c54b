//! Change points: where the level or the spread of a series became another, and stayed.
//!
//! The best segmentation by the likelihood of a normal distribution with a mean and a variance for each segment,
//! found exactly by pruning: Killick, Fearnhead and Eckley, "Optimal Detection of Changepoints With a Linear
//! Computational Cost", JASA 107 (2012). The penalty is that of Zhang and Siegmund's modified information criterion,
//! "A Modified Bayes Information Criterion", Biometrics 63 (2007), for the three numbers that a change costs.
//! Values far out are drawn in first, so that one spike is not two changes.

use crate::scale::tame;
use serde::{Deserialize, Serialize};

/// The fewest points between two changes.
const SHORTEST: usize = 12;
/// Values are drawn in to so many interquartile ranges around their neighbours' median.
const DRAWN_IN: f64 = 3.0;
/// Values farther out, in widths of the middle half of all, are as good as there.
const FARTHEST: f64 = 1e3;
/// The smallest variance that sums of such squares can tell from none.
const ROUNDING: f64 = 1e-6;
/// The most points that are looked at; older ones are left out.
pub const MOST_POINTS: usize = 20_000;

/// What changed most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Changed {
    /// The mean.
    Level,
    /// The standard deviation.
    Spread,
}

/// A place where a series became another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first point of the new segment.
    pub at: usize,
    /// What changed most.
    pub changed: Changed,
    /// Mean and standard deviation of the segment before.
    pub before: (f64, f64),
    /// Mean and standard deviation of the segment after.
    pub after: (f64, f64),
}

/// The change points of a series in order of time; a gap is taken for the value before it.
///
/// Of a long series only the last [`MOST_POINTS`] are looked at.
pub fn change_points(values: &[f64]) -> Vec<Change> {
    let skipped = values.len().saturating_sub(MOST_POINTS);
    let Some((unit, centre, calm)) = calm(&values[skipped..]) else {
        return Vec::new();
    };
    let sums = Sums::new(&calm);
    let mut ends = segment(&sums, calm.len());
    ends.insert(0, 0);
    let moments = |from: usize, to: usize| {
        let (mean, variance) = sums.moments(from, to);
        (centre + mean * unit, variance.sqrt() * unit)
    };
    let changes = ends.windows(3).filter_map(|ends| {
        let &[from, at, to] = ends else { return None };
        let (before, after) = (moments(from, at), moments(at, to));
        // Each in the unit in which a change of it is seen: deviations, and factors of them.
        let level = (after.0 - before.0).abs() / before.1.max(after.1);
        let spread = (after.1 / before.1).ln().abs();
        let changed = if spread > level {
            Changed::Spread
        } else {
            Changed::Level
        };
        Some(Change {
            at: at + skipped,
            changed,
            before,
            after,
        })
    });
    changes.collect()
}

/// Values in a unit in which their squares add up, spikes drawn in; with the unit and the centre. `None` of constants.
fn calm(values: &[f64]) -> Option<(f64, f64, Vec<f64>)> {
    if values.len() < 2 * SHORTEST {
        return None;
    }
    let finite: Vec<f64> = values.iter().filter_map(|value| tame(*value)).collect();
    let centre = series::median(&finite)?;
    // The middle half if it has a width, or more where most values are the same.
    let width = |p| Some(series::quantile(&finite, 1.0 - p)? - series::quantile(&finite, p)?);
    let unit = [0.25, 0.05, 0.0]
        .into_iter()
        .filter_map(width)
        .find(|unit| *unit > 1e-12 * centre.abs())?;
    let mut before = 0.0;
    let filled: Vec<f64> = values
        .iter()
        .map(|value| {
            if let Some(value) = tame(*value) {
                before = ((value - centre) / unit).clamp(-FARTHEST, FARTHEST);
            }
            before
        })
        .collect();
    let calm = (0..filled.len()).map(|place| {
        let from = place.saturating_sub(SHORTEST / 2);
        let around = &filled[from..(place + SHORTEST / 2 + 1).min(filled.len())];
        let quantile = |p| series::quantile(around, p).unwrap_or(0.0);
        let reach = DRAWN_IN * (quantile(0.75) - quantile(0.25));
        filled[place].clamp(quantile(0.5) - reach, quantile(0.5) + reach)
    });
    Some((unit, centre, calm.collect()))
}

/// Sums of values and squares up to each point, so that every segment's moments are a difference.
struct Sums(Vec<(f64, f64)>);

impl Sums {
    fn new(values: &[f64]) -> Self {
        let mut sums = vec![(0.0, 0.0)];
        let (mut sum, mut squares) = (0.0, 0.0);
        for value in values {
            sum += value;
            squares += value * value;
            sums.push((sum, squares));
        }
        Self(sums)
    }

    /// Mean and variance of `from..to`; the variance is never below the rounding of the sums.
    fn moments(&self, from: usize, to: usize) -> (f64, f64) {
        let count = to.saturating_sub(from).max(1) as f64;
        let (a, b) = (self.0[from], self.0[to]);
        let mean = (b.0 - a.0) / count;
        (mean, ((b.1 - a.1) / count - mean * mean).max(ROUNDING))
    }

    /// Twice the negative logarithm of a segment's likelihood, but for a constant.
    fn cost(&self, from: usize, to: usize) -> f64 {
        to.saturating_sub(from) as f64 * self.moments(from, to).1.ln()
    }
}

/// The ends of the best segments.
fn segment(sums: &Sums, count: usize) -> Vec<usize> {
    let penalty = 6.0 * (count as f64).ln();
    // For each end: the cost of the best segmentation up to there, and where its last segment begins.
    let mut best = vec![(f64::INFINITY, 0_usize); count + 1];
    best[0].0 = -penalty;
    let mut open: Vec<usize> = vec![0];
    for end in SHORTEST..=count {
        let mut costs: Vec<(f64, usize)> = Vec::with_capacity(open.len());
        for begin in &open {
            costs.push((best[*begin].0 + sums.cost(*begin, end), *begin));
        }
        let least = costs.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((cost, begin)) = least else { continue };
        best[end] = (cost + penalty, begin);
        // A beginning that is behind by more than a change costs will never catch up.
        open = costs
            .into_iter()
            .filter(|c| c.0 <= cost + penalty)
            .map(|c| c.1)
            .collect();
        let next = end + 1 - SHORTEST;
        if next >= SHORTEST {
            open.push(next);
        }
    }
    let mut ends = Vec::new();
    let mut end = count;
    while end > 0 {
        ends.push(end);
        end = best[end].1;
    }
    ends.reverse();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    fn noise(count: usize, deviation: f64) -> Vec<f64> {
        let mut chance = Chance::new(9);
        (0..count).map(|_| chance.normal() * deviation).collect()
    }

    #[test]
    fn a_new_level_is_found_where_it_begins() {
        let mut values = noise(400, 1.0);
        values[250..].iter_mut().for_each(|value| *value += 4.0);
        let changes = change_points(&values);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].at.abs_diff(250) <= 2 && changes[0].changed == Changed::Level);
        assert!((changes[0].after.0 - changes[0].before.0 - 4.0).abs() < 0.5);
    }

    #[test]
    fn a_new_spread_is_found_and_named() {
        let mut values = noise(600, 1.0);
        values[300..].iter_mut().for_each(|value| *value *= 5.0);
        let changes = change_points(&values);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].at.abs_diff(300) <= 10 && changes[0].changed == Changed::Spread);
    }

    #[test]
    fn noise_and_a_spike_have_no_change() {
        let mut values = noise(1000, 1.0);
        values[500] = 1e6;
        assert_eq!(change_points(&values), []);
    }
}
