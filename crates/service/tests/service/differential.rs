//! The expressions whose answers are compared with Prometheus' in `crates/query`, there over samples in
//! memory: over our own store they are the same, in its head and in its chunks.

use std::sync::Arc;

use api::{Instant, MetricsQuestion, SourceId};
use fakes::FixedClock;
use query::Engine;
use serde_json::Value;
use series::{Batch, MetricSample};
use service::{Bus, Hub, Settings};
use store::metrics::{ChunkStore, MetricStore};
use store::{DatabaseUrl, Store};

use crate::compare::{is_ordered, same_data};
use crate::data::{self, END_MS, INSTANTS_MS, RANGES_MS};
use crate::expressions;
use crate::home::key;
use crate::memory::Memory;

fn batch(memory: &Memory) -> Batch {
    let mut batch = Batch::default();
    for one in &memory.series {
        let mut labels: Vec<_> = one.labels.as_ref().iter().collect();
        let samples = one.at_ms.iter().zip(&one.values);
        let samples = samples.map(|(at_ms, value)| MetricSample {
            at_ms: *at_ms,
            value: *value,
        });
        batch.push(&mut labels, samples).unwrap();
    }
    batch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_store_an_expression_is_what_it_is_over_memory() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::in_folder(folder.path());
    let store = Store::open(&url, folder.path()).await.unwrap();
    let now = Instant(END_MS * 1_000);
    let clock = Arc::new(FixedClock::new(now));
    let metrics = Arc::new(ChunkStore::open_sqlite(folder.path()).await.unwrap());
    let memory = data::memory();
    let source = SourceId("source".into());
    let appended = metrics.append(&source, batch(&memory), now).await.unwrap();
    assert_eq!(appended.counts.refused, 0);
    let settings = Settings {
        metrics: Some(metrics.clone()),
        ..Settings::alone(folder.path().join("uploads"))
    };
    let services = Hub::new(store, clock, Bus::new(1), settings).services();
    let ask = async |question| {
        let answer = services
            .metrics
            .ask(&key("reader"), question)
            .await
            .unwrap();
        answer.map(|text| serde_json::from_str::<Value>(&text).unwrap())
    };
    let expressions = expressions::all();
    assert!(expressions.len() >= 500);
    let mut differences = Vec::new();
    for sealed in [false, true] {
        if sealed {
            let later = now.plus(26 * Instant::HOUR);
            metrics.maintain(later).await.unwrap();
            assert_eq!(metrics.memory_use().await.head_samples, 0);
        }
        for expression in &expressions {
            let engine = Engine::default();
            for at_ms in INSTANTS_MS {
                let expected = engine.instant(expression, at_ms, &memory, &|| None);
                let question = MetricsQuestion::Instant {
                    query: expression.clone(),
                    at_ms: Some(at_ms),
                };
                let same = match (ask(question).await, expected) {
                    (Ok(ours), Ok(expected)) => {
                        let expected = serde_json::from_str(&expected.to_json()).unwrap();
                        same_data(&ours, &expected, is_ordered(expression))
                    }
                    (Err(ours), Err(expected)) if ours.kind == expected.error_type() => Ok(()),
                    (ours, expected) => Err(format!("{ours:?} and not {expected:?}")),
                };
                if let Err(difference) = same {
                    differences.push(format!("{expression} at {at_ms}, {sealed}: {difference}"));
                }
            }
            for times in RANGES_MS {
                let expected = engine.range(expression, times, &memory, &|| None);
                let (from_ms, to_ms, step_ms) = times;
                let question = MetricsQuestion::Range {
                    query: expression.clone(),
                    from_ms,
                    to_ms,
                    step_ms,
                };
                let same = match (ask(question).await, expected) {
                    (Ok(ours), Ok(expected)) => {
                        let expected = serde_json::from_str(&expected.to_json()).unwrap();
                        same_data(&ours, &expected, false)
                    }
                    (Err(ours), Err(expected)) if ours.kind == expected.error_type() => Ok(()),
                    (ours, expected) => Err(format!("{ours:?} and not {expected:?}")),
                };
                if let Err(difference) = same {
                    differences.push(format!("{expression} by {step_ms}, {sealed}: {difference}"));
                }
            }
        }
    }
    let shown: Vec<_> = differences.iter().take(30).cloned().collect();
    assert!(
        differences.is_empty(),
        "{}:\n{}",
        differences.len(),
        shown.join("\n")
    );
}
