//! Principal components: Hotelling's T² within the subspace of the components, and Q, the squared distance from it.
//!
//! Jackson and Mudholkar, "Control Procedures for Residuals Associated With Principal Component Analysis",
//! Technometrics 21 (1979); one index of both as in Yue and Qin, "Reconstruction-Based Fault Identification Using a
//! Combined Index", Industrial & Engineering Chemistry Research 40 (2001).
//! The fit concentrates on the three quarters of rows with the lowest index, so that anomalies do not become
//! components: Rousseeuw and Van Driessen, "A Fast Algorithm for the Minimum Covariance Determinant Estimator",
//! Technometrics 41 (1999).
//! Very wide rows are projected by random signs first, which nearly keeps distances:
//! Achlioptas, "Database-Friendly Random Projections", PODS (2001).

use crate::chance::Chance;
use crate::eigen::eigen;
use crate::scale::Scale;
use crate::table::{AnomalyError, Table};
use serde::{Deserialize, Serialize};

/// Components are taken until they explain this share of the variance.
const EXPLAINED: f64 = 0.9;
/// The share of rows that the fit concentrates on.
const KEPT: f64 = 0.75;
/// How often it does so; more changes nothing that matters.
const CONCENTRATIONS: usize = 4;
/// Wider rows are projected to this width before their components are looked for.
const WIDEST: usize = 96;
/// Rows that the fit looks at, evenly spread: a covariance needs no more.
const MOST_ROWS: usize = 20_000;

/// Components of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    scale: Scale,
    /// Signs of the projection, a line for each feature that is made; empty where rows are narrow enough.
    signs: Vec<f64>,
    components: Components,
}

/// Components of rows that are scaled and narrow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Components {
    centre: Vec<f64>,
    /// Component after component, as many numbers as features each.
    vectors: Vec<f64>,
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
    /// Finds the components of rows; features are brought to like scale first, what is missing is the median.
    ///
    /// `AnomalyError::NotEnough` if there are fewer than three rows.
    pub fn fit(table: &Table<'_>) -> Result<Self, AnomalyError> {
        let (have, need) = (table.len(), 3);
        if have < need {
            return Err(AnomalyError::NotEnough { have, need });
        }
        let scale = Scale::fit(table);
        let signs = signs(table.width());
        let step = have.div_ceil(MOST_ROWS);
        let rows = table.rows().step_by(step);
        let rows: Vec<Vec<f64>> = rows.map(|row| narrow(&scale, &signs, row)).collect();
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let mut components = Components::of(&rows);
        for _ in 0..CONCENTRATIONS {
            let scores: Vec<f64> = rows.iter().map(|row| components.index(row)).collect();
            let limit = series::quantile(&scores, KEPT).unwrap_or(f64::INFINITY);
            let kept: Vec<&[f64]> = rows
                .iter()
                .zip(&scores)
                .filter(|(_, score)| **score <= limit)
                .map(|(row, _)| *row)
                .collect();
            components = Components::of(&kept);
        }
        Ok(Self {
            scale,
            signs,
            components,
        })
    }

    /// T² and Q of a row; what it lacks counts as missing.
    pub fn distances(&self, row: &[f64]) -> Distances {
        self.components
            .distances(&narrow(&self.scale, &self.signs, row))
    }

    /// T² and Q in one index.
    pub fn score(&self, row: &[f64]) -> f64 {
        self.components
            .index(&narrow(&self.scale, &self.signs, row))
    }
}

/// The signs that project rows of this width, the same for every fit.
fn signs(width: usize) -> Vec<f64> {
    if width <= WIDEST {
        return Vec::new();
    }
    let mut chance = Chance::new(0);
    let mut sign = || if chance.below(2) == 0 { -1.0 } else { 1.0 };
    (0..WIDEST * width).map(|_| sign()).collect()
}

/// A row in deviations, projected if it is wide.
fn narrow(scale: &Scale, signs: &[f64], row: &[f64]) -> Vec<f64> {
    let scaled = scale.row(row);
    if signs.is_empty() {
        return scaled;
    }
    let project = |signs: &[f64]| signs.iter().zip(&scaled).map(|(s, x)| s * x).sum();
    signs.chunks_exact(scaled.len()).map(project).collect()
}

impl Components {
    fn of(rows: &[&[f64]]) -> Self {
        let width = rows.first().map_or(0, |row| row.len());
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
            vectors: vectors.get(..taken * width).unwrap_or(&[]).to_vec(),
            variances: values.get(..taken).unwrap_or(&[]).to_vec(),
            left: if left > 1e-9 * total { left } else { 0.0 },
        }
    }

    fn distances(&self, row: &[f64]) -> Distances {
        let mut rest: Vec<f64> = row.iter().zip(&self.centre).map(|(x, c)| x - c).collect();
        let mut t2 = 0.0;
        for (component, variance) in self
            .vectors
            .chunks_exact(row.len().max(1))
            .zip(&self.variances)
        {
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

    /// Both distances in one.
    fn index(&self, row: &[f64]) -> f64 {
        let Distances { t2, q } = self.distances(row);
        if self.left > 0.0 { t2 + q } else { t2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows on a plane, with a little noise away from it.
    fn plane() -> Vec<f64> {
        let mut chance = Chance::new(4);
        (0..400)
            .flat_map(|_| {
                let (a, b) = (chance.normal(), chance.normal());
                [a, b, a + b + 0.01 * chance.normal()]
            })
            .collect()
    }

    #[test]
    fn t2_is_far_along_the_plane_and_q_away_from_it() {
        let rows = plane();
        let pca = Pca::fit(&Table::new(&rows, 3).unwrap()).unwrap();
        let along = pca.distances(&[4.0, 4.0, 8.0]);
        let away = pca.distances(&[0.5, 0.5, 0.0]);
        assert!(along.t2 > 5.0 && away.t2 < 2.0, "{along:?} {away:?}");
        assert!(away.q > 100.0 && along.q < 20.0, "{along:?} {away:?}");
    }

    #[test]
    fn wide_rows_are_projected_and_still_told_apart() {
        let mut chance = Chance::new(6);
        // One hidden cause behind three hundred features.
        let mut row = |cause: f64, noise: f64| -> Vec<f64> {
            (0..300)
                .map(|i| cause * f64::from(i % 7 - 3) + noise * chance.normal())
                .collect()
        };
        let rows: Vec<f64> = (0..300)
            .flat_map(|i| row(f64::from(i % 11) - 5.0, 0.1))
            .collect();
        let usual = row(3.0, 0.1);
        let unusual = row(3.0, 2.0);
        let pca = Pca::fit(&Table::new(&rows, 300).unwrap()).unwrap();
        assert!(pca.score(&unusual) > 10.0 * pca.score(&usual));
    }
}
