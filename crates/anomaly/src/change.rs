//! Change points: where the level or the spread of a series became another, and stayed.
//!
//! The best segmentation by the likelihood of a normal distribution with a mean and a variance for each segment,
//! found exactly by pruning: Killick, Fearnhead and Eckley, "Optimal Detection of Changepoints With a Linear
//! Computational Cost", JASA 107 (2012). The penalty is that of Zhang and Siegmund's modified information criterion,
//! "A Modified Bayes Information Criterion", Biometrics 63 (2007), for the three numbers that a change costs.
//! Values far out are drawn in first, so that one spike is not two changes, and a season is taken off.
//!
//! A likelihood that takes points for independent finds changes wherever a series wanders. Points count here for so many
//! independent ones as say how far the means of neighbouring stretches usually are apart; changes are few, and hardly
//! touch the median of that. It is what Chakar, Lebarbier, Lévy-Leduc and Robin, "A robust approach for estimating
//! change-points in the mean of an AR(1) process", Bernoulli 23 (2017), do for neighbouring points, for stretches:
//! a process that wanders slowly under its noise looks independent from one point to the next.
//! What a straight line tells as well is a trend and no change.

use crate::scale::tame;
use crate::sums::{ROUNDING, Sums};
use serde::{Deserialize, Serialize};

/// The fewest points between two changes.
const SHORTEST: usize = 12;
/// Values are drawn in to so many interquartile ranges around their neighbours' median.
const DRAWN_IN: f64 = 3.0;
/// Values farther out, in widths of the middle half of all, are as good as there.
const FARTHEST: f64 = 1e3;
/// The most points that are looked at; older ones are left out.
pub const MOST_POINTS: usize = 20_000;
/// A season is taken off where it explains so much.
const SEASONAL: f64 = 0.3;
/// So many rounds of a season tell what it does.
const ROUNDS: usize = 3;
/// A level that moves by less than so many deviations is nothing that people see.
const SEEN_LEVEL: f64 = 1.0;
/// Nor is a spread that becomes another by less than this factor.
const SEEN_SPREAD: f64 = 2.0;

/// What changed most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Changed {
    /// The mean.
    Level,
    /// The standard deviation.
    Spread,
}

/// A place where a series became another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first point of the new segment.
    pub at: usize,
    /// What changed most.
    pub changed: Changed,
    /// Mean and standard deviation of the segment before.
    pub before: (f64, f64),
    /// Mean and standard deviation of the segment after.
    pub after: (f64, f64),
}

/// The change points of a series in order of time; a gap is taken for the value before it.
///
/// `seasons` are the points of each season that there may be; the one that explains most is taken off before it is looked
/// for changes, and deviations are told without it.
/// Of a long series only the last [`MOST_POINTS`] are looked at.
pub fn change_points(values: &[f64], seasons: &[usize]) -> Vec<Change> {
    let skipped = values.len().saturating_sub(MOST_POINTS);
    let Some(history) = History::of(&values[skipped..], seasons) else {
        return Vec::new();
    };
    let mut ends = segment(&history.calm);
    ends.insert(0, 0);
    // The least of them goes first: what is left of its neighbours may stand then.
    while let Some(place) = least(&history, &ends) {
        ends.remove(place);
    }
    let History { unit, centre, .. } = history;
    // What the sums' rounding leaves of nothing is nothing.
    let clean = |value: f64| {
        if value.abs() < 1e-9 * unit {
            0.0
        } else {
            value
        }
    };
    let told = |side: &Side| (clean(centre + side.seen * unit), side.deviation * unit);
    let changes = ends.windows(3).filter_map(|ends| {
        let &[from, at, to] = ends else { return None };
        let step = Step::of(&history, from, at, to);
        Some(Change {
            at: at + skipped,
            changed: if step.spread.ln() > step.level {
                Changed::Spread
            } else {
                Changed::Level
            },
            before: told(&step.before),
            after: told(&step.after),
        })
    });
    changes.collect()
}

/// A side of a change.
struct Side {
    /// The mean of what was seen.
    seen: f64,
    /// Whether what was seen did not move.
    still: bool,
    /// The mean without the season, and the standard deviation around a straight line.
    mean: f64,
    deviation: f64,
}

/// What lies on either side of a change.
struct Step {
    before: Side,
    after: Side,
    /// How far the level moved, in the larger deviation: of what was seen or without the season, whichever moved less.
    /// Where a machine stands still, taking its usual day off makes one where there is none.
    level: f64,
    /// The larger deviation by the smaller.
    spread: f64,
    /// Whether a straight line through both sides is as near.
    line: bool,
}

impl Step {
    fn of(history: &History, from: usize, at: usize, to: usize) -> Self {
        let calm = &history.calm;
        let side = |from: usize, to: usize| {
            let (mean, _) = calm.moments(from, to);
            // Around its own line: what climbs evenly does not vary the more the longer it does.
            let variance = calm.squares_from_line(from, to) / to.saturating_sub(from).max(1) as f64;
            let (seen, moves) = history.seen.moments(from, to);
            Side {
                seen,
                still: moves <= ROUNDING,
                mean,
                deviation: variance.max(ROUNDING).sqrt(),
            }
        };
        let (before, after) = (side(from, at), side(at, to));
        let moved = (after.mean - before.mean).abs();
        let moved = moved.min((after.seen - before.seen).abs());
        // A slow mover stands still between two pieces, which is nothing that began or ended.
        let spread = if before.still || after.still {
            1.0
        } else {
            (after.deviation / before.deviation).max(before.deviation / after.deviation)
        };
        Self {
            level: moved / before.deviation.max(after.deviation),
            spread,
            line: calm.squares_from_line(from, to) <= calm.squares(from, at) + calm.squares(at, to),
            before,
            after,
        }
    }

    /// Whether people would see it.
    fn stands(&self) -> bool {
        (self.level >= SEEN_LEVEL && !self.line) || self.spread >= SEEN_SPREAD
    }
}

/// The place of the smallest change that does not stand.
fn least(history: &History, ends: &[usize]) -> Option<usize> {
    let steps = ends.windows(3).enumerate().filter_map(|(place, ends)| {
        let &[from, at, to] = ends else { return None };
        let step = Step::of(history, from, at, to);
        (!step.stands()).then_some((place + 1, step.level))
    });
    steps.min_by(|a, b| a.1.total_cmp(&b.1)).map(|step| step.0)
}

/// A history in a unit in which its squares add up.
struct History {
    unit: f64,
    centre: f64,
    /// As it was seen.
    seen: Sums,
    /// Without its season, spikes drawn in.
    calm: Sums,
}

impl History {
    /// `None` of constants and of what is too short.
    fn of(values: &[f64], seasons: &[usize]) -> Option<Self> {
        if values.len() < 2 * SHORTEST {
            return None;
        }
        let finite: Vec<f64> = values.iter().filter_map(|value| tame(*value)).collect();
        let centre = series::median(&finite)?;
        // The middle half if it has a width, or more where most values are the same.
        let width = |p| Some(series::quantile(&finite, 1.0 - p)? - series::quantile(&finite, p)?);
        let unit = [0.25, 0.05, 0.0]
            .into_iter()
            .filter_map(width)
            .find(|unit| *unit > 1e-12 * centre.abs())?;
        let mut before = 0.0;
        let mut filled: Vec<f64> = values
            .iter()
            .map(|value| {
                if let Some(value) = tame(*value) {
                    before = ((value - centre) / unit).clamp(-FARTHEST, FARTHEST);
                }
                before
            })
            .collect();
        let seen = Sums::new(&filled);
        take_off(&mut filled, seasons);
        let calm: Vec<f64> = (0..filled.len())
            .map(|place| {
                let from = place.saturating_sub(SHORTEST / 2);
                let around = &filled[from..(place + SHORTEST / 2 + 1).min(filled.len())];
                let quantile = |p| series::quantile(around, p).unwrap_or(0.0);
                let reach = DRAWN_IN * (quantile(0.75) - quantile(0.25));
                filled[place].clamp(quantile(0.5) - reach, quantile(0.5) + reach)
            })
            .collect();
        Some(Self {
            unit,
            centre,
            seen,
            calm: Sums::new(&calm),
        })
    }
}

/// Takes the season off that explains most, if one explains a good part: of each place the median over the rounds of
/// what it is above the mean of the round around it.
fn take_off(values: &mut [f64], seasons: &[usize]) {
    let fits = |season: &&usize| **season > 1 && values.len() >= ROUNDS * **season;
    let strengths = seasons.iter().filter(fits).map(|season| {
        // A long season has more places to follow chance with.
        let rounds = values.len() as f64 / *season as f64;
        let rest = 1.0 - series::seasonal_strength(values, *season);
        (*season, 1.0 - rest * rounds / (rounds - 1.0))
    });
    let best = strengths.max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((season, _)) = best.filter(|(_, strength)| *strength > SEASONAL) else {
        return;
    };
    let sums = Sums::new(values);
    let above = |place: usize| {
        let from = place.saturating_sub(season / 2).min(values.len() - season);
        values[place] - sums.moments(from, from + season).0
    };
    let shape: Vec<f64> = (0..season)
        .map(|phase| {
            let same: Vec<f64> = (phase..values.len()).step_by(season).map(above).collect();
            series::median(&same).unwrap_or(0.0)
        })
        .collect();
    let mean = series::mean(&shape).unwrap_or(0.0);
    for (value, usual) in values.iter_mut().zip(shape.iter().cycle()) {
        *value -= usual - mean;
    }
}

/// The ends of the best segments.
fn segment(sums: &Sums) -> Vec<usize> {
    let count = sums.count();
    // Points that count for less make a change as much dearer.
    let penalty = 6.0 * (count as f64).ln() / sums.worth().max(f64::EPSILON);
    // For each end: the cost of the best segmentation up to there, and where its last segment begins.
    let mut best = vec![(f64::INFINITY, 0_usize); count + 1];
    best[0].0 = -penalty;
    let mut open: Vec<usize> = vec![0];
    for end in SHORTEST..=count {
        let mut costs: Vec<(f64, usize)> = Vec::with_capacity(open.len());
        for begin in &open {
            costs.push((best[*begin].0 + sums.cost(*begin, end), *begin));
        }
        let least = costs.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((cost, begin)) = least else { continue };
        best[end] = (cost + penalty, begin);
        // A beginning that is behind by more than a change costs will never catch up.
        open = costs
            .into_iter()
            .filter(|c| c.0 <= cost + penalty)
            .map(|c| c.1)
            .collect();
        let next = end + 1 - SHORTEST;
        if next >= SHORTEST {
            open.push(next);
        }
    }
    let mut ends = Vec::new();
    let mut end = count;
    while end > 0 {
        ends.push(end);
        end = best[end].1;
    }
    ends.reverse();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    fn noise(count: usize, deviation: f64) -> Vec<f64> {
        let mut chance = Chance::new(9);
        (0..count).map(|_| chance.normal() * deviation).collect()
    }

    #[test]
    fn a_new_level_is_found_where_it_begins() {
        let mut values = noise(400, 1.0);
        values[250..].iter_mut().for_each(|value| *value += 4.0);
        let changes = change_points(&values, &[]);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].at.abs_diff(250) <= 2 && changes[0].changed == Changed::Level);
        assert!((changes[0].after.0 - changes[0].before.0 - 4.0).abs() < 0.5);
    }

    #[test]
    fn a_new_spread_is_found_and_named() {
        let mut values = noise(600, 1.0);
        values[300..].iter_mut().for_each(|value| *value *= 5.0);
        let changes = change_points(&values, &[7]);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].at.abs_diff(300) <= 10 && changes[0].changed == Changed::Spread);
    }

    #[test]
    fn noise_and_a_spike_have_no_change() {
        let mut values = noise(1000, 1.0);
        values[500] = 1e6;
        assert_eq!(change_points(&values, &[7, 30]), []);
    }

    #[test]
    fn a_level_is_found_under_a_week_that_is_larger_and_told_without_it() {
        let shape = [50.0, 52.0, 55.0, 60.0, 70.0, 40.0, 8.0];
        let mut values = noise(350, 2.0);
        for (day, value) in values.iter_mut().enumerate() {
            *value += shape[day % 7] + if day >= 203 { 12.0 } else { 0.0 };
        }
        let changes = change_points(&values, &[7]);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].at.abs_diff(203) <= 1 && changes[0].changed == Changed::Level);
        let moved = changes[0].after.0 - changes[0].before.0;
        assert!((moved - 12.0).abs() < 1.0, "{moved}");
    }

    #[test]
    fn what_wanders_climbs_or_is_filled_up_again_has_no_change() {
        let steps = noise(800, 1.0);
        let wanders: Vec<f64> = steps
            .iter()
            .scan(0.0, |at, step| {
                *at += step;
                Some(*at)
            })
            .collect();
        assert_eq!(change_points(&wanders, &[7]), []);
        let climbs: Vec<f64> = (0..800).map(|day| f64::from(day) * 0.05).collect();
        let climbs: Vec<f64> = climbs.iter().zip(&steps).map(|(a, b)| a + b).collect();
        assert_eq!(change_points(&climbs, &[7]), []);
        // Half a year of a stock that is sold evenly and not filled up.
        let sold = noise(181, 3.0).into_iter().scan(1_500.0, |left, step| {
            *left -= 8.0 + step.abs();
            Some(*left)
        });
        assert_eq!(change_points(&sold.collect::<Vec<_>>(), &[7]), []);
        let stock = (0..800).map(|day| f64::from(90 - day % 30 * 3));
        let stock: Vec<f64> = stock.zip(&steps).map(|(a, b)| a + 0.5 * b).collect();
        assert_eq!(change_points(&stock, &[7]), []);
    }

    #[test]
    fn what_wanders_slowly_under_its_noise_or_moves_now_and_then_has_no_change() {
        let mut slow = 0.0;
        let mut wave = 0.0_f64;
        let values: Vec<f64> = noise(2_800, 1.0)
            .chunks_exact(2)
            .map(|pair| {
                slow = 0.99 * slow + 0.14 * pair[0];
                wave += 0.02;
                slow + 0.5 * wave.sin() + 0.4 * pair[1]
            })
            .collect();
        assert_eq!(change_points(&values, &[24, 168]), []);
        // A slow mover: mostly it stays, then some pieces go, and now and then it is filled up.
        let mut stock = 30.0;
        let pieces: Vec<f64> = noise(700, 1.0)
            .iter()
            .map(|step| {
                stock -= if *step > 1.2 { 2.0 } else { 0.0 };
                stock = if stock < 8.0 { 30.0 } else { stock };
                stock
            })
            .collect();
        assert_eq!(change_points(&pieces, &[7]), []);
    }

    #[test]
    fn a_day_without_a_shift_is_told_by_what_was_seen() {
        let shape = |hour: usize| {
            if (7..19).contains(&(hour % 24)) {
                15.0
            } else {
                0.0
            }
        };
        let mut values: Vec<f64> = noise(1_200, 0.5)
            .iter()
            .enumerate()
            .map(|(hour, step)| (shape(hour) + step).max(0.0))
            .collect();
        values[600..648].fill(0.0);
        let changes = change_points(&values, &[24]);
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert!(changes[0].after.0.abs() < 1e-9 && changes[1].before.0.abs() < 1e-9);
        assert!((6.0..9.0).contains(&changes[0].before.0), "{changes:?}");
    }

    #[test]
    fn neighbours_that_are_alike_do_not_hide_a_change_that_is_there() {
        let mut alike = 0.0;
        let mut values: Vec<f64> = noise(600, 1.0)
            .iter()
            .map(|step| {
                alike = 0.6 * alike + step;
                alike
            })
            .collect();
        assert_eq!(change_points(&values, &[]), []);
        values[400..].iter_mut().for_each(|value| *value += 6.0);
        let changes = change_points(&values, &[]);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].at.abs_diff(400) <= 5);
    }
}
