//! The company's cash over the next weeks: the account, the payments that are known, what usually comes and goes, and
//! the engine.

mod check;
mod line;

use api::{
    Caller, Cash, CashChange, CashItem, CashItemId, CashSide, CashState, CashTerms, CashView,
    Domain, Error, Instant, MOST_CASH_ITEMS, Permission, Result, Series, SeriesId, Topic, Unit,
    WhyUnknown,
};
use async_trait::async_trait;

use self::line::{Foretold, Opening};
use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::forecast::{Moves, foreseen_of};
use crate::guard::{require, require_on};

/// The most series that are offered as accounts and as what comes and goes.
const MOST_OFFERED: usize = 200;
/// So many figures of days to come may stand behind an account's newest reading.
const MOST_PLANNED: u32 = 2_000;

/// Series to choose from: identifier and title.
type Named = Vec<(SeriesId, String)>;

#[async_trait]
impl Cash for Hub {
    async fn view(&self, caller: &Caller) -> Result<CashView> {
        require(caller, Permission::MonitoringRead)?;
        let now = self.clock.now();
        let terms = self.store.cash_terms().await.or_failure(caller)?;
        let kept = self.store.cash_items().await.or_failure(caller)?;
        let late = terms.as_ref().map_or(0, |terms| terms.late_days);
        let items: Vec<CashItem> = kept
            .into_iter()
            .map(|(id, says)| line::expected(id, says, late, now))
            .collect();
        let (accounts, flows) = self.money(caller, terms.as_ref()).await?;
        let (account, state) = match &terms {
            Some(terms) => self.foreseen_cash(caller, terms, &items, now).await?,
            None => (None, CashState::NoTerms),
        };
        Ok(CashView {
            now,
            terms,
            account,
            items,
            state,
            accounts,
            flows,
        })
    }

    async fn sheet(&self, caller: &Caller) -> Result<String> {
        let view = self.view(caller).await?;
        match &view.state {
            CashState::Ready { line } => {
                let note = Note::of("cash.export").on("cash", "", "Cash");
                self.audit(caller, note).await?;
                Ok(line::csv(line))
            }
            CashState::NoTerms => Err(Error::conflict(
                "Nobody has said yet which account is foreseen. Choose it on the page of cash.",
            )),
            CashState::Unknown { why } => Err(Error::conflict(format!(
                "Nobody can say what comes and goes: {why}."
            ))),
        }
    }

    async fn set_terms(&self, caller: &Caller, terms: CashTerms) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let currency = self.check_cash_terms(caller, &terms).await?;
        let kept = self.store.cash_items().await.or_failure(caller)?;
        if let Some(other) = kept.iter().find(|(_, one)| one.currency != currency) {
            let words = format!(
                "Payments in {} are entered, and this account is in {currency}. Take them away first, or choose another.",
                other.1.currency
            );
            return Err(Error::field("account", words));
        }
        let before = self.store.cash_terms().await.or_failure(caller)?;
        let note = Note::of("cash.terms")
            .on("cash", "", "Cash")
            .before(&before)
            .after(&terms);
        let put = self.noting(caller, note).put_cash_terms(&terms).await;
        put.or_failure(caller)?;
        self.changed(Topic::Forecasts, None);
        Ok(())
    }

    async fn remove_terms(&self, caller: &Caller) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let before = self.store.cash_terms().await.or_failure(caller)?;
        let before = before.ok_or_else(|| Error::not_found("account that is foreseen"))?;
        let note = Note::of("cash.forget")
            .on("cash", "", "Cash")
            .before(&before);
        let gone = self.noting(caller, note).delete_cash_terms().await;
        gone.or_failure(caller)?;
        self.changed(Topic::Forecasts, None);
        Ok(())
    }

    async fn add_item(&self, caller: &Caller, item: CashChange) -> Result<CashItemId> {
        require(caller, Permission::MonitoringWrite)?;
        let kept = self.store.cash_items().await.or_failure(caller)?;
        room(kept.len() + 1)?;
        let currency = self.cash_currency(caller).await?;
        let item = check::item(item, &currency, self.clock.now())?;
        let id = CashItemId(store::new_id(self.clock.now()));
        let note = Note::of("cash.add")
            .on("payment", &id, &item.name)
            .after(&item);
        let put = self.noting(caller, note);
        let put = put.insert_cash_item(&id, &item, None).await;
        put.or_failure(caller)?;
        self.changed(Topic::Forecasts, None);
        Ok(id)
    }

    async fn remove_item(&self, caller: &Caller, id: &CashItemId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "payment")?;
        let kept = self.store.cash_items().await.or_failure(caller)?;
        let before = kept.into_iter().find(|(known, _)| known == id);
        let (_, before) = before.ok_or_else(|| Error::not_found("payment"))?;
        let note = Note::of("cash.remove")
            .on("payment", id, &before.name)
            .before(&before);
        let gone = self.noting(caller, note).delete_cash_item(id).await;
        gone.or_failure(caller)?;
        self.changed(Topic::Forecasts, None);
        Ok(())
    }

    async fn replace_items(
        &self,
        caller: &Caller,
        side: CashSide,
        items: Vec<CashChange>,
    ) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let now = self.clock.now();
        let kept = self.store.cash_items().await.or_failure(caller)?;
        let (replaced, others): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|(_, one)| one.side == side);
        room(others.len() + items.len())?;
        let currency = self.cash_currency(caller).await?;
        let mut new = Vec::with_capacity(items.len());
        for item in items {
            let item = check::item(CashChange { side, ..item }, &currency, now)?;
            new.push((CashItemId(store::new_id(now)), item));
        }
        let counted = |items: &[(CashItemId, CashChange)]| {
            let sum: i64 = items.iter().map(|(_, one)| one.minor).sum();
            (side, items.len(), sum)
        };
        let note = Note::of("cash.replace")
            .on("cash", "", "Cash")
            .before(&counted(&replaced))
            .after(&counted(&new));
        let put = self.noting(caller, note);
        put.replace_cash_items(side, &new)
            .await
            .or_failure(caller)?;
        self.changed(Topic::Forecasts, None);
        Ok(())
    }
}

/// That an account counts what is there, and that payments are in its currency; why not.
fn one_currency(
    account: &Series,
    currency: &str,
    items: &[CashItem],
) -> std::result::Result<(), String> {
    if account.aggregation.adds_up() {
        return Err(format!("the values of {} add up now", account.title));
    }
    let other = items.iter().find(|item| item.says.currency != currency);
    other.map_or(Ok(()), |item| {
        Err(format!(
            "payments are entered in {}, and the account is in {currency}",
            item.says.currency
        ))
    })
}

fn room(wanted: usize) -> Result<()> {
    if wanted <= MOST_CASH_ITEMS {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "At most {} payments are kept. Take away those that were made.",
        api::grouped(MOST_CASH_ITEMS)
    )))
}

impl Hub {
    /// Whose cash it is, and what is expected of it.
    async fn foreseen_cash(
        &self,
        caller: &Caller,
        terms: &CashTerms,
        items: &[CashItem],
        now: Instant,
    ) -> Result<(Option<Series>, CashState)> {
        let account = self.store.series(&terms.account).await;
        let account = account.or_failure(caller)?;
        let Some(account) = account else {
            return Ok((None, CashState::NoTerms));
        };
        let Unit::Money(currency) = account.unit.clone() else {
            let reason = format!("{} does not count money any more", account.title);
            let why = WhyUnknown::Failed { reason };
            return Ok((Some(account), CashState::Unknown { why }));
        };
        let state = self
            .cash_state(caller, terms, (&account, currency), items, now)
            .await?;
        let state = state.unwrap_or_else(|why| CashState::Unknown { why });
        Ok((Some(account), state))
    }

    /// What is expected of an account, or why nobody can say.
    async fn cash_state(
        &self,
        caller: &Caller,
        terms: &CashTerms,
        (account, currency): (&Series, String),
        items: &[CashItem],
        now: Instant,
    ) -> Result<std::result::Result<CashState, WhyUnknown>> {
        if let Err(reason) = one_currency(account, &currency, items) {
            return Ok(Err(WhyUnknown::Failed { reason }));
        }
        let Some((read_at, read)) = self.newest_by(caller, account, now).await? else {
            return Ok(Err(WhyUnknown::NoData));
        };
        let usual = match self.usual(caller, terms, account, now).await? {
            Ok(usual) => usual,
            Err(why) => return Ok(Err(why)),
        };
        let closed = line::closed(read_at);
        let mut since = 0.0;
        for flow in &usual {
            let moved = self
                .moved_between(caller, flow.of.as_ref(), closed, flow.foreseen.from)
                .await?;
            since += if flow.out { -moved } else { moved };
        }
        let opening = Opening {
            read,
            at: read_at,
            since,
            floor: account.floor().unwrap_or(0.0),
            currency,
        };
        let line = line::line(opening, &usual, items, now);
        Ok(line
            .map(|line| CashState::Ready {
                line: Box::new(line),
            })
            .ok_or_else(|| WhyUnknown::Failed {
                reason: "what usually comes and goes is no number".to_owned(),
            }))
    }

    /// What was read of an account last; what is planned for days to come is no reading.
    async fn newest_by(
        &self,
        caller: &Caller,
        account: &Series,
        now: Instant,
    ) -> Result<Option<(Instant, f64)>> {
        let samples = self.store.last_n(&account.id, MOST_PLANNED).await;
        let samples = samples.or_failure(caller)?;
        let read = samples.into_iter().rev().find(|(at, _)| *at <= now.0);
        Ok(read.map(|(at, value)| (Instant(at), value)))
    }

    /// Series of money: what may be an account, and what may come and go; what is chosen comes first.
    async fn money(&self, caller: &Caller, terms: Option<&CashTerms>) -> Result<(Named, Named)> {
        let flows = terms.map(|terms| [&terms.inflow, &terms.outflow]);
        let flows: Vec<&SeriesId> = flows.into_iter().flatten().flatten().collect();
        let chosen = terms.map(|terms| &terms.account).into_iter();
        let chosen: Vec<SeriesId> = chosen.chain(flows.iter().copied()).cloned().collect();
        let mut money = self.store.series_of(&chosen).await.or_failure(caller)?;
        let found = self.store.of_domain(Domain::Business).await;
        let other = |one: &Series| matches!(one.unit, Unit::Money(_)) && !chosen.contains(&one.id);
        money.extend(found.or_failure(caller)?.into_iter().filter(other));
        let adds_up = |one: &Series| one.aggregation.adds_up() || flows.contains(&&one.id);
        let (mut flows, mut accounts): (Vec<_>, Vec<_>) = money.into_iter().partition(adds_up);
        flows.truncate(MOST_OFFERED);
        accounts.truncate(MOST_OFFERED);
        let named = |list: Vec<Series>| list.into_iter().map(|one| (one.id, one.title)).collect();
        Ok((named(accounts), named(flows)))
    }

    /// The currency of the account that is foreseen.
    async fn cash_currency(&self, caller: &Caller) -> Result<String> {
        let terms = self.store.cash_terms().await.or_failure(caller)?;
        let account = match terms {
            Some(terms) => self.store.series(&terms.account).await.or_failure(caller)?,
            None => None,
        };
        match account.map(|account| account.unit) {
            Some(Unit::Money(currency)) => Ok(currency),
            _ => Err(Error::conflict(
                "Choose the account first: payments are in its currency.",
            )),
        }
    }

    /// What usually comes and goes.
    async fn usual(
        &self,
        caller: &Caller,
        terms: &CashTerms,
        account: &Series,
        now: Instant,
    ) -> Result<std::result::Result<Vec<Foretold>, WhyUnknown>> {
        let chosen = [
            (&terms.inflow, false, terms.in_days),
            (&terms.outflow, true, terms.out_days),
        ];
        let chosen = chosen
            .into_iter()
            .filter_map(|(id, out, days)| Some((id.clone()?, out, days)));
        let chosen: Vec<(SeriesId, bool, u32)> = chosen.collect();
        if terms.inflow.is_none() && terms.outflow.is_some() {
            let reason = "the series of what comes in is gone: choose another".to_owned();
            return Ok(Err(WhyUnknown::Failed { reason }));
        }
        if chosen.is_empty() {
            let found = self
                .foresee_moves(caller, account, Moves::Changes, now)
                .await?;
            return Ok(found.map(|foreseen| {
                vec![Foretold {
                    of: None,
                    foreseen,
                    out: false,
                    days: terms.in_days,
                }]
            }));
        }
        let ids: Vec<SeriesId> = chosen.iter().map(|(id, ..)| id.clone()).collect();
        let told = self.store.series_of(&ids).await.or_failure(caller)?;
        let states = self.forecast_states(caller, &ids).await?;
        let mut usual = Vec::new();
        for (id, out, days) in chosen {
            let Some(series) = told.iter().find(|one| one.id == id) else {
                return Ok(Err(WhyUnknown::NoData));
            };
            if series.unit != account.unit {
                let reason = format!("{} is not in the account's currency", series.title);
                return Ok(Err(WhyUnknown::Failed { reason }));
            }
            match foreseen_of(series, states.get(&id), now) {
                Ok(foreseen) if out && foreseen.sum() < 0.0 => {
                    let reason = format!(
                        "{} is below zero, and what goes out is given above zero",
                        series.title
                    );
                    return Ok(Err(WhyUnknown::Failed { reason }));
                }
                Ok(foreseen) => usual.push(Foretold {
                    of: Some(id),
                    foreseen,
                    out,
                    days,
                }),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(usual))
    }
}
