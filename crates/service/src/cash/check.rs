//! What people say of their cash, checked.

use api::{
    Caller, CashChange, CashTerms, Error, Instant, LONGEST_CASH_DAYS, Result, Series, SeriesId,
    Unit,
};

use crate::Hub;
use crate::failure::OrFailure;

/// The most characters of a payment's name.
const LONGEST_NAME: usize = 200;
/// The largest payment, in cents: beyond that floats skip some.
const MOST: i64 = 1_000_000_000_000_000;
/// So far back a payment may have been due, and so far ahead it may be.
const DAYS: i64 = 5 * 366;

impl Hub {
    pub(super) async fn check_cash_terms(
        &self,
        caller: &Caller,
        terms: &CashTerms,
    ) -> Result<String> {
        let account = self.money_or_not(caller, &terms.account, "account").await?;
        if account.aggregation.adds_up() {
            let words = "Its values add up: choose the series of what is on the account.";
            return Err(Error::field("account", words));
        }
        for (field, id) in [("inflow", &terms.inflow), ("outflow", &terms.outflow)] {
            let Some(id) = id else { continue };
            let flow = self.money_or_not(caller, id, field).await?;
            if !flow.aggregation.adds_up() {
                let words = "Choose a series whose values add up, such as receipts a day.";
                return Err(Error::field(field, words));
            }
            if flow.unit != account.unit {
                let words = format!(
                    "It is in {} and the account in {}. Choose one in the account's currency.",
                    flow.unit.word(),
                    account.unit.word()
                );
                return Err(Error::field(field, words));
            }
        }
        if terms.inflow.is_none() && terms.outflow.is_some() {
            let words = "Choose what comes in as well: with what goes out alone nothing would.";
            return Err(Error::field("inflow", words));
        }
        if terms.inflow.is_some() && terms.inflow == terms.outflow {
            let words = "The same series cannot come in and go out.";
            return Err(Error::field("outflow", words));
        }
        for (field, days) in [
            ("in_days", terms.in_days),
            ("out_days", terms.out_days),
            ("late_days", terms.late_days),
        ] {
            if days > LONGEST_CASH_DAYS {
                let words = format!("Give 0 to {LONGEST_CASH_DAYS} days.");
                return Err(Error::field(field, words));
            }
            // Of one number for both ways nobody could take one away.
            if days > 0 && field != "late_days" && terms.outflow.is_none() {
                let words = "That needs what comes in and what goes out as two series. Choose both, or give 0.";
                return Err(Error::field(field, words));
            }
        }
        match account.unit {
            Unit::Money(currency) => Ok(currency),
            _ => Err(Error::not_found("series")),
        }
    }

    async fn money_or_not(&self, caller: &Caller, id: &SeriesId, field: &str) -> Result<Series> {
        let found = self.store.series(id).await.or_failure(caller)?;
        let found = found.ok_or_else(|| {
            Error::field(field, "There is no such series any more. Choose another.")
        })?;
        if matches!(found.unit, Unit::Money(_)) {
            return Ok(found);
        }
        Err(Error::field(
            field,
            "It does not count money. Give it a currency such as EUR as its unit, or choose another.",
        ))
    }
}

/// A payment as it is kept.
pub(super) fn item(mut item: CashChange, currency: &str, now: Instant) -> Result<CashChange> {
    item.name = item.name.trim().to_owned();
    let length = item.name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        let words = format!("Say who pays or is paid, in {LONGEST_NAME} characters at most.");
        return Err(Error::field("name", words));
    }
    if !(1..=MOST).contains(&item.minor) {
        return Err(Error::field(
            "amount",
            "Give an amount above 0; which way it goes is said beside it.",
        ));
    }
    if item.currency != currency {
        let words = format!("Give it in {currency}, the account's currency.");
        return Err(Error::field("currency", words));
    }
    let due = Instant::midnight(item.due.trim());
    let near = |at: &Instant| (at.0 - now.0).abs() < DAYS * Instant::DAY;
    let Some(due) = due.filter(near) else {
        let words = "Give the day as 2026-12-15, within five years of today.";
        return Err(Error::field("due", words));
    };
    item.due = crate::calendar::date(due.0);
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::CashSide;

    type Spoil = fn(&mut CashChange);

    #[test]
    fn what_cannot_be_is_said_of_its_field() {
        let now = Instant(Instant::DAY);
        let good = CashChange {
            side: CashSide::In,
            name: " Nordlicht Hotels ".into(),
            minor: 500_000,
            currency: "EUR".into(),
            due: "1970-02-01".into(),
        };
        assert_eq!(
            item(good.clone(), "EUR", now).unwrap().name,
            "Nordlicht Hotels"
        );
        let cases: [(&str, Spoil); 7] = [
            ("name", |it| it.name = " ".into()),
            ("name", |it| it.name = "x".repeat(201)),
            ("amount", |it| it.minor = 0),
            ("amount", |it| it.minor = i64::MAX),
            ("currency", |it| it.currency = "USD".into()),
            ("due", |it| it.due = "soon".into()),
            ("due", |it| it.due = "2050-01-01".into()),
        ];
        for (field, spoil) in cases {
            let mut bad = good.clone();
            spoil(&mut bad);
            let error = item(bad, "EUR", now).unwrap_err();
            assert!(error.of_field(field).is_some(), "{field}: {error:?}");
        }
    }
}
