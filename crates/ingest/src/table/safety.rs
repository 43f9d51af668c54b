//! Cells that a spreadsheet would run: told on the way in, made harmless on the way out.
//!
//! See OWASP, "CSV Injection".

use std::borrow::Cow;

use super::Decimal;
use super::number::{NumberFormat, parse_number};

/// Whether a spreadsheet would take this text for a formula: `=1+1`, `@SUM(A1)`,
/// `+cmd|' /C calc'!A0`. Numbers (`-12`), telephone numbers (`+49 30 1234`) and dashes are not.
pub fn is_formula(text: &str) -> bool {
    let text = text.trim_start();
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let rest = chars.as_str();
    match first {
        // Full-width forms are formulas to some locales' spreadsheets.
        '=' | '@' | '＝' | '＠' => !rest.trim().is_empty(),
        '+' | '＋' => !is_number(text) && rest.contains(char::is_alphabetic),
        // "-none-" is a word, `-2+3+cmd|…` is not.
        '-' | '−' | '－' => !is_number(text) && rest.contains(['(', '|', '!', '=']),
        _ => false,
    }
}

/// A text as a cell that no spreadsheet runs: what could start a formula gets an apostrophe in
/// front. Numbers stay as they are. Quoting for CSV is still the writer's task.
pub fn csv_safe(text: &str) -> Cow<'_, str> {
    let risky = text
        .trim_start_matches([' ', '\u{a0}', '\n'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠', '−']);
    if risky && !is_number(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_number(text: &str) -> bool {
    [Decimal::Point, Decimal::Comma].into_iter().any(|decimal| {
        let format = NumberFormat {
            decimal,
            thousands: decimal.usual_thousands(),
        };
        matches!(parse_number(text, &format), Ok(Some(_)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_runs_is_a_formula() {
        for text in [
            "=1+1",
            " =cmd|' /C calc'!A0",
            "@SUM(1)",
            "+SUM(A1)",
            "-2+3+cmd|' /C'!A0",
            "＝1",
        ] {
            assert!(is_formula(text), "{text}");
        }
    }

    #[test]
    fn numbers_words_and_telephone_numbers_are_no_formulas() {
        for text in [
            "-12.5",
            "+3",
            "-",
            "-none-",
            "+49 30 1234",
            "a=b",
            "",
            "me@example.org",
            "-1.234,5",
        ] {
            assert!(!is_formula(text), "{text}");
        }
    }

    #[test]
    fn export_puts_an_apostrophe_before_what_could_run_and_nothing_else() {
        assert_eq!(csv_safe("=1+1"), "'=1+1");
        assert_eq!(csv_safe("-none-"), "'-none-");
        assert_eq!(csv_safe("\t=1"), "'\t=1");
        assert_eq!(csv_safe("-12.5"), "-12.5");
        assert_eq!(csv_safe("shop"), "shop");
    }
}
