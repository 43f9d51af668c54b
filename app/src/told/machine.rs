//! Machines in words: a score, and what each thing that is wrong takes away.

use api::{Ailment, HealthDeduction, Instant, Machine, MachineHealth, MachineList, Range};
use serde::{Deserialize, Serialize};

use crate::range::escape;

/// From this score on a machine is well; below the second it needs somebody now.
const WELL: [u32; 2] = [90, 50];

/// How a machine is, in one of four ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nothing, or next to nothing, is wrong.
    Well,
    /// Look at it soon.
    Ailing,
    /// Look at it now.
    Ill,
    /// Nobody can say.
    Unknown,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its series.
    pub href: String,
    /// The score as a whole number, or that it is unknown.
    pub score: String,
    /// How it is.
    pub state: State,
    /// What is wrong, the worst first.
    pub wrong: Vec<Wrong>,
    /// What stands there where nothing is listed as wrong.
    pub otherwise: String,
    /// How many series of it are watched.
    pub series: u32,
    /// When the newest sample is from, in microseconds.
    pub seen: Option<i64>,
}

/// What one thing takes away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// The points: `−33`.
    pub points: String,
    /// What is wrong.
    pub words: String,
    /// What it is about.
    pub about: String,
    /// Where to look.
    pub href: String,
}

/// Tells machines, in their order, and what time it is.
pub fn rows(list: MachineList) -> (Vec<Row>, i64) {
    let now = list.now;
    let rows = list.machines.into_iter().map(|one| row(one, now));
    (rows.collect(), now.0)
}

fn row(machine: Machine, now: Instant) -> Row {
    let (score, state, wrong, otherwise) = match machine.health {
        MachineHealth::Scored { score, deductions } => {
            let whole = whole(score);
            let state = match whole {
                score if score >= WELL[0] => State::Well,
                score if score >= WELL[1] => State::Ailing,
                _ => State::Ill,
            };
            let wrong = deductions.into_iter().map(|one| told(one, now)).collect();
            (
                whole.to_string(),
                state,
                wrong,
                "nothing is wrong".to_owned(),
            )
        }
        MachineHealth::Unknown { why } => (
            "unknown".to_owned(),
            State::Unknown,
            Vec::new(),
            why.to_string(),
        ),
        MachineHealth::Unwatched => {
            let why = "it sends metrics, but none of them is watched";
            (
                "unknown".to_owned(),
                State::Unknown,
                Vec::new(),
                why.to_owned(),
            )
        }
    };
    Row {
        href: if machine.series > 0 {
            format!("/series?q={}", escape(&machine.name))
        } else {
            "/explore".to_owned()
        },
        name: machine.name,
        score,
        state,
        wrong,
        otherwise,
        series: machine.series,
        seen: machine.seen.map(|at| at.0),
    }
}

/// Rounded down: 100 is for machines with nothing wrong.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 100"
)]
fn whole(score: f64) -> u32 {
    // What adds up to 100 may be a hair below it.
    (score + 1e-9).clamp(0.0, 100.0).floor() as u32
}

fn told(deduction: HealthDeduction, now: Instant) -> Wrong {
    let series = deduction.series.map(|id| id.0).unwrap_or_default();
    let page = format!("/series/{series}");
    let (words, href) = match deduction.ailment {
        Ailment::Unusual { around, last } => {
            let words = if last < now {
                format!("unusual until {} ago", ago(last, now))
            } else {
                "unusual".to_owned()
            };
            (words, format!("{page}?{}", stretch(around)))
        }
        Ailment::AtLimit => ("at its limit".to_owned(), page),
        Ailment::NearLimit { at } => (format!("reaches its limit in {}", ago(now, at)), page),
        Ailment::Silent { series, since } => (
            format!(
                "{} series silent for {}",
                ui::count_text(series),
                ago(since, now)
            ),
            format!("/series?source={}", deduction.source),
        ),
    };
    Wrong {
        points: format!("−{:.0}", deduction.points.max(1.0)),
        words,
        about: deduction.about,
        href,
    }
}

fn ago(from: Instant, to: Instant) -> String {
    ui::span_text(to.seconds_since(from).max(0.0))
}

fn stretch(range: Range) -> String {
    let seconds = |at: Instant| at.0.div_euclid(Instant::SECOND);
    format!("from={}&to={}", seconds(range.from), seconds(range.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(health: MachineHealth) -> Machine {
        Machine {
            name: "db 1".into(),
            series: 3,
            seen: None,
            health,
        }
    }

    #[test]
    fn unknown_is_neither_nought_nor_a_hundred() {
        let why = api::WhyUnknown::NoData;
        for health in [MachineHealth::Unknown { why }, MachineHealth::Unwatched] {
            let row = row(machine(health), Instant(0));
            assert_eq!((row.score.as_str(), row.state), ("unknown", State::Unknown));
            assert!(row.wrong.is_empty() && !row.otherwise.is_empty());
        }
    }

    #[test]
    fn each_deduction_leads_to_what_it_is_about() {
        let day = Instant(Instant::DAY);
        let deduction = |ailment, series: Option<&str>| HealthDeduction {
            ailment,
            about: "/var".into(),
            points: 33.4,
            series: series.map(Into::into),
            source: "s".into(),
        };
        let near = Ailment::NearLimit {
            at: day.plus(3 * Instant::DAY),
        };
        let silent = Ailment::Silent {
            series: 2,
            since: Instant(0),
        };
        let scored = MachineHealth::Scored {
            score: 99.6,
            deductions: vec![deduction(near, Some("x")), deduction(silent, None)],
        };
        let row = row(machine(scored), day);
        assert_eq!((row.score.as_str(), row.state), ("99", State::Well));
        assert_eq!(row.href, "/series?q=db%201");
        let [near, silent] = &row.wrong[..] else {
            panic!("two");
        };
        assert_eq!(
            (near.points.as_str(), near.href.as_str()),
            ("−33", "/series/x")
        );
        assert!(
            near.words.starts_with("reaches its limit in 3"),
            "{}",
            near.words
        );
        assert_eq!(silent.href, "/series?source=s");
        assert!(
            silent.words.starts_with("2 series silent for"),
            "{}",
            silent.words
        );
    }
}
