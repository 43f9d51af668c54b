//! The one place that says no. Whoever is told of a caller's refusals is told from here.

use api::{Caller, Error, Permission, Result, UserId, Who};

/// Lets callers pass who hold the permission.
///
/// # Errors
/// `Unauthenticated` for nobody, `Forbidden` for the others.
pub(crate) fn require(caller: &Caller, permission: Permission) -> Result<()> {
    if caller.holds(permission) {
        return Ok(());
    }
    Err(refuse(caller, permission.as_str()))
}

/// Lets signed-in people pass.
///
/// # Errors
/// `Unauthenticated` for everybody else.
pub(crate) fn require_person(caller: &Caller) -> Result<&UserId> {
    caller.user_id().ok_or_else(|| {
        caller.origin.refusals.tell(caller, "person");
        Error::Unauthenticated
    })
}

/// Lets the server itself pass.
///
/// # Errors
/// `Forbidden` for everybody else.
pub(crate) fn require_system(caller: &Caller) -> Result<()> {
    match caller.who {
        Who::System => Ok(()),
        _ => Err(refuse(caller, "system")),
    }
}

fn refuse(caller: &Caller, permission: &str) -> Error {
    caller.origin.refusals.tell(caller, permission);
    match caller.who {
        Who::Nobody => Error::Unauthenticated,
        _ => Error::Forbidden {
            permission: permission.to_owned(),
        },
    }
}
