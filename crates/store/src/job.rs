//! The queue of work beside the pages: put in, taken by one process at a time, ended, listed.
//!
//! A job belongs to who holds it until its hold runs out; an end is kept only where it still does.
//! What a job changes can so be written in the transaction that ends it, and happens once.

use api::{Instant, Job, JobCount, JobId, JobKind, JobState, Scheduled};
use sqlx::FromRow;

use crate::convert::{changed, clean, instant, u32_of};
use crate::db::{Db, column, execute, read, rows, run, write};
use crate::{Result, Store, StoreError, new_id};

/// A job that is to be put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What it is.
    pub kind: JobKind,
    /// What of its kind it is about: what waits already is not put in twice.
    pub key: String,
    /// What it needs to know.
    pub payload: String,
    /// The lower the sooner.
    pub priority: u8,
    /// Not before then.
    pub run_at: Instant,
    /// How often it is tried.
    pub most_attempts: u32,
}

/// A job that this process does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    /// Which.
    pub id: JobId,
    /// What it is.
    pub kind: JobKind,
    /// What of its kind it is about.
    pub key: String,
    /// What it needs to know.
    pub payload: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many there are.
    pub most_attempts: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// It was done; what it did.
    Done(String),
    /// It failed and is tried again then; why.
    Again(Instant, String),
    /// It failed for good; why.
    Dead(String),
}

#[derive(FromRow)]
struct ClaimRow {
    id: String,
    kind: String,
    key: String,
    payload: String,
    attempts: i64,
    most_attempts: i64,
    priority: i64,
    run_at: i64,
}

#[derive(FromRow)]
struct JobRow {
    id: String,
    kind: String,
    about: String,
    state: String,
    run_at: i64,
    attempts: i64,
    most_attempts: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    outcome: Option<String>,
}

impl JobRow {
    /// A job of a kind that this version does not know is another version's.
    fn job(self) -> Option<Job> {
        Some(Job {
            id: self.id.into(),
            kind: JobKind::of_word(&self.kind)?,
            about: self.about,
            state: state_of(&self.state)?,
            run_at: Instant(self.run_at),
            attempts: u32_of(self.attempts),
            most_attempts: u32_of(self.most_attempts),
            started_at: instant(self.started_at),
            finished_at: instant(self.finished_at),
            outcome: self.outcome,
        })
    }
}

fn state_of(word: &str) -> Option<JobState> {
    JobState::ALL
        .into_iter()
        .find(|state| state.as_str() == word)
}

/// Of two that wait the sooner time and the sooner turn count.
const PUT: &str = "insert into job (id, kind, key, payload, state, priority, run_at, attempts,
        most_attempts, created_at)
    values ($1, $2, $3, $4, 'waiting', $5, $6, 0, $7, $8)
    on conflict (kind, key) where state = 'waiting' do update set
        payload = excluded.payload,
        priority = case when excluded.priority < job.priority
            then excluded.priority else job.priority end,
        run_at = case when excluded.run_at < job.run_at and job.attempts = 0
            then excluded.run_at else job.run_at end";

macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "update job set state = 'running', holder = $1, held_until = $3, started_at = $2,
                attempts = attempts + 1, finished_at = null
            where id in (select w.id from job w where w.state = 'waiting' and w.run_at <= $2
                and w.kind <> $5 and not exists (select 1 from job r where r.kind = w.kind
                    and r.key = w.key and r.state = 'running')
                order by w.priority, w.run_at, w.id limit $4 ",
            $lock,
            ") returning id, kind, key, payload, attempts, most_attempts, priority, run_at"
        )
    };
}

/// Two processes never take the same job: on SQLite there is one writer, on `PostgreSQL` each skips
/// what the other is about to take.
const CLAIM_SQLITE: &str = claim_sql!("");
const CLAIM_POSTGRES: &str = claim_sql!("for update skip locked");

/// Ends a job that is still held; nothing where it is not.
pub(crate) const DONE: &str = "update job set state = 'done', finished_at = $3, outcome = $4,
        holder = null, held_until = null
    where id = $1 and holder = $2 and state = 'running'";

/// Only the last result of each is kept.
pub(crate) const FORGET_EARLIER: &str = "delete from job where state in ('done', 'dead')
    and id <> $1 and (kind, key) in (select j.kind, j.key from job j where j.id = $1)";

const AGAIN: &str = "update job set state = 'waiting', run_at = $3, outcome = $4, holder = null,
        held_until = null
    where id = $1 and holder = $2 and state = 'running'
        and not exists (select 1 from job w where w.kind = job.kind and w.key = job.key
            and w.state = 'waiting')";

/// A newer one waits already.
const SUPERSEDED: &str = "delete from job where id = $1 and holder = $2 and state = 'running'";

const DEAD: &str = "update job set state = 'dead', finished_at = $3, outcome = $4, holder = null,
        held_until = null
    where id = $1 and holder = $2 and state = 'running'";

const LEFT_DEAD: &str = "update job set state = 'dead', finished_at = $1, holder = null,
        held_until = null, outcome = 'The process that did it stopped without a word.'
    where state = 'running' and held_until < $1 and attempts >= most_attempts";

const LEFT_SUPERSEDED: &str = "delete from job where state = 'running' and held_until < $1
    and exists (select 1 from job w where w.kind = job.kind and w.key = job.key
        and w.state = 'waiting')";

const LEFT_AGAIN: &str = "update job set state = 'waiting', run_at = $1, holder = null,
        held_until = null, outcome = 'The process that did it stopped without a word.'
    where state = 'running' and held_until < $1";

macro_rules! jobs_sql {
    ($tail:literal) => {
        concat!(
            "select j.id, j.kind, coalesce(s.title, '') as about, j.state, j.run_at, j.attempts,
                j.most_attempts, j.started_at, j.finished_at, j.outcome
            from job j left join series s on s.id = j.key ",
            $tail,
            " limit $1"
        )
    };
}

impl Store {
    /// Puts jobs in; what waits already is not put in twice. Answers how many were new or hastened.
    pub async fn put_jobs(&self, jobs: &[NewJob], now: Instant) -> Result<u64> {
        if jobs.is_empty() {
            return Ok(0);
        }
        Ok(write!(self, db => {
            let mut put = 0;
            for job in jobs {
                put += run(PUT)
                    .bind(new_id(now))
                    .bind(job.kind.as_str())
                    .bind(&job.key)
                    .bind(&job.payload)
                    .bind(i64::from(job.priority))
                    .bind(job.run_at.micros())
                    .bind(i64::from(job.most_attempts))
                    .bind(now.micros())
                    .execute(&mut *db)
                    .await?
                    .rows_affected();
            }
            put
        }))
    }

    /// Takes jobs whose time has come, the most urgent first, and holds them until then.
    /// Of two about the same one is done at a time; those of the kind `but` are for others.
    pub async fn claim_jobs(
        &self,
        holder: &str,
        now: Instant,
        until: Instant,
        most: u32,
        but: Option<JobKind>,
    ) -> Result<Vec<ClaimedJob>> {
        // A number, because the databases have different types for a truth.
        let due = "select count(*) from (select 1 from job where state = 'waiting'
            and run_at <= $1 and kind <> $2 limit 1) as one";
        let but = but.map_or("", JobKind::as_str);
        let due: i64 = read!(self, db => column(due)
            .bind(now.micros())
            .bind(but)
            .fetch_one(&mut *db)
            .await?);
        // Nearly always nothing is: then no writer is kept waiting.
        if due == 0 {
            return Ok(Vec::new());
        }
        let sql = match &*self.db {
            Db::Sqlite(_) => CLAIM_SQLITE,
            Db::Postgres(_) => CLAIM_POSTGRES,
        };
        let mut found: Vec<ClaimRow> = write!(self, db => rows(sql)
            .bind(holder)
            .bind(now.micros())
            .bind(until.micros())
            .bind(i64::from(most))
            .bind(but)
            .fetch_all(&mut *db)
            .await?);
        found.sort_by(|a, b| (a.priority, a.run_at, &a.id).cmp(&(b.priority, b.run_at, &b.id)));
        Ok(found
            .into_iter()
            .filter_map(|row| {
                Some(ClaimedJob {
                    id: row.id.into(),
                    kind: JobKind::of_word(&row.kind)?,
                    key: row.key,
                    payload: row.payload,
                    attempt: u32_of(row.attempts),
                    most_attempts: u32_of(row.most_attempts),
                })
            })
            .collect())
    }

    /// Holds everything that this holder does until then.
    pub async fn hold_jobs(&self, holder: &str, until: Instant) -> Result<()> {
        let sql = "update job set held_until = $2 where holder = $1 and state = 'running'";
        execute!(self, sql, holder, until.micros());
        Ok(())
    }

    /// Ends an attempt. `Missing` where the job is not this holder's any more.
    pub async fn end_job(
        &self,
        id: &JobId,
        holder: &str,
        end: &JobEnd,
        now: Instant,
    ) -> Result<()> {
        let (sql, at, words) = match end {
            JobEnd::Done(words) => (DONE, now, words),
            JobEnd::Again(at, words) => (AGAIN, *at, words),
            JobEnd::Dead(words) => (DEAD, now, words),
        };
        let words = clean(words);
        changed(write!(self, db => {
            let mut ended = run(sql)
                .bind(id.as_str())
                .bind(holder)
                .bind(at.micros())
                .bind(&words)
                .execute(&mut *db)
                .await?
                .rows_affected();
            if ended > 0 && !matches!(end, JobEnd::Again(..)) {
                run(FORGET_EARLIER).bind(id.as_str()).execute(&mut *db).await?;
            }
            if ended == 0 && matches!(end, JobEnd::Again(..)) {
                ended = run(SUPERSEDED)
                    .bind(id.as_str())
                    .bind(holder)
                    .execute(&mut *db)
                    .await?
                    .rows_affected();
            }
            ended
        }))
    }

    /// Gives back what a holder did that is gone: for the end of that process.
    pub async fn leave_jobs(&self, holder: &str, now: Instant) -> Result<()> {
        let sql = "update job set held_until = $2 where holder = $1 and state = 'running'";
        execute!(self, sql, holder, now.micros() - 1);
        self.recover_jobs(now).await
    }

    /// Puts back what nobody holds any more, or gives it up where that happened too often.
    pub async fn recover_jobs(&self, now: Instant) -> Result<()> {
        let sql = "select count(*) from job where state = 'running' and held_until < $1";
        let left: i64 =
            read!(self, db => column(sql).bind(now.micros()).fetch_one(&mut *db).await?);
        if left == 0 {
            return Ok(());
        }
        write!(self, db => {
            for sql in [LEFT_DEAD, LEFT_SUPERSEDED, LEFT_AGAIN] {
                run(sql).bind(now.micros()).execute(&mut *db).await?;
            }
        });
        Ok(())
    }

    /// Tries a job again that was given up. `Missing` where there is none.
    pub async fn retry_job(&self, id: &JobId, now: Instant) -> Result<()> {
        let again = "update job set state = 'waiting', run_at = $2, attempts = 0,
                finished_at = null
            where id = $1 and state = 'dead'
                and not exists (select 1 from job w where w.kind = job.kind and w.key = job.key
                    and w.state = 'waiting')";
        let waits_already = "delete from job where id = $1 and state = 'dead'";
        changed(write!(self, db => {
            let mut done = run(again)
                .bind(id.as_str())
                .bind(now.micros())
                .execute(&mut *db)
                .await?
                .rows_affected();
            if done == 0 {
                done = run(waits_already)
                    .bind(id.as_str())
                    .execute(&mut *db)
                    .await?
                    .rows_affected();
            }
            done
        }))
    }

    /// Takes out a job that waits, was done or was given up, and stops one that runs: who does it
    /// can no longer end it. `Missing` where there is none.
    pub async fn cancel_job(&self, id: &JobId, words: &str, now: Instant) -> Result<()> {
        let stop = "update job set state = 'dead', finished_at = $2, outcome = $3, holder = null,
                held_until = null
            where id = $1 and state = 'running'";
        let forget = "delete from job where id = $1";
        let words = clean(words);
        changed(write!(self, db => {
            let mut done = run(stop)
                .bind(id.as_str())
                .bind(now.micros())
                .bind(&words)
                .execute(&mut *db)
                .await?
                .rows_affected();
            if done == 0 {
                done = run(forget).bind(id.as_str()).execute(&mut *db).await?.rows_affected();
            }
            done
        }))
    }

    /// How many jobs there are of each kind and state.
    pub async fn job_counts(&self) -> Result<Vec<JobCount>> {
        let sql = "select kind, state, count(*) from job group by kind, state order by kind, state";
        let found: Vec<(String, String, i64)> =
            read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        Ok(found
            .into_iter()
            .filter_map(|(kind, state, count)| {
                Some(JobCount {
                    kind: JobKind::of_word(&kind)?,
                    state: state_of(&state)?,
                    count: u32_of(count),
                })
            })
            .collect())
    }

    /// Jobs in that state: what runs the longest, comes next, or ended last is first.
    pub async fn jobs_in(&self, state: JobState, most: u32) -> Result<Vec<Job>> {
        let sql = match state {
            JobState::Waiting => {
                jobs_sql!("where j.state = 'waiting' order by j.run_at, j.priority, j.id")
            }
            JobState::Running => jobs_sql!("where j.state = 'running' order by j.started_at, j.id"),
            JobState::Done => {
                jobs_sql!("where j.state = 'done' order by j.finished_at desc, j.id")
            }
            JobState::Dead => {
                jobs_sql!("where j.state = 'dead' order by j.finished_at desc, j.id")
            }
        };
        let found: Vec<JobRow> =
            read!(self, db => rows(sql).bind(i64::from(most)).fetch_all(&mut *db).await?);
        Ok(found.into_iter().filter_map(JobRow::job).collect())
    }

    /// Forgets what ended before then.
    pub async fn forget_jobs(&self, before: Instant) -> Result<u64> {
        // Two conditions, since each state has an index of its own.
        let sql = "delete from job where (state = 'done' and finished_at < $1)
            or (state = 'dead' and finished_at < $1)";
        Ok(execute!(self, sql, before.micros()))
    }

    /// Lets a job come again and again; one that does already keeps its next time, unless that
    /// lies beyond the new interval.
    pub async fn schedule(&self, kind: JobKind, every_seconds: u32, now: Instant) -> Result<()> {
        let sql = "insert into job_schedule (kind, key, payload, every_seconds, next_at)
            values ($1, '', '{}', $2, $3)
            on conflict (kind, key) do update set every_seconds = excluded.every_seconds,
                next_at = case when job_schedule.next_at > $4 then $4 else job_schedule.next_at end
            where job_schedule.every_seconds <> excluded.every_seconds
                or job_schedule.next_at > $4";
        let every = i64::from(every_seconds);
        let latest = now.plus(every * Instant::SECOND).micros();
        execute!(self, sql, kind.as_str(), every, now.micros(), latest);
        Ok(())
    }

    /// Puts in what the schedule has for now; missed times are not made up for.
    pub async fn put_scheduled(&self, now: Instant) -> Result<u64> {
        let due: Vec<Scheduled> = self.scheduled().await?;
        let mut put = 0;
        for one in due.into_iter().filter(|one| one.next_at <= now) {
            let next = now.plus(i64::from(one.every_seconds) * Instant::SECOND);
            // Whoever moves the time on puts the job in: another process finds it moved.
            let moved = "update job_schedule set next_at = $3, last_at = $4
                where kind = $1 and key = '' and next_at = $2";
            write!(self, db => {
                let moved = run(moved)
                    .bind(one.kind.as_str())
                    .bind(one.next_at.micros())
                    .bind(next.micros())
                    .bind(now.micros())
                    .execute(&mut *db)
                    .await?
                    .rows_affected();
                if moved > 0 {
                    put += run(PUT)
                        .bind(new_id(now))
                        .bind(one.kind.as_str())
                        .bind("")
                        .bind("{}")
                        .bind(9_i64)
                        .bind(now.micros())
                        .bind(5_i64)
                        .bind(now.micros())
                        .execute(&mut *db)
                        .await?
                        .rows_affected();
                }
            });
        }
        Ok(put)
    }

    /// What comes again and again.
    pub async fn scheduled(&self) -> Result<Vec<Scheduled>> {
        let sql = "select kind, every_seconds, next_at, last_at from job_schedule order by kind";
        let found: Vec<(String, i64, i64, Option<i64>)> =
            read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        Ok(found
            .into_iter()
            .filter_map(|(kind, every, next, last)| {
                Some(Scheduled {
                    kind: JobKind::of_word(&kind)?,
                    every_seconds: u32_of(every),
                    next_at: Instant(next),
                    last_at: instant(last),
                })
            })
            .collect())
    }
}

impl StoreError {
    /// Whether a job, or what it was about, was gone or another's.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}
