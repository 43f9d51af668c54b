//! The Runway: every series with a limit, by what its forecast says.

use api::{
    Caller, Crossing, Domain, ForecastState, Glimpse, Instant, Limit, Outlook, Pace, Permission,
    Result, Runway, RunwayFilter, RunwayOps, Series, SeriesId, Strip, WhyUnknown,
};
use async_trait::async_trait;

use crate::Hub;
use crate::failure::OrFailure;
use crate::guard::require;

/// Below this chance of being reached within the horizon a limit counts as clear.
const UNLIKELY: f64 = 0.5;
/// How many samples are looked at to say since when a limit is reached.
const LOOK_BACK: u32 = 2_000;
/// Where there is no forecast, data that is older says nothing of the present.
const OUT_OF_DATE: i64 = 35 * Instant::DAY;
/// How long a finding is news.
const NEWS: i64 = Instant::DAY;
/// How many findings a home page has room for.
const MOST_GLIMPSES: usize = 6;

#[async_trait]
impl RunwayOps for Hub {
    async fn list(&self, caller: &Caller, filter: RunwayFilter) -> Result<Runway> {
        require(caller, Permission::MonitoringRead)?;
        let now = self.clock.now();
        let mut series = self.store.with_limits().await.or_failure(caller)?;
        let without_limit = self
            .store
            .count_without_limit(filter.domain)
            .await
            .or_failure(caller)?;
        series.retain(|s| filter.domain.is_none_or(|d| d == s.domain));
        self.mark_stale(caller, &mut series).await?;
        let ids: Vec<_> = series.iter().map(|s| s.id.clone()).collect();
        let mut states = self.forecast_states(caller, &ids).await?;
        let mut lines: Vec<(Series, Outlook)> = series
            .into_iter()
            .map(|one| {
                let state = states.remove(&one.id);
                let outlook = outlook(&one, state, now);
                (one, outlook)
            })
            .collect();
        let clear = lines
            .iter()
            .filter(|(_, o)| matches!(o, Outlook::Clear { .. }))
            .count();
        if !filter.with_clear {
            lines.retain(|(_, o)| !matches!(o, Outlook::Clear { .. }));
        }
        for (series, outlook) in &mut lines {
            if let (Outlook::Over { since }, Some(limit)) = (outlook, series.limit) {
                *since = self.over_since(caller, &series.id, limit, *since).await?;
            }
        }
        lines.sort_by(|(a, x), (b, y)| rank(x).cmp(&rank(y)).then_with(|| a.title.cmp(&b.title)));
        let shown: Vec<_> = lines.iter().map(|(s, _)| s.clone()).collect();
        let sparks = self.sparks(caller, &shown).await?;
        let mut orders = self.due_orders(caller, &shown).await?;
        let terms = self.store.cash_terms().await.or_failure(caller)?;
        let account = terms.map(|terms| terms.account);
        let strips = lines
            .into_iter()
            .zip(sparks)
            .map(|((series, outlook), spark)| Strip {
                order: orders.remove(&series.id),
                cash: account.as_ref() == Some(&series.id),
                series,
                spark,
                outlook,
            })
            .collect();
        let (unusual, chance) = self.glimpses(caller, filter.domain).await?;
        Ok(Runway {
            now,
            strips,
            clear: u32::try_from(clear).unwrap_or(u32::MAX),
            without_limit,
            unusual,
            chance,
        })
    }
}

impl Hub {
    /// What was unusual of late, the most unusual first, and how much more may be chance.
    async fn glimpses(
        &self,
        caller: &Caller,
        domain: Option<Domain>,
    ) -> Result<(Vec<Glimpse>, u32)> {
        let since = self.clock.now().minus(NEWS);
        let mut found = self.findings_since(caller, since).await?;
        found.retain(|finding| domain.is_none_or(|domain| domain == finding.domain));
        let all = found.len();
        found.retain(|finding| !finding.may_be_chance());
        let chance = u32::try_from(all - found.len()).unwrap_or(u32::MAX);
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(MOST_GLIMPSES);
        let glimpse = |finding: api::Finding| Glimpse {
            series: finding.series,
            title: finding.title,
            unit: finding.unit,
            last: finding.last,
            value: finding.value,
            expected: finding.expected,
            score: finding.score,
        };
        Ok((found.into_iter().map(glimpse).collect(), chance))
    }

    /// Since when a series has been at its limit, as far as its newest samples show.
    async fn over_since(
        &self,
        caller: &Caller,
        id: &SeriesId,
        limit: Limit,
        newest: Instant,
    ) -> Result<Instant> {
        let samples = self.store.last_n(id, LOOK_BACK).await.or_failure(caller)?;
        let run = samples
            .iter()
            .rev()
            .take_while(|(_, value)| limit.reached_by(*value));
        Ok(run.last().map_or(newest, |(at, _)| Instant(*at)))
    }
}

/// What is known of a limit: the newest value first, then the forecast.
pub(crate) fn outlook(series: &Series, state: Option<ForecastState>, now: Instant) -> Outlook {
    let (Some(limit), Some(last)) = (series.limit, series.last) else {
        return Outlook::Unknown {
            why: WhyUnknown::NoData,
        };
    };
    if now > present_until(last.at, state.as_ref()) {
        return out_of_date(last.at, now);
    }
    // A planned figure is no measured one, and it hides the one that is the newest by now.
    let planned = last.at > now.plus(Instant::DAY);
    if !planned && last.value.is_some_and(|v| limit.reached_by(v)) {
        return Outlook::Over { since: last.at };
    }
    match state {
        None => Outlook::Unknown {
            why: WhyUnknown::Pending,
        },
        Some(ForecastState::Unknown { why }) => Outlook::Unknown { why },
        Some(ForecastState::Ready { forecast }) => match forecast.soonest() {
            // Computed for another limit: the new one is being computed.
            Some(c) if (c.limit - limit.value).abs() > f64::EPSILON * limit.value.abs() => {
                Outlook::Unknown {
                    why: WhyUnknown::Pending,
                }
            }
            Some(crossing) if planned && crossing.already => Outlook::Over {
                since: forecast.known_until,
            },
            Some(_) if forecast.missed(last.at, now).is_some() => out_of_date(last.at, now),
            Some(crossing) => foreseen(crossing, forecast.at_pace(), now),
            None => Outlook::Unknown {
                why: WhyUnknown::Pending,
            },
        },
    }
}

/// Up to when what is known says something of the present: as far as was looked ahead from it.
fn present_until(newest: Instant, state: Option<&ForecastState>) -> Instant {
    match state {
        Some(ForecastState::Ready { forecast }) => {
            let foretold = forecast.points.last().map(|point| point.at);
            let horizon = forecast.crossing.as_ref().map(|crossing| crossing.horizon);
            foretold.max(horizon).unwrap_or(newest).max(newest)
        }
        _ => newest.plus(OUT_OF_DATE),
    }
}

fn out_of_date(newest: Instant, now: Instant) -> Outlook {
    let hours = (now.0 - newest.0) / Instant::HOUR;
    Outlook::Unknown {
        why: WhyUnknown::OutOfDate {
            hours: u32::try_from(hours).unwrap_or(u32::MAX),
        },
    }
}

fn foreseen(mut crossing: Crossing, pace: Option<&Pace>, now: Instant) -> Outlook {
    if crossing.already {
        // It was over when the forecast was made and has come back since.
        return Outlook::Unknown {
            why: WhyUnknown::Pending,
        };
    }
    if crossing.probability < UNLIKELY || crossing.median.is_none() {
        return Outlook::Clear { crossing };
    }
    // What was foreseen for an instant that has passed is due now, not in the past.
    for at in [
        &mut crossing.median,
        &mut crossing.lo80,
        &mut crossing.hi80,
        &mut crossing.lo95,
        &mut crossing.hi95,
    ] {
        *at = at.map(|at| at.max(now));
    }
    Outlook::Reaches {
        crossing,
        per_hour: pace.map(|pace| pace.per_hour),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number of at most a million"
)]
/// The order of the list: what is over, then by date, then what nobody can say, then what is clear.
fn rank(outlook: &Outlook) -> (u8, i64) {
    match outlook {
        Outlook::Over { since } => (0, since.0),
        Outlook::Reaches { crossing, .. } => (1, crossing.median.map_or(i64::MAX, |at| at.0)),
        Outlook::Unknown { .. } => (2, 0),
        Outlook::Clear { crossing } => {
            let millionths = (crossing.probability.clamp(0.0, 1.0) * 1e6).round();
            (3, -(millionths as i64))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Forecast;

    fn crossing(probability: f64, median: Option<i64>) -> Crossing {
        Crossing {
            limit: 0.0,
            already: false,
            median: median.map(Instant),
            lo80: median.map(Instant),
            hi80: None,
            lo95: None,
            hi95: None,
            probability,
            horizon: Instant(1_000),
        }
    }

    fn state(crossing: Crossing) -> ForecastState {
        let forecast = Forecast {
            made_at: Instant(0),
            known_until: Instant(0),
            step: "1 day".into(),
            step_seconds: 86_400,
            history: 60,
            filled: 0,
            points: Vec::new(),
            totals: Vec::new(),
            back_test: api::BackTest {
                origins: 0,
                mase: None,
                naive_mase: None,
                smape: None,
                naive_smape: None,
                beats_naive: false,
                members: Vec::new(),
            },
            crossing: Some(crossing),
            pace: None,
        };
        ForecastState::Ready {
            forecast: Box::new(forecast),
        }
    }

    fn stock(value: f64) -> Series {
        fakes::series("stock")
            .falling_to(0.0)
            .last(Instant(10), value)
            .build()
    }

    #[test]
    fn what_is_at_its_limit_is_over_whatever_the_forecast_says() {
        let outlook = outlook(
            &stock(0.0),
            Some(state(crossing(0.9, Some(50)))),
            Instant(20),
        );
        assert_eq!(outlook, Outlook::Over { since: Instant(10) });
    }

    #[test]
    fn a_planned_figure_at_the_limit_is_not_over_today() {
        let planned = fakes::series("stock").falling_to(0.0);
        let planned = planned.last(Instant(30 * Instant::DAY), 0.0).build();
        let told = |crossing| outlook(&planned, Some(state(crossing)), Instant(20));
        assert!(matches!(
            told(crossing(0.9, Some(50))),
            Outlook::Reaches { .. }
        ));
        let mut over = crossing(1.0, Some(0));
        over.already = true;
        assert_eq!(told(over), Outlook::Over { since: Instant(0) });
    }

    #[test]
    fn no_forecast_is_unknown_and_never_clear() {
        assert_eq!(
            outlook(&stock(5.0), None, Instant(20)),
            Outlook::Unknown {
                why: WhyUnknown::Pending
            }
        );
    }

    #[test]
    fn a_limit_that_was_changed_waits_for_its_own_forecast() {
        let mut series = stock(5.0);
        series.limit = Some(Limit {
            value: 2.0,
            direction: api::Direction::Falling,
        });
        let outlook = outlook(&series, Some(state(crossing(0.9, Some(50)))), Instant(20));
        assert_eq!(
            outlook,
            Outlook::Unknown {
                why: WhyUnknown::Pending
            }
        );
    }

    #[test]
    fn an_instant_that_has_passed_is_due_now() {
        let Outlook::Reaches { crossing, .. } = outlook(
            &stock(5.0),
            Some(state(crossing(0.9, Some(15)))),
            Instant(20),
        ) else {
            panic!("it is reached")
        };
        assert_eq!(crossing.median, Some(Instant(20)));
    }

    #[test]
    fn what_ended_long_ago_says_nothing_of_the_present() {
        let unknown = |hours| Outlook::Unknown {
            why: WhyUnknown::OutOfDate { hours },
        };
        let days = |days: i64| Instant(days * Instant::DAY);
        let mut foretold = crossing(0.9, Some(days(31).0));
        foretold.horizon = days(60);
        // Foreseen for a day that has passed, and no data since: nobody knows. With data it would be due.
        let told = |last: i64, now: i64| {
            let series = fakes::series("stock").falling_to(0.0);
            let series = series.last(days(last), 5.0).build();
            outlook(&series, Some(state(foretold)), days(now))
        };
        assert_eq!(told(1, 36), unknown(35 * 24));
        assert!(matches!(told(34, 36), Outlook::Reaches { .. }));
        assert!(matches!(told(1, 33), Outlook::Reaches { .. }));
        // Over, years ago.
        let over = |now| outlook(&stock(0.0), None, days(now));
        assert_eq!(over(30), Outlook::Over { since: Instant(10) });
        assert_eq!(over(400), unknown(400 * 24 - 1));
    }

    #[test]
    fn the_list_is_ordered_by_urgency() {
        let over = Outlook::Over { since: Instant(5) };
        let soon = Outlook::Reaches {
            crossing: crossing(0.9, Some(50)),
            per_hour: None,
        };
        let later = Outlook::Reaches {
            crossing: crossing(0.6, Some(90)),
            per_hour: None,
        };
        let unknown = Outlook::Unknown {
            why: WhyUnknown::NoData,
        };
        let clear = Outlook::Clear {
            crossing: crossing(0.1, None),
        };
        let ranks: Vec<_> = [over, soon, later, unknown, clear]
            .iter()
            .map(rank)
            .collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}
