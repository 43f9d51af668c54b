//! Findings through the operations: a pattern and a spike, what is said of it, and the demo company.

use std::sync::Arc;

use api::{
    CalendarChange, Caller, Domain, EntryKind, FindingFilter, Instant, Range, SeriesFilter,
    SeriesId, Services, Touches, Verdict, WhyUnknown,
};
use fakes::FixedClock;
use service::{Bus, Hub, Served, Settings};
use store::{DatabaseUrl, Store};

use crate::home::all_findings;

const START: i64 = 1_780_000_000;

async fn services(now: i64) -> (tempfile::TempDir, Services) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&DatabaseUrl::in_folder(folder.path()), folder.path())
        .await
        .unwrap();
    let hub = Hub::new(
        store,
        Arc::new(FixedClock::new(Instant::from_seconds(now))),
        Bus::new(16),
        Settings::alone(folder.path().join("uploads")),
    );
    (folder, hub.services())
}

fn ever() -> Range {
    Range {
        from: Instant(0),
        to: Instant(i64::MAX),
    }
}

/// A sine of an hour with a little unrest, five hours of minutes, and a spike of five minutes near the end.
async fn with_a_spike(services: &Services, caller: &Caller, minutes: i64) -> SeriesId {
    let samples: Vec<_> = (0..minutes)
        .map(|m| {
            let angle = m as f64 * std::f64::consts::TAU / 60.0;
            let restless = (m * 7_919 % 101) as f64 / 101.0;
            let spike = if (270..275).contains(&m) { 90.0 } else { 0.0 };
            let value = 50.0 + 10.0 * angle.sin() + restless + spike;
            serde_json::json!({ "name": "queue", "value": value, "at": START + 60 * m })
        })
        .collect();
    let body = serde_json::json!({ "samples": samples }).to_string();
    let recorded = services.series.record_json(caller, body.as_bytes()).await;
    assert_eq!(i64::from(recorded.unwrap().accepted), minutes);
    let all = services.series.list(caller, SeriesFilter::default()).await;
    all.unwrap().series[0].id.clone()
}

#[tokio::test]
async fn a_spike_is_found_once_and_judged() {
    let (_folder, services) = services(START + 60 * 300).await;
    let caller = Caller::system("test");
    let id = with_a_spike(&services, &caller, 300).await;
    let findings = &services.findings;
    let before = findings.unusual(&caller, &id, ever()).await.unwrap();
    assert_eq!(before.why_not, Some(WhyUnknown::Pending));
    assert_eq!(findings.scan_due(&caller).await.unwrap(), 1);
    let found = findings.unusual(&caller, &id, ever()).await.unwrap();
    let [finding] = &found.findings[..] else {
        panic!("{:?}", found.findings)
    };
    assert_eq!(
        finding.begins,
        Instant::from_seconds(START + 60 * 270).floor_minute()
    );
    assert_eq!((found.recent, &found.why_not), (1, &None));
    assert!(!found.ribbon.is_empty());
    assert_eq!(all_findings(&services, &caller).await.len(), 1);

    // What other thresholds would have found is counted once.
    let again = findings.unusual(&caller, &id, ever());
    let (again, served) = service::watching(again).await;
    assert_eq!((again.as_ref(), served), (Ok(&found), Some(Served::Hit)));

    let threshold = found.sensitivity.threshold;
    let judge = |verdict| findings.judge(&caller, &id, finding.begins, verdict);
    judge(Some(Verdict::No)).await.unwrap();
    // Said twice it counts once.
    judge(Some(Verdict::No)).await.unwrap();
    let judged = findings.unusual(&caller, &id, ever()).await.unwrap();
    assert!(judged.sensitivity.threshold > threshold);
    assert_eq!(judged.sensitivity.dismissed, 1);
    assert_eq!(judged.findings.len(), 1, "it stays, with what was said");
    assert_eq!(judged.findings[0].verdict, Some(Verdict::No));
    assert_eq!(all_findings(&services, &caller).await, []);

    judge(None).await.unwrap();
    let again = findings.unusual(&caller, &id, ever()).await.unwrap();
    assert_eq!(again, found, "taken back, nothing is left of it");

    findings
        .set_sensitivity(&caller, &id, Some(0.98))
        .await
        .unwrap();
    let deaf = findings.unusual(&caller, &id, ever()).await.unwrap();
    assert!(deaf.sensitivity.by_hand);
    assert_eq!(deaf.recent as usize, deaf.findings.len());
    let wrong = findings.set_sensitivity(&caller, &id, Some(f64::NAN)).await;
    assert!(wrong.is_err());
}

trait FloorMinute {
    fn floor_minute(self) -> Self;
}

impl FloorMinute for Instant {
    fn floor_minute(self) -> Self {
        Self(self.0 - self.0.rem_euclid(Self::MINUTE))
    }
}

#[tokio::test]
async fn what_the_calendar_says_stands_with_a_finding_as_long_as_it_says_so() {
    let (_folder, services) = services(START + 60 * 300).await;
    let caller = Caller::system("test");
    let id = with_a_spike(&services, &caller, 300).await;
    services.findings.scan_due(&caller).await.unwrap();
    let during = async || {
        let listed = all_findings(&services, &caller).await;
        let of_series = services.findings.unusual(&caller, &id, ever()).await;
        assert_eq!(listed, of_series.unwrap().findings);
        listed[0].during.clone()
    };
    assert_eq!(during().await, Vec::<String>::new());
    // The spike is in the first hour of that day.
    let entry = |day: &str, name: &str| CalendarChange {
        name: name.into(),
        kind: EntryKind::Promotion,
        first: day.into(),
        last: day.into(),
        touches: Touches::Series(vec![id.clone()]),
    };
    let calendars = &services.calendars;
    let sale = calendars.add_entry(&caller, entry("2026-05-29", "Sale"));
    let sale = sale.await.unwrap();
    let other = entry("2026-05-30", "The day after");
    calendars.add_entry(&caller, other).await.unwrap();
    assert_eq!(during().await, ["Sale"]);
    calendars.remove_entry(&caller, &sale).await.unwrap();
    assert_eq!(during().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_short_history_is_said_to_be_too_short() {
    let (_folder, services) = services(START + 60 * 300).await;
    let caller = Caller::system("test");
    let id = with_a_spike(&services, &caller, 60).await;
    services.findings.scan_due(&caller).await.unwrap();
    let found = services
        .findings
        .unusual(&caller, &id, ever())
        .await
        .unwrap();
    let why = found.why_not.unwrap().to_string();
    assert!(why.starts_with("not enough history yet"), "{why}");
}

#[tokio::test]
async fn what_is_not_there_is_not_judged_and_unknown() {
    let (_folder, services) = services(START + 60 * 300).await;
    let caller = Caller::system("test");
    let id = with_a_spike(&services, &caller, 300).await;
    services.findings.scan_due(&caller).await.unwrap();
    let found = services.findings.unusual(&caller, &id, ever()).await;
    let again = services
        .findings
        .judge(&caller, &id, Instant(1), None)
        .await;
    assert!(matches!(again, Err(api::Error::NotFound { .. })));
    let kept = services.findings.unusual(&caller, &id, ever()).await;
    assert_eq!(kept.unwrap().findings, found.unwrap().findings);
    let never = services
        .findings
        .unusual(&caller, &"none".into(), ever())
        .await;
    assert_eq!(never.unwrap().why_not, Some(WhyUnknown::NoData));
}

#[tokio::test]
async fn the_demo_company_has_few_findings() {
    let (_folder, services) = services(START).await;
    let caller = Caller::system("test");
    services.demo.start(&caller).await.unwrap();
    let mut series = 0;
    loop {
        let done = services.findings.scan_due(&caller).await.unwrap();
        series += done;
        if done == 0 {
            break;
        }
    }
    let filter = SeriesFilter {
        limit: 500,
        ..SeriesFilter::default()
    };
    let listed = services.series.list(&caller, filter).await.unwrap().series;
    let (mut all, mut recent, mut unknown) = (0, Vec::new(), Vec::new());
    for one in listed {
        let found = services.findings.unusual(&caller, &one.id, ever()).await;
        let found = found.unwrap();
        all += found.findings.len();
        if found.recent > 0 {
            recent.push(one.title.clone());
        }
        if found.why_not.is_some() {
            unknown.push(one.title);
        }
    }
    let runway = services
        .runway
        .list(&caller, api::RunwayFilter::default())
        .await
        .unwrap();
    let told: Vec<_> = runway
        .unusual
        .iter()
        .map(|one| one.title.as_str())
        .collect();
    let newest = all_findings(&services, &caller).await;
    let chance = newest.iter().filter(|one| one.may_be_chance()).count();
    let likely = services.findings.newest(&caller, FindingFilter::default());
    let likely = likely.await.unwrap();
    assert!(likely.findings.iter().all(|one| !one.may_be_chance()));
    assert!(!likely.findings.is_empty() && likely.chance as usize >= chance);
    let of_business = FindingFilter {
        domain: Some(Domain::Business),
        with_chance: true,
    };
    let of_business = services
        .findings
        .newest(&caller, of_business)
        .await
        .unwrap();
    let business = of_business.findings.iter();
    assert!(
        business
            .map(|one| one.domain)
            .all(|domain| domain == Domain::Business)
    );
    assert!(of_business.chance < likely.chance);
    // A month of five minutes, a quarter of hours and two years of days of a hundred series.
    assert!(chance * 3 > newest.len(), "{chance} of {}", newest.len());
    assert!(series > 100 && all < 110, "{series} {all}");
    // The report that ran away is told, and little else; the rest may be chance, and is said to be.
    assert!(told.contains(&"web-2 CPU") && told.len() <= 2, "{told:?}");
    assert!(recent.iter().any(|t| t == "CNC-2 vibration"), "{recent:?}");
    assert!(
        unknown.iter().any(|t| t.starts_with("SKU-40")),
        "{unknown:?}"
    );
}
