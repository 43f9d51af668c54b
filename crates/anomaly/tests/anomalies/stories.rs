//! What people expect of it.

use anomaly::{
    AnomalyError, Channel, ForestOptions, IsolationForest, Standing, Stream, StreamOptions, Table,
    TableDetector, fuse_points, scan, shares,
};

/// A wave of a day with a little noise that repeats nowhere.
fn wave(count: u32) -> Vec<f64> {
    (0..count)
        .map(|i| {
            let noise = f64::from(i * 7919 % 1009) / 1009.0;
            50.0 + 10.0 * (f64::from(i) * std::f64::consts::TAU / 288.0).sin() + noise
        })
        .collect()
}

#[test]
fn a_spike_is_one_finding_and_what_was_expected_is_said() {
    let mut values = wave(2000);
    values[1500..1505].fill(120.0);
    let points = scan(&values, StreamOptions::default());
    let begins: Vec<usize> = (500..2000)
        .filter(|at| points[*at].standing == Standing::Begins)
        .collect();
    assert_eq!(begins, [1500]);
    let point = points[1500];
    assert!(
        point
            .expected
            .is_some_and(|level| (30.0..70.0).contains(&level)),
        "{point:?}"
    );
    assert!(point.alarm() > points[1501].alarm());
}

#[test]
fn of_many_series_the_one_that_went_wrong_is_named() {
    let mut streams = vec![Stream::new(StreamOptions::default()); 5];
    let values = wave(1200);
    let mut last = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let value_of = |series: usize| {
            if (series, at) == (3, 1199) {
                140.0
            } else {
                value + series as f64
            }
        };
        let points = streams.iter_mut().enumerate();
        last = points
            .map(|(series, stream)| stream.push(value_of(series)))
            .collect();
    }
    let shares = shares(&last);
    assert!(
        shares[3] > 0.9 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9,
        "{shares:?}"
    );
    assert!(fuse_points(&last) > last[0].score);
}

#[test]
fn another_threshold_counts_from_the_next_point() {
    let mut stream = Stream::new(StreamOptions::default());
    for value in wave(1200) {
        stream.push(value);
    }
    stream.set_threshold(1.0);
    assert_eq!(stream.push(140.0).standing, Standing::Usual);
    stream.set_threshold(0.8);
    assert_eq!(stream.push(180.0).standing, Standing::Begins);
}

#[test]
fn a_series_that_goes_flat_is_found_though_no_value_is_unusual() {
    let mut values = wave(3000);
    let stuck = values[2400];
    values[2400..2500].fill(stuck);
    let points = scan(&values, StreamOptions::default());
    let at = (2400..2500).find(|at| points[*at].standing == Standing::Begins);
    let at = at.expect("found before it is over");
    let strongest = points[at].strongest().unwrap();
    assert!(
        matches!(strongest, Channel::ShortSpread | Channel::LongSpread),
        "{strongest:?}"
    );
}

#[test]
fn a_constant_is_never_a_finding_until_it_moves() {
    let mut values = vec![3.0; 1000];
    values[900] = 3.5;
    let points = scan(&values, StreamOptions::default());
    let begins: Vec<usize> = (0..1000)
        .filter(|at| points[*at].standing == Standing::Begins)
        .collect();
    assert_eq!(begins, [900]);
}

#[test]
fn chance_alone_has_few_findings() {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let values: Vec<f64> = (0..6000).map(|_| (0..6).map(|_| uniform()).sum()).collect();
    let points = scan(&values, StreamOptions::default());
    let begins = points
        .iter()
        .filter(|point| point.standing == Standing::Begins)
        .count();
    assert!(
        begins <= 18,
        "{begins}: three in a thousand points are enough"
    );
}

#[test]
fn a_short_gap_is_no_finding() {
    let mut values = wave(1000);
    values[700..712].fill(f64::NAN);
    let points = scan(&values, StreamOptions::default());
    assert!(
        points[700..712]
            .iter()
            .all(|point| point.score.abs() < 1e-12)
    );
    assert!(
        points[712..]
            .iter()
            .all(|point| point.standing == Standing::Usual)
    );
}

#[test]
fn the_feature_that_breaks_the_rule_is_named_with_what_was_expected() {
    // The second is twice the first, the third has its own way.
    let rows: Vec<f64> = (0..500_u32)
        .flat_map(|i| {
            let first = f64::from(i * 7919 % 1009) / 10.0;
            let noise = f64::from(i * 104_729 % 997) / 997.0;
            [first, 2.0 * first + noise, noise * 30.0]
        })
        .collect();
    let table = Table::new(&rows, 3).unwrap();
    let detector = TableDetector::fit(&table, ForestOptions::default()).unwrap();
    let row = [50.0, 190.0, 15.0];
    assert!(detector.score(&row).score >= anomaly::THRESHOLD);
    assert!(detector.score(&[50.0, 100.5, 15.0]).score < 0.6);
    let contributions = detector.explain(&row);
    let first = contributions[0];
    assert!(first.feature < 2, "{contributions:?}");
    let both: f64 = contributions
        .iter()
        .filter(|c| c.feature < 2)
        .map(|c| c.share)
        .sum();
    assert!(both > 0.8, "{contributions:?}");
    let second = contributions.iter().find(|c| c.feature == 1).unwrap();
    assert!((second.expected - 100.0).abs() < 15.0, "{second:?}");
}

#[test]
fn the_same_seed_grows_the_same_forest_and_it_can_be_kept() {
    let rows: Vec<f64> = wave(600);
    let table = Table::new(&rows, 3).unwrap();
    for extension in [0, 2] {
        let options = ForestOptions {
            extension,
            seed: 5,
            ..ForestOptions::default()
        };
        let forest = IsolationForest::fit(&table, options).unwrap();
        assert_eq!(forest, IsolationForest::fit(&table, options).unwrap());
        let kept = serde_json::to_string(&forest).unwrap();
        let again: IsolationForest = serde_json::from_str(&kept).unwrap();
        for (a, b) in forest.score_all(&table).iter().zip(again.score_all(&table)) {
            assert!((a - b).abs() < 1e-3);
        }
    }
}

#[test]
fn one_row_scores_as_it_does_among_all() {
    let rows = wave(900);
    let table = Table::new(&rows, 3).unwrap();
    for sample in [256, 100] {
        let options = ForestOptions {
            sample,
            ..ForestOptions::default()
        };
        let forest = IsolationForest::fit(&table, options).unwrap();
        let all = forest.score_all(&table);
        for (row, score) in table.rows().zip(&all) {
            assert!((forest.score(row) - score).abs() < 1e-12);
        }
    }
}

#[test]
fn too_little_is_refused_with_what_is_needed() {
    let table = Table::new(&[1.0, 2.0], 1).unwrap();
    let refused = TableDetector::fit(&table, ForestOptions::default());
    assert_eq!(
        refused.unwrap_err(),
        AnomalyError::NotEnough { have: 2, need: 8 }
    );
    assert!(Table::new(&[1.0, 2.0, 3.0], 2).is_err() && Table::new(&[], 0).is_err());
}
