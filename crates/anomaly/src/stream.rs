//! The detector for a series, point by point: what has been seen before is usual, and nothing is known of what comes.
//!
//! Seven channels look at each point: how far it is from the usual level, alone and over four points; how far from the
//! point before; how unlike any earlier stretch the last 8 and 24 points are; how much more or less the last 24 and 96
//! points spread. Each channel is calibrated on its own past, see [`crate::tail`], and their evidence is fused by its
//! root mean square, which lets one channel that is certain count for more than two that wonder.
//!
//! Where a season is named and explains a good part of it, the usual level is that of the point's place in the season.
//!
//! The unlikeness is the distance to the nearest earlier stretch, the left matrix profile:
//! Lu, Wu, Mueen, Zuluaga and Keogh, "Matrix Profile XXIV: Scaling Time Series Anomaly Detection to Trillions of
//! Datapoints", KDD (2022); calibrated ranks of such distances detect anomalies in Burnaev and Ishimtsev,
//! "Conformalized Density- and Distance-Based Anomaly Detection in Time-Series Data", arXiv 1608.04585 (2016).

use crate::habit::Habit;
use crate::scale::tame;
use crate::score::{IncidentOptions, Incidents, Standing, to_score};
use crate::tail::{Tail, p_value};
use crate::window::{self, Match};
use serde::{Deserialize, Serialize};

/// The fused evidence at the threshold.
const AT_THRESHOLD: f64 = 1.7;
/// So many scores a channel has to have before it is asked.
pub(crate) const WARM_UP: usize = 100;
/// Points in the two stretches that are compared with the past.
const STRETCHES: [usize; 2] = [8, 24];
/// Points whose spread is compared with that of twice the level's points.
const SPREADS: [usize; 2] = [24, 96];
/// What is smaller than this share of the largest value is rounding.
const ROUNDING: f64 = 1e-9;

/// What a channel looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    /// The distance of the point from the usual level.
    Level,
    /// The distance of the mean of four points from it.
    Shift,
    /// The distance from the point before.
    Jump,
    /// How unlike any earlier 8 points the last ones are.
    ShortShape,
    /// How unlike any earlier 24 points the last ones are.
    LongShape,
    /// How much more or less the last 24 points spread.
    ShortSpread,
    /// How much more or less the last 96 points spread.
    LongSpread,
}

/// All channels, in the order of [`Point::evidence`].
pub const CHANNELS: [Channel; 7] = [
    Channel::Level,
    Channel::Shift,
    Channel::Jump,
    Channel::ShortShape,
    Channel::LongShape,
    Channel::ShortSpread,
    Channel::LongSpread,
];

/// What a stream remembers, and when it speaks up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StreamOptions {
    /// Points whose median is the usual level: a day of five minutes each by default.
    pub level: usize,
    /// Points of the past that are kept and compared with.
    pub memory: usize,
    /// Points in the season that there may be, such as 7 for days; below 2 there is none.
    pub season: usize,
    /// When a finding begins.
    pub incidents: IncidentOptions,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            level: 288,
            memory: 4096,
            season: 0,
            incidents: IncidentOptions::default(),
        }
    }
}

/// A series as it has been so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stream {
    options: StreamOptions,
    /// The newest values, at least `memory` of them once there are so many.
    values: Vec<f64>,
    /// The newest `level` values, sorted.
    level: Vec<f64>,
    largest: f64,
    /// Whether the last point was missing: over a gap there is no jump.
    gap: bool,
    channels: [Tail; 7],
    habit: Option<Habit>,
    fused: Tail,
    incidents: Incidents,
}

/// What there is to say of a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The fused score, 0 to 1; a finding from the threshold.
    pub score: f64,
    /// How often the series has had such a score: what [`crate::q_values`] takes.
    pub p_value: f64,
    /// Whether a finding begins here, goes on, or there is none.
    pub standing: Standing,
    /// The usual level, this point included; `None` where the first points are missing.
    pub expected: Option<f64>,
    /// Whether that is the level of its place in the season.
    pub seasonal: bool,
    /// How far from it 98 of 100 points are at most.
    pub usual: f64,
    /// The evidence of each of [`CHANNELS`]: −log₁₀ of its p-value.
    pub evidence: [f64; 7],
    /// The stretch of the past most like the last 24 points.
    pub similar: Option<Match>,
}

impl Point {
    /// What there is to say where a value is missing: nothing.
    fn missing(expected: Option<f64>) -> Self {
        Self {
            score: 0.0,
            p_value: 1.0,
            standing: Standing::Usual,
            expected,
            seasonal: false,
            usual: 0.0,
            evidence: [0.0; 7],
            similar: None,
        }
    }

    /// The score, halved where it belongs to a finding that was begun before: for those who want one alarm.
    pub fn alarm(&self) -> f64 {
        match self.standing {
            Standing::Continues => self.score / 2.0,
            Standing::Usual | Standing::Begins => self.score,
        }
    }

    /// Which channel has the most evidence, if any has some.
    pub fn strongest(&self) -> Option<Channel> {
        let all = CHANNELS.into_iter().zip(self.evidence);
        let strongest = all.max_by(|a, b| a.1.total_cmp(&b.1))?;
        (strongest.1 > 0.0).then_some(strongest.0)
    }
}

impl Stream {
    /// A series without a past.
    pub fn new(options: StreamOptions) -> Self {
        let memory = options.memory.max(WARM_UP);
        Self {
            options: StreamOptions {
                level: options.level.max(2),
                memory,
                ..options
            },
            values: Vec::new(),
            level: Vec::new(),
            largest: 0.0,
            gap: false,
            channels: std::array::from_fn(|_| Tail::new(memory)),
            habit: (options.season > 1).then(|| Habit::new(options.season, memory)),
            fused: Tail::new(memory),
            incidents: Incidents::new(options.incidents),
        }
    }

    /// From now on another score is a finding, see [`crate::Sensitivity`].
    pub fn set_threshold(&mut self, threshold: f64) {
        self.options.incidents.threshold = threshold;
        self.incidents.set_threshold(threshold);
    }

    /// Takes the next point and says what it is; NaN is a gap, which says nothing and is not remembered.
    pub fn push(&mut self, value: f64) -> Point {
        let Some(value) = tame(value) else {
            self.gap = true;
            let level = window::median_of_sorted(&self.level);
            let habit = self.habit.as_mut().and_then(Habit::skip);
            return Point::missing(level.map(|level| level + habit.unwrap_or(0.0)));
        };
        let before = self.values.last().copied().filter(|_| !self.gap);
        self.gap = false;
        self.remember(value);
        let level = window::median_of_sorted(&self.level).unwrap_or(value);
        let (scores, similar) = self.look(value, before, level);
        let mut evidence = [0.0; 7];
        let floor = self.largest * ROUNDING;
        let lengths = [true, true, true, true, true, false, false];
        let mut usual = self.channels[0].usual();
        for (place, channel) in self.channels.iter_mut().enumerate() {
            let Some(score) = scores[place] else { continue };
            // Channels that measure lengths know the rounding of their series.
            let floor = if lengths[place] { floor } else { 0.0 };
            evidence[place] = judged(channel, score, floor);
        }
        let habit = self.habit.as_mut().and_then(|habit| {
            // By what was before the point alone.
            let speaks = habit.speaks();
            let seen = habit.push(value - level, |tail, score| judged(tail, score, floor));
            seen.filter(|_| speaks)
        });
        if let Some(seen) = &habit {
            evidence[..2].copy_from_slice(&seen.evidence);
            usual = seen.usual;
        }
        let squares: f64 = evidence.iter().map(|evidence| evidence * evidence).sum();
        let fused = (squares / evidence.len() as f64).sqrt();
        let rarity = self.fused.evidence(fused);
        self.fused.push(fused);
        let score = to_score(fused, AT_THRESHOLD);
        Point {
            score,
            p_value: p_value(rarity),
            standing: self.incidents.push(score),
            expected: Some(level + habit.as_ref().map_or(0.0, |seen| seen.expected)),
            seasonal: habit.is_some(),
            usual,
            evidence,
            similar,
        }
    }

    fn remember(&mut self, value: f64) {
        if self.values.len() >= self.options.level {
            let leaves = self.values[self.values.len() - self.options.level];
            let place = self.level.partition_point(|seen| *seen < leaves);
            if place < self.level.len() {
                self.level.remove(place);
            }
        }
        let place = self.level.partition_point(|seen| *seen < value);
        self.level.insert(place, value);
        // Half a memory is let go at once, so that values stay in one piece at little cost.
        let most = self.options.memory.max(2 * self.options.level);
        if self.values.len() >= most + most / 2 {
            self.values.drain(..most / 2);
        }
        self.values.push(value);
        self.largest = self.largest.max(value.abs());
    }

    /// The score of each channel, where there is enough past for one.
    fn look(
        &self,
        value: f64,
        before: Option<f64>,
        level: f64,
    ) -> ([Option<f64>; 7], Option<Match>) {
        let latest = |count: usize| &self.values[self.values.len().saturating_sub(count)..];
        let shift = series::mean(latest(4)).map(|mean| (mean - level).abs());
        let stretch = |length: usize| window::nearest(&self.values, length, self.options.memory);
        let stretches = STRETCHES.map(stretch);
        let rounding = self.largest * ROUNDING;
        let long = rounding + window::deviation(latest(2 * self.options.level));
        let spread = |count: usize| {
            let ratio = (rounding + window::deviation(latest(count))) / long;
            (ratio > 0.0).then(|| ratio.ln().abs())
        };
        let [short_spread, long_spread] = SPREADS.map(spread);
        let scores = [
            Some((value - level).abs()),
            shift,
            before.map(|before| (value - before).abs()),
            stretches[0].map(|found| found.distance),
            stretches[1].map(|found| found.distance),
            short_spread,
            long_spread,
        ];
        (scores, stretches[1])
    }
}

/// The evidence of a channel's score, which it then remembers; what is not above `floor` is nothing.
fn judged(channel: &mut Tail, score: f64, floor: f64) -> f64 {
    let score = if score <= floor { 0.0 } else { score };
    let evidence = if channel.len() >= WARM_UP {
        channel.evidence(score)
    } else {
        0.0
    };
    channel.push(score);
    evidence
}

/// One score for points of several series at the same time: their evidence's mean of fourth powers, so that one series
/// that is certain is heard among many; that of the point itself if there is one.
pub fn fuse_points(points: &[Point]) -> f64 {
    let fourths: f64 = points.iter().map(fourth_power).sum();
    let fused = (fourths / points.len().max(1) as f64).sqrt().sqrt();
    to_score(fused, AT_THRESHOLD)
}

/// The share of each series in [`fuse_points`]; they add up to 1, or are 0 where nothing is unusual.
pub fn shares(points: &[Point]) -> Vec<f64> {
    let fourths: Vec<f64> = points.iter().map(fourth_power).collect();
    let sum: f64 = fourths.iter().sum();
    let share = |fourth: &f64| if sum > 0.0 { fourth / sum } else { 0.0 };
    fourths.iter().map(share).collect()
}

/// The fourth power of a point's fused evidence.
fn fourth_power(point: &Point) -> f64 {
    let squares: f64 = point
        .evidence
        .iter()
        .map(|evidence| evidence * evidence)
        .sum();
    (squares / point.evidence.len() as f64).powi(2)
}

/// What there is to say of every point of a series, each by what was before it.
pub fn scan(values: &[f64], options: StreamOptions) -> Vec<Point> {
    let mut stream = Stream::new(options);
    values.iter().map(|value| stream.push(*value)).collect()
}
