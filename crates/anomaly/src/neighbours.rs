//! Distance to the nearest rows of small samples: rows with no neighbour are unusual.
//!
//! Samples instead of all rows are not only cheaper. A group of anomalies is so thinned that its members no longer
//! vouch for each other: Sugiyama and Borgwardt, "Rapid Distance-Based Outlier Detection via Sampling", NIPS (2013).

use crate::chance::Chance;
use crate::table::{AnomalyError, Table};
use serde::{Deserialize, Serialize};

/// How many samples of narrow rows.
const SAMPLES: usize = 8;
/// Rows wider than this have fewer samples, so that a distance costs about the same.
const NARROW: usize = 64;
/// Rows in each sample.
const SAMPLE: usize = 256;
/// Neighbours whose distances are averaged.
const NEIGHBOURS: usize = 5;

/// Rows kept to measure distances to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Neighbours {
    width: usize,
    /// Rows in each sample.
    sample: usize,
    /// Sample after sample, row after row, scaled.
    rows: Vec<f64>,
}

impl Neighbours {
    /// Draws the samples from scaled rows.
    pub(crate) fn fit(scaled: &Table<'_>, seed: u64) -> Result<Self, AnomalyError> {
        let (have, need) = (scaled.len(), 2);
        if have < need {
            return Err(AnomalyError::NotEnough { have, need });
        }
        let mut chance = Chance::new(seed);
        let sample = SAMPLE.min(have);
        let samples = if have <= SAMPLE {
            1
        } else {
            (SAMPLES * NARROW / scaled.width()).clamp(2, SAMPLES)
        };
        let rows = (0..samples)
            .flat_map(|_| chance.sample(have, sample))
            .flat_map(|index| scaled.row(index).iter().copied())
            .collect();
        Ok(Self {
            width: scaled.width(),
            sample,
            rows,
        })
    }

    /// The mean distance to the nearest rows, averaged over the samples.
    ///
    /// One distance of zero in each sample is left out: it is the row itself, or as good as.
    pub(crate) fn score(&self, row: &[f64]) -> f64 {
        let samples = self.rows.chunks_exact(self.sample * self.width);
        let count = samples.len().max(1) as f64;
        let means = samples.map(|sample| {
            let mut nearest = [f64::INFINITY; NEIGHBOURS + 1];
            for other in sample.chunks_exact(self.width) {
                insert(&mut nearest, distance(row, other));
            }
            let skip = usize::from(nearest[0] == 0.0);
            let found = nearest[skip..skip + NEIGHBOURS]
                .iter()
                .filter(|distance| distance.is_finite());
            let (sum, found) = found.fold((0.0, 0.0_f64), |(sum, count), squared| {
                (sum + squared.sqrt(), count + 1.0)
            });
            sum / found.max(1.0)
        });
        means.sum::<f64>() / count
    }

    /// What rows that are alike in all other features have on average in this one.
    pub(crate) fn expected(&self, row: &[f64], feature: usize) -> f64 {
        let mut nearest = [(f64::INFINITY, 0.0); 3 * NEIGHBOURS];
        for other in self.rows.chunks_exact(self.width) {
            let along = row[feature] - other[feature];
            let rest = distance(row, other) - along * along;
            let last = nearest.len() - 1;
            if rest < nearest[last].0 {
                let place = nearest.partition_point(|(seen, _)| *seen <= rest);
                nearest.copy_within(place..last, place + 1);
                nearest[place] = (rest, other[feature]);
            }
        }
        let found: Vec<f64> = nearest
            .iter()
            .filter(|(distance, _)| distance.is_finite())
            .map(|(_, value)| *value)
            .collect();
        // Not the mean: one of them may be as wild as the row itself.
        series::median(&found).unwrap_or(0.0)
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn insert<const N: usize>(nearest: &mut [f64; N], distance: f64) {
    if distance < nearest[N - 1] {
        let place = nearest.partition_point(|seen| *seen <= distance);
        nearest.copy_within(place..N - 1, place + 1);
        nearest[place] = distance;
    }
}
