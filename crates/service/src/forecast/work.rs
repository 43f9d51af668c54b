//! Fits: a batch of series read, fitted on the threads beside the pages, and written in one transaction.

use std::sync::Arc;

use api::{Caller, Error, FitReason, ForecastState, JobId, Result, Series, SeriesId, WhyUnknown};
use futures::{StreamExt as _, stream};
use store::{NewFit, NewVersion};

use super::engine::{Model, NoModel, asked, fit};
use super::shape::shaped;
use super::{BUDGET_US, MOST_SAMPLES, kept, unknown};
use crate::Hub;
use crate::aside::cpu_us;
use crate::calendar::Almanac;
use crate::failure::OrFailure;

/// So many series are read and fitted at once: enough for every core, and few enough for the memory.
pub(crate) const AT_ONCE: usize = 6;

/// A fit that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    /// Of which series.
    pub(crate) series: SeriesId,
    /// Why.
    pub(crate) reason: FitReason,
    /// The job that wants it, and which process holds it.
    pub(crate) job: Option<(JobId, String)>,
}

/// What came of a fit before it was written.
struct Made {
    new: NewFit,
    model: Option<Model>,
    failed: Option<String>,
}

impl Hub {
    /// Fits each, and keeps what comes of it; answers why those failed that did.
    pub(crate) async fn fit_all(
        &self,
        caller: &Caller,
        fits: Vec<Fit>,
    ) -> Result<Vec<(Fit, String)>> {
        let now = self.clock.now();
        let ids: Vec<SeriesId> = fits.iter().map(|fit| fit.series.clone()).collect();
        let series = self.store.series_of(&ids).await.or_failure(caller)?;
        let almanac = Arc::new(self.almanac(caller).await?);
        let work = fits.into_iter().map(|fit| {
            let series = series.iter().find(|one| one.id == fit.series).cloned();
            self.fit_one(caller, fit, series, almanac.clone())
        });
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
        while let Some(made) = work.next().await {
            let (fit, made) = made?;
            match made.failed {
                Some(why) if fit.job.is_some() => failed.push((fit, why)),
                _ => done.push((made.new, made.model)),
            }
        }
        let (news, models): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        self.store.put_fits(&news, now).await.or_failure(caller)?;
        let numbers = self.store.live_numbers(&ids).await.or_failure(caller)?;
        for (new, model) in news.into_iter().zip(models) {
            if let (Some(mut model), Some(number)) = (model, numbers.get(&new.series)) {
                model.number = *number;
                self.models.put(new.series, model);
            }
        }
        Ok(failed)
    }

    async fn fit_one(
        &self,
        caller: &Caller,
        wanted: Fit,
        series: Option<Series>,
        almanac: Arc<Almanac>,
    ) -> Result<(Fit, Made)> {
        // Before the samples are read: what comes in meanwhile makes it due again.
        let now = self.clock.now();
        let Some(series) = series else {
            let made = Made {
                new: gone(&wanted, now),
                model: None,
                failed: None,
            };
            return Ok((wanted, made));
        };
        let samples = self.store.last_n(&series.id, MOST_SAMPLES).await;
        let samples = samples.or_failure(caller)?;
        let samples = self.with_silence(caller, &series, samples, now).await?;
        let pools = self.models.pools();
        let reason = wanted.reason;
        let of = series.clone();
        let found = self.aside.run(move || {
            let begun = cpu_us();
            let cancelled = || cpu_us() - begun > BUDGET_US;
            let (model, mut version) =
                fit(&of, &samples, now, (reason, &almanac), &pools, &cancelled)?;
            let outcome = asked(&model, model.horizon, &pools.of(model.step))?;
            let forecast = Box::new(shaped(&of, &model, &outcome, &samples, now));
            version.cpu_us = cpu_us() - begun;
            Ok((model, version, forecast))
        });
        let found = found
            .await
            .unwrap_or_else(|| Err(NoModel::Failed("a model failed".to_owned())));
        let made = match found {
            Ok((model, version, forecast)) => {
                let state = ForecastState::Ready { forecast };
                let step = Some(model.step);
                let words = told(&version);
                let new = NewFit {
                    forecast: kept(&series, state, step, now),
                    series: series.id,
                    version: Some(version),
                    job: ended(&wanted, words),
                };
                Made {
                    new,
                    model: Some(model),
                    failed: None,
                }
            }
            Err(none) => without(&wanted, &series, none, now),
        };
        Ok((wanted, made))
    }

    /// Fits a series here and now, since somebody waits for it; answers what is known of its future.
    pub(crate) async fn fit_now(
        &self,
        caller: &Caller,
        id: &SeriesId,
        reason: FitReason,
    ) -> Result<ForecastState> {
        let fit = Fit {
            series: id.clone(),
            reason,
            job: None,
        };
        self.fit_all(caller, vec![fit]).await?;
        let mut states = self.forecast_states(caller, std::slice::from_ref(id)).await;
        let state = states.as_mut().ok().and_then(|states| states.remove(id));
        state.ok_or_else(|| Error::not_found("series"))
    }
}

/// What a job says it did.
fn told(version: &NewVersion) -> String {
    format!(
        "Fitted {} on {} points in {:.1} ms of CPU time.",
        version.fitted.reason.words(),
        api::grouped(version.points),
        version.cpu_us as f64 / 1_000.0
    )
}

fn ended(fit: &Fit, words: String) -> Option<(JobId, String, String)> {
    let (id, holder) = fit.job.clone()?;
    Some((id, holder, words))
}

/// The end of a fit of a series that is gone.
fn gone(fit: &Fit, now: api::Instant) -> NewFit {
    NewFit {
        series: fit.series.clone(),
        forecast: store::StoredForecast {
            made_at: now,
            known_until: None,
            next_at: now,
            input_hash: None,
            state: unknown(WhyUnknown::NoData),
        },
        version: None,
        job: ended(fit, "The series is gone.".to_owned()),
    }
}

/// The end of a fit that has no model.
fn without(fit: &Fit, series: &Series, none: NoModel, now: api::Instant) -> Made {
    let (why, step, failed) = match none {
        NoModel::Unknown(why, step) => (why, step, None),
        NoModel::Failed(reason) => {
            let why = WhyUnknown::Failed {
                reason: reason.clone(),
            };
            (why, None, Some(reason))
        }
    };
    let words = format!("No model: {why}.");
    Made {
        new: NewFit {
            series: series.id.clone(),
            forecast: kept(series, unknown(why), step, now),
            version: None,
            job: ended(fit, words),
        },
        model: None,
        failed,
    }
}

impl Hub {
    /// Keeps that a series' fit was given up, so that its page says why there is no forecast.
    pub(crate) async fn gave_up(&self, caller: &Caller, id: &SeriesId, reason: &str) -> Result<()> {
        let Ok(series) = self.series_or_404(caller, id).await else {
            return Ok(());
        };
        // A model that is there goes on.
        let live = self.store.live_version(id).await.or_failure(caller)?;
        if live.is_some() {
            return Ok(());
        }
        let why = WhyUnknown::Failed {
            reason: reason.to_owned(),
        };
        let kept = kept(&series, unknown(why), None, self.clock.now());
        self.store.put_forecast(id, &kept).await.or_failure(caller)
    }
}
