//! What a query answers, and how Prometheus' HTTP API writes it.

use crate::number::{decimal, write_seconds, write_value};
use series::{Labels, LabelsRef, MetricSample};

/// A series at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct InstantSample {
    /// Its labels.
    pub labels: Labels,
    /// Its value at the instant that was asked for.
    pub sample: MetricSample,
}

/// A series over a range.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeSeries {
    /// Its labels.
    pub labels: Labels,
    /// Its samples in the order of time.
    pub samples: Vec<MetricSample>,
}

/// What a query answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A number.
    Scalar(MetricSample),
    /// A string.
    Text {
        /// Milliseconds since 1970: the instant that was asked for.
        at_ms: i64,
        /// The string.
        text: String,
    },
    /// Series at one instant; in the order of their values where the query sorts.
    Vector(Vec<InstantSample>),
    /// Series over a range, by their labels.
    Matrix(Vec<RangeSeries>),
}

impl Answer {
    /// `resultType` of the HTTP API.
    pub fn result_type(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "scalar",
            Self::Text { .. } => "string",
            Self::Vector(_) => "vector",
            Self::Matrix(_) => "matrix",
        }
    }

    /// How many samples it holds.
    pub fn samples(&self) -> usize {
        match self {
            Self::Scalar(_) | Self::Text { .. } => 1,
            Self::Vector(samples) => samples.len(),
            Self::Matrix(series) => series.iter().map(|series| series.samples.len()).sum(),
        }
    }

    /// `data` of the HTTP API: `{"resultType":"matrix","result":[…]}`.
    ///
    /// Values are strings, because JSON knows neither NaN nor infinities.
    pub fn to_json(&self) -> String {
        // A timestamp, a value and their signs are about 32 bytes.
        let mut out = String::with_capacity(128 + 32 * self.samples());
        out.push_str("{\"resultType\":\"");
        out.push_str(self.result_type());
        out.push_str("\",\"result\":");
        match self {
            // The API writes a lone number without an exponent, and those of series with one.
            Self::Scalar(sample) => {
                let value = decimal(sample.value);
                out.push('[');
                write_seconds(sample.at_ms, &mut out);
                out.push_str(",\"");
                out.push_str(&value);
                out.push_str("\"]");
            }
            Self::Text { at_ms, text } => {
                out.push('[');
                write_seconds(*at_ms, &mut out);
                out.push(',');
                write_string(text, &mut out);
                out.push(']');
            }
            Self::Vector(samples) => write_list(samples, &mut out, |sample, out| {
                write_metric(sample.labels.as_ref(), out);
                out.push_str(",\"value\":");
                write_sample(sample.sample, out);
                out.push('}');
            }),
            Self::Matrix(series) => write_list(series, &mut out, |series, out| {
                write_metric(series.labels.as_ref(), out);
                out.push_str(",\"values\":");
                write_list(&series.samples, out, |sample, out| {
                    write_sample(*sample, out);
                });
                out.push('}');
            }),
        }
        out.push('}');
        out
    }
}

fn write_list<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

/// Begins an object.
fn write_metric(labels: LabelsRef<'_>, out: &mut String) {
    out.push_str("{\"metric\":{");
    for (place, (name, value)) in labels.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        write_string(value, out);
    }
    out.push('}');
}

fn write_sample(sample: MetricSample, out: &mut String) {
    out.push('[');
    write_seconds(sample.at_ms, out);
    out.push_str(",\"");
    write_value(sample.value, out);
    out.push_str("\"]");
}

/// RFC 8259, section 7.
fn write_string(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                // A `String` takes everything.
                let _written = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ms: i64, value: f64) -> MetricSample {
        MetricSample { at_ms, value }
    }

    #[test]
    fn answers_are_written_as_the_api_writes_them() {
        let labels = Labels::new([("__name__", "up"), ("a", "\"\\\n\u{1}é")]).unwrap();
        let matrix = Answer::Matrix(vec![RangeSeries {
            labels: labels.clone(),
            samples: vec![sample(1_435_781_451_781, 1.0), sample(2_000, f64::NAN)],
        }]);
        assert_eq!(
            matrix.to_json(),
            "{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"up\",\"a\":\"\\\"\\\\\\n\\u0001é\"},\"values\":[[1435781451.781,\"1\"],[2,\"NaN\"]]}]}"
        );
        let vector = Answer::Vector(vec![InstantSample {
            labels,
            sample: sample(0, 0.5),
        }]);
        let read: serde_json::Value = serde_json::from_str(&vector.to_json()).unwrap();
        assert_eq!(read["result"][0]["metric"]["a"], "\"\\\n\u{1}é");
        assert_eq!(
            Answer::Scalar(sample(1, f64::INFINITY)).to_json(),
            "{\"resultType\":\"scalar\",\"result\":[0.001,\"+Inf\"]}"
        );
        let text = Answer::Text {
            at_ms: 1_000,
            text: "x".into(),
        };
        assert_eq!(
            text.to_json(),
            "{\"resultType\":\"string\",\"result\":[1,\"x\"]}"
        );
    }
}
