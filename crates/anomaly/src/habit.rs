//! What a series usually does at each place of its season, and how far from that a point is.
//!
//! What is expected of a point, above the running level, is the median of what the same place was above it in the last
//! rounds: the seasonal forecast that no outlier moves. Whether there is a season at all is not asked of a test but of
//! the past: such expectations were nearer than the level alone, by a good part.

use crate::stream::WARM_UP;
use crate::tail::Tail;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// So many rounds are remembered.
const ROUNDS: usize = 8;
/// Fewer say nothing of the next.
const FEWEST_ROUNDS: usize = 3;
/// A season shows where it takes so much of the mean distance away.
const SHOWS: f64 = 0.85;
/// After so many rounds what it took away long ago counts half.
const HALF_LIFE: f64 = 12.0;
/// Points in the second channel's mean.
const TOGETHER: usize = 4;

/// The season of a stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Habit {
    season: usize,
    /// What the newest points were above the level, oldest first; NaN for a gap.
    past: VecDeque<f64>,
    /// What the newest points were above what was expected; NaN where nothing was.
    off: VecDeque<f64>,
    /// Distances from the level alone and from what was expected, where both are known, older ones counting less.
    distances: (f64, f64),
    /// The past of the distance of a point, and of the mean of some.
    channels: [Tail; 2],
}

/// A point by what its place in the season usually has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// What was expected, above the level.
    pub(crate) expected: f64,
    /// How far from it 98 of 100 points are at most.
    pub(crate) usual: f64,
    /// The evidence of its distance, and of the mean of the last four.
    pub(crate) evidence: [f64; 2],
}

impl Habit {
    pub(crate) fn new(season: usize, memory: usize) -> Self {
        Self {
            season,
            past: VecDeque::new(),
            off: VecDeque::new(),
            distances: (0.0, 0.0),
            channels: [Tail::new(memory), Tail::new(memory)],
        }
    }

    /// Whether the season explains a good part of how far points are from the level, and it is known how far they
    /// usually are from what it has them be.
    pub(crate) fn speaks(&self) -> bool {
        self.channels[0].len() >= WARM_UP && self.distances.1 < SHOWS * self.distances.0
    }

    /// What the next place of the season usually is above the level.
    fn expected(&self) -> Option<f64> {
        let same = (1..=ROUNDS).map_while(|round| {
            let place = self.past.len().checked_sub(round * self.season)?;
            self.past.get(place).copied()
        });
        let known: Vec<f64> = same.filter(|above| above.is_finite()).collect();
        (known.len() >= FEWEST_ROUNDS)
            .then(|| series::median(&known))
            .flatten()
    }

    /// Takes in a gap, and answers what its place usually has.
    pub(crate) fn skip(&mut self) -> Option<f64> {
        let expected = self.expected().filter(|_| self.speaks());
        self.remember(f64::NAN, f64::NAN);
        expected
    }

    /// Takes in what a point is above the level; `judged` gives the evidence of a distance among those of a channel.
    pub(crate) fn push(
        &mut self,
        above: f64,
        judged: impl Fn(&mut Tail, f64) -> f64,
    ) -> Option<Seen> {
        let expected = self.expected();
        self.remember(
            above,
            expected.map_or(f64::NAN, |expected| above - expected),
        );
        let expected = expected?;
        let distance = (above - expected).abs();
        let fades = 0.5_f64.powf(1.0 / (HALF_LIFE * self.season as f64));
        self.distances.0 = self.distances.0 * fades + above.abs();
        self.distances.1 = self.distances.1 * fades + distance;
        let latest: Vec<f64> = self
            .off
            .iter()
            .copied()
            .filter(|off| off.is_finite())
            .collect();
        let mean = series::mean(&latest).unwrap_or(0.0).abs();
        let usual = self.channels[0].usual();
        let [alone, together] = &mut self.channels;
        Some(Seen {
            expected,
            usual,
            evidence: [judged(alone, distance), judged(together, mean)],
        })
    }

    fn remember(&mut self, above: f64, off: f64) {
        self.past.push_back(above);
        if self.past.len() > ROUNDS * self.season {
            self.past.pop_front();
        }
        self.off.push_back(off);
        if self.off.len() > TOGETHER {
            self.off.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::chance::Chance;
    use crate::{Channel, Stream, StreamOptions};

    /// Weeks of orders: few on Sundays, and not always the same.
    fn weeks(days: usize) -> Vec<f64> {
        let mut chance = Chance::new(5);
        let shape = [50.0, 52.0, 55.0, 60.0, 70.0, 40.0, 8.0];
        (0..days)
            .map(|day| shape[day % 7] + 2.0 * chance.normal())
            .collect()
    }

    fn days(season: usize) -> StreamOptions {
        StreamOptions {
            level: 28,
            memory: 1_000,
            season,
            ..StreamOptions::default()
        }
    }

    #[test]
    fn a_sunday_like_a_weekday_is_unusual_where_the_week_is_known() {
        let mut values = weeks(300);
        let sunday = 279;
        values[sunday] = 52.0;
        let points = crate::scan(&values, days(7));
        let point = points[sunday];
        assert!(point.score >= crate::THRESHOLD, "{point:?}");
        assert!(
            point.seasonal && point.expected.is_some_and(|e| (4.0..12.0).contains(&e)),
            "{point:?}"
        );
        assert_eq!(point.strongest(), Some(Channel::Level));
        let blind = crate::scan(&values, days(0))[sunday];
        assert!(blind.evidence[0] < 1.0 && !blind.seasonal, "{blind:?}");
        // Other days are as they were.
        let others = points
            .iter()
            .enumerate()
            .filter(|(day, _)| day.abs_diff(sunday) > 30);
        assert!(others.clone().all(|(_, point)| point.score < 0.8));
        let wednesday = points[sunday - 4];
        assert!(
            wednesday
                .expected
                .is_some_and(|e| (50.0..60.0).contains(&e)),
            "{wednesday:?}"
        );
    }

    #[test]
    fn the_week_speaks_from_the_first_point_that_it_can_judge() {
        let mut values = weeks(140);
        // Three weeks say what is usual, and a hundred days how far from that is usual.
        values[121] += 500.0;
        let points = crate::scan(&values, days(7));
        assert!(!points[120].seasonal && points[121].seasonal && points[121].evidence[0] > 1.9);
    }

    #[test]
    fn a_gap_keeps_its_place_in_the_week() {
        let mut values = weeks(300);
        for day in [100, 150, 151, 200] {
            values[day] = f64::NAN;
        }
        let points = crate::scan(&values, days(7));
        let next_sunday = points[209];
        assert!(
            next_sunday
                .expected
                .is_some_and(|e| (4.0..12.0).contains(&e)),
            "{next_sunday:?}"
        );
        assert!(
            points[202].expected.is_some_and(|e| e < 15.0),
            "it is a Sunday, known or not"
        );
    }

    #[test]
    fn a_season_that_is_not_there_says_nothing() {
        let mut chance = Chance::new(8);
        let values: Vec<f64> = (0..600).map(|_| 50.0 + 3.0 * chance.normal()).collect();
        let named = crate::scan(&values, days(7));
        assert!(named.iter().skip(60).all(|point| !point.seasonal));
        for (named, without) in named.iter().zip(crate::scan(&values, days(0))) {
            assert!(named.seasonal || (named.score - without.score).abs() < 1e-12);
        }
        assert!(Stream::new(days(7)).push(1.0).expected == Some(1.0));
    }
}
