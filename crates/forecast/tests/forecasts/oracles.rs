//! Other people's libraries, asked the same question.

use crate::noise;
use anofox_forecast::core::TimeSeries;
use anofox_forecast::models::Forecaster;
use anofox_forecast::models::theta;
use forecast::{DynamicTheta, Fit, Theta};
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
