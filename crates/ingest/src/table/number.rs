//! Numbers as people and spreadsheets write them.

use super::Decimal;
use super::money::strip_currency;

/// A number convention: the decimal mark and what may stand between groups of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFormat<'a> {
    /// The decimal mark.
    pub decimal: Decimal,
    /// The characters that may stand between groups of digits.
    pub thousands: &'a str,
}

/// Why a cell is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberProblem {
    /// It holds something else.
    #[error("not a number")]
    NotANumber,
    /// Its groups or marks do not fit the convention: `1,5` where the comma separates thousands.
    #[error("not a number with this decimal mark")]
    OtherConvention,
    /// Beyond what a 64-bit float holds.
    #[error("a number too large to keep")]
    TooLarge,
    /// A formula instead of its result.
    #[error("a formula, not a number: export the values instead")]
    Formula,
    /// A spreadsheet's error value.
    #[error("a spreadsheet error instead of a number")]
    SpreadsheetError,
}

/// Reads a cell as a number. `Ok(None)` means that nothing is known (blank, `NULL`, `n/a`, `-`),
/// which is never 0. Percentages keep their figure (`45 %` is 45), currency signs and codes are
/// passed over (whoever reads a column sees to it that they are the same), any other unit is no part
/// of a number, and `(12)` and `12-` are negative.
pub fn parse_number(cell: &str, format: &NumberFormat<'_>) -> Result<Option<f64>, NumberProblem> {
    let text = cell.trim();
    // Most cells of most files end here.
    if let Some(number) = plain(text, format.decimal) {
        return Ok(Some(number));
    }
    if is_missing(text) {
        return Ok(None);
    }
    if text.starts_with(['=', '@']) {
        return Err(NumberProblem::Formula);
    }
    if text.starts_with('#') {
        return Err(NumberProblem::SpreadsheetError);
    }
    let (negative, digits) = strip_dress(text).ok_or(NumberProblem::NotANumber)?;
    if digits.is_empty() {
        return Err(NumberProblem::NotANumber);
    }
    let number = grouped(digits, format)?;
    if !number.is_finite() {
        return Err(NumberProblem::TooLarge);
    }
    Ok(Some(if negative { -number } else { number }))
}

/// Whether a cell says that nothing is known.
pub(crate) fn is_missing(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "null", "na", "n/a", "nan", "none", "nil", "\\n", "#n/a", "#div/0!", "#null!",
    ];
    if text.len() > 8 {
        return false;
    }
    let text = text.trim();
    text.is_empty()
        || text
            .chars()
            .all(|c| matches!(c, '-' | '–' | '—' | '.' | '?'))
        || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Digits with at most one decimal mark, nothing else; `None` sends the cell the long way.
fn plain(text: &str, decimal: Decimal) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    if !(first.is_ascii_digit() || first == b'-') || text.len() > 32 {
        return None;
    }
    match decimal {
        Decimal::Point => {
            let rest = text.strip_prefix('-').unwrap_or(text);
            let digits = rest.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            if digits {
                text.parse().ok().filter(|n: &f64| n.is_finite())
            } else {
                None
            }
        }
        Decimal::Comma => {
            let rest = text.strip_prefix('-').unwrap_or(text);
            let digits = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
            if digits {
                text.parse().ok().filter(|n: &f64| n.is_finite())
            } else {
                None
            }
        }
    }
}

/// Takes off signs, currencies, percent and accounting brackets: (negative, what is left).
fn strip_dress(text: &str) -> Option<(bool, &str)> {
    // A price without cents, as shops write it: `5.-`, `5,– €`. Its dash is no minus.
    const NO_CENTS: [&str; 6] = [".--", ",--", ".-", ",-", ".–", ",–"];
    let mut left = text;
    let mut negative = false;
    let mut signed = false;
    let mut bracketed = false;
    // Signs and currencies come in any order: `-€ 12`, `€ -12`, `(€ 12)`, `12 €-`.
    loop {
        let before = left;
        left = left.trim();
        if let Some(rest) = NO_CENTS.iter().find_map(|dashes| left.strip_suffix(dashes)) {
            left = rest;
        }
        if let Some(inner) = left
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
        {
            if signed {
                return None;
            }
            (negative, signed, bracketed, left) = (true, true, true, inner);
        }
        if let Some(rest) = left
            .strip_prefix(['-', '−', '–'])
            .or_else(|| left.strip_suffix(['-', '−']))
        {
            if signed {
                return None;
            }
            (negative, signed, left) = (true, true, rest);
        } else if let Some(rest) = left.strip_prefix('+') {
            if signed {
                return None;
            }
            (signed, left) = (true, rest);
        }
        left = strip_currency(left);
        left = left.strip_suffix('%').unwrap_or(left);
        if left == before {
            break;
        }
    }
    // `()` with nothing inside, or a lone sign, is not a number.
    if bracketed && left.is_empty() {
        None
    } else {
        Some((negative, left))
    }
}

/// Digits in groups, a decimal part, an exponent.
fn grouped(text: &str, format: &NumberFormat<'_>) -> Result<f64, NumberProblem> {
    let mark = match format.decimal {
        Decimal::Point => '.',
        Decimal::Comma => ',',
    };
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == mark) || text.len() > 400 {
        return Err(NumberProblem::NotANumber);
    }
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let (whole, fraction) = mantissa.split_once(mark).unwrap_or((mantissa, ""));
    let mut clean = String::with_capacity(text.len());
    ungroup(whole, format.thousands, &mut clean)?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(misfit(fraction));
    }
    if clean.is_empty() && fraction.is_empty() {
        return Err(NumberProblem::NotANumber);
    }
    clean.push('.');
    clean.push_str(fraction);
    clean.push_str(exponent);
    clean.parse().map_err(|_| NumberProblem::NotANumber)
}

/// Checks `1'234'567` and drops the marks. Groups after the first have three digits, or two
/// (India's lakh) if the last has three; one file does not mix marks within a number.
fn ungroup(whole: &str, thousands: &str, out: &mut String) -> Result<(), NumberProblem> {
    let mut mark = None;
    let mut group = 0_usize;
    let mut groups = 0_usize;
    for c in whole.chars() {
        if c.is_ascii_digit() {
            out.push(c);
            group += 1;
        } else if thousands.contains(c) && mark.is_none_or(|known| known == c) {
            let first_fits = groups > 0 || ((1..=3).contains(&group) && !out.starts_with('0'));
            let later_fits = groups == 0 || matches!(group, 2 | 3);
            if !(first_fits && later_fits) {
                return Err(NumberProblem::OtherConvention);
            }
            mark = Some(c);
            groups += 1;
            group = 0;
        } else {
            return Err(misfit(whole));
        }
    }
    if groups > 0 && group != 3 {
        Err(NumberProblem::OtherConvention)
    } else {
        Ok(())
    }
}

fn misfit(part: &str) -> NumberProblem {
    if part
        .chars()
        .all(|c| c.is_ascii_digit() || ",.'’ \u{a0}\u{202f}\u{2009}".contains(c))
    {
        NumberProblem::OtherConvention
    } else {
        NumberProblem::NotANumber
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, decimal: Decimal) -> Result<Option<f64>, NumberProblem> {
        parse_number(
            text,
            &NumberFormat {
                decimal,
                thousands: decimal.usual_thousands(),
            },
        )
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("12", 12.0),
            ("-12.5", -12.5),
            ("1,234.56", 1234.56),
            ("1'234.5", 1234.5),
            (".5", 0.5),
            ("1 234.5", 1234.5),
            ("$1,200.00", 1200.0),
            ("12.00 EUR", 12.0),
            ("45 %", 45.0),
            ("(123.45)", -123.45),
            ("($1,000)", -1000.0),
            ("123-", -123.0),
            ("€ -12", -12.0),
            ("-€12", -12.0),
            ("1e3", 1000.0),
            ("1.5E-3", 0.0015),
            ("+7", 7.0),
            ("12,34,567", 1_234_567.0),
            ("US$ 5", 5.0),
            ("CHF 5.-", 5.0),
            ("1'200.–", 1200.0),
            ("−3", -3.0),
        ] {
            assert_eq!(read(text, Decimal::Point), Ok(Some(number)), "{text}");
        }
        for (text, number) in [
            ("12", 12.0),
            ("12,5", 12.5),
            ("1.234,56", 1234.56),
            ("1 234,56", 1234.56),
            ("1\u{a0}234,56", 1234.56),
            ("1\u{202f}234,56 €", 1234.56),
            ("€ 12,00", 12.0),
            ("-1.234.567", -1_234_567.0),
            (",5", 0.5),
            ("12,-- €", 12.0),
            ("0,1 %", 0.1),
        ] {
            assert_eq!(read(text, Decimal::Comma), Ok(Some(number)), "{text}");
        }
    }

    #[test]
    fn unknown_is_never_zero() {
        for text in [
            "", "  ", "NULL", "na", "N/A", "-", "–", "NaN", "#N/A", "\\N", "None",
        ] {
            assert_eq!(read(text, Decimal::Point), Ok(None), "{text}");
        }
    }

    #[test]
    fn the_other_convention_is_refused_rather_than_misread() {
        assert_eq!(
            read("1,5", Decimal::Point),
            Err(NumberProblem::OtherConvention)
        );
        assert_eq!(
            read("1.5", Decimal::Comma),
            Err(NumberProblem::OtherConvention)
        );
        assert_eq!(
            read("1,234.5", Decimal::Comma),
            Err(NumberProblem::OtherConvention)
        );
        assert_eq!(
            read("0.123", Decimal::Comma),
            Err(NumberProblem::OtherConvention)
        );
    }

    #[test]
    fn what_is_no_number_says_why() {
        for text in [
            "abc",
            "12 kg",
            "1-2",
            "--1",
            "()",
            "$",
            "2024-01-01",
            "0x10",
            "inf",
            "1e",
            "1..2",
        ] {
            assert!(read(text, Decimal::Point).is_err(), "{text}");
        }
        assert_eq!(read("=1+1", Decimal::Point), Err(NumberProblem::Formula));
        assert_eq!(
            read("#REF!", Decimal::Point),
            Err(NumberProblem::SpreadsheetError)
        );
        assert_eq!(read("1e999", Decimal::Point), Err(NumberProblem::TooLarge));
    }
}
