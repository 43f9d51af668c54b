//! The contract of metric stores, on each database.

mod crash;
mod engine;
mod full;
mod outage;
mod replicas;
mod shared;

use api::{Instant, SourceId};
use series::{Batch, Labels, MetricKind, MetricMeta, MetricSample, STALE_BITS};
use store::StoreError;
use store::metrics::{
    ChunkStore, FIVE_MINUTES_MS, HOUR_MS, Instants, Limits, MatchOp, Matcher, MetricStore,
    ReadError, Retention, Selection, Span,
};

use sqlx::Connection as _;

use crate::harness::{Home, on_both};

on_both!(
    what_is_acknowledged_is_read_again_after_a_restart_whether_sealed_or_not,
    late_samples_find_their_place_among_sealed_ones_and_the_last_one_counts,
    duplicates_are_counted_and_samples_far_ahead_are_refused,
    windows_are_the_same_from_heads_chunks_and_rollups,
    labels_can_be_asked_for_and_limits_hold,
    lists_name_what_has_samples_within_a_stretch_of_time,
    what_two_sources_send_under_the_same_labels_is_read_as_one,
    a_number_that_is_used_again_does_not_bring_old_samples_back,
    series_without_anything_left_are_forgotten,
    a_damaged_record_is_passed_over,
    heads_that_are_full_again_at_once_are_sealed_once,
    no_chunk_goes_past_midnight,
    names_with_any_character_are_kept,
    a_clock_that_is_set_loses_nothing,
);

const START: i64 = 1_700_000_000_000;
const STEP: i64 = 15_000;
const DAY: i64 = 86_400_000;

fn at(ms: i64) -> Instant {
    Instant(ms * 1000)
}

fn sample(at_ms: i64, value: f64) -> MetricSample {
    MetricSample { at_ms, value }
}

fn source() -> SourceId {
    SourceId("agent".into())
}

/// A batch of `series` series named `cpu`, with a sample of each at each of those instants.
fn batch(series: u32, instants: impl IntoIterator<Item = i64>) -> Batch {
    let instants: Vec<i64> = instants.into_iter().collect();
    let mut batch = Batch::default();
    for i in 0..series {
        let host = format!("h{i}");
        let samples = instants.iter().map(|t| sample(*t, value(i, *t)));
        batch
            .push(&mut [("__name__", "cpu"), ("host", &host)], samples)
            .unwrap();
    }
    batch
}

fn value(series: u32, at_ms: i64) -> f64 {
    f64::from(series) + ((at_ms / STEP) % 97) as f64 / 10.0
}

fn matcher(name: &str, op: MatchOp, value: &str) -> Matcher {
    Matcher::new(name, op, value).unwrap()
}

fn everything() -> Selection {
    Selection {
        matchers: vec![matcher("__name__", MatchOp::Equal, "cpu")],
        from_ms: i64::MIN / 2,
        to_ms: i64::MAX / 2,
        at: None,
        limits: Limits::default(),
    }
}

fn within(from_ms: i64, to_ms: i64) -> Selection {
    Selection {
        from_ms,
        to_ms,
        ..everything()
    }
}

async fn count(store: &dyn MetricStore) -> usize {
    let found = store.select(&everything()).await.unwrap();
    found.iter().map(|(_, samples)| samples.len()).sum()
}

async fn push(store: &dyn MetricStore, samples: &[MetricSample]) -> store::metrics::Counts {
    let now = samples.iter().map(|s| s.at_ms).max().unwrap();
    let mut batch = Batch::default();
    batch
        .push(&mut [("__name__", "cpu"), ("host", "h0")], samples.to_vec())
        .unwrap();
    let appended = store.append(&source(), batch, at(now)).await.unwrap();
    appended.counts
}

async fn only(store: &dyn MetricStore) -> Vec<(i64, u64)> {
    let found = store.select(&everything()).await.unwrap();
    assert_eq!(found.len(), 1);
    found[0]
        .1
        .iter()
        .map(|s| (s.at_ms, s.value.to_bits()))
        .collect()
}

async fn what_is_acknowledged_is_read_again_after_a_restart_whether_sealed_or_not(home: Home) {
    let store = home.metrics().await;
    let mut now = START;
    for i in 0..500 {
        now = START + i * STEP;
        let appended = store
            .append(&source(), batch(7, [now]), at(now))
            .await
            .unwrap();
        assert_eq!(appended.counts.samples, 7);
    }
    let before = store.select(&everything()).await.unwrap();
    assert_eq!(before.len(), 7);
    assert_eq!(count(&store).await, 3_500);
    store.maintain(at(now)).await.unwrap();
    let used = store.disk_use().await.unwrap();
    assert!(used.raw.rows >= 7, "{used:?}");
    assert_eq!(store.select(&everything()).await.unwrap(), before);
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(store.damaged(), 0);
    assert_eq!(store.select(&everything()).await.unwrap(), before);
    // All of it sealed: nothing is left to be replayed, nor of what only showed that it can be written.
    store.check_writing(at(now)).await.unwrap();
    store.maintain(at(now + DAY)).await.unwrap();
    assert_eq!(store.disk_use().await.unwrap().wal.rows, 0);
    assert_eq!(store.memory_use().await.head_samples, 0);
    assert_eq!(store.select(&everything()).await.unwrap(), before);
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(store.select(&everything()).await.unwrap(), before);
    assert_eq!(store.sources().await[0].counts.samples, 3_500);
}

async fn late_samples_find_their_place_among_sealed_ones_and_the_last_one_counts(home: Home) {
    let store = home.metrics().await;
    let all: Vec<_> = (0..300).map(|i| sample(START + i * STEP, 1.0)).collect();
    push(&store, &all).await;
    store.maintain(at(START + DAY)).await.unwrap();
    assert_eq!(store.memory_use().await.head_samples, 0);
    let last = START + 299 * STEP;
    let late = [
        sample(last - 10 * STEP, 5.0),
        sample(last - 10 * STEP + 1, f64::from_bits(STALE_BITS)),
        sample(last - HOUR_MS - 1, 9.0),
    ];
    let counts = push(&store, &late).await;
    assert_eq!((counts.samples, counts.late, counts.refused), (2, 2, 1));
    let before = only(&store).await;
    assert_eq!(before.len(), 301);
    assert!(before.contains(&(last - 10 * STEP, 5f64.to_bits())));
    assert!(before.contains(&(last - 10 * STEP + 1, STALE_BITS)));
    let sums = store.windows(&within(START, last), 1 << 40).await.unwrap();
    assert_eq!((sums[0].1[0].count, sums[0].1[0].sum), (300, 304.0));
    store.maintain(at(START + 2 * DAY)).await.unwrap();
    assert_eq!(store.memory_use().await.head_samples, 0);
    assert_eq!(only(&store).await, before);
    assert_eq!(store.disk_use().await.unwrap().raw.rows, 1);
    let sums = store.windows(&within(START, last), 1 << 40).await.unwrap();
    assert_eq!((sums[0].1[0].count, sums[0].1[0].sum), (300, 304.0));
}

async fn duplicates_are_counted_and_samples_far_ahead_are_refused(home: Home) {
    let store = home.metrics().await;
    let two = [sample(START, 1.0), sample(START + 1, 2.0)];
    assert_eq!(push(&store, &two).await.samples, 2);
    let again = push(&store, &two).await;
    assert_eq!((again.samples, again.duplicates), (0, 2));
    let mut ahead = Batch::default();
    let samples = [sample(START + 2, 3.0), sample(START + 11 * 60_000, 4.0)];
    ahead
        .push(&mut [("__name__", "cpu"), ("host", "h0")], samples)
        .unwrap();
    let appended = store.append(&source(), ahead, at(START)).await.unwrap();
    let counts = appended.counts;
    assert_eq!((counts.samples, counts.refused), (1, 1));
    let before = only(&store).await;
    assert_eq!(before.len(), 3);
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(only(&store).await, before);
}

async fn windows_are_the_same_from_heads_chunks_and_rollups(home: Home) {
    let store = home.metrics().await;
    let begin = START - START.rem_euclid(DAY);
    let instants = (0..3 * DAY / 60_000).map(|i| begin + i * 60_000);
    let end = begin + 3 * DAY;
    store
        .append(&source(), batch(3, instants), at(end))
        .await
        .unwrap();
    let mut wanted = Vec::new();
    for step in [60_000, FIVE_MINUTES_MS, 2 * HOUR_MS, 7 * HOUR_MS, DAY] {
        let windows = store.windows(&within(begin, end - 1), step).await.unwrap();
        assert_eq!(windows.len(), 3);
        assert_eq!(windows[0].1.iter().map(|w| w.count).sum::<u64>(), 4_320);
        wanted.push((step, windows));
    }
    store.maintain(at(end + DAY)).await.unwrap();
    let used = store.disk_use().await.unwrap();
    // Two days are complete; the third waits for late samples.
    assert_eq!((used.five_minutes.rows, used.hour.rows), (6, 6), "{used:?}");
    for (step, wanted) in &wanted {
        let windows = store.windows(&within(begin, end - 1), *step).await.unwrap();
        same_windows(&windows, wanted);
    }
    let retention = Retention {
        raw_ms: Some(DAY),
        ..Retention::default()
    };
    store.set_retention(&source(), retention).await.unwrap();
    let done = store.maintain(at(end + DAY)).await.unwrap();
    assert!(done.expired > 0);
    let (step, hours) = &wanted[2];
    let windows = store.windows(&within(begin, end - 1), *step).await.unwrap();
    let two_days = |(labels, all): &(Labels, Vec<_>)| (labels.clone(), all[..24].to_vec());
    let rolled: Vec<_> = windows.iter().map(two_days).collect();
    let hours: Vec<_> = hours.iter().map(two_days).collect();
    same_windows(&rolled, &hours);
}

fn same_windows(
    got: &[(Labels, Vec<store::metrics::Window>)],
    wanted: &[(Labels, Vec<store::metrics::Window>)],
) {
    assert_eq!(got.len(), wanted.len());
    for ((a, got), (b, wanted)) in got.iter().zip(wanted) {
        assert_eq!((a, got.len()), (b, wanted.len()));
        for (g, w) in got.iter().zip(wanted) {
            assert_eq!(
                (g.from_ms, g.count, g.min, g.max),
                (w.from_ms, w.count, w.min, w.max)
            );
            assert!((g.sum - w.sum).abs() < 1e-6, "{g:?} {w:?}");
        }
    }
}

async fn labels_can_be_asked_for_and_limits_hold(home: Home) {
    let store = home.metrics().await;
    let mut all = batch(5, [START]);
    all.push(&mut [("__name__", "up")], [sample(START, 1.0)])
        .unwrap();
    let meta = MetricMeta {
        name: "cpu".into(),
        kind: MetricKind::Gauge,
        unit: "percent".into(),
        help: "how busy".into(),
    };
    all.meta.push(meta.clone());
    store.append(&source(), all, at(START)).await.unwrap();
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(store.metadata().await, [meta]);
    assert_eq!(
        store.label_names(&[], None).await.unwrap(),
        ["__name__", "host"]
    );
    assert_eq!(
        store.label_values("__name__", &[], None).await.unwrap(),
        ["cpu", "up"]
    );
    let some = [matcher("host", MatchOp::Regex, "h[12]")];
    assert_eq!(
        store.label_values("host", &some, None).await.unwrap(),
        ["h1", "h2"]
    );
    let found = store.series(&some, None, 10).await.unwrap();
    assert_eq!(found[0].to_string(), "cpu{host=\"h1\"}");
    let tight = |series, samples| Selection {
        limits: Limits { series, samples },
        ..everything()
    };
    assert!(store.select(&tight(5, 5)).await.is_ok());
    let many = store.select(&tight(4, 5)).await;
    assert!(matches!(
        many,
        Err(ReadError::TooManySeries { found: 5, limit: 4 })
    ));
    let many = store.select(&tight(5, 4)).await;
    assert!(matches!(many, Err(ReadError::TooManySamples { limit: 4 })));
}

async fn lists_name_what_has_samples_within_a_stretch_of_time(home: Home) {
    let store = home.metrics().await;
    let push = async |name: &str, at_ms: i64| {
        let mut one = Batch::default();
        one.push(&mut [("__name__", name)], [sample(at_ms, 1.0)])
            .unwrap();
        store.append(&source(), one, at(at_ms)).await.unwrap();
    };
    let names = async |from_ms: i64, to_ms: i64| {
        let within = Some(Span { from_ms, to_ms });
        let found = store.series(&[], within, 10).await.unwrap();
        let values = store.label_values("__name__", &[], within).await.unwrap();
        assert_eq!(found.len(), values.len());
        values
    };
    let later = START + 2 * DAY;
    for name in ["both", "old"] {
        push(name, START).await;
    }
    // First from heads, then from chunks.
    assert_eq!(names(START - STEP, START).await, ["both", "old"]);
    assert!(names(START + 1, later).await.is_empty());
    store.maintain(at(START + DAY)).await.unwrap();
    for name in ["both", "new"] {
        push(name, later).await;
    }
    store.maintain(at(later + DAY)).await.unwrap();
    assert_eq!(store.memory_use().await.head_samples, 0);
    assert!(names(i64::MIN, START - 1).await.is_empty());
    assert_eq!(names(START - STEP, START).await, ["both", "old"]);
    assert!(names(START + 1, later - 1).await.is_empty());
    assert_eq!(names(later, later + DAY).await, ["both", "new"]);
    assert_eq!(names(i64::MIN, i64::MAX).await, ["both", "new", "old"]);
    let none = Some(Span {
        from_ms: later + 1,
        to_ms: i64::MAX,
    });
    assert!(store.label_names(&[], none).await.unwrap().is_empty());
}

async fn what_two_sources_send_under_the_same_labels_is_read_as_one(home: Home) {
    let store = home.metrics().await;
    let other = SourceId("other".into());
    let one = batch(1, (0..10).map(|i| START + i * 2));
    let two = batch(1, (0..10).map(|i| START + i * 2 + 1));
    store.append(&source(), one, at(START)).await.unwrap();
    store.append(&other, two, at(START)).await.unwrap();
    assert_eq!(only(&store).await.len(), 20);
    store.delete_source(&source()).await.unwrap();
    assert_eq!(only(&store).await.len(), 10);
    let left = store.sources().await;
    assert_eq!((left.len(), left[0].series), (1, 1));
}

async fn a_number_that_is_used_again_does_not_bring_old_samples_back(home: Home) {
    let store = home.metrics().await;
    push(&store, &[sample(START, 1.0)]).await;
    store.delete_source(&source()).await.unwrap();
    // The record of the first is still there, and the new series has its number.
    push(&store, &[sample(START + 5, 2.0)]).await;
    assert_eq!(only(&store).await, [(START + 5, 2f64.to_bits())]);
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(only(&store).await, [(START + 5, 2f64.to_bits())]);
}

async fn series_without_anything_left_are_forgotten(home: Home) {
    let store = home.metrics().await;
    push(&store, &[sample(START, 1.0), sample(START + 1, 1.0)]).await;
    store.maintain(at(START + DAY)).await.unwrap();
    assert_eq!(store.memory_use().await.series, 1);
    let done = store.maintain(at(START + 40 * DAY)).await.unwrap();
    assert_eq!((done.expired, done.forgotten), (1, 1));
    assert_eq!(store.memory_use().await.series, 0);
    assert!(store.label_names(&[], None).await.unwrap().is_empty());
    assert_eq!(store.disk_use().await.unwrap().raw.bytes, 0);
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(store.memory_use().await.series, 0);
}

async fn a_damaged_record_is_passed_over(home: Home) {
    let store = home.metrics().await;
    for i in 0..3 {
        push(&store, &[sample(START + i, 1.0)]).await;
    }
    store.close().await;
    drop(store);
    if home.url.is_postgres() {
        home.sql("update metrics.wal set record = '\\x0100' where id = 2")
            .await;
    } else {
        let url = format!("sqlite:{}", home.folder.path().join("metrics.db").display());
        let mut db = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("update wal set record = x'0100' where id = 2")
            .execute(&mut db)
            .await
            .unwrap();
        db.close().await.unwrap();
    }
    let store = home.metrics().await;
    assert_eq!(store.damaged(), 1);
    assert_eq!(only(&store).await.len(), 2);
}

async fn heads_that_are_full_again_at_once_are_sealed_once(home: Home) {
    let store = home.metrics().await;
    for part in 0..3 {
        let instants = (part * 1_000..(part + 1) * 1_000).map(|i| START + i * STEP);
        let now = START + (part + 1) * 1_000 * STEP;
        store
            .append(&source(), batch(2, instants), at(now))
            .await
            .unwrap();
    }
    store.maintain(at(START + 2 * DAY)).await.unwrap();
    assert_eq!(store.memory_use().await.head_samples, 0);
    assert_eq!(count(&store).await, 6_000);
}

/// A day can then be forgotten as a whole, and is in neither more nor less than that.
async fn no_chunk_goes_past_midnight(home: Home) {
    let store = home.metrics().await;
    let midnight = START - START.rem_euclid(DAY) + DAY;
    let all: Vec<_> = (-50..50)
        .map(|i| sample(midnight + i * STEP, i as f64))
        .collect();
    push(&store, &all).await;
    store.maintain(at(midnight + DAY / 2)).await.unwrap();
    assert_eq!(store.disk_use().await.unwrap().raw.rows, 2);
    // Few more are put into one chunk with those of their day.
    push(&store, &[sample(midnight + 50 * STEP, 1.0)]).await;
    store.maintain(at(midnight + DAY)).await.unwrap();
    assert_eq!(store.disk_use().await.unwrap().raw.rows, 2);
    // A sample before midnight that comes late finds its chunk too.
    push(&store, &[sample(midnight - STEP - 1, 7.0)]).await;
    store.maintain(at(midnight + DAY + DAY / 2)).await.unwrap();
    assert_eq!(store.disk_use().await.unwrap().raw.rows, 2);
    assert_eq!(only(&store).await.len(), 102);
    let before = store
        .select(&within(midnight - STEP - 1, midnight - 1))
        .await
        .unwrap();
    assert_eq!(before[0].1.len(), 2);
    let retention = Retention {
        raw_ms: Some(DAY),
        ..Retention::default()
    };
    store.set_retention(&source(), retention).await.unwrap();
    let done = store.maintain(at(midnight + DAY)).await.unwrap();
    assert_eq!(done.expired, 1);
    assert_eq!(only(&store).await.len(), 51);
}

/// What a sender says about a metric, and how it names it, is not ours to choose.
async fn names_with_any_character_are_kept(home: Home) {
    let store = home.metrics().await;
    let mut batch = Batch::default();
    let long = "x".repeat(5_000);
    let mut labels = [
        ("__name__", "cpu"),
        ("host", "a\0b\u{1F600}"),
        ("long", &long),
    ];
    batch.push(&mut labels, [sample(START, 1.0)]).unwrap();
    batch.meta.push(MetricMeta {
        name: "cpu".into(),
        kind: MetricKind::Gauge,
        unit: String::new(),
        help: "how\0busy".into(),
    });
    store.append(&source(), batch, at(START)).await.unwrap();
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(
        store.label_values("host", &[], None).await.unwrap(),
        ["a\0b\u{1F600}"]
    );
    assert_eq!(store.label_values("long", &[], None).await.unwrap(), [long]);
    assert!(store.metadata().await[0].help.starts_with("how"));
}

#[test]
fn a_second_process_is_refused_the_file() {
    crate::harness::on_sqlite(|home| async move {
        let _first = home.metrics().await;
        let second = ChunkStore::open(&home.url, home.folder.path()).await;
        assert!(matches!(second, Err(StoreError::InUse)));
    });
}

#[test]
fn a_file_that_held_much_gives_the_room_back() {
    crate::harness::on_sqlite(|home| async move {
        let store = home.metrics().await;
        let mut random = 1_u64;
        for i in 0..100 {
            let mut batch = Batch::default();
            let samples = (0..8_000).map(|j| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                sample(
                    START + (i * 8_000 + j) * 10,
                    f64::from_bits(random >> 12 | 1 << 62),
                )
            });
            batch.push(&mut [("__name__", "noise")], samples).unwrap();
            store
                .append(&source(), batch, at(START + i * 80_000))
                .await
                .unwrap();
        }
        store.maintain(at(START + DAY)).await.unwrap();
        let full = store.disk_use().await.unwrap().total_bytes;
        store.delete_source(&source()).await.unwrap();
        for _ in 0..20 {
            store.maintain(at(START + DAY)).await.unwrap();
        }
        let left = store.disk_use().await.unwrap().total_bytes;
        // What the file keeps for the next records is 2 MiB and a sixteenth.
        assert!(
            full > 4 << 20 && left < full * 3 / 4,
            "{full} bytes, {left} left"
        );
        push(&store, &[sample(START + DAY, 1.0)]).await;
        assert_eq!(only(&store).await.len(), 1);
        store.close().await;
        let file = home.folder.path().join("metrics.db");
        let stopped = std::fs::metadata(file).unwrap().len();
        assert!(stopped < 256 << 10, "{stopped} bytes once stopped");
        assert_eq!(only(&home.metrics().await).await.len(), 1);
    });
}

async fn a_clock_that_is_set_loses_nothing(home: Home) {
    let store = home.metrics().await;
    let (mut sent, mut clock) = (0, START);
    // Ten days ahead, two days back, and right again; the senders' clocks go on as before.
    for set in [0, 10 * DAY, -2 * DAY, 0] {
        for _ in 0..400 {
            let now = START + sent * STEP;
            clock = now + set;
            let mut batch = Batch::default();
            batch
                .push(&mut [("__name__", "cpu")], [sample(now, 1.0)])
                .unwrap();
            let done = store.append(&source(), batch, at(clock)).await;
            let counts = done.unwrap().counts;
            // What seems to lie ahead is refused and said, and never taken and lost.
            assert_eq!(counts.samples, u64::from(set >= 0), "{counts:?}");
            assert_eq!(counts.samples + counts.refused, 1, "{counts:?}");
            sent += 1;
        }
        store.maintain(at(clock)).await.unwrap();
    }
    assert_eq!(count(&store).await, 1_200);
    store.close().await;
    let store = home.metrics().await;
    assert_eq!(count(&store).await, 1_200);
    // What was put off while the clock was ahead is done now.
    let retention = Retention {
        raw_ms: Some(DAY),
        ..Retention::default()
    };
    store.set_retention(&source(), retention).await.unwrap();
    store.maintain(at(clock + 10 * DAY)).await.unwrap();
    assert_eq!(count(&store).await, 0);
}
