//! Lines as the reference shows them, and as they should not be.

use proptest::prelude::*;

use super::*;

const NOW_MS: i64 = 1_800_000_000_000;

fn read(body: &str, precision: Precision) -> Received {
    parse(body.as_bytes(), precision, &Limits::default(), NOW_MS).unwrap()
}

fn shown(received: &Received) -> Vec<String> {
    let series = received.batch.series();
    series
        .map(|s| {
            format!(
                "{} {} @{}",
                s.labels, s.samples[0].value, s.samples[0].at_ms
            )
        })
        .collect()
}

#[test]
fn each_field_is_a_series() {
    let received = read(
        "weather,location=us-midwest,season=summer temperature=82,humidity=71i,ok=T,n=7u,note=\"fine\" 1465839830100400200\n",
        Precision::Nanoseconds,
    );
    let labels = "{location=\"us-midwest\",season=\"summer\"}";
    assert_eq!(
        shown(&received),
        [
            format!("weather_temperature{labels} 82 @1465839830100"),
            format!("weather_humidity{labels} 71 @1465839830100"),
            format!("weather_ok{labels} 1 @1465839830100"),
            format!("weather_n{labels} 7 @1465839830100"),
        ]
    );
    assert_eq!(received.refused.count(Reason::TextField), 1);
    assert_eq!(received.status(), 204);
}

#[test]
fn escapes_are_resolved() {
    let received = read(
        r#"my\,own\ place,a\,b=c\=d\ e,path=C:\x f\=g=1,s="a \"b\", c\\",h=2"#,
        Precision::Nanoseconds,
    );
    let labels = r#"{a_b="c=d e",path="C:\\x"}"#;
    assert_eq!(
        shown(&received),
        [
            format!("my_own_place_f_g{labels} 1 @{NOW_MS}"),
            format!("my_own_place_h{labels} 2 @{NOW_MS}"),
        ]
    );
    assert_eq!(received.refused.count(Reason::TextField), 1);
}

#[test]
fn a_text_may_go_over_lines_and_the_numbers_of_lines_stay_right() {
    let received = read(
        "a s=\"one\ntwo\n\",v=1 1000000000\n\n# a \"comment\nb v=x\nc v=2 1000000000\n",
        Precision::Seconds,
    );
    assert_eq!(
        shown(&received),
        ["a_v 1 @1000000000000", "c_v 2 @1000000000000"]
    );
    let (reason, example) = &received.refused.examples()[1];
    assert_eq!(*reason, Reason::BadLine);
    assert!(example.starts_with("line 6: "), "{example}");
}

#[test]
fn a_quotation_mark_that_is_not_closed_spoils_one_line() {
    let received = read("a s=\"one\nb v=1\nc v=2\n", Precision::Nanoseconds);
    assert_eq!(received.written.samples, 2);
    assert_eq!(received.refused.count(Reason::BadLine), 1);
    let received = read("a,t=\"x v=1\nb v=2\n", Precision::Nanoseconds);
    assert_eq!(received.written.samples, 2);
}

#[test]
fn wrong_lines_are_refused_with_their_numbers() {
    for line in [
        "a",
        "a ",
        " ,t=1 v=1",
        "a,t v=1",
        "a,=1 v=1",
        "a,t= v=1",
        "a v",
        "a =1",
        "a v=",
        "a v=1,",
        "a v=1x",
        "a v=i",
        "a v=1.5i",
        "a v=-1u",
        "a v=NaN",
        "a v=inf",
        "a v=1 x",
        "a v=1 1 2",
        "a v=\"x\"y",
        "a v=9223372036854775808i",
    ] {
        let received = read(&format!("good v=1\n{line}\n"), Precision::Nanoseconds);
        assert_eq!(received.refused.count(Reason::BadLine), 1, "{line}");
        assert_eq!(received.written.samples, 1, "{line}");
        assert!(received.refused.to_string().contains("line 2"), "{line}");
        assert_eq!(received.status(), 400);
    }
}

#[test]
fn both_spellings_of_the_precision_are_known() {
    for (words, ms) in [
        (&["", "n", "ns"][..], 1_500_000_000_000_i64),
        (&["u", "us", "µ"], 1_500_000_000_000),
        (&["ms"], 1_500_000_000_000),
        (&["s"], 1_500_000_000_000),
    ] {
        for word in words {
            let precision = Precision::from_parameter(Some(word)).unwrap();
            let time = match precision {
                Precision::Nanoseconds => "1500000000000999999",
                Precision::Microseconds => "1500000000000999",
                Precision::Milliseconds => "1500000000000",
                _ => "1500000000",
            };
            let received = read(&format!("a v=1 {time}"), precision);
            assert_eq!(shown(&received), [format!("a_v 1 @{ms}")], "{word}");
        }
    }
    assert_eq!(
        Precision::from_parameter(Some("h")).unwrap().to_ms(2),
        7_200_000
    );
    assert_eq!(
        Precision::from_parameter(Some("m")).unwrap().to_ms(2),
        120_000
    );
    assert_eq!(
        Precision::from_parameter(Some("d")).unwrap_err().status(),
        400
    );
}

#[test]
fn a_time_in_the_wrong_unit_is_refused() {
    let received = read("a v=1 1500000000000000000\n", Precision::Seconds);
    assert_eq!(received.refused.count(Reason::InTheFuture), 1);
    let received = read("a v=1 -1\n", Precision::Nanoseconds);
    assert_eq!(received.refused.count(Reason::Before1970), 1);
    // Nobody says a precision, and the numbers are seconds, milliseconds or microseconds.
    for time in [1_700_000_000, 1_700_000_000_000, 1_700_000_000_000_000_i64] {
        let received = read(&format!("a v=1 {time}\n"), Precision::Nanoseconds);
        assert_eq!(received.batch.samples(), 0);
        let (reason, example) = &received.refused.examples()[0];
        assert_eq!(*reason, Reason::BadLine);
        assert!(example.contains("precision=s, ms, us or ns"), "{example}");
    }
}

#[test]
fn tags_that_become_one_label_are_refused() {
    let received = read("a,x.y=1,x-y=2 v=1\n", Precision::Nanoseconds);
    assert_eq!(received.refused.count(Reason::DuplicateLabel), 1);
}

#[test]
fn answers_say_what_the_clients_look_for() {
    assert_eq!(
        answer(400, "a \"b\""),
        r#"{"code":"invalid","message":"a \"b\""}"#
    );
    assert_eq!(answer_v1("x"), r#"{"error":"x"}"#);
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(body in "([a-z,= \"\\\\\n#0-9.]{0,30}|\\PC{0,10}){0,6}") {
        let _ = read(&body, Precision::Hours);
    }

    #[test]
    fn any_bytes_are_read_without_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&body, Precision::Seconds, &Limits::default(), NOW_MS);
    }

    #[test]
    fn what_is_written_is_read(
        tags in proptest::collection::btree_map("[a-z]{1,5}", "[a-z ,=\"é]{1,8}", 0..4),
        value in -1e300..1e300_f64,
        at_ms in EARLIEST_MS..NOW_MS,
    ) {
        let escape = |text: &str| text.replace(',', "\\,").replace('=', "\\=").replace(' ', "\\ ");
        let tags_text: Vec<_> = tags.iter().map(|(k, v)| format!(",{k}={}", escape(v))).collect();
        let tags_text = tags_text.concat();
        let received = read(&format!("m{tags_text} v={value},w=\"x\" {at_ms}"), Precision::Milliseconds);
        let series = received.batch.series().next().unwrap();
        let got: std::collections::BTreeMap<_, _> = series.labels.iter()
            .filter(|(name, _)| *name != METRIC_NAME)
            .map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        prop_assert_eq!(got, tags);
        prop_assert_eq!(series.samples, [MetricSample { at_ms, value }]);
    }
}
