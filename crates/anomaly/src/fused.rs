//! The detector for tables: three that fail in different ways, each calibrated, and the mean of their evidence.
//!
//! An isolation forest finds what few features set apart, distances to samples find what has no neighbours,
//! principal components find what breaks the correlation of features.
//! Averaging evidence, the logarithm of p-values, is Fisher's combination; as the members agree for good reason, its
//! distribution is not his but is learnt from the rows it was fitted on.

use crate::forest::{ForestOptions, IsolationForest};
use crate::neighbours::Neighbours;
use crate::pca::Pca;
use crate::scale::Scale;
use crate::score::to_score;
use crate::table::{AnomalyError, Table};
use crate::tail::{Calibration, p_value};
use serde::{Deserialize, Serialize};

/// The mean evidence of the members at the threshold: each puts the row among the highest hundredth.
const AT_THRESHOLD: f64 = 2.0;
/// The most features that are tried for an explanation, those farthest from the mean.
const MOST_EXPLAINED: usize = 64;
/// Fewer rows than this do not say what is usual.
pub const FEWEST_ROWS: usize = 8;

/// What is unusual among rows; fitted once, then asked for any row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableDetector {
    scale: Scale,
    forest: IsolationForest,
    neighbours: Neighbours,
    pca: Pca,
    members: [Calibration; 3],
    fused: Calibration,
}

/// How unusual a row is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowScore {
    /// The fused score, 0 to 1; a finding from [`crate::THRESHOLD`].
    pub score: f64,
    /// How often a row like those of the fit has such a score: what [`crate::q_values`] takes.
    pub p_value: f64,
    /// The evidence of the isolation forest, the neighbours and the components: −log₁₀ of their p-values.
    pub evidence: [f64; 3],
}

/// What one feature has to do with the score of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The feature's column.
    pub feature: usize,
    /// Its share of what makes the row unusual; all shares of a row add up to 1, or are 0.
    pub share: f64,
    /// What the row has; `None` for what is missing.
    pub value: Option<f64>,
    /// What rows have that are alike in all other features.
    pub expected: f64,
}

impl TableDetector {
    /// Learns what is usual from rows, of which some may be anomalies; constant columns have no say.
    ///
    /// `AnomalyError::NotEnough` below [`FEWEST_ROWS`].
    pub fn fit(table: &Table<'_>, options: ForestOptions) -> Result<Self, AnomalyError> {
        let (have, need) = (table.len(), FEWEST_ROWS);
        if have < need {
            return Err(AnomalyError::NotEnough { have, need });
        }
        let scale = Scale::fit(table);
        let scaled = scale.table(table);
        let scaled = Table::new(&scaled, table.width())?;
        let forest = IsolationForest::fit(&scaled, options)?;
        let neighbours = Neighbours::fit(&scaled, options.seed)?;
        let pca = Pca::fit(&scaled)?;
        let scores = [
            forest.score_all(&scaled),
            scaled.rows().map(|row| neighbours.score(row)).collect(),
            scaled.rows().map(|row| pca.score(row)).collect(),
        ];
        let members = scores.each_ref().map(|scores| Calibration::fit(scores));
        let fused: Vec<f64> = (0..have)
            .map(|row| {
                let all = members.iter().zip(&scores);
                mean(all.map(|(member, scores)| member.evidence(scores[row])))
            })
            .collect();
        Ok(Self {
            scale,
            forest,
            neighbours,
            pca,
            members,
            fused: Calibration::fit(&fused),
        })
    }

    /// The score of a row; what is missing counts as the median of its column.
    pub fn score(&self, row: &[f64]) -> RowScore {
        self.score_scaled(&self.scale.row(row))
    }

    fn score_scaled(&self, row: &[f64]) -> RowScore {
        let scores = [
            self.forest.score(row),
            self.neighbours.score(row),
            self.pca.score(row),
        ];
        self.fuse(scores)
    }

    fn fuse(&self, scores: [f64; 3]) -> RowScore {
        let mut evidence = [0.0; 3];
        for ((to, member), score) in evidence.iter_mut().zip(&self.members).zip(scores) {
            *to = member.evidence(score);
        }
        let fused = mean(evidence.into_iter());
        RowScore {
            score: to_score(fused, AT_THRESHOLD),
            p_value: p_value(self.fused.evidence(fused)),
            evidence,
        }
    }

    /// The score of every row; the forest takes them side by side.
    pub fn score_all(&self, table: &Table<'_>) -> Result<Vec<RowScore>, AnomalyError> {
        let scaled = self.scale.table(table);
        let scaled = Table::new(&scaled, self.scale.width())?;
        let forest = self.forest.score_all(&scaled);
        let rows = scaled.rows().zip(forest);
        Ok(rows
            .map(|(row, forest)| {
                self.fuse([forest, self.neighbours.score(row), self.pca.score(row)])
            })
            .collect())
    }

    /// What each feature has to do with the score of a row, the largest share first; of very wide rows, the 64 features
    /// that are farthest from usual.
    ///
    /// A share is by how much the evidence falls if the feature had the value that is expected of it: a counterfactual,
    /// as in Wachter, Mittelstadt and Russell, "Counterfactual Explanations Without Opening the Black Box" (2017).
    pub fn explain(&self, row: &[f64]) -> Vec<Contribution> {
        let mut scaled = self.scale.row(row);
        let whole = mean(self.score_scaled(&scaled).evidence.into_iter());
        let mut features: Vec<usize> = (0..scaled.len()).collect();
        features.sort_by(|a, b| scaled[*b].abs().total_cmp(&scaled[*a].abs()));
        features.truncate(MOST_EXPLAINED);
        let mut contributions: Vec<Contribution> = features
            .into_iter()
            .map(|feature| {
                let expected = self.neighbours.expected(&scaled, feature);
                let had = std::mem::replace(&mut scaled[feature], expected);
                let without = mean(self.score_scaled(&scaled).evidence.into_iter());
                scaled[feature] = had;
                Contribution {
                    feature,
                    share: (whole - without).max(0.0),
                    value: row.get(feature).copied().filter(|value| !value.is_nan()),
                    expected: self.scale.unscaled(feature, expected),
                }
            })
            .collect();
        let all: f64 = contributions.iter().map(|c| c.share).sum();
        if all > 0.0 {
            for contribution in &mut contributions {
                contribution.share /= all;
            }
        }
        contributions.sort_by(|a, b| b.share.total_cmp(&a.share));
        contributions
    }
}

fn mean(evidence: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = evidence.len().max(1) as f64;
    evidence.sum::<f64>() / count
}
