//! Sessions, browsers, steps, invitations, second factors and roles.

use api::{CustomRole, Grant, Invitation, Permission, Role, SessionId, UserId};
use store::{NewAccount, NewSession, Store, StoreError, StoredTrip};

use crate::accounts::add;
use crate::harness::{Home, at, on_both};

on_both!(
    a_session_is_good_until_it_ends_is_idle_or_its_person_may_not_sign_in,
    a_persons_other_sessions_are_ended_and_nobody_elses,
    what_is_old_is_forgotten,
    who_has_two_sessions_is_here_once,
    a_browser_is_known_for_who_used_it_last,
    a_link_to_a_new_password_is_taken_once_and_by_who_may_sign_in,
    a_step_is_taken_once,
    an_invitation_is_good_once_and_only_the_newest,
    of_two_who_take_an_invitation_up_one_gets_in,
    a_step_of_an_authenticator_and_a_recovery_code_work_once,
    an_authenticator_is_not_overwritten_once_it_is_confirmed,
    a_role_of_ones_own_comes_back_with_its_people_and_stays_while_somebody_has_it,
    people_are_listed_with_what_protects_them,
    a_trip_to_a_provider_ends_once_and_in_time,
    a_person_is_known_by_what_they_are_elsewhere,
    a_role_that_becomes_strict_ends_the_sessions_of_those_without_a_factor,
);

async fn open(store: &Store, id: &str, user: &UserId, from: i64, to: i64) {
    let session = SessionId::from(id);
    let new = NewSession {
        id: &session,
        token_hash: id,
        user,
        created_at: at(from),
        expires_at: at(to),
        address: "192.0.2.7",
        browser: "curl",
    };
    store.insert_session(&new).await.unwrap();
}

async fn who_has_two_sessions_is_here_once(home: Home) {
    let store = &home.store;
    let ada = add(store, "u1", "ada@example.org", Role::Admin).await;
    let eve = add(store, "u2", "eve@example.org", Role::Viewer).await;
    open(store, "t1", &ada, 5, 100).await;
    open(store, "t2", &ada, 7, 100).await;
    open(store, "t3", &eve, 6, 100).await;
    assert_eq!(store.people_since(at(5)).await.unwrap(), 2);
    assert_eq!(store.people_since(at(7)).await.unwrap(), 1);
    assert_eq!(store.people_since(at(8)).await.unwrap(), 0);
}

async fn holds(store: &Store, token: &str, now: i64, idle_since: i64) -> bool {
    let held = store.session_holder(token, at(now), at(idle_since)).await;
    held.unwrap().is_some()
}

async fn a_session_is_good_until_it_ends_is_idle_or_its_person_may_not_sign_in(home: Home) {
    let store = &home.store;
    let ada = add(store, "u1", "ada@example.org", Role::Admin).await;
    add(store, "u2", "eve@example.org", Role::Admin).await;
    open(store, "t1", &ada, 0, 100).await;
    let held = store.session_holder("t1", at(9), at(-1)).await;
    let held = held.unwrap().unwrap();
    assert_eq!((held.user.id, held.session.as_str()), (ada.clone(), "t1"));
    assert!(!holds(store, "t9", 9, -1).await);
    assert!(!holds(store, "t1", 100, -1).await);
    assert!(!holds(store, "t1", 9, 0).await);
    store
        .touch_session(&"t1".into(), &ada, at(50))
        .await
        .unwrap();
    assert!(holds(store, "t1", 60, 40).await);
    let seen = store.user(&ada).await.unwrap().unwrap().last_seen_at;
    assert_eq!(seen, Some(at(50)));
    let sessions = store.sessions_of(&ada, at(60), at(40)).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].last_used_at, at(50));
    assert_eq!(sessions[0].address, "192.0.2.7");

    assert!(store.disable_unless_last_admin(&ada, at(61)).await.unwrap());
    assert!(!holds(store, "t1", 62, 40).await);
    // Even one that was opened while they were being disabled.
    open(store, "t2", &ada, 61, 100).await;
    assert!(!holds(store, "t2", 62, 40).await);
    store.enable(&ada).await.unwrap();
    assert!(!holds(store, "t1", 62, 40).await);
    assert!(holds(store, "t2", 62, 40).await);

    let viewer = Role::Viewer;
    assert!(
        store
            .set_role_unless_last_admin(&ada, &viewer)
            .await
            .unwrap()
    );
    assert!(!holds(store, "t2", 63, 40).await);
    open(store, "t3", &ada, 63, 100).await;
    assert!(store.delete_user(&ada).await.unwrap());
    assert!(!holds(store, "t3", 64, 40).await);
    assert_eq!(home.count("select count(*) from session").await, 0);
    let gone = NewSession {
        id: &"t4".into(),
        token_hash: "t4",
        user: &ada,
        created_at: at(0),
        expires_at: at(1),
        address: "",
        browser: "",
    };
    let gone = store.insert_session(&gone).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

async fn a_persons_other_sessions_are_ended_and_nobody_elses(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let bob = add(&store, "u2", "bob@example.org", Role::Viewer).await;
    for (token, user) in [("a1", &ada), ("a2", &ada), ("a3", &ada), ("b1", &bob)] {
        open(&store, token, user, 0, 99).await;
    }
    assert!(!store.delete_session_of(&ada, &"b1".into()).await.unwrap());
    assert!(store.delete_session_of(&ada, &"a3".into()).await.unwrap());
    let kept = SessionId::from("a2");
    assert_eq!(
        store.delete_sessions_of(&ada, Some(&kept)).await.unwrap(),
        1
    );
    assert!(holds(&store, "a2", 1, -1).await);
    assert!(holds(&store, "b1", 1, -1).await);
    assert_eq!(store.delete_sessions_of(&ada, None).await.unwrap(), 1);
    assert!(store.delete_session("b1").await.unwrap());
    assert!(!store.delete_session("b1").await.unwrap());
}

async fn what_is_old_is_forgotten(home: Home) {
    let store = &home.store;
    let ada = add(store, "u1", "ada@example.org", Role::Admin).await;
    open(store, "over", &ada, 0, 50).await;
    open(store, "idle", &ada, 10, 500).await;
    open(store, "good", &ada, 40, 500).await;
    store.insert_step("s1", &ada, at(50)).await.unwrap();
    store.insert_step("s2", &ada, at(60)).await.unwrap();
    store.know_device("d1", &ada, at(1)).await.unwrap();
    store.know_device("d2", &ada, at(5)).await.unwrap();
    store
        .forget_old_sessions(at(50), at(30), at(1))
        .await
        .unwrap();
    assert_eq!(home.count("select count(*) from session").await, 1);
    assert!(holds(store, "good", 50, 30).await);
    assert_eq!(home.count("select count(*) from sign_in_step").await, 1);
    assert_eq!(home.count("select count(*) from device").await, 1);
}

async fn a_browser_is_known_for_who_used_it_last(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let bob = add(&store, "u2", "bob@example.org", Role::Viewer).await;
    assert_eq!(store.device_user("d").await.unwrap(), None);
    store.know_device("d", &ada, at(0)).await.unwrap();
    store.know_device("d", &bob, at(1)).await.unwrap();
    assert_eq!(store.device_user("d").await.unwrap(), Some(bob.clone()));
    assert!(store.delete_user(&bob).await.unwrap());
    assert_eq!(store.device_user("d").await.unwrap(), None);
}

async fn a_link_to_a_new_password_is_taken_once_and_by_who_may_sign_in(home: Home) {
    let store = &home.store;
    let ada = add(store, "u1", "ada@example.org", Role::Admin).await;
    let bob = add(store, "u2", "bob@example.org", Role::Viewer).await;
    let link = Invitation {
        of: Some(bob.clone()),
        email: "bob@example.org".into(),
        ..an_invitation("i1", Role::Viewer)
    };
    let good = link.expires_at;
    store.put_invitation(&link, "t").await.unwrap();
    let found = store.invitation("t", at(1)).await.unwrap().unwrap();
    assert_eq!(found, link);
    let take = async |user: &UserId, now| {
        let taken = store.accept_password("t", user, "new", now).await;
        taken.unwrap()
    };
    assert!(!take(&ada, at(1)).await, "another's");
    assert!(!take(&bob, good).await, "over");
    // No newcomer comes in with it.
    let new = NewAccount {
        id: &"u3".into(),
        email: "eve@example.org",
        role: &Role::Viewer,
        password_hash: "h",
    };
    assert!(!store.accept_invitation("t", &new, at(1)).await.unwrap());
    store.disable_unless_last_admin(&bob, at(1)).await.unwrap();
    store.put_invitation(&link, "t").await.unwrap();
    assert!(!take(&bob, at(1)).await, "disabled");
    store.enable(&bob).await.unwrap();
    assert!(take(&bob, at(1)).await);
    assert!(!take(&bob, at(1)).await, "taken");
    let kept = store.password_hash(&bob).await.unwrap();
    assert_eq!(kept.as_deref(), Some("new"));
    // What nobody took goes with what else is over, and with the person.
    store.put_invitation(&link, "t").await.unwrap();
    store.forget_old_sessions(good, at(0), at(0)).await.unwrap();
    assert_eq!(home.count("select count(*) from invitation").await, 0);
    store.put_invitation(&link, "t").await.unwrap();
    assert!(store.delete_user(&bob).await.unwrap());
    assert_eq!(home.count("select count(*) from invitation").await, 0);
}

async fn a_step_is_taken_once(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    add(&store, "u2", "eve@example.org", Role::Admin).await;
    store.insert_step("s", &ada, at(10)).await.unwrap();
    let who = |now| {
        let store = store.clone();
        async move { store.step_user("s", at(now)).await.unwrap().map(|u| u.id) }
    };
    assert_eq!(who(9).await, Some(ada.clone()));
    assert_eq!(who(10).await, None);
    let (one, other) = tokio::join!(store.take_step("s"), store.take_step("s"));
    assert_ne!(one.unwrap(), other.unwrap());
    // Who may not sign in any more is in none, and takes up none that was begun before.
    store.insert_step("s", &ada, at(10)).await.unwrap();
    store.disable_unless_last_admin(&ada, at(1)).await.unwrap();
    assert_eq!(who(9).await, None);
    store.enable(&ada).await.unwrap();
    assert!(!store.take_step("s").await.unwrap());
}

fn an_invitation(id: &str, role: Role) -> Invitation {
    Invitation {
        id: id.into(),
        email: "bob@example.org".into(),
        role,
        of: None,
        invited_by: "ada@example.org".into(),
        created_at: at(0),
        expires_at: at(100),
    }
}

async fn an_invitation_is_good_once_and_only_the_newest(Home { store, .. }: Home) {
    let made = CustomRole {
        id: "r1".into(),
        name: "Buyer".into(),
        grants: vec![Grant::Area("monitoring")],
    };
    store.insert_role(&made, at(0)).await.unwrap();
    let first = an_invitation("i1", Role::Viewer);
    let second = an_invitation("i2", Role::Custom(made));
    store.put_invitation(&first, "old").await.unwrap();
    store.put_invitation(&second, "new").await.unwrap();
    assert_eq!(
        store.invitations(at(1)).await.unwrap(),
        std::slice::from_ref(&second)
    );
    assert_eq!(store.invitations(at(100)).await.unwrap(), []);
    assert_eq!(store.invitation("old", at(1)).await.unwrap(), None);
    assert_eq!(store.invitation("new", at(100)).await.unwrap(), None);
    assert_eq!(
        store.invitation("new", at(1)).await.unwrap(),
        Some(second.clone())
    );

    let id = UserId::from("u1");
    let account = NewAccount {
        id: &id,
        email: &second.email,
        role: &second.role,
        password_hash: "h",
    };
    assert!(
        !store
            .accept_invitation("old", &account, at(2))
            .await
            .unwrap()
    );
    assert!(
        !store
            .accept_invitation("new", &account, at(100))
            .await
            .unwrap()
    );
    assert!(
        store
            .accept_invitation("new", &account, at(2))
            .await
            .unwrap()
    );
    assert!(
        !store
            .accept_invitation("new", &account, at(2))
            .await
            .unwrap()
    );
    let user = store.user(&id).await.unwrap().unwrap();
    assert_eq!(user.role, second.role);

    // Somebody who is there already does not use the invitation up.
    store.put_invitation(&first, "late").await.unwrap();
    let id = UserId::from("u2");
    let again = NewAccount { id: &id, ..account };
    let refused = store.accept_invitation("late", &again, at(3)).await;
    assert!(refused.unwrap_err().is_unique("account_email_key"));
    assert!(store.invitation("late", at(3)).await.unwrap().is_some());
    assert!(store.delete_invitation(&first.id).await.unwrap());
    assert!(!store.delete_invitation(&first.id).await.unwrap());
}

async fn of_two_who_take_an_invitation_up_one_gets_in(home: Home) {
    let invitation = an_invitation("i1", Role::Viewer);
    home.store.put_invitation(&invitation, "t").await.unwrap();
    let other = home.open_again().await;
    let accept = |store: Store, id: &'static str| {
        tokio::spawn(async move {
            let id = UserId::from(id);
            let new = NewAccount {
                id: &id,
                email: "bob@example.org",
                role: &Role::Viewer,
                password_hash: "h",
            };
            store.accept_invitation("t", &new, at(1)).await.unwrap()
        })
    };
    let (one, two) = (
        accept(home.store.clone(), "u1"),
        accept(other.clone(), "u2"),
    );
    assert_ne!(one.await.unwrap(), two.await.unwrap());
    assert_eq!(home.store.users().await.unwrap().len(), 1);
    other.close().await;
}

async fn a_step_of_an_authenticator_and_a_recovery_code_work_once(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let codes: Vec<String> = ["c1", "c2"].map(str::to_owned).to_vec();
    assert!(!store.confirm_totp(&ada, 7, &codes, at(1)).await.unwrap());
    assert!(store.begin_totp(&ada, "sealed", at(0)).await.unwrap());
    assert!(!store.use_totp_step(&ada, 6).await.unwrap());
    assert!(store.confirm_totp(&ada, 7, &codes, at(1)).await.unwrap());
    let kept = store.totp(&ada).await.unwrap().unwrap();
    assert_eq!(kept.confirmed_at, Some(at(1)));
    assert!(!format!("{kept:?}").contains("sealed"));
    for used in [6, 7] {
        assert!(!store.use_totp_step(&ada, used).await.unwrap(), "{used}");
    }
    let (one, other) = tokio::join!(store.use_totp_step(&ada, 8), store.use_totp_step(&ada, 8));
    assert_ne!(one.unwrap(), other.unwrap());

    assert_eq!(store.recovery_codes_left(&ada).await.unwrap(), 2);
    assert!(store.use_recovery_code(&ada, "c1").await.unwrap());
    assert!(!store.use_recovery_code(&ada, "c1").await.unwrap());
    assert_eq!(store.recovery_codes_left(&ada).await.unwrap(), 1);
    store.put_recovery_codes(&ada, &codes).await.unwrap();
    assert_eq!(store.recovery_codes_left(&ada).await.unwrap(), 2);
    store.delete_factors(&ada).await.unwrap();
    assert_eq!(store.totp(&ada).await.unwrap(), None);
    assert_eq!(store.recovery_codes_left(&ada).await.unwrap(), 0);
    let gone = store.delete_factors(&"u9".into()).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

async fn an_authenticator_is_not_overwritten_once_it_is_confirmed(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    assert!(store.begin_totp(&ada, "one", at(0)).await.unwrap());
    assert!(store.begin_totp(&ada, "two", at(5)).await.unwrap());
    let kept = store.totp(&ada).await.unwrap().unwrap();
    assert_eq!((kept.secret.as_str(), kept.created_at), ("two", at(5)));
    assert!(store.confirm_totp(&ada, 1, &[], at(6)).await.unwrap());
    assert!(!store.begin_totp(&ada, "three", at(7)).await.unwrap());
    assert!(!store.confirm_totp(&ada, 2, &[], at(8)).await.unwrap());
    assert_eq!(store.totp(&ada).await.unwrap().unwrap().secret, "two");
}

async fn a_role_of_ones_own_comes_back_with_its_people_and_stays_while_somebody_has_it(home: Home) {
    let store = &home.store;
    let mut role = CustomRole {
        id: "r1".into(),
        name: "Buyer".into(),
        grants: vec![
            Grant::One(Permission::MonitoringRead),
            Grant::Area("remediation"),
        ],
    };
    store.insert_role(&role, at(0)).await.unwrap();
    let twin = CustomRole {
        id: "r2".into(),
        ..role.clone()
    };
    let refused = store.insert_role(&twin, at(0)).await.unwrap_err();
    assert!(refused.is_unique("custom_role_name_key"), "{refused:?}");
    let bob = add(store, "u1", "bob@example.org", Role::Custom(role.clone())).await;
    role.name = "Planner".into();
    role.grants.pop();
    store.update_role(&role, false).await.unwrap();
    assert!(matches!(
        store.update_role(&twin, false).await,
        Err(StoreError::Missing)
    ));
    let all = Role::ALL.into_iter().chain([Role::Custom(role.clone())]);
    assert_eq!(store.roles().await.unwrap(), all.collect::<Vec<_>>());
    let held = store.user(&bob).await.unwrap().unwrap().role;
    assert_eq!(held, Role::Custom(role.clone()));

    assert!(!store.delete_role_unless_held(&role.id).await.unwrap());
    let viewer = Role::Viewer;
    assert!(
        store
            .set_role_unless_last_admin(&bob, &viewer)
            .await
            .unwrap()
    );
    store.set_strict(&held, true).await.unwrap();
    assert!(store.delete_role_unless_held(&role.id).await.unwrap());
    assert_eq!(store.custom_role(&role.id).await.unwrap(), None);
    assert_eq!(store.strict_roles().await.unwrap(), Vec::<String>::new());
    // A role that went all the same grants nothing.
    home.sql("update account set role = 'r1'").await;
    let user = store.user(&bob).await.unwrap().unwrap();
    assert_eq!(user.role.permissions(), []);
}

async fn a_trip_to_a_provider_ends_once_and_in_time(home: Home) {
    let store = &home.store;
    let trip = StoredTrip {
        nonce: "n".into(),
        verifier: "canary".into(),
        next: "/series".into(),
    };
    assert!(!format!("{trip:?}").contains("canary"));
    store.put_trip("s1", &trip, at(0), at(10)).await.unwrap();
    assert_eq!(store.take_trip("s1", at(10)).await.unwrap(), None);
    assert_eq!(store.take_trip("s9", at(9)).await.unwrap(), None);
    let (one, other) = tokio::join!(store.take_trip("s1", at(9)), store.take_trip("s1", at(9)));
    let came: Vec<_> = [one.unwrap(), other.unwrap()]
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(came, std::slice::from_ref(&trip));
    store.put_trip("s2", &trip, at(0), at(10)).await.unwrap();
    store.put_trip("s3", &trip, at(10), at(20)).await.unwrap();
    assert_eq!(home.count("select count(*) from provider_trip").await, 1);
}

async fn a_person_is_known_by_what_they_are_elsewhere(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let bob = add(&store, "u2", "bob@example.org", Role::Viewer).await;
    let known = async |issuer, subject| {
        let found = store.identity(issuer, subject).await.unwrap();
        found.map(|(user, disabled)| (user.id, disabled))
    };
    store.put_identity("https://a", "7", &ada).await.unwrap();
    assert_eq!(known("https://a", "7").await, Some((ada.clone(), false)));
    assert_eq!(known("https://b", "7").await, None);
    store.put_identity("https://b", "7", &bob).await.unwrap();
    store.disable_unless_last_admin(&bob, at(1)).await.unwrap();
    assert_eq!(known("https://b", "7").await, Some((bob.clone(), true)));
    store.delete_user(&bob).await.unwrap();
    assert_eq!(known("https://b", "7").await, None);
}

async fn people_are_listed_with_what_protects_them(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let bob = add(&store, "u2", "bob@example.org", Role::Viewer).await;
    store.set_strict(&Role::Admin, true).await.unwrap();
    store.set_strict(&Role::Admin, true).await.unwrap();
    assert!(store.is_strict(&Role::Admin).await.unwrap());
    assert!(!store.is_strict(&Role::Viewer).await.unwrap());
    open(&store, "t1", &ada, 0, 100).await;
    open(&store, "t2", &ada, 0, 5).await;
    store.begin_totp(&ada, "s", at(0)).await.unwrap();
    store.disable_unless_last_admin(&bob, at(3)).await.unwrap();
    let people = store.people(at(10), at(-1)).await.unwrap();
    let told: Vec<_> = people
        .iter()
        .map(|p| {
            (
                p.user.id.as_str(),
                p.sessions,
                p.totp,
                p.needs_factor,
                p.disabled_at,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("u1", 1, false, true, None),
            ("u2", 0, false, false, Some(at(3)))
        ]
    );
    store.confirm_totp(&ada, 1, &[], at(4)).await.unwrap();
    assert!(store.people(at(10), at(-1)).await.unwrap()[0].totp);
    store.set_strict(&Role::Admin, false).await.unwrap();
    assert!(!store.is_strict(&Role::Admin).await.unwrap());
}

async fn a_role_that_becomes_strict_ends_the_sessions_of_those_without_a_factor(home: Home) {
    let store = &home.store;
    let ada = add(store, "u1", "ada@example.org", Role::Viewer).await;
    let bob = add(store, "u2", "bob@example.org", Role::Viewer).await;
    let eve = add(store, "u3", "eve@example.org", Role::Operator).await;
    store.begin_totp(&ada, "s", at(0)).await.unwrap();
    store.confirm_totp(&ada, 1, &[], at(0)).await.unwrap();
    for (token, user) in [("a", &ada), ("b", &bob), ("e", &eve)] {
        open(store, token, user, 0, 99).await;
    }
    store.set_strict(&Role::Viewer, true).await.unwrap();
    assert!(holds(store, "a", 1, -1).await);
    assert!(!holds(store, "b", 1, -1).await);
    assert!(holds(store, "e", 1, -1).await);
}
