//! Versions of models: one is in force, a fit ends its job and is kept with it or not at all.

use api::{
    BackTest, FitReason, Fitted, ForecastState, JobKind, JobState, LiveScore, ModelChoice,
    ModelFilter, ModelOrder, Range, SeriesId, VersionState, WhyUnknown,
};
use store::{NewError, NewFit, NewJob, NewScore, NewVersion, Store, StoredError, StoredForecast};

use crate::harness::{Home, at, filled, on_both};

on_both!(
    a_fit_becomes_the_version_in_force_and_ends_its_job,
    a_fit_whose_job_is_another_s_leaves_nothing,
    a_score_is_kept_for_the_version_in_force_only,
    errors_are_a_ring_and_go_with_their_series,
    another_version_is_put_in_force_and_old_ones_are_forgotten,
    models_are_listed_in_each_order_and_page_by_page,
    a_sample_that_is_older_than_the_newest_is_noticed,
);

fn forecast(made: i64) -> StoredForecast {
    StoredForecast {
        made_at: at(made),
        known_until: None,
        next_at: at(made + 60),
        input_hash: None,
        state: ForecastState::Unknown {
            why: WhyUnknown::Pending,
        },
    }
}

fn version(ratio: Option<f64>) -> NewVersion {
    NewVersion {
        engine: "1".into(),
        step: "1 day".into(),
        window: Range {
            from: at(0),
            to: at(9),
        },
        points: 40,
        filled: 2,
        digest: "d".into(),
        ratio,
        cpu_us: 1_234,
        fitted: Fitted {
            reason: FitReason::First,
            back_test: BackTest {
                origins: 3,
                mase: ratio,
                naive_mase: Some(1.0),
                smape: None,
                naive_smape: None,
                beats_naive: true,
                members: Vec::new(),
            },
            coverage: Some([0.8, 0.95]),
            season: Some(7),
            notes: Vec::new(),
            effects: Vec::new(),
        },
    }
}

fn fit(series: &SeriesId, made: i64, ratio: Option<f64>) -> NewFit {
    NewFit {
        series: series.clone(),
        forecast: forecast(made),
        version: Some(version(ratio)),
        job: None,
    }
}

fn score(series: &SeriesId, number: u32, nearness: f64) -> NewScore {
    NewScore {
        series: series.clone(),
        forecast: forecast(70),
        number,
        live: LiveScore {
            seen: 5,
            error: Some(1.5),
            coverage: Some([0.8, 1.0]),
        },
        nearness,
        drifted_at: (nearness >= 1.0).then(|| at(69)),
        error: Some(NewError {
            slot: 3,
            at: at(60),
            error: 1.5,
        }),
    }
}

async fn versions(store: &Store, id: &SeriesId) -> Vec<(u32, VersionState)> {
    let found = store.versions(id).await.unwrap();
    found
        .into_iter()
        .map(|stored| (stored.version.number, stored.version.state))
        .collect()
}

async fn with_job(store: &Store, id: &SeriesId, holder: &str) -> NewFit {
    let job = NewJob {
        kind: JobKind::FitModel,
        key: id.0.clone(),
        payload: String::new(),
        priority: 1,
        run_at: at(0),
        most_attempts: 3,
    };
    store.put_jobs(&[job], at(0)).await.unwrap();
    let claimed = store
        .claim_jobs(holder, at(1), at(61), 9, None)
        .await
        .unwrap();
    let job = Some((
        claimed[0].id.clone(),
        holder.to_owned(),
        "fitted".to_owned(),
    ));
    NewFit {
        job,
        ..fit(id, 5, Some(0.5))
    }
}

async fn a_fit_becomes_the_version_in_force_and_ends_its_job(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    let new = with_job(&store, &ids[0], "p").await;
    assert_eq!(
        store
            .put_fits(std::slice::from_ref(&new), at(6))
            .await
            .unwrap(),
        1
    );
    let live = store.live_version(&ids[0]).await.unwrap().unwrap();
    assert_eq!((live.digest.as_str(), live.version.number), ("d", 1));
    assert_eq!(live.version.fitted, version(Some(0.5)).fitted);
    let done = store.jobs_in(JobState::Done, 9).await.unwrap();
    assert_eq!(done[0].outcome.as_deref(), Some("fitted"));
    assert_eq!(store.forecast(&ids[0]).await.unwrap(), Some(forecast(5)));
    // The same once more: its job is over.
    assert_eq!(store.put_fits(&[new], at(7)).await.unwrap(), 0);
    store
        .put_fits(&[fit(&ids[0], 8, None)], at(8))
        .await
        .unwrap();
    let expected = [(2, VersionState::Live), (1, VersionState::Previous)];
    assert_eq!(versions(&store, &ids[0]).await, expected);
    let gone = fit(&"gone".into(), 9, None);
    assert_eq!(store.put_fits(&[gone], at(9)).await.unwrap(), 0);
}

async fn a_fit_whose_job_is_another_s_leaves_nothing(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    let slow = with_job(&store, &ids[0], "slow").await;
    store.recover_jobs(at(100)).await.unwrap();
    let taken = store
        .claim_jobs("q", at(100), at(160), 9, None)
        .await
        .unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(
        store
            .put_fits(std::slice::from_ref(&slow), at(101))
            .await
            .unwrap(),
        0
    );
    assert!(versions(&store, &ids[0]).await.is_empty());
    let job = Some((taken[0].id.clone(), "q".to_owned(), String::new()));
    let new = NewFit { job, ..slow };
    assert_eq!(store.put_fits(&[new], at(102)).await.unwrap(), 1);
    assert_eq!(versions(&store, &ids[0]).await.len(), 1);
}

async fn a_score_is_kept_for_the_version_in_force_only(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 1).await;
    for made in [5, 6] {
        store
            .put_fits(&[fit(&ids[0], made, None)], at(made))
            .await
            .unwrap();
    }
    store.put_scores(&[score(&ids[0], 1, 0.2)]).await.unwrap();
    assert_eq!(store.forecast(&ids[0]).await.unwrap(), Some(forecast(6)));
    store.put_scores(&[score(&ids[0], 2, 1.0)]).await.unwrap();
    assert_eq!(store.forecast(&ids[0]).await.unwrap(), Some(forecast(70)));
    let live = store.live_version(&ids[0]).await.unwrap().unwrap().version;
    assert_eq!((live.live.seen, live.drifted_at), (5, Some(at(69))));
    let numbers = store
        .live_numbers(&[ids[0].clone(), "x".into()])
        .await
        .unwrap();
    assert_eq!(
        numbers.into_iter().collect::<Vec<_>>(),
        [(ids[0].clone(), 2)]
    );
}

async fn errors_are_a_ring_and_go_with_their_series(home: Home) {
    let store = &home.store;
    let (source, ids) = filled(store, "a", 1).await;
    let id = &ids[0];
    for (made, ratio) in [(5, None), (6, Some(0.5))] {
        store
            .put_fits(&[fit(id, made, ratio)], at(made))
            .await
            .unwrap();
    }
    let put = async |number, nearness, slot, until, error| {
        let error = Some(NewError {
            slot,
            at: at(until),
            error,
        });
        let score = NewScore {
            error,
            ..score(id, number, nearness)
        };
        store.put_scores(&[score]).await.unwrap();
    };
    put(1, 0.2, 0, 10, 9.0).await;
    assert_eq!(store.model_errors(id).await.unwrap(), [], "not in force");
    put(2, 0.2, 1, 20, 0.9).await;
    put(2, 1.0, 2, 30, 2.5).await;
    let kept = |until, error, drifted_at| StoredError {
        at: at(until),
        number: 2,
        error,
        ratio: Some(0.5),
        drifted_at,
    };
    let drifted = kept(30, 2.5, Some(at(69)));
    let expected = [kept(20, 0.9, None), drifted];
    assert_eq!(store.model_errors(id).await.unwrap(), expected);
    // The ring is full: the oldest place is written anew.
    put(2, 0.1, 1, 40, 1.1).await;
    let expected = [drifted, kept(40, 1.1, None)];
    assert_eq!(store.model_errors(id).await.unwrap(), expected);
    store.delete_source(&source).await.unwrap();
    assert_eq!(home.count("select count(*) from model_error").await, 0);
}

async fn another_version_is_put_in_force_and_old_ones_are_forgotten(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    for made in 1..=6 {
        store
            .put_fits(&[fit(&ids[0], made, None)], at(made))
            .await
            .unwrap();
    }
    let enter = async |number, before, held| {
        let score = score(&ids[0], number, 0.0);
        store.put_in_force(&score, before, held).await
    };
    enter(2, VersionState::Withdrawn, Some(at(500)))
        .await
        .unwrap();
    let found = versions(&store, &ids[0]).await;
    assert_eq!(found[0], (6, VersionState::Withdrawn));
    assert_eq!(found[4], (2, VersionState::Live));
    let live = store.live_version(&ids[0]).await.unwrap().unwrap().version;
    assert_eq!(live.held_until, Some(at(500)));
    assert_eq!(store.held(&ids, at(499)).await.unwrap(), [ids[0].clone()]);
    assert!(store.held(&ids, at(500)).await.unwrap().is_empty());
    assert!(enter(99, VersionState::Previous, None).await.is_err());
    assert_eq!(versions(&store, &ids[0]).await, found, "nothing happened");
    assert_eq!(store.forget_versions(2, 9).await.unwrap(), 3);
    let kept = versions(&store, &ids[0]).await;
    assert_eq!(kept.iter().map(|one| one.0).collect::<Vec<_>>(), [6, 5, 2]);
    store
        .put_fits(&[fit(&ids[0], 9, None)], at(9))
        .await
        .unwrap();
    let live = store.live_version(&ids[0]).await.unwrap().unwrap().version;
    assert_eq!((live.number, live.held_until), (7, None));
}

async fn models_are_listed_in_each_order_and_page_by_page(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 4).await;
    let ratios = [Some(0.9), Some(1.2), None, Some(0.9)];
    for ((id, ratio), made) in ids.iter().zip(ratios).zip([4, 3, 2, 1]) {
        store
            .put_fits(&[fit(id, made, ratio)], at(made))
            .await
            .unwrap();
    }
    store.put_scores(&[score(&ids[3], 1, 1.0)]).await.unwrap();
    let list = async |choice, order| {
        let filter = ModelFilter {
            choice,
            order,
            ..ModelFilter::default()
        };
        // Two at a time, to the end.
        let (mut all, mut after) = (Vec::new(), (f64::MIN, 0));
        loop {
            let some = store.models(&filter, after, 2, at(9)).await.unwrap();
            let Some(last) = some.last() else { break };
            after = last.1;
            let places = some
                .iter()
                .map(|(row, _)| ids.iter().position(|id| *id == row.series));
            all.extend(places.flatten());
        }
        all
    };
    assert_eq!(
        list(ModelChoice::All, ModelOrder::Error).await,
        [1, 0, 3, 2]
    );
    assert_eq!(
        list(ModelChoice::All, ModelOrder::Drift).await,
        [3, 0, 1, 2]
    );
    assert_eq!(list(ModelChoice::All, ModelOrder::Age).await, [3, 2, 1, 0]);
    assert_eq!(list(ModelChoice::Behind, ModelOrder::Error).await, [1]);
    assert_eq!(list(ModelChoice::Drifted, ModelOrder::Error).await, [3]);
    assert!(list(ModelChoice::Held, ModelOrder::Error).await.is_empty());
    let none = ModelFilter {
        text: "there is no such".into(),
        ..ModelFilter::default()
    };
    assert!(
        store
            .models(&none, (f64::MIN, 0), 9, at(9))
            .await
            .unwrap()
            .is_empty()
    );
    let counts = store.model_counts(at(9)).await.unwrap();
    assert_eq!(
        (counts.live, counts.drifted, counts.behind, counts.held),
        (4, 1, 1, 0)
    );
    assert!(counts.ratio.is_some_and(|ratio| (ratio - 1.0).abs() < 1e-9));
}

async fn a_sample_that_is_older_than_the_newest_is_noticed(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    let put = async |place: usize, seconds, now| {
        let row = [(&ids[place], at(seconds), 1.0)];
        store.record(&row, at(now)).await.unwrap();
    };
    put(0, 10, 10).await;
    put(0, 20, 20).await;
    put(1, 10, 20).await;
    let due = async || store.due(at(99), 9).await.unwrap();
    assert!(due().await.iter().all(|(_, late)| late.is_none()));
    put(0, 15, 30).await;
    let late: Vec<_> = due().await.into_iter().map(|(_, late)| late).collect();
    assert_eq!(late, [Some(at(30)), None]);
    // And looked at later where somebody says so.
    store.put_next_of(&ids, at(100)).await.unwrap();
    assert!(due().await.is_empty());
    assert_eq!(store.due(at(100), 9).await.unwrap().len(), 2);
}
