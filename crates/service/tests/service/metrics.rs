//! Metrics through the operations: what several senders pushed is asked, counted and kept.

use api::{
    Caller, DatabaseStorage, Error, Instant, Keep, MetricStorage, MetricsQuestion, Push,
    PushProtocol, Source,
};
use fakes::remote_write::{Encoder, v1_series, zigzag};

use crate::home::{Home, NOW_S, home, key};

impl Home {
    /// The answer to an instant question, as JSON.
    async fn ask(&self, query: &str) -> serde_json::Value {
        let question = MetricsQuestion::Instant {
            query: query.into(),
            at_ms: None,
        };
        let answer = self.services.metrics.ask(&key("reader"), question).await;
        serde_json::from_str(&answer.unwrap().unwrap()).unwrap()
    }

    /// Sends a native histogram of those labels.
    async fn histogram(&self, labels: &[(&str, &str)], histogram: Encoder) {
        let series = v1_series(labels, &[]).message(4, histogram);
        let request = Encoder::default().message(1, series);
        let push = Push {
            protocol: PushProtocol::RemoteWrite,
            content_type: None,
            content_encoding: Some("snappy".into()),
            precision: None,
            body: snap::raw::Encoder::new().compress_vec(&request.0).unwrap(),
        };
        let answer = self.services.metrics.push(&key("one"), push).await.unwrap();
        let words = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 204, "{words}");
    }

    async fn maintain(&self) {
        let metrics = &self.services.metrics;
        metrics.maintain(&Caller::system("test")).await.unwrap();
    }

    async fn sources(&self) -> Vec<Source> {
        let listed = self.services.sources.list(&key("reader")).await.unwrap();
        listed.into_iter().map(|(source, _)| source).collect()
    }
}

fn in_the_database(storage: MetricStorage) -> DatabaseStorage {
    match storage {
        MetricStorage::Database(storage) => storage,
        MetricStorage::Engine { .. } => panic!("{storage:?}"),
    }
}

/// How many series an answer has, and the first one's value.
fn found(answer: &serde_json::Value) -> (usize, Option<&str>) {
    let result = answer["result"].as_array().unwrap();
    let first = result.first().and_then(|one| one["value"][1].as_str());
    (result.len(), first)
}

#[tokio::test]
async fn an_expression_of_the_query_language_alone_restricts_what_is_read() {
    let home = home().await;
    let lines = format!("m,a=x1 value=1 {NOW_S}\nm,a=x{{y value=2 {NOW_S}\nm,a=z value=4 {NOW_S}");
    assert_eq!(home.push("one", &lines).await, 204);
    // PromQL takes a lone brace for a character; this label's value is `x{y`.
    assert_eq!(
        found(&home.ask(r#"m_value{a=~"x{y"}"#).await),
        (1, Some("2"))
    );
    assert_eq!(found(&home.ask(r#"m_value{a=~"x{z"}"#).await), (0, None));
    assert_eq!(
        found(&home.ask(r#"sum(m_value{a=~"x.+"})"#).await),
        (1, Some("3"))
    );
}

#[tokio::test]
async fn the_same_labels_from_two_sources_are_one_series() {
    let home = home().await;
    let (then, now) = (NOW_S - 60, NOW_S);
    assert_eq!(home.push("one", &format!("m value=1 {then}")).await, 204);
    assert_eq!(home.push("two", &format!("m value=2 {now}")).await, 204);
    assert_eq!(
        found(&home.ask("count_over_time(m_value[5m])").await),
        (1, Some("2"))
    );
}

#[tokio::test]
async fn sources_say_what_came_and_what_came_twice_and_late() {
    let home = home().await;
    let at = |ago: i64| NOW_S - ago;
    let lines = format!(
        "m,a=1 value=1 {}\nm,a=2 value=1 {}\nm,a=1 value=2 {}\nm,a=1 value=3 {}",
        at(60),
        at(60),
        at(30),
        at(30),
    );
    assert_eq!(home.push("one", &lines).await, 204);
    assert_eq!(
        home.push("one", &format!("m,a=1 value=9 {}", at(45))).await,
        204
    );
    assert_eq!(home.push("two", "no line at all").await, 400);
    home.maintain().await;
    let sources = home.sources().await;
    let [one, two] = sources.as_slice() else {
        panic!("{sources:?}");
    };
    assert_eq!(
        (one.metrics, one.accepted, one.duplicates, one.late),
        (Some(2), 4, 1, 1)
    );
    assert_eq!((two.metrics, two.accepted, two.refused), (Some(0), 0, 1));
    assert!(two.last_refusal.is_some());
    home.clock.set(Instant::from_seconds(NOW_S + 3_600));
    let line = format!("m,a=1 value=9 {}", NOW_S + 3_600);
    assert_eq!(home.push("one", &line).await, 204);
    home.maintain().await;
    assert_eq!(home.sources().await[0].gaps, 1);
}

#[tokio::test]
async fn what_a_removed_source_sent_last_takes_nothing_from_others() {
    let home = home().await;
    let line = format!("m value=1 {NOW_S}");
    for name in ["one", "two", "three"] {
        assert_eq!(home.push(name, &line).await, 204);
    }
    home.maintain().await;
    let gone = home.sources().await[0].clone();
    for name in ["one", "two", "three"] {
        assert_eq!(
            home.push(name, &format!("m value=2 {}", NOW_S + 1)).await,
            204
        );
    }
    let admin = Caller::system("test");
    let removed = home
        .services
        .sources
        .remove(&admin, &gone.id, &gone.name)
        .await;
    removed.unwrap();
    home.maintain().await;
    let left = home.sources().await;
    let counts: Vec<_> = left.iter().map(|s| (s.metrics, s.accepted)).collect();
    assert_eq!(counts, [(Some(1), 2), (Some(1), 2)]);
}

#[tokio::test]
async fn how_long_metrics_are_kept_is_said_and_obeyed() {
    let home = home().await;
    let operator = Caller::system("test");
    let metrics = &home.services.metrics;
    assert_eq!(home.push("one", &format!("m value=1 {NOW_S}")).await, 204);
    home.maintain().await;
    let storage = in_the_database(metrics.storage(&operator).await.unwrap());
    let source = &storage.sources[0];
    assert_eq!(
        (source.name.as_str(), source.series, source.samples),
        ("one", 1, 1)
    );
    assert_eq!(source.keep.raw_days, Some(30));
    assert!(storage.total_bytes > 0 && storage.waiting_bytes > 0);
    let keep = |raw_days| Keep {
        raw_days,
        five_minutes_days: None,
        hour_days: Some(400),
    };
    let nought = metrics.keep(&operator, &source.id, keep(Some(0))).await;
    assert!(matches!(nought, Err(Error::Invalid { .. })), "{nought:?}");
    metrics
        .keep(&operator, &source.id, keep(Some(2)))
        .await
        .unwrap();
    let storage = in_the_database(metrics.storage(&operator).await.unwrap());
    assert_eq!(storage.sources[0].keep, keep(Some(2)));
    // Three days on, sealed and forgotten.
    home.clock.set(Instant::from_seconds(NOW_S + 3 * 86_400));
    // A clock that leaps is believed after an hour.
    for _ in 0..9 {
        home.maintain().await;
        home.clock.advance(8 * Instant::MINUTE);
    }
    assert_eq!(
        found(&home.ask(&format!("m_value @ {NOW_S}")).await),
        (0, None)
    );
}

#[tokio::test]
async fn a_clock_that_leaps_a_year_and_is_set_right_deletes_nothing() {
    let home = home().await;
    let lines: Vec<String> = (0..500)
        .map(|i| format!("m value={i} {}", NOW_S - 7_500 + 15 * i))
        .collect();
    assert_eq!(home.push("one", &lines.join("\n")).await, 204);
    home.maintain().await;
    home.clock.advance(365 * 24 * Instant::HOUR);
    for _ in 0..3 {
        home.maintain().await;
    }
    home.clock.set(Instant::from_seconds(NOW_S));
    home.maintain().await;
    let answer = home.ask("count_over_time(m_value[1d])").await;
    assert_eq!(found(&answer), (1, Some("500")));
}

#[tokio::test]
async fn a_native_histogram_that_ended_takes_all_its_buckets_with_it() {
    let home = home().await;
    let now_ms = NOW_S.unsigned_abs() * 1_000;
    let ended = [("__name__", "d"), ("job", "x")];
    let other = [("__name__", "d"), ("job", "x"), ("zone", "a")];
    for labels in [&ended[..], &other] {
        let histogram = Encoder::default()
            .varint(1, 3)
            .double(3, 4.5)
            .message(11, Encoder::default().sint(1, 0).varint(2, 2))
            .packed(12, &[zigzag(1), zigzag(1)])
            .varint(15, now_ms - 15_000);
        home.histogram(labels, histogram).await;
    }
    let counted = home.ask("count(d_bucket)").await;
    assert_eq!(found(&counted), (1, Some("10")));
    let end = Encoder::default()
        .fixed64(3, series::STALE_BITS)
        .varint(15, now_ms);
    home.histogram(&ended, end).await;
    for name in ["d_bucket", "d_sum", "d_count"] {
        let left = home.ask(&format!("{name}{{zone=\"\"}}")).await;
        assert_eq!(found(&left), (0, None), "{name}");
    }
    let counted = home.ask("count(d_bucket)").await;
    assert_eq!(found(&counted), (1, Some("5")));
}
