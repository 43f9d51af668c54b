//! Where data comes from.

use api::{
    CacheArea, Caller, Error, Event, Instant, Permission, Result, Source, SourceId, SourceKind,
    Sources, Topic,
};
use async_trait::async_trait;

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_on};

#[async_trait]
impl Sources for Hub {
    async fn list(&self, caller: &Caller) -> Result<Vec<(Source, Option<Instant>)>> {
        require(caller, Permission::MonitoringRead)?;
        let now = self.clock.now();
        let sources = self.store.sources().await.or_failure(caller)?;
        let metrics = self.metric_series().await;
        Ok(sources
            .into_iter()
            .map(|mut source| {
                let sends = matches!(source.kind, SourceKind::Push | SourceKind::Scrape);
                source.metrics = match &metrics {
                    Some(metrics) => Some(metrics.get(&source.id).copied().unwrap_or(0)),
                    None if sends => None,
                    None => Some(0),
                };
                let stale = source.stale_since(now);
                (source, stale)
            })
            .collect())
    }

    async fn get(&self, caller: &Caller, id: &SourceId) -> Result<Source> {
        require_on(caller, Permission::MonitoringRead, "source")?;
        self.source(caller, id).await
    }

    async fn remove(&self, caller: &Caller, id: &SourceId, name: &str) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "source")?;
        let source = self.source(caller, id).await?;
        if source.name != name.trim() {
            return Err(Error::field(
                "name",
                format!("Type “{}” exactly; nothing was removed.", source.name),
            ));
        }
        let note = Note::of("source.remove")
            .on("source", id, &source.name)
            .before(&source);
        let store = self.noting(caller, note);
        store.delete_source(id).await.or_failure(caller)?;
        // What was unusual in its series went with them.
        self.outdated(Some(CacheArea::Alerts)).await;
        self.forget_metrics(caller, id).await?;
        self.targets_changed();
        for topic in [Topic::Series, Topic::Forecasts] {
            self.bus.publish(Event::Changed { topic, id: None });
        }
        Ok(())
    }
}

impl Hub {
    async fn source(&self, caller: &Caller, id: &SourceId) -> Result<Source> {
        let found = self.store.source(id).await.or_failure(caller)?;
        found.ok_or_else(|| Error::not_found("source"))
    }
}
