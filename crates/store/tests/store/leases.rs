//! Leases: one holder at a time, and none that is gone for long.

use crate::harness::{Home, at, on_both};

on_both!(a_lease_has_one_holder_and_goes_on_when_that_is_gone);

async fn a_lease_has_one_holder_and_goes_on_when_that_is_gone(Home { store, .. }: Home) {
    let take = async |holder: &str, now, until| {
        let taken = store.take_lease("scrape", holder, at(now), at(until)).await;
        taken.unwrap()
    };
    assert!(take("a", 0, 30).await);
    assert!(!take("b", 10, 40).await);
    assert!(take("a", 20, 50).await);
    assert!(!take("b", 35, 65).await, "it was held for longer");
    assert!(take("b", 51, 81).await, "its holder is gone");
    assert!(!take("a", 52, 82).await);
    store.free_lease("scrape", "a").await.unwrap();
    assert!(!take("a", 53, 83).await, "only its holder frees it");
    store.free_lease("scrape", "b").await.unwrap();
    assert!(take("a", 54, 84).await);
    assert!(
        store
            .take_lease("other", "b", at(54), at(84))
            .await
            .unwrap()
    );
}
