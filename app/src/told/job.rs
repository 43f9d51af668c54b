//! The queue of work in words.

use api::{Instant, Job, JobKind, JobState, Queue};
use serde::{Deserialize, Serialize};

/// The queue, as its page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// For each kind: its name, and how many wait, run, were done and were given up.
    pub kinds: Vec<[String; 5]>,
    /// What runs now.
    pub running: Vec<Line>,
    /// What comes next.
    pub next: Vec<Line>,
    /// What was given up.
    pub dead: Vec<Line>,
    /// What was done last.
    pub done: Vec<Line>,
    /// What comes again and again: its name, how often, and when next, in microseconds.
    pub scheduled: Vec<(String, String, i64)>,
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which.
    pub id: String,
    /// What it is.
    pub what: String,
    /// When it was begun, comes, or ended, in microseconds.
    pub at: i64,
    /// What is to be said of it.
    pub words: String,
}

/// What a kind of work is called.
pub const fn name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::UpdateForecasts => "New data into forecasts",
        JobKind::FitModel => "Fit a model",
        JobKind::TidyUp => "Tidy up",
    }
}

/// Tells the queue.
pub fn told(queue: &Queue) -> Told {
    let count = |kind, state| {
        let of_both = |one: &&api::JobCount| one.kind == kind && one.state == state;
        queue.counts.iter().find(of_both).map_or(0, |one| one.count)
    };
    let kinds = JobKind::ALL.map(|kind| {
        let [waiting, running, done, dead] =
            JobState::ALL.map(|state| api::grouped(count(kind, state)));
        [name(kind).to_owned(), waiting, running, done, dead]
    });
    let lines = |jobs: &[Job]| jobs.iter().map(|job| line(job, queue.now)).collect();
    Told {
        kinds: kinds.into(),
        running: lines(&queue.running),
        next: lines(&queue.next),
        dead: lines(&queue.dead),
        done: lines(&queue.done),
        scheduled: queue
            .scheduled
            .iter()
            .map(|one| {
                let every = ui::span_text(f64::from(one.every_seconds));
                (name(one.kind).to_owned(), every, one.next_at.0)
            })
            .collect(),
    }
}

fn line(job: &Job, now: Instant) -> Line {
    let what = match job.about.as_str() {
        "" => name(job.kind).to_owned(),
        about => format!("{}: {about}", name(job.kind)),
    };
    let outcome = job.outcome.clone().unwrap_or_default();
    let tries = |done: u32| format!("attempt {done} of {}", job.most_attempts);
    let (at, words) = match job.state {
        JobState::Waiting if job.attempts == 0 => (Some(job.run_at), String::new()),
        JobState::Waiting => {
            let words = format!("{}; it failed before: {outcome}", tries(job.attempts + 1));
            (Some(job.run_at), words)
        }
        JobState::Running => {
            let since = job
                .started_at
                .map_or(0.0, |at| now.seconds_since(at).max(0.0));
            let words = format!("for {}, {}", ui::span_text(since), tries(job.attempts));
            (job.started_at, words)
        }
        JobState::Done => (job.finished_at, outcome),
        JobState::Dead => (
            job.finished_at,
            format!("{outcome} ({})", tries(job.attempts)),
        ),
    };
    Line {
        id: job.id.0.clone(),
        what,
        at: at.unwrap_or(now).0,
        words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_and_what_runs_say_since_when_and_why() {
        let job = |state| Job {
            id: "1".into(),
            kind: JobKind::FitModel,
            about: "Orders".into(),
            state,
            run_at: Instant::from_seconds(50),
            attempts: 2,
            most_attempts: 3,
            started_at: Some(Instant::from_seconds(10)),
            finished_at: None,
            outcome: Some("it took too long".into()),
        };
        let now = Instant::from_seconds(40);
        let running = line(&job(JobState::Running), now);
        assert_eq!(running.what, "Fit a model: Orders");
        assert!(running.words.contains("30") && running.words.ends_with("attempt 2 of 3"));
        let waiting = line(&job(JobState::Waiting), now).words;
        assert!(waiting.starts_with("attempt 3 of 3") && waiting.ends_with("it took too long"));
    }
}
