//! Samples: what went in comes out, thinned or not.

use std::collections::BTreeMap;

use api::{Instant, Point, Range, SeriesId, SourceKind};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use store::{RecordStats, Retain, Store};

use crate::harness::{Home, S, at, filled, on_both};

on_both!(
    samples_read_back_what_a_map_says,
    samples_that_are_not_finite_or_have_no_series_are_ignored,
    values_keep_every_bit,
    more_than_the_cap_answers_the_newest,
    buckets_sum_up_what_a_loop_sums_up,
    buckets_of_no_time_and_of_all_time_do_not_overflow,
    sparks_show_the_last_sample_of_each_slot,
    old_samples_go_and_the_ends_follow,
    writers_of_the_same_series_do_not_block_each_other_for_ever,
);

const EVER: Range = Range {
    from: Instant(i64::MIN),
    to: Instant(i64::MAX),
};

fn range(from: i64, to: i64) -> Range {
    Range {
        from: at(from),
        to: at(to),
    }
}

type Model = BTreeMap<(usize, i64), f64>;

/// Batches of (series, second, value), with many duplicates within and between them.
fn batches() -> impl Strategy<Value = Vec<Vec<(usize, i64, f64)>>> {
    let sample = (0..3_usize, 0..400_i64, -1e9..1e9_f64);
    prop::collection::vec(prop::collection::vec(sample, 0..1_500), 1..5)
}

async fn samples_read_back_what_a_map_says(Home { store, .. }: Home) {
    let mut runner = TestRunner::deterministic();
    for case in 0..8 {
        let (_, ids) = filled(&store, &case.to_string(), 3).await;
        let mut model = Model::new();
        for batch in batches().new_tree(&mut runner).unwrap().current() {
            let before = model.len();
            model.extend(batch.iter().map(|&(i, second, value)| ((i, second), value)));
            let batch: Vec<_> = batch.iter().map(|&(i, s, v)| (&ids[i], at(s), v)).collect();
            let stats = store.record(&batch, at(1)).await.unwrap();
            let new = (model.len() - before) as u64;
            let replaced = batch.len() as u64 - new;
            assert_eq!(
                stats,
                RecordStats {
                    new,
                    replaced,
                    ignored: 0
                }
            );
        }
        for (i, id) in ids.iter().enumerate() {
            agrees(&store, id, i, &model).await;
        }
    }
}

/// The series' samples, counts and ends are what the model says.
async fn agrees(store: &Store, id: &SeriesId, i: usize, model: &Model) {
    let expected: Vec<(i64, f64)> = model
        .range((i, 0)..(i + 1, 0))
        .map(|(&(_, s), &v)| (at(s).micros(), v))
        .collect();
    assert_eq!(store.samples(id, EVER, u32::MAX).await.unwrap(), expected);
    let part: Vec<(i64, f64)> = expected
        .iter()
        .copied()
        .filter(|(t, _)| (at(100).micros()..at(200).micros()).contains(t))
        .collect();
    assert_eq!(
        store.samples(id, range(100, 200), u32::MAX).await.unwrap(),
        part
    );
    assert_eq!(
        store.count(id, range(100, 200)).await.unwrap(),
        part.len() as u64
    );
    let tail = &expected[expected.len().saturating_sub(7)..];
    assert_eq!(store.last_n(id, 7).await.unwrap(), tail);
    let series = store.series(id).await.unwrap().unwrap();
    let last = expected.last().map(|&(t, v)| Point {
        at: Instant(t),
        value: Some(v),
    });
    assert_eq!(series.last, last);
    assert_eq!(series.first_at, expected.first().map(|&(t, _)| Instant(t)));
}

async fn samples_that_are_not_finite_or_have_no_series_are_ignored(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    let gone = SeriesId::from("none");
    let batch = [
        (&ids[0], at(1), f64::NAN),
        (&ids[0], at(2), f64::INFINITY),
        (&gone, at(3), 1.0),
        (&ids[0], at(4), 4.0),
    ];
    let stats = store.record(&batch, at(5)).await.unwrap();
    assert_eq!(
        stats,
        RecordStats {
            new: 1,
            replaced: 0,
            ignored: 3
        }
    );
    assert_eq!(
        store.samples(&ids[0], EVER, 9).await.unwrap(),
        [(at(4).micros(), 4.0)]
    );
    assert_eq!(store.samples(&gone, EVER, 9).await.unwrap(), []);
    assert_eq!(
        store.record(&[], at(5)).await.unwrap(),
        RecordStats::default()
    );
}

async fn values_keep_every_bit(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    let values = [
        0.1 + 0.2,
        f64::MIN_POSITIVE,
        f64::MAX,
        -1.0 / 3.0,
        9_007_199_254_740_993.0,
        5e-324,
    ];
    for found in bits_read_back(&store, &ids[0], &values).await {
        assert!(found == bits(&values));
    }
    // Any pattern of bits is as likely as another, so that most have digits to the last.
    let mut runner = TestRunner::deterministic();
    let any = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL;
    let mut any = |count| {
        let values = prop::collection::vec(any, count).new_tree(&mut runner);
        values.unwrap().current()
    };
    // What people measure, and whatever else there is: they are read in different ways.
    let usual = |value: &f64| value.abs() > 1e-14 && value.abs() < 1e14;
    let usual: Vec<f64> = any(200_000).into_iter().filter(usual).collect();
    assert!(usual.len() > 5_000);
    for values in [usual, any(5_000)] {
        let (_, ids) = filled(&store, &values.len().to_string(), 1).await;
        for found in bits_read_back(&store, &ids[0], &values).await {
            assert!(found == bits(&values));
        }
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Keeps these, and answers how they are read in each way there is.
async fn bits_read_back(store: &Store, id: &SeriesId, values: &[f64]) -> [Vec<u64>; 2] {
    let batch: Vec<_> = (0..).zip(values).map(|(i, v)| (id, at(i), *v)).collect();
    store.record(&batch, at(0)).await.unwrap();
    let range = store.samples(id, EVER, u32::MAX).await.unwrap();
    let last = store.last_n(id, u32::MAX).await.unwrap();
    [range, last].map(|found| found.iter().map(|(_, value)| value.to_bits()).collect())
}

async fn more_than_the_cap_answers_the_newest(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    let batch: Vec<_> = (0..10).map(|i| (&ids[0], at(i), i as f64)).collect();
    store.record(&batch, at(0)).await.unwrap();
    let found = store.samples(&ids[0], range(0, 8), 3).await.unwrap();
    assert_eq!(
        found.iter().map(|s| s.1).collect::<Vec<_>>(),
        [5.0, 6.0, 7.0]
    );
}

async fn buckets_sum_up_what_a_loop_sums_up(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    // A gap from 40 to 60, and a second series that must not be seen.
    let value = |i: i64| ((i * 7_919) % 101) as f64;
    let seconds: Vec<i64> = (0..100).filter(|i| !(40..60).contains(i)).collect();
    let batch: Vec<_> = seconds
        .iter()
        .map(|&i| (&ids[0], at(i), value(i)))
        .collect();
    store.record(&batch, at(0)).await.unwrap();
    store.record(&[(&ids[1], at(5), 1e6)], at(0)).await.unwrap();

    let found = store.buckets(&ids[0], range(5, 95), 9).await.unwrap();
    let begins: Vec<i64> = [5, 15, 25, 35, 55, 65, 75, 85].to_vec();
    assert_eq!(
        found.iter().map(|b| b.at).collect::<Vec<_>>(),
        begins.iter().map(|&b| at(b)).collect::<Vec<_>>()
    );
    for (bucket, begin) in found.iter().zip(begins) {
        let inside: Vec<i64> = seconds
            .iter()
            .copied()
            .filter(|s| (begin..begin + 10).contains(s))
            .collect();
        let values: Vec<f64> = inside.iter().map(|&s| value(s)).collect();
        assert_eq!(bucket.count, inside.len() as u64);
        assert_eq!(
            (bucket.first_at, bucket.last_at),
            (at(inside[0]), at(inside[inside.len() - 1]))
        );
        assert_eq!(
            (bucket.first, bucket.last),
            (values[0], values[values.len() - 1])
        );
        let low = values.iter().copied().fold(f64::MAX, f64::min);
        let high = values.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = values.iter().sum();
        assert_eq!((bucket.min, bucket.max, bucket.sum), (low, high, sum));
    }
}

async fn buckets_of_no_time_and_of_all_time_do_not_overflow(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    store.record(&[(&ids[0], at(1), 1.0)], at(0)).await.unwrap();
    assert_eq!(store.buckets(&ids[0], range(5, 5), 10).await.unwrap(), []);
    assert_eq!(store.buckets(&ids[0], range(5, 1), 10).await.unwrap(), []);
    assert_eq!(store.buckets(&ids[0], EVER, 0).await.unwrap().len(), 1);
    let sparks = store.sparks(&ids, EVER.from, EVER.to, 4).await.unwrap();
    assert_eq!(sparks[0].iter().flatten().count(), 1);
}

async fn sparks_show_the_last_sample_of_each_slot(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 3).await;
    let batch = [
        (&ids[0], at(0), 1.0),
        (&ids[0], at(9), 2.0),
        (&ids[0], at(10), 3.0),
        (&ids[0], at(30), 4.0),
        (&ids[1], at(39), 5.0),
        (&ids[1], at(40), 6.0),
    ];
    store.record(&batch, at(0)).await.unwrap();
    let asked = [
        ids[2].clone(),
        ids[1].clone(),
        ids[0].clone(),
        "none".into(),
        ids[0].clone(),
    ];
    let sparks = store.sparks(&asked, at(0), at(40), 4).await.unwrap();
    let first = vec![Some(2.0), Some(3.0), None, Some(4.0)];
    assert_eq!(sparks[0], [None; 4]);
    assert_eq!(sparks[1], [None, None, None, Some(5.0)]);
    assert_eq!(sparks[2], first);
    assert_eq!(sparks[3], [None; 4]);
    assert_eq!(sparks[4], first);
}

async fn old_samples_go_and_the_ends_follow(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    let batch: Vec<_> = (0..25_000).map(|i| (&ids[0], at(i), 1.0)).collect();
    store.record(&batch, at(0)).await.unwrap();
    store.record(&[(&ids[1], at(3), 3.0)], at(0)).await.unwrap();
    let one = Retain::Series(ids[0].clone());
    assert_eq!(store.delete_before(&one, at(24_000)).await.unwrap(), 24_000);
    assert_eq!(store.delete_before(&one, at(24_000)).await.unwrap(), 0);
    let series = store.series(&ids[0]).await.unwrap().unwrap();
    assert_eq!(series.first_at, Some(at(24_000)));
    assert_eq!(
        store
            .delete_before(&Retain::Kind(SourceKind::Host), at(99_999))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        store
            .delete_before(&Retain::Kind(SourceKind::Push), at(99_999))
            .await
            .unwrap(),
        1_001
    );
    let series = store.series(&ids[1]).await.unwrap().unwrap();
    assert_eq!((series.first_at, series.last), (None, None));
}

async fn writers_of_the_same_series_do_not_block_each_other_for_ever(home: Home) {
    let (_, ids) = filled(&home.store, "a", 20).await;
    let other = home.open_again().await;
    let mut writers = Vec::new();
    for w in 0..4_i64 {
        let store = if w % 2 == 0 {
            home.store.clone()
        } else {
            other.clone()
        };
        let mut ids = ids.clone();
        if w >= 2 {
            ids.reverse();
        }
        writers.push(tokio::spawn(async move {
            for round in 0..10 {
                let batch: Vec<_> = ids.iter().map(|id| (id, at(round), w as f64)).collect();
                store.record(&batch, at(round)).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(home.count("select count(*) from sample").await, 200);
    assert_eq!(
        home.store.samples(&ids[0], EVER, 99).await.unwrap()[9].0,
        at(0).micros() + 9 * S
    );
    other.close().await;
}
