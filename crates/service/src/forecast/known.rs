//! Known effects of a series: days of the calendar in its history, what they did, and where they come again.
//!
//! Pure: the calendar is a parameter. Days with one name are one effect; where they were seen less than twice,
//! what all days of their kind did is the better guess.

use api::{EffectKind, Instant, Series, UsedEffect};
use forecast::{ForecastError, Forecaster, KnownEffect, Outcome, Request};
use series::{Filled, Step, periods_within};

use crate::calendar::{Almanac, Occasion, STEPS};

/// A model is used for so long at most before it is fitted anew.
const AHEAD: i64 = 3 * 366 * Instant::DAY;
/// So many stretches are told of each effect, on either side of the present.
const TOLD: usize = 6;
/// And so many effects of a version.
const MOST_TOLD: usize = 60;

/// The days of the calendar in a history.
#[derive(Default)]
pub(crate) struct Marked {
    occasions: Vec<Occasion>,
    /// The places of each in the history.
    past: Vec<Vec<usize>>,
}

/// What they were found to do.
#[derive(Default)]
pub(crate) struct Known(Vec<One>);

struct One {
    occasion: Occasion,
    effect: KnownEffect,
    /// Whether that is what all of its kind do.
    of_kind: bool,
    /// Whether nothing of its kind was ever seen.
    unheard: bool,
}

impl Marked {
    /// Marks the days; none on a grid on which days are no single points.
    pub(crate) fn on(almanac: &Almanac, series: &Series, filled: &Filled) -> Self {
        if !STEPS.contains(&filled.step) {
            return Self::default();
        }
        let ahead = filled.end_us().saturating_add(AHEAD);
        let occasions = almanac.of(series, filled.start_us, ahead);
        let count = filled.values.len();
        let past = occasions
            .iter()
            .map(|one| periods_within(&one.spans, filled.start_us, filled.step, count))
            .collect();
        Self { occasions, past }
    }

    /// What tells one calendar of a history from another; empty where no day of it lies in there.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let seen = self.occasions.iter().zip(&self.past);
        let seen = seen.filter(|(_, past)| !past.is_empty());
        seen.flat_map(|(one, past)| {
            let places = past.iter().flat_map(|place| place.to_le_bytes());
            let kind = [one.kind as u8];
            one.name
                .to_lowercase()
                .into_bytes()
                .into_iter()
                .chain(kind)
                .chain(places)
        })
    }

    /// Fits the history as it would have been without them.
    pub(crate) fn fit(
        self,
        request: &Request,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(Forecaster, Known), ForecastError> {
        if self.occasions.is_empty() {
            let fitted = forecast::fit(request, cancelled)?;
            return Ok((fitted, Known::default()));
        }
        // Other events have nothing in common to learn from.
        let kinds = [
            EffectKind::Holiday,
            EffectKind::Promotion,
            EffectKind::Closure,
        ];
        let pools = kinds.map(|kind| self.places_of(kind));
        let places = self.past.iter().chain(&pools);
        let places: Vec<&[usize]> = places.map(Vec::as_slice).collect();
        let (fitted, effects) = forecast::fit_with_effects(request, &places, cancelled)?;
        let (own, pooled) = effects.split_at(self.occasions.len().min(effects.len()));
        let known = self.occasions.into_iter().zip(own).map(|(occasion, own)| {
            let pool = kinds.iter().position(|kind| *kind == occasion.kind);
            let pool = pool.and_then(|place| pooled.get(place));
            let of_kind = pool.filter(|pool| own.size.seen < 2 && pool.shows);
            One {
                occasion,
                effect: *of_kind.unwrap_or(own),
                of_kind: of_kind.is_some(),
                unheard: own.size.seen == 0 && pool.is_none_or(|pool| pool.size.seen == 0),
            }
        });
        Ok((fitted, Known(known.collect())))
    }

    fn places_of(&self, kind: EffectKind) -> Vec<usize> {
        let of_kind = self.occasions.iter().zip(&self.past);
        let of_kind = of_kind.filter(|(one, _)| one.kind == kind);
        let mut places: Vec<usize> = of_kind.flat_map(|(_, past)| past.iter().copied()).collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Known {
    /// Whether a period's value says nothing of the usual course: one of the days is in it that does something, or of
    /// which nobody knows yet what it does.
    pub(crate) fn is_special(&self, from_us: i64, to_us: i64) -> bool {
        self.0.iter().any(|one| {
            let mut spans = one.occasion.spans.iter();
            let inside = spans.any(|span| span.start < to_us && span.end > from_us);
            inside && (one.effect.shows || one.unheard)
        })
    }

    /// Puts the effects on what the model says of the periods from `end_us` on.
    pub(crate) fn put_on(&self, outcome: &mut Outcome, end_us: i64, step: Step) {
        let count = outcome.point.len();
        for one in &self.0 {
            let places = periods_within(&one.occasion.spans, end_us, step, count);
            let steps: Vec<usize> = places.into_iter().map(|place| place + 1).collect();
            one.effect.put_on(outcome, &steps);
        }
    }

    /// What a reader should know of them: those that stand out first, and those that come again.
    pub(crate) fn told(&self, filled: &Filled, horizon: usize) -> Vec<UsedEffect> {
        let (start, end) = (filled.start_us, filled.end_us());
        let steps = i64::try_from(horizon).unwrap_or(i64::MAX);
        let until = filled.step.advance(end, steps);
        let mut told: Vec<UsedEffect> = self
            .0
            .iter()
            .map(|one| {
                let within = |from: i64, to: i64| {
                    let spans = one.occasion.spans.iter();
                    let spans = spans.filter(move |span| span.start < to && span.end > from);
                    spans.map(|span| api::Range {
                        from: Instant(span.start),
                        to: Instant(span.end),
                    })
                };
                let mut past: Vec<_> = within(start, end).collect();
                past.drain(..past.len().saturating_sub(TOLD));
                let size = one.effect.size;
                UsedEffect {
                    name: one.occasion.name.clone(),
                    kind: one.occasion.kind,
                    seen: u32::try_from(size.seen).unwrap_or(u32::MAX),
                    shows: one.effect.shows,
                    size: size.size,
                    share: size.share,
                    of_kind: one.of_kind,
                    past,
                    ahead: within(end, until).take(TOLD).collect(),
                }
            })
            .filter(|one| !one.past.is_empty() || !one.ahead.is_empty())
            .collect();
        told.sort_by_key(|one| (!one.shows, one.ahead.is_empty()));
        told.truncate(MOST_TOLD);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_know_no_days_of_the_calendar() {
        let almanac = Almanac::new(Some("DE"), Vec::new());
        let series = fakes::series("sales").build();
        // From 1 December 2026 on.
        let filled = |step: Step| Filled {
            start_us: 1_796_083_200_000_000,
            step,
            values: vec![1.0; 40],
            filled: 0,
        };
        assert_eq!(
            Marked::on(&almanac, &series, &filled(Step::Hour))
                .bytes()
                .count(),
            0
        );
        assert!(
            Marked::on(&almanac, &series, &filled(Step::Day))
                .bytes()
                .count()
                > 0
        );
        let other = Almanac::new(Some("GB-ENG"), Vec::new());
        let of = |almanac: &Almanac| -> Vec<u8> {
            Marked::on(almanac, &series, &filled(Step::Day))
                .bytes()
                .collect()
        };
        assert_eq!(
            of(&almanac),
            of(&other),
            "both have two days of Christmas and New Year's Day"
        );
        assert_ne!(of(&almanac), of(&Almanac::new(Some("AT"), Vec::new())));
    }
}
