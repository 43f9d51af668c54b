//! What the company's calendar knows: an offer that explains a peak of orders, the same one ahead,
//! and a day on which the workshop stood still.
//!
//! All of it lies outside of the weeks around the anchor, whose stories it must not touch.

use std::ops::Range;

use api::{EntryKind, Instant};

use crate::calendar::{Days, HISTORY_DAYS, weekday};

/// What is on offer: the oak coat hook, whose shelf is filled each week.
pub(crate) const OFFERED: usize = 9;
/// How many times more of it is sold then.
pub(crate) const OFFER: f64 = 2.2;
/// The rows on which it is: six weeks ago, and in three weeks.
const OFFERS: [Range<usize>; 2] = [
    HISTORY_DAYS - 42..HISTORY_DAYS - 37,
    HISTORY_DAYS + 20..HISTORY_DAYS + 25,
];
/// The rows among which the workshop counted its stock, on the Wednesday.
const COUNTED: Range<usize> = HISTORY_DAYS - 45..HISTORY_DAYS - 38;
const WEDNESDAY: usize = 2;

/// An entry of the company's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoEntry {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// An instant of its first day, in UTC.
    pub first: Instant,
    /// An instant of its last day, in UTC.
    pub last: Instant,
    /// The keys of the series that it touches.
    pub touches: Vec<String>,
}

/// Whether a product is on offer on a row's day.
pub(crate) fn on_offer(number: usize, row: usize) -> bool {
    number == OFFERED && OFFERS.iter().any(|rows| rows.contains(&row))
}

/// The day on which the workshop counted its stock and made nothing.
pub(crate) fn stocktaking(days: Days) -> i64 {
    let mut all = COUNTED.map(|row| days.day(row));
    // Any seven days have a Wednesday.
    all.find(|day| weekday(*day) == WEDNESDAY)
        .unwrap_or(days.day(COUNTED.start))
}

/// All of them.
pub(crate) fn entries(days: Days) -> Vec<DemoEntry> {
    let midnight = |day: i64| Instant(day.saturating_mul(Instant::DAY));
    let counted = midnight(stocktaking(days));
    let machines = ["CNC-1", "CNC-2", "Lathe-1"];
    let mut all = vec![DemoEntry {
        name: "Stocktaking".to_owned(),
        kind: EntryKind::Closure,
        first: counted,
        last: counted,
        touches: machines.map(crate::workshop::good_parts_key).into(),
    }];
    all.extend(OFFERS.map(|rows| DemoEntry {
        name: "Coat hook offer".to_owned(),
        kind: EntryKind::Promotion,
        first: midnight(days.day(rows.start)),
        last: midnight(days.day(rows.end - 1)),
        touches: vec![format!("orders/SKU-{OFFERED}")],
    }));
    all
}
