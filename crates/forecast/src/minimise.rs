//! The downhill simplex of Nelder and Mead, "A Simplex Method for Function Minimization",
//! The Computer Journal 7 (1965), inside a box.
//!
//! Smoothing models have two to six parameters and an error without a cheap gradient, which is what this method is for.

/// The lower and upper bound of each parameter.
pub(crate) type Bounds<const N: usize> = [(f64, f64); N];

/// How many evaluations a search over a history of `count` values may spend, where one over a short history may spend `wanted`.
///
/// An evaluation is a pass over the history: the longer it is the dearer they are, and the less one start differs from another.
pub(crate) fn passes(wanted: usize, count: usize) -> usize {
    const SHORT: usize = 500;
    let fewest = wanted / 3;
    (wanted * SHORT / count.max(SHORT)).max(fewest)
}

/// Finds a point in the box where `cost` is low, starting at `start`.
///
/// At most `budget` evaluations: with no clock in an engine, counting is the only limit on work.
/// Costs that are not finite count as worst.
pub(crate) fn minimise<const N: usize>(
    cost: impl Fn(&[f64; N]) -> f64,
    start: [f64; N],
    bounds: &Bounds<N>,
    budget: usize,
) -> ([f64; N], f64) {
    let at = |point: [f64; N]| {
        let value = cost(&point);
        (point, if value.is_finite() { value } else { f64::MAX })
    };
    let start = clamp(start, bounds);
    let mut simplex = vec![at(start)];
    // An axis whose box is empty is pinned: a corner along it would be the start again, and flatten the simplex.
    for axis in (0..N).filter(|axis| bounds[*axis].0 < bounds[*axis].1) {
        let (low, high) = bounds[axis];
        let mut corner = start;
        // A fifth of the box in the direction with more room.
        let stride = 0.2 * (high - low);
        corner[axis] += if start[axis] + stride <= high {
            stride
        } else {
            -stride
        };
        simplex.push(at(clamp(corner, bounds)));
    }
    let free = simplex.len() - 1;
    if free == 0 {
        return simplex[0];
    }
    let mut spent = free + 1;
    while spent < budget {
        simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (simplex[0].1, simplex[free].1);
        if worst - best <= 1e-7 * best.abs() + 1e-12 {
            break;
        }
        let mut centre = [0.0; N];
        for (point, _) in &simplex[..free] {
            for axis in 0..N {
                centre[axis] += point[axis] / free as f64;
            }
        }
        let worst_point = simplex[free].0;
        let toward = |factor: f64| {
            let mut point = centre;
            for axis in 0..N {
                point[axis] += factor * (worst_point[axis] - centre[axis]);
            }
            at(clamp(point, bounds))
        };
        let reflected = toward(-1.0);
        spent += 1;
        if reflected.1 < best {
            let expanded = toward(-2.0);
            spent += 1;
            simplex[free] = if expanded.1 < reflected.1 {
                expanded
            } else {
                reflected
            };
        } else if reflected.1 < simplex[free - 1].1 {
            simplex[free] = reflected;
        } else {
            let contracted = toward(if reflected.1 < worst { -0.5 } else { 0.5 });
            spent += 1;
            if contracted.1 < worst.min(reflected.1) {
                simplex[free] = contracted;
            } else {
                let best_point = simplex[0].0;
                for corner in &mut simplex[1..] {
                    let mut point = corner.0;
                    for axis in 0..N {
                        point[axis] = f64::midpoint(point[axis], best_point[axis]);
                    }
                    *corner = at(point);
                }
                spent += free;
            }
        }
    }
    simplex
        .into_iter()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((start, f64::MAX))
}

fn clamp<const N: usize>(mut point: [f64; N], bounds: &Bounds<N>) -> [f64; N] {
    for (value, (low, high)) in point.iter_mut().zip(bounds) {
        // `f64::clamp` panics at bounds that are NaN; these ignore them.
        *value = value.max(*low).min(*high);
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_point_of_a_bowl_is_found() {
        let bowl = |p: &[f64; 2]| (p[0] - 0.3).powi(2) + 2.0 * (p[1] - 0.7).powi(2) + 1.0;
        let (point, cost) = minimise(bowl, [0.9, 0.1], &[(0.0, 1.0), (0.0, 1.0)], 300);
        assert!(
            (point[0] - 0.3).abs() < 0.01 && (point[1] - 0.7).abs() < 0.01,
            "{point:?}"
        );
        assert!((cost - 1.0).abs() < 1e-3);
    }

    #[test]
    fn the_box_is_never_left() {
        let (point, _) = minimise(|p: &[f64; 1]| -p[0], [0.5], &[(0.0, 1.0)], 100);
        assert!((point[0] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_cost_of_nothing_but_nan_ends() {
        let (point, _) = minimise(|_: &[f64; 2]| f64::NAN, [0.5, 0.5], &[(0.0, 1.0); 2], 100);
        assert!(point.iter().all(|value| value.is_finite()));
    }
}
