//! Rows that describe the same moment of the same series, joined into one point each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Duplicates, LabelSet, Layout, Limits, Row, TableError};

/// One moment of the series of one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The labels of its series.
    pub labels: Arc<LabelSet>,
    /// Its time, microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// A value for each value column; `None` is unknown.
    pub values: Vec<Option<f64>>,
}

/// Joins rows by [`Layout::duplicates`].
///
/// Where [`super::Summary::sorted`] holds, points leave as soon as they are whole and memory holds
/// one per label set. Otherwise all points wait for [`Merge::finish`], up to
/// [`Limits::max_points`].
pub struct Merge {
    how: Duplicates,
    sorted: bool,
    max_points: u32,
    /// Keyed by label set, and by time too where rows come in no order.
    open: BTreeMap<(u32, i64), Joined>,
}

struct Joined {
    labels: Arc<LabelSet>,
    at_us: i64,
    values: Vec<(Option<f64>, u32)>,
}

impl Merge {
    /// A merge for rows that are `sorted` (as the summary says) or not.
    pub fn new(layout: &Layout, sorted: bool, limits: Limits) -> Self {
        Self {
            how: layout.duplicates,
            sorted,
            max_points: limits.max_points,
            open: BTreeMap::new(),
        }
    }

    /// Takes a row; gives back the point that it completes, if it completes one.
    pub fn push(&mut self, row: Row) -> Result<Option<Point>, TableError> {
        let key = (row.labels.id, if self.sorted { 0 } else { row.at_us });
        if let Some(joined) = self
            .open
            .get_mut(&key)
            .filter(|joined| joined.at_us == row.at_us)
        {
            for (into, value) in joined.values.iter_mut().zip(row.values) {
                join(into, value, self.how);
            }
            return Ok(None);
        }
        let new = Joined {
            labels: row.labels,
            at_us: row.at_us,
            values: row
                .values
                .into_iter()
                .map(|value| (value, u32::from(value.is_some())))
                .collect(),
        };
        let completed = self.open.insert(key, new);
        if self.open.len() > usize::try_from(self.max_points).unwrap_or(usize::MAX) {
            return Err(TableError::TooManyPoints {
                max: self.max_points,
            });
        }
        let how = self.how;
        Ok(completed.map(|joined| joined.finish(how)))
    }

    /// The points that are still open, by label set and time.
    pub fn finish(self) -> impl Iterator<Item = Point> {
        let how = self.how;
        self.open
            .into_values()
            .map(move |joined| joined.finish(how))
    }
}

/// Unknown joins without a trace: it neither erases a value nor counts in a mean.
fn join(into: &mut (Option<f64>, u32), value: Option<f64>, how: Duplicates) {
    let Some(value) = value else { return };
    into.0 = match (how, into.0) {
        (Duplicates::Sum | Duplicates::Mean, Some(sum)) => Some(sum + value),
        _ => Some(value),
    };
    into.1 = into.1.saturating_add(1);
}

impl Joined {
    fn finish(self, how: Duplicates) -> Point {
        let values = self
            .values
            .into_iter()
            .map(|(value, count)| match how {
                Duplicates::Mean => value.map(|sum| sum / f64::from(count.max(1))),
                Duplicates::Sum | Duplicates::Last => value,
            })
            // A sum of huge values may overflow; infinity is no value that anyone measured.
            .map(|value| value.filter(|value| value.is_finite()))
            .collect();
        Point {
            labels: self.labels,
            at_us: self.at_us,
            values,
        }
    }
}
