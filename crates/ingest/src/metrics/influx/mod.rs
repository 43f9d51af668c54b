//! Influx line protocol, as Telegraf and the InfluxDB clients write it
//! (docs.influxdata.com, "Line protocol reference").
//!
//! Each field is a series, named `measurement_field`; what is not allowed in a name becomes an
//! underscore. Integers and booleans become numbers, texts are left out and counted. A line that
//! cannot be read is refused with its number, and the others are kept.

mod line;

use std::borrow::Cow;

use serde_json::json;
use series::{METRIC_NAME, MetricSample};

use crate::metrics::error::BodyError;
use crate::metrics::intake::{Intake, Received};
use crate::metrics::limits::{Limits, NameScheme};
use crate::metrics::names;
use crate::metrics::refused::{Reason, shortened};
use line::{Lines, Point, Scalar};

/// The unit of the times in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Precision {
    /// Nanoseconds, which nobody has to name.
    #[default]
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes; only in the first version's API.
    Minutes,
    /// Hours; only in the first version's API.
    Hours,
}

impl Precision {
    /// From the parameter `precision` of either version: `ns us ms s`, `n u µ ms s m h`.
    ///
    /// # Errors
    /// 400 for any other word.
    pub fn from_parameter(parameter: Option<&str>) -> Result<Self, BodyError> {
        match parameter {
            None | Some("" | "n" | "ns") => Ok(Self::Nanoseconds),
            Some("u" | "us" | "µ" | "µs") => Ok(Self::Microseconds),
            Some("ms") => Ok(Self::Milliseconds),
            Some("s") => Ok(Self::Seconds),
            Some("m") => Ok(Self::Minutes),
            Some("h") => Ok(Self::Hours),
            Some(other) => Err(BodyError::Parameter(format!(
                "the precision `{}` is unknown: use ns, us, ms or s",
                shortened(other)
            ))),
        }
    }

    /// Milliseconds; too large ones stay at the end of what can be said, and are refused there.
    fn to_ms(self, time: i64) -> i64 {
        match self {
            Self::Nanoseconds => time.div_euclid(1_000_000),
            Self::Microseconds => time.div_euclid(1000),
            Self::Milliseconds => time,
            Self::Seconds => time.saturating_mul(1000),
            Self::Minutes => time.saturating_mul(60_000),
            Self::Hours => time.saturating_mul(3_600_000),
        }
    }
}

/// Seconds that are taken for nanoseconds, as they are where no precision is said, lie in the first month of 1970, and
/// nobody would hear of it. 1971, in milliseconds since 1970.
const EARLIEST_MS: i64 = 365 * 86_400_000;

/// Reads a body that is decompressed already ([`compression::plain_or_gzip`]). `now_ms` is the
/// server's time, in milliseconds since 1970: that of lines without one.
///
/// # Errors
/// 413 beyond a limit. What is wrong by itself is in [`Received::refused`].
///
/// [`compression::plain_or_gzip`]: crate::metrics::compression::plain_or_gzip
pub fn parse(
    body: &[u8],
    precision: Precision,
    limits: &Limits,
    now_ms: i64,
) -> Result<Received, BodyError> {
    let mut intake = Intake::new(limits, now_ms);
    for (number, bytes) in Lines::new(body) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            let about = || format!("line {number}");
            intake.received.refused.add(Reason::NotUtf8, 1, about);
            continue;
        };
        match line::read(text) {
            Ok(None) => {}
            Ok(Some(point)) => {
                let at_ms = point.time.map_or(now_ms, |time| precision.to_ms(time));
                if (0..EARLIEST_MS).contains(&at_ms) {
                    intake.received.refused.add(Reason::BadLine, 1, || {
                        format!(
                            "line {number}: its time lies before 1971: say what it counts with precision=s, ms, us or ns: {}",
                            shortened(text)
                        )
                    });
                } else {
                    take(&point, at_ms, number, &mut intake)?;
                }
            }
            Err(what) => intake.received.refused.add(Reason::BadLine, 1, || {
                format!("line {number}: {what}: {}", shortened(text))
            }),
        }
    }
    Ok(intake.received)
}

/// Takes each field of a line.
fn take(
    point: &Point<'_>,
    at_ms: i64,
    number: usize,
    intake: &mut Intake<'_>,
) -> Result<(), BodyError> {
    let plain = intake.limits.names == NameScheme::Classic;
    let tag = |name| {
        if plain {
            names::as_label_name(name)
        } else {
            Cow::from(name)
        }
    };
    let tags: Vec<(Cow<'_, str>, &str)> = point
        .tags
        .iter()
        .map(|(name, value)| (tag(name.as_ref()), value.as_ref()))
        .collect();
    for (field, value) in &point.fields {
        let value = match value {
            Scalar::Number(value) => *value,
            Scalar::Text => {
                intake.received.refused.add(Reason::TextField, 1, || {
                    format!("line {number}: {}", shortened(field))
                });
                continue;
            }
        };
        let name = format!("{}_{field}", point.measurement);
        let name = if plain {
            names::as_metric_name(&name)
        } else {
            Cow::from(&name)
        };
        let mut pairs: Vec<(&str, &str)> = vec![(METRIC_NAME, &name)];
        pairs.extend(tags.iter().map(|(name, value)| (name.as_ref(), *value)));
        intake.series(&mut pairs, &[MetricSample { at_ms, value }])?;
    }
    Ok(())
}

/// The body of an answer that is not 204, for the second version's API: `code` and `message`.
pub fn answer(status: u16, message: &str) -> String {
    let code = match status {
        400 => "invalid",
        401 => "unauthorized",
        403 => "forbidden",
        413 => "request too large",
        415 => "unsupported media type",
        429 => "too many requests",
        503 | 507 => "unavailable",
        _ => "internal error",
    };
    json!({"code": code, "message": message}).to_string()
}

/// The same for the first version's API, which says `error`.
pub fn answer_v1(message: &str) -> String {
    json!({"error": message}).to_string()
}

#[cfg(test)]
mod tests;
