//! Every statement, on both databases: each contract below runs once on SQLite and once on a
//! throw-away `PostgreSQL`.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy does not see that these functions are tests"
)]

mod accounts;
mod audit;
mod cache;
mod calendar;
mod cash;
mod channel;
mod databases;
mod events;
mod fake_engine;
mod findings;
mod forecasts;
mod full_disk;
mod harness;
mod imports;
mod jobs;
mod keys;
mod leases;
mod machines;
mod metrics;
mod models;
mod once;
mod opening;
mod passkeys;
#[path = "../peers/mod.rs"]
mod peers;
mod people;
mod recordings;
mod reorders;
mod samples;
mod scrapes;
mod series;
mod sources;
