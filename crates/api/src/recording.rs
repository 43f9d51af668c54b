//! Expressions over metrics that are evaluated at an interval and kept as series: Prometheus calls
//! them recording rules. What is recorded has forecasts, findings and limits like any other series.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Domain, Instant, Limit, Result, SourceId, Unit};

/// How often an expression is evaluated unless somebody says otherwise, in seconds.
pub const RECORD_EVERY_SECONDS: u32 = 300;
/// The most series of one rule: more are a question for the explorer and not for the Runway.
pub const MOST_RECORDED: usize = 100;
/// How far back a new rule looks, in days.
pub const RECORD_BACK_DAYS: i64 = 30;

/// An expression that is evaluated at an interval. It is a source; removing that removes the rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RecordingRule {
    /// The source that its series belong to.
    pub id: SourceId,
    /// What people call it.
    pub name: String,
    /// In PromQL.
    pub expression: String,
    /// How often it is evaluated, in seconds.
    pub every_seconds: u32,
    /// What its numbers count.
    pub unit: Unit,
    /// Business or machines.
    pub domain: Domain,
    /// Where its series must not go, unless somebody said otherwise of one of them.
    pub limit: Option<Limit>,
    /// Whether it is left alone for now.
    pub paused: bool,
    /// Up to when it was evaluated.
    pub done_until: Instant,
    /// How its last evaluation went.
    pub state: RecordingState,
}

/// How the last evaluation of a rule went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum RecordingState {
    /// It was not evaluated yet.
    Waiting,
    /// It gave so many series.
    Recorded {
        /// How many; 0 where the metrics hold nothing that it asks for.
        series: u32,
    },
    /// It failed, and is tried again.
    Failed {
        /// What happened and what to do.
        why: String,
    },
}

/// A rule as somebody wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingChange {
    /// What people call it.
    pub name: String,
    /// In PromQL.
    pub expression: String,
    /// How often, in seconds: 10 to 86,400.
    pub every_seconds: u32,
    /// What its numbers count.
    pub unit: Unit,
    /// Business or machines.
    pub domain: Domain,
    /// Where its series must not go.
    pub limit: Option<Limit>,
}

/// An expression that is worth recording where its metrics come in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RecordingIdea {
    /// What to call it.
    pub name: String,
    /// In PromQL.
    pub expression: String,
    /// What its numbers count.
    pub unit: Unit,
    /// Where its series must not go.
    pub limit: Limit,
    /// Whose metrics they are, such as `node-exporter`.
    pub exporter: String,
}

/// Expressions that are recorded. They are removed as the sources that they are.
#[async_trait]
pub trait Recordings: Send + Sync {
    /// Every rule, by name. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller) -> Result<Vec<RecordingRule>>;
    /// What would be worth recording of the metrics that come in, without what is recorded already.
    /// Needs `monitoring:read`.
    async fn ideas(&self, caller: &Caller) -> Result<Vec<RecordingIdea>>;
    /// Adds a rule; it is evaluated for the past [`RECORD_BACK_DAYS`] as well.
    /// Needs `monitoring:write`.
    async fn add(&self, caller: &Caller, change: RecordingChange) -> Result<SourceId>;
    /// Changes a rule. Another expression is evaluated for the past as well; series that had the
    /// rule's limit get its new one. Needs `monitoring:write`.
    async fn edit(&self, caller: &Caller, id: &SourceId, change: RecordingChange) -> Result<()>;
    /// Leaves a rule alone, or evaluates it again, from where it was. Needs `monitoring:write`.
    async fn pause(&self, caller: &Caller, id: &SourceId, paused: bool) -> Result<()>;
    /// Evaluates what is due, a piece of each rule; answers how many pieces. For the server itself.
    async fn run_due(&self, caller: &Caller) -> Result<u32>;
}
