//! People as the tests of signing in know them.

use api::{Caller, User, Visit, Who};

/// The password of whoever has one.
pub(crate) const GOOD: &str = "a long enough password";

pub(crate) fn nobody() -> Caller {
    Caller::nobody("test")
}

pub(crate) fn as_user(user: &User) -> Caller {
    Caller {
        who: Who::User {
            id: user.id.clone(),
            email: user.email.clone(),
            role: user.role.clone(),
        },
        ..nobody()
    }
}

/// A visit with the same browser from that address.
pub(crate) fn from(address: &str) -> Visit {
    Visit {
        address: address.into(),
        browser: "test".into(),
        ..Visit::default()
    }
}
