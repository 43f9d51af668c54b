//! What a silence says. A flow that is noted only when something happens has no value where nothing did; until
//! when that is known is said by the newest sample of its source.

use api::{Aggregation, Caller, Result, Series};

use crate::Hub;
use crate::failure::OrFailure;

impl Hub {
    /// The samples of a series, oldest first, with a nothing at their end where the silence after them says so.
    pub(crate) async fn with_silence(
        &self,
        caller: &Caller,
        series: &Series,
        samples: Vec<(i64, f64)>,
    ) -> Result<Vec<(i64, f64)>> {
        if series.aggregation != Aggregation::Events || series.last.is_none() {
            return Ok(samples);
        }
        let newest = self.store.newest_of(&series.source_id).await;
        let newest = newest.or_failure(caller)?;
        Ok(silent_until(series, samples, newest))
    }
}

/// The samples with a nothing at that instant, where it is after them and the series is one whose silence says so.
pub(super) fn silent_until(
    series: &Series,
    mut samples: Vec<(i64, f64)>,
    until: Option<i64>,
) -> Vec<(i64, f64)> {
    let last = samples.last().map(|(at, _)| *at);
    if series.aggregation == Aggregation::Events
        && let Some(until) = until.filter(|until| last.is_none_or(|last| *until > last))
    {
        samples.push((until, 0.0));
    }
    samples
}
