//! Exponential smoothing in state-space form (ETS): all admissible forms, weighed by corrected Akaike information.
//!
//! Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential Smoothing: The State Space Approach", Springer (2008).
//! Error, trend and season are each added or multiplied; a trend may be damped.
//! Smoothing, damping and the whole first state, the first season included, are estimated.
//!
//! The information criterion rarely tells the best few forms apart, so that one more value can change the choice:
//! the forms within reach share the forecast by their Akaike weights
//! (Kolassa, "Combining exponential smoothing forecasts using Akaike weights", International Journal of Forecasting 27, 2011).

mod filter;
mod form;
mod lanes;
mod search;

use crate::minimise::passes;
use crate::season::{Indices, Together, is_seasonal, line};
use crate::{Fit, FitError, Model, Predict};
use filter::{Smoothing, State};
use form::Form;
use search::{Search, smooth};

const FEWEST: usize = 6;
/// Passes over the history that the search of every form may spend, and again that of the forms that are kept.
const FIRST_PASSES: usize = 25;
const LAST_PASSES: usize = 50;
/// How many forms are searched to the end.
const KEPT: usize = 4;
/// A form so far behind the best in information is not searched further: its weight would have to
/// grow some four hundred times to count for anything.
const OUT_OF_REACH: f64 = 20.0;
/// A form with less than this share of the best one's Akaike weight has no say.
const LEAST_WEIGHT: f64 = 0.02;

/// ETS with its forms weighed by corrected Akaike information.
#[derive(Debug, Clone, Copy)]
pub struct Ets {
    /// Points in a season; below 2 there is none.
    pub season: usize,
}

impl Ets {
    /// ETS with a season of `season` points.
    pub const fn new(season: usize) -> Self {
        Self { season }
    }

    /// The forms within reach of the best, with their weights.
    pub(crate) fn mixture(self, y: &[f64]) -> Result<Mixture, FitError> {
        if y.len() < FEWEST {
            return Err(FitError::TooShort {
                have: y.len(),
                need: FEWEST,
            });
        }
        let searches = self.search(y);
        let count = y.len();
        let best = searches
            .first()
            .map(|search| search.information(count))
            .filter(|information| information.is_finite())
            .ok_or(FitError::NotFinite)?;
        let weigh = |search: &Search| (-0.5 * (search.information(count) - best)).exp();
        let parts: Vec<(f64, Fitted)> = searches
            .iter()
            .map(|search| (weigh(search), search))
            .filter(|(weight, _)| *weight > LEAST_WEIGHT)
            .map(|(weight, search)| (weight, Fitted::from(search, y)))
            .collect();
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        Ok(Mixture {
            parts: parts
                .into_iter()
                .map(|(weight, fitted)| (weight / total, fitted))
                .collect(),
        })
    }

    /// Searches every admissible form a little and the best few further; the best comes first.
    fn search(self, y: &[f64]) -> Vec<Search> {
        let positive = y.iter().all(|value| *value > 0.0);
        let seasonal = is_seasonal(y, self.season);
        let none = self.start(y, None);
        let start = |together| seasonal.then(|| self.start(y, Some(together)));
        let added = start(Together::Added);
        let multiplied = start(Together::Multiplied).filter(|_| positive);
        let by_information =
            |a: &Search, b: &Search| a.information(y.len()).total_cmp(&b.information(y.len()));
        let mut searches: Vec<Search> = Form::admissible(seasonal, positive)
            .into_iter()
            .filter_map(|form| {
                let first = match form.season {
                    None => Some(&none),
                    Some(Together::Added) => added.as_ref(),
                    Some(Together::Multiplied) => multiplied.as_ref(),
                };
                Some(Search::new(form, first?.clone()))
            })
            .collect();
        smooth(&mut searches, y, passes(FIRST_PASSES, y.len()));
        for search in &mut searches {
            search.refine(y);
        }
        searches.sort_by(by_information);
        searches.truncate(KEPT);
        let reach = searches.first().map_or(f64::INFINITY, |best| {
            best.information(y.len()) + OUT_OF_REACH
        });
        searches.retain(|one| one.information(y.len()) <= reach);
        smooth(&mut searches, y, passes(LAST_PASSES, y.len()));
        searches.sort_by(by_information);
        searches
    }

    /// Level before the first value and slope by least squares on the first values, and the first season.
    fn start(self, y: &[f64], season: Option<Together>) -> State {
        let indices = season.map(|together| Indices::first(y, self.season, together));
        let adjusted = indices.as_ref().map(|indices| indices.removed_from(y));
        let adjusted = adjusted.as_deref().unwrap_or(y);
        let (intercept, slope) = line(&adjusted[..adjusted.len().min((2 * self.season).max(10))]);
        State {
            level: intercept - slope,
            slope,
            season: indices.map(|indices| indices.values).unwrap_or_default(),
            phase: 0,
        }
    }
}

impl Fit for Ets {
    fn model(&self) -> Model {
        Model::Ets
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        Ok(Box::new(self.mixture(y)?))
    }
}

/// A few forms and their weights, which sum to 1.
#[derive(Debug, Clone)]
pub(crate) struct Mixture {
    parts: Vec<(f64, Fitted)>,
}

impl Mixture {
    /// The value expected next.
    pub(crate) fn next(&self) -> f64 {
        self.parts
            .iter()
            .map(|(weight, fitted)| weight * fitted.next())
            .sum()
    }
}

impl Predict for Mixture {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        let mut values = vec![0.0; horizon];
        for (weight, fitted) in &self.parts {
            fitted.add_to(&mut values, *weight);
        }
        values
    }

    fn update(&mut self, value: f64) {
        for (_, fitted) in &mut self.parts {
            fitted.update(value);
        }
    }
}

/// A form with its parameters, after the last value.
#[derive(Debug, Clone)]
struct Fitted {
    form: Form,
    smoothing: Smoothing,
    state: State,
}

impl Fitted {
    fn from(search: &Search, y: &[f64]) -> Self {
        let (smoothing, state) = search.finish(y);
        Self {
            form: search.form,
            smoothing,
            state,
        }
    }

    fn next(&self) -> f64 {
        let base = self.state.level + self.smoothing.phi * self.state.slope;
        let index = self.state.season.get(self.state.phase);
        self.with_season(base, index)
    }

    fn with_season(&self, base: f64, index: Option<&f64>) -> f64 {
        match (self.form.season, index) {
            (Some(Together::Added), Some(index)) => base + index,
            (Some(Together::Multiplied), Some(index)) => base * index,
            _ => base,
        }
    }

    /// Adds `weight` times the next values.
    fn add_to(&self, values: &mut [f64], weight: f64) {
        let (mut damped, mut sum) = (1.0, 0.0);
        let mut indices = self.state.season.iter().cycle().skip(self.state.phase);
        for value in values {
            damped *= self.smoothing.phi;
            sum += damped;
            let base = self.state.level + sum * self.state.slope;
            *value += weight * self.with_season(base, indices.next());
        }
    }

    fn update(&mut self, value: f64) {
        let mut form = self.form;
        if self.next() <= 0.0 {
            // A share of nothing is no share: such a step is taken in the unit of the values.
            form.error = Together::Added;
        }
        form.filter(&[value], self.smoothing, &mut self.state, |_| {});
    }
}
