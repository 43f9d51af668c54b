//! What a selector asks of one label: spoken by the query language, the index of labels and the store.

use regex::Regex;

use crate::{LabelsRef, expression};

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, over the whole value.
    Regex,
    /// `!~`, over the whole value.
    NotRegex,
}

/// A condition on one label. A label that a series does not have is the empty text.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    pattern: Pattern,
}

#[derive(Clone, Debug)]
enum Pattern {
    /// One of these texts, in order: `=`, and expressions such as `api|web`.
    OneOf(Vec<String>),
    Regex(Regex),
}

/// A regular expression that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the regular expression {expression:?} cannot be used")]
pub struct MatcherError {
    /// The expression.
    pub expression: String,
    /// What is wrong with it.
    #[source]
    pub source: regex::Error,
}

impl Matcher {
    /// A matcher of the label `name`; `__name__` is the metric's name. Expressions are read by
    /// [`expression`].
    ///
    /// # Errors
    /// Where the expression cannot be read or would take too much memory.
    pub fn new(
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
    ) -> Result<Self, MatcherError> {
        let value = value.into();
        let pattern = match texts(op, &value) {
            Some(texts) => Pattern::OneOf(texts),
            None => match expression(&value) {
                Ok(regex) => Pattern::Regex(regex),
                Err(source) => {
                    let expression = value;
                    return Err(MatcherError { expression, source });
                }
            },
        };
        Ok(Self {
            name: name.into(),
            op,
            value,
            pattern,
        })
    }

    /// The label's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is compared.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// What it is compared with, as written.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a value is what is asked for.
    pub fn matches(&self, value: &str) -> bool {
        let like = match &self.pattern {
            Pattern::OneOf(texts) => texts.binary_search_by(|t| t.as_str().cmp(value)).is_ok(),
            Pattern::Regex(regex) => regex.is_match(value),
        };
        like == matches!(self.op, MatchOp::Equal | MatchOp::Regex)
    }

    /// The only values that match, where they can be listed: an index looks them up one by one
    /// instead of trying an expression on every value.
    pub fn values(&self) -> Option<&[String]> {
        match (&self.pattern, self.op) {
            (Pattern::OneOf(texts), MatchOp::Equal | MatchOp::Regex) => Some(texts),
            _ => None,
        }
    }
}

/// Two are equal where they are written alike; the expression follows from that.
impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

/// Whether labels are what every matcher asks for.
pub fn matches_all(matchers: &[Matcher], labels: LabelsRef<'_>) -> bool {
    matchers.iter().all(|m| m.matches(labels.get(m.name())))
}

/// The texts that are compared with, in order; `None` where it takes an expression.
fn texts(op: MatchOp, value: &str) -> Option<Vec<String>> {
    let special = |c: char| r"\.+*?()[]{}^$".contains(c);
    match op {
        MatchOp::Equal | MatchOp::NotEqual => Some(vec![value.to_owned()]),
        _ if value.contains(special) => None,
        _ => {
            let mut texts: Vec<String> = value.split('|').map(str::to_owned).collect();
            texts.sort_unstable();
            texts.dedup();
            Some(texts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Labels;

    fn matcher(op: MatchOp, value: &str) -> Matcher {
        Matcher::new("a", op, value).unwrap()
    }

    #[test]
    fn a_pattern_is_anchored() {
        let pattern = matcher(MatchOp::Regex, "b.*|c");
        assert!(pattern.matches("bcd") && pattern.matches("c"));
        assert!(!pattern.matches("cb") && !pattern.matches("ab"));
        assert!(!pattern.matches("b\n"));
        assert!(pattern.values().is_none());
    }

    #[test]
    fn a_list_needs_no_pattern() {
        let list = matcher(MatchOp::Regex, "c|b|");
        assert_eq!(list.values().unwrap(), ["", "b", "c"]);
        assert!(list.matches("c") && list.matches("") && !list.matches("bc"));
        assert!(matcher(MatchOp::NotRegex, "b|c").matches("d"));
        assert!(matcher(MatchOp::NotRegex, "b|c").values().is_none());
    }

    #[test]
    fn a_missing_label_is_an_empty_one() {
        let labels = Labels::new([("b", "1")]).unwrap();
        let all = [matcher(MatchOp::Equal, ""), matcher(MatchOp::NotEqual, "x")];
        assert!(matches_all(&all, labels.as_ref()));
    }

    #[test]
    fn a_broken_pattern_is_an_error_that_names_it() {
        let error = Matcher::new("a", MatchOp::Regex, "(").unwrap_err();
        assert_eq!(error.expression, "(");
    }
}
