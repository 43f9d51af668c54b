//! The operations as their callers see them, on stores of their own: one program, since linking is what
//! takes long here.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy does not see that these functions are tests"
)]

mod audit;
mod authenticator;
mod boards;
mod cache;
mod calendar;
mod cash;
#[path = "../../../query/tests/differential/compare.rs"]
mod compare;
#[path = "../../../query/tests/differential/data.rs"]
mod data;
mod device;
mod differential;
mod engine;
#[path = "../../../query/tests/differential/expressions.rs"]
mod expressions;
mod findings;
mod full;
mod home;
mod imports;
mod incidents;
mod machines;
#[path = "../../../query/tests/memory/mod.rs"]
mod memory;
mod metrics;
mod models;
mod own;
mod passkeys;
#[path = "../../../store/tests/peers/mod.rs"]
mod peers;
mod people;
mod permissions;
mod person;
mod provider;
mod queue;
mod recordings;
mod reorders;
mod secrets;
mod target;
mod things;
