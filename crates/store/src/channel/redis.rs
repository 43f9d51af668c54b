//! The channel over Redis' PUBLISH and SUBSCRIBE.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo};

use super::NAME;
use crate::{Result, StoreError};

/// How long a connection or an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which Redis, and where.
#[derive(Clone)]
pub struct RedisUrl(Arc<Client>);

/// A Redis URL that cannot be used. Never repeats it, since it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the Redis URL cannot be read: write `redis://user:password@host:6379/0`, or `rediss://` for TLS"
)]
pub struct RedisUrlError;

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        let info = text
            .trim()
            .into_connection_info()
            .map_err(|_| RedisUrlError)?;
        let client = Client::open(info).map_err(|_| RedisUrlError)?;
        Ok(Self(Arc::new(client)))
    }
}

impl RedisUrl {
    /// Answers once Redis does.
    pub async fn ping(&self) -> Result<()> {
        let mut connection = self.connect(PATIENCE).await?;
        Ok(redis::cmd("PING").query_async(&mut connection).await?)
    }

    /// A connection; making it and each of its answers may take that long.
    pub(crate) async fn connect(&self, patience: Duration) -> Result<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        Ok(self
            .0
            .get_multiplexed_async_connection_with_config(&config)
            .await?)
    }
}

impl std::fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let info = self.0.get_connection_info();
        match info.addr() {
            ConnectionAddr::TcpTls { host, port, .. } => write!(f, "rediss://{host}:{port}"),
            other => write!(f, "redis://{other}"),
        }?;
        write!(f, "/{}", info.redis_settings().db())
    }
}

impl std::fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

/// A connection that publishes.
pub(super) struct Speaker(MultiplexedConnection);

impl Speaker {
    pub(super) async fn connect(url: &RedisUrl) -> Result<Self> {
        Ok(Self(url.connect(PATIENCE).await?))
    }

    pub(super) async fn say(&mut self, texts: &[String]) -> Result<()> {
        if texts.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for text in texts {
            pipe.publish(NAME, text).ignore();
        }
        Ok(pipe.query_async(&mut self.0).await?)
    }
}

/// A connection that is subscribed.
pub(super) struct Listener {
    /// Dropping it would end the subscription.
    _sink: PubSubSink,
    stream: PubSubStream,
}

impl Listener {
    pub(super) async fn connect(url: &RedisUrl) -> Result<Self> {
        let subscribe = async {
            let (mut sink, stream) = url.0.get_async_pubsub().await?.split();
            sink.subscribe(NAME).await?;
            Ok(Self {
                _sink: sink,
                stream,
            })
        };
        tokio::time::timeout(PATIENCE, subscribe)
            .await
            .unwrap_or_else(|_| {
                let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
                Err(StoreError::Redis(late.into()))
            })
    }

    pub(super) async fn hear(&mut self) -> Option<String> {
        loop {
            // What is no text was not said by us.
            if let Ok(text) = self.stream.next().await?.get_payload() {
                return Some(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let url: RedisUrl = "redis://ada:s3cret@cache.local:6380/2".parse().unwrap();
        assert_eq!(url.to_string(), "redis://cache.local:6380/2");
        assert!(!format!("{url:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_no_address_says_how_to_write_one_and_repeats_nothing() {
        let error = "http://ada:s3cret@cache".parse::<RedisUrl>().unwrap_err();
        assert!(error.to_string().contains("redis://"));
        assert!(!error.to_string().contains("s3cret"));
    }
}
