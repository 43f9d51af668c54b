//! A disk that takes nothing: what is read goes on, and whoever watches the server is told.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use api::Instant;
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::metrics::ChunkStore;
use store::{DatabaseUrl, Store};

struct Home {
    _folder: tempfile::TempDir,
    store: Store,
    hub: Arc<Hub>,
    clock: Arc<FixedClock>,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::in_folder(folder.path());
        let store = Store::open(&url, folder.path()).await.unwrap();
        let metrics = ChunkStore::open_sqlite(folder.path()).await.unwrap();
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(1_780_000_000)));
        let settings = Settings {
            metrics: Some(Arc::new(metrics)),
            ..Settings::alone(folder.path().join("uploads"))
        };
        Self {
            hub: Hub::new(store.clone(), clock.clone(), Bus::new(1), settings),
            _folder: folder,
            store,
            clock,
        }
    }

    /// Each part and whether it is well.
    async fn parts(&self) -> Vec<(&'static str, bool)> {
        let parts = self.hub.components().await;
        parts.iter().map(|part| (part.name, part.ok)).collect()
    }
}

#[tokio::test]
async fn a_database_that_can_be_read_and_not_written_is_not_ready() {
    let home = Home::new().await;
    assert_eq!(home.parts().await, [("database", true), ("metrics", true)]);
    home.store.refuse_writes(true).await.unwrap();
    home.store.ping().await.unwrap();
    home.clock.advance(6 * Instant::SECOND);
    assert_eq!(home.parts().await, [("database", false), ("metrics", true)]);
    home.store.refuse_writes(false).await.unwrap();
    // It is not tried again at once.
    assert_eq!(home.parts().await, [("database", false), ("metrics", true)]);
    home.clock.advance(6 * Instant::SECOND);
    assert_eq!(home.parts().await, [("database", true), ("metrics", true)]);
}
