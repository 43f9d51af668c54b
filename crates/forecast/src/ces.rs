//! Complex exponential smoothing.
//!
//! Svetunkov, Kourentzes and Ord, "Complex exponential smoothing", Naval Research Logistics 69 (2022).
//! A level and a second component, the potential, smooth each other with one complex number;
//! level and trend are not told apart, so no form has to be chosen.
//! The season is taken off first and put back afterwards, as for Theta.

use crate::adjusted::{Adjusted, FitAdjusted, Level};
use crate::minimise::{minimise, passes};
use crate::{Fit, FitError, Model, Predict};

/// Complex exponential smoothing of the seasonally adjusted history.
#[derive(Debug, Clone, Copy)]
pub struct Ces {
    /// Points in a season; below 2 there is none.
    pub season: usize,
}

impl Fit for Ces {
    fn model(&self) -> Model {
        Model::Ces
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        Ok(self.fit_adjusted(&Adjusted::of(y, self.season)?))
    }
}

impl FitAdjusted for Ces {
    fn season(&self) -> usize {
        self.season
    }

    fn fit_adjusted(&self, adjusted: &Adjusted) -> Box<dyn Predict> {
        let z = &adjusted.values;
        let start = z.get(..self.season.max(FEWEST)).unwrap_or(z);
        let level = series::mean(start).unwrap_or(0.0);
        let from = |[real, imaginary]: &[f64; 2]| Complex {
            real: *real,
            imaginary: *imaginary,
            level,
            // The book of the `smooth` package begins here too.
            potential: level / 1.1,
        };
        let among = |allowed: fn(&Complex) -> bool| {
            let cost = |point: &[f64; 2]| {
                let state = from(point);
                if allowed(&state) {
                    state.backcast(z).over(z).1
                } else {
                    f64::INFINITY
                }
            };
            let bounds = [(0.01, 2.4), (0.01, 1.98)];
            minimise(cost, [1.2, 1.0], &bounds, passes(60, z.len())).0
        };
        // Seldom is what fits best wild ahead, and the way to it need not be narrower for that.
        let mut point = among(Complex::forgets);
        if !from(&point).goes_on_calmly() {
            point = among(|state| state.forgets() && state.goes_on_calmly());
        }
        let (state, _) = from(&point).backcast(z).over(z);
        Box::new(adjusted.fitted(state))
    }
}

/// The level before the first value is guessed from at least this many.
const FEWEST: usize = 4;

/// The most that it grows by in a step, as a factor.
const FASTEST: f64 = 1.1;

/// The complex smoothing parameter, and level and potential after some values.
#[derive(Debug, Clone, Copy)]
struct Complex {
    real: f64,
    imaginary: f64,
    level: f64,
    potential: f64,
}

impl Complex {
    /// The state before the first value, by running over the values to the end and back.
    fn backcast(self, z: &[f64]) -> Self {
        let (mut state, _) = self.over(z);
        for value in z.iter().rev() {
            state.follow(*value);
        }
        state
    }

    /// The state after `z`, and the sum of squared one-step errors.
    fn over(mut self, z: &[f64]) -> (Self, f64) {
        let mut squares = 0.0;
        for value in z {
            let error = value - self.level;
            squares += error * error;
            self.follow(*value);
        }
        (self, squares)
    }

    /// Whether old values are forgotten: both eigenvalues of the discount matrix lie inside the unit circle.
    fn forgets(&self) -> bool {
        let (real, imaginary) = (self.real, self.imaginary);
        let trace = 2.0 - 2.0 * real + imaginary;
        let determinant =
            (1.0 - real + imaginary) * (1.0 - real) - (imaginary - 1.0) * (1.0 - real - imaginary);
        determinant.abs() < 1.0 && trace.abs() < 1.0 + determinant
    }
}

impl Complex {
    /// Whether what it says of the future neither swings ever wider nor grows by more than a tenth at each step. That
    /// old values are forgotten does not see to it: ahead there are no errors, and the states go on by themselves.
    fn goes_on_calmly(&self) -> bool {
        // The eigenvalues of `[[1, imaginary - 1], [1, 1 - real]]`.
        let half_trace = 1.0 - self.real / 2.0;
        let determinant = 2.0 - self.real - self.imaginary;
        let square = half_trace * half_trace - determinant;
        if square < 0.0 {
            return determinant <= 1.0;
        }
        half_trace - square.sqrt() >= -1.0 && half_trace + square.sqrt() <= FASTEST
    }
}

impl Level for Complex {
    fn level(&self) -> f64 {
        self.level
    }

    fn ahead(&self, horizon: usize) -> Vec<f64> {
        let mut state = *self;
        (0..horizon)
            .map(|_| {
                let value = state.level;
                state.follow(value);
                value
            })
            .collect()
    }

    fn follow(&mut self, value: f64) {
        let error = value - self.level;
        let (level, potential) = (self.level, self.potential);
        self.level =
            level - (1.0 - self.imaginary) * potential + (self.real - self.imaginary) * error;
        self.potential =
            level + (1.0 - self.real) * potential + (self.real + self.imaginary) * error;
    }
}
