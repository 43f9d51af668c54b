//! Updates: what came in taken into the models that are there, and fits put into the queue where a
//! model is not there, is old, or has drifted.

use std::collections::HashMap;

use api::{
    Caller, FitReason, ForecastState, Instant, JobKind, KEPT_ERRORS, KEPT_VERSIONS, Range, Result,
    Series, SeriesId, Topic,
};
use futures::{StreamExt as _, stream};
use series::Step;
use store::{NewError, NewJob, NewScore, StoredVersion};

use super::engine::{Advance, Model, NoModel, advance, again, asked, history};
use super::shape::shaped;
use super::work::AT_ONCE;
use super::{BUDGET_US, FEWEST, MOST_SAMPLES, kept, not_enough, unknown};
use crate::Hub;
use crate::aside::cpu_us;
use crate::failure::OrFailure;

/// How many series are read and written together.
const BATCH: u32 = 64;
/// How many such batches one job does at most; what is left waits for the next.
const BATCHES: u32 = 40;
/// After so long a model is old.
const OLD: i64 = 7 * Instant::DAY;
/// So many new points are much: a tenth of those it was fitted on, but at least and at most so many.
const MUCH: (u32, u32) = (24, 150);
/// How long a fit that was put in has until the series is looked at again.
const PATIENCE: i64 = 10 * Instant::MINUTE;

/// What an update did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Updated {
    /// How many series have what is over in their forecasts now.
    pub(crate) updated: u32,
    /// How many fits were put into the queue.
    pub(crate) queued: u32,
}

/// A series that has news.
struct Due {
    series: Series,
    /// When a sample came in that was older than its newest.
    late_at: Option<Instant>,
    /// Which version is in force.
    live: Option<u32>,
    /// Whether nothing could be said of its future when it was looked at last.
    unknown: bool,
}

/// What became of it.
enum Came {
    /// The forecast is up to date.
    Score(Box<NewScore>, Box<Model>, Option<(FitReason, u8, i64)>),
    /// It is to be fitted first.
    Fit(FitReason),
    /// Nothing can be said of it.
    Nothing(store::StoredForecast),
}

impl Hub {
    /// Brings the forecasts of series with news up to date.
    pub(crate) async fn update_due(&self, caller: &Caller) -> Result<Updated> {
        self.learn(caller).await;
        let mut all = Updated::default();
        for _ in 0..BATCHES {
            let now = self.clock.now();
            let due = self.store.due(now, BATCH).await.or_failure(caller)?;
            let full = due.len() >= BATCH as usize;
            let done = self.update_some(caller, due, now).await?;
            all.updated += done.updated;
            all.queued += done.queued;
            if !full {
                break;
            }
        }
        if all.updated > 0 {
            self.changed(Topic::Forecasts, None);
        }
        Ok(all)
    }

    async fn update_some(
        &self,
        caller: &Caller,
        due: Vec<(SeriesId, Option<Instant>)>,
        now: Instant,
    ) -> Result<Updated> {
        let ids: Vec<SeriesId> = due.iter().map(|(id, _)| id.clone()).collect();
        let late: HashMap<SeriesId, Option<Instant>> = due.into_iter().collect();
        let series = self.store.series_of(&ids).await.or_failure(caller)?;
        let live = self.store.live_numbers(&ids).await.or_failure(caller)?;
        let before = self.forecast_states(caller, &ids).await?;
        let work = series.into_iter().map(|series| {
            let due = Due {
                late_at: late.get(&series.id).copied().flatten(),
                live: live.get(&series.id).copied(),
                unknown: matches!(before.get(&series.id), Some(ForecastState::Unknown { .. })),
                series,
            };
            self.update_one(caller, due, now)
        });
        let (mut scores, mut jobs, mut waiting, mut unchanged, mut done) = (
            Vec::new(),
            Vec::new(),
            Vec::new(),
            Vec::new(),
            Updated::default(),
        );
        // Written after the loop: nothing goes on in the others while it waits for the writer.
        let mut work = stream::iter(work).buffered(AT_ONCE);
        while let Some(came) = work.next().await {
            match came? {
                (id, Came::Score(score, model, fit)) => {
                    scores.push(*score);
                    jobs.extend(fit.map(|(reason, priority, after)| {
                        fit_job(&id, reason, priority, now.plus(after))
                    }));
                    self.models.put(id, *model);
                    done.updated += 1;
                }
                (id, Came::Fit(reason)) => {
                    jobs.push(fit_job(&id, reason, 3, now));
                    waiting.push(id);
                }
                (id, Came::Nothing(forecast)) => unchanged.push((id, forecast)),
            }
        }
        for (id, forecast) in unchanged {
            let put = self.store.put_forecast(&id, &forecast).await;
            // Removed meanwhile: nobody asks for it.
            if !put.as_ref().is_err_and(store::StoreError::is_missing) {
                put.or_failure(caller)?;
            }
            done.updated += 1;
        }
        done.queued = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        self.store.put_scores(&scores).await.or_failure(caller)?;
        let put = self.store.put_jobs(&jobs, now).await;
        put.or_failure(caller)?;
        let later = now.plus(PATIENCE);
        let put = self.store.put_next_of(&waiting, later).await;
        put.or_failure(caller)?;
        Ok(done)
    }

    async fn update_one(
        &self,
        caller: &Caller,
        due: Due,
        now: Instant,
    ) -> Result<(SeriesId, Came)> {
        let id = due.series.id.clone();
        let Some(live) = due.live else {
            let came = self.without_model(caller, due, now).await?;
            return Ok((id, came));
        };
        let kept_model = self.models.end(&id).filter(|(number, _)| *number == live);
        let mut model = None;
        if let Some((_, end)) = kept_model {
            let since = Range {
                from: Instant(end),
                to: Instant(i64::MAX),
            };
            let samples = self.store.samples(&id, since, MOST_SAMPLES).await;
            let samples = samples.or_failure(caller)?;
            let samples = self.with_silence(caller, &due.series, samples, now).await?;
            model = self.models.take(&id).filter(|model| {
                model.number == live && model.end == end && model.fits(&due.series)
            });
            if let Some(one) = &mut model
                && advance(one, &samples, now, &self.models.pool(one.step)) == Advance::Gap
            {
                model = None;
            }
        }
        let model = match model {
            Some(model) => Some(model),
            None => self.made_again(caller, &due.series, now).await?,
        };
        let Some(model) = model else {
            return Ok((id, Came::Fit(FitReason::Late)));
        };
        let fit = wants_fit(&model, due.late_at, now);
        let pool = self.models.pool(model.step);
        let series = due.series;
        let readings = self.readings(caller, &series, model.step).await?;
        let asked = self.aside.run(move || {
            let outcome = asked(&model, model.horizon, &pool)?;
            let score = score(&series, &model, &outcome, &readings, now);
            Ok::<_, NoModel>(Came::Score(Box::new(score), Box::new(model), fit))
        });
        let came = asked.await.and_then(Result::ok);
        Ok((id, came.unwrap_or(Came::Fit(FitReason::First))))
    }

    /// The model in force, made again from its version; `None` where its data are not what they were.
    async fn made_again(
        &self,
        caller: &Caller,
        series: &Series,
        now: Instant,
    ) -> Result<Option<Model>> {
        let live = self.store.live_version(&series.id).await;
        match live.or_failure(caller)? {
            Some(live) => self.remade(caller, series, live, now).await,
            None => Ok(None),
        }
    }

    /// A version as a model; `None` where its data are not what they were, or the series is counted
    /// in another way since.
    pub(crate) async fn remade(
        &self,
        caller: &Caller,
        series: &Series,
        stored: StoredVersion,
        now: Instant,
    ) -> Result<Option<Model>> {
        let since = Range {
            from: stored.version.window.from,
            to: Instant(i64::MAX),
        };
        let samples = self.store.samples(&series.id, since, 2 * MOST_SAMPLES);
        let samples = samples.await.or_failure(caller)?;
        let samples = self.with_silence(caller, series, samples, now).await?;
        let almanac = self.almanac(caller).await?;
        let series = series.clone();
        let pools = self.models.pools();
        let made = self.aside.run(move || {
            let begun = cpu_us();
            let cancelled = || cpu_us() - begun > BUDGET_US;
            again(
                &series,
                &samples,
                now,
                (&stored, &almanac),
                &pools,
                &cancelled,
            )
        });
        Ok(made.await.flatten())
    }

    /// A series without a model: whether one can be fitted, where that was not so before.
    async fn without_model(&self, caller: &Caller, due: Due, now: Instant) -> Result<Came> {
        if !due.unknown {
            return Ok(Came::Fit(FitReason::First));
        }
        let samples = self.store.last_n(&due.series.id, MOST_SAMPLES).await;
        let samples = samples.or_failure(caller)?;
        let samples = self.with_silence(caller, &due.series, samples, now).await?;
        let series = due.series.clone();
        let found = self
            .aside
            .run(move || history(&series, &samples, now, None));
        let (why, step) = match found.await {
            Some(Err(NoModel::Unknown(why, step))) => (why, step),
            Some(Ok(filled)) if filled.values.len() < FEWEST as usize => {
                (not_enough(filled.values.len()), Some(filled.step))
            }
            _ => return Ok(Came::Fit(FitReason::First)),
        };
        Ok(Came::Nothing(kept(&due.series, unknown(why), step, now)))
    }

    /// What is known of a series' future with its model as it is: for where only the limit is
    /// another. It is fitted where it has none.
    pub(crate) async fn ask_anew(&self, caller: &Caller, id: &SeriesId) -> Result<ForecastState> {
        let series = self.series_or_404(caller, id).await?;
        let now = self.clock.now();
        let live = self.store.live_numbers(std::slice::from_ref(id)).await;
        let live = live.or_failure(caller)?.get(id).copied();
        let kept_model = self.models.take(id);
        let kept_model =
            kept_model.filter(|model| Some(model.number) == live && model.fits(&series));
        let model = match (kept_model, live) {
            (Some(model), _) => Some(model),
            (None, Some(_)) => self.made_again(caller, &series, now).await?,
            (None, None) => None,
        };
        let Some(model) = model.filter(|model| model.fits(&series)) else {
            return self.fit_now(caller, id, FitReason::First).await;
        };
        let pool = self.models.pool(model.step);
        let Ok(outcome) = asked(&model, model.horizon, &pool) else {
            return self.fit_now(caller, id, FitReason::First).await;
        };
        let readings = self.readings(caller, &series, model.step).await?;
        let score = score(&series, &model, &outcome, &readings, now);
        let state = score.forecast.state.clone();
        self.store.put_scores(&[score]).await.or_failure(caller)?;
        self.models.put(id.clone(), model);
        Ok(state)
    }

    /// Learns what series know together, where that has become old.
    async fn learn(&self, caller: &Caller) {
        let now = self.clock.now();
        for (step, (of, calibrations)) in self.models.to_learn(now) {
            let learned = self
                .aside
                .run(move || forecast::Pool::learn(&calibrations))
                .await;
            if let Some(pool) = learned {
                self.models.learned(step, of, pool, now);
            } else {
                tracing::error!(
                    request_id = caller.request_id,
                    "what series know together could not be learned"
                );
            }
        }
    }

    /// Forgets old versions; answers how many.
    pub(crate) async fn forget_versions(&self, caller: &Caller) -> Result<u64> {
        let forgotten = self.store.forget_versions(KEPT_VERSIONS, 10_000).await;
        forgotten.or_failure(caller)
    }
}

/// What is kept of a model that is up to date.
pub(crate) fn score(
    series: &Series,
    model: &Model,
    outcome: &forecast::Outcome,
    readings: &[(i64, f64)],
    now: Instant,
) -> NewScore {
    let forecast = Box::new(shaped(series, model, outcome, readings, now));
    NewScore {
        series: series.id.clone(),
        forecast: kept(
            series,
            ForecastState::Ready { forecast },
            Some(model.step),
            now,
        ),
        number: model.number,
        live: model.live(),
        nearness: model.drift.nearness(),
        drifted_at: model.drifted_at,
        error: model.drift.error().map(|error| NewError {
            slot: slot(model.step, model.end),
            at: Instant(model.end),
            error,
        }),
    }
}

/// The place in the ring of a series' errors of what is known up to `end`.
///
/// A live error is the mean of some thirty, so of the finest grids not every step has a place: a series
/// that is new is on such a grid for some days only, and would fill its ring in three hours.
fn slot(step: Step, end: i64) -> u32 {
    let steps = match step {
        Step::Minute => 10,
        Step::FiveMinutes => 12,
        Step::QuarterHour => 4,
        Step::Hour | Step::SixHours | Step::Day | Step::Week | Step::Month => 1,
    };
    let place = step.between(0, end).div_euclid(steps);
    u32::try_from(place.rem_euclid(i64::from(KEPT_ERRORS))).unwrap_or(0)
}

/// Whether a model is to be fitted anew, why, how soon it has its turn, and after how long.
fn wants_fit(
    model: &Model,
    late_at: Option<Instant>,
    now: Instant,
) -> Option<(FitReason, u8, i64)> {
    if model.held_until.is_some_and(|until| until > now) {
        return None;
    }
    let age = now.0 - model.made_at.0;
    let seen = model.drift.seen();
    let rested = age > (model.step.seconds() * Instant::SECOND).max(Instant::HOUR);
    if late_at.is_some_and(|late| late > model.made_at) && rested {
        return Some((FitReason::Late, 5, 0));
    }
    if model.drift.drifted() {
        return Some((FitReason::Drift, 4, 0));
    }
    if seen >= (model.points / 10).clamp(MUCH.0, MUCH.1) && rested {
        return Some((FitReason::News, 6, 0));
    }
    // Models that were made together grow old together: a place in the minute of their last period
    // staggers them over an hour.
    let stagger = (model.made_at.0 / 7).rem_euclid(Instant::HOUR);
    (age > OLD && seen > 0).then_some((FitReason::Age, 7, stagger))
}

/// The job that fits a series.
pub(crate) fn fit_job(id: &SeriesId, reason: FitReason, priority: u8, run_at: Instant) -> NewJob {
    NewJob {
        kind: JobKind::FitModel,
        key: id.0.clone(),
        // A unit variant has no way not to be written.
        payload: serde_json::to_string(&reason).unwrap_or_default(),
        priority,
        run_at,
        most_attempts: 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_follow_each_other_have_places_of_their_own_until_the_ring_is_full() {
        let place = |step: Step, index: i64| slot(step, step.advance(0, index));
        for (step, together) in [(Step::Minute, 10), (Step::QuarterHour, 4), (Step::Month, 1)] {
            assert_eq!(place(step, 0), 0);
            assert_eq!(place(step, together - 1), 0, "{step:?}");
            assert_eq!(place(step, together), 1, "{step:?}");
            let round = together * i64::from(KEPT_ERRORS);
            assert_eq!(place(step, round - 1), KEPT_ERRORS - 1);
            assert_eq!(place(step, round), 0);
            assert_eq!(place(step, -1), KEPT_ERRORS - 1, "before 1970");
        }
    }
}
