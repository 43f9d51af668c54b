//! Quantiles from the buckets of classic histograms.
//!
//! The method is `bucketQuantile` of Prometheus 2.42, `promql/quantile.go`: linear within the bucket
//! that holds the rank.

use crate::error::QueryError;
use crate::label_sets;
use crate::row::{ABSENT, Grid, Row, present};
use series::{Labels, METRIC_NAME};
use std::collections::HashMap;

/// The label that says a bucket's upper bound.
const BOUND: &str = "le";

#[derive(Clone, Copy, Debug)]
struct Bucket {
    upper: f64,
    count: f64,
}

/// The buckets of one histogram: their bounds, and where their counts are.
struct Histogram<'a> {
    labels: Labels,
    buckets: Vec<(f64, &'a [f64])>,
}

/// One row for each histogram. `wanted` is the quantile for each instant.
#[expect(
    clippy::unnecessary_wraps,
    reason = "native histograms will have errors of their own"
)]
pub(crate) fn quantiles(wanted: &[f64], rows: &[Row], grid: Grid) -> Result<Vec<Row>, QueryError> {
    let mut histograms: Vec<Histogram<'_>> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    for row in rows {
        let Some(upper) = bound(row.labels.as_ref().get(BOUND)) else {
            continue;
        };
        // Histograms of two names are two, though neither name is in the answer.
        let key = label_sets::filtered(&row.labels, |name| name != BOUND);
        let place = *places.entry(key).or_insert_with_key(|key| {
            histograms.push(Histogram {
                labels: label_sets::filtered(key, |name| name != METRIC_NAME),
                buckets: Vec::new(),
            });
            histograms.len() - 1
        });
        if let Some(histogram) = histograms.get_mut(place) {
            histogram.buckets.push((upper, row.values.as_slice()));
        }
    }
    let mut buckets = Vec::new();
    let mut rows = Vec::with_capacity(histograms.len());
    for mut histogram in histograms {
        histogram.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut values = Vec::with_capacity(grid.len);
        for place in 0..grid.len {
            buckets.clear();
            buckets.extend(histogram.buckets.iter().filter_map(|(upper, counts)| {
                let count = counts.get(place).copied().filter(|count| present(*count))?;
                Some(Bucket {
                    upper: *upper,
                    count,
                })
            }));
            let wanted = wanted.get(place).copied().unwrap_or(f64::NAN);
            values.push(if buckets.is_empty() {
                ABSENT
            } else {
                quantile(wanted, &mut buckets)
            });
        }
        rows.push(Row {
            labels: histogram.labels,
            values,
        });
    }
    Ok(rows)
}

/// A bucket's bound, as senders write it; what is no number is no bucket.
fn bound(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The quantile of buckets in the order of their bounds; they are made to grow on the way.
fn quantile(wanted: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if wanted.is_nan() {
        return f64::NAN;
    }
    if wanted < 0.0 {
        return f64::NEG_INFINITY;
    }
    if wanted > 1.0 {
        return f64::INFINITY;
    }
    // Without the bucket of everything nobody knows how many there are.
    if buckets
        .last()
        .is_none_or(|last| last.upper != f64::INFINITY)
    {
        return f64::NAN;
    }
    merge_equal(buckets);
    make_monotonic(buckets);
    let (Some(all), Some(before_last)) = (
        buckets.last().copied(),
        buckets
            .len()
            .checked_sub(2)
            .and_then(|place| buckets.get(place).copied()),
    ) else {
        return f64::NAN;
    };
    if all.count == 0.0 {
        return f64::NAN;
    }
    let rank = wanted * all.count;
    let holder = buckets
        .iter()
        .take(buckets.len() - 1)
        .position(|bucket| bucket.count >= rank);
    let Some((place, bucket)) = holder.and_then(|place| Some((place, *buckets.get(place)?))) else {
        // The last bucket has no upper end; its lower one is the best that can be said.
        return before_last.upper;
    };
    match place.checked_sub(1).and_then(|place| buckets.get(place)) {
        // The first bucket begins at 0, unless it ends below.
        None if bucket.upper <= 0.0 => bucket.upper,
        None => bucket.upper * (rank / bucket.count),
        Some(below) => {
            let share = (rank - below.count) / (bucket.count - below.count);
            below.upper + (bucket.upper - below.upper) * share
        }
    }
}

/// One bucket for each bound: `le="1"` and `le="1.0"` are the same.
#[expect(clippy::float_cmp, reason = "bounds are written down, not computed")]
fn merge_equal(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|next, kept| {
        let same = next.upper == kept.upper;
        if same {
            kept.count += next.count;
        }
        same
    });
}

/// Counts that fall, because not all buckets were read at once, are raised to those before.
fn make_monotonic(buckets: &mut [Bucket]) {
    let mut most = f64::NEG_INFINITY;
    for bucket in buckets {
        if bucket.count < most {
            bucket.count = most;
        } else if bucket.count > most {
            most = bucket.count;
        }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these results are exact")]
mod tests {
    use super::*;

    fn of(wanted: f64, buckets: &[(f64, f64)]) -> f64 {
        let mut buckets = buckets
            .iter()
            .map(|(upper, count)| Bucket {
                upper: *upper,
                count: *count,
            })
            .collect();
        quantile(wanted, &mut buckets)
    }

    const ALL: f64 = f64::INFINITY;

    #[test]
    fn a_quantile_lies_within_its_bucket() {
        let buckets = [(1.0, 10.0), (2.0, 20.0), (ALL, 40.0)];
        assert_eq!(of(0.125, &buckets), 0.5);
        assert_eq!(of(0.375, &buckets), 1.5);
        assert_eq!(of(0.9, &buckets), 2.0);
        assert_eq!(of(1.1, &buckets), f64::INFINITY);
        assert_eq!(of(0.5, &[(-1.0, 10.0), (ALL, 11.0)]), -1.0);
    }

    #[test]
    fn without_counts_or_the_last_bucket_there_is_none() {
        assert!(of(0.5, &[(1.0, 10.0)]).is_nan());
        assert!(of(0.5, &[(ALL, 10.0)]).is_nan());
        assert!(of(0.5, &[(1.0, 0.0), (ALL, 0.0)]).is_nan());
    }

    #[test]
    fn counts_that_fall_are_raised_and_equal_bounds_are_one() {
        assert_eq!(of(0.5, &[(1.0, 10.0), (2.0, 5.0), (ALL, 10.0)]), 0.5);
        assert_eq!(of(0.5, &[(1.0, 5.0), (1.0, 5.0), (ALL, 10.0)]), 0.5);
    }
}
