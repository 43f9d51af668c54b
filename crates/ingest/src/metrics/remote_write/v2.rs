//! `io.prometheus.write.v2.Request` (prometheus/prometheus,
//! `prompb/io/prometheus/write/v2/types.proto`): every text stands once, and is referred to.

use std::collections::HashSet;

use series::{METRIC_NAME, MetricKind, MetricSample};

use super::{native, v1};
use crate::metrics::error::BodyError;
use crate::metrics::intake::Intake;
use crate::metrics::refused::Reason;
use crate::metrics::wire::{Message, Value, WireError};

/// The texts of a request; `None` for one that is not UTF-8.
type Symbols<'a> = Vec<Option<&'a str>>;

/// What one series holds, in memory that the next one uses too.
#[derive(Default)]
struct Parts<'a> {
    references: Vec<u64>,
    pairs: Vec<(&'a str, &'a str)>,
    samples: Vec<MetricSample>,
    histograms: Vec<&'a [u8]>,
    exemplars: u64,
    metadata: Option<&'a [u8]>,
}

/// Reads a request.
pub(super) fn decode(bytes: &[u8], intake: &mut Intake<'_>) -> Result<(), BodyError> {
    let mut symbols = Symbols::new();
    let mut message = Message(bytes);
    // Nothing says that the symbols come before the series, so this takes two walks.
    while let Some((number, value)) = message.field()? {
        if let (4, Value::Bytes(symbol)) = (number, value) {
            if symbols.len() >= intake.limits.max_objects {
                return Err(BodyError::TooMany {
                    what: "symbols",
                    max: intake.limits.max_objects,
                });
            }
            symbols.push(std::str::from_utf8(symbol).ok());
        }
    }
    if symbols.first().is_some_and(|first| *first != Some("")) {
        return Err(WireError("the first symbol is not empty").into());
    }
    let mut message = Message(bytes);
    let mut parts = Parts::default();
    let mut described = HashSet::new();
    while let Some((number, value)) = message.field()? {
        if let (5, Value::Bytes(series)) = (number, value) {
            parts.read(series, intake.limits.max_samples)?;
            parts.take(&symbols, &mut described, intake)?;
        }
    }
    Ok(())
}

impl<'a> Parts<'a> {
    fn read(&mut self, series: &'a [u8], max_samples: usize) -> Result<(), WireError> {
        self.references.clear();
        self.samples.clear();
        self.histograms.clear();
        self.exemplars = 0;
        self.metadata = None;
        let mut message = Message(series);
        while let Some((number, value)) = message.field()? {
            match (number, value) {
                (1, value) => value.append_varints(&mut self.references)?,
                (2, Value::Bytes(bytes)) => self.samples.push(v1::sample(bytes)?),
                (3, Value::Bytes(histogram)) => self.histograms.push(histogram),
                (4, Value::Bytes(_)) => self.exemplars += 1,
                (5, Value::Bytes(metadata)) => self.metadata = Some(metadata),
                _ => {}
            }
            if self.samples.len() + self.histograms.len() > max_samples {
                return Err(WireError("a series has too many samples"));
            }
        }
        Ok(())
    }

    /// Looks the labels up.
    fn resolve(&mut self, symbols: &Symbols<'a>) -> Result<(), Reason> {
        self.pairs.clear();
        if !self.references.len().is_multiple_of(2) {
            return Err(Reason::OddReferences);
        }
        let symbol = |reference: u64| {
            let index = usize::try_from(reference).ok();
            let found = index.and_then(|index| symbols.get(index));
            found
                .ok_or(Reason::SymbolOutOfBounds)?
                .ok_or(Reason::NotUtf8)
        };
        for pair in self.references.chunks_exact(2) {
            if let [name, value] = pair {
                self.pairs.push((symbol(*name)?, symbol(*value)?));
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        symbols: &Symbols<'a>,
        described: &mut HashSet<&'a str>,
        intake: &mut Intake<'_>,
    ) -> Result<(), BodyError> {
        intake.received.exemplars_dropped += self.exemplars;
        let sent = (self.samples.len() + self.histograms.len()) as u64;
        if let Err(reason) = self.resolve(symbols) {
            intake.refuse_series(reason, sent.max(1), &self.pairs, usize::MAX);
            return Ok(());
        }
        // A series may be there for its exemplars or its metadata alone.
        if sent == 0 && self.exemplars == 0 && self.metadata.is_none() {
            intake.refuse_series(Reason::NoSamples, 1, &self.pairs, usize::MAX);
            return Ok(());
        }
        self.describe(symbols, described, intake)?;
        intake.series(&mut self.pairs, &self.samples)?;
        for histogram in &self.histograms {
            native::take(histogram, &self.pairs, intake)?;
        }
        Ok(())
    }

    /// Keeps the metadata of a name the first time it is met; the message repeats it with each
    /// series.
    fn describe(
        &self,
        symbols: &Symbols<'a>,
        described: &mut HashSet<&'a str>,
        intake: &mut Intake<'_>,
    ) -> Result<(), WireError> {
        let Some(metadata) = self.metadata else {
            return Ok(());
        };
        let name = self.pairs.iter().find(|(name, _)| *name == METRIC_NAME);
        let Some((_, name)) = name else { return Ok(()) };
        let (mut type_number, mut help, mut unit) = (0, 0, 0);
        let mut message = Message(metadata);
        while let Some((number, value)) = message.field()? {
            match (number, value) {
                (1, Value::Varint(value)) => type_number = value,
                (3, Value::Varint(value)) => help = value,
                (4, Value::Varint(value)) => unit = value,
                _ => {}
            }
        }
        let kind = v1::kind(type_number);
        let family = family(name, kind);
        if (type_number, help, unit) == (0, 0, 0) || !described.insert(family) {
            return Ok(());
        }
        let text = |reference: u64| {
            let index = usize::try_from(reference).ok();
            index
                .and_then(|index| symbols.get(index).copied())
                .flatten()
        };
        intake.meta(
            family,
            kind,
            text(unit).unwrap_or_default(),
            text(help).unwrap_or_default(),
        );
        Ok(())
    }
}

/// The name of the whole histogram or summary, of which a series is a part.
fn family(name: &str, kind: MetricKind) -> &str {
    match kind {
        MetricKind::Histogram | MetricKind::GaugeHistogram | MetricKind::Summary => {
            ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(name)
        }
        _ => name,
    }
}
