//! What servers share, in Redis. Where it is away, each goes on with its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::CacheArea;
use store::{RedisCache, RedisUrl, Store, StoreError};
use tokio::sync::OnceCell;

use super::Key;

/// The layout of the bytes that are kept. Whoever changes a type that is kept, or what is computed from
/// the same question, counts on: another version of the program does not read these, nor these that
/// one's.
const LAYOUT: u32 = 1;
/// The setting that tells this installation's keys from those of another in the same Redis.
const SETTING: &str = "cache.space";
/// How long Redis is left alone after it did not answer.
const LEFT_ALONE: Duration = Duration::from_secs(10);
/// Longer ones are not worth the way.
const MOST_BYTES: usize = 4 << 20;

pub(super) struct Second {
    redis: RedisCache,
    store: Store,
    space: OnceCell<String>,
    /// When it did not answer last.
    away: Mutex<Option<Instant>>,
}

impl Second {
    pub(super) fn new(url: &RedisUrl, store: Store) -> Self {
        Self {
            redis: RedisCache::new(url),
            store,
            space: OnceCell::new(),
            away: Mutex::default(),
        }
    }

    pub(super) async fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let name = self.name(key).await?;
        self.noted(self.redis.get(&name).await).flatten()
    }

    pub(super) async fn put(&self, key: &Key, bytes: &[u8], lifetime: Duration) {
        if bytes.len() <= MOST_BYTES
            && let Some(name) = self.name(key).await
        {
            let seconds = lifetime.as_secs();
            self.noted(self.redis.put(&name, bytes, seconds).await);
        }
    }

    /// Forgets an area, or all; answers whether that went well.
    pub(super) async fn forget(&self, area: Option<CacheArea>) -> bool {
        let Ok(space) = self.space().await else {
            return false;
        };
        let beginning = match area {
            Some(area) => format!("{}{}:", beginning(space), area.as_str()),
            None => beginning(space),
        };
        self.noted(self.redis.forget(&beginning).await).is_some()
    }

    /// Whether it did not answer when it was asked last.
    pub(super) fn is_away(&self) -> bool {
        self.away().is_some()
    }

    fn away(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the answer lies; none where Redis is left alone.
    async fn name(&self, key: &Key) -> Option<String> {
        let left_alone = |since: Instant| since.elapsed() < LEFT_ALONE;
        if self.away().is_some_and(left_alone) {
            return None;
        }
        let space = self.space().await.ok()?;
        let area = key.area.as_str();
        Some(format!("{}{area}:{}", beginning(space), key.name()))
    }

    async fn space(&self) -> Result<&str, StoreError> {
        let made = || async {
            let new = crate::secret::token(16);
            self.store.put_new_setting(SETTING, &new).await?;
            // Another server may have been faster.
            let kept = self.store.setting(SETTING).await?;
            kept.ok_or(StoreError::Missing)
        };
        self.space.get_or_try_init(made).await.map(String::as_str)
    }

    /// Says once that it is away and once that it is back.
    fn noted<T>(&self, outcome: Result<T, StoreError>) -> Option<T> {
        let mut away = self.away();
        match outcome {
            Ok(value) => {
                if away.take().is_some() {
                    tracing::info!("Redis answers again: servers share what they computed");
                }
                Some(value)
            }
            Err(error) => {
                if away.is_none() {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, cause, "each server keeps what it computed for itself");
                }
                *away = Some(Instant::now());
                None
            }
        }
    }
}

fn beginning(space: &str) -> String {
    format!("millrace:cache:{LAYOUT}:{space}:")
}
