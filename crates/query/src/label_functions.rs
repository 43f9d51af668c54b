//! `label_replace` and `label_join`.

use crate::error::{QueryError, failed};
use crate::label_sets::{is_label_name, with};
use regex::{Captures, Regex};
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
        let compiled = series::expression(pattern).map_err(|_error| {
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
        with(labels, self.target, &expanded(self.replacement, &found))
    }
}

/// A replacement with what was found in the place of `$1`, `$name` and `${name}`, as Go's `Regexp.Expand` has it:
/// a name without braces is as long as can be, what was not found is empty, `$$` is a dollar, and a dollar that
/// begins nothing of this stands for itself.
fn expanded(template: &str, found: &Captures<'_>) -> String {
    let mut value = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        value.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            value.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(after) {
            value.push_str(group(name, found));
            rest = after;
        } else {
            value.push('$');
            rest = after;
        }
    }
    value + rest
}

/// The name at the beginning, with braces or without, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (braced, text) = match text.strip_prefix('{') {
        Some(inside) => (true, inside),
        None => (false, text),
    };
    let part = |c: char| c == '_' || c.is_alphanumeric();
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braced {
        return Some((name, after.strip_prefix('}')?));
    }
    Some((name, after))
}

/// What a group found. A number with a nought before it is a name.
fn group<'a>(name: &str, found: &Captures<'a>) -> &'a str {
    let number = name.bytes().all(|byte| byte.is_ascii_digit());
    let part = if number && (name == "0" || !name.starts_with('0')) {
        name.parse().ok().and_then(|index| found.get(index))
    } else {
        found.name(name)
    };
    part.map_or("", |part| part.as_str())
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

    /// Checked against Prometheus 2.42.
    #[test]
    fn a_replacement_is_read_as_go_reads_it() {
        for (replacement, value) in [
            ("$1é", ""),
            ("${1}é", "webé"),
            ("$é", ""),
            ("$01 ${01}", " "),
            ("${a.b}x", "${a.b}x"),
            ("${}", "${}"),
            ("${1", "${1"),
            ("$1x-$1", "-web"),
            ("$0$$1", "web-1$1"),
            ("$n-${n}-$9", "1-1-"),
            ("5$ $", "5$ $"),
        ] {
            let replace = Replace::new("c", replacement, "a", "(.*)-(?P<n>\\d)").unwrap();
            let made = replace.apply(&labels());
            assert_eq!(made.as_ref().get("c"), value, "{replacement}");
        }
        let same = Replace::new("c", "$1", "a", "([\\w]+){x}|(web)-.").unwrap();
        assert_eq!(same.apply(&labels()).as_ref().get("c"), "");
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
