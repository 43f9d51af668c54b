//! The database goes away while metrics come in, and comes back.

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;
use store::metrics::{ChunkStore, MetricStore};

use super::{DAY, START, STEP, at, batch, count, everything, source};
use crate::harness::{Cluster, block_on};

/// Sends until it is taken, as senders do. Answers how often it was not.
async fn insist(store: &ChunkStore, round: i64) -> usize {
    let now = START + round * STEP;
    let mut refused = 0;
    while let Err(error) = store.append(&source(), batch(20, [now]), at(now)).await {
        // What senders are told with 503: try again.
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        refused += 1;
        assert!(refused < 200, "round {round} was never taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    refused
}

#[test]
fn a_cluster_that_stops_loses_nothing_acknowledged_and_all_goes_on_when_it_is_back() {
    let Some(cluster) = Cluster::own() else {
        return;
    };
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = cluster.database();
        let open = || ChunkStore::open(&url, folder.path());
        let (one, two) = (Arc::new(open().await.unwrap()), open().await.unwrap());
        let sending = {
            let one = Arc::clone(&one);
            tokio::spawn(async move {
                let mut refused = 0;
                for round in 0..400 {
                    refused += insist(&one, round).await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                refused
            })
        };
        let mut refused = 0;
        for pause in [400, 900] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            cluster.stop();
            // Nothing is said that may be wrong.
            assert!(two.select(&everything()).await.is_err());
            assert!(two.maintain(at(START)).await.is_err());
            tokio::time::sleep(Duration::from_millis(300)).await;
            cluster.start_again();
            refused += 1;
        }
        assert!(sending.await.unwrap() >= refused, "it never noticed");
        // Both go on by themselves, with everything.
        assert_eq!(count(&two).await, 20 * 400);
        assert_eq!(insist(&two, 400).await, 0);
        assert_eq!(count(&*one).await, 20 * 401);
        one.maintain(at(START + DAY)).await.unwrap();
        assert_eq!(count(&two).await, 20 * 401);
        one.close().await;
        two.close().await;
    });
}
