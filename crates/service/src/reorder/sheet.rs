//! The lines of an order, for a supplier or a spreadsheet.

use api::{Instant, Reorder, ReorderAdvice, ReorderState, SupplyTerms, plain_money};

use crate::csv::line;

const HEAD: [&str; 11] = [
    "supplier",
    "item",
    "name",
    "quantity",
    "unit",
    "order_by",
    "delivery",
    "overdue",
    "unit_price",
    "total",
    "currency",
];

/// What is due up to that instant, by supplier.
pub(super) fn csv(items: &[Reorder], until: Instant) -> String {
    let mut due: Vec<(&Reorder, &SupplyTerms, &ReorderAdvice)> = items
        .iter()
        .filter_map(|item| match (&item.state, &item.terms) {
            (ReorderState::Ready { advice }, Some(terms)) => Some((item, terms, &**advice)),
            _ => None,
        })
        .filter(|(_, _, advice)| advice.order_by.is_some_and(|by| by <= until))
        .collect();
    // Stable: what is due first stays first within a supplier's lines.
    due.sort_by_key(|(_, terms, _)| terms.supplier.to_lowercase());
    let rows = due.into_iter().map(|(item, terms, advice)| {
        let price = terms.price.as_ref();
        line([
            terms.supplier.clone(),
            terms.item.clone(),
            item.series.title.clone(),
            advice.quantity.to_string(),
            item.series.unit.word().to_owned(),
            day(advice.order_by),
            day(advice.arrives),
            if advice.overdue { "yes" } else { "no" }.to_owned(),
            price.map_or_else(String::new, |price| {
                plain_money(price.minor, &price.currency)
            }),
            advice
                .cost
                .as_ref()
                .map_or_else(String::new, |cost| plain_money(cost.minor, &cost.currency)),
            price.map_or_else(String::new, |price| price.currency.clone()),
        ])
    });
    line(HEAD) + &rows.collect::<String>()
}

fn day(at: Option<Instant>) -> String {
    at.map_or_else(String::new, |at| crate::calendar::date(at.0))
}
