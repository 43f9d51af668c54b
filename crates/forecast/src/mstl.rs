//! Several seasons by MSTL, the rest by exponential smoothing.
//!
//! Bandara, Hyndman and Bergmeir, "MSTL: A Seasonal-Trend Decomposition Algorithm for Time Series with Multiple
//! Seasonal Patterns", arXiv 2107.13462 (2021), as implemented by `stlrs`.
//! `augurs-mstl` stands on the same crate and is the oracle of the tests; it counts in `f32` and cannot be updated.

use crate::ets::{Ets, Mixture};
use crate::guard::guarded;
use crate::{Fit, FitError, Model, Predict};

/// How much of an error a season takes over at an update; the decomposition itself smooths over about eleven seasons.
const LEARNS: f64 = 0.1;

/// MSTL with a trend by non-seasonal ETS.
#[derive(Debug, Clone)]
pub struct Mstl {
    /// Points in each season; those that do not fit into the history twice are left out.
    pub seasons: Vec<usize>,
}

impl Fit for Mstl {
    fn model(&self) -> Model {
        Model::Mstl
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        let fitting = |season: &usize| *season >= 2 && y.len() > 2 * season;
        let mut seasons: Vec<usize> = self.seasons.iter().copied().filter(fitting).collect();
        seasons.sort_unstable();
        seasons.dedup();
        if seasons.is_empty() {
            // Without a season MSTL is its trend model; the library insists on one.
            return Ets::new(1).fit(y);
        }
        let found = guarded(|| {
            stlrs::Mstl::fit(y, &seasons).map_err(|error| FitError::Refused(error.to_string()))
        })?;
        let (parts, trend, remainder) = found.into_parts();
        let adjusted: Vec<f64> = trend.iter().zip(&remainder).map(|(t, r)| t + r).collect();
        let cycles = parts
            .iter()
            .zip(&seasons)
            .map(|(part, season)| Cycle {
                values: part[part.len().saturating_sub(*season)..].to_vec(),
                phase: 0,
            })
            .collect();
        Ok(Box::new(Decomposed {
            cycles,
            trend: Ets::new(1).mixture(&adjusted)?,
        }))
    }
}

/// One season's last round; the next value's part stands at `phase`.
struct Cycle {
    values: Vec<f64>,
    phase: usize,
}

struct Decomposed {
    cycles: Vec<Cycle>,
    trend: Mixture,
}

impl Predict for Decomposed {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        let mut values = self.trend.predict(horizon);
        for cycle in &self.cycles {
            let turned = cycle.values.iter().cycle().skip(cycle.phase);
            for (value, part) in values.iter_mut().zip(turned) {
                *value += part;
            }
        }
        values
    }

    fn update(&mut self, value: f64) {
        let season: f64 = self
            .cycles
            .iter()
            .filter_map(|cycle| cycle.values.get(cycle.phase))
            .sum();
        let rest = value - season;
        let error = rest - self.trend.next();
        self.trend.update(rest);
        let share = LEARNS / self.cycles.len().max(1) as f64;
        for cycle in &mut self.cycles {
            if let Some(part) = cycle.values.get_mut(cycle.phase) {
                *part += share * error;
            }
            cycle.phase = (cycle.phase + 1) % cycle.values.len().max(1);
        }
    }
}
