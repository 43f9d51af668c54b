//! Principal components: Hotelling's T² within the subspace of the components, and Q, the squared distance from it.
//!
//! Jackson and Mudholkar, "Control Procedures for Residuals Associated With Principal Component Analysis",
//! Technometrics 21 (1979); one index of both as in Yue and Qin, "Reconstruction-Based Fault Identification Using a
//! Combined Index", Industrial & Engineering Chemistry Research 40 (2001).
//! The fit concentrates on the three quarters of rows with the lowest index, so that anomalies do not become
//! components: Rousseeuw and Van Driessen, "A Fast Algorithm for the Minimum Covariance Determinant Estimator",
//! Technometrics 41 (1999).

use crate::eigen::eigen;
use crate::table::{AnomalyError, Table};
use serde::{Deserialize, Serialize};

/// Components are taken until they explain this share of the variance.
const EXPLAINED: f64 = 0.9;
/// The share of rows that the fit concentrates on.
const KEPT: f64 = 0.75;
/// How often it does so; more changes nothing that matters.
const CONCENTRATIONS: usize = 4;
/// Rows that the fit looks at, evenly spread: a covariance needs no more.
const MOST_ROWS: usize = 20_000;

/// Components of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    centre: Vec<f64>,
    /// Component after component, as many numbers as features each.
    components: Vec<f64>,
    /// The variance of each component.
    variances: Vec<f64>,
    /// The variance that no component explains.
    left: f64,
}

/// How far a row is from usual rows, along the components and away from them; 1 is the average for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distances {
    /// Hotelling's T² over the number of components.
    pub t2: f64,
    /// Q, the squared prediction error, over its mean.
    pub q: f64,
}

impl Pca {
    /// Finds the components of rows, whose features should be of like scale.
    ///
    /// `AnomalyError::NotEnough` if there are fewer than three rows.
    pub fn fit(table: &Table<'_>) -> Result<Self, AnomalyError> {
        let (have, need) = (table.len(), 3);
        if have < need {
            return Err(AnomalyError::NotEnough { have, need });
        }
        let step = have.div_ceil(MOST_ROWS);
        let rows: Vec<&[f64]> = table.rows().step_by(step).collect();
        let mut pca = Self::of(&rows, table.width());
        for _ in 0..CONCENTRATIONS {
            let index = |row: &&[f64]| pca.score(row);
            let scores: Vec<f64> = rows.iter().map(index).collect();
            let limit = series::quantile(&scores, KEPT).unwrap_or(f64::INFINITY);
            let kept: Vec<&[f64]> = rows
                .iter()
                .zip(&scores)
                .filter(|(_, score)| **score <= limit)
                .map(|(row, _)| *row)
                .collect();
            pca = Self::of(&kept, table.width());
        }
        Ok(pca)
    }

    fn of(rows: &[&[f64]], width: usize) -> Self {
        let count = rows.len().max(1) as f64;
        let mut centre = vec![0.0; width];
        for row in rows {
            for (sum, value) in centre.iter_mut().zip(*row) {
                *sum += value / count;
            }
        }
        let mut covariance = vec![0.0; width * width];
        let mut centred = vec![0.0; width];
        for row in rows {
            for ((to, value), centre) in centred.iter_mut().zip(*row).zip(&centre) {
                *to = value - centre;
            }
            for (line, a) in covariance.chunks_exact_mut(width).zip(&centred) {
                for (sum, b) in line.iter_mut().zip(&centred) {
                    *sum += a * b / count;
                }
            }
        }
        let (values, vectors) = eigen(covariance, width);
        let total: f64 = values.iter().sum();
        let mut explained = 0.0;
        let mut taken = 0;
        // At least one, and none that is rounding.
        while taken < width
            && (taken == 0 || explained < EXPLAINED * total)
            && values[taken] > 1e-12 * total
        {
            explained += values[taken];
            taken += 1;
        }
        let left = values.get(taken..).map_or(0.0, |rest| rest.iter().sum());
        Self {
            centre,
            components: vectors.get(..taken * width).unwrap_or(&[]).to_vec(),
            variances: values.get(..taken).unwrap_or(&[]).to_vec(),
            left: if left > 1e-9 * total { left } else { 0.0 },
        }
    }

    /// T² and Q of a row; zeros for a row of another width.
    pub fn distances(&self, row: &[f64]) -> Distances {
        let width = self.centre.len();
        if row.len() != width {
            return Distances { t2: 0.0, q: 0.0 };
        }
        let mut rest: Vec<f64> = row.iter().zip(&self.centre).map(|(x, c)| x - c).collect();
        let mut t2 = 0.0;
        for (component, variance) in self.components.chunks_exact(width).zip(&self.variances) {
            let along: f64 = component.iter().zip(&rest).map(|(w, x)| w * x).sum();
            t2 += along * (along / variance);
            // Components are orthogonal: taking one out leaves the others as they were.
            for (x, w) in rest.iter_mut().zip(component) {
                *x -= along * w;
            }
        }
        let q: f64 = rest.iter().map(|x| x * x).sum();
        Distances {
            t2: t2 / self.variances.len().max(1) as f64,
            q: if self.left > 0.0 { q / self.left } else { q },
        }
    }

    /// T² and Q in one index.
    pub fn score(&self, row: &[f64]) -> f64 {
        let Distances { t2, q } = self.distances(row);
        if self.left > 0.0 { t2 + q } else { t2 }
    }

    /// What the components make of a row: what they would expect of each feature, given all.
    pub fn reconstruct(&self, row: &[f64]) -> Vec<f64> {
        let width = self.centre.len().max(1);
        let mut made = self.centre.clone();
        for component in self.components.chunks_exact(width) {
            let centred = row.iter().zip(&self.centre).map(|(x, c)| x - c);
            let along: f64 = component.iter().zip(centred).map(|(w, x)| w * x).sum();
            for (to, w) in made.iter_mut().zip(component) {
                *to += along * w;
            }
        }
        made
    }
}
