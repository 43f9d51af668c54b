//! The company's calendar: whose public holidays count, and promotions and closures entered by hand.
//!
//! `almanac` turns it into days for the engine; a change puts a fit of each forecast concerned into the
//! queue.

mod almanac;

use api::{
    CacheArea, Calendar, CalendarChange, CalendarDay, CalendarEntry, CalendarEntryId, Calendars,
    Caller, Error, FitReason, HolidayRegion, LONGEST_ENTRY_DAYS, MOST_CALENDAR_ENTRIES, Permission,
    Result, SeriesId, SourceId, Topic, Touches,
};
use async_trait::async_trait;
use jiff::civil::Date;
use series::Step;

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::forecast::fit_job;
use crate::guard::{require, require_on};

pub(crate) use almanac::{Almanac, Occasion, date};

/// The setting that says whose public holidays count.
const REGION: &str = "calendar_region";
/// The most series that an entry names one by one; more are a source's.
const MOST_CHOSEN: usize = 200;
/// The years of an entry: beyond them somebody mistyped.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;
/// Fits that the calendar asks for come after those of drift and of late data, and before those of age.
const PRIORITY: u8 = 6;
/// The grids on which days of a calendar are known effects: in an hour a holiday is not one thing, and each
/// December has a Christmas.
pub(crate) const STEPS: [Step; 2] = [Step::Day, Step::Week];

#[async_trait]
impl Calendars for Hub {
    async fn calendar(&self, caller: &Caller) -> Result<Calendar> {
        require(caller, Permission::MonitoringRead)?;
        let now = self.clock.now();
        let region = self.region(caller).await?;
        let entries = self.store.calendar_entries().await.or_failure(caller)?;
        let almanac = Almanac::new(region.as_deref(), Vec::new());
        let today = Step::Day.floor(now.0);
        let holidays = almanac.holidays(today, today + 366 * api::Instant::DAY);
        Ok(Calendar {
            region,
            regions: series::HOLIDAY_REGIONS
                .iter()
                .map(|(code, name)| HolidayRegion {
                    code: (*code).to_owned(),
                    name: (*name).to_owned(),
                })
                .collect(),
            holidays: holidays
                .into_iter()
                .map(|(at, name)| CalendarDay {
                    day: date(at),
                    begins: api::Instant(at),
                    name: name.to_owned(),
                })
                .collect(),
            entries,
            today: date(today),
        })
    }

    async fn set_holidays(&self, caller: &Caller, region: Option<String>) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let known = |code: &String| series::public_holidays(code).is_some();
        if region.as_ref().is_some_and(|code| !known(code)) {
            let words = "No public holidays are known of that place. Choose one of the list.";
            return Err(Error::field("region", words));
        }
        let before = self.region(caller).await?;
        let note = Note::of("calendar.holidays")
            .on("calendar", "", "Public holidays")
            .before(&before)
            .after(&region);
        let put = self.noting(caller, note).put_setting(REGION, &region).await;
        put.or_failure(caller)?;
        if before != region {
            self.refit(caller, &[&Touches::All]).await?;
        }
        Ok(())
    }

    async fn add_entry(&self, caller: &Caller, change: CalendarChange) -> Result<CalendarEntryId> {
        require(caller, Permission::MonitoringWrite)?;
        let entries = self.store.calendar_entries().await.or_failure(caller)?;
        if entries.len() >= MOST_CALENDAR_ENTRIES {
            return Err(Error::conflict(format!(
                "The calendar holds {} entries at most. Remove old ones first.",
                api::grouped(MOST_CALENDAR_ENTRIES)
            )));
        }
        let change = self.checked_entry(caller, change).await?;
        let id = CalendarEntryId(store::new_id(self.clock.now()));
        let note = Note::of("calendar.add")
            .on("calendar", &id, &change.name)
            .after(&change);
        let store = self.noting(caller, note);
        store
            .insert_calendar_entry(&id, &change)
            .await
            .or_failure(caller)?;
        self.refit(caller, &[&change.touches]).await?;
        Ok(id)
    }

    async fn edit_entry(
        &self,
        caller: &Caller,
        id: &CalendarEntryId,
        change: CalendarChange,
    ) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "calendar entry")?;
        let before = self.entry(caller, id).await?.says;
        let change = self.checked_entry(caller, change).await?;
        let note = Note::of("calendar.edit")
            .on("calendar", id, &change.name)
            .before(&before)
            .after(&change);
        let store = self.noting(caller, note);
        store
            .change_calendar_entry(id, &change)
            .await
            .or_failure(caller)?;
        self.refit(caller, &[&before.touches, &change.touches])
            .await
    }

    async fn remove_entry(&self, caller: &Caller, id: &CalendarEntryId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "calendar entry")?;
        let before = self.entry(caller, id).await?.says;
        let note = Note::of("calendar.remove")
            .on("calendar", id, &before.name)
            .before(&before);
        let store = self.noting(caller, note);
        store.delete_calendar_entry(id).await.or_failure(caller)?;
        self.refit(caller, &[&before.touches]).await
    }
}

impl Hub {
    async fn region(&self, caller: &Caller) -> Result<Option<String>> {
        let region = self.store.setting::<Option<String>>(REGION).await;
        Ok(region.or_failure(caller)?.flatten())
    }

    /// What the calendar says, for the engine.
    pub(crate) async fn almanac(&self, caller: &Caller) -> Result<Almanac> {
        let region = self.region(caller).await?;
        let entries = self.store.calendar_entries().await.or_failure(caller)?;
        Ok(Almanac::new(region.as_deref(), entries))
    }

    async fn entry(&self, caller: &Caller, id: &CalendarEntryId) -> Result<CalendarEntry> {
        let entries = self.store.calendar_entries().await.or_failure(caller)?;
        let found = entries.into_iter().find(|entry| entry.id == *id);
        found.ok_or_else(|| Error::not_found("calendar entry"))
    }

    /// What was typed, checked, with what it touches.
    async fn checked_entry(
        &self,
        caller: &Caller,
        change: CalendarChange,
    ) -> Result<CalendarChange> {
        let change = read(change)?;
        match &change.touches {
            Touches::All => {}
            Touches::Source(id) => {
                if self.store.source(id).await.or_failure(caller)?.is_none() {
                    return Err(Error::field("touches", "There is no such source any more."));
                }
            }
            Touches::Series(ids) => {
                let there = self.store.series_of(ids).await.or_failure(caller)?;
                if there.len() != ids.len() {
                    let words = "One of the series is not there any more. Choose again.";
                    return Err(Error::field("touches", words));
                }
            }
        }
        Ok(change)
    }

    /// Has the forecasts fitted anew that one of these touches, and tells open pages.
    async fn refit(&self, caller: &Caller, touched: &[&Touches]) -> Result<()> {
        let now = self.clock.now();
        let steps = STEPS.map(Step::label);
        let models = self.store.modelled_in(&steps).await.or_failure(caller)?;
        let concerns = |(series, source): &&(SeriesId, SourceId)| {
            touched.iter().any(|touches| touches.touch(series, source))
        };
        let jobs: Vec<_> = models
            .iter()
            .filter(concerns)
            .map(|(id, _)| fit_job(id, FitReason::Calendar, PRIORITY, now))
            .collect();
        self.store.put_jobs(&jobs, now).await.or_failure(caller)?;
        for topic in [Topic::Forecasts, Topic::Jobs] {
            self.changed(topic, None);
        }
        // Lists of what is unusual say what the calendar says of that time.
        self.outdated(Some(CacheArea::Alerts)).await;
        Ok(())
    }
}

/// What was typed, without what cannot be.
fn read(change: CalendarChange) -> Result<CalendarChange> {
    let name = change.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::field("name", "A name has 1 to 100 characters."));
    }
    let first = day("first", &change.first)?;
    let last = day("last", &change.last)?;
    if last < first {
        let words = format!("The last day is before the first, {first}.");
        return Err(Error::field("last", words));
    }
    let days = i64::from(first.until(last).map_or(i32::MAX, |span| span.get_days())) + 1;
    if days > LONGEST_ENTRY_DAYS {
        let words = format!(
            "That is {} days; an entry has {LONGEST_ENTRY_DAYS} at most.",
            api::grouped(days)
        );
        return Err(Error::field("last", words));
    }
    let touches = match change.touches {
        Touches::Series(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            if ids.is_empty() || ids.len() > MOST_CHOSEN {
                let words = format!("Choose 1 to {MOST_CHOSEN} series, or a whole source.");
                return Err(Error::field("touches", words));
            }
            Touches::Series(ids)
        }
        other => other,
    };
    Ok(CalendarChange {
        name,
        kind: change.kind,
        first: first.to_string(),
        last: last.to_string(),
        touches,
    })
}

/// A date as people and browsers write it.
fn day(field: &str, text: &str) -> Result<Date> {
    let text = text.trim();
    // jiff reads instants as dates too.
    let plain = text.len() == 10;
    let date = text.parse::<Date>().ok();
    date.filter(|date| plain && YEARS.contains(&date.year()))
        .ok_or_else(|| Error::field(field, "Give a date such as 2026-11-27."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::EntryKind;

    fn change(first: &str, last: &str) -> CalendarChange {
        CalendarChange {
            name: " Black week ".into(),
            kind: EntryKind::Promotion,
            first: first.into(),
            last: last.into(),
            touches: Touches::All,
        }
    }

    fn fault(change: CalendarChange) -> String {
        match read(change) {
            Err(Error::Invalid { fields, .. }) => fields[0].field.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dates_are_dates_and_in_order_and_not_too_far_apart() {
        let good = read(change(" 2026-11-27", "2026-11-30 ")).unwrap();
        assert_eq!(
            (good.name.as_str(), good.first.as_str()),
            ("Black week", "2026-11-27")
        );
        assert!(read(change("2026-11-27", "2026-11-27")).is_ok());
        for (first, last, field) in [
            ("2026-11-27", "2026-11-26", "last"),
            ("2026-02-30", "2026-03-01", "first"),
            ("", "2026-03-01", "first"),
            ("2026-03-01", "tomorrow", "last"),
            ("2026-03-01T10:00:00", "2026-03-01", "first"),
            ("0001-01-01", "0001-01-01", "first"),
            ("2026-01-01", "2027-01-02", "last"),
        ] {
            assert_eq!(fault(change(first, last)), field, "{first} {last}");
        }
        assert!(read(change("2026-01-01", "2027-01-01")).is_ok(), "366 days");
    }
}
