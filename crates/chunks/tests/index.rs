//! The index answers what a walk over every series would.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy does not see that these functions are tests"
)]

use chunks::{Entry, Index, SeriesRef};
use proptest::prelude::*;
use series::Labels;
use series::{MatchOp, Matcher};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::new(pairs.iter().copied()).unwrap()
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex)
    ];
    let name = prop_oneof![Just("a"), Just("b"), Just("c"), Just("none")];
    let value = prop_oneof![
        Just(""),
        Just("1"),
        Just("2"),
        Just("1|2"),
        Just("1|"),
        Just(".*"),
        Just(".+"),
        Just("[1-3]")
    ];
    (name, op, value).prop_map(|(name, op, value)| Matcher::new(name, op, value).unwrap())
}

proptest! {
    #[test]
    fn selecting_is_what_a_walk_would_find(
        sets in prop::collection::btree_set((0u8..4, 0u8..6, 0u8..4), 0..60),
        removed in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        matchers in prop::collection::vec(matcher(), 0..4),
    ) {
        let mut index = Index::default();
        let (mut numbers, mut known) = (Vec::new(), Vec::new());
        for (a, b, c) in sets {
            let [a, b, c] = [a, b, c].map(|n| if n == 0 { String::new() } else { n.to_string() });
            let labels = labels(&[("__name__", "m"), ("a", &a), ("b", &b), ("c", &c)]);
            let number = index.reserve();
            index.insert(number, Entry { source: 1, labels: labels.clone() });
            prop_assert_eq!(index.find(1, labels.as_ref()), Some(number));
            prop_assert_eq!(index.find(2, labels.as_ref()), None);
            numbers.push(number);
            known.push(labels);
        }
        for at in removed {
            if !numbers.is_empty() {
                let number = numbers.swap_remove(at.index(numbers.len()));
                let entry = index.remove(number).unwrap();
                prop_assert_eq!(index.find(1, entry.labels.as_ref()), None);
            }
        }
        // Many at a time, also what is gone, twice, and as if another had sent it.
        for source in [1, 2] {
            let wanted = || known.iter().chain(&known).map(|labels| labels.as_ref());
            let alone: Vec<_> = wanted().map(|labels| index.find(source, labels)).collect();
            let mut together = vec![Some(SeriesRef(0))];
            index.find_all(source, wanted(), &mut together);
            prop_assert_eq!(together, alone);
        }
        let walked: Vec<SeriesRef> = index
            .iter()
            .filter(|(_, e)| matchers.iter().all(|m| m.matches(e.labels.as_ref().get(m.name()))))
            .map(|(number, _)| number)
            .collect();
        prop_assert_eq!(&index.select(&matchers), &walked);
        prop_assert_eq!(index.select(&[]).len(), numbers.len());
        let all: Vec<_> = index.iter().map(|(n, _)| n).collect();
        prop_assert_eq!(index.label_names(None), index.label_names(Some(&all)));
        prop_assert_eq!(index.label_values("b", None), index.label_values("b", Some(&all)));
    }
}

#[test]
fn numbers_are_given_out_once_and_again_after_they_are_free() {
    let mut index = Index::default();
    let entry = |v: &str| Entry {
        source: 1,
        labels: labels(&[("a", v)]),
    };
    index.insert(SeriesRef(2), entry("2"));
    index.insert(SeriesRef(4), entry("4"));
    index.find_free();
    let given: Vec<_> = (0..3).map(|_| index.reserve().0).collect();
    assert_eq!(given, [1, 3, 5]);
    index.take_back(SeriesRef(3));
    assert_eq!(index.reserve(), SeriesRef(3));
}
