//! How fast metrics go in and come out, and what they take on disk and in memory:
//! `cargo run --release -p store --example metrics_bench [series [hours]]`, in a new file or in the
//! empty database of `MILLRACE_DATABASE_URL`.

#![expect(clippy::print_stdout, reason = "it is what this example is for")]

use std::time::{Duration, Instant as Stopwatch};

use api::{Instant, SourceId};
use series::{Batch, MetricSample};
use store::DatabaseUrl;
use store::metrics::{ChunkStore, Limits, MatchOp, Matcher, MetricStore, Selection};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const START: i64 = 1_700_000_000_000;
const STEP: i64 = 15_000;

/// Samples in a request, as Prometheus' remote write has it.
const REQUEST: usize = 2_000;

/// A number from 0 to 1, the same for the same input (splitmix64).
fn chance(of: u64) -> f64 {
    let mut z = of.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Series that behave like a machine's: `level` is what each has come to.
fn next(series: u64, round: u64, level: &mut f64) -> f64 {
    let dice = chance(series.wrapping_mul(1_000_003).wrapping_add(round));
    match series % 8 {
        0 => 1.0,
        1 => {
            *level += if dice < 0.05 {
                (dice * 200.0).ceil()
            } else {
                0.0
            };
            *level
        }
        2 => {
            *level += (12_000.0 + 6_000.0 * dice).round();
            *level
        }
        3 => {
            *level += (1_100.0 + 200.0 * dice).round();
            *level / 100.0
        }
        4 => {
            *level = (*level + 40.0 * dice - 20.0).round().max(0.0);
            *level * 4096.0
        }
        5 => (20.0 + 16.0 * dice).round(),
        6 => (3_500.0 + 1_000.0 * dice).round() / 100.0,
        _ => 35.0 + 10.0 * dice,
    }
}

fn cpu() -> Duration {
    // User and system ticks of this process, a hundred a second.
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn peak_mb(what: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(what));
    let kb = line
        .and_then(|line| line.split_whitespace().nth(1))
        .and_then(|kb| kb.parse::<u64>().ok());
    kb.map_or_else(|| "?".to_owned(), |kb| format!("{} MB", kb / 1024))
}

fn selection(host: Option<&str>, from_ms: i64, to_ms: i64) -> Outcome<Selection> {
    let mut matchers = vec![Matcher::new("job", MatchOp::Equal, "node")?];
    if let Some(host) = host {
        matchers.push(Matcher::new("instance", MatchOp::Equal, host)?);
    }
    Ok(Selection {
        matchers,
        from_ms,
        to_ms,
        at: None,
        limits: Limits::default(),
    })
}

/// All series' next samples, in requests.
fn requests(round: u64, levels: &mut [f64]) -> Outcome<Vec<Batch>> {
    let mut requests = Vec::new();
    let mut batch = Batch::default();
    for (series, level) in (0u64..).zip(levels) {
        let value = next(series, round, level);
        let at_ms = START + round.cast_signed() * STEP;
        let (instance, name) = (
            format!("host-{}.example.com:9100", series / 100),
            format!("node_metric_{}_total", series % 100),
        );
        let mut labels = [
            ("__name__", name.as_str()),
            ("datacenter", "fra1"),
            ("device", "/dev/mapper/vg0-root"),
            ("env", "production"),
            ("instance", instance.as_str()),
            ("job", "node"),
            ("mode", "user"),
        ];
        batch.push(&mut labels, [MetricSample { at_ms, value }])?;
        if batch.samples() == REQUEST {
            requests.push(std::mem::take(&mut batch));
        }
    }
    if !batch.is_empty() {
        requests.push(batch);
    }
    Ok(requests)
}

/// The smallest of some tries.
async fn best<F: Future<Output = Outcome<usize>>>(
    what: &str,
    mut each: impl FnMut() -> F,
) -> Outcome<()> {
    let mut fastest = Duration::MAX;
    let mut count = 0;
    for _ in 0..20 {
        let begun = Stopwatch::now();
        count = each().await?;
        fastest = fastest.min(begun.elapsed());
    }
    println!("{what:<44} {fastest:>12.3?}  {count} values");
    Ok(())
}

async fn fill(store: &ChunkStore, series: usize, rounds: u64) -> Outcome<()> {
    let source = SourceId("bench".into());
    let mut levels = vec![1_000.0; series];
    let (mut wall, mut used, mut samples) = (Duration::ZERO, Duration::ZERO, 0u64);
    let mut round = 0;
    while round < rounds {
        // Made before the clock runs: some rounds at a time, so that small requests fill up.
        let many = (REQUEST / series).max(1) as u64;
        let mut made: Vec<Batch> = Vec::new();
        for _ in 0..50 {
            let mut joined = Batch::default();
            let mut parts = Vec::new();
            for _ in 0..many {
                parts.extend(requests(round, &mut levels)?);
                round += 1;
            }
            if many == 1 {
                made.append(&mut parts);
                if made.len() >= 200 {
                    break;
                }
                continue;
            }
            for part in &parts {
                for one in part.series() {
                    let mut labels: Vec<_> = one.labels.iter().collect();
                    joined.push(&mut labels, one.samples.iter().copied())?;
                }
            }
            made.push(joined);
        }
        let now = Instant((START + round.cast_signed() * STEP) * 1000);
        let (begun, before) = (Stopwatch::now(), cpu());
        // Four senders, so that commits have something to share.
        while !made.is_empty() {
            let four = made.drain(..made.len().min(4));
            let work = four.map(|batch| store.append(&source, batch, now));
            for sent in futures_join(work.collect()).await {
                samples += sent?.counts.samples;
            }
        }
        store.maintain(now).await?;
        wall += begun.elapsed();
        used += cpu().saturating_sub(before);
    }
    println!(
        "{samples} samples: {:.2} M/s of CPU, {:.2} M/s of wall",
        samples as f64 / 1e6 / used.as_secs_f64(),
        samples as f64 / 1e6 / wall.as_secs_f64(),
    );
    Ok(())
}

/// Waits for all, polling them together.
async fn futures_join<T>(mut all: Vec<impl Future<Output = T> + Unpin>) -> Vec<T> {
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in all.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = std::pin::Pin::new(future).poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let argument = |i, default: u64| std::env::args().nth(i).map_or(Ok(default), |a| a.parse());
    let (series, hours) = (argument(1, 1_000)?, argument(2, 26)?);
    let series = usize::try_from(series)?;
    let folder = tempfile::tempdir()?;
    let url = match std::env::var("MILLRACE_DATABASE_URL") {
        Ok(url) => DatabaseUrl::parse(&url)?,
        Err(_) => DatabaseUrl::in_folder(folder.path()),
    };
    let store = ChunkStore::open(&url, folder.path()).await?;
    let rounds = hours * 240;
    println!("{series} series, {hours} h every 15 s");
    fill(&store, series, rounds).await?;
    println!("peak memory {}, now {}", peak_mb("VmHWM"), peak_mb("VmRSS"));
    println!("{:?}", store.memory_use().await);
    queries(&store, rounds).await?;
    let used = store.disk_use().await?;
    let sealed = series as u64 * rounds - store.memory_use().await.head_samples as u64;
    println!("{used:?}");
    println!(
        "{:.2} bytes a sealed sample; with all pages but the records' {:.2}",
        used.raw.bytes as f64 / sealed as f64,
        used.total_bytes.saturating_sub(used.wal.bytes) as f64 / sealed as f64
    );
    store.close().await;
    drop(store);
    let begun = Stopwatch::now();
    let store = ChunkStore::open(&url, folder.path()).await?;
    let heads = store.memory_use().await.head_samples;
    println!(
        "restart {:.3?}, {heads} samples read again",
        begun.elapsed()
    );
    Ok(())
}

async fn queries(store: &ChunkStore, rounds: u64) -> Outcome<()> {
    let end = START + rounds.cast_signed() * STEP;
    let day = 86_400_000;
    let name = Matcher::new("__name__", MatchOp::Equal, "node_metric_3_total")?;
    let mut one = selection(Some("host-0.example.com:9100"), end - day, end)?;
    one.matchers.push(name);
    let all = selection(None, end - 3_600_000, end)?;
    let mut older = all.clone();
    (older.from_ms, older.to_ms) = (end - 5 * 3_600_000, end - 4 * 3_600_000);
    let samples = |selection: Selection| async move {
        let found = store.select(&selection).await?;
        Ok(found.iter().map(|(_, s)| s.len()).sum())
    };
    best("one series, 24 h", || samples(one.clone())).await?;
    best("all series, the last hour", || samples(all.clone())).await?;
    if rounds > 1_500 {
        best("all series, an hour that is sealed", || {
            samples(older.clone())
        })
        .await?;
    }
    best("one series, 24 h in 300 windows", || async {
        let found = store.windows(&one, day / 300).await?;
        Ok(found.iter().map(|(_, w)| w.len()).sum())
    })
    .await?;
    best("all series, the last hour as one window", || async {
        let found = store.windows(&all, 3_600_000).await?;
        Ok(found.iter().map(|(_, w)| w.len()).sum())
    })
    .await
}
