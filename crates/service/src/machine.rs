//! Machines: what is wrong with each, and the health that follows.
//!
//! `anomaly::health` weighs; here is what counts as wrong: what was unusual within a day, limits that are
//! reached or near, series that fell silent, and series that are unusual together (`look.rs`).

mod look;
mod scan;

use std::collections::{BTreeMap, HashMap};

use api::{
    Ailment, CacheArea, Caller, Domain, Finding, ForecastState, HealthDeduction, Instant, Machine,
    MachineHealth, MachineList, Machines, Outlook, Permission, Range, Result, Series, SeriesId,
    SourceId, Together, WhyUnknown,
};
use async_trait::async_trait;
use store::MachineLook;

use crate::Hub;
use crate::cache::{Fresh, Key};
use crate::failure::OrFailure;
use crate::guard::{require, require_system};
use crate::runway::outlook;

/// The labels that name a machine, the surest first.
const NAMES: [&str; 5] = ["instance", "host", "hostname", "node", "nodename"];
/// How long a finding counts.
const NEWS: i64 = Instant::DAY;
/// So many findings are looked at.
const MOST_FINDINGS: u32 = 500;
/// A limit that is reached later than this takes nothing away yet: somebody can still order a disk.
const NEAR: i64 = 14 * Instant::DAY;
/// How bad a limit is that is about to be reached, and one that is reached in [`NEAR`].
const NEAR_SEVERITY: std::ops::RangeInclusive<f64> = 0.1..=0.6;
/// How bad it is where all series are silent, and where one of many is.
const SILENT_SEVERITY: std::ops::RangeInclusive<f64> = 0.2..=1.0;
/// The most severe that a machine's series can be together: it is worth a look, and is no limit that is reached.
const TOGETHER_SEVERITY: f64 = 0.4;
/// After so long a look at a machine says nothing of the present.
const LOOKED: i64 = 2 * Instant::HOUR;

#[async_trait]
impl Machines for Hub {
    async fn machines(&self, caller: &Caller) -> Result<MachineList> {
        require(caller, Permission::MonitoringRead)?;
        let now = self.clock.now();
        let mut series = self
            .store
            .of_domain(Domain::Machine)
            .await
            .or_failure(caller)?;
        self.mark_stale(caller, &mut series).await?;
        let limited = series.iter().filter(|one| one.limit.is_some());
        let limited: Vec<SeriesId> = limited.map(|one| one.id.clone()).collect();
        let mut states = self.forecast_states(caller, &limited).await?;
        let findings = self.weighed_findings(caller, now).await?;
        let looks = self.store.machine_looks().await.or_failure(caller)?;
        let looks = looks.into_iter().map(|look| (look.name.clone(), look));
        let mut looks: HashMap<String, MachineLook> = looks.collect();
        let groups = scan::by_machine(series);
        let senders = self.senders().await;
        let unwatched = senders
            .into_iter()
            .filter(|name| !groups.contains_key(name));
        let unwatched: Vec<String> = unwatched.collect();
        let mut machines: Vec<Machine> = groups
            .into_iter()
            .map(|(name, series)| {
                let together = present(looks.remove(&name), now);
                machine(name, &series, together, &mut states, &findings, now)
            })
            .collect();
        machines.extend(unwatched.into_iter().map(|name| Machine {
            name,
            series: 0,
            seen: None,
            health: MachineHealth::Unwatched,
            together: look::unknown(WhyUnknown::NoData),
        }));
        machines.sort_by(|a, b| {
            place(a)
                .total_cmp(&place(b))
                .then_with(|| a.name.cmp(&b.name))
        });
        Ok(MachineList { machines, now })
    }

    async fn scan_due(&self, caller: &Caller) -> Result<u32> {
        require_system(caller)?;
        self.look_at_due(caller).await
    }
}

impl Hub {
    /// What was unusual of late in series of machines, each with its severity.
    async fn weighed_findings(
        &self,
        caller: &Caller,
        now: Instant,
    ) -> Result<HashMap<SeriesId, Vec<(Finding, f64)>>> {
        let since = now.minus(NEWS);
        let key = Key::of(CacheArea::Alerts, "weighed");
        let weigh = || async { self.weigh_findings(caller, since).await.map(Fresh::Keep) };
        let weighed = self.cache.get(Some(key), weigh).await?;
        let mut by_series: HashMap<SeriesId, Vec<(Finding, f64)>> = HashMap::new();
        // What was news when it was weighed may be none any more.
        for one in weighed.into_iter().filter(|(one, _)| one.last >= since) {
            by_series.entry(one.0.series.clone()).or_default().push(one);
        }
        Ok(by_series)
    }

    /// Asks for the sensitivity of each series that has any, which is what takes long.
    async fn weigh_findings(&self, caller: &Caller, since: Instant) -> Result<Vec<(Finding, f64)>> {
        let found = self.store.findings(since, MOST_FINDINGS).await;
        let mut found = found.or_failure(caller)?;
        found.retain(|finding| finding.domain == Domain::Machine);
        let mut thresholds: HashMap<SeriesId, f64> = HashMap::new();
        let mut weighed = Vec::with_capacity(found.len());
        for finding in found {
            let threshold = match thresholds.get(&finding.series) {
                Some(threshold) => *threshold,
                None => self.sensitivity(caller, &finding.series).await?.threshold,
            };
            thresholds.insert(finding.series.clone(), threshold);
            // What somebody called worth knowing counts, however sensitive the series has become since.
            let severity = anomaly::severity(finding.score, threshold.min(finding.score));
            weighed.push((finding, severity));
        }
        Ok(weighed)
    }

    /// The machines that send metrics; none where metrics cannot be asked.
    async fn senders(&self) -> Vec<String> {
        let Ok(metrics) = self.metric_store() else {
            return Vec::new();
        };
        // Without them the list is of the machines whose series are watched, which is what it is about.
        let found = metrics
            .label_values(NAMES[0], &[], None)
            .await
            .unwrap_or_default();
        let mut names: Vec<String> = found.iter().map(|name| without_port(name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The worst first; what is unknown last.
fn place(machine: &Machine) -> f64 {
    match &machine.health {
        MachineHealth::Scored { score, .. } => *score,
        MachineHealth::Unknown { .. } => 101.0,
        MachineHealth::Unwatched => 102.0,
    }
}

/// The machine that a series is of.
fn named(series: &Series) -> String {
    let label = |wanted: &&str| series.labels.iter().find(|(name, _)| name == *wanted);
    let found = NAMES.iter().find_map(label);
    let found = found.map(|(_, value)| without_port(value));
    let found = found.filter(|name| !name.is_empty());
    found.unwrap_or_else(|| series.source_name.clone())
}

/// A name without the port that it was scraped at.
fn without_port(name: &str) -> String {
    match name.rsplit_once(':') {
        // An address of IPv6 without a port ends in digits too.
        Some((host, port))
            if !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// Something that is wrong, before it is weighed.
struct Wrong {
    deduction: HealthDeduction,
    severity: f64,
    hours_ago: f64,
}

fn machine(
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
fn present(look: Option<MachineLook>, now: Instant) -> Together {
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
/// rows, that it is never as severe as a limit, and that it does not count where one of the series is unusual
/// alone: that is told and counted by its finding.
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
fn between(range: &std::ops::RangeInclusive<f64>, share: f64) -> f64 {
    range.start() + (range.end() - range.start()) * share.clamp(0.0, 1.0)
}

/// A limit that is reached, or will be soon.
fn at_limit(series: &Series, state: Option<ForecastState>, now: Instant) -> Option<Wrong> {
    series.limit?;
    let (ailment, severity) = match outlook(series, state, now) {
        Outlook::Over { .. } => (Ailment::AtLimit, 1.0),
        Outlook::Reaches { crossing } => {
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

    fn of(labels: &[(&str, &str)]) -> String {
        let mut series = fakes::series("up").build();
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        series.labels = labels.collect();
        series.source_name = "the source".into();
        named(&series)
    }

    #[test]
    fn a_machine_is_named_by_its_label_without_a_port_or_by_its_source() {
        assert_eq!(of(&[("instance", "db-1:9100"), ("host", "other")]), "db-1");
        assert_eq!(of(&[("mount", "/"), ("host", "db-1")]), "db-1");
        assert_eq!(of(&[("instance", "[::1]:9100")]), "[::1]");
        assert_eq!(of(&[("instance", "fe80::1")]), "fe80::1");
        assert_eq!(of(&[("mount", "/")]), "the source");
        assert_eq!(of(&[("instance", "")]), "the source");
    }

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
            series: "series-up".into(),
            title: "Up".into(),
            unit: String::new(),
            domain: Domain::Machine,
            begins: Instant(begins * Instant::HOUR),
            last: Instant(last * Instant::HOUR),
            worst: Instant(begins * Instant::HOUR),
            period_seconds: 60,
            score: 0.9,
            p_value: 0.001,
            value: 1.0,
            expected: None,
            usual: 1.0,
            evidence: Vec::new(),
            similar: Vec::new(),
            during: Vec::new(),
            verdict: None,
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
