//! Two processes on one PostgreSQL: each takes samples, each knows what the other acknowledged.

use std::sync::Arc;
use std::time::Duration;

use api::PartitionHolds;
use api::SourceId;
use series::{Batch, MetricKind, MetricMeta};
use store::metrics::{Counts, HOUR_MS, MetricStore, Retention};

use super::{DAY, START, STEP, at, batch, count, everything, only, push, sample, source, within};
use crate::harness::on_postgres;

#[test]
fn what_one_took_the_other_reads_at_once() {
    on_postgres(|home| async move {
        let (a, b) = (home.metrics().await, home.metrics().await);
        let mut sent = 0;
        for i in 0..100 {
            let (taking, reading) = if i % 3 == 0 { (&b, &a) } else { (&a, &b) };
            let now = START + i * STEP;
            sent += 3;
            taking
                .append(&source(), batch(3, [now]), at(now))
                .await
                .unwrap();
            assert_eq!(count(reading).await, sent);
        }
        let found = a.select(&everything()).await.unwrap();
        assert_eq!(b.select(&everything()).await.unwrap(), found);
        // New names, and what is said about them.
        let mut named = Batch::default();
        named
            .push(&mut [("__name__", "up")], [sample(START, 1.0)])
            .unwrap();
        let meta = MetricMeta {
            name: "up".into(),
            kind: MetricKind::Gauge,
            unit: String::new(),
            help: "is it there".into(),
        };
        named.meta.push(meta.clone());
        a.append(&source(), named, at(START)).await.unwrap();
        assert_eq!(
            b.label_values("__name__", &[], None).await.unwrap(),
            ["cpu", "up"]
        );
        assert_eq!(b.metadata().await, [meta]);
        assert_eq!(b.memory_use().await.series, 4);
    });
}

#[test]
fn what_answers_rest_on_is_the_same_for_both_and_moves_when_it_has_to() {
    on_postgres(|home| async move {
        let (a, b) = (home.metrics().await, home.metrics().await);
        let footings = async || {
            let (of_a, of_b) = (a.footing().await.unwrap(), b.footing().await.unwrap());
            assert_eq!(of_a.names, of_b.names);
            (of_a.names, [of_a.past, of_b.past])
        };
        let none = footings().await;
        let sent = a.append(&source(), batch(2, [START]), at(START)).await;
        assert_eq!(sent.unwrap().counts.samples, 2);
        let some = footings().await;
        assert_ne!(some.0, none.0);
        assert_eq!(some.1, none.1);
        // More of the same, on its usual way.
        let next = START + STEP;
        b.append(&source(), batch(2, [next]), at(next))
            .await
            .unwrap();
        assert_eq!(footings().await, some);
        // A series that begins long ago.
        let sent = b.append(&source(), batch(3, [START - DAY]), at(next)).await;
        assert_eq!(sent.unwrap().counts.samples, 1);
        let late = footings().await;
        assert_ne!(late.0, some.0);
        assert!(late.1[0] != some.1[0] && late.1[1] != some.1[1]);
        // One that was opened later knows the same names.
        let fresh = home.metrics().await;
        assert_eq!(fresh.footing().await.unwrap().names, late.0);
        a.delete_source(&source()).await.unwrap();
        assert_eq!(footings().await.0, none.0);
    });
}

#[test]
fn both_give_one_number_to_one_series_while_both_take_samples() {
    on_postgres(|home| async move {
        let stores = [
            Arc::new(home.metrics().await),
            Arc::new(home.metrics().await),
        ];
        let mut tasks = Vec::new();
        for (i, store) in (0i64..).zip(stores.iter().cycle().take(6)) {
            let store = Arc::clone(store);
            tasks.push(tokio::spawn(async move {
                for round in 0..60 {
                    let now = START + (round * 6 + i) * STEP;
                    // New series all the time, and the same ones from every side.
                    let series = u32::try_from(round).unwrap() + 1;
                    let sent = store.append(&source(), batch(series, [now]), at(now)).await;
                    assert_eq!(sent.unwrap().counts.refused, 0);
                    if round % 20 == i {
                        store.maintain(at(now + 3 * HOUR_MS)).await.unwrap();
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let wanted = 6 * (1..=60).sum::<usize>();
        for store in &stores {
            assert_eq!(count(&**store).await, wanted);
            assert_eq!(store.memory_use().await.series, 60);
        }
        let last = START + 360 * STEP;
        for store in &stores {
            store.maintain(at(last + DAY)).await.unwrap();
            assert_eq!(store.memory_use().await.head_samples, 0);
        }
        for store in &stores {
            assert_eq!(count(&**store).await, wanted);
            let sources = store.sources().await;
            assert_eq!(sources[0].counts.samples, wanted as u64);
        }
        let fresh = home.metrics().await;
        assert_eq!(count(&fresh).await, wanted);
        assert_eq!(fresh.damaged(), 0);
    });
}

#[test]
fn what_one_sealed_rolled_up_and_forgot_the_other_knows() {
    on_postgres(|home| async move {
        let (a, b) = (home.metrics().await, home.metrics().await);
        let begin = START - START.rem_euclid(DAY);
        let minutes = |from: i64, to: i64| (from..to).map(|i| begin + i * 60_000);
        let end = begin + 2 * DAY;
        for (from, to) in [(0, 1_000), (1_000, 2_880)] {
            a.append(&source(), batch(2, minutes(from, to)), at(end))
                .await
                .unwrap();
        }
        let before = b.select(&everything()).await.unwrap();
        assert!(b.memory_use().await.head_samples > 0);
        let done = a.maintain(at(end + DAY)).await.unwrap();
        assert!(done.sealed >= 2 && done.rolled_up >= 2, "{done:?}");
        assert_eq!(b.select(&everything()).await.unwrap(), before);
        assert_eq!(b.memory_use().await.head_samples, 0);
        // What is done is not done again.
        assert_eq!(b.maintain(at(end + DAY)).await.unwrap().sealed, 0);
        let windows = a.windows(&within(begin, end - 1), HOUR_MS).await.unwrap();
        assert_eq!(
            b.windows(&within(begin, end - 1), HOUR_MS).await.unwrap(),
            windows
        );
        // The next samples go on where the chunks end, on either side; one that is late too.
        push(&b, &[sample(end, 1.0), sample(end - HOUR_MS / 2 + 1, 2.0)]).await;
        let counts = push(&a, &[sample(end + 1, 1.0), sample(end - 2 * HOUR_MS, 2.0)]).await;
        assert_eq!((counts.samples, counts.refused), (1, 1));
        assert_eq!(count(&a).await, 2 * 2_880 + 3);
        // Retention that one is told, the other keeps to.
        let retention = Retention {
            raw_ms: Some(DAY),
            ..Retention::default()
        };
        a.set_retention(&source(), retention).await.unwrap();
        assert_eq!(b.retention(&source()).await, retention);
        let done = b.maintain(at(end + DAY + DAY / 2)).await.unwrap();
        assert!(done.expired > 0, "{done:?}");
        assert_eq!(
            b.windows(&within(begin, begin + DAY - 1), HOUR_MS)
                .await
                .unwrap()[0]
                .1
                .len(),
            24
        );
        let left = count(&b).await;
        assert!(left < 2 * 2_880, "{left}");
        assert_eq!(count(&a).await, left);
    });
}

#[test]
fn one_dies_and_the_other_seals_what_it_took() {
    on_postgres(|home| async move {
        let b = home.metrics().await;
        let dead = home.metrics().await;
        push(&dead, &[sample(START, 1.0), sample(START + 1, 2.0)]).await;
        // Not closed: its connections break, as those of a killed process do.
        drop(dead);
        let done = b.maintain(at(START + DAY)).await.unwrap();
        assert_eq!(done.sealed, 1);
        assert_eq!(b.disk_use().await.unwrap().wal.rows, 0);
        let fresh = home.metrics().await;
        assert_eq!(only(&fresh).await.len(), 2);
    });
}

#[test]
fn who_holds_the_lock_and_stops_moving_is_waited_for_but_not_for_ever() {
    on_postgres(|home| async move {
        let store = Arc::new(home.metrics().await);
        let mut stuck = home.connect().await;
        let lock = "begin; select pg_advisory_xact_lock(7450120320)";
        sqlx::raw_sql(lock).execute(&mut stuck).await.unwrap();
        let waiting = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { push(&*store, &[sample(START, 1.0)]).await })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        // Reading does not wait for writing.
        assert_eq!(count(&*store).await, 0);
        // A process that dies lets go.
        drop(stuck);
        assert_eq!(waiting.await.unwrap().samples, 1);
        assert_eq!(count(&*store).await, 1);
    });
}

#[test]
fn a_source_that_one_deletes_is_gone_for_the_other_and_its_numbers_are_free() {
    on_postgres(|home| async move {
        let (a, b) = (home.metrics().await, home.metrics().await);
        let other = SourceId("other".into());
        let instants = (0..100).map(|i| START + i * STEP);
        let last = START + 99 * STEP;
        b.append(&source(), batch(600, instants), at(last))
            .await
            .unwrap();
        a.append(&other, of_another(), at(last)).await.unwrap();
        b.maintain(at(last + DAY)).await.unwrap();
        assert_eq!(count(&a).await, 60_002);
        a.delete_source(&source()).await.unwrap();
        assert_eq!(count(&b).await, 2);
        assert_eq!(b.series(&[], None, 10).await.unwrap().len(), 2);
        assert_eq!(b.sources().await.len(), 1);
        assert_eq!(b.memory_use().await.series, 2);
        // Both give the numbers again, at the same time, and nothing old comes back.
        for (i, store) in (0i64..).zip([&a, &b, &a, &b]) {
            let mut new = Batch::default();
            for j in 0..5 {
                let name = format!("{i}-{j}");
                let mut labels = [("__name__", "new"), ("n", name.as_str())];
                new.push(&mut labels, [sample(START + i, 1.0)]).unwrap();
            }
            store.append(&source(), new, at(START)).await.unwrap();
        }
        let fresh = home.metrics().await;
        for store in [&a, &b, &fresh] {
            let found = store.series(&[], None, 100).await.unwrap();
            assert_eq!(found.len(), 22);
            let mut all = everything();
            all.matchers.clear();
            let samples = store.select(&all).await.unwrap();
            let samples: usize = samples.iter().map(|(_, samples)| samples.len()).sum();
            assert_eq!(samples, 22);
        }
    });
}

/// Two series that nobody else sends.
fn of_another() -> Batch {
    let mut batch = Batch::default();
    for host in ["x", "y"] {
        let mut labels = [("__name__", "cpu"), ("host", host)];
        batch.push(&mut labels, [sample(START, 1.0)]).unwrap();
    }
    batch
}

/// So much may have been cut off from the log meanwhile that it has to begin anew.
#[test]
fn one_that_was_away_for_long_comes_to_the_same() {
    on_postgres(|home| async move {
        let (a, b) = (home.metrics().await, home.metrics().await);
        push(&b, &[sample(START, 1.0)]).await;
        let others = (1..800).map(|i| START + i * STEP);
        a.append(&source(), batch(3, others), at(START + 800 * STEP))
            .await
            .unwrap();
        a.maintain(at(START + DAY)).await.unwrap();
        a.maintain(at(START + DAY)).await.unwrap();
        assert_eq!(a.disk_use().await.unwrap().wal.rows, 0);
        let found = a.select(&everything()).await.unwrap();
        assert_eq!(b.select(&everything()).await.unwrap(), found);
        // What it counted and had not written down yet is not forgotten over that.
        b.maintain(at(START + DAY)).await.unwrap();
        let wanted = Counts {
            samples: 1 + 3 * 799,
            ..Counts::default()
        };
        assert_eq!(a.sources().await[0].counts, wanted);
        assert_eq!(b.sources().await[0].counts, wanted);
    });
}

/// A standby that lacked the last commits took over: what they gave numbers to is not there.
#[test]
fn one_that_is_ahead_of_the_database_begins_anew() {
    on_postgres(|home| async move {
        let store = home.metrics().await;
        push(&store, &[sample(START, 1.0)]).await;
        store
            .append(&source(), of_another(), at(START))
            .await
            .unwrap();
        home.sql("delete from metrics.wal where id = 2; delete from metrics.series where id > 1")
            .await;
        store
            .append(&source(), of_another(), at(START))
            .await
            .unwrap();
        assert_eq!(count(&store).await, 3);
        let fresh = home.metrics().await;
        assert_eq!(count(&fresh).await, 3);
    });
}

#[test]
fn days_are_partitions_that_go_as_a_whole() {
    on_postgres(|home| async move {
        let store = home.metrics().await;
        let midnight = START - START.rem_euclid(DAY);
        let parts = "select count(*) from pg_inherits
            where inhparent = 'metrics.chunk'::regclass";
        let for_ever = Retention {
            raw_ms: None,
            ..Retention::default()
        };
        store.set_retention(&source(), for_ever).await.unwrap();
        // Hours of twenty days, and one sample of a clock that is wrong by thirty years.
        let hours = (0..480).map(|i| midnight + i * HOUR_MS);
        let now = midnight + 20 * DAY;
        store
            .append(&source(), batch(2, hours), at(now))
            .await
            .unwrap();
        let mut wrong = Batch::default();
        let long_ago = sample(midnight - 30 * 365 * DAY, 1.0);
        wrong
            .push(&mut [("__name__", "cpu"), ("host", "wrong")], [long_ago])
            .unwrap();
        store.append(&source(), wrong, at(now)).await.unwrap();
        store.maintain(at(now + HOUR_MS)).await.unwrap();
        store.maintain(at(now + DAY)).await.unwrap();
        // Twenty days, four that were to come, and one for the rest.
        assert_eq!(home.count(parts).await, 25);
        assert_eq!(
            home.count("select count(*) from metrics.chunk_rest").await,
            1
        );
        assert_eq!(count(&store).await, 961);
        let used = store.disk_use().await.unwrap();
        assert_eq!(used.raw.rows, 41);
        let samples = used
            .partitions
            .iter()
            .filter(|p| p.holds == PartitionHolds::Samples);
        let samples: Vec<_> = samples.collect();
        // The rest, which ends nowhere, stands first; the four days to come hold nothing yet.
        assert_eq!((samples.len(), samples[0].between), (21, None));
        assert_eq!((samples[0].rows, samples[1].rows), (1, 2));
        let first = api::Range {
            from: at(midnight),
            to: at(midnight + DAY),
        };
        assert_eq!(samples[20].between, Some(first));
        let rows: u64 = samples.iter().map(|part| part.rows).sum();
        assert_eq!(rows, 41);
        let usual = Retention::default();
        store.set_retention(&source(), usual).await.unwrap();
        let done = store.maintain(at(now + 20 * DAY + DAY / 2)).await.unwrap();
        // Ten days of two series, and the one of long ago; the day that is half too old stays whole.
        assert_eq!(done.expired, 21);
        assert_eq!(home.count("select count(*) from metrics.chunk").await, 20);
        assert_eq!(store.disk_use().await.unwrap().raw.rows, 20);
        assert_eq!(count(&store).await, 480);
        let none = "select count(*) from pg_class where relname = 'chunk_19675'";
        assert_eq!(home.count(none).await, 0);
    });
}
