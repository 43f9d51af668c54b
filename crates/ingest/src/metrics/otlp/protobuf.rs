//! Reads `ExportMetricsServiceRequest` from protobuf; the numbers are those of its fields.

use std::borrow::Cow;
use std::cell::Cell;

use super::model::{
    AnyValue, ArrayValue, Buckets, Exemplar, ExponentialPoint, Exponentials, HistogramPoint,
    Histograms, KeyValue, KeyValueList, Metric, NumberPoint, Numbers, Quantile, Request, Resource,
    ResourceMetrics, ScopeMetrics, Summaries, SummaryPoint,
};
use crate::metrics::wire::{Message, Value, WireError};

/// How deep the values of attributes may nest, as `serde_json` bounds JSON.
const MAX_DEPTH: u32 = 32;

/// How many messages may still be read: an empty one takes two bytes in the body and a hundred times
/// that in memory.
pub(super) type Left = Cell<usize>;

/// Reads a request.
pub(super) fn request<'a>(bytes: &'a [u8], left: &Left) -> Result<Request<'a>, WireError> {
    let mut request = Request::default();
    each(bytes, left, |number, value| {
        if let (1, Value::Bytes(bytes)) = (number, value) {
            request
                .resource_metrics
                .push(resource_metrics(bytes, left)?);
        }
        Ok(())
    })?;
    Ok(request)
}

/// Calls `f` with each field of a message.
fn each<'a>(
    bytes: &'a [u8],
    left: &Left,
    mut f: impl FnMut(u32, Value<'a>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let rest = left.get().checked_sub(1);
    left.set(rest.ok_or(WireError("it holds too many objects"))?);
    let mut message = Message(bytes);
    while let Some((number, value)) = message.field()? {
        f(number, value)?;
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, WireError> {
    let text = std::str::from_utf8(bytes).map_err(|_| WireError("a text is not UTF-8"))?;
    Ok(text.into())
}

fn resource_metrics<'a>(bytes: &'a [u8], left: &Left) -> Result<ResourceMetrics<'a>, WireError> {
    let mut metrics = ResourceMetrics::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => metrics.resource = resource(bytes, left)?,
            (2, Value::Bytes(bytes)) => metrics.scope_metrics.push(scope_metrics(bytes, left)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(metrics)
}

fn resource<'a>(bytes: &'a [u8], left: &Left) -> Result<Resource<'a>, WireError> {
    let mut resource = Resource::default();
    each(bytes, left, |number, value| {
        if let (1, Value::Bytes(bytes)) = (number, value) {
            resource.attributes.push(key_value(bytes, 0, left)?);
        }
        Ok(())
    })?;
    Ok(resource)
}

fn scope_metrics<'a>(bytes: &'a [u8], left: &Left) -> Result<ScopeMetrics<'a>, WireError> {
    let mut metrics = ScopeMetrics::default();
    each(bytes, left, |number, value| {
        if let (2, Value::Bytes(bytes)) = (number, value) {
            metrics.metrics.push(metric(bytes, left)?);
        }
        Ok(())
    })?;
    Ok(metrics)
}

fn metric<'a>(bytes: &'a [u8], left: &Left) -> Result<Metric<'a>, WireError> {
    let mut metric = Metric::default();
    each(bytes, left, |number, value| {
        let Value::Bytes(bytes) = value else {
            return Ok(());
        };
        match number {
            1 => metric.name = text(bytes)?,
            2 => metric.description = text(bytes)?,
            3 => metric.unit = text(bytes)?,
            5 => metric.gauge = Some(numbers(bytes, left)?),
            7 => metric.sum = Some(numbers(bytes, left)?),
            9 => metric.histogram = Some(histograms(bytes, left)?),
            10 => metric.exponential_histogram = Some(exponentials(bytes, left)?),
            11 => metric.summary = Some(summaries(bytes, left)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(metric)
}

fn numbers<'a>(bytes: &'a [u8], left: &Left) -> Result<Numbers<'a>, WireError> {
    let mut numbers = Numbers::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => numbers.data_points.push(number_point(bytes, left)?),
            (2, Value::Varint(temporality)) => numbers.aggregation_temporality = temporality,
            (3, Value::Varint(monotonic)) => numbers.is_monotonic = monotonic != 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok(numbers)
}

fn histograms<'a>(bytes: &'a [u8], left: &Left) -> Result<Histograms<'a>, WireError> {
    let mut histograms = Histograms::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => histograms.data_points.push(histogram_point(bytes, left)?),
            (2, Value::Varint(temporality)) => histograms.aggregation_temporality = temporality,
            _ => {}
        }
        Ok(())
    })?;
    Ok(histograms)
}

fn exponentials<'a>(bytes: &'a [u8], left: &Left) -> Result<Exponentials<'a>, WireError> {
    let mut exponentials = Exponentials::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => exponentials
                .data_points
                .push(exponential_point(bytes, left)?),
            (2, Value::Varint(temporality)) => exponentials.aggregation_temporality = temporality,
            _ => {}
        }
        Ok(())
    })?;
    Ok(exponentials)
}

fn summaries<'a>(bytes: &'a [u8], left: &Left) -> Result<Summaries<'a>, WireError> {
    let mut summaries = Summaries::default();
    each(bytes, left, |number, value| {
        if let (1, Value::Bytes(bytes)) = (number, value) {
            summaries.data_points.push(summary_point(bytes, left)?);
        }
        Ok(())
    })?;
    Ok(summaries)
}

fn number_point<'a>(bytes: &'a [u8], left: &Left) -> Result<NumberPoint<'a>, WireError> {
    let mut point = NumberPoint::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (7, Value::Bytes(bytes)) => point.attributes.push(key_value(bytes, 0, left)?),
            (3, Value::Fixed64(time)) => point.time_unix_nano = Some(time),
            // Of the two the last counts, as in every `oneof`.
            (4, Value::Fixed64(bits)) => {
                (point.as_double, point.as_int) = (Some(f64::from_bits(bits)), None);
            }
            (6, Value::Fixed64(bits)) => {
                (point.as_double, point.as_int) = (None, Some(bits.cast_signed()));
            }
            (5, Value::Bytes(_)) => point.exemplars.push(Exemplar {}),
            (8, Value::Varint(flags)) => point.flags = flags,
            _ => {}
        }
        Ok(())
    })?;
    Ok(point)
}

fn histogram_point<'a>(bytes: &'a [u8], left: &Left) -> Result<HistogramPoint<'a>, WireError> {
    let mut point = HistogramPoint::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (9, Value::Bytes(bytes)) => point.attributes.push(key_value(bytes, 0, left)?),
            (3, Value::Fixed64(time)) => point.time_unix_nano = Some(time),
            (4, Value::Fixed64(count)) => point.count = Some(count),
            (5, value) => point.sum = value.as_double().or(point.sum),
            (6, value) => value.append_fixed64s(&mut point.bucket_counts)?,
            (7, value) => value.append_doubles(&mut point.explicit_bounds)?,
            (8, Value::Bytes(_)) => point.exemplars.push(Exemplar {}),
            (10, Value::Varint(flags)) => point.flags = flags,
            _ => {}
        }
        Ok(())
    })?;
    Ok(point)
}

fn exponential_point<'a>(bytes: &'a [u8], left: &Left) -> Result<ExponentialPoint<'a>, WireError> {
    let mut point = ExponentialPoint::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => point.attributes.push(key_value(bytes, 0, left)?),
            (3, Value::Fixed64(time)) => point.time_unix_nano = Some(time),
            (4, Value::Fixed64(count)) => point.count = Some(count),
            (5, value) => point.sum = value.as_double().or(point.sum),
            (6, value) => point.scale = value.as_sint64().unwrap_or(point.scale),
            (7, Value::Fixed64(count)) => point.zero_count = Some(count),
            (8, Value::Bytes(bytes)) => point.positive = buckets(bytes, left)?,
            (9, Value::Bytes(bytes)) => point.negative = buckets(bytes, left)?,
            (10, Value::Varint(flags)) => point.flags = flags,
            (11, Value::Bytes(_)) => point.exemplars.push(Exemplar {}),
            (14, value) => point.zero_threshold = value.as_double().or(point.zero_threshold),
            _ => {}
        }
        Ok(())
    })?;
    Ok(point)
}

fn buckets(bytes: &[u8], left: &Left) -> Result<Buckets, WireError> {
    let mut buckets = Buckets::default();
    each(bytes, left, |number, value| {
        match number {
            1 => buckets.offset = value.as_sint64().unwrap_or(buckets.offset),
            2 => value.append_varints(&mut buckets.bucket_counts)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(buckets)
}

fn summary_point<'a>(bytes: &'a [u8], left: &Left) -> Result<SummaryPoint<'a>, WireError> {
    let mut point = SummaryPoint::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (7, Value::Bytes(bytes)) => point.attributes.push(key_value(bytes, 0, left)?),
            (3, Value::Fixed64(time)) => point.time_unix_nano = Some(time),
            (4, Value::Fixed64(count)) => point.count = Some(count),
            (5, value) => point.sum = value.as_double().or(point.sum),
            (6, Value::Bytes(bytes)) => point.quantile_values.push(quantile(bytes, left)?),
            (8, Value::Varint(flags)) => point.flags = flags,
            _ => {}
        }
        Ok(())
    })?;
    Ok(point)
}

fn quantile(bytes: &[u8], left: &Left) -> Result<Quantile, WireError> {
    let mut quantile = Quantile::default();
    each(bytes, left, |number, value| {
        match number {
            1 => quantile.quantile = value.as_double().or(quantile.quantile),
            2 => quantile.value = value.as_double().or(quantile.value),
            _ => {}
        }
        Ok(())
    })?;
    Ok(quantile)
}

fn key_value<'a>(bytes: &'a [u8], depth: u32, left: &Left) -> Result<KeyValue<'a>, WireError> {
    let mut pair = KeyValue::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => pair.key = text(bytes)?,
            (2, Value::Bytes(bytes)) => pair.value = any_value(bytes, depth, left)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(pair)
}

fn any_value<'a>(bytes: &'a [u8], depth: u32, left: &Left) -> Result<AnyValue<'a>, WireError> {
    if depth > MAX_DEPTH {
        return Err(WireError("the values of an attribute nest too deep"));
    }
    let mut any = AnyValue::default();
    each(bytes, left, |number, value| {
        match (number, value) {
            (1, Value::Bytes(bytes)) => any.string_value = Some(text(bytes)?),
            (2, Value::Varint(value)) => any.bool_value = Some(value != 0),
            (3, Value::Varint(value)) => any.int_value = Some(value.cast_signed()),
            (4, Value::Fixed64(bits)) => any.double_value = Some(f64::from_bits(bits)),
            (5, Value::Bytes(bytes)) => {
                let list = any.array_value.get_or_insert_with(ArrayValue::default);
                each(bytes, left, |number, value| {
                    if let (1, Value::Bytes(bytes)) = (number, value) {
                        list.values.push(any_value(bytes, depth + 1, left)?);
                    }
                    Ok(())
                })?;
            }
            (6, Value::Bytes(bytes)) => {
                let map = any.kvlist_value.get_or_insert_with(KeyValueList::default);
                each(bytes, left, |number, value| {
                    if let (1, Value::Bytes(bytes)) = (number, value) {
                        map.values.push(key_value(bytes, depth + 1, left)?);
                    }
                    Ok(())
                })?;
            }
            (7, Value::Bytes(bytes)) => any.bytes_value = Some(base64(bytes).into()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(any)
}

/// Bytes as JSON writes them (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let index = (bits >> (18 - 6 * i) & 63) as usize;
            let letter = ALPHABET
                .get(index)
                .map_or('=', |letter| char::from(*letter));
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn bytes_are_written_as_the_standard_shows_them() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let written = texts.map(|text| base64(text.as_bytes()));
        assert_eq!(
            written,
            [
                "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"
            ]
        );
    }
}
