//! The pace of late of a level with a limit: for what happens within a step of the forecast.
//!
//! What has months of history is foreseen by days, and a disk that began to fill an hour ago is full before the day is
//! over. So the latest readings are looked at on finer grids as well, each as far ahead as it is worth.

use api::{Aggregation, Caller, Instant, Pace, Result, Series};
use series::{Sample, Step};

use super::engine::aggregation;
use super::over;
use super::shape::{crossing, direction};
use crate::Hub;
use crate::failure::OrFailure;

/// The grids that are looked at, where the forecast's is coarser.
const STEPS: [Step; 3] = [Step::FiveMinutes, Step::QuarterHour, Step::Hour];
/// So many steps back: the slopes of before say what one of now is worth.
const BACK: i64 = 384;
/// So many steps ahead: half a day by five minutes, six days by hours.
const AHEAD: usize = 144;
/// So many readings are looked at: the finest grid's steps if there is one each five seconds.
const MOST_READINGS: u32 = 24_000;

/// Whether a series on a grid of that step has a pace: what is there has, and what comes and goes has none.
fn has_pace(series: &Series, step: Step) -> bool {
    let level = matches!(series.aggregation, Aggregation::Last | Aggregation::Mean);
    series.limit.is_some() && level && STEPS.iter().any(|finer| *finer < step)
}

impl Hub {
    /// What the pace of a series is found from; nothing where it has none.
    pub(crate) async fn readings(
        &self,
        caller: &Caller,
        series: &Series,
        step: Step,
    ) -> Result<Vec<(i64, f64)>> {
        if !has_pace(series, step) {
            return Ok(Vec::new());
        }
        let readings = self.store.last_n(&series.id, MOST_READINGS).await;
        readings.or_failure(caller)
    }
}

/// The pace of late by which the limit is likeliest to be reached, the sooner of two that are likely; `None` where there
/// is none on any grid finer than `step`, or the limit is reached already.
pub(crate) fn pace(
    series: &Series,
    step: Step,
    readings: &[(i64, f64)],
    now: Instant,
) -> Option<Pace> {
    if !has_pace(series, step) {
        return None;
    }
    let most = usize::try_from(MOST_READINGS).unwrap_or(usize::MAX);
    let latest = readings.get(readings.len().saturating_sub(most)..)?;
    let latest: Vec<Sample> = latest
        .iter()
        .map(|(at, value)| Sample::new(*at, *value))
        .collect();
    let native = series::guess_step(&latest)?;
    let finer = STEPS
        .into_iter()
        .filter(|finer| (native..step).contains(finer));
    let found = finer.filter_map(|finer| on(series, finer, &latest, now));
    found.min_by_key(|one| {
        let soon = one.crossing.median.map_or(i64::MAX, |at| at.0);
        (
            soon,
            std::cmp::Reverse(millionths(one.crossing.probability)),
        )
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number of at most a million"
)]
fn millionths(chance: f64) -> i64 {
    (chance.clamp(0.0, 1.0) * 1e6).round() as i64
}

fn on(series: &Series, step: Step, samples: &[Sample], now: Instant) -> Option<Pace> {
    let limit = series.limit?;
    let (first, last) = (samples.first()?, samples.last()?);
    let end = over(step, now, last.at_us);
    let from = step.advance(end, -BACK).max(step.floor(first.at_us));
    let grid = series::resample(samples, step, aggregation(series.aggregation), from..end).ok()?;
    let values = series::fill(&grid).ok()?.values;
    let pace = forecast::pace(&values, AHEAD)?;
    let said = pace.time_to_limit(limit.value, direction(limit.direction));
    let horizon = Instant(step.advance(end, i64::try_from(AHEAD).unwrap_or(i64::MAX)));
    let crossing = crossing(limit, said, (step, end), horizon);
    (!crossing.already).then(|| Pace {
        step_seconds: u32::try_from(step.seconds()).unwrap_or(u32::MAX),
        per_hour: pace.slope * 3_600.0 / step.seconds() as f64,
        crossing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = Instant::MINUTE;

    /// A disk with so many days of minutes that has been filling for the last ones, by half a percent in each.
    fn disk(days: i64, filling: i64) -> (Vec<(i64, f64)>, Instant) {
        let all = days * 1_440;
        let value = |minute: i64| {
            let fills = (minute - (all - filling)).max(0) as f64;
            40.0 + 0.05 * (minute % 7) as f64 + 0.5 * fills
        };
        let readings = (0..all).map(|minute| (minute * MINUTE, value(minute)));
        (readings.collect(), Instant(all * MINUTE))
    }

    fn told(readings: &[(i64, f64)], now: Instant, step: Step) -> Option<Pace> {
        let (at, value) = readings.last().copied()?;
        let series = fakes::series("disk").rising_to(95.0);
        let series = series.last(Instant(at), value).build();
        pace(&series, step, readings, now)
    }

    #[test]
    fn a_disk_that_began_to_fill_is_full_before_the_days_say_so() {
        let (readings, now) = disk(10, 45);
        let pace = told(&readings, now, Step::Day).unwrap();
        assert_eq!(pace.step_seconds, 300);
        assert!((20.0..40.0).contains(&pace.per_hour), "{}", pace.per_hour);
        // 65 minutes are left.
        let minutes = pace.crossing.median.unwrap().seconds_since(now) / 60.0;
        assert!((45.0..90.0).contains(&minutes), "{minutes}");
        assert!(pace.crossing.lo80 <= pace.crossing.median);
    }

    #[test]
    fn what_stays_as_it_was_has_a_pace_by_which_nothing_is_reached() {
        let (readings, now) = disk(10, 0);
        let pace = told(&readings, now, Step::Day).unwrap();
        assert_eq!(pace.crossing.median, None);
        assert!(pace.crossing.probability < 0.1);
    }

    #[test]
    fn what_is_foreseen_as_finely_as_it_is_read_has_no_pace_beside_it() {
        let (readings, now) = disk(10, 45);
        assert_eq!(told(&readings, now, Step::FiveMinutes), None);
        let days: Vec<(i64, f64)> = (0..100).map(|d| (d * Instant::DAY, d as f64)).collect();
        assert_eq!(told(&days, Instant(100 * Instant::DAY), Step::Week), None);
        assert_eq!(told(&[], now, Step::Day), None);
    }

    #[test]
    fn what_comes_and_goes_has_no_pace() {
        let (readings, now) = disk(10, 45);
        let orders = fakes::series("orders").rising_to(95.0).build();
        let summed = Series {
            aggregation: Aggregation::Sum,
            ..orders.clone()
        };
        assert_eq!(pace(&summed, Step::Day, &readings, now), None);
        let unlimited = Series {
            limit: None,
            ..orders
        };
        assert_eq!(pace(&unlimited, Step::Day, &readings, now), None);
    }
}
