//! A query as it is evaluated: names resolved, times in milliseconds, constant parts known.

use crate::functions::Function;
use series::Matcher;

/// A node of the plan.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub kind: Kind,
    /// Whether its value is the same at every instant, because each selector in it is pinned by `@`.
    pub pinned: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Number(f64),
    Text(String),
    Selector(Selector),
    /// A selector of windows, this many milliseconds long.
    Windows(Selector, i64),
    Subquery(Box<Subquery>),
    Negate(Box<Node>),
    Binary(Box<Binary>),
    Aggregate(Box<Aggregate>),
    Call(&'static Function, Vec<Node>),
}

/// The instant that `@` pins a selector to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum At {
    Start,
    End,
    Ms(i64),
}

/// Moves the instants that a selector looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shift {
    pub at: Option<At>,
    /// Back in time where positive.
    pub offset_ms: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub matchers: Vec<Matcher>,
    pub shift: Shift,
    /// The function around it, as a hint for the store.
    pub function: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Subquery {
    pub inner: Node,
    pub range_ms: i64,
    /// `None` where the text leaves it to the engine.
    pub step_ms: Option<i64>,
    pub shift: Shift,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
    Unless,
}

#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub operator: Operator,
    pub left: Node,
    pub right: Node,
    pub matching: Matching,
    /// Comparisons answer 0 or 1 instead of leaving out.
    pub as_bool: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cardinality {
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
}

/// Which series of two vectors belong together.
#[derive(Debug, Clone)]
pub(crate) struct Matching {
    pub cardinality: Cardinality,
    /// Whether `labels` are those that count, or those that do not.
    pub on: bool,
    pub labels: Vec<String>,
    /// Taken over from the side of which there is one.
    pub include: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregator {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    TopK,
    BottomK,
    Quantile,
    CountValues,
}

#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub aggregator: Aggregator,
    pub inner: Node,
    pub parameter: Option<Node>,
    /// Whether `labels` are those that go.
    pub without: bool,
    pub labels: Vec<String>,
}
