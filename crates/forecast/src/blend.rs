//! The members of an ensemble, their weights, and the blend of what they say.

use crate::backtest::Tried;
use crate::{BackTestError, FitError, MemberReport, Model, Predict};

/// The share of the median in the blend; the rest is the weighted mean.
const MEDIAN_SHARE: f64 = 0.5;

/// One model after its trial, on the scaled axis.
pub(crate) struct Member {
    pub(crate) model: Model,
    pub(crate) fitted: Result<Box<dyn Predict>, FitError>,
    /// What it said at each origin, cut off at the floor; `None` when it failed there.
    pub(crate) tried: Option<Tried>,
    pub(crate) error: Option<BackTestError>,
    pub(crate) weight: f64,
}

impl Member {
    /// What is told about it; `error` is in the unit of the history.
    pub(crate) fn report(&self, error: Option<BackTestError>) -> MemberReport {
        let failed = match (&self.fitted, error) {
            (Err(failure), _) => Some(failure.to_string()),
            (Ok(_), None) => Some("a fit in the back-test failed".to_owned()),
            (Ok(_), Some(_)) => None,
        };
        MemberReport {
            model: self.model,
            weight: self.weight,
            error,
            failed,
        }
    }

    /// Takes one more value in.
    pub(crate) fn update(&mut self, value: f64) {
        if let Ok(fitted) = &mut self.fitted {
            fitted.update(value);
        }
    }

    /// The same without what was only needed for the back-test.
    pub(crate) fn without_trial(mut self) -> Self {
        self.tried = None;
        self
    }

    /// The next values, if it works and has a say.
    pub(crate) fn says(&self, horizon: usize) -> Option<Vec<f64>> {
        let fitted = self.fitted.as_ref().ok().filter(|_| self.weight > 0.0)?;
        let points = fitted.predict(horizon);
        let usable = points.len() == horizon && points.iter().all(|point| point.is_finite());
        usable.then_some(points)
    }
}

/// Gives every member that worked its share; the floor, which comes first, only stands in when nothing else did.
///
/// Weights are the inverse of the back-test errors and no sharper: with few origins they are guesses themselves, and a combination
/// that is nearly equal is hard to beat
/// (Claeskens, Magnus, Vasnev and Wang, "The forecast combination puzzle", International Journal of Forecasting 32, 2016).
pub(crate) fn weigh(members: &mut [Member]) {
    let score = |member: &Member| {
        let error = member.error.filter(|_| member.fitted.is_ok())?;
        // A member that was perfect is not infinitely better than one that nearly was.
        Some(1.0 / (error.mase + 1e-3))
    };
    let scores: Vec<Option<f64>> = members.iter().map(score).collect();
    let alone = scores.iter().skip(1).all(Option::is_none);
    let total: f64 = scores.iter().skip(usize::from(!alone)).flatten().sum();
    for (index, (member, score)) in members.iter_mut().zip(scores).enumerate() {
        member.weight = match score {
            Some(score) if index > 0 || alone => score / total,
            _ => 0.0,
        };
    }
}

/// The blend of what members say, each with its weight: part weighted mean, part median, which keeps one model's
/// accident out; `None` when nobody says anything.
pub(crate) fn blend(says: &[(f64, Vec<f64>)]) -> Option<Vec<f64>> {
    let total: f64 = says.iter().map(|(weight, _)| weight).sum();
    let steps = says.first()?.1.len();
    let mut at_step = Vec::with_capacity(says.len());
    let at = |step: usize| {
        at_step.clear();
        at_step.extend(says.iter().filter_map(|(_, points)| points.get(step)));
        at_step.sort_unstable_by(f64::total_cmp);
        let mean: f64 = says
            .iter()
            .filter_map(|(weight, points)| Some(weight / total * points.get(step)?))
            .sum();
        let median = series::quantile_sorted(&at_step, 0.5).unwrap_or(mean);
        MEDIAN_SHARE * median + (1.0 - MEDIAN_SHARE) * mean
    };
    Some((0..steps).map(at).collect())
}
