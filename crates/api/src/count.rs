//! Counts in what the service says to people.

/// Between groups of three digits: a narrow space that does not break, as on the pages.
const THIN: char = '\u{202f}';

/// A count as people read it: `100 000`. The pages' own is `ui::count_text`, which is for the browser
/// and knows nothing of ours.
pub fn grouped(count: impl TryInto<u64>) -> String {
    let count: Result<u64, _> = count.try_into();
    // Less than none cannot be.
    let digits = count.unwrap_or_default().to_string();
    let mut text = String::with_capacity(2 * digits.len());
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (count, text) in [
            (7, "7"),
            (999, "999"),
            (1_000, "1 000"),
            (1_234_567, "1 234 567"),
        ] {
            assert_eq!(grouped(count).replace(THIN, " "), text);
        }
    }
}
