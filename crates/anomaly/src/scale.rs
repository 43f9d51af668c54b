//! Columns brought to mean zero and deviation one, with holes filled.

use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Larger values are taken for this one: their squares still add up.
pub(crate) const LARGEST: f64 = 1e140;

/// A finite value within what can be squared; `None` for what is missing.
pub(crate) fn tame(value: f64) -> Option<f64> {
    if value.is_nan() {
        return None;
    }
    Some(value.clamp(-LARGEST, LARGEST))
}

/// What each column is measured by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scale {
    /// Median, mean and one over the deviation of each column; a constant column is always zero.
    columns: Vec<(f64, f64, f64)>,
}

impl Scale {
    pub(crate) fn fit(table: &Table<'_>) -> Self {
        let column = |index: usize| {
            let values: Vec<f64> = table.column(index).into_iter().filter_map(tame).collect();
            let median = series::median(&values).unwrap_or(0.0);
            let mean = series::mean(&values).unwrap_or(0.0);
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let deviation = (squares / values.len().max(1) as f64).sqrt();
            // What is left of a constant is the rounding of its mean.
            let constant = deviation <= 1e-12 * mean.abs() || deviation == 0.0;
            let per = if constant { 0.0 } else { 1.0 / deviation };
            (median, mean, if per.is_finite() { per } else { 0.0 })
        };
        Self {
            columns: (0..table.width()).map(column).collect(),
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// A row in deviations from the mean; what is missing is taken for the median.
    pub(crate) fn row(&self, row: &[f64]) -> Vec<f64> {
        let value = |(place, (median, mean, per)): (usize, &(f64, f64, f64))| {
            let value = row.get(place).copied().and_then(tame).unwrap_or(*median);
            ((value - mean) * per).clamp(-LARGEST, LARGEST)
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    /// A scaled value in the unit of its column.
    pub(crate) fn unscaled(&self, column: usize, value: f64) -> f64 {
        let Some((median, mean, per)) = self.columns.get(column) else {
            return 0.0;
        };
        if *per > 0.0 {
            mean + value / per
        } else {
            *median
        }
    }

    pub(crate) fn table(&self, table: &Table<'_>) -> Vec<f64> {
        table.rows().flat_map(|row| self.row(row)).collect()
    }
}
