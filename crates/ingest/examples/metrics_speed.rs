//! How many samples a second of one processor the metric protocols are read with:
//! `cargo run --release -p ingest --example metrics_speed`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "it is a program for the terminal"
)]

use std::hint::black_box;

use fakes::remote_write::{Encoder, v1_series, v2_request};
use ingest::metrics::exposition::{self, Format};
use ingest::metrics::influx::{self, Precision};
use ingest::metrics::otlp::{self, Encoding, Mapping};
use ingest::metrics::remote_write::{self, Scratch, Version};
use ingest::metrics::{BodyError, Limits, Received, Written};

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
    let lines: Vec<String> = owned.iter().map(|labels| line(labels)).collect();
    let text = lines.concat();
    let target = exposition::Target::default();
    measure("text exposition", || {
        let scraped = exposition::parse(Format::Text, text.as_bytes(), &target, &limits, NOW_MS);
        scraped.map(|scraped| scraped.received)
    });
    let tags = lines
        .iter()
        .map(|line| line.replace(['{', '"'], "").replace('}', " v="));
    let points = tags.map(|line| line.replacen("_total", "_total,", 1).replace("= ", "="));
    let points = points.collect::<Vec<_>>().concat();
    measure("Influx line protocol", || {
        influx::parse(points.as_bytes(), Precision::Milliseconds, &limits, NOW_MS)
    });
    let otlp_request = otlp_request(&owned);
    measure("OTLP, protobuf", || {
        let received = otlp::parse(
            Encoding::Protobuf,
            &otlp_request.0,
            &Mapping::default(),
            &limits,
            NOW_MS,
        )?;
        Ok(Received {
            written: Written {
                samples: received.points,
                ..Written::default()
            },
            batch: received.batch,
            ..Received::default()
        })
    });
}

/// A line of the text format.
fn line(labels: &[(String, String)]) -> String {
    let name = labels.first().map_or("", |(_, name)| name);
    let pairs: Vec<_> = labels
        .iter()
        .skip(1)
        .map(|(k, v)| format!("{k}=\"{v}\""))
        .collect();
    format!("{name}{{{}}} 17.25\n", pairs.join(","))
}

/// Each series as a gauge of one point.
fn otlp_request(series: &[Vec<(String, String)>]) -> Encoder {
    let metrics = series.iter().map(|labels| {
        let point = Encoder::default()
            .fixed64(3, NOW_MS.cast_unsigned() * 1_000_000)
            .double(4, 17.25);
        let point = point.each(labels.iter().skip(1), |m, (key, value)| {
            let value = Encoder::default().text(1, value);
            m.message(7, Encoder::default().text(1, key).message(2, value))
        });
        let name = labels.first().map_or("", |(_, name)| name);
        let gauge = Encoder::default().message(1, point);
        Encoder::default().text(1, name).message(5, gauge)
    });
    let scope = Encoder::default().each(metrics, |m, metric| m.message(2, metric));
    Encoder::default().message(1, Encoder::default().message(2, scope))
}

/// Labels like those of a cluster's exporter.
fn labels(i: u64) -> Vec<(String, String)> {
    [
        ("__name__", format!("container_network_rx_{}_total", i % 40)),
        ("cluster", "eu-central-1".into()),
        ("container", format!("worker-{}", i % 7)),
        ("instance", format!("10.42.{}.{}:9100", i % 16, i / 16)),
        ("job", "cadvisor".into()),
        ("namespace", "shop".into()),
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
