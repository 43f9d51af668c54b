//! Other people's libraries, asked the same question.

use crate::noise;
use anofox_forecast::core::TimeSeries;
use anofox_forecast::models::Forecaster;
use anofox_forecast::models::intermittent::{Croston, TSB};
use anofox_forecast::models::theta;
use augurs_core::{Fit as _, Predict as _};
use forecast::{DynamicTheta, Ets, Fit, Mstl, Sba, Theta, Tsb};
use std::ops::Add;
use std::time::Duration;

fn seconds<T: Copy + Default + Add<Duration, Output = T>>(count: usize) -> Vec<T> {
    std::iter::successors(Some(T::default()), |at| Some(*at + Duration::from_secs(1)))
        .take(count)
        .collect()
}

fn sales() -> Vec<f64> {
    (0..96)
        .map(|month| {
            (200.0 + 2.0 * month as f64) * (1.0 + 0.2 * f64::from(u8::from(month % 12 == 11)))
                + 4.0 * noise(month)
        })
        .collect()
}

fn theirs(mut model: impl Forecaster, y: &[f64]) -> Vec<f64> {
    let timed = TimeSeries::univariate(seconds(y.len()), y.to_vec()).unwrap();
    model.fit(&timed).unwrap();
    model.predict(12).unwrap().primary().to_vec()
}

fn assert_close(ours: &[f64], theirs: &[f64]) {
    // Both estimate the same parameters with different searches and starts.
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(
            (ours / theirs - 1.0).abs() < 0.03,
            "{ours} against {theirs}"
        );
    }
}

#[test]
fn theta_agrees_with_anofox() {
    let y = sales();
    let ours = Theta { season: 12 }.fit(&y).unwrap().predict(12);
    assert_close(&ours, &theirs(theta::Theta::seasonal_optimized(12), &y));
}

#[test]
fn dynamic_theta_agrees_with_anofox_on_the_next_step() {
    let y = sales();
    let ours = DynamicTheta { season: 12 }.fit(&y).unwrap().predict(12);
    let theirs = theirs(theta::DynamicTheta::seasonal_optimized(12), &y);
    // Further ahead theirs stays level: it does not carry its line on over its own predictions, as the paper does.
    assert_close(&ours[..1], &theirs[..1]);
}

#[test]
fn mstl_with_a_level_trend_has_the_seasons_of_augurs() {
    // Two seasons and no trend to speak of: what differs from one step to the next is the seasons' doing.
    let y: Vec<f64> = (0..336)
        .map(|hour| {
            let (day, week) = (hour % 24, hour % 168);
            100.0
                + 10.0 * f64::from(u8::from(day > 12))
                + 5.0 * f64::from(u8::from(week > 120))
                + 0.1 * noise(hour)
        })
        .chain((0..168).map(|hour| {
            100.0
                + 10.0 * f64::from(u8::from(hour % 24 > 12))
                + 5.0 * f64::from(u8::from(hour > 120))
        }))
        .collect();
    let ours = Mstl {
        seasons: vec![24, 168],
    }
    .fit(&y)
    .unwrap()
    .predict(24);
    let model = augurs_mstl::MSTLModel::naive(vec![24, 168]);
    let theirs = model.fit(&y).unwrap().predict(24, None).unwrap().point;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!((ours - theirs).abs() < 1.0, "{ours} against {theirs}");
    }
}

#[test]
fn intermittent_demand_agrees_with_anofox() {
    let demand: Vec<f64> = (0..200)
        .map(|day| {
            if noise(day) > 0.4 {
                4.0 + 2.0 * noise(day + 1_000)
            } else {
                0.0
            }
        })
        .collect();
    let sba = Sba.fit(&demand).unwrap().predict(1)[0];
    let tsb = Tsb.fit(&demand).unwrap().predict(1)[0];
    let mut theirs = [0.0; 2];
    let timed = TimeSeries::univariate(seconds(demand.len()), demand.clone()).unwrap();
    let (mut croston, mut other) = (Croston::new().sba_optimized(), TSB::new());
    croston.fit(&timed).unwrap();
    other.fit(&timed).unwrap();
    theirs[0] = croston.predict(1).unwrap().primary()[0];
    theirs[1] = other.predict(1).unwrap().primary()[0];
    // The smoothing differs, the rate is the same.
    assert!(
        (sba / theirs[0] - 1.0).abs() < 0.25,
        "{sba} against {}",
        theirs[0]
    );
    assert!(
        (tsb / theirs[1] - 1.0).abs() < 0.35,
        "{tsb} against {}",
        theirs[1]
    );
}

#[test]
fn ets_finds_what_made_the_series() {
    // A line with a season of twelve and next to no noise: whatever form is chosen has to continue it.
    let made = |month: usize| {
        (200.0 + 2.0 * month as f64)
            * [1.0, 0.9, 1.1, 1.2, 0.8, 1.0, 1.0, 1.05, 0.95, 1.0, 1.1, 0.9][month % 12]
    };
    let y: Vec<f64> = (0..96)
        .map(|month| made(month) * (1.0 + 0.002 * noise(month)))
        .collect();
    let ours = Ets::new(12).fit(&y).unwrap().predict(12);
    for (step, ours) in ours.iter().enumerate() {
        let truth = made(96 + step);
        assert!(
            (ours / truth - 1.0).abs() < 0.02,
            "step {step}: {ours} against {truth}"
        );
    }
}
