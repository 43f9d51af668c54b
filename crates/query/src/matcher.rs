//! Which series a selector wants.

use regex::Regex;
use series::LabelsRef;

/// How a label's value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchKind {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, over the whole value.
    Regex,
    /// `!~`, over the whole value.
    NotRegex,
}

/// A condition on one label. A series without the label has the empty value.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label; `__name__` is the metric's name.
    pub name: String,
    /// How it is compared.
    pub kind: MatchKind,
    /// The value or the pattern, as written.
    pub value: String,
    /// The pattern, where it is one that needs a regex.
    regex: Option<Regex>,
    /// The values that the pattern stands for, where it only lists some.
    literals: Option<Vec<String>>,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.kind, &self.value) == (&other.name, other.kind, &other.value)
    }
}

impl Matcher {
    /// A condition. A pattern is anchored at both ends, as PromQL's are.
    ///
    /// # Errors
    /// Where the pattern is no regular expression.
    pub fn new(
        name: impl Into<String>,
        kind: MatchKind,
        value: impl Into<String>,
    ) -> Result<Self, regex::Error> {
        let value = value.into();
        let pattern = matches!(kind, MatchKind::Regex | MatchKind::NotRegex);
        let literals = pattern.then(|| alternatives(&value)).flatten();
        let regex = if pattern && literals.is_none() {
            Some(Regex::new(&format!("^(?:{value})$"))?)
        } else {
            None
        };
        Ok(Self {
            name: name.into(),
            kind,
            value,
            regex,
            literals,
        })
    }

    /// From what the parser understood; it has compiled the pattern already.
    pub(crate) fn from_parser(matcher: &promql_parser::label::Matcher) -> Self {
        use promql_parser::label::MatchOp;
        let (kind, regex) = match &matcher.op {
            MatchOp::Equal => (MatchKind::Equal, None),
            MatchOp::NotEqual => (MatchKind::NotEqual, None),
            MatchOp::Re(regex) => (MatchKind::Regex, Some(regex.clone())),
            MatchOp::NotRe(regex) => (MatchKind::NotRegex, Some(regex.clone())),
        };
        let literals = regex
            .as_ref()
            .and_then(|_regex| alternatives(&matcher.value));
        Self {
            name: matcher.name.clone(),
            kind,
            value: matcher.value.clone(),
            regex,
            literals,
        }
    }

    /// Whether a value fulfils it.
    pub fn matches(&self, value: &str) -> bool {
        let found = || match (&self.literals, &self.regex) {
            (Some(literals), _) => literals.iter().any(|literal| literal == value),
            (None, Some(regex)) => regex.is_match(value),
            (None, None) => false,
        };
        match self.kind {
            MatchKind::Equal => self.value == value,
            MatchKind::NotEqual => self.value != value,
            MatchKind::Regex => found(),
            MatchKind::NotRegex => !found(),
        }
    }

    /// The only values that fulfil it, where they can be listed: an index looks them up one by one
    /// instead of trying the pattern on every value.
    pub fn wanted(&self) -> Option<&[String]> {
        match self.kind {
            MatchKind::Equal => Some(std::slice::from_ref(&self.value)),
            MatchKind::Regex => self.literals.as_deref(),
            MatchKind::NotEqual | MatchKind::NotRegex => None,
        }
    }
}

/// Whether labels fulfil every condition.
pub fn matches_all(matchers: &[Matcher], labels: LabelsRef<'_>) -> bool {
    matchers
        .iter()
        .all(|matcher| matcher.matches(labels.get(&matcher.name)))
}

/// The values of `a|b|c`; `None` where anything in it is more than a letter.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let special = |c: char| "\\.+*?()[]{}^$".contains(c);
    (!pattern.contains(special)).then(|| pattern.split('|').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use series::Labels;

    fn matcher(kind: MatchKind, value: &str) -> Matcher {
        Matcher::new("a", kind, value).unwrap()
    }

    #[test]
    fn a_pattern_is_anchored() {
        let pattern = matcher(MatchKind::Regex, "b.*|c");
        assert!(pattern.matches("bcd") && pattern.matches("c"));
        assert!(!pattern.matches("cb") && !pattern.matches("ab"));
        assert!(pattern.wanted().is_none());
    }

    #[test]
    fn a_list_needs_no_pattern() {
        let list = matcher(MatchKind::Regex, "b|c|");
        assert_eq!(list.wanted().unwrap(), ["b", "c", ""]);
        assert!(list.matches("c") && list.matches("") && !list.matches("bc"));
        assert!(matcher(MatchKind::NotRegex, "b|c").matches("d"));
    }

    #[test]
    fn a_missing_label_is_an_empty_one() {
        let labels = Labels::new([("b", "1")]).unwrap();
        let all = [
            matcher(MatchKind::Equal, ""),
            matcher(MatchKind::NotEqual, "x"),
        ];
        assert!(matches_all(&all, labels.as_ref()));
    }

    #[test]
    fn a_broken_pattern_is_an_error() {
        assert!(Matcher::new("a", MatchKind::Regex, "(").is_err());
    }
}
