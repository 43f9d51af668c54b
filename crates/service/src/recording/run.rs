//! Evaluating recording rules: what is due, from where it was, a piece at a time.
//!
//! A rule is evaluated at multiples of its interval, each once: after a pause or an outage the
//! instants that were missed follow, as far as the metrics are kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{
    Aggregation, Caller, Error, Instant, MOST_RECORDED, RecordingRule, RecordingState, Result,
    SeriesId, SourceId, Topic,
};
use query::RangeSeries;
use store::{Arrival, NewSeries, StoredRecording};

use super::too_many;
use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require_system;
use crate::lease;
use crate::metrics::evaluated;

/// The most instants of one evaluation.
const MOST_STEPS: i64 = 500;
/// The most samples of one transaction.
const SLICE: usize = 20_000;
/// How long a rule that failed is left alone.
const PAUSE: i64 = 60 * Instant::SECOND;

/// What evaluating rules remembers.
#[derive(Default)]
pub(crate) struct Recording {
    /// The rules that failed: when they are tried again, and with how many instants at most.
    failed: Mutex<HashMap<SourceId, (Instant, i64)>>,
}

impl Recording {
    fn failed(&self) -> MutexGuard<'_, HashMap<SourceId, (Instant, i64)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A rule was changed: whatever failed may work now.
    pub(super) fn forget(&self) {
        self.failed().clear();
    }
}

/// The instants of one evaluation, in microseconds: the first, the last and what lies between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    from: i64,
    to: i64,
    step: i64,
}

/// What is to be evaluated of a rule now, if anything.
fn due(rule: &RecordingRule, now: Instant, most: i64) -> Option<Piece> {
    let step = i64::from(rule.every_seconds).max(1) * Instant::SECOND;
    let from = rule.done_until.0.saturating_add(step);
    let steps = now
        .0
        .saturating_sub(from)
        .div_euclid(step)
        .saturating_add(1);
    (steps > 0).then(|| Piece {
        from,
        to: from.saturating_add((steps.min(most) - 1).saturating_mul(step)),
        step,
    })
}

impl Hub {
    pub(super) async fn record_due(&self, caller: &Caller) -> Result<u32> {
        require_system(caller)?;
        if !self.holds(caller, lease::RECORDING).await? {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut done = 0;
        for kept in self.store.recordings().await.or_failure(caller)? {
            if self.record_one(caller, &kept, now).await? {
                done += 1;
            }
        }
        if done > 0 {
            self.changed(Topic::Sources, None);
        }
        Ok(done)
    }

    /// Evaluates a piece of a rule; answers whether it was due and went well.
    async fn record_one(
        &self,
        caller: &Caller,
        kept: &StoredRecording,
        now: Instant,
    ) -> Result<bool> {
        let rule = &kept.rule;
        let (again, most) = match self.recording.failed().get(&rule.id) {
            Some(&(again, most)) => (again, most),
            None => (Instant(i64::MIN), MOST_STEPS),
        };
        let piece = due(rule, now, most).filter(|_| !rule.paused && again <= now);
        let Some(piece) = piece else {
            return Ok(false);
        };
        let (done_until, state) = match self.record_piece(caller, rule, piece).await {
            Ok(series) => {
                self.recording.failed().remove(&rule.id);
                (Instant(piece.to), RecordingState::Recorded { series })
            }
            // The source was removed meanwhile.
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => {
                // What is too much for one evaluation may be enough for ten.
                let retry = (now.plus(PAUSE), (most / 10).max(1));
                self.recording.failed().insert(rule.id.clone(), retry);
                // One instant that is too much alone stays a gap: the next ones may not be.
                let hopeless = piece.from == piece.to && matches!(error, Error::Invalid { .. });
                let done_until = if hopeless {
                    piece.to
                } else {
                    rule.done_until.0
                };
                let why = words(&error);
                (Instant(done_until), RecordingState::Failed { why })
            }
        };
        self.store
            .put_recorded(&rule.id, kept.revision, done_until, &state)
            .await
            .or_failure(caller)?;
        Ok(matches!(state, RecordingState::Recorded { .. }))
    }

    /// Evaluates and keeps what came of it; answers how many series that were.
    async fn record_piece(
        &self,
        caller: &Caller,
        rule: &RecordingRule,
        piece: Piece,
    ) -> Result<u32> {
        let times = (piece.from / 1_000, piece.to / 1_000, piece.step / 1_000);
        let store = self.metric_store()?;
        let found = evaluated(store, rule.expression.clone(), times).await?;
        if found.len() > MOST_RECORDED {
            return Err(Error::invalid(too_many(found.len())));
        }
        let now = self.clock.now();
        let new = new_series(rule, &found);
        let ids = self
            .store
            .resolve_series(&rule.id, &new, now)
            .await
            .or_failure(caller)?;
        let rows: Vec<(SeriesId, i64, f64)> = ids
            .iter()
            .zip(&found)
            .flat_map(|(id, series)| {
                let finite = series.samples.iter().filter(|s| s.value.is_finite());
                finite.map(move |s| (id.clone(), s.at_ms.saturating_mul(1_000), s.value))
            })
            .collect();
        let mut arrival = Arrival::default();
        for slice in rows.chunks(SLICE) {
            let stats = self.take_in(caller, slice).await?;
            arrival.accepted += slice.len() as u64;
            arrival.duplicates += stats.replaced;
        }
        if arrival.accepted > 0 {
            self.store
                .bump_source(&rule.id, &arrival, now)
                .await
                .or_failure(caller)?;
        }
        self.changed(Topic::Series, None);
        Ok(u32::try_from(found.len()).unwrap_or(u32::MAX))
    }
}

/// Why a rule failed, for people.
fn words(error: &Error) -> String {
    error
        .of_field("q")
        .map_or_else(|| error.to_string(), str::to_owned)
}

fn new_series(rule: &RecordingRule, found: &[RangeSeries]) -> Vec<NewSeries> {
    let labels: Vec<Vec<(String, String)>> = found
        .iter()
        .map(|series| {
            let pairs = series.labels.as_ref().iter();
            pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
        })
        .collect();
    let telling = telling(&labels);
    labels
        .into_iter()
        .map(|labels| NewSeries {
            key: ingest::table::series_key("", &labels),
            name: rule.name.clone(),
            title: title(&rule.name, &labels, &telling),
            labels: labels
                .into_iter()
                .filter(|(name, _)| name != series::METRIC_NAME)
                .collect(),
            unit: rule.unit.clone(),
            aggregation: Aggregation::Last,
            domain: rule.domain,
            non_negative: false,
            limit: rule.limit,
            stake: None,
        })
        .collect()
}

/// The labels that tell the series of an answer apart, and `instance`: on a chart alone the host is
/// worth a word even where there is but one.
fn telling(all: &[Vec<(String, String)>]) -> BTreeSet<String> {
    let mut values: HashMap<&str, BTreeSet<Option<&str>>> = HashMap::new();
    let names: BTreeSet<&str> = all
        .iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    for labels in all {
        for name in &names {
            let value = labels.iter().find(|(known, _)| known == name);
            let value = value.map(|(_, value)| value.as_str());
            values.entry(name).or_default().insert(value);
        }
    }
    let several = values.into_iter().filter(|(_, seen)| seen.len() > 1);
    let mut telling: BTreeSet<String> = several.map(|(name, _)| name.to_owned()).collect();
    telling.insert("instance".to_owned());
    telling
}

fn title(rule: &str, labels: &[(String, String)], telling: &BTreeSet<String>) -> String {
    let told = labels.iter().filter(|(name, _)| telling.contains(name));
    let words: Vec<&str> = told.map(|(_, value)| value.as_str()).collect();
    if words.is_empty() {
        rule.to_owned()
    } else {
        format!("{rule} · {}", words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Domain, Unit};

    fn rule(done_until: i64) -> RecordingRule {
        RecordingRule {
            id: "r".into(),
            name: "Disk".into(),
            expression: "up".into(),
            every_seconds: 10,
            unit: Unit::None,
            domain: Domain::Machine,
            limit: None,
            paused: false,
            done_until: Instant::from_seconds(done_until),
            state: RecordingState::Waiting,
        }
    }

    #[test]
    fn a_rule_is_due_at_each_multiple_of_its_interval_once() {
        let at = Instant::from_seconds;
        assert_eq!(due(&rule(100), at(109), 500), None);
        let seconds = |piece: Piece| (piece.from / 1_000_000, piece.to / 1_000_000);
        assert_eq!(due(&rule(100), at(110), 500).map(seconds), Some((110, 110)));
        assert_eq!(due(&rule(100), at(139), 500).map(seconds), Some((110, 130)));
        assert_eq!(due(&rule(100), at(139), 2).map(seconds), Some((110, 120)));
        // A clock that went back asks for nothing.
        assert_eq!(due(&rule(100), at(0), 500), None);
    }

    #[test]
    fn a_series_is_called_by_what_tells_it_apart() {
        let labels = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<Vec<_>>()
        };
        let all = [
            labels(&[("instance", "db-1"), ("job", "node"), ("mountpoint", "/")]),
            labels(&[
                ("instance", "db-1"),
                ("job", "node"),
                ("mountpoint", "/var"),
            ]),
        ];
        let telling = telling(&all);
        assert_eq!(title("Disk", &all[1], &telling), "Disk · db-1 /var");
        assert_eq!(title("Disk", &[], &telling), "Disk");
    }
}
