//! What one request brings: the samples of some series, in as few pieces of memory as can be.

use crate::labels::{LabelsError, LabelsRef, write_labels};

/// The bits of the NaN by which a sender says that a series has ended.
///
/// A gap begins there; it is never a value (Prometheus, remote-write specification, "Stale Markers").
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// A value of a metric at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricSample {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// Any number, NaN and the infinities included.
    pub value: f64,
}

impl MetricSample {
    /// Whether it says that the series has ended.
    pub fn is_stale(&self) -> bool {
        self.value.to_bits() == STALE_BITS
    }
}

/// What kind of metric a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum MetricKind {
    /// Nobody said.
    #[default]
    Unknown,
    /// It only grows, except when it starts anew.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
    /// A histogram of what is, not of what was.
    GaugeHistogram,
    /// Quantiles that the sender computed.
    Summary,
    /// Facts as labels, with the value 1.
    Info,
    /// One of several states.
    StateSet,
}

/// What a sender said about a metric's name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MetricMeta {
    /// The metric's name, such as `http_requests_total`.
    pub name: String,
    /// Its kind.
    pub kind: MetricKind,
    /// Its unit as sent; empty where nobody said.
    pub unit: String,
    /// What it means; empty where nobody said.
    pub help: String,
}

/// The series of one request, each with its samples.
///
/// Three arrays and no more: a request of two thousand series must not make ten thousand
/// allocations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    labels: Vec<u8>,
    samples: Vec<MetricSample>,
    ends: Vec<(usize, usize)>,
    /// What was said about names.
    pub meta: Vec<MetricMeta>,
}

/// One series of a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchSeries<'a> {
    /// Its labels.
    pub labels: LabelsRef<'a>,
    /// Its samples, in the order they were sent.
    pub samples: &'a [MetricSample],
}

impl Batch {
    /// Adds a series with its samples; `pairs` is put in order on the way.
    ///
    /// # Errors
    /// Where the pairs are no set of labels; nothing is added then.
    pub fn push(
        &mut self,
        pairs: &mut [(&str, &str)],
        samples: impl IntoIterator<Item = MetricSample>,
    ) -> Result<(), LabelsError> {
        write_labels(pairs, &mut self.labels)?;
        self.samples.extend(samples);
        self.ends.push((self.labels.len(), self.samples.len()));
        Ok(())
    }

    /// The series, in the order they were added. One may stand more than once.
    pub fn series(&self) -> impl Iterator<Item = BatchSeries<'_>> {
        let mut from = (0, 0);
        self.ends.iter().map(move |to| {
            let labels = self.labels.get(from.0..to.0).unwrap_or_default();
            let samples = self.samples.get(from.1..to.1).unwrap_or_default();
            from = *to;
            BatchSeries {
                labels: LabelsRef::trusted(labels),
                samples,
            }
        })
    }

    /// How many samples there are in all.
    pub fn samples(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is neither a sample nor a word about a name.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.meta.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_has_its_own_samples() {
        let at = |at_ms, value| MetricSample { at_ms, value };
        let mut batch = Batch::default();
        batch
            .push(&mut [("__name__", "up")], [at(1, 1.0), at(2, 0.0)])
            .unwrap();
        batch
            .push(&mut [("b", "2"), ("a", "1")], [at(3, 5.0)])
            .unwrap();
        assert!(
            batch
                .push(&mut [("a", "1"), ("a", "2")], [at(4, 6.0)])
                .is_err()
        );
        let seen: Vec<_> = batch
            .series()
            .map(|s| (s.labels.to_string(), s.samples.to_vec()))
            .collect();
        assert_eq!(
            seen,
            [
                ("up".to_owned(), vec![at(1, 1.0), at(2, 0.0)]),
                ("{a=\"1\",b=\"2\"}".to_owned(), vec![at(3, 5.0)]),
            ]
        );
        assert_eq!(batch.samples(), 3);
    }

    #[test]
    fn only_the_one_nan_says_that_a_series_ended() {
        let sample = |value| MetricSample { at_ms: 0, value };
        assert!(sample(f64::from_bits(STALE_BITS)).is_stale());
        assert!(!sample(f64::NAN).is_stale());
    }
}
