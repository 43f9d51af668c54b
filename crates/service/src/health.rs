//! Whether the parts that are needed answer, and how many there are of what.

use api::{JobKind, JobState};

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

/// A number of our own, as it is at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Its name, without the product's.
    pub name: &'static str,
    /// What tells it apart from others of the name.
    pub labels: Vec<(&'static str, &'static str)>,
    /// The number.
    pub value: f64,
}

impl Gauge {
    fn new(name: &'static str, value: impl Into<f64>) -> Self {
        Self {
            name,
            labels: Vec::new(),
            value: value.into(),
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.labels.push((name, value));
        self
    }
}

impl Hub {
    /// The queue and the models in numbers. Open to all, as `/metrics` is; they name nothing of
    /// anybody's. What is not known is left out.
    pub async fn gauges(&self) -> Vec<Gauge> {
        let mut all = Vec::new();
        if let Ok(counts) = self.store.job_counts().await {
            for kind in JobKind::ALL {
                for state in JobState::ALL {
                    let of_both = |one: &&api::JobCount| one.kind == kind && one.state == state;
                    let count = counts.iter().find(of_both).map_or(0, |one| one.count);
                    let gauge = Gauge::new("jobs", count).with("kind", kind.as_str());
                    all.push(gauge.with("state", state.as_str()));
                }
            }
        }
        if let Ok(models) = self.store.model_counts(self.clock.now()).await {
            all.push(Gauge::new("model_count", models.live));
            all.push(Gauge::new("model_drifted", models.drifted));
            all.push(Gauge::new("model_behind_naive", models.behind));
            all.push(Gauge::new("model_held", models.held));
            all.extend(
                models
                    .ratio
                    .map(|ratio| Gauge::new("model_error_ratio", ratio)),
            );
        }
        if let Some(([within80, within95], error)) = self.models.coverage() {
            all.push(Gauge::new("model_coverage", within80).with("band", "80"));
            all.push(Gauge::new("model_coverage", within95).with("band", "95"));
            all.push(Gauge::new("model_live_error", error));
        }
        all
    }

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
