//! Business days: numbered from 1970, closed at 23:59 UTC.
//!
//! The books close a minute before midnight so that a day's total and its closing level are both
//! stamped within the day they belong to.

use api::Instant;

/// Days of history that business series have before the anchor.
pub(crate) const HISTORY_DAYS: usize = 730;
/// Days after the anchor that are worked out in advance; later the last one is repeated.
pub(crate) const FUTURE_DAYS: usize = 400;
/// All of them.
pub(crate) const TABLE_DAYS: usize = HISTORY_DAYS + FUTURE_DAYS;

/// From midnight to the close.
const CLOSE: i64 = 23 * Instant::HOUR + 59 * Instant::MINUTE;

/// When business day `day` closes.
pub(crate) fn close_of(day: i64) -> Instant {
    Instant(day.saturating_mul(Instant::DAY).saturating_add(CLOSE))
}

/// The business day that `at` belongs to: the first that closes then or later.
pub(crate) fn day_of(at: Instant) -> i64 {
    let late = at.0.saturating_sub(CLOSE);
    late.div_euclid(Instant::DAY) + i64::from(late.rem_euclid(Instant::DAY) > 0)
}

/// How much of a business day's trade is done at `at`, 0 to 1: slow at night, brisk at noon.
pub(crate) fn trade_done(at: Instant) -> f64 {
    let opened = close_of(day_of(at) - 1);
    let share = at.0.saturating_sub(opened.0) as f64 / Instant::DAY as f64;
    share - 0.08 * (std::f64::consts::TAU * share).sin()
}

/// The weekday of a day, Monday is 0. Day 0 was a Thursday.
pub(crate) fn weekday(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0)
}

/// How far a day is through the year, 0 to 1; good enough for seasons.
pub(crate) fn through_the_year(day: i64) -> f64 {
    (day as f64 / 365.242_5).rem_euclid(1.0)
}

/// The day of the month, from 1 (Hinnant's days-to-civil algorithm).
pub(crate) fn day_of_month(day: i64) -> i64 {
    let day_of_era = (day + 719_468).rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    day_of_year - (153 * month + 2) / 5 + 1
}

/// A count of rows as a count of days.
pub(crate) fn whole(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A day-by-day table around an anchor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    /// The business day of row 0.
    pub(crate) first: i64,
    /// The instant that the company is built around.
    pub(crate) anchor: Instant,
}

impl Days {
    /// The table around `anchor`: its day is row [`HISTORY_DAYS`].
    pub(crate) fn around(anchor: Instant) -> Self {
        Self {
            first: day_of(anchor) - whole(HISTORY_DAYS),
            anchor,
        }
    }

    /// The row of the day that `at` belongs to, clamped to the table.
    pub(crate) fn row(self, at: Instant) -> usize {
        let row = (day_of(at) - self.first).clamp(0, whole(TABLE_DAYS) - 1);
        usize::try_from(row).unwrap_or(0)
    }

    /// The day of a row.
    pub(crate) fn day(self, row: usize) -> i64 {
        self.first + whole(row)
    }

    /// The last instant before a row's day.
    pub(crate) fn before_row(self, row: usize) -> Instant {
        close_of(self.day(row) - 1)
    }

    /// The instant so many days after the anchor; before it where negative.
    pub(crate) fn in_days(self, days: f64) -> Instant {
        // Whole microseconds; the demo's offsets are below 1,000 days.
        #[expect(clippy::cast_possible_truncation, reason = "below 2^53")]
        self.anchor.plus((days * Instant::DAY as f64) as i64)
    }

    /// The days from the anchor to `at`; negative where it lies before.
    pub(crate) fn days_to(self, at: Instant) -> f64 {
        at.seconds_since(self.anchor) / 86_400.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_closes_with_the_instant_that_belongs_to_it() {
        for day in [-1, 0, 20_000] {
            assert_eq!(day_of(close_of(day)), day);
            assert_eq!(day_of(close_of(day).plus(1)), day + 1);
        }
    }

    #[test]
    fn trade_runs_from_nothing_to_all_and_never_backwards() {
        let opened = close_of(19_999);
        let mut before = 0.0;
        for minute in 1..=1_440 {
            let done = trade_done(opened.plus(minute * Instant::MINUTE));
            assert!(done > before && done <= 1.0 + 1e-9);
            before = done;
        }
        assert!((before - 1.0).abs() < 1e-9);
    }

    #[test]
    fn days_of_the_month_are_the_calendars() {
        // 1970-01-01, 2000-02-29, 2000-03-01, 2024-02-29, 2023-12-31.
        for (day, expected) in [
            (0, 1),
            (11_016, 29),
            (11_017, 1),
            (19_782, 29),
            (19_722, 31),
        ] {
            assert_eq!(day_of_month(day), expected, "{day}");
        }
    }

    #[test]
    fn the_first_of_1970_was_a_thursday() {
        assert_eq!(weekday(0), 3);
        assert_eq!(weekday(-3), 0);
    }
}
