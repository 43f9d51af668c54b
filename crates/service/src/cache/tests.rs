//! What is kept and for how long, who computes, and what is never kept.

use std::sync::atomic::AtomicU32;

use api::{Curve, Curves, Instant, Point, Range};
use futures::future::join_all;
use store::DatabaseUrl;

use super::*;

/// A cache with these settings; its store lies in a folder that is gone already.
async fn cache_with(settings: CacheSettings) -> Cache {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::in_folder(folder.path());
    let store = Store::open(&url, folder.path()).await.unwrap();
    Cache::new(settings, &store)
}

async fn cache() -> Cache {
    cache_with(CacheSettings::default()).await
}

fn key(what: &str) -> Key {
    Key::of(CacheArea::Metrics, "test").with(what)
}

/// Asks; computes the number of times that anything was computed.
async fn ask(cache: &Cache, key: impl Into<Option<Key>>, computed: &AtomicU32) -> u32 {
    let compute = || async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok::<_, String>(Fresh::Keep(computed.fetch_add(1, Ordering::SeqCst) + 1))
    };
    Box::pin(cache.get(key.into(), compute)).await.unwrap()
}

fn used(report: &CacheReport, area: CacheArea) -> (u64, u64) {
    let found = report.areas.iter().find(|one| one.area == area).unwrap();
    (found.hits, found.misses)
}

#[tokio::test]
async fn the_second_who_asks_gets_what_was_computed_for_the_first() {
    let (cache, computed) = (cache().await, AtomicU32::new(0));
    let (first, served) = watching(ask(&cache, key("a"), &computed)).await;
    assert_eq!((first, served), (1, Some(Served::Miss)));
    let (second, served) = watching(ask(&cache, key("a"), &computed)).await;
    assert_eq!((second, served), (1, Some(Served::Hit)));
    assert_eq!(ask(&cache, key("b"), &computed).await, 2);
    assert_eq!(ask(&cache, None::<Key>, &computed).await, 3);
    let report = cache.report().await;
    assert_eq!(used(&report, CacheArea::Metrics), (1, 2));
    assert_eq!(report.areas[0].entries, 2);
    assert_eq!(used(&report, CacheArea::Models), (0, 0));
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_computes() {
    let (cache, computed) = (cache().await, AtomicU32::new(0));
    let many = (0..20).map(|_| ask(&cache, key("a"), &computed));
    assert_eq!(join_all(many).await, [1; 20]);
}

#[tokio::test]
async fn errors_and_what_is_for_one_alone_are_not_kept() {
    let cache = cache().await;
    for expected in 1..3 {
        let failed = || async { Err::<Fresh<u32>, _>(format!("no {expected}")) };
        let told = cache.get(Some(key("error")), failed).await;
        assert_eq!(told, Err(format!("no {expected}")));
        let once = || async { Ok::<_, String>(Fresh::Once(expected)) };
        assert_eq!(cache.get(Some(key("once")), once).await, Ok(expected));
    }
    assert_eq!(used(&cache.report().await, CacheArea::Metrics), (0, 4));
}

#[tokio::test]
async fn who_computed_while_something_changed_leaves_nothing_that_is_old() {
    let (cache, computed) = (cache().await, AtomicU32::new(0));
    let change = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        cache.hear(&Event::Changed {
            topic: Topic::Caches,
            id: Some("metrics".into()),
        });
    };
    let (first, ()) = tokio::join!(ask(&cache, key("a"), &computed), change);
    assert_eq!(first, 1);
    assert_eq!(ask(&cache, key("a"), &computed).await, 2);
    cache.hear(&Event::Reset);
    assert_eq!(ask(&cache, key("a"), &computed).await, 3);
}

#[tokio::test]
async fn events_make_stale_what_rests_on_them_and_nothing_else() {
    let (cache, computed) = (cache().await, AtomicU32::new(0));
    let key = |area| Some(Key::of(area, "test"));
    ask(&cache, key(CacheArea::Alerts), &computed).await;
    ask(&cache, key(CacheArea::Models), &computed).await;
    let told = |topic, id: Option<&str>| {
        let id = id.map(str::to_owned);
        cache.hear(&Event::Changed { topic, id });
    };
    for topic in [Topic::Jobs, Topic::Metrics, Topic::Forecasts, Topic::Series] {
        told(topic, None);
    }
    assert_eq!(ask(&cache, key(CacheArea::Alerts), &computed).await, 1);
    told(Topic::Findings, None);
    assert_eq!(ask(&cache, key(CacheArea::Alerts), &computed).await, 3);
    // A title.
    told(Topic::Forecasts, Some("series"));
    assert_eq!(ask(&cache, key(CacheArea::Alerts), &computed).await, 4);
    told(Topic::Caches, Some("of a newer server"));
    assert_eq!(ask(&cache, key(CacheArea::Alerts), &computed).await, 4);
    assert_eq!(ask(&cache, key(CacheArea::Models), &computed).await, 2);
}

#[tokio::test]
async fn who_does_not_hear_the_others_keeps_nothing_that_they_may_change() {
    let (cache, computed) = (cache().await, AtomicU32::new(0));
    let alerts = || Some(Key::of(CacheArea::Alerts, "test"));
    cache.deafen();
    assert_eq!(ask(&cache, alerts(), &computed).await, 1);
    assert_eq!(ask(&cache, alerts(), &computed).await, 2);
    assert_eq!(ask(&cache, key("a"), &computed).await, 3);
    assert_eq!(ask(&cache, key("a"), &computed).await, 3);
    cache.listen();
    assert_eq!(ask(&cache, alerts(), &computed).await, 4);
    assert_eq!(ask(&cache, alerts(), &computed).await, 4);
}

#[tokio::test]
async fn an_area_that_is_switched_off_keeps_nothing_and_counts_nothing() {
    let off = CacheSettings {
        metrics: Duration::ZERO,
        ..CacheSettings::default()
    };
    let (cache, computed) = (cache_with(off).await, AtomicU32::new(0));
    ask(&cache, key("a"), &computed).await;
    let (again, served) = watching(ask(&cache, key("a"), &computed)).await;
    assert_eq!((again, served), (2, None));
    assert_eq!(used(&cache.report().await, CacheArea::Metrics), (0, 0));
}

#[tokio::test]
async fn what_is_too_old_is_computed_anew() {
    let short = CacheSettings {
        metrics: Duration::from_millis(100),
        ..CacheSettings::default()
    };
    let (cache, computed) = (cache_with(short).await, AtomicU32::new(0));
    assert_eq!(ask(&cache, key("a"), &computed).await, 1);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(ask(&cache, key("a"), &computed).await, 2);
}

#[tokio::test]
async fn memory_has_a_bound() {
    let small = CacheSettings {
        most_bytes: 20_000,
        ..CacheSettings::default()
    };
    let cache = cache_with(small).await;
    for i in 0..100 {
        let long = || async { Ok::<_, String>(Fresh::Keep("x".repeat(1_000))) };
        cache.get(Some(key(&i.to_string())), long).await.unwrap();
    }
    let report = cache.report().await;
    assert!(report.areas[0].bytes <= 20_000, "{report:?}");
    assert!(report.areas[0].entries < 20, "{report:?}");
}

/// Who changes these bytes counts `second::LAYOUT` on: another version may have written what is read.
#[test]
fn what_is_kept_has_the_layout_that_other_versions_know() {
    let curves = Curves {
        range: Range {
            from: Instant(1),
            to: Instant(2),
        },
        step_seconds: 1.0,
        curves: vec![Curve {
            name: "u".into(),
            points: vec![Point {
                at: Instant(3),
                value: Some(1.0),
            }],
        }],
        total: 1,
    };
    let one = 1.0_f64.to_le_bytes();
    let expected = [&[2, 4][..], &one, &[1, 1, b'u', 1, 6, 1], &one, &[1]].concat();
    assert_eq!(postcard::to_allocvec(&curves).unwrap(), expected);
    assert_eq!(postcard::to_allocvec("ab").unwrap(), [2, b'a', b'b']);
    let preview = (vec![1_u32, 2], 1.0_f64);
    let expected = [&[2, 1, 2][..], &one].concat();
    assert_eq!(postcard::to_allocvec(&preview).unwrap(), expected);
}
