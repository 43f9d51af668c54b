//! Who asks: the first parameter of every operation.

use crate::{KeyId, Permission, Role, Scope, UserId};

/// Who asks, and under which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The person, key or part of the server that asks.
    pub who: Who,
    /// The id that the request has in the log.
    pub request_id: String,
}

/// The kinds of callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// No one that is known.
    Nobody,
    /// A signed-in person.
    User {
        /// The person.
        id: UserId,
        /// Their e-mail address.
        email: String,
        /// Their role.
        role: Role,
    },
    /// An API key.
    Key {
        /// The key.
        id: KeyId,
        /// Its name.
        name: String,
        /// What it may do.
        scopes: Vec<Scope>,
        /// How many samples a second it may send; `None` for as many as it likes.
        rate: Option<u32>,
    },
    /// The server itself: jobs, the host's own collector, the command line.
    System,
}

impl Caller {
    /// No one that is known.
    pub fn nobody(request_id: impl Into<String>) -> Self {
        Self {
            who: Who::Nobody,
            request_id: request_id.into(),
        }
    }

    /// The server itself, for the job of that name.
    pub fn system(job: &str) -> Self {
        Self {
            who: Who::System,
            request_id: job.to_owned(),
        }
    }

    /// Whether the caller holds the permission.
    pub fn holds(&self, permission: Permission) -> bool {
        match &self.who {
            Who::Nobody => false,
            Who::User { role, .. } => role.holds(permission),
            Who::Key { scopes, .. } => scopes.iter().any(|s| s.permission() == permission),
            Who::System => true,
        }
    }

    /// The person, where it is one.
    pub fn user_id(&self) -> Option<&UserId> {
        match &self.who {
            Who::User { id, .. } => Some(id),
            _ => None,
        }
    }
}
