//! API keys and their tokens.

use api::{ApiKey, Scope};

use crate::harness::{Home, at, on_both};

on_both!(
    a_key_reads_back_until_it_is_revoked,
    a_key_is_good_until_its_end,
    after_a_rotation_both_secrets_are_good_for_a_while_and_then_the_new_one,
    a_token_is_good_as_long_as_it_and_its_key_are,
);

fn key(id: &str) -> ApiKey {
    ApiKey {
        id: id.into(),
        name: "sensors".into(),
        prefix: "mr_abc".into(),
        scopes: vec![Scope::INGEST, Scope::QUERY],
        rate: Some(500),
        created_at: at(0),
        last_used_at: None,
        expires_at: None,
        old_secret_until: None,
    }
}

async fn a_key_reads_back_until_it_is_revoked(Home { store, .. }: Home) {
    let mut first = key("k1");
    store.insert_key(&first, "h1").await.unwrap();
    let second = ApiKey {
        rate: None,
        created_at: at(1),
        ..key("k2")
    };
    assert!(
        store
            .insert_key(&second, "h1")
            .await
            .unwrap_err()
            .is_unique("api_key_secret_hash_key")
    );
    store.insert_key(&second, "h2").await.unwrap();
    store.touch_key(&first.id, at(5)).await.unwrap();
    first.last_used_at = Some(at(5));
    let found = store.key_by_hash("h1", at(6)).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    assert_eq!(store.key(&first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.keys().await.unwrap(), [second, first.clone()]);
    assert!(store.revoke_key(&first.id).await.unwrap());
    assert!(!store.revoke_key(&first.id).await.unwrap());
    assert_eq!(store.key_by_hash("h1", at(6)).await.unwrap(), None);
}

async fn a_key_is_good_until_its_end(Home { store, .. }: Home) {
    let ends = ApiKey {
        expires_at: Some(at(10)),
        ..key("k1")
    };
    store.insert_key(&ends, "h1").await.unwrap();
    assert_eq!(store.key_by_hash("h1", at(9)).await.unwrap(), Some(ends));
    assert_eq!(store.key_by_hash("h1", at(10)).await.unwrap(), None);
}

async fn after_a_rotation_both_secrets_are_good_for_a_while_and_then_the_new_one(
    Home { store, .. }: Home,
) {
    let one = key("k1");
    store.insert_key(&one, "h1").await.unwrap();
    assert!(
        !store
            .rotate_key(&"no".into(), "h2", "mr_new", at(9))
            .await
            .unwrap()
    );
    assert!(
        store
            .rotate_key(&one.id, "h2", "mr_new", at(10))
            .await
            .unwrap()
    );
    for (hash, now, good) in [
        ("h1", 9, true),
        ("h1", 10, false),
        ("h2", 9, true),
        ("h2", 10, true),
    ] {
        let found = store.key_by_hash(hash, at(now)).await.unwrap();
        assert_eq!(found.is_some(), good, "{hash} at {now}");
    }
    let found = store.key(&one.id).await.unwrap().unwrap();
    assert_eq!(
        (found.prefix.as_str(), found.old_secret_until),
        ("mr_new", Some(at(10)))
    );
    // The second rotation forgets the first secret, however long its grace was.
    assert!(
        store
            .rotate_key(&one.id, "h3", "mr_newer", at(20))
            .await
            .unwrap()
    );
    assert_eq!(store.key_by_hash("h1", at(5)).await.unwrap(), None);
    assert!(store.key_by_hash("h2", at(5)).await.unwrap().is_some());
}

async fn a_token_is_good_as_long_as_it_and_its_key_are(Home { store, .. }: Home) {
    let (lasting, ending) = (
        key("k1"),
        ApiKey {
            expires_at: Some(at(15)),
            ..key("k2")
        },
    );
    store.insert_key(&lasting, "h1").await.unwrap();
    store.insert_key(&ending, "h2").await.unwrap();
    let scopes = [Scope::QUERY];
    for (hash, of) in [("t1", &lasting), ("t2", &ending)] {
        store
            .insert_token(hash, &of.id, &scopes, at(0), at(20))
            .await
            .unwrap();
    }
    let missing = store
        .insert_token("t3", &"no".into(), &scopes, at(0), at(20))
        .await;
    assert!(missing.is_err());
    let found = store.token("t1", at(19)).await.unwrap();
    assert_eq!(found, Some((lasting.clone(), scopes.to_vec())));
    assert_eq!(store.token("t1", at(20)).await.unwrap(), None);
    assert!(store.token("t2", at(14)).await.unwrap().is_some());
    assert_eq!(store.token("t2", at(15)).await.unwrap(), None);
    store.revoke_key(&lasting.id).await.unwrap();
    assert_eq!(store.token("t1", at(1)).await.unwrap(), None);
}
