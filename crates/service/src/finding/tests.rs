//! What sensitivity follows from, and what previews and ribbons say of kept scores.

use super::*;

fn said(verdict: Verdict, score: f64, second: i64) -> Judgement {
    Judgement {
        begins: Instant(second),
        last: Instant(second + 1),
        score,
        verdict,
        judged_at: Instant::from_seconds(second),
    }
}

fn scores() -> Scores {
    let mut values = vec![Some(1_000); 2_000];
    values[100] = Some(9_000);
    values[1_900] = Some(8_500);
    values[1_901] = None;
    values[1_902] = Some(8_600);
    Scores {
        from: Instant(0),
        step: Step::Hour,
        values,
        changes: Vec::new(),
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
fn a_preview_counts_what_began_in_the_last_month() {
    let (counts, days) = scores().counts(&[0.6, 0.8, 0.855, 0.95]);
    assert_eq!(counts, [1, 1, 1, 0]);
    assert!((days - 30.0).abs() < 1e-9, "{days}");
    let short = Scores {
        values: vec![Some(9_000); 48],
        ..scores()
    };
    let (counts, days) = short.counts(&[0.8]);
    assert_eq!(counts, [1]);
    assert!((days - 2.0).abs() < 1e-9, "{days}");
}

#[test]
fn a_ribbon_keeps_what_stands_out() {
    let hours = |n: i64| Instant(n * Instant::HOUR);
    let all = Range {
        from: hours(0),
        to: hours(5_000),
    };
    let ribbon = scores().ribbon(all);
    assert!(ribbon.len() <= RIBBON);
    let high = ribbon.iter().filter(|scored| scored.score > 0.8).count();
    assert_eq!(high, 3, "each is in a stretch of its own");
    let some = Range {
        from: hours(1_899),
        to: hours(1_903),
    };
    let near = scores().ribbon(some);
    let near: Vec<_> = near.iter().map(|scored| scored.score).collect();
    assert_eq!(near, [0.1, 0.85, 0.86], "a gap has no score");
    let never = Range {
        from: hours(-9),
        to: hours(-1),
    };
    assert_eq!(scores().ribbon(never), []);
}
