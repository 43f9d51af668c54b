//! What the caller is promised besides the answer: limits, an end on request, one read a selector.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

mod memory;

use memory::Memory;
use query::{AnswerType, Engine, Limits, Query, QueryError, Samples, Select, SelectedSeries, Stop};
use std::cell::{Cell, RefCell};

fn memory() -> Memory {
    let mut memory = Memory::default();
    for a in ["1", "2", "3"] {
        let samples = (0..100).map(|n| (n * 15_000, 1.0));
        memory.push(&[("__name__", "m"), ("a", a)], samples);
    }
    memory
}

fn limited(limits: Limits) -> Engine {
    Engine {
        limits,
        ..Engine::default()
    }
}

const RANGE: (i64, i64, i64) = (0, 1_000_000, 10_000);

#[test]
fn each_limit_ends_in_its_error() {
    let memory = memory();
    let samples = limited(Limits {
        max_samples: 250,
        ..Limits::default()
    });
    let series = limited(Limits {
        max_series: 2,
        ..Limits::default()
    });
    for (engine, text) in [
        (&samples, "m"),
        (&series, "m"),
        (&samples, "vector(1)[1h:1s]"),
    ] {
        let refused = if text.ends_with(']') {
            engine.instant(text, 0, &memory, &|| None)
        } else {
            engine.range(text, RANGE, &memory, &|| None)
        };
        assert!(
            matches!(refused, Err(QueryError::TooMuch(_))),
            "{refused:?}"
        );
    }
    let fine = samples.range("m{a=\"1\"}", RANGE, &memory, &|| None);
    assert_eq!(fine.unwrap().samples(), 101);
}

#[test]
fn a_range_has_so_many_points_and_runs_forward() {
    let memory = memory();
    let engine = Engine::default();
    for range in [
        (0, 11_001_000, 1_000),
        (10, 0, 1),
        (0, 10, 0),
        (0, 10, -1),
        (i64::MIN, i64::MAX, 1),
    ] {
        let refused = engine.range("m", range, &memory, &|| None);
        assert!(matches!(refused, Err(QueryError::BadData(_))), "{range:?}");
    }
    assert!(
        engine
            .range("m", (0, 11_000_000, 1_000), &memory, &|| None)
            .is_ok()
    );
}

#[test]
fn the_caller_ends_an_evaluation() {
    let memory = memory();
    for (stop, status) in [(Stop::Cancelled, "canceled"), (Stop::TimedOut, "timeout")] {
        let asked = Cell::new(0);
        let after_some = || {
            asked.set(asked.get() + 1);
            (asked.get() > 3).then_some(stop)
        };
        let ended = Engine::default().range("sum(rate(m[5m]))", RANGE, &memory, &after_some);
        assert_eq!(ended.unwrap_err().error_type(), status);
    }
}

/// Remembers what it was asked.
struct Asked {
    memory: Memory,
    selects: RefCell<Vec<(i64, i64, i64, &'static str)>>,
}

impl Samples for Asked {
    type Error = String;

    fn select(&self, wanted: &Select<'_>) -> Result<Vec<SelectedSeries>, String> {
        self.selects.borrow_mut().push((
            wanted.from_ms,
            wanted.to_ms,
            wanted.range_ms,
            wanted.function,
        ));
        if wanted
            .matchers
            .iter()
            .any(|matcher| matcher.value() == "broken")
        {
            return Err("the disk is gone".into());
        }
        Ok(self.memory.select(wanted).unwrap())
    }
}

#[test]
fn each_selector_reads_once_for_the_whole_range() {
    let asked = Asked {
        memory: memory(),
        selects: RefCell::default(),
    };
    let text = "rate(m[5m] offset 1m) + m and max_over_time(m[10m:1m] @ end())";
    let engine = Engine::default();
    engine
        .range(text, (600_000, 1_234_000, 10_000), &asked, &|| None)
        .unwrap();
    assert_eq!(
        *asked.selects.borrow(),
        [
            (240_000, 1_174_000 - 4_000, 300_000, "rate"),
            (300_000, 1_230_000, 0, ""),
            (660_000 - 300_000, 1_200_000, 0, ""),
        ]
    );
}

#[test]
fn a_failing_store_says_why() {
    let asked = Asked {
        memory: memory(),
        selects: RefCell::default(),
    };
    let failed = Engine::default()
        .instant("broken", 0, &asked, &|| None)
        .unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the samples cannot be read: the disk is gone"
    );
    assert_eq!((failed.error_type(), failed.status()), ("internal", 500));
}

#[test]
fn only_a_selector_is_one() {
    for (text, is) in [
        ("up", true),
        ("{job=\"a\"}", true),
        ("up[5m]", false),
        ("up offset 5m", false),
        ("rate(up[5m])", false),
        ("up + up", false),
        ("1", false),
    ] {
        assert_eq!(Query::parse(text).unwrap().is_selector(), is, "{text}");
    }
}

#[test]
fn a_query_tells_what_it_reads_and_answers() {
    let query = Query::parse("sum(rate(m{a=\"1\"}[5m])) / on(a) time() or up").unwrap_err();
    assert_eq!(query.status(), 400);
    let query = Query::parse("sum(rate(m{a=\"1\"}[5m])) or topk(scalar(k), up)").unwrap();
    let names: Vec<&str> = query.selectors().iter().map(|all| all[0].value()).collect();
    assert_eq!(names, ["m", "k", "up"]);
    assert_eq!(query.answer_type(), AnswerType::Vector);
    for (text, answers) in [
        ("1 + 1", AnswerType::Scalar),
        ("\"x\"", AnswerType::Text),
        ("m[5m]", AnswerType::Matrix),
        ("-m", AnswerType::Vector),
    ] {
        assert_eq!(Query::parse(text).unwrap().answer_type(), answers);
    }
}
