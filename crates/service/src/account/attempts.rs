//! Failed attempts to sign in, and who has to wait for how long.
//!
//! Waiting grows with each failure and ends by itself. It is counted by account and address
//! together, so that who tries somebody else's account makes themselves wait and not them; by
//! address, for who tries many accounts; and by account, for many addresses that try one. From that
//! last wait a browser is exempt that the person signed in with before (OWASP's device cookies): it
//! has a count of its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{Error, Instant, Result};
use serde::{Deserialize, Serialize};

use crate::bus::Bus;
use crate::share::Counted;

/// After how long without a failure it is forgotten.
const MEMORY: i64 = Instant::HOUR;
/// How many counts are kept: beyond that the shortest waits are forgotten first.
const MOST: usize = 100_000;

/// What failures are counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Key {
    /// An account tried from an address.
    Pair(String, String),
    /// A browser that was signed in with before, by its token's hash.
    Device(String),
    /// An account, by strangers.
    Account(String),
    /// Codes of a person's second step, by strangers who have the password.
    Codes(String),
    /// An address.
    Address(String),
    /// What somebody tries who has proved who they are: their own password once more, or codes.
    Own(String),
}

impl Key {
    /// Failures that are free, and the longest wait in seconds.
    const fn patience(&self) -> (u32, u32) {
        match self {
            Self::Pair(..) | Self::Own(_) => (5, 900),
            Self::Device(_) => (10, 900),
            Self::Account(_) => (20, 300),
            Self::Codes(_) => (20, 900),
            Self::Address(_) => (30, 900),
        }
    }

    /// Seconds to wait after so many failures.
    fn wait(&self, failures: u32) -> u32 {
        let (free, longest) = self.patience();
        match failures.checked_sub(free) {
            None => 0,
            Some(beyond) => 2_u32.saturating_pow(beyond + 1).min(longest),
        }
    }
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Failed attempts, at all servers of a database.
pub(crate) struct Attempts {
    kept: Mutex<HashMap<Key, Failures>>,
    /// The way to the other servers.
    bus: Bus,
}

/// An attempt that counts as failed until it is said to have succeeded: of many at once, none is
/// looked at before those before it were counted.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt(Vec<Key>);

impl Attempts {
    /// None so far.
    pub(crate) fn new(bus: Bus) -> Self {
        Self {
            kept: Mutex::default(),
            bus,
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt.
    ///
    /// # Errors
    /// `TooMany` while one of the keys has to wait.
    pub(crate) fn begin(&self, keys: Vec<Key>, now: Instant) -> Result<Attempt> {
        let mut kept = self.kept();
        let left = keys.iter().filter_map(|key| {
            let failures = kept.get(key)?;
            let wait = i64::from(key.wait(failures.count)) * Instant::SECOND;
            let left = failures.last.plus(wait).0 - now.0;
            (left > 0).then_some(left)
        });
        if let Some(left) = left.max() {
            let seconds = left / Instant::SECOND + 1;
            return Err(Error::TooMany {
                retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            });
        }
        fail(&mut kept, &keys, now);
        drop(kept);
        self.bus.count(Counted::Attempt {
            keys: keys.clone(),
            at: now,
        });
        Ok(Attempt(keys))
    }

    /// It was no failure. What is counted by the person begins anew; what is counted by address or
    /// by account only loses this one, or an attacker's own account would wash their address clean.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        succeed(&mut self.kept(), &attempt.0);
        self.bus.count(Counted::Success {
            keys: attempt.0.clone(),
        });
    }

    /// An attempt began at another server.
    pub(crate) fn begun_elsewhere(&self, keys: &[Key], at: Instant) {
        fail(&mut self.kept(), keys, at);
    }

    /// An attempt at another server was no failure.
    pub(crate) fn succeeded_elsewhere(&self, keys: &[Key]) {
        succeed(&mut self.kept(), keys);
    }
}

/// Counts a failure.
fn fail(kept: &mut HashMap<Key, Failures>, keys: &[Key], now: Instant) {
    if kept.len() >= MOST {
        forget(kept, now);
    }
    for key in keys {
        let entry = kept.entry(key.clone()).or_insert(Failures {
            count: 0,
            last: now,
        });
        if entry.last.plus(MEMORY) <= now {
            entry.count = 0;
        }
        entry.count = entry.count.saturating_add(1);
        entry.last = entry.last.max(now);
    }
}

/// Takes a failure back that was none.
fn succeed(kept: &mut HashMap<Key, Failures>, keys: &[Key]) {
    for key in keys {
        match key {
            Key::Pair(..) | Key::Device(_) | Key::Own(_) => {
                kept.remove(key);
            }
            Key::Account(_) | Key::Codes(_) | Key::Address(_) => {
                if let Some(failures) = kept.get_mut(key) {
                    failures.count = failures.count.saturating_sub(1);
                }
            }
        }
    }
}

fn forget(kept: &mut HashMap<Key, Failures>, now: Instant) {
    kept.retain(|_, failures| failures.last.plus(MEMORY) > now);
    if kept.len() >= MOST {
        kept.retain(|key, failures| key.wait(failures.count) > 0);
    }
    if kept.len() >= MOST {
        kept.clear();
    }
}

/// How long a stranger who fails has to wait, for tests.
#[cfg(test)]
pub(crate) fn strangers_wait(
    attempts: &Attempts,
    account: &str,
    address: &str,
    now: Instant,
) -> u32 {
    tests::waits(attempts, tests::stranger(account, address), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn stranger(account: &str, address: &str) -> Vec<Key> {
        vec![
            Key::Pair(account.into(), address.into()),
            Key::Account(account.into()),
            Key::Address(address.into()),
        ]
    }

    pub(super) fn waits(attempts: &Attempts, keys: Vec<Key>, now: Instant) -> u32 {
        match attempts.begin(keys, now) {
            Err(Error::TooMany {
                retry_after_seconds,
            }) => retry_after_seconds,
            _ => 0,
        }
    }

    #[test]
    fn who_fails_waits_longer_each_time_and_nobody_else_does() {
        let attempts = Attempts::new(Bus::new(0));
        let mut now = Instant(0);
        for _ in 0..5 {
            assert_eq!(waits(&attempts, stranger("ada", "evil"), now), 0);
        }
        let mut seen = Vec::new();
        for _ in 0..4 {
            let wait = waits(&attempts, stranger("ada", "evil"), now);
            seen.push(wait);
            now = now.plus(i64::from(wait) * Instant::SECOND);
            assert_eq!(waits(&attempts, stranger("ada", "evil"), now), 0);
        }
        assert_eq!(seen, [3, 5, 9, 17]);
        assert_eq!(waits(&attempts, stranger("ada", "home"), now), 0);
        assert_eq!(waits(&attempts, stranger("bob", "evil"), now), 0);
        assert_eq!(
            waits(&attempts, stranger("ada", "evil"), now.plus(MEMORY)),
            0
        );
    }

    #[test]
    fn a_thousand_strangers_do_not_keep_a_known_browser_out() {
        let attempts = Attempts::new(Bus::new(0));
        let mut refused = 0;
        for n in 0..1_000 {
            let keys = stranger("ada", &format!("bot {n}"));
            refused += u32::from(waits(&attempts, keys, Instant(0)) > 0);
        }
        assert_eq!(refused, 980);
        assert!(waits(&attempts, stranger("ada", "new"), Instant(0)) > 0);
        let own = || vec![Key::Device("d".into())];
        assert_eq!(waits(&attempts, own(), Instant(0)), 0);
        // And whoever has stolen that browser's token guesses no more often than others.
        let free = (0..100).filter(|_| waits(&attempts, own(), Instant(0)) == 0);
        assert_eq!(free.count(), 9);
    }

    #[test]
    fn one_address_that_tries_many_accounts_waits() {
        let attempts = Attempts::new(Bus::new(0));
        let tried = (0..100).filter(|n| {
            let keys = stranger(&format!("user {n}"), "evil");
            waits(&attempts, keys, Instant(0)) == 0
        });
        assert_eq!(tried.count(), 30);
    }

    #[test]
    fn success_clears_the_person_and_not_the_address() {
        let attempts = Attempts::new(Bus::new(0));
        for n in 0..100 {
            let Ok(attempt) = attempts.begin(stranger("own", "evil"), Instant(0)) else {
                panic!("a success is no failure, however often ({n})");
            };
            attempts.succeeded(&attempt);
        }
        for n in 0..30 {
            let _ = attempts.begin(stranger(&format!("u{n}"), "evil"), Instant(0));
        }
        assert!(waits(&attempts, stranger("own", "evil"), Instant(0)) > 0);
    }
}
