//! The database itself: is it there, how large is it.

use std::path::Path;
use std::time::Duration;

use api::Instant;

use crate::convert::u64_of;
use crate::db::{Db, column, read, run};
use crate::{Result, Store, StoreError};

/// A health check that takes longer is a failed one.
const PING: Duration = Duration::from_secs(5);

/// The setting that is written to find out whether anything can be.
const WRITTEN: &str = "health.written";

/// How many bytes a disk has room for that is not full.
const ROOM: usize = 256 * 1024;

impl Store {
    /// Whether the database takes what is written: it is told when it was asked this last.
    ///
    /// # Errors
    /// [`StoreError::Full`] where there is no room. Where others write for long, it waits as long as
    /// every other change does.
    pub async fn check_writing(&self, now: Instant) -> Result<()> {
        self.put_setting(WRITTEN, &now).await?;
        if let Db::Sqlite(lite) = &*self.db {
            let room = take_room(&lite.file).await;
            room.map_err(sqlx::Error::Io)?;
        }
        Ok(())
    }

    /// Lets every write fail from now on, or no longer, for tests of a disk that takes nothing.
    /// `PostgreSQL` goes on.
    #[doc(hidden)]
    pub async fn refuse_writes(&self, refuse: bool) -> Result<()> {
        if let Db::Sqlite(lite) = &*self.db {
            let sql = if refuse {
                "pragma query_only = on"
            } else {
                "pragma query_only = off"
            };
            run(sql).execute(&lite.write).await?;
        }
        Ok(())
    }

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

/// Takes room beside the database's file and gives it back. SQLite's log keeps what room it once had:
/// small changes fit in there while the disk has none for others.
async fn take_room(file: &Path) -> std::io::Result<()> {
    let scratch = file.with_extension("room");
    let taken = tokio::fs::write(&scratch, vec![1; ROOM]).await;
    // Where it stays, the next one takes its place.
    tokio::fs::remove_file(&scratch).await.ok();
    taken
}
