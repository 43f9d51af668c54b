//! The Theta method and its dynamic, optimised form.
//!
//! Assimakopoulos and Nikolopoulos, "The theta model", International Journal of Forecasting 16 (2000);
//! Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler, "Models for optimising the theta method and their
//! relationship to state space models", International Journal of Forecasting 32 (2016).
//!
//! `anofox-forecast` has both too and is the oracle of the tests;
//! its fit tries four starts with a power in the inner loop, and a back-test pays that at every origin.

use crate::minimise::minimise;
use crate::season::{Indices, is_seasonal, line};
use crate::{Fit, FitError, Model, Predict};

const FEWEST: usize = 4;

/// The Theta method: `theta` 2, its straight line fixed by least squares over the whole history.
#[derive(Debug, Clone, Copy)]
pub struct Theta {
    /// Points in a season; below 2 there is none.
    pub season: usize,
}

/// The dynamic optimised Theta model (DOTM): the line follows the history, `theta` and smoothing are estimated.
#[derive(Debug, Clone, Copy)]
pub struct DynamicTheta {
    /// Points in a season; below 2 there is none.
    pub season: usize,
}

impl Fit for Theta {
    fn model(&self) -> Model {
        Model::Theta
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        let adjusted = Adjusted::of(y, self.season)?;
        let z = &adjusted.values;
        let (intercept, slope) = line(z);
        let last = z.len() as f64;
        // Smoothing is estimated on the theta-2 line: twice the data less the straight line.
        let theta_line: Vec<f64> = z
            .iter()
            .enumerate()
            .map(|(at, value)| 2.0 * value - intercept - slope * at as f64)
            .collect();
        let smooth = |alpha: f64| {
            theta_line
                .iter()
                .skip(1)
                .fold((theta_line[0], 0.0), |(level, errors), value| {
                    let error: f64 = value - level;
                    (level + alpha * error, errors + error * error)
                })
        };
        let ([alpha], _) = minimise(|[alpha]| smooth(*alpha).1, [0.3], &[(0.01, 0.99)], 40);
        let (level, _) = smooth(alpha);
        Ok(Box::new(adjusted.fitted(move |horizon| {
            // The forecast is the mean of both lines.
            (0..horizon)
                .map(|step| f64::midpoint(level, intercept + slope * (last + step as f64)))
                .collect()
        })))
    }
}

impl Fit for DynamicTheta {
    fn model(&self) -> Model {
        Model::DynamicTheta
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        let adjusted = Adjusted::of(y, self.season)?;
        let z = adjusted.values.clone();
        let cost = |point: &[f64; 2]| Dynamic::run(&z, point[0], point[1]).1;
        let bounds = [(0.05, 0.99), (1.0, 8.0)];
        let ([alpha, theta], _) = minimise(cost, [0.4, 2.0], &bounds, 90);
        let (state, _) = Dynamic::run(&z, alpha, theta);
        Ok(Box::new(adjusted.fitted(move |horizon| {
            state.predict(alpha, theta, horizon)
        })))
    }
}

/// The state of DOTM after some values: equations 8 to 13 of Fiorucci and others.
#[derive(Debug, Clone, Copy)]
struct Dynamic {
    /// How many values were seen.
    seen: f64,
    level: f64,
    mean: f64,
    intercept: f64,
    slope: f64,
    /// `(1 - alpha)^seen`, carried along because a power a step is most of the cost.
    faded: f64,
}

impl Dynamic {
    /// Filters `z` and answers the last state and the sum of squared one-step errors.
    fn run(z: &[f64], alpha: f64, theta: f64) -> (Self, f64) {
        let first = z.first().copied().unwrap_or(0.0);
        let mut state = Self {
            seen: 1.0,
            level: first,
            mean: first,
            intercept: first,
            slope: 0.0,
            faded: 1.0 - alpha,
        };
        let mut errors = 0.0;
        for (at, value) in z.iter().enumerate().skip(1) {
            let error = value - state.next(alpha, theta);
            // The first steps know no slope yet; letting them decide would choose alpha by the start.
            if at > 2 {
                errors += error * error;
            }
            state.update(*value, alpha);
        }
        (state, errors)
    }

    /// The value expected next.
    fn next(&self, alpha: f64, theta: f64) -> f64 {
        let pull =
            self.intercept * self.faded + self.slope * (1.0 - self.faded * (1.0 - alpha)) / alpha;
        self.level + (1.0 - 1.0 / theta) * pull
    }

    fn update(&mut self, value: f64, alpha: f64) {
        let seen = self.seen;
        self.level += alpha * (value - self.level);
        self.slope =
            ((seen - 1.0) * self.slope + 6.0 * (value - self.mean) / (seen + 1.0)) / (seen + 2.0);
        self.mean = (seen * self.mean + value) / (seen + 1.0);
        self.intercept = self.mean - self.slope * (seen + 2.0) / 2.0;
        self.faded *= 1.0 - alpha;
        self.seen += 1.0;
    }

    fn predict(mut self, alpha: f64, theta: f64, horizon: usize) -> Vec<f64> {
        (0..horizon)
            .map(|_| {
                let value = self.next(alpha, theta);
                self.update(value, alpha);
                value
            })
            .collect()
    }
}

/// Values without their season, and the season to put back.
struct Adjusted {
    values: Vec<f64>,
    indices: Option<Indices>,
}

impl Adjusted {
    fn of(y: &[f64], season: usize) -> Result<Self, FitError> {
        if y.len() < FEWEST {
            return Err(FitError::TooShort {
                have: y.len(),
                need: FEWEST,
            });
        }
        let indices = is_seasonal(y, season).then(|| Indices::of(y, season));
        let values = indices
            .as_ref()
            .map_or_else(|| y.to_vec(), |indices| indices.removed_from(y));
        Ok(Self { values, indices })
    }

    fn fitted<F: Fn(usize) -> Vec<f64>>(self, ahead: F) -> Fitted<F> {
        Fitted {
            ahead,
            phase: self.values.len(),
            indices: self.indices,
        }
    }
}

struct Fitted<F> {
    ahead: F,
    phase: usize,
    indices: Option<Indices>,
}

impl<F: Fn(usize) -> Vec<f64>> Predict for Fitted<F> {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        let mut values = (self.ahead)(horizon);
        if let Some(indices) = &self.indices {
            indices.put_back(&mut values, self.phase);
        }
        values
    }
}
