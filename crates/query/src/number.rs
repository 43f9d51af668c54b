//! Numbers as text, digit for digit as Prometheus writes them.

use std::fmt::Write;

/// Without an exponent, as Go's `strconv.FormatFloat(value, 'f', -1, 64)`: the fewest digits that read
/// back as the same number.
pub(crate) fn decimal(value: f64) -> String {
    let mut text = String::new();
    write_decimal(value, &mut text);
    text
}

fn write_decimal(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        // The same digits as Rust's own, several times faster: an answer has thousands of them.
        let start = out.len();
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        if text.contains('e') {
            // Rust's own never have an exponent. A `String` takes everything.
            let _written = write!(out, "{value}");
        } else {
            out.push_str(text.strip_suffix(".0").unwrap_or(text));
        }
        even_digits(value, start, out);
    }
}

/// Writes the number from `start` on again where Go takes other digits.
fn even_digits(value: f64, start: usize, out: &mut String) {
    let written = out.get(start..).unwrap_or_default();
    let digits = written
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    if tied(value, digits) {
        out.truncate(start);
        let _written = write!(out, "{value:.digits$}");
    }
}

/// Whether Go writes other digits, where Rust writes `digits` after the point and another text is as short
/// and as near: of two such, Go takes the even one and Rust the upper.
///
/// A number whose last bit is worth 2⁻ⁿ has n digits after the point, the last of them a 5; there is
/// such a pair where the shortest text leaves just that 5 away.
fn tied(value: f64, digits: usize) -> bool {
    const MANTISSA: u32 = 52;
    let bits = value.to_bits();
    let exponent = (bits >> MANTISSA) & 0x7ff;
    let mantissa = (bits & ((1 << MANTISSA) - 1)) | (1 << MANTISSA);
    // The worth of the last bit that is set, as a power of two.
    let last = exponent + u64::from(mantissa.trailing_zeros());
    let after_point = 1_075_u64.checked_sub(last);
    after_point == Some(digits as u64 + 1)
}

/// As the HTTP API writes a value: with an exponent where it is very large or very small
/// (Prometheus, `util/jsonutil`, `MarshalFloat`).
pub(crate) fn write_value(value: f64, out: &mut String) {
    let size = value.abs();
    if !size.is_finite() || size == 0.0 || (1e-6..1e21).contains(&size) {
        return write_decimal(value, out);
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return out.push_str(&scientific);
    };
    // Go writes a sign and at least two digits.
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    let _written = write!(out, "{digits}e{sign}{exponent:0>2}");
}

/// Milliseconds as seconds: `1435781451.781`, and `1435781451` where nothing is left.
pub(crate) fn write_seconds(ms: i64, out: &mut String) {
    if ms < 0 {
        out.push('-');
    }
    let ms = ms.unsigned_abs();
    out.push_str(itoa::Buffer::new().format(ms / 1000));
    if !ms.is_multiple_of(1000) {
        let _written = write!(out, ".{:03}", ms % 1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(value: f64) -> String {
        let mut text = String::new();
        write_value(value, &mut text);
        text
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        assert_eq!(decimal(0.1), "0.1");
        assert_eq!(decimal(-0.0), "-0");
        assert_eq!(decimal(1e21), "1000000000000000000000");
        assert_eq!(decimal(1e-7), "0.0000001");
        assert_eq!(decimal(f64::INFINITY), "+Inf");
        assert_eq!(decimal(f64::NEG_INFINITY), "-Inf");
        assert_eq!(decimal(f64::NAN), "NaN");
        assert_eq!(
            decimal(1_323_488_980_084_844.0 + 0.25),
            "1323488980084844.2"
        );
        assert_eq!(
            decimal(1_323_488_980_084_844.0 + 0.75),
            "1323488980084844.8"
        );
        assert_eq!(decimal(154_755_815_465_571.0 + 0.625), "154755815465571.62");
        assert_eq!(decimal(651_963_054_022_607.0 + 0.25), "651963054022607.2");
        assert_eq!(
            (decimal(0.5), decimal(2.25), decimal(-7.0)),
            ("0.5".into(), "2.25".into(), "-7".into())
        );
        assert_eq!(decimal(1.0 / 3.0), "0.3333333333333333");
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(20_000))]
        /// Of every bit pattern, and of numbers as they are measured.
        #[test]
        fn the_fewest_digits_that_read_back(bits: u64, thousandths in -1_000_000_000_i64..1_000_000_000) {
            for value in [f64::from_bits(bits), thousandths as f64 / 1_000.0, thousandths as f64] {
                let text = decimal(value);
                if value.is_finite() {
                    let rusts = format!("{value}");
                    proptest::prop_assert_eq!(text.len(), rusts.len(), "{} {}", text, rusts);
                    proptest::prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
                }
            }
        }
    }

    #[test]
    fn very_large_and_small_values_have_an_exponent() {
        assert_eq!(value(1e21), "1e+21");
        assert_eq!(value(-1.5e-7), "-1.5e-07");
        assert_eq!(value(1e300), "1e+300");
        assert_eq!(value(123_456_789.0), "123456789");
        assert_eq!(value(0.0), "0");
    }

    #[test]
    fn instants_are_seconds() {
        let seconds = |ms| {
            let mut text = String::new();
            write_seconds(ms, &mut text);
            text
        };
        assert_eq!(seconds(1_435_781_451_781), "1435781451.781");
        assert_eq!(seconds(1_435_781_451_000), "1435781451");
        assert_eq!(seconds(-1_050), "-1.050");
    }
}
