//! Brings any history into the same range before it is fitted, and forecasts back.
//!
//! Bytes and cents then meet the same tolerances, third-party models that count in `f32` keep their digits,
//! and squares of values near 1e300 do not overflow.

/// `scaled = (value - shift) / scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaling {
    shift: f64,
    scale: f64,
}

impl Scaling {
    /// The mean size of scaled values.
    const SIZE: f64 = 100.0;
    /// A history that moves by less than this share of its size has that size taken off, to keep its digits.
    const SMALLEST_MOVE: f64 = 1e-4;

    /// The scaling of a history that is not constant.
    pub(crate) fn of(y: &[f64]) -> Self {
        let count = y.len().max(1) as f64;
        let low = y.iter().copied().fold(f64::INFINITY, f64::min);
        let high = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Shares of the largest value: a plain sum of values near the largest float is infinite.
        let largest = low.abs().max(high.abs());
        let share: f64 = y.iter().map(|value| value.abs() / largest).sum();
        let size = largest * (share / count).min(1.0);
        // Halves cannot overflow where their difference could.
        let half_range = high / 2.0 - low / 2.0;
        let (shift, size) = if half_range < Self::SMALLEST_MOVE * size {
            (low - 2.0 * half_range, 2.0 * half_range)
        } else {
            (0.0, size)
        };
        Self {
            shift,
            scale: (size / Self::SIZE).max(f64::MIN_POSITIVE),
        }
    }

    /// Values as they are.
    pub(crate) const fn none() -> Self {
        Self {
            shift: 0.0,
            scale: 1.0,
        }
    }

    /// A value on the scaled axis.
    pub(crate) fn forward(self, value: f64) -> f64 {
        (value - self.shift) / self.scale
    }

    pub(crate) fn into_range(self, y: &[f64]) -> Vec<f64> {
        y.iter().map(|value| self.forward(*value)).collect()
    }

    /// A value of the original kind; clamped to the largest float rather than infinite.
    pub(crate) fn back(self, scaled: f64) -> f64 {
        (scaled * self.scale + self.shift).clamp(f64::MIN, f64::MAX)
    }

    /// Where zero lies on the scaled axis.
    pub(crate) fn zero(self) -> f64 {
        -self.shift / self.scale
    }
}
