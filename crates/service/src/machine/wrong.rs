//! What is wrong with a machine, and the health that follows.
//!
//! `anomaly::health` weighs; here is what counts as wrong: what was unusual within a day, limits that are
//! reached or near, series that fell silent, and series that are unusual together (`look.rs`).

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use api::{
    Ailment, Finding, ForecastState, HealthDeduction, Instant, Machine, MachineHealth, Outlook,
    Range, Series, SeriesId, SourceId, Together, WhyUnknown,
};
use store::MachineLook;

use super::look;
use crate::runway::outlook;

/// A limit that is reached later than this takes nothing away yet: somebody can still order a disk.
const NEAR: i64 = 14 * Instant::DAY;
/// How bad a limit is that is reached in [`NEAR`], and one that is about to be.
const NEAR_SEVERITY: RangeInclusive<f64> = 0.1..=0.6;
/// How bad it is where one series of many is silent, and where all are.
const SILENT_SEVERITY: RangeInclusive<f64> = 0.2..=1.0;
/// The most severe that a machine's series can be together: it is worth a look, and is no limit that is reached.
const TOGETHER_SEVERITY: f64 = 0.4;
/// After so long a look at a machine says nothing of the present.
const LOOKED: i64 = 2 * Instant::HOUR;

/// Something that is wrong, before it is weighed.
struct Wrong {
    deduction: HealthDeduction,
    severity: f64,
    hours_ago: f64,
}

/// A machine with its health.
pub(super) fn machine(
    name: String,
    series: &[Series],
    together: Together,
    states: &mut HashMap<SeriesId, ForecastState>,
    findings: &HashMap<SeriesId, Vec<(Finding, f64)>>,
    now: Instant,
) -> Machine {
    let seen = series.iter().filter_map(|one| Some(one.last?.at)).max();
    let health = if seen.is_none() {
        MachineHealth::Unknown {
            why: WhyUnknown::NoData,
        }
    } else {
        let mut wrong = silent(series);
        wrong.extend(joint(series, &together, findings, now));
        for one in series {
            wrong.extend(at_limit(one, states.remove(&one.id), now));
            let own = findings.get(&one.id).into_iter().flatten();
            wrong.extend(own.map(|(finding, severity)| unusual(one, finding, *severity, now)));
        }
        weighed(&wrong)
    };
    Machine {
        name,
        series: u32::try_from(series.len()).unwrap_or(u32::MAX),
        seen,
        health,
        together,
    }
}

/// What a look says of the present.
pub(super) fn present(look: Option<MachineLook>, now: Instant) -> Together {
    let Some(look) = look else {
        return look::unknown(WhyUnknown::Pending);
    };
    match &look.together {
        Together::Usual { until, .. } | Together::Unusual { until, .. }
            if now.0.saturating_sub(until.0) > LOOKED =>
        {
            let hours = (now.0 - until.0) / Instant::HOUR;
            look::unknown(WhyUnknown::OutOfDate {
                hours: u32::try_from(hours).unwrap_or(u32::MAX),
            })
        }
        _ => look.together,
    }
}

/// Series that are unusual together.
///
/// It takes points away like what is unusual of one series, and is not only shown: a score of 100 beside the
/// words “unusual together” would have two opinions. What makes that bearable is that it must have lasted three
/// rows, that it is never as severe as a limit that is reached, and that it does not count where one of the series
/// that make it so is unusual alone: that is told and counted by its finding.
fn joint(
    series: &[Series],
    together: &Together,
    findings: &HashMap<SeriesId, Vec<(Finding, f64)>>,
    now: Instant,
) -> Option<Wrong> {
    let Together::Unusual {
        since,
        until,
        score,
        shares,
        ..
    } = together
    else {
        return None;
    };
    let meanwhile =
        |(finding, _): &(Finding, f64)| finding.begins <= *until && finding.last >= *since;
    let mut own = shares.iter().filter_map(|one| findings.get(&one.series));
    if own.any(|found| found.iter().any(meanwhile)) {
        return None;
    }
    let of = |id: &SeriesId| series.iter().find(|one| one.id == *id);
    let loudest = shares.iter().find_map(|one| of(&one.series));
    let loudest = loudest.or_else(|| series.first())?;
    let severity = anomaly::severity(*score, anomaly::THRESHOLD);
    Some(Wrong {
        deduction: about(loudest, Ailment::Together { since: *since }),
        severity: severity.min(TOGETHER_SEVERITY),
        hours_ago: (now.seconds_since(*until) / 3_600.0).max(0.0),
    })
}

fn weighed(wrong: &[Wrong]) -> MachineHealth {
    let ailments = wrong
        .iter()
        .enumerate()
        .map(|(place, one)| anomaly::Ailment {
            // The engine gives subjects back; a place says which one it was.
            subject: place.to_string(),
            severity: one.severity,
            hours_ago: one.hours_ago,
        });
    let health = anomaly::health(&ailments.collect::<Vec<_>>());
    let deductions = health.deductions.into_iter().filter_map(|deduction| {
        let wrong = wrong.get(deduction.subject.parse::<usize>().ok()?)?;
        Some(HealthDeduction {
            points: deduction.points,
            ..wrong.deduction.clone()
        })
    });
    MachineHealth::Scored {
        score: health.score,
        deductions: deductions.collect(),
    }
}

fn about(series: &Series, ailment: Ailment) -> HealthDeduction {
    HealthDeduction {
        ailment,
        about: series.title.clone(),
        points: 0.0,
        series: Some(series.id.clone()),
        source: series.source_id.clone(),
    }
}

/// Something between the ends of a range, `share` of the way.
fn between(range: &RangeInclusive<f64>, share: f64) -> f64 {
    range.start() + (range.end() - range.start()) * share.clamp(0.0, 1.0)
}

/// A limit that is reached, or will be soon.
fn at_limit(series: &Series, state: Option<ForecastState>, now: Instant) -> Option<Wrong> {
    series.limit?;
    let (ailment, severity) = match outlook(series, state, now) {
        Outlook::Over { .. } => (Ailment::AtLimit, 1.0),
        Outlook::Reaches { crossing, .. } => {
            let at = crossing.median?;
            let left = at.0.saturating_sub(now.0);
            if left > NEAR {
                return None;
            }
            let severity = between(&NEAR_SEVERITY, 1.0 - left as f64 / NEAR as f64);
            (Ailment::NearLimit { at }, severity)
        }
        Outlook::Clear { .. } | Outlook::Unknown { .. } => return None,
    };
    Some(Wrong {
        deduction: about(series, ailment),
        severity,
        hours_ago: 0.0,
    })
}

/// What was unusual, with as much time around it as its page needs to show it.
fn unusual(series: &Series, finding: &Finding, severity: f64, now: Instant) -> Wrong {
    let period = i64::from(finding.period_seconds) * Instant::SECOND;
    let around = Range {
        from: finding.begins.minus(period.saturating_mul(48)),
        to: finding.last.plus(period.saturating_mul(12)),
    };
    let last = finding.last;
    Wrong {
        deduction: about(series, Ailment::Unusual { around, last }),
        severity,
        hours_ago: (now.seconds_since(last) / 3_600.0).max(0.0),
    }
}

/// Series that are silent, one thing for each source: it is the sender that is gone, and not each number.
fn silent(series: &[Series]) -> Vec<Wrong> {
    let mut by_source: BTreeMap<&SourceId, Vec<(&Series, Instant)>> = BTreeMap::new();
    for one in series {
        if let Some(since) = one.stale_since {
            by_source
                .entry(&one.source_id)
                .or_default()
                .push((one, since));
        }
    }
    let of_source = |(source, silent): (&SourceId, Vec<(&Series, Instant)>)| {
        let (first, _) = silent.first()?;
        let since = silent.iter().map(|(_, since)| *since).min()?;
        let share = silent.len() as f64 / series.len().max(1) as f64;
        Some(Wrong {
            deduction: HealthDeduction {
                ailment: Ailment::Silent {
                    series: u32::try_from(silent.len()).unwrap_or(u32::MAX),
                    since,
                },
                about: first.source_name.clone(),
                points: 0.0,
                series: None,
                source: source.clone(),
            },
            severity: between(&SILENT_SEVERITY, share),
            hours_ago: 0.0,
        })
    };
    by_source.into_iter().filter_map(of_source).collect()
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn what_was_never_seen_is_unknown_and_not_well() {
        let mut series = fakes::series("up").build();
        series.last = None;
        let found = machine(
            "a".into(),
            &[series],
            look::unknown(WhyUnknown::Pending),
            &mut HashMap::new(),
            &HashMap::new(),
            Instant(0),
        );
        let why = WhyUnknown::NoData;
        assert_eq!(found.health, MachineHealth::Unknown { why });
    }

    fn unusual_together(since: i64, until: i64) -> Together {
        Together::Unusual {
            series: 3,
            since: Instant(since * Instant::HOUR),
            until: Instant(until * Instant::HOUR),
            score: 0.99,
            p_value: 0.0001,
            shares: vec![api::SeriesShare {
                series: "series-up".into(),
                title: "Up".into(),
                share: 0.9,
            }],
        }
    }

    fn finding(begins: i64, last: i64) -> Finding {
        Finding {
            title: "Up".into(),
            last: Instant(last * Instant::HOUR),
            ..fakes::finding("series-up", Instant(begins * Instant::HOUR))
        }
    }

    #[test]
    fn what_is_unusual_together_counts_once_and_less_than_a_limit() {
        let series = [fakes::series("up").build()];
        let together = unusual_together(2, 4);
        let now = Instant(4 * Instant::HOUR);
        let joint_beside = |found: Vec<Finding>| {
            let found = found.into_iter().map(|one| (one, 1.0)).collect();
            let findings = HashMap::from([("series-up".into(), found)]);
            joint(&series, &together, &findings, now)
        };
        let wrong = joint_beside(Vec::new()).unwrap();
        let since = Instant(2 * Instant::HOUR);
        assert_eq!(wrong.deduction.ailment, Ailment::Together { since });
        assert!((wrong.severity - TOGETHER_SEVERITY).abs() < 1e-12);
        assert!(joint_beside(vec![finding(0, 1)]).is_some(), "it was over");
        assert!(
            joint_beside(vec![finding(3, 5)]).is_none(),
            "it is told by the finding"
        );
        let unknown = look::unknown(WhyUnknown::Pending);
        assert!(joint(&series, &unknown, &HashMap::new(), now).is_none());
    }

    #[test]
    fn an_old_look_says_nothing_of_the_present() {
        let look = |together| MachineLook {
            name: "a".into(),
            looked_at: Instant(0),
            next_at: Instant(0),
            together,
        };
        let hours = |hours: i64| Instant(hours * Instant::HOUR);
        let together = unusual_together(2, 4);
        let said = |now| present(Some(look(together.clone())), now);
        assert_eq!(said(hours(6)), together);
        let old = look::unknown(WhyUnknown::OutOfDate { hours: 3 });
        assert_eq!(said(hours(7)), old);
        let pending = look::unknown(WhyUnknown::Pending);
        assert_eq!(present(None, hours(7)), pending);
    }
}
