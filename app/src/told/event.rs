//! What happened around a series, in words: alerts, and days of the calendar.

use api::{Instant, Mark, MarkKind};
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

/// Tells marks, the latest first as they are.
pub fn happened(marks: &[Mark]) -> Happened {
    let more = marks.len().saturating_sub(SHOWN);
    Happened {
        lines: marks.iter().take(SHOWN).map(line).collect(),
        more: if more == 0 {
            String::new()
        } else {
            format!("And {more} more, marked on the chart.")
        },
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
        let told = happened(&marks);
        let when: Vec<_> = told.lines.iter().map(|line| line.when.as_str()).collect();
        assert_eq!(when[0], "lasts");
        assert!(when[1].starts_with("for "), "{when:?}");
        assert_eq!((when[2], told.lines[2].at), ("Mon 23 Nov 2026", None));
        assert!(told.more.is_empty());
        let many = vec![mark(MarkKind::Holiday, day); 23];
        assert_eq!(happened(&many).more, "And 3 more, marked on the chart.");
    }
}
