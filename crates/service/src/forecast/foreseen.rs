//! What will come or go: the running total of a forecast.

use api::{ForecastState, Instant, Series, WhyUnknown};
use serde::{Deserialize, Serialize};
use series::{RunningTotal, Total};

/// What will come or go, added up from an instant on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Foreseen {
    /// Where the first step begins.
    pub(crate) from: Instant,
    /// The length of a step.
    pub(crate) step_seconds: u32,
    /// Up to the end of each step: the middle, and the upper edges of the 80 % and the 95 % band.
    pub(crate) totals: Vec<[f64; 3]>,
}

impl Foreseen {
    /// Where the last step ends.
    pub(crate) fn until(&self) -> Instant {
        let steps = i64::try_from(self.totals.len()).unwrap_or(i64::MAX);
        let length = i64::from(self.step_seconds) * Instant::SECOND;
        self.from.plus(steps.saturating_mul(length))
    }

    /// Days of a step.
    pub(crate) fn step_days(&self) -> f64 {
        f64::from(self.step_seconds) / 86_400.0
    }

    /// As engines take it.
    pub(crate) fn sums(&self) -> Vec<Total> {
        let total = |[point, hi80, hi95]: &[f64; 3]| Total {
            point: *point,
            hi80: *hi80,
            hi95: *hi95,
        };
        self.totals.iter().map(total).collect()
    }

    /// What all of it comes to.
    pub(crate) fn sum(&self) -> f64 {
        self.totals.last().map_or(0.0, |[point, ..]| *point)
    }

    /// The curve of it; `None` without totals.
    pub(crate) fn running(&self) -> Option<RunningTotal> {
        RunningTotal::new(self.step_days(), &self.sums())
    }

    /// As it is, unless it ended before now.
    pub(super) fn at(self, now: Instant, newest: Instant) -> Result<Self, WhyUnknown> {
        if now <= self.until() {
            return Ok(self);
        }
        let hours = (now.0 - newest.0) / Instant::HOUR;
        Err(WhyUnknown::OutOfDate {
            hours: u32::try_from(hours).unwrap_or(u32::MAX),
        })
    }
}

/// What will come or go, where a series says what did.
pub(crate) fn foreseen_of(
    series: &Series,
    state: Option<&ForecastState>,
    now: Instant,
) -> Result<Foreseen, WhyUnknown> {
    if !series.aggregation.adds_up() {
        return Err(WhyUnknown::Failed {
            reason: format!("the values of {} do not add up", series.title),
        });
    }
    let forecast = match state {
        None => return Err(WhyUnknown::Pending),
        Some(ForecastState::Unknown { why }) => return Err(why.clone()),
        Some(ForecastState::Ready { forecast }) => forecast,
    };
    // Made by a version that did not add up yet.
    let first = forecast.totals.first().ok_or(WhyUnknown::Pending)?;
    let totals = forecast.totals.iter();
    let foreseen = Foreseen {
        from: first.at,
        step_seconds: forecast.step_seconds,
        totals: totals.map(|one| [one.point, one.hi80, one.hi95]).collect(),
    };
    foreseen.at(now, forecast.known_until)
}
