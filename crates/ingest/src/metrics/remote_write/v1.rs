//! `prometheus.WriteRequest` (prometheus/prometheus, `prompb/remote.proto` and `types.proto`).

use series::{MetricKind, MetricSample};

use super::native;
use crate::metrics::error::BodyError;
use crate::metrics::intake::Intake;
use crate::metrics::limits::Limits;
use crate::metrics::refused::Reason;
use crate::metrics::wire::{Message, Value, WireError};

/// Tags of the fields that every series has: number and wire type 2, in one byte.
const LABELS: u8 = 0x0a;
const NAME: u8 = 0x0a;
const VALUE: u8 = 0x12;
const SAMPLES: u8 = 0x12;

/// What one series holds, in memory that the next one uses too.
#[derive(Default)]
struct Parts<'a> {
    pairs: Vec<(&'a str, &'a str)>,
    samples: Vec<MetricSample>,
    histograms: Vec<&'a [u8]>,
    not_utf8: bool,
    exemplars: u64,
}

/// Reads a request.
pub(super) fn decode(bytes: &[u8], intake: &mut Intake<'_>) -> Result<(), BodyError> {
    let mut message = Message(bytes);
    let mut parts = Parts::default();
    while let Some((number, value)) = message.field()? {
        match (number, value) {
            (1, Value::Bytes(series)) => {
                parts.read(series, intake.limits)?;
                parts.take(intake)?;
            }
            (3, Value::Bytes(metadata)) => take_metadata(metadata, intake)?,
            _ => {}
        }
    }
    Ok(())
}

impl<'a> Parts<'a> {
    fn read(&mut self, series: &'a [u8], limits: &Limits) -> Result<(), WireError> {
        self.pairs.clear();
        self.samples.clear();
        self.histograms.clear();
        self.not_utf8 = false;
        self.exemplars = 0;
        let mut message = Message(series);
        if let Some(rest) = plain_labels(series, limits.max_labels, &mut self.pairs) {
            message = Message(plain_samples(rest, &mut self.samples));
        } else {
            self.pairs.clear();
        }
        while let Some((number, value)) = message.field()? {
            match (number, value) {
                // One label too many is enough to refuse the series.
                (1, Value::Bytes(_)) if self.pairs.len() > limits.max_labels => {}
                (1, Value::Bytes(label)) => self.label(label)?,
                (2, Value::Bytes(bytes)) => self.samples.push(sample(bytes)?),
                (3, Value::Bytes(_)) => self.exemplars += 1,
                (4, Value::Bytes(histogram)) => self.histograms.push(histogram),
                _ => {}
            }
            if self.samples.len() + self.histograms.len() > limits.max_samples {
                return Err(WireError("a series has too many samples"));
            }
        }
        Ok(())
    }

    fn label(&mut self, bytes: &'a [u8]) -> Result<(), WireError> {
        let (mut name, mut text) = (&[][..], &[][..]);
        let mut message = Message(bytes);
        while let Some((number, value)) = message.field()? {
            match (number, value) {
                (1, Value::Bytes(bytes)) => name = bytes,
                (2, Value::Bytes(bytes)) => text = bytes,
                _ => {}
            }
        }
        match (std::str::from_utf8(name), std::str::from_utf8(text)) {
            (Ok(name), Ok(text)) => self.pairs.push((name, text)),
            _ => self.not_utf8 = true,
        }
        Ok(())
    }

    fn take(&mut self, intake: &mut Intake<'_>) -> Result<(), BodyError> {
        intake.received.exemplars_dropped += self.exemplars;
        if self.not_utf8 {
            let refused = (self.samples.len() + self.histograms.len()) as u64;
            intake.refuse_series(Reason::NotUtf8, refused, &self.pairs, usize::MAX);
            return Ok(());
        }
        intake.series(&mut self.pairs, &self.samples)?;
        for histogram in &self.histograms {
            native::take(histogram, &self.pairs, intake)?;
        }
        Ok(())
    }
}

/// Reads the labels where they are as every sender writes them: first in the series, name before
/// value, both there, each shorter than 128 bytes. Gives what comes after them; `None` where
/// anything is different, and the general reader takes over.
///
/// Then the lengths and tags between the texts are single bytes below 128, which are UTF-8
/// themselves: so one check covers all labels of the series, at a third of the price of checking
/// each text.
fn plain_labels<'a>(
    series: &'a [u8],
    max: usize,
    pairs: &mut Vec<(&'a str, &'a str)>,
) -> Option<&'a [u8]> {
    let (labels, samples) = series.split_at_checked(end_of_labels(series)?)?;
    let mut rest = std::str::from_utf8(labels).ok()?;
    // A length of two bytes ends in the middle of what the check took for a character, so that the
    // next slice is none.
    while let [LABELS, length, NAME, name_length, ..] = rest.as_bytes() {
        let (length, name_length) = (usize::from(*length), usize::from(*name_length));
        let (name, after) = rest.get(4..)?.split_at_checked(name_length)?;
        let [VALUE, value_length, ..] = after.as_bytes() else {
            return None;
        };
        let value_length = usize::from(*value_length);
        let (value, after) = after.get(2..)?.split_at_checked(value_length)?;
        if length != name_length + value_length + 4 || pairs.len() > max {
            return None;
        }
        pairs.push((name, value));
        rest = after;
    }
    rest.is_empty().then_some(samples)
}

/// Where the labels end that stand first. Nearly every series has one sample of 16 bytes after them;
/// where that is a wrong guess, what is before it is no whole number of labels.
fn end_of_labels(series: &[u8]) -> Option<usize> {
    if let Some((labels, [SAMPLES, 16, ..])) = series.split_last_chunk::<18>() {
        return Some(labels.len());
    }
    let mut end = 0;
    while series.get(end) == Some(&LABELS) {
        end += 2 + usize::from(short(*series.get(end + 1)?)?);
    }
    Some(end)
}

/// Reads samples as long as they are as every sender writes them, and gives what comes after.
fn plain_samples<'a>(mut bytes: &'a [u8], samples: &mut Vec<MetricSample>) -> &'a [u8] {
    while let [SAMPLES, length, after @ ..] = bytes
        && let Some(length) = short(*length)
        && let Some((sample, rest)) = after.split_at_checked(usize::from(length))
        && let Some(sample) = plain_sample(sample)
    {
        samples.push(sample);
        bytes = rest;
    }
    bytes
}

/// A sample of a value and a time of six bytes, which is every time from 2004 to 2109.
fn plain_sample(bytes: &[u8]) -> Option<MetricSample> {
    let (value, time) = bytes.strip_prefix(&[0x09])?.split_first_chunk::<8>()?;
    let time: &[u8; 6] = time.strip_prefix(&[0x10])?.try_into().ok()?;
    let (last, others) = time.split_last()?;
    if *last >= 0x80 || others.iter().any(|byte| *byte < 0x80) {
        return None;
    }
    let at_ms = time
        .iter()
        .rev()
        .fold(0_i64, |at_ms, byte| at_ms << 7 | i64::from(byte & 0x7f));
    let value = f64::from_le_bytes(*value);
    Some(MetricSample { at_ms, value })
}

/// A length that takes one byte.
fn short(byte: u8) -> Option<u8> {
    (byte < 0x80).then_some(byte)
}

const NO_SAMPLE: WireError = WireError("a sample's value or time has another wire type");

/// A `Sample`: 1 the value, 2 the time in milliseconds. Both versions have the same.
pub(super) fn sample(bytes: &[u8]) -> Result<MetricSample, WireError> {
    let mut sample = MetricSample {
        at_ms: 0,
        value: 0.0,
    };
    let mut message = Message(bytes);
    while let Some((number, value)) = message.field()? {
        match number {
            // A number that is not read must not become a nought.
            1 => sample.value = value.as_double().ok_or(NO_SAMPLE)?,
            2 => sample.at_ms = value.as_int64().ok_or(NO_SAMPLE)?,
            _ => {}
        }
    }
    Ok(sample)
}

/// A kind by its number, which is the same in both versions.
pub(super) fn kind(number: u64) -> MetricKind {
    match number {
        1 => MetricKind::Counter,
        2 => MetricKind::Gauge,
        3 => MetricKind::Histogram,
        4 => MetricKind::GaugeHistogram,
        5 => MetricKind::Summary,
        6 => MetricKind::Info,
        7 => MetricKind::StateSet,
        _ => MetricKind::Unknown,
    }
}

/// A `MetricMetadata`: 1 type, 2 the family's name, 4 help, 5 unit. What is wrong in it is left out:
/// no sample depends on it.
fn take_metadata(bytes: &[u8], intake: &mut Intake<'_>) -> Result<(), WireError> {
    let mut message = Message(bytes);
    let (mut type_number, mut name, mut help, mut unit) = (0, "", "", "");
    while let Some((number, value)) = message.field()? {
        match (number, value) {
            (1, Value::Varint(value)) => type_number = value,
            (2, Value::Bytes(bytes)) => name = std::str::from_utf8(bytes).unwrap_or_default(),
            (4, Value::Bytes(bytes)) => help = std::str::from_utf8(bytes).unwrap_or_default(),
            (5, Value::Bytes(bytes)) => unit = std::str::from_utf8(bytes).unwrap_or_default(),
            _ => {}
        }
    }
    intake.meta(name, kind(type_number), unit, help);
    Ok(())
}
