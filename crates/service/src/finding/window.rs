//! What of a series is looked at: on which grid, from where on, by how much before it.

use api::{Aggregation, Instant, PREVIEW_DAYS, Series, WhyUnknown};
use series::{Grid, Sample, Step};

use super::look::failed;
use super::scores::Scores;
use crate::forecast::{aggregation, over};

/// So many points come before the first that is judged.
pub(crate) const FEWEST: usize = 101;
/// By how many points before it each is judged: a week of five minutes, a quarter of hours, five years of days.
pub(super) const MEMORY: usize = 2_016;
/// Grids begin at a multiple of so many steps: two looks on the same past say the same of it.
const HOP: i64 = 1_008;
/// So many of the newest points that were judged before are judged again, as what belongs there may come late.
const RECENT: i64 = 288;
/// Where there are more of them, minutes are too many to remember what is usual at an hour.
const MOST_MINUTES: i64 = 1_500;
/// What is looked at.
pub(super) struct Window {
    pub(super) grid: Grid,
    /// The place of the first point that is judged, where there is enough before it.
    pub(super) judged: usize,
    /// What an earlier look said of the points before that.
    pub(super) before: Option<Scores>,
}

pub(super) fn window(
    series: &Series,
    samples: &[Sample],
    now: Instant,
    before: Option<Scores>,
) -> Result<Window, WhyUnknown> {
    let Some(last) = samples.last() else {
        return Err(WhyUnknown::NoData);
    };
    let step = step(series, samples).ok_or_else(|| not_enough(samples.len()))?;
    let end = over(step, now, last.at_us);
    let place = |grid: &Grid, since: i64| {
        let steps = usize::try_from(step.between(grid.start_us, since));
        steps.unwrap_or(0).min(grid.values.len())
    };
    if let Some(before) = before.filter(|before| before.step == step) {
        let since = step.advance(before.end().0, -RECENT).max(before.from.0);
        let grid = on_grid(series, samples, step, since..end)?;
        if before.agree(&grid, Instant(since)) {
            return Ok(Window {
                judged: place(&grid, since),
                before: Some(before),
                grid,
            });
        }
    }
    let reach = i64::try_from(reach(step)).unwrap_or(i64::MAX);
    let since = step.advance(end.saturating_sub(1), 1 - reach);
    let grid = on_grid(series, samples, step, since..end)?;
    Ok(Window {
        judged: place(&grid, since),
        before: None,
        grid,
    })
}

/// The grid on which a series is looked at: as fine as its samples are. What is unusual for some minutes of a machine
/// is nothing in the mean of six hours, however long the machine has been known.
fn step(series: &Series, samples: &[Sample]) -> Option<Step> {
    if series.aggregation == Aggregation::Events {
        // How often something happens is seen over as many points as there are.
        return crate::forecast::grid(series, samples, 0);
    }
    let native = series::guess_step(samples)?;
    let (first, last) = (samples.first()?, samples.last()?);
    let many = native == Step::Minute && native.between(first.at_us, last.at_us) > MOST_MINUTES;
    Some(if many { Step::FiveMinutes } else { native })
}

/// How many steps of the past are told of: what a preview counts, and no less than what is remembered.
pub(super) fn reach(step: Step) -> usize {
    let days = i64::from(PREVIEW_DAYS) * 86_400 / step.seconds();
    usize::try_from(days).unwrap_or(0).max(MEMORY)
}

/// The grid of the range with so much before it as its first point is judged by.
fn on_grid(
    series: &Series,
    samples: &[Sample],
    step: Step,
    range: std::ops::Range<i64>,
) -> Result<Grid, WhyUnknown> {
    let finite = samples.iter().filter(|sample| sample.value.is_finite());
    let mut known: Vec<i64> = finite.map(|sample| step.floor(sample.at_us)).collect();
    known.dedup();
    let before = known.partition_point(|at| *at < range.start);
    let first = known.first().copied().unwrap_or(range.start);
    let begin = match before.checked_sub(MEMORY) {
        Some(place) => {
            let steps = step.between(0, known[place]);
            step.advance(0, steps.div_euclid(HOP) * HOP).max(first)
        }
        None => first,
    };
    let way = aggregation(series.aggregation);
    let grid = series::resample(samples, step, way, begin..range.end)
        .map_err(|error| failed(&error.to_string()))?;
    let known = grid.values.len() - grid.missing();
    if known < FEWEST {
        return Err(not_enough(known));
    }
    Ok(grid)
}

/// The place of the first point that has enough before it.
pub(super) fn first_judged(grid: &Grid) -> usize {
    let known = grid.values.iter().enumerate();
    let mut known = known.filter(|(_, value)| value.is_some());
    known.nth(FEWEST - 1).map_or(0, |(place, _)| place)
}

pub(super) fn not_enough(have: usize) -> WhyUnknown {
    WhyUnknown::NotEnough {
        have: u32::try_from(have).unwrap_or(u32::MAX),
        need: u32::try_from(FEWEST).unwrap_or(u32::MAX),
    }
}
