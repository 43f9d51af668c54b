//! What the specifications name, and that no bytes make it panic.

use proptest::prelude::*;
use series::{MetricKind, STALE_BITS};

use super::*;
use crate::metrics::refused::Reason;
use fakes::remote_write::{Encoder, sample, v1_series, v2_request, zigzag};

const NOW_MS: i64 = 1_800_000_000_000;

fn decoded(version: Version, message: &Encoder) -> Result<Received, BodyError> {
    decode(version, &message.0, &Limits::default(), NOW_MS)
}

fn v1(series: &[Encoder]) -> Received {
    let request = Encoder::default().each(series, |m, s| m.message(1, s.clone()));
    decoded(Version::V1, &request).unwrap()
}

/// Each series as text with its samples.
fn shown(received: &Received) -> Vec<(String, Vec<(i64, f64)>)> {
    let series = received.batch.series();
    let samples =
        |s: series::BatchSeries<'_>| s.samples.iter().map(|p| (p.at_ms, p.value)).collect();
    series.map(|s| (s.labels.to_string(), samples(s))).collect()
}

#[test]
fn the_content_type_decides() {
    let version = Version::from_content_type;
    assert_eq!(version(None), Ok(Version::V1));
    assert_eq!(version(Some("application/x-protobuf")), Ok(Version::V1));
    assert_eq!(
        version(Some("application/x-protobuf;proto=prometheus.WriteRequest")),
        Ok(Version::V1)
    );
    assert_eq!(
        version(Some(
            "Application/X-Protobuf; Proto=\"io.prometheus.write.v2.Request\""
        )),
        Ok(Version::V2)
    );
    for other in [
        "application/json",
        "application/x-protobuf;proto=io.prometheus.write.v3.Request",
    ] {
        assert_eq!(version(Some(other)).unwrap_err().status(), 415, "{other}");
    }
}

#[test]
fn the_encoding_must_be_a_snappy_block() {
    let message = Encoder::default().message(1, v1_series(&[("__name__", "up")], &[(1, 1.0)]));
    let body = snap::raw::Encoder::new().compress_vec(&message.0).unwrap();
    let limits = Limits::default();
    let read = |encoding, body: &[u8]| {
        receive(
            Version::V1,
            encoding,
            body,
            &limits,
            NOW_MS,
            &mut Scratch::default(),
        )
    };
    assert_eq!(read(Some("snappy"), &body).unwrap().written.samples, 1);
    assert_eq!(read(None, &body).unwrap().status(), 204);
    assert_eq!(read(Some("zstd"), &body).unwrap_err().status(), 415);
    let cut = read(Some("snappy"), &body[..body.len() - 1]).unwrap_err();
    assert_eq!(cut.status(), 400);
    assert!(cut.to_string().contains("snappy"), "{cut}");
    // The framed format must not be used.
    let framed = b"\xff\x06\x00\x00sNaPpY";
    assert_eq!(read(Some("snappy"), framed).unwrap_err().status(), 400);
}

#[test]
fn labels_that_are_not_in_order_are_put_in_order() {
    let received = v1(&[v1_series(
        &[("z", "1"), ("__name__", "up"), ("a", "2")],
        &[(5, 1.5), (6, 2.5)],
    )]);
    assert_eq!(
        shown(&received),
        [("up{a=\"2\",z=\"1\"}".into(), vec![(5, 1.5), (6, 2.5)])]
    );
    assert_eq!(received.status(), 204);
}

#[test]
fn what_is_wrong_is_refused_and_the_rest_is_kept() {
    let long = "x".repeat(5000);
    let received = v1(&[
        v1_series(&[("__name__", "a"), ("b", "1"), ("b", "2")], &[(1, 1.0)]),
        v1_series(&[("__name__", "a"), ("", "1")], &[(1, 1.0)]),
        v1_series(&[("__name__", "")], &[(1, 1.0)]),
        v1_series(&[("job", "x")], &[(1, 1.0), (2, 1.0)]),
        v1_series(&[("__name__", "NaN")], &[(1, 1.0)]),
        v1_series(&[("__name__", "a"), ("b", &long)], &[(1, 1.0)]),
        v1_series(
            &[("__name__", "a")],
            &[(32_503_680_000_000, 1.0), (i64::MIN, 1.0)],
        ),
        Encoder::default()
            .message(
                1,
                Encoder::default().text(1, "__name__").bytes(2, b"\xff\xfe"),
            )
            .message(2, sample(1, 1.0)),
        v1_series(&[("__name__", "good")], &[(1, 1.0)]),
    ]);
    let counts: Vec<_> = received.refused.counts().collect();
    assert_eq!(
        counts,
        [
            (Reason::EmptyLabelName, 1),
            (Reason::LabelTooLong, 1),
            (Reason::DuplicateLabel, 1),
            (Reason::NotUtf8, 1),
            (Reason::NoMetricName, 3),
            (Reason::NumberAsName, 1),
            (Reason::InTheFuture, 1),
            (Reason::Before1970, 1),
        ]
    );
    assert_eq!(shown(&received), [("good".into(), vec![(1, 1.0)])]);
    assert_eq!((received.written.samples, received.status()), (1, 400));
}

/// Prometheus 3 sends them unless it is told otherwise.
#[test]
fn names_of_any_letters_are_taken() {
    let labels = [("__name__", "http.size"), ("größe", "1"), ("job", "a")];
    let received = v1(&[v1_series(&labels, &[(1, 1.0)])]);
    assert_eq!((received.written.samples, received.status()), (1, 204));
    let series = received.batch.series().next().unwrap();
    let label = |name| series.labels.iter().find(|l| l.0 == name).map(|l| l.1);
    assert_eq!(label("größe"), Some("1"));
    assert_eq!(label("__name__"), Some("http.size"));
}

#[test]
fn a_value_of_another_wire_type_is_no_nought() {
    let wrong = [
        Encoder::default().varint(1, 7).varint(2, 1),
        Encoder::default().double(1, 7.0).text(2, "1"),
    ];
    for sample in wrong {
        let series = v1_series(&[("__name__", "a")], &[]).message(2, sample);
        let message = Encoder::default().message(1, series);
        let error = decode(Version::V1, &message.0, &Limits::default(), NOW_MS).unwrap_err();
        assert!(error.to_string().contains("wire type"), "{error}");
    }
}

#[test]
fn the_marker_of_an_end_keeps_its_bits() {
    let stale = f64::from_bits(STALE_BITS);
    let received = v1(&[v1_series(
        &[("__name__", "up")],
        &[(1, stale), (2, f64::NAN)],
    )]);
    let series = received.batch.series().next().unwrap();
    assert!(series.samples[0].is_stale() && !series.samples[1].is_stale());
}

#[test]
fn labels_in_unusual_forms_are_read_by_the_general_reader() {
    let long = "v".repeat(300);
    let value_first = Encoder::default().text(2, "1").text(1, "b");
    let without_value = Encoder::default().text(1, "c");
    let unknown = Encoder::default().text(1, "d").text(2, "é").varint(9, 7);
    let series = Encoder::default()
        .message(2, sample(1, 1.0))
        .message(1, Encoder::default().text(1, "__name__").text(2, "up"))
        .message(1, value_first)
        .message(1, without_value)
        .message(1, unknown)
        .message(1, Encoder::default().text(1, "e").text(2, &long))
        .varint(17, 3);
    let received = v1(&[series]);
    let wanted = format!("up{{b=\"1\",d=\"é\",e=\"{long}\"}}");
    assert_eq!(shown(&received), [(wanted, vec![(1, 1.0)])]);
}

#[test]
fn metadata_is_kept_and_exemplars_are_counted() {
    let metadata = Encoder::default()
        .varint(1, 1)
        .text(2, "requests_total")
        .text(4, "How many.")
        .text(5, "requests");
    let series = v1_series(&[("__name__", "requests_total")], &[(1, 1.0)]);
    let request = Encoder::default()
        .message(1, series.message(3, Encoder::default()))
        .message(3, metadata);
    let received = decoded(Version::V1, &request).unwrap();
    let meta = &received.batch.meta[0];
    assert_eq!(
        (meta.kind, meta.help.as_str()),
        (MetricKind::Counter, "How many.")
    );
    assert_eq!((received.exemplars_dropped, received.status()), (1, 204));
    assert_eq!(received.written.exemplars, 0);
}

#[test]
fn a_message_that_is_cut_off_is_refused() {
    let request = Encoder::default().message(1, v1_series(&[("__name__", "up")], &[(1, 1.0)]));
    for end in 1..request.0.len() {
        let cut = decode(Version::V1, &request.0[..end], &Limits::default(), NOW_MS);
        assert_eq!(cut.unwrap_err().status(), 400, "{end}");
    }
}

fn integer_histogram() -> Encoder {
    // Scale 0: (0.5, 1] 1, (1, 2] 3, gap, (4, 8] 2; one in the bucket of zero.
    Encoder::default()
        .varint(1, 7)
        .double(3, 18.5)
        .sint(4, 0)
        .double(5, 0.001)
        .varint(6, 1)
        .message(11, Encoder::default().sint(1, 0).varint(2, 2))
        .message(11, Encoder::default().sint(1, 1).varint(2, 1))
        .packed(12, &[zigzag(1), zigzag(2), zigzag(-1)])
        .varint(15, 1000)
}

#[test]
fn a_native_histogram_becomes_a_classic_one() {
    let series = v1_series(&[("__name__", "d"), ("job", "x")], &[]).message(4, integer_histogram());
    let received = v1(&[series]);
    let lines: Vec<_> = shown(&received)
        .into_iter()
        .map(|(labels, samples)| format!("{labels} {}", samples[0].1))
        .collect();
    assert_eq!(
        lines,
        [
            "d_bucket{job=\"x\",le=\"0.001\"} 1",
            "d_bucket{job=\"x\",le=\"0.5\"} 1",
            "d_bucket{job=\"x\",le=\"1\"} 2",
            "d_bucket{job=\"x\",le=\"2\"} 5",
            "d_bucket{job=\"x\",le=\"4\"} 5",
            "d_bucket{job=\"x\",le=\"8\"} 7",
            "d_bucket{job=\"x\",le=\"+Inf\"} 7",
            "d_sum{job=\"x\"} 18.5",
            "d_count{job=\"x\"} 7",
        ]
    );
    assert_eq!(
        (received.written.samples, received.written.histograms),
        (0, 1)
    );
}

#[test]
fn histograms_whose_parts_do_not_fit_are_refused() {
    let named = || v1_series(&[("__name__", "d")], &[]);
    let bad_scale = Encoder::default().sint(4, 30);
    let no_counts = Encoder::default()
        .varint(1, 5)
        .message(11, Encoder::default().varint(2, 2));
    let endless = Encoder::default().message(11, Encoder::default().varint(2, u64::MAX));
    let negative = Encoder::default()
        .message(11, Encoder::default().varint(2, 1))
        .packed(12, &[zigzag(-1)]);
    let more_than_count = integer_histogram().varint(1, 2);
    let far = Encoder::default()
        .varint(1, 1)
        .message(11, Encoder::default().sint(1, i64::MAX).varint(2, 1))
        .packed(12, &[zigzag(1)]);
    let future = integer_histogram().varint(15, 32_503_680_000_000);
    let histograms = [
        bad_scale,
        no_counts,
        endless,
        negative,
        more_than_count,
        far,
    ];
    let wrong = histograms.len() as u64;
    let series: Vec<_> = histograms
        .into_iter()
        .map(|h| named().message(4, h))
        .collect();
    let received = v1(&series);
    assert_eq!(received.refused.count(Reason::BadHistogram), wrong);
    assert!(received.batch.is_empty());
    let received = v1(&[named().message(4, future)]);
    assert_eq!(received.refused.count(Reason::InTheFuture), 1);
    let with_le = v1_series(&[("__name__", "d"), ("le", "1")], &[]);
    let received = v1(&[with_le.message(4, integer_histogram())]);
    assert_eq!(received.refused.count(Reason::DuplicateLabel), 1);
}

#[test]
fn listed_bounds_and_ends_of_histograms_are_read() {
    let listed = Encoder::default()
        .varint(1, 4)
        .double(3, 9.0)
        .sint(4, -53)
        .message(11, Encoder::default().sint(1, 1).varint(2, 2))
        .packed(12, &[zigzag(1), zigzag(2)])
        .packed_doubles(16, &[1.0, 5.0]);
    let received = v1(&[v1_series(&[("__name__", "d")], &[]).message(4, listed)]);
    let values: Vec<_> = shown(&received).into_iter().map(|(_, s)| s[0].1).collect();
    assert_eq!(values, [0.0, 1.0, 4.0, 9.0, 4.0]);
    let end = Encoder::default().fixed64(3, STALE_BITS).varint(15, 7);
    let received = v1(&[v1_series(&[("__name__", "d")], &[]).message(4, end)]);
    assert!(received.batch.series().all(|s| s.samples[0].is_stale()));
    let ended: Vec<_> = shown(&received).into_iter().map(|(name, _)| name).collect();
    assert_eq!(ended, ["d_bucket{le=\"+Inf\"}", "d_sum", "d_count"]);
    // Its buckets are known to whoever keeps them.
    let ended = &received.ended[0];
    assert_eq!((ended.labels.to_string().as_str(), ended.at_ms), ("d", 7));
}

#[test]
fn a_request_of_the_second_version_is_read() {
    let metadata = Encoder::default().varint(1, 3).varint(3, 1).varint(4, 2);
    let series = |name: u64| {
        Encoder::default()
            .packed(1, &[3, name])
            .message(2, sample(9, 4.0).varint(3, 1))
            .message(4, Encoder::default())
            .message(5, metadata.clone())
            .varint(6, 1)
    };
    let request = Encoder::default()
        .message(5, series(4))
        .message(5, series(5))
        .each(
            ["", "Help.", "seconds", "__name__", "d_bucket", "d_count"],
            |m, s| m.text(4, s),
        );
    let received = decoded(Version::V2, &request).unwrap();
    assert_eq!(
        shown(&received),
        [
            ("d_bucket".into(), vec![(9, 4.0)]),
            ("d_count".into(), vec![(9, 4.0)])
        ]
    );
    assert_eq!(received.batch.meta.len(), 1);
    let meta = &received.batch.meta[0];
    assert_eq!((meta.name.as_str(), meta.unit.as_str()), ("d", "seconds"));
    assert_eq!(
        (received.written.samples, received.exemplars_dropped),
        (2, 2)
    );
}

#[test]
fn references_that_point_nowhere_or_are_odd_are_refused() {
    let symbols = || Encoder::default().each(["", "__name__", "up"], |m, s| m.text(4, s));
    let series = |references: &[u64]| {
        Encoder::default()
            .packed(1, references)
            .message(2, sample(1, 1.0))
    };
    let request = symbols()
        .message(5, series(&[1, 3]))
        .message(5, series(&[u64::MAX, 2]))
        .message(5, series(&[1, 2, 1]))
        .message(5, Encoder::default().packed(1, &[1, 2]))
        // Not packed, as old writers of protobuf do it.
        .message(
            5,
            Encoder::default()
                .varint(1, 1)
                .varint(1, 2)
                .message(2, sample(1, 1.0)),
        );
    let received = decoded(Version::V2, &request).unwrap();
    let refused = &received.refused;
    assert_eq!(refused.count(Reason::SymbolOutOfBounds), 2);
    assert_eq!(refused.count(Reason::OddReferences), 1);
    assert_eq!(refused.count(Reason::NoSamples), 1);
    assert_eq!(shown(&received), [("up".into(), vec![(1, 1.0)])]);
    let not_empty = Encoder::default().text(4, "a");
    assert_eq!(decoded(Version::V2, &not_empty).unwrap_err().status(), 400);
}

#[test]
fn one_version_read_as_the_other_is_empty() {
    let old = Encoder::default().message(1, v1_series(&[("__name__", "up")], &[(1, 1.0)]));
    let new = v2_request(&[(vec![("__name__", "up")], vec![(1, 1.0)])]);
    assert!(decoded(Version::V2, &old).unwrap().batch.is_empty());
    assert!(decoded(Version::V1, &new).unwrap().batch.is_empty());
}

#[test]
fn too_many_series_are_an_error() {
    let limits = Limits {
        max_series: 2,
        ..Limits::default()
    };
    let request = Encoder::default().each(["a", "b", "c"], |m, name| {
        m.message(1, v1_series(&[("__name__", name)], &[(1, 1.0)]))
    });
    let error = decode(Version::V1, &request.0, &limits, NOW_MS).unwrap_err();
    assert_eq!(error.status(), 413);
}

proptest! {
    #[test]
    fn both_versions_bring_what_was_sent(
        series in proptest::collection::vec(
            (
                "[a-z_:][a-z0-9_:]{4,9}",
                proptest::collection::btree_map("[a-z][a-z0-9_]{0,5}", "\\PC{1,140}", 0..6),
                proptest::collection::vec((0..NOW_MS, any::<u64>()), 1..4),
            ),
            0..5,
        )
    ) {
        let owned: Vec<_> = series.iter().map(|(name, labels, samples)| {
            let mut pairs = vec![("__name__", name.as_str())];
            pairs.extend(labels.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            let samples: Vec<_> = samples.iter().map(|(at, bits)| (*at, f64::from_bits(*bits))).collect();
            (pairs, samples)
        }).collect();
        let request = Encoder::default()
            .each(&owned, |m, (pairs, samples)| m.message(1, v1_series(pairs, samples)));
        let mut expected = series::Batch::default();
        for (pairs, samples) in &owned {
            let samples = samples.iter().map(|(at_ms, value)| series::MetricSample { at_ms: *at_ms, value: *value });
            expected.push(&mut pairs.clone(), samples).unwrap();
        }
        for (version, request) in [(Version::V1, request), (Version::V2, v2_request(&owned))] {
            let received = decoded(version, &request).unwrap();
            prop_assert!(received.refused.is_empty(), "{}", received.refused);
            let bits = |batch: &series::Batch| batch.series().map(|s| {
                let samples: Vec<_> = s.samples.iter().map(|p| (p.at_ms, p.value.to_bits())).collect();
                (s.labels.to_labels(), samples)
            }).collect::<Vec<_>>();
            prop_assert_eq!(bits(&received.batch), bits(&expected));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for version in [Version::V1, Version::V2] {
            let _ = decode(version, &bytes, &Limits::default(), NOW_MS);
            let _ = receive(version, None, &bytes, &Limits::default(), NOW_MS, &mut Scratch::default());
        }
    }

    #[test]
    fn a_request_with_some_bytes_changed_is_read_without_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let series = v1_series(&[("__name__", "d"), ("job", "x")], &[(1, 2.0)]).message(4, integer_histogram());
        let one = Encoder::default().message(1, series).0;
        let two = v2_request(&[(vec![("__name__", "up"), ("a", "b")], vec![(1, 1.0)])])
            .message(5, Encoder::default().packed(1, &[1, 2]).message(3, integer_histogram())).0;
        for (version, mut bytes) in [(Version::V1, one), (Version::V2, two)] {
            for (index, byte) in &changes {
                let at = index.index(bytes.len());
                bytes[at] = *byte;
            }
            let _ = decode(version, &bytes, &Limits::default(), NOW_MS);
        }
    }
}

#[test]
fn lists_without_end_take_no_memory() {
    let limits = Limits {
        max_objects: 100,
        max_samples: 100,
        ..Limits::default()
    };
    let read = |version, message: Encoder| decode(version, &message.0, &limits, NOW_MS);
    let symbols = Encoder::default().each(0..101, |m, _| m.text(4, ""));
    assert_eq!(read(Version::V2, symbols).unwrap_err().status(), 413);
    let samples = Encoder::default().each(0..101, |m, _| m.bytes(2, b""));
    for (version, field) in [(Version::V1, 1), (Version::V2, 5)] {
        let request = Encoder::default().message(field, samples.clone());
        assert_eq!(read(version, request).unwrap_err().status(), 400);
    }
    let references = Encoder::default().packed(1, &vec![0; 70_000]);
    let request = Encoder::default().message(5, references);
    assert_eq!(read(Version::V2, request).unwrap_err().status(), 400);
    for label in [
        Encoder::default(),
        Encoder::default().text(1, "a").text(2, "b"),
    ] {
        let labels = Encoder::default().each(0..500, |m, _| m.message(1, label.clone()));
        let request = Encoder::default().message(1, labels.message(2, sample(1, 1.0)));
        let received = read(Version::V1, request).unwrap();
        assert_eq!(received.refused.count(Reason::TooManyLabels), 1);
    }
}
