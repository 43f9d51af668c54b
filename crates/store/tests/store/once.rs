//! Requests that happen once.

use api::KeptAnswer;
use store::Earlier;

use crate::harness::{Home, at, on_both};

on_both!(
    of_requests_at_the_same_time_one_is_fresh,
    an_answer_is_given_again_until_it_is_old,
    what_was_forgotten_or_given_up_is_fresh_again,
);

fn answer() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        location: Some("/there".into()),
        body: None,
    }
}

async fn of_requests_at_the_same_time_one_is_fresh(home: Home) {
    let other = home.open_again().await;
    let begin = |store: store::Store| {
        tokio::spawn(async move {
            store
                .begin_once("a", "f", at(9), at(0), at(0))
                .await
                .unwrap()
        })
    };
    let attempts = [
        begin(home.store.clone()),
        begin(other.clone()),
        begin(home.store.clone()),
    ];
    let mut fresh = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            None => fresh += 1,
            Some(earlier) => assert_eq!(earlier.answer, None),
        }
    }
    assert_eq!(fresh, 1);
    other.close().await;
}

async fn an_answer_is_given_again_until_it_is_old(Home { store, .. }: Home) {
    let begin = |now, old| store.begin_once("a", "f", at(now), at(old), at(old));
    assert_eq!(begin(10, 0).await.unwrap(), None);
    store.finish_once("a", &answer()).await.unwrap();
    // Forgetting is for those without an answer.
    store.forget_once("a").await.unwrap();
    let there = Earlier {
        fingerprint: "f".into(),
        answer: Some(answer()),
    };
    assert_eq!(begin(20, 10).await.unwrap(), Some(there));
    assert_eq!(begin(20, 11).await.unwrap(), None);
}

async fn what_was_forgotten_or_given_up_is_fresh_again(Home { store, .. }: Home) {
    let begin = |now, given_up| store.begin_once("a", "f", at(now), at(0), at(given_up));
    assert_eq!(begin(10, 0).await.unwrap(), None);
    assert!(begin(11, 10).await.unwrap().is_some());
    store.forget_once("a").await.unwrap();
    assert_eq!(begin(12, 0).await.unwrap(), None);
    assert_eq!(begin(13, 13).await.unwrap(), None);
}
