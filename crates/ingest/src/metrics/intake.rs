//! Takes the series of a request one by one: what is wrong is counted, the rest goes to the batch.

use std::fmt::Write;

use series::{Batch, Labels, LabelsError, METRIC_NAME, MetricKind, MetricMeta, MetricSample};

use crate::metrics::error::BodyError;
use crate::metrics::limits::Limits;
use crate::metrics::names;
use crate::metrics::refused::{Reason, Refused, shortened};

/// How much of a request was taken, in the units that remote-write 2.0 answers with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples; those that a histogram became do not count.
    pub samples: u64,
    /// Histograms.
    pub histograms: u64,
    /// Exemplars. Always none, since nothing keeps them.
    pub exemplars: u64,
}

/// What one request brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// The series to keep.
    pub batch: Batch,
    /// How much that is, for the headers of the answer.
    pub written: Written,
    /// What was wrong.
    pub refused: Refused,
    /// Exemplars that were there and are not kept. They spoil no request: Prometheus without a store
    /// for exemplars does the same.
    pub exemplars_dropped: u64,
    /// Histograms whose sender said that they ended without naming their buckets.
    pub ended: Vec<Ended>,
}

/// A histogram that ended: every bucket of it that is kept has to end with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its labels, with the name of the whole.
    pub labels: Labels,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Received {
    /// The status of the answer once the batch is kept: 204, or 400 where anything was wrong
    /// (remote-write 1.0, "Labels"; 2.0, "Invalid Samples"). OTLP has answers of its own.
    pub fn status(&self) -> u16 {
        if self.refused.faults() == 0 { 204 } else { 400 }
    }
}

/// What is being received.
pub(crate) struct Intake<'l> {
    pub(crate) limits: &'l Limits,
    pub(crate) received: Received,
    latest_ms: i64,
    series: usize,
}

impl<'l> Intake<'l> {
    /// `now_ms` is the server's time, in milliseconds since 1970.
    pub(crate) fn new(limits: &'l Limits, now_ms: i64) -> Self {
        Self {
            limits,
            received: Received::default(),
            latest_ms: now_ms.saturating_add(limits.max_future_ms),
            series: 0,
        }
    }

    /// Goes on with a request of which a part was taken before. Times are not looked at again.
    pub(crate) fn resumed(limits: &'l Limits, received: Received) -> Self {
        let series = received.batch.series().count();
        Self {
            limits,
            received,
            latest_ms: i64::MAX,
            series,
        }
    }

    /// Takes a series with its samples, or those of them that are right. Whether there were any.
    pub(crate) fn series(
        &mut self,
        pairs: &mut [(&str, &str)],
        samples: &[MetricSample],
    ) -> Result<bool, BodyError> {
        if samples.is_empty() {
            return Ok(false);
        }
        if let Some((reason, which)) = names::fault(pairs, self.limits) {
            self.refuse_series(reason, samples.len() as u64, pairs, which);
            return Ok(false);
        }
        let good = samples
            .iter()
            .filter(|sample| self.time_fault(sample.at_ms).is_none())
            .count();
        if good < samples.len() {
            self.refuse_times(pairs, samples);
        }
        let taken = good > 0 && self.push(pairs, samples, good)?;
        if taken {
            self.received.written.samples += good as u64;
        }
        Ok(taken)
    }

    /// Takes one sample of a series whose labels and time are known to be right, without counting it
    /// as written. Whether it was taken: a label that stands twice is found here.
    pub(crate) fn part(
        &mut self,
        pairs: &mut [(&str, &str)],
        at_ms: i64,
        value: f64,
    ) -> Result<bool, BodyError> {
        self.push(pairs, &[MetricSample { at_ms, value }], 1)
    }

    fn push(
        &mut self,
        pairs: &mut [(&str, &str)],
        samples: &[MetricSample],
        good: usize,
    ) -> Result<bool, BodyError> {
        let too_many = |what, max| Err(BodyError::TooMany { what, max });
        if self.series >= self.limits.max_series {
            return too_many("series", self.limits.max_series);
        }
        if self.received.batch.samples() + good > self.limits.max_samples {
            return too_many("samples", self.limits.max_samples);
        }
        let pushed = if good == samples.len() {
            self.received.batch.push(pairs, samples.iter().copied())
        } else {
            let (latest, all) = (self.latest_ms, samples.iter().copied());
            let right = all.filter(|sample| time_fault(sample.at_ms, latest).is_none());
            self.received.batch.push(pairs, right)
        };
        if let Err(error) = pushed {
            let reason = match error {
                LabelsError::NoName => Reason::EmptyLabelName,
                LabelsError::Twice(_) => Reason::DuplicateLabel,
            };
            let about = || format!("{} in {}", error, described(pairs));
            self.received.refused.add(reason, good as u64, about);
            return Ok(false);
        }
        self.series += 1;
        Ok(true)
    }

    /// What is wrong with a time.
    pub(crate) fn time_fault(&self, at_ms: i64) -> Option<Reason> {
        time_fault(at_ms, self.latest_ms)
    }

    fn refuse_times(&mut self, pairs: &[(&str, &str)], samples: &[MetricSample]) {
        for sample in samples {
            if let Some(reason) = time_fault(sample.at_ms, self.latest_ms) {
                self.received.refused.add(reason, 1, || {
                    format!("{} at {} ms", described(pairs), sample.at_ms)
                });
            }
        }
    }

    /// Counts the samples of a series that is wrong; `which` of its labels shows it.
    pub(crate) fn refuse_series(
        &mut self,
        reason: Reason,
        samples: u64,
        pairs: &[(&str, &str)],
        which: usize,
    ) {
        self.received.refused.add(reason, samples, || {
            let about = described(pairs);
            match pairs.get(which) {
                Some((name, value)) => {
                    let value: String = value.chars().take(60).collect();
                    format!("{}={value:?} in {about}", shortened(name))
                }
                None => about,
            }
        });
    }

    /// Keeps what was said about a name, unless that is too much or the name is wrong.
    pub(crate) fn meta(&mut self, name: &str, kind: MetricKind, unit: &str, help: &str) {
        if self.received.batch.meta.len() >= self.limits.max_meta
            || names::metric_fault(name, self.limits).is_some()
        {
            return;
        }
        self.received.batch.meta.push(MetricMeta {
            name: name.to_owned(),
            kind,
            unit: cut(unit, self.limits.max_name_bytes).to_owned(),
            help: cut(help, self.limits.max_help_bytes).to_owned(),
        });
    }
}

fn time_fault(at_ms: i64, latest_ms: i64) -> Option<Reason> {
    if at_ms > latest_ms {
        Some(Reason::InTheFuture)
    } else if at_ms < 0 {
        Some(Reason::Before1970)
    } else {
        None
    }
}

/// A text of at most so many bytes, cut between characters.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// A series as people read it, whatever is wrong with it.
fn described(pairs: &[(&str, &str)]) -> String {
    let mut text = pairs
        .iter()
        .find(|(name, _)| *name == METRIC_NAME)
        .map_or_else(String::new, |(_, value)| cut(value, 100).to_owned());
    text.push('{');
    let others = pairs.iter().filter(|(name, _)| *name != METRIC_NAME);
    for (i, (name, value)) in others.take(8).enumerate() {
        if i > 0 {
            text.push(',');
        }
        // A string takes whatever is written.
        let _ = write!(text, "{}={:?}", cut(name, 40), cut(value, 40));
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn at(at_ms: i64) -> MetricSample {
        MetricSample { at_ms, value: 1.0 }
    }

    #[test]
    fn of_a_series_the_samples_with_a_wrong_time_are_left_out() {
        let limits = Limits::default();
        let mut intake = Intake::new(&limits, NOW_MS);
        let year_3000 = 32_503_680_000_000;
        let samples = [at(NOW_MS), at(year_3000), at(-1), at(NOW_MS + 1)];
        intake.series(&mut [(METRIC_NAME, "up")], &samples).unwrap();
        let received = intake.received;
        assert_eq!(received.written.samples, 2);
        assert_eq!(received.batch.samples(), 2);
        assert_eq!(received.refused.count(Reason::InTheFuture), 1);
        assert_eq!(received.refused.count(Reason::Before1970), 1);
        assert_eq!(received.status(), 400);
        let (_, example) = &received.refused.examples()[0];
        assert_eq!(example, "up{} at 32503680000000 ms");
    }

    #[test]
    fn a_wrong_series_is_counted_with_all_its_samples() {
        let limits = Limits::default();
        let mut intake = Intake::new(&limits, NOW_MS);
        let twice = &mut [(METRIC_NAME, "up"), ("a", "1"), ("a", "2")];
        intake.series(twice, &[at(1), at(2)]).unwrap();
        intake.series(&mut [("a", "1")], &[at(1)]).unwrap();
        let refused = &intake.received.refused;
        assert_eq!(refused.count(Reason::DuplicateLabel), 2);
        assert_eq!(refused.count(Reason::NoMetricName), 1);
        assert!(intake.received.batch.is_empty());
    }

    #[test]
    fn more_than_the_bounds_is_an_error() {
        let limits = Limits {
            max_series: 1,
            max_samples: 2,
            ..Limits::default()
        };
        let mut intake = Intake::new(&limits, NOW_MS);
        let up = &mut [(METRIC_NAME, "up")];
        assert_eq!(intake.series(up, &[at(1); 3]).unwrap_err().status(), 413);
        intake.series(up, &[at(1)]).unwrap();
        assert_eq!(intake.series(up, &[at(1)]).unwrap_err().status(), 413);
    }
}
