//! Stretches of the past that are like the latest one, and what came after them.
//!
//! Analogues in the sense of Lorenz, "Atmospheric predictability as revealed by naturally occurring analogues",
//! Journal of the Atmospheric Sciences 26 (1969). Stretches are compared without their level: a shop that has
//! grown has weeks like those of when it was small.

/// A stretch of the past that is like the latest.
#[derive(Debug, Clone, PartialEq)]
pub struct Analogue {
    /// Where it begins in the history.
    pub start: usize,
    /// Which share of the latest stretch's ups and downs (the sum of their squares) it has as well: above 0, at
    /// most 1.
    pub alike: f64,
    /// Its values and those that came after it, brought to the level of the latest stretch.
    pub values: Vec<f64>,
}

/// The stretches of `length` values that are most like the last `length` of `values`, the most alike first, each
/// with the `ahead` values that came after it; at most `count`, none of which overlaps another or the latest.
///
/// Stretches without a value below zero are compared and brought to the level of the latest in proportion to
/// their means, others by the difference of them.
/// Empty where the past is too short, where the latest stretch stands still, and where nothing has any of its ups
/// and downs; stretches with a value that is not finite are like nothing.
pub fn analogues(values: &[f64], length: usize, ahead: usize, count: usize) -> Vec<Analogue> {
    let Some(begin) = values.len().checked_sub(length).filter(|_| length > 1) else {
        return Vec::new();
    };
    let latest = &values[begin..];
    let last = (begin + 1).saturating_sub(length.max(ahead).max(1));
    let proportional = values.iter().all(|value| *value >= 0.0 || value.is_nan());
    let Some(wanted) = Level::of(latest, proportional) else {
        return Vec::new();
    };
    let shape: Vec<f64> = latest.iter().map(|value| wanted.off(*value)).collect();
    let moves: f64 = shape.iter().map(|value| value * value).sum();
    if !(moves.is_finite() && moves > f64::EPSILON * length as f64) {
        return Vec::new();
    }
    let compared = (0..last).filter_map(|start| {
        let stretch = &values[start..start + length];
        let level = Level::of(stretch, proportional)?;
        let pairs = stretch.iter().zip(&shape);
        let missed: f64 = pairs
            .map(|(value, wanted)| (level.off(*value) - wanted).powi(2))
            .sum();
        let alike = 1.0 - missed / moves;
        (alike > 0.0).then_some((alike, start, level))
    });
    let mut compared: Vec<_> = compared.collect();
    // The newer first where two are as alike.
    compared.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    let mut found: Vec<Analogue> = Vec::new();
    for (alike, start, level) in compared {
        if found.len() >= count {
            break;
        }
        if found.iter().any(|kept| kept.start.abs_diff(start) < length) {
            continue;
        }
        let until = (start + length + ahead).min(values.len());
        let told = values[start..until].iter();
        let told: Vec<f64> = told.map(|value| wanted.on(level.off(*value))).collect();
        if told.iter().all(|value| value.is_finite()) {
            found.push(Analogue {
                start,
                alike,
                values: told,
            });
        }
    }
    found
}

/// The level of a stretch.
#[derive(Clone, Copy)]
struct Level {
    mean: f64,
    proportional: bool,
}

impl Level {
    /// None where it is no number, or where nothing can be in proportion to it.
    fn of(stretch: &[f64], proportional: bool) -> Option<Self> {
        let share = 1.0 / stretch.len() as f64;
        let mean: f64 = stretch.iter().map(|value| value * share).sum();
        let level = Self { mean, proportional };
        (mean.is_finite() && !(proportional && mean <= 0.0)).then_some(level)
    }

    /// A value without it.
    fn off(self, value: f64) -> f64 {
        if self.proportional {
            value / self.mean - 1.0
        } else {
            value - self.mean
        }
    }

    /// And with it again.
    fn on(self, value: f64) -> f64 {
        if self.proportional {
            (value + 1.0) * self.mean
        } else {
            value + self.mean
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A week's pattern with an unrest that is the same in every run.
    fn week(day: usize) -> f64 {
        let unrest = (day * 7_919 % 101) as f64 / 101.0;
        let weekend = if day % 7 >= 5 { 8.0 } else { 0.0 };
        20.0 + weekend + unrest
    }

    #[test]
    fn what_happened_before_is_found_with_what_came_after() {
        let mut values: Vec<f64> = (0..140).map(week).collect();
        // A fall and a rise, once when the shop was half as large, and now.
        for (begin, level) in [(50, 0.5), (126, 1.0)] {
            for (place, value) in values[begin..begin + 14].iter_mut().enumerate() {
                *value = level * (30.0 - 2.0 * (place as f64 - 7.0).abs());
            }
        }
        let found = analogues(&values, 14, 10, 3);
        assert_eq!(found[0].start, 50);
        assert!(found[0].alike > 0.999, "{found:?}");
        assert_eq!(found[0].values.len(), 24);
        // It goes on from today's level.
        assert!((found[0].values[13] - values[139]).abs() < 1e-9);
        assert!((found[0].values[14] - 2.0 * values[64]).abs() < 1e-9);
        for (place, one) in found.iter().enumerate() {
            assert!(one.start + 24 <= 140 - 13, "all that came after is there");
            let apart = |other: &Analogue| other.start.abs_diff(one.start) >= 14;
            assert!(found[..place].iter().all(apart), "{found:?}");
        }
    }

    #[test]
    fn a_week_is_like_other_weeks_on_the_same_day() {
        let values: Vec<f64> = (0..200).map(week).collect();
        let found = analogues(&values, 28, 28, 3);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|one| (172 - one.start) % 7 == 0));
    }

    #[test]
    fn what_stands_still_is_like_nothing() {
        assert!(analogues(&[5.0; 100], 14, 7, 3).is_empty());
        assert!(analogues(&[0.0; 100], 14, 7, 3).is_empty());
        assert!(analogues(&[1.0, 2.0, 3.0], 14, 7, 3).is_empty());
        assert!(analogues(&[], 0, 0, 3).is_empty());
    }

    proptest! {
        #[test]
        fn whatever_comes_in_numbers_come_out(
            values in prop::collection::vec(prop_oneof![
                -1e3..1e3f64, Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(1e300), Just(-1e300),
            ], 0..120),
            length in 0..40usize,
            ahead in 0..40usize,
        ) {
            for one in analogues(&values, length, ahead, 4) {
                prop_assert!(one.alike > 0.0 && one.alike <= 1.0);
                prop_assert_eq!(one.values.len(), length + ahead);
                prop_assert!(one.values.iter().all(|value| value.is_finite()));
            }
        }

        /// Neither money in cents nor a thermometer in Fahrenheit has another past.
        #[test]
        fn units_make_no_difference(
            values in prop::collection::vec(-50.0..50.0f64, 60..120),
            factor in 0.01..100.0f64,
        ) {
            let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
            let (own, other) = (analogues(&values, 10, 5, 3), analogues(&scaled, 10, 5, 3));
            prop_assert_eq!(own.len(), other.len());
            for (a, b) in own.iter().zip(&other) {
                prop_assert!((a.alike - b.alike).abs() < 1e-6);
            }
        }
    }
}
