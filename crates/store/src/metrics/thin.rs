//! Leaving out samples that no instant of an answer looks at.

use series::MetricSample;

use super::Instants;

/// The samples that are the newest at or before one of the instants, in order.
///
/// A day at 15 seconds has 5,760 samples, and a chart of it 300 points: what is left out here is
/// copied nowhere else.
pub(super) fn thin(samples: &[MetricSample], at: Instants) -> Vec<MetricSample> {
    let mut kept = Vec::new();
    // The first instant that nothing was kept for.
    let mut wanted = at.first_ms;
    for (place, sample) in samples.iter().enumerate() {
        if wanted < sample.at_ms {
            let Some(next) = at.first_from(sample.at_ms) else {
                break;
            };
            wanted = next;
        }
        let until = samples.get(place + 1).map(|next| next.at_ms);
        if until.is_none_or(|until| wanted < until) {
            kept.push(*sample);
            let Some(next) = until.and_then(|until| at.first_from(until)) else {
                break;
            };
            wanted = next;
        }
    }
    kept
}

impl Instants {
    /// The first that is not before this one.
    fn first_from(self, at_ms: i64) -> Option<i64> {
        let after = at_ms.saturating_sub(self.first_ms);
        if after <= 0 {
            return Some(self.first_ms);
        }
        let over = after.checked_rem(self.step_ms)?;
        Some(if over == 0 {
            at_ms
        } else {
            at_ms.saturating_add(self.step_ms - over)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(at_ms: impl IntoIterator<Item = i64>) -> Vec<MetricSample> {
        let sample = |at_ms| MetricSample {
            at_ms,
            value: at_ms as f64,
        };
        at_ms.into_iter().map(sample).collect()
    }

    fn kept(at_ms: &[i64], first_ms: i64, step_ms: i64) -> Vec<i64> {
        let kept = thin(
            &samples(at_ms.iter().copied()),
            Instants { first_ms, step_ms },
        );
        kept.iter().map(|sample| sample.at_ms).collect()
    }

    #[test]
    fn the_newest_at_or_before_each_instant_is_kept() {
        assert_eq!(kept(&[0, 10, 20, 30, 40], 15, 10), [10, 20, 30, 40]);
        assert_eq!(kept(&[0, 10, 20, 30, 40], 20, 20), [20, 40]);
        assert_eq!(kept(&[0, 1, 2, 3, 50, 51], 2, 10), [2, 3, 51]);
        assert_eq!(kept(&[5, 6, 7], 0, 100), [7]);
        assert_eq!(kept(&[], 0, 1), [] as [i64; 0]);
    }

    #[test]
    fn one_instant_keeps_one_sample() {
        assert_eq!(kept(&[0, 10, 20, 30], 20, 0), [20]);
        assert_eq!(kept(&[0, 10, 20, 30], 25, 0), [20]);
        assert_eq!(kept(&[30, 40], 20, 0), [] as [i64; 0]);
    }

    /// Whatever the distances are, an instant finds what it would find among all samples.
    #[test]
    fn no_instant_sees_a_difference() {
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            i64::try_from((state >> 33) % below).unwrap()
        };
        for _ in 0..2_000 {
            let mut at_ms = random(50);
            let all = samples((0..random(40)).map(|_| {
                at_ms += 1 + random(20);
                at_ms
            }));
            let at = Instants {
                first_ms: random(120),
                step_ms: random(30),
            };
            let thinned = thin(&all, at);
            let looks = if at.step_ms == 0 { 1 } else { 40 };
            for look in (0..looks).map(|k| at.first_ms + k * at.step_ms) {
                let newest = |of: &[MetricSample]| of.iter().rfind(|s| s.at_ms <= look).copied();
                assert_eq!(newest(&thinned), newest(&all), "{at:?} {all:?}");
            }
            assert!(thinned.is_sorted_by(|a, b| a.at_ms < b.at_ms));
        }
    }
}
