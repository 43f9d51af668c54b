//! Fewer points for a chart, none of its peaks lost.

use crate::Sample;

/// At most `most` of the samples, in their order, for a chart that is not wide enough for all.
///
/// The first and the last sample stay, and so do the lowest and the highest of every stretch between them,
/// so that a one-minute spike is still seen on a yearly chart, which averaging or plain striding would hide.
/// (Jugel and others, "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 7 (2014), keeps these too.)
/// Samples that are not finite are dropped.
pub fn thin(samples: &[Sample], most: usize) -> Vec<Sample> {
    let finite: Vec<Sample> = samples
        .iter()
        .copied()
        .filter(|sample| sample.value.is_finite())
        .collect();
    if finite.len() <= most {
        return finite;
    }
    if most < 4 {
        // Too few for the ends and one pair of extremes: the newest say most.
        return finite[finite.len() - most..].to_vec();
    }
    let inner = &finite[1..finite.len() - 1];
    let stretches = (most - 2) / 2;
    let mut kept = Vec::with_capacity(most);
    kept.push(finite[0]);
    for stretch in 0..stretches {
        let part =
            &inner[stretch * inner.len() / stretches..(stretch + 1) * inner.len() / stretches];
        let by_value = |a: &(usize, &Sample), b: &(usize, &Sample)| a.1.value.total_cmp(&b.1.value);
        let lowest = part
            .iter()
            .enumerate()
            .min_by(by_value)
            .map(|(index, _)| index);
        let highest = part
            .iter()
            .enumerate()
            .max_by(by_value)
            .map(|(index, _)| index);
        if let (Some(lowest), Some(highest)) = (lowest, highest) {
            kept.push(part[lowest.min(highest)]);
            if lowest != highest {
                kept.push(part[lowest.max(highest)]);
            }
        }
    }
    kept.push(finite[finite.len() - 1]);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_single_spike_survives() {
        let mut samples: Vec<Sample> = (0..10_000).map(|at| Sample::new(at, 1.0)).collect();
        samples[7_777].value = 99.0;
        samples[1_234].value = -5.0;
        let thinned = thin(&samples, 50);
        assert!(thinned.iter().any(|sample| sample.value > 98.0));
        assert!(thinned.iter().any(|sample| sample.value < -4.0));
    }

    #[test]
    fn the_newest_sample_is_always_kept() {
        let samples: Vec<Sample> = (0..100)
            .map(|at| Sample::new(at, f64::from(i32::try_from(at).unwrap())))
            .collect();
        for most in 1..100 {
            assert_eq!(thin(&samples, most).last(), samples.last());
        }
    }

    proptest! {
        #[test]
        fn there_are_never_more_than_asked_and_time_never_runs_back(
            values in prop::collection::vec(-10.0_f64..10.0, 0..300), most in 0_usize..60,
        ) {
            let samples: Vec<Sample> =
                (0_i64..).zip(&values).map(|(at, value)| Sample::new(at, *value)).collect();
            let thinned = thin(&samples, most);
            prop_assert!(thinned.len() <= most.min(samples.len()));
            prop_assert!(thinned.windows(2).all(|pair| pair[0].at_us < pair[1].at_us));
        }
    }
}
