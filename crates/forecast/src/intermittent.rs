//! Demand with many zeros.

use crate::{Fit, FitError, Model, Predict};

/// The mean interval between demands above which Croston's kind beats smoothing:
/// Syntetos, Boylan and Croston, "On the categorization of demand patterns",
/// Journal of the Operational Research Society 56 (2005).
const LONGEST_SMOOTH_INTERVAL: f64 = 1.32;

/// Whether demand is intermittent: never negative, and the mean interval between demands is above 1.32.
///
/// Phases of the season in which there never was any, such as the night of a shop, are none of the interval.
pub(crate) fn is_intermittent(y: &[f64], season: usize) -> bool {
    let season = season.max(1);
    let in_phase = |phase: usize| y.iter().skip(phase).step_by(season);
    let (mut demands, mut periods) = (0, 0);
    for phase in 0..season {
        let sold = in_phase(phase).filter(|value| **value > 0.0).count();
        demands += sold;
        periods += if sold > 0 { in_phase(phase).count() } else { 0 };
    }
    y.iter().all(|value| *value >= 0.0)
        && demands > 0
        && periods as f64 / demands as f64 > LONGEST_SMOOTH_INTERVAL
}

/// Croston's method with the correction of Syntetos and Boylan,
/// "The accuracy of intermittent demand estimates", International Journal of Forecasting 21 (2005).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sba;

impl Fit for Sba {
    fn model(&self) -> Model {
        Model::Sba
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        fitted(y, Rate::sizes_and_intervals)
    }
}

/// Teunter, Syntetos and Babai, "Intermittent demand: Linking forecasting to inventory obsolescence",
/// European Journal of Operational Research 214 (2011): it fades when demand dies out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tsb;

impl Fit for Tsb {
    fn model(&self) -> Model {
        Model::Tsb
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        fitted(y, Rate::sizes_and_chances)
    }
}

/// The smoothing parameters that are tried: demand that comes seldom has too few events to tell finer ones apart.
const SIZE_GAINS: [f64; 4] = [0.05, 0.1, 0.2, 0.3];
const TIME_GAINS: [f64; 4] = [0.02, 0.05, 0.1, 0.2];

/// The rate with the smoothing that had the least squared errors one step ahead.
fn fitted(
    y: &[f64],
    begin: impl Fn(&[f64], f64, f64) -> Option<Rate>,
) -> Result<Box<dyn Predict>, FitError> {
    let mut best: Option<(f64, Rate)> = None;
    for size_gain in SIZE_GAINS {
        for time_gain in TIME_GAINS {
            let Some(mut rate) = begin(y, size_gain, time_gain) else {
                return Err(FitError::Refused("there is no demand".to_owned()));
            };
            let mut squares = 0.0;
            for value in y {
                let error = value - rate.level();
                squares += error * error;
                rate.update(*value);
            }
            if best.as_ref().is_none_or(|(least, _)| squares < *least) {
                best = Some((squares, rate));
            }
        }
    }
    let (_, rate) = best.ok_or(FitError::NotFinite)?;
    Ok(Box::new(rate))
}

/// Demand a period: how much it is when there is some, and how often that is.
#[derive(Debug, Clone, Copy)]
struct Rate {
    size_gain: f64,
    time_gain: f64,
    /// The smoothed size of a demand.
    size: f64,
    time: Timing,
}

#[derive(Debug, Clone, Copy)]
enum Timing {
    /// Periods from one demand to the next, and how many passed since the last: looked at only when there is demand.
    Interval { smoothed: f64, passed: f64 },
    /// The chance of demand in a period, looked at in every one.
    Chance(f64),
}

impl Rate {
    fn sizes_and_intervals(y: &[f64], size_gain: f64, time_gain: f64) -> Option<Self> {
        let (size, chance) = typical(y)?;
        let time = Timing::Interval {
            smoothed: 1.0 / chance,
            passed: 1.0,
        };
        Some(Self {
            size_gain,
            time_gain,
            size,
            time,
        })
    }

    fn sizes_and_chances(y: &[f64], size_gain: f64, time_gain: f64) -> Option<Self> {
        let (size, chance) = typical(y)?;
        Some(Self {
            size_gain,
            time_gain,
            size,
            time: Timing::Chance(chance),
        })
    }

    fn level(&self) -> f64 {
        match self.time {
            // The correction of Syntetos and Boylan: the quotient of two means is too large.
            Timing::Interval { smoothed, .. } => {
                (1.0 - self.time_gain / 2.0) * self.size / smoothed
            }
            Timing::Chance(chance) => chance * self.size,
        }
    }
}

impl Predict for Rate {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        vec![self.level(); horizon]
    }

    fn update(&mut self, value: f64) {
        let demand = value > 0.0;
        if demand {
            self.size += self.size_gain * (value - self.size);
        }
        match &mut self.time {
            Timing::Interval { smoothed, passed } => {
                if demand {
                    *smoothed += self.time_gain * (*passed - *smoothed);
                    *passed = 1.0;
                } else {
                    *passed += 1.0;
                }
            }
            Timing::Chance(chance) => {
                *chance += self.time_gain * (f64::from(u8::from(demand)) - *chance);
            }
        }
    }
}

/// The mean size of demands and how many there are a period; `None` without any.
fn typical(y: &[f64]) -> Option<(f64, f64)> {
    let demands: Vec<f64> = y.iter().copied().filter(|value| *value > 0.0).collect();
    let size = series::mean(&demands)?;
    Some((size, demands.len() as f64 / y.len() as f64))
}
