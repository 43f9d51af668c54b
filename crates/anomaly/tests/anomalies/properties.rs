//! What holds for any numbers whatever.

use anomaly::{
    Ailment, ForestOptions, IsolationForest, Pca, ResidualDetector, Sensitivity, Stream,
    StreamOptions, SubPca, Table, TableDetector, Verdict, change_points, health, preview, q_values,
    scan, similar, spectral_residual,
};
use proptest::prelude::*;

/// A small stream, so that few points fill its memory.
fn small() -> StreamOptions {
    StreamOptions {
        level: 24,
        memory: 150,
        ..StreamOptions::default()
    }
}

/// Numbers as they come: usual ones, zeros, gaps, and what no one expects.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        10 => -100.0..100.0,
        3 => Just(0.0),
        3 => Just(7.25),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(1e300),
        1 => Just(-1e300),
        1 => Just(f64::MAX),
        1 => Just(1e-300),
    ]
}

fn any_series() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        4 => prop::collection::vec(any_number(), 0..400),
        1 => (any_number(), 0_usize..400).prop_map(|(value, count)| vec![value; count]),
        2 => prop::collection::vec(-50.0..50.0, 0..400),
    ]
}

fn is_score(score: f64) -> bool {
    (0.0..=1.0).contains(&score)
}

fn is_p_value(p: f64) -> bool {
    p > 0.0 && p <= 1.0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_point_of_any_series_has_a_score(values in any_series(), season in 0_usize..9) {
        for point in scan(&values, StreamOptions { season, ..small() }) {
            prop_assert!(is_score(point.score) && is_p_value(point.p_value), "{point:?}");
            prop_assert!(point.evidence.iter().all(|e| e.is_finite() && *e >= 0.0), "{point:?}");
            prop_assert!(point.usual.is_finite() && point.expected.is_none_or(f64::is_finite));
        }
        prop_assert!(spectral_residual(&values).iter().all(|s| s.is_finite() && *s >= 0.0));
        for change in change_points(&values, &[7]) {
            let numbers = [change.before.0, change.before.1, change.after.0, change.after.1];
            prop_assert!(change.at < values.len() && numbers.iter().all(|n| n.is_finite()), "{change:?}");
        }
        if let Ok(detector) = SubPca::fit(&values, 12) {
            for (score, p) in detector.score_all(&values) {
                prop_assert!(is_score(score) && is_p_value(p));
            }
        }
        if let Ok(detector) = ResidualDetector::fit(&values) {
            let score = detector.score(values[0], values[values.len() - 1]);
            prop_assert!(is_score(score.score) && is_p_value(score.p_value) && !score.z.is_nan());
        }
        similar(&values, values.len(), 10, 3);
    }

    #[test]
    fn every_row_of_any_table_has_a_score(values in any_series(), width in 1_usize..6) {
        let values = &values[..values.len() / width * width];
        let table = Table::new(values, width).unwrap();
        if let Ok(forest) = IsolationForest::fit(&table, ForestOptions { trees: 10, extension: width / 2, ..ForestOptions::default() }) {
            prop_assert!(forest.score_all(&table).iter().all(|score| is_score(*score)));
        }
        if let Ok(pca) = Pca::fit(&table) {
            for row in table.rows().filter(|row| row.iter().all(|x| x.abs() < 1e3)) {
                let distances = pca.distances(row);
                prop_assert!(distances.t2 >= 0.0 && distances.q >= 0.0, "{distances:?}");
            }
        }
        let options = ForestOptions { trees: 10, ..ForestOptions::default() };
        if let Ok(detector) = TableDetector::fit(&table, options) {
            let scores = detector.score_all(&table).unwrap();
            prop_assert!(scores.iter().all(|row| is_score(row.score) && is_p_value(row.p_value)));
            let contributions = detector.explain(table.row(0));
            let shares: f64 = contributions.iter().map(|c| c.share).sum();
            prop_assert!(shares.abs() < 1e-9 || (shares - 1.0).abs() < 1e-9);
            prop_assert!(contributions.iter().all(|c| c.expected.is_finite()));
            prop_assert!(is_score(detector.score(&vec![f64::NAN; width]).score));
        }
    }

    #[test]
    fn a_score_knows_nothing_of_what_comes_later(values in any_series(), cut in 0_usize..400) {
        let cut = cut.min(values.len());
        let whole = scan(&values, small());
        let part = scan(&values[..cut], small());
        for (a, b) in whole.iter().zip(&part) {
            prop_assert_eq!(a.score.to_bits(), b.score.to_bits());
            prop_assert_eq!(a.standing, b.standing);
        }
    }

    #[test]
    fn a_stream_that_was_kept_goes_on_as_if_nothing_had_been(
        values in prop::collection::vec(-50.0..50.0, 1..300),
        cut in 0_usize..300,
    ) {
        let mut stream = Stream::new(small());
        let cut = cut.min(values.len());
        for value in &values[..cut] {
            stream.push(*value);
        }
        let kept = serde_json::to_string(&stream).unwrap();
        let mut again: Stream = serde_json::from_str(&kept).unwrap();
        for value in &values[cut..] {
            let (a, b) = (stream.push(*value), again.push(*value));
            prop_assert!((a.score - b.score).abs() < 1e-6, "{} {}", a.score, b.score);
        }
    }

    #[test]
    fn the_unit_of_a_series_does_not_matter(
        values in prop::collection::vec(-50.0..50.0, 150..300),
        power in -20_i32..20,
    ) {
        // Powers of two, as others round.
        let scaled: Vec<f64> = values.iter().map(|value| value * 2.0_f64.powi(power)).collect();
        for (a, b) in scan(&values, small()).iter().zip(scan(&scaled, small())) {
            prop_assert!((a.score - b.score).abs() < 1e-9);
        }
    }

    #[test]
    fn the_units_of_a_table_do_not_matter(values in prop::collection::vec(-50.0..50.0, 40..200)) {
        let values = &values[..values.len() / 2 * 2];
        let other: Vec<f64> = values.chunks(2).flat_map(|row| [row[0] * 1024.0, row[1] / 8.0]).collect();
        let score = |values: &[f64]| {
            let table = Table::new(values, 2).unwrap();
            let detector = TableDetector::fit(&table, ForestOptions::default()).unwrap();
            detector.score_all(&table).unwrap()
        };
        for (a, b) in score(values).iter().zip(score(&other)) {
            prop_assert!((a.score - b.score).abs() < 1e-6);
        }
    }

    #[test]
    fn of_more_that_is_looked_at_more_is_chance(
        p in prop::collection::vec(0.0..1.0, 0..50),
        tests in 0..5_000_usize,
    ) {
        let (few, many) = (q_values(&p, tests), q_values(&p, 2 * tests));
        prop_assert!(few.iter().zip(&many).all(|(few, many)| few <= many));
        prop_assert!(few.iter().zip(&p).all(|(q, p)| *q >= *p - 1e-12 && *q <= 1.0));
    }

    #[test]
    fn verdicts_move_thresholds_the_way_they_point(score in 0.0..1.0, threshold in 0.6..0.98) {
        let sensitivity = Sensitivity::default().with_threshold(threshold);
        prop_assert!(sensitivity.after(Verdict::NotAnomaly, score).threshold >= threshold - 1e-12);
        prop_assert!(sensitivity.after(Verdict::Anomaly, score).threshold <= threshold + 1e-12);
    }

    #[test]
    fn without_quiet_a_higher_threshold_has_no_more_findings(scores in prop::collection::vec(0.0..1.0, 0..300)) {
        let options = anomaly::IncidentOptions { quiet: 0, ..anomaly::IncidentOptions::default() };
        let counts = preview(&scores, &[0.6, 0.7, 0.8, 0.9], options);
        prop_assert!(counts.windows(2).all(|pair| pair[0] >= pair[1]), "{:?}", counts);
    }

    #[test]
    fn one_more_ailment_never_makes_a_machine_better(
        severities in prop::collection::vec(0.0..1.0, 0..20),
        more in 0.0..1.0,
        hours_ago in 0.0..100.0,
    ) {
        let mut ailments: Vec<Ailment> = severities
            .iter()
            .map(|severity| Ailment { subject: String::new(), severity: *severity, hours_ago: 0.0 })
            .collect();
        let before = health(&ailments).score;
        ailments.push(Ailment { subject: String::new(), severity: more, hours_ago });
        let after = health(&ailments).score;
        prop_assert!(after <= before + 1e-9 && (0.0..=100.0).contains(&after));
    }
}
