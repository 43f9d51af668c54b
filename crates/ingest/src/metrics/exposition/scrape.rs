//! What a scrape says besides its body: which series have ended, and how the scrape itself went.

use std::collections::HashSet;

use series::{Batch, Labels, METRIC_NAME, MetricSample, STALE_BITS};

use super::{Scraped, Target};

/// What Prometheus says of each scrape, in this order.
const REPORTS: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

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

    /// How many of these series the other has not.
    fn beyond(&self, other: &Self) -> usize {
        self.0.difference(&other.0).count()
    }
}

/// When a scrape began and how long it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// When it began, in milliseconds since 1970: the time of what it brought.
    pub at_ms: i64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What is remembered of a target from one scrape to the next.
///
/// A scrape is written down first and remembered then: where writing failed, the memory of before is
/// kept, and the next scrape tells the same ends again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What the last scrape that worked showed. Kept while the target is down, so that what returns
    /// is no news (Prometheus, `scrape_series_added`).
    shown: SeriesSet,
    /// Whether the last scrape worked: only then are there series that can end.
    up: bool,
}

impl Memory {
    /// After a scrape that worked: adds to what it brought the ends of the series that it no longer
    /// showed, and how it went.
    #[must_use]
    pub fn after(&self, scraped: &mut Scraped, target: &Target, course: Course) -> Self {
        let now = std::mem::take(&mut scraped.current);
        let batch = &mut scraped.received.batch;
        let kept = batch.samples();
        if self.up {
            tell_ends(batch, &self.shown, &now, course.at_ms);
        }
        let counts = [scraped.samples, kept as u64, now.beyond(&self.shown) as u64];
        report(batch, target, course, true, counts);
        Self {
            shown: now,
            up: true,
        }
    }

    /// After a scrape that failed: the ends of all series, and that the target is down.
    #[must_use]
    pub fn after_failure(&self, target: &Target, course: Course) -> (Batch, Self) {
        let mut batch = Batch::default();
        if self.up {
            tell_ends(&mut batch, &self.shown, &SeriesSet::default(), course.at_ms);
        }
        report(&mut batch, target, course, false, [0; 3]);
        let shown = self.shown.clone();
        (batch, Self { shown, up: false })
    }

    /// When nobody scrapes the target any more: all series end, also those that say how it went.
    pub fn at_end(&self, target: &Target, at_ms: i64) -> Batch {
        let mut batch = Batch::default();
        if self.up {
            tell_ends(&mut batch, &self.shown, &SeriesSet::default(), at_ms);
        }
        for name in REPORTS {
            let stale = f64::from_bits(STALE_BITS);
            push_report(&mut batch, target, name, at_ms, stale);
        }
        batch
    }
}

/// Says that the series which `before` had and `now` has not have ended, in the order of their labels.
fn tell_ends(batch: &mut Batch, before: &SeriesSet, now: &SeriesSet, at_ms: i64) {
    let mut ended: Vec<&Labels> = before.0.difference(&now.0).collect();
    ended.sort_unstable();
    for labels in ended {
        let mut pairs: Vec<_> = labels.as_ref().iter().collect();
        push(batch, &mut pairs, at_ms, f64::from_bits(STALE_BITS));
    }
}

/// How a scrape went; `counts` are the samples it showed, those that were kept, and the new series.
fn report(batch: &mut Batch, target: &Target, course: Course, up: bool, counts: [u64; 3]) {
    let [shown, kept, added] = counts.map(|count| count as f64);
    let values = [f64::from(u8::from(up)), course.seconds, shown, kept, added];
    for (name, value) in REPORTS.into_iter().zip(values) {
        push_report(batch, target, name, course.at_ms, value);
    }
}

fn push_report(batch: &mut Batch, target: &Target, name: &str, at_ms: i64, value: f64) {
    let labels = target.labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let mut pairs: Vec<_> = labels.chain([(METRIC_NAME, name)]).collect();
    push(batch, &mut pairs, at_ms, value);
}

/// Adds one sample. Labels that are no set are left out: the pages do not let a target have such.
fn push(batch: &mut Batch, pairs: &mut [(&str, &str)], at_ms: i64, value: f64) {
    let _ = batch.push(pairs, [MetricSample { at_ms, value }]);
}
