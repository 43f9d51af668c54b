//! Requests in both encodings, and what the specification names.

mod deltas;

use proptest::prelude::*;
use series::MetricKind::{Counter, Gauge, Histogram, Summary};

use super::*;
use crate::metrics::refused::Reason;
use fakes::remote_write::Encoder;

const NOW_MS: i64 = 1_800_000_000_000;
const AT: u64 = 1_700_000_000_000_000_000;

fn json(body: &str) -> Received {
    let limits = Limits::default();
    parse(
        Encoding::Json,
        body.as_bytes(),
        &Mapping::default(),
        &limits,
        NOW_MS,
    )
    .unwrap()
}

fn protobuf(body: &Encoder) -> Received {
    let limits = Limits::default();
    parse(
        Encoding::Protobuf,
        &body.0,
        &Mapping::default(),
        &limits,
        NOW_MS,
    )
    .unwrap()
}

/// Each sample as text; all have the time of [`AT`].
fn shown(batch: &Batch) -> Vec<String> {
    let line = |s: series::BatchSeries<'_>| format!("{} {}", s.labels, s.samples[0].value);
    batch.series().map(line).collect()
}

/// The first value.
fn first_value(received: &Received) -> Option<f64> {
    received.batch.series().next().map(|s| s.samples[0].value)
}

/// A request of one metric of the service `shop/cart`.
fn one_metric(metric: Encoder) -> Encoder {
    let attribute = |key, value| {
        Encoder::default()
            .text(1, key)
            .message(2, Encoder::default().text(1, value))
    };
    let resource = Encoder::default()
        .message(1, attribute("service.name", "cart"))
        .message(1, attribute("service.namespace", "shop"))
        .message(1, attribute("service.instance.id", "c-1"));
    let scope = Encoder::default().text(1, "meter");
    let metrics = Encoder::default().message(1, scope).message(2, metric);
    let resource_metrics = Encoder::default().message(1, resource).message(2, metrics);
    Encoder::default().message(1, resource_metrics)
}

fn sum(temporality: u64, points: &[Encoder]) -> Encoder {
    let sum = Encoder::default()
        .each(points, |m, point| m.message(1, point.clone()))
        .varint(2, temporality)
        .varint(3, 1);
    one_metric(Encoder::default().text(1, "req").message(7, sum))
}

fn number(at: u64, value: f64) -> Encoder {
    Encoder::default().fixed64(3, at).double(4, value)
}

#[test]
fn the_example_of_the_protocol_is_read() {
    // After examples/metrics.json of open-telemetry/opentelemetry-proto.
    let received = json(
        r#"{"resourceMetrics":[{"resource":{"attributes":[
            {"key":"service.name","value":{"stringValue":"my.service"}},
            {"key":"host.cpus","value":{"intValue":"8"}}]},
          "schemaUrl":"x","unknownField":{"a":[1]},
          "scopeMetrics":[{"scope":{"name":"my.library"},"metrics":[
            {"name":"my.counter","unit":"1","description":"I am a Counter","sum":{
              "aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
                {"asDouble":5,"startTimeUnixNano":"1544712660300000000","timeUnixNano":"1700000000000000000",
                 "attributes":[{"key":"my.counter.attr","value":{"stringValue":"some value"}}]}]}},
            {"name":"my.gauge","unit":"1","gauge":{"dataPoints":[
                {"asInt":"10","timeUnixNano":1700000000000000000,"attributes":[]}]}},
            {"name":"my.histogram","unit":"1","histogram":{"aggregationTemporality":2,"dataPoints":[
                {"timeUnixNano":"1700000000000000000","count":"2","sum":2,"bucketCounts":["1","1"],
                 "explicitBounds":[1],"min":0,"max":2,"exemplars":[{"asDouble":1}]}]}},
            {"name":"my.exponential","unit":"s","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[
                {"timeUnixNano":"1700000000000000000","count":3,"sum":10,"scale":0,"zeroCount":1,
                 "positive":{"offset":1,"bucketCounts":[0,"2"]},"zeroThreshold":0}]}},
            {"name":"my.summary","summary":{"dataPoints":[
                {"timeUnixNano":"1700000000000000000","count":"4","sum":8.5,
                 "quantileValues":[{"quantile":0.5,"value":2},{"quantile":0.99,"value":"NaN"}]}]}}
          ]}]}]}"#,
    );
    assert_eq!(
        shown(&received.batch),
        [
            r#"my_counter_total{job="my.service",my_counter_attr="some value"} 5"#,
            r#"my_gauge_ratio{job="my.service"} 10"#,
            r#"my_histogram_bucket{job="my.service",le="1"} 1"#,
            r#"my_histogram_bucket{job="my.service",le="+Inf"} 2"#,
            r#"my_histogram_sum{job="my.service"} 2"#,
            r#"my_histogram_count{job="my.service"} 2"#,
            r#"my_exponential_seconds_bucket{job="my.service",le="0"} 1"#,
            r#"my_exponential_seconds_bucket{job="my.service",le="4"} 1"#,
            r#"my_exponential_seconds_bucket{job="my.service",le="8"} 3"#,
            r#"my_exponential_seconds_bucket{job="my.service",le="+Inf"} 3"#,
            r#"my_exponential_seconds_sum{job="my.service"} 10"#,
            r#"my_exponential_seconds_count{job="my.service"} 3"#,
            r#"my_summary{job="my.service",quantile="0.5"} 2"#,
            r#"my_summary{job="my.service",quantile="0.99"} NaN"#,
            r#"my_summary_sum{job="my.service"} 8.5"#,
            r#"my_summary_count{job="my.service"} 4"#,
            r#"target_info{host_cpus="8",job="my.service"} 1"#,
        ]
    );
    assert!(
        received
            .batch
            .series()
            .all(|s| s.samples[0].at_ms == 1_700_000_000_000)
    );
    assert_eq!((received.points, received.exemplars_dropped), (5, 1));
    assert!(received.refused.is_empty());
    let kinds: Vec<_> = received.batch.meta.iter().map(|meta| meta.kind).collect();
    assert_eq!(kinds, [Counter, Gauge, Histogram, Histogram, Summary]);
    assert_eq!(received.batch.meta[0].help, "I am a Counter");
}

#[test]
fn protobuf_says_the_same() {
    let received = protobuf(&sum(
        2,
        &[number(AT, 5.0).text(99, "unknown").varint(98, 1)],
    ));
    assert_eq!(
        shown(&received.batch),
        [r#"req_total{instance="c-1",job="shop/cart"} 5"#]
    );
    let point = Encoder::default()
        .fixed64(3, AT)
        .fixed64(4, 3)
        .double(5, 7.5)
        .packed_fixed64(6, &[1, 2])
        .fixed64(7, 2.5_f64.to_bits());
    let histogram = Encoder::default().message(1, point).varint(2, 2);
    let received = protobuf(&one_metric(
        Encoder::default()
            .text(1, "d")
            .text(3, "s")
            .message(9, histogram),
    ));
    let values: Vec<_> = received
        .batch
        .series()
        .map(|s| s.samples[0].value)
        .collect();
    assert_eq!(values, [1.0, 3.0, 7.5, 3.0]);
    let point = Encoder::default()
        .fixed64(3, AT)
        .fixed64(4, 3)
        .sint(6, 1)
        .fixed64(7, 0)
        .message(8, Encoder::default().sint(1, -2).packed(2, &[1, 2]));
    let histogram = Encoder::default().message(1, point).varint(2, 2);
    let received = protobuf(&one_metric(
        Encoder::default().text(1, "e").message(10, histogram),
    ));
    // Scale 1: base √2; buckets -2 and -1 end at √2^-1 and 1. The sum is not known.
    let values: Vec<_> = received
        .batch
        .series()
        .map(|s| s.samples[0].value)
        .collect();
    assert_eq!(values, [0.0, 0.0, 1.0, 3.0, 3.0, 3.0]);
}

#[test]
fn attributes_of_every_type_become_text() {
    let received = json(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[
        {"asInt":1,"timeUnixNano":"1700000000000000000","attributes":[
          {"key":"b","value":{"boolValue":true}},{"key":"i","value":{"intValue":-7}},
          {"key":"d","value":{"doubleValue":0.5}},{"key":"n"},{"key":"x","value":{"bytesValue":"Zm9v"}},
          {"key":"l","value":{"arrayValue":{"values":[{"stringValue":"p"},{"intValue":"2"}]}}},
          {"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}},
          {"key":"z.z","value":{"stringValue":"2"}},{"key":"z-z","value":{"stringValue":"1"}}
        ]}]}}]}]}]}"#,
    );
    assert_eq!(
        shown(&received.batch),
        [r#"a{b="true",d="0.5",i="-7",l="[\"p\",2]",m="{\"k\":\"v\"}",x="Zm9v",z_z="1;2"} 1"#]
    );
}

#[test]
fn attributes_that_were_asked_for_become_labels() {
    let mapping = Mapping {
        promote: vec!["deployment.environment".into()],
        target_info: false,
    };
    let body = r#"{"resourceMetrics":[{"resource":{"attributes":[
        {"key":"service.name","value":{"stringValue":"s"}},
        {"key":"deployment.environment","value":{"stringValue":"prod"}}]},
        "scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":1,"attributes":[
        {"key":"job","value":{"stringValue":"mine"}}]}]}}]}]}]}"#;
    let received = parse(
        Encoding::Json,
        body.as_bytes(),
        &mapping,
        &Limits::default(),
        NOW_MS,
    )
    .unwrap();
    assert_eq!(
        shown(&received.batch),
        [r#"a{deployment_environment="prod",job="s"} 1"#]
    );
    // Without a time it is the time of arrival.
    assert_eq!(
        received.batch.series().next().unwrap().samples[0].at_ms,
        NOW_MS
    );
}

#[test]
fn a_point_without_a_recorded_value_ends_its_series() {
    let received = protobuf(&sum(2, &[Encoder::default().fixed64(3, AT).varint(8, 1)]));
    assert!(received.batch.series().all(|s| s.samples[0].is_stale()));
    assert_eq!(received.points, 1);
    let point = Encoder::default()
        .fixed64(3, AT)
        .packed_doubles(7, &[1.0])
        .varint(10, 1);
    let histogram = Encoder::default().message(1, point).varint(2, 2);
    let received = protobuf(&one_metric(
        Encoder::default().text(1, "d").message(9, histogram),
    ));
    assert_eq!(received.batch.samples(), 3);
    assert!(received.batch.series().all(|s| s.samples[0].is_stale()));
}

#[test]
fn what_is_wrong_is_refused_in_points() {
    let refused = |request: &Encoder, reason| protobuf(request).refused.count(reason);
    assert_eq!(
        refused(
            &sum(0, &[number(AT, 1.0), number(AT, 2.0)]),
            Reason::BadTemporality
        ),
        2
    );
    assert_eq!(
        refused(
            &sum(2, &[Encoder::default().fixed64(3, AT)]),
            Reason::NoValue
        ),
        1
    );
    // Nanoseconds end in the year 2554.
    let year_2554 = number(u64::MAX, 1.0);
    assert_eq!(
        refused(
            &sum(2, std::slice::from_ref(&year_2554)),
            Reason::InTheFuture
        ),
        1
    );
    assert_eq!(refused(&sum(1, &[year_2554]), Reason::InTheFuture), 1);
    let no_name = Encoder::default().message(5, Encoder::default().message(1, number(AT, 1.0)));
    assert_eq!(refused(&one_metric(no_name), Reason::NoMetricName), 1);
    let histogram = |point: Encoder| {
        let points = Encoder::default()
            .message(1, point.fixed64(3, AT))
            .varint(2, 2);
        one_metric(Encoder::default().text(1, "d").message(9, points))
    };
    for (counts, bounds) in [
        (&[1][..], &[1.0][..]),
        (&[1, 1, 1], &[2.0, 1.0]),
        (&[1, 1], &[f64::NAN]),
    ] {
        let point = Encoder::default()
            .packed_fixed64(6, counts)
            .packed_doubles(7, bounds);
        assert_eq!(
            refused(&histogram(point), Reason::BadHistogram),
            1,
            "{bounds:?}"
        );
    }
    for point in [
        Encoder::default().sint(6, 21),
        Encoder::default().double(14, f64::NAN),
        Encoder::default().message(8, Encoder::default().packed(2, &vec![1; 5000])),
        Encoder::default().message(8, Encoder::default().sint(1, i64::MAX).packed(2, &[1])),
    ] {
        let points = Encoder::default()
            .message(1, point.fixed64(3, AT))
            .varint(2, 2);
        let request = one_metric(Encoder::default().text(1, "d").message(10, points));
        assert_eq!(refused(&request, Reason::BadHistogram), 1);
    }
}

#[test]
fn bodies_that_cannot_be_read_are_refused() {
    let limits = Limits {
        max_objects: 100,
        ..Limits::default()
    };
    let read = |encoding, body: &[u8]| {
        parse(encoding, body, &Mapping::default(), &limits, NOW_MS).map_err(|error| error.status())
    };
    assert_eq!(read(Encoding::Json, b"{"), Err(400));
    assert_eq!(read(Encoding::Json, b"[]"), Err(400));
    let endless = format!("[{}]", vec!["1"; 70_000].join(","));
    let list = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"histogram":{{"dataPoints":[{{"bucketCounts":{endless}}}]}}}}]}}]}}]}}"#
    );
    assert_eq!(read(Encoding::Json, list.as_bytes()), Err(400));
    let word = br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","sum":{"aggregationTemporality":"DELTA"}}]}]}]}"#;
    assert_eq!(read(Encoding::Json, word), Err(400));
    assert_eq!(read(Encoding::Json, "{}".repeat(101).as_bytes()), Err(413));
    assert!(read(Encoding::Json, br#"{"resourceMetrics":null}"#).is_ok());
    assert_eq!(read(Encoding::Protobuf, &[0x0a, 0x05]), Err(400));
    assert_eq!(
        read(Encoding::Protobuf, &[0x0a, 0x00].repeat(101)),
        Err(413)
    );
    assert!(read(Encoding::Protobuf, b"").is_ok());
    let mut deep = Encoder::default().text(1, "x");
    for _ in 0..40 {
        deep = Encoder::default().message(5, Encoder::default().message(1, deep));
    }
    let attribute = Encoder::default().text(1, "a").message(2, deep);
    let body = sum(2, &[number(AT, 1.0).message(7, attribute)]);
    assert_eq!(read(Encoding::Protobuf, &body.0), Err(400));
    assert_eq!(
        Encoding::from_content_type(Some("application/json; charset=utf-8")),
        Ok(Encoding::Json)
    );
    assert_eq!(
        Encoding::from_content_type(Some("text/plain"))
            .unwrap_err()
            .status(),
        415
    );
    assert_eq!(Encoding::from_content_type(None).unwrap_err().status(), 415);
}

#[test]
fn answers_are_written_as_the_request() {
    let none = Refused::default();
    assert_eq!(success(Encoding::Json, 0, &none.to_string()), b"{}");
    assert_eq!(success(Encoding::Protobuf, 0, &none.to_string()), b"");
    let mut some = Refused::default();
    some.add(Reason::NoValue, 300, || "x".into());
    let text = String::from_utf8(success(Encoding::Json, some.total(), &some.to_string())).unwrap();
    assert!(text.contains(r#""rejectedDataPoints":"300""#), "{text}");
    let message = some.to_string();
    let partial = Encoder::default().varint(1, 300).text(2, &message);
    assert_eq!(
        success(Encoding::Protobuf, some.total(), &some.to_string()),
        Encoder::default().message(1, partial).0
    );
    assert_eq!(
        failure(Encoding::Json, 400, "no"),
        br#"{"code":3,"message":"no"}"#
    );
    let status = Encoder::default().varint(1, 14).text(2, "later");
    assert_eq!(failure(Encoding::Protobuf, 503, "later"), status.0);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            let _ = parse(encoding, &bytes, &Mapping::default(), &Limits::default(), NOW_MS);
        }
    }

    #[test]
    fn a_request_with_some_bytes_changed_is_read_without_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let point = Encoder::default().fixed64(3, AT).fixed64(4, 3).sint(6, 1)
            .message(8, Encoder::default().sint(1, -2).packed(2, &[1, 2]))
            .message(9, Encoder::default().packed(2, &[1]));
        let metric = Encoder::default().text(1, "e").message(10, Encoder::default().message(1, point).varint(2, 1));
        let mut bytes = one_metric(metric).0;
        for (index, byte) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Ok(mut received) = parse(Encoding::Protobuf, &bytes, &Mapping::default(), &Limits::default(), NOW_MS) {
            let mut state = DeltaState::new(5);
            if let Ok(plan) = state.plan(&mut received, &Limits::default()) {
                state.commit(plan);
            }
        }
    }
}
