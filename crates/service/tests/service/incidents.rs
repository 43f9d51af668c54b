//! Incidents: forty alerts and a finding of one machine and one time are one, and nothing else is.

use api::{Caller, Instant, Member};

use crate::home::{NOW_S, all_findings, home};

/// A message of Alertmanager about those: when each began, in seconds, and of which instance.
fn message(alerts: &[(i64, &str)], lasts: bool) -> String {
    let alerts: Vec<_> = alerts
        .iter()
        .enumerate()
        .map(|(number, (at, instance))| {
            let time = |seconds: i64| jiff::Timestamp::from_second(seconds).unwrap().to_string();
            let (status, ends) = if lasts {
                ("firing", "0001-01-01T00:00:00Z".to_owned())
            } else {
                ("resolved", time(at + 300))
            };
            serde_json::json!({ "status": status,
                "labels": { "alertname": format!("Alert{number}"), "instance": instance },
                "annotations": {}, "startsAt": time(*at), "endsAt": ends,
                "generatorURL": "", "fingerprint": format!("{instance}{at}{number}") })
        })
        .collect();
    serde_json::json!({ "version": "4", "groupKey": "x", "truncatedAlerts": 0, "status": "firing",
        "receiver": "x", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "",
        "alerts": alerts })
    .to_string()
}

#[tokio::test]
async fn what_begins_together_in_one_place_is_one_incident() {
    let home = home().await;
    let caller = Caller::system("test");
    let (services, start) = (&home.services, NOW_S - 300 * 60);
    let samples: Vec<_> = (0..300)
        .map(|m| {
            let angle = f64::from(m) * std::f64::consts::TAU / 60.0;
            let restless = f64::from(m * 7_919 % 101) / 101.0;
            let spike = if (270..275).contains(&m) { 90.0 } else { 0.0 };
            let value = 50.0 + 10.0 * angle.sin() + restless + spike;
            serde_json::json!({ "name": "queue", "labels": { "instance": "db-1" }, "value": value,
                "at": start + 60 * i64::from(m) })
        })
        .collect();
    let body = serde_json::json!({ "samples": samples }).to_string();
    let recorded = services.series.record_json(&caller, body.as_bytes()).await;
    assert_eq!(recorded.unwrap().accepted, 300);
    services.findings.scan_due(&caller).await.unwrap();
    assert_eq!(all_findings(services, &caller).await.len(), 1);
    assert!(
        services
            .incidents
            .incidents(&caller)
            .await
            .unwrap()
            .is_empty(),
        "one is none"
    );

    let spike = start + 270 * 60;
    let mut alerts: Vec<(i64, &str)> = (0..40).map(|n| (spike + 10 * n, "db-1:9100")).collect();
    // Another machine, and another time.
    alerts.extend([(spike, "web-1:9100"), (spike - 86_400, "db-1:9100")]);
    let sent = services
        .events
        .receive_alerts(&caller, message(&alerts, false).as_bytes())
        .await;
    assert_eq!(sent.unwrap(), Ok(42));
    let incidents = services.incidents.incidents(&caller).await.unwrap();
    assert_eq!(incidents.len(), 1);
    let incident = &incidents[0];
    assert_eq!(
        (incident.place.as_str(), incident.members.len()),
        ("db-1", 41)
    );
    let findings = incident.members.iter();
    let findings = findings.filter(|one| matches!(one, Member::Finding { .. }));
    assert_eq!(findings.count(), 1);
    assert!(incident.members.is_sorted_by_key(Member::begins));
    assert!(incident.ends.unwrap() >= Instant::from_seconds(spike + 390 + 300));

    // One that lasts has the whole last.
    let last = message(&[(spike + 600, "db-1:9100")], true);
    let sent = services
        .events
        .receive_alerts(&caller, last.as_bytes())
        .await;
    assert_eq!(sent.unwrap(), Ok(1));
    let incidents = services.incidents.incidents(&caller).await.unwrap();
    assert_eq!((incidents[0].members.len(), incidents[0].ends), (42, None));
}
