//! The Theta method and its dynamic, optimised form.
//!
//! Assimakopoulos and Nikolopoulos, "The theta model", International Journal of Forecasting 16 (2000);
//! Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler, "Models for optimising the theta method and their
//! relationship to state space models", International Journal of Forecasting 32 (2016).
//!
//! `anofox-forecast` has both too and is the oracle of the tests;
//! its fit tries four starts with a power in the inner loop, and a back-test pays that at every origin.

use crate::adjusted::{Adjusted, FitAdjusted, Level};
use crate::minimise::{minimise, passes};
use crate::season::line;
use crate::{Fit, FitError, Model, Predict};

/// The Theta method: `theta` 2, its straight line fixed by least squares over the whole history.
#[derive(Debug, Clone, Copy)]
pub struct Theta {
    /// Points in a season; below 2 there is none.
    pub season: usize,
}

/// The dynamic optimised Theta model (DOTM): the line follows the history; `theta`, smoothing and first level are estimated.
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
        Ok(self.fit_adjusted(&Adjusted::of(y, self.season)?))
    }
}

impl FitAdjusted for Theta {
    fn season(&self) -> usize {
        self.season
    }

    fn fit_adjusted(&self, adjusted: &Adjusted) -> Box<dyn Predict> {
        let z = &adjusted.values;
        let (intercept, slope) = line(z);
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
        let lines = Lines {
            alpha,
            level,
            next: intercept + slope * z.len() as f64,
            slope,
        };
        Box::new(adjusted.fitted(lines))
    }
}

/// The two lines of the Theta method; the forecast is their mean.
struct Lines {
    alpha: f64,
    /// Where the smoothed theta-2 line is.
    level: f64,
    /// Where the straight line is at the next value.
    next: f64,
    slope: f64,
}

impl Level for Lines {
    fn level(&self) -> f64 {
        f64::midpoint(self.level, self.next - self.slope)
    }

    fn ahead(&self, horizon: usize) -> Vec<f64> {
        (0..horizon)
            .map(|step| f64::midpoint(self.level, self.next + self.slope * step as f64))
            .collect()
    }

    fn follow(&mut self, value: f64) {
        self.level += self.alpha * (2.0 * value - self.next - self.level);
        self.next += self.slope;
    }
}

impl Fit for DynamicTheta {
    fn model(&self) -> Model {
        Model::DynamicTheta
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        Ok(self.fit_adjusted(&Adjusted::of(y, self.season)?))
    }
}

impl FitAdjusted for DynamicTheta {
    fn season(&self) -> usize {
        self.season
    }

    fn fit_adjusted(&self, adjusted: &Adjusted) -> Box<dyn Predict> {
        let z = &adjusted.values;
        let lines = Line::along(z);
        let run =
            |[alpha, theta, level]: &[f64; 3]| Dynamic::run(z, &lines, *alpha, *theta, *level);
        let first = z[0];
        let size = series::mean(z).unwrap_or(first).abs();
        let bounds = [(0.05, 0.99), (1.0, 20.0), (first - size, first + size)];
        let cost = |point: &[f64; 3]| run(point).1;
        let (best, _) = minimise(cost, [0.4, 2.0, first], &bounds, passes(150, z.len()));
        let (state, _) = run(&best);
        Box::new(adjusted.fitted(state))
    }
}

/// The straight line through all values so far. It hangs on the values alone: a search for the
/// other parameters goes along it a hundred times and computes it once.
#[derive(Debug, Clone, Copy)]
struct Line {
    mean: f64,
    intercept: f64,
    slope: f64,
}

impl Line {
    fn first(value: f64) -> Self {
        Self {
            mean: value,
            intercept: value,
            slope: 0.0,
        }
    }

    /// The lines after the first value, the first two, and so on.
    fn along(z: &[f64]) -> Vec<Self> {
        let Some((first, rest)) = z.split_first() else {
            return Vec::new();
        };
        let mut line = Self::first(*first);
        let mut lines = Vec::with_capacity(z.len());
        lines.push(line);
        let mut seen = 1.0;
        for value in rest {
            line.follow(seen, *value);
            lines.push(line);
            seen += 1.0;
        }
        lines
    }

    /// Takes in the value after `seen` others.
    fn follow(&mut self, seen: f64, value: f64) {
        self.slope =
            ((seen - 1.0) * self.slope + 6.0 * (value - self.mean) / (seen + 1.0)) / (seen + 2.0);
        self.mean = (seen * self.mean + value) / (seen + 1.0);
        self.intercept = self.mean - self.slope * (seen + 2.0) / 2.0;
    }
}

/// The state of DOTM after some values: equations 8 to 13 of Fiorucci and others.
#[derive(Debug, Clone, Copy)]
struct Dynamic {
    alpha: f64,
    theta: f64,
    /// How many values were seen.
    seen: f64,
    level: f64,
    line: Line,
    /// `(1 - alpha)^seen`, carried along because a power a step is most of the cost.
    faded: f64,
}

impl Dynamic {
    /// Filters `z`, with the lines along it, from a first level and answers the last state and the
    /// sum of squared one-step errors.
    fn run(z: &[f64], lines: &[Line], alpha: f64, theta: f64, level: f64) -> (Self, f64) {
        let first = z.first().copied().unwrap_or(0.0);
        let mut state = Self {
            alpha,
            theta,
            seen: 1.0,
            level: level + alpha * (first - level),
            line: Line::first(first),
            faded: 1.0 - alpha,
        };
        let mut errors = 0.0;
        for (at, (value, line)) in z.iter().zip(lines).enumerate().skip(1) {
            let error = value - state.next();
            // The first steps know no slope yet; letting them decide would choose alpha by the start.
            if at > 2 {
                errors += error * error;
            }
            state.fade(*value);
            state.line = *line;
        }
        (state, errors)
    }

    /// The value expected next.
    fn next(&self) -> f64 {
        let pull = self.line.intercept * self.faded
            + self.line.slope * (1.0 - self.faded * (1.0 - self.alpha)) / self.alpha;
        self.level + (1.0 - 1.0 / self.theta) * pull
    }

    /// Takes a value in, but for the line.
    fn fade(&mut self, value: f64) {
        self.level += self.alpha * (value - self.level);
        self.faded *= 1.0 - self.alpha;
        self.seen += 1.0;
    }
}

impl Level for Dynamic {
    fn level(&self) -> f64 {
        self.level
    }

    fn ahead(&self, horizon: usize) -> Vec<f64> {
        let mut state = *self;
        (0..horizon)
            .map(|_| {
                let value = state.next();
                state.follow(value);
                value
            })
            .collect()
    }

    fn follow(&mut self, value: f64) {
        self.line.follow(self.seen, value);
        self.fade(value);
    }
}
