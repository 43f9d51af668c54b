//! What a scrape says besides its body: which series have ended, and how the scrape itself went.

use std::collections::HashSet;

use series::{Batch, Labels, METRIC_NAME, MetricSample, STALE_BITS};

use super::Target;

/// The series that one scrape showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesSet(HashSet<Labels>);

impl SeriesSet {
    /// Adds a series that is known to be right.
    pub(super) fn insert(&mut self, pairs: &mut [(&str, &str)]) {
        if let Ok(labels) = Labels::new(pairs.iter().copied()) {
            self.0.insert(labels);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Says that the series which `before` had and `now` has not have ended, at `at_ms`, the time of the
/// scrape. A target that could not be scraped, or was removed, has an empty `now`.
///
/// The series stand in the order of their labels.
pub fn stale_markers(before: &SeriesSet, now: &SeriesSet, at_ms: i64) -> Batch {
    let mut ended: Vec<&Labels> = before.0.difference(&now.0).collect();
    ended.sort_unstable();
    let mut batch = Batch::default();
    for labels in ended {
        let mut pairs: Vec<_> = labels.as_ref().iter().collect();
        push(&mut batch, &mut pairs, at_ms, f64::from_bits(STALE_BITS));
    }
    batch
}

/// What Prometheus says of each scrape: `up`, `scrape_duration_seconds` and
/// `scrape_samples_scraped`, with the labels of the target.
pub fn synthetic(
    target: &Target,
    at_ms: i64,
    up: bool,
    duration_seconds: f64,
    samples: u64,
) -> Batch {
    let mut batch = Batch::default();
    for (name, value) in [
        ("up", f64::from(u8::from(up))),
        ("scrape_duration_seconds", duration_seconds),
        ("scrape_samples_scraped", samples as f64),
    ] {
        let labels = target.labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let mut pairs: Vec<_> = labels.chain([(METRIC_NAME, name)]).collect();
        push(&mut batch, &mut pairs, at_ms, value);
    }
    batch
}

/// Adds one sample. Labels that are no set are left out: the pages do not let a target have such.
fn push(batch: &mut Batch, pairs: &mut [(&str, &str)], at_ms: i64, value: f64) {
    let _ = batch.push(pairs, [MetricSample { at_ms, value }]);
}
