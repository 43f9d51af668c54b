//! What an editor offers while somebody writes a query.

use crate::functions;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    /// `rate(…)`
    Function,
    /// `sum by (…) (…)`
    Aggregation,
    /// `offset`, `by`, `and`
    Keyword,
}

/// A word of PromQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// What it is.
    pub kind: WordKind,
    /// What goes into its parentheses; empty for keywords.
    pub parameters: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
}

/// Every word that this engine evaluates: functions first, then aggregations, then keywords.
pub fn words() -> impl Iterator<Item = Word> {
    let functions = functions::all().iter().map(|function| Word {
        name: function.name,
        kind: WordKind::Function,
        parameters: function.parameters,
        about: function.about,
    });
    functions
        .chain(AGGREGATIONS.iter().copied())
        .chain(KEYWORDS.iter().copied())
}

const fn aggregation(name: &'static str, parameters: &'static str, about: &'static str) -> Word {
    Word {
        name,
        kind: WordKind::Aggregation,
        parameters,
        about,
    }
}

const fn keyword(name: &'static str, about: &'static str) -> Word {
    Word {
        name,
        kind: WordKind::Keyword,
        parameters: "",
        about,
    }
}

const V: &str = "instant-vector";

#[rustfmt::skip]
const AGGREGATIONS: &[Word] = &[
    aggregation("avg", V, "Average of each group."),
    aggregation("bottomk", "count scalar, instant-vector", "The series with the least values of each group."),
    aggregation("count", V, "How many series are in each group."),
    aggregation("count_values", "label string, instant-vector", "How many series have each value."),
    aggregation("group", V, "1 for each group."),
    aggregation("max", V, "Greatest value of each group."),
    aggregation("min", V, "Least value of each group."),
    aggregation("quantile", "quantile scalar, instant-vector", "Quantile of each group."),
    aggregation("stddev", V, "Population standard deviation of each group."),
    aggregation("stdvar", V, "Population variance of each group."),
    aggregation("sum", V, "Sum of each group."),
    aggregation("topk", "count scalar, instant-vector", "The series with the greatest values of each group."),
];

const KEYWORDS: &[Word] = &[
    keyword("and", "Keeps what has a match on the right."),
    keyword("atan2", "Angle of two values, in radians."),
    keyword("bool", "Makes a comparison answer 0 or 1."),
    keyword("by", "Groups by these labels."),
    keyword("end", "The end of the range, after @."),
    keyword(
        "group_left",
        "Many series on the left match one on the right.",
    ),
    keyword(
        "group_right",
        "Many series on the right match one on the left.",
    ),
    keyword("ignoring", "Matches by all labels but these."),
    keyword("offset", "Looks back in time."),
    keyword("on", "Matches by these labels."),
    keyword("or", "Adds what has no match on the left."),
    keyword("start", "The start of the range, after @."),
    keyword("unless", "Keeps what has no match on the right."),
    keyword("without", "Groups by all labels but these."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offered_function_and_aggregation_is_evaluated() {
        for word in words().filter(|word| word.kind == WordKind::Aggregation) {
            let parameter = match word.parameters.split(' ').nth(1) {
                Some("scalar,") => "1, ",
                Some("string,") => "\"l\", ",
                _ => "",
            };
            let text = format!("{}({parameter}a)", word.name);
            assert!(crate::parse::parse(&text).is_ok(), "{text}");
        }
        assert!(words().all(|word| word.about.ends_with('.')));
        assert!(words().count() > 90);
    }
}
