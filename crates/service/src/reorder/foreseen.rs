//! What will be taken of a stock: the running total of a forecast.

use api::{Aggregation, Caller, ForecastState, Instant, Result, Series, WhyUnknown};
use serde::{Deserialize, Serialize};

use crate::Hub;

/// What will be taken, added up from an instant on.
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
    pub(super) fn until(&self) -> Instant {
        let steps = i64::try_from(self.totals.len()).unwrap_or(i64::MAX);
        let length = i64::from(self.step_seconds) * Instant::SECOND;
        self.from.plus(steps.saturating_mul(length))
    }

    /// As the engine takes it; `None` without totals.
    pub(super) fn demand(&self) -> Option<stock::Demand> {
        let totals = self.totals.iter().map(|[point, hi80, hi95]| stock::Total {
            point: *point,
            hi80: *hi80,
            hi95: *hi95,
        });
        let totals: Vec<_> = totals.collect();
        stock::Demand::new(f64::from(self.step_seconds) / super::DAY, &totals)
    }

    /// As it is, unless it ended before now.
    fn at(self, now: Instant, newest: Instant) -> std::result::Result<Self, WhyUnknown> {
        if now <= self.until() {
            return Ok(self);
        }
        let hours = (now.0 - newest.0) / Instant::HOUR;
        Err(WhyUnknown::OutOfDate {
            hours: u32::try_from(hours).unwrap_or(u32::MAX),
        })
    }
}

/// What will be taken, where a series says what was.
pub(super) fn of_series(
    series: &Series,
    state: Option<&ForecastState>,
    now: Instant,
) -> std::result::Result<Foreseen, WhyUnknown> {
    if series.aggregation != Aggregation::Sum {
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

impl Hub {
    /// What will be taken, where only the stock itself says what was.
    pub(super) async fn foreseen_of_falls(
        &self,
        caller: &Caller,
        stock: &Series,
        now: Instant,
    ) -> Result<std::result::Result<Foreseen, WhyUnknown>> {
        let newest = stock.last.map_or(now, |last| last.at);
        let found = self.foresee_falls(caller, stock, now).await?;
        Ok(found.and_then(|foreseen| foreseen.at(now, newest)))
    }
}
