//! What servers tell each other: over a throw-away `PostgreSQL`, over the real Redis, and what a
//! pooler does to it.

use std::time::Duration;

use store::{Channel, Listener};

use crate::harness::{self, Home};
use crate::peers::redis::{PASSWORD, Redis};

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn next(listener: &mut Listener) -> Option<String> {
    let wait = Duration::from_secs(10);
    tokio::time::timeout(wait, listener.hear()).await.unwrap()
}

async fn everybody_hears_every_text_in_order(channel: Channel) {
    let mut one = channel.listener().await.unwrap();
    let mut other = channel.listener().await.unwrap();
    let long = "ü".repeat(channel.longest().min(7_999) / 2);
    let said = texts(&["first", "", "it's \"quoted\" $1 \n", &long, "last"]);
    let mut speaker = channel.speaker().await.unwrap();
    speaker.say(&said).await.unwrap();
    speaker.say(&[]).await.unwrap();
    for listener in [&mut one, &mut other] {
        for text in &said {
            assert_eq!(next(listener).await.as_ref(), Some(text));
        }
    }
}

#[test]
fn postgres_carries_texts() {
    harness::on_postgres(|home: Home| async move {
        let channel = Channel::through(&home.store).unwrap();
        everybody_hears_every_text_in_order(channel).await;
    });
}

#[test]
fn a_lost_connection_to_postgres_is_noticed() {
    harness::on_postgres(|home: Home| async move {
        let channel = Channel::through(&home.store).unwrap();
        let mut listener = channel.listener().await.unwrap();
        home.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await;
        assert_eq!(next(&mut listener).await, None);
        // Those of the pool are dead too: the first to be tried may be one of them.
        let mut again = match channel.listener().await {
            Ok(listener) => listener,
            Err(_) => channel.listener().await.unwrap(),
        };
        let mut speaker = channel.speaker().await.unwrap();
        speaker.say(&texts(&["back"])).await.unwrap();
        assert_eq!(next(&mut again).await.as_deref(), Some("back"));
    });
}

#[test]
fn sqlite_has_no_other_servers() {
    harness::on_sqlite(|home: Home| async move {
        assert!(Channel::through(&home.store).is_none());
    });
}

#[test]
fn redis_carries_texts_and_a_lost_connection_is_noticed() {
    harness::block_on(async move {
        let Some(mut redis) = Redis::start().await else {
            return;
        };
        let channel = Channel::through_redis(&redis.url(PASSWORD));
        everybody_hears_every_text_in_order(channel.clone()).await;
        let mut listener = channel.listener().await.unwrap();
        let mut speaker = channel.speaker().await.unwrap();
        redis.stop();
        assert_eq!(next(&mut listener).await, None);
        assert!(speaker.say(&texts(&["nobody hears"])).await.is_err());
        assert!(channel.listener().await.is_err());
        redis.start_again().await;
        let mut listener = channel.listener().await.unwrap();
        let mut speaker = channel.speaker().await.unwrap();
        speaker.say(&texts(&["back"])).await.unwrap();
        assert_eq!(next(&mut listener).await.as_deref(), Some("back"));
        let error = redis.url("canary").ping().await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains("canary"));
    });
}
