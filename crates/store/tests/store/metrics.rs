//! The contract of metric stores.

use std::sync::Arc;

use api::{Instant, SourceId};
use series::{Batch, Labels, MetricKind, MetricMeta, MetricSample, STALE_BITS};
use store::StoreError;
use store::metrics::{
    ChunkStore, FIVE_MINUTES_MS, HOUR_MS, Limits, MatchOp, Matcher, MetricStore, ReadError,
    Retention, Selection,
};

use crate::harness::block_on;

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
    store.append(&source(), batch, at(now)).await.unwrap()
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

/// Runs a test on a fresh store.
fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(ChunkStore, Arc<tempfile::TempDir>) -> F) {
    block_on(async {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        // A test that does not look at the folder would drop it.
        test(store, Arc::clone(&folder)).await;
    });
}

#[test]
fn what_is_acknowledged_is_read_again_after_a_restart_whether_sealed_or_not() {
    on_sqlite(|store, folder| async move {
        let mut now = START;
        for i in 0..500 {
            now = START + i * STEP;
            let counts = store
                .append(&source(), batch(7, [now]), at(now))
                .await
                .unwrap();
            assert_eq!(counts.samples, 7);
        }
        let before = store.select(&everything()).await.unwrap();
        assert_eq!(before.len(), 7);
        assert_eq!(count(&store).await, 3_500);
        store.maintain(at(now)).await.unwrap();
        let used = store.disk_use().await.unwrap();
        assert!(used.raw.rows >= 7, "{used:?}");
        assert_eq!(store.select(&everything()).await.unwrap(), before);
        store.close().await;
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(store.damaged(), 0);
        assert_eq!(store.select(&everything()).await.unwrap(), before);
        // All of it sealed: nothing is left to be replayed.
        store.maintain(at(now + DAY)).await.unwrap();
        assert_eq!(store.disk_use().await.unwrap().wal.rows, 0);
        assert_eq!(store.memory_use().await.head_samples, 0);
        assert_eq!(store.select(&everything()).await.unwrap(), before);
        store.close().await;
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(store.select(&everything()).await.unwrap(), before);
        assert_eq!(store.sources().await[0].counts.samples, 3_500);
    });
}

#[test]
fn late_samples_find_their_place_among_sealed_ones_and_the_last_one_counts() {
    on_sqlite(|store, _folder| async move {
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
    });
}

#[test]
fn duplicates_are_counted_and_samples_far_ahead_are_refused() {
    on_sqlite(|store, folder| async move {
        let two = [sample(START, 1.0), sample(START + 1, 2.0)];
        assert_eq!(push(&store, &two).await.samples, 2);
        let again = push(&store, &two).await;
        assert_eq!((again.samples, again.duplicates), (0, 2));
        let mut ahead = Batch::default();
        let samples = [sample(START + 2, 3.0), sample(START + 30 * DAY, 4.0)];
        ahead
            .push(&mut [("__name__", "cpu"), ("host", "h0")], samples)
            .unwrap();
        let counts = store.append(&source(), ahead, at(START)).await.unwrap();
        assert_eq!((counts.samples, counts.refused), (1, 1));
        let before = only(&store).await;
        assert_eq!(before.len(), 3);
        store.close().await;
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(only(&store).await, before);
    });
}

#[test]
fn windows_are_the_same_from_heads_chunks_and_rollups() {
    on_sqlite(|store, _folder| async move {
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
    });
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

#[test]
fn labels_can_be_asked_for_and_limits_hold() {
    on_sqlite(|store, folder| async move {
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
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(store.metadata().await, [meta]);
        assert_eq!(store.label_names(&[]).await, ["__name__", "host"]);
        assert_eq!(store.label_values("__name__", &[]).await, ["cpu", "up"]);
        let some = [matcher("host", MatchOp::Regex, "h[12]")];
        assert_eq!(store.label_values("host", &some).await, ["h1", "h2"]);
        let found = store.series(&some, 10).await.unwrap();
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
    });
}

#[test]
fn what_two_sources_send_under_the_same_labels_is_read_as_one() {
    on_sqlite(|store, _folder| async move {
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
    });
}

#[test]
fn a_number_that_is_used_again_does_not_bring_old_samples_back() {
    on_sqlite(|store, folder| async move {
        push(&store, &[sample(START, 1.0)]).await;
        store.delete_source(&source()).await.unwrap();
        // The record of the first is still there, and the new series has its number.
        push(&store, &[sample(START + 5, 2.0)]).await;
        assert_eq!(only(&store).await, [(START + 5, 2f64.to_bits())]);
        store.close().await;
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(only(&store).await, [(START + 5, 2f64.to_bits())]);
    });
}

#[test]
fn series_without_anything_left_are_forgotten() {
    on_sqlite(|store, folder| async move {
        push(&store, &[sample(START, 1.0), sample(START + 1, 1.0)]).await;
        store.maintain(at(START + DAY)).await.unwrap();
        assert_eq!(store.memory_use().await.series, 1);
        let done = store.maintain(at(START + 40 * DAY)).await.unwrap();
        assert_eq!((done.expired, done.forgotten), (1, 1));
        assert_eq!(store.memory_use().await.series, 0);
        assert!(store.label_names(&[]).await.is_empty());
        assert_eq!(store.disk_use().await.unwrap().raw.bytes, 0);
        store.close().await;
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(store.memory_use().await.series, 0);
    });
}

#[test]
fn a_damaged_record_is_passed_over_and_a_second_process_is_refused() {
    on_sqlite(|store, folder| async move {
        for i in 0..3 {
            push(&store, &[sample(START + i, 1.0)]).await;
        }
        let second = ChunkStore::open_sqlite(folder.path()).await;
        assert!(matches!(second, Err(StoreError::Folder(_))));
        store.close().await;
        drop(store);
        let url = format!("sqlite:{}", folder.path().join("metrics.db").display());
        let mut db = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url)
            .await
            .unwrap();
        sqlx::raw_sql("update wal set record = x'0100' where id = 2")
            .execute(&mut db)
            .await
            .unwrap();
        sqlx::Connection::close(db).await.unwrap();
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(store.damaged(), 1);
        assert_eq!(only(&store).await.len(), 2);
    });
}

/// Writes until there is no room for long, checking that what is read is what was acknowledged.
/// Answers how many samples were taken, and the instant of the last try.
async fn fill_up(store: &ChunkStore) -> (u64, i64) {
    let (mut taken, mut refused, mut now) = (0u64, 0, START);
    for i in 0..400u32 {
        now = START + i64::from(i) * STEP;
        // Noise, which no format makes small, and new series all the time.
        let mut noise = Batch::default();
        for j in 0..40u32 {
            let host = format!("h{}", i * 40 + j);
            let bits = u64::from(i * 40 + j).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2;
            let mut labels = [("__name__", "cpu"), ("host", host.as_str())];
            let one = sample(now, f64::from_bits(bits));
            noise.push(&mut labels, [one]).unwrap();
        }
        match store.append(&source(), noise, at(now)).await {
            Ok(counts) => taken += counts.samples,
            Err(error) => {
                assert!(matches!(error, StoreError::Full), "{error:?}");
                refused += 1;
            }
        }
        assert_eq!(count(store).await as u64, taken);
    }
    assert!(refused > 10 && taken > 0, "{refused} {taken}");
    assert_eq!(store.memory_use().await.series as u64, taken);
    (taken, now)
}

#[test]
fn without_room_nothing_is_acknowledged_and_it_recovers_after_a_restart() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = ChunkStore::open_sqlite_with(folder.path(), Some(60))
            .await
            .unwrap();
        let (taken, now) = fill_up(&store).await;
        store.close().await;
        let store = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        assert_eq!(count(&store).await as u64, taken);
        let counts = push(&store, &[sample(now + STEP, 1.0)]).await;
        assert_eq!(counts.samples, 1);
    });
}

#[test]
fn a_disk_that_is_full_takes_nothing_and_once_it_has_room_everything() {
    let Some(disk) = crate::harness::TinyDisk::mount() else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    block_on(async {
        let ballast = disk.path().join("ballast");
        std::fs::write(&ballast, vec![1; 1 << 20]).unwrap();
        let store = ChunkStore::open_sqlite(disk.path()).await.unwrap();
        let (taken, now) = fill_up(&store).await;
        std::fs::remove_file(&ballast).unwrap();
        let counts = push(&store, &[sample(now + STEP, 1.0)]).await;
        assert_eq!(counts.samples, 1);
        store.close().await;
        let store = ChunkStore::open_sqlite(disk.path()).await.unwrap();
        assert_eq!(count(&store).await as u64, taken + 1);
        store.close().await;
    });
}
