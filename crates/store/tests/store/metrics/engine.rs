//! What is the engines' own: the shared contract runs in `shared.rs`, on each of them too.

use std::sync::Arc;
use std::time::Duration;

use store::metrics::{Circuit, EngineError, EngineKind, Expression, Place, When};

use super::shared::Opens;
use super::*;
use crate::fake_engine::{FakeEngine, answer};
use crate::harness::block_on;
use crate::peers::{Peer, engine};

/// Runs each of those async functions, which take something that opens, on each engine.
macro_rules! on_engines {
    ($($name:ident),* $(,)?) => {
        mod prometheus {
            $(#[test] fn $name() {
                let kind = store::metrics::EngineKind::Prometheus;
                crate::metrics::engine::on_engine(kind, super::$name);
            })*
        }
        mod victoria_metrics {
            $(#[test] fn $name() {
                let kind = store::metrics::EngineKind::VictoriaMetrics;
                crate::metrics::engine::on_engine(kind, super::$name);
            })*
        }
    };
}

pub(crate) use on_engines;

on_engines!(
    an_engine_that_is_away_acknowledges_nothing_and_loses_nothing,
    questions_that_are_at_fault_are_refused_in_its_words,
);

impl Opens for Peer {
    async fn open(&self) -> Arc<dyn MetricStore> {
        Arc::new(self.metrics())
    }

    fn settle(&self) {
        Peer::settle(self);
    }
}

pub(crate) fn on_engine<F: Future<Output = ()>>(kind: EngineKind, test: impl FnOnce(Peer) -> F) {
    if let Some(peer) = Peer::start(kind) {
        block_on(test(peer));
    }
}

async fn an_engine_that_is_away_acknowledges_nothing_and_loses_nothing(mut peer: Peer) {
    let store = peer.metrics();
    store.check().await.unwrap();
    push(&store, &[sample(START, 1.0)]).await;
    peer.stop();
    let sent = batch(1, [START + STEP]);
    let away = store.append(&source(), sent.clone(), at(START)).await;
    let host = match &away {
        Err(StoreError::Engine(EngineError::Unreachable { host, .. })) => host.as_str(),
        _ => "",
    };
    let named = !host.is_empty() && peer.url().ends_with(host);
    assert!(named, "{away:?}");
    assert!(store.select(&everything()).await.is_err());
    assert!(store.label_names(&[], None).await.is_err());
    peer.start_again();
    // A sender sends again what was not acknowledged, and maybe what was.
    for _ in 0..2 {
        let again = store.append(&source(), sent.clone(), at(START)).await;
        assert_eq!(again.unwrap().counts.samples, 1);
    }
    peer.settle();
    let found = only(&store).await;
    let at: Vec<_> = found.iter().map(|(at_ms, _)| *at_ms).collect();
    let mut once = at.clone();
    once.dedup();
    assert_eq!(once, [START, START + STEP]);
}

async fn questions_that_are_at_fault_are_refused_in_its_words(peer: Peer) {
    let store = peer.metrics();
    push(&store, &[sample(START, 1.0)]).await;
    // RE2 repeats a thousand times at most.
    let regex = Matcher::new("host", MatchOp::Regex, "x{1001}").unwrap();
    let refused = store.series(&[regex], None, 10).await;
    assert!(matches!(refused, Err(ReadError::Refused(_))), "{refused:?}");
    let refused = store.label_values("../../x", &[], None).await;
    assert!(matches!(refused, Err(ReadError::Refused(_))), "{refused:?}");
    assert!(matches!(store.place(), Place::Engine { .. }));
    assert!(matches!(store.disk_use().await, Err(StoreError::NotHere)));
}

#[test]
fn prometheus_refuses_one_sample_and_its_neighbours_are_kept() {
    on_engine(EngineKind::Prometheus, |peer| async move {
        let store = peer.metrics();
        let now = START + 2 * DAY;
        push(&store, &[sample(now, 1.0)]).await;
        // Half a day back is past its window of an hour: it would put the whole request back.
        let mut sent = batch(20, [now + STEP]);
        let samples = [sample(now - DAY / 2, 9.0), sample(now + STEP, 1.0)];
        sent.push(&mut [("__name__", "cpu"), ("host", "bad")], samples)
            .unwrap();
        sent.push(&mut [("__name__", "cpu"), ("a.b", "c")], [sample(now, 1.0)])
            .unwrap();
        // Another value at an instant that has one.
        sent.push(
            &mut [("__name__", "cpu"), ("host", "h0")],
            [sample(now, 2.0)],
        )
        .unwrap();
        let sent = store.append(&source(), sent, at(now)).await.unwrap();
        assert_eq!(
            (sent.counts.samples, sent.counts.refused),
            (21, 3),
            "{sent:?}"
        );
        assert!(sent.words().unwrap().starts_with("3 samples: "), "{sent:?}");
        assert_eq!(count(&store).await, 22);
    });
}

#[test]
fn prometheus_evaluates_and_says_what_is_wrong_with_an_expression() {
    on_engine(EngineKind::Prometheus, |peer| async move {
        let store = peer.metrics();
        let all: Vec<_> = (0..10)
            .map(|i| sample(START + i * STEP, i as f64))
            .collect();
        push(&store, &all).await;
        let ask = |text: &str, when| {
            let text = text.to_owned();
            let store = &store;
            async move { store.evaluate(&Expression { text, when }).await.unwrap() }
        };
        let answer = ask("sum(cpu) * 2", When::At(START + 4 * STEP))
            .await
            .unwrap();
        assert_eq!(
            answer,
            r#"{"resultType":"vector","result":[{"metric":{},"value":[1700000060,"8"]}]}"#
        );
        let range = When::Range {
            from_ms: START,
            to_ms: START + 2 * STEP,
            step_ms: STEP,
        };
        let answer = ask("cpu", range).await.unwrap();
        assert!(
            answer.contains(r#""values":[[1700000000,"0"],[1700000015,"1"],[1700000030,"2"]]"#)
        );
        let wrong = ask("sum(", When::At(START)).await;
        let Err(store::metrics::EvaluateError::Refused {
            status: 400,
            kind: "bad_data",
            message,
        }) = wrong
        else {
            panic!("{wrong:?}");
        };
        assert!(message.contains("parse error"), "{message}");
        let points = When::Range {
            from_ms: 0,
            to_ms: START,
            step_ms: 1,
        };
        assert!(ask("cpu", points).await.is_err());
    });
}

#[test]
fn victoria_metrics_does_not_evaluate_for_us() {
    on_engine(EngineKind::VictoriaMetrics, |peer| async move {
        let (text, when) = ("1".to_owned(), When::At(START));
        let expression = Expression { text, when };
        assert!(peer.metrics().evaluate(&expression).await.is_none());
    });
}

#[test]
fn what_an_engine_answers_decides_whether_a_sender_tries_again() {
    block_on(async {
        for (head, body, again) in [
            ("503 Service Unavailable", "busy", true),
            ("429 Too Many Requests", "slowly", true),
            ("500 Internal Server Error", "oh", true),
            ("500 Internal Server Error", "too old sample", false),
            ("400 Bad Request", "out of order sample", false),
            ("409 Conflict", "duplicate", false),
            ("401 Unauthorized", "who?", true),
            (
                "404 Not Found",
                "remote write receiver needs to be enabled",
                true,
            ),
            ("302 Found", "", true),
        ] {
            let fake = FakeEngine::start(answer(head, body)).await;
            let store = engine(EngineKind::Prometheus, &fake.url(), Some("s3cret"));
            let sent = store.append(&source(), batch(1, [START]), at(START)).await;
            if again {
                let error = sent.unwrap_err();
                let said = format!("{error} {error:?}");
                assert!(matches!(error, StoreError::Engine(_)), "{said}");
                assert!(said.contains(body) && !said.contains("s3cret"), "{said}");
            } else {
                let sent = sent.unwrap();
                assert_eq!((sent.counts.samples, sent.counts.refused), (0, 1), "{head}");
                assert!(sent.words().unwrap().contains(body), "{sent:?}");
            }
            let seen = fake.seen().to_ascii_lowercase();
            for header in [
                "post /api/v1/write ",
                "content-encoding: snappy",
                "content-type: application/x-protobuf",
                "x-prometheus-remote-write-version: 0.1.0",
                "authorization: bearer s3cret",
                "user-agent: millrace/",
            ] {
                assert!(seen.contains(header), "{header} is not in {seen}");
            }
        }
    });
}

#[test]
fn an_engine_that_is_away_too_often_is_left_alone() {
    block_on(async {
        let nobody = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        let store = engine(EngineKind::Prometheus, &format!("http://{nobody}"), None);
        let send = async || store.append(&source(), batch(1, [START]), at(START)).await;
        for _ in 0..5 {
            let away = send().await;
            let tried = matches!(
                &away,
                Err(StoreError::Engine(EngineError::Unreachable { .. }))
            );
            assert!(tried, "{away:?}");
        }
        let left = send().await;
        let Err(StoreError::Engine(EngineError::LeftAlone { failures: 5, .. })) = left else {
            panic!("{left:?}");
        };
        // Questions may go to another address.
        let asked = store.label_names(&[], None).await;
        assert!(
            matches!(
                &asked,
                Err(ReadError::Store(StoreError::Engine(
                    EngineError::Unreachable { .. }
                )))
            ),
            "{asked:?}"
        );
        let Place::Engine {
            writing, asking, ..
        } = store.place()
        else {
            panic!("{:?}", store.place());
        };
        assert!(matches!(writing, Circuit::Open { .. }), "{writing:?}");
        assert_eq!(asking, Circuit::Closed);
    });
}

#[test]
fn an_engine_that_hangs_or_answers_without_end_is_left() {
    block_on(async {
        let silent = FakeEngine::start(Vec::new()).await;
        let store = engine(EngineKind::Prometheus, &silent.url(), None)
            .waiting_at_most(Duration::from_millis(300));
        let sent = store.append(&source(), batch(1, [START]), at(START)).await;
        let late = matches!(&sent, Err(StoreError::Engine(EngineError::TimedOut { .. })));
        assert!(late, "{sent:?}");
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let piece = format!("10000\r\n{}\r\n", "x".repeat(65_536));
        let endless = FakeEngine::endless(head, &piece).await;
        let store = engine(EngineKind::Prometheus, &endless.url(), None);
        let found = store.label_names(&[], None).await;
        let Err(ReadError::Store(StoreError::Engine(EngineError::TooLarge { mib: 64, .. }))) =
            found
        else {
            panic!("{found:?}");
        };
        let store = engine(EngineKind::VictoriaMetrics, &endless.url(), None);
        assert!(store.select(&everything()).await.is_err());
        endless.must_be_left().await;
    });
}

#[test]
fn who_stops_waiting_closes_the_connection() {
    block_on(async {
        let silent = FakeEngine::start(Vec::new()).await;
        let store = engine(EngineKind::Prometheus, &silent.url(), None);
        let (text, when) = ("up".to_owned(), When::At(START));
        let question = Expression { text, when };
        let asked = store.evaluate(&question);
        let nobody = tokio::time::timeout(Duration::from_millis(200), asked).await;
        assert!(nobody.is_err());
        silent.must_be_left().await;
    });
}
