//! Operators between two values: numbers with numbers, vectors with numbers, and on to
//! [`crate::matching`] for vectors with vectors.

use crate::error::{QueryError, bad};
use crate::evaluate::Evaluation;
use crate::plan::{Binary, Operator};
use crate::row::{ABSENT, Grid, Row, Value, present, unite};
use crate::{label_sets, matching};

/// The value of an operator at every instant.
pub(crate) fn value(
    evaluation: &Evaluation<'_>,
    plan: &Binary,
    grid: Grid,
) -> Result<Value, QueryError> {
    let left = evaluation.value(&plan.left, grid)?;
    let right = evaluation.value(&plan.right, grid)?;
    evaluation.go_on()?;
    Ok(match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => Value::Scalar(
            left.into_iter()
                .zip(right)
                .map(|(left, right)| plan.operator.number(left, right))
                .collect(),
        ),
        (Value::Vector(rows), Value::Scalar(scalar)) => {
            Value::Vector(with_scalar(plan, rows, &scalar, false)?)
        }
        (Value::Scalar(scalar), Value::Vector(rows)) => {
            Value::Vector(with_scalar(plan, rows, &scalar, true)?)
        }
        (Value::Vector(left), Value::Vector(right)) => {
            Value::Vector(matching::rows(evaluation, plan, left, right, grid)?)
        }
        _ => return Err(bad("an operator stands beside a string")),
    })
}

/// A vector and a number for each instant; `swapped` where the number stands on the left.
fn with_scalar(
    plan: &Binary,
    mut rows: Vec<Row>,
    scalar: &[f64],
    swapped: bool,
) -> Result<Vec<Row>, QueryError> {
    let operator = plan.operator;
    for row in &mut rows {
        for (value, scalar) in row.values.iter_mut().zip(scalar) {
            if present(*value) {
                let (left, right) = if swapped {
                    (*scalar, *value)
                } else {
                    (*value, *scalar)
                };
                // What a comparison keeps is the vector's value, on whichever side it stands.
                *value = operator
                    .outcome(left, right, *value, plan.as_bool)
                    .unwrap_or(ABSENT);
            }
        }
        if operator.drops_name() || plan.as_bool {
            row.labels = label_sets::without_name(&row.labels);
        }
    }
    unite(rows)
}

impl Operator {
    /// Whether it compares.
    pub(crate) fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::Less
                | Self::GreaterOrEqual
                | Self::LessOrEqual
        )
    }

    /// Whether its result is another metric than its operands.
    ///
    /// `atan2` is missing in 2.42's list, and was added in 3.x.
    pub(crate) fn drops_name(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod | Self::Pow
        )
    }

    /// The result as a number; comparisons answer 0 or 1.
    #[expect(clippy::float_cmp, reason = "it is what `==` means in PromQL")]
    pub(crate) fn number(self, left: f64, right: f64) -> f64 {
        let truth = |truth: bool| f64::from(u8::from(truth));
        match self {
            Self::Add => left + right,
            Self::Sub => left - right,
            Self::Mul => left * right,
            Self::Div => left / right,
            Self::Mod => left % right,
            Self::Pow => left.powf(right),
            Self::Atan2 => left.atan2(right),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Greater => truth(left > right),
            Self::Less => truth(left < right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::LessOrEqual => truth(left <= right),
            Self::And | Self::Or | Self::Unless => f64::NAN,
        }
    }

    /// The result for a pair; a comparison that does not hold leaves it out, and one that does
    /// answers `kept`.
    #[inline]
    pub(crate) fn outcome(self, left: f64, right: f64, kept: f64, as_bool: bool) -> Option<f64> {
        let number = self.number(left, right);
        if !self.compares() || as_bool {
            return Some(number);
        }
        (number > 0.0).then_some(kept)
    }
}
