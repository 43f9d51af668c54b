//! The forecast: every member is back-tested, weighted by how it did, and blended with the members' median.
//!
//! That a plain median of a few good models is hard to beat: Petropoulos and Svetunkov,
//! "A simple combination of univariate models", International Journal of Forecasting 36 (2020).

use crate::adjusted::{Memo, Sharing};
use crate::backtest::{Origin, Tried, error_of, naive_step, origins, try_model};
use crate::blend::{Member, Reach, blend, weigh};
use crate::forecaster::{Forecaster, Told};
use crate::intermittent::is_intermittent;
use crate::newest::HeldBack;
use crate::pool::{Miss, Pool};
use crate::scaling::Scaling;
use crate::season::main_season;
use crate::shift::Shift;
use crate::spread::Spread;
use crate::{
    Arima, BackTestError, Ces, DynamicTheta, Ets, FEWEST_VALUES, Fit, ForecastError,
    LONGEST_HORIZON, MOST_VALUES, Mstl, Note, Outcome, Request, Sba, SeasonalMean, SeasonalNaive,
    Theta, Tsb,
};

/// From so many values on a history is long.
const LONG: usize = 300;
/// From so many values since its first sale on, what came before may be left out.
const ENOUGH: usize = 12;
/// At most about so many errors of a back-test are kept: enough for a scale, and little beside the models.
const MOST_MISSES: usize = 600;

/// Forecasts `request.values` with honest bands: [`fit`] and the usual [`Pool`].
///
/// A constant history forecasts itself, with bands of no width.
/// `cancelled` is asked before every fit; engines know no clock, so a deadline is the caller's.
///
/// # Errors
/// [`ForecastError`] when the history is too short or holds a number that is not finite, when the horizon is out of
/// range, when no model could be fitted, or when `cancelled` answered true.
pub fn forecast(request: &Request, cancelled: &dyn Fn() -> bool) -> Result<Outcome, ForecastError> {
    fit(request, cancelled)?.outcome(request.horizon, &Pool::default())
}

/// Back-tests and fits every member on `request.values`.
///
/// # Errors
/// As [`forecast`].
pub fn fit(request: &Request, cancelled: &dyn Fn() -> bool) -> Result<Forecaster, ForecastError> {
    let values = checked(request)?;
    let same = |value: &f64| value.total_cmp(&values[0]).is_eq();
    if values.iter().all(same) {
        return constant(values, request);
    }
    let scaling = Scaling::of(values);
    let mut y = scaling.into_range(values);
    let held = HeldBack::of(&y, request.seasons);
    let newest = held.map(|held| std::mem::replace(&mut y[held.place], held.instead));
    let season = season_of(&y, request.seasons);
    let main = season.unwrap_or(1);
    let shift = Shift::latest(&y, main);
    if let Some(shift) = shift {
        shift.undo(&mut y);
    }
    let trial = Trial {
        floor: if request.non_negative {
            scaling.zero()
        } else {
            f64::NEG_INFINITY
        },
        origins: origins(y.len(), main, request.horizon),
        step: naive_step(&y, main),
        y,
    };
    let mut members = Vec::new();
    for model in lineup(&trial.y, main, request) {
        members.push(trial.of(model.as_ref(), cancelled)?);
    }
    weigh(&mut members);
    if members.iter().all(|member| member.weight <= 0.0) {
        return Err(ForecastError::NoModel);
    }
    let blended = trial.blended(&members);
    // Only where zero is zero and nothing lies below it does a higher level mean greater errors.
    let grows = scaling.zero().abs() <= 0.0 && trial.y.iter().all(|value| *value >= 0.0);
    let level = series::mean(&trial.y).filter(|level| grows && *level > 0.0);
    let spread = Spread::new(trial.misses(&blended), trial.step, values.len(), level);
    // Told in the unit of the history, where zero is where people think it is.
    let unmoved: Vec<f64> = trial.y.iter().map(|value| scaling.back(*value)).collect();
    let mut told = trial.told(&members, &blended, &unmoved, scaling, season);
    let short = |season: &&usize| values.len() < 2 * **season;
    let season = request.seasons.iter().filter(short).min();
    told.notes.extend(season.map(|season| Note::ShortForSeason {
        season: *season,
        have: values.len(),
    }));
    told.notes.extend(shift.map(|shift| Note::LevelShift {
        place: shift.place,
        by: scaling.back(shift.by) - scaling.back(0.0),
    }));
    told.notes
        .extend(held.zip(newest).map(|(held, value)| Note::HeldBack {
            place: held.place,
            value: scaling.back(value),
        }));
    Ok(Forecaster {
        told,
        reach: Reach::of(&trial.y),
        last: trial.y.last().copied().unwrap_or(0.0),
        members: members.into_iter().map(Member::without_trial).collect(),
        scaling,
        spread,
        floor: trial.floor,
        integer: request.integer,
    })
}

/// The main season, which a level that moved at once is not taken for.
fn season_of(y: &[f64], seasons: &[usize]) -> Option<usize> {
    let found = main_season(y, seasons)?;
    let Some(shift) = Shift::latest(y, 1) else {
        return Some(found);
    };
    let mut y = y.to_vec();
    shift.undo(&mut y);
    main_season(&y, seasons)
}

/// What every member is tried on.
struct Trial {
    /// The history, scaled.
    y: Vec<f64>,
    origins: Vec<Origin>,
    /// What errors are divided by.
    step: f64,
    /// The least possible value, scaled.
    floor: f64,
}

impl Trial {
    /// Back-tests a model and fits it to the whole history.
    fn of(&self, model: &dyn Fit, cancelled: &dyn Fn() -> bool) -> Result<Member, ForecastError> {
        let rolled = try_model(model, &self.y, &self.origins, cancelled)?;
        if cancelled() {
            return Err(ForecastError::Cancelled);
        }
        let (mut tried, fitted) = match rolled {
            Some((tried, rolled)) if self.rolls() => (Some(tried), Ok(rolled)),
            rolled => (rolled.map(|(tried, _)| tried), model.fit(&self.y)),
        };
        for point in tried.iter_mut().flatten().flatten() {
            *point = point.max(self.floor);
        }
        let error = |tried: &Tried| error_of(tried, &self.y, &self.origins, self.step);
        Ok(Member {
            model: model.model(),
            fitted,
            error: tried.as_ref().and_then(error),
            tried,
            weight: 0.0,
        })
    }

    /// Whether the models that went through the back-test are those that forecast.
    ///
    /// A second fit is half of all work. Where the first one saw most of a long history it would estimate the same
    /// again; `docs/measurements.md` has what either way is worth.
    fn rolls(&self) -> bool {
        let held_out = self.origins.first().map(|first| self.y.len() - first.known);
        self.y.len() >= LONG && held_out.is_some_and(|held_out| 3 * held_out <= self.y.len())
    }

    /// What the ensemble would have said at each origin.
    fn blended(&self, members: &[Member]) -> Tried {
        let reach = Reach::of(&self.y);
        let saying = |origin: usize| {
            let says = |member: &'_ Member| -> Option<(f64, Vec<f64>)> {
                Some((member.weight, member.tried.as_ref()?.get(origin)?.clone()))
            };
            let active = members.iter().filter(|member| member.weight > 0.0);
            blend(&reach.without_runaways(active.filter_map(says).collect()))
        };
        (0..self.origins.len()).filter_map(saying).collect()
    }

    /// How far off the ensemble was at each origin and step; of long horizons not every step, to be kept for a pool.
    fn misses(&self, blended: &Tried) -> Vec<Miss> {
        let all: usize = self.origins.iter().map(|origin| origin.steps).sum();
        let apart = all.div_ceil(MOST_MISSES).max(1);
        let mut misses = Vec::with_capacity(all / apart + self.origins.len());
        for (points, origin) in blended.iter().zip(&self.origins) {
            let pairs = points.iter().zip(&self.y[origin.known..]);
            let kept = pairs.enumerate().step_by(apart);
            misses.extend(kept.map(|(index, (point, actual))| Miss {
                origin: origin.known,
                step: index + 1,
                point: *point,
                off: actual - point,
            }));
        }
        misses
    }

    /// Errors in percent are told in the unit of the history, where zero is where people think it is.
    fn told(
        &self,
        members: &[Member],
        blended: &Tried,
        values: &[f64],
        scaling: Scaling,
        season: Option<usize>,
    ) -> Told {
        let step = naive_step(values, season.unwrap_or(1));
        let error = |tried: &Tried| {
            let back =
                |points: &Vec<f64>| points.iter().map(|point| scaling.back(*point)).collect();
            let back: Tried = tried.iter().map(back).collect();
            error_of(&back, values, &self.origins, step)
        };
        let of_member = |member: &Member| member.tried.as_ref().and_then(error);
        Told {
            members: members
                .iter()
                .map(|member| member.report(of_member(member)))
                .collect(),
            ensemble_error: error(blended).unwrap_or_default(),
            naive_error: members.first().and_then(of_member).unwrap_or_default(),
            origins: self.origins.len(),
            season,
            used: values.len(),
            notes: Vec::new(),
        }
    }
}

/// The part of the history that is used, if a forecast is possible at all.
fn checked<'a>(request: &Request<'a>) -> Result<&'a [f64], ForecastError> {
    let horizon = request.horizon;
    if horizon == 0 || horizon > LONGEST_HORIZON {
        return Err(ForecastError::Horizon { horizon });
    }
    if let Some(index) = request.values.iter().position(|value| !value.is_finite()) {
        return Err(ForecastError::NotFinite { index });
    }
    let have = request.values.len();
    if have < FEWEST_VALUES {
        return Err(ForecastError::NotEnough {
            have,
            need: FEWEST_VALUES,
        });
    }
    let used = &request.values[have.saturating_sub(MOST_VALUES)..];
    Ok(if request.non_negative {
        since_it_began(used)
    } else {
        used
    })
}

/// The values from the first that is not nought on, where more of them lie before it than ever after in a row, twice
/// over: what was not sold yet says nothing of how it sells.
fn since_it_began(values: &[f64]) -> &[f64] {
    let is_nought = |value: &f64| value.abs() <= 0.0;
    let before = values.iter().take_while(|value| is_nought(value)).count();
    let since = &values[before..];
    let gaps = since.chunk_by(|a, b| is_nought(a) == is_nought(b));
    let longest = gaps
        .filter(|gap| gap.iter().all(is_nought))
        .map(<[f64]>::len);
    if since.len() >= ENOUGH && before > 2 * longest.max().unwrap_or(0) {
        since
    } else {
        values
    }
}

/// The members for this history, the floor first.
fn lineup(y: &[f64], main: usize, request: &Request) -> Vec<Box<dyn Fit>> {
    let floor = Box::new(SeasonalNaive { season: main });
    let mut members: Vec<Box<dyn Fit>> = if is_intermittent(y, main) {
        vec![
            floor,
            Box::new(Sba),
            Box::new(Tsb),
            Box::new(SeasonalMean { season: main }),
            Box::new(Ets::new(main)),
        ]
    } else {
        // MSTL is given every season offered, also where no test sees one: it is the ensemble's second opinion,
        // and its weight says what that was worth.
        let seasons = request.seasons.to_vec();
        let memo = Memo::default();
        vec![
            floor,
            Box::new(Ets::new(main)),
            Box::new(Sharing::new(DynamicTheta { season: main }, &memo)),
            Box::new(Sharing::new(Theta { season: main }, &memo)),
            Box::new(Sharing::new(Ces { season: main }, &memo)),
            Box::new(Mstl { seasons }),
        ]
    };
    if request.background {
        members.push(Box::new(Arima { season: main }));
    }
    members
}

/// A history that never moved: what it says is itself, and no model is needed to say so.
fn constant(values: &[f64], request: &Request) -> Result<Forecaster, ForecastError> {
    let naive = SeasonalNaive { season: 1 };
    let perfect = BackTestError::default();
    let member = Member {
        model: naive.model(),
        fitted: naive.fit(values),
        tried: None,
        error: Some(perfect),
        weight: 1.0,
    };
    let told = Told {
        members: vec![member.report(Some(perfect))],
        used: values.len(),
        ..Told::default()
    };
    Ok(Forecaster {
        members: vec![member],
        scaling: Scaling::none(),
        spread: Spread::none(),
        floor: if request.non_negative {
            0.0
        } else {
            f64::NEG_INFINITY
        },
        integer: request.integer,
        reach: Reach::of(values),
        last: values.last().copied().ok_or(ForecastError::NoModel)?,
        told,
    })
}
