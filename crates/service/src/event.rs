//! Events: alerts that Alertmanager sends, kept as what they are until there are incidents; and what happened
//! around a series, which they and the calendar tell.

use api::{
    Caller, Domain, EffectKind, Error, Events, Instant, MOST_EVENTS, MOST_MARKS, Mark, MarkKind,
    Occurrence, Permission, Range, Result, Series, SeriesId, SourceId, Topic, Unusable,
};
use async_trait::async_trait;
use ingest::metrics::alertmanager::{self, AlertEvent, AlertStatus};
use store::Arrival;

use crate::calendar::Occasion;
use crate::failure::OrFailure;
use crate::guard::{require, require_on};
use crate::machine::{named, named_by};
use crate::{Hub, secret};

/// How long an event is kept after the last word about it.
const KEPT: i64 = 183 * Instant::DAY;
/// Fingerprints are sixteen digits; what a sender makes up instead is cut to a hash beyond this.
const LONGEST_FINGERPRINT: usize = 64;

#[async_trait]
impl Events for Hub {
    async fn receive_alerts(
        &self,
        caller: &Caller,
        body: &[u8],
    ) -> Result<std::result::Result<u32, Unusable>> {
        require(caller, Permission::DataIngest)?;
        let source = self.sender(caller).await?;
        let alerts = match alertmanager::parse(body) {
            Ok(alerts) => alerts,
            Err(error) => {
                self.tally(&source, Arrival::refused(1, error.to_string()));
                return Ok(Err(Unusable {
                    status: error.status(),
                    message: error.to_string(),
                }));
            }
        };
        let now = self.clock.now();
        let events: Vec<Occurrence> = alerts
            .events
            .into_iter()
            .map(|alert| occurrence(&source, alert, now))
            .collect();
        self.store
            .put_events(&source, &events, now.minus(KEPT))
            .await
            .or_failure(caller)?;
        if alerts.truncated > 0 {
            let why = format!(
                "Alertmanager left out {} alerts of a message: raise its max_alerts",
                alerts.truncated
            );
            self.tally(&source, Arrival::refused(alerts.truncated, why));
        }
        self.changed(Topic::Sources, None);
        Ok(Ok(u32::try_from(events.len()).unwrap_or(u32::MAX)))
    }

    async fn recent(&self, caller: &Caller) -> Result<Vec<Occurrence>> {
        require(caller, Permission::MonitoringRead)?;
        self.store.events(MOST_EVENTS).await.or_failure(caller)
    }

    async fn marks(&self, caller: &Caller, id: &SeriesId, range: Range) -> Result<Vec<Mark>> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        if range.from >= range.to {
            return Err(Error::field("from", "The range ends before it begins."));
        }
        let series = self.series_or_404(caller, id).await?;
        let events = self.store.events_within(range, MOST_MARKS).await;
        let events = events.or_failure(caller)?.into_iter();
        let events = events.filter(|event| concerns(event, &series));
        let mut marks: Vec<Mark> = events.map(alert).collect();
        let almanac = self.almanac(caller).await?;
        let known = almanac.of(&series, range.from.0, range.to.0);
        marks.extend(known.into_iter().flat_map(days));
        marks.sort_by(|a, b| b.from.cmp(&a.from).then_with(|| a.name.cmp(&b.name)));
        marks.truncate(usize::try_from(MOST_MARKS).unwrap_or(usize::MAX));
        Ok(marks)
    }
}

/// Whether an alert may have to do with a series: not where it names one machine and the series is of another. What
/// the business counts may suffer from any.
fn concerns(event: &Occurrence, series: &Series) -> bool {
    let labelled =
        |labels: &[(String, String)]| Some(named_by(labels, "")).filter(|it| !it.is_empty());
    let machine = match series.domain {
        Domain::Machine => Some(named(series)),
        Domain::Business => labelled(&series.labels),
    };
    let named = labelled(&event.labels);
    machine.zip(named).is_none_or(|(own, other)| own == other)
}

/// An event as a mark.
fn alert(event: Occurrence) -> Mark {
    let about = event
        .labels
        .iter()
        .filter(|(name, _)| name != "alertname")
        .map(|(name, value)| format!("{name}={value}"));
    Mark {
        kind: MarkKind::Alert,
        about: about.collect::<Vec<_>>().join(", "),
        name: if event.name.is_empty() {
            "Alert without a name".to_owned()
        } else {
            event.name
        },
        from: event.starts_at,
        to: event.ends_at,
    }
}

/// The days of an occasion as marks.
fn days(known: Occasion) -> impl Iterator<Item = Mark> {
    let kind = match known.kind {
        EffectKind::Holiday => MarkKind::Holiday,
        EffectKind::Promotion => MarkKind::Promotion,
        EffectKind::Closure => MarkKind::Closure,
        EffectKind::Other => MarkKind::Other,
    };
    known.spans.into_iter().map(move |span| Mark {
        kind,
        name: known.name.clone(),
        about: String::new(),
        from: Instant(span.start),
        to: Some(Instant(span.end)),
    })
}

fn occurrence(source: &SourceId, alert: AlertEvent, now: Instant) -> Occurrence {
    let at = |ms: i64| Instant(ms.saturating_mul(1_000));
    let fingerprint = if alert.fingerprint.len() > LONGEST_FINGERPRINT {
        secret::fingerprint(&alert.fingerprint)
    } else {
        alert.fingerprint
    };
    Occurrence {
        source: source.clone(),
        // Whoever reads it is told the name that the source has then.
        source_name: String::new(),
        fingerprint,
        name: alert.name,
        severity: alert.severity,
        firing: alert.status == AlertStatus::Firing,
        starts_at: at(alert.starts_ms),
        ends_at: alert.ends_ms.map(at),
        labels: alert.labels.into_iter().collect(),
        annotations: alert.annotations.into_iter().collect(),
        generator_url: alert.generator_url,
        received_at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_of_one_machine_is_no_mark_of_another() {
        let labels = |labels: &[(&str, &str)]| -> Vec<(String, String)> {
            let labels = labels.iter();
            labels
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect()
        };
        let series = |domain, of: &[(&str, &str)]| Series {
            domain,
            labels: labels(of),
            source_name: "prometheus".into(),
            ..fakes::series("load").build()
        };
        let alert = |of: &[(&str, &str)]| Occurrence {
            source: "s".into(),
            source_name: "alertmanager".into(),
            fingerprint: "f".into(),
            name: "Load".into(),
            severity: String::new(),
            firing: true,
            starts_at: Instant(0),
            ends_at: None,
            labels: labels(of),
            annotations: Vec::new(),
            generator_url: String::new(),
            received_at: Instant(0),
        };
        let (db, web) = (&[("instance", "db-1:9100")], &[("host", "web-1")]);
        let own = series(Domain::Machine, db);
        assert!(concerns(&alert(&[("instance", "db-1:9187")]), &own));
        assert!(!concerns(&alert(web), &own));
        assert!(concerns(&alert(&[("severity", "page")]), &own));
        let orders = series(Domain::Business, &[("shop", "eu")]);
        assert!(concerns(&alert(web), &orders));
        let host = series(Domain::Machine, &[("mount", "/")]);
        assert!(!concerns(&alert(web), &host));
    }
}
