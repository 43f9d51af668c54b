//! The queue: what waits is there once, one process does it, what is left comes back, and an end
//! counts only for who holds the job.

use api::{Instant, JobId, JobKind, JobState};
use store::{ClaimedJob, JobEnd, NewJob, Store};

use crate::harness::{Home, at, on_both};

on_both!(
    what_waits_is_not_put_in_twice_and_the_sooner_time_counts,
    the_urgent_comes_first_and_two_about_the_same_are_done_one_after_the_other,
    two_processes_never_take_the_same_job,
    what_a_process_left_comes_back_and_its_end_counts_no_more,
    what_fails_is_tried_again_and_given_up_and_tried_again_when_somebody_says_so,
    what_is_stopped_cannot_be_ended,
    the_schedule_puts_a_job_in_once_in_a_time,
);

fn job(key: &str, priority: u8, run_at: i64) -> NewJob {
    NewJob {
        kind: JobKind::FitModel,
        key: key.into(),
        payload: "\"first\"".into(),
        priority,
        run_at: at(run_at),
        most_attempts: 2,
    }
}

async fn claim(store: &Store, holder: &str, now: i64, most: u32) -> Vec<ClaimedJob> {
    let until = at(now + 60);
    let claimed = store.claim_jobs(holder, at(now), until, most, None).await;
    claimed.unwrap()
}

fn keys(jobs: &[ClaimedJob]) -> Vec<&str> {
    jobs.iter().map(|job| job.key.as_str()).collect()
}

async fn count(store: &Store, state: JobState) -> u32 {
    let counts = store.job_counts().await.unwrap();
    let counts = counts.iter().filter(|one| one.state == state);
    counts.map(|one| one.count).sum()
}

async fn end(store: &Store, id: &JobId, holder: &str, end: JobEnd, now: i64) -> bool {
    match store.end_job(id, holder, &end, at(now)).await {
        Err(error) if error.is_missing() => false,
        ended => {
            ended.unwrap();
            true
        }
    }
}

async fn what_waits_is_not_put_in_twice_and_the_sooner_time_counts(Home { store, .. }: Home) {
    for one in [job("a", 5, 50), job("a", 7, 20), job("a", 3, 90)] {
        store.put_jobs(&[one], at(1)).await.unwrap();
    }
    assert_eq!(count(&store, JobState::Waiting).await, 1);
    assert!(claim(&store, "p", 19, 9).await.is_empty());
    let waiting = store.jobs_in(JobState::Waiting, 9).await.unwrap();
    assert_eq!(waiting[0].run_at, at(20));
    let claimed = claim(&store, "p", 20, 9).await;
    assert_eq!((keys(&claimed), claimed[0].attempt), (vec!["a"], 1));
    // While it runs another one may be put in: there is news that it does not know.
    store.put_jobs(&[job("a", 5, 20)], at(20)).await.unwrap();
    assert_eq!(count(&store, JobState::Waiting).await, 1);
}

async fn the_urgent_comes_first_and_two_about_the_same_are_done_one_after_the_other(
    Home { store, .. }: Home,
) {
    let jobs = [job("later", 5, 1), job("b", 3, 9), job("a", 3, 2)];
    store.put_jobs(&jobs, at(1)).await.unwrap();
    let first = claim(&store, "p", 10, 2).await;
    assert_eq!(keys(&first), ["a", "b"]);
    store.put_jobs(&[job("a", 1, 1)], at(10)).await.unwrap();
    assert_eq!(keys(&claim(&store, "q", 10, 9).await), ["later"]);
    let done = JobEnd::Done("well".into());
    assert!(end(&store, &first[0].id, "p", done.clone(), 11).await);
    let again = claim(&store, "q", 11, 9).await;
    assert_eq!(keys(&again), ["a"]);
    assert!(end(&store, &again[0].id, "q", done, 12).await);
    let ended = store.jobs_in(JobState::Done, 9).await.unwrap();
    assert_eq!(ended.len(), 1, "only the last result is kept");
    assert_eq!(ended[0].outcome.as_deref(), Some("well"));
    let but = Some(JobKind::FitModel);
    store.put_jobs(&[job("c", 1, 1)], at(12)).await.unwrap();
    let others = store.claim_jobs("q", at(12), at(72), 9, but).await.unwrap();
    assert!(others.is_empty(), "that kind is for others");
}

async fn two_processes_never_take_the_same_job(home: Home) {
    let other = home.open_again().await;
    let jobs: Vec<NewJob> = (0..200).map(|n| job(&format!("k{n}"), 5, 1)).collect();
    home.store.put_jobs(&jobs, at(1)).await.unwrap();
    let take = async |store: &Store, holder: &str| {
        let mut taken = Vec::new();
        loop {
            let some = claim(store, holder, 2, 7).await;
            if some.is_empty() && count(store, JobState::Waiting).await == 0 {
                return taken;
            }
            taken.extend(some.into_iter().map(|job| job.key));
        }
    };
    let (mut all, two) = tokio::join!(take(&home.store, "p"), take(&other, "q"));
    all.extend(two);
    all.sort_unstable();
    assert_eq!(all.len(), 200);
    all.dedup();
    assert_eq!(all.len(), 200);
    other.close().await;
}

async fn what_a_process_left_comes_back_and_its_end_counts_no_more(Home { store, .. }: Home) {
    store.put_jobs(&[job("a", 5, 1)], at(1)).await.unwrap();
    let first = claim(&store, "p", 10, 9).await;
    store.recover_jobs(at(70)).await.unwrap();
    assert!(claim(&store, "q", 70, 9).await.is_empty(), "it is held");
    store.hold_jobs("p", at(100)).await.unwrap();
    store.recover_jobs(at(99)).await.unwrap();
    assert!(claim(&store, "q", 99, 9).await.is_empty(), "and held on");
    store.recover_jobs(at(101)).await.unwrap();
    let second = claim(&store, "q", 101, 9).await;
    assert_eq!((keys(&second), second[0].attempt), (vec!["a"], 2));
    let done = JobEnd::Done(String::new());
    assert!(!end(&store, &first[0].id, "p", done.clone(), 102).await);
    assert_eq!(count(&store, JobState::Running).await, 1);
    // Left for the second time, which is as often as it is tried.
    store.leave_jobs("q", at(103)).await.unwrap();
    assert_eq!(count(&store, JobState::Dead).await, 1);
    assert!(!end(&store, &second[0].id, "q", done, 104).await);
}

async fn what_fails_is_tried_again_and_given_up_and_tried_again_when_somebody_says_so(
    Home { store, .. }: Home,
) {
    store.put_jobs(&[job("a", 5, 1)], at(1)).await.unwrap();
    let first = claim(&store, "p", 10, 9).await;
    let again = JobEnd::Again(at(40), "no luck".into());
    assert!(end(&store, &first[0].id, "p", again, 11).await);
    // New news do not make it come sooner than its wait.
    store.put_jobs(&[job("a", 5, 12)], at(12)).await.unwrap();
    assert!(claim(&store, "p", 39, 9).await.is_empty());
    let second = claim(&store, "p", 40, 9).await;
    let dead = JobEnd::Dead("still none".into());
    assert!(end(&store, &second[0].id, "p", dead, 41).await);
    let given_up = store.jobs_in(JobState::Dead, 9).await.unwrap();
    assert_eq!(given_up[0].outcome.as_deref(), Some("still none"));
    store.retry_job(&given_up[0].id, at(50)).await.unwrap();
    let third = claim(&store, "p", 50, 9).await;
    assert_eq!(third[0].attempt, 1);
    // A newer one waits already: that one is tried instead.
    store.put_jobs(&[job("a", 5, 60)], at(51)).await.unwrap();
    let again = JobEnd::Again(at(90), "no luck".into());
    assert!(end(&store, &third[0].id, "p", again, 52).await);
    assert_eq!(count(&store, JobState::Waiting).await, 1);
    let missing = store.retry_job(&third[0].id, at(53)).await;
    assert!(missing.is_err_and(|error| error.is_missing()));
    assert_eq!(store.forget_jobs(at(100)).await.unwrap(), 0);
}

async fn what_is_stopped_cannot_be_ended(Home { store, .. }: Home) {
    store
        .put_jobs(&[job("a", 5, 1), job("b", 5, 2)], at(1))
        .await
        .unwrap();
    let running = claim(&store, "p", 10, 1).await;
    store
        .cancel_job(&running[0].id, "stopped", at(11))
        .await
        .unwrap();
    let done = JobEnd::Done(String::new());
    assert!(!end(&store, &running[0].id, "p", done, 12).await);
    let waiting = store.jobs_in(JobState::Waiting, 9).await.unwrap();
    store.cancel_job(&waiting[0].id, "", at(12)).await.unwrap();
    assert_eq!(count(&store, JobState::Waiting).await, 0);
    let dead = store.jobs_in(JobState::Dead, 9).await.unwrap();
    assert_eq!(dead[0].outcome.as_deref(), Some("stopped"));
    store.cancel_job(&dead[0].id, "", at(13)).await.unwrap();
    assert!(store.cancel_job(&dead[0].id, "", at(14)).await.is_err());
}

async fn the_schedule_puts_a_job_in_once_in_a_time(home: Home) {
    let (store, other) = (&home.store, home.open_again().await);
    for store in [store, &other] {
        store.schedule(JobKind::TidyUp, 100, at(0)).await.unwrap();
    }
    let (one, two) = tokio::join!(store.put_scheduled(at(5)), other.put_scheduled(at(5)));
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    assert_eq!(store.put_scheduled(at(104)).await.unwrap(), 0);
    let taken = claim(store, "p", 10, 9).await;
    assert_eq!(taken[0].kind, JobKind::TidyUp);
    assert_eq!(
        store.put_scheduled(at(1_000)).await.unwrap(),
        1,
        "missed times are not made up for"
    );
    let next: Vec<Instant> = store
        .scheduled()
        .await
        .unwrap()
        .iter()
        .map(|one| one.next_at)
        .collect();
    assert_eq!(next, [at(1_100)]);
    // A shorter interval counts at once.
    store
        .schedule(JobKind::TidyUp, 10, at(1_001))
        .await
        .unwrap();
    assert_eq!(store.scheduled().await.unwrap()[0].next_at, at(1_011));
    other.close().await;
}
