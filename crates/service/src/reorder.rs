//! What is to be bought or made anew: the terms of each stock, what will be taken of it, and the engine.

mod sheet;
mod terms;

use std::collections::HashMap;

use api::{
    Caller, Error, ForecastState, Instant, OpenOrder, OrderNote, OrderSheet, Permission, Price,
    Range, Reorder, ReorderAdvice, ReorderDetail, ReorderList, ReorderState, Reorders, Result,
    Series, SeriesId, StripOrder, SupplyTerms, Topic, WhyUnknown,
};
use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use store::{StoredOrder, StoredSupply};

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::forecast::{Foreseen, Moves, foreseen_of};
use crate::guard::{require, require_on};

/// How far back the count before an order is looked for.
const COUNT_BEFORE: i64 = 35 * Instant::DAY;
/// The most counts since an order, and values of what was taken since a count, that are added up.
const MOST_COUNTS: u32 = 100_000;
/// So many stocks are looked at at once.
const AT_ONCE: usize = 4;
/// The most series that are offered as what is taken.
const MOST_DEMANDS: usize = 200;
/// So much of an order may be missing, and all of it counts as come: what was taken on the day of a delivery hides as
/// much of it.
const MISSING: f64 = 0.1;
/// How much more may be ordered at once than anybody has room for.
const MOST: f64 = 1e12;

#[async_trait]
impl Reorders for Hub {
    async fn list(&self, caller: &Caller) -> Result<ReorderList> {
        require(caller, Permission::MonitoringRead)?;
        let items = self.stocks(caller).await?;
        Ok(ReorderList {
            now: self.clock.now(),
            items,
        })
    }

    async fn get(&self, caller: &Caller, id: &SeriesId) -> Result<ReorderDetail> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        let series = self.series_or_404(caller, id).await?;
        let supply = self.store.supply(id).await.or_failure(caller)?;
        let demands = self.demands(caller, &series).await?;
        let known = supply.iter().map(|one| (id.clone(), one.clone())).collect();
        let mut found = self.reorders(caller, vec![series], &known).await?;
        Ok(ReorderDetail {
            reorder: found.pop().ok_or_else(|| Error::not_found("series"))?,
            demands,
            now: self.clock.now(),
        })
    }

    async fn sheet(&self, caller: &Caller, sheet: OrderSheet) -> Result<String> {
        require(caller, Permission::MonitoringRead)?;
        if sheet.within_days > OrderSheet::MOST_DAYS {
            let words = format!("Give 0 to {} days.", OrderSheet::MOST_DAYS);
            return Err(Error::field("within_days", words));
        }
        let until = self
            .clock
            .now()
            .plus(i64::from(sheet.within_days) * Instant::DAY);
        let items = self.stocks(caller).await?;
        let note = Note::of("reorder.export").on("order", "", "Order");
        self.audit(caller, note.after(&sheet.within_days)).await?;
        Ok(sheet::csv(&items, until))
    }

    async fn set_terms(&self, caller: &Caller, id: &SeriesId, terms: SupplyTerms) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let series = self.series_or_404(caller, id).await?;
        let terms = self.checked_terms(caller, &series, terms).await?;
        let before = self.store.supply(id).await.or_failure(caller)?;
        let note = Note::of("reorder.terms")
            .on("series", id, &series.title)
            .before(&before.map(|before| before.terms))
            .after(&terms);
        let put = self.noting(caller, note).put_supply(id, &terms).await;
        put.or_failure(caller)?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(())
    }

    async fn remove_terms(&self, caller: &Caller, id: &SeriesId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let (series, before) = self.supply_or_404(caller, id).await?;
        let note = Note::of("reorder.forget")
            .on("series", id, &series.title)
            .before(&before.terms);
        let gone = self.noting(caller, note).delete_supply(id).await;
        gone.or_failure(caller)?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(())
    }

    async fn note_order(&self, caller: &Caller, id: &SeriesId, note: OrderNote) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let (series, supply) = self.supply_or_404(caller, id).await?;
        let now = self.clock.now();
        if !(note.quantity > 0.0 && note.quantity <= MOST) {
            return Err(Error::field(
                "quantity",
                "Say how much was ordered: a number above 0.",
            ));
        }
        let lead = i64::from(supply.terms.lead_days) * Instant::DAY;
        let order = StoredOrder {
            quantity: note.quantity,
            ordered_at: now,
            due: note.due.unwrap_or_else(|| now.plus(lead)),
        };
        let longest = i64::from(api::LONGEST_SUPPLY_DAYS) * Instant::DAY;
        if order.due < now.minus(Instant::DAY) || order.due > now.plus(longest) {
            let words = "A delivery is expected today or later, within two years.";
            return Err(Error::field("due", words));
        }
        let told = Note::of("reorder.order")
            .on("series", id, &series.title)
            .before(&supply.order.map(|order| (order.quantity, order.due)))
            .after(&(order.quantity, order.due));
        let put = self.noting(caller, told).put_order(id, Some(order)).await;
        put.or_failure(caller)?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(())
    }

    async fn forget_order(&self, caller: &Caller, id: &SeriesId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let (series, supply) = self.supply_or_404(caller, id).await?;
        let told = Note::of("reorder.order")
            .on("series", id, &series.title)
            .before(&supply.order.map(|order| (order.quantity, order.due)));
        let put = self.noting(caller, told).put_order(id, None).await;
        put.or_failure(caller)?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(())
    }
}

impl Hub {
    async fn supply_or_404(
        &self,
        caller: &Caller,
        id: &SeriesId,
    ) -> Result<(Series, StoredSupply)> {
        let series = self.series_or_404(caller, id).await?;
        let supply = self.store.supply(id).await.or_failure(caller)?;
        let supply = supply.ok_or_else(|| Error::not_found("terms of supply"))?;
        Ok((series, supply))
    }

    async fn supplies(&self, caller: &Caller) -> Result<HashMap<SeriesId, StoredSupply>> {
        let supplies = self.store.supplies().await.or_failure(caller)?;
        let supplies = supplies.into_iter();
        Ok(supplies.map(|one| (one.series.clone(), one)).collect())
    }

    /// Every stock, what is to be ordered first first.
    async fn stocks(&self, caller: &Caller) -> Result<Vec<Reorder>> {
        let supplies = self.supplies(caller).await?;
        let mut stocks = self.store.with_limits().await.or_failure(caller)?;
        stocks.retain(Series::is_stock);
        let listed: Vec<&SeriesId> = stocks.iter().map(|one| &one.id).collect();
        let others = supplies.keys().filter(|id| !listed.contains(id));
        let others: Vec<SeriesId> = others.cloned().collect();
        if !others.is_empty() {
            stocks.extend(self.store.series_of(&others).await.or_failure(caller)?);
        }
        let mut items = self.reorders(caller, stocks, &supplies).await?;
        items.sort_by_cached_key(|item| (rank(item), item.series.title.clone()));
        Ok(items)
    }

    /// What is due of those series: for the Runway, which shows nothing of what nobody has said how to buy.
    pub(crate) async fn due_orders(
        &self,
        caller: &Caller,
        series: &[Series],
    ) -> Result<HashMap<SeriesId, StripOrder>> {
        let supplies = self.supplies(caller).await?;
        let bought = series.iter().filter(|one| supplies.contains_key(&one.id));
        let found = self
            .reorders(caller, bought.cloned().collect(), &supplies)
            .await?;
        let due = found.into_iter().filter_map(|item| {
            let ReorderState::Ready { advice } = item.state else {
                return None;
            };
            let order = StripOrder {
                quantity: advice.quantity,
                by: advice.order_by?,
                overdue: advice.overdue,
            };
            Some((item.series.id, order))
        });
        Ok(due.collect())
    }

    async fn reorders(
        &self,
        caller: &Caller,
        mut series: Vec<Series>,
        supplies: &HashMap<SeriesId, StoredSupply>,
    ) -> Result<Vec<Reorder>> {
        self.mark_stale(caller, &mut series).await?;
        let demands = series.iter().filter_map(|one| supplies.get(&one.id));
        let demands: Vec<SeriesId> = demands.filter_map(|one| one.terms.demand.clone()).collect();
        let told = self.store.series_of(&demands).await.or_failure(caller)?;
        let told: HashMap<SeriesId, Series> =
            told.into_iter().map(|one| (one.id.clone(), one)).collect();
        let states = self.forecast_states(caller, &demands).await?;
        let work = series.into_iter().map(|one| {
            let supply = supplies.get(&one.id).cloned();
            let demand = supply
                .as_ref()
                .and_then(|supply| supply.terms.demand.as_ref());
            let demand = demand.and_then(|id| told.get(id));
            let state = demand.and_then(|demand| states.get(&demand.id));
            self.reorder(caller, one, supply, demand.zip(Some(state)))
        });
        stream::iter(work.collect::<Vec<_>>())
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn reorder(
        &self,
        caller: &Caller,
        series: Series,
        supply: Option<StoredSupply>,
        demand: Option<(&Series, Option<&ForecastState>)>,
    ) -> Result<Reorder> {
        let now = self.clock.now();
        let taken = demand.map(|(series, _)| series.title.clone());
        let Some(supply) = supply else {
            return Ok(Reorder {
                series,
                terms: None,
                taken,
                order: None,
                state: ReorderState::NoTerms,
            });
        };
        let order = match supply.order {
            Some(order) => Some(self.coming(caller, &series.id, order).await?),
            None => None,
        };
        let foreseen = match demand {
            Some((demand, state)) => foreseen_of(demand, state, now),
            None => {
                self.foresee_moves(caller, &series, Moves::Falls, now)
                    .await?
            }
        };
        let counted = series.last.and_then(|last| Some((last.at, last.value?)));
        let state = match (counted, foreseen) {
            (None, _) => unknown(WhyUnknown::NoData),
            (_, Err(why)) => unknown(why),
            (Some((at, value)), Ok(foreseen)) => {
                let from = demand.map(|(series, _)| &series.id);
                let gone = self.moved_between(caller, from, at, foreseen.from).await?;
                let counted = Counted {
                    at: at.min(now),
                    value: above_limit(&series, value),
                    // More came back than was taken: what is there was counted.
                    gone: gone.max(0.0),
                };
                advised(&supply.terms, order, &counted, &foreseen, now)
            }
        };
        Ok(Reorder {
            series,
            terms: Some(supply.terms),
            taken,
            order,
            state,
        })
    }

    /// What has come of an order, by what the stock has risen since.
    async fn coming(
        &self,
        caller: &Caller,
        id: &SeriesId,
        order: StoredOrder,
    ) -> Result<OpenOrder> {
        let since = Range {
            from: order.ordered_at.minus(COUNT_BEFORE),
            to: Instant(i64::MAX),
        };
        let counts = self.store.samples(id, since, MOST_COUNTS).await;
        let counts = counts.or_failure(caller)?;
        let after = counts.partition_point(|(at, _)| *at <= order.ordered_at.0);
        let counts = &counts[after.saturating_sub(1)..];
        let rises = counts
            .windows(2)
            .map(|pair| (pair[1].1 - pair[0].1).max(0.0));
        let rose: f64 = rises.sum();
        let all = rose >= (1.0 - MISSING) * order.quantity;
        Ok(OpenOrder {
            quantity: order.quantity,
            ordered_at: order.ordered_at,
            due: order.due,
            came: if all { order.quantity } else { rose },
        })
    }

    /// Series that may say what is taken of a stock: those whose values add up, the likeliest first.
    async fn demands(&self, caller: &Caller, stock: &Series) -> Result<Vec<(SeriesId, String)>> {
        let found = self.store.of_domain(stock.domain).await;
        let mut found = found.or_failure(caller)?;
        found.retain(|one| one.aggregation.adds_up() && one.id != stock.id);
        let alike = |one: &Series| {
            let shared = one
                .labels
                .iter()
                .filter(|label| stock.labels.contains(label));
            (shared.count(), u8::from(one.unit == stock.unit))
        };
        found.sort_by_cached_key(|one| (std::cmp::Reverse(alike(one)), one.title.clone()));
        found.truncate(MOST_DEMANDS);
        let named = found.into_iter().map(|one| (one.id, one.title));
        Ok(named.collect())
    }
}

/// What was counted of a stock.
struct Counted {
    at: Instant,
    /// How much, above the limit.
    value: f64,
    /// How much is known to be gone of it up to the instant from which on it is only foreseen.
    gone: f64,
}

fn advised(
    terms: &SupplyTerms,
    order: Option<OpenOrder>,
    counted: &Counted,
    foreseen: &Foreseen,
    now: Instant,
) -> ReorderState {
    let demand = stock::Demand::new(foreseen.step_days(), &foreseen.sums());
    let Some(demand) = demand else {
        return unknown(WhyUnknown::Failed {
            reason: "what is foreseen to be taken is no number".to_owned(),
        });
    };
    let day = |at: Instant| at.seconds_since(foreseen.from) / DAY;
    let policy = stock::Policy {
        lead: f64::from(terms.lead_days),
        late: f64::from(terms.late_days),
        cover: f64::from(terms.cover_days),
        service: terms.service_percent / 100.0,
        pack: terms.pack,
        least: terms.least,
    };
    let position = stock::Position {
        on_hand: counted.value - counted.gone,
        counted: day(counted.at),
        now: day(now),
        ordered: order.map_or(0.0, |order| order.open()),
        due: order.map_or(0.0, |order| day(order.due)),
    };
    let advice = stock::advise(&policy, &position, &demand);
    let today = now.0.div_euclid(Instant::DAY) * Instant::DAY;
    let order_by = advice
        .order_in
        .map(|days| Instant(today).plus(i64::from(days) * Instant::DAY));
    let arrives = order_by.map(|by| by.plus(i64::from(terms.lead_days) * Instant::DAY));
    ReorderState::Ready {
        advice: Box::new(ReorderAdvice {
            order_by,
            overdue: advice.overdue,
            arrives,
            quantity: advice.quantity,
            short: advice.short,
            counted: counted.value,
            counted_at: counted.at,
            left: advice.left,
            coming: position.ordered,
            until_delivery: advice.until_delivery,
            during_cover: advice.during_cover,
            safety: advice.safety,
            reorder_point: advice.reorder_point,
            runs_out_before: advice.runs_out_before,
            cost: terms
                .price
                .as_ref()
                .filter(|_| advice.quantity > 0.0)
                .and_then(|price| cost(price, advice.quantity)),
            foreseen_until: foreseen.until(),
            beyond_days: advice.beyond,
        }),
    }
}

const DAY: f64 = 86_400.0;

/// What so many cost; none where that is more than can be written.
fn cost(price: &Price, quantity: f64) -> Option<Price> {
    let minor = (price.minor as f64 * quantity).round();
    // Beyond that floats skip cents.
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
    (minor.abs() < 9e15).then(|| Price {
        minor: minor as i64,
        currency: price.currency.clone(),
    })
}

/// What is there above what the series must not fall to.
fn above_limit(series: &Series, value: f64) -> f64 {
    (value - series.floor().unwrap_or(0.0)).max(0.0)
}

const fn unknown(why: WhyUnknown) -> ReorderState {
    ReorderState::Unknown { why }
}

/// The order of the list: by the day it is due, what is too late first.
fn rank(item: &Reorder) -> (u8, i64) {
    match &item.state {
        ReorderState::Ready { advice } => match advice.order_by {
            Some(by) => (0, by.0.saturating_sub(i64::from(advice.overdue))),
            None => (2, 0),
        },
        ReorderState::Unknown { .. } => (1, 0),
        ReorderState::NoTerms => (3, 0),
    }
}
