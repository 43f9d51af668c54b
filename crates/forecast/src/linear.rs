//! Small systems of linear equations.

/// Solves `a x = b` for a symmetric, positive definite `a` of `b.len()` rows, row by row, by Cholesky's decomposition.
///
/// `a` is overwritten; `None` when it is not positive definite.
pub(crate) fn solve_positive(a: &mut [f64], mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for row in 0..n {
        for column in 0..=row {
            let dot: f64 = (0..column)
                .map(|k| a[row * n + k] * a[column * n + k])
                .sum();
            let rest = a[row * n + column] - dot;
            if row == column {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                a[row * n + row] = rest.sqrt();
            } else {
                a[row * n + column] = rest / a[column * n + column];
            }
        }
    }
    for row in 0..n {
        let dot: f64 = (0..row).map(|k| a[row * n + k] * b[k]).sum();
        b[row] = (b[row] - dot) / a[row * n + row];
    }
    for row in (0..n).rev() {
        let dot: f64 = (row + 1..n).map(|k| a[k * n + row] * b[k]).sum();
        b[row] = (b[row] - dot) / a[row * n + row];
    }
    b.iter().all(|value| value.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let mut a = vec![4.0, 2.0, 2.0, 3.0];
        let x = solve_positive(&mut a, vec![8.0, 7.0]).unwrap();
        assert!(
            (x[0] - 1.25).abs() < 1e-12 && (x[1] - 1.5).abs() < 1e-12,
            "{x:?}"
        );
    }

    #[test]
    fn a_singular_system_is_refused() {
        assert!(solve_positive(&mut [1.0, 1.0, 1.0, 1.0], vec![1.0, 2.0]).is_none());
    }
}
