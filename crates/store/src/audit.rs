//! The audit log: entries that only grow, each chained to the one before it.
//!
//! [`Store::noting`] makes a store that adds an entry in the transaction of what it does: both are
//! there afterwards, or neither.

mod chain;
mod fault;
mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::{AuditActor, AuditEntry, AuditFilter, AuditObject, AuditOutcome, AuditRecord, Instant};
use sqlx::{FromRow, PgConnection, SqliteConnection};

use crate::convert::{clean, instant};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store, StoreError};

pub use chain::hash as audit_hash;
pub use fault::Fault;
use verify::Chain;
pub use verify::{Anchor, Signed, cut_words};

/// How many entries a walk along the chain reads at once.
const WALKED: i64 = 1_000;

/// Signs entries of the log with a key that is not in the database.
pub trait Sign: Send + Sync {
    /// A word that only who holds the key can say of this text; `None` where there is no key yet.
    fn sign(&self, said: &str) -> Option<String>;
}

/// An entry on its way into the log, once.
pub(crate) struct Note {
    record: AuditRecord,
    added: AtomicBool,
}

/// The head moves first: on PostgreSQL its row keeps other servers waiting until this transaction
/// ends, so that numbers have neither gaps nor twins, and a transaction that fails takes its number
/// back.
const NEXT: &str = "update audit_head set seq = seq + 1 where one = 1 returning seq, hash";

const INSERT: &str = "insert into audit_entry (seq, at, outcome, action, actor_kind, actor_id,
        actor_name, object_kind, object_id, object_name, before, after, address, request_id, prev,
        hash, signature)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

const HEAD: &str = "update audit_head set hash = $1 where one = 1";

/// A connection that adds entries.
pub(crate) trait Log: Send {
    /// Adds an entry, inside the transaction that is open.
    fn add(
        &mut self,
        record: &AuditRecord,
        signer: Option<&dyn Sign>,
    ) -> impl Future<Output = Result<i64>> + Send;
}

macro_rules! log {
    ($connection:ty) => {
        impl Log for $connection {
            async fn add(
                &mut self,
                record: &AuditRecord,
                signer: Option<&dyn Sign>,
            ) -> Result<i64> {
                let (seq, prev): (i64, String) = rows(NEXT).fetch_one(&mut *self).await?;
                let hash = chain::hash(&prev, seq, record)
                    .ok_or_else(|| StoreError::decode("the head of the audit log holds no hash"))?;
                let signature = signer.and_then(|signer| signer.sign(&chain::words(&hash)));
                run(INSERT)
                    .bind(seq)
                    .bind(record.at.micros())
                    .bind(record.outcome.as_str())
                    .bind(&record.action)
                    .bind(&record.actor.kind)
                    .bind(&record.actor.id)
                    .bind(&record.actor.name)
                    .bind(&record.object.kind)
                    .bind(&record.object.id)
                    .bind(&record.object.name)
                    .bind(record.before.as_deref())
                    .bind(record.after.as_deref())
                    .bind(&record.address)
                    .bind(&record.request_id)
                    .bind(&prev)
                    .bind(&hash)
                    .bind(signature.unwrap_or_default())
                    .execute(&mut *self)
                    .await?;
                run(HEAD).bind(&hash).execute(&mut *self).await?;
                tell(seq, record);
                Ok(seq)
            }
        }
    };
}

/// For those who gather logs: `MILLRACE_LOG=info,audit=debug`.
fn tell(seq: i64, record: &AuditRecord) {
    tracing::debug!(
        target: "audit",
        seq,
        request_id = record.request_id,
        action = record.action,
        outcome = record.outcome.as_str(),
        actor_kind = record.actor.kind,
        actor = record.actor.name,
        object_kind = record.object.kind,
        object = record.object.id,
        address = record.address,
    );
}

log!(SqliteConnection);
log!(PgConnection);

#[derive(FromRow)]
struct EntryRow {
    seq: i64,
    at: i64,
    outcome: String,
    action: String,
    actor_kind: String,
    actor_id: String,
    actor_name: String,
    object_kind: String,
    object_id: String,
    object_name: String,
    before: Option<String>,
    after: Option<String>,
    address: String,
    request_id: String,
    prev: String,
    hash: String,
    signature: String,
}

impl EntryRow {
    fn link(mut self) -> verify::Link {
        let (seq, prev, hash) = (self.seq, self.prev.clone(), self.hash.clone());
        let signature = std::mem::take(&mut self.signature);
        verify::Link {
            seq,
            record: self.entry().ok().map(|entry| entry.record),
            prev,
            hash,
            signature,
        }
    }

    fn entry(self) -> Result<AuditEntry> {
        Ok(AuditEntry {
            seq: self.seq,
            record: AuditRecord {
                at: Instant(self.at),
                outcome: self
                    .outcome
                    .parse::<AuditOutcome>()
                    .map_err(StoreError::decode)?,
                action: self.action,
                actor: AuditActor {
                    kind: self.actor_kind,
                    id: self.actor_id,
                    name: self.actor_name,
                },
                object: AuditObject {
                    kind: self.object_kind,
                    id: self.object_id,
                    name: self.object_name,
                },
                before: self.before,
                after: self.after,
                address: self.address,
                request_id: self.request_id,
            },
            prev: self.prev,
            hash: self.hash,
        })
    }
}

/// What an entry is read from, and the conditions of a filter: parameters 1 to 9.
macro_rules! fitting_sql {
    ($tail:literal) => {
        concat!(
            "select seq, at, outcome, action, actor_kind, actor_id, actor_name, object_kind,
                object_id, object_name, before, after, address, request_id, prev, hash,
                signature
            from audit_entry
            where ($1 = '' or actor_id = $1 or actor_kind = $1
                    or lower(actor_name) like $2 escape '\\')
                and ($3 = '' or action = $3 or action like $3 || '.%')
                and ($4 = '' or object_kind = $4 or object_id = $4
                    or lower(object_name) like $5 escape '\\')
                and ($6 = '' or outcome = $6)
                and at >= $7 and at < $8
                and ($9 = '%%' or lower(action || ' ' || actor_name || ' ' || object_name || ' '
                    || object_id || ' ' || coalesce(before, '') || ' ' || coalesce(after, '')
                    || ' ' || address || ' ' || request_id) like $9 escape '\\')
                and ",
            $tail
        )
    };
}

/// What a statement with a filter binds, in order.
struct Fitting {
    actor: String,
    actor_like: String,
    action: String,
    object: String,
    object_like: String,
    outcome: &'static str,
    from: i64,
    to: i64,
    text_like: String,
}

impl Fitting {
    fn new(filter: &AuditFilter) -> Self {
        let plain = |text: &str| clean(text.trim());
        Self {
            actor: plain(&filter.actor),
            actor_like: like(&filter.actor),
            action: plain(&filter.action),
            object: plain(&filter.object),
            object_like: like(&filter.object),
            outcome: filter.outcome.map_or("", AuditOutcome::as_str),
            from: filter.from.map_or(i64::MIN, Instant::micros),
            to: filter.to.map_or(i64::MAX, Instant::micros),
            text_like: like(&filter.text),
        }
    }
}

/// A pattern that finds the text anywhere.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in clean(text.trim()).to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

macro_rules! fitting {
    ($store:expr, $sql:expr, $fitting:expr $(, $parameter:expr)* $(,)?) => {{
        let fitting = &$fitting;
        read!($store, db => rows($sql)
            .bind(&fitting.actor)
            .bind(&fitting.actor_like)
            .bind(&fitting.action)
            .bind(&fitting.object)
            .bind(&fitting.object_like)
            .bind(fitting.outcome)
            .bind(fitting.from)
            .bind(fitting.to)
            .bind(&fitting.text_like)
            $(.bind($parameter))*
            .fetch_all(&mut *db)
            .await?)
    }};
}

impl Store {
    /// The same store, but what it adds to the log is signed.
    #[must_use]
    pub fn signing(self, signer: Arc<dyn Sign>) -> Self {
        Self {
            signer: Some(signer),
            ..self
        }
    }

    /// What signs the entries that it adds.
    pub(crate) fn signer(&self) -> Option<&dyn Sign> {
        self.signer.as_deref()
    }

    /// The same store, but its next change adds this entry in its own transaction. A change that
    /// finds nothing to change adds none.
    #[must_use]
    pub fn noting(&self, record: AuditRecord) -> Self {
        Self {
            db: self.db.clone(),
            signer: self.signer.clone(),
            note: Some(Arc::new(Note {
                record: cleaned(record),
                added: AtomicBool::new(false),
            })),
        }
    }

    /// The entry that the transaction under way has to add.
    pub(crate) fn note(&self) -> Option<&AuditRecord> {
        let note = self.note.as_ref()?;
        (!note.added.swap(true, Ordering::Relaxed)).then_some(&note.record)
    }

    /// A change that changed nothing adds no entry.
    pub(crate) fn nothing_to_note(&self) {
        if let Some(note) = &self.note {
            note.added.store(true, Ordering::Relaxed);
        }
    }

    /// Adds an entry in a transaction of its own; answers its number.
    pub async fn add_audit_entry(&self, record: AuditRecord) -> Result<i64> {
        let record = cleaned(record);
        Ok(write!(self, db => Log::add(&mut *db, &record, self.signer()).await?))
    }

    /// Entries that fit, the newest first, older than the number `below`.
    pub async fn audit_entries(
        &self,
        filter: &AuditFilter,
        below: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let sql = fitting_sql!("seq < $10 order by seq desc limit $11");
        let found: Vec<EntryRow> =
            fitting!(self, sql, Fitting::new(filter), below, i64::from(limit));
        found.into_iter().map(EntryRow::entry).collect()
    }

    /// Entries that fit, the oldest first, newer than the number `after`.
    pub async fn audit_entries_after(
        &self,
        filter: &AuditFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let sql = fitting_sql!("seq > $10 order by seq limit $11");
        let found: Vec<EntryRow> =
            fitting!(self, sql, Fitting::new(filter), after, i64::from(limit));
        found.into_iter().map(EntryRow::entry).collect()
    }

    /// The actions that occur, in order.
    pub async fn audit_actions(&self) -> Result<Vec<String>> {
        let sql = "select distinct action from audit_entry order by action";
        Ok(read!(self, db => column(sql).fetch_all(&mut *db).await?))
    }

    /// The number and the hash of the newest entry; 0 and zeros where there is none.
    pub async fn audit_head(&self) -> Result<(i64, String)> {
        let sql = "select seq, hash from audit_head where one = 1";
        Ok(read!(self, db => rows(sql).fetch_one(&mut *db).await?))
    }

    /// When the oldest entry was added.
    pub async fn oldest_audit_entry(&self) -> Result<Option<Instant>> {
        let sql = "select min(at) from audit_entry";
        let at: Option<i64> = read!(self, db => column(sql).fetch_one(&mut *db).await?);
        Ok(instant(at))
    }

    /// The number up to which all entries are older; 0 where none is.
    pub async fn audit_older_than(&self, limit: Instant) -> Result<i64> {
        // The clocks of servers differ: an entry may be older than one before it.
        let sql = "select coalesce((select min(seq) - 1 from audit_entry where at >= $1),
            (select max(seq) from audit_entry), 0)";
        let limit = limit.micros();
        Ok(read!(self, db => column(sql).bind(limit).fetch_one(&mut *db).await?))
    }

    /// Takes entries away up to that number.
    pub async fn delete_audit_through(&self, seq: i64) -> Result<()> {
        execute!(self, "delete from audit_entry where seq <= $1", seq);
        Ok(())
    }

    /// Walks along the whole chain, comparing it with anchors; answers how many entries there are
    /// and what is wrong. Entries may be added meanwhile. Without `signed` signatures are not looked
    /// at.
    pub async fn verify_audit(
        &self,
        anchors: &[Anchor],
        signed: Option<Signed<'_>>,
    ) -> Result<(u64, Vec<Fault>)> {
        let sql = fitting_sql!("seq > $10 order by seq limit $11");
        let everything = Fitting::new(&AuditFilter::default());
        let mut chain = Chain::new(anchors, &self.audit_head().await?, signed);
        let mut after = i64::MIN;
        loop {
            let found: Vec<EntryRow> = fitting!(self, sql, everything, after, WALKED);
            let Some(last) = found.last().map(|row| row.seq) else {
                break;
            };
            after = last;
            for row in found {
                chain.push(row.link());
            }
        }
        let entries = chain.entries();
        Ok((entries, chain.finish(self.audit_head().await?.0)))
    }
}

/// Without control characters, which only `PostgreSQL` would refuse. JSON has none.
fn cleaned(record: AuditRecord) -> AuditRecord {
    AuditRecord {
        at: record.at,
        outcome: record.outcome,
        action: clean(&record.action),
        actor: AuditActor {
            kind: clean(&record.actor.kind),
            id: clean(&record.actor.id),
            name: clean(&record.actor.name),
        },
        object: AuditObject {
            kind: clean(&record.object.kind),
            id: clean(&record.object.id),
            name: clean(&record.object.name),
        },
        before: record.before,
        after: record.after,
        address: clean(&record.address),
        request_id: clean(&record.request_id),
    }
}
