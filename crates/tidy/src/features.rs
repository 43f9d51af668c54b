//! The rows of the feature matrix: each row of the plan stands in `docs/features.md`.

use std::collections::BTreeSet;

use crate::{Finding, Tree};

/// The rows of the plan: the letter of each part, and how many rows it has.
const ROWS: &[(char, usize)] = &[
    ('A', 25),
    ('B', 10),
    ('C', 14),
    ('D', 5),
    ('E', 8),
    ('F', 9),
    ('G', 12),
    ('H', 5),
    ('I', 13),
    ('J', 10),
    ('K', 6),
    ('L', 4),
    ('M', 4),
    ('N', 7),
    ('O', 16),
    ('P', 5),
    ('Q', 7),
    ('R', 4),
    ('S', 6),
    ('T', 13),
];

/// Rows that `docs/features.md` does not have.
///
/// As long as the file does not exist there is nothing to check.
pub fn every_row_is_there(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.get("docs/features.md") else {
        return Vec::new();
    };
    let there: BTreeSet<&str> = file
        .text
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next())
        .map(str::trim)
        .collect();
    let mut findings = Vec::new();
    for (part, rows) in ROWS {
        for row in 1..=*rows {
            let id = format!("{part}{row:02}");
            if !there.contains(id.as_str()) {
                findings.push(Finding::new(
                    &file.path,
                    0,
                    format!("row {id} is missing"),
                    format!("add `| {id} | … |` with its state, also where that is \"not begun\""),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_row_is_found() {
        let all: Vec<String> = ROWS
            .iter()
            .flat_map(|(part, rows)| {
                (1..=*rows).map(move |row| format!("| {part}{row:02} | x |\n"))
            })
            .collect();
        assert!(every_row_is_there(&Tree::of(&[("docs/features.md", &all.concat())])).is_empty());
        let without_one = all[1..].concat();
        let findings = every_row_is_there(&Tree::of(&[("docs/features.md", &without_one)]));
        assert!(findings.len() == 1 && findings[0].problem.contains("A01"));
    }

    #[test]
    fn a_mention_is_no_row() {
        let findings = every_row_is_there(&Tree::of(&[("docs/features.md", "A01 is planned.\n")]));
        assert!(findings.iter().any(|f| f.problem.contains("A01")));
    }

    #[test]
    fn without_the_file_there_is_nothing_to_check() {
        assert!(every_row_is_there(&Tree::of(&[])).is_empty());
    }
}
