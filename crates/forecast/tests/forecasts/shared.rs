//! Every series of the shared files, cut off at a place that chance chose: nothing panics, is NaN or sells what is not there.

use forecast::{FEWEST_VALUES, ForecastError, Pool, Request, fit};
use std::path::PathBuf;

/// The file's series as (season, horizon, values); `None`, with a message, where the shared data are not.
fn series(file: &str) -> Option<Vec<(usize, usize, Vec<f64>)>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/forecast")
        .join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {file} is not there");
        return None;
    };
    let parse = |line: &str| {
        let mut parts = line.split('|');
        let mut head = parts.next().unwrap().split(',').skip(1);
        let mut whole = || head.next().unwrap().parse().unwrap();
        let (season, horizon) = (whole(), whole());
        let values = parts.next().unwrap().split_whitespace();
        (
            season,
            horizon,
            values.map(|value| value.parse().unwrap()).collect(),
        )
    };
    Some(text.lines().map(parse).collect())
}

fn assert_sound(values: &[f64], season: usize, horizon: usize) {
    let non_negative = values.iter().all(|value| *value >= 0.0);
    let request = Request {
        values,
        seasons: &[season],
        horizon,
        non_negative,
        integer: false,
        background: false,
    };
    let mut forecaster = match fit(&request, &|| false) {
        Ok(forecaster) => forecaster,
        Err(error) => {
            let short = values.len() < FEWEST_VALUES;
            assert!(
                short && matches!(error, ForecastError::NotEnough { .. }),
                "{error}: {values:?}"
            );
            return;
        }
    };
    for later in [None, Some(0.0), values.last().copied()] {
        if let Some(value) = later {
            forecaster.update(value, &Pool::default());
        }
        let found = forecaster.outcome(horizon, &Pool::default()).unwrap();
        let curves = [
            &found.lo95,
            &found.lo80,
            &found.point,
            &found.hi80,
            &found.hi95,
        ];
        for curve in curves {
            assert_eq!(curve.len(), horizon);
            assert!(
                curve.iter().all(|value| value.is_finite()),
                "{curve:?} of {values:?}"
            );
            assert!(
                !non_negative || curve.iter().all(|value| *value >= 0.0),
                "{curve:?} of {values:?}"
            );
        }
        for pair in curves.windows(2) {
            assert!(
                pair[0].iter().zip(pair[1]).all(|(low, high)| low <= high),
                "{pair:?} of {values:?}"
            );
        }
    }
}

fn assert_all_sound(file: &str, mangle: impl Fn(usize, &mut Vec<f64>)) {
    for (index, (season, horizon, mut values)) in series(file).into_iter().flatten().enumerate() {
        // Any place will do, if every run takes the same.
        values.truncate(index * 7_919 % (values.len() + 1));
        mangle(index, &mut values);
        assert_sound(&values, season, horizon);
    }
}

#[test]
fn every_monthly_series_is_forecast_from_any_prefix() {
    assert_all_sound("m3-monthly.bench", |_, _| {});
}

#[test]
fn every_daily_series_is_forecast_from_any_prefix() {
    assert_all_sound("daily-real.bench", |_, _| {});
}

#[test]
fn real_series_with_accidents_are_forecast() {
    assert_all_sound("daily-real.bench", |index, values| {
        let count = values.len();
        if count < 4 {
            return;
        }
        let place = count / 2 + index % (count / 2);
        match index % 5 {
            // A machine that stopped, a counter that overflowed, a constant end, a jump, a sign that flipped.
            0 => values[place..].fill(0.0),
            1 => values[place] = 1e300,
            2 => values[count / 3..].fill(7.0),
            3 => values[place..].iter_mut().for_each(|value| *value += 1e6),
            _ => values[place..]
                .iter_mut()
                .for_each(|value| *value = -*value),
        }
    });
}
