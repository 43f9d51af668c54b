//! The company's cash in words: the weeks, what is known to be paid, and how it is foreseen. Days are those of UTC.

mod form;

use api::{
    CashItem, CashLine, CashSide, CashState, CashView, CashWeek, Instant, Permission, SeriesId,
};
use serde::{Deserialize, Serialize};
use ui::{Tone, likely_text, money_text, money_whole, number_text, utc_date_text, utc_day_text};

pub use form::{Pay, Typed, pasted, payment, terms};

/// The page of cash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// What to expect, in a sentence.
    pub headline: String,
    /// How that is.
    pub tone: Tone,
    /// What else to know, a sentence each.
    pub notes: Vec<String>,
    /// The line, where there is one.
    pub line: Option<Line>,
    /// What is known to be paid, the earliest first.
    pub payments: Vec<Payment>,
    /// Whether somebody has said how it is foreseen.
    pub known: bool,
    /// How, as a form holds it.
    pub typed: Typed,
    /// What may be an account: identifier and title.
    pub accounts: Vec<(String, String)>,
    /// What may come and go: identifier and title.
    pub flows: Vec<(String, String)>,
    /// The account's page; empty where there is none.
    pub account: String,
    /// Its currency; empty where there is none.
    pub currency: String,
    /// Whether the person may change it.
    pub may_write: bool,
}

/// The next weeks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The weeks in words.
    pub weeks: Vec<Week>,
    /// The same to be drawn: the instant in microseconds, the balance, and the ends of its 80 % and 95 % bands.
    pub drawn: Vec<(i64, [f64; 5])>,
    /// The unit of the balance, as a word.
    pub unit: String,
    /// What must be there, and how it is called.
    pub floor: (f64, String),
}

/// A week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    /// The day on which it begins.
    pub begins: String,
    /// What is known to come in; empty where nothing is.
    pub entered_in: String,
    /// What is known to go out; empty where nothing is.
    pub entered_out: String,
    /// What usually comes less what usually goes.
    pub usual: String,
    /// What is there at its end.
    pub balance: String,
    /// In eight cases of ten.
    pub band: String,
    /// Whether that is less than must be there.
    pub below: bool,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// It.
    pub id: String,
    /// What it says, as a form holds it.
    pub typed: Pay,
    /// How much, with its sign.
    pub amount: String,
    /// When it falls due.
    pub due: String,
    /// When it is expected, where that is another day.
    pub expected: String,
    /// Whether it should have been paid.
    pub overdue: bool,
    /// Whether it comes in.
    pub comes: bool,
}

/// The page, told.
pub fn page(view: CashView, permissions: &[Permission]) -> Page {
    let now = view.now;
    let payments = view.items.iter().map(shown).collect();
    let (headline, tone, notes, line) = match &view.state {
        CashState::Ready { line } => told(line, now),
        CashState::NoTerms => (
            "Say below which account it is, and this page shows the next thirteen weeks of it."
                .to_owned(),
            Tone::Neutral,
            Vec::new(),
            None,
        ),
        CashState::Unknown { why } => (
            format!("Nobody can say what comes and goes: {why}."),
            Tone::Neutral,
            Vec::new(),
            None,
        ),
    };
    let account = view.account.as_ref();
    Page {
        headline,
        tone,
        notes,
        line,
        payments,
        known: view.terms.is_some(),
        typed: form::typed(view.terms.as_ref()),
        accounts: named(view.accounts),
        flows: named(view.flows),
        account: account.map_or_else(String::new, |one| format!("/series/{}", one.id)),
        currency: account.map_or_else(String::new, |one| one.unit.word().to_owned()),
        may_write: permissions.contains(&Permission::MonitoringWrite),
    }
}

fn named(series: Vec<(SeriesId, String)>) -> Vec<(String, String)> {
    let named = series.into_iter().map(|(id, title)| (id.0, title));
    named.collect()
}

fn told(line: &CashLine, now: Instant) -> (String, Tone, Vec<String>, Option<Line>) {
    let unit = line.currency.as_str();
    let floor = money_whole(line.floor, unit);
    let (headline, tone) = match (&line.below, &line.below_early) {
        (Some(day), _) => {
            let on = utc_date_text(day.day.0);
            let words = if line.floor > 0.0 {
                format!("Less than {floor} is expected on {on}.")
            } else {
                format!("Cash is expected to run out on {on}.")
            };
            (words, Tone::Alert)
        }
        (None, Some(day)) => (
            format!(
                "Cash is expected to last thirteen weeks, though less than {floor} may be there from {} on.",
                utc_date_text(day.day.0)
            ),
            Tone::Warning,
        ),
        (None, None) => (
            format!("Cash stays above {floor} for thirteen weeks as far as can be seen."),
            Tone::Good,
        ),
    };
    let lowest = &line.lowest;
    let mut notes = vec![format!(
        "Least is expected on {}: {}, below {floor} with a chance of {}.",
        utc_date_text(lowest.day.0),
        money_whole(lowest.balance, unit),
        likely_text(lowest.below)
    )];
    if let (Some(below), Some(early)) = (&line.below, &line.below_early)
        && early.day < below.day
    {
        notes.push(format!(
            "It may be as early as {}, in one case of ten.",
            utc_date_text(early.day.0)
        ));
    }
    let old = now.seconds_since(line.opening_at);
    if old > 3.0 * 86_400.0 {
        notes.push(format!(
            "The account was last read {} ago: what moved since is reckoned.",
            ui::span_text(old)
        ));
    }
    let end = line.weeks.last();
    let end = end.map_or(now, |week| week.begins.plus(7 * Instant::DAY));
    if end.seconds_since(line.foreseen_until) >= 86_400.0 {
        notes.push(format!(
            "What is usual is foreseen until {}; after it things go on as in the last four weeks of that.",
            utc_date_text(line.foreseen_until.0)
        ));
    }
    let opening = (now.0, [line.weeks.first().map_or(line.opening, opening); 5]);
    let drawn = line.weeks.iter().map(|week| {
        let end = week.begins.plus(7 * Instant::DAY);
        (
            end.0,
            [week.balance, week.lo80, week.hi80, week.lo95, week.hi95],
        )
    });
    let told = Line {
        weeks: line.weeks.iter().map(|one| week(one, line)).collect(),
        drawn: std::iter::once(opening).chain(drawn).collect(),
        unit: unit.to_owned(),
        floor: (line.floor, format!("must stay above {floor}")),
    };
    (headline, tone, notes, Some(told))
}

/// What is there as a week begins.
fn opening(week: &CashWeek) -> f64 {
    week.balance - week.usual - week.entered_in + week.entered_out
}

fn week(week: &CashWeek, line: &CashLine) -> Week {
    let unit = line.currency.as_str();
    let some = |value: f64| match value {
        value if value > 0.0 => money_whole(value, unit),
        _ => String::new(),
    };
    Week {
        begins: utc_day_text(week.begins.0),
        entered_in: some(week.entered_in),
        entered_out: some(week.entered_out),
        usual: money_whole(week.usual, unit),
        balance: money_whole(week.balance, unit),
        band: format!(
            "{} to {}",
            number_text(Some(week.lo80.round() + 0.0), ""),
            number_text(Some(week.hi80.round() + 0.0), "")
        ),
        below: week.balance < line.floor,
    }
}

fn shown(item: &CashItem) -> Payment {
    let says = &item.says;
    let comes = says.side == CashSide::In;
    let due = Instant::midnight(&says.due).unwrap_or(item.expected);
    let signed = if comes { says.minor } else { -says.minor };
    Payment {
        id: item.id.0.clone(),
        typed: form::pay(says),
        amount: money_text(signed, &says.currency),
        due: utc_date_text(due.0),
        expected: if due == item.expected {
            String::new()
        } else {
            utc_day_text(item.expected.0)
        },
        overdue: item.overdue,
        comes,
    }
}

#[cfg(test)]
mod tests;
