//! What a silence says. A flow that is noted only when something happens has no value where nothing did; until
//! when that is known is said by the newest sample of its source.

use api::{Aggregation, Caller, Instant, Result, Series};

use crate::Hub;
use crate::failure::OrFailure;

impl Hub {
    /// The samples of a series, oldest first, with a nothing at their end where the silence after them says so.
    pub(crate) async fn with_silence(
        &self,
        caller: &Caller,
        series: &Series,
        mut samples: Vec<(i64, f64)>,
        now: Instant,
    ) -> Result<Vec<(i64, f64)>> {
        if series.aggregation == Aggregation::Events && series.last.is_some() {
            // What has today's date may lie at the end of today.
            let until = now.plus(Instant::DAY);
            let newest = self.store.newest_of(&series.source_id, until).await;
            let newest = newest.or_failure(caller)?;
            let last = samples.last().map(|(at, _)| *at);
            samples.extend(newest.filter(|at| Some(*at) > last).map(|at| (at, 0.0)));
        }
        Ok(samples)
    }
}
