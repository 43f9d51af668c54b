//! The company's cash over the next weeks: the account, the payments that are known, what usually comes and goes, and
//! the engine.

mod check;
mod line;

use api::{
    Aggregation, Caller, Cash, CashChange, CashItem, CashItemId, CashSide, CashState, CashTerms,
    CashView, Domain, Error, Instant, MOST_CASH_ITEMS, Permission, Result, Series, SeriesId, Topic,
    Unit, WhyUnknown,
};
use async_trait::async_trait;

use self::line::{Foretold, Opening};
use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::forecast::{Foreseen, Moves, foreseen_of};
use crate::guard::{require, require_on};

/// The most series that are offered as accounts and as what comes and goes.
const MOST_OFFERED: usize = 200;

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
        let found = self.store.of_domain(Domain::Business).await;
        let mut money = found.or_failure(caller)?;
        money.retain(|one| matches!(one.unit, Unit::Money(_)));
        let named = |one: &Series| (one.id.clone(), one.title.clone());
        let (flows, accounts): (Vec<_>, Vec<_>) = money
            .iter()
            .partition(|one| one.aggregation == Aggregation::Sum);
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
            accounts: accounts.into_iter().take(MOST_OFFERED).map(named).collect(),
            flows: flows.into_iter().take(MOST_OFFERED).map(named).collect(),
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
        self.check_cash_terms(caller, &terms).await?;
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
        let item = check::item(item, self.clock.now())?;
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
        let mut new = Vec::with_capacity(items.len());
        for item in items {
            let item = check::item(CashChange { side, ..item }, now)?;
            new.push((CashItemId(store::new_id(now)), item));
        }
        let counted = |items: &[(CashItemId, CashChange)]| {
            let sum: f64 = items.iter().map(|(_, one)| one.amount).sum();
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
        let last = account.last.and_then(|last| Some((last.at, last.value?)));
        let Some((opening_at, read)) = last else {
            let why = WhyUnknown::NoData;
            return Ok((Some(account), CashState::Unknown { why }));
        };
        let usual = match self.usual(caller, terms, &account, now).await? {
            Ok(usual) => usual,
            Err(why) => return Ok((Some(account), CashState::Unknown { why })),
        };
        let mut opening = read;
        for (id, foreseen, out) in &usual {
            let since = self
                .moved_between(caller, id.as_ref(), opening_at, foreseen.from)
                .await?;
            opening += if *out { -since } else { since };
        }
        let flows = usual.into_iter().map(|(_, foreseen, out)| {
            let days = if out { terms.out_days } else { terms.in_days };
            Foretold {
                foreseen,
                out,
                days,
            }
        });
        let opening = Opening {
            read,
            at: opening_at,
            now: opening,
            floor: line::floor(&account),
            currency,
        };
        let line = line::line(opening, &flows.collect::<Vec<_>>(), items, now);
        let state = match line {
            Some(line) => CashState::Ready {
                line: Box::new(line),
            },
            None => CashState::Unknown {
                why: WhyUnknown::Failed {
                    reason: "what usually comes and goes is no number".to_owned(),
                },
            },
        };
        Ok((Some(account), state))
    }

    /// What usually comes and goes: of which series, what is foreseen, and whether it goes out.
    async fn usual(
        &self,
        caller: &Caller,
        terms: &CashTerms,
        account: &Series,
        now: Instant,
    ) -> Result<std::result::Result<Vec<(Option<SeriesId>, Foreseen, bool)>, WhyUnknown>> {
        let chosen = [(&terms.inflow, false), (&terms.outflow, true)];
        let chosen: Vec<(SeriesId, bool)> = chosen
            .into_iter()
            .filter_map(|(id, out)| Some((id.clone()?, out)))
            .collect();
        if chosen.is_empty() {
            let found = self
                .foresee_moves(caller, account, Moves::Changes, now)
                .await?;
            return Ok(found.map(|foreseen| vec![(None, foreseen, false)]));
        }
        let ids: Vec<SeriesId> = chosen.iter().map(|(id, _)| id.clone()).collect();
        let told = self.store.series_of(&ids).await.or_failure(caller)?;
        let states = self.forecast_states(caller, &ids).await?;
        let mut usual = Vec::new();
        for (id, out) in chosen {
            let Some(series) = told.iter().find(|one| one.id == id) else {
                continue;
            };
            match foreseen_of(series, states.get(&id), now) {
                Ok(foreseen) => usual.push((Some(id), foreseen, out)),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(usual))
    }
}
