//! Exponential (native) histograms as classic ones: `…_bucket` with `le`, `…_sum`, `…_count`.
//!
//! The store holds numbers, so a histogram becomes as many series as it has bounds. An exponential
//! histogram is first merged to at most four buckets per power of two (its scale 2, bounds 19 %
//! apart), and further until it has no more than [`Limits::max_buckets`]; merging is exact, since
//! each coarser bound is also a finer one. Then every bound between the lowest and the highest
//! populated bucket is written, populated or not, so that the series do not come and go.
//! `histogram_quantile` over them is off by at most one such bucket.
//!
//! [`Limits::max_buckets`]: crate::metrics::Limits::max_buckets

use series::{METRIC_NAME, STALE_BITS};

use crate::metrics::error::BodyError;
use crate::metrics::intake::Intake;
use crate::metrics::names;
use crate::metrics::refused::Reason;

/// The finest scale that is kept: `base = 2^(2^-scale)`.
const FINEST: i32 = 2;

/// The most populated buckets of one side that are read.
pub(crate) const MAX_POPULATED: usize = 4096;

/// Buckets that grow by a factor.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exponential {
    /// `base = 2^(2^-scale)`.
    pub(crate) scale: i32,
    /// What is nearer to zero than `zero_threshold`.
    pub(crate) zero_count: f64,
    /// From this distance on the other buckets count.
    pub(crate) zero_threshold: f64,
    /// Index and count: bucket `i` ends at `base^i`.
    pub(crate) positive: Vec<(i64, f64)>,
    /// The same, mirrored at zero.
    pub(crate) negative: Vec<(i64, f64)>,
}

/// A histogram as series know it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Classic {
    /// Bounds in order, without +Inf, and how many observations lie up to each.
    pub(crate) buckets: Vec<(f64, f64)>,
    /// How many observations there are.
    pub(crate) count: f64,
    /// Their sum, where it is known.
    pub(crate) sum: Option<f64>,
}

impl Exponential {
    /// The cumulative buckets, at most about `max` of them, without the one of +Inf.
    pub(crate) fn cumulative(mut self, max: usize) -> Vec<(f64, f64)> {
        while self.scale > FINEST || self.bounds() > max as u64 {
            // Everything is in one bucket a side now; coarser is the same.
            if self.scale < -60 {
                break;
            }
            self.coarser();
        }
        let step = (-f64::from(self.scale)).exp2();
        let bound = |index: i64| (index as f64 * step).exp2();
        let mut edges = vec![(self.zero_threshold, self.zero_count)];
        if let Some((low, high)) = range(&self.positive) {
            edges.extend((low - 1..=high).map(|i| (bound(i), 0.0)));
            edges.extend(self.positive.iter().map(|(i, n)| (bound(*i), *n)));
        }
        if let Some((low, high)) = range(&self.negative) {
            edges.extend((low - 1..=high).map(|i| (-bound(i), 0.0)));
            // Mirrored, a bucket's upper end is the one nearer to zero.
            edges.extend(self.negative.iter().map(|(i, n)| (-bound(i - 1), *n)));
        }
        edges.retain(|(bound, _)| bound.is_finite());
        edges.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sum = 0.0;
        let mut buckets: Vec<(f64, f64)> = Vec::with_capacity(edges.len());
        for (bound, count) in edges {
            sum += count;
            match buckets.last_mut() {
                #[expect(clippy::float_cmp, reason = "the same index gives the same bits")]
                Some(last) if last.0 == bound => last.1 = sum,
                _ => buckets.push((bound, sum)),
            }
        }
        buckets
    }

    /// Adds the counts of another histogram; the coarser scale of the two remains.
    pub(crate) fn add(&mut self, mut other: Self) {
        while self.scale > other.scale.min(FINEST) {
            self.coarser();
        }
        while other.scale > self.scale {
            other.coarser();
        }
        self.zero_count += other.zero_count;
        self.zero_threshold = self.zero_threshold.max(other.zero_threshold);
        for (side, more) in [
            (&mut self.positive, other.positive),
            (&mut self.negative, other.negative),
        ] {
            side.extend(more);
            side.sort_by_key(|(index, _)| *index);
            merge_neighbours(side);
        }
    }

    /// How many observations all buckets hold.
    pub(crate) fn total(&self) -> f64 {
        let sides = self.positive.iter().chain(&self.negative);
        self.zero_count + sides.map(|(_, count)| count).sum::<f64>()
    }

    fn bounds(&self) -> u64 {
        let side = |buckets| range(buckets).map_or(0, |(low, high)| high.abs_diff(low) + 2);
        side(&self.positive).saturating_add(side(&self.negative)) + 1
    }

    /// Merges each two neighbours.
    fn coarser(&mut self) {
        self.scale -= 1;
        for side in [&mut self.positive, &mut self.negative] {
            for (index, _) in side.iter_mut() {
                // Bucket i ends at base^i, which is (base²)^(i/2), rounded up.
                *index = (*index + 1) >> 1;
            }
            merge_neighbours(side);
        }
    }
}

/// Makes one bucket of those that have the same index; they are in order.
fn merge_neighbours(side: &mut Vec<(i64, f64)>) {
    side.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

/// The lowest and highest index of buckets, which are in order.
fn range(buckets: &[(i64, f64)]) -> Option<(i64, i64)> {
    Some((buckets.first()?.0, buckets.last()?.0))
}

/// A bound as `le` says it: the shortest decimal number without an exponent.
pub(crate) fn bound_text(bound: f64) -> String {
    if bound == f64::INFINITY {
        "+Inf".to_owned()
    } else if bound == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        bound.to_string()
    }
}

/// One of the series that a histogram or summary becomes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    /// What is added to the family's name.
    pub(crate) suffix: &'static str,
    /// The value of `le` or `quantile`, where it has one.
    pub(crate) own: Option<String>,
    pub(crate) value: f64,
}

impl Classic {
    /// The series of a histogram.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let bucket = |le: String, value| Part {
            suffix: "_bucket",
            own: Some(le),
            value,
        };
        let buckets = self.buckets.iter();
        let mut parts: Vec<Part> = buckets.map(|(le, n)| bucket(bound_text(*le), *n)).collect();
        parts.push(bucket("+Inf".to_owned(), self.count));
        parts.extend(sum_and_count(self.sum, self.count));
        parts
    }
}

/// The series that histograms and summaries have in common.
pub(crate) fn sum_and_count(sum: Option<f64>, count: f64) -> impl Iterator<Item = Part> {
    let part = |suffix, value| Part {
        suffix,
        own: None,
        value,
    };
    let sum = sum.map(|sum| part("_sum", sum));
    sum.into_iter().chain([part("_count", count)])
}

/// Says of all series that they have ended.
pub(crate) fn end(parts: &mut [Part]) {
    for part in parts {
        part.value = f64::from_bits(STALE_BITS);
    }
}

/// What is wrong with the labels or the time of something that becomes several series. `own` is the
/// label that tells them apart.
pub(crate) fn fault(
    intake: &Intake<'_>,
    pairs: &[(&str, &str)],
    at_ms: i64,
    own: &str,
) -> Option<(Reason, usize)> {
    let fault = names::fault(pairs, intake.limits);
    let fault = fault.or_else(|| {
        let taken = pairs.iter().position(|(name, _)| *name == own);
        taken.map(|which| (Reason::DuplicateLabel, which))
    });
    let fault = fault.or_else(|| twice(pairs).then_some((Reason::DuplicateLabel, usize::MAX)));
    fault.or_else(|| intake.time_fault(at_ms).map(|reason| (reason, usize::MAX)))
}

fn twice(pairs: &[(&str, &str)]) -> bool {
    let mut names: Vec<_> = pairs.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}

/// Takes a histogram or summary as series; `pairs` are its labels with the family's name. Whether it
/// was taken: else it is counted as one refused.
pub(crate) fn take(
    intake: &mut Intake<'_>,
    pairs: &[(&str, &str)],
    at_ms: i64,
    own: &str,
    parts: &[Part],
) -> Result<bool, BodyError> {
    if let Some((reason, which)) = fault(intake, pairs, at_ms, own) {
        intake.refuse_series(reason, 1, pairs, which);
        return Ok(false);
    }
    push(intake, pairs, at_ms, own, parts)?;
    Ok(true)
}

/// The same where labels and time are known to be right.
pub(crate) fn push(
    intake: &mut Intake<'_>,
    pairs: &[(&str, &str)],
    at_ms: i64,
    own: &str,
    parts: &[Part],
) -> Result<(), BodyError> {
    let family = pairs.iter().find(|(name, _)| *name == METRIC_NAME);
    let family = family.map_or("", |(_, value)| value);
    for part in parts {
        let name = format!("{family}{}", part.suffix);
        let others = pairs.iter().filter(|(name, _)| *name != METRIC_NAME);
        let mut labels: Vec<(&str, &str)> = others.copied().collect();
        labels.push((METRIC_NAME, &name));
        if let Some(value) = &part.own {
            labels.push((own, value));
        }
        intake.part(&mut labels, at_ms, part.value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_end_where_the_scale_says() {
        let histogram = Exponential {
            scale: 0,
            zero_count: 1.0,
            positive: vec![(1, 2.0), (3, 4.0)],
            negative: vec![(1, 8.0)],
            ..Exponential::default()
        };
        assert_eq!(
            histogram.cumulative(160),
            [
                (-2.0, 0.0),
                (-1.0, 8.0),
                (0.0, 9.0),
                (1.0, 9.0),
                (2.0, 11.0),
                (4.0, 11.0),
                (8.0, 15.0)
            ]
        );
    }

    #[test]
    fn a_fine_scale_is_merged_exactly() {
        // Scale 3: eight buckets a power of two; 1 to 16 cover (1, 4].
        let histogram = Exponential {
            scale: 3,
            positive: (1..=16).map(|i| (i, 1.0)).collect(),
            ..Exponential::default()
        };
        let buckets = histogram.cumulative(160);
        let upto = |wanted: f64| {
            let near = buckets.iter().find(|(b, _)| (b - wanted).abs() < 1e-9);
            near.map(|(_, count)| *count)
        };
        assert_eq!(
            [upto(1.0), upto(2.0), upto(4.0)],
            [Some(0.0), Some(8.0), Some(16.0)]
        );
        assert_eq!(buckets.len(), 10);
    }

    #[test]
    fn histograms_of_different_scales_are_added_at_the_coarser_one() {
        let side = |indices: [i64; 2]| indices.map(|i| (i, 1.0)).to_vec();
        let mut sum = Exponential {
            scale: 2,
            positive: side([1, 8]),
            ..Exponential::default()
        };
        sum.add(Exponential {
            scale: 0,
            zero_count: 1.0,
            positive: side([1, 5]),
            ..Exponential::default()
        });
        assert_eq!((sum.scale, sum.zero_count), (0, 1.0));
        assert_eq!(sum.positive, [(1, 2.0), (2, 1.0), (5, 1.0)]);
    }

    #[test]
    fn bounds_are_written_without_an_exponent() {
        for (bound, text) in [
            (1.0, "1"),
            (0.005, "0.005"),
            (1e21, "1000000000000000000000"),
        ] {
            assert_eq!(bound_text(bound), text);
        }
        assert_eq!(bound_text(f64::INFINITY), "+Inf");
    }

    proptest! {
        #[test]
        fn counts_never_fall_and_nothing_is_lost(
            scale in -10..=20_i32,
            positive in proptest::collection::btree_map(-5000_i64..5000, 0..9_u32, 0..40),
            negative in proptest::collection::btree_map(-2_000_000_000_i64..2_000_000_000, 0..9_u32, 0..9),
        ) {
            let side = |map: std::collections::BTreeMap<i64, u32>| {
                map.into_iter().map(|(i, n)| (i, f64::from(n))).collect::<Vec<_>>()
            };
            let histogram = Exponential {
                scale, zero_count: 1.0, positive: side(positive), negative: side(negative),
                ..Exponential::default()
            };
            let total = histogram.total();
            let buckets = histogram.cumulative(160);
            prop_assert!(buckets.len() <= 161, "{}", buckets.len());
            prop_assert!(buckets.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1));
            prop_assert!(buckets.last().is_none_or(|(_, count)| *count <= total));
        }
    }
}
