//! A million rows through the table reader: `cargo bench -p ingest`.
#![expect(clippy::expect_used, reason = "a bench may fail")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ingest::table::{Item, Layout, Limits, Reader, guess, summarise};

const ROWS: u32 = 1_000_000;

/// Hourly orders and revenue of 40 products in 2 shops, as a shop might export them.
fn file() -> (String, Layout) {
    let mut text = String::from("timestamp,shop,product,orders,revenue\n");
    for i in 0..ROWS {
        let (series, hour) = (i % 80, i / 80);
        let (day, hour) = (hour / 24, hour % 24);
        let (year, month, of_month) = (2023 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        writeln!(
            text,
            "{year}-{month:02}-{of_month:02} {hour:02}:00:00,shop {},SKU-{},{},{}.{:02}",
            series % 2,
            series / 2,
            i * 7 % 40,
            i * 13 % 900,
            i % 100,
        )
        .expect("a string takes what is written");
    }
    let layout = guess(text.get(..256 * 1024).unwrap_or(&text).as_bytes(), true).expect("a table");
    (text, layout)
}

fn a_million_rows(c: &mut Criterion) {
    let (text, layout) = file();
    let mut group = c.benchmark_group("a million rows");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("read", |b| {
        b.iter(|| {
            let reader = Reader::open(text.as_bytes(), &layout).expect("a layout that fits");
            let good = reader
                .filter(|item| matches!(item, Ok(Item::Row(_))))
                .count();
            assert_eq!(black_box(good), ROWS as usize);
        });
    });
    group.bench_function("summarise", |b| {
        b.iter(|| {
            let go_on = &mut |_| ControlFlow::Continue(());
            let summary = summarise(text.as_bytes(), &layout, Limits::default(), go_on);
            black_box(summary.expect("a table"))
        });
    });
    group.finish();
    c.bench_function("guess from 256 KiB", |b| {
        let sample = text.get(..256 * 1024).unwrap_or(&text).as_bytes();
        b.iter(|| black_box(guess(sample, true).expect("a table")));
    });
}

criterion_group!(benches, a_million_rows);
criterion_main!(benches);
