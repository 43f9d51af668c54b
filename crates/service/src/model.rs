//! The registry of models: what is in force, how it does, and putting another version in force by hand.

use api::{
    Caller, Error, ErrorPoint, HELD_DAYS, Instant, MODELS_A_PAGE, ModelErrors, ModelFilter,
    ModelPage, ModelVersion, Models, Permission, Result, SeriesId, Topic, VersionChange,
    VersionState,
};
use async_trait::async_trait;
use store::{StoredError, StoredVersion};

use crate::Hub;
use crate::audit::Note;
use crate::failure::{OrFailure, internal};
use crate::forecast::{asked, score};
use crate::guard::{require, require_on};

#[async_trait]
impl Models for Hub {
    async fn list(&self, caller: &Caller, filter: ModelFilter) -> Result<ModelPage> {
        require(caller, Permission::MonitoringRead)?;
        let now = self.clock.now();
        let after = place(&filter.after)?;
        let found = self.store.models(&filter, after, MODELS_A_PAGE + 1, now);
        let mut found = found.await.or_failure(caller)?;
        let more = found.len() > MODELS_A_PAGE as usize;
        found.truncate(MODELS_A_PAGE as usize);
        let next = found.last().filter(|_| more);
        let next = next.map(|(_, (at, num))| format!("{at}_{num}"));
        Ok(ModelPage {
            next: next.unwrap_or_default(),
            rows: found.into_iter().map(|(row, _)| row).collect(),
            all: self.store.model_counts(now).await.or_failure(caller)?,
            now,
        })
    }

    async fn versions(&self, caller: &Caller, id: &SeriesId) -> Result<Vec<ModelVersion>> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        let versions = self.store.versions(id).await.or_failure(caller)?;
        Ok(versions.into_iter().map(|stored| stored.version).collect())
    }

    async fn errors(&self, caller: &Caller, id: &SeriesId) -> Result<ModelErrors> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        let kept = self.store.model_errors(id).await.or_failure(caller)?;
        let versions = self.store.versions(id).await.or_failure(caller)?;
        let versions: Vec<ModelVersion> = versions.into_iter().map(|one| one.version).collect();
        Ok(errors(&kept, &versions))
    }

    async fn promote(&self, caller: &Caller, id: &SeriesId, number: u32) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let versions = self.store.versions(id).await.or_failure(caller)?;
        let newest = versions.first().map(|stored| stored.version.number);
        let wanted = versions
            .into_iter()
            .find(|stored| stored.version.number == number)
            .ok_or_else(|| Error::not_found("version"))?;
        let held = (newest != Some(number)).then(|| self.held_until());
        let note = Note::of("model.promote")
            .on("series", id, "")
            .after(&number);
        self.enforce(caller, id, wanted, VersionState::Previous, held)
            .await?;
        self.audit(caller, note).await.map(drop)
    }

    async fn roll_back(&self, caller: &Caller, id: &SeriesId) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let versions = self.store.versions(id).await.or_failure(caller)?;
        let live = versions
            .iter()
            .find(|stored| stored.version.state == VersionState::Live)
            .map(|stored| stored.version.number)
            .ok_or_else(|| Error::not_found("version"))?;
        let before = versions
            .into_iter()
            .find(|stored| {
                stored.version.number < live && stored.version.state == VersionState::Previous
            })
            .ok_or_else(|| {
                Error::conflict("There is no earlier version to go back to. Compute the forecast anew to have another one.")
            })?;
        let held = Some(self.held_until());
        let note = Note::of("model.roll_back")
            .on("series", id, "")
            .before(&live)
            .after(&before.version.number);
        self.enforce(caller, id, before, VersionState::Withdrawn, held)
            .await?;
        self.audit(caller, note).await.map(drop)
    }
}

impl Hub {
    fn held_until(&self) -> Instant {
        self.clock.now().plus(i64::from(HELD_DAYS) * Instant::DAY)
    }

    /// Puts a version in force: made again, asked, and kept with what it says.
    async fn enforce(
        &self,
        caller: &Caller,
        id: &SeriesId,
        wanted: StoredVersion,
        before: VersionState,
        held_until: Option<Instant>,
    ) -> Result<()> {
        let series = self.series_or_404(caller, id).await?;
        let now = self.clock.now();
        let number = wanted.version.number;
        let model = self.remade(caller, &series, wanted, now).await?;
        let Some(mut model) = model else {
            return Err(Error::conflict(format!(
                "Version {number} cannot be made again: the data it was fitted on, the calendar or the program are not what they were. Compute the forecast anew instead."
            )));
        };
        model.held_until = held_until;
        let pool = self.models.pool(model.step);
        let outcome = asked(&model, model.horizon, &pool).map_err(|_| internal(caller))?;
        let readings = self.readings(caller, &series, model.step).await?;
        let score = score(&series, &model, &outcome, &readings, now);
        let put = self.store.put_in_force(&score, before, held_until).await;
        put.or_failure(caller)?;
        self.models.put(id.clone(), model);
        self.changed(Topic::Forecasts, Some(id));
        Ok(())
    }
}

/// What is kept of a series' errors, with what happened meanwhile.
fn errors(kept: &[StoredError], versions: &[ModelVersion]) -> ModelErrors {
    let mut drifts: Vec<Instant> = kept.iter().filter_map(|one| one.drifted_at).collect();
    drifts.sort_unstable();
    drifts.dedup();
    let points = kept.iter().map(|one| ErrorPoint {
        at: one.at,
        version: one.number,
        error: one.error,
        live: one.ratio.map(|ratio| one.error * ratio),
        back_test: one.ratio,
    });
    ModelErrors {
        points: points.collect(),
        changes: changes(kept, versions),
        drifts,
    }
}

/// When another version came in force.
fn changes(kept: &[StoredError], versions: &[ModelVersion]) -> Vec<VersionChange> {
    let of = |number: u32| versions.iter().find(|one| one.number == number);
    let mut changes: Vec<VersionChange> = kept
        .iter()
        .zip(kept.iter().skip(1))
        .filter(|(before, after)| before.number != after.number)
        .map(|(before, after)| {
            // One that was fitted earlier was put in force by hand.
            let fitted = of(after.number).map(|version| version.made_at);
            let fitted = fitted.filter(|at| (before.at..=after.at).contains(at));
            VersionChange {
                at: fitted.unwrap_or(after.at),
                version: after.number,
            }
        })
        .collect();
    // Nothing may have come in since the latest.
    let live = versions.iter().find(|one| one.state == VersionState::Live);
    if let (Some(live), Some(last)) = (live, kept.last())
        && live.number != last.number
    {
        changes.push(VersionChange {
            at: live.made_at.max(last.at),
            version: live.number,
        });
    }
    changes
}

/// The place after which a page begins.
fn place(text: &str) -> Result<(f64, i64)> {
    if text.is_empty() {
        return Ok((f64::MIN, 0));
    }
    let read = || {
        let (at, num) = text.split_once('_')?;
        Some((at.parse::<f64>().ok()?, num.parse().ok()?))
    };
    read()
        .filter(|(at, _)| at.is_finite())
        .ok_or_else(|| Error::field("after", "Follow the link of a page to come to the next."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_nonsense_is_refused() {
        assert_eq!(place("-0.125_7").unwrap(), (-0.125, 7));
        assert_eq!(place("").unwrap().1, 0);
        for bad in ["x", "1", "NaN_1", "1_x"] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }
}
