//! What many series know together about how forecasts go wrong: conformal prediction across series.
//!
//! One series has too few errors to tell where one case in twenty lies. A pool of them has enough:
//! each series' errors, divided by a scale that was learned from its *other* errors, are exchangeable scores,
//! and their quantiles are the half widths of the bands for all
//! (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", Springer 2005;
//! Barber, Candès, Ramdas and Tibshirani, "Predictive inference with the jackknife+", Annals of Statistics 49, 2021).

/// How many independent facts the usual scale of a series is worth against its own errors.
const SCALE_WEIGHT: f64 = 10.0;
/// How many series the usual pool is worth, and how far a pool is trusted at most:
/// its series live through the same weeks, and a thousand of them see one holiday.
const POOL_WEIGHT: f64 = 50.0;
const MOST_TRUST: f64 = 0.8;
/// A scale from twice as many errors has lighter tails: by so much narrower is the band, as Student's distribution has it
/// with five degrees of freedom a horizon (1.372 / 1.476 and 2.228 / 2.571).
const LIGHTER: [f64; 2] = [0.93, 0.867];

/// One back-test error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Miss {
    /// How many values were known.
    pub(crate) origin: usize,
    /// How many steps ahead, 1 is the next.
    pub(crate) step: usize,
    /// What was forecast.
    pub(crate) point: f64,
    /// How far above it the value was.
    pub(crate) off: f64,
}

impl Miss {
    /// The place of the value in the history.
    const fn place(&self) -> usize {
        self.origin + self.step - 1
    }
}

/// The errors of one series in its back-test.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    pub(crate) misses: Vec<Miss>,
    /// The mean step of the naive forecast.
    pub(crate) step: f64,
    /// How many values the history has.
    pub(crate) count: usize,
}

impl Calibration {
    /// How many different values were forecast.
    pub(crate) fn facts(&self) -> f64 {
        facts(&self.misses)
    }

    /// Each error of the first and of the last whole stretch, divided by a scale from the errors outside it.
    fn scores(&self, pool: &Pool) -> Vec<f64> {
        let Some(first) = self.misses.iter().map(|miss| miss.origin).min() else {
            return Vec::new();
        };
        let steps = self.misses.iter().map(|miss| miss.step).max().unwrap_or(1);
        let end = self.count.saturating_sub(steps);
        let last = self.misses.iter().map(|miss| miss.origin);
        let last = last.filter(|origin| *origin >= end).min().unwrap_or(first);
        let mut scores = Vec::new();
        for origin in [first, last] {
            let (own, other): (Vec<Miss>, Vec<Miss>) = self
                .misses
                .iter()
                .filter(|miss| {
                    miss.origin == origin || miss.place() < origin || miss.origin >= origin + steps
                })
                .partition(|miss| miss.origin == origin);
            let scale = steadied(&other, self.step, pool);
            if other.is_empty() || scale <= 1e-9 * self.step {
                continue;
            }
            let score =
                |miss: &Miss| miss.off.abs() / (scale * (miss.step as f64).powf(pool.growth));
            scores.extend(own.iter().map(score));
            if first == last {
                break;
            }
        }
        scores
    }
}

/// How errors grow with the step and how wide bands are, in units of a series' own scale.
///
/// The default is what the monthly, quarterly and daily series of three forecasting competitions and a transport
/// company have in common, rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    /// Errors grow with the step to this power.
    pub(crate) growth: f64,
    /// The usual scale of a series, in steps of its naive forecast.
    pub(crate) usual: f64,
    /// Half the width of the 80 % band, one step ahead.
    pub(crate) half80: f64,
    /// Half the width of the 95 % band, one step ahead.
    pub(crate) half95: f64,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            growth: 0.25,
            usual: 0.55,
            half80: 1.6,
            half95: 2.9,
        }
    }
}

impl Pool {
    /// Learns from the back-tests of series that are of one kind: the same step and horizon.
    ///
    /// Few series change the default little.
    pub fn learn<'a>(calibrations: impl IntoIterator<Item = &'a Calibration>) -> Self {
        let series: Vec<&Calibration> = calibrations
            .into_iter()
            .filter(|calibration| !calibration.misses.is_empty() && calibration.step > 0.0)
            .collect();
        let usual = Self::default();
        let trust = MOST_TRUST * series.len() as f64 / (series.len() as f64 + POOL_WEIGHT);
        let between = |ours: f64, usual: f64, trust: f64| {
            if ours > 0.0 && ours.is_finite() {
                ours.powf(trust) * usual.powf(1.0 - trust)
            } else {
                usual
            }
        };
        let mut pool = usual;
        let sure = trust / MOST_TRUST;
        pool.growth = sure * growth(&series).unwrap_or(usual.growth) + (1.0 - sure) * usual.growth;
        let ratios: Vec<f64> = series
            .iter()
            .map(|one| scale(&one.misses, pool.growth) / one.step)
            .filter(|ratio| *ratio > 0.0)
            .collect();
        pool.usual = between(
            series::median(&ratios).unwrap_or(usual.usual),
            usual.usual,
            sure,
        );
        let mut scores: Vec<f64> = series.iter().flat_map(|one| one.scores(&pool)).collect();
        scores.sort_unstable_by(f64::total_cmp);
        let half = |level: f64, lighter: f64, usual: f64| {
            let ours = series::quantile_sorted(&scores, level).unwrap_or(usual);
            between(lighter * ours, usual, trust)
        };
        pool.half80 = half(0.80, LIGHTER[0], usual.half80);
        pool.half95 = half(0.95, LIGHTER[1], usual.half95).max(pool.half80);
        pool
    }
}

/// The exponent of `|error| ~ step^growth` over all series, by least squares on logarithms.
fn growth(series: &[&Calibration]) -> Option<f64> {
    let most = series
        .iter()
        .flat_map(|one| &one.misses)
        .map(|miss| miss.step)
        .max()?;
    let mut sums = vec![(0.0, 0.0); most];
    for one in series {
        let mean = scale(&one.misses, 0.0);
        for miss in one.misses.iter().filter(|_| mean > 0.0) {
            let (sum, count) = &mut sums[miss.step - 1];
            *sum += miss.off.abs() / mean;
            *count += 1.0;
        }
    }
    let points: Vec<(f64, f64)> = (1..)
        .zip(&sums)
        .filter(|(_, (sum, _))| *sum > 0.0)
        .map(|(step, (sum, count))| (f64::from(step).ln(), (sum / count).ln()))
        .collect();
    let count = points.len() as f64;
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |(x, y), (a, b)| (x + a / count, y + b / count));
    let (products, squares) = points.iter().fold((0.0, 0.0), |(p, s), (a, b)| {
        (p + (a - x) * (b - y), s + (a - x) * (a - x))
    });
    // Errors neither shrink with the step nor grow faster than those of a slope that is off.
    (squares > 0.0).then(|| (products / squares).clamp(0.0, 1.0))
}

/// The mean size of errors, brought to one step.
fn scale(misses: &[Miss], growth: f64) -> f64 {
    let sum: f64 = misses
        .iter()
        .map(|miss| miss.off.abs() / (miss.step as f64).powf(growth))
        .sum();
    sum / (misses.len() as f64).max(1.0)
}

/// The scale of a series: its own where there are many errors, the usual one where there are few.
pub(crate) fn steadied(misses: &[Miss], step: f64, pool: &Pool) -> f64 {
    let usual = pool.usual * step;
    let own = scale(misses, pool.growth);
    if usual <= 0.0 || misses.is_empty() {
        return usual.max(0.0);
    }
    let trust = facts(misses) / (facts(misses) + SCALE_WEIGHT);
    // A history that the back-test foretold to the last digit has a narrow band, not none.
    own.max(1e-12 * usual).powf(trust) * usual.powf(1.0 - trust)
}

/// How many different values the misses are of.
fn facts(misses: &[Miss]) -> f64 {
    let first = misses.iter().map(|miss| miss.origin).min().unwrap_or(0);
    let end = misses
        .iter()
        .map(|miss| miss.place() + 1)
        .max()
        .unwrap_or(0);
    let mut seen = vec![false; end.saturating_sub(first)];
    for miss in misses {
        if let Some(place) = seen.get_mut(miss.place() - first) {
            *place = true;
        }
    }
    seen.iter().filter(|seen| **seen).count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(off: impl Fn(usize, usize) -> f64) -> Calibration {
        let misses = (60..80)
            .flat_map(|origin| (1..=(80 - origin).min(10)).map(move |step| (origin, step)))
            .map(|(origin, step)| Miss {
                origin,
                step,
                point: 0.0,
                off: off(origin, step),
            })
            .collect();
        Calibration {
            misses,
            step: 1.0,
            count: 80,
        }
    }

    #[test]
    fn a_pool_of_nothing_is_the_usual_one() {
        assert_eq!(Pool::learn([]), Pool::default());
        let silent = calibration(|_, _| 0.0);
        assert!(Pool::learn([&silent]).half95 > 0.0);
    }

    #[test]
    fn errors_that_grow_are_seen_by_the_pool() {
        let steep = vec![calibration(|_, step| step as f64); 300];
        let flat = vec![calibration(|_, _| 1.0); 300];
        let (steep, flat) = (Pool::learn(&steep), Pool::learn(&flat));
        assert!(
            steep.growth > 0.7 && flat.growth < 0.1,
            "{steep:?} {flat:?}"
        );
    }

    #[test]
    fn bands_nest_in_every_pool() {
        let odd = vec![calibration(|origin, _| if origin % 2 == 0 { 1.0 } else { 1e-9 }); 80];
        let pool = Pool::learn(&odd);
        assert!(pool.half95 >= pool.half80 && pool.half80 > 0.0);
    }
}
