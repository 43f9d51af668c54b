//! The audit log: what an operation notes of itself, and what an auditor may ask.
//!
//! An operation that changes something notes it in one line. Either with the change, in its
//! transaction:
//!
//! ```text
//! self.noting(caller, Note::of("key.revoke").on("key", id, &key.name)).revoke_key(id).await
//! ```
//!
//! or by itself, after what is no single transaction: `self.audit(caller, Note::of(…)).await?`.

mod anchor;
mod export;
mod keeper;
mod note;
mod refusal;
mod uses;

use api::{
    AUDIT_DAYS, Audit, AuditEntry, AuditFilter, AuditFormat, AuditPage, Caller, Error,
    MOST_AUDIT_ENTRIES, Permission, Result,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require;

pub use anchor::{Anchors, read_anchors};
pub use export::{audit_head, audit_line};
pub use keeper::{AuditKeeper, Verified, verify_audit};
pub(crate) use note::Note;
pub use refusal::Barred;
pub(crate) use refusal::Refused;
pub(crate) use uses::KeyUses;

/// Where the store remembers how long entries are kept.
const SETTING: &str = "audit.retention";
/// The longest that can be set: a century.
const MOST_DAYS: u32 = 36_500;

/// How many entries of an export are read at once.
const EXPORTED: u32 = 1_000;

/// How long entries are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Keep {
    /// Nothing is for ever.
    days: Option<u32>,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            days: Some(AUDIT_DAYS),
        }
    }
}

#[async_trait]
impl Audit for Hub {
    async fn entries(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        below: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage> {
        require(caller, Permission::AuditRead)?;
        let limit = limit.clamp(1, MOST_AUDIT_ENTRIES);
        let below = below.unwrap_or(i64::MAX);
        let found = self.store.audit_entries(&filter, below, limit + 1).await;
        let mut entries = found.or_failure(caller)?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        Ok(AuditPage {
            entries,
            more,
            actions: self.store.audit_actions().await.or_failure(caller)?,
        })
    }

    async fn begin_export(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        format: AuditFormat,
    ) -> Result<i64> {
        require(caller, Permission::AuditRead)?;
        let note = Note::of("audit.export")
            .on("export", format.as_str(), "")
            .after(filter);
        self.audit(caller, note).await
    }

    async fn export_entries(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        after: i64,
    ) -> Result<Vec<AuditEntry>> {
        require(caller, Permission::AuditRead)?;
        let found = self.store.audit_entries_after(filter, after, EXPORTED);
        found.await.or_failure(caller)
    }

    async fn retention(&self, caller: &Caller) -> Result<Option<u32>> {
        require(caller, Permission::AuditRead)?;
        Ok(self.audit_keep(caller).await?.days)
    }

    async fn set_retention(&self, caller: &Caller, days: Option<u32>) -> Result<()> {
        require(caller, Permission::AuditWrite)?;
        if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            let words = "Days from 1 to 36,500, or nothing for ever.";
            return Err(Error::field("days", words));
        }
        let note = Note::of("audit.keep")
            .on("setting", SETTING, "How long the audit log is kept")
            .before(&self.audit_keep(caller).await?)
            .after(&Keep { days });
        let store = self.noting(caller, note);
        store
            .put_setting(SETTING, &Keep { days })
            .await
            .or_failure(caller)
    }
}

impl Hub {
    /// A store whose next change notes this in the same transaction.
    pub(crate) fn noting(&self, caller: &Caller, note: Note) -> Store {
        self.store.noting(note.record(caller, self.clock.now()))
    }

    /// Notes something by itself; answers the entry's number.
    ///
    /// # Errors
    /// Where the store failed: what cannot be noted should not be done.
    pub(crate) async fn audit(&self, caller: &Caller, note: Note) -> Result<i64> {
        let record = note.record(caller, self.clock.now());
        self.store.add_audit_entry(record).await.or_failure(caller)
    }

    async fn audit_keep(&self, caller: &Caller) -> Result<Keep> {
        let kept = self.store.setting(SETTING).await.or_failure(caller)?;
        Ok(kept.unwrap_or_default())
    }
}
