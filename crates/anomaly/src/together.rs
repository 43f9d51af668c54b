//! Whether the columns of a table are unusual together at its end: since when, and what each has to do with it.
//!
//! Rows are in the order of time. The newest eighth is judged by all that came before, so that what is unusual does not
//! teach that it is usual; what lasts longer than that eighth is what is usual by then.

use crate::forest::ForestOptions;
use crate::fused::{Contribution, RowScore, TableDetector};
use crate::score::THRESHOLD;
use crate::table::{AnomalyError, Table};

/// One row of so many is among those that are judged.
const NEWEST: usize = 8;
/// A column of whose variance a straight line explains this share mostly grows or falls.
const GROWS: f64 = 0.8;

/// When rows are unusual together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TogetherOptions {
    /// The score from which a row is unusual.
    pub threshold: f64,
    /// So many unusual rows in succession begin it, and so many usual ones end it.
    pub lasting: usize,
    /// How the forest is grown.
    pub forest: ForestOptions,
}

impl Default for TogetherOptions {
    /// From [`THRESHOLD`], three rows in succession: of rows like those before about one in a hundred is above it by
    /// chance, which is some rows a day, and hardly ever three after each other.
    fn default() -> Self {
        Self {
            threshold: THRESHOLD,
            lasting: 3,
            forest: ForestOptions::default(),
        }
    }
}

/// What is unusual at the end of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// The first row of it.
    pub since: usize,
    /// The row with the highest score.
    pub worst: usize,
    /// That score.
    pub score: RowScore,
    /// What each column has to do with it, the largest share first; see [`TableDetector::explain`].
    pub contributions: Vec<Contribution>,
}

/// What is unusual at the end of a table; `None` where nothing is.
///
/// A column that mostly grows counts by its change from row to row: the newest of a disk that fills would be unusual for
/// being the newest.
///
/// `AnomalyError::NotEnough` where the rows before the newest eighth are fewer than [`crate::FEWEST_ROWS`],
/// `AnomalyError::Cancelled` where `cancelled` says so between two steps: the longest is the fit.
pub fn together(
    table: &Table<'_>,
    options: &TogetherOptions,
    cancelled: &dyn Fn() -> bool,
) -> Result<Option<Together>, AnomalyError> {
    let width = table.width();
    let known = table.len() - table.len().div_ceil(NEWEST);
    let values = steady(table, known);
    let (past, newest) = values.split_at(known * width);
    let (past, newest) = (Table::new(past, width)?, Table::new(newest, width)?);
    if cancelled() {
        return Err(AnomalyError::Cancelled);
    }
    let detector = TableDetector::fit(&past, options.forest)?;
    let mut scores = Vec::with_capacity(newest.len());
    for row in newest.rows() {
        if cancelled() {
            return Err(AnomalyError::Cancelled);
        }
        scores.push(detector.score(row));
    }
    let unusual = scores.iter().map(|row| row.score >= options.threshold);
    let Some(since) = goes_on(unusual, options.lasting.max(1)) else {
        return Ok(None);
    };
    let rows = scores.iter().enumerate().skip(since);
    let worst = rows.max_by(|a, b| a.1.score.total_cmp(&b.1.score));
    Ok(worst.map(|(place, score)| Together {
        since: known + since,
        worst: known + place,
        score: *score,
        contributions: detector.explain(newest.row(place)),
    }))
}

/// The table with columns that mostly grow, in the first `known` rows, as changes from row to row.
fn steady(table: &Table<'_>, known: usize) -> Vec<f64> {
    let width = table.width();
    let mut values = table.values().to_vec();
    for feature in 0..width {
        let column = table.column(feature);
        if !grows(&column[..known]) {
            continue;
        }
        let before = std::iter::once(f64::NAN).chain(column.iter().copied());
        let places = values.iter_mut().skip(feature).step_by(width);
        for ((to, value), before) in places.zip(&column).zip(before) {
            *to = value - before;
        }
    }
    values
}

/// Whether a straight line explains most of a column.
fn grows(column: &[f64]) -> bool {
    let known = || {
        let places = column.iter().enumerate();
        places.filter(|(_, value)| value.is_finite())
    };
    let count = known().count().max(1) as f64;
    let middle = known().map(|(place, _)| place as f64).sum::<f64>() / count;
    let mean = known().map(|(_, value)| value / count).sum::<f64>();
    let (mut along, mut across, mut both) = (0.0, 0.0, 0.0);
    for (place, value) in known() {
        let (x, y) = (place as f64 - middle, value - mean);
        along += x * x;
        across += y * y;
        both += x * y;
    }
    // Of a constant, and of what is too large to be squared, neither is a number.
    both / along * (both / across) >= GROWS
}

/// Where that begins which is still so at the end: so many in succession begin it, and so many of the other kind end it.
fn goes_on(unusual: impl Iterator<Item = bool>, lasting: usize) -> Option<usize> {
    let (mut since, mut run) = (None, 0);
    for (place, unusual) in unusual.enumerate() {
        // How many in succession speak for a change.
        run = if unusual == since.is_none() {
            run + 1
        } else {
            0
        };
        if run == lasting {
            since = since.is_none().then(|| place + 1 - run);
            run = 0;
        }
    }
    since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    /// Four columns that follow one load between −1 and 1, each with a little unrest.
    fn row(load: f64, chance: &mut Chance) -> [f64; 4] {
        [20.0, 10.0, 5.0, 300.0].map(|size| size * (load + 0.02 * chance.normal()))
    }

    fn usual(rows: usize, chance: &mut Chance) -> Vec<f64> {
        (0..rows)
            .flat_map(|_| {
                let load = 2.0 * chance.unit() - 1.0;
                row(load, chance)
            })
            .collect()
    }

    fn found(values: &[f64]) -> Option<Together> {
        let table = Table::new(values, 4).unwrap();
        together(&table, &TogetherOptions::default(), &|| false).unwrap()
    }

    #[test]
    fn columns_that_part_are_unusual_together_though_none_is_alone() {
        let mut chance = Chance::new(3);
        let mut values = usual(400, &mut chance);
        assert_eq!(found(&values), None);
        for _ in 0..8 {
            // Each has been so high and so low many times.
            let mut parted = row(0.8, &mut chance);
            parted[1] = row(-0.8, &mut chance)[1];
            values.extend(parted);
        }
        let together = found(&values).unwrap();
        assert!((398..=400).contains(&together.since), "{together:?}");
        assert!((400..408).contains(&together.worst), "{together:?}");
        assert!(together.score.score >= THRESHOLD);
        let loudest = together.contributions[0];
        assert_eq!(loudest.feature, 1, "{together:?}");
        let all: f64 = together.contributions.iter().map(|one| one.share).sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
    }

    #[test]
    fn what_is_usual_again_is_over() {
        let mut chance = Chance::new(5);
        let mut values = usual(400, &mut chance);
        for _ in 0..6 {
            let mut parted = row(0.8, &mut chance);
            parted[1] = -8.0;
            values.extend(parted);
        }
        assert!(found(&values).is_some());
        values.extend(usual(6, &mut chance));
        assert_eq!(found(&values), None);
    }

    #[test]
    fn what_grows_steadily_is_not_unusual_for_being_the_newest() {
        let mut chance = Chance::new(7);
        let mut values = usual(400, &mut chance);
        for (place, row) in values.chunks_exact_mut(4).enumerate() {
            row[2] = place as f64 + 0.5 * chance.unit();
        }
        assert_eq!(found(&values), None);
        assert!(grows(&[1.0, 2.0, f64::NAN, 4.0]));
        assert!(!grows(&[]) && !grows(&[7.0; 9]) && !grows(&[1.0, 0.0, 1.0, 0.0]));
        assert!(!grows(&[1e300, -1e300, f64::MAX]));
    }

    #[test]
    fn a_state_begins_and_ends_with_so_many_in_succession() {
        let at = |flags: &str| goes_on(flags.bytes().map(|flag| flag == b'x'), 3);
        assert_eq!(at(""), None);
        assert_eq!(at("xx.xx."), None);
        assert_eq!(at("..xxx"), Some(2));
        assert_eq!(at("..xxx..x.."), Some(2), "two usual ones do not end it");
        assert_eq!(at("..xxx..."), None);
        assert_eq!(at("xxx...xxxx"), Some(6));
    }

    #[test]
    fn too_little_is_refused_and_so_is_what_takes_too_long() {
        let values = [0.0; 32];
        let table = Table::new(&values, 4).unwrap();
        let options = TogetherOptions::default();
        let few = together(&table, &options, &|| false).unwrap_err();
        assert_eq!(few, AnomalyError::NotEnough { have: 7, need: 8 });
        let stopped = together(&table, &options, &|| true).unwrap_err();
        assert_eq!(stopped, AnomalyError::Cancelled);
        let nothing = Table::new(&[], 4).unwrap();
        assert!(together(&nothing, &options, &|| false).is_err());
    }
}
