//! The smallest thing: one number at one instant.

/// A value observed at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at_us: i64,
    /// The value in the series' own unit; anything not finite counts as missing.
    pub value: f64,
}

impl Sample {
    /// A sample of `value` at `at_us` microseconds UTC.
    pub const fn new(at_us: i64, value: f64) -> Self {
        Self { at_us, value }
    }
}
