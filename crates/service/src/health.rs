//! Whether the parts that are needed answer.

use async_trait::async_trait;

use crate::Hub;

/// One part that is needed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Component {
    /// Which part.
    pub name: &'static str,
    /// Whether it answers.
    pub ok: bool,
    /// What it said, where it does not.
    pub problem: Option<String>,
}

/// Whether the parts that are needed answer.
#[async_trait]
pub trait Health: Send + Sync {
    /// Every part.
    async fn components(&self) -> Vec<Component>;
}

#[async_trait]
impl Health for Hub {
    async fn components(&self) -> Vec<Component> {
        let problem = self.store.ping().await.err().map(|error| error.to_string());
        vec![Component { name: "database", ok: problem.is_none(), problem }]
    }
}
