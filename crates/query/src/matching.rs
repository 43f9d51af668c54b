//! Operators between two vectors: which series belong together, and what becomes of them.
//!
//! Series are matched once for all instants. Whether a match is ambiguous is asked at each instant, as
//! Prometheus does: series that are never there at once do not disturb each other
//! (`VectorBinop` in `promql/engine.go`).

use crate::error::{QueryError, failed};
use crate::evaluate::Evaluation;
use crate::label_sets::{filtered, with, without_name};
use crate::plan::{Binary, Cardinality, Matching, Operator};
use crate::row::{ABSENT, Grid, Row, present, unite};
use series::{Labels, METRIC_NAME};
use std::collections::HashMap;

/// The rows of an operator between vectors.
pub(crate) fn rows(
    evaluation: &Evaluation<'_>,
    plan: &Binary,
    left: Vec<Row>,
    right: Vec<Row>,
    grid: Grid,
) -> Result<Vec<Row>, QueryError> {
    match plan.operator {
        Operator::And => Ok(masked(left, &right, &plan.matching, grid, true)),
        Operator::Unless => Ok(masked(left, &right, &plan.matching, grid, false)),
        Operator::Or => {
            let rest = masked(right, &left, &plan.matching, grid, false);
            unite(left.into_iter().chain(rest).collect())
        }
        _ => paired(evaluation, plan, &left, &right, grid),
    }
}

impl Matching {
    /// What of a series' labels counts.
    fn signature(&self, labels: &Labels) -> Labels {
        let listed = |name: &str| self.labels.iter().any(|label| label == name);
        if self.on {
            filtered(labels, listed)
        } else {
            filtered(labels, |name| name != METRIC_NAME && !listed(name))
        }
    }
}

/// The rows where one of `others` with the same signature is, or is not, present.
fn masked(
    rows: Vec<Row>,
    others: &[Row],
    matching: &Matching,
    grid: Grid,
    wanted: bool,
) -> Vec<Row> {
    let mut there: HashMap<Labels, Vec<bool>> = HashMap::new();
    for other in others {
        let mask = there
            .entry(matching.signature(&other.labels))
            .or_insert_with(|| vec![false; grid.len]);
        for (there, value) in mask.iter_mut().zip(&other.values) {
            *there |= present(*value);
        }
    }
    let mut kept = rows;
    kept.retain_mut(|row| {
        let Some(mask) = there.get(&matching.signature(&row.labels)) else {
            return !wanted;
        };
        for (value, there) in row.values.iter_mut().zip(mask) {
            if *there != wanted {
                *value = ABSENT;
            }
        }
        row.any()
    });
    kept
}

/// The series of both sides that have the same signature.
#[derive(Default)]
struct Group<'a> {
    many: Vec<&'a Row>,
    one: Vec<&'a Row>,
}

/// Pairs of rows, computed with.
fn paired(
    evaluation: &Evaluation<'_>,
    plan: &Binary,
    left: &[Row],
    right: &[Row],
    grid: Grid,
) -> Result<Vec<Row>, QueryError> {
    let matching = &plan.matching;
    let swapped = matching.cardinality == Cardinality::OneToMany;
    let (many, one) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(many.len());
    let mut place_of = |labels: &Labels, groups: &mut Vec<Group<'_>>| {
        *places.entry(matching.signature(labels)).or_insert_with(|| {
            groups.push(Group::default());
            groups.len() - 1
        })
    };
    for row in many {
        let place = place_of(&row.labels, &mut groups);
        groups
            .get_mut(place)
            .into_iter()
            .for_each(|group| group.many.push(row));
    }
    for row in one {
        let place = place_of(&row.labels, &mut groups);
        groups
            .get_mut(place)
            .into_iter()
            .for_each(|group| group.one.push(row));
    }
    let mut rows = Vec::with_capacity(many.len());
    for group in &groups {
        evaluation.go_on()?;
        one_at_a_time(&group.one, many, if swapped { "left" } else { "right" })?;
        let from = rows.len();
        for many in &group.many {
            for one in &group.one {
                rows.push(Row {
                    labels: result_labels(plan, &many.labels, &one.labels),
                    values: computed(plan, many, one, swapped),
                });
            }
        }
        if matching.cardinality == Cardinality::OneToOne && group.many.len() > 1 {
            answers_once(rows.get(from..).unwrap_or_default(), grid)?;
        }
    }
    unite(rows)
}

fn computed(plan: &Binary, many: &Row, one: &Row, swapped: bool) -> Vec<f64> {
    let compute = |(many, one): (&f64, &f64)| {
        if !present(*many) || !present(*one) {
            return ABSENT;
        }
        let (left, right) = if swapped {
            (*one, *many)
        } else {
            (*many, *one)
        };
        let outcome = plan.operator.outcome(left, right, left, plan.as_bool);
        outcome.unwrap_or(ABSENT)
    };
    many.values.iter().zip(&one.values).map(compute).collect()
}

/// Refuses two series on the side of one at the same instant, while the other side has any at all.
fn one_at_a_time(one: &[&Row], many: &[Row], side: &str) -> Result<(), QueryError> {
    let Some(((first, rest), _)) = one.split_first().zip(one.get(1)) else {
        return Ok(());
    };
    let mut seen: Vec<(f64, &Labels)> = first.values.iter().map(|v| (*v, &first.labels)).collect();
    for row in rest {
        for (place, (value, seen)) in row.values.iter().zip(&mut seen).enumerate() {
            if !present(*value) {
                continue;
            }
            let other_side = |row: &Row| row.values.get(place).copied().is_some_and(present);
            if present(seen.0) && many.iter().any(other_side) {
                return Err(failed(format!(
                    "many-to-many matching not allowed: on the {side} side {} and {} match the same series",
                    seen.1, row.labels
                )));
            }
            *seen = (*value, &row.labels);
        }
    }
    Ok(())
}

/// Refuses two results at one instant.
fn answers_once(rows: &[Row], grid: Grid) -> Result<(), QueryError> {
    let mut answered = vec![false; grid.len];
    for row in rows {
        for (answered, value) in answered.iter_mut().zip(&row.values) {
            if present(*value) {
                if *answered {
                    return Err(failed(format!(
                        "multiple matches for labels: {} and another series match the same one; many-to-one matching must be explicit (group_left/group_right)",
                        row.labels
                    )));
                }
                *answered = true;
            }
        }
    }
    Ok(())
}

/// The labels of a pair's result.
fn result_labels(plan: &Binary, many: &Labels, one: &Labels) -> Labels {
    let matching = &plan.matching;
    let mut labels = if plan.operator.drops_name() {
        without_name(many)
    } else {
        many.clone()
    };
    if matching.cardinality == Cardinality::OneToOne {
        let listed = |name: &str| matching.labels.iter().any(|label| label == name);
        labels = filtered(&labels, |name| listed(name) == matching.on);
    }
    for name in &matching.include {
        labels = with(&labels, name, one.as_ref().get(name));
    }
    if plan.as_bool {
        labels = without_name(&labels);
    }
    labels
}
