//! How many samples a second of one processor the metric protocols are read with:
//! `cargo run --release -p ingest --example metrics_speed`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "it is a program for the terminal"
)]

use std::hint::black_box;

use ingest::metrics::remote_write::{self, Scratch, Version};
use ingest::metrics::{BodyError, Limits, Received};

#[path = "../src/metrics/wire_tests.rs"]
#[expect(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the encoder belongs to the tests"
)]
mod wire_tests;

use wire_tests::{Encoder, v1_series, v2_request};

const NOW_MS: i64 = 1_800_000_000_000;
const SERIES: u64 = 2_000;
const ROUNDS: u32 = 5_000;

fn main() {
    let owned: Vec<Vec<(String, String)>> = (0..SERIES).map(labels).collect();
    let series: Vec<_> = owned
        .iter()
        .enumerate()
        .map(|(i, labels)| {
            let pairs: Vec<_> = labels
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            (pairs, vec![(NOW_MS, i as f64 * 0.37)])
        })
        .collect();
    let bytes: usize = owned.iter().flatten().map(|(k, v)| k.len() + v.len()).sum();
    println!(
        "{SERIES} series of one sample, {} labels and {} bytes of labels each",
        owned.first().map_or(0, Vec::len),
        bytes / owned.len()
    );
    let one = Encoder::default().each(&series, |m, (pairs, samples)| {
        m.message(1, v1_series(pairs, samples))
    });
    let two = v2_request(&series);
    let limits = Limits::default();
    let mut scratch = Scratch::default();
    for (name, version, message) in [("1.0", Version::V1, one.0), ("2.0", Version::V2, two.0)] {
        let body = snap::raw::Encoder::new()
            .compress_vec(&message)
            .expect("it is short");
        println!(
            "remote-write {name}: {} bytes, {} in Snappy",
            message.len(),
            body.len()
        );
        measure("  decompressed before", || {
            remote_write::decode(version, &message, &limits, NOW_MS)
        });
        measure("  as it is sent", || {
            remote_write::receive(
                version,
                Some("snappy"),
                &body,
                &limits,
                NOW_MS,
                &mut scratch,
            )
        });
    }
}

/// Labels like those of a cluster's exporter.
fn labels(i: u64) -> Vec<(String, String)> {
    [
        (
            "__name__",
            format!("container_network_receive_{}_total", i % 40),
        ),
        ("cluster", "eu-central-1".into()),
        ("container", format!("worker-{}", i % 7)),
        ("instance", format!("10.42.{}.{}:9100", i % 16, i / 16)),
        ("job", "kubernetes-cadvisor".into()),
        ("namespace", "production".into()),
        ("node", format!("node-{:03}", i % 100)),
        ("pod", format!("worker-7d9f8b6c5-{i:05x}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn measure(what: &str, mut read: impl FnMut() -> Result<Received, BodyError>) {
    let samples = read().expect("the request is right").written.samples;
    let mut best = 0.0_f64;
    for _ in 0..5 {
        let before = processor_seconds();
        for _ in 0..ROUNDS / 5 {
            black_box(read().expect("the request is right"));
        }
        let rate = samples as f64 * f64::from(ROUNDS / 5) / (processor_seconds() - before);
        best = best.max(rate);
    }
    println!("{what}: {:.2} M samples per processor second", best / 1e6);
}

/// What this process has used of the processors, in seconds: other load on the machine does not count.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("this needs Linux");
    let nanoseconds = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.expect("its first number is nanoseconds") / 1e9
}
