//! Known effects: holidays, promotions and whatever else a calendar tells beforehand.
//!
//! A day that is unlike others for a known reason is taken out of the history before it is fitted, so that no model
//! learns from it, and put back where it comes again. What it does is estimated from the times it was seen
//! and shrunk towards nothing, the more so the fewer they were.

use crate::{ForecastError, Forecaster, Outcome, Pool, Request, fit};
use series::{MAD_TO_SIGMA, mean, median};

/// Neighbours in the same phase on either side that make the baseline of one place.
const NEIGHBOURS: usize = 3;
/// No effect at all is worth this many times it was seen.
const DOUBT: f64 = 0.5;
/// An effect that was seen once shows where it is this many times what usual days differ.
const SHOWS: f64 = 3.0;

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

/// A known effect as a fit found it, ready to be put on what the fitted ensemble says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownEffect {
    /// What it does.
    pub size: EffectSize,
    /// Whether it stands out from how days differ anyway. One that does not is left in the history and moves nothing.
    pub shows: bool,
    /// The standard error of `size`.
    unsure: f64,
    non_negative: bool,
    integer: bool,
}

impl KnownEffect {
    /// Puts the effect on those steps of an outcome, 1 is the next value; others than it has are passed over.
    ///
    /// The bands of such a step become wider by what is not known of the effect.
    pub fn put_on(&self, outcome: &mut Outcome, steps: &[usize]) {
        if !self.shows {
            return;
        }
        for step in steps {
            if let Some(index) = step
                .checked_sub(1)
                .filter(|index| *index < outcome.point.len())
            {
                self.add(outcome, index);
            }
        }
    }
}

/// [`fit`] on the history as it would have been without the effects that show in it.
///
/// `past` are each effect's places in `request.values`, 0 is the oldest; the answer has one for each, in that order.
///
/// # Errors
/// As [`crate::forecast`].
pub fn fit_with_effects(
    request: &Request,
    past: &[&[usize]],
    cancelled: &dyn Fn() -> bool,
) -> Result<(Forecaster, Vec<KnownEffect>), ForecastError> {
    let season = request.seasons.iter().copied().find(|season| *season > 1);
    let history = History {
        values: request.values,
        season: season.unwrap_or(1),
        share: request.non_negative,
    };
    let (plain, found) = history.without(past);
    let forecaster = fit(
        &Request {
            values: &plain,
            ..*request
        },
        cancelled,
    )?;
    let known = found.into_iter().map(|found| KnownEffect {
        size: found.size,
        shows: found.shows,
        unsure: found.unsure,
        non_negative: request.non_negative,
        integer: request.integer,
    });
    Ok((forecaster, known.collect()))
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
    let past: Vec<&[usize]> = effects.iter().map(|effect| effect.past).collect();
    let (forecaster, known) = fit_with_effects(request, &past, cancelled)?;
    let mut outcome = forecaster.outcome(request.horizon, &Pool::default())?;
    for (effect, known) in effects.iter().zip(&known) {
        known.put_on(&mut outcome, effect.ahead);
    }
    Ok((outcome, known.into_iter().map(|one| one.size).collect()))
}

/// A history in which some days are unlike others.
#[derive(Clone, Copy)]
struct History<'a> {
    values: &'a [f64],
    /// Points in the season that neighbours share a phase of.
    season: usize,
    /// Whether effects are shares of the level.
    share: bool,
}

/// What was found of an effect.
struct Found {
    size: EffectSize,
    unsure: f64,
    shows: bool,
}

/// How far usual places are from their baseline: with neighbours on both sides, and on one only.
/// Where a level rises or falls the newest places, which have none after them, are far from it without any effect.
struct Scales {
    both: f64,
    one: f64,
}

impl History<'_> {
    /// The history as it would have been without the effects that show, and what each does.
    fn without(&self, past: &[&[usize]]) -> (Vec<f64>, Vec<Found>) {
        let all = self.marked(past.iter().copied());
        let scales = self.scales(&all);
        let shows: Vec<bool> = past
            .iter()
            .map(|places| self.shows(places, &all, &scales))
            .collect();
        let shown = past.iter().zip(&shows).filter(|(_, shows)| **shows);
        let special = self.marked(shown.map(|(places, _)| *places));
        let mut plain = self.values.to_vec();
        for (place, value) in plain.iter_mut().enumerate() {
            if special[place] {
                // Without any neighbour to compare with nothing is known, and the value stays.
                *value = self
                    .baseline(&special, place, true)
                    .map_or(*value, |(baseline, _)| baseline);
            }
        }
        let found = past.iter().zip(shows).map(|(places, shows)| {
            let marks = if shows { &special } else { &all };
            let (size, unsure) = self.size(places, marks);
            Found {
                size,
                unsure,
                shows,
            }
        });
        let found = found.collect();
        (plain, found)
    }

    /// Which places these are.
    fn marked<'b>(&self, effects: impl Iterator<Item = &'b [usize]>) -> Vec<bool> {
        let mut marked = vec![false; self.values.len()];
        for place in effects.flatten() {
            if let Some(mark) = marked.get_mut(*place) {
                *mark = true;
            }
        }
        marked
    }

    /// How large an effect is, and its standard error.
    fn size(&self, places: &[usize], special: &[bool]) -> (EffectSize, f64) {
        let off: Vec<f64> = places
            .iter()
            .filter_map(|place| Some(self.off(special, *place, true)?.0))
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
            share: self.share,
            seen: off.len(),
        };
        (size, unsure)
    }

    /// Whether an effect stands out: seen once it must be [`SHOWS`] times what usual places differ, seen often less.
    fn shows(&self, places: &[usize], special: &[bool], scales: &Scales) -> bool {
        let times: Vec<f64> = places
            .iter()
            .filter_map(|place| {
                let (off, both) = self.off(special, *place, true)?;
                let scale = if both { scales.both } else { scales.one };
                Some(match (off.abs() > 0.0, scale > 0.0) {
                    (false, _) => 0.0,
                    (true, true) => off / scale,
                    (true, false) => off.signum() * f64::MAX,
                })
            })
            .collect();
        let seen = times.len() as f64;
        median(&times).is_some_and(|times| times.abs() * seen.sqrt() >= SHOWS)
    }

    fn scales(&self, special: &[bool]) -> Scales {
        let of = |after: bool| {
            let usual = (0..self.values.len()).filter(|place| !special[*place]);
            let off = usual.filter_map(|place| self.off(special, place, after));
            let off: Vec<f64> = off
                .filter(|(_, both)| *both == after)
                .map(|(off, _)| off.abs())
                .collect();
            MAD_TO_SIGMA * median(&off).unwrap_or(0.0)
        };
        Scales {
            both: of(true),
            one: of(false),
        }
    }

    /// How far a place is from its baseline, and whether that has neighbours on both sides.
    fn off(&self, special: &[bool], place: usize, after: bool) -> Option<(f64, bool)> {
        let value = self.values.get(place)?;
        let (plain, both) = self.baseline(special, place, after)?;
        if self.share && plain <= 0.0 {
            return None;
        }
        let off = if self.share {
            value / plain - 1.0
        } else {
            value - plain
        };
        off.is_finite().then_some((off, both))
    }

    /// The mean of the nearest places in the same phase that are like others, and whether they lie on both sides;
    /// `None` without any. `after`: whether those after it count.
    fn baseline(&self, special: &[bool], place: usize, after: bool) -> Option<(f64, bool)> {
        let season = self.season;
        let usual = |place: &usize| !special[*place];
        let before = (0..place).rev().skip(season - 1).step_by(season);
        let before: Vec<usize> = before.filter(usual).take(NEIGHBOURS).collect();
        let most = if after { NEIGHBOURS } else { 0 };
        let later = (place + season..self.values.len()).step_by(season);
        let later: Vec<usize> = later.filter(usual).take(most).collect();
        let near = before.iter().chain(&later).map(|place| self.values[*place]);
        let near: Vec<f64> = near.collect();
        Some((mean(&near)?, !before.is_empty() && !later.is_empty()))
    }
}

impl KnownEffect {
    /// Puts it on one step of an outcome.
    fn add(&self, outcome: &mut Outcome, index: usize) {
        const Z_80: f64 = 1.28;
        const Z_95: f64 = 1.96;
        let (size, unsure) = (self.size, self.unsure);
        // In fractions: a share of what was rounded to none is nothing.
        let level = outcome.even.point.get(index).copied().unwrap_or(0.0);
        let unit = if size.share { level } else { 1.0 };
        let (moved, unsure) = (size.size * unit, unsure * unit.abs());
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
                let value = if lifted && self.integer {
                    whole(value)
                } else {
                    value
                };
                if lifted && self.non_negative {
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
        for free in [&mut outcome.free, &mut outcome.even] {
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
    }
}
