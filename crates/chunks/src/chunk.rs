//! A chunk: the samples of one series over some time, compressed, with a summary before them.
//!
//! ```text
//! version      u8, 1
//! checksum     u32, little endian: CRC-32 of the columns
//! checksum     u16, little endian: the low half of the CRC-32 of the summary
//! summary      samples, stale markers (varints), first instant (zigzag), span (varint),
//!              and unless all are stale: min, max, sum, first, last (floats, shortened)
//! positions    of stale markers: distances (varints)
//! instants     step (zigzag), then what each is off the step (integers)
//! values       those that are no stale markers (floats)
//! ```

use series::{MetricSample, STALE_BITS};

use crate::bytes::{Reader, put_float, put_signed, put_varint};
use crate::columns::Columns;
use crate::{Corrupt, EncodeError};

const VERSION: u8 = 1;

/// Bytes before the summary.
const FIXED: usize = 7;

/// The most samples in a chunk; it bounds what a damaged count can make a reader allocate.
pub const MOST_SAMPLES: usize = 1 << 16;

/// As many first bytes of a chunk as hold its [`Summary`], always.
pub const SUMMARY_BYTES: usize = FIXED + 3 + 3 + 10 + 10 + 5 * 9;

/// What is known of a chunk's samples without reading them.
///
/// Stale markers are not values: they are in `samples` and in the instants and nowhere else.
/// As Prometheus' functions over time do it, `min` and `max` pass over NaN, while `sum` does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// The first instant, in milliseconds since 1970.
    pub first_ms: i64,
    /// The last instant, in milliseconds since 1970.
    pub last_ms: i64,
    /// How many samples, stale markers included.
    pub samples: u32,
    /// How many samples that are values. The following are 0 where there is none.
    pub values: u32,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// The sum of the values.
    pub sum: f64,
    /// The first value.
    pub first: f64,
    /// The last value.
    pub last: f64,
}

impl Summary {
    /// Of samples in order.
    pub fn of(samples: &[MetricSample]) -> Self {
        let mut summary = Self::default();
        for sample in samples {
            summary.add(*sample);
        }
        summary
    }

    /// Takes in a sample that comes after those it has.
    pub fn add(&mut self, sample: MetricSample) {
        if self.samples == 0 {
            self.first_ms = sample.at_ms;
        }
        self.last_ms = sample.at_ms;
        self.samples = self.samples.saturating_add(1);
        if sample.is_stale() {
            return;
        }
        let value = sample.value;
        self.absorb_values(1, value, value, value, value, value);
    }

    /// Takes in the summary of samples that come after those it has.
    pub fn merge(&mut self, later: &Self) {
        if later.samples == 0 {
            return;
        }
        if self.samples == 0 {
            *self = *later;
            return;
        }
        self.last_ms = later.last_ms;
        self.samples = self.samples.saturating_add(later.samples);
        if later.values > 0 {
            self.absorb_values(
                later.values,
                later.min,
                later.max,
                later.sum,
                later.first,
                later.last,
            );
        }
    }

    fn absorb_values(&mut self, values: u32, min: f64, max: f64, sum: f64, first: f64, last: f64) {
        if self.values == 0 {
            (self.min, self.max, self.sum, self.first) = (min, max, sum, first);
        } else {
            // These pass over NaN where the other is a number.
            self.min = self.min.min(min);
            self.max = self.max.max(max);
            self.sum += sum;
        }
        self.last = last;
        self.values = self.values.saturating_add(values);
    }
}

/// Writes and reads chunks, and keeps the memory that it needs for the next one.
#[derive(Default)]
pub struct Codec {
    columns: Columns,
    integers: Vec<i64>,
    steps: Vec<i64>,
    values: Vec<f64>,
    stale: Vec<usize>,
    summary: Vec<u8>,
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codec").finish_non_exhaustive()
    }
}

impl Codec {
    /// Appends the chunk of those samples to `out`, and answers what stands in its summary.
    ///
    /// # Errors
    /// Where there are none or more than [`MOST_SAMPLES`], or where their instants do not rise.
    /// `out` is then as it was.
    pub fn encode(
        &mut self,
        samples: &[MetricSample],
        out: &mut Vec<u8>,
    ) -> Result<Summary, EncodeError> {
        if samples.is_empty() || samples.len() > MOST_SAMPLES {
            return Err(EncodeError::Count(samples.len()));
        }
        if !samples.is_sorted_by(|a, b| a.at_ms < b.at_ms) {
            return Err(EncodeError::Order);
        }
        let from = out.len();
        let done = self.write(samples, from, out);
        if done.is_err() {
            out.truncate(from);
        }
        done
    }

    fn write(
        &mut self,
        samples: &[MetricSample],
        from: usize,
        out: &mut Vec<u8>,
    ) -> Result<Summary, EncodeError> {
        let summary = Summary::of(samples);
        self.summary.clear();
        put_summary(&summary, &mut self.summary);
        out.push(VERSION);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&half_checksum(&self.summary).to_le_bytes());
        out.extend_from_slice(&self.summary);
        let columns = out.len();
        let mut before = 0;
        self.values.clear();
        for (at, sample) in samples.iter().enumerate() {
            if sample.is_stale() {
                put_varint(out, (at - before) as u64);
                before = at;
            } else {
                self.values.push(sample.value);
            }
        }
        self.put_instants(samples, out)?;
        if !self.values.is_empty() {
            self.columns.put_values(&self.values, out)?;
        }
        let checksum = crc32fast::hash(out.get(columns..).unwrap_or_default());
        if let Some(place) = out.get_mut(from + 1..from + 5) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
        Ok(summary)
    }

    /// What each instant is off an even step: senders keep to a grid and miss it by a little, and
    /// the distance from one to the next would hold each miss twice.
    fn put_instants(
        &mut self,
        samples: &[MetricSample],
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.steps.clear();
        self.steps.extend(
            samples
                .windows(2)
                .filter_map(|pair| Some(pair.get(1)?.at_ms.wrapping_sub(pair.first()?.at_ms))),
        );
        let middle = self.steps.len() / 2;
        let step = if self.steps.is_empty() {
            0
        } else {
            *self.steps.select_nth_unstable(middle).1
        };
        put_signed(out, step);
        let first = samples.first().map_or(0, |s| s.at_ms);
        self.integers.clear();
        let mut expected = first;
        for sample in samples {
            self.integers.push(sample.at_ms.wrapping_sub(expected));
            expected = expected.wrapping_add(step);
        }
        self.columns.put_integers(&self.integers, out)
    }

    /// Appends the samples of a chunk to `to`.
    ///
    /// # Errors
    /// Where the bytes are no chunk, or are damaged; `to` is then as it was.
    pub fn decode(&mut self, chunk: &[u8], to: &mut Vec<MetricSample>) -> Result<Summary, Corrupt> {
        let mut reader = Reader(chunk);
        let (summary, checksum) = head(&mut reader)?;
        if crc32fast::hash(reader.0) != checksum {
            return Err(Corrupt::Checksum);
        }
        let samples = summary.samples as usize;
        self.stale.clear();
        let mut at = 0;
        for _ in summary.values..summary.samples {
            at += reader.count(samples)?;
            self.stale.push(at);
        }
        let step = reader.signed()?;
        self.columns
            .read_integers(&mut reader, samples, &mut self.integers)?;
        if summary.values > 0 {
            self.columns
                .read_values(&mut reader, summary.values as usize, &mut self.values)?;
        } else {
            self.values.clear();
        }
        to.reserve(samples);
        let mut expected = summary.first_ms;
        let instants = self.integers.iter().map(|off| {
            let at_ms = expected.wrapping_add(*off);
            expected = expected.wrapping_add(step);
            at_ms
        });
        if self.stale.is_empty() {
            let pairs = instants.zip(&self.values);
            to.extend(pairs.map(|(at_ms, value)| MetricSample {
                at_ms,
                value: *value,
            }));
            return Ok(summary);
        }
        let mut stale = self.stale.iter().copied().peekable();
        let mut values = self.values.iter().copied();
        to.extend(instants.enumerate().map(|(place, at_ms)| MetricSample {
            at_ms,
            value: if stale.next_if_eq(&place).is_some() {
                f64::from_bits(STALE_BITS)
            } else {
                values.next().unwrap_or(f64::NAN)
            },
        }));
        Ok(summary)
    }
}

/// Reads the summary of a chunk from its first [`SUMMARY_BYTES`] bytes, or from all of them.
///
/// # Errors
/// Where they are not the beginning of a chunk.
pub fn summary(chunk: &[u8]) -> Result<Summary, Corrupt> {
    head(&mut Reader(chunk)).map(|(summary, _)| summary)
}

/// The summary, and the checksum of what is left in the reader.
fn head(reader: &mut Reader<'_>) -> Result<(Summary, u32), Corrupt> {
    if reader.byte()? != VERSION {
        return Err(Corrupt::Version);
    }
    let columns = reader.u32()?;
    let expected = reader.u16()?;
    let begin = reader.0;
    let summary = read_summary(reader)?;
    let length = begin.len() - reader.0.len();
    if half_checksum(begin.get(..length).unwrap_or_default()) != expected {
        return Err(Corrupt::Checksum);
    }
    Ok((summary, columns))
}

fn half_checksum(bytes: &[u8]) -> u16 {
    let [a, b, ..] = crc32fast::hash(bytes).to_le_bytes();
    u16::from_le_bytes([a, b])
}

fn put_summary(summary: &Summary, out: &mut Vec<u8>) {
    put_varint(out, summary.samples.into());
    put_varint(out, (summary.samples - summary.values).into());
    put_signed(out, summary.first_ms);
    let span = summary.last_ms.wrapping_sub(summary.first_ms);
    put_varint(out, span.cast_unsigned());
    if summary.values > 0 {
        for value in [
            summary.min,
            summary.max,
            summary.sum,
            summary.first,
            summary.last,
        ] {
            put_float(out, value);
        }
    }
}

fn read_summary(reader: &mut Reader<'_>) -> Result<Summary, Corrupt> {
    let count = |count: usize| u32::try_from(count).map_err(|_| Corrupt::Nonsense);
    let samples = count(reader.count(MOST_SAMPLES)?)?;
    let stale = count(reader.count(samples as usize)?)?;
    let first_ms = reader.signed()?;
    let span = reader.varint()?.cast_signed();
    let mut summary = Summary {
        first_ms,
        last_ms: first_ms.wrapping_add(span),
        samples,
        values: samples - stale,
        ..Summary::default()
    };
    if samples == 0 {
        return Err(Corrupt::Nonsense);
    }
    if summary.values > 0 {
        summary.min = reader.float()?;
        summary.max = reader.float()?;
        summary.sum = reader.float()?;
        summary.first = reader.float()?;
        summary.last = reader.float()?;
    }
    Ok(summary)
}
