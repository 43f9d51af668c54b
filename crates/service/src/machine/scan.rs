//! Looking at machines as a whole, beside the pages: a few at a time, each now and then.

use std::collections::BTreeMap;
use std::mem::discriminant;

use api::{Caller, Domain, Instant, Range, Result, Series, Together, Topic};
use store::MachineLook;

use super::look::{self, Part, candidates, failed, frame, summed};
use super::named;
use crate::aside::cpu_us;
use crate::failure::OrFailure;
use crate::{Hub, lease};

/// How many machines one run of the job takes. Reading is the dear part: the database sums up a week of
/// each series.
const BATCH: usize = 3;
/// How long a look is believed: two rows of the usual grid.
const EVERY: i64 = 10 * Instant::MINUTE;
/// A look that takes more CPU time than this is given up, in microseconds.
const BUDGET_US: u64 = 3_000_000;

/// Series by the machine that they are of.
pub(super) fn by_machine(series: Vec<Series>) -> BTreeMap<String, Vec<Series>> {
    let mut machines: BTreeMap<String, Vec<Series>> = BTreeMap::new();
    for one in series {
        machines.entry(named(&one)).or_default().push(one);
    }
    machines
}

impl Hub {
    /// Looks at the machines that are due; answers at how many.
    pub(super) async fn look_at_due(&self, caller: &Caller) -> Result<u32> {
        if !self.holds(caller, lease::MACHINE).await? {
            return Ok(0);
        }
        let now = self.clock.now();
        let series = self.store.of_domain(Domain::Machine).await;
        let mut machines = by_machine(series.or_failure(caller)?);
        let looks = self.store.machine_looks().await.or_failure(caller)?;
        if looks.iter().any(|look| !machines.contains_key(&look.name)) {
            // Machines that are gone leave nothing of what their series were called.
            let names: Vec<&str> = machines.keys().map(String::as_str).collect();
            let forgotten = self.store.forget_machine_looks(&names).await;
            forgotten.or_failure(caller)?;
        }
        let names = due(machines.keys(), &looks, now);
        let (mut done, mut news) = (0, false);
        for name in names {
            let Some(series) = machines.remove(&name) else {
                continue;
            };
            let together = self.look_at(caller, series, now).await?;
            let before = looks.iter().find(|look| look.name == name);
            news |= before.is_none_or(|before| is_news(&before.together, &together));
            let look = MachineLook {
                name,
                looked_at: now,
                next_at: now.plus(EVERY),
                together,
            };
            let put = self.store.put_machine_look(&look).await;
            put.or_failure(caller)?;
            done += 1;
        }
        if news {
            self.changed(Topic::Findings, None);
        }
        Ok(done)
    }

    /// Looks at one machine.
    async fn look_at(
        &self,
        caller: &Caller,
        series: Vec<Series>,
        now: Instant,
    ) -> Result<Together> {
        let mut parts = Vec::new();
        for series in candidates(series, now) {
            let newest = self.store.last_n(&series.id, look::PROBED).await;
            let newest = newest.or_failure(caller)?;
            parts.extend(look::cadence(&newest).map(|cadence| Part { series, cadence }));
        }
        let (parts, frame) = match frame(parts, now) {
            Ok(framed) => framed,
            Err(together) => return Ok(together),
        };
        let range = Range {
            from: Instant(frame.from),
            to: Instant(frame.to),
        };
        let periods = u32::try_from(frame.rows).unwrap_or(u32::MAX);
        let mut columns = Vec::with_capacity(parts.len());
        for part in parts {
            let buckets = self.store.buckets(&part.series.id, range, periods).await;
            let samples = summed(&buckets.or_failure(caller)?, part.series.aggregation);
            columns.push((part.series, samples));
        }
        let found = self.aside.run(move || {
            let begun = cpu_us();
            let cancelled = || cpu_us() - begun > BUDGET_US;
            look::look(&columns, frame, &cancelled)
        });
        let found = found.await;
        Ok(found.unwrap_or_else(|| failed("the detector failed")))
    }
}

/// The machines to look at now, those that waited longest first. Those looked at in the future, by a clock
/// that was wrong, are due at once.
fn due<'a>(
    machines: impl Iterator<Item = &'a String>,
    looks: &[MachineLook],
    now: Instant,
) -> Vec<String> {
    let looks: BTreeMap<&str, &MachineLook> = looks
        .iter()
        .map(|look| (look.name.as_str(), look))
        .collect();
    let mut due: Vec<(Instant, &String)> = machines
        .filter_map(|name| match looks.get(name.as_str()) {
            None => Some((Instant(i64::MIN), name)),
            Some(look) => {
                let wrong = look.looked_at > now.plus(Instant::MINUTE);
                (look.next_at <= now || wrong).then_some((look.next_at, name))
            }
        })
        .collect();
    due.sort_unstable();
    due.truncate(BATCH);
    due.into_iter().map(|(_, name)| name.clone()).collect()
}

/// Whether pages that are open should ask anew.
fn is_news(before: &Together, after: &Together) -> bool {
    let unusual = |one: &Together| matches!(one, Together::Unusual { .. });
    discriminant(before) != discriminant(after) || (unusual(after) && before != after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_take_turns_and_a_wrong_clock_does_not_stop_them() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).to_vec();
        let at = Instant::from_seconds;
        let look = |name: &str, looked: i64, next: i64| MachineLook {
            name: name.into(),
            looked_at: at(looked),
            next_at: at(next),
            together: Together::TooFew { have: 0, need: 3 },
        };
        let looks = [
            look("a", 900, 1_500),
            look("b", 100, 700),
            look("c", 50, 650),
            look("d", 9_000, 9_600),
        ];
        assert_eq!(due(names.iter(), &looks, at(1_000)), ["e", "c", "b"]);
        assert_eq!(due(names[..1].iter(), &looks, at(1_000)), [""; 0]);
        assert_eq!(due(names[3..4].iter(), &looks, at(1_000)), ["d"]);
    }
}
