//! The operations as their callers see them, on stores of their own: one program, since linking is what
//! takes long here.

#![expect(
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
mod device;
mod engine;
mod findings;
mod full;
mod home;
mod imports;
mod incidents;
mod machines;
mod metrics;
mod models;
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
