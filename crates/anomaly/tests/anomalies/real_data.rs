//! The Numenta Anomaly Benchmark's series, which nobody here made; skipped where they are absent.

use anomaly::{Standing, StreamOptions, scan};
use std::path::PathBuf;

fn shared(path: &str) -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(path);
    if found.exists() {
        return Some(found);
    }
    println!("skipped: {} is not on this machine", found.display());
    None
}

fn values(path: &PathBuf) -> Vec<f64> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let records = reader.deserialize::<(String, f64)>();
    records.map(|record| record.unwrap().1).collect()
}

#[test]
fn a_server_that_fails_is_found_and_one_that_does_not_is_left_alone() {
    let Some(folder) = shared("nab/data/realAWSCloudwatch") else {
        return;
    };
    let begins = |name: &str| -> Vec<usize> {
        let points = scan(&values(&folder.join(name)), StreamOptions::default());
        let begins = points.iter().enumerate().skip(604);
        begins
            .filter(|(_, p)| p.standing == Standing::Begins)
            .map(|(at, _)| at)
            .collect()
    };
    // Labelled: rows 3375 to 3777; the processor goes to a hundred and stays there.
    let found = begins("ec2_cpu_utilization_ac20cd.csv");
    assert!(
        found.iter().any(|at| (3375..=3777).contains(at)),
        "{found:?}"
    );
    assert!(found.len() <= 3, "{found:?}");
    // Labelled: one burst of traffic within rows 1440 to 1842.
    let found = begins("ec2_network_in_257a54.csv");
    assert!(
        found.iter().any(|at| (1440..=1842).contains(at)),
        "{found:?}"
    );
}

#[test]
fn every_series_at_any_length_has_finite_scores() {
    let Some(folder) = shared("nab/data/realKnownCause") else {
        return;
    };
    for entry in std::fs::read_dir(folder).unwrap() {
        let values = values(&entry.unwrap().path());
        for length in [1, 2, 17, 100, 101, 512] {
            let points = scan(&values[..length], StreamOptions::default());
            assert!(
                points
                    .iter()
                    .all(|p| (0.0..=1.0).contains(&p.score) && p.p_value > 0.0)
            );
        }
    }
}
