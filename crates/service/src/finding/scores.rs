//! The scores of a series' points: kept from look to look, drawn as a ribbon, counted for other thresholds.

use api::{ChangePoint, Instant, PREVIEW_DAYS, Range, Scored, WhyUnknown};
use series::{Grid, Step};
use store::ScanOutcome;

use super::look::incidents;

/// How many stretches a ribbon has at most.
const RIBBON: usize = 360;

/// How many findings each threshold has in the last days, and how many days that is.
pub(crate) type Foretelling = (Vec<u32>, f64);

/// The scores of a grid.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scores {
    pub(crate) from: Instant,
    pub(crate) step: Step,
    /// In ten-thousandths; `None` where there is no value.
    pub(crate) values: Vec<Option<u16>>,
    pub(crate) changes: Vec<ChangePoint>,
}

impl Scores {
    /// Those that are kept of a look.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn kept(outcome: ScanOutcome) -> Result<Self, WhyUnknown> {
        match outcome {
            ScanOutcome::Unknown(why) => Err(why),
            ScanOutcome::Scored {
                from,
                step,
                scores,
                changes,
            } => Ok(Self {
                from,
                // An older version wrote it: the next look writes it anew.
                step: Step::from_label(&step).ok_or(WhyUnknown::Pending)?,
                values: scores,
                changes,
            }),
        }
    }

    /// As they are kept.
    pub(crate) fn outcome(self) -> ScanOutcome {
        ScanOutcome::Scored {
            from: self.from,
            step: self.step.label().to_owned(),
            scores: self.values,
            changes: self.changes,
        }
    }

    /// Where the period ends that has the last one.
    pub(crate) fn end(&self) -> Instant {
        self.at(self.values.len())
    }

    /// How many there are of the latest day, or of the latest period where that is longer.
    pub(crate) fn a_day(&self) -> u32 {
        let periods = usize::try_from(86_400 / self.step.seconds()).unwrap_or(0);
        let latest = self.values.iter().rev().take(periods.max(1));
        u32::try_from(latest.flatten().count()).unwrap_or(u32::MAX)
    }

    /// Whether there is a score just where that grid has a value, of what both hold up to that instant: what
    /// comes in late, or is removed, makes others of the scores after it.
    pub(crate) fn agree(&self, grid: &Grid, until: Instant) -> bool {
        let places = self.place(Instant(grid.start_us))..self.place(until);
        places.into_iter().all(|place| {
            let on_grid = self.step.between(grid.start_us, self.at(place).0);
            let value = usize::try_from(on_grid)
                .ok()
                .and_then(|at| grid.values.get(at));
            value.is_none_or(|value| value.is_some() == self.values[place].is_some())
        })
    }

    /// These, and before them at most so many of an earlier look.
    pub(crate) fn after(mut self, before: &Self, most: usize) -> Self {
        let gap = usize::try_from(self.step.between(before.end().0, self.from.0)).unwrap_or(0);
        let mut all = before.values[..before.place(self.from)].to_vec();
        all.resize(all.len().saturating_add(gap), None);
        let kept = all.split_off(all.len().saturating_sub(most));
        let reach = i64::try_from(kept.len()).unwrap_or(i64::MAX);
        self.from = Instant(self.step.advance(self.from.0, -reach));
        self.values = kept.into_iter().chain(self.values).collect();
        self
    }

    /// All of it, as a cache tells it from others.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.from.0.to_be_bytes().to_vec();
        bytes.extend(self.step.seconds().to_be_bytes());
        // No score is as high.
        let scores = self.values.iter().map(|score| score.unwrap_or(u16::MAX));
        bytes.extend(scores.flat_map(u16::to_be_bytes));
        bytes
    }

    pub(crate) fn at(&self, place: usize) -> Instant {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        Instant(self.step.advance(self.from.0, place))
    }

    /// The place of the first period that begins at that instant or later.
    pub(crate) fn place(&self, at: Instant) -> usize {
        let steps = self.step.between(self.from.0, at.0);
        let place = usize::try_from(steps).unwrap_or(0).min(self.values.len());
        if place < self.values.len() && self.at(place) < at {
            place + 1
        } else {
            place
        }
    }

    /// The known scores among these.
    fn known(&self, places: std::ops::Range<usize>) -> Vec<f64> {
        let values = self.values.get(places).unwrap_or_default();
        let known = values.iter().flatten();
        known.map(|score| f64::from(*score) / 10_000.0).collect()
    }

    /// The highest score of each of at most [`RIBBON`] stretches of the range.
    pub(crate) fn ribbon(&self, range: Range) -> Vec<Scored> {
        let (from, to) = (self.place(range.from), self.place(range.to));
        let width = to.saturating_sub(from).div_ceil(RIBBON).max(1);
        (from..to)
            .step_by(width)
            .filter_map(|place| {
                let known = self.known(place..(place + width).min(to));
                let score = known.into_iter().reduce(f64::max)?;
                Some(Scored {
                    at: self.at(place),
                    score,
                })
            })
            .collect()
    }

    /// How many findings each threshold has in the last [`PREVIEW_DAYS`], and how many days that is.
    pub(crate) fn counts(&self, thresholds: &[f64]) -> Foretelling {
        let end = self.end();
        let begin = end.minus(i64::from(PREVIEW_DAYS) * Instant::DAY);
        let first = self.place(begin);
        let options = incidents(self.step, anomaly::THRESHOLD);
        let all = anomaly::preview(&self.known(0..self.values.len()), thresholds, options);
        // What began before is no finding of these days.
        let before = anomaly::preview(&self.known(0..first), thresholds, options);
        let counts = all.iter().zip(before);
        let counts = counts
            .map(|(all, before)| u32::try_from(all.saturating_sub(before)).unwrap_or(u32::MAX));
        let days = end.seconds_since(self.at(first)) / 86_400.0;
        (counts.collect(), days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores() -> Scores {
        let mut values = vec![Some(1_000); 2_000];
        values[100] = Some(9_000);
        values[1_900] = Some(8_500);
        values[1_901] = None;
        values[1_902] = Some(8_600);
        Scores {
            from: Instant(0),
            step: Step::Hour,
            values,
            changes: Vec::new(),
        }
    }

    #[test]
    fn a_preview_counts_what_began_in_the_last_month() {
        let (counts, days) = scores().counts(&[0.6, 0.8, 0.855, 0.95]);
        assert_eq!(counts, [1, 1, 1, 0]);
        assert!((days - 30.0).abs() < 1e-9, "{days}");
        let short = Scores {
            values: vec![Some(9_000); 48],
            ..scores()
        };
        let (counts, days) = short.counts(&[0.8]);
        assert_eq!(counts, [1]);
        assert!((days - 2.0).abs() < 1e-9, "{days}");
    }

    #[test]
    fn a_ribbon_keeps_what_stands_out() {
        let hours = |n: i64| Instant(n * Instant::HOUR);
        let all = Range {
            from: hours(0),
            to: hours(5_000),
        };
        let ribbon = scores().ribbon(all);
        assert!(ribbon.len() <= RIBBON);
        let high = ribbon.iter().filter(|scored| scored.score > 0.8).count();
        assert_eq!(high, 3, "each is in a stretch of its own");
        let some = Range {
            from: hours(1_899),
            to: hours(1_903),
        };
        let near = scores().ribbon(some);
        let near: Vec<_> = near.iter().map(|scored| scored.score).collect();
        assert_eq!(near, [0.1, 0.85, 0.86], "a gap has no score");
        let never = Range {
            from: hours(-9),
            to: hours(-1),
        };
        assert_eq!(scores().ribbon(never), []);
    }

    #[test]
    fn an_earlier_look_is_kept_before_a_later_one() {
        let one = |from: i64, values: &[u16]| Scores {
            from: Instant(from * Instant::HOUR),
            values: values.iter().copied().map(Some).collect(),
            ..scores()
        };
        let before = one(10, &[1, 2, 3, 4]);
        let after = one(12, &[7, 8, 9]).after(&before, 10);
        assert_eq!(after, one(10, &[1, 2, 7, 8, 9]));
        let short = one(12, &[7, 8]).after(&before, 1);
        assert_eq!(short, one(11, &[2, 7, 8]));
        let apart = one(16, &[7]).after(&before, 10);
        let mut expected = one(10, &[1, 2, 3, 4, 0, 0, 7]);
        expected.values[4..6].fill(None);
        assert_eq!((apart.a_day(), scores().a_day()), (5, 24));
        assert_eq!(apart, expected);
        assert_eq!(
            one(9, &[5, 6, 7, 8, 9]).after(&before, 10).from,
            Instant(9 * Instant::HOUR)
        );
    }
}
