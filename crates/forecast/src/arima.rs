//! ARIMA of the seasonally adjusted history, for the background: it tries every order.
//!
//! Box and Jenkins, "Time Series Analysis: Forecasting and Control" (1970); the order by corrected Akaike information
//! after Hyndman and Khandakar, "Automatic time series forecasting", Journal of Statistical Software 27 (2008),
//! over all orders up to two instead of their stepwise search; differences by the test of Kwiatkowski, Phillips, Schmidt
//! and Shin, Journal of Econometrics 54 (1992). Estimated by conditional sums of squares.

use crate::adjusted::{Adjusted, Level};
use crate::minimise::{minimise, passes};
use crate::{Fit, FitError, Model, Predict};

/// The highest order of either part.
const HIGHEST: usize = 2;
const FEWEST: usize = 16;
/// Above this the level is not stationary, at five per cent.
const NOT_STATIONARY: f64 = 0.463;

/// ARIMA with at most one difference and orders up to two, of the seasonally adjusted history.
#[derive(Debug, Clone, Copy)]
pub struct Arima {
    /// Points in a season; below 2 there is none.
    pub season: usize,
}

impl Fit for Arima {
    fn model(&self) -> Model {
        Model::Arima
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        if y.len() < FEWEST {
            return Err(FitError::TooShort {
                have: y.len(),
                need: FEWEST,
            });
        }
        let adjusted = Adjusted::of(y, self.season)?;
        let z = &adjusted.values;
        let differenced = kpss(z) > NOT_STATIONARY;
        let w: Vec<f64> = if differenced {
            z.windows(2).map(|pair| pair[1] - pair[0]).collect()
        } else {
            z.clone()
        };
        let best = Process::choose(&w, differenced);
        let (_, mut process) = best.ok_or(FitError::NotFinite)?;
        process.run(&w);
        let last = z.last().copied().unwrap_or(0.0);
        Ok(Box::new(adjusted.fitted(Integrated {
            process,
            differenced,
            last,
        })))
    }
}

/// A stationary process around a mean, and what it needs of the past: newest first.
#[derive(Debug, Clone, Copy)]
struct Process {
    mean: f64,
    ar: [f64; HIGHEST],
    ma: [f64; HIGHEST],
    values: [f64; HIGHEST],
    errors: [f64; HIGHEST],
}

impl Process {
    /// The order of least information, and the information.
    fn choose(w: &[f64], differenced: bool) -> Option<(f64, Self)> {
        let mean = series::mean(w).unwrap_or(0.0);
        // A level needs its mean; a slope is one more thing that may be there or not.
        let means = if differenced {
            vec![0.0, mean]
        } else {
            vec![mean]
        };
        let mut best: Option<(f64, Self)> = None;
        for (constants, mean) in (0..).zip(means) {
            for order in 0..(HIGHEST + 1) * (HIGHEST + 1) {
                let orders = (order / (HIGHEST + 1), order % (HIGHEST + 1));
                let (information, process) = Self::search(w, mean, orders, constants);
                let better = best.as_ref().is_none_or(|best| information < best.0);
                if information.is_finite() && better {
                    best = Some((information, process));
                }
            }
        }
        best
    }

    /// The process of this order with the least squares, and its information; `constants` counts estimated means.
    fn search(w: &[f64], mean: f64, (p, q): (usize, usize), constants: usize) -> (f64, Self) {
        let bound = |used: bool| if used { (-0.97, 0.97) } else { (0.0, 0.0) };
        let bounds = [bound(p > 0), bound(p > 1), bound(q > 0), bound(q > 1)];
        let made = |partial: &[f64; 4]| Self {
            mean,
            ar: levinson(partial[0], partial[1]),
            ma: levinson(partial[2], partial[3]),
            values: [0.0; HIGHEST],
            errors: [0.0; HIGHEST],
        };
        let budget = passes(90, w.len());
        let cost = |point: &[f64; 4]| made(point).run(w);
        let (point, squares) = minimise(cost, [0.1; 4], &bounds, budget);
        let (count, free) = (w.len() as f64, (p + q + constants + 1) as f64);
        let deviance = count * (squares / count).max(1e-18).ln();
        let correction = 2.0 * free * (free + 1.0) / (count - free - 1.0).max(1e-9);
        (deviance + 2.0 * free + correction, made(&point))
    }

    /// Takes all of `w` in and answers the sum of squared errors.
    fn run(&mut self, w: &[f64]) -> f64 {
        w.iter()
            .map(|value| {
                let error = value - self.next();
                self.take(*value);
                error * error
            })
            .sum()
    }

    fn next(&self) -> f64 {
        let dot = |[a, b]: [f64; HIGHEST], [newest, older]: [f64; HIGHEST]| a * newest + b * older;
        self.mean + dot(self.ar, self.values) + dot(self.ma, self.errors)
    }

    fn take(&mut self, value: f64) {
        let error = value - self.next();
        self.values = [value - self.mean, self.values[0]];
        self.errors = [error, self.errors[0]];
    }
}

/// The process of the values or of their differences.
struct Integrated {
    process: Process,
    differenced: bool,
    last: f64,
}

impl Level for Integrated {
    fn level(&self) -> f64 {
        self.last
    }

    fn ahead(&self, horizon: usize) -> Vec<f64> {
        let (mut process, mut last) = (self.process, self.last);
        (0..horizon)
            .map(|_| {
                let next = process.next();
                process.take(next);
                last = if self.differenced { last + next } else { next };
                last
            })
            .collect()
    }

    fn follow(&mut self, value: f64) {
        let seen = if self.differenced {
            value - self.last
        } else {
            value
        };
        self.process.take(seen);
        self.last = value;
    }
}

/// The two coefficients whose partial autocorrelations are `first` and `second`:
/// inside the unit square every process is stationary (or invertible).
fn levinson(first: f64, second: f64) -> [f64; HIGHEST] {
    [first * (1.0 - second), second]
}

/// The statistic of the test for a stationary level, with the usual truncation of its long-run variance.
fn kpss(z: &[f64]) -> f64 {
    let mean = series::mean(z).unwrap_or(0.0);
    let off: Vec<f64> = z.iter().map(|value| value - mean).collect();
    let count = z.len() as f64;
    let product = |lag: usize| -> f64 {
        off.iter()
            .zip(off.iter().skip(lag))
            .map(|(a, b)| a * b)
            .sum::<f64>()
            / count
    };
    let lags = (1..z.len()).take_while(|lag| (*lag as f64) <= 4.0 * (count / 100.0).powf(0.25));
    let lags: Vec<usize> = lags.collect();
    let most = lags.len() as f64 + 1.0;
    let weighted = lags
        .iter()
        .map(|lag| 2.0 * (1.0 - *lag as f64 / most) * product(*lag));
    let variance = product(0) + weighted.sum::<f64>();
    let sums = off.iter().scan(0.0, |sum, value| {
        *sum += value;
        Some(*sum * *sum)
    });
    sums.sum::<f64>() / (count * count) / variance.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between -0.5 and 0.5, the same in every run.
    fn noise(seed: u32) -> f64 {
        let mixed = u64::from(seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 27)) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }

    #[test]
    fn an_autoregression_goes_back_to_its_mean_as_fast_as_it_did() {
        let mut value = 0.0;
        let y: Vec<f64> = (0..300_u32)
            .map(|at| {
                value = 0.7 * value + noise(at);
                50.0 + value
            })
            .chain([54.0])
            .collect();
        let ahead = Arima { season: 1 }.fit(&y).unwrap().predict(20);
        assert!((52.0..53.6).contains(&ahead[0]), "{ahead:?}");
        assert!((ahead[19] - 50.0).abs() < 0.5, "{ahead:?}");
    }

    #[test]
    fn a_line_is_gone_on_with() {
        let y: Vec<f64> = (0..60)
            .map(|at| 10.0 + 2.0 * f64::from(at) + f64::from(at % 2) * 0.1)
            .collect();
        let ahead = Arima { season: 1 }.fit(&y).unwrap().predict(10);
        assert!((ahead[9] - 148.0).abs() < 2.0, "{ahead:?}");
    }
}
