//! `Histogram`, which is the same message in both versions, as a classic histogram.
//!
//! Field numbers are those of prometheus/prometheus,
//! `prompb/io/prometheus/write/v2/types.proto`.

use series::{Labels, STALE_BITS};

use crate::metrics::error::BodyError;
use crate::metrics::histogram::{self, Classic, Exponential, MAX_POPULATED};
use crate::metrics::intake::{Ended, Intake};
use crate::metrics::refused::Reason;
use crate::metrics::wire::{Message, Value, WireError, zigzag};

/// The schema of histograms whose bounds are listed.
const CUSTOM_BOUNDS: i64 = -53;

#[derive(Default)]
struct Native {
    count: f64,
    sum: f64,
    schema: i64,
    zero_threshold: f64,
    zero_count: f64,
    negative: Side,
    positive: Side,
    at_ms: i64,
    bounds: Vec<f64>,
}

/// The buckets of one sign: stretches of them, and either differences or counts.
#[derive(Default)]
struct Side {
    spans: Vec<(i64, u64)>,
    deltas: Vec<u64>,
    counts: Vec<f64>,
}

/// Takes a histogram of the series `pairs`, or counts it as refused.
pub(super) fn take(
    bytes: &[u8],
    pairs: &[(&str, &str)],
    intake: &mut Intake<'_>,
) -> Result<(), BodyError> {
    let native = Native::read(bytes)?;
    if native.sum.to_bits() == STALE_BITS {
        return end(native.at_ms, pairs, intake);
    }
    let Some(classic) = native.classic(intake.limits.max_buckets) else {
        intake.refuse_series(Reason::BadHistogram, 1, pairs, usize::MAX);
        return Ok(());
    };
    if histogram::take(intake, pairs, native.at_ms, "le", &classic.parts())? {
        intake.received.written.histograms += 1;
    }
    Ok(())
}

/// Ends what every histogram has. A sender that says so sends no buckets along: which there are is
/// known to whoever keeps them.
fn end(at_ms: i64, pairs: &[(&str, &str)], intake: &mut Intake<'_>) -> Result<(), BodyError> {
    let every = Classic {
        sum: Some(0.0),
        ..Classic::default()
    };
    let mut parts = every.parts();
    histogram::end(&mut parts);
    if histogram::take(intake, pairs, at_ms, "le", &parts)? {
        intake.received.written.histograms += 1;
        if let Ok(labels) = Labels::new(pairs.iter().copied()) {
            intake.received.ended.push(Ended { labels, at_ms });
        }
    }
    Ok(())
}

impl Native {
    fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut native = Self::default();
        let mut message = Message(bytes);
        while let Some((number, value)) = message.field()? {
            native.field(number, value)?;
        }
        Ok(native)
    }

    fn field(&mut self, number: u32, value: Value<'_>) -> Result<(), WireError> {
        let varint = value.as_varint();
        let double = value.as_double();
        match number {
            1 => self.count = varint.map_or(self.count, |count| count as f64),
            2 => self.count = double.unwrap_or(self.count),
            3 => self.sum = double.unwrap_or(self.sum),
            4 => self.schema = value.as_sint64().unwrap_or(self.schema),
            5 => self.zero_threshold = double.unwrap_or(self.zero_threshold),
            6 => self.zero_count = varint.map_or(self.zero_count, |count| count as f64),
            7 => self.zero_count = double.unwrap_or(self.zero_count),
            8 => self.negative.span(value)?,
            9 => value.append_varints(&mut self.negative.deltas)?,
            10 => value.append_doubles(&mut self.negative.counts)?,
            11 => self.positive.span(value)?,
            12 => value.append_varints(&mut self.positive.deltas)?,
            13 => value.append_doubles(&mut self.positive.counts)?,
            15 => self.at_ms = value.as_int64().unwrap_or(self.at_ms),
            16 => value.append_doubles(&mut self.bounds)?,
            _ => {}
        }
        Ok(())
    }

    /// As classic buckets; `None` where the parts do not fit together.
    fn classic(&self, max_buckets: usize) -> Option<Classic> {
        let exponential = Exponential {
            scale: i32::try_from(self.schema).ok()?,
            zero_count: self.zero_count,
            zero_threshold: self.zero_threshold,
            positive: self.positive.buckets()?,
            negative: self.negative.buckets()?,
        };
        let total = exponential.total();
        // A NaN was observed but is in no bucket, so the count may be more.
        let whole = total.is_finite() && total <= self.count * (1.0 + 1e-9);
        let threshold = self.zero_threshold.is_finite() && self.zero_threshold >= 0.0;
        let counted = self.count.is_finite() && self.zero_count >= 0.0;
        if !whole || !threshold || !counted {
            return None;
        }
        let buckets = match self.schema {
            CUSTOM_BOUNDS => self.listed(&exponential.positive)?,
            -4..=8 => exponential.cumulative(max_buckets),
            _ => return None,
        };
        Some(Classic {
            buckets,
            count: self.count,
            sum: Some(self.sum),
        })
    }

    /// The buckets of a histogram with listed bounds, of which those without observations are not
    /// sent.
    fn listed(&self, populated: &[(i64, f64)]) -> Option<Vec<(f64, f64)>> {
        let rises = |pair: &[f64]| matches!(pair, [a, b] if a < b);
        let ordered =
            self.bounds.windows(2).all(rises) && self.bounds.iter().all(|b| b.is_finite());
        let last = i64::try_from(self.bounds.len()).ok()?;
        let inside = populated.iter().all(|(i, _)| (0..=last).contains(i));
        if !ordered || !inside || self.bounds.len() > MAX_POPULATED {
            return None;
        }
        let mut counts = vec![0.0; self.bounds.len()];
        for (index, count) in populated {
            if let Some(slot) = usize::try_from(*index).ok().and_then(|i| counts.get_mut(i)) {
                *slot += count;
            }
        }
        let mut sum = 0.0;
        let cumulative = self.bounds.iter().zip(counts).map(|(bound, count)| {
            sum += count;
            (*bound, sum)
        });
        Some(cumulative.collect())
    }
}

impl Side {
    /// A `BucketSpan`: 1 how far from the last one, 2 how many buckets.
    fn span(&mut self, value: Value<'_>) -> Result<(), WireError> {
        let Some(bytes) = value.as_bytes() else {
            return Ok(());
        };
        let mut message = Message(bytes);
        let mut span = (0, 0);
        while let Some((number, value)) = message.field()? {
            match number {
                1 => span.0 = value.as_sint64().unwrap_or(0),
                2 => span.1 = value.as_varint().unwrap_or(0),
                _ => {}
            }
        }
        self.spans.push(span);
        Ok(())
    }

    /// Index and count of each bucket, in order; `None` where spans and counts do not fit.
    fn buckets(&self) -> Option<Vec<(i64, f64)>> {
        let counts = self.absolute()?;
        let wanted = self
            .spans
            .iter()
            .try_fold(0_u64, |sum, span| sum.checked_add(span.1))?;
        if counts.len() > MAX_POPULATED || wanted != counts.len() as u64 {
            return None;
        }
        let mut counts = counts.into_iter();
        let mut buckets = Vec::with_capacity(counts.len());
        let mut index = 0_i64;
        for (i, (offset, length)) in self.spans.iter().enumerate() {
            if i > 0 && *offset < 0 {
                return None;
            }
            // Indices are 32 bits wide, so nothing below can overflow.
            index = i64::from(i32::try_from(index.checked_add(*offset)?).ok()?);
            for count in counts.by_ref().take(usize::try_from(*length).ok()?) {
                buckets.push((index, count));
                index += 1;
            }
        }
        Some(buckets)
    }

    /// The counts themselves; `None` where one is below zero.
    fn absolute(&self) -> Option<Vec<f64>> {
        let mut count = 0_i64;
        let from_deltas = self.deltas.iter().map(|delta| {
            count = count.wrapping_add(zigzag(*delta));
            count as f64
        });
        let counts: Vec<f64> = from_deltas.chain(self.counts.iter().copied()).collect();
        let right = counts.iter().all(|count| *count >= 0.0);
        right.then_some(counts)
    }
}
