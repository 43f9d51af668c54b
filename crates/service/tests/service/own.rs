//! Everything that is somebody's own × somebody else who names it: two people who are there, each with
//! sessions, an authenticator and a passkey. The list of operations is that of `permissions.rs`, so that a
//! new one without a line here fails.

use std::collections::BTreeSet;

use api::{
    Caller, Entry, Error, FactorState, Instant, Passkey, PasskeyId, Services, Session, SessionId,
    SignedIn, User,
};
use service::{RelyingParty, Settings};

use crate::authenticator::code;
use crate::device::Device;
use crate::permissions::{May, operations};
use crate::person::{GOOD, New, as_user, credentials, from, invited, nobody};

const SITE: &str = "https://hub.example.org";

struct Place(New);

/// Somebody with everything that a person can have.
struct Person {
    user: User,
    caller: Caller,
    session: SessionId,
    token: String,
    passkey: PasskeyId,
}

/// What somebody has, as they see it themselves.
#[derive(Debug, PartialEq)]
struct Having {
    sessions: Vec<SessionId>,
    factors: FactorState,
    passkeys: Vec<Passkey>,
}

impl Place {
    async fn new() -> Self {
        let new = New::with(|settings| Settings {
            party: RelyingParty::at(SITE),
            ..settings
        });
        Self(new.await)
    }

    /// The code that an authenticator with that secret shows next: one works once.
    fn code(&self, secret: &str) -> String {
        self.0.clock.advance(Instant::MINUTE);
        code(secret, api::Clock::now(&*self.0.clock))
    }

    /// Gives somebody a passkey and an authenticator.
    async fn furnish(&self, signed_in: SignedIn, device: &mut Device) -> Person {
        let caller = as_user(&signed_in.user);
        let session = self.session(&signed_in.token).await.unwrap();
        let passkeys = &self.0.services.passkeys;
        let options = passkeys.begin_passkey(&caller, &session, GOOD).await;
        let answer = device.create(&options.unwrap());
        let passkey = passkeys.add_passkey(&caller, &session, "phone", &answer);
        let passkey = passkey.await.unwrap().id;
        let factors = &self.0.services.factors;
        factors.begin_totp(&caller, GOOD).await.unwrap();
        let secret = factors.enrolment(&caller).await.unwrap().secret;
        let shown = self.code(&secret);
        let confirmed = factors.confirm_totp(&caller, &shown, &from("home")).await;
        let token = confirmed.unwrap().0.token;
        Person {
            session: self.session(&token).await.unwrap(),
            user: signed_in.user,
            caller,
            token,
            passkey,
        }
    }

    async fn session(&self, token: &str) -> Option<SessionId> {
        let accounts = &self.0.services.accounts;
        let held = accounts.of_session(&nobody(), token, false).await.unwrap();
        held.map(|held| held.id)
    }

    async fn having(&self, whose: &Caller) -> Having {
        let sessions = self.0.services.accounts.sessions(whose).await.unwrap();
        Having {
            sessions: sessions
                .into_iter()
                .map(|session: Session| session.id)
                .collect(),
            factors: self.0.services.factors.factors(whose).await.unwrap(),
            passkeys: self.0.services.passkeys.passkeys(whose).await.unwrap(),
        }
    }
}

fn not_there<T: std::fmt::Debug>(answer: &api::Result<T>) {
    assert!(matches!(answer, Err(Error::NotFound { .. })), "{answer:?}");
}

fn refused<T: std::fmt::Debug>(answer: &api::Result<T>) {
    let others = "a refusal that says what was wrong";
    let refused = matches!(
        answer,
        Err(Error::NotFound { .. } | Error::Invalid { .. } | Error::Conflict { .. })
    );
    assert!(refused, "{answer:?} is not {others}");
}

/// Two administrators, so that no permission stands in the way of either.
#[tokio::test]
async fn nothing_that_is_somebodys_own_is_reached_by_somebody_else() {
    let place = Place::new().await;
    let ada = place.0.first("ada@example.org").await;
    let ada_caller = as_user(&ada.user);
    let eve = invited(&place.0.services, &ada_caller, ("eve@example.org", "admin"))
        .await
        .unwrap();
    let bob = invited(&place.0.services, &ada_caller, ("bob@example.org", "admin"))
        .await
        .unwrap();
    let ada = place.furnish(ada, &mut Device::new(SITE, 1)).await;
    let eve = place.furnish(eve, &mut Device::new(SITE, 2)).await;
    // Somebody in the midst of setting up what Ada and Eve have.
    let (bob, bobs_session) = (as_user(&bob.user), place.session(&bob.token).await.unwrap());
    let Services {
        accounts,
        factors,
        passkeys,
        ..
    } = place.0.services.clone();
    factors.begin_totp(&bob, GOOD).await.unwrap();
    let begun = factors.enrolment(&bob).await.unwrap().secret;
    let question = passkeys.begin_passkey(&bob, &bobs_session, GOOD).await;
    let answer = Device::new(SITE, 3).create(&question.unwrap());

    let before = place.having(&ada.caller).await;
    assert_eq!((before.sessions.len(), before.passkeys.len()), (1, 1));
    let mut walked = BTreeSet::new();
    for (operation, may, _) in operations() {
        if may != May::Person {
            continue;
        }
        walked.insert(operation);
        let me = &eve.caller;
        match operation {
            "accounts.me" => assert_eq!(accounts.me(me).await.unwrap().id, eve.user.id),
            "accounts.sessions" => {
                let mine = accounts.sessions(me).await.unwrap();
                assert!(mine.iter().all(|session| session.id != ada.session));
            }
            "accounts.end_session" => not_there(&accounts.end_session(me, &ada.session).await),
            "accounts.end_other_sessions" => {
                // All but one that is not theirs: their own end, and no other.
                accounts.end_other_sessions(me, &ada.session).await.unwrap();
                assert!(place.session(&eve.token).await.is_none());
            }
            "accounts.change_password" => {
                let new = "another long enough password";
                for (old, new) in [(GOOD, new), (new, GOOD)] {
                    let changed = accounts.change_password(me, old, new, &from("café")).await;
                    changed.unwrap();
                }
            }
            "factors.factors" => {
                assert!(factors.factors(me).await.unwrap().totp_since.is_some());
                let bobs = factors.factors(&bob).await.unwrap();
                assert!(bobs.totp_since.is_none());
            }
            // She has one: another is not begun, and what Bob began is not shown.
            "factors.begin_totp" => refused(&factors.begin_totp(me, GOOD).await),
            "factors.enrolment" => not_there(&factors.enrolment(me).await),
            "factors.confirm_totp" => {
                let bobs = place.code(&begun);
                refused(&factors.confirm_totp(me, &bobs, &from("café")).await);
            }
            "factors.renew_recovery" => {
                let renewed = factors.renew_recovery(me, GOOD).await.unwrap();
                assert_eq!(renewed.len(), 10);
            }
            "factors.remove_totp" => factors.remove_totp(me, GOOD).await.unwrap(),
            "passkeys.passkeys" => {
                let mine = passkeys.passkeys(me).await.unwrap();
                assert!(mine.iter().all(|passkey| passkey.id != ada.passkey));
            }
            "passkeys.begin_passkey" => {
                // In a session that is not hers: what she is asked cannot be answered there by its owner.
                let asked = passkeys.begin_passkey(me, &ada.session, GOOD).await;
                if let Ok(options) = asked {
                    let made = Device::new(SITE, 4).create(&options);
                    let added = passkeys.add_passkey(&ada.caller, &ada.session, "hers", &made);
                    refused(&added.await);
                }
            }
            "passkeys.add_passkey" => {
                let added = passkeys.add_passkey(me, &bobs_session, "bob's", &answer);
                refused(&added.await);
            }
            "passkeys.remove_passkey" => {
                not_there(&passkeys.remove_passkey(me, &ada.passkey, GOOD).await);
            }
            other => {
                panic!("{other} is open to every person: say here that it is of their own alone")
            }
        }
        assert_eq!(place.having(&ada.caller).await, before, "after {operation}");
        assert!(
            place.session(&ada.token).await.is_some(),
            "after {operation}"
        );
    }
    assert_eq!(walked.len(), 15, "{walked:?}");
    let entry = accounts
        .sign_in(&nobody(), credentials("ada@example.org"), &from("home"))
        .await;
    assert!(matches!(entry, Ok(Entry::Step { .. })), "{entry:?}");
}
