//! Leases: what only one of several servers on one database does.

use api::Instant;

use crate::db::execute;
use crate::{Result, Store};

impl Store {
    /// Takes a lease, or holds it for longer; answers whether it is the holder's until then.
    ///
    /// Whoever has it keeps it by asking again in time. The clocks of the servers may differ: one that
    /// is ahead by more than what is left takes it once, and keeps it.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> Result<bool> {
        let sql = "insert into lease (name, holder, until) values ($1, $2, $4)
            on conflict (name) do update set holder = excluded.holder, until = excluded.until
            where lease.holder = excluded.holder or lease.until < $3";
        Ok(execute!(self, sql, name, holder, now.micros(), until.micros()) > 0)
    }

    /// Gives a lease back, so that another need not wait.
    pub async fn free_lease(&self, name: &str, holder: &str) -> Result<()> {
        let sql = "delete from lease where name = $1 and holder = $2";
        execute!(self, sql, name, holder);
        Ok(())
    }
}
