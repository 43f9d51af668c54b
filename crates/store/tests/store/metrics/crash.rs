//! What was acknowledged survives `kill -9`: a child writes under load and is killed at random moments.
//!
//! `MILLRACE_CRASH_CYCLES` says how often; the suite does it ten times, a soak two hundred.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use api::{Instant, SourceId};
use series::{Batch, MetricSample};
use store::DatabaseUrl;
use store::metrics::{ChunkStore, Limits, Matcher, MetricStore, Selection};

use crate::harness::{Home, block_on, on_postgres, on_sqlite};

/// Say to this program that it is the child, and where to write what.
const URL: &str = "MILLRACE_CRASH_URL";
const FOLDER: &str = "MILLRACE_CRASH_FOLDER";
const FIRST: &str = "MILLRACE_CRASH_FIRST";
const START: i64 = 1_700_000_000_000;
const STEP: i64 = 1_000;
const SERIES: u32 = 50;
const WRITERS: u32 = 4;

fn value(writer: u32, series: u32, round: i64) -> f64 {
    f64::from(writer * 1_000 + series) + round as f64
}

fn batch(writer: u32, round: i64) -> Batch {
    let mut batch = Batch::default();
    let writer_name = writer.to_string();
    for series in 0..SERIES {
        let name = series.to_string();
        let sample = MetricSample {
            at_ms: START + round * STEP,
            value: value(writer, series, round),
        };
        let mut labels = [("__name__", "m"), ("n", &name), ("w", &writer_name)];
        batch.push(&mut labels, [sample]).unwrap();
    }
    batch
}

/// What the child does: writes rounds from that one on, and prints each one that was acknowledged.
async fn write_until_killed(store: ChunkStore, first: i64) {
    let store = Arc::new(store);
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let source = SourceId("crash".into());
            for round in first.. {
                let now = Instant((START + round * STEP) * 1000);
                let appended = store
                    .append(&source, batch(writer, round), now)
                    .await
                    .unwrap();
                say(&format!(
                    "{writer} {round} {}\n",
                    appended.counts.duplicates
                ));
                // Seals, rollups and forgotten records are crashed into as well.
                if round % 40 == 0 {
                    let hours = (round % 3) * 3 * 3_600_000_000;
                    store.maintain(now.plus(hours)).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
fn sqlite_loses_no_acknowledged_sample_when_the_process_is_killed() {
    if !is_child() {
        on_sqlite(|home| async move {
            let test =
                "metrics::crash::sqlite_loses_no_acknowledged_sample_when_the_process_is_killed";
            kill_again_and_again(&home, test, None).await;
        });
    }
}

/// While another one reads all the time, whose heads never come from the disk.
#[test]
fn postgres_loses_no_acknowledged_sample_when_one_of_two_processes_is_killed() {
    if !is_child() {
        on_postgres(|home| async move {
            let test = "metrics::crash::postgres_loses_no_acknowledged_sample_when_one_of_two_processes_is_killed";
            let other = home.metrics().await;
            kill_again_and_again(&home, test, Some(&other)).await;
            other.close().await;
        });
    }
}

/// Whether this is a child; what it is for is done then.
fn is_child() -> bool {
    let (Ok(url), Ok(folder)) = (std::env::var(URL), std::env::var(FOLDER)) else {
        return false;
    };
    let first = std::env::var(FIRST).unwrap().parse().unwrap();
    block_on(async {
        let url = DatabaseUrl::parse(&url).unwrap();
        let store = ChunkStore::open(&url, folder.as_ref()).await.unwrap();
        write_until_killed(store, first).await;
    });
    true
}

async fn kill_again_and_again(home: &Home, test: &str, other: Option<&ChunkStore>) {
    let cycles: u64 =
        std::env::var("MILLRACE_CRASH_CYCLES").map_or(10, |cycles| cycles.parse().unwrap());
    // The newest round of each writer that was acknowledged, and how many rounds in all.
    let mut acknowledged: HashMap<u32, i64> = HashMap::new();
    let mut first = 0;
    let mut rounds = 0;
    for cycle in 0..cycles {
        // Spread over what a cycle goes through: opening, replaying, writing, sealing.
        let patience = Duration::from_millis(150 + (cycle * 7_919) % 900);
        for (writer, round) in kill_after(home, test, first, patience) {
            let newest = acknowledged.entry(writer).or_insert(-1);
            *newest = (*newest).max(round);
            rounds += 1;
        }
        // Where rounds were not acknowledged, the sender sends them again: no gap stays behind.
        first = (0..WRITERS)
            .map(|writer| acknowledged.get(&writer).map_or(first, |newest| newest + 1))
            .min()
            .unwrap();
        if let Some(other) = other {
            check(other, &acknowledged).await;
        }
        let store = home.metrics().await;
        assert_eq!(store.damaged(), 0);
        check(&store, &acknowledged).await;
        store.close().await;
    }
    assert!(rounds > cycles * 4, "{rounds} rounds: it hardly ran");
    eprintln!("{cycles} cycles, {rounds} requests acknowledged");
}

/// Lets a child write and kills it; answers what it said was acknowledged.
fn kill_after(home: &Home, test: &str, first: i64, patience: Duration) -> Vec<(u32, i64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--quiet"])
        .arg(test)
        .env(URL, &home.raw)
        .env(FOLDER, home.folder.path())
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let lines = output.lines().map_while(Result::ok);
        let said = lines.filter_map(|line| {
            let mut words = line.split(' ');
            let (writer, round) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            // What has no third word was cut off.
            words.next()?.parse::<u64>().ok()?;
            Some((writer, round))
        });
        said.collect()
    });
    std::thread::sleep(patience);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// Everything acknowledged is there, with its value, once.
async fn check(store: &ChunkStore, acknowledged: &HashMap<u32, i64>) {
    let selection = Selection {
        matchers: Vec::<Matcher>::new(),
        from_ms: 0,
        to_ms: i64::MAX,
        at: None,
        limits: Limits::default(),
    };
    let found = store.select(&selection).await.unwrap();
    for (labels, samples) in &found {
        let number = |name| labels.as_ref().get(name).parse::<u32>().unwrap();
        let (writer, series) = (number("w"), number("n"));
        assert!(samples.is_sorted_by(|a, b| a.at_ms < b.at_ms), "{labels}");
        let rounds: Vec<i64> = samples.iter().map(|s| (s.at_ms - START) / STEP).collect();
        for (sample, round) in samples.iter().zip(&rounds) {
            let wanted = value(writer, series, *round);
            assert_eq!(sample.value.to_bits(), wanted.to_bits(), "{labels} {round}");
        }
        let newest = acknowledged.get(&writer).copied().unwrap_or(-1);
        let missing = (0..=newest).find(|round| rounds.binary_search(round).is_err());
        assert_eq!(missing, None, "{labels} of 0..={newest}");
    }
    let expected = acknowledged.len() * SERIES as usize;
    assert!(found.len() >= expected, "{} of {expected}", found.len());
}
