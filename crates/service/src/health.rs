//! Whether the parts that are needed answer.

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

impl Hub {
    /// Every part that is needed, and whether it answers. Open to all: what watches the server has no key.
    pub async fn components(&self) -> Vec<Component> {
        let problem = self.store.ping().await.err().map(|error| error.to_string());
        vec![Component {
            name: "database",
            ok: problem.is_none(),
            problem,
        }]
    }
}
