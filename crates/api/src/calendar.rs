//! The company's calendar: public holidays, and promotions and closures entered by hand. Forecasts know
//! these days beforehand.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{CalendarEntryId, Caller, Instant, Range, Result, SeriesId, SourceId};

/// The most entries of a calendar.
pub const MOST_CALENDAR_ENTRIES: usize = 1_000;
/// The most days of one entry.
pub const LONGEST_ENTRY_DAYS: i64 = 366;

/// Whose public holidays count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HolidayRegion {
    /// The code of ISO 3166, such as `DE-BY`.
    pub code: String,
    /// Its name in English.
    pub name: String,
}

/// A day that the calendar knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CalendarDay {
    /// The date, such as `2026-12-25`, in UTC.
    pub day: String,
    /// When it begins.
    pub begins: Instant,
    /// What it is called.
    pub name: String,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum EntryKind {
    /// More than usual is sold, or for less.
    Promotion,
    /// Nobody works.
    Closure,
    /// Anything else that is known beforehand.
    Other,
}

/// Which series an entry touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Touches {
    /// Every one.
    All,
    /// Those of a source.
    Source(SourceId),
    /// These.
    Series(Vec<SeriesId>),
}

impl Touches {
    /// Whether it touches that series of that source.
    pub fn touch(&self, series: &SeriesId, source: &SourceId) -> bool {
        match self {
            Self::All => true,
            Self::Source(id) => id == source,
            Self::Series(ids) => ids.contains(series),
        }
    }
}

/// A promotion, a closure, or what somebody wants it to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CalendarChange {
    /// What people call it. What has the same name and kind is expected to do the same.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its first day, such as `2026-11-27`, in UTC.
    #[cfg_attr(feature = "schema", schema(example = "2026-11-27"))]
    pub first: String,
    /// Its last day; the same as the first for a single day.
    #[cfg_attr(feature = "schema", schema(example = "2026-11-30"))]
    pub last: String,
    /// Which series it touches.
    pub touches: Touches,
}

impl CalendarChange {
    /// Its days: from the midnight in UTC that begins the first to that which ends the last; `None` where one of them
    /// is no date.
    pub fn days(&self) -> Option<Range> {
        Some(Range {
            from: Instant::midnight(&self.first)?,
            to: Instant::midnight(&self.last)?.plus(Instant::DAY),
        })
    }
}

/// An entry of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CalendarEntry {
    /// The entry.
    pub id: CalendarEntryId,
    /// What it says.
    pub says: CalendarChange,
    /// What people call the source or the series that it touches; empty where it touches all.
    pub touched: Vec<String>,
}

/// All that the calendar holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Calendar {
    /// The code of the region whose public holidays count; none where none do.
    pub region: Option<String>,
    /// The regions whose holidays are known.
    pub regions: Vec<HolidayRegion>,
    /// The public holidays of the next twelve months.
    pub holidays: Vec<CalendarDay>,
    /// What was entered by hand, the latest first.
    pub entries: Vec<CalendarEntry>,
    /// Today's date in UTC.
    pub today: String,
}

/// What kind of day a forecast knew beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum EffectKind {
    /// A public holiday.
    Holiday,
    /// A promotion.
    Promotion,
    /// A closure.
    Closure,
    /// Another entry of the calendar.
    Other,
}

/// A known effect: days that a forecast knew beforehand, and what they were found to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UsedEffect {
    /// What it is called.
    pub name: String,
    /// What kind of day it is.
    pub kind: EffectKind,
    /// In how many points of the history it was seen.
    pub seen: u32,
    /// Whether it stands out. What does not was left in the history and moves nothing.
    pub shows: bool,
    /// What it adds, in the series' unit, or as a share of the level where `share` says so.
    pub size: f64,
    /// Whether `size` is a share: -0.3 is three tenths less.
    pub share: bool,
    /// Whether that is what all of its kind do, since it was seen less than twice itself.
    pub of_kind: bool,
    /// Its latest days in the history; each ends where the day after begins.
    pub past: Vec<Range>,
    /// Its next days within the forecast.
    pub ahead: Vec<Range>,
}

/// The company's calendar. A change has the forecasts concerned fitted anew.
#[async_trait]
pub trait Calendars: Send + Sync {
    /// The calendar. Needs `monitoring:read`.
    async fn calendar(&self, caller: &Caller) -> Result<Calendar>;
    /// Says whose public holidays count: the code of a region, or none. Needs `monitoring:write`.
    async fn set_holidays(&self, caller: &Caller, region: Option<String>) -> Result<()>;
    /// Adds an entry. Needs `monitoring:write`.
    async fn add_entry(&self, caller: &Caller, change: CalendarChange) -> Result<CalendarEntryId>;
    /// Makes an entry into another. Needs `monitoring:write`.
    async fn edit_entry(
        &self,
        caller: &Caller,
        id: &CalendarEntryId,
        change: CalendarChange,
    ) -> Result<()>;
    /// Removes an entry. Needs `monitoring:write`.
    async fn remove_entry(&self, caller: &Caller, id: &CalendarEntryId) -> Result<()>;
}
