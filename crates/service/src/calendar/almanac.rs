//! What the calendar says, as stretches of time for the engine.
//!
//! Pure: the calendar and the stretch that is asked about are parameters. Days are those of UTC, as the
//! grids of series are.

use std::collections::BTreeMap;
use std::ops::Range;

use api::{CalendarEntry, EffectKind, EntryKind, Instant, Series};
use series::PublicHoliday;

/// Days with one name that are expected to do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    pub(crate) kind: EffectKind,
    /// What people call them.
    pub(crate) name: String,
    /// Microseconds UTC, rising by their beginning; each ends where the day after begins.
    pub(crate) spans: Vec<Range<i64>>,
}

/// The calendar.
pub(crate) struct Almanac {
    holidays: Vec<PublicHoliday>,
    entries: Vec<CalendarEntry>,
}

impl Almanac {
    /// The holidays of that region, if they are known, and what was entered by hand.
    pub(crate) fn new(region: Option<&str>, entries: Vec<CalendarEntry>) -> Self {
        let holidays = region.and_then(series::public_holidays).unwrap_or_default();
        Self { holidays, entries }
    }

    /// The public holidays that begin in a stretch, by date.
    pub(crate) fn holidays(&self, from_us: i64, to_us: i64) -> Vec<(i64, &'static str)> {
        let (Some(first), Some(last)) = (year(from_us), year(to_us)) else {
            return Vec::new();
        };
        let mut days: Vec<_> = (first..=last)
            .flat_map(|year| {
                let of = self.holidays.iter();
                of.filter_map(move |one| Some((one.in_year(year)?, one.name)))
            })
            .filter(|(at, _)| (from_us..to_us).contains(at))
            .collect();
        days.sort_unstable();
        days
    }

    /// What touches a series within a stretch. The same calendar gives the same order.
    pub(crate) fn of(&self, series: &Series, from_us: i64, to_us: i64) -> Vec<Occasion> {
        let mut found: BTreeMap<(EffectKind, String), Occasion> = BTreeMap::new();
        let mut add = |kind: EffectKind, name: &str, span: Range<i64>| {
            if span.start < to_us && span.end > from_us {
                let key = (kind, name.to_lowercase());
                let occasion = found.entry(key).or_insert_with(|| Occasion {
                    kind,
                    name: name.to_owned(),
                    spans: Vec::new(),
                });
                occasion.spans.push(span);
            }
        };
        for (at, name) in self.holidays(from_us - Instant::DAY, to_us) {
            add(EffectKind::Holiday, name, at..at + Instant::DAY);
        }
        let touching = self
            .entries
            .iter()
            .filter(|entry| entry.says.touches.touch(&series.id, &series.source_id));
        for entry in touching {
            // None where an older version kept what is no date.
            if let Some(days) = entry.says.days() {
                let span = days.from.0..days.to.0;
                add(kind(entry.says.kind), &entry.says.name, span);
            }
        }
        let mut found: Vec<Occasion> = found.into_values().collect();
        for occasion in &mut found {
            occasion
                .spans
                .sort_unstable_by_key(|span| (span.start, span.end));
        }
        found
    }
}

/// The date of an instant in UTC.
pub(crate) fn date(at_us: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(at_us).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

fn year(at_us: i64) -> Option<i32> {
    let at = jiff::Timestamp::from_microsecond(at_us).ok()?;
    Some(i32::from(at.to_zoned(jiff::tz::TimeZone::UTC).year()))
}

const fn kind(kind: EntryKind) -> EffectKind {
    match kind {
        EntryKind::Promotion => EffectKind::Promotion,
        EntryKind::Closure => EffectKind::Closure,
        EntryKind::Other => EffectKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{CalendarChange, Touches};

    fn starts(day: &str) -> Option<i64> {
        Some(entry("", day, day, Touches::All).says.days()?.from.0)
    }

    fn entry(name: &str, first: &str, last: &str, touches: Touches) -> CalendarEntry {
        CalendarEntry {
            id: first.into(),
            says: CalendarChange {
                name: name.into(),
                kind: EntryKind::Promotion,
                first: first.into(),
                last: last.into(),
                touches,
            },
            touched: Vec::new(),
        }
    }

    #[test]
    fn what_has_one_name_is_one_occasion_and_others_series_are_not_touched() {
        let series = fakes::series("sales").build();
        let entries = vec![
            entry("Black week", "2026-11-23", "2026-11-30", Touches::All),
            entry(
                "black Week",
                "2025-11-24",
                "2025-12-01",
                Touches::Series(vec![series.id.clone()]),
            ),
            entry(
                "Elsewhere",
                "2026-11-01",
                "2026-11-02",
                Touches::Source("other".into()),
            ),
        ];
        let almanac = Almanac::new(None, entries);
        let at = |day: &str| starts(day).unwrap();
        let found = almanac.of(&series, at("2025-01-01"), at("2027-01-01"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            found[0].spans,
            [
                at("2025-11-24")..at("2025-12-02"),
                at("2026-11-23")..at("2026-12-01")
            ]
        );
        let later = almanac.of(&series, at("2026-12-01"), at("2027-01-01"));
        assert!(later.is_empty(), "{later:?}");
    }

    #[test]
    fn a_year_of_holidays_is_in_order_and_no_region_has_none() {
        let (from, to) = (starts("2026-12-01").unwrap(), starts("2027-05-02").unwrap());
        let days = Almanac::new(Some("DE"), Vec::new()).holidays(from, to);
        let days: Vec<_> = days.iter().map(|(at, name)| (date(*at), *name)).collect();
        assert_eq!(days[0], ("2026-12-25".to_owned(), "Christmas Day"));
        assert_eq!(
            days[days.len() - 1],
            ("2027-05-01".to_owned(), "Labour Day")
        );
        assert!(Almanac::new(None, Vec::new()).holidays(from, to).is_empty());
    }
}
