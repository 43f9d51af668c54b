//! What people say of findings changes how sensitive a series is; and what a sensitivity would have found.
//!
//! Pure functions of state: the store keeps a [`Sensitivity`] with each series.

use crate::score::{IncidentOptions, Incidents, Standing, THRESHOLD, odds};
use serde::{Deserialize, Serialize};

/// The lowest threshold: below it every other point would be a finding.
pub const LOWEST_THRESHOLD: f64 = 0.6;
/// The highest: above it nothing would be.
pub const HIGHEST_THRESHOLD: f64 = 0.98;
/// What a word of somebody's moves: odds of the threshold by a tenth.
const STEP: f64 = 1.1;
/// The most that one word moves; a second on a like finding moves the rest.
const FARTHEST: f64 = 1.5;

/// What somebody says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It was worth knowing.
    Anomaly,
    /// It was nothing.
    NotAnomaly,
}

/// The threshold of one series, and what has been said about it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The score from which a point is a finding.
    pub threshold: f64,
    /// How many findings were worth knowing.
    pub confirmed: u32,
    /// How many were nothing.
    pub dismissed: u32,
}

impl Default for Sensitivity {
    fn default() -> Self {
        Self {
            threshold: THRESHOLD,
            confirmed: 0,
            dismissed: 0,
        }
    }
}

impl Sensitivity {
    /// As set by hand, within what makes sense.
    #[must_use]
    pub fn with_threshold(self, threshold: f64) -> Self {
        let threshold = if threshold.is_nan() {
            self.threshold
        } else {
            threshold
        };
        Self {
            threshold: threshold.clamp(LOWEST_THRESHOLD, HIGHEST_THRESHOLD),
            ..self
        }
    }

    /// After a verdict on a finding of this score.
    ///
    /// "Not an anomaly" raises the threshold just above the score, or as far towards it as one word may.
    /// "Yes" lowers it a little, so that the next one like it is found earlier; the more was dismissed before, the less.
    #[must_use]
    pub fn after(self, verdict: Verdict, score: f64) -> Self {
        let old = odds(self.threshold);
        let said = odds(if score.is_finite() {
            score.clamp(0.0, 1.0)
        } else {
            self.threshold
        });
        match verdict {
            Verdict::NotAnomaly => {
                let new = (said * STEP).clamp(old, old * FARTHEST);
                let dismissed = self.dismissed.saturating_add(1);
                Self { dismissed, ..self }.with_threshold(new / (1.0 + new))
            }
            Verdict::Anomaly => {
                let confirmed = self.confirmed.saturating_add(1);
                let share =
                    f64::from(confirmed) / (f64::from(confirmed) + f64::from(self.dismissed));
                let new = old / (1.0 + (STEP - 1.0) * share);
                Self { confirmed, ..self }.with_threshold(new / (1.0 + new))
            }
        }
    }
}

/// How many findings there would have been at each threshold: what a slider shows before it is let go.
///
/// `scores` are those of the last points, [`crate::Point::score`], in order of time.
/// A finding ends as it does in a stream: `quiet` points after it began.
pub fn preview(scores: &[f64], thresholds: &[f64], options: IncidentOptions) -> Vec<usize> {
    let count = |threshold: &f64| {
        let mut incidents = Incidents::new(IncidentOptions {
            threshold: *threshold,
            ..options
        });
        let standing = scores.iter().map(|score| incidents.push(*score));
        standing
            .filter(|standing| *standing == Standing::Begins)
            .count()
    };
    thresholds.iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dismissed_is_no_finding_the_next_time() {
        let after = Sensitivity::default().after(Verdict::NotAnomaly, 0.83);
        assert!(after.threshold > 0.83 && after.dismissed == 1);
    }

    #[test]
    fn one_word_does_not_silence_a_series() {
        let after = Sensitivity::default().after(Verdict::NotAnomaly, 0.999);
        assert!(after.threshold < 0.86, "{}", after.threshold);
        let mut sensitivity = Sensitivity::default();
        for _ in 0..50 {
            sensitivity = sensitivity.after(Verdict::NotAnomaly, 0.999);
        }
        assert!((sensitivity.threshold - HIGHEST_THRESHOLD).abs() < 1e-12);
    }

    #[test]
    fn a_yes_makes_it_more_sensitive_and_less_so_after_many_noes() {
        let fresh = Sensitivity::default().after(Verdict::Anomaly, 0.9);
        let wary = Sensitivity {
            dismissed: 9,
            ..Sensitivity::default()
        };
        let wary = wary.after(Verdict::Anomaly, 0.9);
        assert!(fresh.threshold < wary.threshold && wary.threshold < THRESHOLD);
    }

    #[test]
    fn a_preview_counts_incidents() {
        let mut scores = vec![0.1; 1000];
        scores[100..110].fill(0.85);
        scores[600] = 0.95;
        let counts = preview(&scores, &[0.6, 0.8, 0.9, 0.97], IncidentOptions::default());
        assert_eq!(counts, [2, 2, 1, 0]);
    }
}
