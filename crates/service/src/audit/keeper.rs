//! Looking after the audit log: its head goes into a file, what is too old is cut off.

use std::path::PathBuf;
use std::sync::Arc;

use api::{AuditFilter, Caller, Instant, Result};
use serde_json::json;
use store::{Anchor, Fault, Signed, Store, StoreError, cut_words};

use super::anchor::{AnchorFile, read_anchors};
use super::{Anchors, Note};
use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require_system;
use crate::seal::Ring;

/// After how many entries the head is written down, and after how long where there are fewer.
const ENTRIES: i64 = 100;
const EVERY: i64 = Instant::MINUTE;
/// How often it is looked whether entries are too old, and how much too old the oldest may become:
/// a cut is an entry itself.
const LOOK: i64 = Instant::HOUR;
const GRACE: i64 = Instant::DAY;

/// Looks after the audit log; a job of the server calls it every few seconds.
#[derive(Debug)]
pub struct AuditKeeper {
    hub: Arc<Hub>,
    file: AnchorFile,
    anchored: Option<Anchor>,
    anchored_at: Instant,
    looked_at: Option<Instant>,
}

impl AuditKeeper {
    /// For the log of that hub, with its head in that file.
    pub fn new(hub: Arc<Hub>, file: PathBuf) -> Self {
        Self {
            hub,
            file: AnchorFile(file),
            anchored: None,
            anchored_at: Instant(i64::MIN / 2),
            looked_at: None,
        }
    }

    /// Compares the newest anchor with the log, once: a log that was shortened or written anew while
    /// nobody served is told of in the server's log.
    ///
    /// # Errors
    /// Where the store failed.
    pub async fn begin(&mut self, caller: &Caller) -> Result<()> {
        require_system(caller)?;
        let ring = self.hub.ring();
        let read = read_anchors(&self.file.0, ring.as_deref()).unwrap_or_default();
        let Some(newest) = read.anchors.into_iter().max_by_key(|anchor| anchor.seq) else {
            return Ok(());
        };
        if !self.is_there(caller, &newest).await? {
            tracing::error!(
                entry = newest.seq,
                "the audit log is not the one whose head was written down: run `millrace audit verify`"
            );
        }
        self.anchored = Some(newest);
        Ok(())
    }

    async fn is_there(&self, caller: &Caller, anchor: &Anchor) -> Result<bool> {
        let filter = AuditFilter::default();
        let found = self
            .hub
            .store
            .audit_entries_after(&filter, anchor.seq - 1, 1);
        let found = found.await.or_failure(caller)?;
        // Where it was cut off, the first that is there follows it or a later one.
        Ok(match found.first() {
            Some(entry) if entry.seq == anchor.seq => entry.hash == anchor.hash,
            Some(entry) if entry.seq == anchor.seq + 1 => entry.prev == anchor.hash,
            Some(_) => true,
            None => false,
        })
    }

    /// Does what is due. With `stopping`, also what would be due later.
    ///
    /// # Errors
    /// Where the store failed; the next call makes up for it.
    pub async fn tick(&mut self, caller: &Caller, stopping: bool) -> Result<()> {
        require_system(caller)?;
        self.hub.write_refusals().await?;
        let now = self.hub.clock.now();
        if self.looked_at.is_none_or(|at| now.0 - at.0 >= LOOK) {
            self.hub.cut_audit(caller).await?;
            self.looked_at = Some(now);
        }
        let (seq, hash) = self.hub.store.audit_head().await.or_failure(caller)?;
        let before = self.anchored.as_ref().map_or(0, |anchor| anchor.seq);
        let waited = now.0 - self.anchored_at.0;
        let due = stopping || seq - before >= ENTRIES || !(0..EVERY).contains(&waited);
        if seq == before || !due {
            return Ok(());
        }
        let Some(ring) = self.hub.ring() else {
            return Ok(());
        };
        let anchor = Anchor { seq, hash };
        if let Err(error) = self.file.add(&anchor, now, &ring) {
            let file = self.file.0.display();
            tracing::error!(%error, %file, "the head of the audit log cannot be written down");
        } else {
            self.anchored = Some(anchor);
        }
        self.anchored_at = now;
        Ok(())
    }
}

impl Hub {
    /// Cuts off entries that are too old. An entry says up to where, and is signed: who can only
    /// write to the database cannot make one.
    pub(crate) async fn cut_audit(&self, caller: &Caller) -> Result<()> {
        let Some(days) = self.audit_keep(caller).await?.days else {
            return Ok(());
        };
        let limit = self.clock.now().minus(i64::from(days) * Instant::DAY);
        let oldest = self.store.oldest_audit_entry().await.or_failure(caller)?;
        if oldest.is_none_or(|at| at >= limit.minus(GRACE)) {
            return Ok(());
        }
        let Some(ring) = self.ring() else {
            return Ok(());
        };
        let through = self
            .store
            .audit_older_than(limit)
            .await
            .or_failure(caller)?;
        let filter = AuditFilter::default();
        let last = self
            .store
            .audit_entries_after(&filter, through - 1, 1)
            .await;
        let last = last.or_failure(caller)?;
        let Some(last) = last.first().filter(|last| last.seq == through) else {
            return Ok(());
        };
        let note = Note::of("audit.cut")
            .on("entry", through, "")
            .after(&json!({
                "through": through,
                "hash": last.hash,
                "older_than_days": days,
                "by": ring.sign(cut_words(through, &last.hash).as_bytes()),
            }));
        let store = self.noting(caller, note);
        store.delete_audit_through(through).await.or_failure(caller)
    }
}

/// What came of walking along the chain.
#[derive(Debug)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// What is wrong with them.
    pub faults: Vec<Fault>,
}

/// Walks along the chain and compares it with anchors. For the command line, which needs no hub.
///
/// # Errors
/// Where the store failed.
pub async fn verify_audit(
    store: &Store,
    anchors: &Anchors,
    ring: Option<&Ring>,
) -> std::result::Result<Verified, StoreError> {
    let signed = ring.map(|ring| move |said: &str, by: &str| ring.signed(said.as_bytes(), by));
    let signed = signed.as_ref().map(|signed| signed as Signed<'_>);
    let (entries, faults) = store.verify_audit(&anchors.anchors, signed).await?;
    Ok(Verified { entries, faults })
}
