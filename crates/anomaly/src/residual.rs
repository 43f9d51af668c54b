//! What a forecast did not expect: residuals measured by the residuals of the past.
//!
//! The centre and the spread are median and median absolute deviation, which anomalies of the past do not widen:
//! Rousseeuw and Hubert, "Robust Statistics for Outlier Detection", WIREs Data Mining and Knowledge Discovery 1 (2011).
//! Season and trend are the forecast's business.

use crate::score::to_score;
use crate::table::AnomalyError;
use crate::tail::{Calibration, p_value};
use serde::{Deserialize, Serialize};
use series::MAD_TO_SIGMA;

/// A residual of this evidence, one in a thousand, is at the threshold.
const AT_THRESHOLD: f64 = 3.0;
/// Fewer residuals than this do not say how far is far.
const FEWEST: usize = 8;

/// How residuals of one forecast usually are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidualDetector {
    centre: f64,
    spread: f64,
    distances: Calibration,
}

/// How unusual a residual is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ResidualScore {
    /// The score, 0 to 1; a finding from [`crate::THRESHOLD`].
    pub score: f64,
    /// How often a residual is as far from usual.
    pub p_value: f64,
    /// The robust z-score: deviations from the usual residual, with its sign.
    pub z: f64,
}

impl ResidualDetector {
    /// Learns from past residuals, actual less expected, in the unit of the series; gaps are left out.
    ///
    /// `AnomalyError::NotEnough` below eight of them.
    pub fn fit(residuals: &[f64]) -> Result<Self, AnomalyError> {
        let finite: Vec<f64> = residuals
            .iter()
            .copied()
            .filter(|r| r.is_finite())
            .collect();
        let (have, need) = (finite.len(), FEWEST);
        if have < need {
            return Err(AnomalyError::NotEnough { have, need });
        }
        let centre = series::median(&finite).unwrap_or(0.0);
        let spread = series::mad(&finite).unwrap_or(0.0) * MAD_TO_SIGMA;
        let distances: Vec<f64> = finite.iter().map(|r| (r - centre).abs()).collect();
        Ok(Self {
            centre,
            spread,
            distances: Calibration::fit(&distances),
        })
    }

    /// How unusual the difference between what came and what was forecast is; nothing is, where either is missing.
    pub fn score(&self, actual: f64, expected: f64) -> ResidualScore {
        let distance = actual - expected - self.centre;
        let evidence = self.distances.evidence(distance.abs());
        let z = distance / self.spread;
        ResidualScore {
            score: to_score(evidence, AT_THRESHOLD),
            p_value: p_value(evidence),
            z: if z.is_finite() { z } else { 0.0 },
        }
    }
}
