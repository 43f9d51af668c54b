//! Models through the operations: fitted by the queue, kept up, made again after a restart, fitted anew
//! when they drift, put in force by hand.

use std::sync::Arc;

use api::{
    Caller, Direction, Error, FitReason, Forecast, Instant, JobKind, JobState, Limit, LimitChange,
    ModelFilter, ModelVersion, Outlook, RunwayFilter, SeriesFilter, SeriesId, Services,
    VersionState,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::{DatabaseUrl, Store};

use crate::home::forecast;
use crate::queue::settle;

const START: i64 = 1_700_006_400;
const DAY: i64 = 86_400;

struct Home {
    folder: tempfile::TempDir,
    clock: Arc<FixedClock>,
    services: Services,
    caller: Caller,
}

async fn services(folder: &std::path::Path, clock: &Arc<FixedClock>) -> Services {
    let store = Store::open(&DatabaseUrl::in_folder(folder), folder).await;
    let settings = Settings::alone(folder.join("uploads"));
    Hub::new(store.unwrap(), clock.clone(), Bus::new(16), settings).services()
}

/// Sales of a day: a week's pattern and a little unrest, the same in every run.
fn sales(day: i64, loud: f64) -> f64 {
    let restless = (day * 7_919 % 101) as f64 / 101.0 - 0.5;
    let weekend = if day % 7 >= 5 { 40.0 } else { 0.0 };
    200.0 + weekend + 10.0 * loud * restless
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(START)));
        let services = services(folder.path(), &clock).await;
        Self {
            folder,
            clock,
            services,
            caller: Caller::system("test"),
        }
    }

    async fn record(&self, days: impl Iterator<Item = i64>, loud: f64) {
        let samples: Vec<_> = days
            .map(|d| serde_json::json!({ "name": "sales", "value": sales(d, loud), "at": START + DAY * d + 3_600 }))
            .collect();
        self.send(&samples).await;
    }

    async fn send(&self, samples: &[serde_json::Value]) {
        let body = serde_json::json!({ "samples": samples }).to_string();
        let series = &self.services.series;
        let told = series.record_json(&self.caller, body.as_bytes());
        let told = told.await.unwrap();
        assert_eq!(told.refused_total, 0, "{:?}", told.refused.first());
    }

    fn day(&self, day: i64) {
        // Two hours into the day: the one before is over.
        self.clock
            .set(Instant::from_seconds(START + DAY * day + 7_200));
    }

    async fn settle(&self) {
        settle(&self.services, &self.caller).await;
    }

    async fn id(&self) -> SeriesId {
        let all = self
            .services
            .series
            .list(&self.caller, SeriesFilter::default());
        all.await.unwrap().series[0].id.clone()
    }

    async fn versions(&self) -> Vec<ModelVersion> {
        let id = self.id().await;
        self.services
            .models
            .versions(&self.caller, &id)
            .await
            .unwrap()
    }

    async fn forecast(&self) -> Box<Forecast> {
        let id = self.id().await;
        forecast(&self.services, &self.caller, &id).await
    }

    async fn states(&self) -> Vec<(u32, VersionState)> {
        let versions = self.versions().await;
        versions.iter().map(|one| (one.number, one.state)).collect()
    }
}

/// A series with 120 days of history and its first model.
async fn fitted() -> Home {
    let home = Home::new().await;
    home.day(120);
    home.record(0..120, 1.0).await;
    home.settle().await;
    home
}

#[tokio::test]
async fn a_series_is_fitted_by_the_queue_and_new_days_only_move_its_model() {
    let home = fitted().await;
    let [version] = &home.versions().await[..] else {
        panic!("one version")
    };
    assert_eq!(
        (version.number, version.fitted.reason),
        (1, FitReason::First)
    );
    assert_eq!((version.points, version.fitted.season), (120, Some(7)));
    assert!(version.cpu_us > 0 && version.fitted.back_test.beats_naive);
    let queue = home.services.jobs.queue(&home.caller).await.unwrap();
    let fit = queue.done.iter().find(|job| job.kind == JobKind::FitModel);
    assert_eq!(fit.unwrap().about, "sales");
    assert!(queue.counts.iter().all(|one| one.state == JobState::Done));

    let before = home.forecast().await;
    home.day(121);
    home.record(120..121, 1.0).await;
    home.settle().await;
    let after = home.forecast().await;
    assert_eq!(after.points[0].at, before.points[1].at);
    let [version] = &home.versions().await[..] else {
        panic!("still one version")
    };
    assert_eq!(version.live.seen, 1);
    let page = home
        .services
        .models
        .list(&home.caller, ModelFilter::default());
    let page = page.await.unwrap();
    assert_eq!(
        (page.all.live, page.rows.len(), page.next.as_str()),
        (1, 1, "")
    );
}

#[tokio::test]
async fn a_disk_that_is_full_before_the_next_step_of_its_forecast_is_on_the_runway() {
    const MINUTE: i64 = 60;
    let home = Home::new().await;
    let read = |from: i64, to: i64, filling: i64| {
        let value = move |place: i64| {
            let fills = (place - filling).max(0) as f64;
            40.0 + 0.05 * (place % 7) as f64 + 2.0 * fills
        };
        let sample = move |place: i64| serde_json::json!({ "name": "disk", "value": value(place), "at": START + 5 * MINUTE * place });
        (from..to).map(sample).collect::<Vec<_>>()
    };
    let days = 45 * 288;
    let now = |place: i64| Instant::from_seconds(START + 5 * MINUTE * place);
    home.clock.set(now(days));
    for from in (0..days).step_by(2_592) {
        home.send(&read(from, from + 2_592, days)).await;
    }
    let id = home.id().await;
    let limit = LimitChange {
        limit: Some(Limit {
            value: 95.0,
            direction: Direction::Rising,
        }),
    };
    let set = home.services.series.set_limit(&home.caller, &id, limit);
    set.await.unwrap();
    home.settle().await;
    assert_eq!(home.forecast().await.step, "1 d");
    let outlook = async || {
        let filter = RunwayFilter {
            with_clear: true,
            domain: None,
        };
        let list = home.services.runway.list(&home.caller, filter).await;
        list.unwrap().strips.remove(0).outlook
    };
    assert!(matches!(outlook().await, Outlook::Clear { .. }));

    // 24 % an hour for three quarters of an hour; the day's forecast knows nothing of it before midnight.
    home.send(&read(days, days + 9, days)).await;
    home.clock.set(now(days + 9));
    home.settle().await;
    let Outlook::Reaches { crossing, per_hour } = outlook().await else {
        panic!("it fills")
    };
    let per_hour = per_hour.unwrap();
    assert!((18.0..30.0).contains(&per_hour), "{per_hour}");
    let left = crossing.median.unwrap().seconds_since(now(days + 9)) / 60.0;
    assert!((70.0..140.0).contains(&left), "{left} minutes");
}

#[tokio::test]
async fn after_a_restart_the_model_is_made_again_and_says_the_same() {
    let (home, twin) = (fitted().await, fitted().await);
    let restarted = Home {
        services: services(home.folder.path(), &home.clock).await,
        ..home
    };
    for one in [&restarted, &twin] {
        for day in 120..125 {
            one.day(day + 1);
            one.record(day..=day, 1.0).await;
            one.settle().await;
        }
    }
    let (made_again, kept) = (restarted.forecast().await, twin.forecast().await);
    assert_eq!(made_again.points, kept.points);
    assert_eq!(
        restarted.versions().await[0].live,
        twin.versions().await[0].live
    );
    assert_eq!(restarted.versions().await.len(), 1);
}

#[tokio::test]
async fn a_model_that_drifts_is_fitted_anew_and_says_why() {
    let home = fitted().await;
    for day in 120..140 {
        home.day(day + 1);
        home.record(day..=day, 12.0).await;
        home.settle().await;
    }
    let versions = home.versions().await;
    let (first, second) = (&versions[versions.len() - 1], &versions[versions.len() - 2]);
    assert!(first.drifted_at.is_some(), "{first:?}");
    assert_eq!(first.state, VersionState::Previous);
    assert_eq!(second.fitted.reason, FitReason::Drift);
}

#[tokio::test]
async fn older_data_make_a_new_model() {
    let home = Home::new().await;
    home.day(120);
    home.record((0..50).chain(60..120), 1.0).await;
    home.settle().await;
    assert_eq!(home.versions().await[0].filled, 10);
    home.day(122);
    home.record(50..60, 1.0).await;
    home.settle().await;
    let versions = home.versions().await;
    assert_eq!(versions[0].fitted.reason, FitReason::Late);
    assert_eq!(versions[0].filled, 0);
}

#[tokio::test]
async fn a_version_is_put_back_in_force_by_hand_and_held() {
    let home = fitted().await;
    let (id, models) = (home.id().await, home.services.models.clone());
    let nothing = models.roll_back(&home.caller, &id).await;
    assert!(
        matches!(nothing, Err(Error::Conflict { .. })),
        "{nothing:?}"
    );
    let first = home.forecast().await;
    home.day(130);
    home.record(120..130, 1.0).await;
    home.settle().await;
    let kept_up = home.forecast().await;
    home.services
        .forecasts
        .refresh(&home.caller, &id)
        .await
        .unwrap();
    assert_eq!(home.versions().await[0].fitted.reason, FitReason::Asked);

    models.roll_back(&home.caller, &id).await.unwrap();
    let expected = [(2, VersionState::Withdrawn), (1, VersionState::Live)];
    assert_eq!(home.states().await, expected);
    assert_eq!(home.forecast().await.points, kept_up.points);
    assert_ne!(home.forecast().await.points, first.points);
    let until = home.versions().await[1].held_until.unwrap();
    assert!((until.0 - Instant::from_seconds(START + DAY * 137 + 7_200).0).abs() < Instant::MINUTE);

    // Held, it is not replaced, however much comes in; after that it is.
    home.day(136);
    home.record(130..136, 1.0).await;
    home.settle().await;
    assert_eq!(home.states().await, expected);
    home.day(160);
    home.record(136..160, 1.0).await;
    home.settle().await;
    assert_eq!(home.states().await[0], (3, VersionState::Live));

    models.promote(&home.caller, &id, 2).await.unwrap();
    assert_eq!(home.states().await[1], (2, VersionState::Live));
    models.promote(&home.caller, &id, 3).await.unwrap();
    let filter = api::AuditFilter::default();
    let noted = home.services.audit.entries(&home.caller, filter, None, 9);
    let noted = noted.await.unwrap().entries;
    let noted: Vec<_> = noted.iter().map(|e| e.record.action.as_str()).collect();
    assert_eq!(
        &noted[..3],
        ["model.promote", "model.promote", "model.roll_back"]
    );
    assert_eq!(
        home.versions().await[0].held_until,
        None,
        "the newest is not held"
    );
    let none = models.promote(&home.caller, &id, 9).await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
}

#[tokio::test]
async fn a_version_whose_data_have_changed_cannot_be_put_in_force() {
    let home = fitted().await;
    let id = home.id().await;
    home.services
        .forecasts
        .refresh(&home.caller, &id)
        .await
        .unwrap();
    home.record([40].into_iter(), 9.0).await;
    let refused = home.services.models.roll_back(&home.caller, &id).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
    assert_eq!(home.states().await[0], (2, VersionState::Live));
}

#[tokio::test]
async fn errors_are_kept_day_by_day_with_the_versions_that_made_them() {
    let home = fitted().await;
    let id = home.id().await;
    let errors = async || {
        let errors = home.services.models.errors(&home.caller, &id).await;
        errors.unwrap()
    };
    let none = errors().await;
    assert!(none.points.is_empty(), "nothing came in since the fit");
    for day in 120..140 {
        home.day(day + 1);
        home.record(day..=day, 12.0).await;
        home.settle().await;
    }
    let (kept, versions) = (errors().await, home.versions().await);
    let of = |number: u32| versions.iter().find(|one| one.number == number).unwrap();
    let first = kept.points[0];
    let at = Instant::from_seconds(START + DAY * 121);
    assert_eq!((first.at, first.version), (at, 1));
    assert_eq!(first.back_test, of(1).ratio);
    assert!(first.back_test.is_some() && first.live.is_some());
    assert!((15..=20).contains(&kept.points.len()), "{kept:?}");
    assert!(kept.points.is_sorted_by(|a, b| a.at < b.at));
    assert!(kept.points.iter().any(|point| point.error > 1.6));
    assert!(kept.drifts.contains(&of(1).drifted_at.unwrap()));
    let second = kept.changes[0];
    assert_eq!((second.at, second.version), (of(2).made_at, 2));

    let none = "none".into();
    let other = home.services.models.errors(&home.caller, &none).await;
    assert!(other.unwrap().points.is_empty());
}

/// Nobody said that it cannot be below zero: whole numbers without a unit count something, and what has
/// been below zero can be again.
#[tokio::test]
async fn what_is_counted_is_not_foreseen_below_zero() {
    for (lowest, floor) in [(0, 0.0), (-5, f64::NEG_INFINITY)] {
        let home = Home::new().await;
        home.day(120);
        // It falls by one a day, and the horizon goes on well beyond its end.
        let samples: Vec<_> = (0..120)
            .map(|d| serde_json::json!({ "name": "stock", "value": (119 - d) / 4 + lowest, "at": START + DAY * d + 3_600 }))
            .collect();
        home.send(&samples).await;
        home.settle().await;
        let points = home.forecast().await.points;
        let least = points
            .iter()
            .map(|point| point.lo95)
            .fold(f64::INFINITY, f64::min);
        assert!(least >= floor, "{lowest}: {least}");
        // Without the floor it goes there.
        assert!(floor == 0.0 || least < 0.0, "{lowest}: {least}");
    }
}

/// Order lines: a part that goes now and then, beside one that goes each day. That nothing went is known for as
/// long as the source says anything.
#[tokio::test]
async fn where_values_are_of_events_a_silence_is_none_and_not_unknown() {
    let home = Home::new().await;
    let lines = async |days: std::ops::Range<i64>| {
        home.record(days.clone(), 1.0).await;
        let seldom = days.filter(|day| day % 5 == 0 && *day < 150);
        let samples: Vec<_> = seldom
            .map(|d| serde_json::json!({ "name": "brackets", "value": 3, "at": START + DAY * d + 3_600 }))
            .collect();
        home.send(&samples).await;
    };
    home.day(152);
    // Today is not over, and what has come in of it says that the days before it are known.
    lines(0..153).await;
    let filter = SeriesFilter {
        text: "brackets".into(),
        ..SeriesFilter::default()
    };
    let found = home.services.series.list(&home.caller, filter).await;
    let brackets = found.unwrap().series[0].id.clone();
    let count = async |aggregation| {
        let change = api::SeriesChange {
            title: "Brackets".into(),
            unit: "units".into(),
            aggregation,
        };
        let series = &home.services.series;
        series
            .change(&home.caller, &brackets, change)
            .await
            .unwrap();
        home.settle().await;
        let state = home.services.forecasts.get(&home.caller, &brackets).await;
        state.unwrap()
    };
    let foreseen = |forecast: &Forecast| forecast.totals.last().map_or(f64::NAN, |sum| sum.point);
    // Three each fifth day. Nobody knows of the other days where they are not said to be none.
    let unsaid = match count(api::Aggregation::Sum).await {
        api::ForecastState::Ready { forecast } => foreseen(&forecast) / days(&forecast),
        api::ForecastState::Unknown { .. } => f64::NAN,
    };
    assert!(unsaid.is_nan() || unsaid > 1.0, "{unsaid}");
    let forecast = match count(api::Aggregation::Events).await {
        api::ForecastState::Ready { forecast } => forecast,
        api::ForecastState::Unknown { why } => panic!("{why}"),
    };
    let a_day = foreseen(&forecast) / days(&forecast);
    assert!((a_day - 0.6).abs() < 0.2, "{a_day} a day");
    let mut all = forecast.points.iter().chain(&forecast.totals);
    assert!(all.all(|point| point.lo95 >= 0.0));
    // The last were on day 145, and that none went until day 151 is known.
    let begins = Instant::from_seconds(START + DAY * 152);
    assert_eq!(forecast.points[0].at, begins);
    assert!(forecast.known_until < begins);

    // Nothing more of them for two months, and the other goes on.
    home.day(212);
    lines(153..213).await;
    home.settle().await;
    let later = forecast_of(&home, &brackets).await;
    assert!(later.points[0].at.0 > forecast.points[0].at.0 + 50 * Instant::DAY);
    assert!(foreseen(&later) < foreseen(&forecast), "{later:?}");

    // Nothing more of anything, but for a plan, which a table may bring: that says nothing of the week that went.
    home.day(400);
    let plan = serde_json::json!({ "name": "plan", "value": 1, "at": START + DAY * 400 });
    home.send(&[plan]).await;
    home.day(219);
    home.settle().await;
    let unsaid = forecast_of(&home, &brackets).await;
    let day_over = later.points[0].at.plus(Instant::DAY);
    assert_eq!(unsaid.points[0].at, day_over);
}

/// How many days a forecast reaches.
fn days(forecast: &Forecast) -> f64 {
    forecast.points.len() as f64 * f64::from(forecast.step_seconds) / DAY as f64
}

async fn forecast_of(home: &Home, id: &SeriesId) -> Box<Forecast> {
    forecast(&home.services, &home.caller, id).await
}
