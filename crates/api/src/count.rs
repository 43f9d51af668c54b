//! Counts as people read them, on pages and in what the service says.

/// Between groups of three digits: a narrow space that does not break, as in the numbers of `ui`.
const THIN: char = '\u{202f}';

/// How many there are, to the last one: `100 000`. What is no count, less than none, is `unknown`.
pub fn grouped(count: impl TryInto<u64>) -> String {
    count
        .try_into()
        .map_or_else(|_| "unknown".into(), in_groups)
}

fn in_groups(count: u64) -> String {
    let digits = count.to_string();
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
            (12_345_678, "12 345 678"),
        ] {
            assert_eq!(grouped(count).replace(THIN, " "), text);
        }
    }

    #[test]
    fn it_does_not_matter_what_was_counted_in() {
        assert_eq!(grouped(7_u32), grouped(7_usize));
    }

    #[test]
    fn what_is_no_count_is_unknown_and_never_none() {
        assert_eq!(grouped(0_i64), "0");
        assert_eq!(grouped(-1_i64), "unknown");
    }
}
