//! What people type of their cash.

use api::{CashChange, CashSide, CashTerms, Error, Result, SeriesId, plain_money, read_money};
use serde::{Deserialize, Serialize};

/// How cash is foreseen, as text: the fields of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The account's series.
    pub account: String,
    /// The series of what comes in; empty for none.
    pub inflow: String,
    /// The series of what goes out; empty for none.
    pub outflow: String,
    /// Days in which nothing else comes in.
    pub in_days: String,
    /// Days in which nothing else goes out.
    pub out_days: String,
    /// Days that customers are late.
    pub late_days: String,
}

/// A payment, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pay {
    /// `in` or `out`.
    pub side: String,
    /// Who pays or is paid.
    pub name: String,
    /// How much.
    pub amount: String,
    /// In which currency.
    pub currency: String,
    /// When, as `2026-12-15`.
    pub due: String,
}

/// What stands in the form.
pub(super) fn typed(terms: Option<&CashTerms>) -> Typed {
    let Some(terms) = terms else {
        let none = || "0".to_owned();
        return Typed {
            in_days: none(),
            out_days: none(),
            late_days: none(),
            ..Typed::default()
        };
    };
    let id = |id: &Option<SeriesId>| id.as_ref().map_or_else(String::new, |id| id.0.clone());
    Typed {
        account: terms.account.0.clone(),
        inflow: id(&terms.inflow),
        outflow: id(&terms.outflow),
        in_days: terms.in_days.to_string(),
        out_days: terms.out_days.to_string(),
        late_days: terms.late_days.to_string(),
    }
}

/// What stands in the form of a payment.
pub(super) fn pay(says: &CashChange) -> Pay {
    Pay {
        side: word(says.side).to_owned(),
        name: says.name.clone(),
        amount: plain_money(says.minor, &says.currency),
        currency: says.currency.clone(),
        due: says.due.clone(),
    }
}

const fn word(side: CashSide) -> &'static str {
    match side {
        CashSide::In => "in",
        CashSide::Out => "out",
    }
}

/// Reads the form of how cash is foreseen.
///
/// # Errors
/// Of the field that cannot be read.
pub fn terms(typed: Typed) -> Result<CashTerms> {
    if typed.account.is_empty() {
        return Err(Error::field("account", "Choose the account."));
    }
    let series = |id: String| (!id.is_empty()).then_some(SeriesId(id));
    Ok(CashTerms {
        account: SeriesId(typed.account),
        inflow: series(typed.inflow),
        outflow: series(typed.outflow),
        in_days: days("in_days", &typed.in_days)?,
        out_days: days("out_days", &typed.out_days)?,
        late_days: days("late_days", &typed.late_days)?,
    })
}

fn days(field: &str, text: &str) -> Result<u32> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    let words = "Give whole days, such as 30.";
    text.parse().map_err(|_| Error::field(field, words))
}

fn side(text: &str) -> CashSide {
    if text == "out" {
        CashSide::Out
    } else {
        CashSide::In
    }
}

/// Reads a payment.
///
/// # Errors
/// Of the field that cannot be read.
pub fn payment(pay: Pay) -> Result<CashChange> {
    let minor = read_money("amount", &pay.amount, &pay.currency)?;
    Ok(CashChange {
        side: side(&pay.side),
        name: pay.name,
        minor: minor.ok_or_else(|| Error::field("amount", "Give how much it is."))?,
        currency: pay.currency,
        due: pay.due,
    })
}

/// Reads payments as they are copied from a spreadsheet: a line each, with name, amount and day, between them tabs or
/// semicolons. A first line without a digit in the last two is a heading.
///
/// # Errors
/// Of `text`, which names the line.
pub fn pasted(which: &str, currency: &str, text: &str) -> Result<(CashSide, Vec<CashChange>)> {
    let side = side(which);
    let mut read = Vec::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |why: &str| Error::field("text", format!("Line {}: {why}", index + 1));
        let mark = if line.contains('\t') { '\t' } else { ';' };
        let cells: Vec<&str> = line.trim_end().split(mark).map(str::trim).collect();
        let &[name, much, day] = cells.as_slice() else {
            return Err(wrong(
                "give name, amount and day, with tabs or semicolons between them.",
            ));
        };
        let digits = |text: &str| text.contains(|c: char| c.is_ascii_digit());
        if index == 0 && !digits(much) && !digits(day) {
            continue;
        }
        let minor = read_money("text", much, currency).ok().flatten();
        let Some(minor) = minor.filter(|minor| *minor > 0) else {
            return Err(wrong(
                "the amount is none above 0 that reads one way only. Write it as 1234.50.",
            ));
        };
        let Some(due) = date(day) else {
            return Err(wrong("the day is to be as 2026-12-15 or 15.12.2026."));
        };
        if name.is_empty() {
            return Err(wrong("the name is missing."));
        }
        read.push(CashChange {
            side,
            name: name.to_owned(),
            minor,
            currency: currency.to_owned(),
            due,
        });
    }
    if read.is_empty() {
        let words = "No payment stands here. To take all away, take each away above.";
        return Err(Error::field("text", words));
    }
    Ok((side, read))
}

/// A day as `2026-12-15`, of that or of `15.12.2026`; others could be two.
fn date(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '.');
    let (Some(day), Some(month), Some(year)) = (parts.next(), parts.next(), parts.next()) else {
        return api::Instant::midnight(text).map(|_| text.to_owned());
    };
    let date = format!("{year:0>4}-{month:0>2}-{day:0>2}");
    let whole = year.len() == 4;
    api::Instant::midnight(&date).filter(|_| whole)?;
    Some(date)
}
