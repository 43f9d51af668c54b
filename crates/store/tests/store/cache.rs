//! What servers keep together in Redis: nobody waits long where it does not answer.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use futures::future::join_all;
use store::{RedisCache, RedisUrl};

use crate::harness::block_on;

#[test]
fn of_many_who_ask_a_redis_that_is_silent_nobody_waits_for_the_others() {
    // The system takes connections in, and nobody ever answers the password.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url: RedisUrl = format!("redis://:s3cret@127.0.0.1:{port}").parse().unwrap();
    block_on(async move {
        let cache = RedisCache::new(&url);
        let begun = Instant::now();
        let answers = join_all((0..20).map(|_| cache.get("key"))).await;
        let took = begun.elapsed();
        assert!(answers.iter().all(Result::is_err));
        // One after another would take ten seconds.
        assert!(took < Duration::from_secs(3), "{took:?}");
    });
}
