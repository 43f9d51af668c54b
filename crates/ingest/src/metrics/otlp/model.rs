//! The parts of `ExportMetricsServiceRequest` that become samples, from either encoding
//! (open-telemetry/opentelemetry-proto, `metrics/v1/metrics.proto`, `common/v1/common.proto`).
//!
//! In JSON the names are lowerCamelCase, 64-bit integers are strings or numbers, enumerations are
//! numbers, unknown fields are ignored, and `null` is the same as absent (OTLP specification, "JSON
//! Protobuf Encoding").

use std::borrow::Cow;

use serde::Deserialize;

use super::json::{double, doubles, nullable, signed, unsigned, unsigneds};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) resource_metrics: Vec<ResourceMetrics<'a>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ResourceMetrics<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) resource: Resource<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) scope_metrics: Vec<ScopeMetrics<'a>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Resource<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) attributes: Vec<KeyValue<'a>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ScopeMetrics<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) metrics: Vec<Metric<'a>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metric<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) description: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) unit: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) gauge: Option<Numbers<'a>>,
    #[serde(borrow)]
    pub(super) sum: Option<Numbers<'a>>,
    #[serde(borrow)]
    pub(super) histogram: Option<Histograms<'a>>,
    #[serde(borrow)]
    pub(super) exponential_histogram: Option<Exponentials<'a>>,
    #[serde(borrow)]
    pub(super) summary: Option<Summaries<'a>>,
}

/// A `Gauge` or a `Sum`; a gauge has points only.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Numbers<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) data_points: Vec<NumberPoint<'a>>,
    pub(super) aggregation_temporality: u64,
    pub(super) is_monotonic: bool,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Histograms<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) data_points: Vec<HistogramPoint<'a>>,
    pub(super) aggregation_temporality: u64,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Exponentials<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) data_points: Vec<ExponentialPoint<'a>>,
    pub(super) aggregation_temporality: u64,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Summaries<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) data_points: Vec<SummaryPoint<'a>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NumberPoint<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) attributes: Vec<KeyValue<'a>>,
    #[serde(deserialize_with = "unsigned")]
    pub(super) time_unix_nano: Option<u64>,
    #[serde(deserialize_with = "double")]
    pub(super) as_double: Option<f64>,
    #[serde(deserialize_with = "signed")]
    pub(super) as_int: Option<i64>,
    pub(super) flags: u64,
    #[serde(deserialize_with = "nullable")]
    pub(super) exemplars: Vec<Exemplar>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HistogramPoint<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) attributes: Vec<KeyValue<'a>>,
    #[serde(deserialize_with = "unsigned")]
    pub(super) time_unix_nano: Option<u64>,
    #[serde(deserialize_with = "unsigned")]
    pub(super) count: Option<u64>,
    #[serde(deserialize_with = "double")]
    pub(super) sum: Option<f64>,
    #[serde(deserialize_with = "unsigneds")]
    pub(super) bucket_counts: Vec<u64>,
    #[serde(deserialize_with = "doubles")]
    pub(super) explicit_bounds: Vec<f64>,
    pub(super) flags: u64,
    #[serde(deserialize_with = "nullable")]
    pub(super) exemplars: Vec<Exemplar>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ExponentialPoint<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) attributes: Vec<KeyValue<'a>>,
    #[serde(deserialize_with = "unsigned")]
    pub(super) time_unix_nano: Option<u64>,
    #[serde(deserialize_with = "unsigned")]
    pub(super) count: Option<u64>,
    #[serde(deserialize_with = "double")]
    pub(super) sum: Option<f64>,
    pub(super) scale: i64,
    #[serde(deserialize_with = "unsigned")]
    pub(super) zero_count: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    pub(super) positive: Buckets,
    #[serde(deserialize_with = "nullable")]
    pub(super) negative: Buckets,
    #[serde(deserialize_with = "double")]
    pub(super) zero_threshold: Option<f64>,
    pub(super) flags: u64,
    #[serde(deserialize_with = "nullable")]
    pub(super) exemplars: Vec<Exemplar>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Buckets {
    pub(super) offset: i64,
    #[serde(deserialize_with = "unsigneds")]
    pub(super) bucket_counts: Vec<u64>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SummaryPoint<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) attributes: Vec<KeyValue<'a>>,
    #[serde(deserialize_with = "unsigned")]
    pub(super) time_unix_nano: Option<u64>,
    #[serde(deserialize_with = "unsigned")]
    pub(super) count: Option<u64>,
    #[serde(deserialize_with = "double")]
    pub(super) sum: Option<f64>,
    #[serde(deserialize_with = "nullable")]
    pub(super) quantile_values: Vec<Quantile>,
    pub(super) flags: u64,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Quantile {
    #[serde(deserialize_with = "double")]
    pub(super) quantile: Option<f64>,
    #[serde(deserialize_with = "double")]
    pub(super) value: Option<f64>,
}

/// Nothing of an exemplar is kept but that it was there.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct Exemplar {}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct KeyValue<'a> {
    #[serde(borrow)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) value: AnyValue<'a>,
}

/// One of its fields is there, or none.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "they are the protocol's")]
pub(super) struct AnyValue<'a> {
    #[serde(borrow)]
    pub(super) string_value: Option<Cow<'a, str>>,
    pub(super) bool_value: Option<bool>,
    #[serde(deserialize_with = "signed")]
    pub(super) int_value: Option<i64>,
    #[serde(deserialize_with = "double")]
    pub(super) double_value: Option<f64>,
    #[serde(borrow)]
    pub(super) array_value: Option<ArrayValue<'a>>,
    #[serde(borrow)]
    pub(super) kvlist_value: Option<KeyValueList<'a>>,
    /// In base64.
    #[serde(borrow)]
    pub(super) bytes_value: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ArrayValue<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) values: Vec<AnyValue<'a>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct KeyValueList<'a> {
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) values: Vec<KeyValue<'a>>,
}

impl AnyValue<'_> {
    /// As the value of a label: a text as it is, a list or map as JSON, as Prometheus writes them.
    pub(super) fn text(&self) -> Cow<'_, str> {
        if let Some(text) = self.string_value.as_ref().or(self.bytes_value.as_ref()) {
            return Cow::from(text.as_ref());
        }
        match self.json() {
            serde_json::Value::Null => Cow::default(),
            value => value.to_string().into(),
        }
    }

    fn json(&self) -> serde_json::Value {
        use serde_json::Value;
        if let Some(text) = self.string_value.as_ref().or(self.bytes_value.as_ref()) {
            return Value::from(text.as_ref());
        }
        if let Some(number) = self.double_value {
            // JSON has no infinities.
            let finite = serde_json::Number::from_f64(number).map(Value::Number);
            return finite.unwrap_or_else(|| Value::from(number.to_string()));
        }
        if let Some(list) = &self.array_value {
            return list.values.iter().map(AnyValue::json).collect();
        }
        if let Some(map) = &self.kvlist_value {
            let pairs = map.values.iter();
            return pairs
                .map(|pair| (pair.key.as_ref(), pair.value.json()))
                .collect();
        }
        let whole = self.int_value.map(Value::from);
        whole
            .or(self.bool_value.map(Value::from))
            .unwrap_or_default()
    }
}
