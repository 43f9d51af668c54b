//! Properties of heads and of write-ahead records.

use std::collections::BTreeMap;

use chunks::{Accepted, Head, SeriesRef, wal};
use proptest::prelude::*;
use series::{MetricSample, STALE_BITS};

const WINDOW_MS: i64 = 1_000;

fn at(at_ms: i64, value: f64) -> MetricSample {
    MetricSample { at_ms, value }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-50i32..50).prop_map(f64::from),
        any::<u64>().prop_map(f64::from_bits),
        Just(f64::from_bits(STALE_BITS)),
    ]
}

fn bits(samples: impl IntoIterator<Item = (i64, f64)>) -> Vec<(i64, u64)> {
    samples.into_iter().map(|(t, v)| (t, v.to_bits())).collect()
}

fn read(head: &Head, from: i64, to: i64) -> Vec<(i64, u64)> {
    let mut out = Vec::new();
    head.read(from, to, &mut out);
    bits(out.iter().map(|s| (s.at_ms, s.value)))
}

proptest! {
    #[test]
    fn a_head_holds_the_last_of_each_instant_within_the_window(
        start in prop_oneof![Just(0i64), Just(1_700_000_000_000), any::<i32>().prop_map(i64::from)],
        sent in prop::collection::vec((-600i64..700, value()), 1..300),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut head = Head::new(120, None);
        let mut expected: BTreeMap<i64, f64> = BTreeMap::new();
        let (mut now, mut newest) = (start, i64::MIN);
        let cut = cut.index(sent.len());
        for (i, (step, value)) in sent.into_iter().enumerate() {
            if i == cut {
                head.clear(120);
                expected.clear();
            }
            now += step;
            let known = expected.contains_key(&now);
            let accepted = head.append(at(now, value), 0, WINDOW_MS);
            let wanted = if now > newest {
                Accepted::InOrder
            } else if now < newest - WINDOW_MS {
                Accepted::TooOld
            } else if known {
                Accepted::Duplicate
            } else {
                Accepted::Late
            };
            prop_assert_eq!(accepted, wanted);
            if accepted != Accepted::TooOld {
                expected.insert(now, value);
                newest = newest.max(now);
            }
        }
        prop_assert_eq!(read(&head, i64::MIN, i64::MAX), bits(expected.clone()));
        prop_assert_eq!(head.oldest_ms(), expected.keys().next().copied());
        let (from, to) = (start - 200, start + 900);
        prop_assert_eq!(read(&head, from, to), bits(expected.range(from..=to).map(|(t, v)| (*t, *v))));
    }

    #[test]
    fn a_record_comes_back(
        now: i64,
        sets in prop::collection::vec((any::<u32>(), prop::collection::vec((any::<i64>(), value()), 0..5)), 0..20),
    ) {
        let mut writer = wal::Writer::default();
        for _ in 0..2 {
            writer.begin(now);
            for (series, samples) in &sets {
                let samples: Vec<_> = samples.iter().map(|(t, v)| at(*t, *v)).collect();
                writer.series(SeriesRef(*series), &samples);
            }
        }
        let mut back = Vec::new();
        wal::read(writer.finish(), |series, samples, received| {
            back.push((series.0, bits(samples.iter().map(|s| (s.at_ms, s.value)))));
            assert_eq!(received, now);
        }).unwrap();
        let sent: Vec<_> = sets.into_iter().map(|(series, samples)| (series, bits(samples))).collect();
        prop_assert_eq!(back, sent);
    }

    #[test]
    fn a_damaged_record_is_noticed(
        values in prop::collection::vec(value(), 1..50),
        place: prop::sample::Index,
        by in 1u8..,
        checksum: bool,
    ) {
        let mut writer = wal::Writer::default();
        writer.begin(5);
        let samples: Vec<_> = values.iter().map(|v| at(7, *v)).collect();
        writer.series(SeriesRef(3), &samples);
        let mut record = writer.finish().to_vec();
        let place = place.index(record.len());
        record[place] ^= by;
        if checksum {
            // Somebody made it up: any answer will do, but no panic.
            let right = crc32fast::hash(&record[5..]);
            record[1..5].copy_from_slice(&right.to_le_bytes());
            let _ = wal::read(&record, |_, _, _| ());
        } else {
            prop_assert!(wal::read(&record, |_, _, _| panic!("handed out")).is_err());
        }
    }
}

#[test]
fn an_equal_duplicate_takes_no_room_and_a_different_one_wins() {
    let mut head = Head::new(120, None);
    for t in 0..10 {
        assert_eq!(head.append(at(t, 1.0), 0, WINDOW_MS), Accepted::InOrder);
    }
    assert_eq!(head.append(at(4, 1.0), 0, WINDOW_MS), Accepted::Duplicate);
    assert_eq!(head.len(), 10);
    assert_eq!(head.append(at(4, 2.0), 0, WINDOW_MS), Accepted::Duplicate);
    assert_eq!(head.append(at(4, 1.0), 0, WINDOW_MS), Accepted::Duplicate);
    assert_eq!(read(&head, 4, 4), [(4, 1f64.to_bits())]);
}

#[test]
fn a_head_of_360_regular_samples_takes_little_memory() {
    let mut head = Head::new(360, None);
    for i in 0..360i32 {
        head.append(at(i64::from(i) * 15_000, f64::from(i * 31)), 0, WINDOW_MS);
    }
    assert!(head.is_full());
    assert!(head.memory() < 360 * 4, "{}", head.memory());
}
