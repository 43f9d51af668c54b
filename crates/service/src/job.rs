//! The queue of work beside the pages: what it does, who does it, and what becomes of what fails.
//!
//! A fit changes the database in the transaction that ends its job, so its effect happens once, even
//! where a process that was slow and one that took over both did the work.
//! Updates and tidying up may happen twice without harm: they bring about a state.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::{
    Caller, Error, FitReason, Instant, JobId, JobKind, JobState, Jobs, MOST_JOBS, Permission,
    Queue, Result, SeriesId, Topic, grouped,
};
use async_trait::async_trait;
use store::{ClaimedJob, JobEnd, NewJob};
use tracing::Instrument as _;

use crate::audit::Note;
use crate::failure::OrFailure;
use crate::forecast::Fit;
use crate::guard::{require, require_on, require_system};
use crate::{Hub, lease};

/// How many jobs are taken at once: fits are written together.
const AT_ONCE: u32 = 32;
/// How long a process may be silent until another does what it had begun, in microseconds.
const HELD: i64 = 60 * Instant::SECOND;
/// How often it says that it is there.
const SAY: Duration = Duration::from_secs(15);
/// The wait after a first failure, in seconds; each further one is four times as long.
const WAIT_SECONDS: f64 = 30.0;
/// How long results and failures are kept.
const KEPT: i64 = 30 * Instant::DAY;
/// How often old things are forgotten.
const TIDY_SECONDS: u32 = 6 * 3_600;

/// What open pages were told of the queue.
#[derive(Default)]
pub(crate) struct Told {
    at: Mutex<Option<Instant>>,
    news: AtomicBool,
}

#[async_trait]
impl Jobs for Hub {
    async fn queue(&self, caller: &Caller) -> Result<Queue> {
        require(caller, Permission::MonitoringRead)?;
        let store = &self.store;
        let list = async |state| store.jobs_in(state, MOST_JOBS).await.or_failure(caller);
        Ok(Queue {
            counts: store.job_counts().await.or_failure(caller)?,
            running: list(JobState::Running).await?,
            next: list(JobState::Waiting).await?,
            dead: list(JobState::Dead).await?,
            done: list(JobState::Done).await?,
            scheduled: store.scheduled().await.or_failure(caller)?,
            now: self.clock.now(),
        })
    }

    async fn retry(&self, caller: &Caller, id: &JobId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "job")?;
        let store = self.noting(caller, Note::of("job.retry").on("job", id, ""));
        let retried = store.retry_job(id, self.clock.now()).await;
        retried.or_failure(caller)?;
        self.changed(Topic::Jobs, None);
        Ok(())
    }

    async fn cancel(&self, caller: &Caller, id: &JobId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "job")?;
        let now = self.clock.now();
        let words = "Somebody stopped it.";
        let store = self.noting(caller, Note::of("job.cancel").on("job", id, ""));
        let cancelled = store.cancel_job(id, words, now).await;
        cancelled.or_failure(caller)?;
        self.changed(Topic::Jobs, None);
        Ok(())
    }

    async fn plan(&self, caller: &Caller) -> Result<u32> {
        require_system(caller)?;
        self.tell_of_jobs();
        if !self.holds(caller, lease::FORECAST).await? {
            return Ok(0);
        }
        let (store, now) = (&self.store, self.clock.now());
        store.recover_jobs(now).await.or_failure(caller)?;
        self.schedule(caller, now).await?;
        let mut put = store.put_scheduled(now).await.or_failure(caller)?;
        if !store.due(now, 1).await.or_failure(caller)?.is_empty() {
            let update = NewJob {
                kind: JobKind::UpdateForecasts,
                key: String::new(),
                payload: "{}".to_owned(),
                priority: 1,
                run_at: now,
                most_attempts: 5,
            };
            put += store.put_jobs(&[update], now).await.or_failure(caller)?;
        }
        Ok(u32::try_from(put).unwrap_or(u32::MAX))
    }

    async fn work(&self, caller: &Caller) -> Result<u32> {
        require_system(caller)?;
        let now = self.clock.now();
        let holder = self.leases.holder();
        // Models are kept where they are updated: who has none would make each again.
        let others = !self.holds(caller, lease::FORECAST).await?;
        let but = others.then_some(JobKind::UpdateForecasts);
        let claimed = self
            .store
            .claim_jobs(holder, now, now.plus(HELD), AT_ONCE, but)
            .await
            .or_failure(caller)?;
        let count = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
        if count > 0 {
            self.queue.news.store(true, Ordering::Relaxed);
            self.tell_of_jobs();
            self.while_held(caller, Box::pin(self.do_all(caller, claimed)))
                .await?;
        }
        Ok(count)
    }
}

impl Hub {
    /// Sees to it that old things are forgotten; writes only where that is not so.
    async fn schedule(&self, caller: &Caller, now: Instant) -> Result<()> {
        let latest = now.plus(i64::from(TIDY_SECONDS) * Instant::SECOND);
        let there = self.store.scheduled().await.or_failure(caller)?;
        let there = there.iter().any(|one| {
            let known = one.kind == JobKind::TidyUp && one.every_seconds == TIDY_SECONDS;
            known && one.next_at <= latest
        });
        if there {
            return Ok(());
        }
        let tidy = self
            .store
            .schedule(JobKind::TidyUp, TIDY_SECONDS, now)
            .await;
        tidy.or_failure(caller)
    }

    /// Tells open pages that the queue is another, at most once a second.
    fn tell_of_jobs(&self) {
        let now = self.clock.now();
        let Ok(mut at) = self.queue.at.lock() else {
            return;
        };
        let recent = at.is_some_and(|at| (0..Instant::SECOND).contains(&(now.0 - at.0)));
        if !recent && self.queue.news.swap(false, Ordering::Relaxed) {
            *at = Some(now);
            drop(at);
            self.changed(Topic::Jobs, None);
        }
    }

    /// Does it, and says meanwhile that this process is still there.
    ///
    /// Both go on at once: the work may have the only writer, which saying so waits for.
    async fn while_held(
        &self,
        caller: &Caller,
        work: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let say = async {
            loop {
                tokio::time::sleep(SAY).await;
                let until = self.clock.now().plus(HELD);
                let held = self.store.hold_jobs(self.leases.holder(), until).await;
                // Logged; the next try may come in time.
                let _ = held.or_failure(caller);
            }
        };
        tokio::select! {
            done = work => {
                self.queue.news.store(true, Ordering::Relaxed);
                done
            }
            () = say => Ok(()),
        }
    }

    async fn do_all(&self, caller: &Caller, claimed: Vec<ClaimedJob>) -> Result<()> {
        let (fits, others): (Vec<_>, Vec<_>) = claimed
            .into_iter()
            .partition(|job| job.kind == JobKind::FitModel);
        for job in others {
            let span = tracing::error_span!("job", id = job.id.as_str(), kind = job.kind.as_str());
            let done = self.do_one(caller, &job).instrument(span).await;
            let end = match done {
                Ok(words) => JobEnd::Done(words),
                Err(error) => ended_badly(&job, &error.to_string(), self.clock.now()),
            };
            self.end(caller, &job.id, &end).await?;
        }
        let fits = self.not_held(caller, fits).await?;
        if fits.is_empty() {
            return Ok(());
        }
        let wanted = fits.iter().map(|job| Fit {
            series: job.key.clone().into(),
            reason: serde_json::from_str(&job.payload).unwrap_or(FitReason::First),
            job: Some((job.id.clone(), self.leases.holder().to_owned())),
        });
        let span = tracing::error_span!("fits", count = fits.len());
        let done = self.fit_all(caller, wanted.collect()).instrument(span);
        match done.await {
            Ok(failed) => {
                for (fit, why) in failed {
                    let of_fit = |job: &&ClaimedJob| job.key == fit.series.as_str();
                    if let Some(job) = fits.iter().find(of_fit) {
                        let end = ended_badly(job, &why, self.clock.now());
                        if let JobEnd::Dead(why) = &end {
                            self.gave_up(caller, &fit.series, why).await?;
                        }
                        self.end(caller, &job.id, &end).await?;
                    }
                }
                self.changed(Topic::Forecasts, None);
                Ok(())
            }
            Err(error) => {
                for job in &fits {
                    let end = ended_badly(job, &error.to_string(), self.clock.now());
                    self.end(caller, &job.id, &end).await?;
                }
                Err(error)
            }
        }
    }

    /// Those fits whose series somebody has not put a version in force for meanwhile; the others end.
    async fn not_held(
        &self,
        caller: &Caller,
        mut fits: Vec<ClaimedJob>,
    ) -> Result<Vec<ClaimedJob>> {
        let ids: Vec<SeriesId> = fits.iter().map(|job| job.key.clone().into()).collect();
        let held = self.store.held(&ids, self.clock.now()).await;
        let held = held.or_failure(caller)?;
        for job in fits.extract_if(.., |job| held.iter().any(|id| id.as_str() == job.key)) {
            let words = "Nothing was fitted: somebody put a version in force, and it is held.";
            self.end(caller, &job.id, &JobEnd::Done(words.to_owned()))
                .await?;
        }
        Ok(fits)
    }

    /// Does a job that is done alone; answers what it did.
    async fn do_one(&self, caller: &Caller, job: &ClaimedJob) -> Result<String> {
        match job.kind {
            JobKind::UpdateForecasts => {
                let done = self.update_due(caller).await?;
                Ok(match (done.updated, done.queued) {
                    (updated, 0) => format!("{} series are up to date.", grouped(updated)),
                    (updated, fits) => format!(
                        "{} series are up to date; {} fits were put in.",
                        grouped(updated),
                        grouped(fits)
                    ),
                })
            }
            JobKind::TidyUp => {
                let versions = self.forget_versions(caller).await?;
                let before = self.clock.now().minus(KEPT);
                let jobs = self.store.forget_jobs(before).await.or_failure(caller)?;
                Ok(format!(
                    "{} old versions and {} old results were forgotten.",
                    grouped(versions),
                    grouped(jobs)
                ))
            }
            // Fits are done together.
            JobKind::FitModel => Ok(String::new()),
        }
    }

    /// Ends a job; one that is another's meanwhile is left to it.
    async fn end(&self, caller: &Caller, id: &JobId, end: &JobEnd) -> Result<()> {
        let now = self.clock.now();
        let ended = self.store.end_job(id, self.leases.holder(), end, now).await;
        match ended.or_failure(caller) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What becomes of a job that failed: it is tried again later, or given up.
fn ended_badly(job: &ClaimedJob, why: &str, now: Instant) -> JobEnd {
    if job.attempt >= job.most_attempts {
        return JobEnd::Dead(why.to_owned());
    }
    let wait = back_off(job.attempt, rand::random());
    JobEnd::Again(now.plus(wait), why.to_owned())
}

/// How long to wait after that many failures, in microseconds: jobs that failed together do not come
/// back together. `chance` is between 0 and 1.
#[expect(
    clippy::cast_possible_truncation,
    reason = "some hours at most, and the cast saturates"
)]
fn back_off(failures: u32, chance: f64) -> i64 {
    let times = 4.0_f64.powf(f64::from(failures.clamp(1, 5) - 1));
    (WAIT_SECONDS * times * (0.5 + chance) * 1e6) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_differ() {
        assert_eq!(back_off(1, 0.5), 30 * Instant::SECOND);
        assert_eq!(back_off(2, 0.5), 120 * Instant::SECOND);
        assert!(back_off(2, 0.0) < back_off(2, 0.9));
        assert_eq!(back_off(99, 0.5), back_off(5, 0.5));
    }
}
