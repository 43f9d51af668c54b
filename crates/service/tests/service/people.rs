//! People from their invitation to their removal, as they and those who look after access see it.

use std::sync::Arc;

use api::{
    Caller, Credentials, Entry, Error, Grant, Instant, NewInvitation, Permission, Result, Role,
    RoleChange, Services, SessionId, SignedIn, Step, User, Visit,
};
use fakes::FixedClock;
use service::Settings;
use store::{DatabaseUrl, Store};

use crate::authenticator::code;
use crate::person::{GOOD, New, as_user, from, invited, nobody};

struct Place {
    folder: tempfile::TempDir,
    services: Services,
    clock: Arc<FixedClock>,
}

fn opened(entry: Entry) -> SignedIn {
    match entry {
        Entry::Open(signed_in) => *signed_in,
        Entry::Step { ask, .. } => panic!("{ask:?} was asked for"),
    }
}

fn asked(entry: Entry, what: Step) -> String {
    match entry {
        Entry::Step { token, ask } if ask == what => token,
        other => panic!("{other:?} is not {what:?}"),
    }
}

impl Place {
    async fn new() -> (Self, SignedIn) {
        Self::with(None).await
    }

    async fn with(provider: Option<service::Provider>) -> (Self, SignedIn) {
        let new = New::with(|settings| Settings {
            provider,
            ..settings
        });
        let new = new.await;
        let made = new.first("ada@example.org").await;
        let place = Self {
            folder: new.folder,
            services: new.services,
            clock: new.clock,
        };
        (place, made)
    }

    async fn sign_in(&self, email: &str, password: &str, visit: &Visit) -> Result<Entry> {
        let who = Credentials {
            email: email.into(),
            password: password.into(),
        };
        self.services.accounts.sign_in(&nobody(), who, visit).await
    }

    async fn holder(&self, token: &str, used: bool) -> Option<(User, SessionId)> {
        let accounts = &self.services.accounts;
        let held = accounts.of_session(&nobody(), token, used).await.unwrap();
        held.map(|held| (held.user, held.id))
    }

    async fn add(&self, by: &Caller, email: &str, role: &str) -> Result<SignedIn> {
        invited(&self.services, by, (email, role)).await
    }

    fn advance(&self, minutes: i64) {
        self.clock.advance(minutes * Instant::MINUTE);
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_when_it_is_not_used_and_at_the_latest_after_a_day() {
    let (place, ada) = Place::new().await;
    for _ in 0..15 {
        place.advance(90);
        assert!(place.holder(&ada.token, true).await.is_some());
    }
    place.advance(91);
    assert!(
        place.holder(&ada.token, true).await.is_none(),
        "a day is over"
    );

    let again = opened(
        place
            .sign_in("ada@example.org", GOOD, &from("home"))
            .await
            .unwrap(),
    );
    place.advance(119);
    assert!(place.holder(&again.token, false).await.is_some());
    place.advance(1);
    assert!(
        place.holder(&again.token, true).await.is_none(),
        "a stream is no use of it"
    );
}

#[tokio::test]
async fn ones_own_sessions_are_listed_and_ended_and_nobody_elses() {
    let (place, ada) = Place::new().await;
    let bob = place
        .add(&as_user(&ada.user), "bob@example.org", "viewer")
        .await
        .unwrap();
    let phone = opened(
        place
            .sign_in("ada@example.org", GOOD, &from("phone"))
            .await
            .unwrap(),
    );
    let accounts = &place.services.accounts;
    let me = as_user(&ada.user);
    let sessions = accounts.sessions(&me).await.unwrap();
    assert_eq!(sessions.len(), 2);
    let (_, bobs) = place.holder(&bob.token, true).await.unwrap();
    let refused = accounts.end_session(&me, &bobs).await;
    assert_eq!(refused, Err(Error::not_found("session")));
    let (_, this) = place.holder(&ada.token, true).await.unwrap();
    assert_eq!(accounts.end_other_sessions(&me, &this).await, Ok(1));
    assert!(place.holder(&phone.token, true).await.is_none());
    assert!(place.holder(&ada.token, true).await.is_some());
    assert!(place.holder(&bob.token, true).await.is_some());
    accounts.end_session(&me, &this).await.unwrap();
    assert!(place.holder(&ada.token, true).await.is_none());
}

#[tokio::test]
async fn signing_in_again_ends_the_session_that_the_browser_had() {
    let (place, ada) = Place::new().await;
    let other = place.sign_in("ada@example.org", GOOD, &from("phone")).await;
    let other = opened(other.unwrap());
    let again = Visit {
        session: Some(ada.token.clone()),
        ..from("home")
    };
    let again = place.sign_in("ada@example.org", GOOD, &again).await;
    let again = opened(again.unwrap());
    assert!(place.holder(&ada.token, true).await.is_none());
    assert!(place.holder(&again.token, true).await.is_some());
    assert!(place.holder(&other.token, true).await.is_some());
}

#[tokio::test]
async fn a_password_that_was_hashed_with_other_parameters_is_hashed_anew_by_signing_in() {
    // `printf %s 'a long enough password' | argon2 "a dated salt" -id -v 13 -t 3 -k 4096 -p 1 -e`, by the
    // reference program of the algorithm's authors.
    const THEN: &str = "$argon2id$v=19$m=4096,t=3,p=1$YSBkYXRlZCBzYWx0$GwWwfHa5Upg7gL491k8bDxD8KNGYlkL23FnE6ZCt6SM";
    let (place, ada) = Place::new().await;
    let folder = place.folder.path();
    let url = DatabaseUrl::in_folder(folder);
    let store = Store::open(&url, folder).await.unwrap();
    let id = &ada.user.id;
    store.set_password_hash(id, THEN).await.unwrap();
    let home = from("home");
    let wrong = place.sign_in("ada@example.org", "another good one", &home);
    wrong.await.unwrap_err();
    assert_eq!(
        store.password_hash(id).await.unwrap().as_deref(),
        Some(THEN)
    );
    for _ in 0..2 {
        let entry = place.sign_in("ada@example.org", GOOD, &from("home")).await;
        opened(entry.unwrap());
        let now = store.password_hash(id).await.unwrap().unwrap();
        assert!(now.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{now}");
    }
}

#[tokio::test]
async fn a_changed_password_ends_every_session_and_opens_a_new_one() {
    let (place, ada) = Place::new().await;
    let accounts = &place.services.accounts;
    let me = as_user(&ada.user);
    let change = async |old, new| accounts.change_password(&me, old, new, &from("home")).await;
    let wrong = change("not the password", "another good one")
        .await
        .unwrap_err();
    assert!(wrong.of_field("old").is_some());
    for bad in ["short", "Password2026!", "adaadaadaada"] {
        let bad = change(GOOD, bad).await.unwrap_err();
        assert!(bad.of_field("new").is_some());
    }
    let fresh = change(GOOD, "another good one").await.unwrap();
    assert_ne!(fresh.token, ada.token);
    assert!(place.holder(&ada.token, true).await.is_none());
    assert!(place.holder(&fresh.token, true).await.is_some());
    assert!(
        place
            .sign_in("ada@example.org", GOOD, &from("home"))
            .await
            .is_err()
    );
    let new = place
        .sign_in("ada@example.org", "another good one", &from("home"))
        .await;
    assert!(new.is_ok());
}

#[tokio::test]
async fn who_guesses_anothers_password_makes_only_themselves_wait() {
    let (place, ada) = Place::new().await;
    let home = Visit {
        device: Some(ada.device.clone()),
        ..from("evil")
    };
    let mut waited = 0;
    for n in 0..60 {
        let tried = place
            .sign_in("ada@example.org", "guess", &from(&format!("evil {n}")))
            .await;
        waited += u32::from(matches!(tried, Err(Error::TooMany { .. })));
    }
    assert_eq!(waited, 40, "after twenty failures strangers wait");
    let stranger = place.sign_in("ada@example.org", GOOD, &from("hotel")).await;
    assert!(matches!(stranger, Err(Error::TooMany { .. })));
    let known = place.sign_in("ada@example.org", GOOD, &home).await;
    assert_eq!(opened(known.unwrap()).device, ada.device);
    let other = place
        .add(&as_user(&ada.user), "bob@example.org", "viewer")
        .await;
    assert!(other.is_ok());
    // Somebody else's browser is a stranger to this account.
    let theirs = Visit {
        device: Some(other.unwrap().device),
        ..from("work")
    };
    let refused = place.sign_in("ada@example.org", GOOD, &theirs).await;
    assert!(matches!(refused, Err(Error::TooMany { .. })));
}

#[tokio::test]
async fn an_invitation_is_taken_up_once_within_a_week() {
    let (place, ada) = Place::new().await;
    let people = &place.services.people;
    let me = as_user(&ada.user);
    let new = || NewInvitation {
        email: "Bob@Example.org".into(),
        role: "operator".into(),
    };
    let invited = people.invite(&me, new()).await.unwrap();
    assert_eq!(invited.made.email, "bob@example.org");
    assert_eq!(invited.made.invited_by, "ada@example.org");
    let weak = people
        .accept_invitation(&nobody(), &invited.secret, "bob@example.org", &from("x"))
        .await;
    assert!(weak.unwrap_err().of_field("password").is_some());
    let take = async |token: &str| {
        people
            .accept_invitation(&nobody(), token, GOOD, &from("x"))
            .await
            .map(opened)
    };
    let bob = take(&invited.secret).await.unwrap();
    assert_eq!(bob.user.role, Role::Operator);
    assert_eq!(
        take(&invited.secret).await,
        Err(Error::not_found("invitation"))
    );
    let again = people.invite(&me, new()).await.unwrap_err();
    assert!(again.of_field("email").is_some());

    let other = NewInvitation {
        email: "eve@example.org".into(),
        ..new()
    };
    let late = people.invite(&me, other).await.unwrap();
    place.advance(7 * 24 * 60);
    assert_eq!(
        take(&late.secret).await,
        Err(Error::not_found("invitation"))
    );
    assert_eq!(people.invitations(&me).await.unwrap(), []);
}

#[tokio::test]
async fn nobody_gives_or_takes_what_they_do_not_have() {
    let (place, ada) = Place::new().await;
    let (people, roles) = (&place.services.people, &place.services.roles);
    let me = as_user(&ada.user);
    let grants = vec![Grant::Area("access"), Grant::Area("monitoring")];
    let change = RoleChange {
        name: "Concierge".into(),
        grants,
    };
    let role = roles.add_role(&me, change.clone()).await.unwrap();
    let eve = place
        .add(&me, "eve@example.org", role.id.as_str())
        .await
        .unwrap();
    let eve = as_user(&eve.user);
    let forbidden = |answer: Result<()>| matches!(answer, Err(Error::Forbidden { .. }));

    // A viewer may ask the assistant, which she may not.
    assert!(place.add(&eve, "x@example.org", "viewer").await.is_err());
    assert!(forbidden(
        people
            .change_role(&eve, eve.user_id().unwrap(), "admin")
            .await
    ));
    assert!(forbidden(
        people.set_enabled(&eve, &ada.user.id, false).await
    ));
    assert!(forbidden(people.reset_factors(&eve, &ada.user.id).await));
    assert!(forbidden(
        place
            .services
            .accounts
            .remove_user(&eve, &ada.user.id)
            .await
    ));
    assert!(forbidden(roles.set_role_strict(&eve, "admin", true).await));
    let more = RoleChange {
        grants: vec![Grant::One(Permission::RemediationExecute)],
        ..change
    };
    assert!(forbidden(
        roles.edit_role(&eve, &role.id, more.clone()).await
    ));
    let named = RoleChange {
        name: "Mechanic".into(),
        ..more
    };
    assert!(forbidden(roles.add_role(&eve, named).await.map(drop)));
    let keys = &place.services.keys;
    let new = api::NewKey {
        name: "all".into(),
        scopes: api::Scope::all().collect(),
        rate: None,
        expires_at: None,
    };
    let key = keys.add(&me, new).await.unwrap().made.id;
    assert!(forbidden(keys.revoke(&eve, &key).await));
    assert!(forbidden(keys.rotate(&eve, &key, 0).await.map(drop)));
    let new = NewInvitation {
        email: "boss@example.org".into(),
        role: "admin".into(),
    };
    let invited = people.invite(&me, new).await.unwrap().made.id;
    assert!(forbidden(people.withdraw_invitation(&eve, &invited).await));
    // Nor by inviting the same address to less.
    let less = NewInvitation {
        email: "boss@example.org".into(),
        role: role.id.to_string(),
    };
    assert!(forbidden(people.invite(&eve, less).await.map(drop)));
    assert!(forbidden(
        people.offer_password(&eve, &ada.user.id).await.map(drop)
    ));
    // What she has she may give.
    assert!(
        place
            .add(&eve, "sue@example.org", role.id.as_str())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_last_administrator_stays_and_what_changes_about_a_person_ends_their_sessions() {
    let (place, ada) = Place::new().await;
    let (people, accounts) = (&place.services.people, &place.services.accounts);
    let me = as_user(&ada.user);
    let conflict = |answer: Result<()>| matches!(answer, Err(Error::Conflict { .. }));
    assert!(conflict(
        people.change_role(&me, &ada.user.id, "viewer").await
    ));
    assert!(conflict(people.set_enabled(&me, &ada.user.id, false).await));
    assert!(conflict(accounts.remove_user(&me, &ada.user.id).await));
    let no_role = people
        .change_role(&me, &ada.user.id, "root")
        .await
        .unwrap_err();
    assert!(no_role.of_field("role").is_some());

    let bob = place.add(&me, "bob@example.org", "viewer").await.unwrap();
    people
        .change_role(&me, &bob.user.id, "admin")
        .await
        .unwrap();
    assert!(place.holder(&bob.token, true).await.is_none());
    let bob = opened(
        place
            .sign_in("bob@example.org", GOOD, &from("work"))
            .await
            .unwrap(),
    );
    assert_eq!(bob.user.role, Role::Admin);
    people.set_enabled(&me, &bob.user.id, false).await.unwrap();
    assert!(place.holder(&bob.token, true).await.is_none());
    let refused = place.sign_in("bob@example.org", GOOD, &from("work")).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })));
    let wrong = place
        .sign_in("bob@example.org", "guess", &from("work"))
        .await;
    assert!(
        wrong.unwrap_err().of_field("password").is_some(),
        "a stranger is not told"
    );
    // A disabled administrator is none.
    assert!(conflict(people.set_enabled(&me, &ada.user.id, false).await));
    people.set_enabled(&me, &bob.user.id, true).await.unwrap();
    people.set_enabled(&me, &ada.user.id, false).await.unwrap();
    assert!(place.holder(&ada.token, true).await.is_none());
}

#[tokio::test]
async fn a_second_factor_is_set_up_with_the_password_and_each_code_works_once() {
    let (place, ada) = Place::new().await;
    let factors = &place.services.factors;
    let me = as_user(&ada.user);
    let wrong = factors.begin_totp(&me, "guess").await.unwrap_err();
    assert!(wrong.of_field("password").is_some());
    assert!(factors.enrolment(&me).await.is_err());
    factors.begin_totp(&me, GOOD).await.unwrap();
    let secret = factors.enrolment(&me).await.unwrap().secret;
    let refused = factors.confirm_totp(&me, "000000", &from("home")).await;
    assert!(refused.unwrap_err().of_field("code").is_some());
    let now = || code(&secret, api::Clock::now(&*place.clock));
    let (fresh, recovery) = factors
        .confirm_totp(&me, &now(), &from("home"))
        .await
        .unwrap();
    assert_eq!(recovery.len(), 10);
    assert!(place.holder(&ada.token, true).await.is_none());
    assert!(place.holder(&fresh.token, true).await.is_some());
    assert!(
        factors.enrolment(&me).await.is_err(),
        "the secret is shown no more"
    );
    assert!(factors.begin_totp(&me, GOOD).await.is_err());

    let step = async || {
        let entry = place.sign_in("ada@example.org", GOOD, &from("home")).await;
        asked(entry.unwrap(), Step::Code)
    };
    let pass = async |token: &str, code: &str| {
        factors
            .pass_step(&nobody(), token, code, &from("home"))
            .await
            .map(drop)
    };
    let token = step().await;
    assert!(
        place.holder(&token, true).await.is_none(),
        "a step is no session"
    );
    assert!(
        pass(&token, &now()).await.is_err(),
        "the code that confirmed is used up"
    );
    place.advance(1);
    let shown = now();
    pass(&token, &shown).await.unwrap();
    assert_eq!(
        pass(&token, &shown).await,
        Err(Error::not_found("second step"))
    );
    assert!(
        pass(&step().await, &shown).await.is_err(),
        "a code works once"
    );
    pass(&step().await, &recovery[0].to_uppercase())
        .await
        .unwrap();
    assert!(
        pass(&step().await, &recovery[0]).await.is_err(),
        "so does a recovery code"
    );
    assert_eq!(factors.factors(&me).await.unwrap().recovery_left, 9);
    let renewed = factors.renew_recovery(&me, GOOD).await.unwrap();
    assert!(pass(&step().await, &recovery[1]).await.is_err());
    pass(&step().await, &renewed[1]).await.unwrap();

    let late = step().await;
    place.advance(10);
    assert_eq!(
        pass(&late, &now()).await,
        Err(Error::not_found("second step"))
    );
    assert!(factors.remove_totp(&me, "guess").await.is_err());
    factors.remove_totp(&me, GOOD).await.unwrap();
    opened(
        place
            .sign_in("ada@example.org", GOOD, &from("home"))
            .await
            .unwrap(),
    );
}

#[tokio::test]
async fn codes_are_not_guessed_however_often_the_password_is_given() {
    let (place, ada) = Place::new().await;
    let factors = &place.services.factors;
    let me = as_user(&ada.user);
    factors.begin_totp(&me, GOOD).await.unwrap();
    let secret = factors.enrolment(&me).await.unwrap().secret;
    let now = || code(&secret, api::Clock::now(&*place.clock));
    factors
        .confirm_totp(&me, &now(), &from("home"))
        .await
        .unwrap();
    let mut looked_at = 0;
    for _ in 0..50 {
        let entry = place.sign_in("ada@example.org", GOOD, &from("evil")).await;
        let token = asked(entry.unwrap(), Step::Code);
        let tried = factors
            .pass_step(&nobody(), &token, "123456", &from("evil"))
            .await;
        looked_at += u32::from(!matches!(tried, Err(Error::TooMany { .. })));
    }
    assert_eq!(looked_at, 5);
    // Who has the password only makes themselves wait: its owner comes in.
    place.advance(1);
    let entry = place.sign_in("ada@example.org", GOOD, &from("home")).await;
    let token = asked(entry.unwrap(), Step::Code);
    let passed = factors
        .pass_step(&nobody(), &token, &now(), &from("home"))
        .await;
    passed.unwrap();
}

#[tokio::test]
async fn a_second_step_that_was_begun_ends_with_what_it_was_begun_with() {
    let (place, ada) = Place::new().await;
    let (factors, people) = (&place.services.factors, &place.services.people);
    let me = as_user(&ada.user);
    let bob = place.add(&me, "bob@example.org", "operator").await.unwrap();
    let bob = as_user(&bob.user);
    let id = bob.user_id().unwrap().clone();
    factors.begin_totp(&bob, GOOD).await.unwrap();
    let secret = factors.enrolment(&bob).await.unwrap().secret;
    let now = code(&secret, api::Clock::now(&*place.clock));
    factors
        .confirm_totp(&bob, &now, &from("work"))
        .await
        .unwrap();
    let begun = async || {
        let entry = place.sign_in("bob@example.org", GOOD, &from("evil")).await;
        asked(entry.unwrap(), Step::Code)
    };
    let over = async |token: String| {
        let step = factors.step(&nobody(), &token).await;
        assert_eq!(step, Err(Error::not_found("second step")));
    };
    let token = begun().await;
    assert_eq!(factors.step(&nobody(), &token).await, Ok(Step::Code));
    people.change_role(&me, &id, "viewer").await.unwrap();
    over(token).await;
    let token = begun().await;
    let accounts = &place.services.accounts;
    accounts
        .change_password(&bob, GOOD, "another good one", &from("work"))
        .await
        .unwrap();
    over(token).await;
}

#[tokio::test]
async fn somebody_who_forgot_their_password_chooses_another_with_a_link() {
    let (place, ada) = Place::new().await;
    let (factors, people) = (&place.services.factors, &place.services.people);
    let me = as_user(&ada.user);
    let bob = place.add(&me, "bob@example.org", "operator").await.unwrap();
    let id = bob.user.id.clone();
    let link = people.offer_password(&me, &id).await.unwrap();
    assert_eq!(link.made.of.as_ref(), Some(&id));
    let offered = people.invitation(&nobody(), &link.secret).await.unwrap();
    assert_eq!(offered.email, "bob@example.org");
    let accept = async |token: &str, password: &str| {
        people
            .accept_invitation(&nobody(), token, password, &from("work"))
            .await
    };
    assert!(accept(&link.secret, "short").await.is_err());
    let renewed = opened(accept(&link.secret, "another good one").await.unwrap());
    assert_eq!(
        (renewed.user.id, renewed.user.role),
        (id.clone(), Role::Operator)
    );
    assert!(place.holder(&bob.token, true).await.is_none());
    assert!(
        place
            .sign_in("bob@example.org", GOOD, &from("work"))
            .await
            .is_err()
    );
    let again = accept(&link.secret, "a third good one").await;
    assert_eq!(again.err(), Some(Error::not_found("invitation")));

    // A second factor is asked for all the same, and a link is good for a day.
    let caller = as_user(&bob.user);
    factors
        .begin_totp(&caller, "another good one")
        .await
        .unwrap();
    let secret = factors.enrolment(&caller).await.unwrap().secret;
    let now = code(&secret, api::Clock::now(&*place.clock));
    factors
        .confirm_totp(&caller, &now, &from("work"))
        .await
        .unwrap();
    let link = people.offer_password(&me, &id).await.unwrap().secret;
    asked(accept(&link, GOOD).await.unwrap(), Step::Code);
    let late = people.offer_password(&me, &id).await.unwrap().secret;
    place.advance(24 * 60);
    assert!(accept(&late, GOOD).await.is_err());
    // Nor is it once they may more, chose another by themselves, or may not sign in.
    let over = async |link: &str| {
        let refused = accept(link, GOOD).await;
        assert_eq!(refused.err(), Some(Error::not_found("invitation")));
    };
    let link = people.offer_password(&me, &id).await.unwrap().secret;
    people.change_role(&me, &id, "admin").await.unwrap();
    over(&link).await;
    let link = people.offer_password(&me, &id).await.unwrap().secret;
    place
        .services
        .accounts
        .change_password(&caller, GOOD, "a fourth good one", &from("work"))
        .await
        .unwrap();
    over(&link).await;
    let link = people.offer_password(&me, &id).await.unwrap().secret;
    people.set_enabled(&me, &id, false).await.unwrap();
    over(&link).await;
    people.set_enabled(&me, &id, true).await.unwrap();
    over(&link).await;
    // One's own wants the present one.
    let own = people.offer_password(&me, &ada.user.id).await;
    assert!(matches!(own, Err(Error::Conflict { .. })), "{own:?}");
}

#[tokio::test]
async fn a_role_that_needs_a_second_factor_leads_to_one_before_anything_else() {
    let (place, ada) = Place::new().await;
    let (factors, roles) = (&place.services.factors, &place.services.roles);
    let me = as_user(&ada.user);
    let bob = place.add(&me, "bob@example.org", "operator").await.unwrap();
    roles.set_role_strict(&me, "operator", true).await.unwrap();
    assert!(place.holder(&bob.token, true).await.is_none());
    let entry = place.sign_in("bob@example.org", GOOD, &from("work")).await;
    let token = asked(entry.unwrap(), Step::Enrol);
    assert_eq!(factors.step(&nobody(), &token).await, Ok(Step::Enrol));
    let shown = factors.step_enrolment(&nobody(), &token).await.unwrap();
    let again = factors.step_enrolment(&nobody(), &token).await.unwrap();
    assert_eq!(
        shown, again,
        "a page that is loaded anew shows the same code"
    );
    let given = code(&shown.secret, api::Clock::now(&*place.clock));
    let skipped = factors
        .pass_step(&nobody(), &token, &given, &from("work"))
        .await;
    assert!(skipped.is_err());
    let passed = factors
        .pass_enrolment(&nobody(), &token, &given, &from("work"))
        .await;
    let (signed_in, recovery) = passed.unwrap();
    assert_eq!(recovery.len(), 10);
    assert!(place.holder(&signed_in.token, true).await.is_some());
    let removed = factors.remove_totp(&as_user(&bob.user), GOOD).await;
    assert!(matches!(removed, Err(Error::Conflict { .. })));

    let people = &place.services.people;
    let told = people.people(&me).await.unwrap();
    let told = told.iter().find(|person| person.user.id == bob.user.id);
    assert!(told.is_some_and(|told| told.totp && told.needs_factor));
    // One's own wants the password: `Factors` asks for it.
    let own = people.reset_factors(&me, me.user_id().unwrap()).await;
    assert!(matches!(own, Err(Error::Conflict { .. })), "{own:?}");
    people.reset_factors(&me, &bob.user.id).await.unwrap();
    assert!(place.holder(&signed_in.token, true).await.is_none());
    let entry = place.sign_in("bob@example.org", GOOD, &from("work")).await;
    asked(entry.unwrap(), Step::Enrol);
    // Somebody who is invited to such a role as well.
    let new = NewInvitation {
        email: "sue@example.org".into(),
        role: "operator".into(),
    };
    let invited = people.invite(&me, new).await.unwrap();
    let taken = people
        .accept_invitation(&nobody(), &invited.secret, GOOD, &from("x"))
        .await;
    asked(taken.unwrap(), Step::Enrol);
}

#[tokio::test]
async fn a_changed_role_holds_at_once_for_who_has_it() {
    let (place, ada) = Place::new().await;
    let roles = &place.services.roles;
    let me = as_user(&ada.user);
    let both = vec![
        Grant::One(Permission::MonitoringRead),
        Grant::Area("notifications"),
    ];
    let mut change = RoleChange {
        name: " Buyer ".into(),
        grants: both.clone(),
    };
    let role = roles.add_role(&me, change.clone()).await.unwrap();
    assert_eq!(role.name, "Buyer");
    let twice = roles.add_role(&me, change.clone()).await.unwrap_err();
    assert!(twice.of_field("name").is_some());
    for (name, grants) in [
        ("Admin", &change.grants[..]),
        ("", &change.grants),
        ("x", &[]),
    ] {
        let bad = RoleChange {
            name: name.into(),
            grants: grants.to_vec(),
        };
        assert!(roles.add_role(&me, bad).await.is_err(), "{name}");
    }
    let bob = place
        .add(&me, "bob@example.org", role.id.as_str())
        .await
        .unwrap();
    let (user, _) = place.holder(&bob.token, true).await.unwrap();
    let series = &place.services.series;
    let list = async |user: &User| {
        series
            .list(&as_user(user), api::SeriesFilter::default())
            .await
    };
    assert!(list(&user).await.is_ok());
    change.grants = vec![Grant::Area("notifications")];
    roles
        .edit_role(&me, &role.id, change.clone())
        .await
        .unwrap();
    let (user, _) = place.holder(&bob.token, true).await.unwrap();
    assert!(matches!(list(&user).await, Err(Error::Forbidden { .. })));
    // Whoever is to have more signs in for it.
    change.grants = both;
    roles.edit_role(&me, &role.id, change).await.unwrap();
    assert!(place.holder(&bob.token, true).await.is_none());
    let held = roles.remove_role(&me, &role.id).await;
    assert!(matches!(held, Err(Error::Conflict { .. })));
    place
        .services
        .people
        .change_role(&me, &user.id, "viewer")
        .await
        .unwrap();
    roles.remove_role(&me, &role.id).await.unwrap();
    assert_eq!(roles.roles(&me).await.unwrap().len(), 3);
}

#[tokio::test]
async fn the_access_review_names_everyone_with_what_they_may_and_what_protects_them() {
    let (place, ada) = Place::new().await;
    let me = as_user(&ada.user);
    // In their order, which within a millisecond is anybody's.
    place.advance(1);
    place.add(&me, "bob@example.org", "viewer").await.unwrap();
    let new = NewInvitation {
        email: "eve@example.org".into(),
        role: "operator".into(),
    };
    place.services.people.invite(&me, new).await.unwrap();
    let key = api::NewKey {
        name: "till".into(),
        scopes: vec![api::Scope::INGEST],
        rate: None,
        expires_at: None,
    };
    let key = place.services.keys.add(&me, key).await.unwrap();
    place
        .services
        .roles
        .set_role_strict(&me, "viewer", true)
        .await
        .unwrap();
    let csv = place.services.people.access_review(&me).await.unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 5, "{csv}");
    assert!(lines[1].starts_with("person,ada@example.org,admin,everything,active,none,1,2026-"));
    assert!(lines[2].contains(
        r#"bob@example.org,viewer,monitoring:read genai:use,active,"none, and needs one",0"#
    ));
    assert!(lines[3].contains("invitation,eve@example.org,operator"));
    assert!(lines[4].contains("key,till (") && lines[4].contains("data:ingest"));
    assert!(!csv.contains(&key.secret));
}
