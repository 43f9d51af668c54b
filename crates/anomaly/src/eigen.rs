//! Eigenvalues of a symmetric matrix, by Jacobi's rotations.
//!
//! Golub and Van Loan, "Matrix Computations" (2013), section 8.5: slow for thousands of features, exact for the tens
//! that a table or a window has, and it cannot fail to converge.

/// Sweeps over all pairs; fewer than ten are needed in practice.
const SWEEPS: usize = 30;

/// Eigenvalues from the largest down, none negative, and their vectors, one after the other.
///
/// `matrix` is symmetric and has `width * width` numbers.
pub(crate) fn eigen(mut matrix: Vec<f64>, width: usize) -> (Vec<f64>, Vec<f64>) {
    // Scaled, so that rotations meet neither overflow nor underflow.
    let largest = matrix.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if !(largest > 0.0 && largest.is_finite()) {
        let identity = (0..width * width).map(|i| f64::from(u8::from(i % (width + 1) == 0)));
        return (vec![0.0; width], identity.collect());
    }
    for x in &mut matrix {
        *x /= largest;
    }
    let mut vectors: Vec<f64> = (0..width * width)
        .map(|i| f64::from(u8::from(i % (width + 1) == 0)))
        .collect();
    for _ in 0..SWEEPS {
        let mut off = 0.0;
        for p in 0..width {
            for q in p + 1..width {
                off += matrix[p * width + q].powi(2);
                rotate(&mut matrix, &mut vectors, width, p, q);
            }
        }
        if off < 1e-26 {
            break;
        }
    }
    let mut order: Vec<usize> = (0..width).collect();
    let value = |i: usize| matrix[i * width + i];
    order.sort_unstable_by(|a, b| value(*b).total_cmp(&value(*a)));
    let values = order.iter().map(|i| value(*i).max(0.0) * largest).collect();
    let sorted = order
        .iter()
        .flat_map(|i| vectors[i * width..(i + 1) * width].iter().copied())
        .collect();
    (values, sorted)
}

/// Makes one pair of off-diagonal entries zero; `vectors` holds an eigenvector in each line.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], width: usize, p: usize, q: usize) {
    let off = matrix[p * width + q];
    if off.abs() < 1e-300 {
        return;
    }
    let theta = (matrix[q * width + q] - matrix[p * width + p]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for line in matrix.chunks_exact_mut(width) {
        (line[p], line[q]) = (
            cosine * line[p] - sine * line[q],
            sine * line[p] + cosine * line[q],
        );
    }
    let turn = |lines: &mut [f64]| {
        for k in 0..width {
            let (first, second) = (lines[p * width + k], lines[q * width + k]);
            lines[p * width + k] = cosine * first - sine * second;
            lines[q * width + k] = sine * first + cosine * second;
        }
    };
    turn(matrix);
    turn(vectors);
}

#[cfg(test)]
mod tests {
    use super::eigen;

    #[test]
    fn a_known_matrix_has_its_known_values() {
        let (values, vectors) = eigen(vec![2.0, 1.0, 1.0, 2.0], 2);
        assert!((values[0] - 3.0).abs() < 1e-12 && (values[1] - 1.0).abs() < 1e-12);
        assert!((vectors[0] - vectors[1]).abs() < 1e-12);
    }
}
