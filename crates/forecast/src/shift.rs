//! A level that moved at once and stayed: what came before says little of where the series is now.
//!
//! Smoothing would take the jump for noise, or the noise for jumps.
//! The history before it is moved to the new level, so that its season and its noise still count, and the report says so.

use crate::adjusted::Adjusted;
use series::{MAD_TO_SIGMA, mad, median};

/// The jump stands out from other steps, and the levels from their own noise, by this many standard deviations.
const JUMP: f64 = 6.0;
const APART: f64 = 4.0;
/// The levels differ by at least this share of the jump: otherwise it came back.
const KEPT: f64 = 0.6;
/// More than one jump in so many values is how the series is.
const OFTEN: usize = 50;
/// So many values on either side, or a season of them.
const FEWEST: usize = 10;
const MOST: usize = 30;

/// A level shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shift {
    /// The first place at the new level.
    pub(crate) place: usize,
    /// How far the level moved.
    pub(crate) by: f64,
    /// What it was multiplied by; `None` where a level is not above zero.
    pub(crate) factor: Option<f64>,
}

impl Shift {
    /// The latest shift in `y`, looked for in the seasonally adjusted values.
    pub(crate) fn latest(y: &[f64], season: usize) -> Option<Self> {
        let z = Adjusted::of(y, season).ok()?.values;
        let width = season.clamp(FEWEST, MOST);
        let steps: Vec<f64> = z.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let usual = MAD_TO_SIGMA * mad(&steps)?;
        let last = z.len().checked_sub(width)?;
        let jumps = steps
            .iter()
            .filter(|step| step.abs() > JUMP * usual)
            .count();
        if jumps > (z.len() / OFTEN).max(2) {
            // Stock that is filled up again and again jumps for a living.
            return None;
        }
        (width..=last).rev().find_map(|place| {
            let jump = steps.get(place - 1)?;
            if jump.abs() <= JUMP * usual {
                return None;
            }
            let (before, after) = (&z[place - width..place], &z[place..place + width]);
            let (old, new) = (median(before)?, median(after)?);
            let by = new - old;
            let noise = (MAD_TO_SIGMA * mad(before)?.max(mad(after)?)).max(usual);
            let stays = by * jump > 0.0 && by.abs() >= KEPT * jump.abs();
            let positive = y.iter().all(|value| *value > 0.0) && old > 0.0 && new > 0.0;
            (stays && by.abs() > APART * noise).then(|| Self {
                place,
                by,
                factor: positive.then(|| new / old),
            })
        })
    }

    /// Moves what came before to the new level.
    pub(crate) fn undo(&self, y: &mut [f64]) {
        for value in y.iter_mut().take(self.place) {
            match self.factor {
                Some(factor) => *value *= factor,
                None => *value += self.by,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between -0.5 and 0.5, the same in every run.
    fn noise(seed: u32) -> f64 {
        let mixed = u64::from(seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 27)) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }

    fn level(at: u32, level: f64) -> f64 {
        level + 2.0 * noise(at)
    }

    #[test]
    fn a_step_that_stays_is_found_and_undone() {
        let mut y: Vec<f64> = (0..80)
            .map(|at| level(at, if at < 45 { 20.0 } else { 60.0 }))
            .collect();
        let found = Shift::latest(&y, 1).unwrap();
        assert_eq!(found.place, 45);
        assert!((found.by - 40.0).abs() < 2.0, "{found:?}");
        found.undo(&mut y);
        assert!(y.iter().all(|value| (50.0..70.0).contains(value)), "{y:?}");
    }

    #[test]
    fn an_accident_a_slope_and_a_constant_are_no_shifts() {
        let accident: Vec<f64> = (0..80)
            .map(|at| level(at, if at == 45 { 90.0 } else { 20.0 }))
            .collect();
        let slope: Vec<f64> = (0..80).map(|at| level(at, f64::from(at))).collect();
        let stock: Vec<f64> = (0..80)
            .map(|at| level(at, 100.0 - 5.0 * f64::from(at % 16)))
            .collect();
        for y in [accident, slope, stock, vec![3.0; 80], vec![1.0, 2.0]] {
            assert_eq!(Shift::latest(&y, 1), None);
        }
    }
}
