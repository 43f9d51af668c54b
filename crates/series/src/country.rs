//! The public holidays of countries and of some of their regions, as rules for every year.
//!
//! Taken from the laws in force; compared for 2019 to 2030 with the package `holidays` 0.109 of Python.
//! Days that move because a holiday falls on a weekend, that were holidays once only or are none any more, and
//! those of calendars other than the Gregorian are left out. Bavaria has Assumption Day, which most of its
//! towns keep, and Sweden its three eves, on which hardly anybody works.

use crate::Holiday;

/// A public holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicHoliday {
    /// What it is called in English.
    pub name: &'static str,
    /// When it is.
    pub rule: Holiday,
    /// The first year it was one; 0 for longer than anybody's history.
    pub since: i32,
}

impl PublicHoliday {
    /// The start of that day in `year`, microseconds UTC; `None` where the year has no such day.
    pub fn in_year(&self, year: i32) -> Option<i64> {
        self.rule.in_year(year).filter(|_| year >= self.since)
    }
}

/// The countries and regions whose holidays are known: the code of ISO 3166 and the name in English.
pub const HOLIDAY_REGIONS: &[(&str, &str)] = &[
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("CA", "Canada: federal"),
    ("CH", "Switzerland: federal"),
    ("CZ", "Czechia"),
    ("DE", "Germany: nationwide"),
    ("DE-BW", "Germany: Baden-Württemberg"),
    ("DE-BY", "Germany: Bavaria"),
    ("DE-BE", "Germany: Berlin"),
    ("DE-BB", "Germany: Brandenburg"),
    ("DE-HB", "Germany: Bremen"),
    ("DE-HH", "Germany: Hamburg"),
    ("DE-HE", "Germany: Hesse"),
    ("DE-MV", "Germany: Mecklenburg-Vorpommern"),
    ("DE-NI", "Germany: Lower Saxony"),
    ("DE-NW", "Germany: North Rhine-Westphalia"),
    ("DE-RP", "Germany: Rhineland-Palatinate"),
    ("DE-SL", "Germany: Saarland"),
    ("DE-SN", "Germany: Saxony"),
    ("DE-ST", "Germany: Saxony-Anhalt"),
    ("DE-SH", "Germany: Schleswig-Holstein"),
    ("DE-TH", "Germany: Thuringia"),
    ("DK", "Denmark"),
    ("ES", "Spain: nationwide"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB-ENG", "United Kingdom: England and Wales"),
    ("GB-SCT", "United Kingdom: Scotland"),
    ("IT", "Italy"),
    ("LU", "Luxembourg"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("SE", "Sweden"),
    ("US", "United States: federal"),
];

/// The public holidays of a country or region in [`HOLIDAY_REGIONS`]; `None` for any other.
pub fn public_holidays(region: &str) -> Option<Vec<PublicHoliday>> {
    let known = HOLIDAY_REGIONS.iter().any(|(code, _)| *code == region);
    if !known {
        return None;
    }
    let (country, own): (&[PublicHoliday], Vec<PublicHoliday>) = match region {
        "DE" => (GERMANY, vec![]),
        "DE-BW" => (GERMANY, vec![EPIPHANY, CORPUS_CHRISTI, ALL_SAINTS]),
        "DE-BY" => (
            GERMANY,
            vec![EPIPHANY, CORPUS_CHRISTI, ASSUMPTION, ALL_SAINTS],
        ),
        "DE-BE" => (GERMANY, vec![since(2019, WOMEN)]),
        "DE-BB" => (GERMANY, vec![EASTER, WHIT_SUNDAY, REFORMATION]),
        "DE-HB" | "DE-HH" | "DE-NI" | "DE-SH" => (GERMANY, vec![since(2018, REFORMATION)]),
        "DE-HE" => (GERMANY, vec![CORPUS_CHRISTI]),
        "DE-MV" => (GERMANY, vec![since(2023, WOMEN), REFORMATION]),
        "DE-NW" | "DE-RP" => (GERMANY, vec![CORPUS_CHRISTI, ALL_SAINTS]),
        "DE-SL" => (GERMANY, vec![CORPUS_CHRISTI, ASSUMPTION, ALL_SAINTS]),
        "DE-SN" => (GERMANY, vec![REFORMATION, REPENTANCE]),
        "DE-ST" => (GERMANY, vec![EPIPHANY, REFORMATION]),
        "DE-TH" => (GERMANY, vec![since(2019, CHILDREN), REFORMATION]),
        "GB-ENG" => (
            UNITED_KINGDOM,
            vec![EASTER_MONDAY, weekday("Summer Bank Holiday", 8, 0, 0)],
        ),
        "GB-SCT" => (
            UNITED_KINGDOM,
            vec![
                fixed("2 January", 1, 2),
                weekday("Summer Bank Holiday", 8, 0, 1),
                fixed("St Andrew's Day", 11, 30),
            ],
        ),
        other => (whole_country(other), vec![]),
    };
    Some([country, &own].concat())
}

fn whole_country(code: &str) -> &'static [PublicHoliday] {
    match code {
        "AT" => AUSTRIA,
        "BE" => BELGIUM,
        "CA" => CANADA,
        "CH" => SWITZERLAND,
        "CZ" => CZECHIA,
        "DK" => DENMARK,
        "ES" => SPAIN,
        "FI" => FINLAND,
        "FR" => FRANCE,
        "IT" => ITALY,
        "LU" => LUXEMBOURG,
        "NL" => NETHERLANDS,
        "NO" => NORWAY,
        "PL" => POLAND,
        "PT" => PORTUGAL,
        "SE" => SWEDEN,
        "US" => UNITED_STATES,
        _ => &[],
    }
}

const fn named(name: &'static str, rule: Holiday) -> PublicHoliday {
    PublicHoliday {
        name,
        rule,
        since: 0,
    }
}

const fn fixed(name: &'static str, month: u8, day: u8) -> PublicHoliday {
    named(name, Holiday::Fixed { month, day })
}

const fn easter(name: &'static str, offset: i16) -> PublicHoliday {
    named(name, Holiday::Easter { offset })
}

const fn weekday(name: &'static str, month: u8, weekday: u8, nth: u8) -> PublicHoliday {
    let rule = Holiday::Weekday {
        month,
        weekday,
        nth,
    };
    named(name, rule)
}

const fn from(name: &'static str, month: u8, day: u8, weekday: u8) -> PublicHoliday {
    let rule = Holiday::OnOrAfter {
        month,
        day,
        weekday,
    };
    named(name, rule)
}

const fn since(year: i32, holiday: PublicHoliday) -> PublicHoliday {
    PublicHoliday {
        since: year,
        ..holiday
    }
}

const NEW_YEAR: PublicHoliday = fixed("New Year's Day", 1, 1);
const EPIPHANY: PublicHoliday = fixed("Epiphany", 1, 6);
const WOMEN: PublicHoliday = fixed("International Women's Day", 3, 8);
const LABOUR: PublicHoliday = fixed("Labour Day", 5, 1);
const ASSUMPTION: PublicHoliday = fixed("Assumption Day", 8, 15);
const CHILDREN: PublicHoliday = fixed("Children's Day", 9, 20);
const REFORMATION: PublicHoliday = fixed("Reformation Day", 10, 31);
const ALL_SAINTS: PublicHoliday = fixed("All Saints' Day", 11, 1);
const IMMACULATE: PublicHoliday = fixed("Immaculate Conception", 12, 8);
const CHRISTMAS_EVE: PublicHoliday = fixed("Christmas Eve", 12, 24);
const CHRISTMAS: PublicHoliday = fixed("Christmas Day", 12, 25);
const BOXING: PublicHoliday = fixed("Boxing Day", 12, 26);
const MAUNDY: PublicHoliday = easter("Maundy Thursday", -3);
const GOOD_FRIDAY: PublicHoliday = easter("Good Friday", -2);
const EASTER: PublicHoliday = easter("Easter Sunday", 0);
const EASTER_MONDAY: PublicHoliday = easter("Easter Monday", 1);
const ASCENSION: PublicHoliday = easter("Ascension Day", 39);
const WHIT_SUNDAY: PublicHoliday = easter("Whit Sunday", 49);
const WHIT_MONDAY: PublicHoliday = easter("Whit Monday", 50);
const CORPUS_CHRISTI: PublicHoliday = easter("Corpus Christi", 60);
/// The Wednesday before 23 November.
const REPENTANCE: PublicHoliday = from("Day of Repentance", 11, 16, 2);

const GERMANY: &[PublicHoliday] = &[
    NEW_YEAR,
    GOOD_FRIDAY,
    EASTER_MONDAY,
    LABOUR,
    ASCENSION,
    WHIT_MONDAY,
    fixed("German Unity Day", 10, 3),
    CHRISTMAS,
    BOXING,
];
const UNITED_KINGDOM: &[PublicHoliday] = &[
    NEW_YEAR,
    GOOD_FRIDAY,
    weekday("Early May Bank Holiday", 5, 0, 1),
    weekday("Spring Bank Holiday", 5, 0, 0),
    CHRISTMAS,
    BOXING,
];
const AUSTRIA: &[PublicHoliday] = &[
    NEW_YEAR,
    EPIPHANY,
    EASTER_MONDAY,
    LABOUR,
    ASCENSION,
    WHIT_MONDAY,
    CORPUS_CHRISTI,
    ASSUMPTION,
    fixed("National Day", 10, 26),
    ALL_SAINTS,
    IMMACULATE,
    CHRISTMAS,
    BOXING,
];
const BELGIUM: &[PublicHoliday] = &[
    NEW_YEAR,
    EASTER,
    EASTER_MONDAY,
    LABOUR,
    ASCENSION,
    WHIT_SUNDAY,
    WHIT_MONDAY,
    fixed("National Day", 7, 21),
    ASSUMPTION,
    ALL_SAINTS,
    fixed("Armistice Day", 11, 11),
    CHRISTMAS,
];
const CANADA: &[PublicHoliday] = &[
    NEW_YEAR,
    GOOD_FRIDAY,
    // The Monday before 25 May.
    from("Victoria Day", 5, 18, 0),
    fixed("Canada Day", 7, 1),
    weekday("Labour Day", 9, 0, 1),
    since(2021, fixed("Truth and Reconciliation Day", 9, 30)),
    weekday("Thanksgiving", 10, 0, 2),
    fixed("Remembrance Day", 11, 11),
    CHRISTMAS,
    BOXING,
];
const SWITZERLAND: &[PublicHoliday] =
    &[NEW_YEAR, ASCENSION, fixed("National Day", 8, 1), CHRISTMAS];
const CZECHIA: &[PublicHoliday] = &[
    NEW_YEAR,
    GOOD_FRIDAY,
    EASTER_MONDAY,
    LABOUR,
    fixed("Victory Day", 5, 8),
    fixed("Cyril and Methodius Day", 7, 5),
    fixed("Jan Hus Day", 7, 6),
    fixed("Statehood Day", 9, 28),
    fixed("Independence Day", 10, 28),
    fixed("Freedom and Democracy Day", 11, 17),
    CHRISTMAS_EVE,
    CHRISTMAS,
    BOXING,
];
const DENMARK: &[PublicHoliday] = &[
    NEW_YEAR,
    MAUNDY,
    GOOD_FRIDAY,
    EASTER,
    EASTER_MONDAY,
    ASCENSION,
    WHIT_SUNDAY,
    WHIT_MONDAY,
    CHRISTMAS,
    BOXING,
];
const SPAIN: &[PublicHoliday] = &[
    NEW_YEAR,
    EPIPHANY,
    GOOD_FRIDAY,
    LABOUR,
    ASSUMPTION,
    fixed("National Day", 10, 12),
    ALL_SAINTS,
    fixed("Constitution Day", 12, 6),
    IMMACULATE,
    CHRISTMAS,
];
const FINLAND: &[PublicHoliday] = &[
    NEW_YEAR,
    EPIPHANY,
    GOOD_FRIDAY,
    EASTER,
    EASTER_MONDAY,
    fixed("May Day", 5, 1),
    ASCENSION,
    WHIT_SUNDAY,
    from("Midsummer Eve", 6, 19, 4),
    from("Midsummer Day", 6, 20, 5),
    from("All Saints' Day", 10, 31, 5),
    fixed("Independence Day", 12, 6),
    CHRISTMAS_EVE,
    CHRISTMAS,
    BOXING,
];
const FRANCE: &[PublicHoliday] = &[
    NEW_YEAR,
    EASTER_MONDAY,
    LABOUR,
    fixed("Victory Day", 5, 8),
    ASCENSION,
    WHIT_MONDAY,
    fixed("National Day", 7, 14),
    ASSUMPTION,
    ALL_SAINTS,
    fixed("Armistice Day", 11, 11),
    CHRISTMAS,
];
const ITALY: &[PublicHoliday] = &[
    NEW_YEAR,
    EPIPHANY,
    EASTER,
    EASTER_MONDAY,
    fixed("Liberation Day", 4, 25),
    LABOUR,
    fixed("Republic Day", 6, 2),
    ASSUMPTION,
    since(2026, fixed("St Francis of Assisi", 10, 4)),
    ALL_SAINTS,
    IMMACULATE,
    CHRISTMAS,
    BOXING,
];
const LUXEMBOURG: &[PublicHoliday] = &[
    NEW_YEAR,
    EASTER_MONDAY,
    LABOUR,
    since(2019, fixed("Europe Day", 5, 9)),
    ASCENSION,
    WHIT_MONDAY,
    fixed("National Day", 6, 23),
    ASSUMPTION,
    ALL_SAINTS,
    CHRISTMAS,
    BOXING,
];
const NETHERLANDS: &[PublicHoliday] = &[
    NEW_YEAR,
    EASTER,
    EASTER_MONDAY,
    // The day before where that is a Sunday.
    named(
        "King's Day",
        Holiday::Moved {
            month: 4,
            day: 27,
            weekday: 6,
            by: -1,
        },
    ),
    ASCENSION,
    WHIT_SUNDAY,
    WHIT_MONDAY,
    CHRISTMAS,
    BOXING,
];
const NORWAY: &[PublicHoliday] = &[
    NEW_YEAR,
    MAUNDY,
    GOOD_FRIDAY,
    EASTER,
    EASTER_MONDAY,
    LABOUR,
    fixed("Constitution Day", 5, 17),
    ASCENSION,
    WHIT_SUNDAY,
    WHIT_MONDAY,
    CHRISTMAS,
    BOXING,
];
const POLAND: &[PublicHoliday] = &[
    NEW_YEAR,
    EPIPHANY,
    EASTER,
    EASTER_MONDAY,
    LABOUR,
    fixed("Constitution Day", 5, 3),
    WHIT_SUNDAY,
    CORPUS_CHRISTI,
    ASSUMPTION,
    ALL_SAINTS,
    fixed("Independence Day", 11, 11),
    since(2025, CHRISTMAS_EVE),
    CHRISTMAS,
    BOXING,
];
const PORTUGAL: &[PublicHoliday] = &[
    NEW_YEAR,
    GOOD_FRIDAY,
    EASTER,
    fixed("Freedom Day", 4, 25),
    LABOUR,
    CORPUS_CHRISTI,
    fixed("Portugal Day", 6, 10),
    ASSUMPTION,
    fixed("Republic Day", 10, 5),
    ALL_SAINTS,
    fixed("Restoration of Independence", 12, 1),
    IMMACULATE,
    CHRISTMAS,
];
const SWEDEN: &[PublicHoliday] = &[
    NEW_YEAR,
    EPIPHANY,
    GOOD_FRIDAY,
    EASTER,
    EASTER_MONDAY,
    LABOUR,
    ASCENSION,
    WHIT_SUNDAY,
    fixed("National Day", 6, 6),
    from("Midsummer Eve", 6, 19, 4),
    from("Midsummer Day", 6, 20, 5),
    from("All Saints' Day", 10, 31, 5),
    CHRISTMAS_EVE,
    CHRISTMAS,
    BOXING,
    fixed("New Year's Eve", 12, 31),
];
const UNITED_STATES: &[PublicHoliday] = &[
    NEW_YEAR,
    weekday("Martin Luther King Jr. Day", 1, 0, 3),
    weekday("Washington's Birthday", 2, 0, 3),
    weekday("Memorial Day", 5, 0, 0),
    since(2021, fixed("Juneteenth", 6, 19)),
    fixed("Independence Day", 7, 4),
    weekday("Labor Day", 9, 0, 1),
    weekday("Columbus Day", 10, 0, 2),
    fixed("Veterans Day", 11, 11),
    weekday("Thanksgiving", 11, 3, 4),
    CHRISTMAS,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{DAY_US, start_of_month};

    fn date(year: i64, month: i64, day: i64) -> i64 {
        start_of_month((year - 1_970) * 12 + month - 1) + (day - 1) * DAY_US
    }

    #[test]
    fn every_region_has_holidays_and_no_other_is_known() {
        for (code, name) in HOLIDAY_REGIONS {
            let found = public_holidays(code);
            assert!(found.is_some_and(|found| found.len() >= 4), "{code} {name}");
        }
        for unknown in ["", "XX", "de", "DE-XX", "GB"] {
            assert_eq!(public_holidays(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_region_has_its_country_s_holidays_and_its_own() {
        let saxony = public_holidays("DE-SN").unwrap_or_default();
        let on = |year, at| saxony.iter().any(|one| one.in_year(year) == Some(at));
        assert!(on(2026, date(2026, 10, 3)));
        assert!(on(2026, date(2026, 11, 18)), "Repentance");
        assert!(!on(2026, date(2026, 6, 4)), "Corpus Christi");
    }

    #[test]
    fn a_holiday_is_none_before_it_was_made_one() {
        let found = public_holidays("US").unwrap_or_default();
        let juneteenth = found.iter().find(|one| one.name == "Juneteenth");
        let at = |year| juneteenth.and_then(|one| one.in_year(year));
        assert_eq!((at(2020), at(2021)), (None, Some(date(2021, 6, 19))));
    }

    #[test]
    fn no_two_days_of_a_region_have_one_name_within_a_year() {
        for (code, _) in HOLIDAY_REGIONS {
            let found = public_holidays(code).unwrap_or_default();
            let mut names: Vec<_> = found.iter().map(|one| one.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), found.len(), "{code}");
        }
    }
}
