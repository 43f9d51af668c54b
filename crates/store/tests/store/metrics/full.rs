//! A disk that is full, under SQLite's metrics.

use series::Batch;
use store::StoreError;
use store::metrics::{ChunkStore, MetricStore};

use super::{START, STEP, at, count, push, sample, source};
use crate::harness::{TinyDisk, block_on};

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
            Ok(appended) => taken += appended.counts.samples,
            Err(error) => {
                assert!(matches!(error, StoreError::Full), "{error:?}");
                refused += 1;
            }
        }
        assert_eq!(count(store).await as u64, taken);
    }
    assert!(refused > 10 && taken > 0, "{refused} {taken}");
    let check = store.check_writing(at(now)).await;
    assert!(matches!(check, Err(StoreError::Full)), "{check:?}");
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
        store.check_writing(at(now + STEP)).await.unwrap();
    });
}

#[test]
fn a_disk_that_is_full_takes_nothing_and_once_it_has_room_everything() {
    let Some(disk) = TinyDisk::mount() else {
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
        store.check_writing(at(now + STEP)).await.unwrap();
        store.close().await;
        let store = ChunkStore::open_sqlite(disk.path()).await.unwrap();
        assert_eq!(count(&store).await as u64, taken + 1);
        store.close().await;
    });
}
