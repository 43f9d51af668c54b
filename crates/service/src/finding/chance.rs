//! Which findings are more than chance.
//!
//! Of a hundred series with a point each five minutes, three points a day are as rare as one in ten thousand by chance
//! alone: the more is looked at, the rarer a finding has to be to say something. So each is weighed among the points
//! of its day in all series that are looked at as finely; days are not drowned by other series' minutes.

use std::collections::HashMap;

use api::{Caller, Finding, Instant, Result};
use series::Step;

use crate::Hub;
use crate::failure::OrFailure;

/// So many of the newest findings say how rare one is among those of its day.
const MOST_WEIGHED: u32 = 1_000;

impl Hub {
    /// The findings that nobody called nothing and that lasted until then or longer, the last first, weighed.
    pub(crate) async fn findings_since(
        &self,
        caller: &Caller,
        since: Instant,
    ) -> Result<Vec<Finding>> {
        let found = self.store.findings(since, MOST_WEIGHED).await;
        let mut found = found.or_failure(caller)?;
        if u32::try_from(found.len()).is_ok_and(|many| many < MOST_WEIGHED) && since.0 > i64::MIN {
            return self.weighed(caller, found).await;
        }
        // There are no others to weigh them among.
        self.weigh_among(caller, &mut found, &[]).await?;
        Ok(found)
    }

    /// The findings, each with the share of those as rare on its day that chance would bring.
    pub(crate) async fn weighed(
        &self,
        caller: &Caller,
        mut found: Vec<Finding>,
    ) -> Result<Vec<Finding>> {
        let begins = found.iter().map(|finding| Family::of(finding).begins());
        let Some(begins) = begins.min() else {
            return Ok(found);
        };
        let others = self.store.findings(begins, MOST_WEIGHED).await;
        let others = others.or_failure(caller)?;
        self.weigh_among(caller, &mut found, &others).await?;
        Ok(found)
    }

    async fn weigh_among(
        &self,
        caller: &Caller,
        found: &mut [Finding],
        others: &[Finding],
    ) -> Result<()> {
        let judged = self.store.points_judged().await.or_failure(caller)?;
        weigh(found, others, &points_a_family(&judged));
        Ok(())
    }
}

/// Findings that are weighed together: on grids of the same step, on the same day, or in the same period where that
/// is longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Family {
    /// In microseconds.
    period: i64,
    number: i64,
}

impl Family {
    fn of(finding: &Finding) -> Self {
        let period = i64::from(finding.period_seconds) * Instant::SECOND;
        let number = finding.worst.0.div_euclid(period.max(Instant::DAY));
        Self { period, number }
    }

    fn begins(self) -> Instant {
        Instant(self.number.saturating_mul(self.period.max(Instant::DAY)))
    }
}

/// How many points a family has, by its period in microseconds: as many as the latest one.
fn points_a_family(judged: &[(String, u64)]) -> HashMap<i64, usize> {
    let known = judged.iter().filter_map(|(label, points)| {
        let period = Step::from_label(label)?.seconds() * Instant::SECOND;
        Some((period, usize::try_from(*points).unwrap_or(usize::MAX)))
    });
    known.collect()
}

fn weigh(found: &mut [Finding], others: &[Finding], points: &HashMap<i64, usize>) {
    let which = |finding: &Finding| (finding.series.clone(), finding.begins);
    let mut families: HashMap<Family, HashMap<_, f64>> = HashMap::new();
    for finding in others.iter().chain(found.iter()) {
        let family = families.entry(Family::of(finding)).or_default();
        family.insert(which(finding), finding.p_value);
    }
    for (family, p_values) in &mut families {
        let points = points.get(&family.period).copied().unwrap_or(0);
        let q_values = {
            let p_values: Vec<f64> = p_values.values().copied().collect();
            anomaly::q_values(&p_values, points)
        };
        for (value, q_value) in p_values.values_mut().zip(q_values) {
            *value = q_value;
        }
    }
    for finding in found {
        let family = families.get(&Family::of(finding));
        let q_value = family.and_then(|family| family.get(&which(finding)));
        finding.q_value = q_value.copied().unwrap_or(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(series: &str, hour: i64, period_seconds: u32, p_value: f64) -> Finding {
        let worst = Instant(hour * Instant::HOUR);
        Finding {
            worst,
            last: worst.plus(Instant::HOUR),
            period_seconds,
            p_value,
            ..fakes::finding(series, worst)
        }
    }

    fn weighed(found: &[Finding], judged: &[(&str, u64)]) -> Vec<f64> {
        let judged: Vec<_> = judged.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect();
        let mut found = found.to_vec();
        weigh(&mut found, &[], &points_a_family(&judged));
        found.iter().map(|finding| finding.q_value).collect()
    }

    #[test]
    fn the_more_is_looked_at_the_rarer_a_finding_has_to_be() {
        let label = Step::FiveMinutes.label();
        let one = [finding("a", 30, 300, 1e-4)];
        let few = weighed(&one, &[(label, 288)])[0];
        assert!((few - 0.0288).abs() < 1e-9, "{few}");
        let many = weighed(&one, &[(label, 28_800)])[0];
        assert!((many - 1.0).abs() < 1e-9, "{many}");
        // Ten together are no chance where one may be.
        let ten: Vec<_> = (0..10)
            .map(|n| finding(&format!("s{n}"), 30, 300, 1e-5))
            .collect();
        let together = weighed(&ten, &[(label, 28_800)]);
        assert!(
            together.iter().all(|q| (q - 0.0288).abs() < 1e-9),
            "{together:?}"
        );
    }

    #[test]
    fn a_day_is_weighed_among_days_and_by_itself() {
        let found = [
            finding("sales", 24, 86_400, 1e-3),
            finding("cpu", 30, 300, 1e-3),
            finding("cpu", 60, 300, 1e-6),
            finding("visits", 24 * 8, 7 * 86_400, 0.01),
        ];
        let steps = [
            (Step::Day.label(), 20),
            (Step::FiveMinutes.label(), 28_800),
            (Step::Week.label(), 5),
        ];
        let q_values = weighed(&found, &steps);
        let expected = [0.02, 1.0, 0.0288, 0.05];
        let off = q_values.iter().zip(expected).map(|(q, e)| (q - e).abs());
        assert!(off.fold(0.0, f64::max) < 1e-9, "{q_values:?}");
        assert!(weighed(&[], &[]).is_empty());
    }
}
