//! Models fitted, kept up, made again and asked.

use super::*;
use api::Series;

const DAY: i64 = Instant::DAY;

fn wave(days: i64) -> Vec<(i64, f64)> {
    let value = |d: i64| 100.0 + 10.0 * (d % 7) as f64 + (d * 7_919 % 13) as f64;
    (0..days).map(|d| (d * DAY, value(d))).collect()
}

fn fitted(samples: &[(i64, f64)], now: i64) -> (Series, Model, NewVersion) {
    fitted_for(FitReason::First, samples, now)
}

fn fitted_for(reason: FitReason, samples: &[(i64, f64)], now: i64) -> (Series, Model, NewVersion) {
    let series = fakes::series("sales").build();
    let found = fit(
        &series,
        samples,
        Instant(now * DAY),
        (reason, &Almanac::new(None, Vec::new())),
        &Pools::default(),
        &|| false,
    );
    let (model, version) = found.unwrap();
    (series, model, version)
}

fn stored(version: &NewVersion, made_at: Instant) -> StoredVersion {
    StoredVersion {
        digest: version.digest.clone(),
        version: api::ModelVersion {
            number: 3,
            state: api::VersionState::Live,
            made_at,
            engine: version.engine.clone(),
            step: version.step.clone(),
            window: version.window,
            points: version.points,
            filled: version.filled,
            ratio: version.ratio,
            nearness: 0.0,
            drifted_at: None,
            held_until: None,
            cpu_us: 0,
            fitted: version.fitted.clone(),
            live: LiveScore::default(),
        },
    }
}

fn says(model: &Model) -> Vec<f64> {
    asked(model, 14, &Pool::default()).unwrap().point
}

#[test]
fn a_model_made_again_says_what_the_one_that_was_kept_up_says() {
    let samples = wave(150);
    let (series, mut kept, version) = fitted(&samples[..120], 120);
    assert_eq!(kept.points, 120);
    assert_eq!(
        advance(
            &mut kept,
            &samples[120..],
            Instant(150 * DAY),
            &Pool::default()
        ),
        Advance::Done
    );
    assert_eq!(kept.drift.seen(), 30);
    let stored = stored(&version, kept.made_at);
    let again = |samples: &[(i64, f64)]| {
        let none = Almanac::new(None, Vec::new());
        again(
            &series,
            samples,
            Instant(150 * DAY),
            (&stored, &none),
            &Pools::default(),
            &|| false,
        )
    };
    let made = again(&samples).unwrap();
    assert_eq!(says(&made), says(&kept));
    assert_eq!((made.end, made.number), (kept.end, 3));
    let mut changed = samples;
    changed[50].1 += 1.0;
    assert!(again(&changed).is_none(), "its window is another");
}

#[test]
fn where_nobody_waits_arima_is_one_of_the_models_and_is_again_when_it_is_made_again() {
    let samples = wave(120);
    let has_arima = |test: &BackTest| test.members.iter().any(|one| one.name == "ARIMA");
    for (reason, expected) in [(FitReason::Asked, false), (FitReason::Age, true)] {
        let (series, kept, version) = fitted_for(reason, &samples, 120);
        assert_eq!(has_arima(&kept.back_test), expected, "{reason:?}");
        let (none, now) = (Almanac::new(None, Vec::new()), Instant(120 * DAY));
        let mut stored = stored(&version, kept.made_at);
        let made = again(
            &series,
            &samples,
            now,
            (&stored, &none),
            &Pools::default(),
            &|| false,
        )
        .unwrap();
        assert_eq!(says(&made), says(&kept), "{reason:?}");
        stored.version.fitted.reason = FitReason::Drift;
        let other = again(
            &series,
            &samples,
            now,
            (&stored, &none),
            &Pools::default(),
            &|| false,
        );
        assert_eq!(
            other.is_some(),
            expected,
            "a version says how it was fitted"
        );
    }
}

#[test]
fn what_is_counted_is_foreseen_in_whole_things() {
    let now = Instant(120 * DAY);
    let none = Almanac::new(None, Vec::new());
    let points = |unit: Unit, samples: &[(i64, f64)]| {
        let mut series = fakes::series("sales").build();
        series.unit = unit;
        let found = fit(
            &series,
            samples,
            now,
            (FitReason::First, &none),
            &Pools::default(),
            &|| false,
        );
        says(&found.unwrap().0)
    };
    let parts = |points: &[f64]| points.iter().any(|point| point.fract().abs() > 1e-9);
    let orders = || Unit::Count("orders".into());
    assert!(!parts(&points(orders(), &wave(120))));
    assert!(parts(&points(Unit::Money("EUR".into()), &wave(120))));
    let mut weighed = wave(120);
    weighed[60].1 += 0.5;
    assert!(parts(&points(Unit::Count("kg".into()), &weighed)));
    let rare = |(at, _): &(i64, f64)| (*at, f64::from(u8::from(at / DAY % 5 == 0)));
    let rare: Vec<_> = wave(120).iter().map(rare).collect();
    assert!(
        parts(&points(orders(), &rare)),
        "one in five days is not none"
    );
}

#[test]
fn a_period_that_is_not_over_waits_and_a_gap_asks_for_all_data() {
    let samples = wave(130);
    let (_, mut model, _) = fitted(&samples[..120], 120);
    let at = |days: i64, hours: i64| Instant(days * DAY + hours * Instant::HOUR);
    assert_eq!(
        advance(&mut model, &samples[120..121], at(120, 5), &Pool::default()),
        Advance::Done
    );
    assert_eq!(model.drift.seen(), 0, "the day is not over");
    assert_eq!(
        advance(&mut model, &samples[120..122], at(121, 5), &Pool::default()),
        Advance::Done
    );
    assert_eq!(model.drift.seen(), 1);
    assert_eq!(
        advance(&mut model, &samples[125..], at(131, 0), &Pool::default()),
        Advance::Gap
    );
}

#[test]
fn a_level_that_moved_is_noted_where_it_moved() {
    let mut samples = wave(120);
    for (at, value) in &mut samples {
        let day = *at / DAY;
        *value = 50.0 + (day * day * 7_919 % 101) as f64 / 101.0;
        *value += if *at >= 70 * DAY { 40.0 } else { 0.0 };
    }
    let (_, _, version) = fitted(&samples, 120);
    let moved = version.fitted.notes.iter().find_map(|note| match note {
        ModelNote::LevelShift { at, by } => Some((*at, *by)),
        _ => None,
    });
    let (at, by) = moved.unwrap();
    assert_eq!(at, Instant(70 * DAY));
    assert!((by - 40.0).abs() < 2.0, "{by}");
}

#[test]
fn three_days_of_a_disk_reach_as_far_and_without_a_limit_keep_their_hours() {
    let minutes = |days: i64| -> Vec<_> {
        let at = |m: i64| m * 5 * Instant::MINUTE;
        (0..days * 288)
            .map(|m| (at(m), 40.0 + m as f64 / 400.0))
            .collect()
    };
    let model = |series: &Series, days: i64| {
        let samples = minutes(days);
        let now = Instant(days * DAY);
        let almanac = Almanac::new(None, Vec::new());
        let reason = (FitReason::First, &almanac);
        let found = fit(series, &samples, now, reason, &Pools::default(), &|| false);
        found.unwrap().0
    };
    let bare = fakes::series("cpu").domain(api::Domain::Machine).build();
    let disk = fakes::series("disk")
        .domain(api::Domain::Machine)
        .rising_to(95.0)
        .build();
    for days in [1, 3, 10, 20, 30, 45, 100] {
        let model = model(&disk, days);
        let seconds = i64::try_from(model.horizon).unwrap() * model.step.seconds();
        assert!(seconds >= days.min(91) * 86_400, "{days}: {:?}", model.step);
        assert!(model.fits(&disk) && model.fits(&bare), "{days}");
    }
    let fine = model(&bare, 3);
    assert_eq!(fine.step, Step::FiveMinutes);
    // Once it has a limit it is made anew.
    assert!(fine.fits(&bare) && !fine.fits(&disk));
}

#[test]
fn nothing_is_no_data_and_nine_points_are_not_enough() {
    let series = fakes::series("stock").build();
    let why = |samples: &[(i64, f64)]| {
        let found = fit(
            &series,
            samples,
            Instant(9 * DAY),
            (FitReason::First, &Almanac::new(None, Vec::new())),
            &Pools::default(),
            &|| false,
        );
        match found.map(|_| ()) {
            Err(NoModel::Unknown(why, _)) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(why(&[]), WhyUnknown::NoData);
    assert_eq!(why(&wave(9)), WhyUnknown::NotEnough { have: 9, need: 24 });
}
