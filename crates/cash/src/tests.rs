//! That the line adds up, and what its band is made of.

use super::*;
use proptest::prelude::*;
use series::Total;

fn flow(a_day: f64, after: f64, out: bool) -> Flow {
    let totals: Vec<Total> = (1..=91)
        .map(|day| {
            let point = a_day * f64::from(day);
            let half = 3.0 * f64::from(day);
            Total {
                point,
                hi80: point + half,
                hi95: point + 2.0 * half,
            }
        })
        .collect();
    Flow {
        running: RunningTotal::new(1.0, &totals).unwrap(),
        begins: 0.0,
        after,
        out,
    }
}

#[test]
fn what_is_usual_counts_after_the_days_that_are_known() {
    let days = line(0.0, &[flow(10.0, 30.0, false)], &[], 60);
    assert!(days[29].balance.abs() < 1e-9);
    assert!(days[29].halves.iter().all(|half| half.abs() < 1e-9));
    assert!((days[39].balance - 100.0).abs() < 1e-9);
    assert!(days[39].halves[0] > 0.0);
}

#[test]
fn nothing_known_is_nothing_and_not_less() {
    let day = line(0.0, &[], &[], 1)[0];
    assert!(day.known_in.is_sign_positive() && day.known_out.is_sign_positive());
}

#[test]
fn bands_of_two_ways_add_as_squares() {
    let both = [flow(10.0, 0.0, false), flow(10.0, 0.0, true)];
    let day = line(0.0, &both, &[], 10)[9];
    assert!(day.balance.abs() < 1e-9);
    assert!((day.halves[0] - 30.0 * 2.0_f64.sqrt()).abs() < 1e-9);
    assert!((day.chance_below(0.0) - 0.5).abs() < 1e-6);
}

#[test]
fn what_was_to_come_since_the_count_counts() {
    let yesterday = Flow {
        begins: -1.0,
        after: -1.0,
        ..flow(10.0, 0.0, false)
    };
    // The whole of yesterday and of today; only today is of today.
    let today = line(100.0, &[yesterday], &[], 1)[0];
    assert!((today.balance - 120.0).abs() < 1e-9);
    assert!((today.usual - 10.0).abs() < 1e-9);
}

#[test]
fn without_a_band_it_is_below_or_it_is_not() {
    let known = [Payment {
        day: 2,
        amount: -150.0,
    }];
    let days = line(100.0, &[], &known, 4);
    let chances: Vec<f64> = days.iter().map(|day| day.chance_below(0.0)).collect();
    assert_eq!(chances, [0.0, 0.0, 1.0, 1.0]);
}

proptest! {
    #[test]
    fn the_last_balance_is_the_first_and_all_that_moved(
        opening in -1e6..1e6_f64,
        a_day in -1e3..1e3_f64,
        after in 0.0..120.0_f64,
        payments in prop::collection::vec((0_usize..120, -1e5..1e5_f64), 0..20),
    ) {
        let known: Vec<Payment> = payments
            .into_iter()
            .map(|(day, amount)| Payment { day, amount })
            .collect();
        let days = line(opening, &[flow(a_day, after, false)], &known, 91);
        let mut balance = opening;
        for day in &days {
            balance += day.known_in - day.known_out + day.usual;
            prop_assert!((balance - day.balance).abs() < 1e-3);
            prop_assert!(day.halves[0] <= day.halves[1]);
            prop_assert!((0.0..=1.0).contains(&day.chance_below(0.0)));
        }
        // Bands do not narrow with time.
        prop_assert!(days.windows(2).all(|pair| pair[0].halves[0] <= pair[1].halves[0] + 1e-9));
    }
}
