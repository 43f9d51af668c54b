//! Moments of any stretch of a series, each a difference of two sums.

/// The smallest variance that sums of such squares can tell from none.
pub(crate) const ROUNDING: f64 = 1e-6;
/// Points in the stretches whose means are compared.
const STRETCHES: [usize; 2] = [24, 96];
/// Fewer stretches of a kind say nothing of how far they usually are apart.
const FEWEST_STRETCHES: usize = 7;

/// Sums up to each point of values, their squares and their products with their places, so that every segment's moments
/// are a difference.
pub(crate) struct Sums(Vec<[f64; 3]>);

impl Sums {
    pub(crate) fn new(values: &[f64]) -> Self {
        let mut sums = vec![[0.0; 3]];
        let mut sum = [0.0; 3];
        for (place, value) in values.iter().enumerate() {
            sum = [
                sum[0] + value,
                sum[1] + value * value,
                sum[2] + value * place as f64,
            ];
            sums.push(sum);
        }
        Self(sums)
    }

    /// How many points there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len() - 1
    }

    /// For how many independent points each counts, by how far neighbouring stretches are apart: at most one.
    pub(crate) fn worth(&self) -> f64 {
        let count = self.count();
        let worth = STRETCHES
            .into_iter()
            .filter(|length| count >= FEWEST_STRETCHES * length);
        let worth = worth.map(|length| {
            let begins = (0..=count - 2 * length).step_by(length / 8);
            let pairs = begins.map(|begin| {
                let (middle, end) = (begin + length, begin + 2 * length);
                let (before, after) = (self.moments(begin, middle), self.moments(middle, end));
                ((after.0 - before.0).abs(), f64::midpoint(before.1, after.1))
            });
            let (apart, within): (Vec<f64>, Vec<f64>) = pairs.unzip();
            let median = |of: &[f64]| series::median(of).unwrap_or(0.0);
            let apart = median(&apart) * series::MAD_TO_SIGMA;
            // Of independent points the means of two stretches differ by that much, squared.
            let expected = 2.0 * median(&within) / length as f64;
            expected / (apart * apart).max(expected)
        });
        worth.fold(1.0, f64::min)
    }

    /// Mean and variance of `from..to`; the variance is never below the rounding of the sums.
    pub(crate) fn moments(&self, from: usize, to: usize) -> (f64, f64) {
        let count = to.saturating_sub(from).max(1) as f64;
        let (a, b) = (self.0[from], self.0[to]);
        let mean = (b[0] - a[0]) / count;
        (mean, ((b[1] - a[1]) / count - mean * mean).max(ROUNDING))
    }

    /// The sum of squared distances from the mean.
    pub(crate) fn squares(&self, from: usize, to: usize) -> f64 {
        to.saturating_sub(from) as f64 * self.moments(from, to).1
    }

    /// The sum of squared distances from the straight line of least squares.
    pub(crate) fn squares_from_line(&self, from: usize, to: usize) -> f64 {
        let count = to.saturating_sub(from) as f64;
        let (mean, variance) = self.moments(from, to);
        let middle = from as f64 + (count - 1.0) / 2.0;
        let together = self.0[to][2] - self.0[from][2] - mean * middle * count;
        let places = count * (count * count - 1.0) / 12.0;
        (count * variance - together * together / places.max(1.0)).max(0.0)
    }

    /// Twice the negative logarithm of a segment's likelihood, but for a constant.
    pub(crate) fn cost(&self, from: usize, to: usize) -> f64 {
        to.saturating_sub(from) as f64 * self.moments(from, to).1.ln()
    }
}
