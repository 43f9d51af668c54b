//! What operators make of label sets: with some, without some, with one changed.

use series::{Labels, METRIC_NAME};

/// Those that `keep` says.
pub(crate) fn filtered(labels: &Labels, keep: impl Fn(&str) -> bool) -> Labels {
    collect(labels.as_ref().iter().filter(|(name, _)| keep(name)))
}

/// All but the metric's name.
pub(crate) fn without_name(labels: &Labels) -> Labels {
    if labels.as_ref().metric().is_empty() {
        return labels.clone();
    }
    filtered(labels, |name| name != METRIC_NAME)
}

/// With a label set; the empty value takes it away.
pub(crate) fn with(labels: &Labels, name: &str, value: &str) -> Labels {
    let others = labels.as_ref().iter().filter(|(other, _)| *other != name);
    collect(others.chain([(name, value)]))
}

/// Pairs whose names are distinct.
pub(crate) fn collect<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Labels {
    // It refuses doubled names only, and no caller has any.
    Labels::new(pairs).unwrap_or_default()
}

/// Whether a label may be called so (Prometheus data model, "Metric names and labels").
pub(crate) fn is_label_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_taken_away_and_set() {
        let labels = Labels::new([(METRIC_NAME, "up"), ("a", "1"), ("b", "2")]).unwrap();
        assert_eq!(without_name(&labels).to_string(), "{a=\"1\",b=\"2\"}");
        assert_eq!(with(&labels, "a", "").to_string(), "up{b=\"2\"}");
        assert_eq!(
            with(&labels, "c", "3").to_string(),
            "up{a=\"1\",b=\"2\",c=\"3\"}"
        );
        assert_eq!(
            filtered(&labels, |name| name == "b").to_string(),
            "{b=\"2\"}"
        );
    }

    #[test]
    fn a_label_begins_with_a_letter() {
        assert!(
            is_label_name("_a1")
                && !is_label_name("1a")
                && !is_label_name("")
                && !is_label_name("a-b")
        );
    }
}
