//! What to order in words: a line for the list, and the working for one stock. Days are those of UTC.

mod form;

use api::{
    Instant, OpenOrder, Price, Reorder, ReorderAdvice, ReorderDetail, ReorderList, ReorderState,
    SupplyTerms,
};
use serde::{Deserialize, Serialize};
use ui::{likely_text, money_text, number_text, utc_date_text, utc_day_text};

use form::terms;
pub use form::{Terms, Typed, noted, read};

/// How a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// The day has passed on which it would have been in time.
    Late,
    /// It is due within a week.
    Soon,
    /// It is due later, or not within a year.
    Later,
    /// Nobody can say.
    Unknown,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its page.
    pub href: String,
    /// The stock.
    pub title: String,
    /// How it stands.
    pub standing: Standing,
    /// How much to order, or why nobody can say.
    pub order: String,
    /// What that costs; empty where it is not known.
    pub cost: String,
    /// By when; empty where nothing is due.
    pub by: String,
    /// When it is there then.
    pub delivery: String,
    /// What is left, and what is on its way.
    pub left: String,
    /// How likely it is to run out first.
    pub chance: String,
    /// Who delivers.
    pub supplier: String,
}

/// The page of what to order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// What is to be ordered first comes first.
    pub lines: Vec<Line>,
    /// Stocks of which nobody has said how they are bought: page and title.
    pub bare: Vec<(String, String)>,
}

/// One stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The stock's series.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What to do, in a sentence.
    pub headline: String,
    /// How it stands.
    pub standing: Standing,
    /// What else to know, a sentence each.
    pub notes: Vec<String>,
    /// The working: what, how much, and whether it is a result.
    pub working: Vec<(String, String, bool)>,
    /// How it is bought, as a form holds it.
    pub terms: Terms,
    /// What was ordered, in words; empty where nothing was.
    pub ordered: String,
    /// The order to be noted: how much, and the day as `2026-12-10`.
    pub order: (String, String),
    /// Whether the person may change it.
    pub may_write: bool,
}

/// The list, told.
pub fn list(list: ReorderList) -> List {
    let now = list.now;
    let (bare, told): (Vec<Reorder>, Vec<Reorder>) = list
        .items
        .into_iter()
        .partition(|item| item.state == ReorderState::NoTerms);
    let bare = bare.into_iter();
    List {
        lines: told.iter().map(|item| line(item, now)).collect(),
        bare: bare.map(|item| (href(&item), item.series.title)).collect(),
    }
}

fn href(item: &Reorder) -> String {
    format!("/reorders/{}", item.series.id)
}

fn line(item: &Reorder, now: Instant) -> Line {
    let unit = item.series.unit.word();
    let supplier = item.terms.as_ref();
    let mut line = Line {
        href: href(item),
        title: item.series.title.clone(),
        standing: Standing::Unknown,
        order: String::new(),
        cost: String::new(),
        by: String::new(),
        delivery: String::new(),
        left: number_text(item.series.last.and_then(|last| last.value), unit),
        chance: String::new(),
        supplier: supplier.map_or_else(String::new, |terms| terms.supplier.clone()),
    };
    match &item.state {
        ReorderState::Ready { advice } => {
            line.standing = standing(advice, now);
            line.order = match advice.order_by {
                Some(_) => amount(advice.quantity, unit),
                None => "nothing within a year".to_owned(),
            };
            line.cost = advice.cost.as_ref().map_or_else(String::new, money);
            line.by = by(advice);
            line.delivery = advice
                .arrives
                .map_or_else(String::new, |at| utc_day_text(at.0));
            line.left = amount(advice.left, unit);
            if advice.coming > 0.0 {
                line.left = format!("{}, {} coming", line.left, amount(advice.coming, unit));
            }
            line.chance = likely_text(advice.runs_out_before);
        }
        ReorderState::Unknown { why } => line.order = format!("unknown: {why}"),
        ReorderState::NoTerms => {}
    }
    line
}

fn standing(advice: &ReorderAdvice, now: Instant) -> Standing {
    match advice.order_by {
        Some(_) if advice.overdue => Standing::Late,
        Some(by) if by < now.plus(7 * Instant::DAY) => Standing::Soon,
        _ => Standing::Later,
    }
}

fn by(advice: &ReorderAdvice) -> String {
    match advice.order_by {
        Some(_) if advice.overdue => "today".to_owned(),
        Some(by) => utc_day_text(by.0),
        None => String::new(),
    }
}

/// One stock, told.
pub fn detail(detail: ReorderDetail, may_write: bool) -> Detail {
    let ReorderDetail {
        reorder,
        demands,
        now,
    } = detail;
    let unit = reorder.series.unit.word().to_owned();
    let (standing, headline, notes, working) = match &reorder.state {
        ReorderState::Ready { advice } => (
            standing(advice, now),
            headline(advice, &unit),
            notes(advice, &reorder, now),
            reorder
                .terms
                .as_ref()
                .map(|terms| working(advice, terms, reorder.order, &unit))
                .unwrap_or_default(),
        ),
        ReorderState::Unknown { why } => (
            Standing::Unknown,
            format!("Nobody can say what to order: {why}."),
            Vec::new(),
            Vec::new(),
        ),
        ReorderState::NoTerms => (
            Standing::Unknown,
            "Say below how long a delivery takes, and this page says when to order how much."
                .to_owned(),
            Vec::new(),
            Vec::new(),
        ),
    };
    let ready = match &reorder.state {
        ReorderState::Ready { advice } => Some(&**advice),
        _ => None,
    };
    let lead = reorder.terms.as_ref().map_or(0, |terms| terms.lead_days);
    let due = now.plus(i64::from(lead) * Instant::DAY);
    Detail {
        order: (
            ready.map_or_else(String::new, |advice| plain(advice.quantity)),
            ui::utc_iso(due.0).chars().take(10).collect(),
        ),
        ordered: reorder
            .order
            .map_or_else(String::new, |order| ordered(&order, &unit, now)),
        terms: terms(reorder.terms.as_ref(), demands, &reorder, unit),
        id: reorder.series.id.0,
        title: reorder.series.title,
        headline,
        standing,
        notes,
        working,
        may_write,
    }
}

fn headline(advice: &ReorderAdvice, unit: &str) -> String {
    let Some(by) = advice.order_by else {
        return "Nothing is to be ordered within a year.".to_owned();
    };
    let cost = advice.cost.as_ref();
    let cost = cost.map_or_else(String::new, |cost| format!(" for {}", money(cost)));
    let much = amount(advice.quantity, unit);
    if advice.overdue {
        format!("Order {much}{cost} today: it is late already.")
    } else {
        format!("Order {much}{cost} by {}.", utc_date_text(by.0))
    }
}

fn notes(advice: &ReorderAdvice, reorder: &Reorder, now: Instant) -> Vec<String> {
    let mut notes = vec![format!(
        "{} likely to run out before {} could be here.",
        likely_text(advice.runs_out_before),
        if advice.coming > 0.0 {
            "what is on its way"
        } else {
            "an order of today"
        }
    )];
    notes.push(match &reorder.taken {
        Some(title) => format!("What is taken is foreseen from {title}."),
        None => "What is taken is foreseen from how the stock itself fell; where it rose, a delivery came.".to_owned(),
    });
    let old = now.seconds_since(advice.counted_at);
    if old > 2.0 * 86_400.0 {
        notes.push(format!(
            "The stock was last counted {} ago; what is left is reckoned from there.",
            ui::span_text(old)
        ));
    }
    if advice.beyond_days >= 1.0 {
        notes.push(format!(
            "Foreseen until {}; the {} after it go on as the last four weeks of that.",
            utc_date_text(advice.foreseen_until.0),
            days(advice.beyond_days.round())
        ));
    }
    notes
}

fn working(
    advice: &ReorderAdvice,
    terms: &SupplyTerms,
    order: Option<OpenOrder>,
    unit: &str,
) -> Vec<(String, String, bool)> {
    let plus = |value: f64| amount(value, unit);
    let minus = |value: f64| amount(-value, unit);
    let day = |at: Option<Instant>| at.map_or_else(String::new, |at| utc_day_text(at.0));
    let mut lines = vec![(
        format!(
            "left now, of {} counted on {}",
            amount(advice.counted, unit),
            utc_day_text(advice.counted_at.0)
        ),
        plus(advice.left),
        false,
    )];
    if let Some(order) = order.filter(|_| advice.coming > 0.0) {
        lines.push((
            format!("on its way, expected on {}", utc_day_text(order.due.0)),
            plus(advice.coming),
            false,
        ));
    }
    lines.push((
        format!("taken until the delivery on {}", day(advice.arrives)),
        minus(advice.until_delivery),
        false,
    ));
    let lost = advice.until_delivery - advice.left - advice.coming;
    if lost > 0.0 {
        lines.push((
            "asked for while nothing is there, and lost".to_owned(),
            plus(lost),
            false,
        ));
    }
    lines.push((
        format!(
            "taken in the {} after it",
            days(f64::from(terms.cover_days))
        ),
        minus(advice.during_cover),
        false,
    ));
    lines.push((
        format!(
            "safety stock, so that it lasts with {}",
            number_text(Some(terms.service_percent), "%")
        ),
        minus(advice.safety),
        false,
    ));
    lines.push(("short".to_owned(), plus(advice.short), true));
    if advice.quantity > 0.0 {
        let packs = if (terms.pack - 1.0).abs() < f64::EPSILON {
            "to order, whole".to_owned()
        } else {
            format!("to order, in packs of {}", plain(terms.pack))
        };
        lines.push((packs, plus(advice.quantity), true));
    }
    lines.push((
        "reorder point: at this stock an order is due".to_owned(),
        plus(advice.reorder_point),
        false,
    ));
    lines
}

fn ordered(order: &OpenOrder, unit: &str, now: Instant) -> String {
    let come = if order.open() <= 0.0 {
        "All of it has come.".to_owned()
    } else if order.came > 0.0 {
        format!(
            "The stock has risen by {} since: {} are still to come.",
            amount(order.came, unit),
            amount(order.open(), unit)
        )
    } else {
        "The stock has not risen since.".to_owned()
    };
    // It counts as on its way all the same: nobody else knows that it is lost.
    let late = if order.open() > 0.0 && now > order.due.plus(Instant::DAY) {
        " It should be there: ask for it, or say below that nothing is on its way any more."
    } else {
        ""
    };
    format!(
        "{} ordered on {}, expected on {}. {come}{late}",
        amount(order.quantity, unit),
        utc_day_text(order.ordered_at.0),
        utc_day_text(order.due.0),
    )
}

fn money(price: &Price) -> String {
    money_text(price.minor, &price.currency)
}

fn days(count: f64) -> String {
    if (count - 1.0).abs() < f64::EPSILON {
        "day".to_owned()
    } else {
        format!("{} days", plain(count))
    }
}

/// To a tenth: what is foreseen is not known better.
pub(super) fn amount(value: f64, unit: &str) -> String {
    // Zero is added because a tenth of nothing taken away is not "-0".
    number_text(Some((value * 10.0).round() / 10.0 + 0.0), unit)
}

/// A number as a form holds it.
fn plain(value: f64) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests;
