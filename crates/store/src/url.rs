//! Which database: read from a URL, shown without its password.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// Which database, and where.
#[derive(Clone)]
pub struct DatabaseUrl(pub(crate) Target);

#[derive(Clone)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

/// Why a database URL cannot be used. Never repeats the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It begins with something else.
    #[error("the database URL begins with `{0}`: it must begin with `sqlite:` or `postgres://`")]
    Scheme(String),
    /// There is no file name.
    #[error(
        "the database URL names no file: write `sqlite:` and a path, such as `sqlite:data/millrace.db`"
    )]
    NoFile,
    /// SQLite's in-memory databases are one for each connection: of no use here.
    #[error("a database in memory would be lost on restart: write `sqlite:` and a path")]
    InMemory,
    /// The `PostgreSQL` part cannot be read.
    #[error("the database URL cannot be read: write `postgres://user:password@host:5432/database`")]
    Postgres,
}

impl DatabaseUrl {
    /// Reads `sqlite:path/to/file.db` or `postgres://user:password@host/database`.
    /// Relative paths start at the working folder.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            return match path {
                "" => Err(UrlError::NoFile),
                _ if path.contains(":memory:") => Err(UrlError::InMemory),
                _ => Ok(Self(Target::Sqlite(path.into()))),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(|_| UrlError::Postgres)?;
            return Ok(Self(Target::Postgres(Box::new(options))));
        }
        // Only what stands before the colon: behind it there may be a password.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(UrlError::Scheme(scheme.chars().take(20).collect()))
    }

    /// The default: SQLite in `millrace.db` of that folder.
    pub fn in_folder(data_dir: &Path) -> Self {
        Self(Target::Sqlite(data_dir.join("millrace.db")))
    }

    /// Whether it is `PostgreSQL`.
    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Target::Postgres(_))
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Target::Postgres(options) => write!(
                f,
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or(options.get_username()),
            ),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        let url = DatabaseUrl::parse("postgres://mill:s3cret@db.local:5433/race").unwrap();
        assert_eq!(url.to_string(), "postgres://mill@db.local:5433/race");
        assert!(!format!("{url:?}").contains("s3cret"));
        assert!(url.is_postgres());
    }

    #[test]
    fn sqlite_urls_name_a_file_with_or_without_slashes() {
        for (text, path) in [
            ("sqlite:data/m.db", "sqlite:data/m.db"),
            ("sqlite://data/m.db", "sqlite:data/m.db"),
            ("sqlite:///var/m.db", "sqlite:/var/m.db"),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap().to_string(), path);
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_says_why_and_repeats_no_password() {
        let why = |text: &str| DatabaseUrl::parse(text).unwrap_err();
        assert_eq!(why("sqlite:"), UrlError::NoFile);
        assert_eq!(why("sqlite::memory:"), UrlError::InMemory);
        assert_eq!(why("postgres://u:p4ss@host:port/x"), UrlError::Postgres);
        let other = why("mysql://root:p4ss@host/x");
        assert_eq!(other, UrlError::Scheme("mysql".into()));
        assert!(!other.to_string().contains("p4ss"));
    }
}
