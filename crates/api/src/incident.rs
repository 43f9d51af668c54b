//! Incidents: findings and alerts of one place that began together.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Domain, Finding, Instant, Occurrence, Result};

/// What has to begin within so many minutes of one another to be one incident.
pub const INCIDENT_MINUTES: i64 = 15;

/// Things of one place that began together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Incident {
    /// Where: a machine, or what tells series of the business from others, such as a product.
    pub place: String,
    /// When the first of them began.
    pub begins: Instant,
    /// When the last of them ended; none while one of its alerts lasts.
    pub ends: Option<Instant>,
    /// They, as they began; two or more.
    pub members: Vec<Member>,
}

/// One thing of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// Something unusual in a series.
    Finding {
        /// It.
        finding: Box<Finding>,
    },
    /// What another system said.
    Alert {
        /// It.
        alert: Box<Occurrence>,
    },
}

impl Incident {
    /// Whether any of it is of business, or of machines.
    pub fn is_of(&self, domain: Domain) -> bool {
        self.members.iter().any(|member| match member {
            Member::Finding { finding } => finding.domain == domain,
            Member::Alert { .. } => domain == Domain::Machine,
        })
    }
}

impl Member {
    /// When it began.
    pub fn begins(&self) -> Instant {
        match self {
            Self::Finding { finding } => finding.begins,
            Self::Alert { alert } => alert.starts_at,
        }
    }

    /// When it ended; none while it lasts.
    pub fn ends(&self) -> Option<Instant> {
        match self {
            Self::Finding { finding } => Some(finding.last),
            Self::Alert { alert } => alert.ends_at,
        }
    }
}

/// What belongs together.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// The incidents among the newest findings that nobody called nothing and the newest alerts, the newest first.
    /// Needs `monitoring:read`.
    async fn incidents(&self, caller: &Caller) -> Result<Vec<Incident>>;
}
