//! Money between minor units, in which it is kept, and what people read and type.

use crate::{Error, Result, read_number};

/// How many decimal places the minor unit of a currency has (ISO 4217).
pub fn minor_places(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" | "IQD" | "LYD" => 3,
        _ => 2,
    }
}

/// A value in a currency's major units as minor ones, to the nearest; `None` where that is no number, or so large that
/// numbers skip minor units.
pub fn to_minor(value: f64, currency: &str) -> Option<i64> {
    let scale = 10_f64.powi(i32::try_from(minor_places(currency)).unwrap_or(2));
    let minor = (value * scale).round();
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
    (minor.abs() < 9e15).then_some(minor as i64)
}

/// Minor units as a value in major ones.
pub fn to_major(minor: i64, currency: &str) -> f64 {
    let scale = 10_f64.powi(i32::try_from(minor_places(currency)).unwrap_or(2));
    minor as f64 / scale
}

/// Reads an amount as people type it, with a currency beside it or without, in minor units; none where nothing stands.
///
/// Of money nobody has a thousandth, unless the currency does: 5.000 is five thousand to one reader and five to the
/// next, and refused.
///
/// # Errors
/// Of that field, where it is no amount or could be two, or is too large.
pub fn read_money(field: &str, text: &str, currency: &str) -> Result<Option<i64>> {
    let beside = |c: char| c.is_alphabetic() || c.is_whitespace() || "€$£".contains(c);
    let whole = text.trim();
    let text = whole.trim_matches(beside);
    let words_only = text.is_empty() && !whole.is_empty();
    let either = text.split_once('.').is_some_and(|(whole, part)| {
        part.len() == 3 && whole.len() <= 3 && minor_places(currency) < 3
    });
    let refused = || {
        let words = format!(
            "“{whole}” is not an amount that reads one way only. Write it as 1234, 1234.50 or 1.234,50."
        );
        Error::field(field, words)
    };
    if either || words_only {
        return Err(refused());
    }
    let read = read_number(field, text)?;
    read.map(|value| to_minor(value, currency).ok_or_else(refused))
        .transpose()
}

/// An amount as a file and a form hold it: `1234.50`.
pub fn plain_money(minor: i64, currency: &str) -> String {
    let places = minor_places(currency) as usize;
    format!("{:.places$}", to_major(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_one_way_or_is_refused() {
        let read = |text| read_money("price", text, "EUR");
        for (text, minor) in [
            ("", None),
            (" 12 ", Some(1_200)),
            ("2,50", Some(250)),
            ("5.000,50 €", Some(500_050)),
            ("EUR 5,000.00", Some(500_000)),
            ("1234.5", Some(123_450)),
            ("-3", Some(-300)),
        ] {
            assert_eq!(read(text).unwrap(), minor, "{text}");
        }
        for text in ["5.000", "1,234", "soon", "1e300", "12 apples 3"] {
            let error = read(text).unwrap_err();
            assert!(error.of_field("price").is_some(), "{text}: {error:?}");
        }
        assert_eq!(read_money("price", "1.234", "KWD").unwrap(), Some(1_234));
    }

    #[test]
    fn a_currency_has_its_own_places() {
        assert_eq!(to_minor(1_234.506, "EUR"), Some(123_451));
        assert_eq!(to_minor(1_234.5, "JPY"), Some(1_235));
        assert_eq!(to_minor(f64::NAN, "EUR"), None);
        assert_eq!(to_minor(1e16, "EUR"), None);
        assert_eq!(plain_money(123_450, "EUR"), "1234.50");
        assert_eq!(plain_money(-5, "EUR"), "-0.05");
        assert_eq!(plain_money(1_234, "JPY"), "1234");
        assert_eq!(plain_money(1_234, "KWD"), "1.234");
    }
}
