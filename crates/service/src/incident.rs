//! Incidents: which findings and alerts belong together.

use std::collections::HashMap;

use anomaly::{Begun, correlate};
use api::{
    Caller, Domain, FindingFilter, Findings, INCIDENT_MINUTES, Incident, Incidents, Instant,
    MOST_EVENTS, Member, Permission, Result, Series, SeriesId,
};
use async_trait::async_trait;

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require;
use crate::machine::{named, named_by};

#[async_trait]
impl Incidents for Hub {
    async fn incidents(&self, caller: &Caller) -> Result<Vec<Incident>> {
        require(caller, Permission::MonitoringRead)?;
        // What chance may have brought alone is less likely chance together.
        let all = FindingFilter {
            domain: None,
            with_chance: true,
        };
        let findings = self.newest(caller, all).await?.findings;
        let alerts = self.store.events(MOST_EVENTS).await.or_failure(caller)?;
        let mut ids: Vec<SeriesId> = findings.iter().map(|one| one.series.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let series = self.store.series_of(&ids).await.or_failure(caller)?;
        let places: HashMap<SeriesId, String> = series
            .into_iter()
            .map(|one| (one.id.clone(), place(&one)))
            .collect();
        let found = findings.into_iter().map(|finding| {
            let place = places.get(&finding.series).cloned().unwrap_or_default();
            let finding = Box::new(finding);
            (place, Member::Finding { finding })
        });
        let told = alerts.into_iter().map(|alert| {
            let place = named_by(&alert.labels, &alert.source_name);
            let alert = Box::new(alert);
            (place, Member::Alert { alert })
        });
        Ok(grouped(found.chain(told).collect()))
    }
}

/// What a series is about: its machine, or what tells series of the business from one another.
fn place(series: &Series) -> String {
    match series.domain {
        Domain::Machine => named(series),
        Domain::Business => {
            let values = series.labels.iter().map(|(_, value)| value.as_str());
            let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
            if values.is_empty() {
                series.source_name.clone()
            } else {
                values.join(", ")
            }
        }
    }
}

/// Two and more that began together, the newest first.
fn grouped(things: Vec<(String, Member)>) -> Vec<Incident> {
    let begun: Vec<Begun> = things
        .iter()
        .map(|(place, member)| Begun {
            place,
            at_us: member.begins().0,
        })
        .collect();
    let groups = correlate(&begun, INCIDENT_MINUTES * Instant::MINUTE);
    let mut members: Vec<Option<(String, Member)>> = things.into_iter().map(Some).collect();
    let mut incidents: Vec<Incident> = groups
        .into_iter()
        .filter(|group| group.len() > 1)
        .filter_map(|group| {
            let taken: Vec<(String, Member)> = group
                .into_iter()
                .filter_map(|number| members.get_mut(number)?.take())
                .collect();
            let place = taken.first()?.0.clone();
            let members: Vec<Member> = taken.into_iter().map(|(_, member)| member).collect();
            let ends: Option<Vec<Instant>> = members.iter().map(Member::ends).collect();
            Some(Incident {
                place,
                begins: members.first()?.begins(),
                ends: ends.and_then(|ends| ends.into_iter().max()),
                members,
            })
        })
        .collect();
    incidents.sort_by(|a, b| b.begins.cmp(&a.begins).then_with(|| a.place.cmp(&b.place)));
    incidents
}
