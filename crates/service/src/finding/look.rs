//! Looking at one series: the engine over its grid point by point, scores and findings out of it.
//!
//! Pure: what is known is a parameter. Each point is judged by those before it alone, so a finding
//! stays what it was when more comes in, as long as the grid is the same. What was said of points that are not recent
//! stays as it is and is not judged again at each look.

use anomaly::{CHANNELS, Channel, IncidentOptions, Standing, Stream, StreamOptions};
use api::{Aspect, ChangePoint, Changed, Evidence, Finding, Instant, Range, Series, WhyUnknown};
use series::{Grid, Sample, Step};

use super::scores::Scores;
use super::window::{MEMORY, Window, first_judged, reach, window};
use crate::forecast::{aggregation, over};

/// How long a stretch is compared with the past.
const STRETCH: usize = 24;
/// How many similar stretches are told.
const SIMILAR: usize = 3;
/// The most findings of one series that are kept; the newest are.
const MOST: usize = 200;

/// What a look is to find out.
#[derive(Debug)]
pub(crate) struct Asked {
    /// From which score on a point is a finding.
    pub(crate) threshold: f64,
    pub(crate) now: Instant,
    /// What an earlier look said. Without it, or where the samples that it saw are others now, all that is told
    /// is judged anew.
    pub(crate) before: Option<Scores>,
}

/// What came of looking at a series.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) scores: Result<Scores, WhyUnknown>,
    pub(crate) findings: Vec<Finding>,
    /// From where on these are the findings; what was found before then stays.
    pub(crate) from: Instant,
}

impl Looked {
    pub(crate) const fn unknown(why: WhyUnknown) -> Self {
        Self {
            scores: Err(why),
            findings: Vec::new(),
            from: Instant(i64::MAX),
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

/// Looks at a series' samples up to now, which are sorted by time.
pub(crate) fn look(
    series: &Series,
    samples: &[(i64, f64)],
    asked: Asked,
    cancelled: &dyn Fn() -> bool,
) -> Looked {
    let samples: Vec<Sample> = samples
        .iter()
        .map(|(at, value)| Sample::new(*at, *value))
        .collect();
    looked(series, &samples, asked, cancelled).unwrap_or_else(Looked::unknown)
}

fn looked(
    series: &Series,
    samples: &[Sample],
    asked: Asked,
    cancelled: &dyn Fn() -> bool,
) -> Result<Looked, WhyUnknown> {
    let Window {
        grid,
        judged,
        before,
    } = window(series, samples, asked.now, asked.before)?;
    let values: Vec<f64> = grid.values.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    let mut stream = Stream::new(StreamOptions {
        level: level(grid.step),
        memory: values.len().min(MEMORY),
        season: grid.step.season(),
        incidents: incidents(grid.step, asked.threshold),
    });
    let mut points = Vec::with_capacity(values.len());
    for value in &values {
        if cancelled() {
            return Err(failed("it took too long"));
        }
        points.push(stream.push(*value));
    }
    let (from, incidents) = told(&points, judged.max(first_judged(&grid)));
    let new = points.iter().zip(&grid.values).skip(judged);
    let scores = Scores {
        from: Instant(grid.at_us(judged)),
        step: grid.step,
        values: new
            .map(|(point, value)| value.map(|_| ten_thousandths(point.score)))
            .collect(),
        changes: changes(series, samples, asked.now),
    };
    let scores = match before {
        Some(before) => scores.after(&before, reach(grid.step)),
        None => scores,
    };
    let findings = incidents
        .iter()
        .map(|incident| finding(series, &grid, &values, &points[incident.worst], incident));
    Ok(Looked {
        findings: findings.collect(),
        from: Instant(grid.at_us(from)),
        scores: Ok(scores),
    })
}

/// Where the series became another: of all that is there, on a grid that is coarse enough for it.
fn changes(series: &Series, samples: &[Sample], now: Instant) -> Vec<ChangePoint> {
    let step = crate::forecast::grid(series, samples, 0);
    let (Some(step), Some(first), Some(last)) = (step, samples.first(), samples.last()) else {
        return Vec::new();
    };
    let (way, end) = (aggregation(series.aggregation), over(step, now, last.at_us));
    let Ok(grid) = series::resample(samples, step, way, first.at_us..end) else {
        return Vec::new();
    };
    let values: Vec<f64> = grid.values.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    let found = anomaly::change_points(&values, step.seasons());
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

/// From which place on is told what is unusual, and what is: the newest incidents if there are many. One that lasts from
/// before the first point that is judged is told whole.
fn told(points: &[anomaly::Point], judged: usize) -> (usize, Vec<Incident>) {
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
    let lasting = incidents.iter().find(|one| one.last >= judged);
    let from = lasting.map_or(judged, |one| one.first.min(judged));
    incidents.retain(|one| one.first >= from);
    let skipped = incidents.len().saturating_sub(MOST);
    (from, incidents.split_off(skipped))
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
        // What is found elsewhere says how much of it is chance.
        q_value: 1.0,
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

pub(crate) fn failed(reason: &str) -> WhyUnknown {
    WhyUnknown::Failed {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::window::not_enough;

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
        look_after(None, samples)
    }

    /// A look when the last of the samples has just come in, after one that said that.
    fn look_after(before: Option<Scores>, samples: &[(i64, f64)]) -> Looked {
        let series = fakes::series("s").build();
        let asked = Asked {
            threshold: anomaly::THRESHOLD,
            now: match samples {
                [.., (before, _), (last, _)] => Instant(last + (last - before)),
                _ => Instant(0),
            },
            before,
        };
        look(&series, samples, asked, &|| false)
    }

    /// Five minutes each, so many days, restless.
    fn days(days: i64) -> Vec<(i64, f64)> {
        (0..days * 288)
            .map(|m| {
                let angle = m as f64 * std::f64::consts::TAU / 288.0;
                let restless = (m * 7_919 % 101) as f64 / 101.0;
                (m * 5 * MINUTE, 50.0 + 10.0 * angle.sin() + 5.0 * restless)
            })
            .collect()
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
        let changes = look_at(&samples).scores.unwrap().changes;
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
        assert_eq!(looked.scores, Err(not_enough(60)));
        let none = look_at(&[]);
        assert_eq!(none.scores, Err(WhyUnknown::NoData));
    }

    #[test]
    fn ten_minutes_stand_out_of_three_months() {
        let mut samples = days(90);
        let spike = 88 * 288 + 100;
        samples[spike].1 += 30.0;
        samples[spike + 1].1 += 30.0;
        let looked = look_at(&samples);
        let at = Instant(samples[spike].0);
        let found = looked.findings.iter().find(|one| one.begins == at);
        assert_eq!(found.unwrap().period_seconds, 300);
        let scores = looked.scores.unwrap();
        assert_eq!(scores.step, Step::FiveMinutes);
        let month = scores.end().seconds_since(scores.from) / 86_400.0;
        assert!((month - 30.0).abs() < 0.01, "{month}");
        // A minute each is looked at as five as soon as there is a day of it.
        let step = |minutes| look_at(&waves(minutes)).scores.unwrap().step;
        assert_eq!(step(1_400), Step::Minute);
        assert_eq!(step(1_600), Step::FiveMinutes);
    }

    #[test]
    fn a_later_look_judges_what_is_new_and_says_of_the_rest_what_was_said() {
        let mut samples = days(40);
        for (at, by) in [
            (33 * 288, 30.0),
            (38 * 288 + 50, 25.0),
            (39 * 288 + 50, 40.0),
        ] {
            samples[at].1 += by;
        }
        let (early, latest) = (39 * 288, Instant(samples[38 * 288].0));
        let before = look_at(&samples[..early]);
        let kept = before.scores.unwrap();
        let later = look_after(Some(kept.clone()), &samples);
        assert!(
            later.from > Instant(samples[36 * 288].0),
            "{:?}",
            later.from
        );
        let anew = look_at(&samples);
        let since = |looked: &Looked, from: Instant| -> Vec<_> {
            let findings = looked.findings.iter();
            let findings = findings.filter(|one| one.begins >= from);
            findings.map(|one| (one.begins, one.worst)).collect()
        };
        assert_eq!(since(&later, later.from), since(&anew, later.from));
        assert_eq!(since(&later, latest).len(), 2);
        let scores = later.scores.unwrap();
        assert_eq!(scores.end(), anew.scores.unwrap().end());
        let old = scores.from..latest;
        for place in scores.place(old.start)..scores.place(old.end) {
            let same = kept.values[kept.place(scores.at(place))];
            assert_eq!(scores.values[place], same);
        }
        assert_eq!(scores.values.len(), reach(Step::FiveMinutes) + 288);
    }

    #[test]
    fn what_came_in_late_is_judged_with_all_after_it() {
        let samples = days(20);
        let early = [&samples[..15 * 288], &samples[15 * 288 + 6..]].concat();
        let kept = look_at(&early).scores.unwrap();
        let again = look_after(Some(kept.clone()), &early);
        assert!(again.from > Instant(samples[18 * 288].0));
        let late = look_after(Some(kept), &samples);
        let anew = look_at(&samples);
        assert_eq!(late.from, anew.from);
        assert!(late.scores == anew.scores);
    }

    #[test]
    fn what_lasts_is_told_whole_and_what_was_over_stays() {
        let mut points = anomaly::scan(&[1.0; 400], StreamOptions::default());
        for (place, standing) in [
            (20, Standing::Begins),
            (100, Standing::Begins),
            (200, Standing::Continues),
            (300, Standing::Continues),
            (390, Standing::Begins),
        ] {
            points[place].standing = standing;
            points[place].score = place as f64 / 400.0;
        }
        let (from, incidents) = told(&points, 250);
        let places: Vec<_> = incidents
            .iter()
            .map(|one| (one.first, one.last, one.worst))
            .collect();
        assert_eq!(from, 100);
        assert_eq!(places, [(100, 300, 300), (390, 390, 390)]);
        let (from, incidents) = told(&points, 350);
        assert_eq!((from, incidents.len()), (350, 1));
    }
}
