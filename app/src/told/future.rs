//! What is foreseen of a series, in words and as a strip.

use api::{
    Crossing, Direction, Forecast, ForecastPoint, ForecastState, Instant, Limit, Outlook, Series,
    Unit,
};
use serde::{Deserialize, Serialize};
use ui::{Reach, Tone};

use super::reorder::amount;

/// Spans that people ask for: a week, four weeks, a quarter, a year.
const SPANS: [i64; 4] = [7, 28, 91, 364];

/// What is foreseen of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Future {
    /// What it is reckoned from.
    pub note: String,
    /// When its limit is reached, where it has one.
    pub line: Option<Line>,
    /// What the next steps come to, where its values add up: the span, and how much.
    pub sums: Vec<(String, String)>,
}

/// When a limit is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Line {
    /// It is foreseen, or was reached.
    Reached {
        /// When, as a strip shows it.
        reach: Reach,
        /// In which colour.
        tone: Tone,
        /// The instant, in microseconds; `None` beyond the horizon.
        at: Option<i64>,
        /// How likely within the horizon; empty where it was reached.
        likely: String,
        /// What says so where it is not the forecast; empty where it is.
        pace: String,
    },
    /// It should have been reached, and no data came since that would say so: both instants in microseconds.
    Missed {
        /// For when it was foreseen.
        due: i64,
        /// The newest sample.
        newest: i64,
    },
}

/// What is foreseen of a series, and the points that a chart draws; or why nothing is.
///
/// # Errors
/// Why there is no forecast, in words.
pub fn future(
    state: ForecastState,
    series: &Series,
    now: Instant,
) -> Result<(Future, Vec<ForecastPoint>), String> {
    let forecast = match state {
        ForecastState::Ready { forecast } => *forecast,
        ForecastState::Unknown { why } => return Err(why.to_string()),
    };
    let told = Future {
        note: format!(
            "step {}, {} points of history",
            forecast.step,
            api::grouped(forecast.history)
        ),
        line: line(&forecast, series, now),
        sums: sums(&forecast, series),
    };
    Ok((told, forecast.points))
}

fn line(forecast: &Forecast, series: &Series, now: Instant) -> Option<Line> {
    let crossing = series.limit.and(forecast.soonest())?;
    let newest = series.last.map_or(forecast.known_until, |last| last.at);
    if let Some(due) = forecast.missed(newest, now) {
        return Some(Line::Missed {
            due: due.0,
            newest: newest.0,
        });
    }
    let (reach, tone) = if crossing.already {
        // A forecast does not know since when; the chart shows it.
        (Reach::Over { since: None }, Tone::Alert)
    } else if crossing.median.is_some() {
        (reaches(&crossing, now), Tone::Warning)
    } else {
        (clear(&crossing, now), Tone::Warning)
    };
    Some(Line::Reached {
        reach,
        tone,
        at: crossing.median.map(|at| at.0),
        likely: if crossing.already {
            String::new()
        } else {
            ui::likely_text(crossing.probability)
        },
        pace: forecast.at_pace().map_or_else(String::new, |pace| {
            format!(
                "It {} of late, which the forecast with a step of {} does not show yet.",
                pace_words(pace.per_hour, series.unit.word()),
                forecast.step
            )
        }),
    })
}

/// How a level moves of late: `rises by 30 % an hour`. Two digits are as much as a pace is worth.
pub fn pace_words(per_hour: f64, unit: &str) -> String {
    let verb = if per_hour < 0.0 { "falls" } else { "rises" };
    let digit = 10_f64.powf(per_hour.abs().log10().floor() - 1.0);
    let rough = if digit.is_normal() {
        (per_hour.abs() / digit).round() * digit
    } else {
        0.0
    };
    format!("{verb} by {} an hour", ui::number_text(Some(rough), unit))
}

/// What the next steps come to, with the 80 % band.
fn sums(forecast: &Forecast, series: &Series) -> Vec<(String, String)> {
    let step = i64::from(forecast.step_seconds).max(1);
    let unit = series.unit.word();
    let told = SPANS.iter().filter_map(|days| {
        let steps = days * 86_400 / step;
        let last = usize::try_from(steps.checked_sub(1)?).ok()?;
        let total = forecast.totals.get(last)?;
        let edge = |value: f64| amount(value, "");
        let much = format!(
            "{} ({}–{})",
            amount(total.point, unit),
            edge(total.lo80),
            edge(total.hi80)
        );
        Some((format!("Next {days} days"), much))
    });
    told.collect()
}

/// What is foreseen, in seconds from `now`.
pub fn reach(outlook: &Outlook, now: Instant) -> Reach {
    match outlook {
        Outlook::Over { since } => Reach::Over {
            since: Some(now.seconds_since(*since).max(0.0)),
        },
        Outlook::Reaches { crossing, .. } => reaches(crossing, now),
        Outlook::Clear { crossing } => clear(crossing, now),
        Outlook::Unknown { why } => Reach::Unknown {
            reason: why.to_string(),
        },
    }
}

fn reaches(crossing: &Crossing, now: Instant) -> Reach {
    let from_now = |at: Instant| at.seconds_since(now).max(0.0);
    let early =
        |band: Option<Instant>| from_now(band.or(crossing.median).unwrap_or(crossing.horizon));
    Reach::In {
        median: from_now(crossing.median.unwrap_or(crossing.horizon)),
        band_80: (early(crossing.lo80), crossing.hi80.map(from_now)),
        band_95: (early(crossing.lo95), crossing.hi95.map(from_now)),
    }
}

fn clear(crossing: &Crossing, now: Instant) -> Reach {
    Reach::Clear {
        until: crossing.horizon.seconds_since(now).max(0.0),
    }
}

/// A limit in words: `runs out at 0 units`, `breaks at 95 %`, `goes over 3 000 €`.
pub fn limit_words(limit: Limit, unit: &str) -> String {
    let value = ui::number_text(Some(limit.value), unit);
    match limit.direction {
        Direction::Falling => format!("runs out at {value}"),
        // A budget does not break, and neither does what somebody owes.
        Direction::Rising if matches!(Unit::of_word(unit), Unit::Money(_)) => {
            format!("goes over {value}")
        }
        Direction::Rising => format!("breaks at {value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::fixture;
    use api::{Aggregation, WhyUnknown};

    fn crossing() -> Crossing {
        Crossing {
            limit: 0.0,
            already: false,
            median: Some(Instant(6 * Instant::DAY)),
            lo80: Some(Instant(4 * Instant::DAY)),
            hi80: Some(Instant(9 * Instant::DAY)),
            lo95: None,
            hi95: None,
            probability: 0.87,
            horizon: Instant(30 * Instant::DAY),
        }
    }

    fn forecast() -> Forecast {
        let day = |number: i32| {
            let many = f64::from(number);
            ForecastPoint {
                at: Instant(i64::from(number - 1) * Instant::DAY),
                point: 10.0 * many,
                lo80: 8.0 * many - 30.0,
                hi80: 12.0 * many,
                lo95: 0.0,
                hi95: 14.0 * many,
            }
        };
        Forecast {
            made_at: Instant(0),
            known_until: Instant(0),
            step: "1 day".into(),
            step_seconds: 86_400,
            history: 100,
            filled: 0,
            points: Vec::new(),
            totals: (1..=30).map(day).collect(),
            back_test: api::BackTest {
                origins: 0,
                mase: None,
                naive_mase: None,
                smape: None,
                naive_smape: None,
                beats_naive: false,
                members: Vec::new(),
            },
            crossing: Some(crossing()),
            pace: None,
        }
    }

    #[test]
    fn a_pace_is_told_to_two_digits() {
        for (per_hour, told) in [
            (5.972, "rises by 6 % an hour"),
            (-0.012_37, "falls by 0.012 % an hour"),
            (123.4, "rises by 120 % an hour"),
            (0.0, "rises by 0 % an hour"),
        ] {
            assert_eq!(
                pace_words(per_hour, "%").replace(['\u{a0}', '\u{202f}'], " "),
                told
            );
        }
    }

    #[test]
    fn sums_are_of_the_spans_that_are_foreseen() {
        let orders = Series {
            aggregation: Aggregation::Sum,
            ..fixture::series()
        };
        let told = sums(&forecast(), &orders).into_iter();
        let told = told.map(|(span, much)| format!("{span}: {much}").replace('\u{202f}', " "));
        let told: Vec<String> = told.collect();
        assert_eq!(
            told,
            [
                "Next 7 days: 70 units (26–84)",
                "Next 28 days: 280 units (194–336)"
            ]
        );
    }

    #[test]
    fn a_line_is_of_a_limit_and_says_when_nobody_knows_whether_it_was_reached() {
        let at = |day: i64| Instant(day * Instant::DAY);
        let stock = fixture::series();
        assert_eq!(line(&forecast(), &stock, at(1)), None);
        let stock = Series {
            limit: Some(Limit {
                value: 0.0,
                direction: Direction::Falling,
            }),
            ..stock
        };
        let told = line(&forecast(), &stock, at(1));
        assert!(
            matches!(
                &told,
                Some(Line::Reached { at: Some(micros), likely, .. })
                    if *micros == at(6).0 && likely.starts_with("87")
            ),
            "{told:?}"
        );
        let (due, newest) = (at(6).0, 0);
        let told = line(&forecast(), &stock, at(20));
        assert_eq!(told, Some(Line::Missed { due, newest }));
    }

    #[test]
    fn the_pace_of_late_is_told_where_it_is_sooner_and_only_there() {
        let hours = |hours: i64| Instant(hours * Instant::HOUR);
        let stock = Series {
            limit: Some(Limit {
                value: 0.0,
                direction: Direction::Falling,
            }),
            ..fixture::series()
        };
        let at_pace = |due: Option<i64>| Forecast {
            pace: Some(api::Pace {
                step_seconds: 300,
                per_hour: -4.0,
                crossing: Crossing {
                    median: due.map(hours),
                    ..crossing()
                },
            }),
            ..forecast()
        };
        let told = |due| match line(&at_pace(due), &stock, hours(1)) {
            Some(Line::Reached { at, pace, .. }) => (at, pace.replace('\u{202f}', " ")),
            other => panic!("{other:?}"),
        };
        let (at, words) = told(Some(3));
        assert_eq!(at, Some(hours(3).0));
        assert_eq!(
            words,
            "It falls by 4 units an hour of late, which the forecast with a step of 1 day does not show yet."
        );
        let days = Some(6 * Instant::DAY);
        assert_eq!(told(Some(7 * 24)), (days, String::new()));
        assert_eq!(told(None), (days, String::new()));
        // Nothing came since it should have been gone.
        let (due, newest) = (hours(3).0, 0);
        let told = line(&at_pace(Some(3)), &stock, hours(4));
        assert_eq!(told, Some(Line::Missed { due, newest }));
    }

    #[test]
    fn a_crossing_is_told_in_seconds_from_now() {
        let crossing = crossing();
        let Reach::In {
            median,
            band_80,
            band_95,
        } = reach(
            &Outlook::Reaches {
                crossing,
                per_hour: None,
            },
            Instant(Instant::DAY),
        )
        else {
            panic!("it will be reached")
        };
        assert!((median - 5.0 * 86_400.0).abs() < 1e-6);
        assert_eq!(band_80, (3.0 * 86_400.0, Some(8.0 * 86_400.0)));
        assert_eq!(band_95.1, None);
    }

    #[test]
    fn what_is_not_known_is_said_in_words_and_has_no_number() {
        let outlook = Outlook::Unknown {
            why: WhyUnknown::NotEnough { have: 9, need: 24 },
        };
        assert_eq!(
            reach(&outlook, Instant(0)),
            Reach::Unknown {
                reason: "not enough history yet (9 of 24 points)".into()
            }
        );
    }
}
