//! The lines in which VictoriaMetrics exports samples.
//!
//! <https://docs.victoriametrics.com/#how-to-export-data-in-json-line-format>:
//! `{"metric":{…},"values":[1,null],"timestamps":[…]}`, a series a line, or several lines for a long
//! one. Older versions write infinities as no JSON has them (`+Inf`), newer ones in quotes, so the
//! numbers are read by hand. `null` is the marker by which a series ends: other NaN are not kept there.

use std::collections::BTreeMap;

use series::{Labels, MetricSample, STALE_BITS};

use super::read::{Collected, PartError, Parts};

/// The most bytes of one line: ten thousand samples and their labels take a tenth of that.
const MOST_LINE: usize = 8 << 20;

/// What came of a line that is not whole yet.
#[derive(Default)]
pub(super) struct Lines {
    waiting: Vec<u8>,
}

impl Parts for Lines {
    fn take(&mut self, bytes: &[u8], to: &mut Collected) -> Result<(), PartError> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at_checked(end).unwrap_or_default();
            self.waiting.extend_from_slice(line);
            let (labels, samples) =
                line_of(&self.waiting).ok_or(PartError::Unreadable("a line of it is damaged"))?;
            to.add(&labels, samples)?;
            self.waiting.clear();
            rest = after.get(1..).unwrap_or_default();
        }
        self.waiting.extend_from_slice(rest);
        if self.waiting.len() > MOST_LINE {
            return Err(PartError::Unreadable("a line of it is too long"));
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn line_of(line: &[u8]) -> Option<(Labels, Vec<MetricSample>)> {
    let line = std::str::from_utf8(line).ok()?;
    let rest = line.strip_prefix("{\"metric\":")?;
    // Not within a label: quotes in there have backslashes, and a label's value is no list.
    let (metric, rest) = rest.split_once(",\"values\":[")?;
    let (values, rest) = rest.split_once("],\"timestamps\":[")?;
    let instants = rest.strip_suffix("]}")?;
    let metric: BTreeMap<String, String> = serde_json::from_str(metric).ok()?;
    let labels = Labels::new(metric.iter().map(|(k, v)| (k.as_str(), v.as_str()))).ok()?;
    let values: Option<Vec<f64>> = items(values).map(value).collect();
    let values = values?;
    let instants: Result<Vec<i64>, _> = items(instants).map(str::parse).collect();
    let instants = instants.ok()?;
    if values.len() != instants.len() {
        return None;
    }
    let samples = instants.into_iter().zip(values);
    let samples = samples.map(|(at_ms, value)| MetricSample { at_ms, value });
    Some((labels, samples.collect()))
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|item| !item.is_empty())
}

/// A value. VictoriaMetrics keeps no number that is none but that of an end, and writes it as `null`; as the first of a
/// line it writes `NaN`.
fn value(text: &str) -> Option<f64> {
    match text.trim_matches('"') {
        "null" | "NaN" => Some(f64::from_bits(STALE_BITS)),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Limits;

    /// Labels, and instants with the bits of values.
    type Found = (String, Vec<(i64, u64)>);

    fn read(text: &str, size: usize) -> Result<Vec<Found>, ()> {
        let mut lines = Lines::default();
        let mut to = Collected::new(Limits::default());
        for piece in text.as_bytes().chunks(size) {
            lines.take(piece, &mut to).map_err(|_| ())?;
        }
        let found = to.finished().into_iter().map(|(labels, samples)| {
            let samples = samples.iter().map(|s| (s.at_ms, s.value.to_bits()));
            (labels.to_string(), samples.collect())
        });
        lines.is_done().then(|| found.collect()).ok_or(())
    }

    #[test]
    fn lines_are_read_however_they_are_cut() {
        let text = concat!(
            r#"{"metric":{"__name__":"up","values":"[1],\"timestamps\":["},"values":[1.5,null],"timestamps":[1,2]}"#,
            "\n",
            r#"{"metric":{"__name__":"a"},"values":[+Inf,"-Infinity",1e3,NaN],"timestamps":[1,2,3,4]}"#,
            "\n",
            r#"{"metric":{"__name__":"a"},"values":[],"timestamps":[]}"#,
            "\n"
        );
        for size in [1, 13, text.len()] {
            let found = read(text, size).unwrap();
            assert_eq!(found.len(), 2);
            let bits = |value: f64| value.to_bits();
            assert_eq!(found[0].0, "a");
            assert_eq!(found[0].1[0], (1, bits(f64::INFINITY)));
            assert_eq!(found[0].1[1], (2, bits(f64::NEG_INFINITY)));
            assert_eq!(found[0].1[2..], [(3, bits(1e3)), (4, STALE_BITS)]);
            assert_eq!(found[1].1, [(1, bits(1.5)), (2, STALE_BITS)]);
        }
    }

    #[test]
    fn a_damaged_line_is_no_answer() {
        for wrong in [
            "remoteAddr: cannot export\n",
            "{\"metric\":{},\"values\":[1],\"timestamps\":[]}\n",
            "{\"metric\":{},\"values\":[x],\"timestamps\":[1]}\n",
            "{\"metric\":{\"a\":1},\"values\":[1],\"timestamps\":[1]}\n",
            "{\"metric\":{\"a\":\"b\"},\"val",
        ] {
            assert_eq!(read(wrong, 1000), Err(()), "{wrong}");
        }
    }
}
