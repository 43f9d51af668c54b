//! People as the tests of signing in know them, and the hub that they sign in to.

use std::sync::Arc;

use api::{
    Caller, Credentials, Entry, Instant, NewInvitation, Result, Services, SignedIn, User, Visit,
    Who,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::{DatabaseUrl, Store};

/// The password of whoever has one.
pub(crate) const GOOD: &str = "a long enough password";

pub(crate) fn nobody() -> Caller {
    Caller::nobody("test")
}

/// Whoever has just signed in, whatever the clock says.
pub(crate) fn as_user(user: &User) -> Caller {
    signed_in(user, Instant(i64::MAX))
}

/// Whoever signed in then.
pub(crate) fn signed_in(user: &User, since: Instant) -> Caller {
    Caller {
        who: Who::User {
            id: user.id.clone(),
            email: user.email.clone(),
            role: user.role.clone(),
            since,
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

pub(crate) fn credentials(email: &str) -> Credentials {
    Credentials {
        email: email.into(),
        password: GOOD.into(),
    }
}

/// Somebody who was invited and has come.
pub(crate) async fn invited(
    services: &Services,
    by: &Caller,
    (email, role): (&str, &str),
) -> Result<SignedIn> {
    let new = NewInvitation {
        email: email.into(),
        role: role.into(),
    };
    let link = services.people.invite(by, new).await?.secret;
    let (nobody, visit) = (nobody(), from("work"));
    let taken = services
        .people
        .accept_invitation(&nobody, &link, GOOD, &visit);
    match taken.await? {
        Entry::Open(signed_in) => Ok(*signed_in),
        Entry::Step { ask, .. } => panic!("{ask:?} was asked for"),
    }
}

/// A hub of its own that nobody has set up yet.
pub(crate) struct New {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) hub: Arc<Hub>,
    pub(crate) services: Services,
    pub(crate) clock: Arc<FixedClock>,
}

impl New {
    pub(crate) async fn with(set: impl FnOnce(Settings) -> Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await;
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(1_780_000_000)));
        let settings = set(Settings::alone(folder.path().join("uploads")));
        let hub = Hub::new(store.unwrap(), clock.clone(), Bus::new(1), settings);
        let key = service::KeySource::Own(folder.path().join("master.key"));
        hub.unlock(&Caller::system("test"), key).await.unwrap();
        Self {
            folder,
            services: hub.services(),
            hub,
            clock,
        }
    }

    /// The first administrator, who sets it up.
    pub(crate) async fn first(&self, email: &str) -> SignedIn {
        let accounts = &self.services.accounts;
        let token = accounts.set_up_token(&Caller::system("test")).await;
        let token = token.unwrap().unwrap();
        let (nobody, who, visit) = (nobody(), credentials(email), from("home"));
        let made = accounts.set_up(&nobody, &token, who, &visit).await;
        made.unwrap()
    }
}
