//! Days that a calendar knows beforehand, and the periods of a grid that they fall into.
//!
//! Easter by the algorithm of Meeus, Jones and Butcher ("Astronomical Algorithms", 1991), for the Gregorian calendar.

use std::ops::Range;

use crate::Step;
use crate::calendar::{DAY_US, month_of, start_of_month};

/// A rule that names one day in every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holiday {
    /// The same date every year, such as 25 December; 29 February is left out in common years.
    Fixed {
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
    },
    /// A weekday of a month, such as the fourth Thursday of November.
    Weekday {
        /// 1 to 12.
        month: u8,
        /// 0 is Monday.
        weekday: u8,
        /// 1 is the first; 0 is the last of the month.
        nth: u8,
    },
    /// The first such weekday on a date or after it, such as the Saturday on 20 June or after it.
    OnOrAfter {
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
        /// 0 is Monday.
        weekday: u8,
    },
    /// The same date every year, except where it falls on that weekday: such as 27 April, or the day before a Sunday.
    Moved {
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
        /// 0 is Monday.
        weekday: u8,
        /// By how many days it moves then, negative for earlier.
        by: i8,
    },
    /// Days after Easter Sunday, negative before it.
    Easter {
        /// -2 is Good Friday, 50 Whit Monday.
        offset: i16,
    },
}

impl Holiday {
    /// The start of that day in `year`, microseconds UTC; `None` where the year has no such day.
    pub fn in_year(self, year: i32) -> Option<i64> {
        match self {
            Self::Fixed { month, day } => {
                let (start, days) = month_days(year, month)?;
                ((1..=days).contains(&i64::from(day)))
                    .then(|| start + (i64::from(day) - 1) * DAY_US)
            }
            Self::Weekday {
                month,
                weekday,
                nth,
            } => {
                let (start, days) = month_days(year, month)?;
                let earliest = (i64::from(weekday) - weekday_of(start)).rem_euclid(7);
                let place = match nth {
                    0 => earliest + (days - 1 - earliest) / 7 * 7,
                    nth => earliest + 7 * (i64::from(nth) - 1),
                };
                (weekday < 7 && place < days).then(|| start + place * DAY_US)
            }
            Self::OnOrAfter {
                month,
                day,
                weekday,
            } => {
                let from = Self::Fixed { month, day }.in_year(year)?;
                let later = (i64::from(weekday) - weekday_of(from)).rem_euclid(7);
                (weekday < 7).then(|| from + later * DAY_US)
            }
            Self::Moved {
                month,
                day,
                weekday,
                by,
            } => {
                let at = Self::Fixed { month, day }.in_year(year)?;
                let moves = weekday_of(at) == i64::from(weekday);
                Some(at + if moves { i64::from(by) * DAY_US } else { 0 })
            }
            Self::Easter { offset } => easter(year).map(|at| at + i64::from(offset) * DAY_US),
        }
    }
}

/// The places among `count` periods of `step` from `start_us` that one of `spans` touches, rising, each once.
///
/// A span begins at its first microsecond and ends before its last; one without length touches nothing.
pub fn periods_within(spans: &[Range<i64>], start_us: i64, step: Step, count: usize) -> Vec<usize> {
    let at = |place: usize| step.advance(start_us, i64::try_from(place).unwrap_or(i64::MAX));
    let touched = |place: &usize| {
        let (from, to) = (at(*place), at(place.saturating_add(1)));
        let mut spans = spans.iter().filter(|span| !span.is_empty());
        spans.any(|span| span.start < to && span.end > from)
    };
    (0..count).filter(touched).collect()
}

/// The places among `count` periods of `step` from `start_us` that a day of `rules` falls into, rising, each once.
///
/// Calendars are UTC, as the grid is.
pub fn holidays(rules: &[Holiday], start_us: i64, step: Step, count: usize) -> Vec<usize> {
    let starts: Vec<i64> = (0..=i64::try_from(count).unwrap_or(0))
        .map(|place| step.advance(start_us, place))
        .collect();
    let (Some(first), Some(end)) = (starts.first(), starts.last()) else {
        return Vec::new();
    };
    let year = |at: i64| i32::try_from(1_970 + month_of(at).div_euclid(12)).unwrap_or(i32::MAX);
    let mut days: Vec<i64> = (year(*first).saturating_sub(1)..=year(*end).saturating_add(1))
        .flat_map(|year| rules.iter().filter_map(move |rule| rule.in_year(year)))
        .collect();
    days.sort_unstable();
    let inside = |pair: &[i64]| {
        let [from, to] = pair else { return false };
        // The first day that ends after the period begins must begin before the period ends.
        let next = days.partition_point(|day| day + DAY_US <= *from);
        days.get(next).is_some_and(|day| day < to)
    };
    let periods = starts.windows(2).enumerate();
    periods
        .filter(|(_, pair)| inside(pair))
        .map(|(place, _)| place)
        .collect()
}

/// Which day of the week begins then, 0 is Monday: 1970-01-01 was a Thursday.
const fn weekday_of(start_us: i64) -> i64 {
    (start_us.div_euclid(DAY_US) + 3).rem_euclid(7)
}

/// The start of a month and how many days it has.
fn month_days(year: i32, month: u8) -> Option<(i64, i64)> {
    if !(1..=12).contains(&month) || !(-9_999..=9_999).contains(&year) {
        return None;
    }
    let month = (i64::from(year) - 1_970) * 12 + i64::from(month) - 1;
    let start = start_of_month(month);
    Some((start, (start_of_month(month + 1) - start) / DAY_US))
}

/// Easter Sunday.
fn easter(year: i32) -> Option<i64> {
    let golden = year.rem_euclid(19);
    let (century, rest) = (year.div_euclid(100), year.rem_euclid(100));
    let (leap, skipped) = (century.div_euclid(4), century.rem_euclid(4));
    let moon = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let epact = (19 * golden + century - leap - moon + 15).rem_euclid(30);
    let weekday = (32 + 2 * skipped + 2 * (rest / 4) - epact - rest % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let place = epact + weekday - 7 * late + 114;
    let (start, _) = month_days(year, u8::try_from(place / 31).ok()?)?;
    Some(start + i64::from(place % 31) * DAY_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i64, month: i64, day: i64) -> i64 {
        start_of_month((year - 1_970) * 12 + month - 1) + (day - 1) * DAY_US
    }

    #[test]
    fn easter_is_when_the_almanac_says() {
        for (year, month, day) in [
            (1961, 4, 2),
            (2000, 4, 23),
            (2024, 3, 31),
            (2025, 4, 20),
            (2038, 4, 25),
        ] {
            let found = Holiday::Easter { offset: 0 }.in_year(year);
            assert_eq!(found, Some(date(i64::from(year), month, day)), "{year}");
        }
    }

    #[test]
    fn thanksgiving_is_the_fourth_thursday_and_memorial_day_the_last_monday() {
        let thanksgiving = Holiday::Weekday {
            month: 11,
            weekday: 3,
            nth: 4,
        };
        assert_eq!(thanksgiving.in_year(2016), Some(date(2016, 11, 24)));
        let memorial = Holiday::Weekday {
            month: 5,
            weekday: 0,
            nth: 0,
        };
        assert_eq!(memorial.in_year(2024), Some(date(2024, 5, 27)));
        assert_eq!(
            Holiday::Weekday {
                month: 2,
                weekday: 0,
                nth: 5
            }
            .in_year(2023),
            None
        );
    }

    #[test]
    fn midsummer_is_the_saturday_from_the_twentieth_of_june() {
        let rule = Holiday::OnOrAfter {
            month: 6,
            day: 20,
            weekday: 5,
        };
        assert_eq!(rule.in_year(2024), Some(date(2024, 6, 22)));
        assert_eq!(rule.in_year(2026), Some(date(2026, 6, 20)));
    }

    #[test]
    fn a_span_marks_each_period_that_it_touches_and_an_empty_one_none() {
        let start = date(2026, 11, 2);
        let spans = [date(2026, 11, 3)..date(2026, 11, 5), start..start];
        assert_eq!(periods_within(&spans, start, Step::Day, 9), [1, 2]);
        assert_eq!(periods_within(&spans, start, Step::Week, 2), [0]);
        assert_eq!(periods_within(&spans, start, Step::Day, 0), [0_usize; 0]);
    }

    #[test]
    fn the_twenty_ninth_of_february_is_left_out_in_common_years() {
        let rule = Holiday::Fixed { month: 2, day: 29 };
        assert_eq!(rule.in_year(2024), Some(date(2024, 2, 29)));
        assert_eq!(rule.in_year(2023), None);
    }

    #[test]
    fn a_day_marks_its_own_period_its_hours_and_its_month() {
        let rule = [Holiday::Fixed { month: 12, day: 25 }];
        let start = date(2023, 12, 20);
        assert_eq!(holidays(&rule, start, Step::Day, 14), [5]);
        assert_eq!(
            holidays(&rule, start, Step::Hour, 200),
            (120..144).collect::<Vec<_>>()
        );
        assert_eq!(holidays(&rule, date(2023, 1, 1), Step::Month, 24), [11, 23]);
        assert_eq!(holidays(&rule, start, Step::Day, 0), [0_usize; 0]);
    }
}
