//! The parsers from outside: guesses, whole files, real data, properties.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's helpers may fail the test, and say what they skipped"
)]

mod guess;
mod properties;
mod reading;
mod real_data;
mod samples;

use ingest::table::{BadRow, Item, Layout, Reader, Role, Row, guess};

/// A guessed layout of a whole file.
fn layout_of(text: &str) -> Layout {
    guess(text.as_bytes(), false).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The names of the columns of a role.
fn names(layout: &Layout, role: Role) -> Vec<&str> {
    let of_role = layout.columns.iter().filter(|column| column.role == role);
    of_role.map(|column| column.name.as_str()).collect()
}

/// The good and the bad rows of a file.
fn read(bytes: &[u8], layout: &Layout) -> (Vec<Row>, Vec<BadRow>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for item in Reader::open(bytes, layout).unwrap() {
        match item.unwrap() {
            Item::Row(row) => good.push(row),
            Item::Bad(row) => bad.push(row),
        }
    }
    (good, bad)
}

/// A time as people write it.
fn day(at_us: i64) -> String {
    jiff::Timestamp::from_microsecond(at_us)
        .unwrap()
        .to_string()
}
