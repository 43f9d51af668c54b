//! What happened around a series, in words: alerts, days of the calendar, and where it became another.

use api::{ChangePoint, Changed, Instant, Mark, MarkKind};
use serde::{Deserialize, Serialize};

use super::calendar::stretch;

/// So many stand in the list.
const SHOWN: usize = 20;

/// What happened within the time that a chart shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// The latest, each a line.
    pub lines: Vec<Line>,
    /// How many more there are, in words; empty where there are none.
    pub more: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is, in a word.
    pub kind: String,
    /// Whether another system called for help.
    pub alert: bool,
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// When it began, in microseconds; `None` where `when` says it in days.
    pub at: Option<i64>,
    /// Its days, or how long it took.
    pub when: String,
}

/// Tells marks, the latest first as they are, with the changes of the series itself between them.
pub fn happened(marks: &[Mark], changes: &[ChangePoint], unit: &str) -> Happened {
    let until = changes.iter().skip(1).map(|next| Some(next.at));
    let changes = changes.iter().zip(until.chain([None]));
    let mut all: Vec<(Instant, Line)> = changes
        .map(|(change, until)| (change.at, changed(change, until, unit)))
        .chain(marks.iter().map(|mark| (mark.from, line(mark))))
        .collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let more = all.len().saturating_sub(SHOWN);
    Happened {
        lines: all.into_iter().take(SHOWN).map(|(_, line)| line).collect(),
        more: if more == 0 {
            String::new()
        } else {
            format!("And {more} more, marked on the chart.")
        },
    }
}

/// What a change is called.
pub fn change_name(change: &ChangePoint) -> &'static str {
    match (change.of, change.after > change.before) {
        (Changed::Level, true) => "Level rose",
        (Changed::Level, false) => "Level fell",
        (Changed::Spread, true) => "Varies more",
        (Changed::Spread, false) => "Varies less",
    }
}

/// Tells a change that lasted until then.
fn changed(change: &ChangePoint, until: Option<Instant>, unit: &str) -> Line {
    let number = |value: f64| ui::number_text(Some(value), unit);
    let (before, after) = (number(change.before), number(change.after));
    Line {
        kind: "change".to_owned(),
        alert: false,
        name: change_name(change).to_owned(),
        about: match change.of {
            Changed::Level => format!("from {before} to {after} on average"),
            Changed::Spread => format!("standard deviation from {before} to {after}"),
        },
        at: Some(change.at.0),
        when: until.map_or_else(
            || "and stayed".to_owned(),
            |until| format!("for {}", took(change.at, until)),
        ),
    }
}

fn line(mark: &Mark) -> Line {
    let alert = mark.kind == MarkKind::Alert;
    let kind = match mark.kind {
        MarkKind::Alert => "alert",
        MarkKind::Holiday => "public holiday",
        MarkKind::Promotion => "promotion",
        MarkKind::Closure => "closure",
        MarkKind::Other => "other event",
    };
    let when = match mark.to {
        None => "lasts".to_owned(),
        Some(to) if alert => format!("for {}", took(mark.from, to)),
        Some(to) => stretch(api::Range {
            from: mark.from,
            to,
        }),
    };
    Line {
        kind: kind.to_owned(),
        alert,
        name: mark.name.clone(),
        about: mark.about.clone(),
        at: alert.then_some(mark.from.0),
        when,
    }
}

fn took(from: Instant, to: Instant) -> String {
    ui::span_text(to.seconds_since(from).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_has_an_instant_and_a_holiday_a_day_and_what_is_too_much_is_counted() {
        let mark = |kind, to| Mark {
            kind,
            name: "x".into(),
            about: String::new(),
            from: Instant(20_780 * Instant::DAY),
            to,
        };
        let day = Some(Instant(20_781 * Instant::DAY));
        let marks = [
            mark(MarkKind::Alert, None),
            mark(
                MarkKind::Alert,
                Some(Instant(20_780 * Instant::DAY + Instant::HOUR)),
            ),
            mark(MarkKind::Holiday, day),
        ];
        let told = happened(&marks, &[], "");
        let when: Vec<_> = told.lines.iter().map(|line| line.when.as_str()).collect();
        assert_eq!(when[0], "lasts");
        assert!(when[1].starts_with("for "), "{when:?}");
        assert_eq!((when[2], told.lines[2].at), ("Mon 23 Nov 2026", None));
        assert!(told.more.is_empty());
        let many = vec![mark(MarkKind::Holiday, day); 23];
        assert_eq!(
            happened(&many, &[], "").more,
            "And 3 more, marked on the chart."
        );
    }

    #[test]
    fn changes_stand_where_they_belong_in_time_and_say_how_long_they_lasted() {
        let at = |day: i64| Instant(day * Instant::DAY);
        let change = |day, of, before, after| ChangePoint {
            at: at(day),
            of,
            before,
            after,
        };
        let changes = [
            change(10, Changed::Level, 40.0, 52.5),
            change(30, Changed::Spread, 8.0, 2.0),
        ];
        let sale = Mark {
            kind: MarkKind::Promotion,
            name: "Sale".into(),
            about: String::new(),
            from: at(20),
            to: Some(at(21)),
        };
        let told = happened(&[sale], &changes, "kg").lines;
        let names: Vec<_> = told.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["Varies less", "Sale", "Level rose"]);
        assert_eq!(
            told[2].about,
            "from 40\u{202f}kg to 52.5\u{202f}kg on average"
        );
        assert_eq!(
            (told[0].when.as_str(), told[2].when.as_str()),
            ("and stayed", "for 20\u{202f}d")
        );
    }
}
