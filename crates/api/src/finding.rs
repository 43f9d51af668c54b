//! What is unusual in a series: by how much, why, what was expected, and what people said of it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Domain, Instant, Range, Result, SeriesId, WhyUnknown};

/// An unusual stretch of a series; points that belong to it are no findings of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The series.
    pub series: SeriesId,
    /// What people call that series.
    pub title: String,
    /// The unit of its numbers, as a word.
    pub unit: String,
    /// Business or machines.
    pub domain: Domain,
    /// When it began; with the series it says which finding this is.
    pub begins: Instant,
    /// Where its last unusual period ends.
    pub last: Instant,
    /// Where its most unusual period begins: what all that follows is about.
    pub worst: Instant,
    /// How many seconds such a period has; a month counts as 30 days and 10 hours.
    pub period_seconds: u32,
    /// The score, 0 to 1.
    pub score: f64,
    /// The share of points before it whose score was as high.
    pub p_value: f64,
    /// Of what is as rare on that day, in all series that are looked at as finely: the share that chance alone
    /// would bring, 0 to 1. What is above [`MOST_CHANCE`] is not told as unusual on the Runway.
    pub q_value: f64,
    /// What was seen.
    pub value: f64,
    /// The usual level; `None` where nothing was known of it.
    pub expected: Option<f64>,
    /// How far from that level 98 of 100 points are at most.
    pub usual: f64,
    /// What spoke, the strongest first.
    pub evidence: Vec<Evidence>,
    /// The stretches of the past that were most like the one that ends here, the most alike first.
    pub similar: Vec<Range>,
    /// What the calendar says of that time: promotions and closures of this series, and public holidays of business.
    #[serde(default)]
    pub during: Vec<String>,
    /// What somebody said of it.
    pub verdict: Option<Verdict>,
}

impl Finding {
    /// Whether so many points are looked at that chance alone may well have brought it. What somebody called worth
    /// knowing is no chance.
    pub fn may_be_chance(&self) -> bool {
        self.q_value > MOST_CHANCE && self.verdict != Some(Verdict::Yes)
    }
}

/// What spoke for a finding, and how loudly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// What was looked at.
    pub of: Aspect,
    /// How rare it was: 2 is one in a hundred, 3 one in a thousand.
    pub strength: f64,
}

/// What is looked at in a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// How far the point is from the usual level.
    Level,
    /// How far the point is from the usual level of its place in the season, such as of a Sunday.
    Season,
    /// How far the last four points are from it.
    Shift,
    /// How far the point is from the one before.
    Jump,
    /// Whether the last 8 points are like any before.
    ShortShape,
    /// Whether the last 24 points are like any before.
    LongShape,
    /// How much the last 24 points spread.
    ShortSpread,
    /// How much the last 96 points spread.
    LongSpread,
}

/// What somebody says of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was worth knowing.
    Yes,
    /// It was nothing.
    No,
}

/// The score from which a point of a series is a finding, and what it follows from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sensitivity {
    /// The score from which a point is a finding.
    pub threshold: f64,
    /// Whether somebody has set it, apart from what was said of findings since.
    pub by_hand: bool,
    /// How many findings were worth knowing since.
    pub confirmed: u32,
    /// How many were nothing.
    pub dismissed: u32,
}

/// How unusual a stretch of time was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Scored {
    /// Where it begins.
    pub at: Instant,
    /// Its highest score, 0 to 1.
    pub score: f64,
}

/// What a threshold would have found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Foretold {
    /// The threshold.
    pub threshold: f64,
    /// How many findings the last [`PREVIEW_DAYS`] would have had.
    pub findings: u32,
}

/// Where a series became another, and stayed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChangePoint {
    /// Where the first period of what came after begins.
    pub at: Instant,
    /// What became another.
    pub of: Changed,
    /// What it was until then since the change before: a mean, or a standard deviation, without the season.
    pub before: f64,
    /// What it was from then on until the next.
    pub after: f64,
}

/// What of a series becomes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// Its mean.
    Level,
    /// How much it varies: its standard deviation.
    Spread,
}

/// What is known of a series' anomalies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Unusual {
    /// Why nothing can be said; `None` where it can.
    pub why_not: Option<WhyUnknown>,
    /// The findings of the range, the newest first; also what was judged before and is no finding any more.
    pub findings: Vec<Finding>,
    /// The scores of the range, oldest first.
    pub ribbon: Vec<Scored>,
    /// Where its level or its spread became another within the range, oldest first. Unlike a finding this is looked
    /// at with all that came since, so that a change may move or go as more comes in.
    #[serde(default)]
    pub changes: Vec<ChangePoint>,
    /// How sensitive the series is.
    pub sensitivity: Sensitivity,
    /// How many findings the last [`PREVIEW_DAYS`] have with it.
    pub recent: u32,
    /// How many days the preview covers, where there is less history than [`PREVIEW_DAYS`].
    pub days: f64,
    /// What other thresholds would have found, the lowest first.
    pub preview: Vec<Foretold>,
}

/// How many days a preview looks back.
pub const PREVIEW_DAYS: u32 = 30;
/// The most findings in a list.
pub const MOST_FINDINGS: u32 = 100;
/// At most this share of the findings that are told as more than chance is chance, on average.
pub const MOST_CHANCE: f64 = 0.1;

/// Which of the newest findings are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FindingFilter {
    /// Only business numbers, or only machines'.
    pub domain: Option<Domain>,
    /// Also those that chance may have brought.
    pub with_chance: bool,
}

/// The newest findings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewestFindings {
    /// At most [`MOST_FINDINGS`], by the time when each was worst, the newest first.
    pub findings: Vec<Finding>,
    /// How many chance may have brought, whether they are among those or were left out.
    pub chance: u32,
}

/// What is unusual.
#[async_trait]
pub trait Findings: Send + Sync {
    /// The newest findings of all series that nobody called nothing. Needs `monitoring:read`.
    async fn newest(&self, caller: &Caller, filter: FindingFilter) -> Result<NewestFindings>;
    /// What is unusual in a range of one series. Needs `monitoring:read`.
    async fn unusual(&self, caller: &Caller, id: &SeriesId, range: Range) -> Result<Unusual>;
    /// Says what a finding was, or takes that back; the series' sensitivity follows.
    /// Needs `monitoring:write`.
    async fn judge(
        &self,
        caller: &Caller,
        id: &SeriesId,
        begins: Instant,
        verdict: Option<Verdict>,
    ) -> Result<()>;
    /// Sets the threshold of a series, or gives it back to the default. What was said of findings
    /// before no longer moves it. Needs `monitoring:write`.
    async fn set_sensitivity(
        &self,
        caller: &Caller,
        id: &SeriesId,
        threshold: Option<f64>,
    ) -> Result<()>;
    /// Looks at series that have news, a few at a time; answers how many.
    /// For the server itself: the background job.
    async fn scan_due(&self, caller: &Caller) -> Result<u32>;
}
