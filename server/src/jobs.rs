//! What happens without a request: reading this host, scraping targets, recording rules, the queue of
//! work, looks for what is unusual in series and in machines that are due, the demo's ticks.

use std::sync::Arc;
use std::time::Duration;

use api::Caller;
use metrics_exporter_prometheus::PrometheusHandle;
use service::{AuditKeeper, DemoTicker, HostRecorder, Hub, Relay};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Settings;
use crate::host::Host;
use crate::state::App;

/// How often the demo company ticks.
const DEMO_EVERY: Duration = Duration::from_secs(3);
/// How often metrics are sealed, rolled up and forgotten, a slice at a time.
const METRICS_EVERY: Duration = Duration::from_secs(2);
/// How often the queue is looked after.
const PLAN_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked into while it is empty.
const WORK_EVERY: Duration = Duration::from_secs(1);
/// How many do what is in it: while one reads and writes, the other's fits run.
const WORKERS: u32 = 2;
/// How often some machines are looked at as a whole.
const MACHINES_EVERY: Duration = Duration::from_secs(30);
/// How often the audit log is looked after.
const AUDIT_EVERY: Duration = Duration::from_secs(5);
/// How often what was measured of requests is put into its buckets.
const GATHER_EVERY: Duration = Duration::from_secs(5);
/// How long the jobs of the engines rest when nothing is due.
const REST: Duration = Duration::from_secs(5);

/// Carries events to and from the other servers until the server stops.
pub(crate) async fn relay(relay: Relay, stopping: CancellationToken) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = relay.run() => {}
    }
}

/// Starts every job; they stop when `stopping` is cancelled.
pub(crate) fn start(
    tasks: &TaskTracker,
    stopping: &CancellationToken,
    hub: Arc<Hub>,
    app: &App,
    settings: &Settings,
) {
    let host_seconds = settings.host_seconds;
    if host_seconds > 0 {
        match Host::new() {
            Ok(host) => {
                let recorder = HostRecorder::new(hub.clone(), host.name(), host_seconds);
                let every = Duration::from_secs(u64::from(host_seconds));
                tasks.spawn(watch_host(host, recorder, every, stopping.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "this host cannot be read; the other sources work");
            }
        }
    }
    tasks.spawn(tick_demo(DemoTicker::new(hub.clone()), stopping.clone()));
    let keeper = AuditKeeper::new(hub.clone(), settings.audit_anchor());
    tasks.spawn(keep_audit(keeper, stopping.clone()));
    tasks.spawn(crate::scrape::run(hub, stopping.clone()));
    tasks.spawn(plan(app.services.clone(), stopping.clone()));
    for _ in 0..WORKERS {
        tasks.spawn(work(app.services.clone(), stopping.clone()));
    }
    tasks.spawn(record(app.services.clone(), stopping.clone()));
    tasks.spawn(find(app.services.clone(), stopping.clone()));
    tasks.spawn(look_at_machines(app.services.clone(), stopping.clone()));
    tasks.spawn(gather(app.metrics.clone(), stopping.clone()));
    tasks.spawn(maintain_metrics(app.services.clone(), stopping.clone()));
}

async fn watch_host(
    mut host: Host,
    mut recorder: HostRecorder,
    every: Duration,
    stopping: CancellationToken,
) {
    let caller = Caller::system("host");
    // The first numbers after half a second: a newcomer should not wait an interval for them.
    let first =
        tokio::time::Instant::now() + Host::shortest_interval().max(Duration::from_millis(500));
    let mut timer = tokio::time::interval_at(first, every);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = tokio::time::Instant::now();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = timer.tick() => {}
        }
        let elapsed = last.elapsed();
        last = tokio::time::Instant::now();
        let read = tokio::task::spawn_blocking(move || {
            let readings = host.read(elapsed.as_secs_f64());
            (host, readings)
        });
        let Ok((back, readings)) = read.await else {
            tracing::error!("this host could not be read; its numbers stop");
            return;
        };
        host = back;
        // A failure was logged where it happened; the next reading tries again.
        let _ = recorder.record(&caller, readings).await;
    }
}

/// Puts what was measured of requests into its buckets, which otherwise only a scrape does: where nobody
/// scrapes us, each request would stay in memory.
async fn gather(metrics: PrometheusHandle, stopping: CancellationToken) {
    let mut timer = tokio::time::interval(GATHER_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = timer.tick() => metrics.run_upkeep(),
        }
    }
}

async fn tick_demo(ticker: DemoTicker, stopping: CancellationToken) {
    let caller = Caller::system("demo");
    let mut timer = tokio::time::interval(DEMO_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = timer.tick() => {}
        }
        let _ = ticker.tick(&caller).await;
    }
}

async fn maintain_metrics(services: api::Services, stopping: CancellationToken) {
    let caller = Caller::system("metrics");
    let mut timer = tokio::time::interval(METRICS_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            _ = timer.tick() => {}
        }
        // A failure was logged where it happened; the next round tries again.
        let _ = services.metrics.maintain(&caller).await;
    }
    // What came in since the last round is written down before the end.
    let _ = services.metrics.maintain(&caller).await;
}

async fn keep_audit(mut keeper: AuditKeeper, stopping: CancellationToken) {
    let caller = Caller::system("audit");
    // Failures were logged where they happened; the next round tries again.
    let _ = keeper.begin(&caller).await;
    let mut timer = tokio::time::interval(AUDIT_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = timer.tick() => {}
        }
        let _ = keeper.tick(&caller, false).await;
    }
}

async fn plan(services: api::Services, stopping: CancellationToken) {
    let caller = Caller::system("plan");
    let mut timer = tokio::time::interval(PLAN_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = timer.tick() => {}
        }
        // A failure was logged where it happened; the next round tries again.
        let _ = services.jobs.plan(&caller).await;
    }
}

async fn work(services: api::Services, stopping: CancellationToken) {
    let caller = Caller::system("work");
    loop {
        // What was begun is finished: it takes a second or two, and ends what it holds.
        let done = services.jobs.work(&caller).await.unwrap_or(0);
        let rest = if done == 0 {
            WORK_EVERY
        } else {
            Duration::from_millis(1)
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

async fn record(services: api::Services, stopping: CancellationToken) {
    let caller = Caller::system("recording");
    while again(services.recordings.run_due(&caller), &stopping).await {}
}

async fn find(services: api::Services, stopping: CancellationToken) {
    let caller = Caller::system("finding");
    while again(services.findings.scan_due(&caller), &stopping).await {}
}

async fn look_at_machines(services: api::Services, stopping: CancellationToken) {
    let caller = Caller::system("machines");
    let mut timer = tokio::time::interval(MACHINES_EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = timer.tick() => {}
        }
        // A failure was logged where it happened; the next round tries again.
        let _ = services.machines.scan_due(&caller).await;
    }
}

/// Does what is due and rests; answers whether to go on.
async fn again(due: impl Future<Output = api::Result<u32>>, stopping: &CancellationToken) -> bool {
    let done = tokio::select! {
        () = stopping.cancelled() => return false,
        done = due => done.unwrap_or(0),
    };
    // A pause between batches as well: pages come first on a machine with two cores.
    let rest = if done == 0 {
        REST
    } else {
        Duration::from_millis(50)
    };
    tokio::select! {
        () = stopping.cancelled() => false,
        () = tokio::time::sleep(rest) => true,
    }
}
