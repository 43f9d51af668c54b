//! Stretches of a series: their spread, their median, and where the past was most alike.

use serde::{Deserialize, Serialize};

/// A stretch of the past that is like another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// How many points before the end of the one the other ends.
    pub points_ago: usize,
    /// The root mean square of the differences, in the unit of the series.
    pub distance: f64,
}

/// The median of sorted values.
pub(crate) fn median_of_sorted(sorted: &[f64]) -> Option<f64> {
    series::quantile_sorted(sorted, 0.5)
}

/// The standard deviation; zero of nothing.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    (squares / count).sqrt()
}

/// Stretches that are compared side by side, so that the compiler makes vectors of them.
const SIDE_BY_SIDE: usize = 32;

/// The earlier stretch most like the last `length` values, among those that end within the last `memory` values and
/// do not overlap them; `None` if there are none.
pub(crate) fn nearest(values: &[f64], length: usize, memory: usize) -> Option<Match> {
    let begin = values.len().checked_sub(length)?;
    let latest = &values[begin..];
    // Beginnings of earlier stretches; the last one ends where the latest begins.
    let last = begin.checked_sub(length)?;
    let mut place = values
        .len()
        .saturating_sub(memory.saturating_add(length))
        .min(last);
    let mut best = (f64::INFINITY, place);
    while place <= last {
        let block = if place + SIDE_BY_SIDE <= begin {
            squares::<SIDE_BY_SIDE>(latest, &values[place..], best.0)
        } else {
            let mut block = [f64::INFINITY; SIDE_BY_SIDE];
            for (to, at) in block.iter_mut().zip(place..=last) {
                *to = squares_below(latest, &values[at..at + length], best.0);
            }
            block
        };
        for (at, squares) in (place..=last).zip(block) {
            if squares < best.0 {
                best = (squares, at);
            }
        }
        place += SIDE_BY_SIDE;
    }
    best.0.is_finite().then(|| Match {
        points_ago: begin - best.1,
        distance: (best.0 / length as f64).sqrt(),
    })
}

/// The sums of squared differences to the stretches that begin at the first `N` values; it stops early where all are
/// above the limit.
fn squares<const N: usize>(latest: &[f64], values: &[f64], limit: f64) -> [f64; N] {
    let mut sums = [0.0; N];
    for (offset, value) in latest.iter().enumerate() {
        let Some(others) = values.get(offset..offset + N) else {
            return [f64::INFINITY; N];
        };
        for (sum, other) in sums.iter_mut().zip(others) {
            *sum += (value - other) * (value - other);
        }
        if offset == 7 && sums.iter().all(|sum| *sum >= limit) {
            break;
        }
    }
    sums
}

/// The sum of squared differences; something above the limit as soon as it is known to be there.
fn squares_below(a: &[f64], b: &[f64], limit: f64) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        sum += a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        if sum >= limit {
            break;
        }
    }
    sum
}

/// So many values two stretches need in common to be compared, if they are as long.
const FEWEST_IN_COMMON: usize = 4;

/// How far apart two stretches are on average where both have values; `None` where that is less than half of what the
/// latest has.
fn distance(latest: &[f64], other: &[f64]) -> Option<f64> {
    let apart = latest.iter().zip(other).map(|(a, b)| (a - b) * (a - b));
    let (sum, count) = apart
        .filter(|square| square.is_finite())
        .fold((0.0, 0_usize), |(sum, count), square| {
            (sum + square, count + 1)
        });
    let there = latest.iter().filter(|value| value.is_finite()).count();
    let enough = 2 * count >= there && count >= FEWEST_IN_COMMON.min(latest.len());
    enough.then(|| (sum / count as f64).sqrt())
}

/// Up to `count` stretches of the past that are most like the `length` values that end before `end`, the most alike
/// first, none of which overlaps another.
///
/// Values that are not finite are gaps, and nothing is compared with them.
/// Empty where there is no past to compare.
pub fn similar(values: &[f64], end: usize, length: usize, count: usize) -> Vec<Match> {
    let Some(begin) = end
        .checked_sub(length)
        .filter(|_| end <= values.len() && length > 0)
    else {
        return Vec::new();
    };
    let latest = &values[begin..end];
    let mut found: Vec<Match> = (length..=begin)
        .filter_map(|other| {
            Some(Match {
                points_ago: end - other,
                distance: distance(latest, &values[other - length..other])?,
            })
        })
        .collect();
    found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    let mut apart: Vec<Match> = Vec::new();
    for candidate in found {
        if apart.len() >= count {
            break;
        }
        if apart
            .iter()
            .all(|kept| kept.points_ago.abs_diff(candidate.points_ago) >= length)
        {
            apart.push(candidate);
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stretch_is_the_one_that_a_plain_search_finds() {
        let mut chance = crate::chance::Chance::new(5);
        let values: Vec<f64> = (0..300).map(|_| chance.normal()).collect();
        for (end, memory) in [(16, 1000), (57, 1000), (300, 1000), (300, 100), (20, 3)] {
            let values = &values[..end];
            let plain = (8..=end - 8)
                .filter(|other| end - other <= memory)
                .map(|other| squares_below(&values[end - 8..], &values[other - 8..other], 1e9))
                .fold(1e9, f64::min);
            let found = nearest(values, 8, memory).map(|found| found.distance.powi(2) * 8.0);
            if plain < 1e9 {
                assert!((found.unwrap() - plain).abs() < 1e-9, "{end} {memory}");
            }
        }
        assert_eq!(nearest(&values[..15], 8, 1000), None);
    }

    #[test]
    fn a_day_is_like_the_days_before() {
        let values: Vec<f64> = (0..96)
            .map(|hour| (f64::from(hour) * std::f64::consts::TAU / 24.0).sin())
            .collect();
        let days: Vec<usize> = similar(&values, 96, 24, 2)
            .iter()
            .map(|m| m.points_ago)
            .collect();
        assert!(
            days.iter().all(|ago| ago % 24 == 0) && days.len() == 2,
            "{days:?}"
        );
    }

    #[test]
    fn what_comes_once_an_hour_on_a_finer_grid_is_like_its_other_days() {
        let hourly = |at: i32| (f64::from(at) * std::f64::consts::TAU / 96.0).sin();
        let every = |step: i32| {
            let at = move |at: i32| if at % step == 0 { hourly(at) } else { f64::NAN };
            (0..384).map(at).collect::<Vec<f64>>()
        };
        let found = similar(&every(4), 384, 24, 2);
        let ago: Vec<usize> = found.iter().map(|found| found.points_ago).collect();
        assert!(
            ago.iter().all(|ago| ago % 96 == 0) && ago.len() == 2,
            "{ago:?}"
        );
        // Three values are like too much.
        assert_eq!(similar(&every(8), 384, 24, 2), []);
    }
}
