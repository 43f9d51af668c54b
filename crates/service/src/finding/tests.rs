//! What sensitivity follows from, and when a series is looked at again.

use super::*;
use series::Step;

fn said(verdict: Verdict, score: f64, second: i64) -> Judgement {
    Judgement {
        begins: Instant(second),
        last: Instant(second + 1),
        score,
        verdict,
        judged_at: Instant::from_seconds(second),
    }
}

#[test]
fn a_word_that_is_taken_back_leaves_no_trace() {
    let nothing = moved(anomaly::THRESHOLD, None, &[]);
    assert!((nothing.threshold - anomaly::THRESHOLD).abs() < 1e-12 && !nothing.by_hand);
    let no = moved(anomaly::THRESHOLD, None, &[said(Verdict::No, 0.82, 5)]);
    assert!(no.threshold > 0.82 && no.dismissed == 1);
    let wary = moved(0.9, None, &[]);
    assert!((wary.threshold - 0.9).abs() < 1e-12 && !wary.by_hand);
    let both = moved(
        anomaly::THRESHOLD,
        None,
        &[said(Verdict::No, 0.82, 5), said(Verdict::Yes, 0.9, 6)],
    );
    assert!(both.threshold < no.threshold && both.confirmed == 1);
}

#[test]
fn what_is_set_by_hand_forgets_what_was_said_before() {
    let words = [said(Verdict::No, 0.9, 5), said(Verdict::No, 0.9, 50)];
    let set = moved(
        anomaly::THRESHOLD,
        Some((Some(0.7), Instant::from_seconds(60))),
        &words,
    );
    assert!((set.threshold - 0.7).abs() < 1e-12 && set.by_hand && set.dismissed == 0);
    let between = moved(
        anomaly::THRESHOLD,
        Some((Some(0.7), Instant::from_seconds(20))),
        &words,
    );
    assert!(between.threshold > 0.7 && between.dismissed == 1);
    let given_back = moved(
        anomaly::THRESHOLD,
        Some((None, Instant::from_seconds(60))),
        &words,
    );
    assert_eq!(given_back, moved(anomaly::THRESHOLD, None, &[]));
}

#[test]
fn a_series_is_looked_at_when_its_next_period_is_over() {
    let scores = |step: Step, points: usize| Looked {
        scores: Ok(Scores {
            from: Instant(0),
            step,
            values: vec![None; points],
            changes: Vec::new(),
        }),
        findings: Vec::new(),
        from: Instant(0),
    };
    let minutes = |n: i64| Instant(n * Instant::MINUTE);
    let five = scores(Step::FiveMinutes, 2);
    assert_eq!(next_in(&five, minutes(11)), 4 * Instant::MINUTE + LATE);
    // What is not there yet is asked for now and then.
    assert_eq!(next_in(&five, minutes(100)), Instant::MINUTE);
    let daily = scores(Step::Day, 1);
    assert_eq!(next_in(&daily, Instant(Instant::DAY)), Instant::HOUR);
}

#[test]
fn each_series_has_a_day_of_its_own() {
    let id = |text: &str| SeriesId(text.to_owned());
    let turns = |id: &SeriesId| {
        let at = |hour: i64| Instant(hour * Instant::HOUR);
        (0..24)
            .filter(|hour| !same_day(id, at(*hour), at(hour + 1)))
            .collect::<Vec<_>>()
    };
    let all: std::collections::BTreeSet<_> = (0..100)
        .map(|n| turns(&id(&format!("series-{n}"))))
        .collect();
    assert!(
        all.iter().all(|turns| turns.len() == 1) && all.len() > 12,
        "{all:?}"
    );
}
