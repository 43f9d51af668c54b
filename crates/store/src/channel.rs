//! What servers that work together tell each other: short texts, to everybody, kept nowhere.
//!
//! Over `PostgreSQL`'s LISTEN and NOTIFY, or over Redis where there is one.
//! A text arrives at most once, in the order of its speaker, at its speaker too.
//! Whoever was not listening has missed it, so a listener that lost its connection must look at
//! everything again.

mod postgres;
mod redis;

use std::sync::Arc;

use crate::db::Db;
use crate::{Result, Store};

pub use redis::{RedisUrl, RedisUrlError};

/// The channel's name: of the database with `PostgreSQL`, of the whole Redis otherwise.
const NAME: &str = "millrace_events";

/// What servers on one database, or one Redis, tell each other.
#[derive(Clone)]
pub struct Channel(Way);

#[derive(Clone)]
enum Way {
    Postgres(Arc<Db>),
    Redis(RedisUrl),
}

impl Channel {
    /// Through this store's database; none with SQLite, which one server has to itself.
    pub fn through(store: &Store) -> Option<Self> {
        match &*store.db {
            Db::Sqlite(_) => None,
            Db::Postgres(_) => Some(Self(Way::Postgres(store.db.clone()))),
        }
    }

    /// Through Redis.
    pub fn through_redis(url: &RedisUrl) -> Self {
        Self(Way::Redis(url.clone()))
    }

    /// The longest text in bytes. `PostgreSQL` takes 8,000 bytes with the end mark (its manual, NOTIFY);
    /// Redis takes 512 MB, of which one event needs nothing.
    pub fn longest(&self) -> usize {
        match &self.0 {
            Way::Postgres(_) => 7_999,
            Way::Redis(_) => 1 << 20,
        }
    }

    /// How it is shown to people.
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Way::Postgres(_) => "PostgreSQL",
            Way::Redis(_) => "Redis",
        }
    }

    /// Begins to speak.
    pub async fn speaker(&self) -> Result<Speaker> {
        Ok(Speaker(match &self.0 {
            Way::Postgres(db) => Voice::Postgres(db.clone()),
            Way::Redis(url) => Voice::Redis(redis::Speaker::connect(url).await?),
        }))
    }

    /// Begins to listen: what is said from now on is heard.
    pub async fn listener(&self) -> Result<Listener> {
        Ok(Listener(match &self.0 {
            Way::Postgres(db) => Ear::Postgres(Box::new(postgres::Listener::connect(db).await?)),
            Way::Redis(url) => Ear::Redis(redis::Listener::connect(url).await?),
        }))
    }
}

/// One that speaks.
pub struct Speaker(Voice);

enum Voice {
    Postgres(Arc<Db>),
    Redis(redis::Speaker),
}

impl Speaker {
    /// Says each of those texts, in that order. After an error none, some or all were heard.
    pub async fn say(&mut self, texts: &[String]) -> Result<()> {
        match &mut self.0 {
            Voice::Postgres(db) => postgres::say(db, texts).await,
            Voice::Redis(speaker) => speaker.say(texts).await,
        }
    }
}

/// One that listens.
pub struct Listener(Ear);

enum Ear {
    Postgres(Box<postgres::Listener>),
    Redis(redis::Listener),
}

impl Listener {
    /// The next text; `None` when the connection is lost: then another listener is needed.
    ///
    /// No text is lost when the future is dropped.
    pub async fn hear(&mut self) -> Option<String> {
        match &mut self.0 {
            Ear::Postgres(listener) => listener.hear().await,
            Ear::Redis(listener) => listener.hear().await,
        }
    }
}

macro_rules! opaque {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque!(Channel, Speaker, Listener);
