//! What must hold for any samples: identities between queries, and no panic on any text.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]

mod memory;

use memory::Memory;
use proptest::prelude::*;
use query::{Answer, Engine, RangeSeries};

const END_MS: i64 = 3_600_000;

/// Some series with samples at irregular instants of an hour, some of them saying that it ended.
fn any_memory() -> impl Strategy<Value = Memory> {
    let value = prop_oneof![
        20 => -1e6..1e6_f64,
        1 => Just(f64::from_bits(series::STALE_BITS)),
    ];
    let samples = proptest::collection::btree_map(0..END_MS, value, 0..60);
    proptest::collection::vec(samples, 1..8).prop_map(|all| {
        let mut memory = Memory::default();
        for (index, samples) in all.into_iter().enumerate() {
            let (a, b) = ((index % 3).to_string(), index.to_string());
            memory.push(&[("__name__", "m"), ("a", &a), ("b", &b)], samples);
        }
        memory
    })
}

fn range(memory: &Memory, text: &str) -> Vec<RangeSeries> {
    let answer = Engine::default().range(text, (0, END_MS + 400_000, 77_000), memory, &|| None);
    match answer {
        Ok(Answer::Matrix(series)) => series,
        other => panic!("{text}: {other:?}"),
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * (1.0 + a.abs().max(b.abs()))
}

/// Whether two queries answer the same series with the same samples.
fn agree(memory: &Memory, one: &str, other: &str) -> Result<(), TestCaseError> {
    let (ones, others) = (range(memory, one), range(memory, other));
    prop_assert_eq!(ones.len(), others.len(), "{} | {}", one, other);
    for (one, other) in ones.iter().zip(&others) {
        prop_assert_eq!(&one.labels, &other.labels);
        prop_assert_eq!(one.samples.len(), other.samples.len());
        for (a, b) in one.samples.iter().zip(&other.samples) {
            prop_assert!(
                a.at_ms == b.at_ms && near(a.value, b.value),
                "{:?} {:?}",
                a,
                b
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn queries_that_mean_the_same_answer_the_same(memory in any_memory()) {
        for (one, other) in [
            ("sum(sum by (a) (m))", "sum(m)"),
            ("sum(m) / count(m)", "avg(m)"),
            ("max(m)", "-min(-m)"),
            ("max(m)", "quantile(1, m)"),
            ("stddev(m) ^ 2", "stdvar(m)"),
            ("count(m)", "sum(m * 0 + 1)"),
            ("sum without (a, b) (m)", "sum(m)"),
            ("m and m", "m"),
            ("m or m", "m"),
            ("(m unless m) or m", "m"),
            ("m - m", "m * 0"),
            ("sum_over_time(m[10m]) / count_over_time(m[10m])", "avg_over_time(m[10m])"),
            ("increase(m[10m])", "rate(m[10m]) * 600"),
            ("max_over_time(m[10m])", "quantile_over_time(1, m[10m])"),
            ("last_over_time(m[10m]) * 1", "last_over_time(m[10m]) - 0"),
            ("clamp(m, -10, 10)", "clamp_min(clamp_max(m, 10), -10)"),
            ("topk(100, m)", "m"),
            ("count(count_values(\"v\", m)) > 0", "count(count by (v) (count_values(\"v\", m)))"),
            ("sum_over_time(m[10m] offset 5m)", "sum_over_time(m[5m] offset 5m) + sum_over_time(m[4m59s999ms] offset 10m1ms) or sum_over_time(m[10m] offset 5m)"),
        ] {
            agree(&memory, one, other)?;
        }
    }

    #[test]
    fn what_does_not_change_has_no_rate(value in 0.0..1e9_f64, count in 2..60_i64) {
        let mut memory = Memory::default();
        memory.push(&[("__name__", "m")], (0..count).map(|n| (n * 15_000, value)));
        for text in ["rate(m[5m])", "delta(m[5m])", "deriv(m[5m])", "irate(m[5m])", "changes(m[5m])", "stddev_over_time(m[5m])"] {
            for series in range(&memory, text) {
                for sample in series.samples {
                    prop_assert!(sample.value.abs() < 1e-6, "{} {:?}", text, sample);
                }
            }
        }
    }

    #[test]
    fn an_instant_is_a_range_of_one(memory in any_memory(), at_ms in 0..END_MS) {
        for text in ["m", "sum by (a) (rate(m[10m]))", "max_over_time(m[5m:1m])", "topk(2, m)"] {
            let engine = Engine::default();
            let instant = engine.instant(text, at_ms, &memory, &|| None).unwrap();
            let range = engine.range(text, (at_ms, at_ms, 1), &memory, &|| None).unwrap();
            let (Answer::Vector(mut instant), Answer::Matrix(range)) = (instant, range) else {
                panic!("{text}");
            };
            instant.sort_by(|a, b| a.labels.cmp(&b.labels));
            prop_assert_eq!(instant.len(), range.len());
            for (instant, range) in instant.iter().zip(&range) {
                prop_assert_eq!(&instant.labels, &range.labels);
                prop_assert_eq!(&[instant.sample][..], &range.samples[..]);
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9_(){}\\[\\]\"'=~!<>+*/%^@:., \\-]{0,60}") {
        let memory = Memory::default();
        let _ = Engine::default().range(&text, (0, 1_000, 100), &memory, &|| None);
    }

    #[test]
    fn no_words_make_it_panic(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..14)) {
        let text = words.join(" ");
        let mut memory = Memory::default();
        memory.push(&[("__name__", "m"), ("a", "1")], [(0, 1.0), (500, 2.0)]);
        let _ = Engine::default().range(&text, (-1_000, 1_000, 100), &memory, &|| None);
        let _ = Engine::default().instant(&text, i64::MIN, &memory, &|| None);
    }
}

const WORDS: &[&str] = &[
    "m",
    "m[1m]",
    "(",
    ")",
    "+",
    "-",
    "/",
    "^",
    "sum",
    "by",
    "(a)",
    "rate(",
    "time()",
    "5",
    "1e300",
    "NaN",
    "\"a\"",
    "@ end()",
    "@ -1",
    "offset 1m",
    "offset -290y",
    "[5m:1s]",
    "[1ms:]",
    "topk(",
    "quantile(",
    ",",
    "or",
    "and",
    "on",
    "group_left",
    "{a=\"1\"}",
    "{__name__=~\".+\"}",
    "label_replace(",
    "histogram_quantile(",
    "year(",
    "== bool",
    "holt_winters(",
];
