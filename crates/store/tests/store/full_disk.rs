//! A disk that is full, under the database of everything but metrics.

use api::{Instant, SeriesId};
use store::{DatabaseUrl, Store, StoreError};

use crate::harness::{TinyDisk, a_source, at, block_on, filled};

#[test]
fn a_full_disk_takes_nothing_and_once_it_has_room_everything_goes_on() {
    let Some(disk) = TinyDisk::mount() else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    block_on(async {
        let ballast = disk.path().join("ballast");
        std::fs::write(&ballast, vec![1; 1 << 20]).unwrap();
        let url = DatabaseUrl::in_folder(disk.path());
        let store = Store::open(&url, disk.path()).await.unwrap();
        let (_, ids) = filled(&store, "a", 1).await;
        let refused = fill(&store, &ids[0]).await;
        assert!(matches!(refused, Some(StoreError::Full)), "{refused:?}");
        let check = store.check_writing(at(1)).await;
        assert!(matches!(check, Err(StoreError::Full)), "{check:?}");
        std::fs::remove_file(&ballast).unwrap();
        store.check_writing(at(1)).await.unwrap();
        store.upsert_source(&a_source("b"), at(1)).await.unwrap();
        assert_eq!(store.sources().await.unwrap().len(), 2);
        store.close().await;
    });
}

/// Records until the disk says no; `None` where it never does.
async fn fill(store: &Store, series: &SeriesId) -> Option<StoreError> {
    for round in 0..10_000_i64 {
        let rows: Vec<_> = (0..500)
            .map(|n| (series, Instant((round * 500 + n) * 1_000_003), 0.1))
            .collect();
        if let Err(error) = store.record(&rows, at(1)).await {
            return Some(error);
        }
    }
    None
}
