//! How much one query may take.

/// What one query may take. Each limit ends in an error of its own, never in a shorter answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Samples in memory: what the selectors read, and what selectors and subqueries make of them.
    pub max_samples: usize,
    /// Series that one selector may find.
    pub max_series: usize,
    /// Points of each series of an answer.
    pub max_points: usize,
}

impl Default for Limits {
    /// Prometheus' own: `--query.max-samples`, and 11,000 points (`web/api/v1/api.go`).
    fn default() -> Self {
        Self {
            max_samples: 50_000_000,
            max_series: 500_000,
            max_points: 11_000,
        }
    }
}
