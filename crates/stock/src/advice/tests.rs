//! What is advised, in cases that can be reckoned by hand, and what holds in all.

use proptest::prelude::*;

use super::*;
use series::Total;

/// So many a day for so many days, with bands as wide as those parts of it.
fn demand(a_day: f64, days: u16, wide: [f64; 2]) -> Demand {
    let totals: Vec<Total> = (1..=days)
        .map(|day| {
            let point = a_day * f64::from(day);
            Total {
                point,
                hi80: point * (1.0 + wide[0]),
                hi95: point * (1.0 + wide[1]),
            }
        })
        .collect();
    Demand::new(1.0, &totals).unwrap()
}

const POLICY: Policy = Policy {
    lead: 10.0,
    late: 0.0,
    cover: 20.0,
    service: 0.5,
    pack: 1.0,
    least: 0.0,
};

fn shelf(on_hand: f64) -> Position {
    Position {
        on_hand,
        ..Position::default()
    }
}

#[test]
fn an_even_chance_needs_no_safety_stock_and_orders_when_the_lead_time_is_left() {
    let advice = advise(&POLICY, &shelf(150.0), &demand(10.0, 60, [0.1, 0.2]));
    assert!(advice.safety.abs() < 1e-3);
    assert_eq!((advice.order_in, advice.overdue), (Some(4), false));
    // 14 days until then take 140: 10 are left, and 200 are wanted.
    assert!((advice.quantity - 190.0).abs() < 1e-9, "{advice:?}");
}

#[test]
fn more_certainty_and_later_deliveries_want_more_and_sooner() {
    let demand = demand(10.0, 60, [0.1, 0.2]);
    let of = |service, late| {
        advise(
            &Policy {
                late,
                service,
                ..POLICY
            },
            &shelf(150.0),
            &demand,
        )
    };
    // The upper edge of the 80 % band is passed in one case of ten: a tenth above 100.
    assert!((of(0.9, 0.0).safety - 10.0).abs() < 1e-3);
    assert!((of(0.975, 0.0).safety - 20.0).abs() < 1e-2);
    // Late by 5 days in one case of twenty alone: 5 days' sales.
    let late = of(0.95, 5.0).safety;
    let both = of(0.95, 0.0).safety.hypot(50.0);
    assert!((late - both).abs() < 1e-2, "{late} {both}");
    assert!(of(0.975, 5.0).order_in < of(0.5, 0.0).order_in);
    assert!(of(0.975, 5.0).quantity > of(0.5, 0.0).quantity);
}

#[test]
fn too_late_is_said_with_the_chance_to_run_out() {
    let advice = advise(&POLICY, &shelf(40.0), &demand(10.0, 60, [0.1, 0.2]));
    assert_eq!((advice.order_in, advice.overdue), (Some(0), true));
    assert!(advice.runs_out_before > 0.99);
    // What is asked for while nothing is there is lost: the order is for the time after it.
    assert!((advice.quantity - 200.0).abs() < 1e-9);
}

#[test]
fn what_is_on_its_way_counts() {
    let demand = demand(10.0, 60, [0.1, 0.2]);
    let ordered = Position {
        ordered: 200.0,
        due: 3.0,
        ..shelf(40.0)
    };
    let advice = advise(&POLICY, &ordered, &demand);
    assert_eq!((advice.order_in, advice.overdue), (Some(13), false));
    assert!(advice.runs_out_before < 0.05, "it comes before 40 are gone");
}

#[test]
fn what_was_counted_days_ago_is_less_by_now() {
    let old = Position {
        counted: 0.0,
        now: 3.0,
        ..shelf(150.0)
    };
    let advice = advise(&POLICY, &old, &demand(10.0, 60, [0.1, 0.2]));
    assert!((advice.left - 120.0).abs() < 1e-9);
    assert_eq!(advice.order_in, Some(1));
}

#[test]
fn packs_are_whole_and_what_nobody_takes_is_not_ordered() {
    let packs = Policy {
        pack: 24.0,
        least: 300.0,
        ..POLICY
    };
    let advice = advise(&packs, &shelf(150.0), &demand(10.0, 60, [0.1, 0.2]));
    assert!((advice.quantity - 312.0).abs() < 1e-9);
    let idle = advise(&POLICY, &shelf(0.0), &demand(0.0, 60, [0.1, 0.2]));
    assert_eq!((idle.order_in, idle.quantity), (None, 0.0));
    assert!(!idle.overdue);
}

#[test]
fn beyond_what_is_foreseen_it_goes_on_and_says_so() {
    let far = Policy {
        lead: 90.0,
        cover: 60.0,
        ..POLICY
    };
    let advice = advise(&far, &shelf(2_000.0), &demand(10.0, 60, [0.1, 0.2]));
    assert_eq!(advice.order_in, Some(109));
    assert!((advice.beyond - 199.0).abs() < 1e-9, "{}", advice.beyond);
    assert!((advice.during_cover - 600.0).abs() < 1e-6);
}

proptest! {
    #[test]
    fn nothing_is_negative_or_no_number(
        on_hand in -1e6_f64..1e6, ordered in -10.0_f64..1e6, now in -5.0_f64..30.0,
        lead in -1.0_f64..400.0, late in 0.0_f64..50.0, cover in -1.0_f64..400.0,
        service in 0.0_f64..1.2, pack in -1.0_f64..100.0, a_day in 0.0_f64..1e5,
    ) {
        let policy = Policy { lead, late, cover, service, pack, least: 0.0 };
        let position = Position { on_hand, counted: 0.0, now, ordered, due: now + 2.0 };
        let advice = advise(&policy, &position, &demand(a_day, 40, [0.3, 0.5]));
        for value in [
            advice.quantity, advice.short, advice.left, advice.until_delivery, advice.during_cover,
            advice.safety, advice.reorder_point, advice.beyond,
        ] {
            prop_assert!(value.is_finite() && value >= 0.0, "{advice:?}");
        }
        prop_assert!((0.0..=1.0).contains(&advice.runs_out_before), "{advice:?}");
        prop_assert!(advice.quantity >= advice.short - 1e-6 * advice.short || advice.order_in.is_none());
        prop_assert_eq!(advice.order_in.is_some(), advice.quantity > 0.0);
    }

    #[test]
    fn more_on_the_shelf_is_never_sooner(
        on_hand in 0.0_f64..3_000.0, more in 0.0_f64..500.0, service in 0.5_f64..0.99,
    ) {
        let policy = Policy { service, ..POLICY };
        let demand = demand(10.0, 60, [0.1, 0.2]);
        let day = |on_hand| advise(&policy, &shelf(on_hand), &demand).order_in.unwrap_or(u16::MAX);
        prop_assert!(day(on_hand + more) >= day(on_hand));
    }
}
