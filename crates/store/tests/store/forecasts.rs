//! Forecasts, and when they are due.

use api::{Direction, ForecastState, Limit, SeriesId, WhyUnknown};
use store::{Store, StoreError, StoredForecast};

use crate::harness::{Home, at, filled, on_both};

on_both!(
    a_forecast_reads_back_until_the_next,
    a_forecast_that_cannot_be_read_is_none,
    a_series_is_due_when_it_changed_and_its_time_has_come,
    series_with_limits_are_due_first,
);

fn forecast(made: i64, next: i64) -> StoredForecast {
    StoredForecast {
        made_at: at(made),
        known_until: Some(at(made - 1)),
        next_at: at(next),
        input_hash: Some("abc".into()),
        state: ForecastState::Unknown {
            why: WhyUnknown::NotEnough { have: 1, need: 9 },
        },
    }
}

async fn sample(store: &Store, id: &SeriesId, seconds: i64) {
    store
        .record(&[(id, at(seconds), 1.0)], at(seconds))
        .await
        .unwrap();
}

async fn a_forecast_reads_back_until_the_next(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 3).await;
    assert_eq!(store.forecast(&ids[0]).await.unwrap(), None);
    store.put_forecast(&ids[0], &forecast(1, 2)).await.unwrap();
    let second = StoredForecast {
        input_hash: None,
        known_until: None,
        ..forecast(5, 6)
    };
    store.put_forecast(&ids[0], &second).await.unwrap();
    assert_eq!(store.forecast(&ids[0]).await.unwrap(), Some(second.clone()));
    store.put_next(&ids[0], at(99)).await.unwrap();
    let moved = StoredForecast {
        next_at: at(99),
        ..second
    };
    store.put_next(&ids[2], at(7)).await.unwrap();
    let asked = [
        ids[1].clone(),
        ids[0].clone(),
        ids[2].clone(),
        ids[0].clone(),
    ];
    let found = store.forecasts_for(&asked).await.unwrap();
    assert_eq!(found, [None, Some(moved.clone()), None, Some(moved)]);
    let gone = store.put_next(&"none".into(), at(1)).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

async fn a_forecast_that_cannot_be_read_is_none(home: Home) {
    let (_, ids) = filled(&home.store, "a", 1).await;
    home.store
        .put_forecast(&ids[0], &forecast(1, 2))
        .await
        .unwrap();
    home.sql("update forecast set state = '{\"kind\":\"from_another_age\"}'")
        .await;
    assert_eq!(home.store.forecast(&ids[0]).await.unwrap(), None);
}

async fn a_series_is_due_when_it_changed_and_its_time_has_come(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 2).await;
    let id = &ids[0];
    let due = async |seconds| !store.due(at(seconds), 9).await.unwrap().is_empty();
    assert!(!due(0).await, "no samples");
    sample(&store, id, 10).await;
    assert!(due(10).await, "never made");
    store.put_next(id, at(15)).await.unwrap();
    assert!(!due(14).await, "put off before there was any");
    assert!(due(15).await);
    store.put_forecast(id, &forecast(20, 30)).await.unwrap();
    assert!(!due(99).await, "nothing changed since");
    sample(&store, id, 25).await;
    assert!(!due(29).await, "not yet");
    assert!(due(30).await);
    store.put_forecast(id, &forecast(40, 50)).await.unwrap();
    // Correcting the past is a change too, although it is not the newest sample.
    store.record(&[(id, at(10), 2.0)], at(45)).await.unwrap();
    assert!(due(50).await);
    store.put_forecast(id, &forecast(60, 70)).await.unwrap();
    store.set_limit(id, None, at(65)).await.unwrap();
    assert!(due(70).await);
    // Made by a clock that was ahead and was set right since.
    store
        .put_forecast(id, &forecast(9_000, 9_900))
        .await
        .unwrap();
    assert!(due(80).await);
}

async fn series_with_limits_are_due_first(Home { store, .. }: Home) {
    let (_, ids) = filled(&store, "a", 3).await;
    for id in &ids {
        sample(&store, id, 1).await;
    }
    let limit = Limit {
        value: 1.0,
        direction: Direction::Rising,
    };
    store.set_limit(&ids[2], Some(limit), at(1)).await.unwrap();
    let found = store.due(at(2), 2).await.unwrap();
    assert_eq!(found, [(ids[2].clone(), None), (ids[0].clone(), None)]);
}
