//! Findings: what is unusual in each series, what people say of it, and how sensitive that makes it.

mod look;
mod settings;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use api::{
    CacheArea, Caller, ChangePoint, Domain, EffectKind, Error, Event, Finding, Findings, Foretold,
    Instant, MOST_FINDINGS, PREVIEW_DAYS, Permission, Range, Result, Scored, Sensitivity, Series,
    SeriesId, Topic, Unusual, Verdict, WhyUnknown,
};
use async_trait::async_trait;
use series::Step;
use store::{Judgement, ScanOutcome, StoredScan};
use tokio_util::sync::CancellationToken;

use crate::Hub;
use crate::audit::Note;
use crate::cache::{Fresh, Key};
use crate::failure::OrFailure;
use crate::guard::{require, require_on, require_system};
use crate::lease;
use look::{Looked, failed, incidents, look};
pub use settings::FindingSettings;

/// How many samples are looked at.
const MOST_SAMPLES: u32 = 200_000;
/// How many series one run of the job takes.
const BATCH: u32 = 16;
/// How many stretches a ribbon has at most.
const RIBBON: usize = 360;
/// The thresholds of a preview, in hundredths: as far as a slider goes.
const PREVIEWED: std::ops::RangeInclusive<u32> = 60..=98;

#[async_trait]
impl Findings for Hub {
    async fn newest(&self, caller: &Caller) -> Result<Vec<Finding>> {
        require(caller, Permission::MonitoringRead)?;
        let key = Key::of(CacheArea::Alerts, "newest");
        let list = || async { self.newest_findings(caller).await.map(Fresh::Keep) };
        self.cache.get(Some(key), list).await
    }

    async fn unusual(&self, caller: &Caller, id: &SeriesId, range: Range) -> Result<Unusual> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        let found = self
            .store
            .findings_of(id, range, MOST_FINDINGS)
            .await
            .or_failure(caller)?;
        let found = self.on_the_calendar(caller, found).await?;
        let sensitivity = self.sensitivity(caller, id).await?;
        let scan = self.store.scan(id).await.or_failure(caller)?;
        let scores = match scan.map(|scan| scan.outcome) {
            None => Err(self.not_looked_at(caller, id).await?),
            Some(ScanOutcome::Unknown(why)) => Err(why),
            Some(ScanOutcome::Scored {
                from,
                step,
                scores,
                changes,
            }) => match Step::from_label(&step) {
                Some(step) => Ok(Scores {
                    from,
                    step,
                    values: scores,
                    changes,
                }),
                // An older version wrote it: the next look writes it anew.
                None => Err(WhyUnknown::Pending),
            },
        };
        let scores = match scores {
            Ok(scores) => Ok((self.foretell(&scores, sensitivity).await?, scores)),
            Err(why) => Err(why),
        };
        Ok(unusual(found, sensitivity, scores, range))
    }

    async fn judge(
        &self,
        caller: &Caller,
        id: &SeriesId,
        begins: Instant,
        verdict: Option<Verdict>,
    ) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let series = self.kept_series(caller, id).await?;
        let said = self.store.judgements(id).await.or_failure(caller)?;
        let said = said.iter().find(|said| said.begins == begins);
        let told =
            |verdict: Option<Verdict>| serde_json::json!({ "begins": begins, "verdict": verdict });
        let note = Note::of("finding.judge")
            .on("series", id, &series.title)
            .before(&told(said.map(|said| said.verdict)))
            .after(&told(verdict));
        self.noting(caller, note)
            .judge(id, begins, verdict, self.clock.now())
            .await
            .or_failure(caller)?;
        self.look_anew(caller, id).await
    }

    async fn set_sensitivity(
        &self,
        caller: &Caller,
        id: &SeriesId,
        threshold: Option<f64>,
    ) -> Result<()> {
        require_on(caller, Permission::MonitoringWrite, "series")?;
        let allowed = anomaly::LOWEST_THRESHOLD..=anomaly::HIGHEST_THRESHOLD;
        if threshold.is_some_and(|threshold| !allowed.contains(&threshold)) {
            return Err(Error::field(
                "threshold",
                "A threshold lies between 0.6 and 0.98.",
            ));
        }
        let series = self.kept_series(caller, id).await?;
        let set = self.store.threshold(id).await.or_failure(caller)?;
        let note = Note::of("finding.sensitivity")
            .on("series", id, &series.title)
            .before(&set.and_then(|set| set.0))
            .after(&threshold);
        self.noting(caller, note)
            .set_threshold(id, threshold, self.clock.now())
            .await
            .or_failure(caller)?;
        self.look_anew(caller, id).await
    }

    async fn scan_due(&self, caller: &Caller) -> Result<u32> {
        require_system(caller)?;
        if !self.holds(caller, lease::FINDING).await? {
            return Ok(0);
        }
        let due = self
            .store
            .scan_due(self.clock.now(), BATCH)
            .await
            .or_failure(caller)?;
        let (mut done, mut news) = (0, false);
        for id in due {
            match self.scan_one(caller, &id).await {
                Ok(changed) => {
                    done += 1;
                    news |= changed;
                }
                // Removed since it was listed.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if news {
            self.bus.publish(Event::Changed {
                topic: Topic::Findings,
                id: None,
            });
        }
        Ok(done)
    }
}

impl Hub {
    /// The newest findings of all series.
    async fn newest_findings(&self, caller: &Caller) -> Result<Vec<Finding>> {
        let found = self.store.findings(Instant(i64::MIN), MOST_FINDINGS).await;
        let mut found = found.or_failure(caller)?;
        // By the time that is told of each, which is when it was worst and not when it ended.
        found.sort_by_key(|finding| std::cmp::Reverse(finding.worst));
        self.on_the_calendar(caller, found).await
    }

    /// What the threshold found of late and what others would have: some passes over all of the scores
    /// for each, and always the same for the same ones.
    async fn foretell(&self, scores: &Scores, sensitivity: Sensitivity) -> Result<Foretelling> {
        let thresholds = thresholds(sensitivity);
        let key = Key::of(CacheArea::Models, "preview").with(scores.bytes());
        let key = key.with(sensitivity.threshold.to_bits().to_be_bytes());
        let count = || async { Ok(Fresh::Keep(scores.counts(&thresholds))) };
        self.cache.get(Some(key), count).await
    }

    /// Findings with what the calendar says of their time: a promotion that somebody enters later explains
    /// what was found before. A holiday says something of business, and nothing of a disk.
    async fn on_the_calendar(
        &self,
        caller: &Caller,
        mut found: Vec<Finding>,
    ) -> Result<Vec<Finding>> {
        if found.is_empty() {
            return Ok(found);
        }
        let almanac = self.almanac(caller).await?;
        let mut ids: Vec<_> = found.iter().map(|finding| finding.series.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        let series = self.store.series_of(&ids).await.or_failure(caller)?;
        let series: HashMap<_, _> = series.iter().map(|series| (&series.id, series)).collect();
        for finding in &mut found {
            let Some(series) = series.get(&finding.series) else {
                continue;
            };
            let occasions = almanac.of(series, finding.begins.0, finding.last.0);
            finding.during = occasions
                .into_iter()
                .filter(|one| one.kind != EffectKind::Holiday || series.domain == Domain::Business)
                .map(|one| one.name)
                .collect();
        }
        Ok(found)
    }

    /// Looks at a series because its sensitivity is another: here and now, so that the page that
    /// comes back shows it.
    async fn look_anew(&self, caller: &Caller, id: &SeriesId) -> Result<()> {
        self.scan_one(caller, id).await?;
        self.changed(Topic::Findings, Some(id));
        Ok(())
    }

    /// Why a series was never looked at.
    async fn not_looked_at(&self, caller: &Caller, id: &SeriesId) -> Result<WhyUnknown> {
        let series = self.store.series(id).await.or_failure(caller)?;
        let seen = series.is_some_and(|series| series.last.is_some());
        Ok(if seen {
            WhyUnknown::Pending
        } else {
            WhyUnknown::NoData
        })
    }

    /// Looks at one series and keeps what came of it; answers whether its findings are others now.
    async fn scan_one(&self, caller: &Caller, id: &SeriesId) -> Result<bool> {
        let found = self.store.series(id).await.or_failure(caller)?;
        let series = found.ok_or_else(|| Error::not_found("series"))?;
        let threshold = self.sensitivity(caller, id).await?.threshold;
        let judged = self.store.judgements(id).await.or_failure(caller)?;
        // Before the samples are read: what comes in meanwhile makes it due again.
        let now = self.clock.now();
        let samples = self.store.last_n(id, MOST_SAMPLES).await;
        let samples = samples.or_failure(caller)?;
        let samples = self.with_silence(caller, &series, samples, now).await?;
        let budget = self.finding.budget;
        let mut looked = beside_the_pages(series, samples, threshold, (now, budget)).await;
        let from = looked.from;
        looked
            .findings
            .retain(|finding| !judged.iter().any(|said| overlaps(finding, said)));
        let since = Range {
            from,
            to: Instant(i64::MAX),
        };
        let before = self.store.findings_of(id, since, u32::MAX).await;
        let before = before.or_failure(caller)?;
        let scan = StoredScan {
            scanned_at: now,
            next_at: now.plus(next_in(&looked)),
            outcome: looked.outcome,
        };
        self.store
            .put_scan(id, &scan, from, &looked.findings)
            .await
            .or_failure(caller)?;
        let (news, other) = compared(&before, &looked.findings, from);
        if other {
            // What lasts goes on without a word to pages, but lists are to say how long.
            self.outdated(Some(CacheArea::Alerts)).await;
        }
        Ok(news)
    }

    /// How sensitive a series is: what was set by hand, moved by what was said since.
    pub(crate) async fn sensitivity(&self, caller: &Caller, id: &SeriesId) -> Result<Sensitivity> {
        let set = self.store.threshold(id).await.or_failure(caller)?;
        let said = self.store.judgements(id).await.or_failure(caller)?;
        Ok(moved(self.finding.threshold, set, &said))
    }
}

/// What was said moves the threshold, in the order in which it was said: so that taking a word back
/// leaves no trace of it.
fn moved(otherwise: f64, set: Option<(Option<f64>, Instant)>, said: &[Judgement]) -> Sensitivity {
    let (by_hand, since) = set.unwrap_or((None, Instant(i64::MIN)));
    let start = anomaly::Sensitivity::default().with_threshold(by_hand.unwrap_or(otherwise));
    let end = said
        .iter()
        .filter(|said| said.judged_at > since)
        .fold(start, |sensitivity, said| {
            let verdict = match said.verdict {
                Verdict::Yes => anomaly::Verdict::Anomaly,
                Verdict::No => anomaly::Verdict::NotAnomaly,
            };
            sensitivity.after(verdict, said.score)
        });
    Sensitivity {
        threshold: end.threshold,
        by_hand: by_hand.is_some(),
        confirmed: end.confirmed,
        dismissed: end.dismissed,
    }
}

/// Whether the findings from an instant on are others than those that nobody judged were, the newest
/// first; and whether those, their ends or their scores are.
fn compared(before: &[Finding], now: &[Finding], from: Instant) -> (bool, bool) {
    let open = || {
        let all = before.iter();
        all.filter(move |finding| finding.verdict.is_none() && finding.begins >= from)
    };
    let newest_first = || now.iter().rev();
    let which = |finding: &Finding| (finding.begins, finding.worst);
    let told = |finding: &Finding| (which(finding), finding.last, finding.score.to_bits());
    (
        !newest_first().map(which).eq(open().map(which)),
        !newest_first().map(told).eq(open().map(told)),
    )
}

/// Whether somebody has judged the same stretch: on another grid its ends may differ.
fn overlaps(finding: &Finding, said: &Judgement) -> bool {
    finding.begins < said.last && said.begins < finding.last
}

/// When to look again: when a period of the grid is over, but not all day for a day.
fn next_in(looked: &Looked) -> i64 {
    match (&looked.outcome, looked.step) {
        (ScanOutcome::Unknown(_), _) | (_, None) => Instant::MINUTE,
        (_, Some(step)) => {
            (step.seconds() * Instant::SECOND / 4).clamp(Instant::MINUTE, Instant::HOUR)
        }
    }
}

/// Runs the engine on a thread of its own, within a budget, whatever it does.
async fn beside_the_pages(
    series: Series,
    samples: Vec<(i64, f64)>,
    threshold: f64,
    (now, budget): (Instant, Duration),
) -> Looked {
    let stop = CancellationToken::new();
    let given_up = stop.clone();
    let work = tokio::task::spawn_blocking(move || {
        std::panic::catch_unwind(AssertUnwindSafe(|| {
            look(&series, &samples, threshold, now, &|| stop.is_cancelled())
        }))
    });
    tokio::pin!(work);
    tokio::select! {
        answer = &mut work => match answer {
            Ok(Ok(looked)) => looked,
            Ok(Err(_)) | Err(_) => Looked::unknown(failed("the detector failed"), None),
        },
        () = tokio::time::sleep(budget) => {
            given_up.cancel();
            Looked::unknown(failed("it took too long"), None)
        }
    }
}

/// How many findings each threshold has in the last days, and how many days that is.
type Foretelling = (Vec<u32>, f64);

/// The threshold of a series and those of a preview.
fn thresholds(sensitivity: Sensitivity) -> Vec<f64> {
    let previewed = PREVIEWED
        .step_by(2)
        .map(|hundredths| f64::from(hundredths) / 100.0);
    std::iter::once(sensitivity.threshold)
        .chain(previewed)
        .collect()
}

/// The scores of a grid.
struct Scores {
    from: Instant,
    step: Step,
    /// In ten-thousandths; `None` where there is no value.
    values: Vec<Option<u16>>,
    changes: Vec<ChangePoint>,
}

impl Scores {
    /// All of it, as a cache tells it from others.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.from.0.to_be_bytes().to_vec();
        bytes.extend(self.step.seconds().to_be_bytes());
        // No score is as high.
        let scores = self.values.iter().map(|score| score.unwrap_or(u16::MAX));
        bytes.extend(scores.flat_map(u16::to_be_bytes));
        bytes
    }

    fn at(&self, place: usize) -> Instant {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        Instant(self.step.advance(self.from.0, place))
    }

    /// The place of the first period that begins at that instant or later.
    fn place(&self, at: Instant) -> usize {
        let steps = self.step.between(self.from.0, at.0);
        let place = usize::try_from(steps).unwrap_or(0).min(self.values.len());
        if place < self.values.len() && self.at(place) < at {
            place + 1
        } else {
            place
        }
    }

    /// The known scores among these.
    fn known(&self, places: std::ops::Range<usize>) -> Vec<f64> {
        let values = self.values.get(places).unwrap_or_default();
        let known = values.iter().flatten();
        known.map(|score| f64::from(*score) / 10_000.0).collect()
    }

    /// The highest score of each of at most [`RIBBON`] stretches of the range.
    fn ribbon(&self, range: Range) -> Vec<Scored> {
        let (from, to) = (self.place(range.from), self.place(range.to));
        let width = to.saturating_sub(from).div_ceil(RIBBON).max(1);
        (from..to)
            .step_by(width)
            .filter_map(|place| {
                let known = self.known(place..(place + width).min(to));
                let score = known.into_iter().reduce(f64::max)?;
                Some(Scored {
                    at: self.at(place),
                    score,
                })
            })
            .collect()
    }

    /// How many findings each threshold has in the last [`PREVIEW_DAYS`], and how many days that is.
    fn counts(&self, thresholds: &[f64]) -> Foretelling {
        let end = self.at(self.values.len());
        let begin = end.minus(i64::from(PREVIEW_DAYS) * Instant::DAY);
        let first = self.place(begin);
        let options = incidents(self.step, anomaly::THRESHOLD);
        let all = anomaly::preview(&self.known(0..self.values.len()), thresholds, options);
        // What began before is no finding of these days.
        let before = anomaly::preview(&self.known(0..first), thresholds, options);
        let counts = all.iter().zip(before);
        let counts = counts
            .map(|(all, before)| u32::try_from(all.saturating_sub(before)).unwrap_or(u32::MAX));
        let days = end.seconds_since(self.at(first)) / 86_400.0;
        (counts.collect(), days)
    }
}

fn unusual(
    findings: Vec<Finding>,
    sensitivity: Sensitivity,
    scores: std::result::Result<(Foretelling, Scores), WhyUnknown>,
    range: Range,
) -> Unusual {
    let mut out = Unusual {
        why_not: None,
        findings,
        ribbon: Vec::new(),
        changes: Vec::new(),
        sensitivity,
        recent: 0,
        days: 0.0,
        preview: Vec::new(),
    };
    let ((counts, days), scores) = match scores {
        Ok(known) => known,
        Err(why) => {
            out.why_not = Some(why);
            return out;
        }
    };
    let thresholds = thresholds(sensitivity);
    let told = thresholds.iter().zip(&counts).skip(1);
    out.recent = counts.first().copied().unwrap_or(0);
    out.preview = told
        .map(|(threshold, findings)| Foretold {
            threshold: *threshold,
            findings: *findings,
        })
        .collect();
    out.days = days;
    out.ribbon = scores.ribbon(range);
    out.changes = scores.changes;
    out.changes
        .retain(|change| (range.from..range.to).contains(&change.at));
    out
}

#[cfg(test)]
mod tests;
