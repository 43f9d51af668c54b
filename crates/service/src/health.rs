//! Whether the parts that are needed answer, and how many there are of what.

use std::time::Duration;

use api::{Instant, JobKind, JobState};
use tokio::sync::Mutex;

use crate::Hub;

/// How long it is not tried again whether anything can be written, and numbers are not read again.
const TRIED: i64 = 5 * Instant::SECOND;
/// What takes longer waits for others that write, such as a large import: that is no failure.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long ago a person used a session who counts as active.
const ACTIVE: i64 = 15 * Instant::MINUTE;

/// What was found when something was last written to see whether it can be; held while it is tried, so
/// that many who ask at once write once.
#[derive(Default)]
pub(crate) struct Tried(Mutex<Option<(Instant, Written)>>);

/// The hub's numbers when they were last read; held while they are, so that many who ask at once read
/// once.
#[derive(Default)]
pub(crate) struct Numbers(Mutex<Option<(Instant, Vec<OwnNumber>)>>);

/// Why a part cannot be written; nothing where it can.
#[derive(Clone, Default)]
struct Written {
    database: Option<String>,
    metrics: Option<String>,
}

/// One part that is needed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Component {
    /// Which part.
    pub name: &'static str,
    /// Whether it answers and can be written.
    pub ok: bool,
    /// What it said, where it does not.
    pub problem: Option<String>,
}

impl Component {
    fn of(name: &'static str, problem: Option<String>) -> Self {
        Self {
            name,
            ok: problem.is_none(),
            problem,
        }
    }
}

/// How much of something there is, or how often it happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// What goes up and down.
    Gauge(f64),
    /// What only grows.
    Counter(u64),
}

/// A number of our own, as it is at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnNumber {
    /// Its name, without the product's.
    pub name: &'static str,
    /// What tells it apart from others of the name.
    pub labels: Vec<(&'static str, &'static str)>,
    /// The number.
    pub amount: Amount,
}

impl OwnNumber {
    pub(crate) fn gauge(name: &'static str, value: impl Into<f64>) -> Self {
        Self::new(name, Amount::Gauge(value.into()))
    }

    pub(crate) const fn counter(name: &'static str, count: u64) -> Self {
        Self::new(name, Amount::Counter(count))
    }

    const fn new(name: &'static str, amount: Amount) -> Self {
        Self {
            name,
            labels: Vec::new(),
            amount,
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.labels.push((name, value));
        self
    }
}

impl Hub {
    /// The queue, the models, the database and who is here in numbers. Open to all, as `/metrics` is; they name nothing of
    /// anybody's. What is not known is left out, and all are read every few seconds at most: strangers
    /// may ask for them, and a database that is slow must not keep the others from being told.
    pub async fn own_numbers(&self) -> Vec<OwnNumber> {
        let mut kept = self.numbers.0.lock().await;
        let now = self.clock.now();
        if let Some((at, numbers)) = &*kept
            && (0..TRIED).contains(&(now.0 - at.0))
        {
            return numbers.clone();
        }
        let mut all = Vec::new();
        if let Some(([within80, within95], error)) = self.models.coverage() {
            all.push(OwnNumber::gauge("model_coverage", within80).with("band", "80"));
            all.push(OwnNumber::gauge("model_coverage", within95).with("band", "95"));
            all.push(OwnNumber::gauge("model_live_error", error));
        }
        let read = tokio::time::timeout(PATIENCE, self.read_numbers(now)).await;
        all.extend(read.unwrap_or_default());
        *kept = Some((now, all.clone()));
        all
    }

    /// Those that the database knows.
    async fn read_numbers(&self, now: Instant) -> Vec<OwnNumber> {
        let mut all = Vec::new();
        if let Ok(counts) = self.store.job_counts().await {
            for kind in JobKind::ALL {
                for state in JobState::ALL {
                    let of_both = |one: &&api::JobCount| one.kind == kind && one.state == state;
                    let count = counts.iter().find(of_both).map_or(0, |one| one.count);
                    let gauge = OwnNumber::gauge("jobs", count).with("kind", kind.as_str());
                    all.push(gauge.with("state", state.as_str()));
                }
            }
        }
        if let Ok(models) = self.store.model_counts(now).await {
            all.push(OwnNumber::gauge("models", models.live));
            all.push(OwnNumber::gauge("model_drifted", models.drifted));
            all.push(OwnNumber::gauge("model_behind_naive", models.behind));
            all.push(OwnNumber::gauge("model_held", models.held));
            let ratio = models.ratio;
            all.extend(ratio.map(|ratio| OwnNumber::gauge("model_error_ratio", ratio)));
        }
        if let Ok(report) = self.store.database().await {
            all.extend(crate::database::numbers(&report));
        }
        if let Ok(people) = self.store.people_since(now.minus(ACTIVE)).await {
            all.push(OwnNumber::gauge("active_users", people as f64));
        }
        all
    }

    /// Every part that is needed, and whether it answers and can be written. Open to all: what watches
    /// the server has no key.
    pub async fn components(&self) -> Vec<Component> {
        let ping = self.store.ping().await.err().map(|error| error.to_string());
        let written = match &ping {
            // What does not even answer cannot be written.
            Some(_) => Written::default(),
            None => self.written().await,
        };
        let mut components = vec![Component::of("database", ping.or(written.database))];
        if self.metrics.kept_here() {
            components.push(Component::of("metrics", written.metrics));
        }
        components
    }

    /// Why nothing can be written, by part. It is tried every few seconds at most.
    async fn written(&self) -> Written {
        let mut tried = self.tried.0.lock().await;
        let now = self.clock.now();
        if let Some((at, written)) = &*tried
            && (0..TRIED).contains(&(now.0 - at.0))
        {
            return written.clone();
        }
        let database = why_not(self.store.check_writing(now));
        let metrics = async {
            match self.metric_store() {
                Ok(store) => why_not(store.check_writing(now)).await,
                Err(_) => None,
            }
        };
        let (database, metrics) = tokio::join!(database, metrics);
        let written = Written { database, metrics };
        *tried = Some((now, written.clone()));
        written
    }
}

/// Why it failed, where it did so soon.
async fn why_not(write: impl Future<Output = store::Result<()>>) -> Option<String> {
    match tokio::time::timeout(PATIENCE, write).await {
        Ok(Err(error)) => Some(error.to_string()),
        Ok(Ok(())) | Err(_) => None,
    }
}
