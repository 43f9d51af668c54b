//! Recording rules: what a person may say about them. `run` evaluates them, `ideas` knows what is
//! worth recording of the exporters that many people run.

mod ideas;
mod run;

use api::{
    Caller, Error, Instant, MOST_RECORDED, Permission, RECORD_BACK_DAYS, RecordingChange,
    RecordingIdea, RecordingRule, Recordings, Result, SourceId, Topic, Unit,
};
use async_trait::async_trait;
use store::{NewRecording, StoredRecording};

use crate::Hub;
use crate::audit::Note;
use crate::failure::OrFailure;
use crate::guard::{require, require_on, require_system};
use crate::metrics::{evaluated, unread};

pub(crate) use run::Recording;

/// How often a rule may be evaluated, in seconds.
const EVERY: std::ops::RangeInclusive<u32> = 10..=86_400;
/// The longest expression: more than anybody reads.
const LONGEST: usize = 4_000;

#[async_trait]
impl Recordings for Hub {
    async fn list(&self, caller: &Caller) -> Result<Vec<RecordingRule>> {
        require(caller, Permission::MonitoringRead)?;
        let rules = self.store.recordings().await.or_failure(caller)?;
        Ok(rules.into_iter().map(|stored| stored.rule).collect())
    }

    async fn ideas(&self, caller: &Caller) -> Result<Vec<RecordingIdea>> {
        require(caller, Permission::MonitoringRead)?;
        let names = self
            .metric_store()?
            .label_values(series::METRIC_NAME, &[], None)
            .await
            .map_err(unread)?;
        let rules = self.store.recordings().await.or_failure(caller)?;
        let recorded = |idea: &RecordingIdea| {
            let mut rules = rules.iter();
            rules.any(|kept| kept.rule.expression == idea.expression)
        };
        let mut ideas = ideas::of(&names);
        ideas.retain(|idea| !recorded(idea));
        Ok(ideas)
    }

    async fn add(&self, caller: &Caller, change: RecordingChange) -> Result<SourceId> {
        require(caller, Permission::MonitoringWrite)?;
        let change = self.checked(change).await?;
        let now = self.clock.now();
        let new = stored(&change, beginning(now, change.every_seconds));
        let note = Note::of("rule.add")
            .on("source", "", &change.name)
            .after(&shown(&change));
        let id = self
            .noting(caller, note)
            .insert_recording(&new, now)
            .await
            .or_failure(caller)?;
        self.rules_changed();
        Ok(id)
    }

    async fn edit(&self, caller: &Caller, id: &SourceId, change: RecordingChange) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "recording rule")?;
        let kept = self.kept_rule(caller, id).await?.rule;
        let change = self.checked(change).await?;
        let now = self.clock.now();
        let same =
            kept.expression == change.expression && kept.every_seconds == change.every_seconds;
        let done_until = if same {
            kept.done_until
        } else {
            beginning(now, change.every_seconds)
        };
        let new = stored(&change, done_until);
        let note = Note::of("rule.edit")
            .on("source", id, &change.name)
            .before(&kept)
            .after(&shown(&change));
        self.noting(caller, note)
            .change_recording(id, &new, kept.limit, now)
            .await
            .or_failure(caller)?;
        self.rules_changed();
        Ok(())
    }

    async fn pause(&self, caller: &Caller, id: &SourceId, paused: bool) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "recording rule")?;
        let kept = self.kept_rule(caller, id).await?.rule;
        let action = if paused { "rule.pause" } else { "rule.resume" };
        let note = Note::of(action).on("source", id, &kept.name);
        self.noting(caller, note)
            .pause_recording(id, paused)
            .await
            .or_failure(caller)?;
        self.rules_changed();
        Ok(())
    }

    async fn run_due(&self, caller: &Caller) -> Result<u32> {
        require_system(caller)?;
        self.record_due(caller).await
    }
}

impl Hub {
    async fn kept_rule(&self, caller: &Caller, id: &SourceId) -> Result<StoredRecording> {
        self.store
            .recording(id)
            .await
            .or_failure(caller)?
            .ok_or_else(|| Error::not_found("recording rule"))
    }

    /// What was typed, checked; the expression is evaluated once, at the present.
    async fn checked(&self, change: RecordingChange) -> Result<RecordingChange> {
        let change = read(change)?;
        let now_ms = self.clock.now().0.div_euclid(1_000);
        let text = change.expression.clone();
        let series = evaluated(self.metric_store()?, text, (now_ms, now_ms, 1_000)).await;
        let found = series.map_err(of_the_expression)?.len();
        if found > MOST_RECORDED {
            return Err(Error::field("expression", too_many(found)));
        }
        Ok(change)
    }

    fn rules_changed(&self) {
        self.recording.forget();
        self.changed(Topic::Sources, None);
    }
}

/// The explorer calls its field `q`, a rule's form `expression`.
fn of_the_expression(error: Error) -> Error {
    match error.of_field("q") {
        Some(words) => Error::field("expression", words.to_owned()),
        None => error,
    }
}

fn too_many(found: usize) -> String {
    format!(
        "This gives {} series, and a rule keeps up to {MOST_RECORDED}. Choose with labels, or add them up: sum by (instance) (…).",
        api::grouped(found)
    )
}

/// What was typed, without what cannot be evaluated at all.
fn read(change: RecordingChange) -> Result<RecordingChange> {
    let name = change.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::field("name", "A name has 1 to 100 characters."));
    }
    let expression = change.expression.trim().to_owned();
    if expression.is_empty() || expression.len() > LONGEST {
        let words = format!("Write an expression of at most {LONGEST} characters, such as `up`.");
        return Err(Error::field("expression", words));
    }
    if !EVERY.contains(&change.every_seconds) {
        let words = "Choose 10 to 86400 s: once in ten seconds to once a day.";
        return Err(Error::field("every", words));
    }
    Unit::check_word(change.unit.word())?;
    if change.limit.is_some_and(|limit| !limit.value.is_finite()) {
        return Err(Error::field("value", "A limit is a finite number."));
    }
    Ok(RecordingChange {
        name,
        expression,
        ..change
    })
}

/// Where a new rule begins: some weeks ago, so that what came in before it has a forecast at once.
/// A multiple of the interval, so that the instants are the same whenever somebody begins.
fn beginning(now: Instant, every_seconds: u32) -> Instant {
    let every = i64::from(every_seconds) * Instant::SECOND;
    let from = now.minus(RECORD_BACK_DAYS * Instant::DAY).0;
    Instant(from.div_euclid(every) * every)
}

/// What the audit log shows of a rule.
fn shown(change: &RecordingChange) -> serde_json::Value {
    serde_json::json!({
        "name": change.name,
        "expression": change.expression,
        "every_seconds": change.every_seconds,
        "unit": change.unit,
        "domain": change.domain,
        "limit": change.limit,
    })
}

fn stored(change: &RecordingChange, done_until: Instant) -> NewRecording<'_> {
    NewRecording {
        name: &change.name,
        expression: &change.expression,
        every_seconds: change.every_seconds,
        unit: &change.unit,
        domain: change.domain,
        limit: change.limit,
        done_until,
    }
}
