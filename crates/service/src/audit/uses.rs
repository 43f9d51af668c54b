//! That a key was used: the first time in an hour from each address, since a key that sends every
//! second would fill the log with nothing else.
//!
//! Reading does not wait for it: on a full disk a key's use is not noted, and what it reads is answered.
//! What it changes is noted in the transaction of the change, which fails.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{ApiKey, Caller, Instant};

use super::Note;
use crate::Hub;

/// How long the use of a key from an address is not noted again.
const QUIET: i64 = Instant::HOUR;
/// How many keys and addresses are remembered; beyond it each use is noted.
const MOST: usize = 10_000;

/// A key and the address it is used from.
type Which = (String, Option<String>);

/// When keys were last noted to be used. Each server remembers for itself, until it stops.
#[derive(Default)]
pub(crate) struct KeyUses {
    noted: Mutex<HashMap<Which, Instant>>,
    /// Whether the last one could not be written.
    failing: AtomicBool,
}

impl KeyUses {
    fn noted(&self) -> MutexGuard<'_, HashMap<Which, Instant>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this use is the first for a while.
    fn is_first(&self, which: &Which, now: Instant) -> bool {
        let mut noted = self.noted();
        let fresh = |at: &Instant| (0..QUIET).contains(&(now.0 - at.0));
        if noted.get(which).is_some_and(fresh) {
            return false;
        }
        noted.retain(|_, at| fresh(at));
        if noted.len() < MOST {
            noted.insert(which.clone(), now);
        }
        true
    }

    /// Hears whether a use could be written; answers that. Said in the log when that begins to fail
    /// and when it works again.
    pub(crate) fn wrote<T>(&self, outcome: &store::Result<T>) -> bool {
        let failed = outcome.is_err();
        let before = self.failing.swap(failed, Ordering::Relaxed);
        match outcome {
            Err(error) if !before => {
                tracing::error!(%error, "the use of keys and sessions cannot be noted");
            }
            Ok(_) if before => tracing::info!("the use of keys and sessions is noted again"),
            _ => {}
        }
        !failed
    }
}

impl Hub {
    /// Notes that a key was used, or that somebody came with one that does not exist.
    pub(crate) async fn note_key(&self, caller: &Caller, key: Option<&ApiKey>) {
        let now = self.clock.now();
        let Some(key) = key else {
            let note = Note::of("key.use").refused("no key has this secret");
            self.refused.keep(caller, "key", now, note);
            return;
        };
        let which = (key.id.0.clone(), caller.origin.address.clone());
        if !self.key_uses.is_first(&which, now) {
            return;
        }
        let note = Note::of("key.use")
            .on("key", &key.id, &key.name)
            .by_key(key);
        let record = note.record(caller, now);
        let written = self.store.add_audit_entry(record).await;
        if !self.key_uses.wrote(&written) {
            // The next use is noted.
            self.key_uses.noted().remove(&which);
        }
    }
}
