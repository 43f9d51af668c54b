//! Looking at a machine as a whole: which of its series have enough in common, on which grid, and whether
//! they are unusual together.
//!
//! Pure: what is known, the present and when to give up are parameters.

use anomaly::{AnomalyError, Table, TogetherOptions};
use api::{Aggregation, Instant, Series, SeriesShare, Together, WhyUnknown};
use series::{Grid, Sample, Step};
use store::Bucket;

use crate::forecast::aggregation;

/// Fewer series have nothing to be unusual together with: two that part are found, but nobody can say which.
pub(crate) const FEWEST_SERIES: usize = 3;
/// More would make a look long; those with a limit come first.
pub(crate) const MOST_SERIES: usize = 32;
/// Fewer rows do not know what one in a hundred is.
pub(crate) const FEWEST_ROWS: usize = 200;
/// A week of five minutes. At 63 µs a row of eight features (docs/measurements.md) a look at so many takes some
/// 0.13 s of CPU time; of [`MOST_SERIES`] about four times that, which is reckoned and not measured.
pub(crate) const MOST_ROWS: usize = 2_016;
/// So many newest samples tell how often a series comes in.
pub(crate) const PROBED: u32 = 60;
/// Series that come in more rarely say nothing of the present.
const RAREST: Step = Step::Hour;
/// Series that said nothing for so long have no part; their silence is an ailment of its own.
const SILENT: i64 = 2 * Instant::HOUR;
/// How many shares are told, and how small ones are.
const SHARES: (usize, f64) = (5, 0.05);

/// A series that may have a part in it, and how often it comes in.
pub(crate) struct Part {
    pub(crate) series: Series,
    pub(crate) cadence: Step,
}

/// The grid of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) step: Step,
    /// The beginning of the first period.
    pub(crate) from: i64,
    /// The end of the last.
    pub(crate) to: i64,
    /// How many periods there are.
    pub(crate) rows: usize,
}

/// Those series of a machine that are worth asking for, those with a limit first.
pub(crate) fn candidates(mut series: Vec<Series>, now: Instant) -> Vec<Series> {
    series.retain(|one| one.last.is_some_and(|last| now.0 - last.at.0 <= SILENT));
    series.sort_by(|a, b| {
        let key = |one: &Series| (one.limit.is_none(), one.first_at);
        key(a).cmp(&key(b)).then_with(|| a.title.cmp(&b.title))
    });
    series.truncate(MOST_SERIES);
    series
}

/// How often a series comes in, by its newest samples; `None` where that is too rarely to have a part.
pub(crate) fn cadence(newest: &[(i64, f64)]) -> Option<Step> {
    let samples: Vec<Sample> = newest
        .iter()
        .map(|(at, value)| Sample::new(*at, *value))
        .collect();
    series::guess_step(&samples).filter(|step| *step <= RAREST)
}

/// Which series have a part, and on which grid; what can be said where there is none.
///
/// # Errors
/// Where there are too few series or they have too little in common.
pub(crate) fn frame(parts: Vec<Part>, now: Instant) -> Result<(Vec<Part>, Frame), Together> {
    let Some(coarsest) = parts.iter().map(|part| part.cadence).max() else {
        return Err(too_few(0));
    };
    if parts.len() < FEWEST_SERIES {
        return Err(too_few(parts.len()));
    }
    let rows = |step: Step, from: i64| {
        // The period in which the first sample came may have begun without it, and the present one is not over.
        usize::try_from(step.between(from, now.0) - 1).unwrap_or(0)
    };
    let since = |part: &Part| part.series.first_at.map_or(now.0, |at| at.0);
    // A series that was added yesterday does not take the past away from the others.
    let old = |part: &Part| rows(coarsest, since(part)) >= FEWEST_ROWS;
    let parts: Vec<Part> = if parts.iter().filter(|part| old(part)).count() >= FEWEST_SERIES {
        parts.into_iter().filter(old).collect()
    } else {
        parts
    };
    let common = parts.iter().map(since).max().unwrap_or(now.0);
    // A new machine is looked at by the minute, so that there is something to say after hours and not after a day.
    let step = if rows(Step::Minute, common) <= MOST_ROWS {
        coarsest
    } else {
        coarsest.max(Step::FiveMinutes)
    };
    let rows = rows(step, common).min(MOST_ROWS);
    if rows < FEWEST_ROWS {
        return Err(unknown(not_enough(rows)));
    }
    let to = step.floor(now.0);
    let from = step.advance(to, -i64::try_from(rows).unwrap_or(0));
    let frame = Frame {
        step,
        from,
        to,
        rows,
    };
    Ok((parts, frame))
}

/// The periods that the database summed up, as a sample each.
pub(crate) fn summed(buckets: &[Bucket], way: Aggregation) -> Vec<Sample> {
    let value = |bucket: &Bucket| match way {
        Aggregation::Last => bucket.last,
        Aggregation::Mean => bucket.sum / bucket.count.max(1) as f64,
        Aggregation::Sum | Aggregation::Events => bucket.sum,
    };
    let samples = buckets.iter();
    samples
        .map(|bucket| Sample::new(bucket.at.0, value(bucket)))
        .collect()
}

/// Looks at series that have been put on a grid.
pub(crate) fn look(
    columns: &[(Series, Vec<Sample>)],
    frame: Frame,
    cancelled: &dyn Fn() -> bool,
) -> Together {
    let grids = columns.iter().map(|(series, samples)| {
        let way = aggregation(series.aggregation);
        series::resample(samples, frame.step, way, frame.from..frame.to)
    });
    let grids: Vec<Grid> = match grids.collect::<Result<_, _>>() {
        Ok(grids) => grids,
        Err(error) => return failed(&error.to_string()),
    };
    let (places, values) = rows(&grids, frame.rows);
    if places.len() < FEWEST_ROWS {
        let missing = (frame.rows - places.len()) * 100 / frame.rows.max(1);
        return unknown(WhyUnknown::TooManyGaps {
            missing_percent: small(missing),
        });
    }
    let found = Table::new(&values, columns.len()).and_then(|table| {
        let options = TogetherOptions::default();
        anomaly::together(&table, &options, cancelled)
    });
    let at = |row: usize| {
        let place = places.get(row).copied().unwrap_or(0);
        Instant(
            frame
                .step
                .advance(frame.from, i64::try_from(place).unwrap_or(0)),
        )
    };
    let series = small(columns.len());
    let until = Instant(frame.step.advance(at(places.len() - 1).0, 1));
    match found {
        Ok(None) => Together::Usual { series, until },
        Ok(Some(found)) => Together::Unusual {
            series,
            since: at(found.since),
            until,
            score: found.score.score,
            p_value: found.score.p_value,
            shares: shares(&found, columns),
        },
        Err(AnomalyError::NotEnough { have, .. }) => unknown(not_enough(have)),
        Err(error) => failed(&error.to_string()),
    }
}

/// The rows in which at least half of the series have a value: their places on the grid, and all their values.
fn rows(grids: &[Grid], count: usize) -> (Vec<usize>, Vec<f64>) {
    let (mut places, mut values) = (Vec::new(), Vec::new());
    for place in 0..count {
        let row = grids
            .iter()
            .map(|grid| grid.values.get(place).copied().flatten());
        let known = row.clone().flatten().count();
        if 2 * known >= grids.len() && known > 0 {
            places.push(place);
            // The engine takes the usual value for what is missing.
            values.extend(row.map(|value| value.unwrap_or(f64::NAN)));
        }
    }
    (places, values)
}

fn shares(found: &anomaly::Together, columns: &[(Series, Vec<Sample>)]) -> Vec<SeriesShare> {
    let (most, least) = SHARES;
    let told = found.contributions.iter().filter(|one| one.share >= least);
    told.take(most)
        .filter_map(|one| {
            let (series, _) = columns.get(one.feature)?;
            Some(SeriesShare {
                series: series.id.clone(),
                title: series.title.clone(),
                share: one.share,
            })
        })
        .collect()
}

pub(crate) const fn unknown(why: WhyUnknown) -> Together {
    Together::Unknown { why }
}

pub(crate) fn failed(reason: &str) -> Together {
    unknown(WhyUnknown::Failed {
        reason: reason.to_owned(),
    })
}

fn too_few(have: usize) -> Together {
    Together::TooFew {
        have: small(have),
        need: small(FEWEST_SERIES),
    }
}

fn not_enough(have: usize) -> WhyUnknown {
    WhyUnknown::NotEnough {
        have: small(have),
        need: small(FEWEST_ROWS),
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = Instant::HOUR;

    fn part(name: &str, since: i64, cadence: Step) -> Part {
        let mut series = fakes::series(name).build();
        series.first_at = Some(Instant(since));
        Part { series, cadence }
    }

    fn parts(count: usize, since: i64, cadence: Step) -> Vec<Part> {
        let names = (0..count).map(|number| format!("s{number}"));
        names.map(|name| part(&name, since, cadence)).collect()
    }

    fn framed(parts: Vec<Part>, now: i64) -> (usize, Frame) {
        let (parts, frame) = frame(parts, Instant(now)).map_err(drop).unwrap();
        (parts.len(), frame)
    }

    #[test]
    fn a_new_machine_is_looked_at_by_the_minute_and_an_old_one_by_five_of_them_for_a_week() {
        let (_, new) = framed(parts(3, 0, Step::Minute), 4 * HOUR);
        assert_eq!((new.step, new.rows, new.to), (Step::Minute, 239, 4 * HOUR));
        assert_eq!(new.from, Instant::MINUTE);
        let (_, old) = framed(parts(3, 0, Step::Minute), 900 * HOUR);
        assert_eq!((old.step, old.rows), (Step::FiveMinutes, MOST_ROWS));
        assert_eq!(old.from, old.to - 7 * Instant::DAY);
        let mut mixed = parts(3, 0, Step::Minute);
        mixed.push(part("rare", 0, Step::Hour));
        let (count, rare) = framed(mixed, 900 * HOUR);
        assert_eq!((count, rare.step, rare.rows), (4, Step::Hour, 899));
    }

    #[test]
    fn a_series_that_is_new_does_not_take_the_past_away_from_the_others() {
        let mut all = parts(3, 0, Step::Minute);
        all.push(part("new", 9 * HOUR, Step::Minute));
        let (count, frame) = framed(all, 10 * HOUR);
        assert_eq!((count, frame.rows), (3, 599));
    }

    #[test]
    fn too_little_in_common_is_unknown_and_not_usual() {
        let none = |parts, now| match frame(parts, Instant(now)) {
            Err(together) => together,
            Ok(_) => panic!("a frame"),
        };
        assert_eq!(none(Vec::new(), HOUR), too_few(0));
        let two = parts(2, 0, Step::Minute);
        assert_eq!(none(two, 9 * HOUR), too_few(2));
        let young = parts(3, 0, Step::Minute);
        assert_eq!(none(young, HOUR), unknown(not_enough(59)));
        let future = parts(3, 9 * HOUR, Step::Minute);
        assert_eq!(none(future, HOUR), unknown(not_enough(0)));
    }

    #[test]
    fn what_is_silent_or_comes_in_rarely_has_no_part() {
        let at = |at| {
            let mut one = fakes::series("s").build();
            one.last = Some(api::Point {
                at: Instant(at),
                value: Some(1.0),
            });
            one
        };
        let found = candidates(vec![at(0), at(9 * HOUR)], Instant(10 * HOUR));
        assert_eq!(found.len(), 1);
        let every = |step: i64| -> Vec<(i64, f64)> { (0..9).map(|i| (i * step, 1.0)).collect() };
        assert_eq!(cadence(&every(10 * Instant::SECOND)), Some(Step::Minute));
        assert_eq!(cadence(&every(HOUR)), Some(Step::Hour));
        assert_eq!(cadence(&every(24 * HOUR)), None);
        assert_eq!(cadence(&[]), None);
    }

    /// Three series that never move, with a sample in each of the first minutes of a grid.
    fn still(minutes: i64, sampled: i64) -> (Frame, [(Series, Vec<Sample>); 3]) {
        let frame = Frame {
            step: Step::Minute,
            from: 0,
            to: minutes * Instant::MINUTE,
            rows: usize::try_from(minutes).unwrap(),
        };
        let samples: Vec<Sample> = (0..sampled)
            .map(|place| Sample::new(place * Instant::MINUTE, 1.0))
            .collect();
        let column = |name: &str| (fakes::series(name).build(), samples.clone());
        (frame, ["a", "b", "c"].map(column))
    }

    #[test]
    fn a_grid_that_is_mostly_holes_is_unknown() {
        let (frame, columns) = still(400, 100);
        let missing_percent = 75;
        let expected = unknown(WhyUnknown::TooManyGaps { missing_percent });
        assert_eq!(look(&columns, frame, &|| false), expected);
    }

    #[test]
    fn what_never_moves_is_usual_and_what_takes_too_long_is_unknown() {
        let (frame, columns) = still(300, 300);
        let usual = Together::Usual {
            series: 3,
            until: Instant(300 * Instant::MINUTE),
        };
        assert_eq!(look(&columns, frame, &|| false), usual);
        assert_eq!(look(&columns, frame, &|| true), failed("it took too long"));
    }
}
