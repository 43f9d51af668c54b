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
    assert!(report.busy_connections <= report.open_connections);
    assert!(report.open_connections <= report.most_connections);
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
