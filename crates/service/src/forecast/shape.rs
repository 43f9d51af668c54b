//! What a model says, as a forecast with instants, bands and the crossing of the limit.

use api::{
    Aggregation, Crossing, Direction, Forecast, ForecastPoint, Instant, Point, Series, Unit,
};
use forecast::{Outcome, time_to_limit};
use series::Step;

use super::engine::Model;
use super::pace::pace;

/// A forecast of what the model says; `readings` are the latest, for the pace of late.
pub(crate) fn shaped(
    series: &Series,
    model: &Model,
    outcome: &Outcome,
    readings: &[(i64, f64)],
    now: Instant,
) -> Forecast {
    let (step, end) = (model.step, model.end);
    // A grid point stands for its period; a level is reached by the period's end.
    let at = |i: usize| Instant(step.advance(end, i64::try_from(i).unwrap_or(i64::MAX)));
    let most = ceiling(series);
    let points = (0..outcome.point.len())
        .map(|i| ForecastPoint {
            at: at(i),
            point: outcome.point[i].min(most),
            lo80: outcome.lo80[i].min(most),
            hi80: outcome.hi80[i].min(most),
            lo95: outcome.lo95[i].min(most),
            hi95: outcome.hi95[i].min(most),
        })
        .collect();
    // Of what is there there is no sum.
    let totals = if series.aggregation.adds_up() {
        summed(outcome, at)
    } else {
        Vec::new()
    };
    let horizon = at(outcome.point.len().saturating_sub(1));
    let last = series
        .last
        .and_then(|Point { at, value }| Some((at, value?)));
    Forecast {
        made_at: now,
        known_until: match last {
            // That there was none since is known as well.
            Some((at, _)) if series.aggregation == Aggregation::Events => at.max(Instant(end - 1)),
            Some((at, _)) => at,
            None => Instant(end),
        },
        step: step.label().to_owned(),
        step_seconds: u32::try_from(step.seconds()).unwrap_or(u32::MAX),
        history: model.points.saturating_add(model.drift.seen()),
        filled: model.filled,
        points,
        totals,
        back_test: model.back_test.clone(),
        crossing: series.limit.zip(last).map(|(limit, (_, last))| {
            let said = time_to_limit(last, outcome, limit.value, direction(limit.direction));
            crossing(limit, said, (step, end), horizon)
        }),
        pace: pace(series, step, readings, now),
    }
}

/// What the next steps come to, each with all before it.
fn summed(outcome: &Outcome, at: impl Fn(usize) -> Instant) -> Vec<ForecastPoint> {
    let total = forecast::running_total(outcome);
    // What is below zero in no step is not in sum.
    let never = outcome.lo95.iter().all(|low| *low >= 0.0);
    let least = if never { 0.0 } else { f64::NEG_INFINITY };
    (0..total.point.len())
        .map(|i| ForecastPoint {
            at: at(i),
            point: total.point[i],
            lo80: total.lo80[i].max(least),
            hi80: total.hi80[i],
            lo95: total.lo95[i].max(least),
            hi95: total.hi95[i],
        })
        .collect()
}

/// What the series cannot pass: of a whole no more than all of it is used. Told by the names that this
/// host's readings and the demo's have; what others send is never known to be non-negative.
///
/// Only what is shown is cut: the crossing of a limit is read off curves that go on, since a band that
/// was cut no longer says how likely what it was cut at is.
fn ceiling(series: &Series) -> f64 {
    let share = series.non_negative && series.unit == Unit::Percent;
    if share && series.name.ends_with("_used_percent") {
        100.0
    } else {
        f64::INFINITY
    }
}

/// The engines' word for it.
pub(super) const fn direction(direction: Direction) -> forecast::Direction {
    match direction {
        Direction::Rising => forecast::Direction::Rising,
        Direction::Falling => forecast::Direction::Falling,
    }
}

/// When a limit is reached, in instants; `end` is where the last period ended that was known.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and so does the calendar"
)]
pub(super) fn crossing(
    limit: api::Limit,
    said: forecast::Crossing,
    (step, end): (Step, i64),
    horizon: Instant,
) -> Crossing {
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
    match said {
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
    use crate::calendar::Almanac;
    use crate::forecast::engine::{asked, fit};
    use crate::forecast::keep::Pools;
    use api::FitReason;

    const DAY: i64 = Instant::DAY;

    /// The model of a series with those values, one a day, and what it says.
    fn said(series: &Series, days: i64, value: impl Fn(i64) -> f64) -> (Model, Outcome, Instant) {
        let samples: Vec<_> = (0..days).map(|d| (d * DAY, value(d))).collect();
        let now = Instant((days - 1) * DAY);
        let (model, _) = fit(
            series,
            &samples,
            now,
            (FitReason::First, &Almanac::new(None, Vec::new())),
            &Pools::default(),
            &|| false,
        )
        .unwrap();
        let outcome = asked(&model, model.horizon, &forecast::Pool::default()).unwrap();
        (model, outcome, now)
    }

    #[test]
    fn a_share_of_a_whole_is_not_foreseen_beyond_it() {
        let value = |d: i64| 0.85 * d as f64 + if d % 7 == 0 { 0.5 } else { 0.0 };
        let disk = fakes::series("disk_used_percent").rising_to(95.0);
        let disk = disk
            .unit(Unit::Percent)
            .last(Instant(109 * DAY), value(109));
        let series = disk.clone().non_negative().build();
        let (model, outcome, now) = said(&series, 110, value);
        let highest = |forecast: &Forecast| {
            let all = forecast.points.iter().map(|point| point.hi95);
            all.fold(f64::NEG_INFINITY, f64::max)
        };
        let told = shaped(&series, &model, &outcome, &[], now);
        assert!(highest(&told) <= 100.0, "{}", highest(&told));
        assert!(told.points.iter().all(|point| point.point <= point.hi80));
        // Of others a percentage may pass a hundred, and what is told of the limit is the same.
        let free = shaped(&disk.build(), &model, &outcome, &[], now);
        assert!(highest(&free) > 100.0, "{}", highest(&free));
        assert_eq!(told.crossing, free.crossing);
        assert!(told.crossing.unwrap().median.is_some());
    }

    #[test]
    fn stock_that_falls_by_five_a_day_runs_out_when_it_is_gone() {
        // 600 at first, 5 a day, a little more on every seventh day.
        let value = |d: i64| 600.0 - 5.0 * d as f64 - if d % 7 == 0 { 1.0 } else { 0.0 };
        let stock = fakes::series("stock").falling_to(0.0);
        let series = stock.last(Instant(109 * DAY), value(109)).build();
        let (model, outcome, now) = said(&series, 110, value);
        assert_eq!(model.step, Step::Day);
        let forecast = shaped(&series, &model, &outcome, &[], now);
        let crossing = forecast.crossing.unwrap();
        let days = crossing.median.unwrap().seconds_since(now) / 86_400.0;
        assert!((9.0..=13.0).contains(&days), "{days}");
        assert!(
            crossing.lo80 <= crossing.median
                && crossing.median <= crossing.hi80.or(Some(crossing.horizon))
        );
    }
}
