//! What only one of several servers on one database does: whoever holds its lease.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use api::{Caller, Instant, Result};

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require_system;

/// How long a lease is held without asking again, in microseconds.
const HELD: i64 = 30 * Instant::SECOND;
/// After how long it is asked for again.
const ASK_AGAIN: i64 = 10 * Instant::SECOND;

/// Asking the targets of a scrape.
pub(crate) const SCRAPE: &str = "scrape";
/// Making the forecasts that are due.
pub(crate) const FORECAST: &str = "forecast";
/// Evaluating recording rules.
pub(crate) const RECORDING: &str = "recording";
/// Looking for what is unusual.
pub(crate) const FINDING: &str = "finding";
/// Looking at machines as a whole.
pub(crate) const MACHINE: &str = "machine";

/// The leases that this process holds.
pub(crate) struct Leases {
    /// What this process is called where leases are kept.
    holder: String,
    taken: Mutex<HashMap<&'static str, Instant>>,
}

impl Leases {
    pub(crate) fn new() -> Self {
        Self {
            holder: crate::secret::token(12),
            taken: Mutex::default(),
        }
    }

    /// What this process is called where leases are kept.
    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Instant>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// Whether this process does that; asks the store only now and then.
    pub(crate) async fn holds(&self, caller: &Caller, name: &'static str) -> Result<bool> {
        let now = self.clock.now();
        let fresh = |at: &Instant| (0..ASK_AGAIN).contains(&(now.0 - at.0));
        if self.leases.taken().get(name).is_some_and(fresh) {
            return Ok(true);
        }
        let (holder, until) = (&self.leases.holder, now.plus(HELD));
        let held = self.store.take_lease(name, holder, now, until).await;
        let held = held.or_failure(caller)?;
        let mut taken = self.leases.taken();
        if held {
            taken.insert(name, now);
        } else {
            taken.remove(name);
        }
        Ok(held)
    }

    /// Lets other processes do what only this one did: they need not wait until its leases have run
    /// out. For the end of this process.
    ///
    /// # Errors
    /// Where the store failed; the leases then run out by themselves.
    pub async fn leave(&self, caller: &Caller) -> Result<()> {
        require_system(caller)?;
        let now = self.clock.now();
        let left = self.store.leave_jobs(&self.leases.holder, now).await;
        left.or_failure(caller)?;
        let taken = std::mem::take(&mut *self.leases.taken());
        for name in taken.into_keys() {
            let freed = self.store.free_lease(name, &self.leases.holder).await;
            freed.or_failure(caller)?;
        }
        Ok(())
    }
}
