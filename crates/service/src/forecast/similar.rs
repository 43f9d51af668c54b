//! What a series' past holds that is like its latest stretch.

use api::{
    Caller, Instant, Point, Range, Result, Series, SeriesId, SimilarPast, SimilarPeriod, WhyUnknown,
};
use series::{Filled, Step};

use super::MOST_SAMPLES;
use super::engine::{NoModel, history};
use crate::Hub;
use crate::failure::OrFailure;

/// How many stretches are told: more lines are no help to the eye.
const MOST: usize = 4;
/// A stretch that has a smaller share of the latest one's ups and downs is not told: it is hardly like it.
const LEAST: f64 = 0.25;

impl Hub {
    pub(super) async fn similar_past(&self, caller: &Caller, id: &SeriesId) -> Result<SimilarPast> {
        let series = self.series_or_404(caller, id).await?;
        let now = self.clock.now();
        let samples = self.store.last_n(id, MOST_SAMPLES).await;
        let samples = samples.or_failure(caller)?;
        let samples = self.with_silence(caller, &series, samples, now).await?;
        let found = self.aside.run(move || compared(&series, &samples, now));
        let failed = || {
            nothing(WhyUnknown::Failed {
                reason: "the comparison failed".to_owned(),
            })
        };
        Ok(found.await.unwrap_or_else(failed))
    }
}

/// How many points of a grid are a stretch that people have in their heads: weeks of days, days of hours.
const fn stretch(step: Step) -> usize {
    match step {
        Step::Minute => 120,
        Step::FiveMinutes => 144,
        Step::QuarterHour => 96,
        Step::Hour => 72,
        Step::SixHours | Step::Day => 28,
        Step::Week => 13,
        Step::Month => 6,
    }
}

fn nothing(why: WhyUnknown) -> SimilarPast {
    SimilarPast {
        step_seconds: 0,
        latest: Vec::new(),
        periods: Vec::new(),
        unknown: Some(why),
    }
}

fn compared(series: &Series, samples: &[(i64, f64)], now: Instant) -> SimilarPast {
    let known = match history(series, samples, now, None) {
        Ok(known) => known,
        Err(NoModel::Unknown(why, _)) => return nothing(why),
        Err(NoModel::Failed(reason)) => return nothing(WhyUnknown::Failed { reason }),
    };
    let length = stretch(known.step);
    let have = known.values.len();
    // Itself, one before it, and what came after that.
    if have < 2 * length {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        return nothing(WhyUnknown::NotEnough {
            have: small(have),
            need: small(2 * length),
        });
    }
    let begin = have - length;
    let found = forecast::analogues(&known.values, length, length, MOST);
    let found = found.into_iter().filter(|one| one.alike >= LEAST);
    let periods = found.map(|one| SimilarPeriod {
        range: Range {
            from: at(&known, one.start),
            to: at(&known, one.start + length),
        },
        alike: one.alike,
        points: points(&known, begin, &one.values),
    });
    SimilarPast {
        step_seconds: u32::try_from(known.step.seconds()).unwrap_or(u32::MAX),
        latest: points(&known, begin, &known.values[begin..]),
        periods: periods.collect(),
        unknown: None,
    }
}

fn at(known: &Filled, place: usize) -> Instant {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    Instant(known.step.advance(known.start_us, place))
}

/// Values from that place of the grid on.
fn points(known: &Filled, from: usize, values: &[f64]) -> Vec<Point> {
    let values = values.iter().enumerate();
    let points = values.map(|(place, value)| Point {
        at: at(known, from + place),
        value: Some(*value),
    });
    points.collect()
}
