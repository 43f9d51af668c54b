//! What people say of how something is bought, checked.

use api::{Caller, Error, LONGEST_SUPPLY_DAYS, Result, Series, SupplyTerms};

use crate::Hub;
use crate::failure::OrFailure;

/// The most characters of a supplier's and of an item's name.
const LONGEST_NAME: usize = 100;
/// The largest pack, least order and price.
const MOST: f64 = 1e9;

impl Hub {
    pub(super) async fn checked_terms(
        &self,
        caller: &Caller,
        stock: &Series,
        terms: SupplyTerms,
    ) -> Result<SupplyTerms> {
        if stock.aggregation.adds_up() {
            return Err(Error::conflict(
                "The values of this series add up: it counts what comes and goes and not what is there. Choose the stock itself.",
            ));
        }
        if let Some(id) = &terms.demand {
            let found = self.store.series(id).await.or_failure(caller)?;
            match found {
                Some(found) if found.aggregation.adds_up() => {}
                Some(_) => {
                    let words = "Choose a series whose values add up, such as orders a day.";
                    return Err(Error::field("demand", words));
                }
                None => {
                    let words = "There is no such series any more. Choose another.";
                    return Err(Error::field("demand", words));
                }
            }
        }
        checked(terms)
    }
}

fn checked(mut terms: SupplyTerms) -> Result<SupplyTerms> {
    for (field, text) in [("supplier", &mut terms.supplier), ("item", &mut terms.item)] {
        *text = text.trim().to_owned();
        if text.chars().count() > LONGEST_NAME {
            let words = format!("At most {LONGEST_NAME} characters.");
            return Err(Error::field(field, words));
        }
    }
    for (field, days, least) in [
        ("lead_days", terms.lead_days, 0),
        ("late_days", terms.late_days, 0),
        ("cover_days", terms.cover_days, 1),
    ] {
        if !(least..=LONGEST_SUPPLY_DAYS).contains(&days) {
            let words = format!("Give {least} to {LONGEST_SUPPLY_DAYS} days.");
            return Err(Error::field(field, words));
        }
    }
    if !(50.0..=99.9).contains(&terms.service_percent) {
        let words = "Give 50 to 99.9: nothing is certain, and no stock is enough for 100.";
        return Err(Error::field("service_percent", words));
    }
    if !(terms.pack > 0.0 && terms.pack <= MOST) {
        let words = "Give how many are in a pack; 1 where any number is sold.";
        return Err(Error::field("pack", words));
    }
    if !(0.0..=MOST).contains(&terms.least) {
        let words = "Give the least that is sold at once; 0 where there is none.";
        return Err(Error::field("least", words));
    }
    if let Some(price) = &mut terms.price {
        let currency = price.currency.trim().to_ascii_uppercase();
        let known = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        if !known {
            let words = "Give the currency by its three letters, such as EUR.";
            return Err(Error::field("currency", words));
        }
        if price.minor < 0 || price.minor as f64 > 100.0 * MOST {
            return Err(Error::field("price", "Give what one costs, 0 or more."));
        }
        price.currency = currency;
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Price;

    fn terms() -> SupplyTerms {
        SupplyTerms {
            demand: None,
            supplier: " Holz Maier ".into(),
            item: String::new(),
            lead_days: 14,
            late_days: 0,
            cover_days: 30,
            service_percent: 95.0,
            pack: 1.0,
            least: 0.0,
            price: None,
        }
    }

    type Spoil = fn(&mut SupplyTerms);

    #[test]
    fn what_cannot_be_is_said_of_its_field() {
        assert_eq!(checked(terms()).unwrap().supplier, "Holz Maier");
        let cases: [(&str, Spoil); 9] = [
            ("supplier", |t| t.supplier = "x".repeat(101)),
            ("lead_days", |t| t.lead_days = 731),
            ("cover_days", |t| t.cover_days = 0),
            ("service_percent", |t| t.service_percent = 100.0),
            ("service_percent", |t| t.service_percent = f64::NAN),
            ("pack", |t| t.pack = 0.0),
            ("least", |t| t.least = -1.0),
            ("price", |t| t.price = Some(price(-1, "EUR"))),
            ("currency", |t| t.price = Some(price(1, "euros"))),
        ];
        for (field, spoil) in cases {
            let mut bad = terms();
            spoil(&mut bad);
            let error = checked(bad).unwrap_err();
            assert!(error.of_field(field).is_some(), "{field}: {error:?}");
        }
    }

    fn price(minor: i64, currency: &str) -> Price {
        Price {
            minor,
            currency: currency.into(),
        }
    }
}
