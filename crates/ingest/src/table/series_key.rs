//! Names that stay the same from import to import.

/// The identity of a series within one source: equal for equal value column and labels in any
/// order, different otherwise. Reads `BilledCost{ServiceName="SQS",Zone="a"}`; quotation marks,
/// backslashes and line breaks are escaped as in the Prometheus text format.
pub fn series_key(value_column: &str, labels: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = labels.iter().collect();
    sorted.sort();
    let mut key = String::with_capacity(value_column.len() + 16 * labels.len());
    escape_into(&mut key, value_column, true);
    key.push('{');
    for (i, (name, value)) in sorted.into_iter().enumerate() {
        if i > 0 {
            key.push(',');
        }
        escape_into(&mut key, name, true);
        key.push_str("=\"");
        escape_into(&mut key, value, false);
        key.push('"');
    }
    key.push('}');
    key
}

/// A column's name as a label or metric name: letters, digits and underscores, not starting with a
/// digit. Different names may become equal; `Umsatz (€)` is `Umsatz`.
pub fn label_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'ä' => name.push_str("ae"),
            'ö' => name.push_str("oe"),
            'ü' => name.push_str("ue"),
            'Ä' => name.push_str("Ae"),
            'Ö' => name.push_str("Oe"),
            'Ü' => name.push_str("Ue"),
            'ß' => name.push_str("ss"),
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// `structural` text stands outside quotation marks, so its braces and commas are escaped too.
fn escape_into(out: &mut String, text: &str, structural: bool) {
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '"' | '\\' => out.extend(['\\', c]),
            '{' | '}' | ',' | '=' if structural => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter()
            .map(|&(a, b)| (a.to_owned(), b.to_owned()))
            .collect()
    }

    #[test]
    fn the_order_of_labels_does_not_matter() {
        let there = series_key("cost", &pairs(&[("shop", "eu"), ("kind", "a")]));
        let back = series_key("cost", &pairs(&[("kind", "a"), ("shop", "eu")]));
        assert_eq!(there, "cost{kind=\"a\",shop=\"eu\"}");
        assert_eq!(there, back);
    }

    #[test]
    fn no_value_can_pretend_to_be_another_series() {
        let one = series_key("c", &pairs(&[("a", "x\",b=\"y")]));
        let two = series_key("c", &pairs(&[("a", "x"), ("b", "y")]));
        assert_ne!(one, two);
        assert_ne!(series_key("c{", &[]), series_key("c", &pairs(&[("", "")])));
    }

    #[test]
    fn a_columns_name_becomes_a_label_name() {
        assert_eq!(label_name("Umsatz (€)"), "Umsatz");
        assert_eq!(label_name("Größe cm"), "Groesse_cm");
        assert_eq!(label_name("2024"), "_2024");
        assert_eq!(label_name("日付"), "_");
    }
}
