//! How many requests a client may make: a bucket for each account, and for each address of those who
//! are not known.
//!
//! A shared count would cost a round trip for each request: each server counts for itself and takes
//! out, a second later, what the others let in (`service::Shared`).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{Caller, Instant, Who};
use axum::http::Method;
use service::{Shared, Tally};

use crate::rest::oauth::TOKEN;

/// A full bucket holds what comes in so many seconds.
const BURST_SECONDS: f64 = 10.0;
/// Attempts to sign in a minute from one address, all at once if need be. Nobody types faster; an office
/// behind one address signs in within that.
const SIGN_INS: u32 = 60;
/// The most buckets: beyond it full ones are forgotten, which changes nothing for their owners.
const MOST: usize = 50_000;

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Owner {
    /// A person or a key.
    Account(String),
    /// A stranger.
    Address(IpAddr),
    /// Who tries to sign in, known or not.
    SignIn(IpAddr),
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = self.word();
        match self {
            Self::Account(id) => write!(f, "{word} {id}"),
            Self::Address(address) | Self::SignIn(address) => write!(f, "{word} {address}"),
        }
    }
}

impl Owner {
    /// As another server writes it.
    fn read(text: &str) -> Option<Self> {
        let (word, of) = text.split_once(' ')?;
        match word {
            "account" => Some(Self::Account(of.to_owned())),
            "address" => Some(Self::Address(of.parse().ok()?)),
            "sign_in" => Some(Self::SignIn(of.parse().ok()?)),
            _ => None,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Address(_) => "address",
            Self::SignIn(_) => "sign_in",
        }
    }
}

#[derive(Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

/// The buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    /// For each account or address; none for as many as they like.
    a_minute: Option<u32>,
    buckets: Mutex<HashMap<Owner, Bucket>>,
    /// What the other servers are told.
    tally: Tally,
}

/// How fast a bucket fills, a minute, and how much it holds.
#[derive(Clone, Copy)]
struct Pace {
    a_minute: u32,
    burst: f64,
}

/// A request that came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany {
    /// Which limit it was.
    pub(super) limit: &'static str,
    /// Seconds until the next one is taken.
    pub(super) retry_after_seconds: u32,
}

impl Limits {
    /// So many requests a minute; 0 for as many as one likes.
    pub(crate) fn new(a_minute: u32) -> Self {
        Self {
            a_minute: (a_minute > 0).then_some(a_minute),
            buckets: Mutex::default(),
            tally: Tally::default(),
        }
    }

    /// The pace of an owner's bucket; none where there is no limit.
    fn pace(&self, owner: &Owner) -> Option<Pace> {
        if matches!(owner, Owner::SignIn(_)) {
            return Some(Pace {
                a_minute: SIGN_INS,
                burst: f64::from(SIGN_INS),
            });
        }
        let a_minute = self.a_minute?;
        let burst = (f64::from(a_minute) / 60.0 * BURST_SECONDS).max(1.0);
        Some(Pace { a_minute, burst })
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<Owner, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, or refuses it.
    pub(super) fn take(
        &self,
        caller: &Caller,
        address: Option<IpAddr>,
        method: &Method,
        path: &str,
        now: Instant,
    ) -> Result<(), TooMany> {
        if is_free(path) || (is_pushed(path) && !matches!(caller.who, Who::Nobody)) {
            return Ok(());
        }
        let address = address.map(api::network);
        if is_sign_in(method, path)
            && let Some(address) = address
        {
            self.take_from(&Owner::SignIn(address), now)?;
        }
        let owner = match (&caller.who, address) {
            (Who::User { id, .. }, _) => Owner::Account(format!("user {id}")),
            (Who::Key { id, .. }, _) => Owner::Account(format!("key {id}")),
            (Who::Nobody | Who::System, Some(address)) => Owner::Address(address),
            (Who::Nobody | Who::System, None) => return Ok(()),
        };
        self.take_from(&owner, now)
    }

    fn take_from(&self, owner: &Owner, now: Instant) -> Result<(), TooMany> {
        let Some(pace) = self.pace(owner) else {
            return Ok(());
        };
        let limit = owner.word();
        let mut buckets = self.buckets();
        let bucket = filled(&mut buckets, owner, pace, now);
        if bucket.level >= 1.0 {
            bucket.level -= 1.0;
            drop(buckets);
            self.tally.add(|| owner.to_string(), 1);
            return Ok(());
        }
        let wait = ((1.0 - bucket.level) / pace.a_second()).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and a minute"
        )]
        let retry_after_seconds = wait.clamp(1.0, 60.0) as u32;
        Err(TooMany {
            limit,
            retry_after_seconds,
        })
    }
}

impl Shared for Limits {
    fn spent(&self) -> Vec<(String, u64)> {
        self.tally.take()
    }

    fn spend_elsewhere(&self, owner: &str, requests: u64, now: Instant) {
        let owner = Owner::read(owner);
        if let Some((owner, pace)) = owner.and_then(|owner| self.pace(&owner).map(|p| (owner, p))) {
            let mut buckets = self.buckets();
            let bucket = filled(&mut buckets, &owner, pace, now);
            // A debt of more than a full bucket would punish for what was let in together.
            bucket.level = (bucket.level - requests as f64).max(-pace.burst);
        }
    }
}

impl Pace {
    fn a_second(self) -> f64 {
        f64::from(self.a_minute) / 60.0
    }
}

/// An owner's bucket with what came in since it was looked at; a new one is full.
fn filled<'a>(
    buckets: &'a mut HashMap<Owner, Bucket>,
    owner: &Owner,
    pace: Pace,
    now: Instant,
) -> &'a mut Bucket {
    if buckets.len() >= MOST {
        // A minute fills every bucket.
        buckets.retain(|_, bucket| now.seconds_since(bucket.at) < 60.0);
        if buckets.len() >= MOST {
            buckets.clear();
        }
    }
    let bucket = buckets.entry(owner.clone()).or_insert(Bucket {
        level: pace.burst,
        at: now,
    });
    // A clock that was set back fills nothing.
    let seconds = now.seconds_since(bucket.at).max(0.0);
    bucket.level = (bucket.level + seconds * pace.a_second()).min(pace.burst);
    bucket.at = now;
    bucket
}

/// Files, probes and the open stream.
fn is_free(path: &str) -> bool {
    const PREFIXES: [&str; 5] = ["/pkg/", "/vendor/", "/icons/", "/health/", "/live"];
    path == "/metrics" || PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// What is pushed has a limit in samples for each key; who shows none that is good has that of an address,
/// since each try is looked up.
fn is_pushed(path: &str) -> bool {
    const PATHS: [&str; 3] = [
        "/api/v1/samples",
        "/api/v1/alertmanager",
        "/prometheus/api/v1/write",
    ];
    PATHS.contains(&path) || path.starts_with("/otlp/") || path.starts_with("/influx/")
}

fn is_sign_in(method: &Method, path: &str) -> bool {
    method == Method::POST && (path.starts_with("/auth/") || path == TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds)
    }

    fn key(id: &str) -> Caller {
        Caller {
            who: Who::Key {
                id: id.into(),
                name: "k".into(),
                scopes: Vec::new(),
                rate: None,
            },
            ..Caller::nobody("r")
        }
    }

    fn get(limits: &Limits, who: &Caller, from: &str, now: Instant) -> Result<(), TooMany> {
        let from = Some(from.parse().unwrap());
        limits.take(who, from, &Method::GET, "/api/v1/series", now)
    }

    #[test]
    fn after_a_burst_requests_come_at_the_rate() {
        let limits = Limits::new(60);
        let (one, other) = (key("a"), key("b"));
        for _ in 0..10 {
            assert_eq!(get(&limits, &one, "1.1.1.1", at(0)), Ok(()));
        }
        let refused = TooMany {
            limit: "account",
            retry_after_seconds: 1,
        };
        assert_eq!(get(&limits, &one, "1.1.1.1", at(0)), Err(refused));
        // Another address does not help, and another account is not disturbed.
        assert_eq!(get(&limits, &one, "2.2.2.2", at(0)), Err(refused));
        assert_eq!(get(&limits, &other, "1.1.1.1", at(0)), Ok(()));
        assert_eq!(get(&limits, &one, "1.1.1.1", at(1)), Ok(()));
        assert_eq!(get(&limits, &one, "1.1.1.1", at(1)), Err(refused));
    }

    #[test]
    fn what_another_server_let_in_counts_here() {
        let (one, two) = (Limits::new(60), Limits::new(60));
        one.spent();
        let (caller, other) = (key("a"), key("b"));
        for _ in 0..10 {
            assert_eq!(get(&one, &caller, "1.1.1.1", at(0)), Ok(()));
        }
        let nobody = Caller::nobody("r");
        assert_eq!(get(&one, &nobody, "2001:db8::1", at(0)), Ok(()));
        let spent = one.spent();
        assert_eq!(spent.len(), 2);
        for (owner, requests) in spent {
            two.spend_elsewhere(&owner, requests, at(0));
        }
        two.spend_elsewhere("samples 10 key", 1_000, at(0));
        assert!(get(&two, &caller, "1.1.1.1", at(0)).is_err());
        assert_eq!(get(&two, &other, "1.1.1.1", at(0)), Ok(()));
        let strangers = (0..20).filter(|_| get(&two, &nobody, "2001:db8::2", at(0)).is_ok());
        assert_eq!(strangers.count(), 9);
        assert_eq!(one.spent(), []);
    }

    #[test]
    fn strangers_are_counted_by_their_network() {
        let limits = Limits::new(6);
        let nobody = Caller::nobody("r");
        assert_eq!(get(&limits, &nobody, "2001:db8::1", at(0)), Ok(()));
        let again = get(&limits, &nobody, "2001:db8::ffff", at(0)).unwrap_err();
        assert_eq!((again.limit, again.retry_after_seconds), ("address", 10));
        assert_eq!(get(&limits, &nobody, "2001:db8:0:1::1", at(0)), Ok(()));
        assert_eq!(get(&limits, &nobody, "9.9.9.9", at(0)), Ok(()));
    }

    #[test]
    fn questions_count_although_what_is_pushed_beside_them_does_not() {
        let limits = Limits::new(6);
        let (asks, from) = (key("k"), Some("1.1.1.1".parse().unwrap()));
        let post = |path| limits.take(&asks, from, &Method::POST, path, at(0));
        assert_eq!(post("/prometheus/api/v1/query"), Ok(()));
        assert!(post("/prometheus/api/v1/query_range").is_err());
        assert_eq!(post("/prometheus/api/v1/write"), Ok(()));
    }

    #[test]
    fn signing_in_has_a_limit_of_its_own_and_files_and_pushes_have_none() {
        // Also where there is no other limit.
        let limits = Limits::new(0);
        let (nobody, from) = (Caller::nobody("r"), Some("1.1.1.1".parse().unwrap()));
        let post = |path| limits.take(&nobody, from, &Method::POST, path, at(0));
        for _ in 0..SIGN_INS {
            assert_eq!(post("/auth/sign-in"), Ok(()));
        }
        assert_eq!(post("/oauth/token").unwrap_err().limit, "sign_in");
        let tight = Limits::new(1);
        let many = |who: &Caller, path: &str| {
            let mut tries = (0..100).map(|_| tight.take(who, from, &Method::POST, path, at(0)));
            tries.all(|taken| taken.is_ok())
        };
        for path in ["/pkg/a.js", "/health/ready"] {
            assert!(many(&nobody, path), "{path}");
        }
        for path in ["/otlp/v1/metrics", "/influx/write", "/api/v1/samples"] {
            assert!(many(&key("k"), path), "{path}");
            // Who shows no good key is looked up each time.
            assert!(!many(&nobody, path), "{path}");
        }
    }

    #[test]
    fn many_strangers_take_no_more_memory_than_they_may() {
        let limits = Limits::new(60);
        for number in 0..u32::try_from(MOST).unwrap() + 10 {
            let from = IpAddr::V4(number.into()).to_string();
            assert_eq!(get(&limits, &Caller::nobody("r"), &from, at(0)), Ok(()));
        }
        assert!(limits.buckets.lock().unwrap().len() <= MOST);
    }
}
