//! Boards: what the metrics of widespread exporters are looked at with, ready made.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Curves, Range, Result};

/// Whose metrics a board is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum BoardKind {
    /// A machine, by `node_exporter`.
    Node,
    /// PostgreSQL, by `postgres_exporter`.
    Postgres,
    /// Redis, by `redis_exporter`.
    Redis,
    /// Millrace itself, by its own `/metrics`.
    Millrace,
}

impl BoardKind {
    /// Every board there is.
    pub const ALL: [Self; 4] = [Self::Node, Self::Postgres, Self::Redis, Self::Millrace];

    /// The board as addresses name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Millrace => "millrace",
        }
    }

    /// The board of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What people call what it is of.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Node => "Machine",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Millrace => "Millrace",
        }
    }

    /// Who sends what it shows.
    pub const fn exporter(self) -> &'static str {
        match self {
            Self::Node => "node_exporter",
            Self::Postgres => "postgres_exporter",
            Self::Redis => "redis_exporter",
            Self::Millrace => "Millrace's own /metrics",
        }
    }
}

/// A board that has something to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BoardChoice {
    /// Which one.
    pub kind: BoardKind,
    /// The instances that sent its metrics within the last day, by name.
    pub instances: Vec<String>,
}

/// A board of one instance over a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Board {
    /// Which one.
    pub kind: BoardKind,
    /// Of which instance.
    pub instance: String,
    /// The instances that there are, by name.
    pub instances: Vec<String>,
    /// Its panels, in order.
    pub panels: Vec<Panel>,
}

/// A chart of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// The word of its unit, as [`crate::Unit::word`] has it.
    pub unit: String,
    /// In PromQL.
    pub expression: String,
    /// Its curves; none where the expression could not be answered.
    pub curves: Option<Curves>,
    /// Why there are none.
    pub problem: Option<String>,
}

/// Boards.
#[async_trait]
pub trait Boards: Send + Sync {
    /// The boards that have something to show. Needs `monitoring:read`.
    ///
    /// # Errors
    /// `Unavailable` where the metrics cannot be read.
    async fn boards(&self, caller: &Caller) -> Result<Vec<BoardChoice>>;
    /// The board of that word over a range, of an instance or of the first there is. Needs
    /// `monitoring:read`.
    ///
    /// # Errors
    /// `NotFound` where there is none, or that instance sent nothing of it since the range began, nor
    /// within the last day; `Unavailable` where the
    /// metrics cannot be read.
    async fn board(
        &self,
        caller: &Caller,
        kind: &str,
        instance: Option<&str>,
        range: Range,
    ) -> Result<Board>;
}
