//! The one connection that writes to the metrics, kept between the transactions that go well.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

use crate::Result;

type Kept = Option<PoolConnection<Sqlite>>;

/// The connection of a pool of one.
///
/// A pool looks at each connection that comes back, which is a task and a way to the connection's thread and
/// back: as much again as a small commit. So one that did what it should stays out.
pub(super) struct Writing {
    pool: SqlitePool,
    kept: Mutex<Kept>,
}

impl Writing {
    pub(super) const fn new(pool: SqlitePool) -> Self {
        Self {
            pool,
            kept: Mutex::const_new(None),
        }
    }

    /// The connection, once nobody else uses it.
    pub(super) async fn take(&self) -> Result<InUse<'_>> {
        let mut kept = self.kept.lock().await;
        let connection = match kept.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        Ok(InUse { kept, connection })
    }

    pub(super) async fn close(&self) {
        drop(self.kept.lock().await.take());
        self.pool.close().await;
    }
}

/// The connection while it is used. One that is dropped goes back to the pool, which sees whether it is still good.
pub(super) struct InUse<'a> {
    kept: MutexGuard<'a, Kept>,
    connection: PoolConnection<Sqlite>,
}

impl InUse<'_> {
    /// For the next one, as it is: nothing went wrong.
    pub(super) fn keep(mut self) {
        *self.kept = Some(self.connection);
    }
}

impl Deref for InUse<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for InUse<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    #[tokio::test]
    async fn what_went_well_stays_out_and_what_did_not_goes_back() {
        let options = SqlitePoolOptions::new().max_connections(1);
        let pool = options
            .acquire_timeout(Duration::from_secs(5))
            .connect("sqlite::memory:");
        let writing = Writing::new(pool.await.unwrap());
        let mut db = writing.take().await.unwrap();
        sqlx::raw_sql("create table t (a); begin; insert into t values (1)")
            .execute(&mut *db)
            .await
            .unwrap();
        db.keep();
        assert_eq!(writing.pool.num_idle(), 0);
        // The same connection, with its open transaction.
        let mut db = writing.take().await.unwrap();
        sqlx::raw_sql("commit").execute(&mut *db).await.unwrap();
        drop(db);
        let db = writing.take().await.unwrap();
        drop(db);
        // Neither kept nor lost: the end waits for it.
        writing.close().await;
        assert!(writing.take().await.is_err(), "it is closed");
    }
}
