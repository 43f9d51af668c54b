//! Parts of dates, of seconds since 1970 in UTC.

/// A civil date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    /// Days since the first of January.
    day_in_year: u16,
    /// Days since Sunday.
    weekday: u8,
}

const DAY_S: u64 = 86_400;
/// Days from the year -292277022399 to 1970: the start of what Go counts from.
const ZERO_DAYS: u64 = 106_751_991_073_094;
/// Days from 0000-03-01 to 1970-01-01.
const MARCH_TO_EPOCH: i64 = 719_468;
const DAYS_400_YEARS: i64 = 146_097;

impl Civil {
    /// Of a value that means seconds; what is no whole second is cut off, as Prometheus does.
    ///
    /// What fits no `i64`, NaN among it, is the least one: so does Go's conversion on amd64.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is the point: towards zero, within the limits"
    )]
    pub(crate) fn of_seconds(seconds: f64) -> Self {
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        Self::of(if (-LIMIT..LIMIT).contains(&seconds) {
            seconds as i64
        } else {
            i64::MIN
        })
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "seconds wrap on purpose; the others are remainders far below their type's limit"
    )]
    fn of(seconds: i64) -> Self {
        // Go counts from a year so far back that every instant is after it, and wraps (`time.absolute`).
        let from_zero = (seconds as u64).wrapping_add(ZERO_DAYS * DAY_S);
        let days = (from_zero / DAY_S) as i64 - ZERO_DAYS as i64;
        let second = from_zero % DAY_S;
        let from_march = days + MARCH_TO_EPOCH;
        let era = from_march.div_euclid(DAYS_400_YEARS);
        let day_of_era = from_march.rem_euclid(DAYS_400_YEARS);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524
            - day_of_era / (DAYS_400_YEARS - 1))
            / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let january = if month <= 2 {
            day_of_year - 306
        } else {
            day_of_year + 59 + i64::from(leap(year))
        };
        Self {
            year,
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
            hour: (second / 3_600) as u8,
            minute: (second % 3_600 / 60) as u8,
            day_in_year: january as u16,
            // 1970-01-01 was a Thursday.
            weekday: (days + 4).rem_euclid(7) as u8,
        }
    }
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn year(civil: Civil) -> f64 {
    civil.year as f64
}

pub(crate) fn month(civil: Civil) -> f64 {
    f64::from(civil.month)
}

pub(crate) fn day_of_month(civil: Civil) -> f64 {
    f64::from(civil.day)
}

pub(crate) fn day_of_week(civil: Civil) -> f64 {
    f64::from(civil.weekday)
}

pub(crate) fn day_of_year(civil: Civil) -> f64 {
    f64::from(civil.day_in_year) + 1.0
}

pub(crate) fn days_in_month(civil: Civil) -> f64 {
    match civil.month {
        2 if leap(civil.year) => 29.0,
        2 => 28.0,
        4 | 6 | 9 | 11 => 30.0,
        _ => 31.0,
    }
}

pub(crate) fn hour(civil: Civil) -> f64 {
    f64::from(civil.hour)
}

pub(crate) fn minute(civil: Civil) -> f64 {
    f64::from(civil.minute)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these results are exact")]
mod tests {
    use super::*;

    #[test]
    fn known_instants_have_their_dates() {
        // 2024-02-29T23:59:59Z, a Thursday.
        let civil = Civil::of_seconds(1_709_251_199.9);
        let parts = [
            year(civil),
            month(civil),
            day_of_month(civil),
            hour(civil),
            minute(civil),
            day_of_week(civil),
            day_of_year(civil),
            days_in_month(civil),
        ];
        assert_eq!(parts, [2024.0, 2.0, 29.0, 23.0, 59.0, 4.0, 60.0, 29.0]);
        let before = Civil::of_seconds(-1.0);
        assert_eq!(
            (year(before), month(before), day_of_year(before)),
            (1969.0, 12.0, 365.0)
        );
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = Civil::of(0);
        for day in 1..150_000 {
            let civil = Civil::of(day * 86_400);
            let next = if civil.day == 1 {
                before.day
            } else {
                civil.day - 1
            };
            assert_eq!(next, before.day);
            let in_year = if civil.day_in_year == 0 {
                1
            } else {
                civil.day_in_year - before.day_in_year
            };
            assert_eq!(in_year, 1);
            before = civil;
        }
        assert_eq!(before.year, 2380);
    }

    #[test]
    fn no_value_is_too_far() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert_eq!(year(Civil::of_seconds(value)), 292_277_026_596.0);
        }
    }
}
