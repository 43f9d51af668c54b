//! A fitted ensemble: it can be asked as often as one likes, and it takes new values in.

use crate::blend::{Member, Reach, blend};
use crate::pool::{Calibration, Pool};
use crate::scaling::Scaling;
use crate::spread::{Spread, Surprise};
use crate::{BackTestError, Bands, ForecastError, LONGEST_HORIZON, MemberReport, Note, Outcome};

/// A fitted ensemble: the outcome of [`crate::fit`].
///
/// A new value moves every member's state and the width of the bands; weights and what was estimated stay until the next fit.
pub struct Forecaster {
    pub(crate) members: Vec<Member>,
    pub(crate) scaling: Scaling,
    pub(crate) spread: Spread,
    /// The least possible value, scaled.
    pub(crate) floor: f64,
    pub(crate) integer: bool,
    pub(crate) reach: Reach,
    /// The last value, scaled.
    pub(crate) last: f64,
    pub(crate) told: Told,
}

/// What a fit has to say of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) members: Vec<MemberReport>,
    pub(crate) ensemble_error: BackTestError,
    pub(crate) naive_error: BackTestError,
    pub(crate) origins: usize,
    pub(crate) season: Option<usize>,
    pub(crate) used: usize,
    pub(crate) notes: Vec<Note>,
}

impl Forecaster {
    /// The errors of the back-test, for [`Pool::learn`].
    pub const fn calibration(&self) -> &Calibration {
        &self.spread.calibration
    }

    /// The next `horizon` values with bands as wide as `pool` says they must be.
    ///
    /// # Errors
    /// [`ForecastError::Horizon`] when the horizon is out of range, [`ForecastError::NoModel`] when no member says anything.
    pub fn outcome(&self, horizon: usize, pool: &Pool) -> Result<Outcome, ForecastError> {
        if horizon == 0 || horizon > LONGEST_HORIZON {
            return Err(ForecastError::Horizon { horizon });
        }
        let mut says = self.says(horizon);
        let free = blend(&says).ok_or(ForecastError::NoModel)?;
        for point in says.iter_mut().flat_map(|(_, points)| points) {
            *point = point.max(self.floor);
        }
        let point = blend(&says).ok_or(ForecastError::NoModel)?;
        let even = self.in_unit(&self.spread.around(&point, pool));
        let curves = self.presented(even.clone());
        let free = self.spread.around_from(self.last, &free, pool);
        let told = self.told.clone();
        Ok(Outcome {
            point: curves.point,
            lo80: curves.lo80,
            hi80: curves.hi80,
            lo95: curves.lo95,
            hi95: curves.hi95,
            free: self.in_unit(&free),
            even,
            members: told.members,
            ensemble_error: told.ensemble_error,
            naive_error: told.naive_error,
            beats_naive: told.ensemble_error.mase < told.naive_error.mase,
            origins: told.origins,
            season: told.season,
            used: told.used,
            notes: told.notes,
        })
    }

    /// The share of the back-test's errors that lay within the 80 % and the 95 % band; `None` where it was not tried.
    ///
    /// The bands' scale was learned from the same errors: it says whether bands fit their series, not how they will do.
    pub fn coverage(&self, pool: &Pool) -> Option<[f64; 2]> {
        self.spread.coverage(pool)
    }

    /// Takes one more value in and tells how it compares with what was expected of it; one that is not finite is left out.
    ///
    /// `pool` is that of the bands that are shown, which follow what lies within them.
    /// It costs a step of each member's recursion, some microseconds at most.
    pub fn update(&mut self, value: f64, pool: &Pool) -> Option<Surprise> {
        if !value.is_finite() {
            return None;
        }
        let scaled = self.scaling.forward(value);
        let next = blend(&self.says(1)).and_then(|next| next.first().copied());
        let surprise = next.map(|next| {
            let expected = next.max(self.floor);
            let seen = self.spread.follow(scaled - expected, expected, pool);
            let expected = self.scaling.back(seen.expected);
            Surprise {
                expected,
                off: value - expected,
                ..seen
            }
        });
        for member in &mut self.members {
            member.update(scaled);
        }
        self.last = scaled;
        surprise
    }

    /// Passes over a step whose value says nothing of the usual course, such as that of a holiday: every member takes
    /// in what was expected, and the bands stay as they are.
    pub fn skip(&mut self) {
        let next = blend(&self.says(1)).and_then(|next| next.first().copied());
        if let Some(next) = next.filter(|next| next.is_finite()) {
            let expected = next.max(self.floor);
            for member in &mut self.members {
                member.update(expected);
            }
            self.last = expected;
        }
    }

    fn says(&self, horizon: usize) -> Vec<(f64, Vec<f64>)> {
        let says = |member: &Member| Some((member.weight, member.says(horizon)?));
        let said = self.members.iter().filter_map(says).collect();
        self.reach.without_runaways(said)
    }

    fn in_unit(&self, bands: &Bands) -> Bands {
        let back = |edge: &[f64]| edge.iter().map(|value| self.scaling.back(*value)).collect();
        Bands {
            point: back(&bands.point),
            lo80: back(&bands.lo80),
            hi80: back(&bands.hi80),
            lo95: back(&bands.lo95),
            hi95: back(&bands.hi95),
        }
    }

    /// Cuts negatives off and makes pieces whole: edges are rounded outwards, so a band never covers less than it says.
    fn presented(&self, bands: Bands) -> Bands {
        let told = |mut edge: Vec<f64>, whole: fn(f64) -> f64| {
            for value in &mut edge {
                if self.integer {
                    *value = whole(*value);
                }
                if self.floor > f64::NEG_INFINITY {
                    // Zero is added because the floor of a tiny negative is "-0".
                    *value = value.max(0.0) + 0.0;
                }
            }
            edge
        };
        Bands {
            point: told(bands.point, f64::round),
            lo80: told(bands.lo80, f64::floor),
            hi80: told(bands.hi80, f64::ceil),
            lo95: told(bands.lo95, f64::floor),
            hi95: told(bands.hi95, f64::ceil),
        }
    }
}
