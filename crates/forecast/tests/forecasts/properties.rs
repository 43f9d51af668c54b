//! What must hold for any history at all.

use crate::noise;
use forecast::{Direction, ForecastError, Outcome, Pool, Request, fit, forecast, time_to_limit};
use proptest::prelude::*;

fn run(values: &[f64], seasons: &[usize], horizon: usize) -> Result<Outcome, ForecastError> {
    forecast(
        &Request {
            values,
            seasons,
            horizon,
            non_negative: false,
            integer: false,
            background: false,
        },
        &|| false,
    )
}

fn curves(outcome: &Outcome) -> [&Vec<f64>; 5] {
    [
        &outcome.lo95,
        &outcome.lo80,
        &outcome.point,
        &outcome.hi80,
        &outcome.hi95,
    ]
}

fn assert_nested_and_finite(outcome: &Outcome, horizon: usize) {
    for curve in curves(outcome) {
        assert_eq!(curve.len(), horizon);
        assert!(curve.iter().all(|value| value.is_finite()), "{curve:?}");
    }
    for pair in curves(outcome).windows(2) {
        assert!(
            pair[0].iter().zip(pair[1]).all(|(low, high)| low <= high),
            "{pair:?}"
        );
    }
}

/// Histories of many kinds: level, slope, weekly pattern, noise, and a size over many powers of ten.
fn history() -> impl Strategy<Value = Vec<f64>> {
    (
        12_usize..130,
        -50.0_f64..50.0,
        -1.0_f64..1.0,
        0.0_f64..10.0,
        0.0_f64..10.0,
        0_usize..10_000,
        -6_i32..7,
    )
        .prop_map(|(count, level, slope, season, rough, seed, size)| {
            (0..count)
                .map(|at| {
                    let weekly = if at % 7 == 3 { season } else { 0.0 };
                    (level + slope * at as f64 + weekly + rough * noise(seed + at))
                        * 10_f64.powi(size)
                })
                .collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_constant_forecasts_itself(value in -1e300_f64..1e300, count in 12_usize..60, horizon in 1_usize..40) {
        let outcome = run(&vec![value; count], &[7], horizon).unwrap();
        for curve in curves(&outcome) {
            prop_assert!(curve.iter().all(|at| at.total_cmp(&value).is_eq()));
        }
    }

    #[test]
    fn bands_nest_and_widen(values in history(), horizon in 1_usize..40) {
        let outcome = run(&values, &[7], horizon).unwrap();
        assert_nested_and_finite(&outcome, horizon);
        let free = &outcome.free;
        let widths: Vec<f64> = free.hi95.iter().zip(&free.lo95).map(|(high, low)| high - low).collect();
        let slack = 1e-9 * widths.last().unwrap().abs() + 1e-9 * values[0].abs();
        prop_assert!(widths.windows(2).all(|pair| pair[1] >= pair[0] - slack), "{widths:?}");
    }

    #[test]
    fn whatever_comes_in_later_keeps_the_bands_nested(
        values in history(),
        later in prop::collection::vec(prop_oneof![Just(0.0), Just(1e300), Just(f64::NAN), -1e3_f64..1e3], 0..12),
    ) {
        let request = Request { values: &values, seasons: &[7], horizon: 14, non_negative: false, integer: false, background: false };
        let mut forecaster = fit(&request, &|| false).unwrap();
        for value in later {
            forecaster.update(value, &Pool::default());
            if let Ok(outcome) = forecaster.outcome(14, &Pool::default()) {
                assert_nested_and_finite(&outcome, 14);
            }
        }
    }

    #[test]
    fn the_unit_of_measure_does_not_matter(values in history(), factor in 1e-3_f64..1e6) {
        let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
        let (one, other) = (run(&values, &[7], 10).unwrap(), run(&scaled, &[7], 10).unwrap());
        let size = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        for (a, b) in curves(&one).into_iter().zip(curves(&other)) {
            // Rounding may stop a search one step earlier: the same to a thousandth is the same.
            prop_assert!(a.iter().zip(b).all(|(a, b)| (a - b / factor).abs() <= 2e-2 * size), "{a:?} {b:?}");
        }
    }

    #[test]
    fn where_zero_lies_matters_little_far_from_it(values in history(), shift in 5.0_f64..20.0) {
        let size = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let near: Vec<f64> = values.iter().map(|value| value + 5.0 * size).collect();
        let far: Vec<f64> = values.iter().map(|value| value + shift * size).collect();
        let (one, other) = (run(&near, &[7], 7).unwrap(), run(&far, &[7], 7).unwrap());
        for (a, b) in one.point.iter().zip(&other.point) {
            // Forms that multiply may be chosen on one side and not on the other: near, not equal.
            prop_assert!((a - 5.0 * size - (b - shift * size)).abs() <= 0.5 * size, "{a} {b} {size}");
        }
    }

    #[test]
    fn nothing_panics_and_nothing_is_nan(
        values in prop::collection::vec(
            prop_oneof![Just(0.0), Just(1e300), Just(-1e300), Just(1e-300), Just(f64::NAN), -1e3_f64..1e3, Just(1.0)],
            0..60,
        ),
        seasons in prop::collection::vec(0_usize..40, 0..3),
        horizon in 0_usize..30,
        (non_negative, integer, background) in any::<(bool, bool, bool)>(),
    ) {
        let request = Request { values: &values, seasons: &seasons, horizon, non_negative, integer, background };
        if let Ok(outcome) = forecast(&request, &|| false) {
            assert_nested_and_finite(&outcome, horizon);
            for direction in [Direction::Rising, Direction::Falling] {
                let _ = time_to_limit(values[values.len() - 1], &outcome, 10.0, direction);
            }
        }
    }

    #[test]
    fn every_prefix_of_a_history_is_forecast_or_refused(values in history(), cut in 0_usize..130) {
        let prefix = &values[..cut.min(values.len())];
        match run(prefix, &[7, 28], 14) {
            Ok(outcome) => assert_nested_and_finite(&outcome, 14),
            Err(error) => prop_assert!(matches!(error, ForecastError::NotEnough { .. }), "{error}"),
        }
    }
}

#[test]
fn sparse_and_lopsided_histories_are_survived() {
    let mut one_sale = vec![0.0; 60];
    one_sale[59] = 1.0;
    let mut wild = vec![1.0; 60];
    wild[30] = 1e300;
    let tiny: Vec<f64> = (0..60).map(|at| 5e-324 * f64::from(at % 3)).collect();
    let huge: Vec<f64> = (0..60)
        .map(|at| if at % 2 == 0 { f64::MAX } else { f64::MIN })
        .collect();
    for values in [one_sale, wild, tiny, huge] {
        let outcome = run(&values, &[7], 14).unwrap();
        assert_nested_and_finite(&outcome, 14);
    }
}
