//! Numbers, money and spans of time as text. Pure, the same in the server and in the browser.

use leptos::prelude::*;

/// Between groups of three digits and before a unit: a narrow space that does not break.
pub(crate) const THIN: char = '\u{202f}';
/// What stands where there is no number.
pub const UNKNOWN: &str = "unknown";
/// A true minus, as wide as a digit.
const MINUS: char = '−';

/// A number with its unit, as people write it; "unknown" for none, NaN and infinities.
///
/// Units that are understood: `%` and `percent` (87 is 87 %), `fraction` (0.87 is 87 %),
/// `bytes` and `bytes/s` (1024 steps: KiB, MiB), `bits/s` (1000 steps), `s` or `seconds`,
/// ISO 4217 codes, and the empty unit. Any other word is written after the number.
/// At most four significant digits behind a point; whole numbers are never cut below 10 000 000.
pub fn number_text(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return UNKNOWN.to_owned();
    };
    match unit {
        "" | "count" | "1" => digits(value),
        "%" | "percent" => format!("{}{THIN}%", digits(value)),
        "fraction" | "ratio" => format!("{}{THIN}%", digits(value * 100.0)),
        "bytes" | "By" | "B" => scaled(value, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"]),
        "bytes/s" | "By/s" | "B/s" => {
            scaled(value, 1024.0, &["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"])
        }
        "bits/s" | "bit/s" => scaled(value, 1000.0, &["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]),
        "s" | "seconds" => duration_text(value),
        code if symbol(code).is_some() => {
            let places = if value.abs() < 1000.0 {
                exponent(code)
            } else {
                0
            };
            format!(
                "{}{THIN}{}",
                fixed(value, places),
                symbol(code).unwrap_or(code)
            )
        }
        other => format!("{}{THIN}{other}", digits(value)),
    }
}

/// How likely something is, in whole percent. A forecast is never certain: the ends are "> 99 %" and
/// "< 1 %".
pub fn likely_text(share: f64) -> String {
    let percent = (share * 100.0).round();
    if percent >= 100.0 {
        format!(">{THIN}99{THIN}%")
    } else if percent <= 0.0 {
        format!("<{THIN}1{THIN}%")
    } else {
        number_text(Some(percent), "%")
    }
}

/// An amount in a currency's minor units, exact to the last: `124000, "EUR"` is "1 240.00 €".
pub fn money_text(minor: i64, currency: &str) -> String {
    let places = exponent(currency);
    let scale = 10_u64.pow(places);
    let (whole, part) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    let sign = if minor < 0 {
        MINUS.to_string()
    } else {
        String::new()
    };
    let whole = grouped(&whole.to_string());
    let part = if places > 0 {
        format!(".{part:0width$}", width = places as usize)
    } else {
        String::new()
    };
    format!(
        "{sign}{whole}{part}{THIN}{}",
        symbol(currency).unwrap_or(currency)
    )
}

/// An amount in whole units of a currency, of a value in its major units: "1 240 €".
pub fn money_whole(value: f64, currency: &str) -> String {
    let symbol = symbol(currency).unwrap_or(currency);
    format!("{}{THIN}{symbol}", fixed(value.round(), 0))
}

/// An amount for a glance: "1 240 €", "18 k€", "1.2 M€". The exact one belongs in a title.
pub fn money_short(minor: i64, currency: &str) -> String {
    let major = minor as f64 / 10_f64.powi(i32::try_from(exponent(currency)).unwrap_or(2));
    let sign = symbol(currency).unwrap_or(currency);
    // The comparisons are with what rounds up to the next step.
    match major.abs() {
        size if size >= 999_500.0 => format!("{}{THIN}M{sign}", significant(major / 1e6, 2)),
        size if size >= 9_999.5 => format!("{}{THIN}k{sign}", significant(major / 1e3, 2)),
        _ => format!("{}{THIN}{sign}", fixed(major, 0)),
    }
}

/// A span of time in one unit, rounded: "36 h", "6 d", "5 wk"; an hour is "1 h" and 90 minutes are
/// "90 min". Never negative, never "0".
pub fn span_text(seconds: f64) -> String {
    let unit = SpanUnit::of(seconds);
    format!("{}{THIN}{}", unit.count(seconds), unit.word)
}

/// Two ends in the unit that suits `middle`: "4–9", "up to 9" from less than one on. No upper end:
/// "4 or more", or "any time".
pub fn range_text(middle: f64, low: f64, high: Option<f64>) -> String {
    let unit = SpanUnit::of(middle);
    match high {
        Some(high) if unit.count(low) == unit.count(high) => unit.count(low),
        Some(high) if unit.is_none(low) => format!("up to {}", unit.count(high)),
        Some(high) => format!("{}–{}", unit.count(low), unit.count(high)),
        None if unit.is_none(low) => "any time".to_owned(),
        None => format!("{} or more", unit.count(low)),
    }
}

struct SpanUnit {
    seconds: f64,
    word: &'static str,
}

impl SpanUnit {
    fn of(seconds: f64) -> Self {
        let (size, word) = match seconds {
            s if s < 90.0 => (1.0, "s"),
            s if (s - 3600.0).abs() < 1.0 => (3600.0, "h"),
            s if s < 2.0 * 3600.0 => (60.0, "min"),
            s if s < 48.0 * 3600.0 => (3600.0, "h"),
            s if s < 28.0 * 86400.0 => (86400.0, "d"),
            s if s < 2.0 * 365.25 * 86400.0 => (7.0 * 86400.0, "wk"),
            _ => (365.25 * 86400.0, "y"),
        };
        Self {
            seconds: size,
            word,
        }
    }

    fn count(&self, seconds: f64) -> String {
        if self.is_none(seconds) {
            "<1".to_owned()
        } else {
            grouped(&format!("{:.0}", self.rounded(seconds)))
        }
    }

    /// Whether it is less than one of them.
    fn is_none(&self, seconds: f64) -> bool {
        self.rounded(seconds) < 1.0
    }

    fn rounded(&self, seconds: f64) -> f64 {
        (seconds.max(0.0) / self.seconds).round()
    }
}

fn duration_text(seconds: f64) -> String {
    let size = seconds.abs();
    let (value, unit) = match size {
        0.0 => (0.0, "s"),
        s if s < 0.001 => (seconds * 1e6, "µs"),
        s if s < 1.0 => (seconds * 1e3, "ms"),
        s if s < 120.0 => (seconds, "s"),
        s if s < 7200.0 => (seconds / 60.0, "min"),
        s if s < 172_800.0 => (seconds / 3600.0, "h"),
        _ => (seconds / 86400.0, "d"),
    };
    format!("{}{THIN}{unit}", significant(value, 3))
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let mut size = value;
    let mut units = units.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if size.abs() < step * 0.9995 {
            break;
        }
        size /= step;
        unit = next;
    }
    format!("{}{THIN}{unit}", significant(size, 3))
}

/// Whole numbers as they are, large ones in powers of a thousand, others to four digits.
fn digits(value: f64) -> String {
    for (size, letter) in [(1e12, 'T'), (1e9, 'G'), (1e7, 'M')] {
        if value.abs() >= size {
            let value = if letter == 'M' {
                value / 1e6
            } else {
                value / size
            };
            return format!("{}{THIN}{letter}", significant(value, 4));
        }
    }
    significant(value, 4)
}

/// Rounded to so many significant digits, without trailing zeros; the whole part stays whole.
fn significant(value: f64, count: i32) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let before = value.abs().log10().floor();
    if before < -6.0 {
        return format!("{value:.2e}").replace('-', &MINUS.to_string());
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -6 and 308")]
    let places = (count - 1 - before as i32).max(0);
    let text = fixed(value, places.unsigned_abs());
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// With so many digits behind the point, grouped.
fn fixed(value: f64, places: u32) -> String {
    let text = format!("{:.*}", places as usize, value.abs());
    let negative = value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    let sign = if negative {
        MINUS.to_string()
    } else {
        String::new()
    };
    match text.split_once('.') {
        Some((whole, part)) => format!("{sign}{}.{part}", grouped(whole)),
        None => format!("{sign}{}", grouped(&text)),
    }
}

fn grouped(whole: &str) -> String {
    // Four digits read well without a gap, but not in a column under five: always group.
    let mut text = String::with_capacity(whole.len() + whole.len() / 3 * 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

fn symbol(currency: &str) -> Option<&'static str> {
    Some(match currency {
        "EUR" => "€",
        "USD" => "$",
        "GBP" => "£",
        "JPY" => "¥",
        "CHF" => "CHF",
        "PLN" => "zł",
        "CZK" => "Kč",
        "SEK" | "NOK" | "DKK" => "kr",
        "INR" => "₹",
        _ => return None,
    })
}

/// Digits behind the point, by ISO 4217.
fn exponent(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" | "IQD" | "LYD" => 3,
        _ => 2,
    }
}

/// An amount of money; `short` for a glance, with the exact amount on hover.
#[component]
pub fn Money(
    /// The amount in minor units (cents).
    minor: i64,
    /// ISO 4217, such as "EUR".
    #[prop(into)]
    currency: String,
    /// "18 k€" instead of "18 240.00 €".
    #[prop(optional)]
    short: bool,
) -> impl IntoView {
    let exact = money_text(minor, &currency);
    let shown = if short {
        money_short(minor, &currency)
    } else {
        exact.clone()
    };
    view! { <span class="num" title=short.then_some(exact)>{shown}</span> }
}

/// A number with its unit; "unknown", quietly, for none.
#[component]
pub fn Number(
    /// The number, or none if it is not known.
    #[prop(into)]
    value: Option<f64>,
    /// As [`number_text`] takes it.
    #[prop(optional, into)]
    unit: String,
) -> impl IntoView {
    let class = if value.is_some_and(f64::is_finite) {
        "num"
    } else {
        "num unknown"
    };
    view! { <span class=class>{number_text(value, &unit)}</span> }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: impl AsRef<str>) -> String {
        text.as_ref().replace(THIN, " ")
    }

    #[test]
    fn an_unknown_number_is_never_zero() {
        assert_eq!(number_text(None, "kg"), "unknown");
        assert_eq!(number_text(Some(f64::NAN), ""), "unknown");
        assert_eq!(number_text(Some(f64::INFINITY), "%"), "unknown");
    }

    #[test]
    fn numbers_are_grouped_and_keep_four_significant_digits() {
        let cases = [
            (0.0, "0"),
            (1234.567, "1 235"),
            (12.3456, "12.35"),
            (0.001_234_6, "0.001235"),
            (9_999_999.0, "9 999 999"),
            (12_345_678.0, "12.35 M"),
            (3.2e9, "3.2 G"),
            (-42.5, "−42.5"),
            (-0.000_000_01, "−1.00e−8"),
        ];
        for (value, expected) in cases {
            assert_eq!(plain(number_text(Some(value), "")), expected, "{value}");
        }
    }

    #[test]
    fn nothing_that_is_foreseen_is_certain() {
        assert_eq!(plain(likely_text(1.0)), "> 99 %");
        assert_eq!(plain(likely_text(0.994)), "99 %");
        assert_eq!(plain(likely_text(0.42)), "42 %");
        assert_eq!(plain(likely_text(0.0)), "< 1 %");
        assert_eq!(plain(likely_text(f64::NAN)), "unknown");
    }

    #[test]
    fn bytes_are_in_steps_of_1024_and_bits_of_1000() {
        assert_eq!(plain(number_text(Some(0.0), "bytes")), "0 B");
        assert_eq!(plain(number_text(Some(1536.0), "bytes")), "1.5 KiB");
        assert_eq!(plain(number_text(Some(1_073_741_823.0), "bytes")), "1 GiB");
        assert_eq!(
            plain(number_text(Some(2_500_000.0), "bits/s")),
            "2.5 Mbit/s"
        );
    }

    #[test]
    fn percent_and_fraction_say_the_same() {
        assert_eq!(
            number_text(Some(87.0), "%"),
            number_text(Some(0.87), "fraction")
        );
    }

    #[test]
    fn money_is_exact_and_negative_amounts_have_a_true_minus() {
        assert_eq!(plain(money_text(124_000, "EUR")), "1 240.00 €");
        assert_eq!(plain(money_text(-5, "EUR")), "−0.05 €");
        assert_eq!(plain(money_text(1500, "JPY")), "1 500 ¥");
        assert_eq!(plain(money_text(1500, "KWD")), "1.500 KWD");
        assert_eq!(
            plain(money_text(i64::MIN, "EUR")),
            "−92 233 720 368 547 758.08 €"
        );
    }

    #[test]
    fn money_for_a_glance_has_two_digits() {
        assert_eq!(plain(money_short(124_000, "EUR")), "1 240 €");
        assert_eq!(plain(money_short(-1_824_000, "EUR")), "−18 k€");
        assert_eq!(plain(money_short(123_400_000, "EUR")), "1.2 M€");
    }

    #[test]
    fn a_span_has_one_unit_and_is_never_zero() {
        let cases = [
            (0.0, "<1 s"),
            (30.0, "30 s"),
            (600.0, "10 min"),
            (3600.0, "1 h"),
            (5400.0, "90 min"),
            (36.0 * 3600.0, "36 h"),
            (6.0 * 86400.0, "6 d"),
            (35.0 * 86400.0, "5 wk"),
            (1000.0 * 86400.0, "3 y"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(plain(span_text(seconds)), expected);
        }
    }

    #[test]
    fn a_range_takes_the_unit_of_its_middle() {
        let day = 86400.0;
        assert_eq!(range_text(6.0 * day, 4.2 * day, Some(8.9 * day)), "4–9");
        assert_eq!(range_text(35.0 * day, 28.0 * day, None), "4 or more");
        assert_eq!(range_text(6.0 * day, 0.2 * day, Some(8.0 * day)), "up to 8");
        assert_eq!(range_text(7.0 * day, 0.2 * day, None), "any time");
        assert_eq!(range_text(6.0 * day, 6.0 * day, Some(6.1 * day)), "6");
    }
}
