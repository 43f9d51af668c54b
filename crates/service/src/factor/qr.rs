//! A text as a QR code that a page draws as one path.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Modules of light around it that readers need.
const QUIET: usize = 4;

/// How many units a side has, and the dark modules as a path; none where the text is too long.
pub(super) fn draw(text: &str) -> Option<(u32, String)> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let length = run.len();
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
            }
            x += run.len();
        }
    }
    Some((u32::try_from(width + 2 * QUIET).ok()?, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_begins_with_the_mark_in_its_corner_and_a_novel_has_none() {
        let (side, path) = draw("otpauth://totp/Millrace:a@b.c?secret=ABC").unwrap();
        assert!(path.starts_with("M4 4h7v1h-7z"), "{path}");
        assert_eq!((side - 8) % 4, 1);
        assert_eq!(draw(&"long ".repeat(1_000)), None);
    }
}
