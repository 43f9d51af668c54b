//! How well scores rank anomalies above the rest.

/// Area under the receiver operating characteristic and average precision, as scikit-learn counts them.
///
/// NaN where only one class is there.
pub(crate) fn auroc_and_average_precision(scores: &[f64], labels: &[bool]) -> (f64, f64) {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = labels.iter().filter(|label| **label).count() as f64;
    let rest = labels.len() as f64 - all;
    let (mut hits, mut misses, mut area, mut precision) = (0.0, 0.0, 0.0, 0.0);
    for tied in ranked.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let new_hits = tied.iter().filter(|(_, label)| *label).count() as f64;
        let new_misses = tied.len() as f64 - new_hits;
        area += new_misses * (hits + new_hits / 2.0);
        hits += new_hits;
        misses += new_misses;
        precision += new_hits / all * hits / (hits + misses);
    }
    (area / all / rest, precision)
}
