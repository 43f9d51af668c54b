//! What the database says of itself.

use std::time::{Duration, Instant as Stopwatch};

use api::DatabaseReport;
use store::Store;

use crate::harness::{Cluster, Home, block_on, filled, on_both};

on_both!(it_says_what_it_is_and_takes);

async fn it_says_what_it_is_and_takes(home: Home) {
    let report = home.store.database().await.unwrap();
    assert!(report.bytes > 10_000, "{report:?}");
    assert!(report.answered_in_seconds > 0.0);
    assert!((1..=report.most_connections).contains(&report.open_connections));
    // A connection goes back to its pool a moment after it was used; asking is no use of it.
    let idle = until(&home.store, |report| report.busy_connections == 0).await;
    assert!(idle.open_connections > 0, "{idle:?}");
    if !home.url.is_postgres() {
        assert!(report.version.starts_with("3."), "{}", report.version);
        assert!(report.file.is_some() && report.server.is_none());
        return;
    }
    let server = report.server.unwrap();
    assert!((1..=server.max_connections).contains(&server.connections));
    assert_eq!(server.max_connections, 400);
    assert!(server.commits > 0);
    assert_eq!(server.deadlocks, 0);
    assert!(server.longest_transaction_seconds.is_some());
    assert!(
        server
            .cache_hit_ratio
            .is_some_and(|share| (0.0..=1.0).contains(&share))
    );
}

/// Waits until a report says so.
async fn until(store: &Store, what: impl Fn(&DatabaseReport) -> bool) -> DatabaseReport {
    let begun = Stopwatch::now();
    loop {
        let report = store.database().await.unwrap();
        if what(&report) {
            return report;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{report:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn who_follows_is_named_with_how_far_it_is_behind() {
    let Some(cluster) = Cluster::own() else {
        return;
    };
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&cluster.database(), folder.path())
            .await
            .unwrap();
        let alone = store.database().await.unwrap().server.unwrap();
        assert!(alone.followers.is_empty());
        cluster.follow();
        let report = until(&store, |report| {
            let server = report.server.as_ref().unwrap();
            server.followers.iter().any(|one| one.state == "streaming")
        })
        .await;
        let followers = report.server.unwrap().followers;
        assert_eq!(followers.len(), 1);
        assert!(followers[0].behind_bytes.is_some(), "{followers:?}");
        // What is written is replayed there, and the distance goes back to nothing.
        filled(&store, "many", 100).await;
        until(&store, |report| {
            let server = report.server.as_ref().unwrap();
            server
                .followers
                .iter()
                .all(|one| one.behind_bytes == Some(0))
        })
        .await;
        store.close().await;
    });
}

#[test]
fn a_role_that_may_not_see_others_counts_them_and_knows_nothing_of_their_transactions() {
    let Some(cluster) = Cluster::own() else {
        return;
    };
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = cluster.of_a_plain_role().await;
        let store = Store::open(&url, folder.path()).await.unwrap();
        let alone = store.database().await.unwrap().server.unwrap();
        let mut others = Vec::new();
        for _ in 0..20 {
            others.push(cluster.connect().await);
        }
        // Counts of sessions are told anew with each transaction.
        let server = store.database().await.unwrap().server.unwrap();
        assert!(
            server.connections >= alone.connections + 20,
            "{alone:?} {server:?}"
        );
        assert_eq!(server.longest_transaction_seconds, None);
        store.close().await;
    });
}
