//! Recording rules: added as sources, changed, left alone, and removed with them.

use api::{Direction, Domain, Limit, RecordingState, SourceKind, Unit};
use store::{NewRecording, NewSeries, StoreError};

use crate::harness::{Home, at, on_both};

on_both!(
    a_rule_is_a_source_and_goes_with_it,
    an_evaluation_of_an_older_rule_is_forgotten,
    a_limit_moves_where_nobody_moved_it_by_hand,
    nothing_is_expected_of_a_rule_that_is_left_alone,
);

const OVER: Limit = Limit {
    value: 95.0,
    direction: Direction::Rising,
};

fn a_rule() -> NewRecording<'static> {
    NewRecording {
        name: "Disk used",
        expression: "100 * (1 - avail / size)",
        every_seconds: 300,
        unit: &Unit::Percent,
        domain: Domain::Machine,
        limit: Some(OVER),
        done_until: at(5),
    }
}

async fn a_rule_is_a_source_and_goes_with_it(home: Home) {
    let store = &home.store;
    let id = store.insert_recording(&a_rule(), at(0)).await.unwrap();
    let other = NewRecording {
        name: "another",
        limit: None,
        ..a_rule()
    };
    store.insert_recording(&other, at(0)).await.unwrap();
    let all = store.recordings().await.unwrap();
    let names: Vec<_> = all.iter().map(|r| r.rule.name.as_str()).collect();
    assert_eq!(names, ["another", "Disk used"]);
    let kept = store.recording(&id).await.unwrap().unwrap();
    assert_eq!(kept, all[1]);
    assert_eq!((kept.rule.limit, all[0].rule.limit), (Some(OVER), None));
    assert_eq!(
        (kept.rule.unit, kept.rule.done_until),
        (Unit::Percent, at(5))
    );
    assert_eq!(kept.rule.state, RecordingState::Waiting);
    let source = store.source(&id).await.unwrap().unwrap();
    assert_eq!(
        (source.kind, source.expected_every_seconds),
        (SourceKind::Recording, Some(300))
    );
    assert!(store.delete_source(&id).await.unwrap());
    assert_eq!(store.recording(&id).await.unwrap(), None);
    assert_eq!(home.count("select count(*) from recording_rule").await, 1);
}

async fn an_evaluation_of_an_older_rule_is_forgotten(Home { store, .. }: Home) {
    let id = store.insert_recording(&a_rule(), at(0)).await.unwrap();
    let went = RecordingState::Recorded { series: 3 };
    store.put_recorded(&id, 1, at(9), &went).await.unwrap();
    let kept = store.recording(&id).await.unwrap().unwrap();
    assert_eq!(
        (kept.rule.done_until, kept.rule.state),
        (at(9), went.clone())
    );
    let changed = NewRecording {
        name: "Disk\0full",
        done_until: at(1),
        ..a_rule()
    };
    let change = store.change_recording(&id, &changed, Some(OVER), at(9));
    change.await.unwrap();
    store.put_recorded(&id, 1, at(99), &went).await.unwrap();
    let kept = store.recording(&id).await.unwrap().unwrap();
    assert_eq!((kept.revision, kept.rule.done_until), (2, at(1)));
    assert_eq!(kept.rule.state, RecordingState::Waiting);
    assert_eq!(kept.rule.name, "Disk full");
    let failed = RecordingState::Failed { why: "No.".into() };
    store.put_recorded(&id, 2, at(2), &failed).await.unwrap();
    let kept = store.recording(&id).await.unwrap().unwrap();
    assert_eq!(kept.rule.state, failed);
    let none = "none".into();
    let gone = store.change_recording(&none, &changed, None, at(9));
    assert!(matches!(gone.await, Err(StoreError::Missing)));
}

async fn a_limit_moves_where_nobody_moved_it_by_hand(Home { store, .. }: Home) {
    let id = store.insert_recording(&a_rule(), at(0)).await.unwrap();
    let new = |key: &str, limit| NewSeries {
        key: key.into(),
        name: "disk".into(),
        title: key.into(),
        labels: Vec::new(),
        unit: Unit::Percent,
        aggregation: api::Aggregation::Last,
        domain: Domain::Machine,
        non_negative: false,
        limit,
        stake: None,
    };
    let by_hand = Limit {
        value: 50.0,
        ..OVER
    };
    let new = [
        new("a", Some(OVER)),
        new("b", Some(by_hand)),
        new("c", None),
    ];
    let ids = store.resolve_series(&id, &new, at(0)).await.unwrap();
    let limits = async || {
        let mut limits = Vec::new();
        for id in &ids {
            limits.push(store.series(id).await.unwrap().unwrap().limit);
        }
        limits
    };
    let none = NewRecording {
        limit: None,
        ..a_rule()
    };
    let change = store.change_recording(&id, &none, Some(OVER), at(9));
    change.await.unwrap();
    assert_eq!(limits().await, [None, Some(by_hand), None]);
    let back = a_rule();
    let change = store.change_recording(&id, &back, None, at(9));
    change.await.unwrap();
    assert_eq!(limits().await, [Some(OVER), Some(by_hand), Some(OVER)]);
}

async fn nothing_is_expected_of_a_rule_that_is_left_alone(Home { store, .. }: Home) {
    let id = store.insert_recording(&a_rule(), at(0)).await.unwrap();
    store.pause_recording(&id, true).await.unwrap();
    let expected = async || {
        let source = store.source(&id).await.unwrap().unwrap();
        source.expected_every_seconds
    };
    assert_eq!(expected().await, None);
    store.pause_recording(&id, false).await.unwrap();
    assert_eq!(expected().await, Some(300));
    let gone = store.pause_recording(&"none".into(), true).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}
