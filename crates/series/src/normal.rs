//! The standard normal distribution.

/// The chance of a value at or below `deviate`:
/// equation 26.2.17 of Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), off by at most 7.5e-8.
pub fn normal_chance(deviate: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * deviate.abs());
    let series = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_530,
    ];
    let polynomial = series.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    let density = (-0.5 * deviate * deviate).exp() / std::f64::consts::TAU.sqrt();
    let above = (density * polynomial).clamp(0.0, 0.5);
    if deviate >= 0.0 { 1.0 - above } else { above }
}

/// The value that is not passed with that chance; of chances outside 1e-6 to 1 - 1e-6 that of the nearest.
///
/// [`normal_chance`] the other way round, found by halving: right to 1e-5 where people ask.
pub fn normal_deviate(chance: f64) -> f64 {
    let chance = chance.clamp(1e-6, 1.0 - 1e-6);
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if normal_chance(middle) < chance {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_every_textbook() {
        for (chance, deviate) in [
            (0.025, -1.959_964),
            (0.5, 0.0),
            (0.8, 0.841_621),
            (0.9, 1.281_552),
            (0.95, 1.644_854),
            (0.99, 2.326_348),
        ] {
            assert!((normal_deviate(chance) - deviate).abs() < 1e-5, "{chance}");
            assert!((normal_chance(deviate) - chance).abs() < 1e-6, "{deviate}");
        }
        assert!(normal_deviate(f64::NAN).is_finite());
        assert!(normal_deviate(1.0) < 5.0);
    }
}
