//! What a target shows when it is scraped: Prometheus' text format 0.0.4 and OpenMetrics 1.0.
//!
//! A line that cannot be read is counted and the others are kept, where Prometheus would drop the
//! whole scrape: a person who adds a target in the pages should see what it does show. OpenMetrics
//! must end in `# EOF`; without it the body may be cut off, and nothing of it is taken.

mod line;
mod schedule;
mod scrape;

use std::borrow::Cow;
use std::collections::HashMap;

use series::{METRIC_NAME, MetricKind, MetricSample};

use crate::metrics::error::BodyError;
use crate::metrics::intake::{Intake, Received};
use crate::metrics::limits::Limits;
use crate::metrics::refused::{Reason, shortened};
use line::{Comment, Line};

pub use schedule::Schedule;
pub use scrape::{Course, Memory, SeriesSet};

/// Which of the formats a body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain; version=0.0.4`; times in milliseconds.
    Text,
    /// `application/openmetrics-text`; times in seconds, with an end.
    OpenMetrics,
}

impl Format {
    /// What to send as `Accept`: what Prometheus 2.42 sends.
    pub const ACCEPT: &'static str = "application/openmetrics-text;version=1.0.0,\
        application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

    /// From the header `Content-Type` of the answer. Anything but OpenMetrics is read as text, since
    /// many exporters name no type or a wrong one.
    pub fn from_content_type(content_type: Option<&str>) -> Self {
        let media_type = content_type.and_then(|header| header.split(';').next());
        match media_type.map(str::trim) {
            Some(t) if t.eq_ignore_ascii_case("application/openmetrics-text") => Self::OpenMetrics,
            _ => Self::Text,
        }
    }
}

/// What is known of the target that was scraped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The labels that every series of it gets, such as `job` and `instance`.
    pub labels: Vec<(String, String)>,
    /// Whether a label of the target's own wins over one of those above. Otherwise it is renamed:
    /// `job` to `exported_job`.
    pub honor_labels: bool,
    /// Whether times in the body are taken; otherwise all samples have the time of the scrape.
    pub honor_timestamps: bool,
}

/// What a scrape brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scraped {
    /// Series, words about names, and what was refused.
    pub received: Received,
    /// The samples that the body showed, those that were refused included.
    pub samples: u64,
    /// The series whose end is told by their absence from the next scrape: those without a time of
    /// their own.
    pub current: SeriesSet,
}

/// Reads a body. `scraped_ms` is the time of the scrape, in milliseconds since 1970.
///
/// # Errors
/// 413 beyond a limit; 400 where an OpenMetrics body has no end.
pub fn parse(
    format: Format,
    body: &[u8],
    target: &Target,
    limits: &Limits,
    scraped_ms: i64,
) -> Result<Scraped, BodyError> {
    if body.len() > limits.max_decompressed_bytes {
        return Err(BodyError::DecompressedTooLarge {
            max: limits.max_decompressed_bytes,
        });
    }
    let mut reader = Reader {
        format,
        target,
        scraped_ms,
        intake: Intake::new(limits, scraped_ms),
        families: Families::default(),
        samples: 0,
        current: SeriesSet::default(),
    };
    let ended = reader.lines(body)?;
    if format == Format::OpenMetrics && !ended {
        return Err(BodyError::NoEnd);
    }
    let Reader {
        mut intake,
        families,
        samples,
        current,
        ..
    } = reader;
    families.tell(format, &mut intake);
    Ok(Scraped {
        received: intake.received,
        samples,
        current,
    })
}

struct Reader<'a> {
    format: Format,
    target: &'a Target,
    scraped_ms: i64,
    intake: Intake<'a>,
    families: Families<'a>,
    samples: u64,
    current: SeriesSet,
}

impl<'a> Reader<'a> {
    /// Reads line by line; whether the end of OpenMetrics was met.
    fn lines(&mut self, body: &'a [u8]) -> Result<bool, BodyError> {
        for (i, bytes) in body.split(|byte| *byte == b'\n').enumerate() {
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            let Ok(text) = std::str::from_utf8(bytes) else {
                self.refuse(Reason::NotUtf8, i, "");
                continue;
            };
            if self.format == Format::OpenMetrics && text == "# EOF" {
                return Ok(true);
            }
            match line::read(text, self.format) {
                Ok(Line::Nothing) => {}
                Ok(Line::Comment(comment)) => self.families.hear(comment),
                Ok(Line::Sample(sample)) => self.sample(&sample)?,
                Err(what) => {
                    self.samples += 1;
                    let about = format!("{what}: {text}");
                    self.refuse(Reason::BadLine, i, &about);
                }
            }
        }
        Ok(false)
    }

    fn refuse(&mut self, reason: Reason, line: usize, about: &str) {
        let about = || format!("line {}: {}", line + 1, shortened(about));
        self.intake.received.refused.add(reason, 1, about);
    }

    fn sample(&mut self, sample: &line::Sample<'_>) -> Result<(), BodyError> {
        self.samples += 1;
        self.intake.received.exemplars_dropped += u64::from(sample.exemplar);
        let merged = merge(sample, self.target);
        let mut pairs: Vec<(&str, &str)> = merged
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect();
        let own_time = sample.at_ms.filter(|_| self.target.honor_timestamps);
        let at = MetricSample {
            at_ms: own_time.unwrap_or(self.scraped_ms),
            value: sample.value,
        };
        let taken = self.intake.series(&mut pairs, &[at])?;
        if taken && own_time.is_none() {
            self.current.insert(&mut pairs);
        }
        Ok(())
    }
}

/// The labels of a sample together with those of its target.
fn merge<'s>(
    sample: &'s line::Sample<'_>,
    target: &'s Target,
) -> Vec<(Cow<'s, str>, Cow<'s, str>)> {
    let mut merged = Vec::with_capacity(sample.labels.len() + target.labels.len() + 1);
    merged.push((METRIC_NAME.into(), Cow::from(sample.name.as_ref())));
    let of_target = |name: &str| target.labels.iter().any(|(known, _)| known == name);
    let of_sample = |name: &str| sample.labels.iter().any(|(known, _)| known == name);
    for (name, value) in &sample.labels {
        let mut name = Cow::from(name.as_ref());
        if !target.honor_labels && of_target(&name) {
            // A label without a value is none, and needs no other name.
            if value.is_empty() {
                continue;
            }
            while of_target(&name) || of_sample(&name) {
                name = format!("exported_{name}").into();
            }
        }
        merged.push((name, Cow::from(value.as_ref())));
    }
    for (name, value) in &target.labels {
        if !(target.honor_labels && of_sample(name)) {
            merged.push((name.into(), value.into()));
        }
    }
    merged
}

/// What the comments say about names, in the order in which the names were met.
#[derive(Default)]
struct Families<'a> {
    order: Vec<Family<'a>>,
    places: HashMap<Cow<'a, str>, usize>,
}

struct Family<'a> {
    name: Cow<'a, str>,
    kind: MetricKind,
    unit: &'a str,
    help: Cow<'a, str>,
}

impl<'a> Families<'a> {
    fn hear(&mut self, comment: Comment<'a>) {
        let (Comment::Help(name, _) | Comment::Type(name, _) | Comment::Unit(name, _)) = &comment;
        let next = self.order.len();
        let place = *self.places.entry(name.clone()).or_insert(next);
        if place == next {
            self.order.push(Family {
                name: name.clone(),
                kind: MetricKind::Unknown,
                unit: "",
                help: Cow::default(),
            });
        }
        let Some(family) = self.order.get_mut(place) else {
            return;
        };
        match comment {
            Comment::Help(_, help) => family.help = help,
            Comment::Type(_, kind) => family.kind = kind,
            Comment::Unit(_, unit) => family.unit = unit,
        }
    }

    /// Hands on what was heard, under the names that the samples have: OpenMetrics leaves the suffix
    /// of counters and infos away.
    fn tell(self, format: Format, intake: &mut Intake<'_>) {
        for family in self.order {
            let suffix = match (format, family.kind) {
                (Format::OpenMetrics, MetricKind::Counter) => "_total",
                (Format::OpenMetrics, MetricKind::Info) => "_info",
                _ => "",
            };
            let name = format!("{}{suffix}", family.name);
            intake.meta(&name, family.kind, family.unit, &family.help);
        }
    }
}

#[cfg(test)]
mod tests;
