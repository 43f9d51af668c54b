//! Targets: added as sources, changed, left alone, and removed with them.

use api::{ScrapeState, SourceId, SourceKind};
use store::{NewTarget, StoreError};

use crate::harness::{Home, at, on_both};

on_both!(
    a_target_is_a_source_and_goes_with_it,
    a_change_counts_and_forgets_how_it_went,
    nothing_is_expected_of_a_target_that_is_left_alone,
);

fn a_target<'a>() -> NewTarget<'a> {
    NewTarget {
        name: "db-1",
        url: "http://db-1:9100/metrics",
        interval_seconds: 15,
        timeout_seconds: 10,
        token: Some("s3cret"),
        ca: None,
        verify: true,
    }
}

async fn a_target_is_a_source_and_goes_with_it(home: Home) {
    let store = &home.store;
    let id = SourceId(store::new_id(at(0)));
    store.insert_target(&id, &a_target(), at(0)).await.unwrap();
    let other = NewTarget {
        name: "another",
        token: None,
        ca: Some("-----BEGIN"),
        verify: false,
        ..a_target()
    };
    let another = SourceId(store::new_id(at(0)));
    store.insert_target(&another, &other, at(0)).await.unwrap();
    let all = store.targets().await.unwrap();
    assert_eq!(
        all.iter().map(|t| &t.target.name).collect::<Vec<_>>(),
        ["another", "db-1"]
    );
    assert_eq!(
        (all[0].target.has_token, all[0].target.verify),
        (false, false)
    );
    assert_eq!(all[0].target.ca.as_deref(), Some("-----BEGIN"));
    let kept = store.target(&id).await.unwrap().unwrap();
    assert_eq!(&kept, &all[1]);
    assert_eq!(kept.token.as_deref(), Some("s3cret"));
    assert!(!format!("{kept:?} {:?}", a_target()).contains("s3cret"));
    assert_eq!(kept.target.state, ScrapeState::Waiting);
    let source = store.source(&id).await.unwrap().unwrap();
    assert_eq!(
        (source.kind, source.expected_every_seconds),
        (SourceKind::Scrape, Some(15))
    );
    assert!(store.delete_source(&id).await.unwrap());
    assert_eq!(store.target(&id).await.unwrap(), None);
    assert_eq!(home.count("select count(*) from scrape_target").await, 1);
}

async fn a_change_counts_and_forgets_how_it_went(Home { store, .. }: Home) {
    let id = SourceId(store::new_id(at(0)));
    store.insert_target(&id, &a_target(), at(0)).await.unwrap();
    let up = ScrapeState::Up { series: 7 };
    store.put_scrape_state(&id, 1, &up).await.unwrap();
    assert_eq!(store.target(&id).await.unwrap().unwrap().target.state, up);
    let changed = NewTarget {
        name: "db\0two",
        url: "https://db-2/metrics",
        interval_seconds: 60,
        token: None,
        ..a_target()
    };
    store.change_target(&id, &changed).await.unwrap();
    let kept = store.target(&id).await.unwrap().unwrap();
    assert_eq!((kept.revision, kept.token.as_deref()), (2, None));
    assert_eq!(kept.target.state, ScrapeState::Waiting);
    assert_eq!(kept.target.name, "db two");
    let source = store.source(&id).await.unwrap().unwrap();
    assert_eq!(
        (source.name.as_str(), source.expected_every_seconds),
        ("db two", Some(60))
    );
    // A scrape that began before the change says nothing about what is scraped now.
    store.put_scrape_state(&id, 1, &up).await.unwrap();
    let kept = store.target(&id).await.unwrap().unwrap();
    assert_eq!(kept.target.state, ScrapeState::Waiting);
    let down = ScrapeState::Down {
        why: "Nothing listens there.".into(),
    };
    store.put_scrape_state(&id, 2, &down).await.unwrap();
    assert_eq!(store.target(&id).await.unwrap().unwrap().target.state, down);
    let gone = store.change_target(&"none".into(), &changed).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

async fn nothing_is_expected_of_a_target_that_is_left_alone(Home { store, .. }: Home) {
    let id = SourceId(store::new_id(at(0)));
    store.insert_target(&id, &a_target(), at(0)).await.unwrap();
    store.pause_target(&id, true).await.unwrap();
    let kept = store.target(&id).await.unwrap().unwrap();
    assert_eq!((kept.target.paused, kept.revision), (true, 2));
    let expected = async || {
        let source = store.source(&id).await.unwrap().unwrap();
        source.expected_every_seconds
    };
    assert_eq!(expected().await, None);
    store.change_target(&id, &a_target()).await.unwrap();
    assert_eq!(expected().await, None);
    store.pause_target(&id, false).await.unwrap();
    assert_eq!(expected().await, Some(15));
    assert!(matches!(
        store.pause_target(&"none".into(), true).await,
        Err(StoreError::Missing)
    ));
}
