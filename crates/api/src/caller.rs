//! Who asks: the first parameter of every operation.

use std::sync::Arc;

use crate::{Instant, KeyId, Permission, Role, Scope, UserId};

/// Who asks, and under which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The person, key or part of the server that asks.
    pub who: Who,
    /// The id that the request has in the log.
    pub request_id: String,
    /// Where the request came from.
    pub origin: Origin,
}

/// Where a request came from; empty for the server itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of who sent it.
    pub address: Option<String>,
    /// What was asked for, such as `POST /rpc/settings/add_user`; never with its query.
    pub request: Option<String>,
    /// Who is told when it is refused.
    pub refusals: Refusals,
}

/// Who is told when a caller is refused: the server puts the audit log here.
#[derive(Clone, Default)]
pub struct Refusals(Option<Arc<TellRefusal>>);

type TellRefusal = dyn Fn(&Caller, &str) + Send + Sync;

impl Refusals {
    /// Tells this one.
    pub fn to(tell: impl Fn(&Caller, &str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    /// Tells of a refusal for want of a permission.
    pub fn tell(&self, caller: &Caller, permission: &str) {
        if let Some(tell) = &self.0 {
            tell(caller, permission);
        }
    }
}

impl std::fmt::Debug for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusals").finish_non_exhaustive()
    }
}

impl PartialEq for Refusals {
    // Who is told is no part of who asks.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Refusals {}

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
        /// When they signed in.
        since: Instant,
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
            origin: Origin::default(),
        }
    }

    /// The server itself, for the job of that name.
    pub fn system(job: &str) -> Self {
        Self {
            who: Who::System,
            request_id: job.to_owned(),
            origin: Origin::default(),
        }
    }

    /// The same, from there.
    #[must_use]
    pub fn coming_from(self, origin: Origin) -> Self {
        Self { origin, ..self }
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
