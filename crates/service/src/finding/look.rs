//! Looking at one series: samples onto a grid, the engine over it point by point, findings out of it.
//!
//! Pure: what is known is a parameter. Each point is judged by those before it alone, so a finding
//! stays what it was when more comes in, as long as the grid is the same.

use anomaly::{CHANNELS, Channel, IncidentOptions, Standing, Stream, StreamOptions};
use api::{Aspect, ChangePoint, Changed, Evidence, Finding, Instant, Range, Series, WhyUnknown};
use series::{Grid, Sample, Step};
use store::ScanOutcome;

use crate::forecast::aggregation;

/// So many points come before the first that is judged.
pub(crate) const FEWEST: usize = 101;
/// How long a stretch is compared with the past.
const STRETCH: usize = 24;
/// How many similar stretches are told.
const SIMILAR: usize = 3;
/// The most findings of one series that are kept; the newest are.
const MOST: usize = 200;

/// What came of looking at a series.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) outcome: ScanOutcome,
    pub(crate) findings: Vec<Finding>,
    /// From where on these are the findings; what was found before then stays.
    pub(crate) from: Instant,
    /// The grid's step, where there is a grid.
    pub(crate) step: Option<Step>,
}

impl Looked {
    pub(crate) const fn unknown(why: WhyUnknown, step: Option<Step>) -> Self {
        Self {
            outcome: ScanOutcome::Unknown(why),
            findings: Vec::new(),
            from: Instant(i64::MAX),
            step,
        }
    }
}

/// When findings of a grid begin and end.
pub(crate) fn incidents(step: Step, threshold: f64) -> IncidentOptions {
    // About as long as people would call it the same thing.
    let quiet = match step {
        Step::Minute | Step::FiveMinutes => 150,
        Step::QuarterHour | Step::Hour => 96,
        Step::SixHours => 56,
        Step::Day => 30,
        Step::Week => 12,
        Step::Month => 6,
    };
    IncidentOptions {
        threshold,
        quiet,
        // What gets worse is the same finding, told by its worst point.
        escalation: f64::INFINITY,
    }
}

/// Over how many points the usual level is taken: whole seasons, few enough to follow a trend.
const fn level(step: Step) -> usize {
    match step {
        Step::Minute => 240,
        Step::FiveMinutes => 288,
        Step::QuarterHour => 192,
        Step::Hour => 168,
        Step::SixHours => 56,
        Step::Day => 28,
        Step::Week => 26,
        Step::Month => 12,
    }
}

/// Looks at a series' samples up to `now`.
pub(crate) fn look(
    series: &Series,
    samples: &[(i64, f64)],
    threshold: f64,
    now: Instant,
    cancelled: &dyn Fn() -> bool,
) -> Looked {
    let samples: Vec<Sample> = samples
        .iter()
        .map(|(at, value)| Sample::new(*at, *value))
        .collect();
    let Some(step) = crate::forecast::grid(series, &samples, 0) else {
        let why = if samples.is_empty() {
            WhyUnknown::NoData
        } else {
            not_enough(samples.len())
        };
        return Looked::unknown(why, None);
    };
    let grid = match on_grid(series, &samples, step, now) {
        Ok(grid) => grid,
        Err(why) => return Looked::unknown(why, Some(step)),
    };
    let values: Vec<f64> = grid.values.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    let mut stream = Stream::new(StreamOptions {
        level: level(step),
        memory: values.len(),
        season: step.season(),
        incidents: incidents(step, threshold),
    });
    let mut points = Vec::with_capacity(values.len());
    for value in &values {
        if cancelled() {
            return Looked::unknown(failed("it took too long"), Some(step));
        }
        points.push(stream.push(*value));
    }
    let scores = points.iter().zip(&grid.values);
    Looked {
        outcome: ScanOutcome::Scored {
            from: Instant(grid.start_us),
            step: step.label().to_owned(),
            scores: scores
                .map(|(point, value)| value.map(|_| ten_thousandths(point.score)))
                .collect(),
            changes: changes(&grid, &values),
        },
        findings: findings(series, &grid, &values, &points),
        from: Instant(grid.at_us(first_judged(&grid))),
        step: Some(step),
    }
}

fn on_grid(
    series: &Series,
    samples: &[Sample],
    step: Step,
    now: Instant,
) -> Result<Grid, WhyUnknown> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Err(WhyUnknown::NoData);
    };
    // Half a day's orders are no day's orders: the present period is not over yet.
    let end = step.floor(now.0).min(last.at_us.saturating_add(1));
    let way = aggregation(series.aggregation);
    let grid = series::resample(samples, step, way, first.at_us..end)
        .map_err(|error| failed(&error.to_string()))?;
    let known = grid.values.len() - grid.missing();
    if known < FEWEST {
        return Err(not_enough(known));
    }
    Ok(grid)
}

/// The place of the first point that has enough before it.
fn first_judged(grid: &Grid) -> usize {
    let known = grid.values.iter().enumerate();
    let mut known = known.filter(|(_, value)| value.is_some());
    known.nth(FEWEST - 1).map_or(0, |(place, _)| place)
}

/// Where the series became another.
fn changes(grid: &Grid, values: &[f64]) -> Vec<ChangePoint> {
    let found = anomaly::change_points(values, grid.step.seasons());
    let told = found.into_iter().map(|change| {
        let (of, before, after) = match change.changed {
            anomaly::Changed::Level => (Changed::Level, change.before.0, change.after.0),
            anomaly::Changed::Spread => (Changed::Spread, change.before.1, change.after.1),
        };
        ChangePoint {
            at: Instant(grid.at_us(change.at)),
            of,
            before,
            after,
        }
    });
    told.collect()
}

/// One finding for each incident, told by its worst point; the newest if there are many.
fn findings(
    series: &Series,
    grid: &Grid,
    values: &[f64],
    points: &[anomaly::Point],
) -> Vec<Finding> {
    let mut incidents: Vec<Incident> = Vec::new();
    for (place, point) in points.iter().enumerate() {
        match (point.standing, incidents.last_mut()) {
            (Standing::Usual, _) | (Standing::Continues, None) => {}
            (Standing::Begins, _) => incidents.push(Incident {
                first: place,
                last: place,
                worst: place,
            }),
            (Standing::Continues, Some(incident)) => {
                incident.last = place;
                if point.score > points[incident.worst].score {
                    incident.worst = place;
                }
            }
        }
    }
    let skipped = incidents.len().saturating_sub(MOST);
    incidents
        .into_iter()
        .skip(skipped)
        .map(|incident| finding(series, grid, values, &points[incident.worst], &incident))
        .collect()
}

/// The places of a finding's points on its grid.
struct Incident {
    first: usize,
    last: usize,
    worst: usize,
}

fn finding(
    series: &Series,
    grid: &Grid,
    values: &[f64],
    point: &anomaly::Point,
    incident: &Incident,
) -> Finding {
    let at = |place: usize| Instant(grid.at_us(place));
    let end = incident.worst + 1;
    let similar = anomaly::similar(values, end, STRETCH, SIMILAR)
        .into_iter()
        .map(|found| {
            let to = end.saturating_sub(found.points_ago);
            Range {
                from: at(to.saturating_sub(STRETCH)),
                to: at(to),
            }
        })
        .collect();
    Finding {
        series: series.id.clone(),
        title: series.title.clone(),
        unit: series.unit.word().to_owned(),
        domain: series.domain,
        begins: at(incident.first),
        last: at(incident.last + 1),
        worst: at(incident.worst),
        period_seconds: u32::try_from(grid.step.seconds()).unwrap_or(u32::MAX),
        score: point.score,
        p_value: point.p_value,
        value: values[incident.worst],
        expected: point.expected,
        usual: point.usual,
        evidence: evidence(point),
        similar,
        // The calendar changes; what it says is looked up when a finding is read.
        during: Vec::new(),
        verdict: None,
    }
}

/// What spoke at least half as loudly as the loudest.
fn evidence(point: &anomaly::Point) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = CHANNELS
        .into_iter()
        .zip(point.evidence)
        .map(|(channel, strength)| Evidence {
            of: aspect(channel, point.seasonal),
            strength,
        })
        .filter(|evidence| evidence.strength > 0.0)
        .collect();
    all.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    let loudest = all.first().map_or(0.0, |evidence| evidence.strength);
    all.retain(|evidence| evidence.strength >= loudest / 2.0);
    all
}

const fn aspect(channel: Channel, seasonal: bool) -> Aspect {
    match channel {
        Channel::Level if seasonal => Aspect::Season,
        Channel::Level => Aspect::Level,
        Channel::Shift => Aspect::Shift,
        Channel::Jump => Aspect::Jump,
        Channel::ShortShape => Aspect::ShortShape,
        Channel::LongShape => Aspect::LongShape,
        Channel::ShortSpread => Aspect::ShortSpread,
        Channel::LongSpread => Aspect::LongSpread,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits; what is no number becomes 0"
)]
fn ten_thousandths(score: f64) -> u16 {
    (score.clamp(0.0, 1.0) * 10_000.0).round() as u16
}

fn not_enough(have: usize) -> WhyUnknown {
    WhyUnknown::NotEnough {
        have: u32::try_from(have).unwrap_or(u32::MAX),
        need: u32::try_from(FEWEST).unwrap_or(u32::MAX),
    }
}

pub(crate) fn failed(reason: &str) -> WhyUnknown {
    WhyUnknown::Failed {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = Instant::MINUTE;

    /// A day's shape in an hour, a little restless.
    fn waves(minutes: i64) -> Vec<(i64, f64)> {
        (0..minutes)
            .map(|m| {
                let angle = m as f64 * std::f64::consts::TAU / 60.0;
                let restless = (m * 7_919 % 101) as f64 / 101.0;
                (m * MINUTE, 50.0 + 10.0 * angle.sin() + restless)
            })
            .collect()
    }

    fn look_at(samples: &[(i64, f64)]) -> Looked {
        let series = fakes::series("s").build();
        let now = Instant(i64::try_from(samples.len()).unwrap() * MINUTE);
        look(&series, samples, anomaly::THRESHOLD, now, &|| false)
    }

    #[test]
    fn a_spike_is_one_finding_with_its_reasons() {
        let mut samples = waves(400);
        samples[350].1 = 200.0;
        let looked = look_at(&samples);
        let [finding] = &looked.findings[..] else {
            panic!("{:?}", looked.findings)
        };
        assert_eq!(finding.worst, Instant(350 * MINUTE));
        assert!((finding.value - 200.0).abs() < 1e-9 && finding.p_value < 0.02);
        assert!(finding.expected.is_some_and(|e| (40.0..60.0).contains(&e)));
        let loudest = finding.evidence[0].of;
        assert!(
            matches!(loudest, Aspect::Season | Aspect::Jump),
            "{loudest:?}"
        );
        assert!(
            finding
                .similar
                .iter()
                .all(|range| range.to < finding.begins)
        );
    }

    #[test]
    fn a_change_that_stays_is_told_where_it_began() {
        let mut samples = waves(700);
        samples[400..].iter_mut().for_each(|one| one.1 += 15.0);
        let ScanOutcome::Scored { changes, .. } = look_at(&samples).outcome else {
            panic!("scored")
        };
        let [change] = changes[..] else {
            panic!("{changes:?}")
        };
        assert!(change.at.0.abs_diff(400 * MINUTE) <= MINUTE.unsigned_abs());
        assert_eq!(change.of, Changed::Level);
        assert!(
            (change.after - change.before - 15.0).abs() < 1.0,
            "{change:?}"
        );
    }

    #[test]
    fn what_another_minute_of_the_hour_has_is_unusual_in_this_one() {
        let mut samples = waves(500);
        // The wave is at its top there, and at its bottom half an hour later.
        samples[435].1 = 40.0;
        let looked = look_at(&samples);
        let [finding] = &looked.findings[..] else {
            panic!("{:?}", looked.findings)
        };
        assert_eq!(finding.worst, Instant(435 * MINUTE));
        assert!(
            finding.expected.is_some_and(|e| (58.0..63.0).contains(&e)),
            "{finding:?}"
        );
        assert!(finding.evidence.iter().any(|one| one.of == Aspect::Season));
    }

    #[test]
    fn what_comes_later_changes_no_finding() {
        let mut samples = waves(500);
        samples[350].1 = 200.0;
        let all = look_at(&samples).findings;
        let early = look_at(&samples[..360]).findings;
        let until: Vec<_> = all
            .iter()
            .filter(|f| f.begins < Instant(360 * MINUTE))
            .collect();
        assert_eq!(early.len(), until.len());
        for (early, all) in early.iter().zip(until) {
            assert_eq!((early.begins, early.worst), (all.begins, all.worst));
            assert!((early.score - all.score).abs() < 1e-12);
        }
    }

    #[test]
    fn a_short_history_is_unknown_and_not_quiet() {
        let looked = look_at(&waves(60));
        let ScanOutcome::Unknown(why) = looked.outcome else {
            panic!("{looked:?}")
        };
        assert_eq!(why, not_enough(60));
        let none = look_at(&[]);
        assert_eq!(none.outcome, ScanOutcome::Unknown(WhyUnknown::NoData));
    }
}
