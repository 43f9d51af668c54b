//! The database that everything is kept in, as it is at this moment.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Result};

/// The database, and how this server gets on with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DatabaseReport {
    /// `SQLite` or `PostgreSQL`.
    pub product: String,
    /// Its version, as it says it.
    pub version: String,
    /// What it takes on its disk, in bytes. Metrics have a file of their own in SQLite, and are part of
    /// it in PostgreSQL.
    pub bytes: u64,
    /// How long the simplest question took just now, in seconds.
    pub answered_in_seconds: f64,
    /// How many connections of this server's tables are open.
    pub open_connections: u32,
    /// How many of those somebody is using.
    pub busy_connections: u32,
    /// The most that there may be.
    pub most_connections: u32,
    /// What is known of SQLite's file.
    pub file: Option<DatabaseFile>,
    /// What is known of a server of PostgreSQL.
    pub server: Option<DatabaseServer>,
}

/// SQLite's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DatabaseFile {
    /// What was deleted and is used again before the file grows, in bytes.
    pub free_bytes: u64,
    /// The write-ahead log beside it, in bytes.
    pub log_bytes: u64,
}

/// PostgreSQL's own numbers (its documentation, "The Cumulative Statistics System"). Counts are of this
/// database since its statistics began. What this role may not see is unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DatabaseServer {
    /// Connections of everybody to all of its databases.
    pub connections: u64,
    /// The most that it takes.
    pub max_connections: u64,
    /// Transactions that were committed.
    pub commits: u64,
    /// Transactions that were rolled back.
    pub rollbacks: u64,
    /// Deadlocks that it ended.
    pub deadlocks: u64,
    /// The share of blocks that were in its memory, 0 to 1; unknown before the first.
    pub cache_hit_ratio: Option<f64>,
    /// How long the oldest transaction of others has been open, in seconds; 0 where none is, and unknown
    /// to a role that may not see what others do (`pg_read_all_stats`).
    pub longest_transaction_seconds: Option<f64>,
    /// The servers that follow it.
    pub followers: Vec<DatabaseFollower>,
}

/// A server that follows another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DatabaseFollower {
    /// What it calls itself.
    pub name: String,
    /// What it is doing, in PostgreSQL's word; empty where this role may not see it.
    pub state: String,
    /// What it has not replayed yet, in bytes.
    pub behind_bytes: Option<u64>,
    /// How long ago that was written, in seconds; unknown while nothing is written.
    pub behind_seconds: Option<f64>,
}

/// The database.
#[async_trait]
pub trait Databases: Send + Sync {
    /// How the database is. Needs `monitoring:read`.
    ///
    /// # Errors
    /// `Unavailable` where it does not answer.
    async fn database(&self, caller: &Caller) -> Result<DatabaseReport>;
}
