//! Metrics through the operations into the engines of others: what senders pushed in their protocols
//! is asked in PromQL, and an engine that is away loses nothing that was acknowledged.
//!
//! The engines are the real Prometheus and VictoriaMetrics; where the machine has none, a test says so.

use std::sync::Arc;
use std::time::Duration;

use api::{
    Caller, Error, Instant, Keep, KeyId, MetricStorage, MetricsQuestion, Push, PushAnswer,
    PushProtocol, Range, Scope, Services, Who,
};
use fakes::FixedClock;
use fakes::remote_write::{Encoder, v1_series};
use serde_json::{Value, json};
use series::STALE_BITS;
use service::{Bus, Hub, Settings};
use store::metrics::{ChunkStore, EngineKind, MetricStore};
use store::{DatabaseUrl, Store};
use tokio::io::AsyncReadExt as _;

use crate::peers::{self, Peer};

const NOW_S: i64 = 1_780_000_000;
const BOTH: [EngineKind; 2] = [EngineKind::Prometheus, EngineKind::VictoriaMetrics];

struct Home {
    _folder: tempfile::TempDir,
    services: Services,
}

async fn home(metrics: Arc<dyn MetricStore>, folder: tempfile::TempDir) -> Home {
    let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path())
        .await
        .unwrap();
    let clock = Arc::new(FixedClock::new(Instant::from_seconds(NOW_S)));
    let settings = Settings {
        metrics: Some(metrics),
        ..Settings::alone(folder.path().join("uploads"))
    };
    let hub = Hub::new(store, clock, Bus::new(1), settings);
    Home {
        _folder: folder,
        services: hub.services(),
    }
}

/// The operations over an engine, if the machine has it.
async fn over(kind: EngineKind) -> Option<(Home, Peer)> {
    let peer = Peer::start(kind)?;
    let metrics = Arc::new(peer.metrics());
    Some((home(metrics, tempfile::tempdir().unwrap()).await, peer))
}

fn key() -> Caller {
    Caller {
        who: Who::Key {
            id: KeyId("sender".into()),
            name: "sender".into(),
            scopes: vec![Scope::INGEST, Scope::QUERY],
            rate: None,
        },
        ..Caller::system("test")
    }
}

fn push(protocol: PushProtocol, content_type: &str, body: Vec<u8>) -> Push {
    Push {
        protocol,
        content_type: Some(content_type.into()),
        content_encoding: (protocol == PushProtocol::RemoteWrite).then(|| "snappy".into()),
        precision: Some("s".into()),
        body,
    }
}

/// Labels and samples.
type Series<'a> = (&'a [(&'a str, &'a str)], &'a [(i64, f64)]);

fn remote_write(series: &[Series<'_>]) -> Push {
    let request = Encoder::default().each(series, |request, (labels, samples)| {
        request.message(1, v1_series(labels, samples))
    });
    let body = snap::raw::Encoder::new().compress_vec(&request.0).unwrap();
    push(PushProtocol::RemoteWrite, "application/x-protobuf", body)
}

fn lines(text: &str) -> Push {
    push(PushProtocol::Influx, "text/plain", text.into())
}

fn otlp(name: &str, at_s: i64, value: f64) -> Push {
    let at = format!("{at_s}000000000");
    let points = json!([{ "timeUnixNano": at, "asDouble": value }]);
    let metrics = json!([{ "name": name, "gauge": { "dataPoints": points } }]);
    let scope = json!([{ "scopeMetrics": [{ "metrics": metrics }] }]);
    let body = json!({ "resourceMetrics": scope }).to_string();
    push(PushProtocol::Otlp, "application/json", body.into())
}

impl Home {
    async fn send(&self, push: Push) -> PushAnswer {
        self.services.metrics.push(&key(), push).await.unwrap()
    }

    async fn asked(&self, question: MetricsQuestion) -> Result<Value, api::MetricsProblem> {
        let answer = self.services.metrics.ask(&key(), question).await.unwrap();
        answer.map(|text| serde_json::from_str(&text).unwrap())
    }

    async fn at(&self, query: &str, at_s: i64) -> Result<Value, api::MetricsProblem> {
        let (query, at_ms) = (query.to_owned(), Some(at_s * 1000));
        self.asked(MetricsQuestion::Instant { query, at_ms }).await
    }

    /// The first value of an answer.
    async fn value(&self, query: &str, at_s: i64) -> Option<String> {
        let answer = self.at(query, at_s).await.unwrap();
        let value = answer["result"].get(0)?["value"][1].as_str()?;
        Some(value.to_owned())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_protocol_goes_out_and_is_answered_in_promql() {
    for kind in BOTH {
        let Some((home, peer)) = over(kind).await else {
            continue;
        };
        let ms = |ago: i64| (NOW_S - ago) * 1000;
        let end = f64::from_bits(STALE_BITS);
        let cpu: [(&str, &str); 2] = [("__name__", "cpu"), ("host", "a")];
        let gone: [(&str, &str); 2] = [("__name__", "gone"), ("host", "a")];
        let write = remote_write(&[
            (&cpu, &[(ms(60), 1.0), (ms(30), 4.0), (ms(0), 7.0)]),
            (&gone, &[(ms(60), 1.0), (ms(30), end)]),
        ]);
        assert_eq!(home.send(write).await.status, 204);
        let text = format!("weather,station=bonn temperature=21.5 {NOW_S}");
        assert_eq!(home.send(lines(&text)).await.status, 204);
        assert_eq!(home.send(otlp("orders", NOW_S, 12.0)).await.status, 200);
        peer.settle();
        for (query, value) in [
            ("cpu", Some("7")),
            ("sum_over_time(cpu[5m])", Some("12")),
            ("rate(cpu[1m])", Some("0.1")),
            ("weather_temperature", Some("21.5")),
            ("orders", Some("12")),
            // A sender said that it ended: it does not go on for five minutes.
            ("gone", None),
        ] {
            assert_eq!(
                home.value(query, NOW_S).await.as_deref(),
                value,
                "{query} on {kind:?}"
            );
        }
        let named = MetricsQuestion::LabelValues {
            name: "__name__".into(),
            matches: vec!["{host=\"a\"}".into()],
            within: api::Stretch::default(),
        };
        assert_eq!(home.asked(named).await.unwrap(), json!(["cpu", "gone"]));
        let range = Range {
            from: Instant::from_seconds(NOW_S - 60),
            to: Instant::from_seconds(NOW_S),
        };
        let curves = home.services.metrics.curves(&key(), "cpu + 1", range).await;
        let curve = &curves.unwrap().curves[0];
        let last = curve.points.last().and_then(|point| point.value);
        assert_eq!(
            (curve.name.as_str(), last),
            ("{host=\"a\"}", Some(8.0)),
            "{kind:?}"
        );
        let wrong = home.at("sum(", NOW_S).await.unwrap_err();
        assert_eq!((wrong.status, wrong.kind), (400, "bad_data"), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_outlives_an_engine_that_comes_and_goes() {
    for kind in BOTH {
        let Some((home, mut peer)) = over(kind).await else {
            continue;
        };
        let labels: [(&str, &str); 1] = [("__name__", "jobs")];
        let sample = |i: i32| {
            let at_ms = (NOW_S - 600 + i64::from(i) * 10) * 1000;
            remote_write(&[(&labels, &[(at_ms, f64::from(i))])])
        };
        let mut waiting = None;
        for i in 0..30 {
            match i {
                10 => peer.stop(),
                20 => peer.start_again(),
                _ => {}
            }
            // A sender that holds on to what was not acknowledged, and sends nothing before it.
            if (10..20).contains(&i) {
                let answer = home.send(sample(*waiting.get_or_insert(i))).await;
                assert_eq!(answer.status, 503, "{kind:?}");
                let again = ("retry-after", "5".to_owned());
                assert!(answer.headers.contains(&again), "{:?}", answer.headers);
                let none = ("x-prometheus-remote-write-samples-written", "0".to_owned());
                assert!(answer.headers.contains(&none), "{:?}", answer.headers);
                let words = String::from_utf8(answer.body).unwrap();
                assert!(words.contains("does not answer"), "{words}");
                let away = home.at("jobs", NOW_S).await.unwrap_err();
                assert_eq!((away.status, away.kind), (503, "unavailable"), "{kind:?}");
                continue;
            }
            for held in waiting.take().map_or(i..i + 1, |first| first..i + 1) {
                assert_eq!(
                    home.send(sample(held)).await.status,
                    204,
                    "{held} on {kind:?}"
                );
            }
        }
        peer.settle();
        let count = home.value("count_over_time(jobs[15m])", NOW_S).await;
        assert_eq!(count.as_deref(), Some("30"), "{kind:?}");
        let sum = home.value("sum_over_time(jobs[15m])", NOW_S).await;
        assert_eq!(sum.as_deref(), Some("435"), "{kind:?}");
    }
}

#[tokio::test]
async fn senders_are_told_to_wait_for_as_long_as_an_engine_is_left_alone() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    // Nobody listens there any more.
    drop(socket);
    let metrics = peers::engine(EngineKind::Prometheus, &url, None);
    let home = home(Arc::new(metrics), tempfile::tempdir().unwrap()).await;
    let mut told = Vec::new();
    for _ in 0..6 {
        let answer = home.send(lines(&format!("m value=1 {NOW_S}"))).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        let (name, seconds) = &answer.headers[0];
        assert_eq!(*name, "retry-after");
        told.push(seconds.parse::<u64>().unwrap());
    }
    assert_eq!(told[..4], [5; 4]);
    assert!(told[4..].iter().all(|s| (50..=60).contains(s)), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_engine_refuses_is_said_to_the_sender_and_counted() {
    let Some((home, _peer)) = over(EngineKind::Prometheus).await else {
        return;
    };
    assert_eq!(
        home.send(lines(&format!("m value=1 {NOW_S}"))).await.status,
        204
    );
    let old = NOW_S - 86_400;
    let both = format!("m value=2 {old}\nother value=3 {NOW_S}");
    let answer = home.send(lines(&both)).await;
    assert_eq!((answer.status, answer.accepted), (400, 1), "{answer:?}");
    assert_eq!(answer.refused, [("engine", 1)]);
    let words = String::from_utf8(answer.body).unwrap();
    assert!(
        words.contains("too old") || words.contains("out of"),
        "{words}"
    );
    let partly = home.send(otlp("m_value", old, 1.0)).await;
    assert_eq!(partly.status, 200);
    let words = String::from_utf8(partly.body).unwrap();
    assert!(words.contains("\"rejectedDataPoints\":\"1\""), "{words}");
    assert_eq!(home.value("other_value", NOW_S).await.as_deref(), Some("3"));
    let operator = Caller::system("test");
    home.services.metrics.maintain(&operator).await.unwrap();
    let listed = home.services.sources.list(&operator).await.unwrap();
    let (source, _) = &listed[0];
    assert_eq!(
        (source.accepted, source.refused, source.metrics),
        (2, 2, None)
    );
    assert!(source.last_refusal.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_long_an_engine_keeps_what_is_not_ours_to_say() {
    let Some((home, peer)) = over(EngineKind::VictoriaMetrics).await else {
        return;
    };
    assert_eq!(
        home.send(lines(&format!("m value=1 {NOW_S}"))).await.status,
        204
    );
    let operator = Caller::system("test");
    let metrics = &home.services.metrics;
    let MetricStorage::Engine { name, host, .. } = metrics.storage(&operator).await.unwrap() else {
        panic!("an engine keeps them");
    };
    assert_eq!(name, "VictoriaMetrics");
    assert!(peer.url().ends_with(&host));
    let sources = &home.services.sources;
    let (source, _) = sources.list(&operator).await.unwrap().remove(0);
    let keep = Keep {
        raw_days: Some(1),
        five_minutes_days: None,
        hour_days: None,
    };
    let refused = metrics.keep(&operator, &source.id, keep).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
    // Its samples stay: nothing in them says whose they are.
    sources
        .remove(&operator, &source.id, &source.name)
        .await
        .unwrap();
    peer.settle();
    assert_eq!(home.value("m_value", NOW_S).await.as_deref(), Some("1"));
}

/// An evaluation here, over an engine that does not answer, ends when nobody waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_waiting_for_an_evaluation_ends_the_reading_too() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let metrics = peers::engine(EngineKind::VictoriaMetrics, &url, None);
    let home = home(Arc::new(metrics), tempfile::tempdir().unwrap()).await;
    let asked = tokio::time::timeout(Duration::from_millis(300), home.at("rate(up[1m])", NOW_S));
    let (nobody, accepted) = tokio::join!(asked, socket.accept());
    assert!(nobody.is_err());
    let (mut stream, _) = accepted.unwrap();
    let mut request = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut request));
    assert!(closed.await.is_ok(), "the connection is still open");
    assert!(request.starts_with(b"POST /api/v1/export "));
}

/// The same samples and the same expressions, in the database and in each engine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_do_not_depend_on_who_keeps_the_samples() {
    let folder = tempfile::tempdir().unwrap();
    let chunks = ChunkStore::open_sqlite(folder.path()).await.unwrap();
    let ours = home(Arc::new(chunks), folder).await;
    let end = f64::from_bits(STALE_BITS);
    let mut writes = Vec::new();
    for i in 0..60_i32 {
        let at_ms = (NOW_S - 900 + i64::from(i) * 15) * 1000;
        let hosts = ["a", "b", "c"].map(|host| [("__name__", "requests_total"), ("host", host)]);
        let values = [
            f64::from(i * 3),
            // Starts anew in the middle.
            f64::from(i % 25 * 2),
            // Has a gap, and an end.
            if i == 40 { end } else { f64::from(i) },
        ];
        let samples: Vec<_> = values.iter().map(|value| [(at_ms, *value)]).collect();
        let wanted = if i > 40 || (10..20).contains(&i) {
            2
        } else {
            3
        };
        let series: Vec<Series<'_>> = hosts
            .iter()
            .zip(&samples)
            .take(wanted)
            .map(|(labels, samples)| (&labels[..], &samples[..]))
            .collect();
        writes.push(remote_write(&series));
    }
    for write in &writes {
        assert_eq!(ours.send(write.clone()).await.status, 204);
    }
    let expressions = [
        "requests_total",
        "rate(requests_total[1m])",
        "sum(increase(requests_total[5m]))",
        "avg by (host) (irate(requests_total[2m]))",
        "count(requests_total) by (host)",
        "max_over_time(requests_total[3m]) - requests_total offset 1m",
        "topk(1, requests_total)",
        "absent(requests_total{host=\"c\"})",
        "deriv(requests_total[2m])",
        "changes(requests_total[5m]) > 3",
        "count_over_time(requests_total[90s])",
        "sum(rate(requests_total[1m])) by (host) / on (host) requests_total",
        "avg_over_time(sum(requests_total)[5m:30s])",
        "label_replace(requests_total, \"to\", \"$1\", \"host\", \"(.)\") * 2",
    ];
    for kind in BOTH {
        let Some((theirs, peer)) = over(kind).await else {
            continue;
        };
        for write in &writes {
            assert_eq!(theirs.send(write.clone()).await.status, 204);
        }
        peer.settle();
        for expression in expressions {
            let question = MetricsQuestion::Range {
                query: expression.into(),
                from_ms: (NOW_S - 900) * 1000,
                to_ms: (NOW_S + 400) * 1000,
                step_ms: 20_000,
            };
            let wanted = ours.asked(question.clone()).await.unwrap();
            let found = theirs.asked(question).await.unwrap();
            same(&wanted, &found).unwrap_or_else(|why| panic!("{expression} on {kind:?}: {why}"));
        }
    }
}

/// Whether two matrices are the same but for the last digits of their numbers.
fn same(wanted: &Value, found: &Value) -> Result<(), String> {
    let by_labels = |answer: &Value| -> std::collections::BTreeMap<String, Vec<(String, f64)>> {
        let series = answer["result"].as_array().unwrap().iter();
        let values = |one: &Value| {
            let values = one["values"].as_array().unwrap().iter();
            let value = |v: &Value| v[1].as_str().unwrap().parse::<f64>().unwrap();
            values.map(|v| (v[0].to_string(), value(v))).collect()
        };
        series
            .map(|one| (one["metric"].to_string(), values(one)))
            .collect()
    };
    let (wanted, found) = (by_labels(wanted), by_labels(found));
    if wanted.keys().ne(found.keys()) {
        return Err(format!("{:?} and not {:?}", found.keys(), wanted.keys()));
    }
    for ((labels, wanted), found) in wanted.iter().zip(found.values()) {
        if wanted.iter().map(|v| &v.0).ne(found.iter().map(|v| &v.0)) {
            return Err(format!(
                "{labels} has {} points, not {}",
                found.len(),
                wanted.len()
            ));
        }
        for ((at, wanted), (_, found)) in wanted.iter().zip(found) {
            if (wanted - found).abs() > 1e-9 * wanted.abs().max(1.0) {
                return Err(format!("{labels} at {at} is {found}, not {wanted}"));
            }
        }
    }
    Ok(())
}
