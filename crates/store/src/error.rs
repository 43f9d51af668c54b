//! Why the store did not do what was asked.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// What the store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store did not do what was asked.
///
/// What is shown names no value, and the database's own words are only in the source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Something like it is already there.
    #[error("something like it is already there ({constraint})")]
    Unique {
        /// The constraint as `PostgreSQL` names it, such as `account_email_key`.
        constraint: String,
    },
    /// What it is about is not there (any more).
    #[error("what it is about is not there")]
    Missing,
    /// The disk is full.
    #[error("the database's disk is full")]
    Full,
    /// The database does not answer now; the same call may work later.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The data folder or the database's file cannot be used.
    #[error("the data folder cannot be used")]
    Folder(#[source] std::io::Error),
    /// Another process has this folder's metrics open.
    #[error(
        "another Millrace uses this data folder: stop it first, or give this one a folder of its own"
    )]
    InUse,
    /// The tables could not be brought up to date; a newer version may have made them.
    #[error("the database's tables do not fit this version")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// Redis does not answer now, or refuses.
    #[error("Redis does not answer")]
    Redis(#[from] redis::RedisError),
    /// The engine that keeps the metrics did not do what was asked; the same call may work later.
    #[error(transparent)]
    Engine(#[from] crate::metrics::EngineError),
    /// An engine keeps the metrics, and this is its own affair.
    #[error("an engine keeps the metrics: this is set there")]
    NotHere,
    /// Anything else that the database said.
    #[error("the database refused")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether it is that constraint, such as `account_email_key`.
    pub fn is_unique(&self, name: &str) -> bool {
        matches!(self, Self::Unique { constraint } if constraint == name)
    }

    /// A stored text that cannot be read as what it should be.
    pub(crate) fn decode(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Database(sqlx::Error::Decode(source.into()))
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            other => Self::Migration(other),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(said) => match kind(said.as_ref()) {
                Kind::Unique(constraint) => Self::Unique { constraint },
                Kind::Missing => Self::Missing,
                Kind::Full => Self::Full,
                Kind::Unavailable => Self::Unavailable(error),
                Kind::Other => Self::Database(error),
            },
            sqlx::Error::RowNotFound => Self::Missing,
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

enum Kind {
    Unique(String),
    Missing,
    Full,
    Unavailable,
    Other,
}

/// SQLite could not make the index of its log longer, which only a full disk keeps it from.
const IOERR_SHMSIZE: i32 = 4874;

fn kind(said: &dyn DatabaseError) -> Kind {
    if said.is_unique_violation() {
        return Kind::Unique(match said.constraint() {
            Some(name) => name.to_owned(),
            None => constraint_of(said.message()),
        });
    }
    if said.is_foreign_key_violation() {
        return Kind::Missing;
    }
    if said.as_error().is::<SqliteError>() {
        // The low byte is SQLite's primary result code.
        let code = said.code().and_then(|c| c.parse::<i32>().ok());
        if code == Some(IOERR_SHMSIZE) {
            return Kind::Full;
        }
        return match code.map(|c| c & 0xff) {
            Some(13) => Kind::Full,
            // BUSY, LOCKED, CANTOPEN.
            Some(5 | 6 | 14) => Kind::Unavailable,
            _ => Kind::Other,
        };
    }
    if said.as_error().is::<PgDatabaseError>() {
        return match said.code().as_deref() {
            Some("53100") => Kind::Full,
            // Connections that broke, too many of them, a server that shuts down or starts,
            // one that became a read-only replica, locks that others held too long, and a
            // transaction of ours that held one too long.
            Some(code)
                if code.starts_with("08")
                    || code.starts_with("57P")
                    || matches!(
                        code,
                        "53300" | "25006" | "25P03" | "40001" | "40P01" | "55P03"
                    ) =>
            {
                Kind::Unavailable
            }
            _ => Kind::Other,
        };
    }
    Kind::Other
}

/// SQLite says `UNIQUE constraint failed: series.source_id, series.key`; `PostgreSQL` calls the
/// same constraint `series_source_id_key_key`.
fn constraint_of(message: &str) -> String {
    let columns = message.rsplit(": ").next().unwrap_or_default();
    let mut name = String::new();
    for (i, column) in columns.split(", ").enumerate() {
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        if i == 0 {
            name.push_str(table);
        }
        name.push('_');
        name.push_str(column);
    }
    name + "_key"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_has_the_same_name_on_both_databases() {
        assert_eq!(
            constraint_of("UNIQUE constraint failed: account.email"),
            "account_email_key"
        );
        assert_eq!(
            constraint_of("UNIQUE constraint failed: series.source_id, series.key"),
            "series_source_id_key_key"
        );
    }
}
