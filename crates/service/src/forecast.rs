//! Forecasts: history onto a grid, the engine beside the pages, the answer kept with the series.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use api::{
    BackTest, Caller, Crossing, Direction, Error, Event, Forecast, ForecastPoint, ForecastState,
    Forecasts, Instant, MemberScore, Permission, Result, Series, SeriesId, Topic, WhyUnknown,
};
use async_trait::async_trait;
use forecast::{ForecastError, Outcome, Request};
use series::{Filled, Sample, Step};
use store::StoredForecast;
use tokio_util::sync::CancellationToken;

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::{require, require_system};
use crate::lease;

/// How many samples a forecast looks at.
const MOST_SAMPLES: u32 = 200_000;
/// How many points a grid needs before it is forecast; see `series::choose_step`.
const FEWEST: u32 = 24;
/// How far ahead people look when they ask what runs out.
const AHEAD_SECONDS: i64 = 63 * 86_400;
/// How many series one run of the job takes.
const BATCH: u32 = 32;
/// A fit that takes longer than this is given up.
const BUDGET: Duration = Duration::from_secs(5);

#[async_trait]
impl Forecasts for Hub {
    async fn get(&self, caller: &Caller, id: &SeriesId) -> Result<ForecastState> {
        require(caller, Permission::MonitoringRead)?;
        let mut states = self
            .forecast_states(caller, std::slice::from_ref(id))
            .await?;
        Ok(states.remove(id).unwrap_or(ForecastState::Unknown {
            why: WhyUnknown::Pending,
        }))
    }

    async fn refresh(&self, caller: &Caller, id: &SeriesId) -> Result<ForecastState> {
        require(caller, Permission::MonitoringWrite)?;
        let state = self.forecast_one(caller, id).await?;
        self.changed(Topic::Forecasts, Some(id));
        Ok(state)
    }

    async fn run_due(&self, caller: &Caller) -> Result<u32> {
        require_system(caller)?;
        if !self.holds(caller, lease::FORECAST).await? {
            return Ok(0);
        }
        let due = self
            .store
            .due(self.clock.now(), BATCH)
            .await
            .or_failure(caller)?;
        let mut done = 0;
        for id in due {
            match self.forecast_one(caller, &id).await {
                Ok(_) => done += 1,
                // Removed since it was listed.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if done > 0 {
            self.bus.publish(Event::Changed {
                topic: Topic::Forecasts,
                id: None,
            });
        }
        Ok(done)
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

    /// Computes one series' forecast and keeps it.
    pub(crate) async fn forecast_one(
        &self,
        caller: &Caller,
        id: &SeriesId,
    ) -> Result<ForecastState> {
        let found = self.store.series(id).await.or_failure(caller)?;
        let series = found.ok_or_else(|| Error::not_found("series"))?;
        // Before the samples are read: what comes in meanwhile makes it due again.
        let now = self.clock.now();
        let samples = self
            .store
            .last_n(id, MOST_SAMPLES)
            .await
            .or_failure(caller)?;
        let known_until = samples.last().map(|(at, _)| Instant(*at));
        let (state, step) = beside_the_pages(series, samples, now).await;
        let kept = StoredForecast {
            made_at: now,
            known_until,
            next_at: now.plus(next_in(&state, step)),
            input_hash: None,
            state: state.clone(),
        };
        self.store
            .put_forecast(id, &kept)
            .await
            .or_failure(caller)?;
        Ok(state)
    }
}

/// When to look again: new data moves a daily forecast once an hour and a five-minute one at once.
fn next_in(state: &ForecastState, step: Option<Step>) -> i64 {
    match (state, step) {
        (ForecastState::Unknown { .. }, _) | (_, None) => Instant::MINUTE,
        (_, Some(step)) => {
            (step.seconds() * Instant::SECOND / 4).clamp(Instant::MINUTE, Instant::HOUR)
        }
    }
}

/// Runs the engine on a thread of its own, within a budget, whatever it does.
async fn beside_the_pages(
    series: Series,
    samples: Vec<(i64, f64)>,
    now: Instant,
) -> (ForecastState, Option<Step>) {
    let stop = CancellationToken::new();
    let given_up = stop.clone();
    let work = tokio::task::spawn_blocking(move || {
        // The engines promise not to panic; what they stand on does not.
        std::panic::catch_unwind(AssertUnwindSafe(|| {
            compute(&series, &samples, now, &|| stop.is_cancelled())
        }))
    });
    let failed = |reason: &str| {
        (
            ForecastState::Unknown {
                why: WhyUnknown::Failed {
                    reason: reason.to_owned(),
                },
            },
            None,
        )
    };
    tokio::pin!(work);
    tokio::select! {
        answer = &mut work => match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => failed("a model failed"),
        },
        () = tokio::time::sleep(BUDGET) => {
            given_up.cancel();
            failed("it took too long")
        }
    }
}

fn compute(
    series: &Series,
    samples: &[(i64, f64)],
    now: Instant,
    cancelled: &dyn Fn() -> bool,
) -> (ForecastState, Option<Step>) {
    let samples: Vec<Sample> = samples
        .iter()
        .map(|(at, value)| Sample::new(*at, *value))
        .collect();
    let Some(step) = series::choose_step_for(&samples, AHEAD_SECONDS) else {
        let why = if samples.is_empty() {
            WhyUnknown::NoData
        } else {
            not_enough(samples.len())
        };
        return (ForecastState::Unknown { why }, None);
    };
    match on_grid(series, &samples, step, now, cancelled) {
        Ok(forecast) => (
            ForecastState::Ready {
                forecast: Box::new(forecast),
            },
            Some(step),
        ),
        Err(why) => (ForecastState::Unknown { why }, Some(step)),
    }
}

fn on_grid(
    series: &Series,
    samples: &[Sample],
    step: Step,
    now: Instant,
    cancelled: &dyn Fn() -> bool,
) -> std::result::Result<Forecast, WhyUnknown> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Err(WhyUnknown::NoData);
    };
    let way = aggregation(series.aggregation);
    // The present period is not over yet: half a day's orders are no day's orders, and a day that has
    // just begun looks like a decline that stopped.
    let end = step.floor(now.0).min(last.at_us + 1);
    let grid = series::resample(samples, step, way, first.at_us..end).map_err(|error| {
        WhyUnknown::Failed {
            reason: error.to_string(),
        }
    })?;
    let filled = series::fill(&grid).map_err(|error| match error {
        series::FillError::Empty => not_enough(0),
        series::FillError::TooManyMissing { missing, periods } => WhyUnknown::TooManyGaps {
            missing_percent: u32::try_from(missing * 100 / periods.max(1)).unwrap_or(100),
        },
    })?;
    if filled.values.len() < FEWEST as usize {
        return Err(not_enough(filled.values.len()));
    }
    let request = Request {
        values: &filled.values,
        seasons: step.seasons(),
        horizon: horizon(step, filled.values.len()),
        non_negative: series.non_negative,
        integer: false,
    };
    let outcome = forecast::forecast(&request, cancelled).map_err(|error| match error {
        ForecastError::NotEnough { have, .. } => not_enough(have),
        other => WhyUnknown::Failed {
            reason: other.to_string(),
        },
    })?;
    Ok(assemble(series, &filled, &outcome, last, now))
}

fn not_enough(have: usize) -> WhyUnknown {
    WhyUnknown::NotEnough {
        have: u32::try_from(have).unwrap_or(u32::MAX),
        need: FEWEST,
    }
}

/// The engines' word for it.
pub(crate) const fn aggregation(way: api::Aggregation) -> series::Aggregation {
    match way {
        api::Aggregation::Last => series::Aggregation::Last,
        api::Aggregation::Mean => series::Aggregation::Mean,
        api::Aggregation::Sum => series::Aggregation::Sum,
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

fn assemble(
    series: &Series,
    filled: &Filled,
    outcome: &Outcome,
    last: &Sample,
    now: Instant,
) -> Forecast {
    let step = filled.step;
    let end = filled.end_us();
    // A grid point stands for its period; a level is reached by the period's end.
    let at = |i: usize| Instant(step.advance(end, i64::try_from(i).unwrap_or(i64::MAX)));
    let points = (0..outcome.point.len())
        .map(|i| ForecastPoint {
            at: at(i),
            point: outcome.point[i],
            lo80: outcome.lo80[i],
            hi80: outcome.hi80[i],
            lo95: outcome.lo95[i],
            hi95: outcome.hi95[i],
        })
        .collect();
    let horizon = at(outcome.point.len().saturating_sub(1));
    Forecast {
        made_at: now,
        known_until: Instant(last.at_us),
        step: step.label().to_owned(),
        step_seconds: u32::try_from(step.seconds()).unwrap_or(u32::MAX),
        history: u32::try_from(outcome.used).unwrap_or(u32::MAX),
        filled: u32::try_from(filled.filled).unwrap_or(u32::MAX),
        points,
        back_test: back_test(outcome),
        crossing: series
            .limit
            .map(|limit| crossing(limit, outcome, last, step, end, horizon)),
    }
}

fn back_test(outcome: &Outcome) -> BackTest {
    let tried = outcome.origins > 0;
    let kept = |value: f64| (tried && value.is_finite()).then_some(value);
    BackTest {
        origins: u32::try_from(outcome.origins).unwrap_or(u32::MAX),
        mase: kept(outcome.ensemble_error.mase),
        naive_mase: kept(outcome.naive_error.mase),
        smape: kept(outcome.ensemble_error.smape),
        naive_smape: kept(outcome.naive_error.smape),
        beats_naive: tried && outcome.beats_naive,
        members: outcome
            .members
            .iter()
            .map(|m| MemberScore {
                name: m.model.name().to_owned(),
                weight: m.weight,
                mase: m.error.map(|e| e.mase).filter(|e| e.is_finite()),
                failed: m.failed.clone(),
            })
            .collect(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and so does the calendar"
)]
fn crossing(
    limit: api::Limit,
    outcome: &Outcome,
    last: &Sample,
    step: Step,
    end: i64,
    horizon: Instant,
) -> Crossing {
    let direction = match limit.direction {
        Direction::Rising => forecast::Direction::Rising,
        Direction::Falling => forecast::Direction::Falling,
    };
    // One step after the last known period is the first forecast point, which lies at `end`.
    let at = |steps: f64| {
        let whole = steps.floor();
        let from = step.advance(end, whole as i64 - 1);
        let to = step.advance(from, 1);
        Instant(from + ((to - from) as f64 * (steps - whole)) as i64)
    };
    let mut out = Crossing {
        limit: limit.value,
        already: false,
        median: None,
        lo80: None,
        hi80: None,
        lo95: None,
        hi95: None,
        probability: 0.0,
        horizon,
    };
    match forecast::time_to_limit(last.value, outcome, limit.value, direction) {
        forecast::Crossing::Already => {
            out.already = true;
            out.probability = 1.0;
        }
        forecast::Crossing::Reaches {
            median_step,
            lo80,
            hi80,
            lo95,
            hi95,
            probability,
        } => {
            out.median = median_step.map(at);
            out.lo80 = lo80.map(at);
            out.hi80 = hi80.map(at);
            out.lo95 = lo95.map(at);
            out.hi95 = hi95.map(at);
            out.probability = probability;
        }
        forecast::Crossing::Clear { probability } => out.probability = probability,
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = Instant::DAY;

    fn falling_stock(days: i64) -> Vec<(i64, f64)> {
        // 600 at first, 5 a day, a little more on every seventh day.
        (0..days)
            .map(|d| {
                (
                    d * DAY,
                    600.0 - 5.0 * d as f64 - if d % 7 == 0 { 1.0 } else { 0.0 },
                )
            })
            .collect()
    }

    #[test]
    fn stock_that_falls_by_five_a_day_runs_out_when_it_is_gone() {
        let series = fakes::series("stock").falling_to(0.0).build();
        let samples = falling_stock(110);
        let now = Instant(109 * DAY);
        let (state, step) = compute(&series, &samples, now, &|| false);
        let ForecastState::Ready { forecast } = state else {
            panic!("{state:?}")
        };
        assert_eq!(step, Some(Step::Day));
        let crossing = forecast.crossing.unwrap();
        let days = crossing.median.unwrap().seconds_since(now) / 86_400.0;
        assert!((9.0..=13.0).contains(&days), "{days}");
        assert!(
            crossing.lo80 <= crossing.median
                && crossing.median <= crossing.hi80.or(Some(crossing.horizon))
        );
    }

    #[test]
    fn nine_points_are_not_enough_and_said_so() {
        let series = fakes::series("stock").falling_to(0.0).build();
        let (state, _) = compute(&series, &falling_stock(9), Instant(9 * DAY), &|| false);
        assert_eq!(
            state,
            ForecastState::Unknown {
                why: WhyUnknown::NotEnough { have: 9, need: 24 }
            }
        );
    }

    #[test]
    fn nothing_is_no_data() {
        let series = fakes::series("stock").build();
        let (state, _) = compute(&series, &[], Instant(0), &|| false);
        assert_eq!(
            state,
            ForecastState::Unknown {
                why: WhyUnknown::NoData
            }
        );
    }
}
