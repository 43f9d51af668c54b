//! Functions of the samples in a window that are no rates, and what they share with others.
//!
//! Sums are Kahan's in Neumaier's form, in the places where Prometheus 2.42 has it
//! (`promql/functions.go`): elsewhere the last digits would differ.

use crate::windows::Window;

/// A sum that keeps what each addition loses (Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren
/// zur Summation endlicher Summen").
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kahan {
    sum: f64,
    lost: f64,
}

impl Kahan {
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    /// With what was lost, which may be NaN where the sum is infinite.
    #[inline]
    pub(crate) fn total(self) -> f64 {
        self.sum + self.lost
    }

    /// With what was lost, where there is a number to correct.
    fn finite_total(self) -> f64 {
        if self.sum.is_infinite() {
            self.sum
        } else {
            self.total()
        }
    }
}

pub(crate) fn sum(window: &Window<'_>) -> f64 {
    let mut sum = Kahan::default();
    window.values.iter().for_each(|value| sum.add(*value));
    sum.finite_total()
}

pub(crate) fn avg(window: &Window<'_>) -> f64 {
    let mut mean = Kahan::default();
    let mut count = 0.0;
    for &value in window.values {
        count += 1.0;
        // An infinite mean stays so, unless its opposite or NaN comes.
        if mean.sum.is_infinite() && stays_infinite(mean.sum, value) {
            continue;
        }
        // Divided first, so that large values do not overflow.
        mean.add(value / count - mean.sum / count);
    }
    mean.finite_total()
}

/// Whether a mean that is infinite does not change with this value.
pub(crate) fn stays_infinite(mean: f64, value: f64) -> bool {
    if value.is_infinite() {
        (mean > 0.0) == (value > 0.0)
    } else {
        !value.is_nan()
    }
}

pub(crate) fn count(window: &Window<'_>) -> f64 {
    window.values.len() as f64
}

pub(crate) fn present(_window: &Window<'_>) -> f64 {
    1.0
}

pub(crate) fn last(window: &Window<'_>) -> f64 {
    window.values.last().copied().unwrap_or(f64::NAN)
}

pub(crate) fn max(window: &Window<'_>) -> f64 {
    let values = window.values.iter().copied();
    values.reduce(greater).unwrap_or(f64::NAN)
}

pub(crate) fn min(window: &Window<'_>) -> f64 {
    let values = window.values.iter().copied();
    values.reduce(less).unwrap_or(f64::NAN)
}

/// The greater of two; a NaN gives way to anything.
pub(crate) fn greater(best: f64, value: f64) -> f64 {
    if value > best || best.is_nan() {
        value
    } else {
        best
    }
}

/// The lesser of two; a NaN gives way to anything.
pub(crate) fn less(best: f64, value: f64) -> f64 {
    if value < best || best.is_nan() {
        value
    } else {
        best
    }
}

pub(crate) fn stdvar(window: &Window<'_>) -> f64 {
    let mut count = 0.0;
    let mut mean = Kahan::default();
    let mut squares = Kahan::default();
    for &value in window.values {
        count += 1.0;
        // Welford's method: one pass, no difference of large sums.
        let delta = value - mean.total();
        mean.add(delta / count);
        squares.add(delta * (value - mean.total()));
    }
    squares.total() / count
}

pub(crate) fn stddev(window: &Window<'_>) -> f64 {
    stdvar(window).sqrt()
}

pub(crate) fn quantile(window: &Window<'_>) -> f64 {
    let wanted = window.parameters.first().copied().unwrap_or(f64::NAN);
    quantile_of(wanted, &mut window.values.to_vec())
}

/// The quantile of values, between two of them by their distance; `values` is put in order.
///
/// NaN sorts before everything; a quantile below 0 or above 1 is infinite
/// (Prometheus, `promql/quantile.go`).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rank lies between 0 and the number of values"
)]
pub(crate) fn quantile_of(wanted: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || wanted.is_nan() {
        return f64::NAN;
    }
    if wanted < 0.0 {
        return f64::NEG_INFINITY;
    }
    if wanted > 1.0 {
        return f64::INFINITY;
    }
    values.sort_unstable_by(|a, b| nan_first(*a, *b));
    let most = (values.len() - 1) as f64;
    let rank = wanted * most;
    let lower = rank.floor().max(0.0);
    let upper = most.min(lower + 1.0);
    let weight = rank - rank.floor();
    let at = |rank: f64| values.get(rank as usize).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(upper) * weight
}

/// By value, NaN before everything.
pub(crate) fn nan_first(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

#[expect(
    clippy::float_cmp,
    reason = "whether a value changed at all is the question"
)]
pub(crate) fn changes(window: &Window<'_>) -> f64 {
    let changed = |pair: &&[f64]| match pair {
        [a, b] => a != b && !(a.is_nan() && b.is_nan()),
        _ => false,
    };
    window.values.windows(2).filter(changed).count() as f64
}

pub(crate) fn resets(window: &Window<'_>) -> f64 {
    let fell = |pair: &&[f64]| matches!(pair, [a, b] if b < a);
    window.values.windows(2).filter(fell).count() as f64
}

/// Double exponential smoothing, Holt's linear method; `None` for fewer than two samples.
pub(crate) fn smooth(window: &Window<'_>) -> Option<f64> {
    let (&[first, second], [factor, trend_factor]) =
        (window.values.first_chunk::<2>()?, window.parameters);
    let mut before = 0.0;
    let mut level = first;
    let mut trend = second - first;
    for (place, value) in window.values.iter().enumerate().skip(1) {
        if place > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let smoothed = factor * value + (1.0 - factor) * (level + trend);
        before = level;
        level = smoothed;
    }
    Some(level)
}

/// Not `to_degrees`, whose last digit differs.
pub(crate) fn degrees(radians: f64) -> f64 {
    radians * 180.0 / std::f64::consts::PI
}

/// Not `to_radians`, whose last digit differs.
pub(crate) fn radians(degrees: f64) -> f64 {
    degrees * std::f64::consts::PI / 180.0
}

/// 1, 0 or -1; NaN and both zeros stay what they are.
pub(crate) fn sign(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these results are exact")]
mod tests {
    use super::*;

    fn over<T>(work: fn(&Window<'_>) -> T, values: &[f64], parameters: [f64; 2]) -> T {
        let at_ms: Vec<i64> = (0..).take(values.len()).collect();
        let window = Window {
            at_ms: &at_ms,
            values,
            from_ms: 0,
            to_ms: 100,
            now_ms: 100,
            parameters,
            before_falls: &[],
        };
        work(&window)
    }

    fn plain(work: fn(&Window<'_>) -> f64, values: &[f64]) -> f64 {
        over(work, values, [0.0; 2])
    }

    #[test]
    fn a_sum_keeps_what_plain_addition_loses() {
        assert_eq!(plain(sum, &[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(plain(sum, &[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(plain(sum, &[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }

    #[test]
    fn an_average_neither_overflows_nor_loses_infinity() {
        assert_eq!(plain(avg, &[f64::MAX, f64::MAX]), f64::MAX);
        assert_eq!(plain(avg, &[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(plain(avg, &[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert!(plain(avg, &[f64::INFINITY, f64::NAN]).is_nan());
    }

    #[test]
    fn nan_gives_way_to_anything() {
        assert_eq!(plain(max, &[f64::NAN, 1.0, f64::NAN]), 1.0);
        assert_eq!(plain(min, &[2.0, f64::NAN, 1.0]), 1.0);
        assert!(plain(min, &[f64::NAN]).is_nan());
    }

    #[test]
    fn a_quantile_lies_between_two_values() {
        assert_eq!(over(quantile, &[3.0, 1.0, 2.0], [0.75, 0.0]), 2.5);
        assert_eq!(over(quantile, &[3.0], [2.0, 0.0]), f64::INFINITY);
        assert_eq!(over(quantile, &[3.0], [-1.0, 0.0]), f64::NEG_INFINITY);
        assert!(over(quantile, &[3.0, f64::NAN], [0.0, 0.0]).is_nan());
    }

    #[test]
    fn changes_and_resets_are_counted() {
        assert_eq!(plain(changes, &[1.0, 1.0, 2.0, f64::NAN, f64::NAN]), 2.0);
        assert_eq!(plain(resets, &[1.0, 0.0, 2.0, 1.0]), 2.0);
    }

    #[test]
    fn a_variance_is_the_populations() {
        assert_eq!(
            plain(stdvar, &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]),
            4.0
        );
        assert_eq!(plain(stddev, &[2.0]), 0.0);
    }

    #[test]
    fn a_straight_line_is_smoothed_to_itself() {
        assert_eq!(over(smooth, &[1.0, 2.0, 3.0, 4.0], [0.5, 0.5]), Some(4.0));
    }
}
