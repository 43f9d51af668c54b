//! How far a series strays from its forecast: a scale of its own from the back-test, steadied by the pool, kept up online.

use crate::Bands;
use crate::pool::{Calibration, Miss, Pool, steadied};

/// Even the flattest point of a forecast has the spread of this share of the mean level.
const FLATTEST: f64 = 0.05;
/// New one-step errors count as if there had been at least this many facts before and never more than that many.
const FACTS: (f64, f64) = (10.0, 60.0);
/// How fast the bands answer a value that fell outside or inside, and how far they may go.
const ADAPTS: f64 = 0.03;
const FARTHEST: (f64, f64) = (0.6, 1.8);

/// The errors one step ahead are steadied by as many usual ones.
const FEW: f64 = 10.0;

/// How a value that came in compares with what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surprise {
    /// What was expected, in the unit of the history.
    pub expected: f64,
    /// How far above it the value was.
    pub off: f64,
    /// The size of that error in mean errors of the back-test one step ahead; `None` where the history never moved.
    pub ratio: Option<f64>,
    /// Whether it lay within the 80 % and the 95 % band.
    pub inside: [bool; 2],
}

/// The spread of one series, on its scaled axis.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    pub(crate) calibration: Calibration,
    /// The mean size of values if errors grow with them: no value of the history is below zero.
    level: Option<f64>,
    /// What was learned from values that came in later: a factor on the scale, and on both bands.
    drift: f64,
    /// The scale in the pool that was looked at last, before any drift: what the drift is measured by.
    usual: (Pool, f64),
    /// The mean size of the back-test's errors one step ahead: what later errors are measured by.
    one_step: f64,
    facts: f64,
    widened: [f64; 2],
}

impl Spread {
    /// No spread at all: the history never moved.
    pub(crate) fn none() -> Self {
        Self::new(Vec::new(), 0.0, 0, None)
    }

    /// Learns from the misses of a back-test; `step` is the mean step of the naive forecast, `count` the history's length
    /// and `level` the mean of a history without negatives.
    pub(crate) fn new(mut misses: Vec<Miss>, step: f64, count: usize, level: Option<f64>) -> Self {
        for miss in &mut misses {
            miss.off /= size(level, miss.point);
        }
        let calibration = Calibration {
            misses,
            step,
            count,
        };
        let facts = calibration.facts();
        let pool = Pool::default();
        let usual = steadied(&calibration.misses, step, &pool);
        let mut spread = Self {
            usual: (pool, usual),
            calibration,
            level,
            drift: 1.0,
            one_step: 0.0,
            facts: facts.max(FACTS.0),
            widened: [1.0; 2],
        };
        spread.one_step = spread.mean_one_step();
        spread
    }

    /// Half the width of the 80 % and the 95 % band at `ahead` steps (1 is the next) where the forecast is `point`.
    fn half(&self, scale: f64, pool: &Pool, ahead: usize, point: f64) -> [f64; 2] {
        let here = scale * (ahead as f64).powf(pool.growth) * size(self.level, point);
        let half80 = here * pool.half80 * self.widened[0];
        [half80, (here * pool.half95 * self.widened[1]).max(half80)]
    }

    fn scale(&self, pool: &Pool) -> f64 {
        let calibration = &self.calibration;
        self.drift * steadied(&calibration.misses, calibration.step, pool)
    }

    /// Bands around `point`, wider where the forecast is higher.
    pub(crate) fn around(&self, point: &[f64], pool: &Pool) -> Bands {
        self.bands(point, pool, |value| value)
    }

    /// Bands around `point` as wide as at the level `last`: a stock's errors do not shrink because it runs out.
    pub(crate) fn around_from(&self, last: f64, point: &[f64], pool: &Pool) -> Bands {
        self.bands(point, pool, |_| last)
    }

    fn bands(&self, point: &[f64], pool: &Pool, level: impl Fn(f64) -> f64) -> Bands {
        let scale = self.scale(pool);
        let mut bands = Bands::default();
        for (index, value) in point.iter().enumerate() {
            let [half80, half95] = self.half(scale, pool, index + 1, level(*value));
            bands.point.push(*value);
            bands.lo80.push(value - half80);
            bands.hi80.push(value + half80);
            bands.lo95.push(value - half95);
            bands.hi95.push(value + half95);
        }
        bands
    }

    /// The share of the back-test's errors that lay within the 80 % and the 95 % band; `None` without any.
    pub(crate) fn coverage(&self, pool: &Pool) -> Option<[f64; 2]> {
        let misses = &self.calibration.misses;
        let scale = self.scale(pool);
        let within = |half: f64| {
            let inside = misses.iter().filter(|miss| {
                let growth = (miss.step as f64).powf(pool.growth);
                miss.off.abs() <= scale * growth * half
            });
            inside.count() as f64 / misses.len() as f64
        };
        let halves = [pool.half80 * self.widened[0], pool.half95 * self.widened[1]];
        (!misses.is_empty()).then(|| halves.map(within))
    }

    /// The mean size of the back-test's errors one step ahead, steadied where they are few; zero where nothing is known.
    fn mean_one_step(&self) -> f64 {
        let first = self.calibration.misses.iter().filter(|miss| miss.step == 1);
        let (sum, count) = first.fold((0.0, 0.0), |(sum, count), miss| {
            (sum + miss.off.abs(), count + 1.0)
        });
        // The scale of all steps, brought to one, counts as `FEW` errors more.
        let usual = steadied(
            &self.calibration.misses,
            self.calibration.step,
            &Pool::default(),
        );
        (sum + FEW * usual) / (count + FEW)
    }

    /// Learns from a value that came in where `point` was expected; tells what it saw before it learned. `pool` is
    /// that of the bands that are shown: theirs are the misses that count.
    ///
    /// The scale follows the size of the error, and each band its own misses:
    /// Gibbs and Candès, "Adaptive conformal inference under distribution shift", `NeurIPS` (2021).
    pub(crate) fn follow(&mut self, off: f64, point: f64, pool: &Pool) -> Surprise {
        if self.usual.0 != *pool {
            let calibration = &self.calibration;
            let usual = steadied(&calibration.misses, calibration.step, pool);
            self.usual = (*pool, usual);
        }
        let scale = self.drift * self.usual.1;
        let halves = self.half(scale, pool, 1, point);
        let ratio = (self.one_step > 0.0)
            .then(|| off.abs() / size(self.level, point) / self.one_step)
            .filter(|ratio| ratio.is_finite());
        let surprise = Surprise {
            expected: point,
            off,
            ratio,
            inside: halves.map(|half| off.abs() <= half),
        };
        for ((half, widened), level) in halves.iter().zip(&mut self.widened).zip([0.80, 0.95]) {
            let missed = f64::from(u8::from(off.abs() > *half));
            let (least, most) = FARTHEST;
            *widened = (*widened * (ADAPTS * (missed - (1.0 - level))).exp()).clamp(least, most);
        }
        let seen = off.abs() / size(self.level, point);
        if scale > 0.0 {
            // One accident moves the scale as four usual errors would.
            let ratio = (seen / scale).min(4.0);
            self.drift *= (self.facts + ratio) / (self.facts + 1.0);
        } else if self.calibration.step <= 0.0 {
            // A constant that moves: what it moved by is all that is known.
            self.calibration.step = seen;
            self.usual.1 = steadied(&self.calibration.misses, seen, pool);
        }
        self.facts = (self.facts + 1.0).min(FACTS.1);
        surprise
    }
}

/// What an error is divided by where the forecast is `point`: it grows with the root of the level,
/// between errors that are added (the level does not matter) and multiplied (it is all that matters).
fn size(level: Option<f64>, point: f64) -> f64 {
    level.map_or(1.0, |level| (point.max(0.0) / level + FLATTEST).sqrt())
}
