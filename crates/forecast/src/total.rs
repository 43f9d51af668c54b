//! What the next steps add up to, with bands.

use crate::{Bands, Outcome};

/// How far the errors of different steps are one error: 0 would be not at all, 1 wholly.
/// Found on the competition's monthly set and on daily series, each at several ends: `examples/total_bench.rs`.
/// As if steps were independent, the 80 % band of a sum over the horizon holds four sums in ten.
const TOGETHER: f64 = 0.6;

/// The sums of the first step, of the first two, and so on, of a series whose values add up (orders, cost).
///
/// The middle of a sum is the sum of the middles, in fractions even where only whole numbers are possible.
/// Half its band is between that of errors that are one, whose widths add, and that of independent ones, whose squares do.
/// Bands are not cut at zero.
pub fn running_total(outcome: &Outcome) -> Bands {
    let even = &outcome.even;
    let mut total = Bands::default();
    let mut sum = 0.0;
    let (mut half80, mut half95) = (Half::default(), Half::default());
    for (index, point) in even.point.iter().enumerate() {
        // Curves of one length are the type's promise.
        let (Some(hi80), Some(hi95)) = (even.hi80.get(index), even.hi95.get(index)) else {
            break;
        };
        sum += point;
        let (wide80, wide95) = (half80.add(hi80 - point), half95.add(hi95 - point));
        let wide95 = wide95.max(wide80);
        total.point.push(sum);
        total.lo80.push(sum - wide80);
        total.hi80.push(sum + wide80);
        total.lo95.push(sum - wide95);
        total.hi95.push(sum + wide95);
    }
    total
}

/// Half the width of a sum's band.
#[derive(Default)]
struct Half {
    widths: f64,
    squares: f64,
}

impl Half {
    fn add(&mut self, half: f64) -> f64 {
        self.widths += half;
        self.squares += half * half;
        (TOGETHER * self.widths * self.widths + (1.0 - TOGETHER) * self.squares).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_lie_between_those_of_one_error_and_of_independent_ones() {
        let flat = |value: f64| vec![value; 16];
        let outcome = Outcome {
            even: Bands {
                point: flat(10.0),
                lo80: flat(9.0),
                hi80: flat(11.0),
                lo95: flat(8.0),
                hi95: flat(12.0),
            },
            ..Outcome::default()
        };
        let total = running_total(&outcome);
        assert!((total.point[15] - 160.0).abs() < 1e-9);
        assert!((total.hi80[0] - 11.0).abs() < 1e-9, "one step is no sum");
        let half = total.hi80[15] - total.point[15];
        assert!((4.0..16.0).contains(&half), "{half}");
        for step in 0..16 {
            assert!(total.lo95[step] < total.lo80[step] && total.hi80[step] < total.hi95[step]);
        }
    }

    #[test]
    fn what_sells_seldom_is_not_rounded_away() {
        // Three in a week of whole numbers, most of them none.
        let values: Vec<f64> = (0..140)
            .map(|day| f64::from(u8::from(day % 7 < 3)))
            .collect();
        let request = crate::Request {
            values: &values,
            seasons: &[7],
            horizon: 28,
            non_negative: true,
            integer: true,
            background: false,
        };
        let outcome = crate::forecast(&request, &|| false).unwrap();
        let total = running_total(&outcome).point[27];
        assert!((10.0..14.0).contains(&total), "{total}");
    }
}
