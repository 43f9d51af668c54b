//! Refusals on their way into the log: the guard, which cannot wait, leaves them here.
//!
//! Who is refused the same thing again within a minute is noted once, and who is refused many things in
//! it so many times: a log that anybody can fill by asking is of no use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::{AuditActor, Caller, Instant, Refusals, Result};

use super::Note;
use crate::Hub;

/// How long the same refusal is not noted again.
const QUIET: i64 = Instant::MINUTE;
/// How many refusals that differ are noted within that time: of one who asks from one network, of all who are
/// not known, and of all.
const MOST_OF_ONE: usize = 20;
const MOST_OF_STRANGERS: usize = 200;
const MOST: usize = 1_000;
/// How much of what was asked for is noted, in characters.
const LONGEST: usize = 200;

/// What the server refuses before any operation is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// Another site's page asked it of a browser.
    CrossSite,
    /// It was asked for too often.
    TooOften,
}

impl Barred {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::CrossSite => ("cross_site", "another site's page asked for it"),
            Self::TooOften => ("too_often", "too many requests"),
        }
    }
}

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
    who: Whence,
    what: String,
}

/// Who asks, and from where.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Whence {
    /// Empty for who is not known.
    id: String,
    network: Option<String>,
}

impl Refused {
    /// Keeps a refusal for the log, unless it was noted just now.
    pub(crate) fn keep(&self, caller: &Caller, what: &str, now: Instant, note: Note) {
        let actor = AuditActor::of(caller);
        let who = Whence {
            id: actor.id,
            network: caller.origin.address.as_deref().map(api::network_of),
        };
        let like = Like {
            who: who.clone(),
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
        let noted = |like: fn(&Whence, &Whence) -> bool| {
            let noted = kept.noted.keys();
            noted.filter(|noted| like(&noted.who, &who)).count()
        };
        if noted(|other, one| other == one) >= MOST_OF_ONE
            || who.id.is_empty() && noted(|other, _| other.id.is_empty()) >= MOST_OF_STRANGERS
        {
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
            let (asked, why) = (asked(caller), "the permission is missing");
            let what = format!("{permission} {asked}");
            let note = Note::of("access.refuse").on("permission", permission, asked);
            let now = hub.clock.now();
            hub.refused.keep(caller, &what, now, note.refused(why));
        })
    }

    /// Notes what the server refused by itself.
    pub fn note_barred(&self, caller: &Caller, barred: Barred) {
        let ((kind, why), asked) = (barred.words(), asked(caller));
        let what = match barred {
            Barred::CrossSite => format!("{kind} {asked}"),
            // It comes at many places, and is one thing.
            Barred::TooOften => kind.to_owned(),
        };
        let note = Note::of("access.refuse").on("request", kind, asked);
        let now = self.clock.now();
        self.refused.keep(caller, &what, now, note.refused(why));
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

/// What was asked for, as far as it is noted.
fn asked(caller: &Caller) -> String {
    let asked = caller.origin.request.as_deref().unwrap_or_default();
    asked.chars().take(LONGEST).collect()
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
    fn one_who_is_refused_many_things_leaves_room_for_others() {
        let refused = Refused::default();
        let keep = |address, n: usize| {
            let note = Note::of("access.refuse");
            refused.keep(&somebody(address), &format!("GET /{n}"), Instant(0), note);
        };
        (0..500).for_each(|n| keep("192.0.2.1", n));
        keep("192.0.2.2", 0);
        assert_eq!(refused.take().len(), MOST_OF_ONE + 1);
    }

    #[test]
    fn a_flood_of_different_refusals_ends() {
        let refused = Refused::default();
        for n in 0..5_000 {
            let note = Note::of("access.refuse");
            refused.keep(&somebody(&n.to_string()), "a:read", Instant(0), note);
        }
        assert_eq!(refused.take().len(), MOST_OF_STRANGERS);
    }
}
