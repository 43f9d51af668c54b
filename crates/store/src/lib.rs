//! SQLite and PostgreSQL behind one [`Store`].
//!
//! The URL decides which database it is; nobody above this crate knows.
//! Every statement's text stands once and serves both, except where the databases must differ:
//! bulk writes, which lie together in `bulk.rs`, and opening, in `db.rs`.
//! Each file holds one aggregate's statements.
//!
//! Instants are parameters, secrets arrive hashed, and nothing here decides who may do what.
//!
//! # What is promised
//! - **SQLite**: write-ahead log with `synchronous = normal`.
//!   A crash of the process loses nothing; a power failure may lose the last moments' commits but
//!   never tears the file.
//!   `full` would sync the disk for every tick of the host's numbers, which wears SD cards and
//!   makes small machines wait, to save seconds of data.
//!   There is one writer in a process and a pool of readers that never wait for it; another process
//!   may open the same file at the same time.
//! - **PostgreSQL**: works behind a pooler in transaction mode.
//!   Every statement, reads too, runs inside a transaction and unprepared, because such a pooler
//!   gives each transaction another server connection.

mod account;
mod audit;
mod bulk;
mod cache;
mod calendar;
mod cash;
mod channel;
mod convert;
mod database;
mod db;
mod error;
mod event;
mod factor;
mod finding;
mod forecast;
mod import;
mod import_writer;
mod job;
mod key;
mod lease;
mod machine;
mod meta;
pub mod metrics;
mod model;
mod model_error;
mod once;
mod passkey;
mod people;
mod points;
mod provider;
mod recording;
mod reorder;
mod role;
mod samples;
mod scrape;
mod sealed;
mod search;
mod series;
mod session;
mod setting;
mod source;
mod url;

use std::path::Path;
use std::sync::Arc;

use api::Instant;

pub use account::{Lock, NewAccount};
pub use audit::{Anchor, Fault, Sign, Signed, audit_hash, cut_words};
pub use cache::RedisCache;
pub use channel::{Channel, Listener, RedisUrl, RedisUrlError, Speaker};
pub use error::{Result, StoreError};
pub use factor::StoredTotp;
pub use finding::{Judgement, ScanOutcome, StoredScan};
pub use forecast::StoredForecast;
pub use import::StoredImport;
pub use import_writer::{ImportWriter, Imported};
pub use job::{ClaimedJob, JobEnd, NewJob};
pub use machine::MachineLook;
pub use model::{NewFit, NewScore, NewVersion, StoredVersion};
pub use model_error::{NewError, StoredError};
pub use once::Earlier;
pub use passkey::{NewPasskey, PasskeyOwner, StoredPasskey};
pub use points::Bucket;
pub use provider::StoredTrip;
pub use recording::{NewRecording, StoredRecording};
pub use reorder::{StoredOrder, StoredSupply};
pub use samples::{RecordStats, Retain};
pub use scrape::{NewTarget, StoredTarget};
pub use sealed::SealedPlace;
pub use series::NewSeries;
pub use session::{Holder, NewSession};
pub use source::{Arrival, NewSource};
pub use url::{DatabaseUrl, UrlError};

/// Everything that Millrace remembers. Clones are handles on the same database.
#[derive(Clone)]
pub struct Store {
    db: Arc<db::Db>,
    /// What the next change adds to the audit log.
    note: Option<Arc<audit::Note>>,
    /// What signs the entries of the audit log.
    signer: Option<Arc<dyn Sign>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database and brings its tables up to date.
    ///
    /// `data_dir` is made if it is not there, for this user's eyes only, and so is SQLite's file.
    /// It also holds imports on their way in, so it wants room for the largest.
    pub async fn open(url: &DatabaseUrl, data_dir: &Path) -> Result<Self> {
        Ok(Self {
            db: Arc::new(db::Db::open(url, data_dir).await?),
            note: None,
            signer: None,
        })
    }

    /// Closes every connection once it is idle. Calls after that answer [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// A fresh identifier: a UUIDv7 of that instant, so that ids sort by age.
pub fn new_id(now: Instant) -> String {
    // Before 1970 there are no UUIDs: such a clock is wrong anyway.
    let micros = u64::try_from(now.micros()).unwrap_or(0);
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    let time = uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, nanos);
    uuid::Uuid::new_v7(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_age_and_differ_within_an_instant() {
        let at = |ms: i64| new_id(Instant(ms * 1_000));
        let ids = [at(1), at(2), at(1_700_000_000_000)];
        assert!(ids.is_sorted());
        assert_ne!(at(5), at(5));
        assert_eq!(new_id(Instant(-1)).len(), 36);
    }
}
