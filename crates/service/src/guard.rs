//! The one place that says no. Whoever is told of a caller's refusals is told from here.

use api::{Caller, Error, Permission, Result, Role, UserId, Who};

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

/// Lets callers pass who hold the permission, to do something with one `thing` of its area.
///
/// # Errors
/// As [`require`], but `NotFound` for who may not see such things: they are not told which there are.
pub(crate) fn require_on(caller: &Caller, permission: Permission, thing: &str) -> Result<()> {
    require(caller, permission).map_err(|error| hidden(caller, permission, thing, error))
}

/// Lets callers pass who hold every one of the permissions that are bound up with one `thing` of the area of
/// `permission`, which they hold.
///
/// # Errors
/// As [`require_on`].
pub(crate) fn require_all_on(
    caller: &Caller,
    permissions: &[Permission],
    permission: Permission,
    thing: &str,
) -> Result<()> {
    require_all(caller, permissions).map_err(|error| hidden(caller, permission, thing, error))
}

/// What is said of a thing to who may not see those of its area.
fn hidden(caller: &Caller, permission: Permission, thing: &str, error: Error) -> Error {
    match error {
        Error::Forbidden { .. } if !caller.holds(permission.seeing()) => Error::not_found(thing),
        error => error,
    }
}

/// Lets callers pass who hold every one of the permissions.
///
/// # Errors
/// That of the first one that is missing.
pub(crate) fn require_all(caller: &Caller, permissions: &[Permission]) -> Result<()> {
    permissions.iter().try_for_each(|p| require(caller, *p))
}

/// Lets everybody pass who is known; answers who they are, as a text that tells them apart.
///
/// # Errors
/// `Unauthenticated` for nobody.
pub(crate) fn require_known(caller: &Caller) -> Result<String> {
    match &caller.who {
        Who::Nobody => Err(Error::Unauthenticated),
        Who::User { id, .. } => Ok(format!("user {id}")),
        Who::Key { id, .. } => Ok(format!("key {id}")),
        Who::System => Ok("system".into()),
    }
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

/// Lets callers pass who hold everything that the role holds: nobody hands out, or takes from
/// others, what they do not have themselves.
///
/// # Errors
/// `Unauthenticated` for nobody, `Forbidden` for the others.
pub(crate) fn require_all_of(caller: &Caller, role: &Role) -> Result<()> {
    require_all(caller, &role.permissions())
}
