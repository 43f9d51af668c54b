//! Series on a grid of instants: what expressions are computed in.
//!
//! A row has one place for each instant of the grid, so that an operator runs along arrays and
//! matches labels once for a series instead of once for an instant.

use crate::error::{QueryError, failed};
use series::{Labels, STALE_BITS};
use std::collections::HashMap;

/// Stands where a row has no value.
///
/// The staleness marker is free for it: no selector lets it through, and arithmetic cannot make it,
/// because it is a signalling NaN and every operation answers a quiet one (IEEE 754-2008, 6.2).
pub(crate) const ABSENT: f64 = f64::from_bits(STALE_BITS);

/// Whether there is a value.
#[inline]
pub(crate) fn present(value: f64) -> bool {
    value.to_bits() != STALE_BITS
}

/// Instants at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The first, in milliseconds since 1970.
    pub from_ms: i64,
    /// The distance in milliseconds; 0 where there is but one instant.
    pub step_ms: i64,
    /// How many there are.
    pub len: usize,
}

impl Grid {
    /// One instant.
    pub(crate) fn instant(at_ms: i64) -> Self {
        Self {
            from_ms: at_ms,
            step_ms: 0,
            len: 1,
        }
    }

    /// From an instant to another, both included where the step meets them.
    pub(crate) fn range(from_ms: i64, to_ms: i64, step_ms: i64) -> Self {
        let steps = to_ms.saturating_sub(from_ms).checked_div(step_ms);
        let len = match steps {
            Some(steps) if to_ms >= from_ms => {
                usize::try_from(steps).map_or(usize::MAX, |n| n.saturating_add(1))
            }
            _ => 0,
        };
        Self {
            from_ms,
            step_ms,
            len,
        }
    }

    /// The instant of a place.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> i64 {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        self.from_ms
            .saturating_add(self.step_ms.saturating_mul(place))
    }

    /// Every instant.
    pub(crate) fn iter(self) -> impl Iterator<Item = i64> {
        (0..self.len).map(move |place| self.at(place))
    }
}

/// A series on a grid.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub labels: Labels,
    /// One for each instant; [`ABSENT`] where there is none.
    pub values: Vec<f64>,
}

impl Row {
    /// Whether it has a value anywhere.
    pub(crate) fn any(&self) -> bool {
        self.values.iter().copied().any(present)
    }
}

/// What an expression evaluates to.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// One number for each instant.
    Scalar(Vec<f64>),
    /// Rows that have a value somewhere, no two with the same labels.
    Vector(Vec<Row>),
    /// A string.
    Text(String),
}

fn twice(labels: &Labels) -> QueryError {
    failed(format!(
        "the result has two series with the same labels, {labels}: vector cannot contain metrics with the same labelset"
    ))
}

/// Makes one row of those with the same labels; they may not have values at the same instant.
pub(crate) fn unite(rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(rows.len());
    let mut united: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        if !row.any() {
            continue;
        }
        let place = places.get(row.labels.as_ref().as_bytes()).copied();
        match place.and_then(|place| united.get_mut(place)) {
            None => {
                places.insert(row.labels.clone(), united.len());
                united.push(row);
            }
            Some(known) => {
                for (known, value) in known.values.iter_mut().zip(row.values) {
                    if present(value) {
                        if present(*known) {
                            return Err(twice(&row.labels));
                        }
                        *known = value;
                    }
                }
            }
        }
    }
    Ok(united)
}

/// Refuses two rows with the same labels, even where they have no instant in common: so do range
/// functions and the minus sign (Prometheus, `promql/engine.go`, `ContainsSameLabelset` of a matrix).
pub(crate) fn distinct(mut rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    rows.retain(Row::any);
    let mut seen = std::collections::HashSet::with_capacity(rows.len());
    for row in &rows {
        if !seen.insert(row.labels.as_ref()) {
            return Err(twice(&row.labels));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, values: &[f64]) -> Row {
        Row {
            labels: Labels::new([("a", name)]).unwrap(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn no_arithmetic_makes_the_absent_value() {
        for value in [ABSENT + 1.0, ABSENT * ABSENT, ABSENT.sqrt(), f64::NAN] {
            assert!(present(value));
        }
        assert!(!present(ABSENT));
    }

    #[test]
    fn a_grid_ends_where_its_step_meets_the_end() {
        let grid = Grid::range(0, 25, 10);
        assert_eq!(grid.iter().collect::<Vec<_>>(), [0, 10, 20]);
        assert_eq!(Grid::range(10, 0, 10).len, 0);
        assert_eq!(Grid::range(10, 10, 10).len, 1);
    }

    #[test]
    fn rows_of_the_same_labels_become_one_unless_they_meet() {
        let apart = vec![row("x", &[1.0, ABSENT]), row("x", &[ABSENT, 2.0])];
        assert_eq!(unite(apart.clone()).unwrap().len(), 1);
        assert!(distinct(apart).is_err());
        let meet = vec![row("x", &[1.0, 3.0]), row("x", &[ABSENT, 2.0])];
        assert!(unite(meet).is_err());
        assert!(unite(vec![row("y", &[ABSENT])]).unwrap().is_empty());
    }
}
