//! The webhook of Prometheus' Alertmanager, version 4: alerts as events
//! (prometheus.io, "Alerting configuration", `<webhook_config>`).
//!
//! A group is sent again while it lasts and whenever one of its alerts changes, so the same alert
//! arrives many times: [`AlertEvent::key`] tells that it is the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

/// The most alerts in one message; Alertmanager itself can be told to send no more than so many.
pub const MAX_ALERTS: usize = 10_000;
/// The longest body, in bytes.
pub const MAX_BODY_BYTES: usize = 8 << 20;

/// Whether an alert still lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertStatus {
    /// It does.
    Firing,
    /// It is over.
    Resolved,
}

/// One alert at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertEvent {
    /// What Alertmanager calls the alert's labels: the same as long as the labels are. Where a sender
    /// leaves it out, the labels themselves as text.
    pub fingerprint: String,
    /// Whether it lasts.
    pub status: AlertStatus,
    /// The label `alertname`; empty where there is none.
    pub name: String,
    /// The label `severity`; empty where there is none.
    pub severity: String,
    /// What the alert is about.
    pub labels: BTreeMap<String, String>,
    /// What people are told, such as `summary` and `description`.
    pub annotations: BTreeMap<String, String>,
    /// When it began, in milliseconds since 1970.
    pub starts_ms: i64,
    /// When it ended; of one that lasts it is not known.
    pub ends_ms: Option<i64>,
    /// Where to look; empty where nobody said. It is the sender's word: a page shows it as a link only
    /// where it begins with `http://` or `https://`.
    pub generator_url: String,
    /// The group in which it came.
    pub group_key: String,
    /// The receiver in the Alertmanager's configuration.
    pub receiver: String,
}

impl AlertEvent {
    /// The same for each message about one occurrence of an alert: what it is about, and when it
    /// began.
    pub fn key(&self) -> (&str, i64) {
        (&self.fingerprint, self.starts_ms)
    }
}

/// What one message brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// The alerts, in the order of the message.
    pub events: Vec<AlertEvent>,
    /// How many more there are that Alertmanager left out (`max_alerts`).
    pub truncated: u64,
}

/// Why a message is not taken. All are worth a 400 but [`TooLarge`](Self::TooLarge), which is a 413.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AlertsError {
    /// More bytes or alerts than are read.
    #[error("more than {max} {what} in one message")]
    TooLarge {
        /// `bytes` or `alerts`.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// Not the JSON of a webhook.
    #[error("the body is not a message of Alertmanager: {0}")]
    Malformed(String),
    /// A version that is not known.
    #[error("the message has the version `{0}`, and 4 is understood")]
    Version(String),
}

impl AlertsError {
    /// The status of the answer; Alertmanager sends again only for 5xx.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge { .. } => 413,
            Self::Malformed(_) | Self::Version(_) => 400,
        }
    }
}

/// Reads a message.
///
/// # Errors
/// Where the body is too long, no such JSON, or of another version. An alert that is wrong spoils the
/// message: Alertmanager is a program, and sends none.
pub fn parse(body: &[u8]) -> Result<Alerts, AlertsError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(AlertsError::TooLarge {
            what: "bytes",
            max: MAX_BODY_BYTES,
        });
    }
    let message: Message =
        serde_json::from_slice(body).map_err(|error| AlertsError::Malformed(error.to_string()))?;
    if message.version != "4" {
        let version = message.version.chars().take(20).collect();
        return Err(AlertsError::Version(version));
    }
    if message.alerts.len() > MAX_ALERTS {
        return Err(AlertsError::TooLarge {
            what: "alerts",
            max: MAX_ALERTS,
        });
    }
    let (group_key, receiver) = (message.group_key, message.receiver);
    let events = message.alerts.into_iter();
    Ok(Alerts {
        events: events
            .map(|alert| alert.event(&group_key, &receiver))
            .collect(),
        truncated: message.truncated_alerts,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    version: String,
    #[serde(default)]
    group_key: String,
    #[serde(default)]
    truncated_alerts: u64,
    #[serde(default)]
    receiver: String,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: Status,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "milliseconds")]
    starts_at: i64,
    #[serde(default, deserialize_with = "some_milliseconds")]
    ends_at: Option<i64>,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
    #[serde(default)]
    fingerprint: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

impl Alert {
    fn event(self, group_key: &str, receiver: &str) -> AlertEvent {
        let label = |name: &str| self.labels.get(name).cloned().unwrap_or_default();
        let status = match self.status {
            Status::Firing => AlertStatus::Firing,
            Status::Resolved => AlertStatus::Resolved,
        };
        let fingerprint = if self.fingerprint.is_empty() {
            format!("{:?}", self.labels)
        } else {
            self.fingerprint
        };
        AlertEvent {
            fingerprint,
            status,
            name: label("alertname"),
            severity: label("severity"),
            // Of an alert that lasts, the end is when it would be forgotten, or the year 1.
            ends_ms: self.ends_at.filter(|_| status == AlertStatus::Resolved),
            starts_ms: self.starts_at,
            labels: self.labels,
            annotations: self.annotations,
            generator_url: self.generator_url,
            group_key: group_key.to_owned(),
            receiver: receiver.to_owned(),
        }
    }
}

/// A time of RFC 3339.
fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    Ok(time.as_millisecond())
}

fn some_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    milliseconds(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGE: &str = r#"{"receiver":"millrace","status":"firing","version":"4","groupKey":"{}:{alertname=\"Down\"}",
        "truncatedAlerts":2,"groupLabels":{"alertname":"Down"},"commonLabels":{},"commonAnnotations":{},
        "externalURL":"http://am:9093","alerts":[
        {"status":"firing","labels":{"alertname":"Down","severity":"page","job":"api"},"annotations":{"summary":"It is down."},
         "startsAt":"2026-11-21T07:00:00.5Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/graph","fingerprint":"2bf1"},
        {"status":"resolved","labels":{"alertname":"Slow"},"annotations":{},
         "startsAt":"2026-11-21T08:00:00+01:00","endsAt":"2026-11-21T07:30:00Z","generatorURL":"","fingerprint":""}]}"#;

    #[test]
    fn each_alert_is_an_event() {
        let alerts = parse(MESSAGE.as_bytes()).unwrap();
        assert_eq!((alerts.events.len(), alerts.truncated), (2, 2));
        let [down, slow] = &alerts.events[..] else {
            panic!("there are two")
        };
        assert_eq!(
            (down.name.as_str(), down.severity.as_str()),
            ("Down", "page")
        );
        assert_eq!(down.key(), ("2bf1", 1_795_244_400_500));
        assert_eq!((down.status, down.ends_ms), (AlertStatus::Firing, None));
        assert_eq!(down.annotations["summary"], "It is down.");
        assert_eq!(slow.ends_ms, Some(1_795_246_200_000));
        assert_eq!(slow.starts_ms, 1_795_244_400_000);
        assert_eq!(slow.fingerprint, r#"{"alertname": "Slow"}"#);
        assert_eq!(slow.receiver, "millrace");
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (from, to) in [
            ("\"4\"", "\"3\""),
            ("\"firing\",\"labels\"", "\"odd\",\"labels\""),
            ("2026-11-21T07:00:00.5Z", "yesterday"),
            ("\"alerts\"", "\"alarms\""),
            ("\"page\"", "7"),
        ] {
            let body = MESSAGE.replace(from, to);
            assert_ne!(body, MESSAGE);
            assert_eq!(parse(body.as_bytes()).unwrap_err().status(), 400, "{to}");
        }
        let long = vec![b' '; MAX_BODY_BYTES + 1];
        assert_eq!(parse(&long).unwrap_err().status(), 413);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            at in 0..MESSAGE.len(), byte in any::<u8>(), end in 0..MESSAGE.len(),
        ) {
            let mut body = MESSAGE.as_bytes().to_vec();
            body[at] = byte;
            let _ = parse(&body);
            let _ = parse(&body[..end]);
        }
    }
}
