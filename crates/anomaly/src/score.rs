//! Evidence as a score from 0 to 1, p-values with a limit on false discoveries, and when a finding begins.

use serde::{Deserialize, Serialize};

/// The fused score from which a row or a point is a finding, unless somebody has set another.
pub const THRESHOLD: f64 = 0.8;

/// Evidence as a score: 0 for none, [`THRESHOLD`] for `at_threshold`, never quite 1, so that ranks survive.
pub(crate) fn to_score(evidence: f64, at_threshold: f64) -> f64 {
    let half = at_threshold * (1.0 - THRESHOLD) / THRESHOLD;
    let score = evidence / (evidence + half);
    if score.is_finite() {
        score.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// The smallest limit on false discoveries at which each p-value would still be a discovery, in their order.
///
/// `tests` is how many things were looked at, of which these are the ones with the smallest p-values; those that are
/// not given count as 1, and there are never fewer than are given.
/// Benjamini and Hochberg, "Controlling the False Discovery Rate", Journal of the Royal Statistical Society B 57
/// (1995); as adjusted p-values, so that one pass answers every limit.
/// NaN counts as 1.
pub fn q_values(p_values: &[f64], tests: usize) -> Vec<f64> {
    let clean = |p: f64| if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) };
    let tests = tests.max(p_values.len()) as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_unstable_by(|a, b| clean(p_values[*b]).total_cmp(&clean(p_values[*a])));
    let mut q_values = vec![1.0; p_values.len()];
    let mut lowest = 1.0_f64;
    for (place, index) in order.iter().enumerate() {
        let rank = (p_values.len() - place) as f64;
        lowest = lowest.min(clean(p_values[*index]) * tests / rank);
        q_values[*index] = lowest;
    }
    q_values
}

/// When one finding ends and the next may begin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IncidentOptions {
    /// The score from which a point is a finding.
    pub threshold: f64,
    /// For this many points after a finding, more of the same belongs to it.
    pub quiet: usize,
    /// Unless the odds of its score are this many times those of the finding that began it.
    pub escalation: f64,
}

impl Default for IncidentOptions {
    fn default() -> Self {
        Self {
            threshold: THRESHOLD,
            quiet: 150,
            escalation: 1.5,
        }
    }
}

/// What a point is to the findings before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is below the threshold.
    Usual,
    /// It is a new finding.
    Begins,
    /// It belongs to the finding before it.
    Continues,
}

/// Turns scores into findings, one for each incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incidents {
    options: IncidentOptions,
    /// Odds of the score that began the latest incident, and how many points have passed since.
    latest: Option<(f64, usize)>,
}

impl Incidents {
    /// No incident yet.
    pub fn new(options: IncidentOptions) -> Self {
        Self {
            options,
            latest: None,
        }
    }

    /// From now on another score is a finding, see [`crate::Sensitivity`]; an incident that has begun goes on.
    pub fn set_threshold(&mut self, threshold: f64) {
        self.options.threshold = threshold;
    }

    /// Where the next point's score stands.
    pub fn push(&mut self, score: f64) -> Standing {
        if let Some((_, passed)) = &mut self.latest {
            *passed = passed.saturating_add(1);
        }
        if score.is_nan() || score < self.options.threshold {
            return Standing::Usual;
        }
        let odds = odds(score);
        match self.latest {
            Some((began, passed))
                if passed < self.options.quiet && odds < self.options.escalation * began =>
            {
                Standing::Continues
            }
            _ => {
                self.latest = Some((odds, 0));
                Standing::Begins
            }
        }
    }
}

/// The odds of a score: evidence, up to a factor.
pub(crate) fn odds(score: f64) -> f64 {
    score / (1.0 - score).max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_example_has_its_four_discoveries() {
        // Benjamini and Hochberg (1995), section 3.1: thrombolysis, 15 comparisons, at 0.05.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let found = |q_values: &[f64]| q_values.iter().filter(|q| **q <= 0.05).count();
        let all = q_values(&p, p.len());
        assert_eq!(found(&all), 4);
        assert!(all[..4].iter().all(|q| *q <= 0.05));
        // The smallest alone say the same, where it is said how many there were.
        let few = q_values(&p[..6], p.len());
        assert_eq!(found(&few), 4);
        assert_eq!(found(&q_values(&p[..6], 1_000)), 0);
    }

    #[test]
    fn one_incident_is_one_finding_until_it_gets_worse() {
        let mut incidents = Incidents::new(IncidentOptions {
            quiet: 3,
            ..IncidentOptions::default()
        });
        let standing = [0.1, 0.85, 0.9, 0.95, 0.2, 0.85].map(|score| incidents.push(score));
        assert_eq!(standing[1], Standing::Begins);
        assert_eq!(standing[2], Standing::Begins, "odds of 9 after 5.7");
        assert_eq!(standing[3], Standing::Begins, "odds of 19 after 9");
        assert_eq!(standing[5], Standing::Continues);
    }

    #[test]
    fn the_threshold_is_where_it_is_documented() {
        assert!((to_score(1.7, 1.7) - THRESHOLD).abs() < 1e-12);
        assert!(to_score(0.0, 1.7).abs() < 1e-12);
    }
}
