//! The pace of late: where a level gets to if it goes on as it has gone for some steps.
//!
//! A model of a month of days does not see a disk that began to fill an hour ago.
//! What an ensemble weighs by its back-test hears a new trend last, since the trend was in no back-test.
//! So lines are followed by a bank of Holt's filters (Holt 1957, "Forecasting seasonals and trends by exponentially weighted
//! moving averages", ONR memorandum 52), from a level that stays to a slope that turns within two steps, weighed at each
//! step by how well they foresaw the latest ones (Raftery, Kárný and Ettler, "Online prediction under model uncertainty via
//! dynamic model averaging", Technometrics 52, 2010).
//!
//! A line alone runs to any limit: each morning a load rises as if it went on to midnight.
//! So what lines foretold along the series' own past is laid beside what came, at each distance: the share of it that came
//! true is the share of the line that is told, and what they were off by is the band.
//! `examples/pace_bench.rs` shows how well that holds.

use crate::crossing::{Crossing, Direction, crossing};
use crate::request::Bands;

/// The shares of a miss that filters take over into their level.
const GAINS: [f64; 4] = [0.1, 0.3, 0.7, 1.0];
/// The shares of that which they take over into their slope; 0 has none.
const TURNS: [f64; 4] = [0.0, 0.05, 0.15, 0.4];
/// What a filter's evidence is worth one step later: about twenty steps count.
const FORGET: f64 = 0.95;
/// The weight of the latest miss in the variance of a filter's misses.
const NEWEST: f64 = 0.05;
/// Degrees of freedom of misses: one accident is no reason to change filters.
const DEGREES: f64 = 4.0;
/// So many steps filters have to settle in.
const WARM: usize = 24;
/// A slope counts that has lasted so many steps: one jump is none.
const LASTING: usize = 4;
/// No slope is steeper than so many times what the values themselves have moved a step since then.
const STEEPEST: f64 = 2.0;
/// What a move as long as the one that is foretold now counts for beside all those that were foretold before, where it
/// is taken to come true: a series that never moved so is believed.
const PRIOR: f64 = 0.02;
/// What nobody knows of a move that the series never made, as a share of it.
const UNSURE: f64 = 0.5;
/// So many past moves there are at least behind what is said of a distance.
const FEWEST_MOVES: usize = 10;
/// The deviates of the edges of the 80 % and the 95 % band.
const EDGES: [f64; 2] = [1.281_551_565_544_600_4, 1.959_963_984_540_054];

/// Fewer values than this have no pace.
pub const FEWEST_FOR_PACE: usize = 64;

/// Where a level gets to at its pace of late.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// How far it goes in one step, in the unit of the values; negative where it falls.
    pub slope: f64,
    /// The level at each step, with bands of 80 and 95 %.
    pub bands: Bands,
    last: f64,
}

impl Pace {
    /// When the level reaches `limit` at this pace; times are in steps after the last value.
    pub fn time_to_limit(&self, limit: f64, direction: Direction) -> Crossing {
        // What a line is off by at one step it is off by at all.
        crossing(self.last, &self.bands, limit, direction, 0.0)
    }
}

/// The pace of `values`, oldest first, one a step and without gaps, for `horizon` steps.
///
/// `None` with fewer than [`FEWEST_FOR_PACE`] values or without a horizon, and where values are not finite or so large that their
/// squares are not.
pub fn pace(values: &[f64], horizon: usize) -> Option<Pace> {
    let last = *values.last()?;
    if values.len() < FEWEST_FOR_PACE || horizon == 0 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let lines = lasting(values, &followed(values));
    let now = *lines.last()?;
    let farthest = horizon.min(values.len() - WARM - FEWEST_MOVES);
    let doubled = std::iter::successors(Some(1), |far| Some(far * 2));
    let distances = doubled.take_while(|far| *far < farthest).chain([farthest]);
    let trusted: Vec<Trust> = distances.map(|far| trust(values, &lines, far)).collect();
    let mut bands = Bands::default();
    for step in 1..=horizon {
        let (share, off) = between(&trusted, step as f64);
        let point = last + share * now.moved(last, step as f64);
        bands.point.push(point);
        bands.lo80.push(point - EDGES[0] * off);
        bands.hi80.push(point + EDGES[0] * off);
        bands.lo95.push(point - EDGES[1] * off);
        bands.hi95.push(point + EDGES[1] * off);
    }
    let curves = [&bands.lo95, &bands.hi95, &bands.point];
    let finite = curves
        .iter()
        .all(|curve| curve.iter().all(|v| v.is_finite()));
    let slope = (bands.point.last()? - last) / horizon as f64;
    finite.then_some(Pace { slope, bands, last })
}

/// A level and where it goes.
#[derive(Clone, Copy)]
struct Line {
    level: f64,
    slope: f64,
}

impl Line {
    /// How far from `value` it is so many steps later.
    fn moved(self, value: f64, steps: f64) -> f64 {
        self.level + self.slope * steps - value
    }
}

/// One filter, and how well it has foreseen.
struct Filter {
    gain: f64,
    turn: f64,
    line: Line,
    variance: f64,
    /// The logarithm of its weight, but for a constant.
    evidence: f64,
}

impl Filter {
    fn take_in(&mut self, value: f64, least: f64) {
        let foreseen = self.line.level + self.line.slope;
        let off = value - foreseen;
        let squared = off * off / self.variance;
        let likely =
            -0.5 * self.variance.ln() - 0.5 * (DEGREES + 1.0) * (squared / DEGREES).ln_1p();
        self.evidence = FORGET * self.evidence + likely;
        self.variance = ((1.0 - NEWEST) * self.variance + NEWEST * off * off).max(least);
        self.line.level = foreseen + self.gain * off;
        self.line.slope += self.turn * self.gain * off;
    }
}

/// The line of all filters together at each value.
fn followed(values: &[f64]) -> Vec<Line> {
    let first = Line {
        level: values.first().copied().unwrap_or(0.0),
        slope: 0.0,
    };
    let steps: Vec<f64> = values
        .windows(2)
        .map(|two| (two[1] - two[0]).abs())
        .collect();
    let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
    let usual = series::median(&steps).unwrap_or(0.0);
    // Nothing moves at all: every filter says so.
    let scale = (1.48 * usual).max(0.1 * mean).max(1e-150);
    let least = (0.05 * scale).powi(2);
    let every = GAINS
        .iter()
        .flat_map(|gain| TURNS.map(|turn| (*gain, turn)));
    let filter = |(gain, turn)| Filter {
        gain,
        turn,
        line: first,
        variance: scale * scale,
        evidence: 0.0,
    };
    let mut bank: Vec<Filter> = every.map(filter).collect();
    let mut lines = Vec::with_capacity(values.len());
    lines.push(first);
    for value in values.iter().skip(1) {
        for filter in &mut bank {
            filter.take_in(*value, least);
        }
        lines.push(together(&bank));
    }
    lines
}

/// The mean of the filters' lines by their evidence.
fn together(bank: &[Filter]) -> Line {
    let most = bank.iter().map(|one| one.evidence);
    let most = most.fold(f64::NEG_INFINITY, f64::max);
    let (mut level, mut slope, mut sum) = (0.0, 0.0, 0.0);
    for one in bank {
        let weight = (one.evidence - most).exp();
        level += weight * one.line.level;
        slope += weight * one.line.slope;
        sum += weight;
    }
    Line {
        level: level / sum,
        slope: slope / sum,
    }
}

/// The lines with the least slope of the last few steps; none where it went up and down, or the values did not move so.
fn lasting(values: &[f64], lines: &[Line]) -> Vec<Line> {
    let slope = |place: usize| {
        let since = (place + 1).saturating_sub(LASTING);
        let latest = lines.get(since..=place).unwrap_or_default();
        let slopes = latest.iter().map(|line| line.slope);
        let low = slopes.clone().fold(f64::INFINITY, f64::min);
        let high = slopes.fold(f64::NEG_INFINITY, f64::max);
        let steps = place.saturating_sub(since).max(1) as f64;
        let most = STEEPEST * (values[place] - values[since]) / steps;
        if low > 0.0 {
            low.min(most.max(0.0))
        } else {
            high.min(0.0).max(most.min(0.0))
        }
    };
    let all = lines.iter().enumerate();
    all.map(|(place, line)| Line {
        level: line.level,
        slope: slope(place),
    })
    .collect()
}

/// What lines were worth at one distance.
struct Trust {
    /// So many steps ahead.
    far: f64,
    /// Which share of what they foretold came true, 0 to 1.
    share: f64,
    /// What that was off by: a standard deviation.
    off: f64,
}

/// What the lines foretold `far` steps ahead, beside what came.
fn trust(values: &[f64], lines: &[Line], far: usize) -> Trust {
    let moves = || {
        let past = values.iter().zip(lines).zip(values.iter().skip(far));
        let moved =
            |((from, line), to): ((&f64, &Line), &f64)| (line.moved(*from, far as f64), to - from);
        past.skip(WARM).map(moved)
    };
    let now = values.last().zip(lines.last());
    let now = now.map_or(0.0, |(value, line)| line.moved(*value, far as f64));
    let (mut both, mut foretold) = (0.0, 0.0);
    for (said, came) in moves() {
        both += said * came;
        foretold += said * said;
    }
    // Moves that overlap say the same thing several times.
    let apart = far as f64;
    let prior = PRIOR * now * now;
    let squares = prior + foretold / apart;
    let share = if squares > 0.0 {
        ((prior + both / apart) / squares).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (mut off, mut count) = (0.0, 0.0);
    for (said, came) in moves() {
        off += (came - share * said).powi(2);
        count += 1.0;
    }
    let unsure = UNSURE * share * now;
    Trust {
        far: far as f64,
        share,
        off: (off / f64::max(count, 1.0) + unsure * unsure).sqrt(),
    }
}

/// What lines are worth at a distance between those that were looked at, by its logarithm; beyond the last as there,
/// with a band that grows with the distance.
fn between(trusted: &[Trust], far: f64) -> (f64, f64) {
    let Some(next) = trusted.iter().position(|one| one.far >= far) else {
        let farthest = trusted.last();
        return farthest.map_or((0.0, 0.0), |one| (one.share, one.off * far / one.far));
    };
    let (before, after) = (&trusted[next.saturating_sub(1)], &trusted[next]);
    let gap = (after.far / before.far).ln();
    let place = if gap > 0.0 {
        (far / before.far).ln() / gap
    } else {
        1.0
    };
    let mean = |a: f64, b: f64| a + place * (b - a);
    (mean(before.share, after.share), mean(before.off, after.off))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise between -1 and 1 that is the same each time.
    fn noise(place: usize) -> f64 {
        let hashed = (place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (hashed ^ (hashed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn median(values: &[f64], limit: f64, direction: Direction) -> Option<f64> {
        match pace(values, 144).unwrap().time_to_limit(limit, direction) {
            Crossing::Reaches {
                median_step, lo80, ..
            } => {
                assert!(lo80 <= median_step || median_step.is_none());
                median_step
            }
            Crossing::Clear { .. } => None,
            Crossing::Already => panic!("not there yet"),
        }
    }

    /// A disk at 40 % that has been filling for so many steps, by one in each.
    fn filling(steps: usize) -> Vec<f64> {
        let value =
            |place: usize| 40.0 + 0.2 * noise(place) + (place.saturating_sub(299 - steps)) as f64;
        (0..300).map(value).collect()
    }

    #[test]
    fn a_disk_that_began_to_fill_is_seen_within_eight_steps_and_not_before() {
        assert_eq!(median(&filling(0), 95.0, Direction::Rising), None);
        for steps in [8, 12, 20] {
            let left = 55.0 - steps as f64;
            let said = median(&filling(steps), 95.0, Direction::Rising);
            let said = said.unwrap_or(f64::INFINITY);
            assert!(
                (said / left).ln().abs() < 0.25,
                "{steps}: {said}, not {left}"
            );
        }
    }

    #[test]
    fn what_falls_is_the_mirror_of_what_rises() {
        let up = filling(12);
        let down: Vec<f64> = up.iter().map(|value| 100.0 - value).collect();
        let rising = median(&up, 95.0, Direction::Rising).unwrap();
        let falling = median(&down, 5.0, Direction::Falling).unwrap();
        assert!((rising - falling).abs() < 1e-6);
    }

    #[test]
    fn a_jump_is_no_pace() {
        for since in 0..8 {
            let mut values = filling(0);
            values[299 - since..].iter_mut().for_each(|v| *v += 20.0);
            assert_eq!(median(&values, 95.0, Direction::Rising), None, "{since}");
        }
    }

    #[test]
    fn what_rises_each_morning_does_not_rise_for_ever() {
        let wave = |place: usize| {
            50.0 + 20.0 * (place as f64 * std::f64::consts::TAU / 96.0).sin() + noise(place)
        };
        for end in (320..416).step_by(4) {
            let values: Vec<f64> = (0..end).map(wave).collect();
            assert_eq!(median(&values, 95.0, Direction::Rising), None, "{end}");
        }
    }

    #[test]
    fn scale_and_place_of_values_do_not_matter() {
        let values = filling(12);
        let moved: Vec<f64> = values.iter().map(|v| 1e6 * v - 3e7).collect();
        let (a, b) = (pace(&values, 144).unwrap(), pace(&moved, 144).unwrap());
        for (a, b) in a.bands.hi80.iter().zip(&b.bands.hi80) {
            assert!((1e6 * a - 3e7 - b).abs() < 1e-3 * b.abs(), "{a} {b}");
        }
    }

    #[test]
    fn whatever_the_values_bands_nest_and_nothing_panics() {
        let spiked = |place: usize| {
            if place.is_multiple_of(50) {
                1e9
            } else {
                noise(place)
            }
        };
        let all: [Vec<f64>; 5] = [
            vec![7.0; 100],
            vec![0.0; 64],
            (0..200).map(spiked).collect(),
            (0..64).map(f64::from).collect(),
            (0..100).map(|place| noise(place) * 1e140).collect(),
        ];
        for values in all {
            let Bands {
                point,
                lo80,
                hi80,
                lo95,
                hi95,
            } = pace(&values, 200).unwrap().bands;
            assert_eq!(point.len(), 200);
            for step in 0..200 {
                let curves = [lo95[step], lo80[step], point[step], hi80[step], hi95[step]];
                assert!(curves.is_sorted() && curves[0].is_finite(), "{curves:?}");
            }
        }
        assert_eq!(pace(&[1.0; 63], 10), None);
        assert_eq!(pace(&[1.0; 100], 0), None);
        assert_eq!(pace(&[f64::NAN; 100], 10), None);
        let vast: Vec<f64> = (0..100).map(|place| noise(place) * 1e300).collect();
        assert_eq!(pace(&vast, 10), None);
    }
}
