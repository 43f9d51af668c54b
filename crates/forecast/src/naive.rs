//! The floor that every model must beat, and the mean of earlier seasons.

use crate::{Fit, FitError, Model, Predict};

/// Repeats the last `season` values; `season` 1 repeats the last value.
#[derive(Debug, Clone, Copy)]
pub struct SeasonalNaive {
    /// Points in a season, at least 1.
    pub season: usize,
}

impl Fit for SeasonalNaive {
    fn model(&self) -> Model {
        Model::SeasonalNaive
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        let season = self.season.max(1);
        let start = y.len().checked_sub(season).ok_or(FitError::TooShort {
            have: y.len(),
            need: season,
        })?;
        Ok(Box::new(Cycle {
            values: y[start..].to_vec(),
            phase: 0,
            learns: 1.0,
        }))
    }
}

/// A weighted mean of the same place in earlier seasons, each season back weighing `0.8` as much.
///
/// For demand with many zeros it is the one member that knows that nobody orders on a Sunday.
#[derive(Debug, Clone, Copy)]
pub struct SeasonalMean {
    /// Points in a season, at least 1.
    pub season: usize,
}

impl SeasonalMean {
    /// What a season weighs against the one after it.
    const FADE: f64 = 0.8;
}

impl Fit for SeasonalMean {
    fn model(&self) -> Model {
        Model::SeasonalMean
    }

    fn fit(&self, y: &[f64]) -> Result<Box<dyn Predict>, FitError> {
        let season = self.season.max(1);
        let start = y.len().checked_sub(season).ok_or(FitError::TooShort {
            have: y.len(),
            need: season,
        })?;
        // Without a season the "seasons" are single points: fade over a handful of them.
        let fade = if season == 1 { 0.95 } else { Self::FADE };
        let values = (start..y.len())
            .map(|last| {
                let mut place = last;
                let (mut sum, mut total, mut weight) = (0.0, 0.0, 1.0);
                loop {
                    sum += weight * y[place];
                    total += weight;
                    weight *= fade;
                    match place.checked_sub(season) {
                        Some(earlier) => place = earlier,
                        None => break sum / total,
                    }
                }
            })
            .collect();
        Ok(Box::new(Cycle {
            values,
            phase: 0,
            learns: 1.0 - fade,
        }))
    }
}

/// Values that repeat for ever; the next stands at `phase`.
struct Cycle {
    values: Vec<f64>,
    phase: usize,
    /// How much of the difference to a new value is taken over.
    learns: f64,
}

impl Predict for Cycle {
    fn predict(&self, horizon: usize) -> Vec<f64> {
        let turned = self.values.iter().copied().cycle().skip(self.phase);
        turned.take(horizon).collect()
    }

    fn update(&mut self, value: f64) {
        if let Some(place) = self.values.get_mut(self.phase) {
            *place += self.learns * (value - *place);
        }
        self.phase = (self.phase + 1) % self.values.len().max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_season_is_repeated() {
        let fitted = SeasonalNaive { season: 3 }
            .fit(&[9.0, 1.0, 2.0, 3.0])
            .unwrap();
        assert_eq!(fitted.predict(5), [1.0, 2.0, 3.0, 1.0, 2.0]);
    }

    #[test]
    fn a_history_shorter_than_the_season_is_refused() {
        let error = SeasonalNaive { season: 3 }.fit(&[1.0, 2.0]).err();
        assert_eq!(error, Some(FitError::TooShort { have: 2, need: 3 }));
    }

    #[test]
    fn recent_seasons_weigh_more_in_the_mean() {
        let fitted = SeasonalMean { season: 2 }
            .fit(&[0.0, 5.0, 10.0, 5.0])
            .unwrap();
        let forecast = fitted.predict(2);
        assert!(forecast[0] > 5.0 && forecast[0] < 10.0);
        assert!((forecast[1] - 5.0).abs() < 1e-12);
    }
}
