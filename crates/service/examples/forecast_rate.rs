//! How long forecasts of many series take, end to end: out of the store, through the queue and the
//! engine, and back into the store; and what a page's questions wait meanwhile.
//!
//! `cargo run --release -p service --example forecast_rate -- [SERIES]`, 10,000 without.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program that measures: it stops where it cannot go on, and prints"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::{
    Aggregation, Caller, Domain, Instant, ModelFilter, Range, SeriesId, Services, SourceKind, Unit,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::{DatabaseUrl, NewSeries, NewSource, Store};

/// Where histories end.
const END: i64 = 1_770_000_000 / 86_400 * 86_400;
/// How many rows one transaction takes.
const SLICE: usize = 50_000;

fn main() {
    let series = std::env::args()
        .nth(1)
        .map_or(10_000, |n| n.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(series));
}

async fn measure(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::in_folder(folder.path());
    let store = Store::open(&url, folder.path()).await.unwrap();
    let clock = Arc::new(FixedClock::new(Instant::from_seconds(END + 7_200)));
    let settings = Settings::alone(folder.path().join("uploads"));
    let hub = Hub::new(store.clone(), clock.clone(), Bus::new(1), settings);
    let services = hub.services();
    let (ids, points) = fill(&store, count).await;
    println!(
        "{count} daily series of 1 to 3 years, {points} samples: 4 in 10 with a week and a trend,"
    );
    println!("2 in 10 sold now and then, 2 in 10 stock that is filled up, 2 in 10 slowly rising");
    println!("idle: {}", asked(&services, &ids, None).await);

    run("first fits", &services, &ids).await;
    clock.advance(Instant::DAY);
    day(&store, &ids, 0).await;
    run("one more day each", &services, &ids).await;
    clock.advance(10 * Instant::DAY);
    for more in 1..=10 {
        day(&store, &ids, more).await;
    }
    run(
        "ten more days each, and a fit of each, because they are old",
        &services,
        &ids,
    )
    .await;
    println!("memory: {} MB", memory_mb());
    store.close().await;
}

/// Does what is due with two workers while pages are asked for, and prints what that took.
async fn run(what: &str, services: &Services, ids: &[SeriesId]) {
    let (begun, cpu) = (now(), cpu_ms());
    let done = Arc::new(AtomicBool::new(false));
    let pages = {
        let (services, ids, done) = (services.clone(), ids.to_vec(), done.clone());
        tokio::spawn(async move { asked(&services, &ids, Some(&done)).await })
    };
    let worker = || {
        let (services, done) = (services.clone(), done.clone());
        tokio::spawn(async move {
            let caller = Caller::system("work");
            while !done.load(Ordering::Relaxed) {
                if services.jobs.work(&caller).await.unwrap() == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        })
    };
    let workers = [worker(), worker()];
    let caller = Caller::system("plan");
    loop {
        let put = services.jobs.plan(&caller).await.unwrap();
        let counts = services.jobs.queue(&caller).await.unwrap().counts;
        let open = counts
            .iter()
            .filter(|one| matches!(one.state, api::JobState::Waiting | api::JobState::Running));
        if put == 0 && open.count() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (wall, cpu) = (now() - begun, cpu_ms() - cpu);
    done.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    println!(
        "{what}: {:.1} s by the clock, {:.1} s of CPU, {:.2} ms of CPU a series",
        wall / 1e3,
        cpu / 1e3,
        cpu / ids.len() as f64
    );
    println!("  meanwhile: {}", pages.await.unwrap());
    let page = services.models.list(&caller, ModelFilter::default());
    let all = page.await.unwrap().all;
    println!(
        "  {} models in force, {} of them do not beat the naive forecast, {} have drifted, mean ratio {:.3}",
        all.live,
        all.behind,
        all.drifted,
        all.ratio.unwrap_or(f64::NAN)
    );
}

/// What the page of a series asks, again and again: how long that took.
async fn asked(services: &Services, ids: &[SeriesId], until: Option<&AtomicBool>) -> String {
    let caller = Caller::system("page");
    let range = Range {
        from: Instant::from_seconds(END - 90 * 86_400),
        to: Instant::from_seconds(END + 86_400),
    };
    let mut took = Vec::new();
    for place in 0.. {
        let over = until.map_or(place >= 200, |done| done.load(Ordering::Relaxed));
        if over {
            break;
        }
        let id = &ids[place * 7_919 % ids.len()];
        let begun = now();
        services.series.get(&caller, id).await.unwrap();
        services
            .series
            .points(&caller, id, range, 1_200)
            .await
            .unwrap();
        services.forecasts.get(&caller, id).await.unwrap();
        services.findings.unusual(&caller, id, range).await.unwrap();
        services.models.versions(&caller, id).await.unwrap();
        took.push(now() - begun);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took.get((share * (took.len() - 1) as f64) as usize);
    let [half, most, worst] = [0.5, 0.99, 1.0].map(|share| at(share).copied().unwrap_or(f64::NAN));
    format!(
        "a series' page is answered in {half:.1} ms, 99 of 100 in {most:.1} ms, the slowest in {worst:.1} ms ({} asked)",
        took.len()
    )
}

/// Makes the series and their histories; answers how many samples that is.
async fn fill(store: &Store, count: usize) -> (Vec<SeriesId>, usize) {
    let source = NewSource {
        external_key: "bench".into(),
        name: "bench".into(),
        kind: SourceKind::Push,
        demo: false,
        expected_every_seconds: None,
    };
    let at = Instant::from_seconds(END);
    let source = store.upsert_source(&source, at).await.unwrap();
    let series: Vec<NewSeries> = (0..count).map(new_series).collect();
    let ids = store.resolve_series(&source, &series, at).await.unwrap();
    let (mut rows, mut points) = (Vec::new(), 0);
    for (place, id) in ids.iter().enumerate() {
        let days = history(place);
        points += days as usize;
        rows.extend((0..days).map(|day| (id, instant(day - days), value(place, day))));
        if rows.len() >= SLICE || place + 1 == count {
            for slice in rows.chunks(SLICE) {
                store.record(slice, at).await.unwrap();
            }
            rows.clear();
        }
    }
    (ids, points)
}

fn new_series(place: usize) -> NewSeries {
    NewSeries {
        key: place.to_string(),
        name: "bench".into(),
        title: format!("Series {place}"),
        labels: vec![("place".into(), place.to_string())],
        unit: Unit::None,
        aggregation: if place % 10 < 6 {
            Aggregation::Sum
        } else {
            Aggregation::Last
        },
        domain: Domain::Business,
        non_negative: true,
        limit: None,
        stake: None,
    }
}

async fn day(store: &Store, ids: &[SeriesId], more: i64) {
    let rows: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(place, id)| (id, instant(more), value(place, history(place) + more)))
        .collect();
    let at = Instant::from_seconds(END + (more + 1) * 86_400);
    for slice in rows.chunks(SLICE) {
        store.record(slice, at).await.unwrap();
    }
}

fn instant(day: i64) -> Instant {
    Instant::from_seconds(END + day * 86_400 + 3_600)
}

/// How many days a series has: 1 to 3 years.
fn history(place: usize) -> i64 {
    365 + (chance(place, 0) * 731.0) as i64
}

/// What a series had that day.
fn value(place: usize, day: i64) -> f64 {
    let (size, turn) = (10.0 + 200.0 * chance(place, 1), chance(place, 2));
    let luck = chance(place, 10 + day) + chance(place, 5_000 + day) - 1.0;
    let time = day as f64;
    match place % 10 {
        0..4 => {
            let week = 1.0 + 0.3 * ((day % 7) as f64 * 0.9 + turn).sin();
            let trend = 1.0 + (turn - 0.5) * time / 730.0;
            (size * week * trend * (1.0 + 0.3 * luck)).max(0.0).round()
        }
        4 | 5 => {
            let sold = chance(place, 20_000 + day) < 0.1 + 0.4 * turn;
            if sold {
                (1.0 + 6.0 * (luck + 1.0)).floor()
            } else {
                0.0
            }
        }
        6 | 7 => {
            let every = 14.0 + (40.0 * turn).floor();
            size * (1.0 - (time % every) / every) + 0.02 * size * luck
        }
        _ => size + (0.02 + 0.1 * turn) * time + 0.01 * size * luck,
    }
}

/// Between 0 and 1, the same in every run.
fn chance(place: usize, what: i64) -> f64 {
    let seed = (place as u64) << 20 ^ what as u64;
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Milliseconds of a clock that only moves on.
fn now() -> f64 {
    ms(rustix::time::clock_gettime(
        rustix::time::ClockId::Monotonic,
    ))
}

/// Milliseconds of CPU that this process has used.
fn cpu_ms() -> f64 {
    ms(rustix::time::clock_gettime(
        rustix::time::ClockId::ProcessCPUTime,
    ))
}

fn ms(at: rustix::time::Timespec) -> f64 {
    at.tv_sec as f64 * 1e3 + at.tv_nsec as f64 / 1e6
}

/// What this process holds in memory, where the system says.
fn memory_mb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kb.map_or_else(|| "unknown".to_owned(), |kb| format!("{:.0}", kb / 1e3))
}
