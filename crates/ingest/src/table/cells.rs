//! Small judgements about single cells and names.

use std::collections::HashSet;

use super::layout::clip;

const MAX_NAME_CHARS: usize = 128;

/// Header cells as names: no line breaks, no formula signs, never blank, all different.
pub(crate) fn column_names(header: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    header
        .iter()
        .enumerate()
        .map(|(i, cell)| {
            let words: Vec<&str> = cell
                .trim_start_matches(['=', '+', '-', '@', ' ', '\t', '\u{feff}'])
                .split(|c: char| c.is_whitespace() || c.is_control())
                .filter(|word| !word.is_empty())
                .collect();
            let base = match words.join(" ") {
                blank if blank.is_empty() => nameless(i),
                name => clip(&name, MAX_NAME_CHARS),
            };
            let mut name = base.clone();
            let mut times = 2_u32;
            while !taken.insert(name.clone()) {
                name = format!("{base} ({times})");
                times += 1;
            }
            name
        })
        .collect()
}

/// The name of the column at this position where the file gives none.
pub(crate) fn nameless(i: usize) -> String {
    format!("column {}", i + 1)
}

/// Whether a label's cell says nothing. Narrower than for numbers: `NA` is Namibia.
pub(crate) fn is_blank_label(text: &str) -> bool {
    text.is_empty() || text == "\\N" || text == "#N/A" || text.eq_ignore_ascii_case("null")
}

/// The words of a name in lower case: `ChargePeriodStart` and `charge_period start` alike.
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        after_lower = c.is_lowercase();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_made_different() {
        let header = ["a", "a", " a\n b ", "", "=cmd|x", "a (2)"].map(str::to_owned);
        assert_eq!(
            column_names(&header),
            ["a", "a (2)", "a b", "column 4", "cmd|x", "a (2) (2)"]
        );
    }

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words_of("ChargePeriodStart"), ["charge", "period", "start"]);
        assert_eq!(words_of("order_id"), ["order", "id"]);
        assert_eq!(words_of("Umsatz (€)"), ["umsatz"]);
        assert_eq!(words_of("SKU"), ["sku"]);
    }
}
