//! Passkeys, and what browsers were asked.

use api::{PasskeyId, Role, UserId};
use store::{NewPasskey, Store, StoreError};

use crate::accounts::add;
use crate::harness::{Home, at, on_both};

on_both!(
    a_passkey_is_found_by_what_its_device_calls_it_until_it_is_removed,
    of_two_uses_at_once_one_counts,
    a_challenge_is_taken_once_and_in_time,
    a_reset_takes_passkeys_too,
);

async fn keep(store: &Store, id: &str, user: &UserId, called: &str) -> Result<(), StoreError> {
    let new = NewPasskey {
        id: &PasskeyId::from(id),
        user,
        name: "Phone",
        credential_id: called,
        credential: "{}",
        created_at: at(1),
    };
    store.insert_passkey(&new).await
}

async fn a_passkey_is_found_by_what_its_device_calls_it_until_it_is_removed(home: Home) {
    let store = &home.store;
    let ada = add(store, "u1", "ada@example.org", Role::Admin).await;
    let bob = add(store, "u2", "bob@example.org", Role::Viewer).await;
    keep(store, "p1", &bob, "AQ").await.unwrap();
    keep(store, "p2", &bob, "Ag").await.unwrap();
    let again = keep(store, "p3", &ada, "AQ").await.unwrap_err();
    assert!(matches!(again, StoreError::Unique { .. }), "{again:?}");
    let (kept, owner) = store.passkey_of_credential("AQ").await.unwrap().unwrap();
    assert_eq!((kept.passkey.id.as_str(), &owner.user.id), ("p1", &bob));
    assert_eq!(kept.passkey.last_used_at, None);
    assert_eq!(owner.disabled_at, None);
    assert_eq!(store.passkey_of_credential("aq").await.unwrap(), None);
    store.disable_unless_last_admin(&bob, at(3)).await.unwrap();
    let (_, owner) = store.passkey_of_credential("AQ").await.unwrap().unwrap();
    assert_eq!(owner.disabled_at, Some(at(3)));
    let listed = store.passkeys_of(&bob).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(store.people(at(9), at(-1)).await.unwrap()[1].passkeys, 2);
    assert!(!store.delete_passkey(&ada, &"p1".into()).await.unwrap());
    assert!(store.delete_passkey(&bob, &"p1".into()).await.unwrap());
    assert_eq!(store.passkey_of_credential("AQ").await.unwrap(), None);
    store.delete_user(&bob).await.unwrap();
    assert_eq!(store.passkey_of_credential("Ag").await.unwrap(), None);
}

async fn of_two_uses_at_once_one_counts(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    keep(&store, "p1", &ada, "AQ").await.unwrap();
    let id = PasskeyId::from("p1");
    let (one, other) = tokio::join!(
        store.use_passkey(&id, "{}", "[1]", at(5)),
        store.use_passkey(&id, "{}", "[1]", at(5))
    );
    assert_ne!(one.unwrap(), other.unwrap());
    let (kept, _) = store.passkey_of_credential("AQ").await.unwrap().unwrap();
    assert_eq!(kept.credential, "[1]");
    assert_eq!(kept.passkey.last_used_at, Some(at(5)));
}

async fn a_challenge_is_taken_once_and_in_time(Home { store, .. }: Home) {
    let put = async |holder, state, now, until| {
        let kept = store.put_passkey_challenge(holder, state, at(now), at(until));
        kept.await.unwrap();
    };
    put("a", "1", 0, 10).await;
    put("b", "2", 0, 10).await;
    // A newer one takes the place of the one before.
    put("a", "3", 1, 11).await;
    let (one, other) = tokio::join!(
        store.take_passkey_challenge("a", at(10)),
        store.take_passkey_challenge("a", at(10))
    );
    let taken: Vec<String> = [one.unwrap(), other.unwrap()]
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(taken, ["3"]);
    assert_eq!(
        store.take_passkey_challenge("b", at(10)).await.unwrap(),
        None
    );
    assert_eq!(
        store.take_passkey_challenge("c", at(0)).await.unwrap(),
        None
    );
}

async fn a_reset_takes_passkeys_too(Home { store, .. }: Home) {
    let ada = add(&store, "u1", "ada@example.org", Role::Admin).await;
    keep(&store, "p1", &ada, "AQ").await.unwrap();
    store.delete_factors(&ada).await.unwrap();
    assert_eq!(store.passkeys_of(&ada).await.unwrap().len(), 1);
    store.reset_factors(&ada).await.unwrap();
    assert!(store.passkeys_of(&ada).await.unwrap().is_empty());
    let nobody = store.reset_factors(&"u9".into()).await.unwrap_err();
    assert!(matches!(nobody, StoreError::Missing), "{nobody:?}");
}
