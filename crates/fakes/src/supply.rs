//! How the company's products come back: two are turned by others, the rest is made in the workshop.

use api::{Price, SupplyTerms};

use crate::catalogue::{Product, products};

/// A stock and how it is bought.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoSupply {
    /// The key of the stock's series.
    pub stock: String,
    /// The key of the series of what is taken.
    pub demand: String,
    /// How it is bought; the series of what is taken is not in it, since keys are no identifiers.
    pub terms: SupplyTerms,
}

/// Product, supplier, lead time, delay, cover, pack. All others have no terms: somebody has to say them first.
type Row = (usize, &'static str, u32, u32, u32, f64);

const ROWS: [Row; 8] = [
    // What runs out, soonest first: too late, in time, too late, in a while.
    (7, "Turnery Brandt", 10, 3, 42, 12.0),
    (14, "Turnery Brandt", 10, 3, 42, 6.0),
    (23, "Turnery Brandt", 10, 3, 42, 6.0),
    (31, "Own workshop", 7, 2, 35, 1.0),
    // What is topped up each week, and is not due for a while.
    (1, "Own workshop", 7, 2, 28, 1.0),
    (4, "Oliveira Lda", 28, 7, 56, 50.0),
    (9, "Own workshop", 7, 2, 28, 1.0),
    (30, "Own workshop", 14, 0, 90, 5.0),
];

/// All of them.
pub(crate) fn supplies() -> Vec<DemoSupply> {
    let products = products();
    ROWS.iter()
        .filter_map(|row| {
            let product = products.iter().find(|product| product.number == row.0)?;
            Some(supply(product, *row))
        })
        .collect()
}

fn supply(product: &Product, (_, supplier, lead, late, cover, pack): Row) -> DemoSupply {
    let sku = product.sku();
    DemoSupply {
        stock: format!("stock/{sku}"),
        demand: format!("orders/{sku}"),
        terms: SupplyTerms {
            demand: None,
            supplier: supplier.to_owned(),
            item: sku,
            lead_days: lead,
            late_days: late,
            cover_days: cover,
            service_percent: 95.0,
            pack,
            least: 0.0,
            // It earns about as much as it costs.
            price: Some(Price {
                minor: product.margin_cents,
                currency: "EUR".to_owned(),
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_product() {
        assert_eq!(supplies().len(), ROWS.len());
    }
}
