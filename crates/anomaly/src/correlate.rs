//! Which of many things belong together: those of one place that begin soon after one another.
//!
//! Beginnings and not overlaps: an alert that lasts for days would otherwise swallow all that its machine ever does.

/// Something that began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun<'a> {
    /// Where, such as a machine.
    pub place: &'a str,
    /// When, in microseconds.
    pub at_us: i64,
}

/// The things that belong together, by their places in `things`: each group earliest first, groups in no order.
///
/// A thing belongs to the group of its place whose latest member began at most `gap_us` before it.
pub fn correlate(things: &[Begun], gap_us: i64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..things.len()).collect();
    order.sort_by_key(|place| (things[*place].place, things[*place].at_us, *place));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut last: Option<Begun> = None;
    for number in order {
        let thing = things[number];
        let near = |last: Begun| {
            last.place == thing.place && thing.at_us.saturating_sub(last.at_us) <= gap_us
        };
        match groups.last_mut() {
            Some(group) if last.is_some_and(near) => group.push(number),
            _ => groups.push(vec![number]),
        }
        last = Some(thing);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_place_and_one_time_are_one_group() {
        let at = |place, at_us| Begun { place, at_us };
        let things = [
            at("db-1", 100),
            at("web-1", 101),
            at("db-1", 95),
            at("db-1", 108),
            at("db-1", 300),
        ];
        let groups = correlate(&things, 10);
        assert_eq!(groups, [vec![2, 0, 3], vec![4], vec![1]]);
    }

    proptest! {
        #[test]
        fn each_thing_is_in_one_group_of_its_place_and_neighbours_are_near(
            found in prop::collection::vec((0_u8..4, -1_000_i64..1_000), 0..60), gap in 0_i64..50,
        ) {
            let names = ["a", "b", "c", "d"];
            let things: Vec<Begun> = found
                .iter()
                .map(|(place, at_us)| Begun { place: names[usize::from(*place)], at_us: *at_us })
                .collect();
            let groups = correlate(&things, gap);
            let mut seen: Vec<usize> = groups.iter().flatten().copied().collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..things.len()).collect::<Vec<_>>());
            for group in &groups {
                for pair in group.windows(2) {
                    let (a, b) = (things[pair[0]], things[pair[1]]);
                    prop_assert!(a.place == b.place && (0..=gap).contains(&(b.at_us - a.at_us)));
                }
            }
        }
    }
}
