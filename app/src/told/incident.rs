//! Incidents in words: what began together, with its timeline.

use api::{Incident, Member};
use serde::{Deserialize, Serialize};

/// So many of an incident's members stand in its timeline.
const SHOWN: usize = 60;

/// What began together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Where.
    pub place: String,
    /// What it is made of: `3 findings and 40 alerts`.
    pub made_of: String,
    /// When it began, in microseconds.
    pub begins: i64,
    /// How long it took, or that it lasts.
    pub length: String,
    /// Whether it lasts.
    pub lasts: bool,
    /// Its timeline.
    pub moments: Vec<Moment>,
    /// How many more there are, in words; empty where there are none.
    pub more: String,
}

/// One thing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When it began, in microseconds.
    pub at: i64,
    /// Whether another system called for help.
    pub alert: bool,
    /// What it is called.
    pub title: String,
    /// Where to look; empty where nowhere.
    pub href: String,
    /// What was seen or said.
    pub words: String,
}

/// An incident, told.
pub fn shown(incident: &Incident) -> Shown {
    let members = &incident.members;
    let alerts = members
        .iter()
        .filter(|member| matches!(member, Member::Alert { .. }))
        .count();
    let more = members.len().saturating_sub(SHOWN);
    Shown {
        place: incident.place.clone(),
        made_of: counted(members.len() - alerts, alerts),
        begins: incident.begins.0,
        length: incident.ends.map_or_else(
            || "lasts".to_owned(),
            |ends| ui::span_text(ends.seconds_since(incident.begins)),
        ),
        lasts: incident.ends.is_none(),
        moments: members.iter().take(SHOWN).map(moment).collect(),
        more: if more == 0 {
            String::new()
        } else {
            format!("And {more} more.")
        },
    }
}

fn counted(findings: usize, alerts: usize) -> String {
    let many = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let both = [many(findings, "finding"), many(alerts, "alert")];
    both.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn moment(member: &Member) -> Moment {
    match member {
        Member::Finding { finding } => {
            let told = super::told(finding);
            Moment {
                at: finding.begins.0,
                alert: false,
                title: told.title,
                href: told.href,
                words: told.seen,
            }
        }
        Member::Alert { alert } => {
            let said = |name: &str| {
                let found = alert.annotations.iter().find(|(known, _)| known == name);
                found.map(|(_, words)| words.clone())
            };
            let end = match alert.ends_at {
                None => "lasts".to_owned(),
                Some(ends) => format!("for {}", ui::span_text(ends.seconds_since(alert.starts_at))),
            };
            let words = said("summary").or_else(|| said("description"));
            let severity = Some(alert.severity.clone()).filter(|word| !word.is_empty());
            let parts = [severity, Some(end), words].into_iter().flatten();
            Moment {
                at: alert.starts_at.0,
                alert: true,
                title: if alert.name.is_empty() {
                    "Alert without a name".to_owned()
                } else {
                    alert.name.clone()
                },
                href: String::new(),
                words: parts.collect::<Vec<_>>().join(" · "),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Instant, Occurrence};

    fn alert(minute: i64, ends: Option<i64>) -> Member {
        Member::Alert {
            alert: Box::new(Occurrence {
                source: "a".into(),
                source_name: "Alertmanager".into(),
                fingerprint: minute.to_string(),
                name: "DiskSlow".into(),
                severity: "critical".into(),
                firing: ends.is_none(),
                starts_at: Instant(minute * Instant::MINUTE),
                ends_at: ends.map(|minute| Instant(minute * Instant::MINUTE)),
                labels: Vec::new(),
                annotations: vec![("summary".into(), "It waits".into())],
                generator_url: String::new(),
                received_at: Instant(0),
            }),
        }
    }

    #[test]
    fn forty_alerts_are_one_incident_with_a_timeline() {
        let incident = Incident {
            place: "db-1".into(),
            begins: Instant(0),
            ends: None,
            members: (0..70)
                .map(|minute| alert(minute, Some(minute + 5)))
                .collect(),
        };
        let told = shown(&incident);
        assert_eq!(told.made_of, "70 alerts");
        assert_eq!(
            (told.moments.len(), told.more.as_str()),
            (60, "And 10 more.")
        );
        assert_eq!(told.length, "lasts");
        assert!(told.moments[0].words.starts_with("critical · for "));
        assert!(told.moments[0].words.ends_with("· It waits"));
        assert_eq!(counted(1, 2), "1 finding and 2 alerts");
    }
}
