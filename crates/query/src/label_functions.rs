//! `label_replace` and `label_join`.

use crate::error::{QueryError, failed};
use crate::label_sets::{is_label_name, with};
use regex::Regex;
use series::Labels;

/// `label_replace`, its pattern compiled once for all series.
pub(crate) struct Replace<'a> {
    target: &'a str,
    replacement: &'a str,
    source: &'a str,
    pattern: Regex,
}

impl<'a> Replace<'a> {
    pub(crate) fn new(
        target: &'a str,
        replacement: &'a str,
        source: &'a str,
        pattern: &str,
    ) -> Result<Self, QueryError> {
        let compiled = Regex::new(&format!("^(?:{pattern})$")).map_err(|_error| {
            failed(format!(
                "`{pattern}` is no regular expression in label_replace()"
            ))
        })?;
        check(target, "label_replace")?;
        Ok(Self {
            target,
            replacement,
            source,
            pattern: compiled,
        })
    }

    /// The labels with the target set; as they are where the pattern does not match.
    pub(crate) fn apply(&self, labels: &Labels) -> Labels {
        let Some(found) = self.pattern.captures(labels.as_ref().get(self.source)) else {
            return labels.clone();
        };
        let mut value = String::new();
        found.expand(self.replacement, &mut value);
        with(labels, self.target, &value)
    }
}

/// `label_join`.
pub(crate) struct Join<'a> {
    target: &'a str,
    separator: &'a str,
    sources: Vec<&'a str>,
}

impl<'a> Join<'a> {
    pub(crate) fn new(
        target: &'a str,
        separator: &'a str,
        sources: Vec<&'a str>,
    ) -> Result<Self, QueryError> {
        check(target, "label_join")?;
        for source in &sources {
            check(source, "label_join")?;
        }
        Ok(Self {
            target,
            separator,
            sources,
        })
    }

    /// The labels with the target set; a missing source is an empty one.
    pub(crate) fn apply(&self, labels: &Labels) -> Labels {
        let values: Vec<&str> = self
            .sources
            .iter()
            .map(|source| labels.as_ref().get(source))
            .collect();
        with(labels, self.target, &values.join(self.separator))
    }
}

fn check(name: &str, function: &str) -> Result<(), QueryError> {
    if is_label_name(name) {
        Ok(())
    } else {
        Err(failed(format!(
            "`{name}` is no label's name in {function}()"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels::new([("a", "web-1"), ("b", "x")]).unwrap()
    }

    #[test]
    fn a_label_is_made_from_another() {
        let replace = Replace::new("c", "$2-${1}_", "a", "(.*)-(\\d)").unwrap();
        assert_eq!(replace.apply(&labels()).as_ref().get("c"), "1-web_");
        let empty = Replace::new("b", "", "a", ".*").unwrap();
        assert_eq!(empty.apply(&labels()).to_string(), "{a=\"web-1\"}");
        let unmatched = Replace::new("b", "y", "a", "web").unwrap();
        assert_eq!(unmatched.apply(&labels()), labels());
    }

    #[test]
    fn labels_are_joined() {
        let join = Join::new("c", "/", vec!["a", "none", "b"]).unwrap();
        assert_eq!(join.apply(&labels()).as_ref().get("c"), "web-1//x");
    }

    #[test]
    fn what_is_no_name_or_pattern_is_refused() {
        assert!(Replace::new("1c", "", "a", "").is_err());
        assert!(Replace::new("c", "", "a", "(").is_err());
        assert!(Join::new("c", "", vec!["-"]).is_err());
    }
}
