//! Bodies as targets show them, and as they should not.

use proptest::prelude::*;

use super::*;

const NOW_MS: i64 = 1_800_000_000_000;

fn target() -> Target {
    Target {
        labels: vec![
            ("job".into(), "api".into()),
            ("instance".into(), "a:1".into()),
        ],
        honor_labels: false,
        honor_timestamps: true,
    }
}

fn read(format: Format, body: &str, target: &Target) -> Scraped {
    parse(format, body.as_bytes(), target, &Limits::default(), NOW_MS).unwrap()
}

/// Series, time and value of each sample, as text.
fn shown(scraped: &Scraped) -> Vec<String> {
    let series = scraped.received.batch.series();
    series
        .flat_map(|s| {
            let line = move |p: &MetricSample| format!("{} {} @{}", s.labels, p.value, p.at_ms);
            s.samples.iter().map(line).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_example_of_the_text_format_is_read() {
    let body = r#"# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="+Inf"} 144320
rpc_duration_seconds{quantile="0.5",} 4773
"#;
    let scraped = read(
        Format::Text,
        body,
        &Target {
            honor_timestamps: true,
            ..Target::default()
        },
    );
    assert_eq!(
        shown(&scraped),
        [
            r#"http_requests_total{code="200",method="post"} 1027 @1395066363000"#.to_owned(),
            r#"http_requests_total{code="400",method="post"} 3 @1395066363000"#.into(),
            format!(
                r#"msdos_file_access_time_seconds{{error="Cannot find file:\n\"FILE.TXT\"",path="C:\\DIR\\FILE.TXT"}} 1458255915 @{NOW_MS}"#
            ),
            format!("metric_without_timestamp_and_labels 12.47 @{NOW_MS}"),
            format!(r#"http_request_duration_seconds_bucket{{le="+Inf"}} 144320 @{NOW_MS}"#),
            format!(r#"rpc_duration_seconds{{quantile="0.5"}} 4773 @{NOW_MS}"#),
        ]
    );
    assert_eq!(scraped.received.refused.count(Reason::Before1970), 1);
    assert_eq!(scraped.samples, 7);
    let meta = &scraped.received.batch.meta;
    assert_eq!(meta[0].kind, MetricKind::Counter);
    assert_eq!(meta[0].help, "The total number of HTTP requests.");
    assert_eq!(meta[1].kind, MetricKind::Histogram);
}

#[test]
fn open_metrics_is_read_with_its_suffixes_seconds_and_exemplars() {
    let body = "# TYPE foo counter\n# UNIT foo seconds\n# HELP foo It \\\"counts\\\".\n\
        foo_total{a=\"b\"} 17.0 1520879607.789 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n\
        foo_created{a=\"b\"} 1520430000.123\n# TYPE build info\nbuild_info{v=\"1\"} 1\n# EOF\n";
    let scraped = read(Format::OpenMetrics, body, &target());
    assert_eq!(
        shown(&scraped),
        [
            r#"foo_total{a="b",instance="a:1",job="api"} 17 @1520879607789"#.to_owned(),
            format!(r#"foo_created{{a="b",instance="a:1",job="api"}} 1520430000.123 @{NOW_MS}"#),
            format!(r#"build_info{{instance="a:1",job="api",v="1"}} 1 @{NOW_MS}"#),
        ]
    );
    assert_eq!(scraped.received.exemplars_dropped, 1);
    let meta = &scraped.received.batch.meta;
    assert_eq!(
        (meta[0].name.as_str(), meta[0].unit.as_str()),
        ("foo_total", "seconds")
    );
    assert_eq!(meta[0].help, "It \"counts\".");
    assert_eq!(
        (meta[1].name.as_str(), meta[1].kind),
        ("build_info", MetricKind::Info)
    );
}

#[test]
fn open_metrics_without_its_end_is_refused_and_text_needs_none() {
    let read = |format, body: &str| {
        parse(
            format,
            body.as_bytes(),
            &target(),
            &Limits::default(),
            NOW_MS,
        )
    };
    assert_eq!(read(Format::OpenMetrics, "a 1\n"), Err(BodyError::NoEnd));
    assert_eq!(
        read(Format::OpenMetrics, "a 1\n# EO"),
        Err(BodyError::NoEnd)
    );
    assert!(read(Format::OpenMetrics, "a 1\n# EOF").is_ok());
    assert_eq!(read(Format::Text, "a 1").unwrap().samples, 1);
}

#[test]
fn labels_of_the_target_win_unless_it_is_honoured() {
    let body = "m{job=\"own\",instance=\"\",exported_job=\"x\"} 1\n";
    assert_eq!(
        shown(&read(Format::Text, body, &target())),
        [format!(
            r#"m{{exported_exported_job="own",exported_job="x",instance="a:1",job="api"}} 1 @{NOW_MS}"#
        )]
    );
    let honoured = Target {
        honor_labels: true,
        ..target()
    };
    assert_eq!(
        shown(&read(Format::Text, body, &honoured)),
        [format!(r#"m{{exported_job="x",job="own"}} 1 @{NOW_MS}"#)]
    );
}

#[test]
fn times_are_left_aside_where_they_are_not_honoured() {
    let plain = Target {
        honor_timestamps: false,
        ..Target::default()
    };
    let scraped = read(Format::Text, "m 1 1395066363000\n", &plain);
    assert_eq!(shown(&scraped), [format!("m 1 @{NOW_MS}")]);
    assert_eq!(scraped.current.len(), 1);
    assert!(
        read(Format::Text, "m 1 1395066363000\n", &target())
            .current
            .is_empty()
    );
}

#[test]
fn odd_values_are_read_and_wrong_lines_are_counted() {
    let body = "a NaN\nb +Inf\nc -inf\nd\t1e3\t\n  e  .5\r\nf{} 0x10\ng\nh{a=1} 2\ni{a=\"1} 2\n\
        j{a=\"1\" 2\nk 1 2 3\nl one\n{} 1\nm{a} 1\n1n 2\no 1 1.5\n";
    let scraped = read(Format::Text, body, &Target::default());
    let names: Vec<_> = scraped
        .received
        .batch
        .series()
        .map(|s| s.labels.to_string())
        .collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    let refused = &scraped.received.refused;
    assert_eq!(refused.count(Reason::BadLine), 9);
    assert_eq!(refused.count(Reason::NoMetricName), 1);
    assert_eq!(refused.count(Reason::BadMetricName), 1);
    assert!(refused.examples()[0].1.starts_with("line 6: "), "{refused}");
    assert_eq!(scraped.samples, 16);
}

#[test]
fn a_line_that_is_not_utf8_is_refused_alone() {
    let scraped = parse(
        Format::Text,
        b"a{b=\"\xff\"} 1\nc 2\n",
        &Target::default(),
        &Limits::default(),
        NOW_MS,
    )
    .unwrap();
    assert_eq!(scraped.received.refused.count(Reason::NotUtf8), 1);
    assert_eq!(scraped.received.written.samples, 1);
}

#[test]
fn quoted_names_are_taken_where_any_text_is_a_name() {
    let limits = Limits {
        names: crate::metrics::NameScheme::Utf8,
        ..Limits::default()
    };
    let body = b"# TYPE \"my.metric\" gauge\n{\"my.metric\",\"label.one\"=\"1\"} 2\n";
    let scraped = parse(Format::Text, body, &Target::default(), &limits, NOW_MS).unwrap();
    assert_eq!(
        shown(&scraped),
        [format!("my.metric{{label.one=\"1\"}} 2 @{NOW_MS}")]
    );
    assert_eq!(scraped.received.batch.meta[0].name, "my.metric");
}

const COURSE: Course = Course {
    at_ms: NOW_MS,
    seconds: 0.25,
};

/// Each series with its value, stale ones as such, in the order of the batch.
fn lines(batch: &series::Batch) -> Vec<String> {
    let line = |s: series::BatchSeries<'_>| match s.samples {
        [sample] if sample.is_stale() => format!("{} ended", s.labels.metric()),
        [sample] => format!("{} {}", s.labels.metric(), sample.value),
        samples => panic!("{samples:?}"),
    };
    batch.series().map(line).collect()
}

#[test]
fn what_a_target_no_longer_shows_has_ended() {
    let mut first = read(Format::Text, "a 1\nb{x=\"1\"} 1\nc 1\nbad\n", &target());
    let memory = Memory::default().after(&mut first, &target(), COURSE);
    let reports = |up, shown, kept, added| {
        [
            format!("up {up}"),
            "scrape_duration_seconds 0.25".into(),
            format!("scrape_samples_scraped {shown}"),
            format!("scrape_samples_post_metric_relabeling {kept}"),
            format!("scrape_series_added {added}"),
        ]
    };
    let after = |text: &[&str], reports: [String; 5]| -> Vec<String> {
        let text = text.iter().map(|line| (*line).to_owned());
        text.chain(reports).collect()
    };
    assert_eq!(
        lines(&first.received.batch),
        after(&["a 1", "b 1", "c 1"], reports(1, 4, 3, 3))
    );
    let up = first.received.batch.series().nth(3).unwrap().labels;
    assert_eq!(up.to_string(), "up{instance=\"a:1\",job=\"api\"}");

    let mut second = read(Format::Text, "a 2\nd 1\n", &target());
    let memory = memory.after(&mut second, &target(), COURSE);
    assert_eq!(
        lines(&second.received.batch),
        after(&["a 2", "d 1", "b ended", "c ended"], reports(1, 2, 2, 1))
    );

    let (down, memory) = memory.after_failure(&target(), COURSE);
    assert_eq!(
        lines(&down),
        after(&["a ended", "d ended"], reports(0, 0, 0, 0))
    );
    let (still, memory) = memory.after_failure(&target(), COURSE);
    assert_eq!(lines(&still), reports(0, 0, 0, 0));

    // What returns is no news.
    let mut back = read(Format::Text, "a 3\ne 1\n", &target());
    let memory = memory.after(&mut back, &target(), COURSE);
    assert_eq!(
        lines(&back.received.batch),
        after(&["a 3", "e 1"], reports(1, 2, 2, 1))
    );
    let end = memory.at_end(&target(), NOW_MS);
    assert_eq!(end.samples(), 2 + 5);
    assert!(end.series().all(|s| s.samples[0].is_stale()));
}

#[test]
fn the_type_of_the_answer_says_its_format() {
    assert_eq!(
        Format::from_content_type(Some("application/openmetrics-text; version=1.0.0")),
        Format::OpenMetrics
    );
    assert_eq!(
        Format::from_content_type(Some("text/plain; version=0.0.4")),
        Format::Text
    );
    assert_eq!(Format::from_content_type(None), Format::Text);
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(body in "(\\PC{0,8}|[a-z#{}=\",\\\\ \n\t0-9.+-]{0,20}|# (TYPE|HELP|UNIT) ){0,12}") {
        for format in [Format::Text, Format::OpenMetrics] {
            let _ = parse(format, body.as_bytes(), &target(), &Limits::default(), NOW_MS);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(Format::Text, &body, &target(), &Limits::default(), NOW_MS);
    }

    #[test]
    fn what_is_written_is_read(
        labels in proptest::collection::btree_map("[a-z_]{1,6}", "[^\\pC]{1,9}|a\nb\"\\\\", 0..4),
        value in any::<f64>(),
    ) {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let pairs: Vec<_> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escape(v))).collect();
        let body = format!("m{{{}}} {value} 5\n", pairs.join(","));
        let scraped = read(Format::Text, &body, &Target { honor_timestamps: true, ..Target::default() });
        let series = scraped.received.batch.series().next().unwrap();
        let mut expected = labels.clone();
        expected.insert("__name__".into(), "m".into());
        let got: std::collections::BTreeMap<_, _> =
            series.labels.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        prop_assert_eq!(got, expected);
        prop_assert!(series.samples[0].value.to_bits() == value.to_bits() || value.is_nan());
    }

    #[test]
    fn a_series_ends_once_and_only_when_it_is_gone(
        scrapes in proptest::collection::vec(proptest::option::of(proptest::collection::btree_set("[a-e]", 0..5)), 1..8),
    ) {
        use std::collections::BTreeSet;
        let mut memory = Memory::default();
        let mut alive = BTreeSet::new();
        for shown in scrapes {
            let batch = if let Some(names) = &shown {
                let body: String = names.iter().flat_map(|name| [name, " 1\n"]).collect();
                let mut scraped = read(Format::Text, &body, &target());
                memory = memory.after(&mut scraped, &target(), COURSE);
                scraped.received.batch
            } else {
                let (batch, next) = memory.after_failure(&target(), COURSE);
                memory = next;
                batch
            };
            let now = shown.unwrap_or_default();
            let ended: BTreeSet<String> = batch
                .series()
                .filter(|s| s.samples[0].is_stale())
                .map(|s| s.labels.metric().to_owned())
                .collect();
            let gone: BTreeSet<String> = alive.difference(&now).cloned().collect();
            prop_assert_eq!(ended, gone);
            alive = now;
        }
    }
}
