//! What every place of metrics promises: both databases, and engines of others.
//!
//! Each test opens the store through [`Opens`], and settles after it has written: an engine may take a
//! moment until what it acknowledged is seen.

use std::sync::Arc;

use super::*;
use crate::harness::on_both;
use crate::metrics::engine::on_engines;

on_both!(
    what_was_acknowledged_is_there_when_it_is_opened_again,
    series_and_labels_are_found,
    limits_of_a_reading_hold,
    what_no_instant_looks_at_may_be_left_out,
    two_sources_with_the_same_labels_are_one_series,
    a_late_sample_finds_its_place,
    a_sample_far_ahead_is_refused_and_the_others_are_kept,
    the_end_of_a_series_is_read_as_it_was_sent,
    windows_begin_where_they_are_asked_for,
    values_of_labels_hold_any_text,
);

on_engines!(
    what_was_acknowledged_is_there_when_it_is_opened_again,
    series_and_labels_are_found,
    limits_of_a_reading_hold,
    what_no_instant_looks_at_may_be_left_out,
    two_sources_with_the_same_labels_are_one_series,
    a_late_sample_finds_its_place,
    a_sample_far_ahead_is_refused_and_the_others_are_kept,
    the_end_of_a_series_is_read_as_it_was_sent,
    windows_begin_where_they_are_asked_for,
    values_of_labels_hold_any_text,
);

/// A place of metrics.
pub(crate) trait Opens {
    /// Opens it, once more if need be: what was open is closed then.
    async fn open(&self) -> Arc<dyn MetricStore>;
    /// Waits until what was acknowledged is seen.
    fn settle(&self) {}
}

impl Opens for Home {
    async fn open(&self) -> Arc<dyn MetricStore> {
        Arc::new(self.metrics().await)
    }
}

async fn what_was_acknowledged_is_there_when_it_is_opened_again(home: impl Opens) {
    let store = home.open().await;
    for i in 0..50 {
        let now = START + i * STEP;
        let sent = store.append(&source(), batch(7, [now]), at(now)).await;
        assert_eq!(sent.unwrap().counts.samples, 7);
    }
    home.settle();
    let before = store.select(&everything()).await.unwrap();
    let wanted: Vec<_> = (0..50)
        .map(|i| START + i * STEP)
        .map(|t| (t, value(3, t).to_bits()))
        .collect();
    let bits = |samples: &[MetricSample]| -> Vec<_> {
        samples
            .iter()
            .map(|s| (s.at_ms, s.value.to_bits()))
            .collect()
    };
    assert_eq!(before.len(), 7);
    assert_eq!(before[3].0.to_string(), "cpu{host=\"h3\"}");
    assert_eq!(bits(&before[3].1), wanted);
    store.close().await;
    let store = home.open().await;
    assert_eq!(store.select(&everything()).await.unwrap(), before);
    let some = within(START + 10 * STEP, START + 12 * STEP);
    let some = store.select(&some).await.unwrap();
    assert_eq!(bits(&some[3].1), wanted[10..13]);
}

async fn series_and_labels_are_found(home: impl Opens) {
    let store = home.open().await;
    let mut all = batch(5, [START]);
    all.push(&mut [("__name__", "up")], [sample(START, 1.0)])
        .unwrap();
    let meta = MetricMeta {
        name: "cpu".into(),
        kind: MetricKind::Gauge,
        unit: "percent".into(),
        help: "how busy".into(),
    };
    all.meta.push(meta.clone());
    store.append(&source(), all, at(START)).await.unwrap();
    home.settle();
    assert_eq!(store.metadata().await, [meta]);
    let names = store.label_names(&[], None).await.unwrap();
    assert_eq!(names, ["__name__", "host"]);
    let names = store.label_values("__name__", &[], None).await.unwrap();
    assert_eq!(names, ["cpu", "up"]);
    let up = [matcher("__name__", MatchOp::Equal, "up")];
    assert_eq!(store.label_names(&up, None).await.unwrap(), ["__name__"]);
    for (op, value, hosts) in [
        (MatchOp::Regex, "h[12]", &["h1", "h2"][..]),
        (MatchOp::Equal, "h4", &["h4"]),
        (MatchOp::NotRegex, "h[0-3]|", &["h4"]),
        (MatchOp::NotEqual, "h1", &["h0", "h2", "h3", "h4"]),
        (MatchOp::Equal, "h9", &[]),
    ] {
        let wanted = [matcher("host", op, value)];
        let found = store.label_values("host", &wanted, None).await.unwrap();
        assert_eq!(found, hosts, "{op:?} {value}");
        let found = store.series(&wanted, None, 10).await.unwrap();
        let of_hosts = found.iter().filter(|l| !l.as_ref().get("host").is_empty());
        assert_eq!(of_hosts.count(), hosts.len(), "{op:?} {value}");
        let samples = Selection {
            matchers: wanted.into(),
            ..everything()
        };
        let samples = store.select(&samples).await.unwrap();
        assert_eq!(samples.len(), found.len(), "{op:?} {value}");
    }
    let found = store.series(&[], None, 10).await.unwrap();
    assert_eq!(found.len(), 6);
    assert_eq!(found[1].to_string(), "cpu{host=\"h1\"}");
    let many = store.series(&[], None, 5).await;
    assert!(matches!(
        many,
        Err(ReadError::TooManySeries { limit: 5, .. })
    ));
}

async fn limits_of_a_reading_hold(home: impl Opens) {
    let store = home.open().await;
    let sent = batch(5, [START, START + STEP]);
    store.append(&source(), sent, at(START)).await.unwrap();
    home.settle();
    let tight = |series, samples| Selection {
        limits: Limits { series, samples },
        ..everything()
    };
    assert!(store.select(&tight(5, 10)).await.is_ok());
    let many = store.select(&tight(4, 10)).await;
    assert!(matches!(
        many,
        Err(ReadError::TooManySeries { limit: 4, .. })
    ));
    let many = store.select(&tight(5, 9)).await;
    assert!(matches!(many, Err(ReadError::TooManySamples { limit: 9 })));
}

/// Some from a chunk, some from the head, and an instant after all of them.
async fn what_no_instant_looks_at_may_be_left_out(home: impl Opens) {
    let store = home.open().await;
    let every = |from: i64, to: i64| (from..to).map(|k| START + k * STEP);
    for part in [every(0, 400), every(400, 500)] {
        let (sent, now) = (batch(2, part), at(START + 500 * STEP));
        store.append(&source(), sent, now).await.unwrap();
    }
    home.settle();
    let (first_ms, step_ms) = (START + STEP / 2, 7 * STEP);
    let thin = Selection {
        at: Some(Instants { first_ms, step_ms }),
        ..within(START, START + 600 * STEP)
    };
    let found = store.select(&thin).await.unwrap();
    let whole = store.select(&within(START, START + 600 * STEP)).await;
    for ((labels, thin), (_, whole)) in found.iter().zip(whole.unwrap()) {
        assert_eq!(whole.len(), 500, "{labels}");
        for look in (0..86).map(|k| first_ms + k * step_ms) {
            let newest = |of: &[MetricSample]| of.iter().rfind(|s| s.at_ms <= look).copied();
            assert_eq!(newest(thin), newest(&whole), "{labels} at {look}");
        }
    }
    assert_eq!(found.len(), 2);
}

async fn two_sources_with_the_same_labels_are_one_series(home: impl Opens) {
    let store = home.open().await;
    let other = SourceId("other".into());
    for i in 0..10 {
        let (one, two) = (START + i * STEP, START + i * STEP + 1);
        store
            .append(&source(), batch(1, [one]), at(one))
            .await
            .unwrap();
        store
            .append(&other, batch(1, [two]), at(two))
            .await
            .unwrap();
    }
    home.settle();
    assert_eq!(only(&*store).await.len(), 20);
}

async fn a_late_sample_finds_its_place(home: impl Opens) {
    let store = home.open().await;
    let all: Vec<_> = (0..100).map(|i| sample(START + i * STEP, 1.0)).collect();
    push(&*store, &all).await;
    let late = [sample(START + 50 * STEP + 1, 5.0)];
    assert_eq!(push(&*store, &late).await.samples, 1);
    home.settle();
    let found = only(&*store).await;
    assert_eq!(found.len(), 101);
    assert_eq!(found[51], (START + 50 * STEP + 1, 5f64.to_bits()));
}

async fn a_sample_far_ahead_is_refused_and_the_others_are_kept(home: impl Opens) {
    let store = home.open().await;
    let mut ahead = batch(3, [START]);
    let samples = [sample(START + 2, 3.0), sample(START + 30 * DAY, 4.0)];
    ahead
        .push(&mut [("__name__", "cpu"), ("host", "x")], samples)
        .unwrap();
    let sent = store.append(&source(), ahead, at(START)).await.unwrap();
    assert_eq!((sent.counts.samples, sent.counts.refused), (4, 1));
    assert!(sent.words().unwrap().contains("ahead"), "{sent:?}");
    home.settle();
    assert_eq!(count(&*store).await, 4);
    // Nor does it stand in the way of what comes after it.
    push(&*store, &[sample(START + 1, 1.0)]).await;
    home.settle();
    assert_eq!(count(&*store).await, 5);
}

async fn the_end_of_a_series_is_read_as_it_was_sent(home: impl Opens) {
    let store = home.open().await;
    let end = f64::from_bits(STALE_BITS);
    let sent = [
        sample(START, 1.5),
        sample(START + STEP, end),
        sample(START + 2 * STEP, f64::INFINITY),
        sample(START + 3 * STEP, f64::NEG_INFINITY),
        sample(START + 4 * STEP, -2.25),
    ];
    push(&*store, &sent).await;
    home.settle();
    let wanted: Vec<_> = sent.iter().map(|s| (s.at_ms, s.value.to_bits())).collect();
    assert_eq!(only(&*store).await, wanted);
    // As the first of what is asked for as well, and alone.
    for last in [4, 1] {
        let asked = within(START + STEP, START + last * STEP);
        let found = store.select(&asked).await.unwrap();
        let found = found[0].1.iter().map(|s| (s.at_ms, s.value.to_bits()));
        let wanted = &wanted[1..=usize::try_from(last).unwrap()];
        assert_eq!(found.collect::<Vec<_>>(), wanted, "{last}");
    }
}

async fn windows_begin_where_they_are_asked_for(home: impl Opens) {
    let store = home.open().await;
    let begin = START - START.rem_euclid(DAY);
    let instants = (0..240).map(|i| begin + i * 60_000);
    let now = begin + 240 * 60_000;
    store
        .append(&source(), batch(2, instants), at(now))
        .await
        .unwrap();
    home.settle();
    let asked = within(begin + HOUR_MS, begin + 3 * HOUR_MS - 1);
    let windows = store.windows(&asked, HOUR_MS).await.unwrap();
    assert_eq!(windows.len(), 2);
    let of_one: Vec<_> = windows[1].1.iter().map(|w| (w.from_ms, w.count)).collect();
    assert_eq!(of_one, [(begin + HOUR_MS, 60), (begin + 2 * HOUR_MS, 60)]);
    let sum: f64 = (60..120).map(|i| value(1, begin + i * 60_000)).sum();
    assert!((windows[1].1[0].sum - sum).abs() < 1e-6, "{windows:?}");
}

async fn values_of_labels_hold_any_text(home: impl Opens) {
    let store = home.open().await;
    let long = "x".repeat(4_000);
    let odd = "a\0b\"c\\d\ne{f}\u{1F600}";
    let mut batch = Batch::default();
    let mut labels = [("__name__", "cpu"), ("host", odd), ("long", &long)];
    batch.push(&mut labels, [sample(START, 1.0)]).unwrap();
    store.append(&source(), batch, at(START)).await.unwrap();
    home.settle();
    assert_eq!(store.label_values("host", &[], None).await.unwrap(), [odd]);
    let wanted = Selection {
        matchers: vec![matcher("host", MatchOp::Equal, odd)],
        ..everything()
    };
    let found = store.select(&wanted).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0.as_ref().get("long"), long);
    assert_eq!(found[0].0.as_ref().get("host"), odd);
    let found = store.series(&wanted.matchers, None, 2).await.unwrap();
    assert_eq!(found[0].as_ref().get("host"), odd);
}
