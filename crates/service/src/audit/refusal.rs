//! Refusals on their way into the log: the guard, which cannot wait, leaves them here.
//!
//! Who is refused the same thing again within a minute is noted once: a log that anybody can fill
//! by asking is of no use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::{AuditActor, Caller, Instant, Refusals, Result};

use super::Note;
use crate::Hub;

/// How long the same refusal is not noted again.
const QUIET: i64 = Instant::MINUTE;
/// How many refusals that differ are noted within that time.
const MOST: usize = 1_000;

/// What was refused, and when that was last noted.
#[derive(Default)]
pub(crate) struct Refused(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    noted: HashMap<Like, Instant>,
    waiting: Vec<(Caller, Note)>,
}

/// What makes two refusals the same: who, from where, what.
#[derive(PartialEq, Eq, Hash)]
struct Like {
    actor: String,
    address: Option<String>,
    what: String,
}

impl Refused {
    /// Keeps a refusal for the log, unless it was noted just now.
    pub(crate) fn keep(&self, caller: &Caller, what: &str, now: Instant, note: Note) {
        let actor = AuditActor::of(caller);
        let like = Like {
            actor: format!("{} {}", actor.kind, actor.id),
            address: caller.origin.address.clone(),
            what: what.to_owned(),
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.noted
            .retain(|_, at| (0..QUIET).contains(&(now.0 - at.0)));
        if kept.noted.contains_key(&like) {
            return;
        }
        if kept.noted.len() >= MOST {
            tracing::warn!("a thousand different refusals within a minute: no more are noted");
            return;
        }
        kept.noted.insert(like, now);
        // The caller without the one who is told: that would hold the hub for ever.
        let mut caller = caller.clone();
        caller.origin.refusals = Refusals::default();
        kept.waiting.push((caller, note));
    }

    fn take(&self) -> Vec<(Caller, Note)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut kept.waiting)
    }
}

impl Hub {
    /// What callers tell of refusals: put it into their origin.
    pub fn refusals(self: &Arc<Self>) -> Refusals {
        let hub = Arc::downgrade(self);
        Refusals::to(move |caller, permission| {
            let Some(hub) = hub.upgrade() else {
                return;
            };
            let asked = caller.origin.request.clone().unwrap_or_default();
            let note = Note::of("access.refuse")
                .on("permission", permission, asked)
                .refused("the permission is missing");
            hub.refused.keep(caller, permission, hub.clock.now(), note);
        })
    }

    /// Writes down what was refused since the last time. For the end of each request.
    ///
    /// # Errors
    /// Where the store failed.
    pub async fn write_refusals(&self) -> Result<()> {
        for (caller, note) in self.refused.take() {
            self.audit(&caller, note).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Origin;

    fn somebody(address: &str) -> Caller {
        Caller::nobody("r").coming_from(Origin {
            address: Some(address.into()),
            ..Origin::default()
        })
    }

    #[test]
    fn the_same_refusal_is_noted_once_a_minute_and_another_at_once() {
        let refused = Refused::default();
        let keep = |address, what, at| {
            let note = Note::of("access.refuse");
            refused.keep(&somebody(address), what, Instant(at), note);
            refused.take().len()
        };
        assert_eq!(keep("192.0.2.1", "a:read", 0), 1);
        assert_eq!(keep("192.0.2.1", "a:read", QUIET - 1), 0);
        assert_eq!(keep("192.0.2.2", "a:read", 1), 1);
        assert_eq!(keep("192.0.2.1", "b:read", 1), 1);
        assert_eq!(keep("192.0.2.1", "a:read", QUIET), 1);
    }

    #[test]
    fn a_flood_of_different_refusals_ends() {
        let refused = Refused::default();
        for n in 0..5_000 {
            let note = Note::of("access.refuse");
            refused.keep(&somebody(&n.to_string()), "a:read", Instant(0), note);
        }
        assert_eq!(refused.take().len(), MOST);
    }
}
