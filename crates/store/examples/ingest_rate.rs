//! How fast samples go into SQLite and come out, and how much room they take:
//! `cargo run --release -p store --example ingest_rate [rows [series]]`.

#![expect(clippy::print_stdout, reason = "it is what this example is for")]

use std::time::{Duration, Instant as Stopwatch};

use api::{Aggregation, Domain, Instant, Range, SeriesId, SourceKind, Unit};
use store::{DatabaseUrl, NewSeries, NewSource, Store};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const BATCH: usize = 10_000;
const EVER: Range = Range {
    from: Instant(0),
    to: Instant(i64::MAX),
};

fn source(key: &str) -> NewSource {
    NewSource {
        external_key: key.into(),
        name: key.into(),
        kind: SourceKind::Push,
        demo: false,
        expected_every_seconds: None,
    }
}

fn series(i: i64) -> NewSeries {
    NewSeries {
        key: i.to_string(),
        name: "metric".into(),
        title: format!("Series {i}"),
        labels: Vec::new(),
        unit: Unit::None,
        aggregation: Aggregation::Last,
        domain: Domain::Machine,
        non_negative: false,
        limit: None,
        stake: None,
    }
}

/// Row `i` of data that comes by time, all `width` series at each instant.
fn row(i: i64, width: i64) -> (i64, Instant, f64) {
    let at = Instant::from_seconds(1_700_000_000 + i / width * 10);
    (i % width, at, (i as f64 * 0.37).sin() * 1e3)
}

fn report(what: &str, n: i64, took: Duration) {
    let rate = n as f64 / took.as_secs_f64();
    println!("{what:<44} {took:>10.3?} {rate:>12.0}/s");
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let argument = |i, default| std::env::args().nth(i).map_or(Ok(default), |a| a.parse());
    let (n, width): (i64, i64) = (argument(1, 1_000_000)?, argument(2, 50)?);
    let folder = tempfile::tempdir()?;
    let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await?;
    let now = Instant::from_seconds(1_800_000_000);

    let target = store.upsert_source(&source("recorded"), now).await?;
    let new: Vec<NewSeries> = (0..width).map(series).collect();
    let ids = store.resolve_series(&target, &new, now).await?;
    let started = Stopwatch::now();
    let mut batch = Vec::with_capacity(BATCH);
    for i in 0..n {
        let (s, at, value) = row(i, width);
        batch.push((&ids[usize::try_from(s)?], at, value));
        if batch.len() == BATCH || i + 1 == n {
            store.record(&batch, now).await?;
            batch.clear();
        }
    }
    report("record, batches of 10,000", n, started.elapsed());
    store.close().await;
    let bytes = std::fs::metadata(folder.path().join("millrace.db"))?.len();
    println!("{:<44} {:>10.1}", "bytes a row", bytes as f64 / n as f64);

    let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await?;
    import(&store, n, width, now).await?;
    read(&store, &ids, n, width).await?;

    let started = Stopwatch::now();
    store.delete_source(&target).await?;
    report("delete a source", n, started.elapsed());
    store.close().await;
    Ok(())
}

/// An import, while somebody else writes a sample at a time and measures how long each waits.
async fn import(store: &Store, n: i64, width: i64, now: Instant) -> Outcome<()> {
    let live = store.upsert_source(&source("live"), now).await?;
    let live = store.resolve_series(&live, &[series(0)], now).await?;
    let ticking = tokio::spawn({
        let store = store.clone();
        async move {
            let mut longest = Duration::ZERO;
            for i in 0.. {
                let started = Stopwatch::now();
                let at = Instant::from_seconds(i);
                if store.record(&[(&live[0], at, 1.0)], now).await.is_err() {
                    break;
                }
                longest = longest.max(started.elapsed());
                if store
                    .setting::<bool>("imported")
                    .await
                    .ok()
                    .flatten()
                    .is_some()
                {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            longest
        }
    });
    let started = Stopwatch::now();
    let mut import = store.begin_import(source("imported")).await?;
    let handles: Vec<u32> = (0..width).map(|i| import.series(series(i))).collect();
    let mut batch = Vec::with_capacity(BATCH);
    for i in 0..n {
        let (s, at, value) = row(i, width);
        batch.push((handles[usize::try_from(s)?], at, value));
        if batch.len() == BATCH || i + 1 == n {
            import.write(&batch).await?;
            batch.clear();
        }
    }
    report("import: staging", n, started.elapsed());
    let committing = Stopwatch::now();
    import.commit(now).await?;
    report("import: commit", n, committing.elapsed());
    report("import: in all", n, started.elapsed());
    store.put_setting("imported", &true).await?;
    println!(
        "{:<44} {:>10.3?}",
        "longest wait of a live write",
        ticking.await?
    );
    Ok(())
}

async fn read(store: &Store, ids: &[SeriesId], n: i64, width: i64) -> Outcome<()> {
    let started = Stopwatch::now();
    let mut found = 0;
    for id in ids {
        found += store.samples(id, EVER, u32::MAX).await?.len();
    }
    report(
        "samples of every series",
        i64::try_from(found)?,
        started.elapsed(),
    );

    let whole = Range {
        from: row(0, width).1,
        to: row(n, width).1,
    };
    let started = Stopwatch::now();
    for id in ids {
        store.buckets(id, whole, 500).await?;
    }
    report("buckets (500) of every series", n, started.elapsed());

    let started = Stopwatch::now();
    let sparks = store.sparks(ids, whole.from, whole.to, 40).await?;
    report(
        "sparks (40) of every series",
        i64::try_from(sparks.len())?,
        started.elapsed(),
    );
    Ok(())
}
