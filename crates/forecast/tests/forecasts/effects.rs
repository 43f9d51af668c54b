//! Days that are unlike others for a known reason.

use crate::noise;
use forecast::{Effect, Request, fit, fit_with_effects, forecast_with_effects};

#[test]
fn a_holiday_that_comes_again_is_expected_and_a_plain_day_is_not_moved() {
    // Shops are closed on three holidays; the next is five days ahead.
    let closed = [40, 75, 110];
    let sales: Vec<f64> = (0..140)
        .map(|day| {
            let weekend = if day % 7 >= 5 { 0.5 } else { 1.0 };
            let open = if closed.contains(&day) { 0.1 } else { 1.0 };
            (100.0 + 3.0 * noise(day)) * weekend * open
        })
        .collect();
    let request = Request {
        values: &sales,
        seasons: &[7],
        horizon: 7,
        non_negative: true,
        integer: false,
        background: false,
    };
    let known = [Effect {
        past: &closed,
        ahead: &[5],
    }];
    let (found, sizes) = forecast_with_effects(&request, &known, &|| false).unwrap();
    assert!(
        sizes[0].share && sizes[0].seen == 3 && (-0.95..-0.6).contains(&sizes[0].size),
        "{sizes:?}"
    );
    let (without, _) = forecast_with_effects(&request, &[], &|| false).unwrap();
    assert!(
        found.point[4] < 0.4 * without.point[4],
        "{} {}",
        found.point[4],
        without.point[4]
    );
    assert!(
        (found.point[2] / 100.0 - 1.0).abs() < 0.1,
        "{}",
        found.point[2]
    );
    assert!(found.lo95[4] <= found.lo80[4] && found.lo80[4] <= found.point[4]);
    assert!(found.point[4] <= found.hi80[4] && found.hi80[4] <= found.hi95[4]);
    assert!(found.lo95.iter().all(|value| *value >= 0.0));
}

#[test]
fn an_effect_that_was_never_seen_moves_nothing() {
    let values: Vec<f64> = (0..60).map(|day| 50.0 + noise(day)).collect();
    let request = Request {
        values: &values,
        seasons: &[7],
        horizon: 7,
        non_negative: false,
        integer: true,
        background: false,
    };
    let never = [
        Effect {
            past: &[],
            ahead: &[1, 2, 900],
        },
        Effect {
            past: &[999],
            ahead: &[0],
        },
    ];
    let (found, sizes) = forecast_with_effects(&request, &never, &|| false).unwrap();
    let (plain, _) = forecast_with_effects(&request, &[], &|| false).unwrap();
    assert_eq!(found.point, plain.point);
    assert!(
        sizes
            .iter()
            .all(|size| size.seen == 0 && size.size.abs() < 1e-12)
    );
}

#[test]
fn days_that_make_no_difference_are_left_as_they_are() {
    // A disk that fills: it knows no holidays, and its newest days are above all before them.
    let values: Vec<f64> = (0..120)
        .map(|day| 100.0 + 5.0 * day as f64 + noise(day))
        .collect();
    let request = Request {
        values: &values,
        seasons: &[7],
        horizon: 7,
        non_negative: true,
        integer: false,
        background: false,
    };
    let (mut found, known) =
        fit_with_effects(&request, &[&[30, 80, 119], &[119]], &|| false).unwrap();
    assert!(known.iter().all(|known| !known.shows), "{known:?}");
    let pool = forecast::Pool::default();
    let mut outcome = found.outcome(7, &pool).unwrap();
    known[0].put_on(&mut outcome, &[1, 2]);
    let plain = fit(&request, &|| false).unwrap().outcome(7, &pool).unwrap();
    assert_eq!(outcome.point, plain.point);
    found.skip();
    let later = found.outcome(6, &pool).unwrap();
    assert!((later.point[0] - plain.point[1]).abs() < 1.0, "{later:?}");
}
