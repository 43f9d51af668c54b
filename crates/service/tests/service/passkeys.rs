//! Passkeys from their making to their removal, with a device in software: what lets somebody in,
//! and everything that must not.

use std::sync::Arc;

use api::{
    AuditFilter, AuditOutcome, Caller, Credentials, Entry, Error, Instant, Passkey, Result, Role,
    Services, SessionId, SignedIn, Step,
};
use fakes::FixedClock;
use service::{Hub, RelyingParty, Settings};

use crate::device::Device;
use crate::person::{GOOD, New, as_user, credentials, from, invited, nobody, signed_in};

const SITE: &str = "https://hub.example.org";

struct Place {
    _folder: tempfile::TempDir,
    services: Services,
    hub: Arc<Hub>,
    clock: Arc<FixedClock>,
    ada: Caller,
    session: SessionId,
}

impl Place {
    async fn new() -> Self {
        let new = New::with(|settings| Settings {
            party: RelyingParty::at(SITE),
            ..settings
        });
        let new = new.await;
        let made = new.first("ada@example.org").await;
        let accounts = &new.services.accounts;
        let held = accounts.of_session(&nobody(), &made.token, true).await;
        let held = held.unwrap().unwrap();
        Self {
            _folder: new.folder,
            services: new.services,
            hub: new.hub,
            clock: new.clock,
            ada: signed_in(&held.user, held.since),
            session: held.id,
        }
    }

    async fn begin(&self) -> Result<String> {
        let passkeys = &self.services.passkeys;
        passkeys.begin_passkey(&self.ada, &self.session, GOOD).await
    }

    async fn finish(&self, name: &str, answer: &str) -> Result<Passkey> {
        let passkeys = &self.services.passkeys;
        let added = passkeys.add_passkey(&self.ada, &self.session, name, answer);
        added.await
    }

    async fn add(&self, name: &str, device: &mut Device) -> Passkey {
        let options = self.begin().await.unwrap();
        self.finish(name, &device.create(&options)).await.unwrap()
    }

    async fn show(&self, device: &mut Device) -> Result<SignedIn> {
        let passkeys = &self.services.passkeys;
        let ask = passkeys.ask_passkey(&nobody()).await.unwrap();
        let answer = device.get(&ask.options);
        self.enter(&ask.token, &answer).await
    }

    async fn enter(&self, token: &str, answer: &str) -> Result<SignedIn> {
        let passkeys = &self.services.passkeys;
        let (nobody, visit) = (nobody(), from("café"));
        let entered = passkeys.enter_with_passkey(&nobody, token, answer, &visit);
        entered.await
    }

    async fn password(&self) -> Result<Entry> {
        let who = Credentials {
            email: "ada@example.org".into(),
            password: GOOD.into(),
        };
        let accounts = &self.services.accounts;
        accounts.sign_in(&nobody(), who, &from("home")).await
    }

    /// Action and outcome of the newest entry, and what more it says.
    async fn noted(&self) -> (String, AuditOutcome, String) {
        self.hub.write_refusals().await.unwrap();
        let (caller, filter) = (self.ada.clone(), AuditFilter::default());
        let page = self.services.audit.entries(&caller, filter, None, 1).await;
        let newest = page.unwrap().entries.remove(0).record;
        let after = newest.after.unwrap_or_default();
        (newest.action, newest.outcome, after)
    }

    async fn refused(&self, answer: Result<SignedIn>, why: &str) {
        let field = ["credential", "challenge"];
        let error = answer.unwrap_err();
        assert!(
            field.iter().any(|f| error.of_field(f).is_some()),
            "{error:?}"
        );
        let (action, outcome, after) = self.noted().await;
        assert_eq!(action, "person.sign_in");
        assert_eq!(outcome, AuditOutcome::Refused);
        assert!(after.contains(why), "{after}");
    }
}

#[tokio::test]
async fn a_passkey_is_made_listed_signed_in_with_and_removed() {
    let place = Place::new().await;
    let mut phone = Device::new(SITE, 1);
    let made = place.add("Phone", &mut phone).await;
    assert_eq!(place.noted().await.0, "passkey.add");
    let passkeys = &place.services.passkeys;
    let listed = passkeys.passkeys(&place.ada).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&made));
    place.clock.advance(Instant::HOUR);
    let shown = place.show(&mut phone).await.unwrap();
    assert_eq!(shown.user.email, "ada@example.org");
    let (action, outcome, after) = place.noted().await;
    assert_eq!(
        (action.as_str(), outcome),
        ("person.sign_in", AuditOutcome::Done)
    );
    assert_eq!(after, "{\"passkey\":\"Phone\"}");
    let kept = passkeys.passkeys(&place.ada).await.unwrap();
    assert_eq!(
        kept[0].last_used_at,
        Some(made.created_at.plus(Instant::HOUR))
    );
    // Without an authenticator a role that needs nothing is let in by the password alone.
    assert!(matches!(place.password().await, Ok(Entry::Open(_))));

    // An hour after signing in the password alone changes nothing any more.
    let old = passkeys.remove_passkey(&place.ada, &made.id, GOOD).await;
    assert!(matches!(old, Err(Error::Conflict { .. })), "{old:?}");
    let (action, outcome, after) = place.noted().await;
    assert_eq!(
        (action.as_str(), outcome),
        ("person.confirm", AuditOutcome::Refused)
    );
    assert!(after.contains("too long ago"), "{after}");
    assert!(matches!(place.begin().await, Err(Error::Conflict { .. })));
    let accounts = &place.services.accounts;
    let held = accounts.of_session(&nobody(), &shown.token, true).await;
    let held = held.unwrap().unwrap();
    let ada = signed_in(&held.user, held.since);
    let wrong = passkeys.remove_passkey(&ada, &made.id, "not it").await;
    assert!(wrong.unwrap_err().of_field("password").is_some());
    let removed = passkeys.remove_passkey(&ada, &made.id, GOOD).await;
    assert_eq!(removed, Ok(()));
    assert_eq!(place.noted().await.0, "passkey.remove");
    let again = passkeys.remove_passkey(&ada, &made.id, GOOD).await;
    assert_eq!(again, Err(Error::not_found("passkey")));
    let answer = place.show(&mut phone).await;
    place.refused(answer, "not known here").await;
}

#[tokio::test]
async fn making_one_asks_for_the_password_and_is_good_once_in_the_same_session() {
    let place = Place::new().await;
    let passkeys = &place.services.passkeys;
    let wrong = passkeys.begin_passkey(&place.ada, &place.session, "not it");
    assert!(wrong.await.unwrap_err().of_field("password").is_some());
    let mut phone = Device::new(SITE, 1);
    let answer = phone.create(&place.begin().await.unwrap());
    let elsewhere = SessionId("another".into());
    let other = passkeys.add_passkey(&place.ada, &elsewhere, "Phone", &answer);
    assert!(other.await.unwrap_err().of_field("challenge").is_some());
    for bad in ["", " ", &"x".repeat(61), "a\nb"] {
        let refused = place.finish(bad, &answer).await.unwrap_err();
        assert!(refused.of_field("name").is_some(), "{bad:?}");
    }
    place.finish("Phone", &answer).await.unwrap();
    let again = place.finish("Phone", &answer).await.unwrap_err();
    assert!(again.of_field("challenge").is_some());

    // The same key a second time, and one that took too long.
    let same = phone.create(&place.begin().await.unwrap());
    assert!(place.finish("Phone", &same).await.is_err());
    let late = Device::new(SITE, 2).create(&place.begin().await.unwrap());
    place.clock.advance(5 * Instant::MINUTE);
    let refused = place.finish("Late", &late).await.unwrap_err();
    assert!(refused.of_field("challenge").is_some());
    let (action, outcome, _) = place.noted().await;
    assert_eq!(
        (action.as_str(), outcome),
        ("passkey.add", AuditOutcome::Refused)
    );

    let asked = place.begin().await.unwrap();
    let mut stranger = Device::new("https://evil.example", 3);
    assert!(
        place
            .finish("Evil", &stranger.create(&asked))
            .await
            .is_err()
    );
    assert!(place.noted().await.2.contains("another site"));
    let mut careless = Device::new(SITE, 4);
    careless.flags = 1;
    let asked = place.begin().await.unwrap();
    assert!(
        place
            .finish("Careless", &careless.create(&asked))
            .await
            .is_err()
    );
    assert_eq!(passkeys.passkeys(&place.ada).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_is_good_once_for_its_own_question_and_from_this_site() {
    let place = Place::new().await;
    let mut phone = Device::new(SITE, 1);
    place.add("Phone", &mut phone).await;
    let passkeys = &place.services.passkeys;
    let ask = passkeys.ask_passkey(&nobody()).await.unwrap();
    let answer = phone.get(&ask.options);
    place.enter(&ask.token, &answer).await.unwrap();
    let replayed = place.enter(&ask.token, &answer).await;
    place.refused(replayed, "answered before").await;

    place.clock.advance(Instant::HOUR);
    let other = passkeys.ask_passkey(&nobody()).await.unwrap();
    let crossed = place.enter(&other.token, &answer).await;
    place.refused(crossed, "another challenge").await;
    let late = passkeys.ask_passkey(&nobody()).await.unwrap();
    let answer = phone.get(&late.options);
    place.clock.advance(5 * Instant::MINUTE);
    let late = place.enter(&late.token, &answer).await;
    place.refused(late, "too old").await;

    phone.origin = "https://evil.example".into();
    let answer = place.show(&mut phone).await;
    place.refused(answer, "another site").await;
    phone.origin = SITE.into();
    phone.flags = 1;
    let answer = place.show(&mut phone).await;
    place.refused(answer, "did not make sure").await;
    phone.flags = 5;
    let ask = passkeys.ask_passkey(&nobody()).await.unwrap();
    let other = Device::new(SITE, 1).get(&ask.options);
    let forged = place.enter(&ask.token, &other).await;
    assert!(forged.unwrap_err().of_field("credential").is_some());
    assert!(place.show(&mut phone).await.is_ok());
}

#[tokio::test]
async fn a_counter_that_went_back_is_a_copy_and_refused() {
    let place = Place::new().await;
    let mut phone = Device::new(SITE, 1);
    place.add("Phone", &mut phone).await;
    phone.counter = 10;
    place.show(&mut phone).await.unwrap();
    phone.counter = 4;
    let copy = place.show(&mut phone).await;
    place.refused(copy, "counter went back").await;
    // It has signed eleven times as far as anybody knows.
    phone.counter = 10;
    let copy = place.show(&mut phone).await;
    place.refused(copy, "counter went back").await;
    place.show(&mut phone).await.unwrap();
}

#[tokio::test]
async fn it_satisfies_a_role_that_needs_a_second_factor_alone_and_after_the_password() {
    let place = Place::new().await;
    let mut phone = Device::new(SITE, 1);
    let made = place.add("Phone", &mut phone).await;
    let (roles, factors) = (&place.services.roles, &place.services.factors);
    roles
        .set_role_strict(&place.ada, "admin", true)
        .await
        .unwrap();
    assert!(place.show(&mut phone).await.is_ok());
    // An authenticator besides is not needed.
    assert!(!factors.factors(&place.ada).await.unwrap().needed);
    let Ok(Entry::Step { token, ask }) = place.password().await else {
        panic!("no second step was asked for");
    };
    assert_eq!(ask, Step::Passkey);
    // Who knows the password alone sets up nothing of their own.
    assert!(factors.step_enrolment(&nobody(), &token).await.is_err());
    let visit = from("home");
    assert!(
        factors
            .pass_step(&nobody(), &token, "000000", &visit)
            .await
            .is_err()
    );

    let passkeys = &place.services.passkeys;
    let asked = passkeys.ask_passkey_step(&nobody(), &token).await.unwrap();
    assert!(asked.contains("AQEBAQEBAQEBAQEBAQEBAQ"), "{asked}");
    let stranger = nobody();
    let answer = Device::new(SITE, 9).get(&asked);
    let refused = passkeys.pass_passkey_step(&stranger, &token, &answer, &visit);
    assert!(refused.await.is_err());
    let asked = passkeys.ask_passkey_step(&nobody(), &token).await.unwrap();
    let answer = phone.get(&asked);
    // A question of the second step is none of signing in without a password.
    assert!(place.enter(&token, &answer).await.is_err());
    let nobody = nobody();
    let passed = passkeys.pass_passkey_step(&nobody, &token, &answer, &visit);
    assert_eq!(passed.await.unwrap().user.role, Role::Admin);
    let again = passkeys.pass_passkey_step(&nobody, &token, &answer, &visit);
    assert_eq!(again.await.unwrap_err(), Error::not_found("second step"));

    let last = passkeys.remove_passkey(&place.ada, &made.id, GOOD).await;
    assert!(matches!(last, Err(Error::Conflict { .. })), "{last:?}");
}

#[tokio::test]
async fn somebody_elses_passkey_is_no_second_step_and_a_disabled_person_stays_out() {
    let place = Place::new().await;
    let mut phone = Device::new(SITE, 1);
    place.add("Phone", &mut phone).await;
    let (accounts, who) = (&place.services.accounts, credentials("bob@example.org"));
    let bob = ("bob@example.org", "viewer");
    let in_now = invited(&place.services, &place.ada, bob).await.unwrap();
    let held = accounts.of_session(&nobody(), &in_now.token, true).await;
    let held = held.unwrap().unwrap();
    let (user, session) = (held.user, held.id);
    let (bob, passkeys) = (as_user(&user), &place.services.passkeys);
    let options = passkeys.begin_passkey(&bob, &session, GOOD).await;
    let mut key = Device::new(SITE, 2);
    let answer = key.create(&options.unwrap());
    let added = passkeys.add_passkey(&bob, &session, "Key", &answer).await;
    let added = added.unwrap();
    let not_mine = passkeys.remove_passkey(&place.ada, &added.id, GOOD).await;
    assert_eq!(not_mine, Err(Error::not_found("passkey")));

    let roles = &place.services.roles;
    roles
        .set_role_strict(&place.ada, "viewer", true)
        .await
        .unwrap();
    let entry = accounts.sign_in(&nobody(), who, &from("work")).await;
    let Ok(Entry::Step { token, .. }) = entry else {
        panic!("{entry:?}");
    };
    let asked = passkeys.ask_passkey_step(&nobody(), &token).await.unwrap();
    let visit = from("work");
    let answer = phone.get(&asked);
    let nobody = nobody();
    let refused = passkeys.pass_passkey_step(&nobody, &token, &answer, &visit);
    place.refused(refused.await, "somebody else's").await;

    let people = &place.services.people;
    people
        .set_enabled(&place.ada, &user.id, false)
        .await
        .unwrap();
    let refused = place.show(&mut key).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
    people
        .set_enabled(&place.ada, &user.id, true)
        .await
        .unwrap();
    assert!(place.show(&mut key).await.is_ok());
    people.reset_factors(&place.ada, &user.id).await.unwrap();
    let gone = place.show(&mut key).await;
    place.refused(gone, "not known here").await;
}

#[tokio::test]
async fn who_fails_often_waits_with_a_passkey_too() {
    let place = Place::new().await;
    let mut phone = Device::new(SITE, 1);
    place.add("Phone", &mut phone).await;
    phone.flags = 1;
    for _ in 0..5 {
        let refused = place.show(&mut phone).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    phone.flags = 5;
    let mut waits = 0;
    while let Err(error) = place.show(&mut phone).await {
        assert!(matches!(error, Error::TooMany { .. }), "{error:?}");
        waits += 1;
        place.clock.advance(Instant::SECOND);
    }
    assert!(waits > 0);
}

#[tokio::test]
async fn without_a_name_there_are_none_and_the_reason_is_told() {
    let new = New::with(|settings| Settings {
        party: RelyingParty::at("http://127.0.0.1:3000"),
        ..settings
    });
    let New { services, .. } = new.await;
    let door = services.passkeys.passkey_door(&nobody()).await.unwrap();
    let api::PasskeyDoor::Closed { why } = door else {
        panic!("{door:?}");
    };
    assert!(why.contains("MILLRACE_PUBLIC_URL"), "{why}");
    let asked = services.passkeys.ask_passkey(&nobody()).await;
    assert_eq!(asked, Err(Error::conflict(why)));
}
