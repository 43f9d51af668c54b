//! The database itself: is it there, how large is it.

use std::time::Duration;

use crate::convert::u64_of;
use crate::db::{Db, column, read};
use crate::{Result, Store, StoreError};

/// A health check that takes longer is a failed one.
const PING: Duration = Duration::from_secs(5);

impl Store {
    /// Whether the database answers, within five seconds.
    pub async fn ping(&self) -> Result<()> {
        let asked = async {
            // From a table: `select 1` would not touch SQLite's file at all.
            let sql = "select count(*) from set_up_token";
            let _: i64 = read!(self, db => column(sql).fetch_one(&mut *db).await?);
            Ok(())
        };
        match tokio::time::timeout(PING, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
        }
    }

    /// How many bytes the database takes on disk, its log included.
    pub async fn bytes_on_disk(&self) -> Result<u64> {
        match &*self.db {
            Db::Sqlite(lite) => {
                let mut bytes = 0;
                for suffix in ["", "-wal", "-shm"] {
                    let mut name = lite.file.clone().into_os_string();
                    name.push(suffix);
                    // The log is not there when nobody wrote.
                    if let Ok(found) = tokio::fs::metadata(name).await {
                        bytes += found.len();
                    }
                }
                Ok(bytes)
            }
            Db::Postgres(_) => {
                let sql = "select pg_database_size(current_database())";
                let bytes: i64 = read!(self, db => column(sql).fetch_one(&mut *db).await?);
                Ok(u64_of(bytes))
            }
        }
    }

    /// Whether it is `PostgreSQL`.
    pub fn is_postgres(&self) -> bool {
        matches!(&*self.db, Db::Postgres(_))
    }
}
