//! Rates: how fast counters grow and gauges move, extrapolated as Prometheus does.
//!
//! The method is that of `extrapolatedRate` in Prometheus 2.42, `promql/functions.go`; why it
//! extrapolates is told under `increase` in its documentation, "Query functions".

use crate::windows::Window;

/// A gap longer than this many average distances is no part of the series.
const CLOSE: f64 = 1.1;

pub(crate) fn rate(window: &Window<'_>) -> Option<f64> {
    let grown = grown(window, true)?;
    let seconds = seconds(window.to_ms - window.from_ms);
    Some(grown * (factor(window, grown, true)? / seconds))
}

pub(crate) fn increase(window: &Window<'_>) -> Option<f64> {
    let grown = grown(window, true)?;
    Some(grown * factor(window, grown, true)?)
}

pub(crate) fn delta(window: &Window<'_>) -> Option<f64> {
    let grown = grown(window, false)?;
    Some(grown * factor(window, grown, false)?)
}

pub(crate) fn irate(window: &Window<'_>) -> Option<f64> {
    let (before, last, between) = last_two(window)?;
    // A counter that fell began again at 0.
    let grown = if last < before { last } else { last - before };
    Some(grown / between)
}

pub(crate) fn idelta(window: &Window<'_>) -> Option<f64> {
    let (before, last, _between) = last_two(window)?;
    Some(last - before)
}

/// The last two values and the seconds between them.
fn last_two(window: &Window<'_>) -> Option<(f64, f64, f64)> {
    let (&[before, last], &[from, to]) = (
        window.values.last_chunk::<2>()?,
        window.at_ms.last_chunk::<2>()?,
    );
    (from != to).then(|| (before, last, seconds(to - from)))
}

/// From the first sample to the last; a counter's resets are made good. `None` for fewer than two.
fn grown(window: &Window<'_>, counter: bool) -> Option<f64> {
    let (&[first, _], &last) = (window.values.first_chunk::<2>()?, window.values.last()?);
    let grown = last - first;
    // One by one: another order of additions would change the last digit.
    let again = |grown, before: &f64| grown + before;
    Some(if counter {
        window.before_falls.iter().fold(grown, again)
    } else {
        grown
    })
}

/// How much longer the window is taken to be than the time between its first sample and its last.
fn factor(window: &Window<'_>, grown: f64, counter: bool) -> Option<f64> {
    let (&first_ms, &last_ms) = (window.at_ms.first()?, window.at_ms.last()?);
    let sampled = seconds(last_ms - first_ms);
    let between = sampled / (window.at_ms.len().saturating_sub(1)) as f64;
    let mut to_start = seconds(first_ms - window.from_ms);
    let to_end = seconds(window.to_ms - last_ms);
    let first = *window.values.first()?;
    if counter && grown > 0.0 && first >= 0.0 {
        // A counter cannot have been below 0, so it began no earlier than a straight line says.
        let to_zero = sampled * (first / grown);
        if to_zero < to_start {
            to_start = to_zero;
        }
    }
    let reach = |gap: f64| {
        if gap < between * CLOSE {
            gap
        } else {
            between / 2.0
        }
    };
    Some((sampled + reach(to_start) + reach(to_end)) / sampled)
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
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
            parameters: [0.0; 2],
            before_falls: &[],
        }
    }

    const MINUTE: [i64; 4] = [5_000, 20_000, 35_000, 50_000];

    fn near(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found / wanted - 1.0).abs() < 1e-12)
    }

    #[test]
    fn both_ends_are_reached_where_samples_are_near() {
        let window = window(&MINUTE, &[1000.0, 1015.0, 1030.0, 1045.0]);
        assert!(near(rate(&window), 1.0));
        assert!(near(increase(&window), 60.0));
        assert!(near(delta(&window), 60.0));
    }

    #[test]
    fn a_reset_is_no_loss_for_a_counter() {
        let mut window = window(&MINUTE, &[1000.0, 1015.0, 0.0, 15.0]);
        window.before_falls = &[1015.0];
        assert!(near(increase(&window), 30.0 * 60.0 / 45.0));
        assert!(delta(&window).unwrap() < 0.0);
    }

    #[test]
    fn a_counter_is_not_taken_below_zero() {
        let window = window(&MINUTE, &[0.0, 15.0, 30.0, 45.0]);
        assert!(near(increase(&window), 45.0 * 55.0 / 45.0));
    }

    #[test]
    fn a_far_end_is_reached_by_half_a_distance() {
        let window = window(&[5_000, 15_000], &[100.0, 110.0]);
        assert!(near(increase(&window), 10.0 * 20.0 / 10.0));
    }

    #[test]
    fn one_sample_makes_no_rate() {
        let window = window(&[5_000], &[1.0]);
        assert_eq!(rate(&window), None);
        assert_eq!(irate(&window), None);
        assert_eq!(idelta(&window), None);
    }

    #[test]
    fn the_last_two_make_the_instant_rate() {
        let at = [5_000, 20_000, 30_000];
        assert_eq!(irate(&window(&at, &[1.0, 2.0, 12.0])), Some(1.0));
        assert_eq!(irate(&window(&at, &[1.0, 20.0, 10.0])), Some(1.0));
        assert_eq!(idelta(&window(&at, &[1.0, 20.0, 10.0])), Some(-10.0));
    }
}
