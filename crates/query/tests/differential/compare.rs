//! Whether two answers of Prometheus' HTTP API say the same.

use serde_json::Value;
use std::collections::BTreeMap;

/// Relative: sums run in another order.
const TOLERANCE: f64 = 1e-9;

/// Whether the order of an instant's series means something.
pub(crate) fn is_ordered(expression: &str) -> bool {
    ["sort", "topk", "bottomk"]
        .iter()
        .any(|name| expression.starts_with(name))
        && !expression.contains(" by ")
}

/// Compares what two answers hold; `ordered` where the order of an instant's series means something.
pub(crate) fn same_data(ours: &Value, theirs: &Value, ordered: bool) -> Result<(), String> {
    if ours["resultType"] != theirs["resultType"] {
        return Err(format!(
            "{} and not {}",
            ours["resultType"], theirs["resultType"]
        ));
    }
    if ordered && ours["resultType"] == "vector" {
        let order = |answer: &Value| -> Vec<Vec<Sample>> {
            answer["result"]
                .as_array()
                .unwrap()
                .iter()
                .map(samples)
                .collect()
        };
        let (ours, theirs) = (order(ours), order(theirs));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            same_samples(ours, theirs).map_err(|e| format!("in another order: {e}"))?;
        }
    }
    let (ours, theirs) = (by_labels(ours), by_labels(theirs));
    if ours.keys().ne(theirs.keys()) {
        let only = |a: &Series, b: &Series| -> Vec<String> {
            a.keys()
                .filter(|key| !b.contains_key(*key))
                .take(3)
                .cloned()
                .collect()
        };
        return Err(format!(
            "{} and {} series; only we: {:?}; only they: {:?}",
            ours.len(),
            theirs.len(),
            only(&ours, &theirs),
            only(&theirs, &ours)
        ));
    }
    for (labels, ours) in &ours {
        same_samples(ours, &theirs[labels]).map_err(|e| format!("{labels}: {e}"))?;
    }
    Ok(())
}

type Sample = (String, String);
type Series = BTreeMap<String, Vec<Sample>>;

fn by_labels(answer: &Value) -> Series {
    match answer["resultType"].as_str() {
        Some("vector" | "matrix") => answer["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|series| (series["metric"].to_string(), samples(series)))
            .collect(),
        _ => [(String::new(), vec![sample(&answer["result"])])].into(),
    }
}

fn samples(series: &Value) -> Vec<Sample> {
    match series.get("values") {
        Some(values) => values.as_array().unwrap().iter().map(sample).collect(),
        None => vec![sample(&series["value"])],
    }
}

fn sample(pair: &Value) -> Sample {
    (pair[0].to_string(), pair[1].as_str().unwrap().to_owned())
}

fn same_samples(ours: &[Sample], theirs: &[Sample]) -> Result<(), String> {
    let at = |samples: &[Sample]| samples.iter().map(|(at, _)| at.clone()).collect::<Vec<_>>();
    if at(ours) != at(theirs) {
        let (ours, theirs) = (at(ours), at(theirs));
        let first = ours.iter().zip(&theirs).position(|(a, b)| a != b);
        return Err(format!(
            "{} and {} points, first other: {:?}",
            ours.len(),
            theirs.len(),
            first.map(|place| (&ours[place], &theirs[place]))
        ));
    }
    for ((at, ours), (_, theirs)) in ours.iter().zip(theirs) {
        if !same(ours, theirs) {
            return Err(format!("{ours} and not {theirs} at {at}"));
        }
    }
    Ok(())
}

fn same(ours: &str, theirs: &str) -> bool {
    let (Ok(a), Ok(b)) = (ours.parse::<f64>(), theirs.parse::<f64>()) else {
        return ours == theirs;
    };
    if a.to_bits() == b.to_bits() {
        return ours == theirs;
    }
    a.is_nan() && b.is_nan() || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}
