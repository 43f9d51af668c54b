//! Lines through the samples of a window by least squares: `deriv` and `predict_linear`.

use crate::over_time::Kahan;
use crate::windows::Window;

pub(crate) fn deriv(window: &Window<'_>) -> Option<f64> {
    // Counted from a near instant: squares of seconds since 1970 would lose the digits that matter.
    let origin = *window.at_ms.first()?;
    line(window, origin).map(|(slope, _intercept)| slope)
}

pub(crate) fn predict(window: &Window<'_>) -> Option<f64> {
    let [ahead_s, _] = window.parameters;
    line(window, window.now_ms).map(|(slope, intercept)| slope * ahead_s + intercept)
}

/// Slope per second, and the value at `origin_ms`; `None` for fewer than two samples.
#[expect(
    clippy::float_cmp,
    reason = "whether all values are the very same is the question"
)]
fn line(window: &Window<'_>, origin_ms: i64) -> Option<(f64, f64)> {
    let [first, _] = *window.values.first_chunk::<2>()?;
    // Of equal values no rounding may make a slope.
    if window.values.iter().all(|value| *value == first) {
        return Some(if first.is_infinite() {
            (f64::NAN, f64::NAN)
        } else {
            (0.0, first)
        });
    }
    let (mut xs, mut ys, mut products, mut squares) = (
        Kahan::default(),
        Kahan::default(),
        Kahan::default(),
        Kahan::default(),
    );
    for (at, y) in window.at_ms.iter().zip(window.values) {
        let x = (at - origin_ms) as f64 / 1000.0;
        xs.add(x);
        ys.add(*y);
        products.add(x * y);
        squares.add(x * x);
    }
    let count = window.values.len() as f64;
    let (x, y) = (xs.total(), ys.total());
    let covariance = products.total() - x * y / count;
    let variance = squares.total() - x * x / count;
    let slope = covariance / variance;
    Some((slope, y / count - slope * x / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window<'a>(at_ms: &'a [i64], values: &'a [f64]) -> Window<'a> {
        Window {
            at_ms,
            values,
            from_ms: 0,
            to_ms: 60_000,
            now_ms: 60_000,
            parameters: [60.0, 0.0],
            before_falls: &[],
        }
    }

    #[test]
    fn a_straight_line_is_found_and_continued() {
        let at = [0, 10_000, 20_000, 30_000];
        let line = window(&at, &[1.0, 21.0, 41.0, 61.0]);
        assert_eq!(deriv(&line), Some(2.0));
        assert!((predict(&line).unwrap() - 241.0).abs() < 1e-9);
    }

    #[test]
    fn equal_values_have_no_slope() {
        let at = [0, 10_000];
        assert_eq!(deriv(&window(&at, &[7.3, 7.3])), Some(0.0));
        let infinite = [f64::INFINITY, f64::INFINITY];
        assert!(deriv(&window(&at, &infinite)).unwrap().is_nan());
        assert_eq!(deriv(&window(&[0], &[1.0])), None);
    }
}
