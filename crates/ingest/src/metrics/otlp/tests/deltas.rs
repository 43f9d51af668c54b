//! Differences that are added up.

use super::*;

/// Plans and commits; what the batch holds then.
fn added(state: &mut DeltaState, request: &Encoder) -> Received {
    let mut received = protobuf(request);
    assert!(received.batch.is_empty() || received.batch.samples() == 0);
    let plan = state.plan(&mut received, &Limits::default()).unwrap();
    state.commit(plan);
    received
}

#[test]
fn deltas_are_added_up_and_a_repeated_request_counts_once() {
    let mut state = DeltaState::new(10);
    let first = sum(1, &[number(AT, 3.0), number(AT + 1_000_000_000, 4.0)]);
    let received = added(&mut state, &first);
    let values: Vec<_> = received
        .batch
        .series()
        .map(|s| s.samples[0].value)
        .collect();
    assert_eq!((values, received.points), (vec![3.0, 7.0], 2));
    let again = added(&mut state, &first);
    assert_eq!(again.refused.count(Reason::DeltaOutOfOrder), 2);
    assert_eq!((again.points, again.batch.samples()), (0, 0));
    let received = added(&mut state, &sum(1, &[number(AT + 2_000_000_000, 1.0)]));
    assert_eq!(first_value(&received), Some(8.0));
    // An end is told, and what comes after it begins anew.
    let end = Encoder::default()
        .fixed64(3, AT + 3_000_000_000)
        .varint(8, 1);
    assert!(
        added(&mut state, &sum(1, &[end]))
            .batch
            .series()
            .all(|s| s.samples[0].is_stale())
    );
    assert!(state.is_empty());
    let received = added(&mut state, &sum(1, &[number(AT + 4_000_000_000, 2.0)]));
    assert_eq!(first_value(&received), Some(2.0));
    assert_eq!(
        (state.len(), state.forget(i64::MAX), state.len()),
        (1, 1, 0)
    );
}

#[test]
fn a_delta_that_would_stay_in_the_total_for_ever_is_refused() {
    let mut state = DeltaState::new(10);
    let point = |second: u64, value: f64| number(AT + second * 1_000_000_000, value);
    let request = sum(
        1,
        &[
            point(0, 3.0),
            point(1, f64::NAN),
            point(2, f64::INFINITY),
            point(3, -1.0),
            point(4, 2.0),
        ],
    );
    let received = added(&mut state, &request);
    assert_eq!(received.refused.count(Reason::BadDelta), 3);
    let values = received.batch.series().map(|s| s.samples[0].value);
    assert_eq!(values.collect::<Vec<_>>(), [3.0, 5.0]);
}

#[test]
fn a_plan_that_is_not_committed_changes_nothing() {
    let mut state = DeltaState::new(10);
    let mut received = protobuf(&sum(1, &[number(AT, 3.0)]));
    let _not_kept = state.plan(&mut received, &Limits::default()).unwrap();
    let received = added(&mut state, &sum(1, &[number(AT, 3.0)]));
    assert_eq!(first_value(&received), Some(3.0));
}

#[test]
fn a_full_state_refuses_new_series_only() {
    let mut state = DeltaState::new(1);
    added(&mut state, &sum(1, &[number(AT, 3.0)]));
    let attribute = Encoder::default()
        .text(1, "a")
        .message(2, Encoder::default().text(1, "b"));
    let other = number(AT, 1.0).message(7, attribute);
    let received = added(&mut state, &sum(1, &[other, number(AT + 1_000_000, 1.0)]));
    assert_eq!(received.refused.count(Reason::DeltaStateFull), 1);
    assert_eq!(received.points, 1);
}

#[test]
fn a_series_that_is_known_takes_no_room_of_a_new_one() {
    let mut state = DeltaState::new(2);
    added(&mut state, &sum(1, &[number(AT, 3.0)]));
    let attribute = Encoder::default()
        .text(1, "a")
        .message(2, Encoder::default().text(1, "b"));
    let other = number(AT, 1.0).message(7, attribute);
    let received = added(&mut state, &sum(1, &[number(AT + 1_000_000, 1.0), other]));
    assert!(received.refused.is_empty(), "{}", received.refused);
    assert_eq!(state.len(), 2);
}

#[test]
fn deltas_of_histograms_are_added_up() {
    let mut state = DeltaState::new(10);
    let histogram = |at, bounds: &[f64]| {
        let point = Encoder::default()
            .fixed64(3, at)
            .fixed64(4, 3)
            .double(5, 7.5)
            .packed_fixed64(6, &[1, 2])
            .packed_doubles(7, bounds);
        one_metric(
            Encoder::default()
                .text(1, "d")
                .message(9, Encoder::default().message(1, point).varint(2, 1)),
        )
    };
    let values = |received: Received| {
        received
            .batch
            .series()
            .map(|s| s.samples[0].value)
            .collect::<Vec<_>>()
    };
    added(&mut state, &histogram(AT, &[2.5]));
    let received = added(&mut state, &histogram(AT + 1_000_000, &[2.5]));
    assert_eq!(values(received), [2.0, 6.0, 15.0, 6.0]);
    // Other bounds cannot be added: it begins anew.
    let received = added(&mut state, &histogram(AT + 2_000_000, &[3.5]));
    assert_eq!(values(received), [1.0, 3.0, 7.5, 3.0]);
    let exponential = |at, scale, offset| {
        let point = Encoder::default()
            .fixed64(3, at)
            .fixed64(4, 1)
            .sint(6, scale)
            .message(8, Encoder::default().sint(1, offset).packed(2, &[1]));
        one_metric(
            Encoder::default()
                .text(1, "e")
                .message(10, Encoder::default().message(1, point).varint(2, 1)),
        )
    };
    added(&mut state, &exponential(AT, 1, 0));
    let received = added(&mut state, &exponential(AT + 1_000_000, 0, 1));
    // At scale 0: (1, 2] and (2, 4], one each.
    assert_eq!(values(received), [0.0, 0.0, 1.0, 2.0, 2.0, 2.0]);
}

proptest! {
    #[test]
    fn the_sum_of_deltas_is_their_sum(steps in proptest::collection::vec((1..9_u64, 0..1000_u32), 1..20)) {
        let mut state = DeltaState::new(1);
        let (mut at, mut total) = (AT, 0.0);
        for (seconds, value) in steps {
            at += seconds * 1_000_000_000;
            total += f64::from(value);
            let received = added(&mut state, &sum(1, &[number(at, f64::from(value))]));
            prop_assert_eq!(first_value(&received), Some(total));
        }
    }
}
