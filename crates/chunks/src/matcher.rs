//! Matchers: what a selector asks of one label.

use regex::Regex;

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

/// What a selector asks of one label. A label that a series does not have is the empty text.
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
    /// A matcher of the label `name`. Expressions match the whole value, as Prometheus' do.
    ///
    /// # Errors
    /// Where the expression cannot be read or would take too much memory.
    pub fn new(
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
    ) -> Result<Self, MatcherError> {
        let value = value.into();
        let literal = matches!(op, MatchOp::Equal | MatchOp::NotEqual);
        let pattern = if literal {
            Pattern::OneOf(vec![value.clone()])
        } else if !value.contains(|c: char| r"\.+*?()[]{}^$".contains(c)) {
            let mut texts: Vec<String> = value.split('|').map(str::to_owned).collect();
            texts.sort_unstable();
            texts.dedup();
            Pattern::OneOf(texts)
        } else {
            let whole = format!("^(?s:{value})$");
            let regex = Regex::new(&whole).map_err(|source| MatcherError {
                expression: value.clone(),
                source,
            })?;
            Pattern::Regex(regex)
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

    /// What it is compared with.
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

    /// The only values that match, where they can be counted.
    pub(crate) fn values(&self) -> Option<&[String]> {
        match (&self.pattern, self.op) {
            (Pattern::OneOf(texts), MatchOp::Equal | MatchOp::Regex) => Some(texts),
            _ => None,
        }
    }
}
