//! What servers on one database tell each other of what is counted against limits: attempts to sign
//! in one by one, requests and samples summed up each second.
//!
//! Each server still decides by itself, without asking anybody: a limit holds among all of them as of
//! a second ago, and where the way between them is cut, at each of them alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::Instant;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};

use crate::account::{Attempts, Key};
use crate::bus::Bus;

/// How often what was spent is told.
const EVERY: Duration = Duration::from_secs(1);
/// The most owners told of at once: a notification of `PostgreSQL` has 8,000 bytes.
const TOGETHER: usize = 80;

/// What one server counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Counted {
    /// An attempt to sign in, which counts as failed by these keys.
    Attempt { keys: Vec<Key>, at: Instant },
    /// Such an attempt was no failure.
    Success { keys: Vec<Key> },
    /// What was taken out of buckets, by their owners.
    Spent(Vec<(String, u64)>),
}

/// Buckets that several servers fill and empty together.
pub trait Shared: Send + Sync {
    /// What was taken out here since this was asked last, by owner.
    fn spent(&self) -> Vec<(String, u64)>;
    /// Takes out what was spent at another server. Owners that are somebody else's are left alone.
    fn spend_elsewhere(&self, owner: &str, amount: u64, now: Instant);
}

/// What was taken out of buckets since it was last told; nothing is kept until somebody listens.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Option<HashMap<String, u64>>>);

impl Tally {
    fn held(&self) -> MutexGuard<'_, Option<HashMap<String, u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what an owner took, where anybody is told.
    pub fn add(&self, owner: impl FnOnce() -> String, amount: u64) {
        if let Some(kept) = &mut *self.held() {
            *kept.entry(owner()).or_default() += amount;
        }
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> Vec<(String, u64)> {
        let kept = self.held().replace(HashMap::new());
        kept.into_iter().flatten().collect()
    }
}

/// Tells the others what is counted here and counts what they tell, until the future is dropped.
pub(crate) async fn run(
    bus: &Bus,
    attempts: &Attempts,
    buckets: &[Arc<dyn Shared>],
    now: &(dyn Fn() -> Instant + Sync),
) {
    let mut heard = bus.heard();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                for shared in buckets {
                    for part in shared.spent().chunks(TOGETHER) {
                        bus.count(Counted::Spent(part.to_vec()));
                    }
                }
            }
            counted = heard.recv() => match counted {
                Ok(counted) => count(counted, attempts, buckets, now()),
                // What was missed is counted by who saw it.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

fn count(counted: Counted, attempts: &Attempts, buckets: &[Arc<dyn Shared>], now: Instant) {
    match counted {
        Counted::Attempt { keys, at } => attempts.begun_elsewhere(&keys, at.min(now)),
        Counted::Success { keys } => attempts.succeeded_elsewhere(&keys),
        Counted::Spent(spent) => {
            for (owner, amount) in spent {
                for shared in buckets {
                    shared.spend_elsewhere(&owner, amount, now);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::strangers_wait;

    /// Buckets that only remember what was spent elsewhere.
    #[derive(Default)]
    struct Seen(Tally, Mutex<Vec<(String, u64)>>);

    impl Shared for Seen {
        fn spent(&self) -> Vec<(String, u64)> {
            self.0.take()
        }

        fn spend_elsewhere(&self, owner: &str, amount: u64, _: Instant) {
            self.1.lock().unwrap().push((owner.to_owned(), amount));
        }
    }

    /// As a relay does it, without a way between.
    async fn carry(from: Bus, to: Bus) {
        let mut published = from.own();
        while let Ok(word) = published.recv().await {
            if let crate::bus::Word::Counted(counted) = word {
                to.hear(counted);
            }
        }
    }

    #[tokio::test]
    async fn what_is_counted_at_one_server_counts_at_the_other() {
        let (one, two) = (Bus::new(1), Bus::new(2));
        let attempts = [one.clone(), two.clone()].map(|bus| Arc::new(Attempts::new(bus)));
        let seen: [Arc<Seen>; 2] = Default::default();
        let now = || Instant(0);
        for (bus, other, place) in [(&one, &two, 0), (&two, &one, 1)] {
            tokio::spawn(carry(bus.clone(), other.clone()));
            let (bus, attempts, seen) = (bus.clone(), attempts[place].clone(), seen[place].clone());
            tokio::spawn(async move {
                let buckets: [Arc<dyn Shared>; 1] = [seen];
                run(&bus, &attempts, &buckets, &now).await;
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        // Five failures are free, wherever they were.
        for place in [0, 1, 0, 1, 0] {
            assert_eq!(
                strangers_wait(&attempts[place], "ada", "evil", Instant(0)),
                0
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for attempts in &attempts {
            assert!(strangers_wait(attempts, "ada", "evil", Instant(0)) > 0);
        }
        seen[0].0.add(|| "account a".into(), 2);
        seen[0].0.add(|| "account a".into(), 3);
        tokio::time::sleep(EVERY * 2).await;
        assert_eq!(*seen[1].1.lock().unwrap(), [("account a".to_owned(), 5)]);
        assert_eq!(*seen[0].1.lock().unwrap(), []);
    }
}
