//! Series as a company has them, and what a sensible person would expect.

use crate::noise;
use forecast::{
    Bands, Crossing, Direction, ForecastError, Forecaster, Model, Note, Outcome, Pool, Request,
    fit, forecast, time_to_limit,
};

fn request(values: &[f64]) -> Request<'_> {
    Request {
        values,
        seasons: &[7],
        horizon: 28,
        non_negative: true,
        integer: false,
        background: false,
    }
}

fn outcome(values: &[f64]) -> Outcome {
    forecast(&request(values), &|| false).unwrap()
}

#[test]
fn a_disk_that_fills_a_point_a_day_is_full_when_arithmetic_says() {
    let used: Vec<f64> = (0..90).map(|day| 5.0 + day as f64 + noise(day)).collect();
    let crossing = time_to_limit(used[89], &outcome(&used), 100.0, Direction::Rising);
    // From 94 it takes six more days.
    let Crossing::Reaches {
        median_step: Some(median),
        lo95,
        hi95,
        lo80,
        hi80,
        probability,
    } = crossing
    else {
        panic!("{crossing:?}");
    };
    assert!((4.5..7.5).contains(&median), "{crossing:?}");
    assert!(lo95 <= lo80 && lo80 <= Some(median) && Some(median) <= hi80 && hi80 <= hi95);
    assert!(hi80.unwrap() - lo80.unwrap() < 5.0, "{crossing:?}");
    assert!(probability > 0.95);
}

#[test]
fn a_straight_line_goes_on_whichever_way_and_however_far() {
    for (start, slope, count) in [
        (40.0, -2.0, 60),
        (0.0, 3.0, 30),
        (1e6, -1e3, 200),
        (7.0, 0.01, 45),
    ] {
        let line = |at: usize| start + slope * at as f64;
        let values: Vec<f64> = (0..count).map(line).collect();
        let wide = Request {
            horizon: 90,
            non_negative: false,
            ..request(&values)
        };
        let outcome = forecast(&wide, &|| false).unwrap();
        let range = (line(count) - line(0)).abs();
        for (step, point) in outcome.point.iter().enumerate() {
            let off = (point - line(count + step)).abs();
            let ahead = (step + 1) as f64 / count as f64;
            assert!(
                off < 0.3 * range * ahead + 0.01 * range,
                "{start} {slope}: {point} at {step}"
            );
        }
    }
}

#[test]
fn a_disk_with_room_for_years_is_clear() {
    let used: Vec<f64> = (0..90)
        .map(|day| 20.0 + 0.01 * day as f64 + 0.1 * noise(day))
        .collect();
    let crossing = time_to_limit(used[89], &outcome(&used), 100.0, Direction::Rising);
    assert!(
        matches!(crossing, Crossing::Clear { probability } if probability < 0.01),
        "{crossing:?}"
    );
}

#[test]
fn stock_that_sells_on_working_days_runs_out_when_the_weeks_say() {
    let mut stock = vec![640.0];
    for day in 1..120 {
        let sold = if day % 7 >= 5 { 1.0 } else { 6.0 + noise(day) };
        stock.push((stock[day - 1] - sold).max(0.0));
    }
    let left = stock[119];
    let crossing = time_to_limit(left, &outcome(&stock), 0.0, Direction::Falling);
    let expected = left / (32.0 / 7.0);
    let Crossing::Reaches {
        median_step: Some(median),
        ..
    } = crossing
    else {
        panic!("{left} left, {crossing:?}");
    };
    assert!(
        (median - expected).abs() < 4.0,
        "{left} left, expected {expected}, {crossing:?}"
    );
}

#[test]
fn replenished_stock_is_forecast_inside_its_usual_range() {
    let mut stock = vec![100.0];
    for day in 1..200 {
        let sold = 4.0 + noise(day);
        let rest: f64 = stock[day - 1] - sold;
        stock.push(if rest < 20.0 { rest + 100.0 } else { rest });
    }
    let found = outcome(&stock);
    assert!(
        found
            .point
            .iter()
            .all(|value| (0.0..=140.0).contains(value)),
        "{:?}",
        found.point
    );
    // Nobody knows where in the cycle day 28 is, and the band must say so.
    assert!(found.hi80[27] - found.lo80[27] > 30.0);
}

#[test]
fn pieces_are_whole_and_never_negative() {
    let orders: Vec<f64> = (0..80)
        .map(|day| (2.0 + 3.0 * noise(day)).round().max(0.0))
        .collect();
    let found = forecast(
        &Request {
            integer: true,
            background: false,
            ..request(&orders)
        },
        &|| false,
    )
    .unwrap();
    for curve in [
        &found.point,
        &found.lo80,
        &found.hi80,
        &found.lo95,
        &found.hi95,
    ] {
        assert!(
            curve
                .iter()
                .all(|value| *value >= 0.0 && value.fract() == 0.0),
            "{curve:?}"
        );
    }
}

#[test]
fn demand_with_many_zeros_gets_models_for_it() {
    let demand: Vec<f64> = (0..120)
        .map(|day| if noise(day) > 0.5 { 3.0 } else { 0.0 })
        .collect();
    let found = outcome(&demand);
    assert!(
        found
            .members
            .iter()
            .any(|member| member.model == Model::Sba && member.weight > 0.0)
    );
    assert!(
        found.point.iter().all(|value| (0.2..1.6).contains(value)),
        "{:?}",
        found.point
    );
}

#[test]
fn four_members_besides_the_floor_share_the_weight() {
    let sales: Vec<f64> = (0..100)
        .map(|day| 20.0 + 5.0 * noise(day) - if day % 7 == 6 { 12.0 } else { 0.0 })
        .collect();
    let found = outcome(&sales);
    assert_eq!(found.members[0].model, Model::SeasonalNaive);
    assert!(
        found
            .members
            .iter()
            .skip(1)
            .filter(|member| member.weight > 0.0)
            .count()
            >= 4
    );
    assert!(
        (found
            .members
            .iter()
            .map(|member| member.weight)
            .sum::<f64>()
            - 1.0)
            .abs()
            < 1e-9
    );
    assert_eq!(found.season, Some(7));
    assert!(found.beats_naive && found.ensemble_error.mase < found.naive_error.mase);
}

#[test]
fn pure_chance_is_not_said_to_be_known() {
    let walk: Vec<f64> = (0..200)
        .scan(500.0, |level, day| {
            *level += noise(day);
            Some(*level)
        })
        .collect();
    let found = outcome(&walk);
    assert!(found.hi95[27] - found.lo95[27] > 4.0);
}

#[test]
fn too_little_history_is_refused_with_what_is_needed() {
    let error = forecast(&request(&[1.0; 5]), &|| false).unwrap_err();
    assert_eq!(error, ForecastError::NotEnough { have: 5, need: 12 });
}

#[test]
fn a_number_that_is_not_finite_is_named_by_its_place() {
    let mut values = vec![1.0; 30];
    values[17] = f64::NAN;
    assert_eq!(
        forecast(&request(&values), &|| false).unwrap_err(),
        ForecastError::NotFinite { index: 17 }
    );
}

#[test]
fn a_cancelled_forecast_stops() {
    let values: Vec<f64> = (0..60).map(noise).collect();
    assert_eq!(
        forecast(&request(&values), &|| true).unwrap_err(),
        ForecastError::Cancelled
    );
}

#[test]
fn a_value_at_its_limit_has_reached_it() {
    let values: Vec<f64> = (0..60).map(|day| 100.0 - f64::from(day)).collect();
    assert_eq!(
        time_to_limit(0.0, &outcome(&values), 0.0, Direction::Falling),
        Crossing::Already
    );
}

#[test]
fn a_constant_never_reaches_what_it_is_not() {
    let crossing = time_to_limit(5.0, &outcome(&[5.0; 40]), 100.0, Direction::Rising);
    assert_eq!(crossing, Crossing::Clear { probability: 0.0 });
}

/// A level with the same small chance of its limit at each step, however far.
fn wavering(steps: usize) -> Outcome {
    let curve = |value: f64| vec![value; steps];
    let free = Bands {
        point: curve(0.0),
        lo80: curve(-1.281_551_6),
        hi80: curve(1.281_551_6),
        lo95: curve(-1.959_964),
        hi95: curve(1.959_964),
    };
    Outcome {
        free,
        ..Outcome::default()
    }
}

#[test]
fn looking_ever_further_ahead_does_not_make_a_wavering_level_reach_its_limit() {
    let chance = |steps: usize| match time_to_limit(0.0, &wavering(steps), 2.0, Direction::Rising) {
        Crossing::Reaches { probability, .. } | Crossing::Clear { probability } => probability,
        Crossing::Already => panic!("it is below"),
    };
    // Each doubling says as much that is new as the one before, and less than all its steps would alone.
    let new = |steps: usize| ((1.0 - chance(steps)) / (1.0 - chance(2 * steps))).ln();
    assert!(chance(20) < chance(40), "further ahead is not less likely");
    assert!(
        (new(80) / new(40) - 1.0).abs() < 0.05,
        "{} {}",
        new(40),
        new(80)
    );
    assert!(chance(160) < 0.15, "{}", chance(160));
}

#[test]
fn a_level_that_moved_for_good_is_said_so_and_believed() {
    let users: Vec<f64> = (0..120)
        .map(|day| if day < 80 { 40.0 } else { 90.0 } + 2.0 * noise(day) - f64::from(u8::from(day % 7 == 6)) * 10.0)
        .collect();
    let found = outcome(&users);
    let shift = found.notes.iter().find_map(|note| match note {
        Note::LevelShift { place, by } => Some((*place, *by)),
        _ => None,
    });
    let (place, by) = shift.unwrap();
    assert!(place == 80 && (45.0..55.0).contains(&by), "{shift:?}");
    assert!(
        found
            .point
            .iter()
            .all(|value| (70.0..100.0).contains(value)),
        "{:?}",
        found.point
    );
}

#[test]
fn a_history_too_short_for_a_season_says_so() {
    let values: Vec<f64> = (0..13).map(|day| 20.0 + noise(day)).collect();
    let found = outcome(&values);
    assert!(
        found.notes.contains(&Note::ShortForSeason {
            season: 7,
            have: 13
        }),
        "{:?}",
        found.notes
    );
}

fn fitted(values: &[f64]) -> Forecaster {
    fit(&request(values), &|| false).unwrap()
}

#[test]
fn values_that_came_in_later_leave_a_forecast_near_that_of_a_new_fit() {
    let sales: Vec<f64> = (0..140)
        .map(|day| {
            50.0 + 0.2 * day as f64 + 3.0 * noise(day) - if day % 7 == 6 { 25.0 } else { 0.0 }
        })
        .collect();
    let mut updated = fitted(&sales[..120]);
    for value in &sales[120..] {
        updated.update(*value, &Pool::default());
    }
    let (updated, anew) = (
        updated.outcome(14, &Pool::default()).unwrap(),
        outcome(&sales),
    );
    for (a, b) in updated.point.iter().zip(&anew.point) {
        assert!((a / b - 1.0).abs() < 0.05, "{a} and {b}");
    }
}

#[test]
fn bands_widen_when_values_stray_and_narrow_when_they_do_not() {
    let calm: Vec<f64> = (0..100).map(|day| 50.0 + noise(day)).collect();
    let width = |forecaster: &Forecaster| {
        let found = forecaster.outcome(7, &Pool::default()).unwrap();
        found.hi80[0] - found.lo80[0]
    };
    let (mut wild, mut quiet) = (fitted(&calm), fitted(&calm));
    let before = width(&wild);
    for day in 0..20 {
        wild.update(
            50.0 + if day % 2 == 0 { 6.0 } else { -6.0 },
            &Pool::default(),
        );
        quiet.update(50.0, &Pool::default());
    }
    assert!(width(&wild) > 1.5 * before, "{} {before}", width(&wild));
    assert!(width(&quiet) < before, "{} {before}", width(&quiet));
}

#[test]
fn arima_has_a_vote_in_the_background_only() {
    let values: Vec<f64> = (0..100).map(|day| 50.0 + 5.0 * noise(day)).collect();
    let voters = |found: &Outcome| {
        let has = |model| {
            found
                .members
                .iter()
                .any(|member| member.model == model && member.weight > 0.0)
        };
        (has(Model::Arima), has(Model::Ces))
    };
    let background = Request {
        background: true,
        ..request(&values)
    };
    let background = fit(&background, &|| false).unwrap();
    assert_eq!(
        voters(&background.outcome(7, &Pool::default()).unwrap()),
        (true, true)
    );
    assert_eq!(voters(&outcome(&values)), (false, true));
}

/// Bands are shown as all series of a kind know them together, and it is those that follow what comes in.
#[test]
fn bands_of_any_pool_come_to_hold_what_they_say() {
    let values: Vec<f64> = (0..200).map(|day| 500.0 + 10.0 * noise(day)).collect();
    let wide = learned_from(|day| 500.0 + 10.0 * noise(day) * noise(7 * day + 1).powi(6));
    assert_ne!(wide, Pool::default());
    for pool in [Pool::default(), wide] {
        let mut kept = fit(&request(&values), &|| false).unwrap();
        let mut inside = [0, 0];
        for day in 200..1_400 {
            let shown = kept.outcome(1, &pool).unwrap();
            let value = 500.0 + 10.0 * noise(day);
            if day >= 400 {
                inside[0] += usize::from((shown.lo80[0]..=shown.hi80[0]).contains(&value));
                inside[1] += usize::from((shown.lo95[0]..=shown.hi95[0]).contains(&value));
            }
            kept.update(value, &pool);
        }
        let [within80, within95] = inside.map(|count| count as f64 / 1_000.0);
        assert!((0.76..0.84).contains(&within80), "{within80} {pool:?}");
        assert!((0.92..0.985).contains(&within95), "{within95} {pool:?}");
    }
}

/// What forty series like that know together.
fn learned_from(value: impl Fn(usize) -> f64) -> Pool {
    let calibrations: Vec<_> = (0..40)
        .map(|series| {
            let values: Vec<f64> = (0..200).map(|day| value(1_000 * series + day)).collect();
            fit(&request(&values), &|| false)
                .unwrap()
                .calibration()
                .clone()
        })
        .collect();
    Pool::learn(&calibrations)
}

/// Twenty weeks of a shop, and the newest of them.
fn shop(newest: &[f64]) -> Vec<f64> {
    let usual = |day: usize| 100.0 + 30.0 * f64::from(u8::from(day % 7 == 5)) + 4.0 * noise(day);
    (0..140).map(usual).chain(newest.iter().copied()).collect()
}

#[test]
fn a_lone_wild_value_does_not_count_until_another_one_confirms_it() {
    let calm = outcome(&shop(&[100.0]));
    for wild in [900.0, 0.0] {
        let found = outcome(&shop(&[wild]));
        let held = found.notes.iter().find_map(|note| match note {
            Note::HeldBack { place, value } => Some((*place, *value)),
            _ => None,
        });
        let (place, value) = held.unwrap();
        assert!(place == 140 && (value - wild).abs() < 1e-9, "{held:?}");
        let apart = found
            .point
            .iter()
            .zip(&calm.point)
            .map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) < 10.0, "{:?}", found.point);
    }
    let confirmed = outcome(&shop(&[300.0, 310.0]));
    assert!(confirmed.notes.is_empty(), "{:?}", confirmed.notes);
    assert!(confirmed.point[0] > calm.point[0] + 20.0);
}

#[test]
fn what_was_not_sold_yet_does_not_count() {
    let sold: Vec<f64> = (0..40)
        .map(|day| (7.0 + 3.0 * noise(day)).round())
        .collect();
    let ahead: Vec<f64> = std::iter::repeat_n(0.0, 120).chain(sold.clone()).collect();
    let whole = Request { ..request(&ahead) };
    let found = forecast(&whole, &|| false).unwrap();
    let since = Request {
        non_negative: true,
        ..request(&sold)
    };
    assert_eq!(found, forecast(&since, &|| false).unwrap());
    assert_eq!(found.used, 40);
    // Below nought nobody knows what it means.
    let signed = Request {
        non_negative: false,
        ..request(&ahead)
    };
    assert_eq!(forecast(&signed, &|| false).unwrap().used, 160);
}

#[test]
fn hours_in_which_a_shop_is_closed_are_a_season() {
    let sold = |hour: usize| {
        let open = (9..18).contains(&(hour % 24));
        if open {
            20.0 + (hour % 24) as f64 + 4.0 * noise(hour)
        } else {
            0.0
        }
    };
    let values: Vec<f64> = (0..24 * 21).map(sold).collect();
    let asked = Request {
        seasons: &[24],
        horizon: 24,
        ..request(&values)
    };
    let found = forecast(&asked, &|| false).unwrap();
    for (hour, point) in found.point.iter().enumerate() {
        let open = (9..18).contains(&hour);
        assert!(
            if open { *point > 20.0 } else { *point < 1.5 },
            "{hour}: {point}"
        );
    }
}

#[test]
fn a_level_that_moved_is_no_season() {
    let values: Vec<f64> = (0..55)
        .map(|at| if at < 5 { 100.0 } else { 50.0 })
        .collect();
    let found = outcome(&values);
    assert!(
        found.point.iter().all(|point| (point - 50.0).abs() < 5.0),
        "{:?}",
        found.point
    );
    assert!(found.hi95[5] - found.lo95[5] < 60.0, "{:?}", found.hi95);
}
