//! The demo company: two years of data with planted stories, removed with one click.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Result};

/// Whether the demo company is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DemoState {
    /// It is not there.
    Absent,
    /// It is being made.
    Loading,
    /// It is there and ticks.
    Present,
}

/// The demo company.
#[async_trait]
pub trait Demo: Send + Sync {
    /// Whether it is there. Needs `monitoring:read`.
    async fn state(&self, caller: &Caller) -> Result<DemoState>;
    /// Makes it. Needs `monitoring:write`. Harmless where it is there already.
    async fn start(&self, caller: &Caller) -> Result<()>;
    /// Removes all of it and nothing else. Needs `monitoring:write`.
    async fn remove(&self, caller: &Caller) -> Result<()>;
}
