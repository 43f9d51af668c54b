//! What was taken, where nothing but the stock itself is counted.

/// How much was taken in each period, of the levels at their ends: as much as the level fell.
///
/// The first answer belongs to the second level.
/// Where the level rose something came in, and nobody knows how much was taken beside it: `None`.
pub fn taken(levels: &[f64]) -> Vec<Option<f64>> {
    levels
        .windows(2)
        .map(|pair| {
            let fell = pair[0] - pair[1];
            // Zero is added because nothing taken is not "-0".
            (fell >= 0.0 && fell.is_finite()).then_some(fell + 0.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_hides_what_was_taken() {
        let taken = taken(&[10.0, 7.0, 7.0, 30.0, 29.0]);
        assert_eq!(taken, [Some(3.0), Some(0.0), None, Some(1.0)]);
    }
}
