//! Events: kept once, changed by what comes later, gone with their source.

use api::{Instant, Occurrence, SourceId};
use store::StoreError;

use crate::harness::{Home, a_source, at, on_both};

on_both!(
    the_same_alert_is_kept_once_and_changed,
    what_lasts_comes_first_then_the_newest,
    a_range_has_what_touches_it_the_latest_first,
    events_go_with_their_source_and_with_time,
);

fn an_event(source: &SourceId, fingerprint: &str, starts: i64) -> Occurrence {
    Occurrence {
        source: source.clone(),
        source_name: "Source a".into(),
        fingerprint: fingerprint.into(),
        name: "Down".into(),
        severity: "page".into(),
        firing: true,
        starts_at: at(starts),
        ends_at: None,
        labels: vec![("alertname".into(), "Down".into())],
        annotations: vec![("summary".into(), "It is \"down\"\u{0}.".into())],
        generator_url: "http://p/graph".into(),
        received_at: at(starts),
    }
}

async fn the_same_alert_is_kept_once_and_changed(Home { store, .. }: Home) {
    let source = store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let first = an_event(&source, "f", 1);
    let none = Instant(i64::MIN);
    for _ in 0..2 {
        let twice = [first.clone(), first.clone()];
        store.put_events(&source, &twice, none).await.unwrap();
    }
    assert_eq!(store.events(9).await.unwrap(), std::slice::from_ref(&first));
    let over = Occurrence {
        firing: false,
        ends_at: Some(at(5)),
        received_at: at(6),
        ..first.clone()
    };
    store
        .put_events(&source, std::slice::from_ref(&over), none)
        .await
        .unwrap();
    assert_eq!(store.events(9).await.unwrap(), [over]);
    // Another beginning is another occurrence.
    store
        .put_events(&source, &[an_event(&source, "f", 7)], none)
        .await
        .unwrap();
    assert_eq!(store.events(9).await.unwrap().len(), 2);
}

async fn a_range_has_what_touches_it_the_latest_first(Home { store, .. }: Home) {
    let source = store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let over = |fingerprint: &str, starts: i64, ends: i64| Occurrence {
        firing: false,
        ends_at: Some(at(ends)),
        ..an_event(&source, fingerprint, starts)
    };
    let lasts = an_event(&source, "lasts", 2);
    let events = [
        over("before", 1, 10),
        over("into", 5, 11),
        over("after", 20, 21),
        lasts,
    ];
    let none = Instant(i64::MIN);
    store.put_events(&source, &events, none).await.unwrap();
    let range = api::Range {
        from: at(10),
        to: at(20),
    };
    let found = store.events_within(range, 9).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| one.fingerprint.as_str()).collect();
    assert_eq!(found, ["into", "lasts"]);
    assert_eq!(store.events_within(range, 1).await.unwrap().len(), 1);
}

async fn what_lasts_comes_first_then_the_newest(Home { store, .. }: Home) {
    let source = store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let over = |starts| Occurrence {
        firing: false,
        ..an_event(&source, "over", starts)
    };
    let events = [over(8), an_event(&source, "f", 1), over(9)];
    store
        .put_events(&source, &events, Instant(i64::MIN))
        .await
        .unwrap();
    let order: Vec<_> = store.events(9).await.unwrap();
    let order: Vec<_> = order.iter().map(|e| e.starts_at).collect();
    assert_eq!(order, [at(1), at(9), at(8)]);
    assert_eq!(store.events(1).await.unwrap().len(), 1);
}

async fn events_go_with_their_source_and_with_time(home: Home) {
    let store = &home.store;
    let source = store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let old = an_event(&source, "old", 1);
    store.put_events(&source, &[old], at(0)).await.unwrap();
    let new = an_event(&source, "new", 9);
    store.put_events(&source, &[new], at(5)).await.unwrap();
    assert_eq!(store.events(9).await.unwrap().len(), 1);
    store.delete_source(&source).await.unwrap();
    assert_eq!(store.events(9).await.unwrap(), []);
    assert_eq!(home.count("select count(*) from event").await, 0);
    let late = store
        .put_events(&source, &[an_event(&source, "late", 1)], at(0))
        .await;
    assert!(matches!(late, Err(StoreError::Missing)));
}
