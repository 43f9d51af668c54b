//! The models that this process keeps, and what they know together of how forecasts go wrong.
//!
//! What is not kept can be made again from its version: a restart costs a fit for each series that
//! has news.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{Instant, SeriesId};
use forecast::{Calibration, Pool};
use series::Step;

use super::engine::Model;

/// So many models are kept at most: some 20 kB each.
const MOST: usize = 20_000;
/// A pool is learned from so many series at most: more change it little and cost time.
const MOST_POOLED: usize = 300;
/// And from so many at least; fewer are the usual pool.
const FEWEST_POOLED: usize = 20;

/// What series of each step know together.
#[derive(Default)]
pub(crate) struct Pools(HashMap<Step, Pool>);

impl Pools {
    /// Of that step.
    pub(crate) fn of(&self, step: Step) -> Pool {
        self.0.get(&step).copied().unwrap_or_default()
    }
}

/// The models that this process keeps.
#[derive(Default)]
pub(crate) struct Models {
    models: Mutex<HashMap<SeriesId, Model>>,
    pools: Mutex<HashMap<Step, Learned>>,
}

#[derive(Clone, Copy)]
struct Learned {
    pool: Pool,
    /// How many models there were.
    of: usize,
    at: Instant,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Models {
    /// Takes the model out, to be put back: whoever else wants it meanwhile makes it again.
    pub(crate) fn take(&self, id: &SeriesId) -> Option<Model> {
        held(&self.models).remove(id)
    }

    /// Where the first period begins that the model has not taken in.
    pub(crate) fn end(&self, id: &SeriesId) -> Option<(u32, i64)> {
        held(&self.models)
            .get(id)
            .map(|model| (model.number, model.end))
    }

    /// Keeps a model.
    pub(crate) fn put(&self, id: SeriesId, model: Model) {
        let mut models = held(&self.models);
        if models.len() >= MOST && !models.contains_key(&id) {
            // Any one: it is made again when its series has news.
            if let Some(other) = models.keys().next().cloned() {
                models.remove(&other);
            }
        }
        models.insert(id, model);
    }

    /// What series of that step know together.
    pub(crate) fn pool(&self, step: Step) -> Pool {
        held(&self.pools)
            .get(&step)
            .map_or_else(Pool::default, |learned| learned.pool)
    }

    /// Of what came in since the fits of the models that are kept: the share within the 80 % and the
    /// 95 % band, and the mean error in errors of the back-tests. `None` where nothing came in.
    pub(crate) fn coverage(&self) -> Option<([f64; 2], f64)> {
        let (mut seen, mut within, mut error) = (0.0, [0.0; 2], 0.0);
        for model in held(&self.models).values() {
            let live = model.live();
            let Some((coverage, off)) = live.coverage.zip(live.error) else {
                continue;
            };
            let points = f64::from(live.seen);
            seen += points;
            error += points * off;
            for (sum, share) in within.iter_mut().zip(coverage) {
                *sum += points * share;
            }
        }
        (seen > 0.0).then(|| (within.map(|sum| sum / seen), error / seen))
    }

    /// What is known of every step, to be taken along.
    pub(crate) fn pools(&self) -> Pools {
        let pools = held(&self.pools);
        Pools(pools.iter().map(|(step, one)| (*step, one.pool)).collect())
    }

    /// The back-tests to learn the pools from that have become old or small.
    pub(crate) fn to_learn(&self, now: Instant) -> HashMap<Step, (usize, Vec<Calibration>)> {
        let models = held(&self.models);
        let mut counts: HashMap<Step, usize> = HashMap::new();
        for model in models.values() {
            *counts.entry(model.step).or_default() += 1;
        }
        let pools = held(&self.pools);
        counts.retain(|step, count| {
            let stale = pools.get(step).is_none_or(|learned| {
                let old = now.0 - learned.at.0 > Instant::HOUR;
                *count > 2 * learned.of || old
            });
            *count >= FEWEST_POOLED && stale
        });
        drop(pools);
        let mut found: HashMap<Step, (usize, Vec<Calibration>)> = HashMap::new();
        for model in models.values() {
            let Some(count) = counts.get(&model.step) else {
                continue;
            };
            let (_, some) = found
                .entry(model.step)
                .or_insert_with(|| (*count, Vec::new()));
            if some.len() < MOST_POOLED {
                some.push(model.forecaster.calibration().clone());
            }
        }
        found
    }

    /// Keeps what was learned.
    pub(crate) fn learned(&self, step: Step, of: usize, pool: Pool, at: Instant) {
        held(&self.pools).insert(step, Learned { pool, of, at });
    }
}
