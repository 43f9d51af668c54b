//! The calendar in words: entries and what they touch, and the days that a forecast knew beforehand.

use api::{
    Calendar, CalendarEntry, EffectKind, EntryKind, Instant, Range, Series, Source, Touches,
    UsedEffect,
};
use serde::{Deserialize, Serialize};

/// The most series that stand in a form to be chosen.
pub const LISTED: u32 = 500;
/// So many public holidays are told.
const COMING: usize = 6;

/// What a form of an entry holds, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// The entry; empty for a new one.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is, as a word.
    pub kind: String,
    /// Its first day, as `2026-11-27`.
    pub first: String,
    /// Its last day.
    pub last: String,
    /// `all`, `series` or a source's id.
    pub touches: String,
    /// The chosen series.
    pub series: Vec<String>,
}

/// A line of the list of entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it holds, to be changed or made again.
    pub typed: Typed,
    /// What it is, in words.
    pub kind: String,
    /// Its days, in words.
    pub days: String,
    /// What it touches, in words.
    pub touches: String,
    /// Whether it lasts today, is to come, or is over, in a word.
    pub when: String,
}

/// All that the calendar's page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The code of the chosen region; empty for none.
    pub region: String,
    /// Every region: its code and its name.
    pub regions: Vec<(String, String)>,
    /// The next public holidays: the day and the name.
    pub coming: Vec<(String, String)>,
    /// The entries, the latest first.
    pub rows: Vec<Row>,
    /// Whether the person may change it.
    pub may_write: bool,
}

/// What the form of an entry needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// What stands in it at first.
    pub typed: Typed,
    /// Every source: its id and its name.
    pub sources: Vec<(String, String)>,
    /// Series to choose from: id, title, and what tells it from others.
    pub series: Vec<[String; 3]>,
    /// That there are more, in words; empty where there are not.
    pub more: String,
}

/// The calendar, told.
pub fn shown(calendar: Calendar, may_write: bool) -> Shown {
    let today = calendar.today;
    let coming = calendar.holidays.iter().take(COMING);
    Shown {
        region: calendar.region.unwrap_or_default(),
        regions: calendar
            .regions
            .into_iter()
            .map(|region| (region.code, region.name))
            .collect(),
        coming: coming
            .map(|one| (ui::utc_date_text(one.begins.0), one.name.clone()))
            .collect(),
        rows: calendar
            .entries
            .into_iter()
            .map(|entry| row(entry, &today))
            .collect(),
        may_write,
    }
}

fn row(entry: CalendarEntry, today: &str) -> Row {
    let when = match (entry.says.first.as_str(), entry.says.last.as_str()) {
        (first, _) if first > today => "ahead",
        (_, last) if last < today => "over",
        _ => "now",
    };
    Row {
        kind: kind_words(entry.says.kind).to_owned(),
        days: entry
            .says
            .days()
            .map_or_else(|| "unknown".to_owned(), stretch),
        touches: touched(&entry),
        when: when.to_owned(),
        typed: typed(entry),
    }
}

/// An entry as its form holds it.
pub fn typed(entry: CalendarEntry) -> Typed {
    let (touches, series) = match entry.says.touches {
        Touches::All => ("all".to_owned(), Vec::new()),
        Touches::Source(id) => (id.0, Vec::new()),
        Touches::Series(ids) => {
            let ids = ids.into_iter().map(|id| id.0);
            ("series".to_owned(), ids.collect())
        }
    };
    Typed {
        id: entry.id.0,
        name: entry.says.name,
        kind: match entry.says.kind {
            EntryKind::Promotion => "promotion",
            EntryKind::Closure => "closure",
            EntryKind::Other => "other",
        }
        .to_owned(),
        first: entry.says.first,
        last: entry.says.last,
        touches,
        series,
    }
}

/// What a form needs: what is typed, and what there is to choose from.
pub fn form(
    typed: Typed,
    sources: Vec<(Source, Option<Instant>)>,
    page: (Vec<Series>, u32),
) -> Form {
    let (series, total) = page;
    let listed = u32::try_from(series.len()).unwrap_or(u32::MAX);
    let more = if total > listed {
        format!(
            "Only the first {listed} of {total} series stand here. Choose a whole source, or begin on the page of the series."
        )
    } else {
        String::new()
    };
    Form {
        typed,
        sources: sources
            .into_iter()
            .map(|(source, _)| (source.id.0, source.name))
            .collect(),
        series: series
            .into_iter()
            .map(|series| [series.id.0, series.title, series.source_name])
            .collect(),
        more,
    }
}

fn touched(entry: &CalendarEntry) -> String {
    match (&entry.says.touches, entry.touched.as_slice()) {
        (Touches::All, _) => "every series".to_owned(),
        (Touches::Source(_), names) => format!("every series of {}", names.join(", ")),
        (Touches::Series(_), []) => "none: its series are gone".to_owned(),
        (Touches::Series(_), [one]) => one.clone(),
        (Touches::Series(_), [one, others @ ..]) => format!("{one} and {} more", others.len()),
    }
}

const fn kind_words(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Promotion => "promotion",
        EntryKind::Closure => "closure",
        EntryKind::Other => "other event",
    }
}

const fn effect_words(kind: EffectKind) -> (&'static str, &'static str) {
    match kind {
        EffectKind::Holiday => ("public holiday", "as public holidays do here"),
        EffectKind::Promotion => ("promotion", "as promotions do here"),
        EffectKind::Closure => ("closure", "as closures do here"),
        EffectKind::Other => ("other event", ""),
    }
}

/// A stretch of days, and how many where there are several.
pub fn stretch(days: Range) -> String {
    let last = days.to.minus(1);
    let count = (days.to.0 - days.from.0) / Instant::DAY;
    if count <= 1 {
        return ui::utc_date_text(days.from.0);
    }
    let (from, to) = (ui::utc_date_text(days.from.0), ui::utc_date_text(last.0));
    let same_year =
        from.rsplit_once(' ').map(|(_, year)| year) == to.rsplit_once(' ').map(|(_, year)| year);
    let from = if same_year {
        ui::utc_day_text(days.from.0)
    } else {
        from
    };
    format!("{from} to {to}, {count} days")
}

fn stretches(days: &[Range]) -> String {
    let words: Vec<String> = days.iter().map(|days| stretch(*days)).collect();
    words.join("; ")
}

/// The days that a forecast knew beforehand, each in a sentence; those that make no difference in one.
pub fn known(effects: &[UsedEffect]) -> Vec<String> {
    let shown = effects.iter().filter(|one| one.shows);
    let mut told: Vec<String> = shown.map(sentence).collect();
    let new = |one: &&UsedEffect| !one.shows && one.seen == 0;
    told.extend(effects.iter().filter(new).map(|one| {
        format!(
            "{} ({}): ahead on {}. It was not seen in this history, so what it does is unknown.",
            one.name,
            effect_words(one.kind).0,
            stretches(&one.ahead)
        )
    }));
    let idle: Vec<&str> = effects
        .iter()
        .filter(|one| !one.shows && one.seen > 0)
        .map(|one| one.name.as_str())
        .collect();
    if !idle.is_empty() {
        told.push(format!(
            "Without a difference that shows here, and left as they are: {}.",
            idle.join(", ")
        ));
    }
    if effects.iter().any(|one| one.shows) {
        told.push("The back-test is on the history without these days.".to_owned());
    }
    told
}

fn sentence(one: &UsedEffect) -> String {
    let (kind, pooled) = effect_words(one.kind);
    let size = if one.share {
        format!("{:+.0} %", 100.0 * one.size).replace('-', "−")
    } else {
        let sign = if one.size < 0.0 { "−" } else { "+" };
        format!("{sign}{}", ui::number_text(Some(one.size.abs()), ""))
    };
    let pooled = if one.of_kind {
        format!(", {pooled}")
    } else {
        String::new()
    };
    let mut words = format!("{} ({kind}): {size}{pooled}.", one.name);
    if !one.past.is_empty() {
        words.push_str(" In the history on ");
        words.push_str(&stretches(&one.past));
        words.push('.');
    }
    if !one.ahead.is_empty() {
        words.push_str(" Ahead on ");
        words.push_str(&stretches(&one.ahead));
        words.push('.');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = Instant::DAY;
    /// 23 November 2026.
    const MONDAY: i64 = 20_780 * DAY;

    fn days(from: i64, count: i64) -> Range {
        Range {
            from: Instant(MONDAY + from * DAY),
            to: Instant(MONDAY + (from + count) * DAY),
        }
    }

    #[test]
    fn a_day_is_a_day_and_several_are_counted() {
        assert_eq!(stretch(days(0, 1)), "Mon 23 Nov 2026");
        assert_eq!(stretch(days(0, 8)), "Mon 23 Nov to Mon 30 Nov 2026, 8 days");
        assert_eq!(
            stretch(days(0, 40)),
            "Mon 23 Nov 2026 to Fri 1 Jan 2027, 40 days"
        );
    }

    #[test]
    fn what_shows_is_told_with_its_size_and_what_does_not_in_one_sentence() {
        let effect = |name: &str, seen: u32, shows: bool| UsedEffect {
            name: name.into(),
            kind: EffectKind::Promotion,
            seen,
            shows,
            size: 0.4,
            share: true,
            of_kind: false,
            past: if seen > 0 {
                vec![days(-30, 1)]
            } else {
                Vec::new()
            },
            ahead: vec![days(0, 1)],
        };
        let told = known(&[
            effect("A", 2, true),
            effect("B", 0, false),
            effect("C", 3, false),
        ]);
        assert_eq!(
            told,
            [
                "A (promotion): +40 %. In the history on Sat 24 Oct 2026. Ahead on Mon 23 Nov 2026.",
                "B (promotion): ahead on Mon 23 Nov 2026. It was not seen in this history, so what it does is unknown.",
                "Without a difference that shows here, and left as they are: C.",
                "The back-test is on the history without these days.",
            ]
        );
        assert!(known(&[]).is_empty());
    }
}
