//! How something is bought, as a form holds it and as people type it.

use api::{Error, Instant, OrderNote, Price, Reorder, SupplyTerms, plain_money, read_money};
use serde::{Deserialize, Serialize};

use super::plain;

/// How something is bought, as text: the fields of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The series of what is taken; empty for the stock itself.
    pub demand: String,
    /// Who delivers.
    pub supplier: String,
    /// What they call it.
    pub item: String,
    /// Days to the shelf.
    pub lead_days: String,
    /// Days of delay.
    pub late_days: String,
    /// Days that an order is to last.
    pub cover_days: String,
    /// How likely it is to last, in hundredths.
    pub service_percent: String,
    /// How many are in a pack.
    pub pack: String,
    /// The least that is sold at once.
    pub least: String,
    /// What one costs.
    pub price: String,
    /// In which currency.
    pub currency: String,
}

/// The form of how something is bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whether somebody has said so.
    pub known: bool,
    /// What stands in it.
    pub typed: Typed,
    /// Series of what is taken to choose from: identifier and title.
    pub demands: Vec<(String, String)>,
    /// The unit of its numbers, as a word.
    pub unit: String,
}

/// The form of a stock.
pub(super) fn terms(
    terms: Option<&SupplyTerms>,
    demands: Vec<(api::SeriesId, String)>,
    reorder: &Reorder,
    unit: String,
) -> Terms {
    let mut demands: Vec<(String, String)> = demands
        .into_iter()
        .map(|(id, title)| (id.0, title))
        .collect();
    let typed = match terms {
        Some(terms) => Typed {
            demand: terms
                .demand
                .as_ref()
                .map_or_else(String::new, |id| id.0.clone()),
            supplier: terms.supplier.clone(),
            item: terms.item.clone(),
            lead_days: terms.lead_days.to_string(),
            late_days: terms.late_days.to_string(),
            cover_days: terms.cover_days.to_string(),
            service_percent: plain(terms.service_percent),
            pack: plain(terms.pack),
            least: plain(terms.least),
            price: terms.price.as_ref().map_or_else(String::new, |price| {
                plain_money(price.minor, &price.currency)
            }),
            currency: terms
                .price
                .as_ref()
                .map_or_else(|| "EUR".to_owned(), |price| price.currency.clone()),
        },
        None => Typed {
            late_days: "0".to_owned(),
            cover_days: "30".to_owned(),
            service_percent: "95".to_owned(),
            pack: "1".to_owned(),
            least: "0".to_owned(),
            currency: "EUR".to_owned(),
            ..Typed::default()
        },
    };
    // What is chosen stands there, however many there are.
    if let Some(taken) = &reorder.taken
        && !demands.iter().any(|(id, _)| *id == typed.demand)
    {
        demands.insert(0, (typed.demand.clone(), taken.clone()));
    }
    Terms {
        known: terms.is_some(),
        typed,
        demands,
        unit,
    }
}

/// How something is bought, as people type it.
///
/// # Errors
/// Of the field that is no number, or none that reads one way only.
pub fn read(typed: Typed) -> api::Result<SupplyTerms> {
    let number = |field: &str, text: &str, otherwise: f64| {
        let read = api::read_number(field, text)?;
        Ok::<_, Error>(read.unwrap_or(otherwise))
    };
    let minor = read_money("price", &typed.price, &typed.currency)?;
    let price = minor.map(|minor| Price {
        minor,
        currency: typed.currency,
    });
    Ok(SupplyTerms {
        demand: Some(typed.demand)
            .filter(|id| !id.is_empty())
            .map(api::SeriesId),
        supplier: typed.supplier,
        item: typed.item,
        lead_days: whole_days("lead_days", &typed.lead_days, None)?,
        late_days: whole_days("late_days", &typed.late_days, Some(0))?,
        cover_days: whole_days("cover_days", &typed.cover_days, None)?,
        service_percent: number("service_percent", &typed.service_percent, 95.0)?,
        pack: number("pack", &typed.pack, 1.0)?,
        least: number("least", &typed.least, 0.0)?,
        price,
    })
}

/// That something was ordered, as people type it.
///
/// # Errors
/// Of the field `quantity` or `due`.
pub fn noted(quantity: &str, due: &str) -> api::Result<OrderNote> {
    let words = "Say how much was ordered: a number above 0.";
    let quantity = api::read_number("quantity", quantity)?;
    let due = match due.trim() {
        "" => None,
        day => {
            let at = Instant::midnight(day);
            Some(at.ok_or_else(|| Error::field("due", "Give a day such as 2026-12-10."))?)
        }
    };
    Ok(OrderNote {
        quantity: quantity.ok_or_else(|| Error::field("quantity", words))?,
        due,
    })
}

fn whole_days(field: &str, text: &str, otherwise: Option<u32>) -> api::Result<u32> {
    let text = text.trim();
    let read = match otherwise {
        Some(days) if text.is_empty() => Some(days),
        _ => text.parse().ok(),
    };
    read.ok_or_else(|| Error::field(field, "Give whole days, such as 14."))
}
