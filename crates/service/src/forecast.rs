//! Forecasts: a model for each series, kept up as data come in, fitted anew now and then.
//!
//! A series' first model and every later one is made by a job of its own; what comes in between only
//! moves the model that is there, some microseconds a point. Every fit is a version (`model.rs`).

mod engine;
mod foreseen;
mod keep;
mod known;
mod moves;
mod pace;
mod shape;
mod silence;
mod similar;
mod update;
mod work;

use std::collections::HashMap;

use api::{
    Aggregation, Caller, Domain, Error, FitReason, ForecastState, Forecasts, Instant, Permission,
    Result, Series, SeriesId, SimilarPast, Topic, WhyUnknown,
};
use async_trait::async_trait;
use series::Step;
use store::StoredForecast;

use crate::Hub;
use crate::audit::Note;
use crate::cache::{Served, serve};
use crate::failure::OrFailure;
use crate::guard::require_on;

pub(crate) use engine::{aggregation, asked};
pub(crate) use foreseen::{Foreseen, foreseen_of};
pub(crate) use keep::Models;
pub(crate) use moves::Moves;
pub(crate) use update::{fit_job, score};
pub(crate) use work::Fit;

/// How many samples a forecast looks at.
pub(crate) const MOST_SAMPLES: u32 = 200_000;
/// How many points a grid needs before it is forecast; see `series::choose_step`.
const FEWEST: u32 = 24;
/// How far ahead people look when they ask what runs out.
const AHEAD_SECONDS: i64 = 91 * 86_400;
/// A fit that takes more CPU time than this is given up, in microseconds.
const BUDGET_US: u64 = 3_000_000;

#[async_trait]
impl Forecasts for Hub {
    async fn get(&self, caller: &Caller, id: &SeriesId) -> Result<ForecastState> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        let mut states = self
            .forecast_states(caller, std::slice::from_ref(id))
            .await?;
        if states.contains_key(id) {
            // What the engine computed is kept until the series has news.
            serve(Served::Hit);
        }
        Ok(states.remove(id).unwrap_or(ForecastState::Unknown {
            why: WhyUnknown::Pending,
        }))
    }

    async fn similar(&self, caller: &Caller, id: &SeriesId) -> Result<SimilarPast> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        self.similar_past(caller, id).await
    }

    async fn refresh(&self, caller: &Caller, id: &SeriesId) -> Result<ForecastState> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let state = self.fit_now(caller, id, FitReason::Asked).await?;
        serve(Served::Miss);
        let note = Note::of("forecast.refresh").on("series", id, "");
        self.audit(caller, note).await?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(state)
    }
}

/// Where the last period ends that can be known: half a day's orders are no day's orders, and the present period is not
/// over yet.
pub(crate) fn over(step: Step, now: Instant, last_us: i64) -> i64 {
    step.floor(now.0).min(last_us.saturating_add(1))
}

/// How many seconds ahead a series is to be foreseen, by samples that are sorted by time. Three days say little of
/// three months, and something of three days: where it matters when something is reached, the grid is as coarse as that
/// takes, and elsewhere it keeps the hours of the day.
fn ahead(series: &Series, samples: &[series::Sample]) -> i64 {
    let matters = series.limit.is_some() || series.domain == Domain::Business;
    let known = samples.first().zip(samples.last()).filter(|_| matters);
    known.map_or(AHEAD_SECONDS, |(first, last)| {
        let span = last.at_us.saturating_sub(first.at_us) / Instant::SECOND;
        span.clamp(1, AHEAD_SECONDS)
    })
}

/// The grid for a series, on which so many seconds ahead are to be foreseen.
pub(crate) fn grid(series: &Series, samples: &[series::Sample], ahead_s: i64) -> Option<Step> {
    if series.aggregation == Aggregation::Events {
        series::choose_step_of_events(samples, ahead_s)
    } else {
        series::choose_step(samples, ahead_s)
    }
}

impl Hub {
    /// What is known of several series' futures.
    pub(crate) async fn forecast_states(
        &self,
        caller: &Caller,
        ids: &[SeriesId],
    ) -> Result<HashMap<SeriesId, ForecastState>> {
        let kept = self.store.forecasts_for(ids).await.or_failure(caller)?;
        Ok(ids
            .iter()
            .zip(kept)
            .filter_map(|(id, kept)| Some((id.clone(), kept?.state)))
            .collect())
    }

    /// That series.
    pub(crate) async fn series_or_404(&self, caller: &Caller, id: &SeriesId) -> Result<Series> {
        let found = self.store.series(id).await.or_failure(caller)?;
        found.ok_or_else(|| Error::not_found("series"))
    }
}

/// What is kept of a forecast; `made_at` is the instant before its samples were read.
fn kept(
    series: &Series,
    state: ForecastState,
    step: Option<Step>,
    made_at: Instant,
) -> StoredForecast {
    StoredForecast {
        made_at,
        known_until: series.last.map(|last| last.at),
        next_at: made_at.plus(next_in(&state, step)),
        input_hash: None,
        state,
    }
}

/// When to look again: new data moves a daily forecast once an hour and a five-minute one at once.
fn next_in(state: &ForecastState, step: Option<Step>) -> i64 {
    match (state, step) {
        // What failed is not tried each minute.
        (
            ForecastState::Unknown {
                why: WhyUnknown::Failed { .. },
            },
            _,
        ) => Instant::HOUR,
        (ForecastState::Unknown { .. }, _) | (_, None) => Instant::MINUTE,
        (ForecastState::Ready { forecast }, Some(step)) => {
            // What is looked at on a finer grid as well has news once a step of that.
            let pace = forecast.pace.map(|pace| i64::from(pace.step_seconds) / 2);
            let seconds = pace.unwrap_or_else(|| step.seconds() / 4);
            (seconds * Instant::SECOND).clamp(Instant::MINUTE, Instant::HOUR)
        }
    }
}

const fn unknown(why: WhyUnknown) -> ForecastState {
    ForecastState::Unknown { why }
}

fn not_enough(have: usize) -> WhyUnknown {
    WhyUnknown::NotEnough {
        have: u32::try_from(have).unwrap_or(u32::MAX),
        need: FEWEST,
    }
}

/// As far as people look, but not further than the history supports: twice its length.
fn horizon(step: Step, history: usize) -> usize {
    let wanted = usize::try_from(AHEAD_SECONDS / step.seconds()).unwrap_or(usize::MAX);
    wanted
        .clamp(12, 180)
        .min(history * 2)
        .min(forecast::LONGEST_HORIZON)
}
