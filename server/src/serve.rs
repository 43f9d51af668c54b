//! Serving: open the store, start the jobs, listen, and stop in good order.

use std::sync::Arc;

use anyhow::Context;
use api::{Caller, Clock};
use service::{AuditKeeper, Bus, Fetch, Hub, Relay, read_anchors};
use store::metrics::{ChunkStore, EngineStore, MetricStore};
use store::{Channel, Store};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::SystemClock;
use crate::config::Settings;
use crate::listen::Patience;
use crate::scrape::HttpFetch;
use crate::state::App;
use crate::tls::Identity;
use crate::{jobs, listen, measure, router, tls};

/// Opens the store and makes the operations on it. Only the server keeps `metrics`.
pub(crate) async fn open(
    settings: &Settings,
    metrics: Option<Arc<dyn MetricStore>>,
) -> anyhow::Result<(Arc<Hub>, Store)> {
    let (hub, store) = open_locked(settings, metrics).await?;
    hub.unlock(&Caller::system("start"), settings.master_keys()?)
        .await
        .context("the secrets that are kept cannot be opened; where their master key is lost for good, `millrace secrets forget` takes them away")?;
    Ok((hub, store))
}

/// The same, before any secret can be sealed or opened.
pub(crate) async fn open_locked(
    settings: &Settings,
    metrics: Option<Arc<dyn MetricStore>>,
) -> anyhow::Result<(Arc<Hub>, Store)> {
    let store = open_store(settings).await?;
    check_history(settings, &store).await?;
    store
        .finish_deletions()
        .await
        .context("the database cannot be written")?;
    let reach = settings.guard.reach()?;
    let hub = Hub::new(
        store.clone(),
        Arc::new(SystemClock),
        Bus::new(SystemClock.now().0),
        service::Settings {
            party: service::RelyingParty::at(&settings.public()),
            uploads: settings.data.join("uploads"),
            max_upload_bytes: u64::from(settings.upload_mib) * 1024 * 1024,
            fetch: metrics
                .is_some()
                .then(|| Arc::new(HttpFetch::new(reach)) as Arc<dyn Fetch>),
            metrics,
            times: settings.session_times(),
            provider: settings.identity_provider()?,
            cache: settings.caches()?,
            finding: settings.findings(),
        },
    );
    Ok((hub, store))
}

/// Opens the store alone, and changes nothing in it.
pub(crate) async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    make_data_folder(settings)?;
    let url = settings.database()?;
    let store = Store::open(&url, &settings.data);
    store.await.context("the database cannot be opened")
}

/// Refuses an empty database beside anchors that name entries of its audit log: it was lost or cut off, and
/// would be taken for a new installation that anybody may claim.
async fn check_history(settings: &Settings, store: &Store) -> anyhow::Result<()> {
    let (newest, _) = store.audit_head().await?;
    let file = settings.audit_anchor();
    if newest > 0 || !file.is_file() {
        return Ok(());
    }
    let read = read_anchors(&file, None)
        .with_context(|| format!("the anchors in {} cannot be read", file.display()))?;
    if let Some(entry) = read.anchors.iter().map(|anchor| anchor.seq).max()
        && entry > 0
    {
        let file = file.display();
        anyhow::bail!(
            "the database is empty, and {file} names entry {entry} of its audit log: the database was lost. Put it back from a backup; or, to begin anew, move that file away"
        );
    }
    Ok(())
}

fn make_data_folder(settings: &Settings) -> anyhow::Result<()> {
    std::fs::create_dir_all(&settings.data)
        .with_context(|| format!("the data folder {} cannot be made", settings.data.display()))
}

/// Where metrics are kept: in the database, or in the engine that is set.
async fn open_metrics(settings: &Settings) -> anyhow::Result<Arc<dyn MetricStore>> {
    if let Some(engine) = engine(settings)? {
        let engine = Arc::new(engine);
        // Nobody waits for it: it may come later, and until then senders are told to try again.
        tokio::spawn(tell_of(engine.clone()));
        return Ok(engine);
    }
    make_data_folder(settings)?;
    let metrics = ChunkStore::open(&settings.database()?, &settings.data)
        .await
        .context("the metrics cannot be opened")?;
    if metrics.damaged() > 0 {
        tracing::error!(
            records = metrics.damaged(),
            "some acknowledged metrics could not be read back; the rest is there"
        );
    }
    Ok(Arc::new(metrics))
}

async fn tell_of(engine: Arc<EngineStore>) {
    match engine.check().await {
        Ok(()) => tracing::info!(?engine, "an engine keeps the metrics"),
        Err(error) => tracing::error!(%error, "metrics cannot be kept now"),
    }
}

/// The engine that is set to keep metrics.
pub(crate) fn engine(settings: &Settings) -> anyhow::Result<Option<EngineStore>> {
    let Some((address, trust)) = settings.engine()? else {
        return Ok(None);
    };
    let tls = trust.config().map_err(anyhow::Error::msg)?;
    Ok(Some(EngineStore::new(address, tls)?))
}

/// Serves until it is told to stop; with the demo company if asked to.
pub(crate) async fn serve(settings: Settings, demo: bool) -> anyhow::Result<()> {
    let folder = settings.site_folder();
    let leptos = router::site(&folder, settings.addr)?;
    let kept = open_metrics(&settings).await?;
    let (hub, store) = open(&settings, Some(kept.clone())).await?;
    let metrics = measure::install()?;
    let listener = TcpListener::bind(settings.addr).await.with_context(|| {
        format!(
            "{} cannot be listened on; is Millrace running already?",
            settings.addr
        )
    })?;
    let stopping = CancellationToken::new();
    let app = App {
        services: hub.services(),
        hub: hub.clone(),
        clock: Arc::new(SystemClock),
        metrics,
        site_root: leptos.site_root.as_ref().into(),
        leptos,
        public: settings.public(),
        secure_cookies: settings.public().starts_with("https://"),
        guard: Arc::new(settings.guard.guard()?),
        stopping: stopping.clone(),
    };
    let tasks = TaskTracker::new();
    let channel = match settings.redis()? {
        Some(redis) => Some(Channel::through_redis(&redis)),
        None => Channel::through(&store),
    };
    if let Some(channel) = channel {
        let relay = Relay::new(&hub, channel, vec![app.guard.limits.clone()]);
        tasks.spawn(jobs::relay(relay, stopping.clone()));
    }
    jobs::start(&tasks, &stopping, hub.clone(), &app, &settings);
    greet(&settings, &app, demo).await?;
    let identity = settings.guard.identity()?;
    let tls = identity.as_ref().map(Identity::acceptor).transpose()?;
    if let Some(identity) = identity {
        tasks.spawn(renew(identity, stopping.clone()));
    }
    tokio::spawn(stop_on_signal(stopping.clone()));
    let router = router::router(app);
    listen::serve(listener, router, tls, Patience::default(), stopping).await;
    tasks.close();
    tasks.wait().await;
    // Failures were logged where they happened.
    let stop = Caller::system("stop");
    let mut keeper = AuditKeeper::new(hub.clone(), settings.audit_anchor());
    let _ = keeper.begin(&stop).await;
    let _ = keeper.tick(&stop, true).await;
    let _ = hub.leave(&stop).await;
    kept.close().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Takes a renewed certificate up.
async fn renew(identity: Arc<Identity>, stopping: CancellationToken) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(tls::LOOK_AGAIN) => {}
        }
        match identity.renew() {
            Ok(true) => tracing::info!("the certificate was read again"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the new certificate is not used"),
        }
    }
}

/// Prints where to go; on a fresh installation, the one-time link that makes the administrator.
#[expect(
    clippy::print_stdout,
    reason = "the link is for the person who started it, not for the log"
)]
async fn greet(settings: &Settings, app: &App, demo: bool) -> anyhow::Result<()> {
    let caller = Caller::system("start");
    let public = settings.public();
    println!("Millrace is at {public}");
    if let Some(token) = app.services.accounts.set_up_token(&caller).await? {
        println!("\nNobody has claimed it yet. Open this link once to become the administrator:\n");
        println!("    {public}/setup?token={token}\n");
    }
    if demo {
        println!("Making the demo company…");
        app.services.demo.start(&caller).await?;
        println!("The demo company is there.");
    }
    Ok(())
}

async fn stop_on_signal(stopping: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    tracing::info!("stopping: open requests are finished first");
    stopping.cancel();
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[tokio::test]
    async fn an_empty_database_beside_anchors_is_no_new_installation() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let cli = crate::config::Cli::try_parse_from(["millrace", "--data", &data]);
        let settings = cli.unwrap().settings;
        let (_, store) = open_locked(&settings, None).await.unwrap();
        store.close().await;
        // No line of it is whole: the log was never anchored.
        let anchors = folder.path().join("audit.anchors");
        std::fs::write(&anchors, "{\"entry\":").unwrap();
        check_history(&settings, &open_store(&settings).await.unwrap())
            .await
            .unwrap();
        let line = r#"{"entry":7,"hash":"x","time":"2026-11-21T10:00:00Z","by":""}"#;
        std::fs::write(&anchors, format!("{line}\n")).unwrap();
        let Err(error) = open_locked(&settings, None).await else {
            panic!("an empty database was taken");
        };
        let words = error.to_string();
        assert!(
            words.contains("entry 7") && words.contains("backup"),
            "{words}"
        );
    }
}
