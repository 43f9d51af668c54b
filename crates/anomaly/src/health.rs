//! The health of a machine, 0 to 100, and what each thing that is wrong with it takes away.
//!
//! Each ailment takes a share of what the worse ones left: ten small ones do not make a machine dead, the sum of the
//! deductions is exactly what is missing to 100, and one more ailment never raises the health.

use crate::score::odds;
use serde::{Deserialize, Serialize};

/// The share that an ailment of full severity takes when it is new.
const MOST: f64 = 0.7;
/// After so many hours an ailment that is over weighs half.
const HALF_LIFE_HOURS: f64 = 6.0;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ailment {
    /// What it is about: a series' name, a check, a limit.
    pub subject: String,
    /// How bad it is, 0 to 1: see [`severity`] for a finding.
    pub severity: f64,
    /// Hours since it was last seen; 0 while it lasts.
    pub hours_ago: f64,
}

/// What an ailment takes away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deduction {
    /// What it is about.
    pub subject: String,
    /// Points of 100.
    pub points: f64,
}

/// How well a machine is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// 100 where nothing is wrong, towards 0.
    pub score: f64,
    /// What was taken away, the most first; they add up to `100 - score`.
    pub deductions: Vec<Deduction>,
}

/// How bad a finding is, 0 to 1: a third at its threshold, more with its odds, none below.
pub fn severity(score: f64, threshold: f64) -> f64 {
    if score.is_nan() || score < threshold {
        return 0.0;
    }
    let times = odds(score) / odds(threshold).max(f64::EPSILON);
    // 1 at the threshold, 3 at three times its odds.
    (times / (times + 2.0)).clamp(0.0, 1.0)
}

/// The health of a machine with these ailments.
pub fn health(ailments: &[Ailment]) -> Health {
    let clean = |value: f64, most: f64| {
        if value.is_nan() {
            0.0
        } else {
            value.clamp(0.0, most)
        }
    };
    let share = |ailment: &Ailment| {
        let age = (-clean(ailment.hours_ago, f64::MAX) / HALF_LIFE_HOURS).exp2();
        MOST * clean(ailment.severity, 1.0) * age
    };
    let mut shares: Vec<(f64, &Ailment)> = ailments.iter().map(|a| (share(a), a)).collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut score = 100.0;
    let mut deductions = Vec::new();
    for (share, ailment) in shares {
        let points = score * share;
        if points > 0.0 {
            score -= points;
            deductions.push(Deduction {
                subject: ailment.subject.clone(),
                points,
            });
        }
    }
    Health { score, deductions }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ailment(severity: f64, hours_ago: f64) -> Ailment {
        Ailment {
            subject: format!("{severity} {hours_ago}"),
            severity,
            hours_ago,
        }
    }

    #[test]
    fn nothing_wrong_is_a_hundred() {
        assert!((health(&[]).score - 100.0).abs() < 1e-12);
        assert!((health(&[ailment(f64::NAN, 0.0), ailment(0.0, 0.0)]).score - 100.0).abs() < 1e-12);
    }

    #[test]
    fn deductions_add_up_and_the_worst_comes_first() {
        let health = health(&[ailment(0.2, 0.0), ailment(1.0, 0.0), ailment(1.0, 6.0)]);
        let sum: f64 = health.deductions.iter().map(|d| d.points).sum();
        assert!((sum + health.score - 100.0).abs() < 1e-9);
        assert_eq!(health.deductions[0].subject, "1 0");
        assert!((health.deductions[0].points - 70.0).abs() < 1e-9);
    }

    #[test]
    fn a_finding_weighs_more_the_further_it_is_above_its_threshold() {
        assert!(severity(0.79, 0.8).abs() < 1e-12);
        assert!((severity(0.8, 0.8) - 1.0 / 3.0).abs() < 1e-9);
        assert!(severity(0.95, 0.8) > 0.6);
    }
}
