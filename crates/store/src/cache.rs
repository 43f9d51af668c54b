//! What servers keep together in Redis for a while: bytes under keys, which Redis forgets by itself.

use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::{RedisUrl, Result, StoreError};

/// How long an answer may take, the connection included: whoever waits could compute meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many keys are looked at in one step.
const STEP: u32 = 1_000;

/// Bytes in Redis, for a while.
pub struct RedisCache {
    url: RedisUrl,
    /// Made when it is first needed, and anew after it was lost.
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisCache {
    /// In that Redis. Nothing is asked yet.
    pub fn new(url: &RedisUrl) -> Self {
        Self {
            url: url.clone(),
            connection: Mutex::default(),
        }
    }

    /// What lies there under the key, if anything does.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.ask(redis::cmd("GET").arg(key)).await
    }

    /// Puts bytes there, for so many seconds and at least one.
    pub async fn put(&self, key: &str, bytes: &[u8], seconds: u64) -> Result<()> {
        let mut put = redis::cmd("SET");
        put.arg(key).arg(bytes).arg("EX").arg(seconds.max(1));
        self.ask(&put).await
    }

    /// Forgets every key that begins so. `beginning` holds letters, digits and colons only.
    pub async fn forget(&self, beginning: &str) -> Result<()> {
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{beginning}*"));
            scan.arg("COUNT").arg(STEP);
            let (next, keys): (u64, Vec<String>) = self.ask(&scan).await?;
            if !keys.is_empty() {
                let _: u64 = self.ask(redis::cmd("UNLINK").arg(keys)).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T> {
        let asked = async {
            let mut connection = self.connected().await?;
            let answer: Result<T, RedisError> = command.query_async(&mut connection).await;
            Ok::<T, StoreError>(answer?)
        };
        // Around all of it: those who wait while others try to connect would wait for each in turn.
        let answer = timeout(PATIENCE, asked).await.unwrap_or_else(|_| {
            let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
            Err(RedisError::from(late).into())
        });
        // It may be lost, and another one costs little. Where somebody holds it, another one is made.
        if answer.is_err()
            && let Ok(mut held) = self.connection.try_lock()
        {
            *held = None;
        }
        answer
    }

    /// A handle on the one connection.
    async fn connected(&self) -> Result<MultiplexedConnection> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = &*held {
            return Ok(connection.clone());
        }
        let connection = self.url.connect(PATIENCE).await?;
        Ok(held.insert(connection).clone())
    }
}

impl std::fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCache").finish_non_exhaustive()
    }
}
