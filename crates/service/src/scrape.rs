//! Targets that are scraped: what a person may say about them. `run` scrapes them, `fetch` is how
//! anything is asked over HTTP, and `wanted` checks what was typed.

mod fetch;
mod run;
mod wanted;

use std::sync::Arc;

use api::{
    Caller, Error, Hidden, Permission, Result, ScrapeTarget, Scrapes, SourceId, TargetChange,
    TokenChange, Topic, Trial,
};
use async_trait::async_trait;
use store::{NewTarget, SealedPlace, StoredTarget};
use tokio::sync::Notify;

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_on};
use crate::seal::SealError;

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
        let now = self.clock.now();
        let id = SourceId(store::new_id(now));
        let token = self.sealed_token(caller, &id, &wanted)?;
        let note = Note::of("target.add").on("source", &id, &wanted.name);
        self.noting(caller, note.after(&wanted.shown()))
            .insert_target(&id, &wanted.stored(token.as_deref()), now)
            .await
            .or_failure(caller)?;
        self.targets_changed();
        Ok(id)
    }

    async fn edit(&self, caller: &Caller, id: &SourceId, change: TargetChange) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "target")?;
        let kept = self.kept_target(caller, id).await?;
        let wanted = self.wanted(caller, Some(&kept), change).await?;
        let token = self.sealed_token(caller, id, &wanted)?;
        let note = Note::of("target.edit")
            .on("source", id, &wanted.name)
            .before(&Wanted::of(&kept.target, kept.token.clone().map(Hidden)).shown())
            .after(&wanted.shown());
        self.noting(caller, note)
            .change_target(id, &wanted.stored(token.as_deref()))
            .await
            .or_failure(caller)?;
        self.targets_changed();
        Ok(())
    }

    async fn pause(&self, caller: &Caller, id: &SourceId, paused: bool) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "target")?;
        let kept = self.kept_target(caller, id).await?;
        let action = if paused {
            "target.pause"
        } else {
            "target.resume"
        };
        let note = Note::of(action).on("source", id, &kept.target.name);
        self.noting(caller, note)
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
        let id = id.map_or("", SourceId::as_str);
        let note = Note::of("target.try").on("source", id, &wanted.name);
        // Before: it makes the server ask an address that somebody chose.
        self.audit(caller, note.after(&wanted.shown())).await?;
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

    /// The token that a target has from now on, as it is kept.
    fn sealed_token(
        &self,
        caller: &Caller,
        id: &SourceId,
        wanted: &Wanted,
    ) -> Result<Option<String>> {
        let token = wanted.token.as_ref();
        let sealed =
            token.map(|token| self.seal(caller, SealedPlace::TargetToken, id.as_str(), token));
        sealed.transpose()
    }

    /// The token of a target that is kept, opened.
    fn token_of(&self, kept: &StoredTarget) -> std::result::Result<Option<Hidden>, SealError> {
        let (id, token) = (kept.target.id.as_str(), kept.token.as_deref());
        let opened = token.map(|token| self.opened(SealedPlace::TargetToken, id, token));
        opened.transpose()
    }

    /// What was typed, checked against itself, the target that is there and the other targets.
    async fn wanted(
        &self,
        caller: &Caller,
        kept: Option<&StoredTarget>,
        change: TargetChange,
    ) -> Result<Wanted> {
        // Only who keeps a token needs it to be readable.
        let token = match (kept, &change.token) {
            (Some(kept), TokenChange::Keep) => self.token_of(kept).map_err(|why| {
                let words = format!("The token that is kept cannot be read: {why}. Type it again.");
                Error::field("token", words)
            })?,
            _ => None,
        };
        let wanted = Wanted::read(kept.map(|kept| (&kept.target, token)), change)?;
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
    /// What the audit log may hold of it.
    fn shown(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "url": self.url,
            "interval_seconds": self.interval_seconds,
            "timeout_seconds": self.timeout_seconds,
            "has_token": self.token.is_some(),
            "own_authorities": self.ca.is_some(),
            "verify": self.verify,
        })
    }

    /// As the store keeps it, with its token sealed.
    fn stored<'a>(&'a self, token: Option<&'a str>) -> NewTarget<'a> {
        NewTarget {
            name: &self.name,
            url: &self.url,
            interval_seconds: self.interval_seconds,
            timeout_seconds: self.timeout_seconds,
            token,
            ca: self.ca.as_deref(),
            verify: self.verify,
        }
    }
}
