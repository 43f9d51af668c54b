//! Drift: the errors of a model in use are lastingly larger than those of its back-test.
//!
//! Page, "Continuous inspection schemes", Biometrika 41 (1954): what each error exceeds its allowance by is summed up,
//! never below zero, and a sum that grows beyond a bound is no accident any more.

use crate::Surprise;

/// Errors may be this much larger than in the back-test, in its mean errors, without counting:
/// a back-test of some dozen errors does not know its own mean better.
const ALLOWANCE: f64 = 0.6;
/// From this sum on a model has drifted.
const BOUND: f64 = 10.0;
/// One accident counts as so many mean errors at most: drift lasts.
const MOST: f64 = 4.0;
/// So many errors come before the first word.
const FEWEST: u32 = 8;
/// The live error is the mean of about so many of the latest.
const MEMORY: f64 = 30.0;

/// How the errors of a model in use compare with those of its back-test.
///
/// A model has drifted when the sum of what its errors one step ahead exceed 1.6 times the back-test's mean by, accidents cut off
/// at four times and the sum never below zero, goes beyond ten such means.
/// The constants were chosen by simulation: of models whose errors stay as they were about one in a hundred is said
/// to have drifted within 100 values, of those whose errors become three times as large nine in ten within 40 (both are tests).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Drift {
    seen: u32,
    sum: f64,
    error: f64,
    inside: [u32; 2],
    drifted: bool,
}

impl Drift {
    /// Takes in how a value compared with its forecast; answers whether the model has drifted just now.
    pub fn follow(&mut self, surprise: &Surprise) -> bool {
        let Some(ratio) = surprise.ratio else {
            return false;
        };
        let ratio = ratio.min(MOST);
        self.seen = self.seen.saturating_add(1);
        let share = 1.0 / f64::from(self.seen).min(MEMORY);
        self.error += share * (ratio - self.error);
        for (count, inside) in self.inside.iter_mut().zip(surprise.inside) {
            *count = count.saturating_add(u32::from(inside));
        }
        self.sum = (self.sum + ratio - 1.0 - ALLOWANCE).max(0.0);
        let before = self.drifted;
        self.drifted |= self.seen >= FEWEST && self.sum > BOUND;
        self.drifted && !before
    }

    /// Whether the model has drifted since it was fitted.
    pub const fn drifted(&self) -> bool {
        self.drifted
    }

    /// How many values came in since the fit.
    pub const fn seen(&self) -> u32 {
        self.seen
    }

    /// The latest errors, each cut off at four, in mean errors of the back-test: 1 is as good as there. `None` before the first.
    pub fn error(&self) -> Option<f64> {
        (self.seen > 0).then_some(self.error)
    }

    /// The share of values since the fit that lay within the 80 % and the 95 % band. `None` before the first.
    pub fn coverage(&self) -> Option<[f64; 2]> {
        let share = |count: u32| f64::from(count) / f64::from(self.seen);
        (self.seen > 0).then(|| self.inside.map(share))
    }

    /// How near the model is to having drifted: 1 is there.
    pub fn nearness(&self) -> f64 {
        if self.drifted {
            return 1.0;
        }
        (self.sum / BOUND).min(1.0)
    }
}
