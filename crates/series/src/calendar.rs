//! Months since 1970 and back, in the proleptic Gregorian calendar, UTC.
//!
//! Only whole months are needed here, so a date crate would be more dependency than use.
//! The day arithmetic is Howard Hinnant's "chrono-compatible low-level date algorithms".

/// Microseconds in one day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// Which month an instant lies in, counted from January 1970 = 0.
pub(crate) fn month_of(at_us: i64) -> i64 {
    let days = at_us.div_euclid(DAY_US) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Their year begins in March, so that the leap day is the last.
    let march_month = (5 * day_of_year + 2) / 153;
    let (month, carry) = if march_month < 10 {
        (march_month + 2, 0)
    } else {
        (march_month - 10, 1)
    };
    let year = year_of_era + era * 400 + carry;
    (year - 1_970) * 12 + month
}

/// The first instant of a month counted from January 1970 = 0.
pub(crate) fn start_of_month(month: i64) -> i64 {
    let (calendar_year, calendar_month) = (1_970 + month.div_euclid(12), month.rem_euclid(12));
    let (year, march_month) = if calendar_month < 2 {
        (calendar_year - 1, calendar_month + 10)
    } else {
        (calendar_year, calendar_month - 2)
    };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * march_month + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468).saturating_mul(DAY_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_the_calendar_says() {
        assert_eq!(start_of_month(0), 0);
        assert_eq!(start_of_month(1), 31 * DAY_US);
        assert_eq!(start_of_month(-1), -31 * DAY_US);
        // 2024-03-01 follows a leap day.
        assert_eq!(start_of_month(54 * 12 + 2), 1_709_251_200_000_000);
    }

    #[test]
    fn a_month_holds_its_first_and_last_microsecond_for_six_centuries() {
        for month in -3_600..3_600 {
            let start = start_of_month(month);
            assert_eq!(month_of(start), month);
            assert_eq!(month_of(start_of_month(month + 1) - 1), month);
        }
    }
}
