//! Lists in pages: a cursor says after which item the next one begins, so that what comes or goes
//! meanwhile neither repeats nor hides an item.

use api::Error;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Failed;

/// How many items a page has unless somebody says otherwise.
const USUAL: u32 = 100;
/// The most items of a page.
const MOST: u32 = 500;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// At most so many items; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<u32>,
    /// Where the page begins; stands in `next` of the page before.
    pub(super) cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// Where the next page is; null at the end.
    pub(super) next: Option<String>,
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The lowest key first.
    Up,
    /// The highest key first.
    Down,
}

impl PageQuery {
    /// How many items.
    pub(super) fn limit(&self) -> Result<u32, Failed> {
        let limit = self.limit.unwrap_or(USUAL);
        if (1..=MOST).contains(&limit) {
            return Ok(limit);
        }
        Err(Error::field("limit", format!("A page has 1 to {MOST} items.")).into())
    }

    /// The key after which the page begins.
    pub(super) fn after(&self) -> Result<Option<String>, Failed> {
        self.cursor
            .as_deref()
            .map(|cursor| key_of(cursor).ok_or_else(wrong_cursor))
            .transpose()
    }

    /// The same where keys are numbers.
    pub(super) fn after_number(&self) -> Result<Option<i64>, Failed> {
        let after = self.after()?.map(|key| key.parse::<i64>());
        after.transpose().map_err(|_| wrong_cursor())
    }

    /// The page of a whole list. Keys are unique, and their order is the list's.
    pub(super) fn cut<T>(
        &self,
        uri: &Uri,
        mut items: Vec<T>,
        order: Order,
        key: impl Fn(&T) -> String,
    ) -> Result<Page<T>, Failed> {
        let (limit, after) = (self.limit()?, self.after()?);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        items.sort_by_cached_key(&key);
        if order == Order::Down {
            items.reverse();
        }
        if let Some(after) = after {
            items.retain(|item| match order {
                Order::Up => key(item) > after,
                Order::Down => key(item) < after,
            });
        }
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more).map(&key);
        Ok(Page {
            next: last.map(|last| next(uri, &last)),
            items,
        })
    }
}

fn wrong_cursor() -> Failed {
    Error::field("cursor", "Take the cursor from `next`, as it stands there.").into()
}

/// The address of the page that begins after this key.
pub(super) fn next(uri: &Uri, key: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.extend_pairs(given.filter(|(name, _)| name != "cursor"));
    query.append_pair("cursor", &cursor_of(key));
    format!("{}?{}", uri.path(), query.finish())
}

/// A key as a cursor: opaque, so that nobody builds one, and safe in an address.
fn cursor_of(key: &str) -> String {
    use std::fmt::Write as _;
    key.bytes().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn key_of(cursor: &str) -> Option<String> {
    let hex = cursor.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex || !cursor.len().is_multiple_of(2) || cursor.len() > 4_096 {
        return None;
    }
    let digits = |pair: &[u8]| -> Option<u8> {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Option<Vec<u8>> = cursor.as_bytes().chunks(2).map(digits).collect();
    String::from_utf8(bytes?)
        .ok()
        .filter(|key| !key.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(order: Order, lists: &[&[&str]]) -> Vec<String> {
        let mut uri: Uri = "/api/v1/things?limit=2".parse().unwrap();
        let mut seen = Vec::new();
        for list in lists {
            let query: PageQuery = serde_urlencoded::from_str(uri.query().unwrap()).unwrap();
            let list = list.iter().map(|t| (*t).to_owned()).collect();
            let page = query.cut(&uri, list, order, String::clone).unwrap();
            seen.push(page.items.join(""));
            let Some(next) = page.next else { break };
            uri = next.parse().unwrap();
        }
        seen
    }

    #[test]
    fn pages_follow_each_other_and_end() {
        let all: &[&str] = &["c", "a", "é", "b", "d"];
        assert_eq!(pages(Order::Up, &[all, all, all, all]), ["ab", "cd", "é"]);
        assert_eq!(pages(Order::Down, &[all, all, all, all]), ["éd", "cb", "a"]);
        assert_eq!(pages(Order::Up, &[&["a", "b"], all]), ["ab"]);
    }

    #[test]
    fn what_comes_or_goes_meanwhile_repeats_and_hides_nothing() {
        let lists: [&[&str]; 2] = [&["b", "c", "d"], &["a", "bb", "d"]];
        assert_eq!(pages(Order::Up, &lists), ["bc", "d"]);
    }

    #[test]
    fn a_cursor_that_nobody_gave_is_refused() {
        for cursor in ["x", "zz", "f", "ff", "00", "+1"] {
            let query = PageQuery {
                limit: None,
                cursor: Some(cursor.into()),
            };
            assert!(query.after().is_err(), "{cursor}");
        }
        for limit in [0, 501] {
            let query = PageQuery {
                limit: Some(limit),
                cursor: None,
            };
            assert!(query.limit().is_err(), "{limit}");
        }
    }
}
