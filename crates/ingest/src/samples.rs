//! Samples pushed as JSON over HTTP: `POST /api/v1/samples`.
//!
//! Three bodies are understood: an object `{"samples": […]}`, a bare array, and one object a line
//! (NDJSON). A sample is
//!
//! ```json
//! {"name": "orders", "labels": {"shop": "eu"}, "at": "2026-11-21T10:00:00Z", "value": 12.5}
//! ```
//!
//! `labels` and `at` may be absent. `at` is an RFC 3339 time with its offset, or a number since 1970:
//! below 10,000,000,000 of seconds (fractions welcome), below a thousand times that of milliseconds,
//! and below a million times that of microseconds, as the API itself gives them. Without it, the time
//! of arrival stands. One bad sample does not spoil the others: each is
//! taken or refused by itself, with its position and the reason.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// The most samples in one request.
pub const MAX_SAMPLES: usize = 100_000;
/// The longest metric name and label name, in bytes.
pub const MAX_NAME_BYTES: usize = 200;
/// The most labels of one sample.
pub const MAX_LABELS: usize = 32;
/// The longest label value, in characters.
pub const MAX_LABEL_CHARS: usize = 256;

const DAY_US: i64 = 86_400_000_000;

/// One measured value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// What was measured: `orders`.
    pub name: String,
    /// What tells it from others of its name.
    pub labels: BTreeMap<String, String>,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// How much.
    pub value: f64,
}

/// A sample that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its position in the request, from 0; of NDJSON, among the lines that are not blank.
    pub index: u32,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// What a request brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Batch {
    /// The samples to keep, in the order of the request.
    pub accepted: Vec<Sample>,
    /// The samples that are wrong.
    pub refused: Vec<Refused>,
}

/// Why a whole request cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SamplesError {
    /// Not JSON.
    #[error("the body is not JSON (line {line}, column {column}): {hint}")]
    NotJson {
        /// From 1.
        line: u64,
        /// From 1.
        column: u64,
        /// What is usually wrong there.
        hint: String,
    },
    /// JSON of another shape.
    #[error(
        "the body holds no samples: send {{\"samples\": [{{\"name\": \"orders\", \"value\": 12.5}}]}}, \
         an array of samples, or one sample a line"
    )]
    NoSamples,
    /// Too many at once.
    #[error("more than {max} samples in one request: send them in several")]
    TooMany {
        /// The cap.
        max: usize,
    },
}

/// Reads a request. `now_us` is the server's time in microseconds since 1970: that of samples
/// without their own, and the limit of those from the future (a day).
pub fn parse(body: &[u8], now_us: i64) -> Result<Batch, SamplesError> {
    let body = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii();
    if body.is_empty() {
        return Err(SamplesError::NoSamples);
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body::Samples(list)) if list.too_many => Err(SamplesError::TooMany { max: MAX_SAMPLES }),
        Ok(Body::Samples(list)) => Ok(sort(list.samples.into_iter().map(Ok), now_us)),
        Ok(Body::Other) => Err(SamplesError::NoSamples),
        Err(error) => match lines(body) {
            Some(lines) => parse_lines(&lines, now_us),
            None => Err(not_json(&error)),
        },
    }
}

/// The lines of an NDJSON body: several, of which the first is an object by itself.
fn lines(body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut lines = body
        .split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|l| !l.is_empty());
    let first = lines.next()?;
    serde_json::from_slice::<Map<String, Value>>(first).ok()?;
    let lines: Vec<&[u8]> = std::iter::once(first)
        .chain(lines.take(MAX_SAMPLES))
        .collect();
    (lines.len() > 1).then_some(lines)
}

fn parse_lines(lines: &[&[u8]], now_us: i64) -> Result<Batch, SamplesError> {
    if lines.len() > MAX_SAMPLES {
        return Err(SamplesError::TooMany { max: MAX_SAMPLES });
    }
    let values = lines.iter().map(|line| {
        serde_json::from_slice::<Value>(line)
            .map_err(|error| format!("this line is not JSON: {}", plain(&error)))
    });
    Ok(sort(values, now_us))
}

fn sort(values: impl Iterator<Item = Result<Value, String>>, now_us: i64) -> Batch {
    let mut batch = Batch::default();
    for (i, value) in values.enumerate() {
        match value.and_then(|value| sample(value, now_us)) {
            Ok(sample) => batch.accepted.push(sample),
            Err(reason) => {
                let index = u32::try_from(i).unwrap_or(u32::MAX);
                batch.refused.push(Refused { index, reason });
            }
        }
    }
    batch
}

fn sample(value: Value, now_us: i64) -> Result<Sample, String> {
    let Value::Object(mut fields) = value else {
        return Err("not an object: a sample is {\"name\": …, \"value\": …}".to_owned());
    };
    let name = match fields.remove("name") {
        Some(Value::String(name)) => name,
        Some(_) => return Err("`name` is not text".to_owned()),
        None => return Err("`name` is missing".to_owned()),
    };
    check_metric_name(&name)?;
    let labels = labels(fields.remove("labels"))?;
    let at_us = match fields.remove("at") {
        None | Some(Value::Null) => now_us,
        Some(at) => instant(&at)?,
    };
    if at_us < 0 {
        return Err("`at` is before 1970".to_owned());
    }
    if at_us > now_us.saturating_add(DAY_US) {
        return Err(
            "`at` is more than a day in the future: check the clock and the unit".to_owned(),
        );
    }
    let value = match fields.remove("value") {
        Some(Value::Number(number)) => number.as_f64().filter(|value| value.is_finite()),
        Some(Value::Null) | None => {
            return Err("`value` is missing: leave unknown samples out, do not send 0".to_owned());
        }
        Some(_) => {
            return Err("`value` is not a number (numbers have no quotation marks)".to_owned());
        }
    };
    let value = value.ok_or("`value` is too large for a number")?;
    // A misspelt `at` would silently become the time of arrival.
    if let Some(unknown) = fields.keys().next() {
        let unknown: String = unknown.chars().take(64).collect();
        return Err(format!(
            "`{unknown}` is unknown: a sample has name, labels, at and value"
        ));
    }
    Ok(Sample {
        name,
        labels,
        at_us,
        value,
    })
}

fn labels(value: Option<Value>) -> Result<BTreeMap<String, String>, String> {
    let pairs = match value {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(pairs)) => pairs,
        Some(_) => return Err("`labels` is not an object of texts".to_owned()),
    };
    if pairs.len() > MAX_LABELS {
        return Err(format!("more than {MAX_LABELS} labels"));
    }
    let mut labels = BTreeMap::new();
    for (name, value) in pairs {
        check_label_name(&name)?;
        let Value::String(value) = value else {
            return Err(format!(
                "the label `{name}` is not text: put its value in quotation marks"
            ));
        };
        if value.chars().nth(MAX_LABEL_CHARS).is_some() {
            return Err(format!(
                "the label `{name}` has more than {MAX_LABEL_CHARS} characters"
            ));
        }
        if value.chars().any(char::is_control) {
            return Err(format!("the label `{name}` holds control characters"));
        }
        // A blank label is no label, as in Prometheus.
        if !value.is_empty() {
            labels.insert(name, value);
        }
    }
    Ok(labels)
}

fn check_label_name(name: &str) -> Result<(), String> {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if rest.is_empty()
        && starts_well(name)
        && name.len() <= MAX_NAME_BYTES
        && !name.starts_with("__")
    {
        return Ok(());
    }
    let name: String = name.chars().take(64).collect();
    Err(format!(
        "the label name `{name}` is not allowed: use letters, digits and underscores, starting with a \
         letter and not with two underscores"
    ))
}

fn check_metric_name(name: &str) -> Result<(), String> {
    let rest = name.trim_start_matches(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-')
    });
    if rest.is_empty() && starts_well(name) && name.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    Err(format!(
        "`name` is not allowed: use letters, digits and _ : . -, starting with a letter, at most \
         {MAX_NAME_BYTES} in all"
    ))
}

fn starts_well(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "below 1e17, which is checked first"
)]
fn instant(at: &Value) -> Result<i64, String> {
    // Each bound is the year 2286 in its unit, and in the next finer one April 1970: nobody means that.
    const SECONDS_BELOW: f64 = 1e10;
    const MILLIS_BELOW: f64 = 1e13;
    const MICROS_BELOW: f64 = 1e16;
    match at {
        Value::Number(number) => match number.as_f64() {
            Some(n) if n.abs() < SECONDS_BELOW => Ok((n * 1e6).round() as i64),
            Some(n) if n.abs() < MILLIS_BELOW => Ok((n * 1e3).round() as i64),
            // Up to the year 2255 a float holds each of them.
            Some(n) if n.abs() < MICROS_BELOW => Ok(n.round() as i64),
            _ => Err(
                "`at` is too large: send seconds, milliseconds or microseconds since 1970"
                    .to_owned(),
            ),
        },
        Value::String(text) => text
            .parse::<jiff::Timestamp>()
            .map(jiff::Timestamp::as_microsecond)
            .map_err(|_| {
                "`at` is not a time: write 2026-11-21T10:00:00Z, with Z or an offset".to_owned()
            }),
        _ => Err("`at` is neither a time nor a number".to_owned()),
    }
}

fn not_json(error: &serde_json::Error) -> SamplesError {
    SamplesError::NotJson {
        line: error.line() as u64,
        column: error.column() as u64,
        hint: plain(error),
    }
}

/// A message of the parser without its position, which is told separately.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The whole body, read without keeping what is not a sample.
enum Body {
    Samples(List),
    Other,
}

#[derive(Default)]
struct List {
    samples: Vec<Value>,
    too_many: bool,
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("samples")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Body, A::Error> {
        ListSeed.visit_seq(seq).map(Body::Samples)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut list = None;
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "samples" {
                list = Some(map.next_value_seed(ListSeed)?);
            } else {
                fields.insert(key, map.next_value()?);
            }
        }
        Ok(match list {
            Some(list) => Body::Samples(list),
            // One sample by itself, which is also NDJSON of one line.
            None if fields.contains_key("name") || fields.contains_key("value") => {
                Body::Samples(List {
                    samples: vec![Value::Object(fields)],
                    too_many: false,
                })
            }
            None => Body::Other,
        })
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Body, E> {
        Ok(Body::Other)
    }
}

/// An array of samples that stops keeping them beyond the cap.
struct ListSeed;

impl<'de> DeserializeSeed<'de> for ListSeed {
    type Value = List;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<List, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of samples")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List, A::Error> {
        let mut list = List::default();
        while list.samples.len() < MAX_SAMPLES {
            match seq.next_element::<Value>()? {
                Some(value) => list.samples.push(value),
                None => return Ok(list),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            list.too_many = true;
        }
        Ok(list)
    }
}
