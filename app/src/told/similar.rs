//! Stretches of the past that are like the latest one, in words and lines.

use api::{ForecastState, Instant, Point, Range, Series, SeriesId, SimilarPast, SimilarPeriod};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What the series is called.
    pub title: String,
    /// Where its page is.
    pub href: String,
    /// As `ui::number_text` takes it.
    pub unit: String,
    /// How long the stretches are, in words: `28 days`.
    pub length: String,
    /// From when to when, in microseconds since 1970.
    pub span: (i64, i64),
    /// The latest stretch, what is foreseen where anything is, and then those of the past.
    pub lines: Vec<Line>,
    /// Why there are none of the past; empty where there are.
    pub none: String,
}

/// A line and what is said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What it is, or when it was.
    pub name: String,
    /// The series' page over that time and as long after it; empty where it is not of the past.
    pub href: String,
    /// How much it is like the latest.
    pub alike: String,
    /// What came after it.
    pub then: String,
    /// Its points.
    pub points: Vec<(i64, Option<f64>)>,
}

/// Tells what was found of a series.
pub fn told(series: &Series, found: &SimilarPast, future: ForecastState) -> Told {
    let length = found.latest.len();
    let step = i64::from(found.step_seconds) * Instant::SECOND;
    let last = found.latest.last().map_or(Instant(0), |point| point.at);
    let end = last.plus(step.saturating_mul(i64::try_from(length).unwrap_or(0)));
    let begin = found.latest.first().map_or(Instant(0), |point| point.at);
    let none = match &found.unknown {
        Some(why) => format!("Unknown: {why}."),
        None if found.periods.is_empty() => {
            "Nothing in its past went like this, or it stands still.".to_owned()
        }
        None => String::new(),
    };
    let foreseen = match future {
        ForecastState::Ready { forecast } => forecast.points,
        ForecastState::Unknown { .. } => Vec::new(),
    };
    let foreseen = foreseen.iter().filter(|point| point.at <= end);
    let foreseen: Vec<_> = foreseen
        .map(|point| (point.at.0, Some(point.point)))
        .collect();
    let ours = |name: &str, points| Line {
        name: name.to_owned(),
        href: String::new(),
        alike: "–".to_owned(),
        then: "–".to_owned(),
        points,
    };
    let mut lines = vec![ours("Now", drawn(&found.latest))];
    if !foreseen.is_empty() {
        lines.push(ours("Foreseen", foreseen));
    }
    let periods = found.periods.iter();
    lines.extend(periods.map(|period| line(&series.id, period, (length, step))));
    Told {
        title: series.title.clone(),
        href: format!("/series/{}", series.id),
        unit: series.unit.word().to_owned(),
        length: ui::span_text(step as f64 / Instant::SECOND as f64 * length as f64),
        span: (begin.0, end.0),
        lines,
        none,
    }
}

fn drawn(points: &[Point]) -> Vec<(i64, Option<f64>)> {
    points
        .iter()
        .map(|point| (point.at.0, point.value))
        .collect()
}

/// A stretch of so many points, so many microseconds apart.
fn line(series: &SeriesId, period: &SimilarPeriod, (length, step): (usize, i64)) -> Line {
    let Range { from, to } = period.range;
    let last = to.minus(step);
    let name = if step >= Instant::DAY {
        let day = ui::utc_date_text;
        format!("{} – {}", day(from.0), day(last.0))
    } else {
        format!("{} – {}", ui::utc_text(from.0), ui::utc_text(last.0))
    };
    let long = to.0.saturating_sub(from.0);
    let seconds = |at: Instant| at.0.div_euclid(Instant::SECOND);
    let href = format!(
        "/series/{series}?from={}&to={}",
        seconds(from),
        seconds(to.plus(long))
    );
    Line {
        name,
        href,
        alike: ui::likely_text(period.alike),
        then: then(&period.points, length),
        points: drawn(&period.points),
    }
}

/// By how much the mean of what came after a stretch is above or below its own.
fn then(points: &[Point], length: usize) -> String {
    let (before, after) = points.split_at(length.min(points.len()));
    let mean = |points: &[Point]| {
        let values: Vec<f64> = points.iter().filter_map(|point| point.value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    match (mean(before), mean(after)) {
        (Some(before), Some(after)) if before > 0.0 && after >= 0.0 => {
            let by = (after / before - 1.0) * 100.0;
            if by.abs() < 0.5 {
                "stayed as it was".to_owned()
            } else {
                let word = if by > 0.0 { "more" } else { "less" };
                format!("{:.0}\u{202f}% {word}", by.abs())
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::fixture;
    use api::WhyUnknown;

    fn points(values: &[f64]) -> Vec<Point> {
        let day = |place: usize| Instant(i64::try_from(place).unwrap() * Instant::DAY);
        let values = values.iter().enumerate();
        values
            .map(|(place, value)| Point {
                at: day(place),
                value: Some(*value),
            })
            .collect()
    }

    const PENDING: ForecastState = ForecastState::Unknown {
        why: WhyUnknown::Pending,
    };

    #[test]
    fn each_period_says_when_it_was_and_what_came_after() {
        let period = SimilarPeriod {
            range: Range {
                from: Instant(-90 * Instant::DAY),
                to: Instant(-87 * Instant::DAY),
            },
            alike: 0.87,
            points: points(&[1.0, 2.0, 3.0, 3.0, 3.0, 3.0]),
        };
        let found = SimilarPast {
            step_seconds: 86_400,
            latest: points(&[1.0, 2.0, 3.0]),
            periods: vec![period],
            unknown: None,
        };
        let told = told(&fixture::series(), &found, PENDING);
        assert_eq!(
            (told.length.as_str(), told.none.as_str()),
            ("3\u{202f}d", "")
        );
        assert_eq!(told.span, (0, 5 * Instant::DAY));
        let [now, before] = &told.lines[..] else {
            panic!("{:?}", told.lines)
        };
        assert_eq!((now.name.as_str(), now.points.len()), ("Now", 3));
        assert_eq!(before.name, "Fri 3 Oct 1969 – Sun 5 Oct 1969");
        assert_eq!(before.then, "50\u{202f}% more");
        assert!(
            before.href.ends_with("?from=-7776000&to=-7257600"),
            "{before:?}"
        );
    }

    #[test]
    fn why_there_are_none_is_said() {
        let found = SimilarPast {
            step_seconds: 0,
            latest: Vec::new(),
            periods: Vec::new(),
            unknown: Some(WhyUnknown::NotEnough { have: 9, need: 56 }),
        };
        let told = told(&fixture::series(), &found, PENDING);
        assert_eq!(
            told.none,
            "Unknown: not enough history yet (9 of 56 points)."
        );
    }
}
