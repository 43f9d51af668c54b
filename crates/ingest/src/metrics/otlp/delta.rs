//! Deltas added up, since the store and its queries know only what grows.
//!
//! A sender of deltas says how much was added since the last time. Each series' total is kept here;
//! a point that is not newer than the last one is refused, so that a request which is sent twice
//! counts once. What is forgotten begins anew at zero, which queries take for a restart.

use std::collections::HashMap;

use series::{Labels, STALE_BITS};

use super::Received;
use crate::metrics::error::BodyError;
use crate::metrics::histogram::{self, Classic, Exponential};
use crate::metrics::intake::{self, Intake};
use crate::metrics::limits::Limits;
use crate::metrics::refused::Reason;

/// What one point adds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Increment {
    Number(f64),
    Classic(Classic),
    Exponential {
        buckets: Exponential,
        count: f64,
        sum: Option<f64>,
    },
    /// Nothing: the series has ended.
    End,
}

/// A point whose value is to be added. Its labels have the family's name.
#[derive(Clone, Debug, PartialEq)]
pub struct DeltaPoint {
    pub(super) labels: Labels,
    pub(super) at_ms: i64,
    pub(super) increment: Increment,
}

/// The totals of the series that send deltas.
#[derive(Clone, Debug)]
pub struct DeltaState {
    series: HashMap<Labels, Total>,
    max_series: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Total {
    value: Increment,
    at_ms: i64,
}

/// What a request changes in a [`DeltaState`], once its samples are kept.
#[derive(Clone, Debug, Default)]
#[must_use = "the state does not change until the plan is committed"]
pub struct DeltaPlan {
    /// The new total of each series; none for one that has ended.
    changes: HashMap<Labels, Option<Total>>,
    /// How many of them the state does not have yet.
    new: usize,
}

impl DeltaState {
    /// An empty state. Beyond `max_series`, new series are refused until others are forgotten.
    pub fn new(max_series: usize) -> Self {
        Self {
            series: HashMap::new(),
            max_series,
        }
    }

    /// Adds the deltas of a request up: their totals go to its batch, in the order of the request.
    ///
    /// Nothing changes here, so that a request whose samples could not be kept can be sent again:
    /// [`commit`](Self::commit) the plan when they are, and let nobody else plan in between.
    ///
    /// # Errors
    /// 413 where the batch becomes larger than the limits allow.
    pub fn plan(&self, received: &mut Received, limits: &Limits) -> Result<DeltaPlan, BodyError> {
        let common = intake::Received {
            batch: std::mem::take(&mut received.batch),
            refused: std::mem::take(&mut received.refused),
            ..intake::Received::default()
        };
        let mut intake = Intake::resumed(limits, common);
        let mut plan = DeltaPlan::default();
        for point in std::mem::take(&mut received.deltas) {
            received.points += u64::from(self.add(point, &mut plan, &mut intake)?);
        }
        received.batch = intake.received.batch;
        received.refused = intake.received.refused;
        Ok(plan)
    }

    /// Adds one point. Whether it was taken.
    fn add(
        &self,
        point: DeltaPoint,
        plan: &mut DeltaPlan,
        intake: &mut Intake<'_>,
    ) -> Result<bool, BodyError> {
        let planned = plan.changes.get(&point.labels);
        let last = match planned {
            Some(planned) => planned.as_ref(),
            None => self.series.get(&point.labels),
        };
        let mut refuse = |reason| {
            let about = || format!("{} at {} ms", point.labels, point.at_ms);
            intake.received.refused.add(reason, 1, about);
            Ok(false)
        };
        if last.is_some_and(|last| point.at_ms <= last.at_ms) {
            return refuse(Reason::DeltaOutOfOrder);
        }
        if last.is_none() && self.series.len() + plan.new >= self.max_series {
            return refuse(Reason::DeltaStateFull);
        }
        let known = last.is_some();
        let last = last.map(|last| last.value.clone());
        if point.increment == Increment::End {
            if let Some(last) = last {
                push(&last, &point.labels, point.at_ms, true, intake)?;
                plan.changes.insert(point.labels, None);
            }
            return Ok(true);
        }
        let value = match last {
            Some(last) => last.plus(point.increment),
            None => point.increment,
        };
        push(&value, &point.labels, point.at_ms, false, intake)?;
        let total = Total {
            value,
            at_ms: point.at_ms,
        };
        plan.new += usize::from(!known);
        plan.changes.insert(point.labels, Some(total));
        Ok(true)
    }

    /// Makes a plan true.
    pub fn commit(&mut self, plan: DeltaPlan) {
        for (labels, total) in plan.changes {
            match total {
                Some(total) => self.series.insert(labels, total),
                None => self.series.remove(&labels),
            };
        }
    }

    /// Forgets the series whose last point is older than `before_ms`, in milliseconds since 1970; says
    /// how many.
    pub fn forget(&mut self, before_ms: i64) -> usize {
        let had = self.series.len();
        self.series.retain(|_, total| total.at_ms >= before_ms);
        had - self.series.len()
    }

    /// How many series are remembered.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }
}

impl Increment {
    /// The sum of two; where they cannot be added, such as histograms of other bounds, the series
    /// begins anew with the second.
    fn plus(self, more: Self) -> Self {
        let both = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + b);
        match (self, more) {
            (Self::Number(a), Self::Number(b)) => Self::Number(a + b),
            (Self::Classic(a), Self::Classic(b)) if same_bounds(&a, &b) => {
                let counts = a.buckets.iter().zip(&b.buckets);
                Self::Classic(Classic {
                    buckets: counts.map(|(a, b)| (a.0, a.1 + b.1)).collect(),
                    count: a.count + b.count,
                    sum: both(a.sum, b.sum),
                })
            }
            (
                Self::Exponential {
                    mut buckets,
                    count,
                    sum,
                },
                Self::Exponential {
                    buckets: more,
                    count: more_count,
                    sum: more_sum,
                },
            ) => {
                buckets.add(more);
                Self::Exponential {
                    buckets,
                    count: count + more_count,
                    sum: both(sum, more_sum),
                }
            }
            (_, more) => more,
        }
    }
}

fn same_bounds(a: &Classic, b: &Classic) -> bool {
    let bounds = |classic: &Classic| {
        classic
            .buckets
            .iter()
            .map(|(bound, _)| bound.to_bits())
            .collect::<Vec<_>>()
    };
    bounds(a) == bounds(b)
}

/// Adds a total to the batch, or the word that it has ended.
fn push(
    total: &Increment,
    labels: &Labels,
    at_ms: i64,
    ended: bool,
    intake: &mut Intake<'_>,
) -> Result<(), BodyError> {
    let mut pairs: Vec<_> = labels.as_ref().iter().collect();
    let classic = match total {
        Increment::Number(value) => {
            let stale = f64::from_bits(STALE_BITS);
            let value = if ended { stale } else { *value };
            intake.part(&mut pairs, at_ms, value)?;
            return Ok(());
        }
        Increment::Classic(classic) => classic.clone(),
        Increment::Exponential {
            buckets,
            count,
            sum,
        } => Classic {
            buckets: buckets.clone().cumulative(intake.limits.max_buckets),
            count: *count,
            sum: *sum,
        },
        Increment::End => return Ok(()),
    };
    let mut parts = classic.parts();
    if ended {
        histogram::end(&mut parts);
    }
    histogram::push(intake, &pairs, at_ms, "le", &parts)
}
