//! What was computed is kept for a while: in this process, and in Redis where one is set.
//!
//! A key holds everything that its value depends on, so that an answer that is there is right: the
//! question, and what it rests on. What an answer of this process alone rests on (what was told on the
//! bus) is a number beside the key, which moves on when something changes: whoever computed meanwhile
//! puts the answer where nobody looks any more.
//! Permission is looked at before the cache is asked, and no value depends on who asks.
//! Errors are never kept. Of many who ask the same at once one computes.

mod key;
mod second;
mod served;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use api::{
    CacheArea, CacheRedis, CacheReport, CacheUse, Caches, Caller, Error, Event, Permission, Result,
    Topic,
};
use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{RedisUrl, Store};

use crate::Hub;
use crate::audit::Note;
use crate::guard::require;
pub(crate) use key::Key;
use key::Slot;
use second::Second;
pub(crate) use served::serve;
pub use served::{Served, watching};

/// How long answers are kept, and in how much room.
#[derive(Clone, Debug)]
pub struct CacheSettings {
    /// Questions to the metrics; nothing keeps none, here and below.
    pub metrics: Duration,
    /// Lists of what is unusual.
    pub alerts: Duration,
    /// What engines computed.
    pub models: Duration,
    /// The most bytes of each area in memory.
    pub most_bytes: u64,
    /// Where servers share what all of them may use.
    pub redis: Option<RedisUrl>,
}

impl Default for CacheSettings {
    /// Five minutes, ten minutes and an hour; 64 MiB each; no Redis.
    fn default() -> Self {
        Self {
            metrics: Duration::from_mins(5),
            alerts: Duration::from_mins(10),
            models: Duration::from_hours(1),
            most_bytes: 64 << 20,
            redis: None,
        }
    }
}

/// An answer that was computed.
pub(crate) enum Fresh<T> {
    /// The next who asks gets it, too.
    Keep(T),
    /// It is for who asked: it may be another in a moment.
    Once(T),
}

impl<T> Fresh<T> {
    /// To be kept where that is so.
    pub(crate) fn keep_if(keep: bool, value: T) -> Self {
        if keep {
            Self::Keep(value)
        } else {
            Self::Once(value)
        }
    }

    fn value(self) -> T {
        match self {
            Self::Keep(value) | Self::Once(value) => value,
        }
    }
}

/// Why a computation left nothing to keep.
enum Left<E> {
    Unkept,
    Failed(E),
}

/// The caches of this process.
pub(crate) struct Cache {
    areas: [Area; CacheArea::ALL.len()],
    most_bytes: u64,
    second: Option<Second>,
    /// Whether it is not heard now what happens at other servers.
    deaf: AtomicBool,
}

struct Area {
    /// None where it is switched off.
    kept: Option<moka::future::Cache<Slot, Arc<[u8]>>>,
    lifetime: Duration,
    /// Moves on when what was computed before is no longer so.
    version: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    invalidations: AtomicU64,
}

impl Area {
    fn new(lifetime: Duration, most_bytes: u64) -> Self {
        let kept = || {
            moka::future::Cache::builder()
                .max_capacity(most_bytes)
                .weigher(|_: &Slot, bytes: &Arc<[u8]>| {
                    let own = size_of::<Slot>() + bytes.len();
                    u32::try_from(own).unwrap_or(u32::MAX)
                })
                .time_to_live(lifetime)
                .build()
        };
        Self {
            kept: (!lifetime.is_zero() && most_bytes > 0).then(kept),
            lifetime,
            version: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            invalidations: AtomicU64::new(0),
        }
    }

    fn count(&self, served: Served) {
        let counter = match served {
            Served::Hit => &self.hits,
            Served::Miss => &self.misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        serve(served);
    }

    fn outdate(&self) {
        // Whoever began before puts its answer under the number of before.
        self.version.fetch_add(1, Ordering::AcqRel);
        self.invalidations.fetch_add(1, Ordering::Relaxed);
        if let Some(kept) = &self.kept {
            kept.invalidate_all();
        }
    }
}

/// Whether what an area holds depends on what is told on the bus. The others' keys hold all of it.
const fn heeds_events(area: CacheArea) -> bool {
    matches!(area, CacheArea::Alerts)
}

impl Cache {
    pub(crate) fn new(settings: CacheSettings, store: &Store) -> Self {
        let areas = CacheArea::ALL.map(|area| {
            let lifetime = match area {
                CacheArea::Metrics => settings.metrics,
                CacheArea::Alerts => settings.alerts,
                CacheArea::Models => settings.models,
            };
            Area::new(lifetime, settings.most_bytes)
        });
        let second = |url| Second::new(&url, store.clone());
        Self {
            areas,
            most_bytes: settings.most_bytes,
            second: settings.redis.map(second),
            deaf: AtomicBool::new(false),
        }
    }

    fn area(&self, area: CacheArea) -> &Area {
        let [metrics, alerts, models] = &self.areas;
        match area {
            CacheArea::Metrics => metrics,
            CacheArea::Alerts => alerts,
            CacheArea::Models => models,
        }
    }

    /// How long an area's answers are kept.
    pub(crate) fn lifetime(&self, area: CacheArea) -> Duration {
        self.area(area).lifetime
    }

    /// The answer that is there, or the one that `compute` gives. Without a key nothing is asked of the
    /// cache, since nobody can tell how long the answer holds.
    ///
    /// # Errors
    /// Those of `compute`: whoever asked the same at that moment gets the same.
    pub(crate) async fn get<T, E, F>(
        &self,
        key: Option<Key>,
        compute: impl Fn() -> F + Send + Sync,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned + Send,
        E: Clone + Send + Sync + 'static,
        F: Future<Output = Result<Fresh<T>, E>> + Send,
    {
        let of = key.as_ref().map(|key| (key.area, self.area(key.area)));
        let deaf = |area| heeds_events(area) && self.deaf.load(Ordering::Acquire);
        let open = of.filter(|(name, _)| !deaf(*name));
        let open = open.and_then(|(_, area)| Some((area, area.kept.as_ref()?)));
        let (Some(key), Some((area, kept))) = (key, open) else {
            return compute().await.map(Fresh::value);
        };
        let slot = key.slot(area.version.load(Ordering::Acquire));
        let mut found: Option<(T, Served)> = None;
        let work = async {
            if let Some((bytes, value)) = self.read_second(&key).await {
                found = Some((value, Served::Hit));
                return Ok(bytes);
            }
            let (value, keep) = match compute().await {
                Ok(Fresh::Keep(value)) => (value, true),
                Ok(Fresh::Once(value)) => (value, false),
                Err(error) => return Err(Left::Failed(error)),
            };
            let bytes = keep.then(|| postcard::to_allocvec(&value).ok()).flatten();
            found = Some((value, Served::Miss));
            let Some(bytes) = bytes else {
                return Err(Left::Unkept);
            };
            let bytes: Arc<[u8]> = bytes.into();
            self.write_second(&key, &bytes, area.lifetime).await;
            Ok(bytes)
        };
        let entry = kept.entry(slot).or_try_insert_with(work).await;
        // Whoever computed has the value at hand; the others read it.
        if let Some((value, served)) = found {
            area.count(served);
            return Ok(value);
        }
        match entry {
            Ok(entry) => {
                if let Ok(value) = postcard::from_bytes(entry.value()) {
                    area.count(Served::Hit);
                    return Ok(value);
                }
            }
            Err(left) => {
                if let Left::Failed(error) = &*left {
                    area.count(Served::Miss);
                    return Err(error.clone());
                }
            }
        }
        // Somebody else's answer that is for nobody else.
        area.count(Served::Miss);
        compute().await.map(Fresh::value)
    }

    async fn read_second<T: DeserializeOwned>(&self, key: &Key) -> Option<(Arc<[u8]>, T)> {
        let second = self.second.as_ref().filter(|_| key.shared)?;
        let bytes = second.get(key).await?;
        let value = postcard::from_bytes(&bytes).ok()?;
        Some((bytes.into(), value))
    }

    async fn write_second(&self, key: &Key, bytes: &[u8], lifetime: Duration) {
        if let Some(second) = self.second.as_ref().filter(|_| key.shared) {
            second.put(key, bytes, lifetime).await;
        }
    }

    /// Hears what is told to open pages, before they are: what they ask for next is to be new.
    pub(crate) fn hear(&self, event: &Event) {
        match event {
            Event::Reset
            | Event::Changed {
                topic: Topic::Caches,
                id: None,
            } => self.outdate(None),
            Event::Changed {
                topic: Topic::Caches,
                id: Some(word),
            } => {
                // An area that is not known here is a newer server's.
                if let Some(area) = CacheArea::of_word(word) {
                    self.outdate(Some(area));
                }
            }
            // The titles of series stand in lists of what is unusual. That there are more series says
            // nothing of these, and is told whenever a rule was recorded.
            Event::Changed {
                topic: Topic::Findings | Topic::Demo,
                ..
            }
            | Event::Changed {
                topic: Topic::Forecasts,
                id: Some(_),
            } => self.outdate(Some(CacheArea::Alerts)),
            Event::Samples { .. } | Event::Changed { .. } => {}
        }
    }

    fn outdate(&self, only: Option<CacheArea>) {
        for area in CacheArea::ALL {
            if only.is_none_or(|only| only == area) {
                self.area(area).outdate();
            }
        }
    }

    /// Says that it is not heard what happens at other servers: what depends on it is not kept.
    pub(crate) fn deafen(&self) {
        self.deaf.store(true, Ordering::Release);
    }

    /// Says that it is heard again. What was missed nobody knows.
    pub(crate) fn listen(&self) {
        self.outdate(None);
        self.deaf.store(false, Ordering::Release);
    }

    /// Takes an area, or all, out of what servers share; answers whether that went well.
    async fn empty_second(&self, area: Option<CacheArea>) -> bool {
        match &self.second {
            Some(second) if !area.is_some_and(heeds_events) => second.forget(area).await,
            _ => true,
        }
    }

    async fn report(&self) -> CacheReport {
        let mut areas = Vec::new();
        for name in CacheArea::ALL {
            let area = self.area(name);
            let (mut entries, mut bytes) = (0, 0);
            if let Some(kept) = &area.kept {
                // What has expired is counted until somebody looks.
                kept.run_pending_tasks().await;
                (entries, bytes) = (kept.entry_count(), kept.weighted_size());
            }
            areas.push(CacheUse {
                area: name,
                lifetime_seconds: u32::try_from(area.lifetime.as_secs()).unwrap_or(u32::MAX),
                entries,
                bytes,
                hits: area.hits.load(Ordering::Relaxed),
                misses: area.misses.load(Ordering::Relaxed),
                invalidations: area.invalidations.load(Ordering::Relaxed),
                shared: !heeds_events(name),
            });
        }
        CacheReport {
            areas,
            most_bytes: self.most_bytes,
            redis: match &self.second {
                None => CacheRedis::None,
                Some(second) if second.is_away() => CacheRedis::Away,
                Some(_) => CacheRedis::Answers,
            },
        }
    }
}

#[async_trait]
impl Caches for Hub {
    async fn caches(&self, caller: &Caller) -> Result<CacheReport> {
        require(caller, Permission::MonitoringRead)?;
        Ok(self.cache.report().await)
    }

    async fn empty_caches(&self, caller: &Caller, area: Option<CacheArea>) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let emptied = self.outdated(area).await;
        let name = area.map_or("all", CacheArea::as_str);
        self.audit(caller, Note::of("cache.empty").on("cache", name, name))
            .await?;
        if emptied {
            return Ok(());
        }
        Err(Error::Unavailable {
            message: "Every server has forgotten its own; Redis does not answer, and what lies there stays until its time is over.".into(),
        })
    }
}

impl Hub {
    /// Makes every server forget what an area holds, or all; answers whether what they share is gone,
    /// too.
    pub(crate) async fn outdated(&self, area: Option<CacheArea>) -> bool {
        // What they share first: who has forgotten its own looks there.
        let emptied = self.cache.empty_second(area).await;
        self.bus.publish(Event::Changed {
            topic: Topic::Caches,
            id: area.map(|area| area.as_str().to_owned()),
        });
        emptied
    }

    /// What the caches hold, in numbers. Open to all, as `/metrics` is; they name nothing of anybody's.
    pub async fn cache_counts(&self) -> CacheReport {
        self.cache.report().await
    }
}

#[cfg(test)]
mod tests;
