//! A disk that takes nothing: what is read goes on, and whoever watches the server is told.

use std::sync::Arc;

use api::{AuditFilter, Caller, Instant, NewKey, Scope};
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

#[tokio::test]
async fn a_key_reads_on_while_nothing_can_be_written_and_its_use_is_noted_afterwards() {
    let home = Home::new().await;
    let keys = home.hub.services().keys;
    let (admin, nobody) = (Caller::system("test"), Caller::nobody("r"));
    let new = NewKey {
        name: "k".into(),
        scopes: vec![Scope::QUERY],
        rate: None,
        expires_at: None,
    };
    let secret = keys.add(&admin, new.clone()).await.unwrap().secret;
    let uses = async || {
        let filter = AuditFilter::default();
        let entries = home.store.audit_entries(&filter, i64::MAX, 100).await;
        let entries = entries.unwrap().into_iter();
        entries.filter(|e| e.record.action == "key.use").count()
    };
    keys.of_secret(&nobody, &secret).await.unwrap().unwrap();
    assert_eq!(uses().await, 1);
    home.clock.advance(2 * Instant::HOUR);
    home.store.refuse_writes(true).await.unwrap();
    for _ in 0..2 {
        keys.of_secret(&nobody, &secret).await.unwrap().unwrap();
    }
    keys.add(&admin, new).await.unwrap_err();
    home.store.refuse_writes(false).await.unwrap();
    assert_eq!(uses().await, 1);
    keys.of_secret(&nobody, &secret).await.unwrap().unwrap();
    assert_eq!(uses().await, 2);
}
