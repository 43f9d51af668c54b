//! Sources: made once, counted, removed with all they have.

use api::{ForecastState, Instant, Range, SourceId, SourceKind, WhyUnknown};
use store::{Arrival, NewSource, StoreError, StoredForecast};

use crate::harness::{Home, a_series, a_source, at, filled, on_both};

on_both!(
    the_same_key_is_the_same_source,
    a_source_counts_what_came_in,
    silence_is_a_gap_of_what_should_come,
    a_removed_source_takes_all_it_has_and_nothing_else,
    a_removal_that_a_crash_cut_short_is_completed,
    only_the_demo_company_goes,
);

const EVER: Range = Range {
    from: Instant(0),
    to: Instant(i64::MAX),
};

async fn the_same_key_is_the_same_source(Home { store, .. }: Home) {
    let first = store.upsert_source(&a_source("b"), at(0)).await.unwrap();
    store.upsert_source(&a_source("a"), at(0)).await.unwrap();
    let again = NewSource {
        name: "zebra\0".into(),
        expected_every_seconds: None,
        kind: SourceKind::Host,
        ..a_source("b")
    };
    assert_eq!(store.upsert_source(&again, at(9)).await.unwrap(), first);
    let all = store.sources().await.unwrap();
    assert_eq!(
        all.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
        ["Source a", "zebra "]
    );
    let source = &all[1];
    assert_eq!((source.kind, source.created_at), (SourceKind::Push, at(0)));
    assert_eq!((source.expected_every_seconds, source.series), (None, 0));
    assert_eq!(all[0].expected_every_seconds, Some(60));
    assert_eq!(store.source(&first).await.unwrap().as_ref(), Some(source));
    assert_eq!(store.source(&"none".into()).await.unwrap(), None);
}

async fn a_source_counts_what_came_in(Home { store, .. }: Home) {
    let (id, _) = filled(&store, "a", 3).await;
    let first = Arrival {
        accepted: 10,
        duplicates: 3,
        late: 1,
        refused: 2,
        last_refusal: Some("no number".into()),
    };
    let one = Arrival {
        accepted: 1,
        ..Arrival::default()
    };
    store.bump_source(&id, &first, at(5)).await.unwrap();
    store.bump_source(&id, &one, at(4)).await.unwrap();
    let source = store.source(&id).await.unwrap().unwrap();
    assert_eq!((source.accepted, source.refused, source.series), (11, 2, 3));
    assert_eq!((source.duplicates, source.late), (3, 1));
    assert_eq!(source.last_refusal.as_deref(), Some("no number"));
    assert_eq!(source.last_seen_at, Some(at(5)));
    let gone = store.bump_source(&"none".into(), &one, at(1)).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

async fn silence_is_a_gap_of_what_should_come(Home { store, .. }: Home) {
    let now = at(0);
    let make = async |key: &str, kind: SourceKind, expected_every_seconds: Option<u32>| {
        let source = NewSource {
            external_key: key.into(),
            name: key.into(),
            kind,
            demo: false,
            expected_every_seconds,
        };
        store.upsert_source(&source, now).await.unwrap()
    };
    let one = Arrival {
        accepted: 1,
        ..Arrival::default()
    };
    let seen = async |id: &SourceId, instants: &[Instant]| {
        for instant in instants {
            store.bump_source(id, &one, *instant).await.unwrap();
        }
        let source = store.source(id).await.unwrap().unwrap();
        (source.gaps, source.last_gap)
    };
    let gap = |from, to| Some(Range { from, to });
    let s = Instant::from_seconds;
    let each_ten = make("a", SourceKind::Host, Some(10)).await;
    assert_eq!(seen(&each_ten, &[s(100), s(130)]).await, (0, None));
    let twice = seen(&each_ten, &[s(161), s(150), s(200)]).await;
    assert_eq!(twice, (2, gap(s(161), s(200))));
    let any = make("b", SourceKind::Push, None).await;
    assert_eq!(seen(&any, &[s(100), s(400)]).await, (0, None));
    assert_eq!(seen(&any, &[s(701)]).await, (1, gap(s(400), s(701))));
    let file = make("c", SourceKind::File, None).await;
    assert_eq!(seen(&file, &[s(100), s(9_000)]).await, (0, None));
}

async fn a_removed_source_takes_all_it_has_and_nothing_else(home: Home) {
    let store = &home.store;
    let (doomed, theirs) = filled(store, "a", 2).await;
    let (kept, others) = filled(store, "b", 1).await;
    // More than one slice.
    let many: Vec<_> = (0..45_000).map(|i| (&theirs[0], at(i), 1.0)).collect();
    store.record(&many, at(0)).await.unwrap();
    store
        .record(&[(&theirs[1], at(1), 1.0), (&others[0], at(1), 1.0)], at(0))
        .await
        .unwrap();
    let forecast = StoredForecast {
        made_at: at(0),
        known_until: None,
        next_at: at(0),
        input_hash: None,
        state: ForecastState::Unknown {
            why: WhyUnknown::NoData,
        },
    };
    store.put_forecast(&theirs[0], &forecast).await.unwrap();

    assert!(store.delete_source(&doomed).await.unwrap());
    assert!(!store.delete_source(&doomed).await.unwrap());
    assert_eq!(home.count("select count(*) from sample").await, 1);
    assert_eq!(home.count("select count(*) from series").await, 1);
    assert_eq!(home.count("select count(*) from forecast").await, 0);
    assert_eq!(store.sources().await.unwrap().len(), 1);
    assert_eq!(store.count(&others[0], EVER).await.unwrap(), 1);
    assert!(store.source(&kept).await.unwrap().is_some());
    // Its samples have no place any more, and it may come again.
    let stats = store
        .record(&[(&theirs[0], at(1), 1.0)], at(0))
        .await
        .unwrap();
    assert_eq!((stats.new, stats.ignored), (0, 1));
    let late = store.resolve_series(&doomed, &[a_series("x")], at(1)).await;
    assert!(matches!(late, Err(StoreError::Missing)));
    assert!(matches!(
        store.put_forecast(&theirs[0], &forecast).await,
        Err(StoreError::Missing)
    ));
    assert_ne!(
        store.upsert_source(&a_source("a"), at(2)).await.unwrap(),
        doomed
    );
}

async fn a_removal_that_a_crash_cut_short_is_completed(home: Home) {
    let store = &home.store;
    let (id, series) = filled(store, "a", 1).await;
    store
        .record(&[(&series[0], at(1), 1.0)], at(0))
        .await
        .unwrap();
    home.sql("update source set deleting = true, external_key = null")
        .await;
    assert_eq!(store.sources().await.unwrap(), []);
    assert_eq!(store.source(&id).await.unwrap(), None);
    assert_eq!(store.series(&series[0]).await.unwrap(), None);
    assert_eq!(store.all_series_ids().await.unwrap(), []);
    assert_eq!(store.due(at(9), 9).await.unwrap(), []);
    assert_eq!(store.finish_deletions().await.unwrap(), 1);
    assert_eq!(store.finish_deletions().await.unwrap(), 0);
    assert_eq!(home.count("select count(*) from sample").await, 0);
    assert_eq!(home.count("select count(*) from source").await, 0);
}

async fn only_the_demo_company_goes(home: Home) {
    let store = &home.store;
    let demo = NewSource {
        demo: true,
        kind: SourceKind::Demo,
        ..a_source("demo")
    };
    let demo = store.upsert_source(&demo, at(0)).await.unwrap();
    let ids = store
        .resolve_series(&demo, &[a_series("x")], at(0))
        .await
        .unwrap();
    store.record(&[(&ids[0], at(1), 1.0)], at(0)).await.unwrap();
    assert!(store.series(&ids[0]).await.unwrap().unwrap().demo);
    let (real, _) = filled(store, "real", 1).await;
    assert_eq!(store.delete_demo().await.unwrap(), 1);
    assert_eq!(store.delete_demo().await.unwrap(), 0);
    assert_eq!(home.count("select count(*) from sample").await, 0);
    let left: Vec<_> = store
        .sources()
        .await
        .unwrap()
        .into_iter()
        .map(|s| s.id)
        .collect();
    assert_eq!(left, [real]);
}
