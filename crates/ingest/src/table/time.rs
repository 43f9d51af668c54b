//! Times as tables write them, to microseconds since 1970-01-01 UTC.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;

use super::TimeShape;
use super::instant::{MAX_YEAR, MIN_YEAR, Moment, day_us, in_range, to_us};
use super::number::is_missing;
use super::time_parts::{Clock, Parts};

/// Why a cell is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeProblem {
    #[error("no date")]
    Missing,
    #[error("not a date")]
    NotATime,
    #[error("the day and the month do not fit this order")]
    OtherOrder,
    #[error("a date out of range (years {MIN_YEAR} to {MAX_YEAR})")]
    OutOfRange,
    #[error(
        "a time that was not there: clocks were put forward over it. Choose another time zone, such as UTC"
    )]
    Skipped,
}

/// A day, a time of day or an instant, before a zone is applied.
enum Written {
    Day(Date),
    Local(Date, Clock),
    Instant(i64),
}

/// Reads a cell of the given shape, as [`read_time`] does; of a time that comes twice the first.
pub(crate) fn parse_time(
    cell: &str,
    shape: TimeShape,
    zone: &TimeZone,
) -> Result<i64, TimeProblem> {
    read_time(cell, shape, zone).map(|moment| moment.us)
}

/// Reads a cell of the given shape. Times of day without an offset are in `zone`; a day, a week, a month or
/// a year is the same everywhere.
pub(crate) fn read_time(
    cell: &str,
    shape: TimeShape,
    zone: &TimeZone,
) -> Result<Moment, TimeProblem> {
    let text = cell.trim();
    if is_missing(text) {
        return Err(TimeProblem::Missing);
    }
    let written = match shape {
        TimeShape::YearMonthDay => year_month_day(text),
        TimeShape::DayMonthYear => numeric(text, true),
        TimeShape::MonthDayYear => numeric(text, false),
        TimeShape::NamedMonth => named_month(text).ok_or(TimeProblem::NotATime),
        TimeShape::YearMonth => year_month(text),
        TimeShape::Quarter => quarter(text).ok_or(TimeProblem::NotATime),
        TimeShape::IsoWeek => iso_week(text).ok_or(TimeProblem::NotATime),
        TimeShape::Compact => compact(text),
        TimeShape::Year => year_only(text),
        TimeShape::UnixSeconds => unix(text, 1_000_000.0),
        TimeShape::UnixMillis => unix(text, 1_000.0),
        TimeShape::ExcelSerial => excel(text),
    }?;
    match written {
        Written::Day(date) => Ok(day_us(date).into()),
        Written::Instant(us) => in_range(us).map(Moment::from),
        Written::Local(date, clock) => to_us(date, clock, zone),
    }
}

fn day(year: i64, month: i64, day: i64) -> Result<Date, TimeProblem> {
    if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return Err(TimeProblem::OutOfRange);
    }
    let (Ok(year), Ok(month), Ok(day)) =
        (i16::try_from(year), i8::try_from(month), i8::try_from(day))
    else {
        return Err(TimeProblem::NotATime);
    };
    Date::new(year, month, day).map_err(|_| TimeProblem::NotATime)
}

fn with_clock(date: Date, parts: Parts<'_>) -> Result<Written, TimeProblem> {
    if parts.is_done() {
        return Ok(Written::Day(date));
    }
    parts
        .clock()
        .map(|clock| Written::Local(date, clock))
        .ok_or(TimeProblem::NotATime)
}

/// Two digits are a year of 1970 to 2069.
fn full_year((year, digits): (i64, usize)) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 => Some(if year < 70 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

fn year_month_day(text: &str) -> Result<Written, TimeProblem> {
    let mut parts = Parts::new(text);
    let mut read = || {
        let year = parts.digits(4, 4)?.0;
        let mark = parts.mark(&['-', '/', '.'])?;
        let month = parts.digits(1, 2)?.0;
        parts.mark(&[mark])?;
        Some((year, month, parts.digits(1, 2)?.0))
    };
    let (year, month, of_month) = read().ok_or(TimeProblem::NotATime)?;
    with_clock(day(year, month, of_month)?, parts)
}

fn numeric(text: &str, day_first: bool) -> Result<Written, TimeProblem> {
    let mut parts = Parts::new(text);
    parts.skip_weekday();
    let mut read = || {
        let one = parts.digits(1, 2)?.0;
        let mark = parts.mark(&['/', '.', '-'])?;
        let two = parts.digits(1, 2)?.0;
        parts.mark(&[mark])?;
        Some((one, two, full_year(parts.digits(2, 4)?)?))
    };
    let (one, two, year) = read().ok_or(TimeProblem::NotATime)?;
    let (of_month, month) = if day_first { (one, two) } else { (two, one) };
    if month > 12 && of_month <= 12 {
        return Err(TimeProblem::OtherOrder);
    }
    with_clock(day(year, month, of_month)?, parts)
}

fn named_month(text: &str) -> Option<Written> {
    const BETWEEN: [char; 5] = [' ', '-', '/', ',', '.'];
    let mut parts = Parts::new(text);
    parts.skip_weekday();
    let (month, of_month) = if let Some(month) = parts.month() {
        parts.skip(&BETWEEN);
        (month, parts.digits(1, 2)?.0)
    } else {
        let of_month = parts.digits(1, 2)?.0;
        parts.skip(&BETWEEN);
        (parts.month()?, of_month)
    };
    parts.skip(&BETWEEN);
    let year = full_year(parts.digits(2, 4)?)?;
    with_clock(day(year, month, of_month).ok()?, parts).ok()
}

fn year_month(text: &str) -> Result<Written, TimeProblem> {
    const BETWEEN: [char; 5] = ['-', '/', '.', ' ', ','];
    let read = || {
        let mut parts = Parts::new(text);
        let (year, month) = if let Some(month) = parts.month() {
            parts.skip(&[' ', '-', '/', ',', '\'', '’']);
            (full_year(parts.digits(2, 4)?)?, month)
        } else {
            match parts.digits(1, 4)? {
                (year, 4) => {
                    parts.skip(&BETWEEN);
                    let month = match parts.month() {
                        Some(month) => month,
                        None => parts.digits(1, 2)?.0,
                    };
                    (year, month)
                }
                (month, 1 | 2) => {
                    parts.mark(&BETWEEN)?;
                    (parts.digits(4, 4)?.0, month)
                }
                _ => return None,
            }
        };
        parts.is_done().then_some((year, month))
    };
    let (year, month) = read().ok_or(TimeProblem::NotATime)?;
    day(year, month, 1).map(Written::Day)
}

fn quarter(text: &str) -> Option<Written> {
    const BETWEEN: [char; 4] = [' ', '-', '/', '_'];
    let mut parts = Parts::new(text);
    let (year, quarter) = if parts.mark(&['Q', 'q']).is_some() {
        let quarter = parts.digits(1, 1)?.0;
        parts.skip(&BETWEEN);
        (full_year(parts.digits(2, 4)?)?, quarter)
    } else {
        let year = parts.digits(4, 4)?.0;
        parts.skip(&BETWEEN);
        parts.mark(&['Q', 'q'])?;
        (year, parts.digits(1, 1)?.0)
    };
    if !parts.is_done() || !(1..=4).contains(&quarter) {
        return None;
    }
    day(year, quarter * 3 - 2, 1).ok().map(Written::Day)
}

fn iso_week(text: &str) -> Option<Written> {
    let mut parts = Parts::new(text);
    let year = parts.digits(4, 4)?.0;
    parts.skip(&['-', ' ', '/']);
    parts.mark(&['W', 'w'])?;
    let week = parts.digits(1, 2)?.0;
    if !parts.is_done() || !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return None;
    }
    let (year, week) = (i16::try_from(year).ok()?, i8::try_from(week).ok()?);
    ISOWeekDate::new(year, week, Weekday::Monday)
        .ok()
        .map(|week| Written::Day(week.date()))
}

fn compact(text: &str) -> Result<Written, TimeProblem> {
    let mut parts = Parts::new(text);
    let (number, _) = parts.digits(8, 8).ok_or(TimeProblem::NotATime)?;
    with_clock(
        day(number / 10_000, number / 100 % 100, number % 100)?,
        parts,
    )
}

fn year_only(text: &str) -> Result<Written, TimeProblem> {
    let mut parts = Parts::new(text);
    match parts.digits(4, 4) {
        Some((year, _)) if parts.is_done() => day(year, 1, 1).map(Written::Day),
        _ => Err(TimeProblem::NotATime),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be in range first"
)]
fn unix(text: &str, us_per_unit: f64) -> Result<Written, TimeProblem> {
    let number: f64 = text.parse().map_err(|_| TimeProblem::NotATime)?;
    let us = number * us_per_unit;
    // Up to year 2200; whole microseconds are exact in a float up to 2255.
    if !(us.is_finite() && us.abs() < 7_258_118_400_000_000.0) {
        return Err(TimeProblem::OutOfRange);
    }
    Ok(Written::Instant(us.round() as i64))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be in range first"
)]
fn excel(text: &str) -> Result<Written, TimeProblem> {
    let number: f64 = text
        .replace(',', ".")
        .parse()
        .map_err(|_| TimeProblem::NotATime)?;
    // Before March 1900 spreadsheets disagree, because one of them thought 1900 a leap year.
    if !(61.0..110_000.0).contains(&number) {
        return Err(TimeProblem::OutOfRange);
    }
    // A serial holds about a tenth of a millisecond: whole seconds undo its rounding.
    let seconds = (number.fract() * 86_400.0).round() as i64;
    let date = Date::constant(1899, 12, 30)
        .checked_add(jiff::Span::new().days(number.trunc() as i64))
        .map_err(|_| TimeProblem::OutOfRange)?;
    Ok(Written::Local(
        date,
        Clock {
            us: seconds * 1_000_000,
            offset_s: None,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use TimeShape::{
        Compact, DayMonthYear, ExcelSerial, IsoWeek, MonthDayYear, NamedMonth, Quarter, UnixMillis,
        UnixSeconds, Year, YearMonth, YearMonthDay,
    };

    fn utc(text: &str, shape: TimeShape) -> Result<String, TimeProblem> {
        let us = parse_time(text, shape, &TimeZone::UTC)?;
        Ok(jiff::Timestamp::from_microsecond(us).unwrap().to_string())
    }

    #[test]
    fn each_shape_reads_its_times() {
        for (text, shape, instant) in [
            ("2024-09-18", YearMonthDay, "2024-09-18T00:00:00Z"),
            ("2024/9/8 7:05", YearMonthDay, "2024-09-08T07:05:00Z"),
            ("2024-09-18 23:00:00", YearMonthDay, "2024-09-18T23:00:00Z"),
            (
                "2024-09-18T23:00:00.25Z",
                YearMonthDay,
                "2024-09-18T23:00:00.25Z",
            ),
            (
                "2024-09-18T23:00:00+02:00",
                YearMonthDay,
                "2024-09-18T21:00:00Z",
            ),
            (
                "2024-09-18 23:00:00 +0200",
                YearMonthDay,
                "2024-09-18T21:00:00Z",
            ),
            (
                "2024-09-18 23:00:00 UTC",
                YearMonthDay,
                "2024-09-18T23:00:00Z",
            ),
            ("2024-09-18 24:00", YearMonthDay, "2024-09-19T00:00:00Z"),
            ("18.09.2024", DayMonthYear, "2024-09-18T00:00:00Z"),
            ("Mi, 18.9.24 14:30", DayMonthYear, "2024-09-18T14:30:00Z"),
            ("9/18/24, 2:30 PM", MonthDayYear, "2024-09-18T14:30:00Z"),
            (
                "09/18/2024 12:05 a.m.",
                MonthDayYear,
                "2024-09-18T00:05:00Z",
            ),
            ("18 Sep 2024", NamedMonth, "2024-09-18T00:00:00Z"),
            ("Sep 18, 2024", NamedMonth, "2024-09-18T00:00:00Z"),
            ("18. März 2024", NamedMonth, "2024-03-18T00:00:00Z"),
            (
                "Wed, 18 Sep 2024 10:00:00 GMT",
                NamedMonth,
                "2024-09-18T10:00:00Z",
            ),
            ("18-Dez-24", NamedMonth, "2024-12-18T00:00:00Z"),
            ("2024-03", YearMonth, "2024-03-01T00:00:00Z"),
            ("Mar 2024", YearMonth, "2024-03-01T00:00:00Z"),
            ("März 2024", YearMonth, "2024-03-01T00:00:00Z"),
            ("03/2024", YearMonth, "2024-03-01T00:00:00Z"),
            ("Mai-24", YearMonth, "2024-05-01T00:00:00Z"),
            ("2024-Q3", Quarter, "2024-07-01T00:00:00Z"),
            ("Q1 2024", Quarter, "2024-01-01T00:00:00Z"),
            ("2024-W05", IsoWeek, "2024-01-29T00:00:00Z"),
            ("20240918", Compact, "2024-09-18T00:00:00Z"),
            ("2024", Year, "2024-01-01T00:00:00Z"),
            ("1726700400", UnixSeconds, "2024-09-18T23:00:00Z"),
            ("1726700400123", UnixMillis, "2024-09-18T23:00:00.123Z"),
            ("45553.5", ExcelSerial, "2024-09-18T12:00:00Z"),
        ] {
            assert_eq!(
                utc(text, shape).as_deref(),
                Ok(instant),
                "{text} as {shape:?}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (text, shape) in [
            ("2024-02-30", YearMonthDay),
            ("2024-13-01", YearMonthDay),
            ("2024-09-18 25:00", YearMonthDay),
            ("2024-09-18 12:60", YearMonthDay),
            ("2024-09-18x", YearMonthDay),
            ("0024-09-18", YearMonthDay),
            ("09/18/2024", DayMonthYear),
            ("2024-W54", IsoWeek),
            ("2024-Q5", Quarter),
            ("May", YearMonth),
            ("hello", NamedMonth),
            ("", YearMonthDay),
            ("NULL", YearMonthDay),
            ("1e300", UnixSeconds),
            ("5", ExcelSerial),
        ] {
            assert!(utc(text, shape).is_err(), "{text} as {shape:?}");
        }
        assert_eq!(
            utc("09/18/2024", DayMonthYear),
            Err(TimeProblem::OtherOrder)
        );
    }

    #[test]
    fn a_time_without_an_offset_is_in_the_given_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let us = parse_time("2024-07-01 12:00:00.5", YearMonthDay, &berlin).unwrap();
        assert_eq!(
            jiff::Timestamp::from_microsecond(us).unwrap().to_string(),
            "2024-07-01T10:00:00.5Z"
        );
        let us = parse_time("2024-07-01 12:00Z", YearMonthDay, &berlin).unwrap();
        assert_eq!(
            jiff::Timestamp::from_microsecond(us).unwrap().to_string(),
            "2024-07-01T12:00:00Z"
        );
        let us = parse_time("2024-06-30", YearMonthDay, &berlin).unwrap();
        assert_eq!(
            jiff::Timestamp::from_microsecond(us).unwrap().to_string(),
            "2024-06-30T00:00:00Z",
            "a day is a day everywhere"
        );
        let skipped = parse_time("2024-03-31 02:30", YearMonthDay, &berlin);
        assert_eq!(skipped, Err(TimeProblem::Skipped));
        let twice = read_time("2024-10-27 02:30", YearMonthDay, &berlin).unwrap();
        assert_eq!(twice.again_us, Some(twice.us + 3_600_000_000));
        let us = parse_time("2024-06-30 24:00", YearMonthDay, &berlin).unwrap();
        assert_eq!(
            jiff::Timestamp::from_microsecond(us).unwrap().to_string(),
            "2024-06-30T22:00:00Z"
        );
    }
}
