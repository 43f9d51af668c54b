//! Events: alerts that Alertmanager sends, kept as what they are until there are incidents.

use api::{
    Caller, Events, Instant, MOST_EVENTS, Occurrence, Permission, Result, SourceId, Topic, Unusable,
};
use async_trait::async_trait;
use ingest::metrics::alertmanager::{self, AlertEvent, AlertStatus};
use store::Arrival;

use crate::failure::OrFailure;
use crate::guard::require;
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
