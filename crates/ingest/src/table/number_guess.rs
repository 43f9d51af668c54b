//! The decimal mark of a file, from all its sampled cells.

use super::number::{NumberFormat, NumberProblem, parse_number};
use super::{Decimal, Separator};

/// Whether any cell settled the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecimalGuess {
    pub(crate) decimal: Decimal,
    pub(crate) ambiguous: bool,
}

/// Decides by all cells: `12,5` can only have a decimal comma, `1,234.5` only a point, while
/// `1,234` fits both.
pub(crate) fn guess_decimal<'a>(
    cells: impl Iterator<Item = &'a str>,
    separator: Separator,
) -> DecimalGuess {
    let (mut point, mut comma) = (0_u32, 0_u32);
    let (mut either_comma, mut either_point) = (0_u32, 0_u32);
    for cell in cells.filter(|cell| cell.contains(['.', ',']) && cell.len() < 40) {
        match (read(cell, Decimal::Point), read(cell, Decimal::Comma)) {
            (Ok(Some(_)), Err(_)) => point += 1,
            (Err(_), Ok(Some(_))) => comma += 1,
            (Ok(Some(a)), Ok(Some(b))) if a.to_bits() != b.to_bits() => {
                if cell.contains(',') {
                    either_comma += 1;
                } else {
                    either_point += 1;
                }
            }
            _ => {}
        }
    }
    // Files whose cells are set off by semicolons are so because the comma was taken.
    let by_habit = if separator == Separator::Semicolon {
        Decimal::Comma
    } else {
        Decimal::Point
    };
    match point.cmp(&comma) {
        std::cmp::Ordering::Greater => DecimalGuess {
            decimal: Decimal::Point,
            ambiguous: false,
        },
        std::cmp::Ordering::Less => DecimalGuess {
            decimal: Decimal::Comma,
            ambiguous: false,
        },
        std::cmp::Ordering::Equal => DecimalGuess {
            decimal: by_habit,
            ambiguous: either_comma + either_point > 0 || point > 0,
        },
    }
}

fn read(cell: &str, decimal: Decimal) -> Result<Option<f64>, NumberProblem> {
    parse_number(
        cell,
        &NumberFormat {
            decimal,
            thousands: decimal.usual_thousands(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(cells: &[&str], separator: Separator) -> (Decimal, bool) {
        let guess = guess_decimal(cells.iter().copied(), separator);
        (guess.decimal, guess.ambiguous)
    }

    #[test]
    fn one_telling_cell_settles_the_mark_for_all() {
        assert_eq!(
            guessed(&["1.234", "2.345", "12,5"], Separator::Semicolon),
            (Decimal::Comma, false)
        );
        assert_eq!(
            guessed(&["1,234", "2,345.5"], Separator::Comma),
            (Decimal::Point, false)
        );
        assert_eq!(
            guessed(&["0.123"], Separator::Semicolon),
            (Decimal::Point, false)
        );
        assert_eq!(
            guessed(&["1.234.567"], Separator::Comma),
            (Decimal::Comma, false)
        );
    }

    #[test]
    fn where_no_cell_tells_the_separator_decides_and_a_person_is_asked() {
        assert_eq!(
            guessed(&["1,234"], Separator::Comma),
            (Decimal::Point, true)
        );
        assert_eq!(
            guessed(&["1.234"], Separator::Semicolon),
            (Decimal::Comma, true)
        );
        assert_eq!(
            guessed(&["12", "13"], Separator::Comma),
            (Decimal::Point, false)
        );
    }
}
