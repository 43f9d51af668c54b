//! What an operation notes of itself.

use api::{AuditActor, AuditObject, AuditOutcome, AuditRecord, Caller, Instant, User};
use serde::Serialize;

/// The longest text about how something was or is, in bytes; of longer ones only the length is kept.
const LONGEST: usize = 16 * 1024;

/// What an operation notes. Secrets have no place in it: give it what pages may show.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    action: &'static str,
    outcome: AuditOutcome,
    actor: Option<AuditActor>,
    object: AuditObject,
    before: Option<String>,
    after: Option<String>,
}

impl Note {
    /// That this was done: `area.verb`.
    pub(crate) fn of(action: &'static str) -> Self {
        Self {
            action,
            outcome: AuditOutcome::Done,
            actor: None,
            object: AuditObject::default(),
            before: None,
            after: None,
        }
    }

    /// To that thing: its kind, its id and what it is called.
    pub(crate) fn on(
        mut self,
        kind: &'static str,
        id: impl std::fmt::Display,
        name: impl Into<String>,
    ) -> Self {
        self.object = AuditObject {
            kind: kind.to_owned(),
            id: id.to_string(),
            name: name.into(),
        };
        self
    }

    /// To a person.
    pub(crate) fn on_person(self, user: &User) -> Self {
        self.on("person", &user.id, &user.email)
    }

    /// By somebody else than the caller: who has just signed in was nobody when they asked.
    pub(crate) fn by_person(mut self, user: &User) -> Self {
        self.actor = Some(AuditActor {
            kind: "person".into(),
            id: user.id.0.clone(),
            name: user.email.clone(),
        });
        self
    }

    /// By a key that has just been recognised.
    pub(crate) fn by_key(mut self, key: &api::ApiKey) -> Self {
        self.actor = Some(AuditActor {
            kind: "key".into(),
            id: key.id.0.clone(),
            name: key.name.clone(),
        });
        self
    }

    /// How it was.
    pub(crate) fn before(mut self, value: &impl Serialize) -> Self {
        self.before = json(value);
        self
    }

    /// How it is now, or what more there is to say.
    pub(crate) fn after(mut self, value: &impl Serialize) -> Self {
        self.after = json(value);
        self
    }

    /// It was not allowed, and why.
    pub(crate) fn refused(mut self, why: &str) -> Self {
        self.outcome = AuditOutcome::Refused;
        self.after(&serde_json::json!({ "why": why }))
    }

    /// It did not work, and why.
    pub(crate) fn failed(mut self, why: &str) -> Self {
        self.outcome = AuditOutcome::Failed;
        self.after(&serde_json::json!({ "why": why }))
    }

    /// The entry for the log.
    pub(crate) fn record(self, caller: &Caller, at: Instant) -> AuditRecord {
        AuditRecord {
            at,
            outcome: self.outcome,
            action: self.action.to_owned(),
            actor: self.actor.unwrap_or_else(|| AuditActor::of(caller)),
            object: self.object,
            before: self.before,
            after: self.after,
            address: caller.origin.address.clone().unwrap_or_default(),
            request_id: caller.request_id.clone(),
        }
    }
}

fn json(value: &impl Serialize) -> Option<String> {
    let text = serde_json::to_string(value).ok()?;
    let long = text.len() > LONGEST;
    if long {
        return Some(format!("{{\"too_long_bytes\":{}}}", text.len()));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_too_long_only_the_length_is_kept() {
        let note = Note::of("x.y").before(&"a".repeat(LONGEST)).after(&1);
        assert_eq!(note.before.as_deref(), Some("{\"too_long_bytes\":16386}"));
        assert_eq!(note.after.as_deref(), Some("1"));
    }
}
