//! How long an evaluation takes over samples in memory, without a store:
//! `cargo run --release -p query --example query_bench`.
//!
//! The goals are those of whole queries over the real store, of which this is to be a small part.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "it prints, and has nobody to answer an error to"
)]

#[path = "../tests/memory/mod.rs"]
mod memory;

use memory::Memory;
use query::Engine;
use std::time::Instant;

const STEP_MS: i64 = 15_000;
const DAY_MS: i64 = 86_400_000;
const START_MS: i64 = 1_700_000_400_000;
const RUNS: usize = 25;

/// So many counters with a day of samples.
fn counters(series: usize, length_ms: i64) -> Memory {
    let mut memory = Memory::default();
    for index in 0..series {
        let instance = format!("host-{index:04}.example.org:9100");
        let labels = [
            ("__name__", "http_requests_total"),
            ("instance", instance.as_str()),
            ("job", "api"),
            ("zone", if index % 2 == 0 { "eu-1" } else { "eu-2" }),
        ];
        let mut count = 0.0;
        let samples = (0..length_ms / STEP_MS).map(|n| {
            count += f64::from(u32::try_from((n * 7 + 3) % 23).unwrap_or(0));
            (START_MS + n * STEP_MS, count)
        });
        memory.push(&labels, samples.collect::<Vec<_>>());
    }
    memory
}

fn main() {
    let day = (START_MS, START_MS + DAY_MS, DAY_MS / 300);
    let hour = (START_MS, START_MS + 3_600_000, 15_000);
    let (one, twenty) = (counters(1, DAY_MS), counters(20, DAY_MS));
    let thousand = counters(1_000, 3_600_000);
    println!(
        "{:>9}  {:>9}  {:>9}  {:>6}  query",
        "least", "median", "goal", "points"
    );
    for (memory, range, goal_ms, query) in [
        (&one, day, 0.5, "http_requests_total"),
        (&one, day, 0.5, "rate(http_requests_total[5m])"),
        (&one, day, 0.5, "max_over_time(http_requests_total[1h])"),
        (&twenty, day, 4.0, "http_requests_total"),
        (&twenty, day, 4.0, "rate(http_requests_total[5m])"),
        (
            &twenty,
            day,
            4.0,
            "sum by (zone) (rate(http_requests_total[5m]))",
        ),
        (&thousand, hour, 15.0, "avg(http_requests_total)"),
        (&thousand, hour, 15.0, "avg(rate(http_requests_total[5m]))"),
        (
            &thousand,
            hour,
            15.0,
            "sum by (zone) (rate(http_requests_total[5m]))",
        ),
        (
            &thousand,
            hour,
            15.0,
            "topk(5, rate(http_requests_total[5m]))",
        ),
        (
            &thousand,
            hour,
            15.0,
            "http_requests_total / on(instance) http_requests_total",
        ),
        (&thousand, hour, 15.0, "quantile(0.9, http_requests_total)"),
    ] {
        let engine = Engine::default();
        let mut points = 0;
        let mut times: Vec<f64> = (0..RUNS)
            .map(|_| {
                let begun = Instant::now();
                let answer = engine
                    .range(query, range, memory, &|| None)
                    .expect("it is PromQL");
                points = answer.samples();
                begun.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let median = times.get(RUNS / 2).copied().unwrap_or(f64::NAN);
        let least = times.first().copied().unwrap_or(f64::NAN);
        println!("{least:>6.3} ms  {median:>6.3} ms  {goal_ms:>6} ms  {points:>6}  {query}");
    }
}
