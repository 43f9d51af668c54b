//! Labelled time series: finding them, reading them, setting their limits, writing to them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Error, Instant, Result, SeriesId, SourceId};

/// A labelled time series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Series {
    /// The series.
    pub id: SeriesId,
    /// Where its data comes from.
    pub source_id: SourceId,
    /// What that source is called.
    pub source_name: String,
    /// The metric's name, such as `disk_used_percent`.
    pub name: String,
    /// What people call it, such as `/var on db-1`.
    pub title: String,
    /// What tells it apart from others of the same name, sorted by key.
    pub labels: Vec<(String, String)>,
    /// What its numbers count.
    pub unit: Unit,
    /// How several samples become one.
    pub aggregation: Aggregation,
    /// Business or machines.
    pub domain: Domain,
    /// Whether it can never be below zero.
    pub non_negative: bool,
    /// Where it must not go.
    pub limit: Option<Limit>,
    /// What is lost when it goes there.
    pub stake: Option<Stake>,
    /// Whether it belongs to the demo company.
    pub demo: bool,
    /// The newest sample; `None` where there is none yet.
    pub last: Option<Point>,
    /// The instant of the oldest sample.
    pub first_at: Option<Instant>,
    /// Since when data is missing, if it is.
    pub stale_since: Option<Instant>,
}

impl Series {
    /// What it must not fall to, where it has such a limit.
    pub fn floor(&self) -> Option<f64> {
        let limit = self.limit.as_ref();
        let falls = limit.filter(|limit| limit.direction == Direction::Falling);
        falls.map(|limit| limit.value)
    }

    /// Whether it looks like a stock: things of the business that run out.
    pub fn is_stock(&self) -> bool {
        let falls = self.floor().is_some();
        let things = matches!(self.unit, Unit::Count(_) | Unit::None);
        let level = !self.aggregation.adds_up();
        falls && things && level && self.domain == Domain::Business
    }
}

/// What numbers count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nobody said.
    None,
    /// Hundredths, written 0 to 100.
    Percent,
    /// Bytes.
    Bytes,
    /// Bytes in a second.
    BytesPerSecond,
    /// Seconds.
    Seconds,
    /// Money in whole units of a currency (ISO 4217), such as `EUR`.
    Money(String),
    /// Things, by the word for several of them, such as `units`.
    Count(String),
}

impl Unit {
    /// The most characters of a unit's word.
    pub const LONGEST: usize = 40;

    /// The unit as one word: `%`, `B`, `B/s`, `s`, `EUR`, `units` or nothing.
    pub fn word(&self) -> &str {
        match self {
            Self::None => "",
            Self::Percent => "%",
            Self::Bytes => "B",
            Self::BytesPerSecond => "B/s",
            Self::Seconds => "s",
            Self::Money(currency) => currency,
            Self::Count(things) => things,
        }
    }

    /// The unit that a word names: three capitals are a currency, other words are things.
    pub fn of_word(word: &str) -> Self {
        match word.trim() {
            "" => Self::None,
            "%" | "percent" => Self::Percent,
            "B" | "bytes" => Self::Bytes,
            "B/s" => Self::BytesPerSecond,
            "s" | "seconds" => Self::Seconds,
            w if w.len() == 3 && w.bytes().all(|b| b.is_ascii_uppercase()) => Self::Money(w.into()),
            w => Self::Count(w.into()),
        }
    }

    /// Refuses a word that no axis and no table has room for.
    ///
    /// # Errors
    /// Of the field `unit`, where it has more than [`Self::LONGEST`] characters.
    pub fn check_word(word: &str) -> Result<()> {
        // Only so many are counted, however long it is.
        if word.trim().chars().nth(Self::LONGEST).is_some() {
            let words = format!("A unit has at most {} characters.", Self::LONGEST);
            return Err(Error::field("unit", words));
        }
        Ok(())
    }
}

/// How several samples become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// A level: the last one counts (stock, cash, disk).
    Last,
    /// A level that jitters: the mean counts (CPU).
    Mean,
    /// A flow: they add up (orders, cost); where there is no value nobody knows.
    Sum,
    /// A flow that is noted only when something comes or goes: they add up, and where there is no value there
    /// was nothing (order lines).
    Events,
}

impl Aggregation {
    /// Whether it is of something that comes or goes, and not of what is there.
    pub const fn adds_up(self) -> bool {
        matches!(self, Self::Sum | Self::Events)
    }
}

/// Business numbers and machine numbers are the same kind of thing; people filter by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// Stock, cash, orders, cost.
    Business,
    /// Hosts, disks, networks, workshop machines.
    Machine,
}

impl Domain {
    /// It in a word, as in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::Machine => "machine",
        }
    }
}

/// Where a series must not go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Limit {
    /// The value, in the series' unit.
    pub value: f64,
    /// From which side it is reached.
    pub direction: Direction,
}

/// From which side a limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It breaks or goes over: trouble is at the limit and above.
    Rising,
    /// It runs out: trouble is at the limit and below.
    Falling,
}

impl Limit {
    /// Reads a limit as people type it, see [`crate::read_number`]; none where nothing stands.
    ///
    /// # Errors
    /// Of the field `value`, where it is no number or could be two.
    pub fn read(text: &str, direction: Direction) -> Result<Option<Self>> {
        let value = crate::read_number("value", text)?;
        Ok(value.map(|value| Self { value, direction }))
    }

    /// Whether the value is at the limit or past it.
    pub fn reached_by(self, value: f64) -> bool {
        match self.direction {
            Direction::Rising => value >= self.value,
            Direction::Falling => value <= self.value,
        }
    }
}

/// What is lost when a limit is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stake {
    /// Money, in minor units (cents).
    Money {
        /// Minor units.
        minor: i64,
        /// ISO 4217.
        currency: String,
    },
    /// Something in words, such as `shop down`.
    Words {
        /// The words.
        text: String,
    },
}

/// A change of a limit: a new one, or none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LimitChange {
    /// The new limit, or none.
    pub limit: Option<Limit>,
}

/// A change of what a series is called and counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeriesChange {
    /// What people call it.
    pub title: String,
    /// The unit's word, of at most 40 characters, see [`Unit::of_word`].
    pub unit: String,
    /// How several samples become one.
    pub aggregation: Aggregation,
}

/// Which series to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeriesFilter {
    /// Words that must all occur in the title, name, labels or source;
    /// `key=value` must occur as a label.
    pub text: String,
    /// Only this source's.
    pub source: Option<SourceId>,
    /// Only those after this one.
    pub after: Option<SeriesId>,
    /// Skip so many.
    pub offset: u32,
    /// Answer at most so many; the server has its own maximum of 500.
    pub limit: u32,
}

/// Some of the series that match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SeriesPage {
    /// These, by title.
    pub series: Vec<Series>,
    /// For each, a short history for a sparkline: up to 40 values, oldest first.
    pub sparks: Vec<Vec<Option<f64>>>,
    /// How many match in all.
    pub total: u32,
    /// When this was answered.
    pub now: Instant,
}

/// A stretch of time: from the first instant up to and without the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Range {
    /// The first instant.
    pub from: Instant,
    /// The first instant that is not part of it.
    pub to: Instant,
}

/// A value at an instant. `value` is `None` at a gap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Point {
    /// When.
    pub at: Instant,
    /// The value; `None` at a gap.
    pub value: Option<f64>,
}

/// A series over a range, thinned to what a chart can show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Points {
    /// What was asked for.
    pub range: Range,
    /// The points, oldest first.
    pub points: Vec<Point>,
    /// How many samples lie in the range; more than `points` where it was thinned.
    pub samples: u64,
    /// When this was answered.
    pub now: Instant,
}

/// What became of samples that were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Recorded {
    /// How many were taken in.
    pub accepted: u32,
    /// The ones that were not, and why; at most 100 of them.
    pub refused: Vec<Refused>,
    /// How many were not taken in.
    pub refused_total: u32,
}

/// A sample that was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Refused {
    /// Its place in the request, from 0.
    pub index: u32,
    /// Why.
    pub reason: String,
}

/// Labelled time series.
#[async_trait]
pub trait SeriesOps: Send + Sync {
    /// Some of the series that match. Needs `monitoring:read`.
    async fn list(&self, caller: &Caller, filter: SeriesFilter) -> Result<SeriesPage>;
    /// One series. Needs `monitoring:read`.
    async fn get(&self, caller: &Caller, id: &SeriesId) -> Result<Series>;
    /// What time it is on the server. Open to everybody who is known.
    async fn now(&self, caller: &Caller) -> Result<Instant>;
    /// Its points in a range, thinned to at most `max` (2 to 5,000). Needs `monitoring:read`.
    async fn points(
        &self,
        caller: &Caller,
        id: &SeriesId,
        range: Range,
        max: u32,
    ) -> Result<Points>;
    /// Its samples in a range as CSV, unthinned. Needs `monitoring:read`.
    async fn export(&self, caller: &Caller, id: &SeriesId, range: Range) -> Result<String>;
    /// Sets or removes its limit. Needs `monitoring:write`.
    async fn set_limit(&self, caller: &Caller, id: &SeriesId, change: LimitChange) -> Result<()>;
    /// Changes what it is called and counts. Needs `monitoring:write`.
    async fn change(&self, caller: &Caller, id: &SeriesId, change: SeriesChange) -> Result<()>;
    /// Takes in the JSON samples of a request body. Needs `data:ingest`.
    async fn record_json(&self, caller: &Caller, body: &[u8]) -> Result<Recorded>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_words_read_back() {
        for unit in [
            Unit::None,
            Unit::Percent,
            Unit::Bytes,
            Unit::BytesPerSecond,
            Unit::Seconds,
            Unit::Money("EUR".into()),
            Unit::Count("units".into()),
        ] {
            assert_eq!(Unit::of_word(unit.word()), unit);
        }
    }

    #[test]
    fn a_unit_has_forty_characters_at_most() {
        assert!(Unit::check_word(&format!(" {} ", "ä".repeat(40))).is_ok());
        let error = Unit::check_word(&"x".repeat(41)).unwrap_err();
        assert!(error.of_field("unit").is_some());
    }

    #[test]
    fn a_limit_is_read_as_people_type_it() {
        let read = |text| Limit::read(text, Direction::Falling).unwrap();
        assert_eq!(read(" 12,5 ").map(|l| l.value), Some(12.5));
        assert_eq!(read("-3").map(|l| l.value), Some(-3.0));
        assert_eq!(read("  "), None);
        for (text, value) in [
            ("1,5", 1.5),
            ("1.234", 1.234),
            ("1e3", 1_000.0),
            ("0,125", 0.125),
            ("1 000", 1_000.0),
            ("1\u{202f}000\u{202f}000,5", 1_000_000.5),
            ("1'000", 1_000.0),
            ("-12’500.25", -12_500.25),
            ("1,000", 1_000.0),
            ("1,234.5", 1_234.5),
            ("1.234,5", 1_234.5),
            ("1,234,567", 1_234_567.0),
            ("−1.234.567", -1_234_567.0),
            ("1 234,567", 1_234.567),
        ] {
            assert_eq!(read(text).map(|l| l.value), Some(value), "{text}");
        }
        for bad in [
            "ninety",
            "NaN",
            "inf",
            "1.2.3",
            "1,234",
            "12,34,5",
            "1 00",
            "1 0000",
            "0 123",
            "1'000 000",
            "5 kg",
            ",",
            "-",
            "1,2,",
        ] {
            let error = Limit::read(bad, Direction::Falling).unwrap_err();
            assert!(error.of_field("value").is_some(), "{bad}");
        }
    }

    #[test]
    fn a_limit_is_reached_from_its_own_side() {
        let out = Limit {
            value: 0.0,
            direction: Direction::Falling,
        };
        assert!(out.reached_by(0.0) && out.reached_by(-1.0) && !out.reached_by(1.0));
        let full = Limit {
            value: 90.0,
            direction: Direction::Rising,
        };
        assert!(full.reached_by(90.0) && !full.reached_by(89.9));
    }
}
