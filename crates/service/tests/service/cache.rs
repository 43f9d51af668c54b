//! The caches through the operations: what is answered twice is computed once, and after a change the next
//! answer is new, on one server and on two.

use std::sync::Arc;
use std::time::Duration;

use api::{
    CacheArea, CacheRedis, CacheUse, CalendarChange, Caller, EntryKind, Error, FindingFilter,
    Instant, MetricsQuestion, Range, Services, Touches,
};
use fakes::FixedClock;
use service::{Bus, CacheSettings, Hub, Relay, Served, Settings, watching};
use store::metrics::ChunkStore;
use store::{Channel, DatabaseUrl, RedisUrl, Store};

use crate::home::{NOW_S, home, influx, key};
use crate::peers::redis::{PASSWORD, Redis};

const DAY_S: i64 = 86_400;

fn admin() -> Caller {
    Caller::system("test")
}

/// Asks the metrics; answers in JSON, and says whether the answer was there.
async fn ask(services: &Services, question: MetricsQuestion) -> (String, Option<Served>) {
    let reader = key("reader");
    let asked = services.metrics.ask(&reader, question);
    let (answer, served) = watching(asked).await;
    (answer.unwrap().unwrap(), served)
}

fn names() -> MetricsQuestion {
    MetricsQuestion::LabelValues {
        name: "__name__".into(),
        matches: Vec::new(),
        within: api::Stretch::default(),
    }
}

/// From two days ago to that many seconds ago.
fn range(query: &str, ago_s: i64) -> MetricsQuestion {
    MetricsQuestion::Range {
        query: query.into(),
        from_ms: (NOW_S - 2 * DAY_S) * 1_000,
        to_ms: (NOW_S - ago_s) * 1_000,
        step_ms: 60_000,
    }
}

async fn used(services: &Services, area: CacheArea) -> CacheUse {
    let report = services.caches.caches(&admin()).await.unwrap();
    let found = report.areas.into_iter().find(|one| one.area == area);
    found.unwrap()
}

#[tokio::test]
async fn a_list_of_names_is_computed_once_until_a_series_comes_or_goes() {
    let home = home().await;
    let services = &home.services;
    assert_eq!(home.push("one", &format!("m value=1 {NOW_S}")).await, 204);
    let first = ask(services, names()).await;
    assert_eq!(first, (r#"["m_value"]"#.into(), Some(Served::Miss)));
    // More samples of what is known change nothing.
    let line = format!("m value=2 {}", NOW_S + 1);
    assert_eq!(home.push("one", &line).await, 204);
    assert_eq!(ask(services, names()).await.1, Some(Served::Hit));
    assert_eq!(home.push("two", &format!("n value=1 {NOW_S}")).await, 204);
    let fresh = ask(services, names()).await;
    assert_eq!(
        fresh,
        (r#"["m_value","n_value"]"#.into(), Some(Served::Miss))
    );
    let sources = services.sources.list(&admin()).await.unwrap();
    let (two, _) = sources
        .into_iter()
        .find(|(one, _)| one.name == "two")
        .unwrap();
    let removed = services.sources.remove(&admin(), &two.id, "two").await;
    removed.unwrap();
    // What there was before is there again, and so is its answer.
    let back = ask(services, names()).await;
    assert_eq!(back.0, r#"["m_value"]"#);
    let known = used(services, CacheArea::Metrics).await;
    assert_eq!(known.hits + known.misses, 4);
    assert!(known.lifetime_seconds == 300 && known.entries > 0 && known.bytes > 0);
}

#[tokio::test]
async fn an_expression_over_the_past_is_computed_once_until_something_comes_late() {
    let home = home().await;
    let services = &home.services;
    let then = NOW_S - DAY_S;
    let lines = format!("m,a=1 value=1 {then}\nm,a=1 value=1 {NOW_S}");
    assert_eq!(home.push("one", &lines).await, 204);
    let past = || range("sum(m_value)", DAY_S / 2);
    let first = ask(services, past()).await;
    assert_eq!(first.1, Some(Served::Miss));
    assert_eq!(
        ask(services, past()).await,
        (first.0.clone(), Some(Served::Hit))
    );
    // On its usual way.
    let line = format!("m,a=1 value=5 {}", NOW_S + 1);
    assert_eq!(home.push("one", &line).await, 204);
    assert_eq!(ask(services, past()).await.1, Some(Served::Hit));
    // A series that nobody knew may begin whenever it likes.
    let line = format!("m,a=2 value=41 {then}");
    assert_eq!(home.push("one", &line).await, 204);
    let (fresh, served) = ask(services, past()).await;
    assert_eq!(served, Some(Served::Miss));
    assert!(fresh != first.0 && fresh.contains("\"42\""), "{fresh}");
}

#[tokio::test]
async fn what_reaches_the_present_is_computed_each_time() {
    let home = home().await;
    let services = &home.services;
    assert_eq!(home.push("one", &format!("m value=1 {NOW_S}")).await, 204);
    for ago in [0, 60, 3_600] {
        let now = || range("m_value", ago);
        ask(services, now()).await;
        assert_eq!(ask(services, now()).await.1, None, "{ago}");
    }
    // The end lies far back, and what is asked for does not.
    for _ in 0..2 {
        let ahead = ask(services, range("m_value offset -1d", DAY_S)).await;
        assert_eq!(ahead.1, Some(Served::Miss));
    }
    assert_eq!(used(services, CacheArea::Metrics).await.entries, 0);
    // Some hours later it is the past.
    home.clock.set(Instant::from_seconds(NOW_S + 3 * 3_600));
    ask(services, range("m_value", 0)).await;
    let past = ask(services, range("m_value", 0)).await;
    assert_eq!(past.1, Some(Served::Hit));
}

#[tokio::test]
async fn curves_are_as_exact_out_of_the_cache_as_they_were() {
    let home = home().await;
    let then = NOW_S - DAY_S;
    let line = format!("m value=0.30000000000000004 {then}");
    assert_eq!(home.push("one", &line).await, 204);
    let range = Range {
        from: Instant::from_seconds(then - 60),
        to: Instant::from_seconds(then + 60),
    };
    let metrics = &home.services.metrics;
    let reader = key("reader");
    let draw = || watching(metrics.curves(&reader, "m_value", range));
    let (first, served) = draw().await;
    assert_eq!(served, Some(Served::Miss));
    let (again, served) = draw().await;
    assert_eq!(served, Some(Served::Hit));
    assert_eq!(again, first);
    assert!(
        first.unwrap().curves[0]
            .points
            .iter()
            .any(|point| point.value.is_some())
    );
}

#[tokio::test]
async fn who_may_not_ask_is_refused_whatever_is_there() {
    let home = home().await;
    let services = &home.services;
    ask(services, names()).await;
    let nobody = Caller::nobody("test");
    let refused = services.metrics.ask(&nobody, names()).await;
    assert_eq!(refused, Err(Error::Unauthenticated));
    let before = used(services, CacheArea::Metrics).await;
    assert_eq!((before.hits, before.misses), (0, 1));
}

#[tokio::test]
async fn what_is_emptied_is_computed_anew() {
    let home = home().await;
    let services = &home.services;
    ask(services, names()).await;
    let empty = |area| async move { services.caches.empty_caches(&admin(), area).await };
    empty(Some(CacheArea::Models)).await.unwrap();
    assert_eq!(ask(services, names()).await.1, Some(Served::Hit));
    empty(None).await.unwrap();
    assert_eq!(ask(services, names()).await.1, Some(Served::Miss));
    let report = services.caches.caches(&admin()).await.unwrap();
    assert_eq!(report.redis, CacheRedis::None);
}

/// Two servers on one database, which tell each other what happens through Redis.
async fn two(redis: &RedisUrl) -> (tempfile::TempDir, [Services; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::in_folder(folder.path());
    let store = Store::open(&url, folder.path()).await.unwrap();
    let metrics = ChunkStore::open_sqlite(folder.path()).await.unwrap();
    let metrics: Arc<dyn store::metrics::MetricStore> = Arc::new(metrics);
    let clock = Arc::new(FixedClock::new(Instant::from_seconds(NOW_S)));
    let hubs = [1, 2].map(|epoch| {
        let settings = Settings {
            metrics: Some(metrics.clone()),
            cache: CacheSettings {
                redis: Some(redis.clone()),
                ..CacheSettings::default()
            },
            ..Settings::alone(folder.path().join("uploads"))
        };
        Hub::new(store.clone(), clock.clone(), Bus::new(epoch), settings)
    });
    for hub in &hubs {
        let channel = Channel::through_redis(redis);
        tokio::spawn(Relay::new(hub, channel, Vec::new()).run());
    }
    let services = hubs.map(|hub| hub.services());
    for one in &services {
        heard(one, CacheArea::Alerts, 0).await;
    }
    (folder, services)
}

/// Waits until an area was made stale more often than that.
async fn heard(services: &Services, area: CacheArea, times: u64) {
    for _ in 0..200 {
        if used(services, area).await.invalidations > times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was heard");
}

async fn push(services: &Services, name: &str) {
    let push = influx(&format!("{name} value=1 {NOW_S}"));
    let answer = services.metrics.push(&key("one"), push).await;
    assert_eq!(answer.unwrap().status, 204);
}

#[tokio::test]
async fn what_one_server_computed_the_other_need_not_and_a_change_at_one_is_new_at_both() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let (_folder, [one, two]) = two(&redis.url(PASSWORD)).await;
    push(&one, "m").await;
    assert_eq!(ask(&one, names()).await.1, Some(Served::Miss));
    let (shared, served) = ask(&two, names()).await;
    assert_eq!(
        (shared.as_str(), served),
        (r#"["m_value"]"#, Some(Served::Hit))
    );
    push(&one, "n").await;
    let (fresh, served) = ask(&two, names()).await;
    assert_eq!(fresh, r#"["m_value","n_value"]"#);
    assert_eq!(served, Some(Served::Miss));

    // The calendar stands in lists of what is unusual.
    let reader = key("reader");
    let newest = || async {
        watching(two.findings.newest(&reader, FindingFilter::default()))
            .await
            .1
    };
    newest().await;
    assert_eq!(newest().await, Some(Served::Hit));
    let before = used(&two, CacheArea::Alerts).await.invalidations;
    let entry = CalendarChange {
        name: "Sale".into(),
        kind: EntryKind::Promotion,
        first: "2026-11-27".into(),
        last: "2026-11-27".into(),
        touches: Touches::All,
    };
    one.calendars.add_entry(&admin(), entry).await.unwrap();
    heard(&two, CacheArea::Alerts, before).await;
    assert_eq!(newest().await, Some(Served::Miss));

    // Emptied at one, it is gone at the other and in between.
    let before = used(&two, CacheArea::Metrics).await.invalidations;
    one.caches.empty_caches(&admin(), None).await.unwrap();
    heard(&two, CacheArea::Metrics, before).await;
    assert_eq!(ask(&two, names()).await.1, Some(Served::Miss));

    // Without Redis each goes on by itself.
    redis.stop();
    push(&one, "o").await;
    assert_eq!(ask(&one, names()).await.1, Some(Served::Miss));
    assert_eq!(ask(&one, names()).await.1, Some(Served::Hit));
    let report = one.caches.caches(&admin()).await.unwrap();
    assert_eq!(report.redis, CacheRedis::Away);
    let emptied = one.caches.empty_caches(&admin(), None).await;
    assert!(
        matches!(emptied, Err(Error::Unavailable { .. })),
        "{emptied:?}"
    );
    assert_eq!(ask(&one, names()).await.1, Some(Served::Miss));

    // Who asks for it by hand need not wait until it is tried again.
    redis.start_again().await;
    one.caches.empty_caches(&admin(), None).await.unwrap();
    let report = one.caches.caches(&admin()).await.unwrap();
    assert_eq!(report.redis, CacheRedis::Answers);
}
