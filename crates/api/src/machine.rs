//! Machines: how well each host is, from 0 to 100, and what each thing that is wrong takes away.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Instant, Range, Result, SeriesId, SourceId, WhyUnknown};

/// A machine that series or metrics tell of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Machine {
    /// Its name: a label `instance`, `host`, `hostname` or `node` without its port, or else its source's name.
    pub name: String,
    /// How many series of it are watched.
    pub series: u32,
    /// When the newest sample of them is from.
    pub seen: Option<Instant>,
    /// How well it is.
    pub health: MachineHealth,
    /// Whether its series are as they usually are together.
    pub together: Together,
}

/// What is known of the series of a machine together: each may be as it often was, and all of them as they never were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Together {
    /// Nobody can say, and this is why.
    Unknown {
        /// Why.
        why: WhyUnknown,
    },
    /// There are too few series that come in at least hourly.
    TooFew {
        /// So many there are.
        have: u32,
        /// So many are needed.
        need: u32,
    },
    /// They are as usual.
    Usual {
        /// How many series were looked at.
        series: u32,
        /// Up to then.
        until: Instant,
    },
    /// They are unusual together.
    Unusual {
        /// How many series were looked at.
        series: u32,
        /// Since then.
        since: Instant,
        /// Up to then.
        until: Instant,
        /// The highest score of that time, 0 to 1.
        score: f64,
        /// How often a time like those before has such a score.
        p_value: f64,
        /// The series that have most to do with it, the largest share first.
        shares: Vec<SeriesShare>,
    },
}

/// What a series has to do with what is unusual of its machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeriesShare {
    /// The series.
    pub series: SeriesId,
    /// What people call it.
    pub title: String,
    /// Its share, 0 to 1.
    pub share: f64,
}

/// How well a machine is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum MachineHealth {
    /// This well.
    Scored {
        /// 100 where nothing is wrong, towards 0.
        score: f64,
        /// What was taken away, the most first; they add up to `100 - score`.
        deductions: Vec<HealthDeduction>,
    },
    /// Nobody can say, and this is why.
    Unknown {
        /// Why.
        why: WhyUnknown,
    },
    /// It sends metrics, but no series of it is watched.
    Unwatched,
}

/// What one thing that is wrong takes away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HealthDeduction {
    /// What is wrong.
    pub ailment: Ailment,
    /// What people call the series or the source.
    pub about: String,
    /// Points of 100.
    pub points: f64,
    /// The series; `None` where it is about a source.
    pub series: Option<SeriesId>,
    /// The source.
    pub source: SourceId,
}

/// What can be wrong with a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Ailment {
    /// A series was unusual within the last day, and nobody called that nothing.
    Unusual {
        /// When, with some time around it.
        around: Range,
        /// Where its last unusual period ends.
        last: Instant,
    },
    /// A series is at its limit or past it.
    AtLimit,
    /// A series will probably reach its limit within a week.
    NearLimit {
        /// When, in half of the cases.
        at: Instant,
    },
    /// Its series are unusual together, though none of those that make it so is alone; [`Machine::together`] has their shares.
    Together {
        /// Since then.
        since: Instant,
    },
    /// Series of a source are silent.
    Silent {
        /// How many.
        series: u32,
        /// Since when, the longest.
        since: Instant,
    },
}

/// Every machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MachineList {
    /// The worst first, then those of which nothing is known.
    pub machines: Vec<Machine>,
    /// When this was answered.
    pub now: Instant,
}

/// Machines and their health.
#[async_trait]
pub trait Machines: Send + Sync {
    /// Every machine. Needs `monitoring:read`.
    async fn machines(&self, caller: &Caller) -> Result<MachineList>;
    /// Looks whether the series of some machines are unusual together; answers how many. For the
    /// server itself.
    async fn scan_due(&self, caller: &Caller) -> Result<u32>;
}
