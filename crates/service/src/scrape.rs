//! Targets that are scraped: what a person may say about them. `run` scrapes them, `fetch` is how
//! anything is asked over HTTP, and `wanted` checks what was typed.

mod fetch;
mod run;
mod wanted;

use std::sync::Arc;

use api::{
    Caller, Error, Permission, Result, ScrapeTarget, Scrapes, SourceId, TargetChange, Topic, Trial,
};
use async_trait::async_trait;
use store::{NewTarget, StoredTarget};
use tokio::sync::Notify;

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require;

pub use fetch::{Fetch, FetchAsk, FetchFault, Fetched};
pub use run::{ScrapeRunner, ScrapeTask};
use wanted::Wanted;

/// What scraping stands on.
pub(crate) struct Scraping {
    fetch: Option<Arc<dyn Fetch>>,
    /// Wakes the job: there is a target more, a target less, or another address.
    changed: Notify,
}

impl Scraping {
    pub(crate) fn new(fetch: Option<Arc<dyn Fetch>>) -> Self {
        Self {
            fetch,
            changed: Notify::new(),
        }
    }
}

#[async_trait]
impl Scrapes for Hub {
    async fn list(&self, caller: &Caller) -> Result<Vec<ScrapeTarget>> {
        require(caller, Permission::MonitoringRead)?;
        let targets = self.store.targets().await.or_failure(caller)?;
        Ok(targets.into_iter().map(|stored| stored.target).collect())
    }

    async fn add(&self, caller: &Caller, change: TargetChange) -> Result<SourceId> {
        require(caller, Permission::MonitoringWrite)?;
        let wanted = self.wanted(caller, None, change).await?;
        let id = self
            .store
            .insert_target(&wanted.stored(), self.clock.now())
            .await
            .or_failure(caller)?;
        self.targets_changed();
        Ok(id)
    }

    async fn edit(&self, caller: &Caller, id: &SourceId, change: TargetChange) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        let kept = self.kept_target(caller, id).await?;
        let wanted = self.wanted(caller, Some(&kept), change).await?;
        self.store
            .change_target(id, &wanted.stored())
            .await
            .or_failure(caller)?;
        self.targets_changed();
        Ok(())
    }

    async fn pause(&self, caller: &Caller, id: &SourceId, paused: bool) -> Result<()> {
        require(caller, Permission::MonitoringWrite)?;
        self.kept_target(caller, id).await?;
        self.store
            .pause_target(id, paused)
            .await
            .or_failure(caller)?;
        self.targets_changed();
        Ok(())
    }

    async fn try_out(
        &self,
        caller: &Caller,
        id: Option<&SourceId>,
        change: TargetChange,
    ) -> Result<Trial> {
        require(caller, Permission::MonitoringWrite)?;
        let kept = match id {
            Some(id) => Some(self.kept_target(caller, id).await?),
            None => None,
        };
        let wanted = self.wanted(caller, kept.as_ref(), change).await?;
        self.try_target(&wanted).await
    }
}

impl Hub {
    async fn kept_target(&self, caller: &Caller, id: &SourceId) -> Result<StoredTarget> {
        self.store
            .target(id)
            .await
            .or_failure(caller)?
            .ok_or_else(|| Error::not_found("target"))
    }

    /// What was typed, checked against itself, the target that is there and the other targets.
    async fn wanted(
        &self,
        caller: &Caller,
        kept: Option<&StoredTarget>,
        change: TargetChange,
    ) -> Result<Wanted> {
        let wanted = Wanted::read(kept, change)?;
        if let Some(ca) = &wanted.ca {
            self.fetcher()?
                .check_ca(ca)
                .map_err(|why| Error::field("ca", why))?;
        }
        let own = kept.map(|kept| &kept.target.id);
        let others = self.store.targets().await.or_failure(caller)?;
        let twin = others.iter().find(|other| {
            Some(&other.target.id) != own
                && other.target.name == wanted.name
                && wanted::instance_of(&other.target.url) == wanted.instance
        });
        if twin.is_some() {
            return Err(Error::field(
                "name",
                format!(
                    "There is a target “{}” at {} already: their series could not be told apart. Give it another name.",
                    wanted.name, wanted.instance
                ),
            ));
        }
        Ok(wanted)
    }

    fn fetcher(&self) -> Result<&Arc<dyn Fetch>> {
        self.scraping.fetch.as_ref().ok_or(Error::Unavailable {
            message: "Targets are scraped by the running server.".into(),
        })
    }

    /// Tells the job and open pages. Also for the removal of a source, which may have been a target.
    pub(crate) fn targets_changed(&self) {
        self.scraping.changed.notify_one();
        self.changed(Topic::Sources, None);
    }
}

impl Wanted {
    fn stored(&self) -> NewTarget<'_> {
        NewTarget {
            name: &self.name,
            url: &self.url,
            interval_seconds: self.interval_seconds,
            timeout_seconds: self.timeout_seconds,
            token: self.token.as_ref().map(|token| token.0.as_str()),
            ca: self.ca.as_deref(),
            verify: self.verify,
        }
    }
}
