//! Drift: it is seen where errors have become larger, and seldom where they are as they were.

use crate::noise;
use forecast::{Drift, Pool, Request, fit};

const HISTORY: usize = 150;
const SERIES: usize = 150;

/// Nearly normal, of variance 1.
fn normal(seed: usize) -> f64 {
    (0..3).map(|part| noise(3 * seed + part)).sum()
}

/// After how many values of `later` each series is said to have drifted, of those that are.
fn drifted(kind: impl Fn(usize, f64) -> f64, louder: f64, later: usize) -> Vec<usize> {
    let series = (0..SERIES).filter_map(|series| {
        let value = |at: usize| {
            let loud = if at < HISTORY { 1.0 } else { louder };
            kind(at, loud * normal(series * 1_000 + at))
        };
        let history: Vec<f64> = (0..HISTORY).map(value).collect();
        let request = Request {
            values: &history,
            seasons: &[7],
            horizon: 14,
            non_negative: false,
            integer: false,
            background: false,
        };
        let mut forecaster = fit(&request, &|| false).unwrap();
        let mut drift = Drift::default();
        (HISTORY..HISTORY + later)
            .find(|at| {
                let surprise = forecaster.update(value(*at), &Pool::default()).unwrap();
                drift.follow(&surprise)
            })
            .map(|at| at - HISTORY)
    });
    series.collect()
}

fn weekly(at: usize, noise: f64) -> f64 {
    100.0 + 0.1 * at as f64 + if at % 7 < 5 { 20.0 } else { 0.0 } + 5.0 * noise
}

#[test]
fn errors_that_stay_as_they_were_are_seldom_called_drift() {
    let found = drifted(weekly, 1.0, 100);
    assert!(found.len() * 50 <= SERIES, "{found:?}");
    // Noise with a long tail: one value in twenty is four times as far off.
    let tailed = |at: usize, noise: f64| {
        let far = if crate::noise(at * 7) > 0.9 { 4.0 } else { 1.0 };
        weekly(at, far * noise)
    };
    let found = drifted(tailed, 1.0, 100);
    assert!(found.len() * 20 <= SERIES, "{found:?}");
}

#[test]
fn errors_three_times_as_large_are_called_drift_soon() {
    let found = drifted(weekly, 3.0, 40);
    assert!(found.len() * 10 >= SERIES * 9, "{found:?}");
}

#[test]
fn a_constant_that_moves_has_no_error_to_compare_with() {
    let request = Request {
        values: &[5.0; 30],
        seasons: &[],
        horizon: 3,
        non_negative: false,
        integer: false,
        background: false,
    };
    let mut forecaster = fit(&request, &|| false).unwrap();
    let mut drift = Drift::default();
    let surprise = forecaster.update(9.0, &Pool::default()).unwrap();
    assert!(!drift.follow(&surprise) && surprise.ratio.is_none());
    assert_eq!((drift.error(), drift.coverage()), (None, None));
    assert!((surprise.off - 4.0).abs() < 1e-12, "{surprise:?}");
}
