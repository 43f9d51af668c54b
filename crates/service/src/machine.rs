//! Machines: which there are, and how well each is.
//!
//! What is wrong with one follows from its series (`wrong.rs`), and from looking at them as a whole
//! (`look.rs`), which a job does (`scan.rs`).

mod look;
mod scan;
mod wrong;

use std::collections::HashMap;

use api::{
    CacheArea, Caller, Domain, Finding, Instant, Machine, MachineHealth, MachineList, Machines,
    Permission, Result, Series, SeriesId, WhyUnknown,
};
use async_trait::async_trait;
use store::MachineLook;

use crate::Hub;
use crate::cache::{Fresh, Key};
use crate::failure::OrFailure;
use crate::guard::{require, require_system};
use wrong::{machine, present};

/// The labels that name a machine, the surest first.
const NAMES: [&str; 5] = ["instance", "host", "hostname", "node", "nodename"];
/// How long a finding counts.
const NEWS: i64 = Instant::DAY;

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
        let mut found = self.findings_since(caller, since).await?;
        found.retain(|finding| finding.domain == Domain::Machine && !finding.may_be_chance());
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
pub(crate) fn named(series: &Series) -> String {
    named_by(&series.labels, &series.source_name)
}

/// The machine that labels name; otherwise that.
pub(crate) fn named_by(labels: &[(String, String)], otherwise: &str) -> String {
    let label = |wanted: &&str| labels.iter().find(|(name, _)| name == *wanted);
    let found = NAMES.iter().find_map(label);
    let found = found.map(|(_, value)| without_port(value));
    let found = found.filter(|name| !name.is_empty());
    found.unwrap_or_else(|| otherwise.to_owned())
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
}
