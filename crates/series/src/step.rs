//! The regular grids that are offered, and which of them suits given samples.

use crate::calendar::{DAY_US, month_of, start_of_month};
use crate::{Sample, median};

/// A history shorter than this on a grid says too little to forecast from.
pub const FEWEST_POINTS: usize = 24;
/// A history longer than this on a grid costs more than it tells.
pub const MOST_POINTS: usize = 1_500;
/// A forecast of more steps than this belongs on a coarser grid.
const MOST_STEPS_AHEAD: i64 = 150;

/// A regular grid of instants, aligned to UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Whole minutes.
    Minute,
    /// Every five minutes from the full hour.
    FiveMinutes,
    /// Quarters of an hour.
    QuarterHour,
    /// Whole hours.
    Hour,
    /// Quarters of a day from midnight UTC.
    SixHours,
    /// Days from midnight UTC.
    Day,
    /// Weeks from Monday, midnight UTC.
    Week,
    /// Calendar months from the first, midnight UTC.
    Month,
}

impl Step {
    /// Every grid, finest first.
    pub const ALL: [Self; 8] = [
        Self::Minute,
        Self::FiveMinutes,
        Self::QuarterHour,
        Self::Hour,
        Self::SixHours,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// Seconds in one step; a month counts as the Gregorian average of 30.436875 days.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::QuarterHour => 900,
            Self::Hour => 3_600,
            Self::SixHours => 21_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
            Self::Month => 2_629_746,
        }
    }

    /// A short name for people, also accepted by [`Step::from_label`].
    pub const fn label(self) -> &'static str {
        match self {
            Self::Minute => "1 min",
            Self::FiveMinutes => "5 min",
            Self::QuarterHour => "15 min",
            Self::Hour => "1 h",
            Self::SixHours => "6 h",
            Self::Day => "1 d",
            Self::Week => "1 week",
            Self::Month => "1 month",
        }
    }

    /// The grid with this [`Step::label`], if there is one.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.label() == label)
    }

    /// Grid points in the seasons that business and machines live by, shortest first.
    ///
    /// The year of a daily series is left out: it needs two years of history and a calendar, not 365 free indices.
    pub const fn seasons(self) -> &'static [usize] {
        match self {
            Self::Minute => &[60, 1_440],
            Self::FiveMinutes => &[288, 2_016],
            Self::QuarterHour => &[96, 672],
            Self::Hour => &[24, 168],
            Self::SixHours => &[4, 28],
            Self::Day => &[7],
            Self::Week => &[52],
            Self::Month => &[12],
        }
    }

    /// Grid points in the shortest of [`Step::seasons`]: 24 for hours, 7 for days, 12 for months.
    pub const fn season(self) -> usize {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 288,
            Self::QuarterHour => 96,
            Self::Hour => 24,
            Self::SixHours => 4,
            Self::Day => 7,
            Self::Week => 52,
            Self::Month => 12,
        }
    }

    /// The start of the period that holds `at_us`.
    pub fn floor(self, at_us: i64) -> i64 {
        self.start_of(self.index_of(at_us))
    }

    /// The start of the period `n` steps after (before, when negative) the one that holds `at_us`.
    pub fn advance(self, at_us: i64, n: i64) -> i64 {
        self.start_of(self.index_of(at_us).saturating_add(n))
    }

    /// How many steps lie between the periods of two instants; negative when `to_us` is earlier.
    pub fn between(self, from_us: i64, to_us: i64) -> i64 {
        self.index_of(to_us) - self.index_of(from_us)
    }

    /// The period of an instant, counted from the one that holds (or, for weeks, precedes) the epoch.
    fn index_of(self, at_us: i64) -> i64 {
        match self {
            Self::Month => month_of(at_us),
            // The epoch was a Thursday: three days after the Monday of its week.
            Self::Week => at_us.saturating_add(3 * DAY_US).div_euclid(7 * DAY_US),
            fixed => at_us.div_euclid(fixed.seconds() * 1_000_000),
        }
    }

    fn start_of(self, index: i64) -> i64 {
        match self {
            // Months beyond the range of an instant in microseconds are clamped, not wrapped.
            Self::Month => start_of_month(index.clamp(-3_500_000, 3_500_000)),
            Self::Week => index.saturating_mul(7 * DAY_US).saturating_sub(3 * DAY_US),
            fixed => index.saturating_mul(fixed.seconds() * 1_000_000),
        }
    }
}

/// The native cadence: the grid nearest (in ratio) to the median gap between samples.
///
/// Samples need not be sorted, and repeated instants are ignored.
/// The median shrugs off missing samples and bursts alike.
/// `None` when there are fewer than two distinct instants.
pub fn guess_step(samples: &[Sample]) -> Option<Step> {
    let mut instants: Vec<i64> = samples.iter().map(|sample| sample.at_us).collect();
    instants.sort_unstable();
    instants.dedup();
    let gaps: Vec<f64> = instants
        .windows(2)
        .map(|pair| (pair[1].saturating_sub(pair[0])) as f64 / 1e6)
        .collect();
    let gap = median(&gaps)?;
    let distance = |step: Step| (gap / step.seconds() as f64).ln().abs();
    Step::ALL
        .into_iter()
        .min_by(|a, b| distance(*a).total_cmp(&distance(*b)))
}

/// The grid to forecast `ahead_s` seconds on.
///
/// It is the finest that is not finer than the native cadence, on which the history has
/// [`FEWEST_POINTS`] to [`MOST_POINTS`] points and at least two seasons, and on which `ahead_s` is at most 150 steps; 0 is no wish.
/// When no grid grants every wish, the seasons are dropped first, then the reach, then the length.
/// `None` when there are fewer than two distinct instants.
pub fn choose_step(samples: &[Sample], ahead_s: i64) -> Option<Step> {
    chosen(guess_step(samples)?, samples, ahead_s)
}

/// The grid to forecast `ahead_s` seconds on where samples are of events: how far apart those lie says how often
/// something happens, and not how finely it is noted.
///
/// As [`choose_step`], and not finer than the coarsest step up to a day on which all that is not zero lies.
pub fn choose_step_of_events(samples: &[Sample], ahead_s: i64) -> Option<Step> {
    let events = || samples.iter().filter(|sample| sample.value != 0.0);
    let on = |step: &Step| events().all(|sample| step.floor(sample.at_us) == sample.at_us);
    let offered = Step::ALL.into_iter().rev();
    let noted = offered.filter(|step| *step <= Step::Day).find(on);
    chosen(noted.unwrap_or(Step::Minute), samples, ahead_s)
}

fn chosen(native: Step, samples: &[Sample], ahead_s: i64) -> Option<Step> {
    let finite = || {
        samples
            .iter()
            .filter(|sample| sample.value.is_finite())
            .map(|sample| sample.at_us)
    };
    let (first, last) = (finite().min()?, finite().max()?);
    let points = |step: Step| usize::try_from(step.between(first, last) + 1).unwrap_or(usize::MAX);
    let fits = |step: &Step| (FEWEST_POINTS..=MOST_POINTS).contains(&points(*step));
    let seasonal = |step: &Step| points(*step) >= 2 * step.season();
    let reaches = |step: &Step| ahead_s / step.seconds() <= MOST_STEPS_AHEAD;
    let offered = || Step::ALL.into_iter().filter(move |step| *step >= native);
    offered()
        .find(|step| fits(step) && seasonal(step) && reaches(step))
        .or_else(|| offered().find(|step| fits(step) && reaches(step)))
        .or_else(|| offered().find(fits))
        .or_else(|| offered().find(|step| points(*step) <= MOST_POINTS))
        .or(Some(Step::Month))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(seconds: i64, count: i64) -> Vec<Sample> {
        (0..count)
            .map(|i| Sample::new(1_700_000_000_000_000 + i * seconds * 1_000_000, 1.0))
            .collect()
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 2024-05-15 was a Wednesday, 2024-05-13 the Monday before.
        assert_eq!(
            Step::Week.floor(1_715_731_200_000_000),
            1_715_558_400_000_000
        );
    }

    #[test]
    fn advancing_a_month_lands_on_the_first_of_the_next() {
        // From 2024-01-31 to 2024-02-01.
        assert_eq!(
            Step::Month.advance(1_706_659_200_000_000, 1),
            1_706_745_600_000_000
        );
    }

    #[test]
    fn the_grid_of_events_is_as_fine_as_they_are_noted_and_not_as_they_are_rare() {
        let rare = |offset_s: i64| -> Vec<Sample> {
            let mut samples = every(5 * 86_400, 30);
            for sample in &mut samples {
                sample.at_us = Step::Day.floor(sample.at_us) + offset_s * 1_000_000;
            }
            samples
        };
        assert_eq!(choose_step(&rare(0), 0), Some(Step::Week));
        assert_eq!(choose_step_of_events(&rare(0), 0), Some(Step::Day));
        assert_eq!(choose_step_of_events(&rare(3_600), 0), Some(Step::SixHours));
        assert_eq!(
            choose_step_of_events(&rare(3_600), 91 * 86_400),
            Some(Step::Day)
        );
        assert_eq!(choose_step_of_events(&[], 0), None);
    }

    #[test]
    fn the_shortest_season_is_the_first_of_the_seasons() {
        for step in Step::ALL {
            assert_eq!(step.seasons()[0], step.season());
            assert_eq!(Step::from_label(step.label()), Some(step));
        }
    }

    #[test]
    fn the_cadence_survives_missing_samples() {
        let mut samples = every(300, 400);
        samples.retain(|sample| sample.at_us % 7 != 0);
        samples.drain(50..120);
        assert_eq!(guess_step(&samples), Some(Step::FiveMinutes));
    }

    #[test]
    fn one_instant_has_no_cadence() {
        assert_eq!(guess_step(&every(60, 1)), None);
        assert_eq!(
            guess_step(&[Sample::new(5, 1.0), Sample::new(5, 2.0)]),
            None
        );
    }

    #[test]
    fn ten_second_samples_of_two_days_are_forecast_on_five_minutes() {
        assert_eq!(choose_step(&every(10, 17_280), 0), Some(Step::FiveMinutes));
    }

    #[test]
    fn a_forecast_of_a_month_needs_a_coarser_grid_than_minutes() {
        let samples = every(60, 60 * 24 * 60);
        assert_eq!(choose_step(&samples, 30 * 86_400), Some(Step::SixHours));
    }

    #[test]
    fn two_years_of_days_stay_days() {
        assert_eq!(choose_step(&every(86_400, 730), 0), Some(Step::Day));
    }

    #[test]
    fn extreme_instants_do_not_overflow() {
        let samples = [
            Sample::new(i64::MIN, 1.0),
            Sample::new(i64::MAX, 1.0),
            Sample::new(0, 1.0),
        ];
        for step in Step::ALL {
            let _ = (
                step.floor(i64::MIN),
                step.advance(i64::MAX, i64::MAX),
                step.advance(i64::MIN, i64::MIN),
            );
        }
        let _ = choose_step(&samples, 0);
    }
}
