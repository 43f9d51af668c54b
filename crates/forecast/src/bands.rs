//! Bands from the errors that the same ensemble made in its back-test: split conformal prediction,
//! made to grow with the step and steadied where errors are few.
//!
//! Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", Springer (2005);
//! for several steps ahead, Stankeviciute, Alaa and van der Schaar, "Conformal time-series forecasting", `NeurIPS` (2021).

use crate::Bands;
use series::quantile_sorted;

/// Half of a normal distribution's 80 % and 95 % lie within these many standard deviations.
const Z_80: f64 = 1.281_551_565_544_600_4;
const Z_95: f64 = 1.959_963_984_540_054;
/// How fast errors grow with the step when the back-test does not say: between a constant (0) and a random walk (0.5).
const USUAL_GROWTH: f64 = 0.3;
/// How many errors the usual growth is worth.
const GROWTH_WEIGHT: f64 = 40.0;
/// Even one stretch of errors is worth this many facts.
const FEWEST_FACTS: f64 = 2.5;
/// How many facts the shape of the normal distribution is worth.
const SHAPE_WEIGHT: f64 = 4.0;

/// One back-test error: how far off, at which step (1 is the next).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Miss {
    pub(crate) step: usize,
    pub(crate) off: f64,
}

/// Half the width of the 80 % and the 95 % band one step ahead, and how both grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Width {
    pub(crate) half80: f64,
    pub(crate) half95: f64,
    pub(crate) growth: f64,
}

impl Width {
    /// Learns from the misses of a back-test that is worth `facts` independent ones:
    /// errors of one origin hang together, and overlapping origins repeat themselves.
    pub(crate) fn learn(misses: &[Miss], facts: f64) -> Self {
        let growth = growth(misses);
        let mut sizes: Vec<f64> = misses
            .iter()
            .map(|miss| miss.off.abs() / (miss.step as f64).powf(growth))
            .collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let count = sizes.len() as f64;
        let facts = facts.max(FEWEST_FACTS);
        let squares: f64 = sizes.iter().map(|size| size * size).sum();
        let sigma = (squares / count.max(1.0)).sqrt();
        let half = |level: f64, z: f64| {
            // The finite-sample correction of conformal prediction: the next error is one more draw.
            let rank = (level * (count + 1.0) / count.max(1.0)).min(1.0);
            let seen = quantile_sorted(&sizes, rank).unwrap_or(0.0);
            // With few facts an extreme quantile is luck; lean on the shape that sigma implies.
            // Sigma is itself a guess from as many facts, so the shape is Student's, by the first term of its expansion
            // (Abramowitz and Stegun, equation 26.7.5).
            let implied = sigma * z * (1.0 + (z * z + 1.0) / (4.0 * facts));
            (facts * seen + SHAPE_WEIGHT * implied) / (facts + SHAPE_WEIGHT)
        };
        let half80 = half(0.80, Z_80);
        Self {
            half80,
            half95: half(0.95, Z_95).max(half80),
            growth,
        }
    }

    /// Bands around `point`, nested and never narrower at a later step.
    pub(crate) fn around(self, point: &[f64]) -> Bands {
        let edge = |half: f64, sign: f64| {
            let widen = |(index, value): (usize, &f64)| {
                value + sign * half * ((index + 1) as f64).powf(self.growth)
            };
            point.iter().enumerate().map(widen).collect()
        };
        Bands {
            point: point.to_vec(),
            lo80: edge(self.half80, -1.0),
            hi80: edge(self.half80, 1.0),
            lo95: edge(self.half95, -1.0),
            hi95: edge(self.half95, 1.0),
        }
    }
}

/// The exponent of `|error| ~ step^growth`, between 0 and 1, drawn towards the usual one.
fn growth(misses: &[Miss]) -> f64 {
    let most = misses.iter().map(|miss| miss.step).max().unwrap_or(0);
    let means: Vec<(f64, f64)> = (1..=most)
        .filter_map(|step| {
            let at: Vec<f64> = misses
                .iter()
                .filter(|miss| miss.step == step)
                .map(|miss| miss.off.abs())
                .collect();
            let mean = series::mean(&at)?;
            (mean > 0.0).then(|| ((step as f64).ln(), mean.ln()))
        })
        .collect();
    let count = means.len() as f64;
    let (x, y) = means
        .iter()
        .fold((0.0, 0.0), |(x, y), (a, b)| (x + a / count, y + b / count));
    let (products, squares) = means.iter().fold((0.0, 0.0), |(p, s), (a, b)| {
        (p + (a - x) * (b - y), s + (a - x) * (a - x))
    });
    if squares <= 0.0 {
        return USUAL_GROWTH;
    }
    let trust = misses.len() as f64 / (misses.len() as f64 + GROWTH_WEIGHT);
    (trust * (products / squares) + (1.0 - trust) * USUAL_GROWTH).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misses(size: impl Fn(usize) -> f64) -> Vec<Miss> {
        (0..5)
            .flat_map(|_| 1..=14)
            .map(|step| Miss {
                step,
                off: size(step),
            })
            .collect()
    }

    #[test]
    fn no_misses_make_bands_of_no_width() {
        let width = Width::learn(&misses(|_| 0.0), 3.0);
        assert!(width.half80.abs() < 1e-12 && width.half95.abs() < 1e-12);
    }

    #[test]
    fn errors_that_grow_make_bands_that_grow() {
        let flat = Width::learn(&misses(|_| 1.0), 3.0).growth;
        let steep = Width::learn(&misses(|step| step as f64), 3.0).growth;
        assert!(flat < 0.2 && steep > 0.6, "{flat} {steep}");
    }

    #[test]
    fn one_miss_is_enough_for_finite_nested_bands() {
        let width = Width::learn(&[Miss { step: 1, off: -2.0 }], 0.0);
        assert!(width.half80 > 0.0 && width.half95 >= width.half80 && width.half95.is_finite());
    }
}
