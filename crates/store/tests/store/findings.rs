//! Findings: replaced by the next scan unless somebody judged them, and when series are due.

use api::{
    Aspect, ChangePoint, Changed, Domain, Evidence, Finding, Instant, Range, SeriesId, Verdict,
    WhyUnknown,
};
use store::{ScanOutcome, StoreError, StoredScan};

use crate::harness::{Home, at, filled, on_both};

on_both!(
    a_scan_takes_the_place_of_the_one_before,
    what_was_judged_stays_as_it_was,
    thresholds_are_set_and_given_back,
    a_series_is_looked_at_when_it_changed_and_its_time_has_come,
    findings_go_with_their_series,
);

fn a_finding(id: &SeriesId, begins: i64, score: f64) -> Finding {
    Finding {
        series: id.clone(),
        title: "Series 0".into(),
        unit: String::new(),
        domain: Domain::Machine,
        begins: at(begins),
        last: at(begins + 3),
        worst: at(begins + 1),
        period_seconds: 60,
        score,
        p_value: 0.001,
        q_value: 1.0,
        value: 9.5,
        expected: Some(3.0),
        usual: 1.5,
        evidence: vec![Evidence {
            of: Aspect::Jump,
            strength: 2.5,
        }],
        similar: vec![Range {
            from: at(-9),
            to: at(-5),
        }],
        during: Vec::new(),
        verdict: None,
    }
}

fn a_scan(scanned: i64, next: i64) -> StoredScan {
    StoredScan {
        scanned_at: at(scanned),
        next_at: at(next),
        points: 2,
        outcome: ScanOutcome::Scored {
            from: at(0),
            step: "1 min".into(),
            scores: vec![Some(0), None, Some(9_321)],
            changes: vec![ChangePoint {
                at: at(40),
                of: Changed::Spread,
                before: 1.5,
                after: 0.25,
            }],
        },
    }
}

fn ever() -> Range {
    Range {
        from: Instant(i64::MIN),
        to: Instant(i64::MAX),
    }
}

async fn a_scan_takes_the_place_of_the_one_before(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    let id = &ids[0];
    assert_eq!(store.scan(id).await.unwrap(), None);
    let old = [a_finding(id, 1, 0.8), a_finding(id, 50, 0.85)];
    store
        .put_scan(id, &a_scan(1, 2), at(0), &old)
        .await
        .unwrap();
    // A second scan that knows only what is after 40.
    let new = [a_finding(id, 50, 0.9), a_finding(id, 90, 0.95)];
    store
        .put_scan(id, &a_scan(5, 6), at(40), &new)
        .await
        .unwrap();
    assert_eq!(store.scan(id).await.unwrap(), Some(a_scan(5, 6)));
    let kept = store.findings_of(id, ever(), 9).await.unwrap();
    assert_eq!(kept, [new[1].clone(), new[0].clone(), old[0].clone()]);
    let some = Range {
        from: at(4),
        to: at(90),
    };
    let touched = store.findings_of(id, some, 9).await.unwrap();
    assert_eq!(touched, [new[0].clone(), old[0].clone()]);
    assert_eq!(store.findings_of(&ids[1], ever(), 9).await.unwrap(), []);
    let newest = store.findings(at(60), 9).await.unwrap();
    assert_eq!(newest, [new[1].clone()]);
    let judged = store.points_judged().await.unwrap();
    assert_eq!(judged, [("1 min".to_owned(), 2)]);
    let unknown = StoredScan {
        points: 0,
        outcome: ScanOutcome::Unknown(WhyUnknown::NotEnough { have: 1, need: 9 }),
        ..a_scan(7, 8)
    };
    store.put_scan(id, &unknown, at(0), &[]).await.unwrap();
    assert_eq!(store.scan(id).await.unwrap(), Some(unknown));
    assert_eq!(store.points_judged().await.unwrap(), []);
    assert_eq!(store.findings_of(id, ever(), 9).await.unwrap(), []);
}

async fn what_was_judged_stays_as_it_was(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    let id = &ids[0];
    let findings = [a_finding(id, 1, 0.8), a_finding(id, 50, 0.85)];
    store
        .put_scan(id, &a_scan(1, 2), at(0), &findings)
        .await
        .unwrap();
    let say = |begins: i64, verdict, when| store.judge(id, at(begins), verdict, at(when));
    say(50, Some(Verdict::Yes), 100).await.unwrap();
    say(1, Some(Verdict::No), 101).await.unwrap();
    let missing = say(2, Some(Verdict::No), 102).await;
    assert!(matches!(missing, Err(StoreError::Missing)));
    let said = store.judgements(id).await.unwrap();
    let said: Vec<_> = said
        .iter()
        .map(|j| (j.begins, j.verdict, j.judged_at))
        .collect();
    assert_eq!(
        said,
        [
            (at(50), Verdict::Yes, at(100)),
            (at(1), Verdict::No, at(101))
        ]
    );
    let again = [a_finding(id, 50, 0.99)];
    store
        .put_scan(id, &a_scan(3, 4), at(0), &again)
        .await
        .unwrap();
    let kept = store.findings_of(id, ever(), 9).await.unwrap();
    let kept: Vec<_> = kept
        .iter()
        .map(|f| (f.begins, f.score, f.verdict))
        .collect();
    assert_eq!(
        kept,
        [
            (at(50), 0.85, Some(Verdict::Yes)),
            (at(1), 0.8, Some(Verdict::No))
        ]
    );
    // What somebody called nothing is not listed among all.
    assert_eq!(store.findings(at(0), 9).await.unwrap().len(), 1);
    say(1, None, 103).await.unwrap();
    assert_eq!(store.judgements(id).await.unwrap().len(), 1);
}

async fn thresholds_are_set_and_given_back(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    let id = &ids[0];
    assert_eq!(store.threshold(id).await.unwrap(), None);
    store.set_threshold(id, Some(0.7), at(1)).await.unwrap();
    assert_eq!(store.threshold(id).await.unwrap(), Some((Some(0.7), at(1))));
    store.set_threshold(id, None, at(2)).await.unwrap();
    assert_eq!(store.threshold(id).await.unwrap(), Some((None, at(2))));
    let gone = store.set_threshold(&"none".into(), None, at(1)).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

async fn a_series_is_looked_at_when_it_changed_and_its_time_has_come(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    let id = &ids[0];
    assert_eq!(store.scan_due(at(9), 9).await.unwrap(), []);
    let record = |seconds: i64| [(id, at(seconds), 1.0)];
    store.record(&record(1), at(1)).await.unwrap();
    assert_eq!(store.scan_due(at(2), 9).await.unwrap(), ids[..1]);
    store
        .put_scan(id, &a_scan(2, 10), at(0), &[])
        .await
        .unwrap();
    assert_eq!(store.scan_due(at(20), 9).await.unwrap(), [], "no news");
    store.record(&record(5), at(5)).await.unwrap();
    assert_eq!(store.scan_due(at(9), 9).await.unwrap(), [], "too early");
    assert_eq!(store.scan_due(at(10), 9).await.unwrap(), ids[..1]);
    store
        .put_scan(id, &a_scan(999, 9_999), at(0), &[])
        .await
        .unwrap();
    let future = store.scan_due(at(11), 9).await.unwrap();
    assert_eq!(future, ids[..1], "looked at in the future");
}

async fn findings_go_with_their_series(home: Home) {
    let store = &home.store;
    let (source, ids) = filled(store, "a", 1).await;
    let findings = [a_finding(&ids[0], 1, 0.8)];
    store
        .put_scan(&ids[0], &a_scan(1, 2), at(0), &findings)
        .await
        .unwrap();
    store.set_threshold(&ids[0], None, at(2)).await.unwrap();
    store.delete_source(&source).await.unwrap();
    assert_eq!(home.count("select count(*) from finding").await, 0);
    assert_eq!(home.count("select count(*) from finding_scan").await, 0);
    assert_eq!(
        home.count("select count(*) from finding_threshold").await,
        0
    );
    let late = store.put_scan(&ids[0], &a_scan(1, 2), at(0), &[]).await;
    assert!(matches!(late, Err(StoreError::Missing)));
}
