//! What is foreseen, added up from an instant on.

use crate::normal_chance;

/// The deviates at which a total's band is known: the upper edges of the 80 % and the 95 % band.
pub const BAND_DEVIATES: [f64; 2] = [1.281_551_565_544_600_4, 1.959_963_984_540_054];
/// Beyond the forecast things go on as they did in its last days, so many of them.
const LAST_DAYS: f64 = 28.0;

/// What the steps up to the end of one come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// What is expected.
    pub point: f64,
    /// The upper edge of its 80 % band, which is even to both sides.
    pub hi80: f64,
    /// The upper edge of its 95 % band.
    pub hi95: f64,
}

/// What is foreseen, added up. Times are days after the forecast's first instant.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningTotal {
    /// Days of a step.
    step: f64,
    /// Up to the end of each step.
    totals: Vec<Total>,
    /// How much a day comes to beyond them.
    rate: f64,
}

impl RunningTotal {
    /// Of totals, one for each step of so many days; `None` without any, or where one is no number.
    /// Bands are at least as wide as nothing, and the outer one as the inner.
    pub fn new(step_days: f64, totals: &[Total]) -> Option<Self> {
        let sound = |total: &Total| {
            total.point.is_finite() && total.hi80.is_finite() && total.hi95.is_finite()
        };
        if !(step_days > 0.0 && step_days.is_finite() && totals.iter().all(sound)) {
            return None;
        }
        totals.last()?;
        let totals = totals.iter().map(|total| {
            let hi80 = total.hi80.max(total.point);
            let hi95 = total.hi95.max(hi80);
            Total {
                hi80,
                hi95,
                ..*total
            }
        });
        let mut running = Self {
            step: step_days,
            totals: totals.collect(),
            rate: 0.0,
        };
        let end = running.end();
        let last = end.min(LAST_DAYS);
        running.rate = (running.expected(end) - running.expected(end - last)) / last;
        Some(running)
    }

    /// How many days ahead it is foreseen; beyond it goes on as in the last four weeks.
    pub fn end(&self) -> f64 {
        self.step * self.totals.len() as f64
    }

    /// What is expected up to `day`.
    pub fn expected(&self, day: f64) -> f64 {
        let end = self.end();
        let within = self.at(day.min(end), |total| total.point);
        within + self.rate * (day - end).max(0.0)
    }

    /// Half the widths of the 80 % and the 95 % band of what the first `days` come to.
    pub fn halves(&self, days: f64) -> [f64; 2] {
        let end = self.end();
        // Errors that hang together grow as fast as the total.
        let further = (days / end).max(1.0);
        let within = days.min(end);
        [
            further * self.at(within, |total| total.hi80 - total.point),
            further * self.at(within, |total| total.hi95 - total.point),
        ]
    }

    /// A curve of the totals at a day within them: straight from step to step, from nothing on.
    fn at(&self, day: f64, of: impl Fn(&Total) -> f64) -> f64 {
        let place = (day / self.step).clamp(0.0, self.totals.len() as f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between none and as many as there are"
        )]
        let whole = place as usize;
        let before = whole.checked_sub(1).and_then(|last| self.totals.get(last));
        let before = before.map_or(0.0, &of);
        let after = self.totals.get(whole).map_or(before, &of);
        before + (after - before) * (place - whole as f64)
    }
}

/// The chance of a value above a place that lies `off` below what is expected of it, with bands of such halves, which
/// are even to both sides.
pub fn chance_above(off: f64, [half80, half95]: [f64; 2]) -> f64 {
    let [z80, z95] = BAND_DEVIATES;
    if half95 <= 0.0 {
        return if off > 0.0 { 1.0 } else { 0.0 };
    }
    let far = off.abs();
    let deviate = if far <= 0.0 {
        0.0
    } else if far <= half80 {
        far / half80 * z80
    } else if half95 > half80 {
        z80 + (far - half80) / (half95 - half80) * (z95 - z80)
    } else {
        f64::INFINITY
    };
    normal_chance(deviate.copysign(off))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(point: f64) -> Total {
        Total {
            point,
            hi80: 1.2 * point,
            hi95: 1.4 * point,
        }
    }

    #[test]
    fn within_a_step_it_goes_evenly_and_beyond_the_last_as_before() {
        let weekly = RunningTotal::new(7.0, &[total(70.0), total(140.0), total(210.0)]).unwrap();
        for (day, sum) in [
            (-3.0, 0.0),
            (0.0, 0.0),
            (3.5, 35.0),
            (21.0, 210.0),
            (31.0, 310.0),
        ] {
            assert!((weekly.expected(day) - sum).abs() < 1e-9, "{day}");
        }
        let [half80, half95] = weekly.halves(42.0);
        assert!((half80 - 84.0).abs() < 1e-9 && (half95 - 168.0).abs() < 1e-9);
    }

    #[test]
    fn chances_are_even_at_what_is_expected_and_follow_the_band() {
        let halves = [28.0, 56.0];
        for (off, chance) in [(0.0, 0.5), (-28.0, 0.1), (-56.0, 0.025), (28.0, 0.9)] {
            assert!((chance_above(off, halves) - chance).abs() < 1e-4, "{off}");
        }
        // Without a band it is so or it is not.
        assert!(chance_above(1.0, [0.0, 0.0]) > 0.999);
        assert!(chance_above(0.0, [0.0, 0.0]) < 0.001);
    }

    #[test]
    fn what_is_no_number_is_no_total() {
        assert_eq!(RunningTotal::new(1.0, &[]), None);
        assert_eq!(RunningTotal::new(1.0, &[total(f64::NAN)]), None);
        assert_eq!(RunningTotal::new(0.0, &[total(1.0)]), None);
    }
}
