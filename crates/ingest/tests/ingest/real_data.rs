//! Files that nobody here made. The excerpt lies beside; the rest is skipped where it is absent.

use std::ops::ControlFlow;
use std::path::PathBuf;

use ingest::table::{
    Duplicates, Limits, Merge, Role, TimeShape, guess, preview, series_key, summarise,
};

use super::{day, names, read};

const EXCERPT: &[u8] = include_bytes!("../data/focus-1.0-excerpt.csv");

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

#[test]
fn a_cloud_bill_in_focus_is_read_as_costs_by_service() {
    let layout = guess(EXCERPT, false).unwrap();
    assert_eq!(names(&layout, Role::Time), ["ChargePeriodStart"]);
    assert_eq!(names(&layout, Role::Value), ["BilledCost", "EffectiveCost"]);
    assert_eq!(
        names(&layout, Role::Label),
        ["BillingCurrency", "ProviderName", "ServiceName"]
    );
    assert_eq!(layout.duplicates, Duplicates::Sum);
    assert_eq!(layout.time.shape, TimeShape::YearMonthDay);
    assert_eq!(layout.columns[1].unit.as_deref(), Some("USD"));
    let (good, bad) = read(EXCERPT, &layout);
    assert_eq!((good.len(), bad.len()), (30, 0));
    assert_eq!(day(good[0].at_us), "2024-09-18T22:00:00Z");
    assert_eq!(good[0].values[0], Some(0.000_000_8));
    let key = series_key("BilledCost", &good[0].labels.pairs);
    assert_eq!(
        key,
        "BilledCost{BillingCurrency=\"USD\",ProviderName=\"AWS\",\
         ServiceName=\"Amazon Simple Queue Service\"}"
    );
}

#[test]
fn the_whole_focus_sample_sums_to_its_own_total() {
    let Some(path) = shared("costs/focus-1.0-sample.csv") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let layout = guess(&bytes[..64 * 1024], true).unwrap();
    let shown = preview(&bytes[..64 * 1024], true, &layout, 10).unwrap();
    assert_eq!((shown.rows.len(), shown.bad), (10, 0));
    let summary = summarise(&bytes[..], &layout, Limits::default(), &mut |_| {
        ControlFlow::Continue(())
    });
    let summary = summary.unwrap();
    println!("{summary:?}");
    assert_eq!((summary.rows, summary.bad), (1000, 0));
    let rows = read(&bytes, &layout).0;
    let total: f64 = rows.iter().filter_map(|row| row.values[0]).sum();
    let mut merge = Merge::new(&layout, summary.sorted, Limits::default());
    let mut joined = 0.0;
    for row in rows {
        joined += merge
            .push(row)
            .unwrap()
            .and_then(|point| point.values[0])
            .unwrap_or(0.0);
    }
    joined += merge
        .finish()
        .filter_map(|point| point.values[0])
        .sum::<f64>();
    assert!(
        (total - joined).abs() < 1e-9 * total.abs(),
        "{total} {joined}"
    );
}

#[test]
fn every_server_metric_of_nab_is_guessed_and_read_whole() {
    let Some(folder) = shared("nab/data") else {
        return;
    };
    let mut files = 0;
    for group in std::fs::read_dir(folder).unwrap() {
        for file in std::fs::read_dir(group.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let sample = &bytes[..bytes.len().min(32 * 1024)];
            let layout = guess(sample, sample.len() < bytes.len()).unwrap();
            assert_eq!(
                names(&layout, Role::Time),
                ["timestamp"],
                "{}",
                path.display()
            );
            assert_eq!(names(&layout, Role::Value), ["value"], "{}", path.display());
            let rows = bytes
                .split(|&b| b == b'\n')
                .filter(|l| !l.trim_ascii().is_empty())
                .count()
                - 1;
            let (good, bad) = read(&bytes, &layout);
            assert_eq!((good.len(), bad.len()), (rows, 0), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 20, "{files}");
}
