//! What is foreseen to be taken, added up.

use series::{BAND_DEVIATES, RunningTotal, Total, chance_above};

/// What is foreseen to be taken: a running total that does not fall. Times are days after its first instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand(RunningTotal);

impl Demand {
    /// Demand of running totals, one for each step of so many days; `None` without any, or where one is no number.
    pub fn new(step_days: f64, totals: &[Total]) -> Option<Self> {
        let mut so_far = 0.0_f64;
        let totals: Vec<Total> = totals
            .iter()
            .map(|total| {
                // Kept where it is no number, for what refuses that.
                so_far = if total.point.is_nan() {
                    f64::NAN
                } else {
                    so_far.max(total.point)
                };
                Total {
                    point: so_far,
                    ..*total
                }
            })
            .collect();
        RunningTotal::new(step_days, &totals).map(Self)
    }

    /// How many days ahead it is foreseen; beyond it goes on as in the last four weeks.
    pub fn end(&self) -> f64 {
        self.0.end()
    }

    /// What is expected to be taken up to `day`.
    pub fn expected(&self, day: f64) -> f64 {
        self.0.expected(day)
    }

    /// What is expected to be taken between two days.
    pub(crate) fn between(&self, from: f64, to: f64) -> f64 {
        (self.expected(to) - self.expected(from)).max(0.0)
    }

    /// How far above what is expected the total of the first `days` lies at that standard normal deviate, 0 or more.
    pub(crate) fn above(&self, days: f64, deviate: f64) -> f64 {
        let [half80, half95] = self.0.halves(days);
        let [z80, z95] = BAND_DEVIATES;
        if deviate <= z80 {
            half80 * deviate.max(0.0) / z80
        } else {
            half80 + (half95 - half80) * (deviate - z80) / (z95 - z80)
        }
    }

    /// The chance that more than `left` is taken within the first `days`, of a total that is even to both sides.
    pub(crate) fn chance_of_more(&self, from: f64, to: f64, left: f64) -> f64 {
        chance_above(self.between(from, to) - left, self.0.halves(to))
    }
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
    fn nothing_comes_back() {
        let demand = Demand::new(1.0, &[total(5.0), total(3.0), total(6.0)]).unwrap();
        let taken: Vec<f64> = (0..4).map(|day| demand.expected(f64::from(day))).collect();
        assert_eq!(taken, [0.0, 5.0, 5.0, 6.0]);
    }

    #[test]
    fn chances_follow_the_band() {
        let demand = Demand::new(7.0, &[total(70.0), total(140.0)]).unwrap();
        let chance = |left| demand.chance_of_more(0.0, 14.0, left);
        assert!((chance(140.0) - 0.5).abs() < 1e-6);
        assert!((chance(168.0) - 0.1).abs() < 1e-4, "{}", chance(168.0));
        assert!((demand.above(28.0, BAND_DEVIATES[0]) - 56.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_number_is_no_demand() {
        assert_eq!(Demand::new(1.0, &[]), None);
        assert_eq!(Demand::new(1.0, &[total(f64::NAN)]), None);
        assert_eq!(
            Demand::new(1.0, &[total(1.0), total(f64::NAN), total(2.0)]),
            None
        );
    }
}
