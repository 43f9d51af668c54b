//! Rows of numbers of equal width, and why a detector could not be fitted on them.

/// Why there is no detector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnomalyError {
    /// The values do not make whole rows.
    #[error("{values} values do not make rows of {width}")]
    Ragged {
        /// How many values there were.
        values: usize,
        /// How many belong in a row.
        width: usize,
    },
    /// There are too few rows or points.
    #[error("{have} are too few to tell what is usual, {need} are needed")]
    NotEnough {
        /// How many there were.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// It took longer than the caller allows.
    #[error("it took too long")]
    Cancelled,
}

/// Rows of equal width, row after row in one slice; a value that is not finite counts as missing.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    values: &'a [f64],
    width: usize,
}

impl<'a> Table<'a> {
    /// A table of `values.len() / width` rows.
    pub fn new(values: &'a [f64], width: usize) -> Result<Self, AnomalyError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            let values = values.len();
            return Err(AnomalyError::Ragged { values, width });
        }
        Ok(Self { values, width })
    }

    /// How many features a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All values, row after row.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// A row; empty if there is none of that number.
    pub fn row(&self, index: usize) -> &'a [f64] {
        let start = index.saturating_mul(self.width);
        self.values.get(start..start + self.width).unwrap_or(&[])
    }

    /// Every row, in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'a, f64> {
        self.values.chunks_exact(self.width)
    }

    /// A column, in order of the rows.
    pub fn column(&self, index: usize) -> Vec<f64> {
        self.values
            .iter()
            .skip(index)
            .step_by(self.width)
            .copied()
            .collect()
    }
}
