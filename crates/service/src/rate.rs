//! How fast a key may send: a bucket of samples that fills at the key's rate.
//!
//! A request is let in while there is anything in the bucket, and what it brought is taken out
//! afterwards, more than there was if need be: how many samples a body holds is known only once it is
//! read, and one that is larger than the bucket must get through at some time. A sender that goes on
//! beyond its rate waits until the debt is paid.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{Caller, Instant, KeyId, Who};

use crate::Hub;
use crate::share::{Shared, Tally};

/// A full bucket holds what the rate brings in so many seconds.
const BURST_SECONDS: f64 = 10.0;
/// The longest that a sender is told to wait, in seconds; no debt is larger.
const LONGEST_WAIT: f64 = 300.0;

/// How the owners of these buckets are called among servers; the rate and the key follow.
const OWNER: &str = "samples ";

/// The buckets of keys that have a rate.
#[derive(Default)]
pub(crate) struct Rates {
    buckets: Mutex<HashMap<KeyId, Bucket>>,
    /// What the other servers are told.
    tally: Tally,
}

/// Samples that may still be sent; below nothing, those that were sent too early.
struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    /// Fills for the time that has passed. A clock that was set back fills nothing.
    fn fill(&mut self, rate: f64, now: Instant) {
        let seconds = now.seconds_since(self.at).max(0.0);
        self.level = (self.level + seconds * rate).min(rate * BURST_SECONDS);
        self.at = now;
    }

    /// Takes samples out, as far as a debt may go.
    fn take(&mut self, rate: f64, samples: u64) {
        self.level = (self.level - samples as f64).max(-rate * LONGEST_WAIT);
    }
}

impl Rates {
    fn held(&self) -> MutexGuard<'_, HashMap<KeyId, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many seconds a key has to wait, where it has to.
    fn wait(&self, key: &KeyId, rate: u32, now: Instant) -> Option<u32> {
        let rate = f64::from(rate.max(1));
        let mut buckets = self.held();
        let bucket = full(&mut buckets, key, rate, now);
        bucket.fill(rate, now);
        if bucket.level >= 1.0 {
            return None;
        }
        let seconds = ((1.0 - bucket.level) / rate).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and the longest wait"
        )]
        Some(seconds.clamp(1.0, LONGEST_WAIT) as u32)
    }

    /// Takes out what a request brought.
    fn spend(&self, key: &KeyId, rate: u32, samples: u64) {
        if let Some(bucket) = self.held().get_mut(key) {
            bucket.take(f64::from(rate.max(1)), samples);
        }
        self.tally.add(|| format!("{OWNER}{rate} {key}"), samples);
    }
}

impl Shared for Rates {
    fn spent(&self) -> Vec<(String, u64)> {
        self.tally.take()
    }

    fn spend_elsewhere(&self, owner: &str, samples: u64, now: Instant) {
        let named = owner.strip_prefix(OWNER).and_then(|o| o.split_once(' '));
        let Some((rate, key)) = named else { return };
        if let Ok(rate) = rate.parse::<u32>() {
            let rate = f64::from(rate.max(1));
            full(&mut self.held(), &KeyId::from(key), rate, now).take(rate, samples);
        }
    }
}

/// A key's bucket, which is full at first.
fn full<'a>(
    buckets: &'a mut HashMap<KeyId, Bucket>,
    key: &KeyId,
    rate: f64,
    now: Instant,
) -> &'a mut Bucket {
    buckets.entry(key.clone()).or_insert(Bucket {
        level: rate * BURST_SECONDS,
        at: now,
    })
}

/// The key's rate, where it has one.
pub(crate) fn rate_of(caller: &Caller) -> Option<(&KeyId, u32)> {
    match &caller.who {
        Who::Key {
            id,
            rate: Some(rate),
            ..
        } => Some((id, *rate)),
        _ => None,
    }
}

/// What is said of a request that came too early, on the sources page and to the sender.
pub(crate) fn too_fast(rate: u32) -> String {
    format!(
        "rate limit: the key may send {} samples a second",
        api::grouped(rate)
    )
}

impl Hub {
    /// How many seconds the caller has to wait before it sends again, and its rate.
    pub(crate) fn must_wait(&self, caller: &Caller) -> Option<(u32, u32)> {
        let (key, rate) = rate_of(caller)?;
        Some((self.rates.wait(key, rate, self.clock.now())?, rate))
    }

    /// Counts what the caller sent.
    pub(crate) fn spend(&self, caller: &Caller, samples: u64) {
        if let Some((key, rate)) = rate_of(caller) {
            self.rates.spend(key, rate, samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Instant {
        Instant(ms * 1_000)
    }

    #[test]
    fn a_sender_within_its_rate_never_waits() {
        let (rates, key) = (Rates::default(), KeyId::from("k"));
        for second in 0..100 {
            assert_eq!(rates.wait(&key, 50, at(second * 1_000)), None, "{second}");
            rates.spend(&key, 50, 50);
        }
    }

    #[test]
    fn a_burst_is_let_in_and_paid_for() {
        let (rates, key) = (Rates::default(), KeyId::from("k"));
        assert_eq!(rates.wait(&key, 10, at(0)), None);
        rates.spend(&key, 10, 100);
        assert_eq!(rates.wait(&key, 10, at(0)), Some(1));
        assert_eq!(rates.wait(&key, 10, at(99)), Some(1));
        assert_eq!(rates.wait(&key, 10, at(100)), None);
    }

    #[test]
    fn a_body_larger_than_the_bucket_gets_through_once_and_the_wait_says_how_long() {
        let (rates, key) = (Rates::default(), KeyId::from("k"));
        assert_eq!(rates.wait(&key, 10, at(0)), None);
        rates.spend(&key, 10, 299);
        assert_eq!(rates.wait(&key, 10, at(0)), Some(20));
        assert_eq!(rates.wait(&key, 10, at(19_000)), Some(1));
        assert_eq!(rates.wait(&key, 10, at(20_000)), None);
        // No debt lasts for ever, however much was sent.
        rates.spend(&key, 10, u64::MAX);
        assert_eq!(rates.wait(&key, 10, at(20_000)), Some(300));
    }

    #[test]
    fn what_one_server_took_the_other_counts() {
        let (one, two, key) = (Rates::default(), Rates::default(), KeyId::from("k"));
        one.spent();
        assert_eq!(one.wait(&key, 10, at(0)), None);
        one.spend(&key, 10, 120);
        one.spend(&key, 10, 80);
        for (owner, samples) in one.spent() {
            two.spend_elsewhere(&owner, samples, at(0));
        }
        assert_eq!(two.wait(&key, 10, at(0)), Some(11));
        two.spend_elsewhere("account user a", 1_000, at(0));
        assert_eq!(two.wait(&key, 10, at(0)), Some(11));
    }

    #[test]
    fn keys_and_clocks_do_not_disturb_each_other() {
        let (rates, one, other) = (Rates::default(), KeyId::from("a"), KeyId::from("b"));
        assert_eq!(rates.wait(&one, 1, at(0)), None);
        rates.spend(&one, 1, 20);
        assert_eq!(rates.wait(&other, 1, at(0)), None);
        // Set back by an hour: neither a gift nor a punishment.
        assert_eq!(rates.wait(&one, 1, at(-3_600_000)), Some(11));
        assert_eq!(rates.wait(&one, 1, at(-3_600_000 + 11_000)), None);
    }
}
