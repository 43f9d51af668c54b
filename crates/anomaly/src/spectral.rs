//! Spectral residual: what stands out of a series' spectrum stands out of the series.
//!
//! Ren et al., "Time-Series Anomaly Detection Service at Microsoft", KDD (2019), sections 3.1 and 4: the logarithm of
//! the amplitudes less its moving mean, back in time, is a saliency map; the score compares a point with the mean of
//! those before it. As there, a few points are extrapolated, so that the newest is not at the edge.

use std::f64::consts::TAU;

/// Frequencies that are averaged.
const SMOOTHED: usize = 3;
/// Points before a point whose mean saliency it is compared with.
const COMPARED: usize = 21;
/// Points that the last slope is estimated from, and that are added.
const ADDED: usize = 5;

/// How salient each point is: 0 is like those before it, 1 is twice as salient; never NaN.
///
/// A gap is taken for the value before it.
/// All points of the series take part in each score: for the newest alone, pass what is known by then.
pub fn spectral_residual(values: &[f64]) -> Vec<f64> {
    let Some(mut real) = scaled(values) else {
        return vec![0.0; values.len()];
    };
    extrapolate(&mut real);
    let length = real.len().next_power_of_two();
    // The last value repeated: zeros would be an edge of their own.
    let last = real.last().copied().unwrap_or(0.0);
    real.resize(length, last);
    let mut imaginary = vec![0.0; length];
    transform(&mut real, &mut imaginary, 1.0);
    let amplitudes: Vec<f64> = real
        .iter()
        .zip(&imaginary)
        .map(|(a, b)| a.hypot(*b))
        .collect();
    let logs: Vec<f64> = amplitudes.iter().map(|a| (a + 1e-9).ln()).collect();
    for (place, amplitude) in amplitudes.iter().enumerate() {
        let from = place.saturating_sub(SMOOTHED - 1);
        let around = &logs[from..=place];
        let mean = around.iter().sum::<f64>() / around.len() as f64;
        // The residual's amplitude with the phase of the series.
        let gain = if *amplitude > 1e-9 {
            (logs[place] - mean).exp() / amplitude
        } else {
            0.0
        };
        real[place] *= gain;
        imaginary[place] *= gain;
    }
    transform(&mut real, &mut imaginary, -1.0);
    let saliency: Vec<f64> = real
        .iter()
        .zip(&imaginary)
        .map(|(a, b)| a.hypot(*b))
        .collect();
    let score = |place: usize| {
        let before = &saliency[place.saturating_sub(COMPARED)..=place];
        let mean = before.iter().sum::<f64>() / before.len() as f64;
        let score = (saliency[place] - mean) / mean;
        if score.is_finite() {
            score.max(0.0)
        } else {
            0.0
        }
    };
    (0..values.len()).map(score).collect()
}

/// Values between -1 and 1 without gaps; `None` of a constant, which has no spectrum.
fn scaled(values: &[f64]) -> Option<Vec<f64>> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    if low >= high {
        return None;
    }
    let (centre, half) = (low / 2.0 + high / 2.0, high / 2.0 - low / 2.0);
    let mut before = 0.0;
    let scale = |value: &f64| {
        if value.is_finite() {
            before = ((value - centre) / half).clamp(-1.0, 1.0);
        }
        before
    };
    Some(values.iter().map(scale).collect())
}

/// Adds points along the mean slope from the last points to the newest.
fn extrapolate(values: &mut Vec<f64>) {
    let Some((newest, earlier)) = values.split_last() else {
        return;
    };
    let earlier = &earlier[earlier.len().saturating_sub(ADDED)..];
    let count = earlier.len();
    let slopes = earlier
        .iter()
        .enumerate()
        .map(|(at, value)| (newest - value) / (count - at) as f64);
    let slope = slopes.sum::<f64>() / count.max(1) as f64;
    let added = earlier.first().unwrap_or(newest) + slope * count as f64;
    values.extend([added; ADDED]);
}

/// The fast Fourier transform of Cooley and Tukey (1965), in place; -1 is the inverse, without its division.
fn transform(real: &mut [f64], imaginary: &mut [f64], sign: f64) {
    let length = real.len();
    let bits = length.trailing_zeros();
    for place in 0..length {
        let other = if bits == 0 {
            0
        } else {
            place.reverse_bits() >> (usize::BITS - bits)
        };
        if place < other {
            real.swap(place, other);
            imaginary.swap(place, other);
        }
    }
    let mut half = 1;
    while half < length {
        for offset in 0..half {
            let angle = -sign * TAU * offset as f64 / (2 * half) as f64;
            let (sine, cosine) = angle.sin_cos();
            for low in (offset..length).step_by(2 * half) {
                let high = low + half;
                let (a, b) = (real[high], imaginary[high]);
                let (a, b) = (a * cosine - b * sine, a * sine + b * cosine);
                (real[high], imaginary[high]) = (real[low] - a, imaginary[low] - b);
                (real[low], imaginary[low]) = (real[low] + a, imaginary[low] + b);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_in_a_wave_is_the_most_salient() {
        let mut values: Vec<f64> = (0..400).map(|i| (f64::from(i) / 10.0).sin()).collect();
        values[300] += 2.0;
        let scores = spectral_residual(&values);
        let most = (30..400).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        assert_eq!(most, Some(300));
    }

    #[test]
    fn the_transform_and_its_inverse_are_the_series_again() {
        let values: Vec<f64> = (0..16).map(|i| f64::from(i * i % 7)).collect();
        let (mut real, mut imaginary) = (values.clone(), vec![0.0; 16]);
        transform(&mut real, &mut imaginary, 1.0);
        assert!((real[0] - values.iter().sum::<f64>()).abs() < 1e-9);
        transform(&mut real, &mut imaginary, -1.0);
        assert!(
            real.iter()
                .zip(&values)
                .all(|(a, b)| (a / 16.0 - b).abs() < 1e-9)
        );
    }
}
