//! Machines in words: a score, and what each thing that is wrong takes away.

use api::{
    Ailment, HealthDeduction, Instant, Machine, MachineHealth, MachineList, Range, Together,
};
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
    /// What is known of its series together, where that is not listed as wrong.
    pub together: String,
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
    /// Since when, in microseconds, where the words do not say it.
    pub since: Option<i64>,
    /// What makes it so.
    pub because: Vec<Because>,
}

/// A series with its share in what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// What people call it.
    pub title: String,
    /// Its share: `62 %`.
    pub share: String,
    /// Its chart around that time.
    pub href: String,
}

/// Tells machines, in their order, and what time it is.
pub fn rows(list: MachineList) -> (Vec<Row>, i64) {
    let now = list.now;
    let rows = list.machines.into_iter().map(|one| row(one, now));
    (rows.collect(), now.0)
}

fn row(machine: Machine, now: Instant) -> Row {
    let mut together = String::new();
    let (score, state, wrong, otherwise) = match machine.health {
        MachineHealth::Scored { score, deductions } => {
            let whole = whole(score);
            let state = match whole {
                score if score >= WELL[0] => State::Well,
                score if score >= WELL[1] => State::Ailing,
                _ => State::Ill,
            };
            let counted = |one: &HealthDeduction| matches!(one.ailment, Ailment::Together { .. });
            together = if deductions.iter().any(counted) {
                String::new()
            } else {
                in_words(&machine.together)
            };
            let wrong = deductions
                .into_iter()
                .map(|one| told(one, &machine.together, now));
            (
                whole.to_string(),
                state,
                wrong.collect(),
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
        together,
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

/// What is known of a machine's series together, where it takes nothing away. What nobody knows is said.
fn in_words(together: &Together) -> String {
    match together {
        Together::Unknown { why } => {
            format!("whether its series are unusual together is unknown: {why}")
        }
        Together::TooFew { have, need } => format!(
            "whether its series are unusual together is unknown: {have} of {need} series that come in hourly or more often"
        ),
        Together::Usual { series, .. } => {
            let series = api::grouped(*series);
            format!("its {series} series are together as usual")
        }
        Together::Unusual { series, .. } => {
            let series = api::grouped(*series);
            format!("its {series} series are unusual together, as some of them are alone")
        }
    }
}

/// What makes its series unusual together.
fn because(together: &Together) -> Vec<Because> {
    let Together::Unusual {
        since,
        until,
        shares,
        ..
    } = together
    else {
        return Vec::new();
    };
    // With enough before it that it shows what was usual.
    let before = (3 * until.0.saturating_sub(since.0)).max(6 * Instant::HOUR);
    let around = Range {
        from: since.minus(before),
        to: *until,
    };
    let told = shares.iter().map(|one| Because {
        title: one.title.clone(),
        share: ui::number_text(Some((100.0 * one.share).round()), "%"),
        href: format!("/series/{}?{}", one.series, stretch(around)),
    });
    told.collect()
}

fn told(deduction: HealthDeduction, together: &Together, now: Instant) -> Wrong {
    let series = deduction.series.map(|id| id.0).unwrap_or_default();
    let page = format!("/series/{series}");
    let of_source = format!("/series?source={}", deduction.source);
    let mut wrong = Wrong {
        points: format!("−{:.0}", deduction.points.max(1.0)),
        words: String::new(),
        about: deduction.about,
        href: page.clone(),
        since: None,
        because: Vec::new(),
    };
    match deduction.ailment {
        Ailment::Unusual { around, last } => {
            wrong.words = if last < now {
                format!("unusual until {} ago", ago(last, now))
            } else {
                "unusual".to_owned()
            };
            wrong.href = format!("{page}?{}", stretch(around));
        }
        Ailment::AtLimit => "at its limit".clone_into(&mut wrong.words),
        Ailment::NearLimit { at } => {
            wrong.words = format!("reaches its limit in {}", ago(now, at));
        }
        Ailment::Together { since } => {
            "Its series".clone_into(&mut wrong.about);
            "unusual together since".clone_into(&mut wrong.words);
            wrong.href = of_source;
            wrong.since = Some(since.0);
            wrong.because = because(together);
        }
        Ailment::Silent { series, since } => {
            wrong.words = format!(
                "{} series silent for {}",
                api::grouped(series),
                ago(since, now)
            );
            wrong.href = of_source;
        }
    }
    wrong
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
            together: Together::Unknown {
                why: api::WhyUnknown::Pending,
            },
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

    #[test]
    fn what_is_unusual_together_says_since_when_and_which_series_make_it_so() {
        let hours = |hours: i64| Instant(hours * Instant::HOUR);
        let share = |id: &str, title: &str, share| api::SeriesShare {
            series: id.into(),
            title: title.into(),
            share,
        };
        let together = Together::Unusual {
            series: 8,
            since: hours(99),
            until: hours(100),
            score: 0.9,
            p_value: 0.001,
            shares: vec![share("m", "memory", 0.621), share("d", "disk writes", 0.21)],
        };
        let machine = |deductions| Machine {
            together: together.clone(),
            ..machine(MachineHealth::Scored {
                score: 72.0,
                deductions,
            })
        };
        let counted = row(
            machine(vec![HealthDeduction {
                ailment: Ailment::Together { since: hours(99) },
                about: "memory".into(),
                points: 28.0,
                series: Some("m".into()),
                source: "s".into(),
            }]),
            hours(100),
        );
        let wrong = &counted.wrong[0];
        assert_eq!(wrong.words, "unusual together since");
        assert_eq!(wrong.since, Some(hours(99).0));
        let [memory, disk] = &wrong.because[..] else {
            panic!("two");
        };
        assert_eq!(
            (memory.title.as_str(), disk.title.as_str()),
            ("memory", "disk writes")
        );
        assert!(memory.share.starts_with("62"), "{}", memory.share);
        assert_eq!(memory.href, "/series/m?from=334800&to=360000");
        assert_eq!(counted.together, "", "it is listed");
        let beside = row(machine(Vec::new()), hours(100));
        assert!(
            beside.together.contains("unusual together"),
            "{}",
            beside.together
        );
    }

    #[test]
    fn too_little_to_say_is_said_where_nothing_else_is_wrong() {
        let scored = MachineHealth::Scored {
            score: 100.0,
            deductions: Vec::new(),
        };
        let row = row(machine(scored), Instant(0));
        assert!(row.together.ends_with("unknown: being computed"));
        let why = api::WhyUnknown::NoData;
        let unseen = super::row(machine(MachineHealth::Unknown { why }), Instant(0));
        assert_eq!(unseen.together, "", "all of it is unknown");
    }
}
