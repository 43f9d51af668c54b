//! Which columns hold times, and how those are written.

use jiff::tz::TimeZone;

use super::cells::words_of;
use super::number::is_missing;
use super::time::parse_time;
use super::{Decimal, Separator, TimeFormat, TimeShape};

/// Shapes that nothing but a time looks like.
const CERTAIN: [TimeShape; 7] = [
    TimeShape::YearMonthDay,
    TimeShape::DayMonthYear,
    TimeShape::MonthDayYear,
    TimeShape::NamedMonth,
    TimeShape::YearMonth,
    TimeShape::Quarter,
    TimeShape::IsoWeek,
];
/// Shapes that any number may look like; they need a telling name. The narrower first.
const NUMERIC: [TimeShape; 5] = [
    TimeShape::Compact,
    TimeShape::UnixMillis,
    TimeShape::UnixSeconds,
    TimeShape::Year,
    TimeShape::ExcelSerial,
];

/// A column read as times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimeColumn {
    pub(crate) shape: TimeShape,
    /// The share of its non-blank cells that are times of this shape.
    pub(crate) rate: f64,
    /// Whether nothing but times looks like this.
    pub(crate) certain: bool,
}

/// Reads a column as times, the way that fits most of its cells. Numbers are tried only where
/// `named` says that the name speaks of time.
pub(crate) fn as_times(cells: &[&str], named: bool) -> Option<TimeColumn> {
    let known: Vec<&str> = cells
        .iter()
        .copied()
        .filter(|cell| !is_missing(cell))
        .collect();
    if known.is_empty() {
        return None;
    }
    let rate_of = |shape: TimeShape| {
        let fits = |cell: &&&str| {
            plausible(cell, shape) && parse_time(cell, shape, &TimeZone::UTC).is_ok()
        };
        let fitting = known.iter().filter(fits).count();
        fitting as f64 / known.len() as f64
    };
    let best = |shapes: &[TimeShape], certain: bool| {
        let mut best: Option<TimeColumn> = None;
        for &shape in shapes {
            let rate = rate_of(shape);
            if rate > best.map_or(0.0, |best| best.rate) {
                best = Some(TimeColumn {
                    shape,
                    rate,
                    certain,
                });
            }
        }
        best
    };
    let found = best(&CERTAIN, true);
    if found.is_some_and(|found| found.rate >= 0.5) || !named {
        return found;
    }
    best(&NUMERIC, false).or(found)
}

/// Whether a number is worth taking for a time: nobody's sales are all between 2001 and 2100
/// in Unix seconds, but an amount of 45,000 is a spreadsheet's day in 2023.
fn plausible(cell: &str, shape: TimeShape) -> bool {
    let number = || cell.trim().replace(',', ".").parse::<f64>().ok();
    match shape {
        TimeShape::UnixSeconds => {
            number().is_some_and(|n| (978_307_200.0..4_102_444_800.0).contains(&n))
        }
        TimeShape::UnixMillis => {
            number().is_some_and(|n| (978_307_200e3..4_102_444_800e3).contains(&n))
        }
        TimeShape::ExcelSerial => number().is_some_and(|n| (20_000.0..73_000.0).contains(&n)),
        TimeShape::Year => number().is_some_and(|n| (1900.0..2100.0).contains(&n)),
        _ => cell.len() >= 4 && cell.len() <= 64 && cell.bytes().any(|b| b.is_ascii_digit()),
    }
}

/// How much a column's name speaks for it being *the* time: around 0 for none, above for `date`,
/// below for `due date`.
pub(crate) fn name_hint(name: &str) -> f64 {
    const TIME: [&str; 33] = [
        "date",
        "datum",
        "day",
        "tag",
        "time",
        "timestamp",
        "datetime",
        "zeit",
        "zeitpunkt",
        "zeitstempel",
        "ts",
        "period",
        "periode",
        "month",
        "monat",
        "year",
        "jahr",
        "week",
        "woche",
        "kw",
        "quarter",
        "quartal",
        "when",
        "at",
        "fecha",
        "data",
        "jour",
        "hour",
        "stunde",
        "epoch",
        "unix",
        "ds",
        "dt",
    ];
    const FIRST: [&str; 8] = [
        "start",
        "from",
        "begin",
        "charge",
        "order",
        "bestelldatum",
        "buchungsdatum",
        "buchungstag",
    ];
    const OTHER: [&str; 16] = [
        "end",
        "until",
        "due",
        "updated",
        "modified",
        "birth",
        "birthday",
        "expiry",
        "expires",
        "delivery",
        "shipped",
        "faellig",
        "fällig",
        "valuta",
        "wertstellung",
        "billing",
    ];
    let words = words_of(name);
    let any = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
    let ends = |with: &str| words.iter().any(|word| word.ends_with(with));
    let mut hint = 0.0;
    if any(&TIME) || ends("date") || ends("datum") || ends("time") || ends("zeit") || ends("tag") {
        hint += 0.5;
    }
    if any(&FIRST) {
        hint += 0.1;
    }
    if any(&OTHER) {
        hint -= 0.4;
    }
    hint
}

/// Settles day-first against month-first for a column of `18/09/2024`.
pub(crate) fn format_of(
    found: TimeColumn,
    cells: &[&str],
    separator: Separator,
    decimal: Decimal,
) -> TimeFormat {
    if !matches!(
        found.shape,
        TimeShape::DayMonthYear | TimeShape::MonthDayYear
    ) {
        return TimeFormat {
            shape: found.shape,
            ambiguous: false,
        };
    }
    let fits = |shape| move |cell: &&&str| parse_time(cell, shape, &TimeZone::UTC).is_ok();
    let day_first = cells.iter().filter(fits(TimeShape::DayMonthYear)).count();
    let month_first = cells.iter().filter(fits(TimeShape::MonthDayYear)).count();
    if day_first != month_first {
        let shape = if day_first > month_first {
            TimeShape::DayMonthYear
        } else {
            TimeShape::MonthDayYear
        };
        return TimeFormat {
            shape,
            ambiguous: false,
        };
    }
    // Nobody writes the month first before a dot.
    let dotted = cells.iter().any(|cell| {
        cell.split([' ', ',']).any(|part| {
            part.split('.').count() == 3 && part.starts_with(|c: char| c.is_ascii_digit())
        })
    });
    if dotted {
        return TimeFormat {
            shape: TimeShape::DayMonthYear,
            ambiguous: false,
        };
    }
    let halves = cells
        .iter()
        .any(|cell| cell.to_ascii_lowercase().ends_with('m'));
    let european = separator == Separator::Semicolon
        || decimal == Decimal::Comma
        || cells.iter().any(|cell| cell.contains('-'));
    // The order in which the rows run more evenly, then the habits of the file's other marks.
    let shape = match (
        unrest(cells, TimeShape::DayMonthYear),
        unrest(cells, TimeShape::MonthDayYear),
    ) {
        (day, month) if day * 2 < month => TimeShape::DayMonthYear,
        (day, month) if month * 2 < day => TimeShape::MonthDayYear,
        _ if european && !halves => TimeShape::DayMonthYear,
        _ => TimeShape::MonthDayYear,
    };
    TimeFormat {
        shape,
        ambiguous: true,
    }
}

/// How far a column travels through time from row to row, in seconds.
fn unrest(cells: &[&str], shape: TimeShape) -> i64 {
    let times: Vec<i64> = cells
        .iter()
        .filter_map(|cell| parse_time(cell, shape, &TimeZone::UTC).ok())
        .collect();
    times
        .windows(2)
        .map(|pair| pair.first().zip(pair.last()))
        .fold(0, |sum, pair| {
            sum + pair.map_or(0, |(a, b)| (b - a).abs() / 1_000_000)
        })
}
