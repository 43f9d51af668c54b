//! What is foreseen to be taken, added up.

use series::normal_chance;

/// The deviates at which a total's band is known: the upper edges of the 80 % and the 95 % band.
const DEVIATES: [f64; 2] = [1.281_551_565_544_600_4, 1.959_963_984_540_054];
/// Beyond the forecast things go on as they did in its last days, so many of them.
const LAST_DAYS: f64 = 28.0;

/// What is taken up to the end of one step, from the forecast's first instant on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// What is expected.
    pub point: f64,
    /// The upper edge of its 80 % band.
    pub hi80: f64,
    /// The upper edge of its 95 % band.
    pub hi95: f64,
}

/// What is foreseen to be taken. Times are days after the forecast's first instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// Days of a step.
    step: f64,
    /// Up to the end of each step; they do not fall.
    totals: Vec<Total>,
    /// How much a day is taken beyond them.
    rate: f64,
}

impl Demand {
    /// Demand of running totals, one for each step of so many days; `None` without any, or where one is no number.
    pub fn new(step_days: f64, totals: &[Total]) -> Option<Self> {
        let sound = |total: &Total| {
            total.point.is_finite() && total.hi80.is_finite() && total.hi95.is_finite()
        };
        if !(step_days > 0.0 && step_days.is_finite() && totals.iter().all(sound)) {
            return None;
        }
        let mut so_far = 0.0_f64;
        let totals: Vec<Total> = totals
            .iter()
            .map(|total| {
                so_far = so_far.max(total.point);
                let hi80 = total.hi80.max(so_far);
                Total {
                    point: so_far,
                    hi80,
                    hi95: total.hi95.max(hi80),
                }
            })
            .collect();
        totals.last()?;
        let mut demand = Self {
            step: step_days,
            totals,
            rate: 0.0,
        };
        let end = demand.end();
        let last = end.min(LAST_DAYS);
        demand.rate = (demand.expected(end) - demand.expected(end - last)) / last;
        Some(demand)
    }

    /// How many days ahead it is foreseen; beyond it goes on as in the last four weeks.
    pub fn end(&self) -> f64 {
        self.step * self.totals.len() as f64
    }

    /// What is expected to be taken up to `day`.
    pub fn expected(&self, day: f64) -> f64 {
        let end = self.end();
        if day > end {
            return self.at(end, |total| total.point) + self.rate * (day - end);
        }
        self.at(day, |total| total.point)
    }

    /// What is expected to be taken between two days.
    pub(crate) fn between(&self, from: f64, to: f64) -> f64 {
        (self.expected(to) - self.expected(from)).max(0.0)
    }

    /// How far above what is expected the total of the first `days` lies at that standard normal deviate, 0 or more.
    pub(crate) fn above(&self, days: f64, deviate: f64) -> f64 {
        let end = self.end();
        // Errors that hang together grow as fast as the total.
        let further = (days / end).max(1.0);
        let within = days.min(end);
        let half80 = further * self.at(within, |total| total.hi80 - total.point);
        let half95 = further * self.at(within, |total| total.hi95 - total.point);
        let [z80, z95] = DEVIATES;
        if deviate <= z80 {
            half80 * deviate.max(0.0) / z80
        } else {
            half80 + (half95 - half80) * (deviate - z80) / (z95 - z80)
        }
    }

    /// The chance that more than `left` is taken within the first `days`, of a total that is even to both sides.
    pub(crate) fn chance_of_more(&self, from: f64, to: f64, left: f64) -> f64 {
        let short = self.between(from, to) - left;
        let [z80, z95] = DEVIATES;
        let half80 = self.above(to, z80);
        let half95 = self.above(to, z95);
        if half95 <= 0.0 {
            return if short > 0.0 { 1.0 } else { 0.0 };
        }
        let off = short.abs();
        let deviate = if off <= half80 {
            off / half80 * z80
        } else if half95 > half80 {
            z80 + (off - half80) / (half95 - half80) * (z95 - z80)
        } else {
            f64::INFINITY
        };
        normal_chance(deviate.copysign(short))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly() -> Demand {
        let total = |point: f64| Total {
            point,
            hi80: 1.2 * point,
            hi95: 1.4 * point,
        };
        Demand::new(7.0, &[total(70.0), total(140.0), total(210.0)]).unwrap()
    }

    #[test]
    fn within_a_step_it_goes_evenly_and_beyond_the_last_as_before() {
        let demand = weekly();
        for (day, taken) in [(0.0, 0.0), (3.5, 35.0), (21.0, 210.0), (31.0, 310.0)] {
            assert!((demand.expected(day) - taken).abs() < 1e-9, "{day}");
        }
        assert!((demand.above(42.0, 1.281_551_565_544_600_4) - 84.0).abs() < 1e-9);
    }

    #[test]
    fn chances_are_even_at_what_is_expected_and_follow_the_band() {
        let demand = weekly();
        let chance = |left| demand.chance_of_more(0.0, 14.0, left);
        assert!((chance(140.0) - 0.5).abs() < 1e-6);
        assert!((chance(168.0) - 0.1).abs() < 1e-4, "{}", chance(168.0));
        assert!((chance(196.0) - 0.025).abs() < 1e-4);
        assert!((chance(112.0) - 0.9).abs() < 1e-4);
    }

    #[test]
    fn what_is_no_number_is_no_demand() {
        let total = |point| Total {
            point,
            hi80: point,
            hi95: point,
        };
        assert_eq!(Demand::new(1.0, &[]), None);
        assert_eq!(Demand::new(1.0, &[total(f64::NAN)]), None);
        assert_eq!(Demand::new(0.0, &[total(1.0)]), None);
    }
}
