//! The demo company: made, kept ticking, removed.

use std::collections::HashMap;
use std::sync::Arc;

use api::{
    CalendarChange, CalendarEntryId, Caller, CashChange, CashItemId, CashSide, CashTerms, Demo,
    DemoState, Event, Instant, Permission, Result, SeriesId, SourceId, SourceKind, Topic, Touches,
};
use async_trait::async_trait;
use fakes::{Company, DemoSeries};
use serde::{Deserialize, Serialize};
use store::{Arrival, NewSeries, NewSource};

use crate::Hub;
use crate::audit::Note;
use crate::calendar::date;
use crate::failure::OrFailure;
use crate::guard::{require, require_system};

/// Where the store remembers that the demo company is there.
const SETTING: &str = "demo";
/// How the identifiers of its calendar's entries begin: told by them, they go with it.
const ENTRIES: &str = "00000000-0000-7000-8000-0000000000";
/// How many samples are written at once while it is made.
const SLICE: usize = 20_000;

/// What is remembered: with it a restart goes on where it was.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    anchor: Instant,
    seed: u64,
    ticked: Instant,
}

/// The company as it runs.
pub(crate) struct Running {
    company: Company,
    /// Each series by its key, with the place of its source.
    ids: HashMap<String, (SeriesId, usize)>,
    sources: Vec<SourceId>,
    ticked: Instant,
}

#[async_trait]
impl Demo for Hub {
    async fn state(&self, caller: &Caller) -> Result<DemoState> {
        require(caller, Permission::MonitoringRead)?;
        Ok(match self.demo.try_lock() {
            // Held while it is made, removed, or ticks; a tick is over in an instant and changes nothing.
            Err(_) if self.kept(caller).await?.is_none() => DemoState::Loading,
            Err(_) => DemoState::Present,
            Ok(_) if self.kept(caller).await?.is_some() => DemoState::Present,
            Ok(_) => DemoState::Absent,
        })
    }

    async fn start(&self, caller: &Caller) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let mut running = self.demo.lock().await;
        if self.kept(caller).await?.is_some() {
            return Ok(());
        }
        let kept = Kept {
            anchor: self.clock.now(),
            seed: Company::SEED,
            ticked: self.clock.now(),
        };
        let made = self.make(caller, kept).await?;
        let mut brought = vec![None; made.sources.len()];
        for series in made.company.series() {
            let Some((id, source)) = made.ids.get(&series.key) else {
                continue;
            };
            let history = made.company.history(&series.key);
            for slice in history.chunks(SLICE) {
                let rows: Vec<_> = slice.iter().map(|(at, value)| (id, *at, *value)).collect();
                self.store
                    .record(&rows, kept.anchor)
                    .await
                    .or_failure(caller)?;
            }
            if let (Some(so_far), Some((last, _))) = (brought.get_mut(*source), history.last()) {
                *so_far = Some(more(*so_far, history.len() as u64, *last));
            }
        }
        self.count_in(caller, &made.sources, &brought).await?;
        self.plant_entries(caller, &made).await?;
        self.plant_terms(caller, &made).await?;
        self.plant_payments(caller, &made).await?;
        let store = self.noting(caller, Note::of("demo.start"));
        store.put_setting(SETTING, &kept).await.or_failure(caller)?;
        *running = Some(made);
        drop(running);
        self.demo_changed();
        Ok(())
    }

    async fn remove(&self, caller: &Caller) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let mut running = self.demo.lock().await;
        let store = self.noting(caller, Note::of("demo.remove"));
        store.delete_demo().await.or_failure(caller)?;
        self.forget_entries(caller).await?;
        self.store
            .delete_setting(SETTING)
            .await
            .or_failure(caller)?;
        *running = None;
        drop(running);
        self.demo_changed();
        Ok(())
    }
}

impl Hub {
    async fn kept(&self, caller: &Caller) -> Result<Option<Kept>> {
        self.store.setting(SETTING).await.or_failure(caller)
    }

    async fn keep(&self, caller: &Caller, kept: Kept) -> Result<()> {
        self.store
            .put_setting(SETTING, &kept)
            .await
            .or_failure(caller)
    }

    fn demo_changed(&self) {
        for topic in [Topic::Demo, Topic::Sources, Topic::Series, Topic::Forecasts] {
            self.bus.publish(Event::Changed { topic, id: None });
        }
    }

    /// Writes down how many samples each of its sources brought, and when the last of them was:
    /// one that brought none was not seen.
    async fn count_in(
        &self,
        caller: &Caller,
        sources: &[SourceId],
        brought: &[Option<(u64, Instant)>],
    ) -> Result<()> {
        for (source, brought) in sources.iter().zip(brought) {
            let Some((count, last)) = *brought else {
                continue;
            };
            let arrival = Arrival {
                accepted: count,
                ..Arrival::default()
            };
            self.store
                .bump_source(source, &arrival, last)
                .await
                .or_failure(caller)?;
        }
        Ok(())
    }

    /// Writes the company's own days into the calendar, once.
    async fn plant_entries(&self, caller: &Caller, made: &Running) -> Result<()> {
        // What a start that failed left behind.
        self.forget_entries(caller).await?;
        for (place, entry) in made.company.entries().into_iter().enumerate() {
            let touched = entry.touches.iter().filter_map(|key| made.ids.get(key));
            let says = CalendarChange {
                name: entry.name,
                kind: entry.kind,
                first: date(entry.first.0),
                last: date(entry.last.0),
                touches: Touches::Series(touched.map(|(id, _)| id.clone()).collect()),
            };
            let id = CalendarEntryId(format!("{ENTRIES}{place:02}"));
            let put = self.store.insert_calendar_entry(&id, &says).await;
            put.or_failure(caller)?;
        }
        Ok(())
    }

    /// Says how its products are bought; it goes with their series.
    async fn plant_terms(&self, caller: &Caller, made: &Running) -> Result<()> {
        for supply in made.company.supplies() {
            let ids = (made.ids.get(&supply.stock), made.ids.get(&supply.demand));
            if let (Some((stock, _)), Some((demand, _))) = ids {
                let mut terms = supply.terms;
                terms.demand = Some(demand.clone());
                let put = self.store.put_supply(stock, &terms).await;
                put.or_failure(caller)?;
            }
        }
        Ok(())
    }

    /// Says which account is its own, unless the installation has one already, and what is known to be paid; both go
    /// with its series.
    async fn plant_payments(&self, caller: &Caller, made: &Running) -> Result<()> {
        let Some((account, place)) = made.ids.get(Company::account()) else {
            return Ok(());
        };
        if self.store.cash_terms().await.or_failure(caller)?.is_some() {
            return Ok(());
        }
        let terms = CashTerms {
            account: account.clone(),
            inflow: None,
            outflow: None,
            in_days: 0,
            out_days: 0,
            late_days: 7,
        };
        self.store.put_cash_terms(&terms).await.or_failure(caller)?;
        for payment in made.company.payments() {
            let says = CashChange {
                side: if payment.comes {
                    CashSide::In
                } else {
                    CashSide::Out
                },
                name: payment.name,
                minor: payment.cents,
                currency: "EUR".to_owned(),
                due: date(payment.due.0),
            };
            let id = CashItemId(store::new_id(self.clock.now()));
            let source = made.sources.get(*place);
            let put = self.store.insert_cash_item(&id, &says, source).await;
            put.or_failure(caller)?;
        }
        Ok(())
    }

    /// Takes them out again, whatever people made of them.
    async fn forget_entries(&self, caller: &Caller) -> Result<()> {
        let entries = self.store.calendar_entries().await.or_failure(caller)?;
        let planted = |id: &CalendarEntryId| id.as_str().starts_with(ENTRIES);
        for entry in entries.iter().filter(|entry| planted(&entry.id)) {
            let gone = self.store.delete_calendar_entry(&entry.id).await;
            gone.or_failure(caller)?;
        }
        Ok(())
    }

    /// Its sources and series, without samples.
    async fn make(&self, caller: &Caller, kept: Kept) -> Result<Running> {
        let company = Company::new(kept.anchor, kept.seed);
        let mut ids = HashMap::new();
        let mut sources = Vec::new();
        let all = company.series();
        for source in company.sources() {
            let new = NewSource {
                external_key: format!("demo:{}", source.key),
                name: source.name.clone(),
                kind: SourceKind::Demo,
                demo: true,
                expected_every_seconds: source.expected_every_seconds,
            };
            let id = self
                .store
                .upsert_source(&new, self.clock.now())
                .await
                .or_failure(caller)?;
            let own: Vec<&DemoSeries> = all.iter().filter(|s| s.source.key == source.key).collect();
            let new: Vec<_> = own.iter().map(|s| new_series(s)).collect();
            let made = self
                .store
                .resolve_series(&id, &new, self.clock.now())
                .await
                .or_failure(caller)?;
            let made = made.into_iter().map(|id| (id, sources.len()));
            ids.extend(own.iter().map(|s| s.key.clone()).zip(made));
            sources.push(id);
        }
        Ok(Running {
            company,
            ids,
            sources,
            ticked: kept.ticked,
        })
    }
}

/// How many samples a source brought and when the last was, with some more.
fn more(so_far: Option<(u64, Instant)>, count: u64, last: Instant) -> (u64, Instant) {
    let (before, at) = so_far.unwrap_or((0, last));
    (before + count, at.max(last))
}

fn new_series(demo: &DemoSeries) -> NewSeries {
    NewSeries {
        key: demo.key.clone(),
        name: demo.name.clone(),
        title: demo.title.clone(),
        labels: demo.labels.clone(),
        unit: demo.unit.clone(),
        aggregation: demo.aggregation,
        domain: demo.domain,
        non_negative: demo.non_negative,
        limit: demo.limit,
        stake: demo.stake.clone(),
    }
}

/// Keeps the demo company ticking; a job of the server calls it every few seconds.
#[derive(Debug)]
pub struct DemoTicker(Arc<Hub>);

impl DemoTicker {
    /// A ticker for this hub's demo company, whether it is there or not.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    /// Writes what has become new since the last tick.
    ///
    /// # Errors
    /// Where the store failed; the next tick makes up for it.
    pub async fn tick(&self, caller: &Caller) -> Result<()> {
        require_system(caller)?;
        let hub = &self.0;
        let Ok(mut running) = hub.demo.try_lock() else {
            return Ok(());
        };
        let Some(kept) = hub.kept(caller).await? else {
            return Ok(());
        };
        if running.is_none() {
            *running = Some(hub.make(caller, kept).await?);
        }
        let Some(running) = running.as_mut() else {
            return Ok(());
        };
        let now = hub.clock.now();
        let mut brought = vec![None; running.sources.len()];
        let mut rows = Vec::new();
        for sample in running.company.tick(running.ticked, now) {
            let Some((id, source)) = running.ids.get(&sample.key) else {
                continue;
            };
            rows.push((id.clone(), sample.at.0, sample.value));
            if let Some(so_far) = brought.get_mut(*source) {
                *so_far = Some(more(*so_far, 1, sample.at));
            }
        }
        hub.take_in(caller, &rows).await?;
        running.ticked = now;
        hub.count_in(caller, &running.sources, &brought).await?;
        hub.keep(
            caller,
            Kept {
                ticked: now,
                ..kept
            },
        )
        .await
    }
}
