//! The forecast: every member is back-tested, weighted by how it did, and blended with the members' median.
//!
//! That a plain median of a few good models is hard to beat: Petropoulos and Svetunkov,
//! "A simple combination of univariate models", International Journal of Forecasting 36 (2020).

use crate::backtest::{Origin, Tried, error_of, naive_step, origins, try_model, windows};
use crate::bands::{Miss, Width};
use crate::guard::{guarded, predict_finite};
use crate::intermittent::is_intermittent;
use crate::scaling::Scaling;
use crate::season::main_season;
use crate::{
    BackTestError, Bands, DynamicTheta, Ets, FEWEST_VALUES, Fit, FitError, ForecastError,
    LONGEST_HORIZON, MOST_VALUES, MemberReport, Model, Mstl, Outcome, Request, Sba, SeasonalMean,
    SeasonalNaive, Theta, Tsb,
};

/// The share of the median in the blend; the rest is the weighted mean.
const MEDIAN_SHARE: f64 = 0.3;
/// Weights are the back-test error to minus this power.
const SHARPNESS: i32 = 3;

/// Forecasts `request.values` with honest bands.
///
/// A constant history forecasts itself, with bands of no width.
/// `cancelled` is asked before every fit; engines know no clock, so a deadline is the caller's.
///
/// # Errors
/// [`ForecastError`] when the history is too short or holds a number that is not finite, when the horizon is out of
/// range, when no model could be fitted, or when `cancelled` answered true.
pub fn forecast(request: &Request, cancelled: &dyn Fn() -> bool) -> Result<Outcome, ForecastError> {
    let values = checked(request)?;
    if values
        .iter()
        .all(|value| value.total_cmp(&values[0]).is_eq())
    {
        return Ok(constant(values, request.horizon));
    }
    let scaling = Scaling::of(values);
    let y = scaling.into_range(values);
    let season = main_season(&y, request.seasons);
    let main = season.unwrap_or(1);
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
    for model in lineup(&trial.y, main, request.seasons) {
        members.push(trial.of(model.as_ref(), request.horizon, cancelled)?);
    }
    weigh(&mut members);

    let blended: Tried = (0..trial.origins.len())
        .map(|origin| {
            let says = |member: &Member| member.tried.get(origin).cloned().flatten();
            blend(&members, says)
        })
        .collect();
    let width = Width::learn(&misses(&blended, &trial), windows(&trial.origins));
    let ahead = |member: &Member| member.ahead.clone().ok();
    let lifted = |member: &Member| ahead(member).map(|points| trial.lifted(points));
    let free = blend(&members, ahead).ok_or(ForecastError::NoModel)?;
    let point = blend(&members, lifted).ok_or(ForecastError::NoModel)?;
    let curves = presented(in_unit(&width.around(&point), scaling), request);

    // Errors in percent are told in the unit of the history, where zero is where people think it is.
    let step = naive_step(values, main);
    let told = |tried: &Tried| {
        let back = |points: &Vec<f64>| points.iter().map(|point| scaling.back(*point)).collect();
        let back: Tried = tried
            .iter()
            .map(|points| points.as_ref().map(back))
            .collect();
        error_of(&back, values, &trial.origins, step)
    };
    let ensemble_error = told(&blended).unwrap_or_default();
    let naive_error = members
        .first()
        .and_then(|naive| told(&naive.tried))
        .unwrap_or_default();
    Ok(Outcome {
        point: curves.point,
        lo80: curves.lo80,
        hi80: curves.hi80,
        lo95: curves.lo95,
        hi95: curves.hi95,
        free: in_unit(&width.around(&free), scaling),
        members: members
            .iter()
            .map(|member| member.report(told(&member.tried)))
            .collect(),
        ensemble_error,
        naive_error,
        beats_naive: ensemble_error.mase < naive_error.mase,
        origins: trial.origins.len(),
        season,
        used: values.len(),
    })
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
    /// Back-tests a model and lets it look ahead.
    fn of(
        &self,
        model: &dyn Fit,
        horizon: usize,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Member, ForecastError> {
        let tried = try_model(model, &self.y, &self.origins, cancelled)?;
        if cancelled() {
            return Err(ForecastError::Cancelled);
        }
        let ahead = guarded(|| model.fit(&self.y))
            .and_then(|fitted| predict_finite(fitted.as_ref(), horizon));
        let tried: Tried = tried
            .into_iter()
            .map(|points| points.map(|points| self.lifted(points)))
            .collect();
        let error = error_of(&tried, &self.y, &self.origins, self.step);
        Ok(Member {
            model: model.model(),
            ahead,
            tried,
            error,
            weight: 0.0,
        })
    }

    /// Points that keep off what is impossible.
    fn lifted(&self, mut points: Vec<f64>) -> Vec<f64> {
        for point in &mut points {
            *point = point.max(self.floor);
        }
        points
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
    Ok(&request.values[have.saturating_sub(MOST_VALUES)..])
}

/// The members for this history, the floor first.
fn lineup(y: &[f64], main: usize, seasons: &[usize]) -> Vec<Box<dyn Fit>> {
    let floor = Box::new(SeasonalNaive { season: main });
    // MSTL is given every season offered, also where no test sees one: it is the ensemble's second opinion,
    // and its weight says what that was worth.
    let several = seasons.to_vec();
    if is_intermittent(y) {
        return vec![
            floor,
            Box::new(Sba),
            Box::new(Tsb),
            Box::new(SeasonalMean { season: main }),
            Box::new(Ets::new(main)),
        ];
    }
    vec![
        floor,
        Box::new(Ets::new(main)),
        Box::new(DynamicTheta { season: main }),
        Box::new(Theta { season: main }),
        Box::new(Mstl { seasons: several }),
    ]
}

/// One model after its trial, on the scaled axis.
struct Member {
    model: Model,
    /// What it says about the future, with nothing cut off: negative stock is how soon the stock is gone.
    ahead: Result<Vec<f64>, FitError>,
    /// What it said at each origin, cut off at the floor.
    tried: Tried,
    error: Option<BackTestError>,
    weight: f64,
}

impl Member {
    /// What is told about it; `error` is in the unit of the history.
    fn report(&self, error: Option<BackTestError>) -> MemberReport {
        let failed = match (&self.ahead, error) {
            (Err(failure), _) => Some(failure.to_string()),
            (Ok(_), None) => Some("a fit in the back-test failed".to_owned()),
            (Ok(_), Some(_)) => None,
        };
        MemberReport {
            model: self.model,
            weight: self.weight,
            error,
            failed,
        }
    }
}

/// Gives every member that worked its share; the floor only stands in when nothing else did.
fn weigh(members: &mut [Member]) {
    let score = |member: &Member| {
        let error = member.error.filter(|_| member.ahead.is_ok())?;
        // A member that was perfect is not infinitely better than one that nearly was.
        Some((error.mase + 1e-3).powi(-SHARPNESS))
    };
    let scores: Vec<Option<f64>> = members.iter().map(score).collect();
    let alone = scores.iter().skip(1).all(Option::is_none);
    let total: f64 = scores.iter().skip(usize::from(!alone)).flatten().sum();
    for (index, (member, score)) in members.iter_mut().zip(scores).enumerate() {
        member.weight = match score {
            Some(score) if index > 0 || alone => score / total,
            _ => 0.0,
        };
    }
}

/// The blend of what the members with weight say, step by step; `None` when none says anything.
fn blend(members: &[Member], says: impl Fn(&Member) -> Option<Vec<f64>>) -> Option<Vec<f64>> {
    let saying: Vec<(f64, Vec<f64>)> = members
        .iter()
        .filter(|member| member.weight > 0.0)
        .filter_map(|member| says(member).map(|points| (member.weight, points)))
        .collect();
    let total: f64 = saying.iter().map(|(weight, _)| weight).sum();
    let steps = saying.first()?.1.len();
    let at = |step: usize| {
        let points: Vec<f64> = saying.iter().map(|(_, points)| points[step]).collect();
        let mean: f64 = saying
            .iter()
            .map(|(weight, points)| weight / total * points[step])
            .sum();
        let median = series::median(&points).unwrap_or(mean);
        MEDIAN_SHARE * median + (1.0 - MEDIAN_SHARE) * mean
    };
    Some((0..steps).map(at).collect())
}

/// How far off the ensemble was at each origin and step.
fn misses(blended: &Tried, trial: &Trial) -> Vec<Miss> {
    let mut misses = Vec::new();
    for (points, origin) in blended.iter().zip(&trial.origins) {
        for (index, (point, actual)) in points
            .iter()
            .flatten()
            .zip(&trial.y[origin.known..])
            .enumerate()
        {
            misses.push(Miss {
                step: index + 1,
                off: actual - point,
            });
        }
    }
    misses
}

fn in_unit(bands: &Bands, scaling: Scaling) -> Bands {
    let back = |edge: &[f64]| edge.iter().map(|value| scaling.back(*value)).collect();
    Bands {
        point: back(&bands.point),
        lo80: back(&bands.lo80),
        hi80: back(&bands.hi80),
        lo95: back(&bands.lo95),
        hi95: back(&bands.hi95),
    }
}

/// Cuts negatives off and makes pieces whole: edges are rounded outwards, so a band never covers less than it says.
fn presented(bands: Bands, request: &Request) -> Bands {
    let told = |mut edge: Vec<f64>, whole: fn(f64) -> f64| {
        for value in &mut edge {
            *value = if request.integer {
                whole(*value)
            } else {
                *value
            };
            // Zero is added because the floor of a tiny negative is "-0".
            *value = if request.non_negative {
                value.max(0.0) + 0.0
            } else {
                *value
            };
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

/// A history that never moved: what it says is itself, and no model is needed to say so.
fn constant(values: &[f64], horizon: usize) -> Outcome {
    let same = vec![values[0]; horizon];
    let free = Bands {
        point: same.clone(),
        lo80: same.clone(),
        hi80: same.clone(),
        lo95: same.clone(),
        hi95: same.clone(),
    };
    let perfect = BackTestError::default();
    Outcome {
        point: same.clone(),
        lo80: same.clone(),
        hi80: same.clone(),
        lo95: same.clone(),
        hi95: same,
        free,
        members: vec![MemberReport {
            model: Model::SeasonalNaive,
            weight: 1.0,
            error: Some(perfect),
            failed: None,
        }],
        ensemble_error: perfect,
        naive_error: perfect,
        beats_naive: false,
        origins: 0,
        season: None,
        used: values.len(),
    }
}
