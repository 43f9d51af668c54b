//! Samples as JSON.

use ingest::samples::{MAX_SAMPLES, SamplesError, parse};

const NOW_US: i64 = 1_795_255_200_000_000; // 2026-11-21T10:00:00Z

#[test]
fn an_object_an_array_and_lines_bring_the_same_samples() {
    let one =
        r#"{"name":"orders","labels":{"shop":"eu"},"at":"2026-11-21T10:00:00Z","value":12.5}"#;
    let two = r#"{"name":"orders","value":3}"#;
    let bodies = [
        format!("{{\"samples\":[{one},{two}]}}"),
        format!("[{one},{two}]"),
        format!("{one}\n\n{two}\r\n"),
    ];
    for body in bodies {
        let batch = parse(body.as_bytes(), NOW_US).unwrap();
        assert!(batch.refused.is_empty(), "{:?}", batch.refused);
        assert_eq!(batch.accepted.len(), 2);
        assert_eq!(batch.accepted[0].at_us, NOW_US);
        assert_eq!(batch.accepted[0].labels["shop"], "eu");
        assert_eq!(
            (batch.accepted[1].at_us, batch.accepted[1].value.to_bits()),
            (NOW_US, 3f64.to_bits())
        );
    }
    assert_eq!(parse(two.as_bytes(), NOW_US).unwrap().accepted.len(), 1);
}

#[test]
fn numbers_are_seconds_milliseconds_or_microseconds_by_their_size() {
    let at = |at: &str| {
        let body = format!(r#"[{{"name":"a","at":{at},"value":1}}]"#);
        let batch = parse(body.as_bytes(), NOW_US).unwrap();
        batch
            .accepted
            .first()
            .map(|sample| sample.at_us)
            .ok_or_else(|| batch.refused[0].reason.clone())
    };
    assert_eq!(at("1726700400"), Ok(1_726_700_400_000_000));
    assert_eq!(at("1726700400.25"), Ok(1_726_700_400_250_000));
    assert_eq!(at("1726700400123"), Ok(1_726_700_400_123_000));
    assert_eq!(at("null"), Ok(NOW_US));
    assert_eq!(at("1726700400123456"), Ok(1_726_700_400_123_456));
    // The last second of 2200 is after the clock, in each unit.
    for late in ["7289654399", "7289654399000", "7289654399000000"] {
        assert!(at(late).unwrap_err().contains("future"), "{late}");
    }
    assert!(
        at("1726700400123456789")
            .unwrap_err()
            .contains("seconds, milliseconds or microseconds")
    );
    assert!(at("-1").unwrap_err().contains("before 1970"));
    assert!(at("1795400000").unwrap_err().contains("future"));
    assert!(
        at("\"2026-11-21 10:00\"")
            .unwrap_err()
            .contains("not a time")
    );
}

#[test]
fn a_bad_sample_is_refused_by_itself_with_its_position() {
    let body = r#"{"samples":[
        {"name":"ok","value":1}, {"value":1}, {"name":"a b","value":1}, {"name":"a"},
        {"name":"a","value":"1"}, {"name":"a","value":1,"labels":{"1x":"y"}},
        {"name":"a","value":1,"labels":{"x":1}}, {"name":"a","value":1,"timestamp":5}, 7,
        {"name":"a","value":1,"labels":{"__name__":"y"}}, {"name":"ok2","value":-1e-3}
    ]}"#;
    let batch = parse(body.as_bytes(), NOW_US).unwrap();
    assert_eq!(batch.accepted.len(), 2);
    let indices: Vec<u32> = batch.refused.iter().map(|refused| refused.index).collect();
    assert_eq!(indices, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(batch.refused[6].reason.contains("timestamp"));
    let alone = parse(br#"{"name":"a","value":1,"timestamp":5}"#, NOW_US).unwrap();
    assert_eq!(alone.refused.len(), 1);
}

#[test]
fn a_body_that_is_no_batch_is_refused_as_a_whole() {
    let error = |body: &str| parse(body.as_bytes(), NOW_US).unwrap_err();
    assert!(matches!(error(""), SamplesError::NoSamples));
    assert!(matches!(error("{}"), SamplesError::NoSamples));
    assert!(matches!(error("5"), SamplesError::NoSamples));
    assert!(matches!(
        error("[{\"name\":"),
        SamplesError::NotJson { line: 1, .. }
    ));
    assert!(matches!(
        error("{\n\"samples\": [}"),
        SamplesError::NotJson { line: 2, .. }
    ));
    let many = format!("[{}1]", "1,".repeat(MAX_SAMPLES));
    assert!(matches!(error(&many), SamplesError::TooMany { .. }));
}

#[test]
fn a_broken_line_among_lines_is_refused_by_itself() {
    let body = "{\"name\":\"a\",\"value\":1}\n{\"name\":\n{\"name\":\"a\",\"value\":1}\n";
    let batch = parse(body.as_bytes(), NOW_US).unwrap();
    assert_eq!((batch.accepted.len(), batch.refused[0].index), (2, 1));
    assert!(batch.refused[0].reason.contains("not JSON"));
}
