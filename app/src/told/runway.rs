//! The Runway told: its lines, what is unusual now, and what is not shown.

use api::{Glimpse, Instant, Outlook, Runway, Stake, Strip, StripOrder};
use serde::{Deserialize, Serialize};
use ui::{Reach, StripAction, StripView, Tone};

use super::future::{limit_words, pace_words, reach};

/// The home page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// What is reached next comes first.
    pub strips: Vec<StripView>,
    /// What was unusual within the last day.
    pub unusual: Vec<Seen>,
    /// What leads to all findings, and how many of the last day may be chance.
    pub all: String,
    /// Whether there are series that stay clear of their limit, shown or not.
    pub some_clear: bool,
    /// How many are not shown, or could be hidden; empty where there are none.
    pub clear: String,
    /// How many series have no limit; empty where there are none.
    pub without_limit: String,
}

/// A finding in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its series' page.
    pub href: String,
    /// What people call the series.
    pub title: String,
    /// What was seen.
    pub words: String,
    /// Until when.
    pub until: String,
}

/// The Runway, told.
pub fn lines(list: &Runway) -> Lines {
    let now = list.now;
    let counted = |count: u32, words: &str| match count {
        0 => String::new(),
        count => format!("{} {words}", api::grouped(count)),
    };
    Lines {
        strips: list.strips.iter().map(|one| strip(one, now)).collect(),
        unusual: list.unusual.iter().map(|one| seen(one, now)).collect(),
        all: match list.chance {
            0 => "All findings".to_owned(),
            more => format!("All findings: {} more may be chance", api::grouped(more)),
        },
        some_clear: list.clear > 0,
        clear: counted(
            list.clear,
            "more will not reach their limit as far as can be seen.",
        ),
        without_limit: counted(list.without_limit, "series have no limit:"),
    }
}

fn seen(found: &Glimpse, now: Instant) -> Seen {
    let ago = ui::span_text(now.seconds_since(found.last));
    Seen {
        href: format!("/series/{}", found.series),
        title: found.title.clone(),
        words: seen_words(found.value, found.expected, &found.unit),
        until: format!(" · until {ago} ago"),
    }
}

/// What was seen and what is usual there: `412 B, where 53 B is usual`.
pub(super) fn seen_words(value: f64, expected: Option<f64>, unit: &str) -> String {
    let seen = ui::number_text(Some(value), unit);
    match expected {
        Some(_) => format!("{seen}, where {} is usual", ui::number_text(expected, unit)),
        None => seen,
    }
}

fn strip(strip: &Strip, now: Instant) -> StripView {
    let series = &strip.series;
    let href = format!("/series/{}", series.id);
    let reach = reach(&strip.outlook, now);
    let tone = match &reach {
        Reach::Over { .. } => Tone::Alert,
        Reach::In { median, .. } if *median < 3.0 * 86_400.0 => Tone::Alert,
        Reach::In { .. } => Tone::Warning,
        Reach::Clear { .. } | Reach::Unknown { .. } => Tone::Neutral,
    };
    let confidence = match &strip.outlook {
        Outlook::Reaches { crossing, .. } => Some(crossing.probability),
        Outlook::Clear { crossing } => Some(1.0 - crossing.probability),
        _ => None,
    };
    StripView {
        title: series.title.clone(),
        subtitle: subtitle(strip),
        href: href.clone(),
        spark: strip.spark.clone(),
        limit: series.limit.map(|l| l.value),
        reach,
        tone,
        confidence,
        stake: series.stake.as_ref().map(stake_words),
        stale: series
            .stale_since
            .map(|since| format!("no data for {}", ui::span_text(now.seconds_since(since)))),
        action: Some(match &strip.order {
            Some(order) => StripAction {
                label: order_words(order),
                href: format!("/reorders/{}", series.id),
                post: false,
            },
            None if strip.cash => StripAction {
                label: "Weeks".into(),
                href: "/cash".into(),
                post: false,
            },
            None => StripAction {
                label: "Open".into(),
                href,
                post: false,
            },
        }),
    }
}

/// The limit in words, and the pace of late where that says when it is reached.
fn subtitle(strip: &Strip) -> String {
    let unit = strip.series.unit.word();
    let limit = strip.series.limit.map(|limit| limit_words(limit, unit));
    let pace = match strip.outlook {
        Outlook::Reaches { per_hour, .. } => per_hour.map(|pace| pace_words(pace, unit)),
        _ => None,
    };
    let words: Vec<String> = limit.into_iter().chain(pace).collect();
    words.join(" · ")
}

/// An order on a button: `Order 240 by Thu 26 Nov`.
fn order_words(order: &StripOrder) -> String {
    let much = ui::number_text(Some(order.quantity), "");
    if order.overdue {
        format!("Order {much} today")
    } else {
        format!("Order {much} by {}", ui::utc_day_text(order.by.0))
    }
}

fn stake_words(stake: &Stake) -> String {
    match stake {
        Stake::Money { minor, currency } => ui::money_short(*minor, currency),
        Stake::Words { text } => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::fixture;
    use api::WhyUnknown;

    #[test]
    fn what_is_to_be_ordered_stands_on_the_button() {
        let mut line = Strip {
            series: fixture::series(),
            spark: Vec::new(),
            outlook: Outlook::Unknown {
                why: WhyUnknown::NotEnough { have: 9, need: 24 },
            },
            order: None,
            cash: false,
        };
        let button = |line: &Strip| strip(line, Instant(0)).action.unwrap();
        assert_eq!(button(&line).label, "Open");
        assert_eq!(button(&line).href, "/series/s");
        line.order = Some(StripOrder {
            quantity: 240.0,
            by: Instant(3 * Instant::DAY),
            overdue: false,
        });
        assert_eq!(button(&line).label, "Order 240 by Sun 4 Jan");
        assert_eq!(button(&line).href, "/reorders/s");
    }

    #[test]
    fn what_there_is_none_of_is_not_counted() {
        let list = Runway {
            strips: Vec::new(),
            clear: 0,
            without_limit: 1_200,
            now: Instant(0),
            unusual: Vec::new(),
            chance: 3,
        };
        let told = lines(&list);
        assert_eq!(told.clear, "");
        assert_eq!(told.all, "All findings: 3 more may be chance");
        assert!(!told.some_clear);
        assert_eq!(
            told.without_limit.replace('\u{202f}', " "),
            "1 200 series have no limit:"
        );
    }
}
