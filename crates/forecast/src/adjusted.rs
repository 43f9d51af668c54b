//! A history without its season, for models that know none; the season is put back on what they say.

use crate::season::{Indices, is_seasonal};
use crate::{Fit, FitError, Model, Predict};
use std::cell::RefCell;
use std::rc::Rc;

const FEWEST: usize = 4;

/// A history without its season.
pub(crate) struct Adjusted {
    /// The values that are left.
    pub(crate) values: Vec<f64>,
    indices: Option<Indices>,
}

impl Adjusted {
    /// Takes the season of `season` points off `y`, if a test finds it.
    ///
    /// # Errors
    /// [`FitError::TooShort`] below four values.
    pub(crate) fn of(y: &[f64], season: usize) -> Result<Self, FitError> {
        if y.len() < FEWEST {
            return Err(FitError::TooShort {
                have: y.len(),
                need: FEWEST,
            });
        }
        let indices = is_seasonal(y, season).then(|| Indices::of(y, season));
        let values = indices
            .as_ref()
            .map_or_else(|| y.to_vec(), |indices| indices.removed_from(y));
        Ok(Self { values, indices })
    }

    /// A fitted model of the whole history, made of one of the values that are left.
    pub(crate) fn fitted<L: Level>(&self, level: L) -> Seasonal<L> {
        Seasonal {
            level,
            phase: self.values.len(),
            indices: self.indices.clone(),
        }
    }
}

/// A model that is fitted to a history without its season.
pub(crate) trait FitAdjusted: Fit {
    /// Points in a season; below 2 there is none.
    fn season(&self) -> usize;
    /// Fits it to what is left of the history.
    fn fit_adjusted(&self, adjusted: &Adjusted) -> Box<dyn Predict>;
}

/// The histories that were adjusted, and what is left of them: the whole one, and that before the back-test.
pub(crate) type Memo = Rc<RefCell<Vec<(Vec<f64>, Adjusted)>>>;

/// A model among others of the same season that go over the same histories: the season is taken off once for all.
pub(crate) struct Sharing<M> {
    model: M,
    memo: Memo,
}

impl<M> Sharing<M> {
    pub(crate) fn new(model: M, memo: &Memo) -> Self {
        let memo = Rc::clone(memo);
        Self { model, memo }
    }
}

impl<M: FitAdjusted> Fit for Sharing<M> {
    fn model(&self) -> Model {
        self.model.model()
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        let mut memo = self.memo.borrow_mut();
        if let Some((_, adjusted)) = memo.iter().find(|(history, _)| history == y) {
            return Ok(self.model.fit_adjusted(adjusted));
        }
        let adjusted = Adjusted::of(y, self.model.season())?;
        let fitted = self.model.fit_adjusted(&adjusted);
        memo.push((y.to_vec(), adjusted));
        Ok(fitted)
    }
}

/// A fitted model without a season.
pub(crate) trait Level: Send {
    /// Where the series is now, after the last value.
    fn level(&self) -> f64;
    /// The next `horizon` values.
    fn ahead(&self, horizon: usize) -> Vec<f64>;
    /// Takes one more value in.
    fn follow(&mut self, value: f64);
}

/// A model without a season, and the season.
pub(crate) struct Seasonal<L> {
    level: L,
    indices: Option<Indices>,
    /// The place of the next value, counted from the first.
    phase: usize,
}

impl<L: Level> Predict for Seasonal<L> {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        let mut values = self.level.ahead(horizon);
        if let Some(indices) = &self.indices {
            indices.put_back(&mut values, self.phase);
        }
        values
    }

    fn update(&mut self, value: f64) {
        match &mut self.indices {
            None => self.level.follow(value),
            Some(indices) => {
                self.level.follow(indices.removed(value, self.phase));
                indices.learn(value, self.level.level(), self.phase);
            }
        }
        self.phase += 1;
    }
}
