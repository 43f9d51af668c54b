//! Findings: what is unusual, what people said of it, and when each series is looked at again.

use api::{ChangePoint, Evidence, Finding, Instant, Range, SeriesId, Verdict, WhyUnknown};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::convert::{changed, instant, of_json, of_word, to_json, u64_of};
use crate::db::{column, execute, read, rows, run, write};
use crate::{Result, Store};

/// When a series was looked at, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredScan {
    /// The instant *before* its samples were read.
    pub scanned_at: Instant,
    /// Not before then is it looked at again.
    pub next_at: Instant,
    /// How many points of its latest day were judged, or of its latest period where that is longer.
    pub points: u32,
    /// What came of it.
    pub outcome: ScanOutcome,
}

/// What came of looking at a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanOutcome {
    /// Nothing can be said.
    Unknown(WhyUnknown),
    /// Each point of the grid has a score.
    Scored {
        /// Where the grid begins.
        from: Instant,
        /// Its step, as `series::Step::label` says it.
        step: String,
        /// Scores in ten-thousandths; `None` where there is no value.
        scores: Vec<Option<u16>>,
        /// Where the series became another, oldest first.
        #[serde(default)]
        changes: Vec<ChangePoint>,
    },
}

/// What somebody said of a finding, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// When it began.
    pub begins: Instant,
    /// When it was last unusual.
    pub last: Instant,
    /// Its score.
    pub score: f64,
    /// What was said.
    pub verdict: Verdict,
    /// When.
    pub judged_at: Instant,
}

/// What a finding rests on: never queried, so one text.
#[derive(Serialize, Deserialize)]
struct Grounds {
    worst: Instant,
    period_seconds: u32,
    p_value: f64,
    value: f64,
    expected: Option<f64>,
    usual: f64,
    evidence: Vec<Evidence>,
    similar: Vec<Range>,
}

#[derive(FromRow)]
struct FindingRow {
    series_id: String,
    title: String,
    unit: String,
    domain: String,
    begins: i64,
    last: i64,
    score: f64,
    grounds: String,
    verdict: Option<String>,
}

impl FindingRow {
    fn finding(self) -> Result<Finding> {
        let grounds: Grounds = of_json(&self.grounds)?;
        let unit: api::Unit = of_json(&self.unit)?;
        Ok(Finding {
            series: self.series_id.into(),
            title: self.title,
            unit: unit.word().to_owned(),
            domain: of_word(&self.domain)?,
            begins: Instant(self.begins),
            last: Instant(self.last),
            worst: grounds.worst,
            period_seconds: grounds.period_seconds,
            score: self.score,
            p_value: grounds.p_value,
            // What is found elsewhere says how much of it is chance.
            q_value: 1.0,
            value: grounds.value,
            expected: grounds.expected,
            usual: grounds.usual,
            evidence: grounds.evidence,
            similar: grounds.similar,
            during: Vec::new(),
            verdict: self.verdict.as_deref().and_then(verdict_of),
        })
    }
}

#[derive(FromRow)]
struct JudgementRow {
    begins: i64,
    last: i64,
    score: f64,
    verdict: String,
    judged_at: i64,
}

#[derive(FromRow)]
struct ScanRow {
    scanned_at: i64,
    next_at: i64,
    points: Option<i64>,
    outcome: String,
}

fn verdict_of(word: &str) -> Option<Verdict> {
    match word {
        "yes" => Some(Verdict::Yes),
        "no" => Some(Verdict::No),
        _ => None,
    }
}

const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Yes => "yes",
        Verdict::No => "no",
    }
}

macro_rules! finding_sql {
    ($tail:literal) => {
        concat!(
            "select f.series_id, s.title, s.unit, s.domain, f.begins, f.last, f.score, f.grounds,
                f.verdict
            from finding f join series s on s.id = f.series_id
            join source src on src.id = s.source_id
            where not src.deleting and ",
            $tail
        )
    };
}

/// A finding that somebody judged stays as it was judged.
const UPSERT: &str = "insert into finding (series_id, begins, last, score, grounds)
    values ($1, $2, $3, $4, $5)
    on conflict (series_id, begins) do update set last = excluded.last, score = excluded.score,
        grounds = excluded.grounds where finding.verdict is null";

const UPSERT_SCAN: &str =
    "insert into finding_scan (series_id, scanned_at, next_at, outcome, step, points)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (series_id) do update set scanned_at = excluded.scanned_at,
        next_at = excluded.next_at, outcome = excluded.outcome, step = excluded.step,
        points = excluded.points";

impl Store {
    /// Keeps what came of looking at a series: its findings from `from` on are these, and those that
    /// somebody judged. `Missing` where the series is gone.
    pub async fn put_scan(
        &self,
        id: &SeriesId,
        scan: &StoredScan,
        from: Instant,
        findings: &[Finding],
    ) -> Result<()> {
        let outcome = to_json(&scan.outcome)?;
        let step = match &scan.outcome {
            ScanOutcome::Unknown(_) => None,
            ScanOutcome::Scored { step, .. } => Some(step),
        };
        let grounds = findings
            .iter()
            .map(|finding| to_json(&grounds(finding)))
            .collect::<Result<Vec<_>>>()?;
        write!(self, db => {
            run(UPSERT_SCAN)
                .bind(id.as_str())
                .bind(scan.scanned_at.micros())
                .bind(scan.next_at.micros())
                .bind(&outcome)
                .bind(step)
                .bind(i64::from(scan.points))
                .execute(&mut *db)
                .await?;
            run("delete from finding where series_id = $1 and begins >= $2 and verdict is null")
                .bind(id.as_str())
                .bind(from.micros())
                .execute(&mut *db)
                .await?;
            for (finding, grounds) in findings.iter().zip(&grounds) {
                run(UPSERT)
                    .bind(id.as_str())
                    .bind(finding.begins.micros())
                    .bind(finding.last.micros())
                    .bind(finding.score)
                    .bind(grounds)
                    .execute(&mut *db)
                    .await?;
            }
        });
        Ok(())
    }

    /// How many points of their latest day were judged in all series on a grid of each step, by `series::Step::label`.
    pub async fn points_judged(&self) -> Result<Vec<(String, u64)>> {
        let sql = "select step, cast(sum(points) as bigint) from finding_scan
            where step is not null group by step";
        let found: Vec<(String, i64)> = read!(self, db => rows(sql).fetch_all(&mut *db).await?);
        Ok(found
            .into_iter()
            .map(|(step, points)| (step, u64_of(points)))
            .collect())
    }

    /// When the series was looked at, if it was.
    pub async fn scan(&self, id: &SeriesId) -> Result<Option<StoredScan>> {
        let sql =
            "select scanned_at, next_at, points, outcome from finding_scan where series_id = $1";
        let row: Option<ScanRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        row.map(|row| {
            Ok(StoredScan {
                scanned_at: Instant(row.scanned_at),
                next_at: Instant(row.next_at),
                points: u32::try_from(row.points.unwrap_or(0)).unwrap_or(u32::MAX),
                outcome: of_json(&row.outcome)?,
            })
        })
        .transpose()
    }

    /// The findings of a series that touch the range, the newest first.
    pub async fn findings_of(
        &self,
        id: &SeriesId,
        range: Range,
        most: u32,
    ) -> Result<Vec<Finding>> {
        let sql = finding_sql!(
            "f.series_id = $1 and f.last >= $2 and f.begins < $3 order by f.begins desc limit $4"
        );
        let found: Vec<FindingRow> = read!(self, db => rows(sql)
            .bind(id.as_str())
            .bind(range.from.micros())
            .bind(range.to.micros())
            .bind(i64::from(most))
            .fetch_all(&mut *db)
            .await?);
        found.into_iter().map(FindingRow::finding).collect()
    }

    /// The findings of all series since then that nobody called nothing, the newest first.
    pub async fn findings(&self, since: Instant, most: u32) -> Result<Vec<Finding>> {
        let sql = finding_sql!(
            "f.last >= $1 and (f.verdict is null or f.verdict <> 'no')
            order by f.last desc, f.score desc, f.series_id limit $2"
        );
        let found: Vec<FindingRow> = read!(self, db => rows(sql)
            .bind(since.micros())
            .bind(i64::from(most))
            .fetch_all(&mut *db)
            .await?);
        found.into_iter().map(FindingRow::finding).collect()
    }

    /// Keeps what somebody said of a finding, or that nothing is said of it any more.
    /// `Missing` where there is no such finding.
    pub async fn judge(
        &self,
        id: &SeriesId,
        begins: Instant,
        verdict: Option<Verdict>,
        at: Instant,
    ) -> Result<()> {
        let sql = "update finding set verdict = $3, judged_at = $4
            where series_id = $1 and begins = $2";
        changed(execute!(
            self,
            sql,
            id.as_str(),
            begins.micros(),
            verdict.map(verdict_word),
            verdict.map(|_| at.micros()),
        ))
    }

    /// What was said of a series' findings, in the order in which it was said.
    pub async fn judgements(&self, id: &SeriesId) -> Result<Vec<Judgement>> {
        let sql = "select begins, last, score, verdict, judged_at from finding
            where series_id = $1 and verdict is not null and judged_at is not null
            order by judged_at, begins";
        let found: Vec<JudgementRow> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_all(&mut *db).await?);
        Ok(found
            .into_iter()
            .filter_map(|row| {
                Some(Judgement {
                    begins: Instant(row.begins),
                    last: Instant(row.last),
                    score: row.score,
                    verdict: verdict_of(&row.verdict)?,
                    judged_at: Instant(row.judged_at),
                })
            })
            .collect())
    }

    /// Sets the threshold from which points of a series are findings; `None` is the default.
    /// `Missing` where the series is gone.
    pub async fn set_threshold(
        &self,
        id: &SeriesId,
        threshold: Option<f64>,
        at: Instant,
    ) -> Result<()> {
        let sql = "insert into finding_threshold (series_id, threshold, set_at) values ($1, $2, $3)
            on conflict (series_id) do update set threshold = excluded.threshold,
                set_at = excluded.set_at";
        execute!(self, sql, id.as_str(), threshold, at.micros());
        Ok(())
    }

    /// The threshold that somebody set, and when; `None` where nobody did.
    pub async fn threshold(&self, id: &SeriesId) -> Result<Option<(Option<f64>, Instant)>> {
        let sql = "select threshold, set_at from finding_threshold where series_id = $1";
        let row: Option<(Option<f64>, i64)> =
            read!(self, db => rows(sql).bind(id.as_str()).fetch_optional(&mut *db).await?);
        Ok(row.and_then(|(threshold, at)| Some((threshold, instant(Some(at))?))))
    }

    /// The series that are to be looked at: those with samples that never were, or that changed
    /// since and whose time has come. Those looked at in the future, by a clock that was wrong, are
    /// due at once.
    pub async fn scan_due(&self, now: Instant, limit: u32) -> Result<Vec<SeriesId>> {
        let sql = "select s.id from series s
            join source src on src.id = s.source_id
            left join finding_scan f on f.series_id = s.id
            where not src.deleting and s.last_at is not null and (f.series_id is null
                or (f.next_at <= $1 and s.changed_at >= f.scanned_at)
                or f.scanned_at > $3)
            order by coalesce(f.next_at, 0), s.num
            limit $2";
        let ids: Vec<String> = read!(self, db => column(sql)
            .bind(now.micros())
            .bind(i64::from(limit))
            .bind(now.plus(Instant::MINUTE).micros())
            .fetch_all(&mut *db)
            .await?);
        Ok(ids.into_iter().map(SeriesId).collect())
    }
}

fn grounds(finding: &Finding) -> Grounds {
    Grounds {
        worst: finding.worst,
        period_seconds: finding.period_seconds,
        p_value: finding.p_value,
        value: finding.value,
        expected: finding.expected,
        usual: finding.usual,
        evidence: finding.evidence.clone(),
        similar: finding.similar.clone(),
    }
}
