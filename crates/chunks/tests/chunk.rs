//! Properties of the chunk format: every bit comes back, and no bytes make it panic.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy does not see that these functions are tests"
)]

use chunks::{Codec, SUMMARY_BYTES, Summary, Window, WindowCodec, summary};
use proptest::prelude::*;
use series::{MetricSample, STALE_BITS};

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-1000i32..1000).prop_map(f64::from),
        4 => (-100_000i32..100_000, 0i32..5).prop_map(|(n, d)| f64::from(n) / 10f64.powi(d)),
        2 => any::<u64>().prop_map(f64::from_bits),
        1 => Just(f64::from_bits(STALE_BITS)),
        1 => prop_oneof![Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(f64::MIN_POSITIVE)],
    ]
}

fn samples() -> impl Strategy<Value = Vec<MetricSample>> {
    let step = prop_oneof![8 => Just(15_000i64), 2 => 1i64..100_000, 1 => 1i64..1 << 44];
    (any::<i32>(), prop::collection::vec((step, value()), 1..400)).prop_map(|(start, steps)| {
        let mut at_ms = i64::from(start);
        let each = |(step, value)| {
            at_ms += step;
            MetricSample { at_ms, value }
        };
        steps.into_iter().map(each).collect()
    })
}

fn bits(samples: &[MetricSample]) -> Vec<(i64, u64)> {
    samples
        .iter()
        .map(|s| (s.at_ms, s.value.to_bits()))
        .collect()
}

fn summary_bits(s: &Summary) -> (i64, i64, u32, u32, [u64; 5]) {
    let floats = [s.min, s.max, s.sum, s.first, s.last].map(f64::to_bits);
    (s.first_ms, s.last_ms, s.samples, s.values, floats)
}

proptest! {
    #[test]
    fn every_bit_comes_back(samples in samples()) {
        let mut codec = Codec::default();
        let mut chunk = Vec::new();
        let written = codec.encode(&samples, &mut chunk).unwrap();
        let mut back = Vec::new();
        let read = codec.decode(&chunk, &mut back).unwrap();
        prop_assert_eq!(bits(&back), bits(&samples));
        prop_assert_eq!(summary_bits(&read), summary_bits(&written));
        let first = &chunk[..chunk.len().min(SUMMARY_BYTES)];
        prop_assert_eq!(summary_bits(&summary(first).unwrap()), summary_bits(&written));
    }

    #[test]
    fn a_changed_byte_is_noticed(samples in samples(), at: prop::sample::Index, by in 1u8..) {
        let mut codec = Codec::default();
        let mut chunk = Vec::new();
        codec.encode(&samples, &mut chunk).unwrap();
        let at = at.index(chunk.len());
        chunk[at] ^= by;
        let mut back = Vec::new();
        prop_assert!(codec.decode(&chunk, &mut back).is_err());
        prop_assert!(back.is_empty());
    }

    #[test]
    fn bytes_with_the_right_checksum_do_not_make_it_panic(
        samples in samples(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length: prop::sample::Index,
    ) {
        let mut codec = Codec::default();
        let mut chunk = Vec::new();
        codec.encode(&samples, &mut chunk).unwrap();
        let columns = chunk.len() - columns_of(&chunk).len();
        for (at, to) in changes {
            let at = columns + at.index(chunk.len() - columns);
            chunk[at] = to;
        }
        let length = columns + length.index(chunk.len() - columns + 1);
        for end in [chunk.len(), length] {
            chunk.truncate(end);
            let checksum = crc32fast::hash(&chunk[columns..]);
            chunk[1..5].copy_from_slice(&checksum.to_le_bytes());
            let _ = codec.decode(&chunk, &mut Vec::new());
        }
    }

    #[test]
    fn windows_come_back(
        sets in prop::collection::vec((any::<i32>(), 1u64..1000, value(), value(), value()), 1..300),
        place: prop::sample::Index,
        by in 1u8..,
    ) {
        let windows: Vec<_> = sets
            .into_iter()
            .map(|(from, count, min, max, sum)| Window { from_ms: from.into(), count, min, max, sum })
            .collect();
        let mut codec = WindowCodec::default();
        let mut row = Vec::new();
        codec.encode(&windows, &mut row).unwrap();
        let mut back = Vec::new();
        codec.decode(&row, &mut back).unwrap();
        let bits = |w: &Window| (w.from_ms, w.count, [w.min, w.max, w.sum].map(f64::to_bits));
        prop_assert!(back.iter().map(bits).eq(windows.iter().map(bits)));
        let place = place.index(row.len());
        row[place] ^= by;
        prop_assert!(codec.decode(&row, &mut Vec::new()).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Codec::default().decode(&bytes, &mut Vec::new());
        let _ = summary(&bytes);
        let _ = WindowCodec::default().decode(&bytes, &mut Vec::new());
    }
}

/// What stands behind the summary: found by its checksum.
fn columns_of(chunk: &[u8]) -> &[u8] {
    let wanted = u32::from_le_bytes(chunk[1..5].try_into().unwrap());
    (7..=SUMMARY_BYTES)
        .filter_map(|from| chunk.get(from..))
        .find(|rest| crc32fast::hash(rest) == wanted)
        .unwrap()
}

#[test]
fn a_summary_passes_over_stale_markers_and_over_nan_in_its_extremes() {
    let at = |at_ms, value| MetricSample { at_ms, value };
    let stale = f64::from_bits(STALE_BITS);
    let samples = [
        at(1, stale),
        at(2, 3.0),
        at(3, 1.0),
        at(4, 2.0),
        at(5, stale),
    ];
    let summary = Summary::of(&samples);
    assert_eq!((summary.samples, summary.values), (5, 3));
    assert_eq!((summary.first_ms, summary.last_ms), (1, 5));
    assert_eq!((summary.min, summary.max, summary.sum), (1.0, 3.0, 6.0));
    assert_eq!((summary.first, summary.last), (3.0, 2.0));
    let with_nan = Summary::of(&[at(1, f64::NAN), at(2, 3.0)]);
    assert_eq!((with_nan.min, with_nan.max), (3.0, 3.0));
    assert!(with_nan.sum.is_nan());
}

#[test]
fn samples_without_order_are_refused() {
    let at = |at_ms| MetricSample { at_ms, value: 1.0 };
    let mut out = vec![7];
    for bad in [vec![], vec![at(2), at(1)], vec![at(1), at(1)]] {
        assert!(Codec::default().encode(&bad, &mut out).is_err());
        assert_eq!(out, [7]);
    }
}
