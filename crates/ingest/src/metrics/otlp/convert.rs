//! From OpenTelemetry's points to samples.

use series::{Labels, METRIC_NAME, MetricKind, MetricSample, STALE_BITS};

use super::delta::{DeltaPoint, Increment};
use super::labels::{Pair, ResourceLabels};
use super::model::{
    Buckets, ExponentialPoint, HistogramPoint, Metric, NumberPoint, Request, ResourceMetrics,
    SummaryPoint,
};
use super::naming::{Suffix, metric_name};
use super::{Mapping, TARGET_INFO};
use crate::metrics::error::BodyError;
use crate::metrics::histogram::{self, Classic, Exponential, MAX_POPULATED, Part};
use crate::metrics::intake::Intake;
use crate::metrics::refused::Reason;

/// `DataPointFlags`: no value was recorded, so the series has ended.
const NO_RECORDED_VALUE: u64 = 1;

/// How the values of a metric are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temporality {
    Delta,
    Cumulative,
}

impl Temporality {
    /// `AggregationTemporality` by its number.
    fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Delta),
            2 => Some(Self::Cumulative),
            _ => None,
        }
    }
}

/// What is being translated.
pub(super) struct Converter<'c, 'l> {
    pub(super) intake: &'c mut Intake<'l>,
    pub(super) mapping: &'c Mapping,
    pub(super) now_ms: i64,
    pub(super) points: u64,
    pub(super) deltas: Vec<DeltaPoint>,
    /// The newest time among the points of a resource.
    latest_ms: Option<i64>,
}

/// A metric's name and its resource, as its points need them.
#[derive(Clone, Copy)]
struct Family<'a> {
    name: &'a str,
    resource: &'a ResourceLabels,
    temporality: Temporality,
    /// Whether its values never fall.
    grows: bool,
}

impl<'c, 'l> Converter<'c, 'l> {
    pub(super) fn new(intake: &'c mut Intake<'l>, mapping: &'c Mapping, now_ms: i64) -> Self {
        Self {
            intake,
            mapping,
            now_ms,
            points: 0,
            deltas: Vec::new(),
            latest_ms: None,
        }
    }

    pub(super) fn request(&mut self, request: &Request<'_>) -> Result<(), BodyError> {
        let mut described = std::collections::HashSet::new();
        for metrics in &request.resource_metrics {
            let resource = ResourceLabels::new(&metrics.resource, &self.mapping.promote);
            self.latest_ms = None;
            for metric in metrics
                .scope_metrics
                .iter()
                .flat_map(|scope| &scope.metrics)
            {
                let name = self.metric(metric, &resource)?;
                if described.insert(name.clone()) {
                    let (unit, help) = (&metric.unit, &metric.description);
                    self.intake.meta(&name, kind(metric), unit, help);
                }
            }
            self.target_info(metrics, &resource)?;
        }
        Ok(())
    }

    /// Takes the points of a metric; gives the name that it has here.
    fn metric(
        &mut self,
        metric: &Metric<'_>,
        resource: &ResourceLabels,
    ) -> Result<String, BodyError> {
        let suffix = match metric {
            Metric { gauge: Some(_), .. } => Suffix::Gauge,
            Metric { sum: Some(sum), .. } if sum.is_monotonic => Suffix::Counter,
            _ => Suffix::Other,
        };
        let name = metric_name(&metric.name, &metric.unit, suffix);
        let family = |temporality| Family {
            name: &name,
            resource,
            temporality,
            grows: suffix == Suffix::Counter,
        };
        let cumulative = family(Temporality::Cumulative);
        if let Some(gauge) = &metric.gauge {
            for point in &gauge.data_points {
                self.number(point, cumulative)?;
            }
        } else if let Some(sum) = &metric.sum {
            let temporality = Temporality::from_number(sum.aggregation_temporality);
            if let Some(temporality) = self.known(temporality, metric, sum.data_points.len()) {
                for point in &sum.data_points {
                    self.number(point, family(temporality))?;
                }
            }
        } else if let Some(histogram) = &metric.histogram {
            let temporality = Temporality::from_number(histogram.aggregation_temporality);
            if let Some(temporality) = self.known(temporality, metric, histogram.data_points.len())
            {
                for point in &histogram.data_points {
                    self.histogram(point, family(temporality))?;
                }
            }
        } else if let Some(histogram) = &metric.exponential_histogram {
            let temporality = Temporality::from_number(histogram.aggregation_temporality);
            if let Some(temporality) = self.known(temporality, metric, histogram.data_points.len())
            {
                for point in &histogram.data_points {
                    self.exponential(point, family(temporality))?;
                }
            }
        } else if let Some(summary) = &metric.summary {
            for point in &summary.data_points {
                self.summary(point, cumulative)?;
            }
        }
        Ok(name)
    }

    /// Counts the points of a metric whose temporality nobody knows.
    fn known(
        &mut self,
        temporality: Option<Temporality>,
        metric: &Metric<'_>,
        points: usize,
    ) -> Option<Temporality> {
        if temporality.is_none() && points > 0 {
            let refused = &mut self.intake.received.refused;
            refused.add(Reason::BadTemporality, points as u64, || {
                metric.name.to_string()
            });
        }
        temporality
    }

    /// Milliseconds since 1970; where nobody said, it is the time of arrival.
    fn at_ms(&mut self, time_unix_nano: Option<u64>) -> i64 {
        let nanoseconds = time_unix_nano.filter(|time| *time != 0);
        let at_ms = nanoseconds.map(|time| time / 1_000_000);
        let at_ms = at_ms.map_or(self.now_ms, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
        self.latest_ms = self.latest_ms.max(Some(at_ms));
        at_ms
    }

    fn number(&mut self, point: &NumberPoint<'_>, family: Family<'_>) -> Result<(), BodyError> {
        self.intake.received.exemplars_dropped += point.exemplars.len() as u64;
        let at_ms = self.at_ms(point.time_unix_nano);
        let labels = family.resource.of_point(&point.attributes, METRIC_NAME);
        let mut pairs = pairs(family.name, &labels);
        let ended = point.flags & NO_RECORDED_VALUE != 0;
        let value = point.as_double.or(point.as_int.map(|value| value as f64));
        let Some(value) = value.or(ended.then_some(0.0)) else {
            self.intake
                .refuse_series(Reason::NoValue, 1, &pairs, usize::MAX);
            return Ok(());
        };
        if family.temporality == Temporality::Delta {
            // One of these in a total stays in it for ever.
            if !ended && (!value.is_finite() || (family.grows && value < 0.0)) {
                self.intake
                    .refuse_series(Reason::BadDelta, 1, &pairs, usize::MAX);
                return Ok(());
            }
            let increment = Increment::Number(value);
            self.delta(&pairs, at_ms, ended, increment, METRIC_NAME);
            return Ok(());
        }
        let value = if ended {
            f64::from_bits(STALE_BITS)
        } else {
            value
        };
        let taken = self
            .intake
            .series(&mut pairs, &[MetricSample { at_ms, value }])?;
        self.points += u64::from(taken);
        Ok(())
    }

    fn histogram(
        &mut self,
        point: &HistogramPoint<'_>,
        family: Family<'_>,
    ) -> Result<(), BodyError> {
        self.intake.received.exemplars_dropped += point.exemplars.len() as u64;
        let at_ms = self.at_ms(point.time_unix_nano);
        let labels = family.resource.of_point(&point.attributes, "le");
        let pairs = pairs(family.name, &labels);
        let ended = point.flags & NO_RECORDED_VALUE != 0;
        let Some(classic) = classic(point, ended) else {
            self.intake
                .refuse_series(Reason::BadHistogram, 1, &pairs, usize::MAX);
            return Ok(());
        };
        if family.temporality == Temporality::Delta {
            if self.is_no_sum(classic.sum, &pairs) {
                return Ok(());
            }
            self.delta(&pairs, at_ms, ended, Increment::Classic(classic), "le");
            return Ok(());
        }
        self.parts(&pairs, at_ms, "le", classic.parts(), ended)
    }

    fn exponential(
        &mut self,
        point: &ExponentialPoint<'_>,
        family: Family<'_>,
    ) -> Result<(), BodyError> {
        self.intake.received.exemplars_dropped += point.exemplars.len() as u64;
        let at_ms = self.at_ms(point.time_unix_nano);
        let labels = family.resource.of_point(&point.attributes, "le");
        let pairs = pairs(family.name, &labels);
        let ended = point.flags & NO_RECORDED_VALUE != 0;
        let Some(buckets) = exponential(point) else {
            self.intake
                .refuse_series(Reason::BadHistogram, 1, &pairs, usize::MAX);
            return Ok(());
        };
        let count = point.count.unwrap_or(0) as f64;
        if family.temporality == Temporality::Delta {
            let sum = point.sum;
            if self.is_no_sum(sum, &pairs) {
                return Ok(());
            }
            let increment = Increment::Exponential {
                buckets,
                count,
                sum,
            };
            self.delta(&pairs, at_ms, ended, increment, "le");
            return Ok(());
        }
        let classic = Classic {
            buckets: buckets.cumulative(self.intake.limits.max_buckets),
            count,
            sum: point.sum,
        };
        self.parts(&pairs, at_ms, "le", classic.parts(), ended)
    }

    fn summary(&mut self, point: &SummaryPoint<'_>, family: Family<'_>) -> Result<(), BodyError> {
        let at_ms = self.at_ms(point.time_unix_nano);
        let labels = family.resource.of_point(&point.attributes, "quantile");
        let pairs = pairs(family.name, &labels);
        let ended = point.flags & NO_RECORDED_VALUE != 0;
        let quantiles = point
            .quantile_values
            .iter()
            .take(MAX_POPULATED)
            .map(|q| Part {
                suffix: "",
                own: Some(histogram::bound_text(q.quantile.unwrap_or(0.0))),
                value: q.value.unwrap_or(0.0),
            });
        let count = point.count.unwrap_or(0) as f64;
        let common = histogram::sum_and_count(Some(point.sum.unwrap_or(0.0)), count);
        self.parts(
            &pairs,
            at_ms,
            "quantile",
            quantiles.chain(common).collect(),
            ended,
        )
    }

    fn parts(
        &mut self,
        pairs: &[(&str, &str)],
        at_ms: i64,
        own: &str,
        mut parts: Vec<Part>,
        ended: bool,
    ) -> Result<(), BodyError> {
        if ended {
            histogram::end(&mut parts);
        }
        let taken = histogram::take(self.intake, pairs, at_ms, own, &parts)?;
        self.points += u64::from(taken);
        Ok(())
    }

    /// Whether a histogram's delta has a sum that is no number, which is then counted as refused.
    fn is_no_sum(&mut self, sum: Option<f64>, pairs: &[(&str, &str)]) -> bool {
        let bad = sum.is_some_and(|sum| !sum.is_finite());
        if bad {
            self.intake
                .refuse_series(Reason::BadDelta, 1, pairs, usize::MAX);
        }
        bad
    }

    /// Keeps a delta for later; what is wrong with its labels is found now.
    fn delta(
        &mut self,
        pairs: &[(&str, &str)],
        at_ms: i64,
        ended: bool,
        increment: Increment,
        own: &str,
    ) {
        // The name itself is the own label of a number, which has no other.
        let own = if own == METRIC_NAME { "" } else { own };
        if let Some((reason, which)) = histogram::fault(self.intake, pairs, at_ms, own) {
            self.intake.refuse_series(reason, 1, pairs, which);
        } else if let Ok(labels) = Labels::new(pairs.iter().copied()) {
            let increment = if ended { Increment::End } else { increment };
            self.deltas.push(DeltaPoint {
                labels,
                at_ms,
                increment,
            });
        }
    }

    /// The attributes of a resource as a series of its own, at the time of its newest point.
    fn target_info(
        &mut self,
        metrics: &ResourceMetrics<'_>,
        resource: &ResourceLabels,
    ) -> Result<(), BodyError> {
        let (Some(at_ms), true) = (self.latest_ms, self.mapping.target_info) else {
            return Ok(());
        };
        if metrics.scope_metrics.is_empty() || self.intake.time_fault(at_ms).is_some() {
            return Ok(());
        }
        let Some(labels) = resource.of_target() else {
            return Ok(());
        };
        let value = 1.0;
        let pairs = &mut pairs(TARGET_INFO, &labels);
        self.intake
            .series(pairs, &[MetricSample { at_ms, value }])?;
        Ok(())
    }
}

fn pairs<'a>(name: &'a str, labels: &'a [Pair]) -> Vec<(&'a str, &'a str)> {
    let labels = labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    [(METRIC_NAME, name)].into_iter().chain(labels).collect()
}

fn kind(metric: &Metric<'_>) -> MetricKind {
    match metric {
        Metric { gauge: Some(_), .. } => MetricKind::Gauge,
        Metric { sum: Some(sum), .. } if sum.is_monotonic => MetricKind::Counter,
        Metric { sum: Some(_), .. } => MetricKind::Gauge,
        Metric {
            summary: Some(_), ..
        } => MetricKind::Summary,
        Metric {
            histogram: None,
            exponential_histogram: None,
            ..
        } => MetricKind::Unknown,
        _ => MetricKind::Histogram,
    }
}

/// The buckets of a point summed up; `None` where counts and bounds do not fit.
fn classic(point: &HistogramPoint<'_>, ended: bool) -> Option<Classic> {
    let bounds = &point.explicit_bounds;
    let rises = |pair: &[f64]| matches!(pair, [a, b] if a < b);
    let ordered = bounds.windows(2).all(rises) && bounds.iter().all(|b| b.is_finite());
    // Without buckets only the sum and the count are told. An end needs no counts.
    let whole = point.bucket_counts.len() == bounds.len() + 1;
    let none = point.bucket_counts.is_empty() && (bounds.is_empty() || ended);
    if !ordered || !(whole || none) || bounds.len() > MAX_POPULATED {
        return None;
    }
    let counts = point
        .bucket_counts
        .iter()
        .copied()
        .chain(std::iter::repeat(0));
    let mut sum = 0.0;
    let buckets = bounds.iter().zip(counts).map(|(bound, count)| {
        sum += count as f64;
        (*bound, sum)
    });
    Some(Classic {
        buckets: buckets.collect(),
        count: point.count.unwrap_or(0) as f64,
        sum: point.sum,
    })
}

/// The buckets of a point; `None` where they cannot be.
fn exponential(point: &ExponentialPoint<'_>) -> Option<Exponential> {
    let zero_threshold = point.zero_threshold.unwrap_or(0.0);
    let right =
        (-10..=20).contains(&point.scale) && zero_threshold >= 0.0 && zero_threshold.is_finite();
    if !right {
        return None;
    }
    Some(Exponential {
        scale: i32::try_from(point.scale).ok()?,
        zero_count: point.zero_count.unwrap_or(0) as f64,
        zero_threshold,
        positive: side(&point.positive)?,
        negative: side(&point.negative)?,
    })
}

/// The populated buckets of one sign.
fn side(buckets: &Buckets) -> Option<Vec<(i64, f64)>> {
    if buckets.bucket_counts.len() > MAX_POPULATED {
        return None;
    }
    let offset = i64::from(i32::try_from(buckets.offset).ok()?);
    // Here bucket i begins at base^i; there it ends at base^i.
    let populated = (offset + 1..)
        .zip(&buckets.bucket_counts)
        .filter(|(_, count)| **count > 0);
    Some(populated.map(|(i, count)| (i, *count as f64)).collect())
}
