//! One series and the engine: samples onto a grid, a model fitted to it, kept up, made again, asked.
//!
//! Pure: what is known, the present and when to give up are parameters.

use api::{
    BackTest, FitReason, Fitted, Instant, LiveScore, MemberScore, ModelNote, Range, Series, Unit,
    WhyUnknown,
};
use forecast::{Drift, ENGINE, ForecastError, Forecaster, Note, Outcome, Pool, Request};
use series::{Filled, Sample, Step};
use store::{NewVersion, StoredVersion};

use super::keep::Pools;
use super::known::{Known, Marked};
use super::{FEWEST, horizon, not_enough};
use crate::calendar::Almanac;

/// A fitted model that is in force, kept up with what came in since.
pub(crate) struct Model {
    pub(crate) forecaster: Forecaster,
    pub(crate) step: Step,
    pub(crate) horizon: usize,
    /// Where the first period begins that it has not taken in.
    pub(crate) end: i64,
    /// Which version of the series' models it is; 0 as long as it has no number.
    pub(crate) number: u32,
    pub(crate) made_at: Instant,
    pub(crate) held_until: Option<Instant>,
    /// How many points it was fitted on.
    pub(crate) points: u32,
    pub(crate) filled: u32,
    pub(crate) drift: Drift,
    pub(crate) drifted_at: Option<Instant>,
    pub(crate) back_test: BackTest,
    known: Known,
    way: series::Aggregation,
    non_negative: bool,
    counted: bool,
}

impl Model {
    /// Whether it is a model of the series as it is counted now.
    pub(crate) fn fits(&self, series: &Series) -> bool {
        self.way == aggregation(series.aggregation)
            && self.non_negative == series.non_negative
            && self.counted == counted(series)
            && (series.limit.is_none() || self.reaches())
    }

    /// Whether it foresees as much time as it knows, or as people look ahead: with a limit that matters.
    fn reaches(&self) -> bool {
        let wanted = super::AHEAD_SECONDS / self.step.seconds();
        self.horizon >= usize::try_from(wanted.min(i64::from(self.points))).unwrap_or(0)
    }

    /// How it has done since it was fitted.
    pub(crate) fn live(&self) -> LiveScore {
        LiveScore {
            seen: self.drift.seen(),
            error: self.drift.error(),
            coverage: self.drift.coverage(),
        }
    }

    /// Takes in the value of the period that begins at `begins`.
    fn take_in(&mut self, begins: i64, value: f64, at: Instant, pool: &Pool) {
        if self.known.is_special(begins, self.step.advance(begins, 1)) {
            self.forecaster.skip();
        } else if let Some(surprise) = self.forecaster.update(value, pool)
            && self.drift.follow(&surprise)
        {
            self.drifted_at = Some(at);
        }
    }
}

/// The engines' word for it.
pub(crate) const fn aggregation(way: api::Aggregation) -> series::Aggregation {
    match way {
        api::Aggregation::Last => series::Aggregation::Last,
        api::Aggregation::Mean => series::Aggregation::Mean,
        api::Aggregation::Sum => series::Aggregation::Sum,
        api::Aggregation::Events => series::Aggregation::SumOfEvents,
    }
}

/// Whether it is things that are counted.
const fn counted(series: &Series) -> bool {
    matches!(series.unit, Unit::Count(_))
}

/// Whether there are no parts of things, and mostly more than none of them: of what goes once a week, the share of one
/// that goes each day is what there is to say.
fn whole(values: &[f64]) -> bool {
    let whole = |value: &f64| (value - value.round()).abs() <= 0.0;
    values.iter().all(whole) && series::median(values).is_some_and(|usual| usual >= 1.0)
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NoModel {
    /// The series does not allow one yet; with the step of its grid, if it has one.
    Unknown(WhyUnknown, Option<Step>),
    /// The engine gave up.
    Failed(String),
}

/// The history on a grid without gaps.
pub(crate) fn history(
    series: &Series,
    samples: &[(i64, f64)],
    now: Instant,
    step: Option<Step>,
) -> Result<Filled, NoModel> {
    let samples: Vec<Sample> = samples
        .iter()
        .map(|(at, value)| Sample::new(*at, *value))
        .collect();
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Err(NoModel::Unknown(WhyUnknown::NoData, None));
    };
    let step = step.or_else(|| super::grid(series, &samples, super::ahead(series, &samples)));
    let Some(step) = step else {
        return Err(NoModel::Unknown(not_enough(samples.len()), None));
    };
    let no = |why| NoModel::Unknown(why, Some(step));
    // A day that has just begun looks like a decline that stopped.
    let end = super::over(step, now, last.at_us);
    let way = aggregation(series.aggregation);
    let grid = series::resample(&samples, step, way, first.at_us..end)
        .map_err(|error| NoModel::Failed(error.to_string()))?;
    series::fill(&grid).map_err(|error| match error {
        series::FillError::Empty => no(not_enough(0)),
        series::FillError::TooManyMissing { missing, periods } => no(WhyUnknown::TooManyGaps {
            missing_percent: u32::try_from(missing * 100 / periods.max(1)).unwrap_or(100),
        }),
    })
}

/// Fits a model to all that is known.
pub(crate) fn fit(
    series: &Series,
    samples: &[(i64, f64)],
    now: Instant,
    (reason, almanac): (FitReason, &Almanac),
    pools: &Pools,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Model, NewVersion), NoModel> {
    let filled = history(series, samples, now, None)?;
    if filled.values.len() < FEWEST as usize {
        let why = not_enough(filled.values.len());
        return Err(NoModel::Unknown(why, Some(filled.step)));
    }
    let marked = Marked::on(almanac, series, &filled);
    let background = in_background(reason);
    let digest = digest(&filled, &marked, background);
    let model = fit_on(series, &filled, marked, background, now, cancelled)?;
    let (outcome, coverage) = (
        asked(&model, 1, &Pool::default())?,
        model.forecaster.coverage(&pools.of(filled.step)),
    );
    let back_test = &model.back_test;
    let version = NewVersion {
        engine: ENGINE.to_owned(),
        step: filled.step.label().to_owned(),
        window: Range {
            from: Instant(samples.first().map_or(filled.start_us, |(at, _)| *at)),
            to: Instant(filled.end_us()),
        },
        points: model.points,
        filled: model.filled,
        digest,
        ratio: back_test
            .mase
            .zip(back_test.naive_mase)
            .filter(|(_, naive)| *naive > 0.0)
            .map(|(ours, naive)| ours / naive),
        cpu_us: 0,
        fitted: Fitted {
            reason,
            back_test: back_test.clone(),
            coverage,
            season: outcome.season.and_then(|season| u32::try_from(season).ok()),
            notes: notes(&outcome, &filled),
            effects: model.known.told(&filled, model.horizon),
        },
    };
    Ok((model, version))
}

fn fit_on(
    series: &Series,
    filled: &Filled,
    marked: Marked,
    background: bool,
    now: Instant,
    cancelled: &dyn Fn() -> bool,
) -> Result<Model, NoModel> {
    let step = filled.step;
    let horizon = horizon(step, filled.values.len());
    let request = Request {
        values: &filled.values,
        seasons: step.seasons(),
        horizon,
        non_negative: never_negative(series, &filled.values),
        integer: counted(series) && whole(&filled.values),
        background,
    };
    let (forecaster, known) = marked
        .fit(&request, cancelled)
        .map_err(|error| match error {
            ForecastError::NotEnough { have, .. } => NoModel::Unknown(not_enough(have), Some(step)),
            ForecastError::Cancelled => NoModel::Failed("it took too long".to_owned()),
            other => NoModel::Failed(other.to_string()),
        })?;
    let mut model = Model {
        forecaster,
        known,
        step,
        horizon,
        end: filled.end_us(),
        number: 0,
        made_at: now,
        held_until: None,
        points: u32::try_from(filled.values.len()).unwrap_or(u32::MAX),
        filled: u32::try_from(filled.filled).unwrap_or(u32::MAX),
        drift: Drift::default(),
        drifted_at: None,
        back_test: back_test(&Outcome::default()),
        way: aggregation(series.aggregation),
        non_negative: series.non_negative,
        counted: counted(series),
    };
    let outcome = asked(&model, 1, &Pool::default())?;
    model.back_test = back_test(&outcome);
    Ok(model)
}

/// Whether the series cannot be below zero: because its source says so, or because it never was and counts
/// what there is no less than none of. Money can be owed, and a thermometer knows no floor.
fn never_negative(series: &Series, values: &[f64]) -> bool {
    if series.non_negative {
        return true;
    }
    if values.iter().any(|value| *value < 0.0) {
        return false;
    }
    match &series.unit {
        Unit::Count(things) => !things.contains('°'),
        Unit::Percent | Unit::Bytes | Unit::BytesPerSecond | Unit::Seconds => true,
        Unit::Money(_) => false,
        // Nobody said what it counts; whole numbers count things.
        Unit::None => whole(values),
    }
}

/// What the model says of the next steps.
pub(crate) fn asked(model: &Model, horizon: usize, pool: &Pool) -> Result<Outcome, NoModel> {
    let said = model.forecaster.outcome(horizon, pool);
    let mut said = said.map_err(|error| NoModel::Failed(error.to_string()))?;
    model.known.put_on(&mut said, model.end, model.step);
    Ok(said)
}

/// What became of bringing a model up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advance {
    /// It knows all that is over.
    Done,
    /// There is a gap in what came in: it must be made again from all data, which closes gaps.
    Gap,
}

/// Takes in what came after the model's last period; `samples` are those from there on, and `pool` is that of the
/// bands that are shown.
pub(crate) fn advance(
    model: &mut Model,
    samples: &[(i64, f64)],
    now: Instant,
    pool: &Pool,
) -> Advance {
    let new = samples.iter().filter(|(at, _)| *at >= model.end);
    let new = new.map(|(at, value)| Sample::new(*at, *value));
    // What the model knows came before: where values are of events, the silence since then is none.
    let known = Sample::new(model.end - 1, 0.0);
    let known_and_new: Vec<Sample> = std::iter::once(known).chain(new).collect();
    let [_, .., last] = known_and_new.as_slice() else {
        return Advance::Done;
    };
    let end = super::over(model.step, now, last.at_us);
    if end <= model.end {
        return Advance::Done;
    }
    let range = model.end..end;
    let Ok(grid) = series::resample(&known_and_new, model.step, model.way, range) else {
        return Advance::Gap;
    };
    if grid.missing() > 0 {
        return Advance::Gap;
    }
    let mut begins = model.end;
    for value in grid.values.iter().flatten() {
        model.take_in(begins, *value, now, pool);
        begins = model.step.advance(begins, 1);
    }
    model.end = grid.end_us();
    Advance::Done
}

/// Makes a version again: fitted on the window that it was fitted on, with what came in since taken in.
/// `None` where that window, or the calendar of it, is not what it was.
pub(crate) fn again(
    series: &Series,
    samples: &[(i64, f64)],
    now: Instant,
    (stored, almanac): (&StoredVersion, &Almanac),
    pools: &Pools,
    cancelled: &dyn Fn() -> bool,
) -> Option<Model> {
    let version = &stored.version;
    let step = Step::from_label(&version.step).filter(|_| version.engine == ENGINE)?;
    let window = version.window;
    // What lies after the window is in no period of it.
    let known = history(series, samples, window.to, Some(step)).ok()?;
    let marked = Marked::on(almanac, series, &known);
    let background = in_background(version.fitted.reason);
    if digest(&known, &marked, background) != stored.digest {
        return None;
    }
    let made_at = version.made_at;
    let mut model = fit_on(series, &known, marked, background, made_at, cancelled).ok()?;
    model.number = version.number;
    model.held_until = version.held_until;
    let all = history(series, samples, now, Some(step)).ok()?;
    let pool = pools.of(step);
    let skip = usize::try_from(step.between(all.start_us, model.end)).unwrap_or(0);
    for (place, value) in all.values.iter().enumerate().skip(skip) {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        model.take_in(step.advance(all.start_us, place), *value, now, &pool);
    }
    model.drifted_at = model.drifted_at.map(|at| version.drifted_at.unwrap_or(at));
    model.end = all.end_us().max(model.end);
    Some(model)
}

/// Whether nobody waits for a fit, so that the slower models have a part in it: a forecast is there and goes on.
const fn in_background(reason: FitReason) -> bool {
    match reason {
        FitReason::Age | FitReason::News | FitReason::Drift => true,
        FitReason::First | FitReason::Late | FitReason::Asked | FitReason::Calendar => false,
    }
}

/// What tells one history from another, one way of fitting from another, and one program from another:
/// FNV-1a, which needs no secret.
fn digest(filled: &Filled, marked: &Marked, background: bool) -> String {
    let values = filled
        .values
        .iter()
        .flat_map(|value| value.to_bits().to_le_bytes());
    let start = filled.start_us.to_le_bytes().into_iter();
    let named = ENGINE.bytes().chain(filled.step.label().bytes());
    let hash = named
        .chain(start)
        .chain(values)
        .chain(marked.bytes())
        .chain(background.then_some(1))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}

fn notes(outcome: &Outcome, filled: &Filled) -> Vec<ModelNote> {
    let left_out = filled.values.len().saturating_sub(outcome.used);
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let at = |place: usize| {
        let place = i64::try_from(left_out + place).unwrap_or(0);
        Instant(filled.step.advance(filled.start_us, place))
    };
    let notes = outcome.notes.iter().map(|note| match *note {
        Note::ShortForSeason { season, have } => ModelNote::ShortForSeason {
            season: small(season),
            have: small(have),
        },
        Note::LevelShift { place, by } => ModelNote::LevelShift { at: at(place), by },
        Note::HeldBack { place, value } => ModelNote::HeldBack {
            at: at(place),
            value,
        },
    });
    notes.collect()
}

fn back_test(outcome: &Outcome) -> BackTest {
    let tried = outcome.origins > 0;
    let kept = |value: f64| (tried && value.is_finite()).then_some(value);
    BackTest {
        origins: u32::try_from(outcome.origins).unwrap_or(u32::MAX),
        mase: kept(outcome.ensemble_error.mase),
        naive_mase: kept(outcome.naive_error.mase),
        smape: kept(outcome.ensemble_error.smape),
        naive_smape: kept(outcome.naive_error.smape),
        beats_naive: tried && outcome.beats_naive,
        members: outcome
            .members
            .iter()
            .map(|m| MemberScore {
                name: m.model.name().to_owned(),
                weight: m.weight,
                mase: m.error.map(|e| e.mase).filter(|e| e.is_finite()),
                failed: m.failed.clone(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
