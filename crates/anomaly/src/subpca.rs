//! Sub-PCA: principal components of a series' stretches; a stretch that they do not make up is unusual.
//!
//! Aggarwal, "Outlier Analysis" (2017), section 9.3; among the best of the methods compared in Paparrizos et al.,
//! "TSB-UAD: An End-to-End Benchmark Suite for Univariate Time-Series Anomaly Detection", VLDB 15 (2022).

use crate::pca::Pca;
use crate::scale::{Scale, tame};
use crate::score::to_score;
use crate::table::{AnomalyError, Table};
use crate::tail::{Calibration, p_value};
use serde::{Deserialize, Serialize};

/// The evidence of a stretch at the threshold: one in a thousand.
const AT_THRESHOLD: f64 = 3.0;
/// The longest stretch: eigenvectors cost its cube.
pub const LONGEST_STRETCH: usize = 128;

/// What stretches of a series are usually made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubPca {
    length: usize,
    scale: Scale,
    pca: Pca,
    distances: Calibration,
}

impl SubPca {
    /// Learns from a series; `length` is the points of a stretch, a season for instance, 2 to [`LONGEST_STRETCH`].
    ///
    /// A gap is taken for the value before it.
    /// `AnomalyError::NotEnough` below three stretches' points.
    pub fn fit(values: &[f64], length: usize) -> Result<Self, AnomalyError> {
        let length = length.clamp(2, LONGEST_STRETCH);
        let (have, need) = (values.len(), 3 * length);
        if have < need {
            return Err(AnomalyError::NotEnough { have, need });
        }
        let filled = filled(values);
        let scale = Scale::fit(&Table::new(&filled, 1)?);
        let scaled = scale.table(&Table::new(&filled, 1)?);
        let stretches: Vec<f64> = scaled.windows(length).flatten().copied().collect();
        let stretches = Table::new(&stretches, length)?;
        let pca = Pca::fit(&stretches)?;
        let distances: Vec<f64> = stretches.rows().map(|stretch| pca.score(stretch)).collect();
        Ok(Self {
            length,
            scale,
            pca,
            distances: Calibration::fit(&distances),
        })
    }

    /// Score, 0 to 1, and p-value of the stretch that ends at each point; 0 and 1 where there is none yet.
    ///
    /// The fit may know what came after; the stretch does not.
    pub fn score_all(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let mut scores = vec![(0.0, 1.0); values.len()];
        let scaled: Vec<f64> = filled(values)
            .iter()
            .flat_map(|value| self.scale.row(&[*value]))
            .collect();
        let stretches = scaled.windows(self.length);
        for (to, stretch) in scores.iter_mut().skip(self.length - 1).zip(stretches) {
            let evidence = self.distances.evidence(self.pca.score(stretch));
            *to = (to_score(evidence, AT_THRESHOLD), p_value(evidence));
        }
        scores
    }
}

/// Values without gaps: each takes the value before it, the first ones the first that is there.
fn filled(values: &[f64]) -> Vec<f64> {
    let mut before = values.iter().copied().find_map(tame).unwrap_or(0.0);
    let fill = |value: &f64| {
        before = tame(*value).unwrap_or(before);
        before
    };
    values.iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_that_stumbles_is_found() {
        let mut values: Vec<f64> = (0..960)
            .map(|i| (f64::from(i) * std::f64::consts::TAU / 24.0).sin())
            .collect();
        // No value is unusual here, only their order.
        values[700..712].reverse();
        let detector = SubPca::fit(&values, 24).unwrap();
        let scores = detector.score_all(&values);
        let most = (0..960)
            .max_by(|a, b| scores[*a].0.total_cmp(&scores[*b].0))
            .unwrap();
        assert!((700..736).contains(&most), "{most}");
        assert!(scores[600].0 < 0.5 && scores[most].0 > 0.5);
    }
}
