//! Requests that happen once: what was asked under a key, and the answer.

use api::{Instant, KeptAnswer};

use crate::convert::{of_json, to_json};
use crate::db::{execute, rows, run, write};
use crate::{Result, Store};

/// A request that was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// What was asked.
    pub fingerprint: String,
    /// The answer; `None` while it is being made.
    pub answer: Option<KeptAnswer>,
}

impl Store {
    /// Notes a request, or answers the one that is there. Those that began before `old`, and those
    /// without an answer that began before `given_up`, are forgotten first.
    pub async fn begin_once(
        &self,
        id: &str,
        fingerprint: &str,
        now: Instant,
        old: Instant,
        given_up: Instant,
    ) -> Result<Option<Earlier>> {
        let forget = "delete from once
            where begun_at < $1 or (answer is null and begun_at < $2)";
        let note = "insert into once (id, fingerprint, begun_at) values ($1, $2, $3)
            on conflict (id) do nothing";
        let look = "select fingerprint, answer from once where id = $1";
        let there: Option<(String, Option<String>)> = write!(self, db => {
            run(forget).bind(old.micros()).bind(given_up.micros()).execute(&mut *db).await?;
            let noted = run(note)
                .bind(id)
                .bind(fingerprint)
                .bind(now.micros())
                .execute(&mut *db)
                .await?
                .rows_affected();
            if noted > 0 {
                None
            } else {
                rows(look).bind(id).fetch_optional(&mut *db).await?
            }
        });
        there
            .map(|(fingerprint, answer)| {
                Ok(Earlier {
                    fingerprint,
                    answer: answer.as_deref().map(of_json).transpose()?,
                })
            })
            .transpose()
    }

    /// Keeps the answer of a request.
    pub async fn finish_once(&self, id: &str, answer: &KeptAnswer) -> Result<()> {
        let sql = "update once set answer = $2 where id = $1";
        let answer = to_json(answer)?;
        execute!(self, sql, id, &answer);
        Ok(())
    }

    /// Forgets a request that has no answer.
    pub async fn forget_once(&self, id: &str) -> Result<()> {
        let sql = "delete from once where id = $1 and answer is null";
        execute!(self, sql, id);
        Ok(())
    }
}
