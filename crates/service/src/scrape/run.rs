//! Scraping itself: ask, read, write down, and remember for the next time.
//!
//! The job in the server runs one [`ScrapeTask`] for each target, so that none waits for another.
//!
//! Where several servers share one database, the one that holds the lease scrapes: the others are told
//! of no targets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Caller, Result, ScrapeState, SourceId, Topic, Trial};
use ingest::metrics::exposition::{self, Course, Format, Memory, Schedule, Scraped};
use ingest::metrics::{BodyError, Limits, Refused, compression};
use series::Batch;
use store::metrics::Appended;
use store::{Arrival, StoredTarget};

use super::fetch::{Fetch, FetchAsk, Fetched};
use super::wanted::Wanted;
use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require_system;
use crate::lease;

/// What one scrape may bring: more than the largest exporters show.
const LIMITS: ScrapeLimits = ScrapeLimits {
    sent_bytes: 16 << 20,
    unpacked_bytes: 48 << 20,
    series: 100_000,
};

struct ScrapeLimits {
    sent_bytes: usize,
    unpacked_bytes: usize,
    series: usize,
}

/// What the job asks: which targets there are, and when that changes.
#[derive(Debug)]
pub struct ScrapeRunner {
    hub: Arc<Hub>,
}

impl ScrapeRunner {
    /// For the targets of that hub.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// A task for each target that is to be scraped; none where another server scrapes. For the
    /// server itself.
    ///
    /// # Errors
    /// Where the store failed; the tasks that run go on.
    pub async fn tasks(&self, caller: &Caller) -> Result<Vec<ScrapeTask>> {
        require_system(caller)?;
        if !self.hub.holds(caller, lease::SCRAPE).await? {
            return Ok(Vec::new());
        }
        let targets = self.hub.store.targets().await.or_failure(caller)?;
        let running = targets.into_iter().filter(|t| !t.target.paused);
        Ok(running
            .map(|target| ScrapeTask::new(self.hub.clone(), target))
            .collect())
    }

    /// Waits until somebody changed a target in this process.
    pub async fn changed(&self) {
        self.hub.scraping.changed.notified().await;
    }

    /// After the last scrape of a target: where its source was removed meanwhile, what that scrape
    /// wrote is removed too.
    ///
    /// # Errors
    /// Where the store failed.
    pub async fn tidy_up(&self, caller: &Caller, id: &SourceId) -> Result<()> {
        require_system(caller)?;
        if self
            .hub
            .store
            .source(id)
            .await
            .or_failure(caller)?
            .is_none()
        {
            self.hub.forget_metrics(caller, id).await?;
        }
        Ok(())
    }
}

/// One target on its way from scrape to scrape.
pub struct ScrapeTask {
    hub: Arc<Hub>,
    stored: StoredTarget,
    wanted: Wanted,
    labels: exposition::Target,
    schedule: Schedule,
    planned_ms: Option<i64>,
    memory: Memory,
    told: Option<ScrapeState>,
}

impl std::fmt::Debug for ScrapeTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScrapeTask")
            .field("target", self.id())
            .finish_non_exhaustive()
    }
}

impl ScrapeTask {
    fn new(hub: Arc<Hub>, stored: StoredTarget) -> Self {
        let wanted = Wanted::of(&stored.target, None);
        let interval_ms = i64::from(wanted.interval_seconds) * 1_000;
        Self {
            schedule: Schedule::new(stored.target.id.as_str(), interval_ms),
            labels: labels(&wanted),
            wanted,
            stored,
            hub,
            planned_ms: None,
            memory: Memory::default(),
            told: None,
        }
    }

    /// The target's source.
    pub fn id(&self) -> &SourceId {
        &self.stored.target.id
    }

    /// Which version of the target this task scrapes.
    pub fn revision(&self) -> i64 {
        self.stored.revision
    }

    /// Whether the target was never scraped as it is now: somebody is waiting to see what it brings.
    pub fn is_new(&self) -> bool {
        self.stored.target.state == ScrapeState::Waiting
    }

    /// How long until the next scrape.
    pub fn wait(&mut self) -> Duration {
        let now_ms = self.hub.now_ms();
        let next = self.schedule.next_ms(now_ms, self.planned_ms);
        self.planned_ms = Some(next);
        Duration::from_millis(u64::try_from(next.saturating_sub(now_ms)).unwrap_or(0))
    }

    /// Scrapes once and writes down what came of it; answers whether the target is up.
    ///
    /// # Errors
    /// Where the store failed: the next scrape tells again what this one could not.
    pub async fn scrape(&mut self, caller: &Caller) -> Result<bool> {
        require_system(caller)?;
        let fetch = self.hub.fetcher()?.clone();
        let at_ms = self.hub.now_ms();
        let began = Instant::now();
        // Opened for this once: nobody finds it in a task that rests.
        let taken = match self.hub.token_of(&self.stored) {
            Ok(token) => {
                let wanted = Wanted {
                    token,
                    ..self.wanted.clone()
                };
                take(fetch, &wanted, self.labels.clone(), at_ms).await
            }
            Err(why) => Err(format!("Its token cannot be read: {why}.")),
        };
        let course = Course {
            at_ms,
            seconds: began.elapsed().as_secs_f64(),
        };
        let state = match taken {
            Ok(scraped) => self.keep(caller, scraped, course).await?,
            Err(why) => {
                let (batch, memory) = self.memory.after_failure(&self.labels, course);
                self.append(caller, batch).await?;
                self.memory = memory;
                ScrapeState::Down { why }
            }
        };
        let up = matches!(state, ScrapeState::Up { .. });
        self.tell(caller, state).await?;
        Ok(up)
    }

    /// Ends the target's series: it was changed, or is left alone.
    ///
    /// # Errors
    /// Where the store failed; its series then end after five minutes.
    pub async fn end(&mut self, caller: &Caller) -> Result<()> {
        require_system(caller)?;
        if self.told.is_none() {
            return Ok(());
        }
        let batch = self.memory.at_end(&self.labels, self.hub.now_ms());
        self.append(caller, batch).await?;
        Ok(())
    }

    async fn keep(
        &mut self,
        caller: &Caller,
        mut scraped: Scraped,
        course: Course,
    ) -> Result<ScrapeState> {
        let series = u32::try_from(scraped.received.batch.series().count()).unwrap_or(u32::MAX);
        let memory = self.memory.after(&mut scraped, &self.labels, course);
        let appended = self.append(caller, scraped.received.batch).await?;
        let counts = appended.counts;
        self.memory = memory;
        let refused = scraped.received.refused;
        let faults = refused.faults() + counts.refused;
        let arrival = Arrival {
            accepted: counts.samples,
            duplicates: counts.duplicates,
            late: counts.late,
            refused: faults,
            last_refusal: (faults > 0).then(|| words_of(&refused, &appended)),
        };
        self.hub.tally(self.id(), arrival);
        Ok(ScrapeState::Up { series })
    }

    /// Writes to the disk.
    async fn append(&self, caller: &Caller, batch: Batch) -> Result<Appended> {
        let store = self.hub.metric_store()?;
        let appended = store.append(self.id(), batch, self.hub.clock.now()).await;
        let appended = appended.or_failure(caller)?;
        self.hub.metrics_came();
        Ok(appended)
    }

    /// Keeps how it went and tells open pages, where that is news.
    async fn tell(&mut self, caller: &Caller, state: ScrapeState) -> Result<()> {
        if self.told.as_ref() == Some(&state) {
            return Ok(());
        }
        self.hub
            .store
            .put_scrape_state(self.id(), self.stored.revision, &state)
            .await
            .or_failure(caller)?;
        self.told = Some(state);
        self.hub.changed(Topic::Sources, None);
        Ok(())
    }
}

impl Hub {
    /// Scrapes once and keeps nothing.
    pub(super) async fn try_target(&self, wanted: &Wanted) -> Result<Trial> {
        let fetch = self.fetcher()?.clone();
        let began = Instant::now();
        let taken = take(fetch, wanted, labels(wanted), self.now_ms()).await;
        let ms = began.elapsed().as_millis();
        Ok(match taken {
            Ok(scraped) => {
                let series = scraped.received.batch.series().count();
                let mut words =
                    format!("It showed {} series within {ms} ms.", api::grouped(series));
                if scraped.received.refused.faults() > 0 {
                    words = format!(
                        "{words} Not everything could be read: {}.",
                        scraped.received.refused
                    );
                }
                Trial { up: true, words }
            }
            Err(words) => Trial { up: false, words },
        })
    }
}

fn labels(wanted: &Wanted) -> exposition::Target {
    exposition::Target {
        labels: vec![
            ("job".into(), wanted.name.clone()),
            ("instance".into(), wanted.instance.clone()),
        ],
        honor_labels: false,
        honor_timestamps: true,
    }
}

fn words_of(refused: &Refused, appended: &Appended) -> String {
    let refused = (!refused.is_empty()).then(|| refused.to_string());
    let words: Vec<String> = refused.into_iter().chain(appended.words()).collect();
    words.join("; ")
}

/// Asks a target and reads its answer; why not, in words.
async fn take(
    fetch: Arc<dyn Fetch>,
    wanted: &Wanted,
    labels: exposition::Target,
    at_ms: i64,
) -> Result<Scraped, String> {
    let ask = FetchAsk {
        url: wanted.url.clone(),
        accept: Format::ACCEPT,
        timeout: Duration::from_secs(u64::from(wanted.timeout_seconds)),
        token: wanted.token.clone(),
        ca: wanted.ca.clone(),
        verify: wanted.verify,
        most_bytes: LIMITS.sent_bytes,
    };
    let fetched = fetch.fetch(ask).await.map_err(|fault| fault.to_string())?;
    check(&fetched)?;
    // Beside the pages: the largest answers take a tenth of a second to read.
    let read = tokio::task::spawn_blocking(move || read(&fetched, &labels, at_ms));
    read.await
        .unwrap_or_else(|_| Err("Its answer could not be read. Please report this.".into()))
}

/// What can be said without reading the body.
fn check(fetched: &Fetched) -> Result<(), String> {
    let status = fetched.status;
    match status {
        200 => {}
        401 | 403 => {
            return Err(format!(
                "It answers {status}: it wants a token, or another one."
            ));
        }
        404 => {
            return Err(
                "It answers 404: nothing is at that path. Most targets show metrics at /metrics."
                    .into(),
            );
        }
        500.. => return Err(format!("It answers {status}: it failed. Look at its log.")),
        _ => return Err(format!("It answers {status}, where 200 is expected.")),
    }
    let kind = fetched.content_type.as_deref().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if ["text/html", "application/json"].contains(&kind.to_ascii_lowercase().as_str()) {
        return Err(format!(
            "It answers with {kind}, which is no metrics. Most targets show metrics at /metrics."
        ));
    }
    Ok(())
}

fn read(fetched: &Fetched, labels: &exposition::Target, at_ms: i64) -> Result<Scraped, String> {
    let limits = Limits {
        max_body_bytes: LIMITS.sent_bytes,
        max_decompressed_bytes: LIMITS.unpacked_bytes,
        max_series: LIMITS.series,
        max_samples: LIMITS.series,
        ..Limits::default()
    };
    let said = |error: BodyError| format!("Its answer cannot be used: {error}.");
    let encoding = fetched.content_encoding.as_deref();
    let body = compression::plain_or_gzip(encoding, &fetched.body, &limits).map_err(said)?;
    // The last line may be half of one: 12 instead of 1234.
    if !fetched.framed && !body.is_empty() && body.last() != Some(&b'\n') {
        return Err("The answer broke off: it ends in the middle of a line.".into());
    }
    let format = Format::from_content_type(fetched.content_type.as_deref());
    let scraped = exposition::parse(format, &body, labels, &limits, at_ms).map_err(said)?;
    if scraped.received.batch.samples() == 0 && scraped.received.refused.faults() > 0 {
        return Err(format!(
            "Nothing of its answer could be read as metrics: {}.",
            scraped.received.refused
        ));
    }
    Ok(scraped)
}
