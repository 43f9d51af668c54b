//! That a key was used: the first time in an hour from each address, since a key that sends every
//! second would fill the log with nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use api::{ApiKey, Caller, Instant, Result};

use super::Note;
use crate::Hub;

/// How long the use of a key from an address is not noted again.
const QUIET: i64 = Instant::HOUR;
/// How many keys and addresses are remembered; beyond it each use is noted.
const MOST: usize = 10_000;

/// When keys were last noted to be used. Each server remembers for itself, until it stops.
#[derive(Default)]
pub(crate) struct KeyUses(Mutex<HashMap<(String, Option<String>), Instant>>);

impl KeyUses {
    /// Whether this use is the first for a while.
    fn is_first(&self, key: &ApiKey, address: Option<&String>, now: Instant) -> bool {
        let which = (key.id.0.clone(), address.cloned());
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: &Instant| (0..QUIET).contains(&(now.0 - at.0));
        if uses.get(&which).is_some_and(fresh) {
            return false;
        }
        uses.retain(|_, at| fresh(at));
        if uses.len() < MOST {
            uses.insert(which, now);
        }
        true
    }
}

impl Hub {
    /// Notes that a key was used, or that somebody came with one that does not exist.
    pub(crate) async fn note_key(&self, caller: &Caller, key: Option<&ApiKey>) -> Result<()> {
        let now = self.clock.now();
        let Some(key) = key else {
            let note = Note::of("key.use").refused("no key has this secret");
            self.refused.keep(caller, "key", now, note);
            return Ok(());
        };
        let address = caller.origin.address.as_ref();
        if self.key_uses.is_first(key, address, now) {
            let note = Note::of("key.use")
                .on("key", &key.id, &key.name)
                .by_key(key);
            self.audit(caller, note).await?;
        }
        Ok(())
    }
}
