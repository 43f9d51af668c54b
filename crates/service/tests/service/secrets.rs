//! Secrets that are kept: sealed in the database, opened when they are needed, and never anywhere else.

use std::path::Path;
use std::sync::Arc;

use api::{Caller, Error, Hidden, Instant, ScrapeState, SourceId, TargetChange, TokenChange};
use fakes::FixedClock;
use service::{Bus, Hub, KeySource, ScrapeRunner, SealError, Settings, new_master_key};
use store::metrics::{ChunkStore, MetricStore as _};
use store::{DatabaseUrl, SealedPlace, Store};

use crate::target::OneNumber;

const CANARY: &str = "canary-a-bearer-token";

struct Home {
    store: Store,
    metrics: Arc<ChunkStore>,
    hub: Arc<Hub>,
    fetch: Arc<OneNumber>,
}

async fn home(folder: &Path) -> Home {
    let url = DatabaseUrl::in_folder(folder);
    let store = Store::open(&url, folder).await.unwrap();
    let metrics = ChunkStore::open_sqlite(folder).await.unwrap();
    on(store, Arc::new(metrics), folder)
}

/// One that has the folder's own key.
async fn unlocked(folder: &Path) -> Home {
    let home = home(folder).await;
    home.hub.unlock(&system(), own(folder)).await.unwrap();
    home
}

/// A server on a store.
fn on(store: Store, metrics: Arc<ChunkStore>, folder: &Path) -> Home {
    let fetch = Arc::new(OneNumber::default());
    let hub = Hub::new(
        store.clone(),
        Arc::new(FixedClock::new(Instant::from_seconds(1_780_000_000))),
        Bus::new(1),
        Settings {
            metrics: Some(metrics.clone()),
            fetch: Some(fetch.clone()),
            ..Settings::alone(folder.join("uploads"))
        },
    );
    Home {
        store,
        metrics,
        hub,
        fetch,
    }
}

fn system() -> Caller {
    Caller::system("test")
}

fn own(folder: &Path) -> KeySource {
    KeySource::Own(folder.join("master.key"))
}

fn target(token: TokenChange) -> TargetChange {
    TargetChange {
        name: "db-1".into(),
        url: "http://db-1:9100/metrics".into(),
        interval_seconds: 15,
        timeout_seconds: None,
        token,
        ca: String::new(),
        verify: true,
    }
}

fn canary() -> TokenChange {
    TokenChange::Set(Hidden(CANARY.into()))
}

impl Home {
    async fn add(&self) -> SourceId {
        let scrapes = self.hub.services().scrapes;
        scrapes.add(&system(), target(canary())).await.unwrap()
    }

    /// Scrapes every target once; what they were asked with.
    async fn scrape(&self) -> Vec<Option<Hidden>> {
        let runner = ScrapeRunner::new(self.hub.clone());
        for mut task in runner.tasks(&system()).await.unwrap() {
            assert!(!format!("{task:?}").contains("canary"));
            task.scrape(&system()).await.unwrap();
        }
        std::mem::take(&mut self.fetch.0.lock().unwrap())
    }

    /// Another server on the same store.
    fn beside(&self, folder: &Path) -> Self {
        on(self.store.clone(), self.metrics.clone(), folder)
    }

    async fn close(&self) {
        self.metrics.close().await;
        self.store.close().await;
    }

    async fn kept(&self) -> Vec<(String, String)> {
        self.store.sealed(SealedPlace::TargetToken).await.unwrap()
    }
}

/// Every byte that lies in a folder, except in files with that name.
fn bytes_in(folder: &Path, except: &str) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().unwrap() != except {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn a_token_is_sealed_where_it_is_kept_and_open_where_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let home = unlocked(folder.path()).await;
    home.add().await;
    assert_eq!(home.scrape().await, [Some(Hidden(CANARY.into()))]);
    home.close().await;
    assert!(!holds(&bytes_in(folder.path(), ""), CANARY));
}

#[tokio::test]
async fn what_an_older_version_kept_in_plain_text_is_sealed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let old = unlocked(folder.path()).await;
    old.add().await;
    let (row, sealed) = old.kept().await.remove(0);
    let place = SealedPlace::TargetToken;
    old.store
        .replace_sealed(place, &row, &sealed, CANARY)
        .await
        .unwrap();
    old.close().await;
    assert!(holds(&bytes_in(folder.path(), ""), CANARY));

    let new = unlocked(folder.path()).await;
    assert_eq!(new.scrape().await, [Some(Hidden(CANARY.into()))]);
    new.close().await;
    assert!(!holds(&bytes_in(folder.path(), ""), CANARY));
}

#[tokio::test]
async fn rotating_seals_anew_and_who_runs_reads_on() {
    let folder = tempfile::tempdir().unwrap();
    let running = unlocked(folder.path()).await;
    running.add().await;
    let before = running.kept().await;
    // As the command does it, in another process.
    let command = running.beside(folder.path()).hub;
    command.unlock(&system(), own(folder.path())).await.unwrap();
    let done = command.rotate_secrets(&system(), &own(folder.path())).await;
    let done = done.unwrap();
    assert!(done.made);
    assert_eq!((done.sealed, done.already), (1, 0));
    let after = running.kept().await;
    assert_ne!(before, after);
    assert!(after[0].1.contains(&done.key) && !before[0].1.contains(&done.key));
    assert_eq!(running.scrape().await, [Some(Hidden(CANARY.into()))]);
    // Without the old key everything opens as well.
    let file = folder.path().join("master.key");
    let keys = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, keys.lines().next().unwrap()).unwrap();
    let anew = running.beside(folder.path()).hub;
    anew.unlock(&system(), own(folder.path())).await.unwrap();
}

#[tokio::test]
async fn a_key_that_somebody_else_looks_after_is_changed_by_putting_one_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path()).await;
    let (old, new) = (new_master_key(), new_master_key());
    let text = |keys: &str| KeySource::Text(Hidden(keys.to_owned()));
    home.hub.unlock(&system(), text(&old)).await.unwrap();
    home.add().await;
    let alone = home
        .hub
        .rotate_secrets(&system(), &text(&old))
        .await
        .unwrap();
    assert_eq!((alone.made, alone.sealed, alone.already), (false, 0, 1));
    let both = format!("{new},{old}");
    home.hub.unlock(&system(), text(&both)).await.unwrap();
    let done = home
        .hub
        .rotate_secrets(&system(), &text(&both))
        .await
        .unwrap();
    assert_eq!((done.made, done.sealed), (false, 1));
    home.hub.unlock(&system(), text(&new)).await.unwrap();
    assert_eq!(home.scrape().await, [Some(Hidden(CANARY.into()))]);
}

#[tokio::test]
async fn another_key_is_noticed_at_the_start_and_a_lost_one_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let kept = unlocked(folder.path()).await;
    let id = kept.add().await;
    std::fs::remove_file(folder.path().join("master.key")).unwrap();
    // Gone: none is made in its place, since nothing would open with that.
    let lost = kept.beside(folder.path()).hub;
    let error = lost
        .unlock(&system(), own(folder.path()))
        .await
        .unwrap_err();
    assert!(matches!(&error, SealError::File { .. }), "{error}");
    assert!(!folder.path().join("master.key").exists());
    let other = KeySource::Text(Hidden(new_master_key()));
    let error = lost.unlock(&system(), other).await.unwrap_err();
    assert!(
        error.to_string().contains("MILLRACE_MASTER_KEY_FILE"),
        "{error}"
    );

    // At use the target says so, and its token can be typed again.
    let hub = kept.beside(folder.path());
    let scrapes = hub.hub.services().scrapes;
    let gone = hub.hub.forget_sealed(&system(), own(folder.path())).await;
    assert_eq!(gone, Ok(1));
    hub.hub.unlock(&system(), own(folder.path())).await.unwrap();
    assert!(!scrapes.list(&system()).await.unwrap()[0].has_token);
    scrapes
        .edit(&system(), &id, target(canary()))
        .await
        .unwrap();
    assert_eq!(hub.scrape().await, [Some(Hidden(CANARY.into()))]);
}

#[tokio::test]
async fn a_token_that_cannot_be_opened_stops_its_target_only_and_is_never_dropped_silently() {
    let folder = tempfile::tempdir().unwrap();
    let home = unlocked(folder.path()).await;
    let id = home.add().await;
    let (row, sealed) = home.kept().await.remove(0);
    let damaged = format!("{sealed}00");
    let place = SealedPlace::TargetToken;
    home.store
        .replace_sealed(place, &row, &sealed, &damaged)
        .await
        .unwrap();
    assert_eq!(home.scrape().await, [], "it is not asked without its token");
    let scrapes = home.hub.services().scrapes;
    let listed = scrapes.list(&system()).await.unwrap().remove(0);
    let ScrapeState::Down { why } = listed.state else {
        panic!("{:?}", listed.state);
    };
    assert!(why.contains("token") && why.contains("changed"), "{why}");
    let keep = scrapes
        .edit(&system(), &id, target(TokenChange::Keep))
        .await;
    let error = keep.unwrap_err();
    assert!(error.of_field("token").is_some(), "{error}");
    scrapes
        .edit(&system(), &id, target(canary()))
        .await
        .unwrap();
    assert_eq!(home.scrape().await, [Some(Hidden(CANARY.into()))]);
}

#[tokio::test]
async fn nothing_is_kept_before_the_key_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(folder.path()).await;
    let scrapes = home.hub.services().scrapes;
    let refused = scrapes.add(&system(), target(canary())).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
    assert!(home.kept().await.is_empty());
}

#[tokio::test]
async fn servers_with_keys_of_their_own_run_as_long_as_nothing_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let one = unlocked(folder.path()).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let two = one.beside(elsewhere.path());
    two.hub
        .unlock(&system(), own(elsewhere.path()))
        .await
        .unwrap();
    let refused = two
        .hub
        .services()
        .scrapes
        .add(&system(), target(canary()))
        .await;
    let words = refused.unwrap_err().to_string();
    assert!(words.contains("MILLRACE_MASTER_KEY_FILE"), "{words}");
    assert!(two.kept().await.is_empty());
    one.add().await;
    let three = one.beside(elsewhere.path());
    let refused = three.hub.unlock(&system(), own(elsewhere.path())).await;
    assert!(matches!(refused, Err(SealError::OtherKey { .. })));
}
