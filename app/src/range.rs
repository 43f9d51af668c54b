//! The time range in the address: `?range=24h`, or `?from=…&to=…` in seconds since 1970.

use api::{Instant, Range};
use ui::Segment;

/// The ranges that are offered: the address's word, the button's word, and the seconds.
const OFFERED: [(&str, &str, i64); 7] = [
    ("15m", "15 min", 900),
    ("3h", "3 h", 10_800),
    ("24h", "24 h", 86_400),
    ("7d", "7 d", 604_800),
    ("30d", "30 d", 2_592_000),
    ("1y", "1 y", 31_536_000),
    ("all", "All", i64::MAX / 4_000_000),
];

/// What the address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The last so many seconds, by the word in the address.
    Last(String, i64),
    /// A fixed stretch.
    Fixed(Range),
    /// Nothing: what suits the series.
    Fitting,
}

/// Reads the address's parameters; what cannot be read counts as not said.
pub fn asked(range: Option<&str>, from: Option<&str>, to: Option<&str>) -> Asked {
    let seconds = |text: Option<&str>| {
        text.and_then(|t| t.parse::<i64>().ok())
            .map(Instant::from_seconds)
    };
    if let (Some(from), Some(to)) = (seconds(from), seconds(to))
        && from < to
    {
        return Asked::Fixed(Range { from, to });
    }
    OFFERED
        .iter()
        .find(|(word, ..)| Some(*word) == range)
        .map_or(Asked::Fitting, |(word, _, seconds)| {
            Asked::Last((*word).to_owned(), *seconds)
        })
}

/// How long the range of that word is, in seconds.
pub fn seconds(word: &str) -> Option<i64> {
    let offered = OFFERED.iter().find(|(known, ..)| *known == word);
    offered.map(|(.., seconds)| *seconds)
}

impl Asked {
    /// The stretch of time, seen from `now`; `first` is the series' oldest sample.
    pub fn resolve(&self, now: Instant, first: Option<Instant>) -> Range {
        let to = now.plus(Instant::SECOND);
        let first = first.unwrap_or(now.minus(Instant::HOUR));
        let last = |seconds: i64| {
            now.minus(seconds.saturating_mul(Instant::SECOND))
                .max(first.minus(Instant::SECOND))
        };
        match self {
            Self::Fixed(range) => *range,
            Self::Last(word, _) if word == "all" => Range {
                from: first.minus(Instant::SECOND),
                to,
            },
            Self::Last(_, seconds) => Range {
                from: now.minus(seconds.saturating_mul(Instant::SECOND)),
                to,
            },
            // Up to half a year: enough to see the season, short enough to see this week.
            Self::Fitting => Range {
                from: last(180 * 86_400),
                to,
            },
        }
    }

    /// Whether new samples belong to it.
    pub const fn moves(&self) -> bool {
        !matches!(self, Self::Fixed(_))
    }
}

/// The ranges that are offered as links: `address` makes one of a range's word, or leaves it out.
pub fn segments(asked: &Asked, address: impl Fn(&str) -> Option<String>) -> Vec<Segment> {
    let offered = OFFERED.iter().filter_map(|(word, label, _)| {
        let is_current = matches!(asked, Asked::Last(current, _) if current == word);
        Some(Segment::new(*label, address(word)?, is_current))
    });
    offered.collect()
}

/// A text as part of a query string.
pub fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_range_is_one_that_fits() {
        assert_eq!(asked(Some("soon"), None, None), Asked::Fitting);
        assert_eq!(asked(None, Some("x"), Some("5")), Asked::Fitting);
        assert_eq!(asked(None, Some("9"), Some("5")), Asked::Fitting);
    }

    #[test]
    fn a_word_is_counted_back_from_now() {
        let now = Instant::from_seconds(1_000_000);
        let range = asked(Some("24h"), None, None).resolve(now, None);
        assert_eq!(now.0 - range.from.0, 86_400 * Instant::SECOND);
        assert!(range.to > now);
    }

    #[test]
    fn a_query_is_escaped() {
        assert_eq!(escape("host=db 1"), "host%3Ddb%201");
    }
}
