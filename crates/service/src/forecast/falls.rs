//! What will be taken of a stock that nothing but its own count speaks of: a forecast of its falls.

use api::{CacheArea, Caller, Instant, Result, Series, WhyUnknown};
use forecast::{Request, running_total};
use series::Grid;

use super::engine::{NoModel, history};
use super::{BUDGET_US, FEWEST, MOST_SAMPLES, horizon, not_enough};
use crate::Hub;
use crate::aside::cpu_us;
use crate::cache::{Fresh, Key};
use crate::failure::OrFailure;
use crate::reorder::Foreseen;

impl Hub {
    /// What will be taken, or why nobody can say. It is fitted for who asks and kept for a while: of a stock whose
    /// orders come in there is a forecast of these.
    pub(crate) async fn foresee_falls(
        &self,
        caller: &Caller,
        stock: &Series,
        now: Instant,
    ) -> Result<std::result::Result<Foreseen, WhyUnknown>> {
        let samples = self.store.last_n(&stock.id, MOST_SAMPLES).await;
        let samples = samples.or_failure(caller)?;
        let level = Series {
            aggregation: api::Aggregation::Last,
            ..stock.clone()
        };
        let falls = self.aside.run(move || falls(&level, &samples, now)).await;
        let falls = match falls {
            Some(Ok(falls)) => falls,
            Some(Err(why)) => return Ok(Err(why)),
            None => return Ok(Err(gave_up())),
        };
        let values = falls
            .values
            .iter()
            .flat_map(|value| value.to_bits().to_be_bytes());
        let key = Key::of(CacheArea::Models, "falls")
            .with(falls.step.label())
            .with_number(falls.start_us)
            .with(values.collect::<Vec<u8>>());
        let pool = self.models.pool(falls.step);
        let foresee = || async {
            let falls = falls.clone();
            let made = self.aside.run(move || foreseen(&falls, &pool)).await;
            let made = made.unwrap_or_else(|| Err(gave_up()));
            Ok::<_, api::Error>(Fresh::keep_if(made.is_ok(), made))
        };
        self.cache.get(Some(key), foresee).await
    }
}

/// How much was taken in each step.
fn falls(
    stock: &Series,
    samples: &[(i64, f64)],
    now: Instant,
) -> std::result::Result<series::Filled, WhyUnknown> {
    let levels = history(stock, samples, now, None).map_err(|none| match none {
        NoModel::Unknown(why, _) => why,
        NoModel::Failed(reason) => WhyUnknown::Failed { reason },
    })?;
    let taken = Grid {
        start_us: levels.step.advance(levels.start_us, 1),
        step: levels.step,
        values: stock::taken(&levels.values),
    };
    // Days on which something came in are gaps, which are closed by what is around them.
    let filled = series::fill(&taken).map_err(|_| not_enough(levels.values.len()))?;
    if filled.values.len() < FEWEST as usize {
        return Err(not_enough(filled.values.len()));
    }
    Ok(filled)
}

fn foreseen(
    falls: &series::Filled,
    pool: &forecast::Pool,
) -> std::result::Result<Foreseen, WhyUnknown> {
    let horizon = horizon(falls.step, falls.values.len());
    let request = Request {
        values: &falls.values,
        seasons: falls.step.seasons(),
        horizon,
        non_negative: true,
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
        from: Instant(falls.end_us()),
        step_seconds: u32::try_from(falls.step.seconds()).unwrap_or(u32::MAX),
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
        let falls = falls(&stock, &samples, now).unwrap();
        assert!(falls.values.iter().all(|fall| (fall - 5.0).abs() < 1e-9));
        let foreseen = foreseen(&falls, &forecast::Pool::default()).unwrap();
        assert_eq!(foreseen.from, Instant(98 * DAY));
        assert!((foreseen.totals[9][0] - 50.0).abs() < 1.0);
    }
}
