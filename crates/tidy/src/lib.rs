//! The house rules as tests.
//!
//! A rule is a function from what it looks at to its [`Finding`]s; `tests/house.rs` runs each on this
//! repository, and each module's own tests run it on a small fixture that breaks it.
//! A rule without such a fixture is worth nothing: nobody would notice that it cannot fail.
//!
//! Rules read text, not syntax trees: a parser would make this crate the slowest of the workspace.
//! [`source`] takes strings and comments apart, which is all they need.

pub mod answers;
pub mod dependencies;
pub mod features;
pub mod files;
pub mod graph;
pub mod layers;
pub mod permission;
pub mod source;
mod tree;

use std::fmt;

pub use tree::{File, Tree};

/// A place where a rule is broken, and what to do there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub path: String,
    /// Its line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
    /// What to do instead.
    pub instead: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn new(
        path: &str,
        line: usize,
        problem: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            line,
            problem: problem.into(),
            instead: instead.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}\n    instead: {}",
            self.path, self.line, self.problem, self.instead
        )
    }
}
