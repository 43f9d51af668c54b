//! Short histories for sparklines: the window that suits each series.

use std::collections::BTreeMap;

use api::{Caller, Instant, Result, Series};

use crate::Hub;
use crate::failure::OrFailure;

/// How many values a sparkline has.
const VALUES: u32 = 40;

/// The windows a sparkline may show, the shortest first.
const WINDOWS: [i64; 4] = [
    15 * Instant::MINUTE,
    24 * Instant::HOUR,
    30 * Instant::DAY,
    180 * Instant::DAY,
];

/// The window for a series: the shortest that covers its history, or the longest.
fn window(series: &Series) -> i64 {
    let age = match (series.first_at, series.last) {
        (Some(first), Some(last)) => last.at.0 - first.0,
        _ => 0,
    };
    WINDOWS
        .into_iter()
        .find(|w| *w >= age)
        .unwrap_or(WINDOWS[WINDOWS.len() - 1])
}

impl Hub {
    /// A short history for each, oldest first; it ends at the series' newest sample, so that a
    /// series that fell silent still shows what it was.
    pub(crate) async fn sparks(
        &self,
        caller: &Caller,
        series: &[Series],
    ) -> Result<Vec<Vec<Option<f64>>>> {
        let now = self.clock.now();
        let mut groups: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for (place, one) in series.iter().enumerate() {
            let window = window(one);
            let last = one.last.map_or(now, |p| p.at);
            // Silent ones have their own end; the others share the present.
            let end = if now.0 - last.0 > window / 4 {
                last
            } else {
                now
            };
            groups.entry((window, end.0)).or_default().push(place);
        }
        let mut out = vec![Vec::new(); series.len()];
        for ((window, end), places) in groups {
            let ids: Vec<_> = places
                .iter()
                .filter_map(|p| series.get(*p).map(|s| s.id.clone()))
                .collect();
            let end = Instant(end).plus(1);
            let sparks = self
                .store
                .sparks(&ids, end.minus(window), end, VALUES)
                .await
                .or_failure(caller)?;
            for (place, spark) in places.into_iter().zip(sparks) {
                out[place] = dense(&spark);
            }
        }
        Ok(out)
    }
}

/// Empty stretches at both ends are cut off; a history with fewer samples than the sparkline has
/// places is drawn without the places between, which are no gaps.
fn dense(spark: &[Option<f64>]) -> Vec<Option<f64>> {
    let known = spark.iter().flatten();
    if known.clone().count() * 2 < spark.len() {
        return known.copied().map(Some).collect();
    }
    let first = spark.iter().position(Option::is_some).unwrap_or(0);
    let last = spark.iter().rposition(Option::is_some).map_or(0, |p| p + 1);
    spark
        .get(first..last)
        .map(<[_]>::to_vec)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_histories_are_drawn_close_and_gaps_stay_gaps() {
        assert_eq!(
            dense(&[None, None, Some(1.0), None, None, Some(2.0)]),
            [Some(1.0), Some(2.0)]
        );
        assert_eq!(
            dense(&[None, Some(1.0), None, Some(2.0), Some(3.0)]),
            [Some(1.0), None, Some(2.0), Some(3.0)]
        );
        assert!(dense(&[None; 5]).is_empty());
    }
}
