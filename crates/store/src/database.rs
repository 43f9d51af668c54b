//! How the database is: what it takes, and what it says of itself.

use std::time::Instant as Stopwatch;

use api::{DatabaseFile, DatabaseFollower, DatabaseReport, DatabaseServer, Instant};
use sqlx::pool::Pool;
use sqlx::postgres::PgPool;
use sqlx::{FromRow, Postgres};

use crate::convert::u64_of;
use crate::db::{Db, SqliteDb, column, read, rows};
use crate::{Result, Store};

/// From a role that may not see others' activity PostgreSQL hides all but that there are sessions, and
/// of who follows all but that it is there.
const SERVER: &str = "select current_setting('server_version') as version,
        pg_database_size(current_database()) as bytes,
        (select sum(numbackends) from pg_stat_database)::bigint as connections,
        current_setting('max_connections')::bigint as max_connections,
        xact_commit as commits, xact_rollback as rollbacks, deadlocks,
        blks_hit as hits, blks_read as reads,
        case when pg_has_role(current_user, 'pg_read_all_stats', 'usage') then coalesce((
            select extract(epoch from max(clock_timestamp() - xact_start))::float8
            from pg_stat_activity
            where backend_type = 'client backend' and pid <> pg_backend_pid()
        ), 0) end as longest_transaction_seconds
    from pg_stat_database where datname = current_database()";

const FOLLOWERS: &str = "select coalesce(application_name, '') as name,
        coalesce(state, '') as state,
        greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint as behind_bytes,
        extract(epoch from replay_lag)::float8 as behind_seconds
    from pg_stat_replication order by application_name, pid";

#[derive(FromRow)]
struct ServerRow {
    version: String,
    bytes: i64,
    connections: i64,
    max_connections: i64,
    commits: i64,
    rollbacks: i64,
    deadlocks: i64,
    hits: i64,
    reads: i64,
    longest_transaction_seconds: Option<f64>,
}

#[derive(FromRow)]
struct FollowerRow {
    name: String,
    state: String,
    behind_bytes: Option<i64>,
    behind_seconds: Option<f64>,
}

impl Store {
    /// How the database is.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn database(&self) -> Result<DatabaseReport> {
        // Before any question of this one takes a connection itself.
        let pool = match &*self.db {
            Db::Sqlite(lite) => PoolUse::of(&[&lite.read, &lite.write]),
            Db::Postgres(pool) => PoolUse::of(&[pool]),
        };
        let begun = Stopwatch::now();
        self.ping().await?;
        let answered_in_seconds = begun.elapsed().as_secs_f64();
        let found = match &*self.db {
            Db::Sqlite(lite) => of_file(lite).await?,
            Db::Postgres(server) => of_server(server).await?,
        };
        Ok(DatabaseReport {
            product: found.product.to_owned(),
            version: found.version,
            bytes: found.bytes,
            answered_in_seconds,
            open_connections: pool.open,
            busy_connections: pool.busy,
            most_connections: pool.most,
            file: found.file,
            server: found.server,
        })
    }

    /// How many people used a session since an instant.
    pub async fn people_since(&self, since: Instant) -> Result<u64> {
        let sql = "select count(distinct user_id) from session where last_used_at >= $1";
        let count: i64 =
            read!(self, db => column(sql).bind(since.micros()).fetch_one(&mut *db).await?);
        Ok(u64_of(count))
    }
}

/// What a database says of itself.
struct Found {
    product: &'static str,
    version: String,
    bytes: u64,
    file: Option<DatabaseFile>,
    server: Option<DatabaseServer>,
}

async fn of_file(lite: &SqliteDb) -> Result<Found> {
    let (version, bytes, free): (String, i64, i64) = rows(
        "select sqlite_version(), page_count * page_size, freelist_count * page_size
            from pragma_page_count, pragma_freelist_count, pragma_page_size",
    )
    .fetch_one(&lite.read)
    .await?;
    let mut log = lite.file.clone().into_os_string();
    log.push("-wal");
    // Where nothing was written yet there is none.
    let log_bytes = tokio::fs::metadata(log).await.map_or(0, |file| file.len());
    Ok(Found {
        product: "SQLite",
        version,
        bytes: u64_of(bytes).saturating_add(log_bytes),
        file: Some(DatabaseFile {
            free_bytes: u64_of(free),
            log_bytes,
        }),
        server: None,
    })
}

async fn of_server(pool: &PgPool) -> Result<Found> {
    let mut tx = pool.begin().await?;
    let server: ServerRow = rows::<Postgres, _>(SERVER).fetch_one(&mut *tx).await?;
    let followers: Vec<FollowerRow> = rows(FOLLOWERS).fetch_all(&mut *tx).await?;
    tx.commit().await?;
    let blocks = u64_of(server.hits).saturating_add(u64_of(server.reads));
    Ok(Found {
        product: "PostgreSQL",
        version: server.version,
        bytes: u64_of(server.bytes),
        file: None,
        server: Some(DatabaseServer {
            connections: u64_of(server.connections),
            max_connections: u64_of(server.max_connections),
            commits: u64_of(server.commits),
            rollbacks: u64_of(server.rollbacks),
            deadlocks: u64_of(server.deadlocks),
            cache_hit_ratio: (blocks > 0).then(|| u64_of(server.hits) as f64 / blocks as f64),
            longest_transaction_seconds: server.longest_transaction_seconds,
            followers: followers.into_iter().map(follower).collect(),
        }),
    })
}

fn follower(row: FollowerRow) -> DatabaseFollower {
    DatabaseFollower {
        name: row.name,
        state: row.state,
        behind_bytes: row.behind_bytes.map(u64_of),
        behind_seconds: row.behind_seconds,
    }
}

/// How much of its pools a server uses.
struct PoolUse {
    open: u32,
    busy: u32,
    most: u32,
}

impl PoolUse {
    fn of<DB: sqlx::Database>(pools: &[&Pool<DB>]) -> Self {
        let open: u32 = pools.iter().map(|pool| pool.size()).sum();
        let idle: usize = pools.iter().map(|pool| pool.num_idle()).sum();
        let most = pools
            .iter()
            .map(|pool| pool.options().get_max_connections());
        Self {
            open,
            busy: open.saturating_sub(u32::try_from(idle).unwrap_or(u32::MAX)),
            most: most.sum(),
        }
    }
}
