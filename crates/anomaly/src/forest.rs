//! Isolation forest: what few random cuts set apart from the rest is unusual.
//!
//! Liu, Ting and Zhou, "Isolation Forest", ICDM (2008).
//! With an extension, cuts go through several features at once, which leaves no bands along the axes:
//! Hariri, Carrasco Kind and Brunner, "Extended Isolation Forest", IEEE TKDE 33 (2021).
//!
//! Every tree is a complete binary tree in one flat array: its root is 1, the children of node `i` are `2i` and `2i + 1`.
//! A branch that ends early goes on to the left with a threshold that nothing exceeds.
//! So every walk has the same number of steps, no branch to mispredict, and several rows go side by side.

use crate::chance::Chance;
use crate::table::{AnomalyError, Table};
use serde::{Deserialize, Serialize};

/// Rows that walk through a tree side by side.
const LANES: usize = 8;
/// The largest sample of a tree; more makes complete trees large and the scores no better.
const LARGEST_SAMPLE: usize = 1 << 14;

/// How a forest is grown; the defaults are those of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForestOptions {
    /// How many trees.
    pub trees: usize,
    /// How many rows each tree is grown from, without replacement.
    pub sample: usize,
    /// How many features beside the first take part in each cut: 0 for axis-parallel cuts.
    pub extension: usize,
    /// Where its chance begins.
    pub seed: u64,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self {
            trees: 100,
            sample: 256,
            extension: 0,
            seed: 0,
        }
    }
}

/// A cut of an axis-parallel tree: a row goes right if its feature is above the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Cut {
    threshold: f64,
    feature: u32,
}

/// A branch that ended: no finite value is above it. It does not matter where a row goes from here,
/// as all leaves below hold the same length; `f64::INFINITY` would not survive JSON.
const ENDED: Cut = Cut {
    threshold: f64::MAX,
    feature: 0,
};

/// A fitted forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsolationForest {
    width: usize,
    depth: u32,
    extension: usize,
    /// `2^depth` cuts for each tree, the first of which is not used; in extended trees the feature is the number of its direction.
    cuts: Vec<Cut>,
    /// `2^depth` path lengths for each tree, those of its leaves.
    paths: Vec<f32>,
    /// Feature and weight, `extension + 1` for each cut of an extended forest; empty otherwise.
    directions: Vec<(u32, f64)>,
    /// The path length that a search in a sample of this size has on average.
    average_path: f64,
}

impl IsolationForest {
    /// Grows a forest; a value that is missing goes left at every cut.
    ///
    /// `AnomalyError::NotEnough` if there are fewer than two rows.
    pub fn fit(table: &Table<'_>, options: ForestOptions) -> Result<Self, AnomalyError> {
        let have = table.len();
        if have < 2 {
            return Err(AnomalyError::NotEnough { have, need: 2 });
        }
        let sample = options.sample.clamp(2, LARGEST_SAMPLE).min(have);
        let depth = sample.next_power_of_two().trailing_zeros();
        let mut forest = Self {
            width: table.width(),
            depth,
            extension: options.extension.min(table.width() - 1),
            cuts: Vec::new(),
            paths: Vec::new(),
            directions: Vec::new(),
            average_path: average_path(sample),
        };
        let mut chance = Chance::new(options.seed);
        let mut order: Vec<usize> = (0..have).collect();
        for _ in 0..options.trees.max(1) {
            // A shuffle of the beginning is a fair sample, whatever order the last tree left.
            for place in 0..sample {
                order.swap(place, place + chance.below(have - place));
            }
            forest.grow(table, &mut order[..sample], &mut chance);
        }
        Ok(forest)
    }

    /// How unusual a row is, 0 to 1: about 0.5 for rows like all others, towards 1 for those set apart at once.
    pub fn score(&self, row: &[f64]) -> f64 {
        let mut out = [0.0];
        if row.len() == self.width {
            self.score_block(row, &mut out);
        }
        self.to_score(out[0])
    }

    /// The score of every row; zeros if the table has another width than the one the forest grew on.
    pub fn score_all(&self, table: &Table<'_>) -> Vec<f64> {
        let mut scores = vec![0.0; table.len()];
        if table.width() != self.width {
            return scores;
        }
        // As many rows as the first-level cache holds beside a tree.
        let block = (2048 / self.width).clamp(LANES, 512);
        let rows = table.values().chunks(block * self.width);
        for (values, out) in rows.zip(scores.chunks_mut(block)) {
            self.score_block(values, out);
        }
        for score in &mut scores {
            *score = self.to_score(*score);
        }
        scores
    }

    fn to_score(&self, summed_paths: f64) -> f64 {
        let trees = (self.paths.len() >> self.depth).max(1) as f64;
        (-summed_paths / trees / self.average_path).exp2()
    }

    /// Adds the path length of every row in every tree.
    fn score_block(&self, values: &[f64], sums: &mut [f64]) {
        let nodes = 1 << self.depth;
        let groups = sums.len() / LANES * LANES;
        let trees = self.cuts.chunks_exact(nodes);
        for (cuts, paths) in trees.zip(self.paths.chunks_exact(nodes)) {
            let mut lanes = values.chunks_exact(LANES * self.width);
            for (rows, out) in lanes.by_ref().zip(sums.chunks_exact_mut(LANES)) {
                let ends = self.walk::<LANES>(cuts, rows);
                for (sum, end) in out.iter_mut().zip(ends) {
                    *sum += f64::from(paths[end - nodes]);
                }
            }
            let rest = lanes.remainder().chunks_exact(self.width);
            for (row, sum) in rest.zip(&mut sums[groups..]) {
                let [end] = self.walk::<1>(cuts, row);
                *sum += f64::from(paths[end - nodes]);
            }
        }
    }

    /// Where rows end in one tree, as numbers of nodes below the last cuts.
    fn walk<const N: usize>(&self, cuts: &[Cut], rows: &[f64]) -> [usize; N] {
        let mut at = [1; N];
        if self.extension > 0 {
            for (at, row) in at.iter_mut().zip(rows.chunks_exact(self.width)) {
                for _ in 0..self.depth {
                    let cut = &cuts[*at];
                    let right = self.project(cut.feature as usize, row) > cut.threshold;
                    *at = 2 * *at + usize::from(right);
                }
            }
            return at;
        }
        // With the usual sample the number of cuts is known, and the compiler need not check each step.
        if let Ok(cuts) = <&[Cut; 256]>::try_from(cuts) {
            for _ in 0..8 {
                for (lane, at) in at.iter_mut().enumerate() {
                    let cut = &cuts[*at & 255];
                    let right = rows[lane * self.width + cut.feature as usize] > cut.threshold;
                    *at = 2 * *at + usize::from(right);
                }
            }
            return at;
        }
        for _ in 0..self.depth {
            for (lane, at) in at.iter_mut().enumerate() {
                let cut = &cuts[*at];
                let right = rows[lane * self.width + cut.feature as usize] > cut.threshold;
                *at = 2 * *at + usize::from(right);
            }
        }
        at
    }

    fn project(&self, direction: usize, row: &[f64]) -> f64 {
        let terms = self.extension + 1;
        let direction = self.directions.get(direction * terms..).unwrap_or(&[]);
        direction
            .iter()
            .take(terms)
            .map(|(feature, weight)| row[*feature as usize] * weight)
            .sum()
    }

    fn grow(&mut self, table: &Table<'_>, sample: &mut [usize], chance: &mut Chance) {
        let (first_cut, first_path) = (self.cuts.len(), self.paths.len());
        self.cuts.resize(first_cut + (1 << self.depth), ENDED);
        self.paths.resize(first_path + (1 << self.depth), 0.0);
        let mut values = Vec::with_capacity(sample.len());
        // Node, its level, and its rows as a range of the sample.
        let mut open = vec![(1_usize, 0_u32, 0..sample.len())];
        while let Some((node, level, range)) = open.pop() {
            let rows = &mut sample[range.clone()];
            let cut = if level < self.depth && rows.len() > 1 {
                self.cut(table, rows, &mut values, chance)
            } else {
                None
            };
            let Some((cut, lefts)) = cut else {
                self.end(first_path, node, level, rows.len());
                continue;
            };
            self.cuts[first_cut + node] = cut;
            let middle = range.start + lefts;
            open.push((2 * node, level + 1, range.start..middle));
            open.push((2 * node + 1, level + 1, middle..range.end));
        }
    }

    /// Writes the path length of a branch that ends into all leaves below it.
    fn end(&mut self, first_path: usize, node: usize, level: u32, rows: usize) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a path length of few digits"
        )]
        let path = (f64::from(level) + average_path(rows)) as f32;
        let below = self.depth - level;
        let first = (node << below) - (1 << self.depth);
        self.paths[first_path + first..][..1 << below].fill(path);
    }

    /// A random cut that leaves rows on both sides, with how many go left; `None` if no feature has two values.
    fn cut(
        &mut self,
        table: &Table<'_>,
        rows: &mut [usize],
        values: &mut Vec<f64>,
        chance: &mut Chance,
    ) -> Option<(Cut, usize)> {
        let mut features: Vec<usize> = (0..self.width).collect();
        while !features.is_empty() {
            let feature = features.swap_remove(chance.below(features.len()));
            let feature = u32::try_from(feature).ok()?;
            let (number, direction) = if self.extension == 0 {
                (feature, vec![(feature, 1.0)])
            } else {
                let number = u32::try_from(self.directions.len() / (self.extension + 1)).ok()?;
                (number, self.direction(table, rows, feature, chance))
            };
            values.clear();
            values.extend(rows.iter().map(|row| {
                let row = table.row(*row);
                let terms = direction
                    .iter()
                    .map(|(feature, weight)| row[*feature as usize] * weight);
                terms.sum::<f64>()
            }));
            let Some((low, high)) = bounds(values) else {
                continue;
            };
            let share = chance.unit();
            // Not `low + share * (high - low)`: the difference may overflow.
            let threshold = (low * (1.0 - share) + high * share).clamp(low, high.next_down());
            if self.extension > 0 {
                self.directions.extend(direction);
            }
            let lefts = part(rows, values, threshold);
            let feature = number;
            return Some((Cut { threshold, feature }, lefts));
        }
        None
    }

    /// A random direction through a feature and others, where each weighs by its spread among these rows.
    fn direction(
        &self,
        table: &Table<'_>,
        rows: &[usize],
        first: u32,
        chance: &mut Chance,
    ) -> Vec<(u32, f64)> {
        let mut features = chance.sample(self.width, self.extension + 1);
        let first = first as usize;
        if let Some(place) = features.iter().position(|feature| *feature == first) {
            features.swap(0, place);
        } else {
            features[0] = first;
        }
        let weigh = |feature: usize| {
            let values: Vec<f64> = rows.iter().map(|row| table.row(*row)[feature]).collect();
            let range = bounds(&values).map_or(0.0, |(low, high)| high / 2.0 - low / 2.0);
            let weight = chance.normal() / range;
            let feature = u32::try_from(feature).unwrap_or(0);
            (feature, if weight.is_finite() { weight } else { 0.0 })
        };
        features.into_iter().map(weigh).collect()
    }
}

/// The smallest and the largest finite value, if they differ.
fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let finite = values.iter().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(*value), high.max(*value))
    });
    (low < high).then_some((low, high))
}

/// Sorts rows to the left and right of a threshold; how many went left.
fn part(rows: &mut [usize], values: &mut [f64], threshold: f64) -> usize {
    let (mut left, mut right) = (0, rows.len());
    while left < right {
        if values[left] > threshold {
            right -= 1;
            rows.swap(left, right);
            values.swap(left, right);
        } else {
            left += 1;
        }
    }
    left
}

/// The average path length of an unsuccessful search in a binary tree of `count` rows: `c(n)` of the paper.
fn average_path(count: usize) -> f64 {
    match count {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let others = (count - 1) as f64;
            2.0 * (others.ln() + 0.577_215_664_901_532_9) - 2.0 * others / count as f64
        }
    }
}
