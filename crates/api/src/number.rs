//! Numbers as people type them.

use crate::{Error, Result};

/// Reads a number as people type it, none where nothing stands: a decimal comma is as good as a point,
/// and thousands may be set off by spaces, apostrophes, or the mark that is not the decimal one.
///
/// # Errors
/// Of that field, where it is no number or could be two.
pub fn read_number(field: &str, text: &str) -> Result<Option<f64>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match typed(text).filter(|value| value.is_finite()) {
        Some(value) => Ok(Some(value)),
        None => Err(Error::field(
            field,
            format!(
                "“{text}” is not a number that reads one way only. Write it as 90, 12.5, 12,5, 1234, 1 234 or 1'234."
            ),
        )),
    }
}

/// A number as people type it; `None` where it is none or could be two.
fn typed(text: &str) -> Option<f64> {
    if let Ok(plain) = text.parse() {
        return Some(plain);
    }
    let minus = text.starts_with(['-', '−']);
    let rest = text.strip_prefix(['-', '−', '+']).unwrap_or(text);
    let (whole, fraction) = match rest.rsplit_once([',', '.']) {
        Some((whole, fraction)) => {
            let mark = rest.get(whole.len()..)?.chars().next()?;
            match set_off(whole, mark, fraction) {
                SetOff::Decimals => (whole, fraction),
                SetOff::Thousands => (rest, ""),
                SetOff::Either => return None,
            }
        }
        None => (rest, ""),
    };
    let whole = ungrouped(whole)?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: f64 = format!("{whole}.{fraction}").parse().ok()?;
    Some(if minus { -number } else { number })
}

/// What the last comma or point of a number sets off.
enum SetOff {
    Decimals,
    Thousands,
    /// 1,234 is a thousand to one reader and a little more than one to the next.
    Either,
}

fn set_off(whole: &str, mark: char, fraction: &str) -> SetOff {
    if whole.contains(mark) {
        return SetOff::Thousands;
    }
    let plain = whole.bytes().all(|byte| byte.is_ascii_digit());
    let group = plain && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    match (mark, fraction) {
        // Nobody writes three noughts for decimals.
        (',', "000") if group => SetOff::Thousands,
        (',', _) if group && fraction.len() == 3 => SetOff::Either,
        _ => SetOff::Decimals,
    }
}

/// Digits without what stands between groups of three.
fn ungrouped(whole: &str) -> Option<String> {
    // Those that imports know.
    const BETWEEN: [char; 8] = [
        ',', '.', ' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}',
    ];
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let Some(mark) = whole.chars().find(|c| BETWEEN.contains(c)) else {
        return digits(whole).then(|| whole.to_owned());
    };
    let (first, others) = whole.split_once(mark)?;
    let first_fits = digits(first) && (1..=3).contains(&first.len()) && !first.starts_with('0');
    let mut others = others.split(mark);
    let fits = first_fits && others.all(|part| part.len() == 3 && digits(part));
    fits.then(|| whole.chars().filter(|c| *c != mark).collect())
}
