//! People, sessions and the set-up token.

use api::{Role, UserId};
use store::{NewAccount, Store, StoreError};

use crate::harness::{Home, at, on_both};

on_both!(
    an_account_is_found_by_its_address_in_any_spelling,
    a_second_account_with_the_same_address_is_refused_by_name,
    a_password_is_changed_and_a_missing_account_is_missing,
    a_session_is_good_until_it_expires_or_its_person_is_removed,
    a_persons_other_sessions_are_ended,
    the_last_administrator_stays,
    a_set_up_token_is_good_once_and_only_the_newest,
    a_claim_needs_the_token_and_no_administrator,
    of_two_racing_claims_one_wins,
);

async fn add(store: &Store, id: &str, email: &str, role: Role) -> UserId {
    let id = UserId::from(id);
    let new = NewAccount {
        id: &id,
        email,
        role,
        password_hash: "hash",
    };
    store.insert_user(&new, at(0)).await.unwrap();
    id
}

async fn an_account_is_found_by_its_address_in_any_spelling(Home { store, .. }: Home) {
    let ada = add(&store, "u1", " Ada@Example.ORG ", Role::Admin).await;
    add(&store, "u2", "bob@example.org", Role::Viewer).await;
    let (user, hash) = store
        .user_by_email("ADA@example.org")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (user.email.as_str(), hash.as_str()),
        ("ada@example.org", "hash")
    );
    assert_eq!((user.role, user.last_seen_at), (Role::Admin, None));
    store.touch_user(&ada, at(9)).await.unwrap();
    let user = store.user(&ada).await.unwrap().unwrap();
    assert_eq!((user.created_at, user.last_seen_at), (at(0), Some(at(9))));
    let ids: Vec<_> = store
        .users()
        .await
        .unwrap()
        .into_iter()
        .map(|u| u.id.0)
        .collect();
    assert_eq!(ids, ["u1", "u2"]);
    assert_eq!(store.count_admins().await.unwrap(), 1);
    assert_eq!(store.user_by_email("eve@example.org").await.unwrap(), None);
    assert_eq!(store.user(&"u9".into()).await.unwrap(), None);
}

async fn a_second_account_with_the_same_address_is_refused_by_name(Home { store, .. }: Home) {
    add(&store, "u1", "ada@example.org", Role::Admin).await;
    let id = UserId::from("u2");
    let new = NewAccount {
        id: &id,
        email: "ADA@example.org",
        role: Role::Viewer,
        password_hash: "x",
    };
    let error = store.insert_user(&new, at(1)).await.unwrap_err();
    assert!(error.is_unique("account_email_key"), "{error:?}");
    assert!(!error.to_string().contains("ada"));
}

async fn a_password_is_changed_and_a_missing_account_is_missing(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    store.set_password_hash(&ada, "new").await.unwrap();
    assert_eq!(
        store.password_hash(&ada).await.unwrap().as_deref(),
        Some("new")
    );
    let gone = UserId::from("u9");
    assert!(matches!(
        store.set_password_hash(&gone, "x").await,
        Err(StoreError::Missing)
    ));
    let session = store.insert_session("t", &gone, at(0), at(1)).await;
    assert!(matches!(session, Err(StoreError::Missing)));
}

async fn a_session_is_good_until_it_expires_or_its_person_is_removed(home: Home) {
    let store = &home.store;
    let ada = add(store, "u1", "ada@example.org", Role::Admin).await;
    store
        .insert_session("t1", &ada, at(0), at(10))
        .await
        .unwrap();
    store
        .insert_session("t2", &ada, at(0), at(20))
        .await
        .unwrap();
    let holder = |token: &'static str, now| async move {
        store.session_user(token, now).await.unwrap().map(|u| u.id)
    };
    assert_eq!(holder("t1", at(9)).await, Some(ada.clone()));
    assert_eq!(holder("t1", at(10)).await, None);
    assert_eq!(holder("t9", at(9)).await, None);
    assert_eq!(store.delete_expired_sessions(at(10)).await.unwrap(), 1);
    assert!(!store.delete_session("t1").await.unwrap());
    assert!(store.delete_user(&ada).await.unwrap());
    assert!(!store.delete_user(&ada).await.unwrap());
    assert_eq!(holder("t2", at(9)).await, None);
    assert_eq!(home.count("select count(*) from session").await, 0);
}

async fn a_persons_other_sessions_are_ended(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let bob = add(&store, "u2", "bob@example.org", Role::Viewer).await;
    for (token, user) in [("a1", &ada), ("a2", &ada), ("a3", &ada), ("b1", &bob)] {
        store
            .insert_session(token, user, at(0), at(99))
            .await
            .unwrap();
    }
    assert_eq!(store.delete_sessions_of(&ada, Some("a2")).await.unwrap(), 2);
    assert!(store.session_user("a2", at(1)).await.unwrap().is_some());
    assert!(store.session_user("b1", at(1)).await.unwrap().is_some());
    assert_eq!(store.delete_sessions_of(&ada, None).await.unwrap(), 1);
    assert!(store.delete_session("b1").await.unwrap());
}

async fn the_last_administrator_stays(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let eve = add(&store, "u2", "eve@example.org", Role::Admin).await;
    let bob = add(&store, "u3", "bob@example.org", Role::Viewer).await;
    let (one, other) = tokio::join!(
        store.delete_user_unless_last_admin(&ada),
        store.delete_user_unless_last_admin(&eve)
    );
    assert_ne!(one.unwrap(), other.unwrap());
    assert_eq!(store.count_admins().await.unwrap(), 1);
    assert!(store.delete_user_unless_last_admin(&bob).await.unwrap());
    assert_eq!(store.users().await.unwrap().len(), 1);
}

async fn a_set_up_token_is_good_once_and_only_the_newest(Home { store, .. }: Home) {
    store.put_setup_token("old", at(0)).await.unwrap();
    store.put_setup_token("new", at(1)).await.unwrap();
    assert!(!store.take_setup_token("old").await.unwrap());
    assert!(store.take_setup_token("new").await.unwrap());
    assert!(!store.take_setup_token("new").await.unwrap());
}

async fn a_claim_needs_the_token_and_no_administrator(Home { store, .. }: Home) {
    let id = UserId::from("u1");
    let new = NewAccount {
        id: &id,
        email: "Ada@Example.org",
        role: Role::Viewer,
        password_hash: "h",
    };
    store.put_setup_token("t", at(0)).await.unwrap();
    assert!(!store.claim("wrong", &new, at(1)).await.unwrap());
    assert!(store.claim("t", &new, at(2)).await.unwrap());
    let user = store.user(&id).await.unwrap().unwrap();
    assert_eq!(
        (user.role, user.email.as_str()),
        (Role::Admin, "ada@example.org")
    );

    let id = UserId::from("u2");
    let late = NewAccount {
        id: &id,
        email: "eve@example.org",
        ..new
    };
    assert!(!store.claim("t", &late, at(3)).await.unwrap());
    store.put_setup_token("t2", at(4)).await.unwrap();
    assert!(!store.claim("t2", &late, at(5)).await.unwrap());
    assert_eq!(store.users().await.unwrap().len(), 1);
}

async fn of_two_racing_claims_one_wins(home: Home) {
    home.store.put_setup_token("t", at(0)).await.unwrap();
    let other = home.open_again().await;
    let claim = |store: Store, id: &'static str| {
        tokio::spawn(async move {
            let user = UserId::from(id);
            let email = format!("{id}@example.org");
            let new = NewAccount {
                id: &user,
                email: &email,
                role: Role::Admin,
                password_hash: "h",
            };
            store.claim("t", &new, at(1)).await.unwrap()
        })
    };
    let claims = [
        claim(home.store.clone(), "u1"),
        claim(other.clone(), "u2"),
        claim(home.store.clone(), "u3"),
    ];
    let mut won = 0;
    for c in claims {
        won += u32::from(c.await.unwrap());
    }
    assert_eq!((won, home.store.count_admins().await.unwrap()), (1, 1));
    other.close().await;
}
