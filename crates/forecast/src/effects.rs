//! Known effects: holidays, promotions and whatever else a calendar tells beforehand.
//!
//! A day that is unlike others for a known reason is taken out of the history before it is fitted, so that no model
//! learns from it, and put back where it comes again. What it does is estimated from the times it was seen
//! and shrunk towards nothing, the more so the fewer they were.

use crate::{ForecastError, Outcome, Pool, Request, fit};
use series::{MAD_TO_SIGMA, mean, median};

/// Neighbours in the same phase on either side that make the baseline of one place.
const NEIGHBOURS: usize = 3;
/// No effect at all is worth this many times it was seen.
const DOUBT: f64 = 0.5;

/// A known effect and when it holds.
#[derive(Debug, Clone, Copy)]
pub struct Effect<'a> {
    /// Its places in `Request::values`, 0 is the oldest.
    pub past: &'a [usize],
    /// The steps of the forecast where it holds, 1 is the next value.
    pub ahead: &'a [usize],
}

/// What an effect was found to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSize {
    /// What it adds, in the unit of the history; where values cannot be negative, as a share of the level instead.
    pub size: f64,
    /// Whether `size` is a share of the level: -0.3 is three tenths less.
    pub share: bool,
    /// At how many places it was seen.
    pub seen: usize,
}

/// Forecasts with known effects, and tells how large each is.
///
/// Where several effects meet they are added. The bands of such a step are wider by what is not known of the effect.
///
/// # Errors
/// As [`crate::forecast`].
pub fn forecast_with_effects(
    request: &Request,
    effects: &[Effect],
    cancelled: &dyn Fn() -> bool,
) -> Result<(Outcome, Vec<EffectSize>), ForecastError> {
    let season = request.seasons.iter().copied().find(|season| *season > 1);
    let (plain, found) = without(
        request.values,
        season.unwrap_or(1),
        effects,
        request.non_negative,
    );
    let forecaster = fit(
        &Request {
            values: &plain,
            ..*request
        },
        cancelled,
    )?;
    let mut outcome = forecaster.outcome(request.horizon, &Pool::default())?;
    for (effect, (size, unsure)) in effects.iter().zip(&found) {
        for step in effect.ahead {
            if let Some(index) = step.checked_sub(1).filter(|index| *index < request.horizon) {
                add(&mut outcome, index, *size, *unsure, request);
            }
        }
    }
    Ok((outcome, found.into_iter().map(|(size, _)| size).collect()))
}

/// The history as it would have been, and what each effect did with its standard error.
fn without(
    values: &[f64],
    season: usize,
    effects: &[Effect],
    share: bool,
) -> (Vec<f64>, Vec<(EffectSize, f64)>) {
    let mut special = vec![false; values.len()];
    for place in effects.iter().flat_map(|effect| effect.past) {
        if let Some(special) = special.get_mut(*place) {
            *special = true;
        }
    }
    let mut plain = values.to_vec();
    for (place, value) in plain.iter_mut().enumerate() {
        if special[place] {
            // Without any neighbour to compare with nothing is known, and the value stays.
            *value = baseline(values, &special, season, place).unwrap_or(*value);
        }
    }
    let sizes = effects.iter().map(|effect| {
        let off: Vec<f64> = effect
            .past
            .iter()
            .filter_map(|place| Some((values.get(*place)?, plain.get(*place)?)))
            .filter(|(_, plain)| !share || **plain > 0.0)
            .map(|(value, plain)| {
                if share {
                    value / plain - 1.0
                } else {
                    value - plain
                }
            })
            .filter(|off| off.is_finite())
            .collect();
        let seen = off.len() as f64;
        let size = median(&off).unwrap_or(0.0) * seen / (seen + DOUBT);
        let apart: Vec<f64> = off.iter().map(|off| (off - size).abs()).collect();
        // Seen once, an effect is known to its own size at best.
        let unsure = MAD_TO_SIGMA
            * median(&apart)
                .unwrap_or(0.0)
                .max(size.abs() / (2.0 * seen.max(1.0)));
        let size = EffectSize {
            size,
            share,
            seen: off.len(),
        };
        (size, unsure)
    });
    let sizes = sizes.collect();
    (plain, sizes)
}

/// The mean of the nearest places in the same phase that are like others; `None` without any.
fn baseline(values: &[f64], special: &[bool], season: usize, place: usize) -> Option<f64> {
    let usual = |place: &usize| !special[*place];
    let before = (0..place).rev().skip(season - 1).step_by(season);
    let after = (place + season..values.len()).step_by(season);
    let near: Vec<f64> = before
        .filter(usual)
        .take(NEIGHBOURS)
        .chain(after.filter(usual).take(NEIGHBOURS))
        .map(|place| values[place])
        .collect();
    mean(&near)
}

/// Puts an effect on one step of an outcome.
fn add(outcome: &mut Outcome, index: usize, size: EffectSize, unsure: f64, request: &Request) {
    const Z_80: f64 = 1.28;
    const Z_95: f64 = 1.96;
    let level = outcome.point.get(index).copied().unwrap_or(0.0);
    let unit = if size.share { level } else { 1.0 };
    let (moved, unsure) = (size.size * unit, unsure * unit.abs());
    let free = &mut outcome.free;
    let put = |curves: [&mut Vec<f64>; 5], lifted: bool| {
        let half = |z: f64, old: f64| (old * old + z * z * unsure * unsure).sqrt();
        let [lo95, lo80, point, hi80, hi95] = curves.map(|curve| curve.get_mut(index));
        let (Some(lo95), Some(lo80), Some(point), Some(hi80), Some(hi95)) =
            (lo95, lo80, point, hi80, hi95)
        else {
            return;
        };
        let old = *point;
        let new = old + moved;
        let place = |value: f64, whole: fn(f64) -> f64| {
            let value = if lifted && request.integer {
                whole(value)
            } else {
                value
            };
            if lifted && request.non_negative {
                value.max(0.0)
            } else {
                value
            }
            .clamp(f64::MIN, f64::MAX)
        };
        *lo95 = place(new - half(Z_95, old - *lo95), f64::floor);
        *lo80 = place(new - half(Z_80, old - *lo80), f64::floor).max(*lo95);
        *hi95 = place(new + half(Z_95, *hi95 - old), f64::ceil);
        *hi80 = place(new + half(Z_80, *hi80 - old), f64::ceil).min(*hi95);
        *point = place(new, f64::round).max(*lo80).min(*hi80);
    };
    put(
        [
            &mut outcome.lo95,
            &mut outcome.lo80,
            &mut outcome.point,
            &mut outcome.hi80,
            &mut outcome.hi95,
        ],
        true,
    );
    put(
        [
            &mut free.lo95,
            &mut free.lo80,
            &mut free.point,
            &mut free.hi80,
            &mut free.hi95,
        ],
        false,
    );
}
