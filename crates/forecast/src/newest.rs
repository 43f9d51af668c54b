//! A newest value that nothing confirms yet.
//!
//! One reading far from all that was usual may be an accident, a day that is not over, or the first of a new level.
//! Smoothing cannot tell them apart and gives the newest value the most say of all, so that one wrong number makes a
//! wrong forecast; of values further back the ones after them tell. So a lone one is held back until another one
//! confirms it: the value of a season before stands in its place, and the report says so.

use series::{MAD_TO_SIGMA, mad, median};

/// So many standard deviations from the value of a season before.
const FAR: f64 = 8.0;
/// And so many times as far as any of the latest: what grows faster and faster, and a level that moved some months ago,
/// is far from what was usual again and again.
const FARTHER: f64 = 2.0;
/// The latest are so many, or a season of them.
const LATEST: usize = 10;
/// Where values two steps apart differ by so much more than those one apart, the level wanders, and a jump of it is
/// likelier to stay: of white noise they differ by as much, of a random walk by the root of two more. Over a season a
/// level wanders so far anyway that a jump is none.
const WANDERS: f64 = 1.25;
/// Fewer differences than this say little about what is usual.
const FEWEST: usize = 20;
/// More than one in so many values that is at least half as far is how the series is.
const OFTEN: usize = 50;

/// What is held back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HeldBack {
    /// Its place.
    pub(crate) place: usize,
    /// What stands there instead.
    pub(crate) instead: f64,
}

impl HeldBack {
    /// Looks at the newest two values of `y`: of two in a row that are far the second confirms the first.
    ///
    /// They are compared with what stood a season before them, whether there is one or not, since a wild value hides it
    /// from tests; with what stood a step before only where no season fits.
    pub(crate) fn of(y: &[f64], seasons: &[usize]) -> Option<Self> {
        let known = y.len().checked_sub(2)?;
        let past = y.get(..known)?;
        let at_lag = |lag: usize| {
            let apart = differences(past, lag);
            let told = apart.len() >= FEWEST && lag > 0;
            Some((lag, MAD_TO_SIGMA * mad(&apart)?, apart)).filter(|_| told)
        };
        let seasonal = seasons.iter().filter_map(|season| at_lag(*season));
        let best = seasonal.min_by(|a, b| a.1.total_cmp(&b.1));
        let (season, usual, apart) = best.or_else(|| at_lag(1))?;
        let middle = median(&apart)?;
        // Where most differences are nought, steps are all there is.
        if usual <= 0.0 {
            return None;
        }
        if season == 1 && MAD_TO_SIGMA * mad(&differences(past, 2))? > WANDERS * usual {
            return None;
        }
        let latest = apart.iter().rev().take(season.max(LATEST));
        let latest = latest.map(|one| (one - middle).abs()).fold(0.0, f64::max);
        // From before both: without a season the one would be compared with the other.
        let seasons_back = |place: usize| (place + 1 - known).div_ceil(season);
        let before = |place: usize| {
            let back = seasons_back(place) * season;
            past.get(place.checked_sub(back)?).copied()
        };
        let is_far = |place: usize| {
            let drifted = seasons_back(place) as f64 * middle;
            let off = (y.get(place)? - before(place)? - drifted).abs();
            let like_it = |one: &&f64| (**one - middle).abs() > off / 2.0;
            let often = apart.iter().filter(like_it).count() > (past.len() / OFTEN).max(2);
            Some(off > FAR * usual && off > FARTHER * latest && !often)
        };
        let place = match (is_far(known)?, is_far(known + 1)?) {
            (true, false) => known,
            (false, true) => known + 1,
            _ => return None,
        };
        Some(Self {
            place,
            instead: before(place)?,
        })
    }
}

fn differences(y: &[f64], lag: usize) -> Vec<f64> {
    let pairs = y.iter().skip(lag).zip(y);
    pairs.map(|(now, then)| now - then).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between 0 and 1, the same in every run.
    fn noise(at: usize) -> f64 {
        (at * at * 7_919 % 101) as f64 / 101.0
    }

    /// A week that repeats with a little noise, and the newest values.
    fn history(newest: &[f64]) -> Vec<f64> {
        let usual = |day: usize| 100.0 + 10.0 * (day % 7) as f64 + 2.0 * noise(day);
        (0..70).map(usual).chain(newest.iter().copied()).collect()
    }

    #[test]
    fn a_lone_newest_value_is_held_back_and_two_are_not() {
        let held = HeldBack::of(&history(&[101.0, 900.0]), &[7]).unwrap();
        assert_eq!(held.place, 71);
        assert!((held.instead - 110.0).abs() < 3.0, "{held:?}");
        let held = HeldBack::of(&history(&[0.0, 111.0]), &[7]).unwrap();
        assert_eq!(held.place, 70);
        assert_eq!(HeldBack::of(&history(&[900.0, 910.0]), &[7]), None);
        assert_eq!(HeldBack::of(&history(&[101.0, 111.0]), &[7]), None);
    }

    #[test]
    fn without_a_season_the_newest_two_are_not_compared_with_each_other() {
        let level = |n: usize| 50.0 + 10.0 * noise(n);
        let mut y: Vec<f64> = (0..60).map(level).chain([500.0, 52.0]).collect();
        assert_eq!(HeldBack::of(&y, &[]).unwrap().place, 60);
        y.swap(60, 61);
        assert_eq!(HeldBack::of(&y, &[]).unwrap().place, 61);
    }

    #[test]
    fn what_moves_in_steps_and_what_is_short_is_left_as_it_is() {
        let steps: Vec<f64> = (0..60).map(|n| f64::from(n / 25)).chain([9.0]).collect();
        assert_eq!(HeldBack::of(&steps, &[7]), None);
        let refilled: Vec<f64> = (0..100)
            .map(|n| f64::from(60 - n % 20))
            .chain([300.0])
            .collect();
        assert_eq!(HeldBack::of(&refilled, &[7]), None);
        assert_eq!(HeldBack::of(&[1.0, 2.0, 1.0, 2.0, 900.0], &[7]), None);
        assert_eq!(HeldBack::of(&[], &[7]), None);
    }
}
