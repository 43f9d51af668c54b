//! Metrics: what senders push in their own protocols, and PromQL over it.

use async_trait::async_trait;

use serde::{Deserialize, Serialize};

use crate::{Caller, Error, Point, Range, Result, SourceId};

/// The protocols in which metrics are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushProtocol {
    /// Prometheus remote-write 1.0 and 2.0; the content type says which.
    RemoteWrite,
    /// OpenTelemetry metrics over HTTP, protobuf or JSON.
    Otlp,
    /// Influx line protocol, answered as InfluxDB 2 does.
    Influx,
    /// The same, answered as InfluxDB 1 does.
    InfluxV1,
}

/// A request as a sender made it.
#[derive(Clone, Debug)]
pub struct Push {
    /// Its protocol.
    pub protocol: PushProtocol,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// The parameter `precision` of Influx.
    pub precision: Option<String>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// An answer in the words of the sender's protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How many samples were taken.
    pub accepted: u64,
    /// Why samples were refused, each with how many: for counters.
    pub refused: Vec<(&'static str, u64)>,
}

/// A question to what the metrics hold, as Prometheus' HTTP API asks it. Instants are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricsQuestion {
    /// An expression at one instant; now where none is given.
    Instant {
        /// PromQL.
        query: String,
        /// When.
        at_ms: Option<i64>,
    },
    /// An expression at each step of a range.
    Range {
        /// PromQL.
        query: String,
        /// The first instant.
        from_ms: i64,
        /// The last instant.
        to_ms: i64,
        /// The step, in milliseconds.
        step_ms: i64,
    },
    /// The names of labels.
    Labels {
        /// Selectors, any of which a series must fit; none for all.
        matches: Vec<String>,
        /// When the series have to have samples.
        within: Stretch,
    },
    /// The values of a label.
    LabelValues {
        /// The label.
        name: String,
        /// Selectors, any of which a series must fit; none for all.
        matches: Vec<String>,
        /// When the series have to have samples.
        within: Stretch,
    },
    /// The labels of series.
    Series {
        /// Selectors, any of which a series must fit.
        matches: Vec<String>,
        /// When the series have to have samples.
        within: Stretch,
    },
    /// What senders said about names.
    Metadata {
        /// One metric's name, or all.
        metric: Option<String>,
        /// The most metrics, or all.
        limit: Option<usize>,
    },
}

/// A stretch of time with both ends included, in milliseconds since 1970; an end that is not there is
/// far away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Its first instant.
    pub from_ms: Option<i64>,
    /// Its last instant.
    pub to_ms: Option<i64>,
}

/// Why a question was not answered, in Prometheus' words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsProblem {
    /// The HTTP status.
    pub status: u16,
    /// `bad_data`, `execution`, `timeout`, `canceled`, `unavailable`.
    pub kind: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// What an expression is over a range: a curve for each series of its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Curves {
    /// The range.
    pub range: Range,
    /// How far apart points are, in seconds.
    pub step_seconds: f64,
    /// The curves, at most [`MOST_CURVES`], by name.
    pub curves: Vec<Curve>,
    /// How many there would be.
    pub total: u32,
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Curve {
    /// Its labels, as PromQL writes them.
    pub name: String,
    /// Its points, one for each step; gaps have no value.
    pub points: Vec<Point>,
}

/// How long a source's metrics are kept, each in days; `None` is for ever.
///
/// Each has to be said: what somebody leaves out they did not mean to keep for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Keep {
    /// Samples as they were sent.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub raw_days: Option<u32>,
    /// Windows of five minutes.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub five_minutes_days: Option<u32>,
    /// Windows of an hour.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub hour_days: Option<u32>,
}

impl Keep {
    /// Reads what a person wrote into the three fields; an empty one is for ever.
    ///
    /// # Errors
    /// Where one is not a whole number of days.
    pub fn read(raw: &str, five_minutes: &str, hour: &str) -> Result<Self> {
        Ok(Self {
            raw_days: days("raw_days", raw)?,
            five_minutes_days: days("five_minutes_days", five_minutes)?,
            hour_days: days("hour_days", hour)?,
        })
    }
}

fn days(field: &str, text: &str) -> Result<Option<u32>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let words = "Days are a whole number from 1, or nothing for ever.";
    let days = text.parse().map_err(|_| Error::field(field, words))?;
    Ok(Some(days))
}

/// What is kept of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KeptSource {
    /// The source.
    pub id: SourceId,
    /// What people call it.
    pub name: String,
    /// How many series it has.
    pub series: u32,
    /// How many samples it sent.
    pub samples: u64,
    /// How long its data is kept.
    pub keep: Keep,
}

/// Where metrics lie, and what is known of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum MetricStorage {
    /// In the database.
    Database(DatabaseStorage),
    /// In an engine: how long it keeps them, how finely and in how much room is its own affair.
    Engine {
        /// What people call it, such as `Prometheus`.
        name: String,
        /// Its host and port.
        host: String,
        /// Whether samples are sent there.
        writing: Circuit,
        /// Whether it is asked.
        asking: Circuit,
    },
}

/// Whether something outside is asked. After some failures in a row it is left alone for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Circuit {
    /// It is asked.
    Closed,
    /// It is left alone.
    Open {
        /// When it is asked again, in seconds from now.
        again_seconds: u64,
    },
    /// One request finds out whether it is back.
    HalfOpen,
}

/// What metrics take on the disk, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DatabaseStorage {
    /// Samples as they were sent, in chunks.
    pub raw_bytes: u64,
    /// Windows of five minutes.
    pub five_minutes_bytes: u64,
    /// Windows of an hour.
    pub hour_bytes: u64,
    /// Acknowledged, and not in chunks yet.
    pub waiting_bytes: u64,
    /// The whole database, with its indexes and free pages.
    pub total_bytes: u64,
    /// The sources of metrics, by name.
    pub sources: Vec<KeptSource>,
    /// The partitions of PostgreSQL that hold something, the newest first; SQLite has none.
    pub partitions: Vec<Partition>,
}

/// A part of a table that is made and dropped as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Partition {
    /// Its table's name.
    pub name: String,
    /// What is in it.
    pub holds: PartitionHolds,
    /// From when to when its rows end, the end not included; none for what belongs to no other.
    pub between: Option<Range>,
    /// How many rows it has: chunks, or days of windows.
    pub rows: u64,
    /// What their data takes, in bytes.
    pub bytes: u64,
}

/// What a partition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum PartitionHolds {
    /// Samples as they were sent.
    Samples,
    /// Windows of five minutes.
    FiveMinutes,
    /// Windows of an hour.
    Hours,
}

/// More curves than these nobody can tell apart.
pub const MOST_CURVES: usize = 50;

/// What could be written next in an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Completion {
    /// The end of what is there that an offer takes the place of.
    pub prefix: String,
    /// The best first; few enough to look at.
    pub offers: Vec<Offer>,
}

/// Something that could be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Offer {
    /// What is written.
    pub text: String,
    /// What kind of thing it is, in a word.
    pub kind: String,
    /// What it does, in a line; often nothing.
    pub about: String,
}

/// Metrics in, PromQL out.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// Takes in what a sender pushed. Needs `data:ingest`.
    /// What is acknowledged is on the disk.
    async fn push(&self, caller: &Caller, push: Push) -> Result<PushAnswer>;
    /// Answers with the `data` of Prometheus' HTTP API, as JSON. Needs `monitoring:read`.
    async fn ask(
        &self,
        caller: &Caller,
        question: MetricsQuestion,
    ) -> Result<std::result::Result<String, MetricsProblem>>;
    /// An expression over a range, in some hundred steps. Needs `monitoring:read`.
    async fn curves(&self, caller: &Caller, expression: &str, range: Range) -> Result<Curves>;
    /// What could be written next in an expression of which this much is there, up to the cursor.
    /// Needs `monitoring:read`.
    async fn complete(&self, caller: &Caller, before: &str) -> Result<Completion>;
    /// The names of the metrics that came in, in order. Needs `monitoring:read`.
    async fn names(&self, caller: &Caller) -> Result<Vec<String>>;
    /// What is kept, for how long, and what it takes. Needs `monitoring:read`.
    async fn storage(&self, caller: &Caller) -> Result<MetricStorage>;
    /// Says how long a source's metrics are kept. Needs `monitoring:write`.
    /// What is older goes within the next minutes and does not come back.
    async fn keep(&self, caller: &Caller, source: &SourceId, keep: Keep) -> Result<()>;
    /// Seals, rolls up and forgets, and writes down what came in. For the server itself.
    async fn maintain(&self, caller: &Caller) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_nothing_is_for_ever() {
        let keep = Keep::read(" 30 ", "", "400").unwrap();
        assert_eq!((keep.raw_days, keep.five_minutes_days), (Some(30), None));
        for wrong in ["1.5", "-1", "a week", "99999999999"] {
            let Err(Error::Invalid { fields, .. }) = Keep::read("1", wrong, "") else {
                panic!("{wrong} was taken");
            };
            assert_eq!(fields[0].field, "five_minutes_days");
        }
    }
}
