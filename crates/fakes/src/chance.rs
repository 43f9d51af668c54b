//! Repeatable chance: the same seed and place give the same number, in whatever order they are asked.
//!
//! A generator with a state would make a value depend on how often it was drawn before.
//! The demo company must give the same value for an instant in its history and in a tick after a
//! restart, so each number is a hash of where it belongs (`SplitMix64`'s finaliser: Steele, Lea &
//! Flood 2014).

use api::Instant;

/// A source of repeatable chance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The chance of this seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// Another chance, for the thing of that name.
    pub(crate) fn of(self, name: &str) -> Self {
        // FNV-1a: names are short and few.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(mix(self.0 ^ hash))
    }

    /// Evenly from 0 up to and without 1, for that place.
    pub(crate) fn even(self, place: i64) -> f64 {
        let bits = mix(self.0.wrapping_add(mix(place.cast_unsigned())));
        // The upper 53 bits are what an f64 holds exactly.
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normal with mean 0 and deviation 1, for that place, cut at three deviations.
    ///
    /// It is cut so that no seed plants an outlier that nobody planned.
    pub(crate) fn normal(self, place: i64) -> f64 {
        // Box & Muller 1958; 1 − u keeps the logarithm finite.
        let radius = (-2.0 * (1.0 - self.even(place)).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.of("angle").even(place);
        (radius * angle.cos()).clamp(-3.0, 3.0)
    }

    /// A count with that mean (Poisson), for that place.
    pub(crate) fn count(self, place: i64, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal(place)).round().max(0.0);
        }
        // Inversion: walk the distribution until the drawn share is used up.
        let drawn = self.even(place);
        let (mut count, mut share) = (0.0, (-mean).exp());
        let mut sum = share;
        while drawn > sum && count < 200.0 {
            count += 1.0;
            share *= mean / count;
            sum += share;
        }
        count
    }

    /// A smooth wander through normal values, one every `period` microseconds.
    ///
    /// It is continuous in time: a tick between two points of the history lies between their values.
    pub(crate) fn wander(self, at: Instant, period: i64) -> f64 {
        let left = at.0.div_euclid(period);
        let share = at.0.rem_euclid(period) as f64 / period as f64;
        let eased = share * share * (3.0 - 2.0 * share);
        self.normal(left) * (1.0 - eased) + self.normal(left + 1) * eased
    }
}

/// `SplitMix64`: one step and its finaliser.
const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, square.sqrt())
    }

    #[test]
    fn the_same_place_gives_the_same_number_and_other_names_give_others() {
        let chance = Chance::new(7);
        assert!(chance.even(42).to_bits() == Chance::new(7).even(42).to_bits());
        assert!(chance.of("a").even(42).to_bits() != chance.of("b").even(42).to_bits());
    }

    #[test]
    fn normal_values_have_mean_0_and_deviation_1() {
        let values: Vec<f64> = (0..20_000).map(|i| Chance::new(1).normal(i)).collect();
        let (mean, deviation) = mean_and_deviation(&values);
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((deviation - 1.0).abs() < 0.03, "{deviation}");
    }

    #[test]
    fn counts_have_the_mean_that_was_asked_for() {
        for mean in [0.2, 4.0, 29.0, 80.0] {
            let values: Vec<f64> = (0..20_000).map(|i| Chance::new(2).count(i, mean)).collect();
            let (found, deviation) = mean_and_deviation(&values);
            assert!((found - mean).abs() < 0.05 * mean + 0.02, "{found} {mean}");
            assert!((deviation - mean.sqrt()).abs() < 0.1, "{deviation} {mean}");
        }
    }

    #[test]
    fn a_wander_meets_its_values_and_does_not_jump() {
        let chance = Chance::new(3);
        assert!((chance.wander(Instant(5_000), 1_000) - chance.normal(5)).abs() < 1e-12);
        for at in 0..5_000 {
            let step = chance.wander(Instant(at + 1), 1_000) - chance.wander(Instant(at), 1_000);
            assert!(step.abs() < 0.02, "{step} at {at}");
        }
    }
}
