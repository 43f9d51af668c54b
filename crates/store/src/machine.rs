//! Machines as a whole: what came of looking at each, and when it is looked at again.

use api::{Instant, Together};
use sqlx::FromRow;

use crate::convert::{list, of_json, to_json};
use crate::db::{execute, read, rows};
use crate::{Result, Store};

/// What came of looking at a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineLook {
    /// The machine's name.
    pub name: String,
    /// The instant *before* its samples were read.
    pub looked_at: Instant,
    /// Not before then is it looked at again.
    pub next_at: Instant,
    /// What was found.
    pub together: Together,
}

#[derive(FromRow)]
struct LookRow {
    name: String,
    looked_at: i64,
    next_at: i64,
    outcome: String,
}

impl LookRow {
    /// A look that an older version wrote and this one cannot read is none: it can be made anew.
    fn look(self) -> Option<MachineLook> {
        match of_json(&self.outcome) {
            Ok(together) => Some(MachineLook {
                name: self.name,
                looked_at: Instant(self.looked_at),
                next_at: Instant(self.next_at),
                together,
            }),
            Err(error) => {
                tracing::warn!(machine = self.name, error = ?error, "a stored look at a machine cannot be read");
                None
            }
        }
    }
}

impl Store {
    /// Keeps what came of looking at a machine, instead of what came of it before.
    pub async fn put_machine_look(&self, look: &MachineLook) -> Result<()> {
        let sql = "insert into machine_look (name, looked_at, next_at, outcome)
            values ($1, $2, $3, $4)
            on conflict (name) do update set looked_at = excluded.looked_at,
                next_at = excluded.next_at, outcome = excluded.outcome";
        let outcome = to_json(&look.together)?;
        execute!(
            self,
            sql,
            &look.name,
            look.looked_at.micros(),
            look.next_at.micros(),
            &outcome
        );
        Ok(())
    }

    /// What came of looking at each machine that was looked at, by name.
    pub async fn machine_looks(&self) -> Result<Vec<MachineLook>> {
        let sql = "select name, looked_at, next_at, outcome from machine_look order by name";
        let found: Vec<LookRow> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        Ok(found.into_iter().filter_map(LookRow::look).collect())
    }

    /// Forgets what is kept of all machines but these; answers of how many.
    pub async fn forget_machine_looks(&self, but: &[&str]) -> Result<u64> {
        let sql = "delete from machine_look
            where name not in (select value from json_each($1))";
        let but = list(but.iter().copied())?;
        Ok(execute!(self, sql, &but))
    }
}
