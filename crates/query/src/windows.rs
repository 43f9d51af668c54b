//! Windows of samples that move along a series, and the instants a selector looks at.

use crate::plan::{At, Shift};
use crate::row::{ABSENT, Grid, present};
use crate::samples::SelectedSeries;

/// The oldest instant that a window of `length_ms` up to `to_ms` holds.
///
/// Prometheus 2.x closes both ends: a window as long as the distance of samples holds two where it
/// falls on them. Since 3.0 the left end is open ("Range selectors and lookback exclude samples
/// coinciding with the left boundary", migration guide to 3.0); then this is `to_ms - length_ms + 1`,
/// here for range selectors, subqueries and the lookback alike.
#[inline]
pub(crate) fn oldest_ms(to_ms: i64, length_ms: i64) -> i64 {
    to_ms.saturating_sub(length_ms)
}

/// The samples of a series in a range of time, for one instant of the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    /// When each was taken, increasing, never empty.
    pub at_ms: &'a [i64],
    /// As many; none says that the series ended.
    pub values: &'a [f64],
    /// The window's ends, whether or not samples lie on them.
    pub from_ms: i64,
    pub to_ms: i64,
    /// The instant of the answer, which `offset` and `@` part from the window's end.
    pub now_ms: i64,
    /// The function's scalars.
    pub parameters: [f64; 2],
    /// The values before those that fell below them, where the function is a counter's.
    pub before_falls: &'a [f64],
}

/// Where a selector looks for each instant of a grid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    grid: Grid,
    pinned_ms: Option<i64>,
    offset_ms: i64,
}

impl Looks {
    /// `start()` and `end()` mean the ends of the whole query, even in a subquery; the end need not
    /// be one of its instants.
    pub(crate) fn new(grid: Grid, shift: Shift, (start_ms, end_ms): (i64, i64)) -> Self {
        let pinned_ms = shift.at.map(|at| match at {
            At::Start => start_ms,
            At::End => end_ms,
            At::Ms(ms) => ms,
        });
        Self {
            grid,
            pinned_ms,
            offset_ms: shift.offset_ms,
        }
    }

    /// The instant looked at for a place of the grid.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> i64 {
        let at = self.pinned_ms.unwrap_or_else(|| self.grid.at(place));
        at.saturating_sub(self.offset_ms)
    }

    pub(crate) fn grid(&self) -> Grid {
        self.grid
    }

    pub(crate) fn first_ms(&self) -> i64 {
        self.at(0)
    }

    pub(crate) fn last_ms(&self) -> i64 {
        self.at(self.grid.len.saturating_sub(1))
    }
}

/// What of the newest sample an instant takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    Value,
    /// When it was taken, in seconds.
    Timestamp,
}

/// The newest sample no older than the lookback, for each instant; an ended series has none.
pub(crate) fn newest(
    series: &SelectedSeries,
    looks: &Looks,
    lookback_ms: i64,
    take: Take,
) -> Vec<f64> {
    let mut next = 0;
    let grid = looks.grid();
    let mut row = Vec::with_capacity(grid.len);
    for place in 0..grid.len {
        let at = looks.at(place);
        next = past(&series.at_ms, next, at);
        let newest = next
            .checked_sub(1)
            .and_then(|last| Some((*series.at_ms.get(last)?, *series.values.get(last)?)));
        row.push(match newest {
            Some((taken, value)) if taken >= oldest_ms(at, lookback_ms) && present(value) => {
                match take {
                    Take::Value => value,
                    Take::Timestamp => taken as f64 / 1000.0,
                }
            }
            _ => ABSENT,
        });
    }
    row
}

/// The first place from `from` on whose instant is after `at`.
///
/// Steps are mostly a few samples long, so it walks before it leaps.
#[inline]
fn past(at_ms: &[i64], from: usize, at: i64) -> usize {
    const WALK: usize = 8;
    let mut place = from;
    for _ in 0..WALK {
        match at_ms.get(place) {
            Some(taken) if *taken <= at => place += 1,
            _ => return place,
        }
    }
    let rest = at_ms.get(place..).unwrap_or_default();
    place + rest.partition_point(|taken| *taken <= at)
}

/// Where a counter began anew. Found once for a series, so that overlapping windows need not look
/// for it at each of their samples again.
#[derive(Debug, Default)]
pub(crate) struct Falls {
    /// Places of the values that are lower than the one before, increasing.
    places: Vec<usize>,
    /// The values before them.
    before: Vec<f64>,
}

impl Falls {
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut falls = Self::default();
        for (place, pair) in values.windows(2).enumerate() {
            if let [before, after] = pair
                && after < before
            {
                falls.places.push(place + 1);
                falls.before.push(*before);
            }
        }
        falls
    }

    /// The values before falls after the place `first` and before the place `next`.
    fn within(&self, first: usize, next: usize) -> &[f64] {
        if self.places.is_empty() {
            return &[];
        }
        let from = self.places.partition_point(|place| *place <= first);
        let to = self.places.partition_point(|place| *place < next);
        self.before.get(from..to).unwrap_or_default()
    }
}

/// A function's value for each instant, over windows of `length_ms`; nothing where a window is empty.
/// `parameters` answers the function's scalars for a place.
pub(crate) fn over(
    series: &SelectedSeries,
    looks: &Looks,
    length_ms: i64,
    falls: &Falls,
    parameters: impl Fn(usize) -> [f64; 2],
    function: impl Fn(&Window<'_>) -> Option<f64>,
) -> Vec<f64> {
    let (mut first, mut next) = (0, 0);
    let grid = looks.grid();
    let mut row = Vec::with_capacity(grid.len);
    for place in 0..grid.len {
        let to_ms = looks.at(place);
        let from_ms = to_ms.saturating_sub(length_ms);
        let before_oldest = oldest_ms(to_ms, length_ms).saturating_sub(1);
        first = past(&series.at_ms, first, before_oldest);
        next = past(&series.at_ms, next.max(first), to_ms);
        let window = (series.at_ms.get(first..next)).zip(series.values.get(first..next));
        let value = window
            .filter(|(at_ms, _)| !at_ms.is_empty())
            .and_then(|(at_ms, values)| {
                function(&Window {
                    at_ms,
                    values,
                    from_ms,
                    to_ms,
                    now_ms: grid.at(place),
                    parameters: parameters(place),
                    before_falls: falls.within(first, next),
                })
            });
        row.push(value.unwrap_or(ABSENT));
    }
    row
}

/// Takes the markers of an end away: to a window they are no samples.
pub(crate) fn without_ends(series: &mut SelectedSeries) {
    if series.values.iter().copied().all(present) {
        return;
    }
    let kept = |values: &[f64], place: usize| values.get(place).copied().is_some_and(present);
    let mut place = 0;
    series.at_ms.retain(|_| {
        place += 1;
        kept(&series.values, place - 1)
    });
    series.values.retain(|value| present(*value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use series::{Labels, STALE_BITS};

    fn series(samples: &[(i64, f64)]) -> SelectedSeries {
        SelectedSeries {
            labels: Labels::default(),
            at_ms: samples.iter().map(|(at, _)| *at).collect(),
            values: samples.iter().map(|(_, value)| *value).collect(),
        }
    }

    fn looks(from: i64, to: i64, step: i64) -> Looks {
        let grid = Grid::range(from, to, step);
        let shift = Shift {
            at: None,
            offset_ms: 0,
        };
        Looks::new(grid, shift, (from, to))
    }

    fn shown(row: &[f64]) -> Vec<Option<f64>> {
        row.iter().map(|v| present(*v).then_some(*v)).collect()
    }

    #[test]
    fn the_lookback_reaches_its_own_end_and_no_further() {
        let series = series(&[(10, 1.0), (40, 2.0)]);
        let row = newest(&series, &looks(0, 70, 10), 20, Take::Value);
        let (one, two) = (Some(1.0), Some(2.0));
        assert_eq!(shown(&row), [None, one, one, one, two, two, two, None]);
    }

    #[test]
    fn an_ended_series_has_no_value_until_it_begins_again() {
        let series = series(&[(0, 1.0), (10, f64::from_bits(STALE_BITS)), (30, 3.0)]);
        let row = newest(&series, &looks(0, 30, 10), 100, Take::Value);
        assert_eq!(shown(&row), [Some(1.0), None, None, Some(3.0)]);
    }

    #[test]
    fn windows_are_closed_at_both_ends_and_skip_markers() {
        let mut series = series(&[
            (0, 1.0),
            (10, f64::from_bits(STALE_BITS)),
            (20, 3.0),
            (40, 4.0),
        ]);
        without_ends(&mut series);
        let count = |window: &Window<'_>| Some(window.values.len() as f64);
        let row = over(
            &series,
            &looks(0, 70, 10),
            20,
            &Falls::default(),
            |_| [0.0; 2],
            count,
        );
        let (one, two) = (Some(1.0), Some(2.0));
        assert_eq!(shown(&row), [one, one, two, one, two, one, one, None]);
    }

    #[test]
    fn falls_count_only_where_both_values_are_in_the_window() {
        let falls = Falls::of(&[1.0, 5.0, 2.0, 3.0, 0.0]);
        assert_eq!(falls.within(0, 5), [5.0, 3.0]);
        assert_eq!(falls.within(1, 4), [5.0]);
        assert_eq!(falls.within(2, 5), [3.0]);
        assert!(falls.within(2, 4).is_empty());
    }

    #[test]
    fn a_pinned_selector_looks_at_one_instant() {
        let grid = Grid::range(100, 200, 50);
        let shift = Shift {
            at: Some(At::End),
            offset_ms: 30,
        };
        let looks = Looks::new(grid, shift, (100, 210));
        assert_eq!((looks.first_ms(), looks.last_ms()), (180, 180));
    }
}
