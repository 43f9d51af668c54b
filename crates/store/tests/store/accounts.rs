//! People and the set-up token.

use api::{Role, UserId};
use store::{NewAccount, Store, StoreError};

use crate::harness::{Home, at, on_both};

on_both!(
    an_account_is_found_by_its_address_in_any_spelling,
    a_second_account_with_the_same_address_is_refused_by_name,
    a_password_is_changed_and_a_missing_account_is_missing,
    the_last_administrator_stays,
    the_last_administrator_is_neither_demoted_nor_disabled,
    a_set_up_token_is_good_once_and_only_the_newest,
    a_claim_needs_the_token_and_no_administrator,
    of_two_racing_claims_one_wins,
);

pub(crate) async fn add(store: &Store, id: &str, email: &str, role: Role) -> UserId {
    let id = UserId::from(id);
    let new = NewAccount {
        id: &id,
        email,
        role: &role,
        password_hash: "hash",
    };
    store.insert_user(&new, at(0)).await.unwrap();
    id
}

async fn an_account_is_found_by_its_address_in_any_spelling(Home { store, .. }: Home) {
    let ada = add(&store, "u1", " Ada@Example.ORG ", Role::Admin).await;
    add(&store, "u2", "bob@example.org", Role::Viewer).await;
    let (user, lock) = store
        .user_by_email("ADA@example.org")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (user.email.as_str(), lock.password_hash.as_str()),
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
        role: &Role::Viewer,
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

async fn the_last_administrator_is_neither_demoted_nor_disabled(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    let eve = add(&store, "u2", "eve@example.org", Role::Admin).await;
    let (one, other) = tokio::join!(
        store.set_role_unless_last_admin(&ada, &Role::Viewer),
        store.disable_unless_last_admin(&eve, at(5))
    );
    let (demoted, disabled) = (one.unwrap(), other.unwrap());
    assert_ne!(demoted, disabled);
    // Whoever is left stays, and a disabled administrator is nobody's reason to let another go.
    let left = if demoted { &eve } else { &ada };
    assert!(!store.disable_unless_last_admin(left, at(6)).await.unwrap());
    let role = Role::Operator;
    assert!(!store.set_role_unless_last_admin(left, &role).await.unwrap());
    assert!(!store.delete_user_unless_last_admin(left).await.unwrap());
    store.enable(&eve).await.unwrap();
    let gone = store.enable(&"u9".into()).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
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
        role: &Role::Viewer,
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
                role: &Role::Admin,
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
