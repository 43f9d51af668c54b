//! The calendar and the forecasts: what a promotion or a holiday did before is expected when it comes
//! again, a change has the forecasts concerned fitted anew, and nonsense is refused at its field.

use std::sync::Arc;

use api::{
    CalendarChange, Caller, EffectKind, EntryKind, Error, FitReason, Forecast, Instant,
    ModelVersion, Point, SeriesId, Services, Touches,
};
use fakes::FixedClock;
use service::{Bus, Hub, Settings};
use store::{DatabaseUrl, Store};

use crate::home::forecast;
use crate::queue::settle;

/// 1 June 2025, a Sunday, in seconds.
const START: i64 = 1_748_736_000;
const DAY: i64 = 86_400;
/// Days of history: up to 28 October 2026.
const DAYS: i64 = 514;

struct Home {
    _folder: tempfile::TempDir,
    clock: Arc<FixedClock>,
    services: Services,
    caller: Caller,
}

/// Orders of a day with a week's pattern and a little unrest.
fn usual(day: i64) -> f64 {
    let restless = (day * 7_919 % 101) as f64 / 101.0 - 0.5;
    let weekend = if day % 7 >= 5 { 40.0 } else { 0.0 };
    200.0 + weekend + 10.0 * restless
}

/// A day of a date.
fn day(date: &str) -> i64 {
    let days = entry("", date, date, Touches::All).days().unwrap();
    (days.from.0 / Instant::SECOND - START) / DAY
}

fn entry(name: &str, first: &str, last: &str, touches: Touches) -> CalendarChange {
    CalendarChange {
        name: name.into(),
        kind: EntryKind::Promotion,
        first: first.into(),
        last: last.into(),
        touches,
    }
}

impl Home {
    /// Two series: `orders`, which `factor` moves on some days, and `visits`, which nothing does.
    async fn new(factor: impl Fn(i64) -> f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = START + DAY * DAYS + 7_200;
        let clock = Arc::new(FixedClock::new(Instant::from_seconds(now)));
        let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path()).await;
        let settings = Settings::alone(folder.path().join("uploads"));
        let home = Self {
            services: Hub::new(store.unwrap(), clock.clone(), Bus::new(16), settings).services(),
            caller: Caller::system("test"),
            _folder: folder,
            clock,
        };
        let samples: Vec<_> = (0..DAYS)
            .flat_map(|d| {
                let at = START + DAY * d + 3_600;
                let one = |name: &str, value: f64| {
                    serde_json::json!({ "name": name, "value": value, "at": at })
                };
                [one("orders", usual(d) * factor(d)), one("visits", usual(d))]
            })
            .collect();
        let body = serde_json::json!({ "samples": samples }).to_string();
        let series = &home.services.series;
        series
            .record_json(&home.caller, body.as_bytes())
            .await
            .unwrap();
        home.settle().await;
        home
    }

    async fn settle(&self) {
        settle(&self.services, &self.caller).await;
    }

    async fn id(&self, name: &str) -> SeriesId {
        crate::things::found(&self.services, name).await
    }

    async fn forecast(&self, name: &str) -> Box<Forecast> {
        let id = self.id(name).await;
        forecast(&self.services, &self.caller, &id).await
    }

    /// What is foreseen of a date, as a share of what is usual then.
    async fn share(&self, name: &str, date: &str) -> f64 {
        let forecast = self.forecast(name).await;
        let at = Instant::from_seconds(START + day(date) * DAY);
        let point = forecast.points.iter().find(|point| point.at == at).unwrap();
        point.point / usual(day(date))
    }

    async fn versions(&self, name: &str) -> Vec<ModelVersion> {
        let id = self.id(name).await;
        let versions = self.services.models.versions(&self.caller, &id).await;
        versions.unwrap()
    }

    async fn add(&self, change: CalendarChange) -> Result<api::CalendarEntryId, Error> {
        self.services
            .calendars
            .add_entry(&self.caller, change)
            .await
    }
}

fn field<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Invalid { fields, .. }) => fields[0].field.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_promotion_in_the_history_lifts_the_forecast_of_the_next_one_and_of_no_other_day() {
    let spring = day("2026-03-10")..=day("2026-03-14");
    let home = Home::new(|d| if spring.contains(&d) { 1.5 } else { 1.0 }).await;
    let orders = Touches::Series(vec![home.id("orders").await]);
    home.add(entry(
        "Spring sale",
        "2026-03-10",
        "2026-03-14",
        orders.clone(),
    ))
    .await
    .unwrap();
    let autumn = entry("spring Sale", "2026-11-10", "2026-11-11", orders);
    let id = home.add(autumn).await.unwrap();
    home.settle().await;
    let (on, after) = (
        home.share("orders", "2026-11-10").await,
        home.share("orders", "2026-11-12").await,
    );
    assert!((1.3..1.6).contains(&on), "{on}");
    assert!((after - 1.0).abs() < 0.05, "{after}");

    let version = &home.versions("orders").await[0];
    assert_eq!(version.fitted.reason, FitReason::Calendar);
    let [used] = &version.fitted.effects[..] else {
        panic!("{:?}", version.fitted.effects)
    };
    assert!(used.shows && used.seen == 5 && !used.of_kind, "{used:?}");
    // Half of some 200, a little shrunk; no share, since the series may be negative.
    assert!(
        !used.share && (80.0..=100.0).contains(&used.size),
        "{used:?}"
    );
    assert_eq!((used.kind, used.ahead.len()), (EffectKind::Promotion, 1));
    // What it does not touch was not fitted anew.
    assert_eq!(home.versions("visits").await.len(), 1);

    home.services
        .calendars
        .remove_entry(&home.caller, &id)
        .await
        .unwrap();
    home.settle().await;
    let gone = home.share("orders", "2026-11-10").await;
    assert!((gone - 1.0).abs() < 0.05, "{gone}");
}

#[tokio::test]
async fn another_promotion_does_what_promotions_do_here() {
    let sales = [day("2026-02-03"), day("2026-04-14"), day("2026-07-07")];
    let home = Home::new(|d| if sales.contains(&d) { 1.4 } else { 1.0 }).await;
    for date in ["2026-02-03", "2026-04-14", "2026-07-07", "2026-11-17"] {
        let name = format!("Sale of {date}");
        home.add(entry(&name, date, date, Touches::All))
            .await
            .unwrap();
    }
    home.settle().await;
    let on = home.share("orders", "2026-11-17").await;
    assert!((1.2..1.5).contains(&on), "{on}");
    let flat = home.share("visits", "2026-11-17").await;
    assert!(
        (flat - 1.0).abs() < 0.05,
        "visits know no promotions: {flat}"
    );
    let used = &home.versions("orders").await[0].fitted.effects;
    assert!(used.iter().all(|one| one.of_kind && one.shows), "{used:?}");
}

#[tokio::test]
async fn a_holiday_is_known_ahead_and_only_where_it_made_a_difference() {
    // Shops are closed on public holidays; All Saints' Day, a Sunday this year, is next.
    let closed = [
        "2025-06-09",
        "2025-10-03",
        "2025-12-25",
        "2025-12-26",
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-01",
        "2026-05-14",
        "2026-05-25",
    ];
    let closed = closed.map(day);
    let home = Home::new(|d| if closed.contains(&d) { 0.2 } else { 1.0 }).await;
    let holidays = |region: &str| {
        let region = (!region.is_empty()).then(|| region.to_owned());
        home.services.calendars.set_holidays(&home.caller, region)
    };
    holidays("DE-BY").await.unwrap();
    home.settle().await;
    let on = home.share("orders", "2026-11-01").await;
    assert!((0.1..0.6).contains(&on), "{on}");
    let plain = home.share("orders", "2026-11-02").await;
    assert!((plain - 1.0).abs() < 0.05, "{plain}");
    let visits = home.share("visits", "2026-11-01").await;
    assert!((visits - 1.0).abs() < 0.05, "{visits}");

    let calendar = home
        .services
        .calendars
        .calendar(&home.caller)
        .await
        .unwrap();
    assert_eq!(calendar.region.as_deref(), Some("DE-BY"));
    assert_eq!(calendar.holidays[0].day, "2026-11-01");
    holidays("").await.unwrap();
    home.settle().await;
    let off = home.share("orders", "2026-11-01").await;
    assert!((off - 1.0).abs() < 0.1, "{off}");
    let versions = home.versions("orders").await;
    assert!(versions[0].fitted.effects.is_empty());
}

#[tokio::test]
async fn the_value_of_a_known_day_moves_neither_the_model_nor_its_drift() {
    let sale = day("2026-03-10");
    let home = Home::new(|d| if d == sale { 3.0 } else { 1.0 }).await;
    home.add(entry("Sale", "2026-03-10", "2026-03-10", Touches::All))
        .await
        .unwrap();
    home.add(entry("Sale", "2026-10-28", "2026-10-28", Touches::All))
        .await
        .unwrap();
    home.settle().await;
    let seen = home.versions("orders").await[0].live.seen;
    let at = Instant::from_seconds(START + DAYS * DAY + 3_600);
    let last = Point {
        at,
        value: Some(3.0 * usual(DAYS)),
    };
    let body = serde_json::json!({ "samples": [{ "name": "orders", "value": last.value, "at": at.0 / Instant::SECOND }] });
    let series = &home.services.series;
    series
        .record_json(&home.caller, body.to_string().as_bytes())
        .await
        .unwrap();
    let next = Instant::from_seconds(START + (DAYS + 1) * DAY + 7_200);
    home.clock.set(next);
    home.settle().await;
    let forecast = home.forecast("orders").await;
    let tomorrow = Instant::from_seconds(START + (DAYS + 1) * DAY);
    assert_eq!(forecast.points[0].at, tomorrow, "the day is taken in");
    let version = &home.versions("orders").await[0];
    assert_eq!((version.live.seen, version.drifted_at), (seen, None));
    let usual = forecast.points[0].point / usual(DAYS + 1);
    assert!((usual - 1.0).abs() < 0.05, "{usual}");
}

#[tokio::test]
async fn nonsense_is_refused_at_its_field() {
    let home = Home::new(|_| 1.0).await;
    let region = Some("Atlantis".to_owned());
    let unknown = home.services.calendars.set_holidays(&home.caller, region);
    assert_eq!(field(unknown.await), "region");
    for (name, first, last, touches, at) in [
        ("", "2026-11-27", "2026-11-27", Touches::All, "name"),
        ("x", "2026-11-27", "2026-11-26", Touches::All, "last"),
        ("x", "2026-11-31", "2026-12-01", Touches::All, "first"),
        (
            "x",
            "2026-11-27",
            "2026-11-27",
            Touches::Series(Vec::new()),
            "touches",
        ),
        (
            "x",
            "2026-11-27",
            "2026-11-27",
            Touches::Series(vec!["none".into()]),
            "touches",
        ),
        (
            "x",
            "2026-11-27",
            "2026-11-27",
            Touches::Source("none".into()),
            "touches",
        ),
    ] {
        let added = home.add(entry(name, first, last, touches)).await;
        assert_eq!(field(added), at, "{name} {first} {last}");
    }
    let calendars = &home.services.calendars;
    let none = calendars.remove_entry(&home.caller, &"none".into()).await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    assert_eq!(
        home.versions("orders").await.len(),
        1,
        "nothing was fitted anew"
    );
}

#[tokio::test]
async fn alerts_and_days_of_the_calendar_are_marks_of_a_range_the_latest_first() {
    let home = Home::new(|_| 1.0).await;
    let orders = home.id("orders").await;
    let sale = entry(
        "Sale",
        "2026-10-20",
        "2026-10-21",
        Touches::Series(vec![orders.clone()]),
    );
    home.add(sale).await.unwrap();
    let region = Some("DE".to_owned());
    let calendars = &home.services.calendars;
    calendars.set_holidays(&home.caller, region).await.unwrap();
    let alert = serde_json::json!({ "version": "4", "groupKey": "x", "truncatedAlerts": 0, "status": "resolved",
        "receiver": "x", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "",
        "alerts": [{ "status": "resolved", "labels": { "alertname": "CheckoutDown", "instance": "web-1" },
            "annotations": {}, "startsAt": "2026-10-19T08:00:00Z", "endsAt": "2026-10-19T09:00:00Z",
            "generatorURL": "", "fingerprint": "f" }] });
    let body = alert.to_string();
    let sent = home
        .services
        .events
        .receive_alerts(&home.caller, body.as_bytes());
    assert_eq!(sent.await.unwrap(), Ok(1));
    let marks = async |name: &str, from: &str, to: &str| {
        let at = |date: &str| Instant::from_seconds(START + day(date) * DAY);
        let range = api::Range {
            from: at(from),
            to: at(to),
        };
        let id = home.id(name).await;
        let marks = home.services.events.marks(&home.caller, &id, range).await;
        let names = marks.unwrap().into_iter().map(|mark| mark.name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        marks("orders", "2026-10-01", "2026-11-01").await,
        ["Sale", "CheckoutDown", "German Unity Day"]
    );
    assert_eq!(
        marks("visits", "2026-10-01", "2026-11-01").await,
        ["CheckoutDown", "German Unity Day"]
    );
    assert!(marks("orders", "2026-10-04", "2026-10-18").await.is_empty());
    // What began before and lasts into it is told; what ends where it begins is not.
    assert_eq!(marks("orders", "2026-10-21", "2026-10-22").await, ["Sale"]);
    assert!(marks("orders", "2026-10-22", "2026-10-23").await.is_empty());
}
