//! What will come or go of what nothing but its own count speaks of: a forecast of how it moves.

use api::{CacheArea, Caller, Instant, Range, Result, Series, SeriesId, WhyUnknown};
use forecast::{Request, running_total};
use series::Grid;

use super::engine::{NoModel, history};
use super::{BUDGET_US, FEWEST, Foreseen, MOST_SAMPLES, horizon, not_enough};
use crate::Hub;
use crate::aside::cpu_us;
use crate::cache::{Fresh, Key};
use crate::failure::OrFailure;

/// Which way what is counted moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moves {
    /// How it falls: what is taken of a stock. Where it rose something came in, and nobody knows what was taken beside.
    Falls,
    /// How it falls and rises: what comes to an account less what goes.
    Changes,
}

impl Hub {
    /// How it will move, or why nobody can say. It is fitted for who asks and kept for a while: of a stock whose
    /// orders come in there is a forecast of these.
    pub(crate) async fn foresee_moves(
        &self,
        caller: &Caller,
        counted: &Series,
        which: Moves,
        now: Instant,
    ) -> Result<std::result::Result<Foreseen, WhyUnknown>> {
        let samples = self.store.last_n(&counted.id, MOST_SAMPLES).await;
        let samples = samples.or_failure(caller)?;
        let level = Series {
            aggregation: api::Aggregation::Last,
            ..counted.clone()
        };
        // Figures of days to come are none.
        let read = samples.iter().rev().find(|(at, _)| *at <= now.0);
        let newest = read.map_or(now, |(at, _)| Instant(*at));
        let moves = self
            .aside
            .run(move || moves(&level, &samples, which, now))
            .await;
        let moves = match moves {
            Some(Ok(moves)) => moves,
            Some(Err(why)) => return Ok(Err(why)),
            None => return Ok(Err(gave_up())),
        };
        let values = moves
            .values
            .iter()
            .flat_map(|value| value.to_bits().to_be_bytes());
        let word = match which {
            Moves::Falls => "falls",
            Moves::Changes => "changes",
        };
        let key = Key::of(CacheArea::Models, word)
            .with(moves.step.label())
            .with_number(moves.start_us)
            .with(values.collect::<Vec<u8>>());
        let pool = self.models.pool(moves.step);
        let foresee = || async {
            let moves = moves.clone();
            let made = self.aside.run(move || foreseen(&moves, which, &pool)).await;
            let made = made.unwrap_or_else(|| Err(gave_up()));
            Ok::<_, api::Error>(Fresh::keep_if(made.is_ok(), made))
        };
        let made: std::result::Result<Foreseen, WhyUnknown> =
            self.cache.get(Some(key), foresee).await?;
        Ok(made.and_then(|foreseen| foreseen.at(now, newest)))
    }

    /// What a series whose values add up came to after one instant and before another; nothing of none.
    ///
    /// What is of the first instant itself is left out: a count of that instant holds it already, as where the books
    /// close a day with both.
    pub(crate) async fn moved_between(
        &self,
        caller: &Caller,
        series: Option<&SeriesId>,
        counted: Instant,
        until: Instant,
    ) -> Result<f64> {
        let Some(series) = series.filter(|_| counted < until) else {
            return Ok(0.0);
        };
        let between = Range {
            from: counted.plus(1),
            to: until,
        };
        let moved = self.store.samples(series, between, MOST_SAMPLES).await;
        let moved = moved.or_failure(caller)?;
        Ok(moved.iter().map(|(_, value)| value).sum())
    }
}

/// How it moved in each step.
fn moves(
    counted: &Series,
    samples: &[(i64, f64)],
    which: Moves,
    now: Instant,
) -> std::result::Result<series::Filled, WhyUnknown> {
    let levels = history(counted, samples, now, None).map_err(|none| match none {
        NoModel::Unknown(why, _) => why,
        NoModel::Failed(reason) => WhyUnknown::Failed { reason },
    })?;
    let moved = Grid {
        start_us: levels.step.advance(levels.start_us, 1),
        step: levels.step,
        values: match which {
            Moves::Falls => stock::taken(&levels.values),
            Moves::Changes => {
                let pairs = levels.values.windows(2);
                pairs.map(|pair| Some(pair[1] - pair[0])).collect()
            }
        },
    };
    // Days on which something came in are gaps, which are closed by what is around them.
    let filled = series::fill(&moved).map_err(|_| not_enough(levels.values.len()))?;
    if filled.values.len() < FEWEST as usize {
        return Err(not_enough(filled.values.len()));
    }
    Ok(filled)
}

fn foreseen(
    moves: &series::Filled,
    which: Moves,
    pool: &forecast::Pool,
) -> std::result::Result<Foreseen, WhyUnknown> {
    let horizon = horizon(moves.step, moves.values.len());
    let request = Request {
        values: &moves.values,
        seasons: moves.step.seasons(),
        horizon,
        non_negative: which == Moves::Falls,
        integer: false,
        background: false,
    };
    let begun = cpu_us();
    let cancelled = || cpu_us() - begun > BUDGET_US;
    let outcome = forecast::fit(&request, &cancelled)
        .and_then(|forecaster| forecaster.outcome(horizon, pool))
        .map_err(|error| WhyUnknown::Failed {
            reason: error.to_string(),
        })?;
    let total = running_total(&outcome);
    let upper = total.hi80.iter().zip(&total.hi95);
    let totals = total.point.iter().zip(upper);
    Ok(Foreseen {
        from: Instant(moves.end_us()),
        step_seconds: u32::try_from(moves.step.seconds()).unwrap_or(u32::MAX),
        totals: totals
            .map(|(point, (hi80, hi95))| [*point, *hi80, *hi95])
            .collect(),
    })
}

fn gave_up() -> WhyUnknown {
    WhyUnknown::Failed {
        reason: "the engine gave up".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = Instant::DAY;

    #[test]
    fn what_a_stock_loses_is_foreseen_across_deliveries() {
        // Five a day, and a hundred come in every twentieth day.
        let mut level = 100.0;
        let samples: Vec<(i64, f64)> = (0..98)
            .map(|day| {
                level += if day % 20 == 19 { 95.0 } else { -5.0 };
                (day * DAY, level)
            })
            .collect();
        let stock = fakes::series("stock").falling_to(0.0).build();
        let now = Instant(98 * DAY);
        let falls = moves(&stock, &samples, Moves::Falls, now).unwrap();
        assert!(falls.values.iter().all(|fall| (fall - 5.0).abs() < 1e-9));
        let foreseen = foreseen(&falls, Moves::Falls, &forecast::Pool::default()).unwrap();
        assert_eq!(foreseen.from, Instant(98 * DAY));
        assert!((foreseen.totals[9][0] - 50.0).abs() < 1.0);
    }

    #[test]
    fn what_an_account_gains_and_loses_is_foreseen_both_ways() {
        // Wages each Friday, receipts on all other days.
        let mut level = 10_000.0;
        let samples: Vec<(i64, f64)> = (0..98)
            .map(|day| {
                level += if day % 7 == 4 { -7_000.0 } else { 1_000.0 };
                (day * DAY, level)
            })
            .collect();
        let account = fakes::series("cash").build();
        let now = Instant(98 * DAY);
        let moves = moves(&account, &samples, Moves::Changes, now).unwrap();
        let foreseen = foreseen(&moves, Moves::Changes, &forecast::Pool::default()).unwrap();
        // 98 days end with a week: four receipts, the wages, two receipts.
        assert!((foreseen.totals[3][0] - 4_000.0).abs() < 100.0);
        assert!((foreseen.totals[6][0] + 1_000.0).abs() < 100.0);
    }
}
