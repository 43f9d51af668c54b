//! The operations: authorise, validate, call an engine or the store, publish.
//!
//! Every operation of [`api`] is implemented here, on one [`Hub`]; `guard` is the only place that
//! looks at permissions, and nothing else in the workspace does.

mod account;
mod aside;
mod audit;
mod board;
mod bus;
mod cache;
mod calendar;
mod cash;
mod csv;
mod database;
mod demo;
mod event;
mod factor;
mod failure;
mod finding;
mod forecast;
mod guard;
mod health;
mod host;
mod import;
mod incident;
mod job;
mod key;
mod lease;
mod machine;
mod metrics;
mod model;
mod once;
mod passkey;
mod people;
mod provider;
mod rate;
mod recording;
mod relay;
mod reorder;
mod role;
mod runway;
mod scrape;
mod seal;
mod secret;
mod series;
mod share;
mod source;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use api::{Clock, Services};
use store::Store;
use store::metrics::MetricStore;
use tokio::sync::Mutex;

pub use account::SessionTimes;
pub use audit::{
    Anchors, AuditKeeper, Barred, Verified, audit_head, audit_line, read_anchors, verify_audit,
};
pub use bus::Bus;
pub use cache::{CacheSettings, Served, watching};
pub use demo::DemoTicker;
pub use finding::FindingSettings;
pub use health::{Amount, Component, OwnNumber};
pub use host::{HostMetric, HostReading, HostRecorder};
pub use metrics::{AGAIN_SECONDS, push_failure};
pub use passkey::RelyingParty;
pub use provider::{Ask, AskFault, Provider};
pub use relay::Relay;
pub use scrape::{Fetch, FetchAsk, FetchFault, Fetched, ScrapeRunner, ScrapeTask};
pub use seal::{KeySource, Ring, Rotation, SealError, new_master_key};
pub use series::unpacked;
pub use share::{Shared, Tally};

/// What the operations stand on.
pub struct Hub {
    store: Store,
    clock: Arc<dyn Clock>,
    bus: Bus,
    /// What was computed and is kept for a while.
    cache: Arc<cache::Cache>,
    uploads: PathBuf,
    max_upload_bytes: u64,
    /// Imports that run, so that they can be cancelled.
    running: import::Running,
    /// One at a time: argon2id takes 19 MiB and a core each.
    hashing: tokio::sync::Semaphore,
    /// Failed attempts to sign in.
    attempts: Arc<account::Attempts>,
    /// How long sessions last.
    times: SessionTimes,
    /// Another place to sign in.
    provider: Option<Provider>,
    /// What passkeys are bound to.
    party: RelyingParty,
    /// What is remembered of the other place.
    known: provider::Known,
    /// Refusals that are not in the audit log yet.
    refused: audit::Refused,
    /// When each key was last noted to be used, by key and address.
    key_uses: audit::KeyUses,
    /// What the demo company last told; held while it is made or removed.
    demo: Mutex<Option<demo::Running>>,
    metrics: metrics::Intake,
    /// Whether anything can be written.
    tried: health::Tried,
    numbers: health::Numbers,
    leases: lease::Leases,
    rates: Arc<rate::Rates>,
    recording: recording::Recording,
    scraping: scrape::Scraping,
    models: forecast::Models,
    aside: aside::Aside,
    /// How findings are found.
    finding: FindingSettings,
    queue: job::Told,
    /// What seals the secrets that are kept.
    sealer: Arc<seal::Sealer>,
}

/// What the operations are made from.
pub struct Settings {
    /// Where uploads wait; made when it is not there.
    pub uploads: PathBuf,
    /// The largest upload, in bytes.
    pub max_upload_bytes: u64,
    /// Where metrics are kept; none where the running server keeps them.
    pub metrics: Option<Arc<dyn MetricStore>>,
    /// How targets are asked; none where the running server scrapes them.
    pub fetch: Option<Arc<dyn Fetch>>,
    /// How long sessions last.
    pub times: SessionTimes,
    /// Another place to sign in; none where people have passwords.
    pub provider: Option<Provider>,
    /// What passkeys are bound to.
    pub party: RelyingParty,
    /// How long answers are kept.
    pub cache: CacheSettings,
    /// How findings are found.
    pub finding: FindingSettings,
}

impl Settings {
    /// Of operations that stand alone: no metrics, nobody else asked, no passkeys, uploads of up to a mebibyte.
    pub fn alone(uploads: PathBuf) -> Self {
        Self {
            uploads,
            max_upload_bytes: 1 << 20,
            metrics: None,
            fetch: None,
            times: SessionTimes::default(),
            provider: None,
            party: RelyingParty::unknown(),
            cache: CacheSettings::default(),
            finding: FindingSettings::default(),
        }
    }
}

impl Hub {
    /// The operations on a store.
    pub fn new(store: Store, clock: Arc<dyn Clock>, bus: Bus, settings: Settings) -> Arc<Self> {
        let cache = Arc::new(cache::Cache::new(settings.cache, &store));
        bus.tell(&cache);
        let sealer = Arc::<seal::Sealer>::default();
        Arc::new(Self {
            store: store.signing(sealer.clone()),
            cache,
            clock,
            attempts: Arc::new(account::Attempts::new(bus.clone())),
            bus,
            uploads: settings.uploads,
            max_upload_bytes: settings.max_upload_bytes,
            running: import::Running::default(),
            hashing: tokio::sync::Semaphore::new(1),
            times: settings.times,
            provider: settings.provider,
            party: settings.party,
            known: provider::Known::default(),
            refused: audit::Refused::default(),
            key_uses: audit::KeyUses::default(),
            demo: Mutex::new(None),
            metrics: metrics::Intake::new(settings.metrics),
            tried: health::Tried::default(),
            numbers: health::Numbers::default(),
            leases: lease::Leases::new(),
            rates: Arc::default(),
            recording: recording::Recording::default(),
            scraping: scrape::Scraping::new(settings.fetch),
            models: forecast::Models::default(),
            aside: aside::Aside::default(),
            finding: settings.finding,
            queue: job::Told::default(),
            sealer,
        })
    }

    /// The operations as everybody else knows them.
    pub fn services(self: &Arc<Self>) -> Services {
        Services {
            accounts: self.clone(),
            audit: self.clone(),
            boards: self.clone(),
            caches: self.clone(),
            calendars: self.clone(),
            cash: self.clone(),
            databases: self.clone(),
            demo: self.clone(),
            events: self.clone(),
            factors: self.clone(),
            findings: self.clone(),
            forecasts: self.clone(),
            imports: Arc::new(import::ImportDesk(self.clone())),
            incidents: self.clone(),
            jobs: self.clone(),
            keys: self.clone(),
            machines: self.clone(),
            metrics: self.clone(),
            models: self.clone(),
            once: self.clone(),
            passkeys: self.clone(),
            people: self.clone(),
            providers: self.clone(),
            recordings: self.clone(),
            reorders: self.clone(),
            roles: self.clone(),
            runway: self.clone(),
            scrapes: self.clone(),
            series: self.clone(),
            sources: self.clone(),
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
