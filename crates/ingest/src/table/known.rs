//! Tables whose columns are standardised.
//!
//! FOCUS (`FinOps` Open Cost and Usage Specification): cloud bills of all providers in one shape.
//! `EffectiveCost` is for trends, `BilledCost` for reconciliation with invoices; version 1.3 renames
//! the provider columns. Columns are found by name, never by position.

use super::Role;

/// The roles of a FOCUS file's columns; `None` for any other table.
pub(crate) fn focus_roles(names: &[String]) -> Option<Vec<Role>> {
    // The currency is a label because amounts in different currencies must never be added.
    const LABELS: [&str; 4] = [
        "ServiceName",
        "ProviderName",
        "ServiceProviderName",
        "BillingCurrency",
    ];
    const VALUES: [&str; 2] = ["BilledCost", "EffectiveCost"];
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    if !has("ChargePeriodStart") || !(has("BilledCost") || has("EffectiveCost")) {
        return None;
    }
    let is_one_of = |name: &str, of: &[&str]| of.iter().any(|one| one.eq_ignore_ascii_case(name));
    let role = |name: &String| {
        if name.eq_ignore_ascii_case("ChargePeriodStart") {
            Role::Time
        } else if is_one_of(name, &VALUES) {
            Role::Value
        } else if is_one_of(name, &LABELS) {
            Role::Label
        } else {
            Role::Ignore
        }
    };
    Some(names.iter().map(role).collect())
}
