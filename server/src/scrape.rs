//! The job that scrapes: a task for each target, so that a slow one delays nobody.

mod fetch;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::{Caller, SourceId};
use service::{Hub, ScrapeRunner, ScrapeTask};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use fetch::HttpFetch;

/// How often the targets are read again, in case another process changed one, and the lease is taken again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// A target that is being scraped.
struct Running {
    revision: i64,
    leave: CancellationToken,
    task: JoinHandle<()>,
}

/// Scrapes every target until the server stops.
pub(crate) async fn run(hub: Arc<Hub>, stopping: CancellationToken) {
    let caller = Caller::system("scrape");
    let runner = ScrapeRunner::new(hub);
    let mut running = HashMap::new();
    loop {
        // A failure was logged where it happened: what runs goes on.
        if let Ok(tasks) = runner.tasks(&caller).await {
            follow(&runner, &caller, &mut running, tasks, &stopping).await;
        }
        tokio::select! {
            () = stopping.cancelled() => break,
            () = runner.changed() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    for one in running.into_values() {
        // Each stops by itself, since it was told to stop too.
        let _ = one.task.await;
    }
}

/// Ends what is gone or out of date, and starts what is new.
async fn follow(
    runner: &ScrapeRunner,
    caller: &Caller,
    running: &mut HashMap<SourceId, Running>,
    tasks: Vec<ScrapeTask>,
    stopping: &CancellationToken,
) {
    let wanted: HashMap<SourceId, ScrapeTask> =
        tasks.into_iter().map(|t| (t.id().clone(), t)).collect();
    let is_wanted = |id: &SourceId, one: &Running| {
        let same = wanted.get(id).is_some_and(|t| t.revision() == one.revision);
        same && !one.task.is_finished()
    };
    let over: Vec<SourceId> = running
        .iter()
        .filter(|(id, one)| !is_wanted(id, one))
        .map(|(id, _)| id.clone())
        .collect();
    for id in over {
        if let Some(one) = running.remove(&id) {
            one.leave.cancel();
            let _ = one.task.await;
            let _ = runner.tidy_up(caller, &id).await;
        }
    }
    for (id, task) in wanted {
        running.entry(id).or_insert_with(|| {
            let leave = CancellationToken::new();
            Running {
                revision: task.revision(),
                leave: leave.clone(),
                task: tokio::spawn(scrape(task, caller.clone(), leave, stopping.clone())),
            }
        });
    }
}

/// One target, scrape after scrape. Its series end when it is left alone or changed, and go on when
/// the server only restarts.
async fn scrape(
    mut task: ScrapeTask,
    caller: Caller,
    leave: CancellationToken,
    stopping: CancellationToken,
) {
    let mut wait = if task.is_new() {
        Duration::ZERO
    } else {
        task.wait()
    };
    loop {
        let once = async {
            tokio::time::sleep(wait).await;
            task.scrape(&caller).await
        };
        let done = tokio::select! {
            () = stopping.cancelled() => return,
            () = leave.cancelled() => break,
            done = once => done,
        };
        let outcome = match done {
            Ok(true) => "up",
            Ok(false) => "down",
            Err(_) => "not_kept",
        };
        metrics::counter!("millrace_scrapes_total", "outcome" => outcome).increment(1);
        wait = task.wait();
    }
    let _ = task.end(&caller).await;
}
