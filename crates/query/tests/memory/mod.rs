//! Samples that lie in memory, for tests and for the benchmark.

use query::{Samples, Select, SelectedSeries, matches_all};
use std::convert::Infallible;

/// Every series there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) series: Vec<SelectedSeries>,
}

impl Memory {
    /// Adds a series; `samples` are instants in milliseconds and values.
    pub(crate) fn push(
        &mut self,
        labels: &[(&str, &str)],
        samples: impl IntoIterator<Item = (i64, f64)>,
    ) {
        let (at_ms, values) = samples.into_iter().unzip();
        self.series.push(SelectedSeries {
            labels: series::Labels::new(labels.iter().copied()).expect("labels are distinct"),
            at_ms,
            values,
        });
    }
}

impl Samples for Memory {
    type Error = Infallible;

    fn select(&self, wanted: &Select<'_>) -> Result<Vec<SelectedSeries>, Infallible> {
        let found = self
            .series
            .iter()
            .filter(|series| matches_all(wanted.matchers, series.labels.as_ref()));
        Ok(found
            .map(|series| {
                let from = series.at_ms.partition_point(|at| *at < wanted.from_ms);
                let to = series
                    .at_ms
                    .partition_point(|at| *at <= wanted.to_ms)
                    .max(from);
                SelectedSeries {
                    labels: series.labels.clone(),
                    at_ms: series.at_ms[from..to].to_vec(),
                    values: series.values[from..to].to_vec(),
                }
            })
            .collect())
    }
}
