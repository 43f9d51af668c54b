//! What several tests of told things begin from.

use api::{Aggregation, Domain, Series, Unit};

/// Units of the business, counted as they are.
pub(crate) fn series() -> Series {
    Series {
        id: "s".into(),
        source_id: "shop".into(),
        source_name: "Shop".into(),
        name: "stock".into(),
        title: "Stock".into(),
        labels: Vec::new(),
        unit: Unit::Count("units".into()),
        aggregation: Aggregation::Last,
        domain: Domain::Business,
        non_negative: true,
        limit: None,
        stake: None,
        demo: false,
        last: None,
        first_at: None,
        stale_since: None,
    }
}
