//! Money between minor units, in which it is kept, and what people read and type.

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

/// An amount as a file and a form hold it: `1234.50`.
pub fn plain_money(minor: i64, currency: &str) -> String {
    let places = minor_places(currency) as usize;
    format!("{:.places$}", to_major(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

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
