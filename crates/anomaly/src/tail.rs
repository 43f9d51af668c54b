//! From a detector's score to how rare such a score is: evidence, the negative decimal logarithm of a p-value.
//!
//! Inside what was seen, the rank among earlier scores says it, and no distribution is assumed:
//! Laxhammar and Falkman, "Conformal Prediction for Distribution-Independent Anomaly Detection", COPA (2010).
//! Beyond, a generalised Pareto distribution is fitted to the largest scores by its moments, as in
//! Siffer, Fouque, Termier and Largouet, "Anomaly Detection in Streams with Extreme Value Theory", KDD (2017).
//! A prior worth three scores keeps a handful of exceedances from promising too much.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Above this share of earlier scores the tail begins.
const TAIL: f64 = 0.98;
/// Scores are worth no more evidence than this, however far out: beyond, the fit says nothing.
const MOST_EVIDENCE: f64 = 20.0;
/// The heaviest tail: with 0.5 the variance would be infinite.
const HEAVIEST: f64 = 0.5;
/// How many exceedances the prior counts for.
const PRIOR: f64 = 3.0;

/// Evidence to a p-value.
pub(crate) fn p_value(evidence: f64) -> f64 {
    10.0_f64.powf(-evidence).clamp(f64::MIN_POSITIVE, 1.0)
}

/// Where the tail of sorted scores begins, and its shape.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pareto {
    begin: f64,
    share: f64,
    scale: f64,
    shape: f64,
}

impl Pareto {
    /// `None` where scores have no spread to go by.
    fn fit(sorted: &[f64]) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a length"
        )]
        let place = (TAIL * (sorted.len().checked_sub(1)?) as f64) as usize;
        let begin = *sorted.get(place)?;
        let median = *sorted.get(sorted.len() / 2)?;
        let beyond = &sorted[place + 1..];
        let count = beyond.len() as f64;
        let mean = beyond.iter().map(|score| score - begin).sum::<f64>() / count.max(1.0);
        let squares: f64 = beyond.iter().map(|x| (x - begin - mean).powi(2)).sum();
        let prior = if begin > median {
            (begin - median) / 2.0
        } else {
            mean
        };
        let mean = (mean * count + prior * PRIOR) / (count + PRIOR);
        let variance = (squares + prior * prior * PRIOR) / (count + PRIOR);
        let shape = (0.5 * (1.0 - mean * mean / variance)).clamp(0.0, HEAVIEST);
        let scale = mean * (1.0 - shape);
        let share = (count + 1.0) / (sorted.len() + 1) as f64;
        (scale > 0.0 && scale.is_finite() && shape.is_finite()).then_some(Self {
            begin,
            share,
            scale,
            shape,
        })
    }

    fn evidence(&self, score: f64) -> f64 {
        let out = (score - self.begin) / self.scale;
        let decay = if self.shape > 1e-6 {
            (self.shape * out).ln_1p() / self.shape
        } else {
            out
        };
        decay / std::f64::consts::LN_10 - self.share.log10()
    }
}

fn evidence(sorted: &[f64], pareto: Option<&Pareto>, score: f64) -> f64 {
    let beyond = pareto.filter(|pareto| score > pareto.begin);
    let evidence = if let Some(pareto) = beyond {
        pareto.evidence(score)
    } else {
        let as_large = sorted.len() - sorted.partition_point(|seen| *seen < score);
        -(((as_large + 1) as f64) / (sorted.len() + 1) as f64).log10()
    };
    if score.is_nan() || evidence.is_nan() {
        return 0.0;
    }
    // The logarithm of one is minus zero, which prints as such.
    evidence.clamp(0.0, MOST_EVIDENCE) + 0.0
}

/// The scores of what a detector was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    sorted: Vec<f64>,
    pareto: Option<Pareto>,
}

impl Calibration {
    /// Kept ranks: enough for every share that they are asked for, the tail has its own shape.
    const MOST: usize = 4096;

    pub(crate) fn fit(scores: &[f64]) -> Self {
        let mut sorted: Vec<f64> = scores.iter().copied().filter(|s| s.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let pareto = Pareto::fit(&sorted);
        let kept = sorted.len().min(Self::MOST);
        let sorted = (0..kept)
            .map(|place| sorted[place * sorted.len() / kept])
            .collect();
        Self { sorted, pareto }
    }

    /// How rare a score is, as evidence; zero for NaN.
    pub(crate) fn evidence(&self, score: f64) -> f64 {
        evidence(&self.sorted, self.pareto.as_ref(), score)
    }
}

/// The latest scores of a stream, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "(usize, VecDeque<f64>)", into = "(usize, VecDeque<f64>)")]
pub(crate) struct Tail {
    most: usize,
    order: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl Tail {
    /// A memory of `most` scores.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            order: VecDeque::new(),
            sorted: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The score where the tail begins: larger ones come once in fifty.
    pub(crate) fn usual(&self) -> f64 {
        series::quantile_sorted(&self.sorted, TAIL).unwrap_or(0.0)
    }

    pub(crate) fn evidence(&self, score: f64) -> f64 {
        evidence(&self.sorted, Pareto::fit(&self.sorted).as_ref(), score)
    }

    /// Remembers a score; one that is not finite is no score.
    pub(crate) fn push(&mut self, score: f64) {
        if !score.is_finite() {
            return;
        }
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            let place = self.sorted.partition_point(|seen| *seen < oldest);
            if place < self.sorted.len() {
                self.sorted.remove(place);
            }
        }
        self.order.push_back(score);
        let place = self.sorted.partition_point(|seen| *seen < score);
        self.sorted.insert(place, score);
    }
}

impl From<(usize, VecDeque<f64>)> for Tail {
    fn from((most, order): (usize, VecDeque<f64>)) -> Self {
        let mut sorted: Vec<f64> = order.iter().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Self {
            most,
            order,
            sorted,
        }
    }
}

impl From<Tail> for (usize, VecDeque<f64>) {
    fn from(tail: Tail) -> Self {
        (tail.most, tail.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    #[test]
    fn p_values_of_like_scores_are_uniform() {
        let mut chance = Chance::new(3);
        let calibration =
            Calibration::fit(&(0..5000).map(|_| chance.normal().abs()).collect::<Vec<_>>());
        for level in [0.2, 0.05, 0.01, 0.002] {
            let hits = (0..50_000)
                .filter(|_| p_value(calibration.evidence(chance.normal().abs())) <= level)
                .count();
            let rate = hits as f64 / 50_000.0;
            assert!((rate / level - 1.0).abs() < 0.25, "{level}: {rate}");
        }
    }

    #[test]
    fn evidence_grows_beyond_what_was_seen() {
        let calibration = Calibration::fit(&(0..500).map(f64::from).collect::<Vec<_>>());
        let (far, further) = (calibration.evidence(600.0), calibration.evidence(900.0));
        assert!(2.0 < far && far < further && further <= MOST_EVIDENCE);
    }

    #[test]
    fn a_constant_past_is_worth_its_length() {
        let calibration = Calibration::fit(&[0.0; 999]);
        assert!(calibration.evidence(0.0).abs() < 1e-12);
        assert!((calibration.evidence(1e300) - 3.0).abs() < 1e-12);
    }
}
