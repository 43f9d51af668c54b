//! Series: made once, found, changed.

use api::{Aggregation, Direction, Domain, Limit, Series, SeriesChange, SeriesFilter, Stake, Unit};
use store::{NewSeries, Store, StoreError};

use crate::harness::{Home, a_series, a_source, at, filled, on_both};

on_both!(
    a_series_reads_back_as_it_was_made,
    making_series_again_changes_nothing_that_people_changed,
    two_that_make_the_same_series_get_the_same,
    every_word_must_occur_and_a_label_must_be_whole,
    pages_are_by_title_and_know_the_total,
    limits_are_set_counted_and_removed,
);

const FULL: Limit = Limit {
    value: 90.0,
    direction: Direction::Rising,
};

fn disk() -> NewSeries {
    NewSeries {
        name: "disk_used_percent".into(),
        title: "/var on db-1".into(),
        labels: vec![
            ("mount".into(), "/var".into()),
            ("host".into(), "DB-1".into()),
        ],
        unit: Unit::Percent,
        aggregation: Aggregation::Mean,
        domain: Domain::Machine,
        non_negative: true,
        limit: Some(FULL),
        stake: Some(Stake::Money {
            minor: 5,
            currency: "EUR".into(),
        }),
        ..a_series("disk")
    }
}

async fn a_series_reads_back_as_it_was_made(Home { store, .. }: Home) {
    let source = store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let ids = store
        .resolve_series(&source, &[disk()], at(0))
        .await
        .unwrap();
    let expected = Series {
        id: ids[0].clone(),
        source_id: source,
        source_name: "Source a".into(),
        name: "disk_used_percent".into(),
        title: "/var on db-1".into(),
        labels: vec![
            ("host".into(), "DB-1".into()),
            ("mount".into(), "/var".into()),
        ],
        unit: Unit::Percent,
        aggregation: Aggregation::Mean,
        domain: Domain::Machine,
        non_negative: true,
        limit: Some(FULL),
        stake: Some(Stake::Money {
            minor: 5,
            currency: "EUR".into(),
        }),
        demo: false,
        last: None,
        first_at: None,
        stale_since: None,
    };
    assert_eq!(store.series(&ids[0]).await.unwrap(), Some(expected.clone()));
    assert_eq!(
        store
            .series_of(&[ids[0].clone(), "none".into()])
            .await
            .unwrap(),
        [expected]
    );
    assert_eq!(store.series(&"none".into()).await.unwrap(), None);
}

async fn making_series_again_changes_nothing_that_people_changed(Home { store, .. }: Home) {
    let source = store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let first = store
        .resolve_series(&source, &[disk()], at(0))
        .await
        .unwrap();
    let change = SeriesChange {
        title: "Database disk".into(),
        unit: "EUR".into(),
        aggregation: Aggregation::Last,
    };
    store
        .change_series(&first[0], &change, at(1))
        .await
        .unwrap();
    store.set_limit(&first[0], None, at(2)).await.unwrap();
    let new = [a_series("other"), disk(), a_series("other")];
    let again = store.resolve_series(&source, &new, at(3)).await.unwrap();
    assert_eq!(again[1], first[0]);
    assert_eq!(again[0], again[2]);
    let series = store.series(&first[0]).await.unwrap().unwrap();
    assert_eq!(
        (series.title.as_str(), series.limit),
        ("Database disk", None)
    );
    assert_eq!(
        (series.unit, series.aggregation),
        (Unit::Money("EUR".into()), Aggregation::Last)
    );
    assert_eq!(
        store.all_series_ids().await.unwrap(),
        [again[1].clone(), again[0].clone()]
    );
    assert_eq!(store.resolve_series(&source, &[], at(4)).await.unwrap(), []);
    let gone = store.change_series(&"none".into(), &change, at(1)).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

async fn two_that_make_the_same_series_get_the_same(home: Home) {
    let source = home
        .store
        .upsert_source(&a_source("a"), at(0))
        .await
        .unwrap();
    let other = home.open_again().await;
    let new: Vec<NewSeries> = (0..50).map(|i| a_series(&i.to_string())).collect();
    let (one, two) = tokio::join!(
        home.store.resolve_series(&source, &new, at(0)),
        other.resolve_series(&source, &new, at(0))
    );
    assert_eq!(one.unwrap(), two.unwrap());
    other.close().await;
}

async fn titles(store: &Store, text: &str) -> Vec<String> {
    let filter = SeriesFilter {
        text: text.into(),
        ..SeriesFilter::default()
    };
    let (found, total) = store.list(&filter).await.unwrap();
    assert_eq!(found.len(), total as usize);
    found.into_iter().map(|s| s.title).collect()
}

async fn every_word_must_occur_and_a_label_must_be_whole(Home { store, .. }: Home) {
    let source = store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let labelled = |key: &str, host: &str| NewSeries {
        title: format!("Disk ÄÖ {key}"),
        labels: vec![
            ("host".into(), host.into()),
            ("city".into(), "New York".into()),
        ],
        ..a_series(key)
    };
    let new = [
        labelled("one", "db-1"),
        labelled("two", "db-10"),
        a_series("50%_x"),
    ];
    store.resolve_series(&source, &new, at(0)).await.unwrap();
    for (text, expected) in [
        ("disk", vec!["Disk ÄÖ one", "Disk ÄÖ two"]),
        ("äö TWO", vec!["Disk ÄÖ two"]),
        ("db-1", vec!["Disk ÄÖ one", "Disk ÄÖ two"]),
        ("host=db-1", vec!["Disk ÄÖ one"]),
        ("Host=DB-1 disk", vec!["Disk ÄÖ one"]),
        ("host=db", vec![]),
        ("city=\"new york\" two", vec!["Disk ÄÖ two"]),
        ("source metric one", vec!["Disk ÄÖ one"]),
        ("0%_", vec!["Series 50%_x"]),
        ("_%", vec![]),
        ("disk nothing", vec![]),
        ("\0'\"\\", vec![]),
    ] {
        assert_eq!(titles(&store, text).await, expected, "{text}");
    }
    assert_eq!(titles(&store, "  ").await.len(), 3);
}

async fn pages_are_by_title_and_know_the_total(Home { store, .. }: Home) {
    let (first, _) = filled(&store, "a", 5).await;
    filled(&store, "b", 2).await;
    let filter = SeriesFilter {
        source: Some(first),
        offset: 3,
        limit: 4,
        ..SeriesFilter::default()
    };
    let (found, total) = store.list(&filter).await.unwrap();
    let titles: Vec<_> = found.iter().map(|s| s.title.as_str()).collect();
    assert_eq!((titles, total), (vec!["Series 3", "Series 4"], 5));
    let (found, total) = store
        .list(&SeriesFilter {
            offset: 99,
            ..filter
        })
        .await
        .unwrap();
    assert_eq!((found.len(), total), (0, 5));
    let (found, total) = store.list(&SeriesFilter::default()).await.unwrap();
    assert_eq!((found.len(), total), (7, 7));
}

async fn limits_are_set_counted_and_removed(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 3).await;
    assert_eq!(store.count_without_limit(None).await.unwrap(), 3);
    let low = Limit {
        value: 0.0,
        direction: Direction::Falling,
    };
    store.set_limit(&ids[1], Some(low), at(1)).await.unwrap();
    let found = store.with_limits().await.unwrap();
    assert_eq!(
        found.iter().map(|s| (&s.id, s.limit)).collect::<Vec<_>>(),
        [(&ids[1], Some(low))]
    );
    assert_eq!(
        store
            .count_without_limit(Some(Domain::Machine))
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        store
            .count_without_limit(Some(Domain::Business))
            .await
            .unwrap(),
        0
    );
    store.set_limit(&ids[1], None, at(2)).await.unwrap();
    assert_eq!(store.with_limits().await.unwrap(), []);
    let gone = store.set_limit(&"none".into(), None, at(2)).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}
