//! Between Rust's types and what columns hold.

use api::Instant;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Result, StoreError};

/// The value as JSON text.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| StoreError::Database(sqlx::Error::Encode(e.into())))
}

/// The value that JSON text holds.
pub(crate) fn of_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(StoreError::decode)
}

/// A unit variant as its bare word: `last`, `rising`.
pub(crate) fn to_word<T: Serialize>(value: &T) -> Result<String> {
    Ok(to_json(value)?.trim_matches('"').to_owned())
}

/// The unit variant of a bare word.
pub(crate) fn of_word<T: DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(word.into()).map_err(StoreError::decode)
}

/// Texts as the JSON list that `json_each($1)` takes.
pub(crate) fn list<'a>(texts: impl Iterator<Item = &'a str>) -> Result<String> {
    to_json(&texts.collect::<Vec<_>>())
}

/// A count that fits 32 bits, or the most there is.
pub(crate) fn u32_of(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

/// A count.
pub(crate) fn u64_of(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// A count as databases hold it, or the most they can.
pub(crate) fn i64_of(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An instant that may be missing.
pub(crate) fn instant(at: Option<i64>) -> Option<Instant> {
    at.map(Instant)
}

/// Text without control characters: `PostgreSQL` holds no NUL, and the search text is cut by others.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// What a statement answers that must have found something to change.
pub(crate) fn changed(rows: u64) -> Result<()> {
    if rows == 0 {
        Err(StoreError::Missing)
    } else {
        Ok(())
    }
}
