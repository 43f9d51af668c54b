//! The audit log: who did what, to what, from where, and what came of it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Error, Instant, Result, Who};

/// The most entries a page of the log has.
pub const MOST_AUDIT_ENTRIES: u32 = 200;
/// How long entries are kept where nobody said otherwise, in days.
pub const AUDIT_DAYS: u32 = 90;

/// What came of what was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It was allowed and did not work.
    Failed,
}

impl AuditOutcome {
    /// Every outcome there is.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];

    /// The outcome as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for AuditOutcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no outcome: choose done, refused or failed"))
    }
}

/// Who did something: `kind` is person, key, system or nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditActor {
    /// What kind of actor.
    pub kind: String,
    /// Their id; empty for the server itself and for nobody.
    pub id: String,
    /// What they were called then: an address, a key's name, a job.
    pub name: String,
}

impl AuditActor {
    /// Who asks.
    pub fn of(caller: &Caller) -> Self {
        let (kind, id, name) = match &caller.who {
            Who::Nobody => ("nobody", "", ""),
            Who::User { id, email, .. } => ("person", id.as_str(), email.as_str()),
            Who::Key { id, name, .. } => ("key", id.as_str(), name.as_str()),
            Who::System => ("system", "", caller.request_id.as_str()),
        };
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// What something was done to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditObject {
    /// What kind of thing, such as `key`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What it was called then.
    pub name: String,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditRecord {
    /// When.
    pub at: Instant,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// What was done, as `area.verb`.
    pub action: String,
    /// By whom.
    pub actor: AuditActor,
    /// To what.
    pub object: AuditObject,
    /// How it was, as JSON.
    pub before: Option<String>,
    /// How it is now, as JSON.
    pub after: Option<String>,
    /// Where the request came from; empty where there was none.
    pub address: String,
    /// The id that the request has in the log.
    pub request_id: String,
}

/// An entry in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its number: the first is 1, and none is left out.
    pub seq: i64,
    /// What it says.
    pub record: AuditRecord,
    /// The hash of the entry before it, in hex.
    pub prev: String,
    /// Its own hash, in hex.
    pub hash: String,
}

/// Which entries are wanted; what is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// Words of who did it, or their id.
    pub actor: String,
    /// An action such as `key.revoke`, or an area such as `key`.
    pub action: String,
    /// A kind of thing, its id, or words of its name.
    pub object: String,
    /// What came of it.
    pub outcome: Option<AuditOutcome>,
    /// Not before then.
    pub from: Option<Instant>,
    /// Before then.
    pub to: Option<Instant>,
    /// Words anywhere in an entry, also an address or the id of a request.
    pub text: String,
}

/// Which entries are wanted, as somebody typed it into an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditAsked {
    /// Words of who did it.
    pub actor: String,
    /// An action or an area.
    pub action: String,
    /// Words of what it was done to.
    pub object: String,
    /// What came of it.
    pub outcome: String,
    /// The first day, in UTC: `2026-11-21`.
    pub from: String,
    /// The last day, in UTC.
    pub to: String,
    /// Words anywhere.
    pub q: String,
}

impl AuditAsked {
    /// Reads it.
    ///
    /// # Errors
    /// Where an outcome or a day is none, at its field.
    pub fn filter(self) -> Result<AuditFilter> {
        let outcome = match self.outcome.as_str() {
            "" => None,
            word => Some(
                word.parse()
                    .map_err(|why: String| Error::field("outcome", why))?,
            ),
        };
        Ok(AuditFilter {
            actor: self.actor,
            action: self.action,
            object: self.object,
            outcome,
            from: midnight("from", &self.from, 0)?,
            to: midnight("to", &self.to, 1)?,
            text: self.q,
        })
    }
}

/// The midnight in UTC that begins a day, or so many days after it.
fn midnight(field: &str, day: &str, later: i64) -> Result<Option<Instant>> {
    let day = day.trim();
    if day.is_empty() {
        return Ok(None);
    }
    let at = Instant::midnight(day);
    let at = at.ok_or_else(|| Error::field(field, "Give a day such as 2026-11-21."))?;
    Ok(Some(at.plus(later * Instant::DAY)))
}

/// Some entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Whether older ones fit as well.
    pub more: bool,
    /// The actions that the log knows, for choosing.
    pub actions: Vec<String>,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditFormat {
    /// A table for people.
    Csv,
    /// An entry a line, whole, with its hashes.
    Jsonl,
}

impl AuditFormat {
    /// The format as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// The audit log.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Entries that fit, the newest first, older than the number `below`. Needs `audit:read`.
    async fn entries(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        below: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage>;
    /// Begins an export and notes it; answers the number of the newest entry that belongs to it.
    /// Needs `audit:read`.
    async fn begin_export(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        format: AuditFormat,
    ) -> Result<i64>;
    /// The next entries of an export, the oldest first, newer than the number `after`; none where
    /// there are no more. Needs `audit:read`.
    async fn export_entries(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        after: i64,
    ) -> Result<Vec<AuditEntry>>;
    /// How many days entries are kept; `None` for ever. Needs `audit:read`.
    async fn retention(&self, caller: &Caller) -> Result<Option<u32>>;
    /// Says how many days entries are kept; `None` for ever. Needs `audit:write`.
    async fn set_retention(&self, caller: &Caller, days: Option<u32>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_days_has_its_last_day_in_it() {
        let asked = AuditAsked {
            from: "2026-11-21".into(),
            to: "2026-11-21".into(),
            ..AuditAsked::default()
        };
        let filter = asked.filter().unwrap();
        assert_eq!(filter.from, Some(Instant::from_seconds(1_795_219_200)));
        assert_eq!(filter.to, filter.from.map(|at| at.plus(Instant::DAY)));
    }

    #[test]
    fn what_cannot_be_read_is_refused_at_its_field() {
        let day = AuditAsked {
            to: "tomorrow".into(),
            ..AuditAsked::default()
        };
        assert!(day.filter().unwrap_err().of_field("to").is_some());
        let outcome = AuditAsked {
            outcome: "good".into(),
            ..AuditAsked::default()
        };
        assert!(outcome.filter().unwrap_err().of_field("outcome").is_some());
    }
}
