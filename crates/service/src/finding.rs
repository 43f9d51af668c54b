//! Findings: what is unusual in each series, what people say of it, and how sensitive that makes it.

mod chance;
mod look;
mod scores;
mod settings;
mod window;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use api::{
    CacheArea, Caller, Domain, EffectKind, Error, Event, Finding, FindingFilter, Findings,
    Foretold, Instant, MOST_FINDINGS, NewestFindings, Permission, Range, Result, Sensitivity,
    Series, SeriesId, Topic, Unusual, Verdict, WhyUnknown,
};
use async_trait::async_trait;
use store::{Judgement, ScanOutcome, StoredScan};
use tokio_util::sync::CancellationToken;

use crate::Hub;
use crate::audit::Note;
use crate::cache::{Fresh, Key};
use crate::failure::OrFailure;
use crate::guard::{require, require_on, require_system};
use crate::lease;
use look::{Asked, Looked, failed, look};
use scores::{Foretelling, Scores};
pub use settings::FindingSettings;

/// How many samples are looked at: forty days of minutes, which is what thirty are judged by.
const MOST_SAMPLES: u32 = 60_000;
/// How many series one run of the job takes.
const BATCH: u32 = 16;
/// So long after a period's end what came in of it is there.
const LATE: i64 = 15 * Instant::SECOND;
/// The thresholds of a preview, in hundredths: as far as a slider goes.
const PREVIEWED: std::ops::RangeInclusive<u32> = 60..=98;

/// What becomes of what an earlier look said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    /// It stays but for the newest of it, unless samples of it are others.
    Kept,
    /// All that is told is looked at anew.
    Anew,
}

#[async_trait]
impl Findings for Hub {
    async fn newest(&self, caller: &Caller, filter: FindingFilter) -> Result<NewestFindings> {
        require(caller, Permission::MonitoringRead)?;
        let domain = filter.domain.map_or("", Domain::word);
        let key = Key::of(CacheArea::Alerts, "newest").with(domain);
        let key = key.with_number(i64::from(filter.with_chance));
        let list = || async { self.newest_findings(caller, filter).await.map(Fresh::Keep) };
        self.cache.get(Some(key), list).await
    }

    async fn unusual(&self, caller: &Caller, id: &SeriesId, range: Range) -> Result<Unusual> {
        require_on(caller, Permission::MonitoringRead, "series")?;
        let found = self
            .store
            .findings_of(id, range, MOST_FINDINGS)
            .await
            .or_failure(caller)?;
        let found = self.weighed(caller, found).await?;
        let found = self.on_the_calendar(caller, found).await?;
        let sensitivity = self.sensitivity(caller, id).await?;
        let scan = self.store.scan(id).await.or_failure(caller)?;
        let scores = match scan {
            None => Err(self.not_looked_at(caller, id).await?),
            Some(scan) => Scores::kept(scan.outcome),
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
            match self.scan_one(caller, &id, Past::Kept).await {
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
    async fn newest_findings(
        &self,
        caller: &Caller,
        filter: FindingFilter,
    ) -> Result<NewestFindings> {
        let mut found = self.findings_since(caller, Instant(i64::MIN)).await?;
        found.retain(|one| filter.domain.is_none_or(|domain| domain == one.domain));
        let chance = found.iter().filter(|one| one.may_be_chance()).count();
        found.retain(|one| filter.with_chance || !one.may_be_chance());
        found.truncate(usize::try_from(MOST_FINDINGS).unwrap_or(usize::MAX));
        // By the time that is told of each, which is when it was worst and not when it ended.
        found.sort_by_key(|finding| std::cmp::Reverse(finding.worst));
        Ok(NewestFindings {
            findings: self.on_the_calendar(caller, found).await?,
            chance: u32::try_from(chance).unwrap_or(u32::MAX),
        })
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
        self.scan_one(caller, id, Past::Anew).await?;
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
    async fn scan_one(&self, caller: &Caller, id: &SeriesId, past: Past) -> Result<bool> {
        let found = self.store.series(id).await.or_failure(caller)?;
        let series = found.ok_or_else(|| Error::not_found("series"))?;
        let threshold = self.sensitivity(caller, id).await?.threshold;
        let judged = self.store.judgements(id).await.or_failure(caller)?;
        // Before the samples are read: what comes in meanwhile makes it due again.
        let now = self.clock.now();
        let samples = self.store.last_n(id, MOST_SAMPLES).await;
        let samples = samples.or_failure(caller)?;
        let samples = self.with_silence(caller, &series, samples, now).await?;
        let scan = self.store.scan(id).await.or_failure(caller)?;
        let kept = scan.filter(|scan| past == Past::Kept && same_day(id, scan.scanned_at, now));
        let asked = Asked {
            threshold,
            now,
            before: kept.and_then(|scan| Scores::kept(scan.outcome).ok()),
        };
        let mut looked = beside_the_pages(series, samples, asked, self.finding.budget).await;
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
            next_at: now.plus(next_in(&looked, now)),
            points: looked.scores.as_ref().map_or(0, Scores::a_day),
            outcome: looked
                .scores
                .map_or_else(ScanOutcome::Unknown, Scores::outcome),
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

/// Whether the two instants are on one day of the series, which begins at an hour of its own: once a day all of
/// what is told is looked at anew, and not all series at once.
fn same_day(id: &SeriesId, one: Instant, other: Instant) -> bool {
    let bytes = id.as_str().bytes();
    let hour = bytes.fold(0_i64, |hour, byte| (31 * hour + i64::from(byte)) % 24);
    let day = |at: Instant| at.plus(hour * Instant::HOUR).0.div_euclid(Instant::DAY);
    day(one) == day(other)
}

/// When to look again: when the next period of the grid is over, but not all day for a day.
fn next_in(looked: &Looked, now: Instant) -> i64 {
    let Ok(scores) = &looked.scores else {
        return Instant::MINUTE;
    };
    let over = scores.step.advance(scores.end().0, 1).saturating_add(LATE);
    (over - now.0).clamp(Instant::MINUTE, Instant::HOUR)
}

/// Runs the engine on a thread of its own, within a budget, whatever it does.
async fn beside_the_pages(
    series: Series,
    samples: Vec<(i64, f64)>,
    asked: Asked,
    budget: Duration,
) -> Looked {
    let stop = CancellationToken::new();
    let given_up = stop.clone();
    let work = tokio::task::spawn_blocking(move || {
        std::panic::catch_unwind(AssertUnwindSafe(|| {
            look(&series, &samples, asked, &|| stop.is_cancelled())
        }))
    });
    tokio::pin!(work);
    tokio::select! {
        answer = &mut work => match answer {
            Ok(Ok(looked)) => looked,
            Ok(Err(_)) | Err(_) => Looked::unknown(failed("the detector failed")),
        },
        () = tokio::time::sleep(budget) => {
            given_up.cancel();
            Looked::unknown(failed("it took too long"))
        }
    }
}

/// The threshold of a series and those of a preview.
fn thresholds(sensitivity: Sensitivity) -> Vec<f64> {
    let previewed = PREVIEWED
        .step_by(2)
        .map(|hundredths| f64::from(hundredths) / 100.0);
    std::iter::once(sensitivity.threshold)
        .chain(previewed)
        .collect()
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
