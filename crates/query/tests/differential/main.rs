//! The same queries to this engine and to the real Prometheus, over the same samples.
//!
//! Where the machine has no `prometheus`, the test says so and passes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "where Prometheus cannot be asked, the test has failed"
)]

mod data;
mod expressions;
#[path = "../memory/mod.rs"]
mod memory;
mod prometheus;

use data::{END_MS, START_MS};
use query::{Answer, Engine, QueryError};
use serde_json::Value;
use std::collections::BTreeMap;

/// Relative: sums run in another order.
const TOLERANCE: f64 = 1e-9;

const INSTANTS_MS: [i64; 4] = [
    START_MS + 900_000,
    START_MS + 3_723_456,
    START_MS + 5_400_000,
    END_MS + 200_000,
];

/// From, to and step, in milliseconds: on the samples, between them, longer than the lookback, and
/// beyond both ends.
const RANGES_MS: [(i64, i64, i64); 3] = [
    (START_MS + 3_000_000, START_MS + 4_200_000, 30_000),
    (START_MS - 400_123, END_MS + 700_000, 137_531),
    (START_MS, END_MS, 900_000),
];

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

/// Whether the order of an instant's series means something.
fn is_ordered(expression: &str) -> bool {
    ["sort", "topk", "bottomk"]
        .iter()
        .any(|name| expression.starts_with(name))
        && !expression.contains(" by ")
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
    if ours["resultType"] != theirs["resultType"] {
        return Err(format!(
            "{} and not {}",
            ours["resultType"], theirs["resultType"]
        ));
    }
    if ordered && ours["resultType"] == "vector" {
        let order = |answer: &Value| -> Vec<Vec<Sample>> {
            answer["result"]
                .as_array()
                .unwrap()
                .iter()
                .map(samples)
                .collect()
        };
        let (ours, theirs) = (order(&ours), order(theirs));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            same_samples(ours, theirs).map_err(|e| format!("in another order: {e}"))?;
        }
    }
    let (ours, theirs) = (by_labels(&ours), by_labels(theirs));
    if ours.keys().ne(theirs.keys()) {
        let only = |a: &Series, b: &Series| -> Vec<String> {
            a.keys()
                .filter(|key| !b.contains_key(*key))
                .take(3)
                .cloned()
                .collect()
        };
        return Err(format!(
            "{} and {} series; only we: {:?}; only they: {:?}",
            ours.len(),
            theirs.len(),
            only(&ours, &theirs),
            only(&theirs, &ours)
        ));
    }
    for (labels, ours) in &ours {
        same_samples(ours, &theirs[labels]).map_err(|e| format!("{labels}: {e}"))?;
    }
    Ok(())
}

type Sample = (String, String);
type Series = BTreeMap<String, Vec<Sample>>;

fn by_labels(answer: &Value) -> Series {
    match answer["resultType"].as_str() {
        Some("vector" | "matrix") => answer["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|series| (series["metric"].to_string(), samples(series)))
            .collect(),
        _ => [(String::new(), vec![sample(&answer["result"])])].into(),
    }
}

fn samples(series: &Value) -> Vec<Sample> {
    match series.get("values") {
        Some(values) => values.as_array().unwrap().iter().map(sample).collect(),
        None => vec![sample(&series["value"])],
    }
}

fn sample(pair: &Value) -> Sample {
    (pair[0].to_string(), pair[1].as_str().unwrap().to_owned())
}

fn same_samples(ours: &[Sample], theirs: &[Sample]) -> Result<(), String> {
    let at = |samples: &[Sample]| samples.iter().map(|(at, _)| at.clone()).collect::<Vec<_>>();
    if at(ours) != at(theirs) {
        let (ours, theirs) = (at(ours), at(theirs));
        let first = ours.iter().zip(&theirs).position(|(a, b)| a != b);
        return Err(format!(
            "{} and {} points, first other: {:?}",
            ours.len(),
            theirs.len(),
            first.map(|place| (&ours[place], &theirs[place]))
        ));
    }
    for ((at, ours), (_, theirs)) in ours.iter().zip(theirs) {
        if !same(ours, theirs) {
            return Err(format!("{ours} and not {theirs} at {at}"));
        }
    }
    Ok(())
}

fn same(ours: &str, theirs: &str) -> bool {
    let (Ok(a), Ok(b)) = (ours.parse::<f64>(), theirs.parse::<f64>()) else {
        return ours == theirs;
    };
    if a.to_bits() == b.to_bits() {
        return ours == theirs;
    }
    a.is_nan() && b.is_nan() || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}
