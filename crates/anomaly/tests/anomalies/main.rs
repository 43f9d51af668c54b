//! The engine as its callers see it.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skips, and fails where it cannot read"
)]

mod properties;
mod real_data;
mod stories;
