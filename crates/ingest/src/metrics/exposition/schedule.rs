//! When a target is scraped: at its interval, each target at an offset of its own.
//!
//! As Prometheus does it, the offset comes from what the target is and not from when it was added: a
//! restart does not move it, and a hundred targets are not scraped in one instant.

/// When a target is scraped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    interval_ms: i64,
    offset_ms: i64,
}

impl Schedule {
    /// The schedule of the target that goes by `key`. An interval below a millisecond is one.
    pub fn new(key: &str, interval_ms: i64) -> Self {
        let interval_ms = interval_ms.max(1);
        // The remainder is smaller than an interval, which is an `i64`.
        let offset = fnv_1a(key.as_bytes()) % interval_ms.unsigned_abs();
        Self {
            interval_ms,
            offset_ms: i64::try_from(offset).unwrap_or(0),
        }
    }

    /// The first instant after `now_ms` at which to scrape.
    ///
    /// `last_ms` is the instant for which the last scrape was planned: timers wake a moment early
    /// where the clock is being corrected, and one instant is not to be scraped twice. A clock that
    /// was set back by more than an interval is believed.
    pub fn next_ms(&self, now_ms: i64, last_ms: Option<i64>) -> i64 {
        let ahead =
            last_ms.filter(|last| (0..=self.interval_ms).contains(&last.saturating_sub(now_ms)));
        let after = ahead.unwrap_or(now_ms);
        let since = after.saturating_sub(self.offset_ms);
        let rest = self.interval_ms - since.rem_euclid(self.interval_ms);
        after.saturating_add(rest)
    }
}

/// Fowler, Noll and Vo's hash, 64 bits, variant 1a: the same in every version of this program, which
/// the standard library's does not promise.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn a_timer_that_wakes_early_does_not_scrape_twice() {
        let schedule = Schedule::new("t", 1_000);
        let planned = schedule.next_ms(50_000, None);
        assert_eq!(
            schedule.next_ms(planned - 1, Some(planned)),
            planned + 1_000
        );
        assert_eq!(
            schedule.next_ms(planned + 3, Some(planned)),
            planned + 1_000
        );
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_scrapes() {
        let schedule = Schedule::new("t", 1_000);
        let next = schedule.next_ms(50_000, Some(9_000_000));
        assert!(next > 50_000 && next <= 51_000);
    }

    #[test]
    fn targets_are_spread_over_the_interval() {
        let mut tenths = [0; 10];
        for i in 0..1_000 {
            let next = Schedule::new(&format!("target {i}"), 10_000).next_ms(-1, None);
            tenths[usize::try_from(next / 1_000).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|n| (60..=140).contains(n)), "{tenths:?}");
    }

    proptest! {
        #[test]
        fn the_next_instant_lies_within_an_interval_and_stays_in_step(
            key in ".{0,20}", interval in 1_i64..4_000_000, now in 0_i64..4_000_000_000_000,
        ) {
            let schedule = Schedule::new(&key, interval);
            let next = schedule.next_ms(now, None);
            prop_assert!(next > now && next <= now + interval);
            prop_assert_eq!(schedule.next_ms(next, Some(next)), next + interval);
            prop_assert_eq!((schedule.next_ms(now + 7 * interval, None) - next) % interval, 0);
        }

        #[test]
        fn any_numbers_are_taken_without_panic(
            interval in any::<i64>(), now in any::<i64>(), last in any::<Option<i64>>(),
        ) {
            let _ = Schedule::new("t", interval).next_ms(now, last);
        }
    }
}
