//! The same queries to this engine and to the real Prometheus, over the same samples.
//!
//! Where the machine has no `prometheus`, the test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "where Prometheus cannot be asked, the test has failed"
)]

mod compare;
mod data;
mod expressions;
#[path = "../memory/mod.rs"]
mod memory;
mod prometheus;

use compare::is_ordered;
use data::{INSTANTS_MS, RANGES_MS, START_MS};
use query::{Answer, Engine, QueryError};
use serde_json::Value;

#[test]
fn the_answers_are_those_of_prometheus() {
    let Some(prometheus) = prometheus::Prometheus::start() else {
        println!("skipped: there is no `prometheus` on this machine");
        return;
    };
    let memory = data::memory();
    prometheus.feed(&memory);
    let engine = Engine::default();
    let expressions = expressions::all();
    let mut differences = Vec::new();
    let mut asked = 0;
    let mut failed = 0;
    for expression in &expressions {
        for at_ms in INSTANTS_MS {
            let ours = engine.instant(expression, at_ms, &memory, &|| None);
            let theirs = prometheus.query(
                "/api/v1/query",
                &[("query", expression), ("time", &seconds(at_ms))],
            );
            asked += 1;
            failed += usize::from(ours.is_err());
            if let Err(difference) = compared(ours, &theirs, is_ordered(expression)) {
                differences.push(format!(
                    "{expression} @ +{}ms: {difference}",
                    at_ms - START_MS
                ));
            }
        }
        for (from_ms, to_ms, step_ms) in RANGES_MS {
            let ours = engine.range(expression, (from_ms, to_ms, step_ms), &memory, &|| None);
            let theirs = prometheus.query(
                "/api/v1/query_range",
                &[
                    ("query", expression),
                    ("start", &seconds(from_ms)),
                    ("end", &seconds(to_ms)),
                    ("step", &seconds(step_ms)),
                ],
            );
            asked += 1;
            failed += usize::from(ours.is_err());
            if let Err(difference) = compared(ours, &theirs, false) {
                differences.push(format!("{expression} by {step_ms}ms: {difference}"));
            }
        }
    }
    println!(
        "{} expressions, {asked} questions, {failed} refused by both, {} differences",
        expressions.len(),
        differences.len()
    );
    differences.dedup_by_key(|difference| difference.split(" by ").next().map(str::to_owned));
    let shown = differences.iter().take(60).cloned().collect::<Vec<_>>();
    assert!(differences.is_empty(), "{}", shown.join("\n"));
    assert!(expressions.len() >= 500);
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn compared(ours: Result<Answer, QueryError>, theirs: &Value, ordered: bool) -> Result<(), String> {
    let succeeded = theirs["status"] == "success";
    let ours = match ours {
        Ok(answer) if succeeded => answer,
        Ok(_) => return Err(format!("only they refuse: {}", theirs["error"])),
        Err(error) if succeeded => return Err(format!("only we refuse: {error}")),
        Err(error) if theirs["errorType"] != error.error_type() => {
            return Err(format!("{error:?} is {} to them", theirs["error"]));
        }
        Err(_) => return Ok(()),
    };
    let ours: Value = serde_json::from_str(&ours.to_json()).map_err(|e| e.to_string())?;
    let theirs = &theirs["data"];
    compare::same_data(&ours, theirs, ordered)
}
