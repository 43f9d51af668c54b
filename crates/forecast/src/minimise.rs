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

/// Finds a point in the box where `cost` is low, starting at `start`: a [`Simplex`] on its own.
pub(crate) fn minimise<const N: usize>(
    cost: impl Fn(&[f64; N]) -> f64,
    start: [f64; N],
    bounds: &Bounds<N>,
    budget: usize,
) -> ([f64; N], f64) {
    let mut simplex = Simplex::new(start, *bounds, budget);
    while let Some(point) = simplex.wanted() {
        simplex.learn(cost(&point));
    }
    simplex.lowest()
}

/// A point and what it costs.
type Corner<const N: usize> = ([f64; N], f64);

/// A search that says which point it wants to know the cost of: several can go side by side.
///
/// At most `budget` evaluations, but for what a shrinking simplex needs to be whole again: with no clock in an engine,
/// counting is the only limit on work. Costs that are not finite count as worst.
#[derive(Debug)]
pub(crate) struct Simplex<const N: usize> {
    bounds: Bounds<N>,
    budget: usize,
    spent: usize,
    /// The points of the first simplex, the start first.
    first: Vec<[f64; N]>,
    /// Those that were tried; the best first once a turn has begun.
    corners: Vec<Corner<N>>,
    /// The mean of all corners but the worst.
    centre: [f64; N],
    turn: Turn<N>,
}

/// What a search waits for.
#[derive(Debug, Clone, Copy)]
enum Turn<const N: usize> {
    /// The first simplex' next corner.
    Begin([f64; N]),
    /// The worst corner on the other side of the rest.
    Reflect([f64; N]),
    /// As far again, beyond what was reflected.
    Expand([f64; N], Corner<N>),
    /// Half-way back; what was reflected costs so much.
    Contract([f64; N], f64),
    /// This corner, half-way to the best one.
    Shrink([f64; N], usize),
    Ended,
}

impl<const N: usize> Simplex<N> {
    /// A search in the box from `start`.
    pub(crate) fn new(start: [f64; N], bounds: Bounds<N>, budget: usize) -> Self {
        let start = clamp(start, &bounds);
        let mut first = vec![start];
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
            first.push(clamp(corner, &bounds));
        }
        Self {
            bounds,
            budget,
            spent: 0,
            corners: Vec::with_capacity(first.len()),
            first,
            centre: start,
            turn: Turn::Begin(start),
        }
    }

    /// The point whose cost it is told next; none once it has ended.
    pub(crate) fn wanted(&self) -> Option<[f64; N]> {
        match self.turn {
            Turn::Begin(point)
            | Turn::Reflect(point)
            | Turn::Expand(point, _)
            | Turn::Contract(point, _)
            | Turn::Shrink(point, _) => Some(point),
            Turn::Ended => None,
        }
    }

    /// Takes in what the wanted point costs.
    pub(crate) fn learn(&mut self, cost: f64) {
        let cost = if cost.is_finite() { cost } else { f64::MAX };
        self.spent += 1;
        let last = self.first.len() - 1;
        match self.turn {
            Turn::Begin(point) => {
                self.corners.push((point, cost));
                match self.first.get(self.corners.len()) {
                    Some(next) => self.turn = Turn::Begin(*next),
                    // Every axis is pinned.
                    None if last == 0 => self.turn = Turn::Ended,
                    None => self.begin_turn(),
                }
            }
            Turn::Reflect(point) => {
                if cost < self.corners[0].1 {
                    self.turn = Turn::Expand(self.beyond(-2.0), (point, cost));
                } else if cost < self.corners[last - 1].1 {
                    self.replace_worst((point, cost));
                } else {
                    let worse = cost >= self.corners[last].1;
                    let to = self.beyond(if worse { 0.5 } else { -0.5 });
                    self.turn = Turn::Contract(to, cost);
                }
            }
            Turn::Expand(point, reflected) => {
                self.replace_worst(if cost < reflected.1 {
                    (point, cost)
                } else {
                    reflected
                });
            }
            Turn::Contract(point, reflected) => {
                if cost < self.corners[last].1.min(reflected) {
                    self.replace_worst((point, cost));
                } else {
                    self.turn = Turn::Shrink(self.toward_best(1), 1);
                }
            }
            Turn::Shrink(point, at) => {
                self.corners[at] = (point, cost);
                if at < last {
                    self.turn = Turn::Shrink(self.toward_best(at + 1), at + 1);
                } else {
                    self.begin_turn();
                }
            }
            Turn::Ended => {}
        }
    }

    /// The best point found, and its cost.
    pub(crate) fn lowest(&self) -> Corner<N> {
        let mut corners = self.corners.iter().copied();
        let first = corners.next().unwrap_or((self.centre, f64::MAX));
        corners.fold(
            first,
            |best, corner| {
                if corner.1 < best.1 { corner } else { best }
            },
        )
    }

    fn replace_worst(&mut self, corner: Corner<N>) {
        if let Some(worst) = self.corners.last_mut() {
            *worst = corner;
        }
        self.begin_turn();
    }

    fn begin_turn(&mut self) {
        self.corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let last = self.corners.len() - 1;
        let (best, worst) = (self.corners[0].1, self.corners[last].1);
        if self.spent >= self.budget || worst - best <= 1e-7 * best.abs() + 1e-12 {
            self.turn = Turn::Ended;
            return;
        }
        self.centre = [0.0; N];
        for (point, _) in &self.corners[..last] {
            for (sum, value) in self.centre.iter_mut().zip(point) {
                *sum += value / last as f64;
            }
        }
        self.turn = Turn::Reflect(self.beyond(-1.0));
    }

    /// On the line from the centre to the worst corner, so many times as far.
    fn beyond(&self, factor: f64) -> [f64; N] {
        let worst = self.corners[self.corners.len() - 1].0;
        let mut point = self.centre;
        for (value, worst) in point.iter_mut().zip(worst) {
            *value += factor * (worst - *value);
        }
        clamp(point, &self.bounds)
    }

    fn toward_best(&self, at: usize) -> [f64; N] {
        let mut point = self.corners[at].0;
        for (value, best) in point.iter_mut().zip(self.corners[0].0) {
            *value = f64::midpoint(*value, best);
        }
        point
    }
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
