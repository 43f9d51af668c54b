//! The two databases, how they are opened, and the macros that write a statement once for both.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::query::{Query, QueryAs, QueryScalar};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Database, Postgres, Sqlite};

use crate::url::{DatabaseUrl, Target};
use crate::{Result, StoreError};

/// How long a write waits for another one, in this process or in another, before it gives up.
/// The longest are the last step of a huge import.
const PATIENCE: Duration = Duration::from_mins(1);

/// Readers of SQLite: each is a thread and a page cache of 2 MB.
const READERS: u32 = 4;

pub(crate) enum Db {
    Sqlite(Box<SqliteDb>),
    Postgres(PgPool),
}

pub(crate) struct SqliteDb {
    /// One connection: SQLite has one writer, and waiting here is fair where its own is not.
    pub(crate) write: SqlitePool,
    pub(crate) read: SqlitePool,
    /// To open connections of one's own.
    pub(crate) options: SqliteConnectOptions,
    pub(crate) file: PathBuf,
    /// Where imports wait.
    pub(crate) staging: PathBuf,
}

/// What differs between statements of the two: whether they are kept prepared.
pub(crate) trait Dialect: Database + sqlx::database::HasStatementCache {
    const KEEP: bool;
}

impl Dialect for Sqlite {
    const KEEP: bool = true;
}

impl Dialect for Postgres {
    // A pooler in transaction mode gives the next transaction another server, which has not
    // prepared it. A statement cache of size 0 is not enough: sqlx would still name statements.
    const KEEP: bool = false;
}

/// A statement that answers no rows.
pub(crate) fn run<'q, DB: Dialect>(sql: &'static str) -> Query<'q, DB, DB::Arguments> {
    sqlx::query(sql).persistent(DB::KEEP)
}

/// A statement that answers rows.
pub(crate) fn rows<'q, DB: Dialect, O>(sql: &'static str) -> QueryAs<'q, DB, O, DB::Arguments>
where
    O: for<'r> sqlx::FromRow<'r, DB::Row>,
{
    sqlx::query_as(sql).persistent(DB::KEEP)
}

/// A statement that answers rows of one column.
pub(crate) fn column<'q, DB: Dialect, O>(sql: &'static str) -> QueryScalar<'q, DB, O, DB::Arguments>
where
    (O,): for<'r> sqlx::FromRow<'r, DB::Row>,
{
    sqlx::query_scalar(sql).persistent(DB::KEEP)
}

/// Writes the body once for each database; `$db` is a `&mut` connection that only reads.
macro_rules! read {
    ($store:expr, $db:ident => $body:expr) => {
        match &*$store.db {
            $crate::db::Db::Sqlite(lite) => {
                let mut held = lite.read.acquire().await?;
                let $db = &mut *held;
                $body
            }
            $crate::db::Db::Postgres(pool) => {
                let mut held = pool.begin().await?;
                let $db = &mut *held;
                let out = $body;
                held.commit().await?;
                out
            }
        }
    };
}

/// Writes the body once for each database; `$db` is a `&mut` connection inside one transaction that
/// is committed after the body. Leaving early (`?`, `return`) rolls it back.
/// A store that notes what it does ([`crate::Store::noting`]) adds its entry last, so that other
/// servers wait for the head of the audit log no longer than they must.
macro_rules! write {
    ($store:expr, $db:ident => $body:expr) => {
        match &*$store.db {
            $crate::db::Db::Sqlite(lite) => {
                // `immediate`: a transaction that reads first and is then refused the lock cannot
                // wait for it, it can only begin again.
                let mut held = lite.begin_write().await?;
                let $db = &mut *held;
                let out = $body;
                if let Some(note) = $store.note() {
                    $crate::audit::Log::add(&mut *$db, note, $store.signer()).await?;
                }
                held.commit().await?;
                out
            }
            $crate::db::Db::Postgres(pool) => {
                let mut held = pool.begin().await?;
                let $db = &mut *held;
                let out = $body;
                if let Some(note) = $store.note() {
                    $crate::audit::Log::add(&mut *$db, note, $store.signer()).await?;
                }
                held.commit().await?;
                out
            }
        }
    };
}

/// Runs one statement with these parameters; answers how many rows it changed.
macro_rules! execute {
    ($store:expr, $sql:expr $(, $parameter:expr)* $(,)?) => {
        $crate::db::write!($store, db => {
            let done = $crate::db::run($sql)
                $(.bind($parameter))*
                .execute(&mut *db)
                .await?
                .rows_affected();
            if done == 0 {
                $store.nothing_to_note();
            }
            done
        })
    };
}

pub(crate) use {execute, read, write};

impl SqliteDb {
    /// Begins to write.
    ///
    /// Where the disk is full SQLite ends a transaction by itself, and sqlx, which does not see that,
    /// would begin a nested one on that connection for ever. Such a connection is put away.
    pub(crate) async fn begin_write(&self) -> Result<sqlx::Transaction<'static, Sqlite>> {
        match self.write.begin_with("begin immediate").await {
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.write.acquire().await?.close().await?;
                Ok(self.write.begin_with("begin immediate").await?)
            }
            begun => Ok(begun?),
        }
    }
}

impl Db {
    pub(crate) async fn open(url: &DatabaseUrl, data_dir: &Path) -> Result<Self> {
        make_folder(data_dir).await.map_err(StoreError::Folder)?;
        match &url.0 {
            Target::Sqlite(file) => Self::open_sqlite(file, data_dir).await,
            Target::Postgres(options) => {
                let options = postgres_options(options);
                let pool = PgPoolOptions::new()
                    .max_connections(10)
                    .acquire_timeout(Duration::from_secs(15))
                    .connect_with(options)
                    .await?;
                let migrations = sqlx::migrate!("./migrations/postgres");
                migrate_postgres(&pool, migrations, MIGRATING).await?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    async fn open_sqlite(file: &Path, data_dir: &Path) -> Result<Self> {
        make_file(file).await.map_err(StoreError::Folder)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Normal)
            // After a huge import the log shrinks again.
            .pragma("journal_size_limit", "67108864");
        enter_wal(&options).await?;
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            // A connection to a file does not go away, and asking it is a way to its thread and back.
            .test_before_acquire(false)
            // What was replaced or deleted leaves no trace in a page that is written anyway: a token
            // that was kept in plain text once, say.
            .connect_with(
                options
                    .clone()
                    .pragma("cache_size", "-16384")
                    .pragma("secure_delete", "fast"),
            )
            .await?;
        migrate_sqlite(&write).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone().pragma("query_only", "on"))
            .await?;
        Ok(Self::Sqlite(Box::new(SqliteDb {
            write,
            read,
            options,
            file: file.to_owned(),
            staging: data_dir.to_owned(),
        })))
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(lite) => {
                // The writer last: it folds the log into the file.
                lite.read.close().await;
                lite.write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// How both the store and the metrics connect to `PostgreSQL`.
pub(crate) fn postgres_options(options: &PgConnectOptions) -> PgConnectOptions {
    options
        .clone()
        .statement_cache_capacity(0)
        // Poolers refuse start-up parameters they do not know; values travel in binary anyway.
        .extra_float_digits(None)
        .application_name("millrace")
}

/// Turns the write-ahead log on. The file remembers it, so other connections need not ask.
async fn enter_wal(options: &SqliteConnectOptions) -> Result<()> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    // Two processes that open a new file together both want it exclusively for this one step, and
    // SQLite answers "busy" at once instead of waiting. It takes milliseconds: try again.
    for _ in 0..100 {
        match options.connect().await.map_err(StoreError::from) {
            Ok(connection) => return Ok(sqlx::Connection::close(connection).await?),
            Err(StoreError::Unavailable(_)) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sqlx::Connection::close(options.connect().await?).await?)
}

// Both migrate inside one transaction of ours that begins with a lock, so that two processes that
// start together do not migrate twice. sqlx's own lock for PostgreSQL belongs to a session, which a
// pooler does not keep, and it has none for SQLite.

async fn migrate_sqlite(pool: &SqlitePool) -> Result<()> {
    let mut migrations = sqlx::migrate!("./migrations/sqlite");
    migrations.set_locking(false);
    let mut tx = pool.begin_with("begin immediate").await?;
    migrations.run(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// Any fixed number will do, as long as it stays.
const MIGRATING: i64 = 7_450_120_318;

/// `lock` is a number that nobody else locks.
pub(crate) async fn migrate_postgres(
    pool: &PgPool,
    mut migrations: sqlx::migrate::Migrator,
    lock: i64,
) -> Result<()> {
    migrations.set_locking(false);
    let mut tx = pool.begin().await?;
    // sqlx's migrator names its statements whatever we do, and a pooler's servers remember names
    // that other clients gave: forget them before and after.
    // Safe: a number in a literal.
    let begin = format!("select pg_advisory_xact_lock({lock}); deallocate all");
    sqlx::raw_sql(AssertSqlSafe(begin))
        .execute(&mut *tx)
        .await?;
    migrations.run(&mut *tx).await?;
    sqlx::raw_sql("deallocate all").execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// The folder, for this user only: it holds everybody's password hashes.
async fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}

/// The file, for this user only. SQLite gives its log the same permissions.
pub(crate) async fn make_file(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        make_folder(folder).await?;
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(file).await.map(drop)
}
