//! Which names and values a series may have: the checks that every protocol shares.

use std::borrow::Cow;

use series::METRIC_NAME;

use crate::metrics::limits::{Limits, NameScheme};
use crate::metrics::refused::Reason;

/// A byte may begin a label's name.
const LABEL_START: u8 = 1;
/// A byte may stand in a label's name.
const LABEL: u8 = 2;
/// A byte may begin a metric's name.
const METRIC_START: u8 = 4;
/// A byte may stand in a metric's name.
const METRIC: u8 = 8;

/// For each byte, where it may stand. A lookup a byte is half the price of comparisons.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => LABEL_START | LABEL | METRIC_START | METRIC,
            b'0'..=b'9' => LABEL | METRIC,
            b':' => METRIC_START | METRIC,
            _ => 0,
        };
        if byte == 255 {
            break;
        }
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

fn all(name: &str, start: u8, rest: u8) -> bool {
    let Some(first) = name.as_bytes().first() else {
        return false;
    };
    let common = name
        .bytes()
        .fold(u8::MAX, |common, byte| common & class(byte));
    class(*first) & start != 0 && common & rest != 0
}

/// Whether a name is `[a-zA-Z_][a-zA-Z0-9_]*`.
pub(crate) fn is_label_name(name: &str) -> bool {
    all(name, LABEL_START, LABEL)
}

/// Whether a name is `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub(crate) fn is_metric_name(name: &str) -> bool {
    all(name, METRIC_START, METRIC)
}

/// A label's name in which every character that is not allowed has become an underscore.
pub(crate) fn as_label_name(text: &str) -> Cow<'_, str> {
    as_name(text, is_label_name, LABEL)
}

/// A metric's name in which every character that is not allowed has become an underscore.
pub(crate) fn as_metric_name(text: &str) -> Cow<'_, str> {
    as_name(text, is_metric_name, METRIC)
}

fn as_name(text: &str, is_name: impl Fn(&str) -> bool, rest: u8) -> Cow<'_, str> {
    if text.is_empty() || is_name(text) {
        return text.into();
    }
    let allowed = |c: char| u8::try_from(c).is_ok_and(|byte| class(byte) & rest != 0);
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    let prefix = if digit { "_" } else { "" };
    let replaced = text.chars().map(|c| if allowed(c) { c } else { '_' });
    prefix.chars().chain(replaced).collect::<String>().into()
}

/// Whether a query would read a name as a number.
fn is_number(name: &str) -> bool {
    name.len() == 3 && (name.eq_ignore_ascii_case("nan") || name.eq_ignore_ascii_case("inf"))
}

/// What is wrong with the labels of a series, and with which of them. That one stands twice is found
/// later, where they are put in order.
pub(crate) fn fault(pairs: &[(&str, &str)], limits: &Limits) -> Option<(Reason, usize)> {
    if pairs.len() > limits.max_labels {
        return Some((Reason::TooManyLabels, 0));
    }
    let mut named = false;
    for (i, (name, value)) in pairs.iter().enumerate() {
        if name.len() > limits.max_name_bytes || value.len() > limits.max_value_bytes {
            return Some((Reason::LabelTooLong, i));
        }
        if *name == METRIC_NAME {
            if let Some(reason) = metric_fault(value, limits) {
                return Some((reason, i));
            }
            named = true;
        } else if !is_label_name(name) {
            if name.is_empty() {
                return Some((Reason::EmptyLabelName, i));
            }
            if limits.names == NameScheme::Classic {
                return Some((Reason::BadLabelName, i));
            }
        }
    }
    (!named).then_some((Reason::NoMetricName, 0))
}

/// What is wrong with a metric's name.
pub(crate) fn metric_fault(name: &str, limits: &Limits) -> Option<Reason> {
    if name.is_empty() {
        Some(Reason::NoMetricName)
    } else if name.len() > limits.max_name_bytes {
        Some(Reason::LabelTooLong)
    } else if is_number(name) {
        Some(Reason::NumberAsName)
    } else if limits.names == NameScheme::Classic && !is_metric_name(name) {
        Some(Reason::BadMetricName)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_digits_and_underscores() {
        for good in ["a", "_", "A9_", "job", "__name__"] {
            assert!(is_label_name(good) && is_metric_name(good), "{good}");
        }
        for bad in ["", "9a", "a-b", "a.b", "ä", "a b", "a\0"] {
            assert!(!is_label_name(bad) && !is_metric_name(bad), "{bad}");
        }
        assert!(is_metric_name("a:b") && is_metric_name(":a") && !is_label_name("a:b"));
    }

    #[test]
    fn any_text_can_be_made_a_name() {
        for (text, label, metric) in [
            ("a_b", "a_b", "a_b"),
            ("a.b-c d", "a_b_c_d", "a_b_c_d"),
            ("a:b", "a_b", "a:b"),
            ("9a", "_9a", "_9a"),
            ("äö", "__", "__"),
            ("", "", ""),
        ] {
            assert_eq!(
                (&*as_label_name(text), &*as_metric_name(text)),
                (label, metric)
            );
        }
    }

    #[test]
    fn each_fault_is_named() {
        let limits = Limits {
            max_labels: 3,
            max_name_bytes: 10,
            max_value_bytes: 10,
            ..Limits::default()
        };
        let long = "x".repeat(11);
        let name = (METRIC_NAME, "up");
        for (pairs, wanted) in [
            (vec![name, ("a", "")], None),
            (vec![name; 4], Some(Reason::TooManyLabels)),
            (vec![name, ("", "1")], Some(Reason::EmptyLabelName)),
            (vec![name, ("a-b", "1")], Some(Reason::BadLabelName)),
            (vec![name, (&long, "1")], Some(Reason::LabelTooLong)),
            (vec![name, ("a", &long)], Some(Reason::LabelTooLong)),
            (vec![("a", "1")], Some(Reason::NoMetricName)),
            (vec![(METRIC_NAME, "")], Some(Reason::NoMetricName)),
            (vec![(METRIC_NAME, "a b")], Some(Reason::BadMetricName)),
            (vec![(METRIC_NAME, "NaN")], Some(Reason::NumberAsName)),
            (vec![(METRIC_NAME, "inf")], Some(Reason::NumberAsName)),
            (vec![(METRIC_NAME, "nano")], None),
        ] {
            assert_eq!(fault(&pairs, &limits).map(|f| f.0), wanted, "{pairs:?}");
        }
    }

    #[test]
    fn any_text_is_a_name_where_that_is_wanted() {
        let limits = Limits {
            names: NameScheme::Utf8,
            ..Limits::default()
        };
        let dotted = [(METRIC_NAME, "http.server"), ("service.name", "ä")];
        assert_eq!(fault(&dotted, &limits), None);
        assert_eq!(
            fault(&[(METRIC_NAME, "up"), ("", "1")], &limits),
            Some((Reason::EmptyLabelName, 1))
        );
    }
}
