//! Exponential smoothing in state-space form (ETS), its form chosen by corrected Akaike information.
//!
//! Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential Smoothing: The State Space Approach", Springer (2008).
//! Error, trend and season are each added or multiplied; a trend may be damped.
//! Smoothing, damping and the first level and slope are estimated; the first season comes from classical decomposition,
//! where the book estimates that too: it would be one parameter a phase, for little when two seasons or more are there.

use crate::minimise::minimise;
use crate::season::{Indices, Together, is_seasonal, line};
use crate::{Fit, FitError, Model, Predict};
use std::cell::RefCell;

const FEWEST: usize = 6;
/// The damping of a damped trend.
const DAMPING: (f64, f64) = (0.8, 0.98);

/// ETS with the form of least corrected Akaike information.
#[derive(Debug, Clone, Copy)]
pub struct Ets {
    /// Points in a season; below 2 there is none.
    pub season: usize,
    /// Evaluations of the error that the search of one form may spend.
    pub budget: usize,
}

impl Ets {
    /// ETS with a season of `season` points.
    pub const fn new(season: usize) -> Self {
        Self { season, budget: 80 }
    }

    /// The best form with its parameters and last state.
    pub(crate) fn choose(&self, y: &[f64]) -> Result<Fitted, FitError> {
        if y.len() < FEWEST {
            return Err(FitError::TooShort {
                have: y.len(),
                need: FEWEST,
            });
        }
        let positive = y.iter().all(|value| *value > 0.0);
        let mut best: Option<Fitted> = None;
        for indices in self.seasons(y) {
            let seasonal = !indices.values.is_empty();
            let adjusted = if seasonal {
                indices.removed_from(y)
            } else {
                y.to_vec()
            };
            let (level, slope) = first_line(&adjusted, self.season);
            // Multiplied errors where all is positive: tried against added ones they forecast better, also as the trend
            // of MSTL. A multiplied season wants them too, an added one is unstable with them where the level nears zero.
            let multiplied = indices.together == Together::Multiplied || (positive && !seasonal);
            let error = if multiplied {
                Together::Multiplied
            } else {
                Together::Added
            };
            for trend in [Trend::None, Trend::Added, Trend::Damped] {
                let form = Form {
                    error,
                    trend,
                    season: indices.together,
                };
                let start = Start {
                    level,
                    slope,
                    indices: &indices.values,
                };
                let fitted = form.search(y, start, self.budget);
                let better = |best: &Fitted| fitted.information < best.information;
                if fitted.information.is_finite() && best.as_ref().is_none_or(better) {
                    best = Some(fitted);
                }
            }
        }
        best.ok_or(FitError::NotFinite)
    }

    /// The seasons to start from: added and, where that can be, multiplied; one without indices where there is none.
    fn seasons(&self, y: &[f64]) -> Vec<Indices> {
        if !is_seasonal(y, self.season) {
            return vec![Indices {
                together: Together::Added,
                values: Vec::new(),
            }];
        }
        let mut seasons = vec![Indices::with(y, self.season, Together::Added)];
        let preferred = Indices::of(y, self.season);
        if preferred.together == Together::Multiplied {
            seasons.push(preferred);
        }
        seasons
    }
}

impl Fit for Ets {
    fn model(&self) -> Model {
        Model::Ets
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        Ok(Box::new(self.choose(y)?))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trend {
    None,
    Added,
    Damped,
}

#[derive(Debug, Clone, Copy)]
struct Form {
    error: Together,
    trend: Trend,
    season: Together,
}

/// Where a filter starts.
#[derive(Clone, Copy)]
struct Start<'a> {
    level: f64,
    slope: f64,
    /// The season's indices, phase 0 first; empty without a season.
    indices: &'a [f64],
}

/// Smoothing of level, slope and season, and the damping of the slope.
#[derive(Debug, Clone, Copy)]
struct Smoothing {
    alpha: f64,
    beta: f64,
    gamma: f64,
    phi: f64,
}

/// A form with its parameters, after the last value.
#[derive(Debug, Clone)]
pub(crate) struct Fitted {
    season: Together,
    phi: f64,
    level: f64,
    slope: f64,
    /// The indices of the next season, the next value's first.
    indices: Vec<f64>,
    information: f64,
}

impl Form {
    /// Estimates smoothing, damping, first level and first slope.
    fn search(self, y: &[f64], start: Start, budget: usize) -> Fitted {
        let spread = spread(y).max(f64::MIN_POSITIVE);
        // Each parameter is searched inside the admissible box; those a form has not are pinned by an empty one.
        let pin = |used: bool, low: f64, high: f64, rest: f64| {
            if used { (low, high) } else { (rest, rest) }
        };
        let (trended, seasonal) = (self.trend != Trend::None, !start.indices.is_empty());
        let bounds = [
            (0.001, 0.999),
            pin(trended, 0.001, 0.6, 0.0),
            pin(seasonal, 0.0001, 0.7, 0.0),
            pin(self.trend == Trend::Damped, DAMPING.0, DAMPING.1, 1.0),
            (start.level - spread, start.level + spread),
            pin(
                trended,
                start.slope - 0.3 * spread,
                start.slope + 0.3 * spread,
                0.0,
            ),
        ];
        let decode = |point: &[f64; 6]| {
            let [alpha, share, season_share, phi, level, slope] = *point;
            let smoothing = Smoothing {
                alpha,
                beta: alpha * share,
                gamma: (1.0 - alpha) * season_share,
                phi: if trended { phi } else { 0.0 },
            };
            (
                smoothing,
                Start {
                    level,
                    slope,
                    ..start
                },
            )
        };
        // One buffer for all evaluations: the search calls a few hundred times.
        let ring = RefCell::new(Vec::with_capacity(start.indices.len()));
        let cost = |point: &[f64; 6]| {
            let (smoothing, start) = decode(point);
            self.filter(y, smoothing, start, &mut ring.borrow_mut())
                .deviance
        };
        let first = [0.3, 0.1, 0.1, 0.95, start.level, start.slope];
        let (point, _) = minimise(cost, first, &bounds, budget);
        let (smoothing, begin) = decode(&point);
        let mut last = Vec::new();
        let end = self.filter(y, smoothing, begin, &mut last);
        let free = bounds.iter().filter(|(low, high)| low < high).count() + start.indices.len() + 1;
        let (count, free) = (y.len() as f64, free as f64);
        // With about as many parameters as values the correction is infinite: such a form is never chosen.
        let correction = if count > free + 1.0 {
            2.0 * free * (free + 1.0) / (count - free - 1.0)
        } else {
            f64::INFINITY
        };
        if !last.is_empty() {
            let turn = y.len() % last.len();
            last.rotate_left(turn);
        }
        Fitted {
            season: self.season,
            phi: smoothing.phi,
            level: end.level,
            slope: end.slope,
            indices: last,
            information: end.deviance + 2.0 * free + correction,
        }
    }

    /// Runs over `y`; `ring` is left with the last indices, phase 0 first.
    fn filter(self, y: &[f64], smoothing: Smoothing, start: Start, ring: &mut Vec<f64>) -> End {
        let Smoothing {
            alpha,
            beta,
            gamma,
            phi,
        } = smoothing;
        ring.clear();
        ring.extend_from_slice(start.indices);
        let (mut level, mut slope, mut phase) = (start.level, start.slope, 0);
        let (mut squares, mut size, mut logs) = (0.0, 1.0_f64, 0.0);
        for value in y {
            let base = level + phi * slope;
            let index = ring.get(phase).copied();
            let expected = match (index, self.season) {
                (None, _) => base,
                (Some(index), Together::Added) => base + index,
                (Some(index), Together::Multiplied) => base * index,
            };
            // How far each state moves for one unit of error.
            let (error, unit) = match self.error {
                Together::Added => (value - expected, 1.0),
                Together::Multiplied => {
                    if expected <= 0.0 {
                        return End {
                            level,
                            slope,
                            deviance: f64::INFINITY,
                        };
                    }
                    size *= expected;
                    // One logarithm per few values instead of one each.
                    if !(1e-100..1e100).contains(&size) {
                        logs += size.ln();
                        size = 1.0;
                    }
                    ((value - expected) / expected, base)
                }
            };
            squares += error * error;
            level = base + alpha * unit * error;
            slope = phi * slope + beta * unit * error;
            if let Some(index) = ring.get_mut(phase) {
                *index += match self.season {
                    Together::Added => gamma * error,
                    Together::Multiplied => gamma * error * *index,
                };
                phase += 1;
                if phase == start.indices.len() {
                    phase = 0;
                }
            }
        }
        let count = y.len() as f64;
        // A perfect fit has minus infinity of it; a floor keeps forms comparable by their parameters.
        let deviance = count * (squares / count).max(1e-18).ln() + 2.0 * (logs + size.ln());
        End {
            level,
            slope,
            deviance,
        }
    }
}

struct End {
    level: f64,
    slope: f64,
    /// Twice the negative logarithm of the likelihood, but for a constant.
    deviance: f64,
}

impl Predict for Fitted {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        let (mut damped, mut sum) = (1.0, 0.0);
        let mut values: Vec<f64> = (0..horizon)
            .map(|_| {
                damped *= self.phi;
                sum += damped;
                self.level + sum * self.slope
            })
            .collect();
        if !self.indices.is_empty() {
            Indices {
                together: self.season,
                values: self.indices.clone(),
            }
            .put_back(&mut values, 0);
        }
        values
    }
}

/// Level before the first value and slope, by least squares on the first values.
fn first_line(adjusted: &[f64], season: usize) -> (f64, f64) {
    let (intercept, slope) = line(&adjusted[..adjusted.len().min((2 * season).max(10))]);
    (intercept - slope, slope)
}

fn spread(y: &[f64]) -> f64 {
    let centre = series::mean(y).unwrap_or(0.0);
    (y.iter()
        .map(|value| (value - centre) * (value - centre))
        .sum::<f64>()
        / y.len().max(1) as f64)
        .sqrt()
}
