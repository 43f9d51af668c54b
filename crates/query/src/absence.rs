//! `absent` and `absent_over_time`: 1 where nothing is, labelled with what was asked for.

use crate::label_sets;
use crate::plan::{Kind, Node};
use crate::row::{ABSENT, Grid, Row, present};
use series::{Labels, METRIC_NAME, MatchOp, Matcher};

/// 1 wherever no row has a value, with the labels that the selector leaves no choice about.
pub(crate) fn rows(node: &Node, rows: &[Row], grid: Grid) -> Vec<Row> {
    let missing = |place: usize| {
        let found = |row: &Row| row.values.get(place).copied().is_some_and(present);
        if rows.iter().any(found) { ABSENT } else { 1.0 }
    };
    let matchers: &[Matcher] = match &node.kind {
        Kind::Selector(selector) | Kind::Windows(selector, _) => &selector.matchers,
        _ => &[],
    };
    let row = Row {
        labels: demanded(matchers),
        values: (0..grid.len).map(missing).collect(),
    };
    if row.any() { vec![row] } else { Vec::new() }
}

/// Labels that are asked for by their value, and about which nothing else is asked.
///
/// Order matters, as it does in Prometheus: what follows an equality takes it back, and an equality
/// that follows something else stands (`createLabelsForAbsentFunction`).
fn demanded(matchers: &[Matcher]) -> Labels {
    let mut labels: Vec<(&str, &str)> = Vec::new();
    let mut equal: Vec<&str> = Vec::new();
    for matcher in matchers
        .iter()
        .filter(|matcher| matcher.name() != METRIC_NAME)
    {
        let name = matcher.name();
        if matcher.op() == MatchOp::Equal && !equal.contains(&name) {
            labels.push((name, matcher.value()));
            equal.push(name);
        } else {
            labels.retain(|(known, _)| *known != name);
        }
    }
    label_sets::collect(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> String {
        let node = crate::parse::parse(text).unwrap();
        let rows = rows(&node, &[], Grid::instant(0));
        rows[0].labels.to_string()
    }

    #[test]
    fn labels_come_from_what_is_demanded_without_doubt() {
        assert_eq!(labels("m{a=\"1\",b!=\"2\",c=~\"3\"}"), "{a=\"1\"}");
        assert_eq!(labels("m{a=\"1\",a=\"2\"}"), "{}");
        assert_eq!(labels("m{a=\"1\",a!=\"2\"}"), "{}");
        assert_eq!(labels("m{a!=\"2\",a=\"1\"}"), "{a=\"1\"}");
        assert_eq!(labels("m{a=\"1\"}[5m]"), "{a=\"1\"}");
        assert_eq!(labels("sum(m{a=\"1\"})"), "{}");
    }

    #[test]
    fn it_is_there_only_where_nothing_is() {
        let node = crate::parse::parse("m").unwrap();
        let there = Row {
            labels: Labels::default(),
            values: vec![1.0, ABSENT, f64::NAN],
        };
        let found = rows(&node, &[there], Grid::range(0, 2, 1));
        let missing: Vec<bool> = found[0].values.iter().map(|v| present(*v)).collect();
        assert_eq!(missing, [false, true, false]);
    }
}
