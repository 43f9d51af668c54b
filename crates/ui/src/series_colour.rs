//! Which of the eight series colours a series has: the same on every page, for ever.
//!
//! The colours themselves are `--series-1` to `--series-8` in `style/tokens.css`, after Okabe and
//! Ito's colour-blind-safe set, darkened or lightened until each has a contrast of 3 with its theme.

/// The eight colours as CSS names. `Chart` replaces them by the theme's colours when it draws, so
/// that an option tree is the same in both themes.
pub fn palette() -> [&'static str; 8] {
    [
        "var(--series-1)",
        "var(--series-2)",
        "var(--series-3)",
        "var(--series-4)",
        "var(--series-5)",
        "var(--series-6)",
        "var(--series-7)",
        "var(--series-8)",
    ]
}

/// A text's hash, the same between builds and machines: FNV-1a of 32 bits.
pub(crate) fn fnv_1a(text: &str) -> u32 {
    let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, fold)
}

/// Which colour a series has, 0 to 7, by its id.
pub fn series_colour_index(id: &str) -> u8 {
    let hash = fnv_1a(id);
    // The low bits of FNV mix poorly over near ids; fold the high half in.
    u8::try_from((hash ^ (hash >> 16)) % 8).unwrap_or(0)
}

/// The colour of a series as a CSS name.
pub fn series_colour(id: &str) -> &'static str {
    palette()[usize::from(series_colour_index(id))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_keeps_its_colour() {
        // Written down: a change of the hash would repaint everybody's charts.
        assert_eq!(series_colour_index("db-1:/var"), 1);
        assert_eq!(series_colour_index("sku-7"), 7);
    }

    #[test]
    fn numbered_series_spread_over_all_colours() {
        let mut seen = [0_u32; 8];
        for number in 0..800 {
            seen[usize::from(series_colour_index(&format!("sku-{number}")))] += 1;
        }
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
    }
}
