//! Days and times of day to instants.

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::time::TimeProblem;
use super::time_parts::Clock;

// Wide enough for any business and its forecasts, narrow enough to catch misread cells.
pub(crate) const MIN_YEAR: i64 = 1800;
pub(crate) const MAX_YEAR: i64 = 2200;
const DAY_US: i64 = 86_400_000_000;

/// An instant, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) us: i64,
    /// The other one that it may be, later, where clocks are put back and the time comes twice.
    pub(crate) again_us: Option<i64>,
}

impl From<i64> for Moment {
    fn from(us: i64) -> Self {
        Self { us, again_us: None }
    }
}

/// A day, as it is on every calendar: it begins at midnight UTC, where the days of series' grids begin.
pub(crate) fn day_us(date: Date) -> i64 {
    days_since_1970(date) * DAY_US
}

/// A day and a time of day, in `zone` unless the clock has an offset.
pub(crate) fn to_us(date: Date, clock: Clock, zone: &TimeZone) -> Result<Moment, TimeProblem> {
    let local_us = day_us(date) + clock.us;
    if let Some(offset_s) = clock.offset_s {
        return Ok((local_us - offset_s * 1_000_000).into());
    }
    if *zone == TimeZone::UTC {
        return Ok(local_us.into());
    }
    // Jiff knows no 24:00 and no civil time beyond the day, so the clock is added to midnight.
    let of_day_us = clock.us % DAY_US;
    let date = if clock.us == DAY_US {
        date.tomorrow().map_err(|_| TimeProblem::OutOfRange)?
    } else {
        date
    };
    let seconds = i32::try_from(of_day_us / 1_000_000).unwrap_or(0);
    let nanos = i32::try_from(of_day_us % 1_000_000).unwrap_or(0) * 1_000;
    let time = jiff::civil::Time::new(
        i8::try_from(seconds / 3600).unwrap_or(0),
        i8::try_from(seconds / 60 % 60).unwrap_or(0),
        i8::try_from(seconds % 60).unwrap_or(0),
        nanos,
    )
    .map_err(|_| TimeProblem::NotATime)?;
    let there = zone.to_ambiguous_timestamp(date.to_datetime(time));
    let us = |found: Result<jiff::Timestamp, jiff::Error>| {
        let found = found.map_err(|_| TimeProblem::OutOfRange)?;
        Ok(found.as_microsecond())
    };
    match there.offset() {
        AmbiguousOffset::Unambiguous { .. } => us(there.earlier()).map(Moment::from),
        AmbiguousOffset::Gap { .. } => Err(TimeProblem::Skipped),
        AmbiguousOffset::Fold { .. } => Ok(Moment {
            us: us(there.earlier())?,
            again_us: Some(us(there.later())?),
        }),
    }
}

/// Howard Hinnant's `days_from_civil`; several times faster here than spans between dates.
fn days_since_1970(date: Date) -> i64 {
    let (month, of_month) = (i64::from(date.month()), i64::from(date.day()));
    let year = i64::from(date.year()) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + of_month - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Passes an instant within the years that tables may speak of.
pub(crate) fn in_range(us: i64) -> Result<i64, TimeProblem> {
    let year = 1970 + us.div_euclid(DAY_US) / 365;
    if (MIN_YEAR..=MAX_YEAR).contains(&year) {
        Ok(us)
    } else {
        Err(TimeProblem::OutOfRange)
    }
}
