//! Units beside numbers: currency signs, currency codes, percent.

/// The unit that a cell shows beside its number: a currency's code, or `%`.
pub(crate) fn unit_of(cell: &str) -> Option<&'static str> {
    let text = cell.trim();
    if text.ends_with('%') {
        return Some("%");
    }
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    SIGNS
        .iter()
        .find(|(sign, _)| text.contains(sign))
        .map(|&(_, code)| code)
        .or_else(|| {
            CODES
                .iter()
                .copied()
                .find(|code| text.starts_with(code) || text.ends_with(code))
        })
}

/// The same, looked for only where the cell is more than its number.
pub(crate) fn unit_beside(cell: &str) -> Option<&'static str> {
    let bare = cell.trim_start_matches(['-', '+']).as_bytes();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if is_digit(bare.first()) && is_digit(bare.last()) {
        return None;
    }
    unit_of(cell)
}

/// A currency's code, if the text is one.
pub(crate) fn currency_code(text: &str) -> Option<&'static str> {
    CODES
        .iter()
        .copied()
        .find(|code| code.eq_ignore_ascii_case(text))
}

/// Takes off one currency sign or code at either end.
pub(crate) fn strip_currency(text: &str) -> &str {
    for (sign, _) in SIGNS {
        if let Some(rest) = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)) {
            return rest;
        }
    }
    for code in CODES {
        if let Some(rest) = text.strip_prefix(code).or_else(|| text.strip_suffix(code)) {
            return rest;
        }
    }
    text
}

/// Signs and the code each stands for; longer ones first, since `$` is part of `R$`.
const SIGNS: [(&str, &str); 18] = [
    ("US$", "USD"),
    ("CA$", "CAD"),
    ("AU$", "AUD"),
    ("NZ$", "NZD"),
    ("HK$", "HKD"),
    ("R$", "BRL"),
    ("€", "EUR"),
    ("$", "USD"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("₩", "KRW"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("₽", "RUB"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Fr.", "CHF"),
];

/// Codes that may stand beside a number. A list, since `12 CPU` is not money.
const CODES: [&str; 40] = [
    "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "UAH", "RUB", "BRL", "MXN", "ARS", "CLP", "COP",
    "ZAR", "ILS", "AED", "SAR", "SGD", "HKD", "TWD", "KRW", "THB", "MYR", "IDR", "PHP", "VND",
    "EGP",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_gives_its_unit_away() {
        assert_eq!(unit_of("€ 12,00"), Some("EUR"));
        assert_eq!(unit_of("12.00 CHF"), Some("CHF"));
        assert_eq!(unit_of("45 %"), Some("%"));
        assert_eq!(unit_of("12"), None);
    }
}
