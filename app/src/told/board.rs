//! Boards in words and numbers.

use api::{Board, BoardChoice, BoardKind, Curve, Curves, Range};
use serde::{Deserialize, Serialize};

use crate::range::escape;

/// The most lines of a panel: as many as there are colours.
const MOST_LINES: usize = 8;

/// A board that can be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What it is of.
    pub title: String,
    /// Who sends what it shows.
    pub exporter: String,
    /// Each instance, and where its board is.
    pub instances: Vec<(String, String)>,
}

/// A board of one instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What it is of.
    pub title: String,
    /// Of which instance.
    pub instance: String,
    /// The instances that there are.
    pub instances: Vec<String>,
    /// From when to when, in microseconds since 1970.
    pub span: (i64, i64),
    /// The panels that have lines, in order.
    pub panels: Vec<Panel>,
    /// The titles of those that have none, in a line; empty where all have some.
    pub without: String,
}

/// A chart of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// Its unit, as `ui::number_text` takes it.
    pub unit: String,
    /// Where the same is drawn large.
    pub href: String,
    /// When the first point is, and how far apart points are, in microseconds.
    pub pace: (i64, i64),
    /// The lines.
    pub lines: Vec<Line>,
    /// How many more there are; empty where there are none.
    pub more: String,
    /// Why it could not be drawn; empty where it could.
    pub problem: String,
}

/// A line of a panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What tells it apart from the others.
    pub name: String,
    /// Its newest value.
    pub newest: String,
    /// A value for each point: half the bytes are enough for a drawing.
    pub values: Vec<Option<f32>>,
}

/// The boards that can be opened.
pub fn choices(found: Vec<BoardChoice>) -> Vec<Choice> {
    let told = found.into_iter().map(|one| {
        let address = |instance: &str| address(one.kind, instance);
        let instances = one.instances.iter();
        Choice {
            title: one.kind.title().to_owned(),
            exporter: one.kind.exporter().to_owned(),
            instances: instances
                .map(|name| (name.clone(), address(name)))
                .collect(),
        }
    });
    told.collect()
}

/// Where the board of an instance is.
pub fn address(kind: BoardKind, instance: &str) -> String {
    format!("/boards/{}?instance={}", kind.as_str(), escape(instance))
}

/// A board over a range, whose word in addresses is given.
pub fn told(board: Board, range: Range, word: &str) -> Told {
    let panels = board.panels.into_iter().map(|one| panel(one, word));
    let (shown, without): (Vec<_>, Vec<_>) =
        panels.partition(|one| !one.lines.is_empty() || !one.problem.is_empty());
    let without: Vec<_> = without.into_iter().map(|one| one.title).collect();
    Told {
        title: board.kind.title().to_owned(),
        instance: board.instance,
        instances: board.instances,
        span: (range.from.0, range.to.0),
        panels: shown,
        without: without.join(", "),
    }
}

fn panel(panel: api::Panel, word: &str) -> Panel {
    let href = format!("/explore?q={}&range={word}", escape(&panel.expression));
    let curves = panel.curves.as_ref();
    let drawn = curves.map_or_else(Vec::new, |curves| lines(curves, &panel.unit));
    let more = curves
        .map_or(0, |curves| curves.total as usize)
        .saturating_sub(drawn.len());
    Panel {
        title: panel.title,
        unit: panel.unit,
        href,
        pace: curves.map_or((0, 1), pace),
        lines: drawn,
        more: match more {
            0 => String::new(),
            more => format!("and {} more", api::grouped(more)),
        },
        problem: panel.problem.unwrap_or_default(),
    }
}

fn pace(curves: &Curves) -> (i64, i64) {
    let mut instants = curves
        .curves
        .iter()
        .flat_map(|curve| &curve.points)
        .map(|p| p.at.0);
    let first = instants.next().unwrap_or_default();
    (first, instants.next().map_or(1, |second| second - first))
}

/// The highest lines, by name: what is nearly full must not be the one that has no room.
fn lines(curves: &Curves, unit: &str) -> Vec<Line> {
    let height = |curve: &Curve| {
        let values = curve.points.iter().rev().find_map(|point| point.value);
        values.unwrap_or(f64::NEG_INFINITY)
    };
    let mut highest: Vec<usize> = (0..curves.curves.len()).collect();
    highest.sort_by(|a, b| height(&curves.curves[*b]).total_cmp(&height(&curves.curves[*a])));
    highest.truncate(MOST_LINES);
    highest.sort_unstable();
    let drawn = highest.into_iter().map(|place| &curves.curves[place]);
    drawn.map(|curve| line(curve, unit)).collect()
}

fn line(curve: &Curve, unit: &str) -> Line {
    // The last step may be too young to have a value; one that is older is not the newest any more.
    let newest = curve
        .points
        .iter()
        .rev()
        .take(2)
        .find_map(|point| point.value);
    let values = curve.points.iter().map(|point| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a drawing has some hundred steps"
        )]
        point.value.map(|value| value as f32)
    });
    Line {
        name: name(curve),
        newest: ui::number_text(newest, unit),
        values: values.collect(),
    }
}

/// What tells a curve apart: the values of its labels, but not whose it is, which stands above.
fn name(curve: &Curve) -> String {
    let (_, labels) = curve.name.split_once('{').unwrap_or_default();
    let mut values = Vec::new();
    let mut rest = labels;
    // As `series::Labels` writes them: a name, an equals sign, and a quoted value with `\` before quotes.
    while let Some((label, after)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut letters = after.char_indices();
        rest = "";
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
                '"' => {
                    rest = &after[at + 1..];
                    break;
                }
                letter => value.push(letter),
            }
        }
        if !matches!(label.trim_start_matches(','), "instance" | "job") && !value.is_empty() {
            values.push(value);
        }
    }
    if values.is_empty() {
        // The only line of its panel, whose title says what it is.
        return "newest".to_owned();
    }
    values.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Instant, Point};

    fn curve(name: &str, value: f64) -> Curve {
        let point = |at, value| Point {
            at: Instant(at),
            value,
        };
        Curve {
            name: name.into(),
            points: vec![point(10, Some(value)), point(40, None)],
        }
    }

    #[test]
    fn a_line_is_called_by_what_tells_it_apart() {
        let named = |text: &str| name(&curve(text, 0.0));
        assert_eq!(named(r#"{device="sda",way="read"}"#), "sda, read");
        assert_eq!(
            named(r#"up{instance="db:9",job="a",mountpoint="/v,\"x\"="}"#),
            r#"/v,"x"="#
        );
        assert_eq!(named("{}"), "newest");
        assert_eq!(named("up"), "newest");
        assert_eq!(named(r#"{broken="x"#), "x");
    }

    #[test]
    fn what_ended_a_while_ago_has_no_newest_value() {
        let mut gone = curve("{}", 7.0);
        gone.points.push(gone.points[1]);
        assert_eq!(line(&gone, "").newest, ui::UNKNOWN);
        assert_eq!(line(&gone, "").values, [Some(7.0), None, None]);
    }

    #[test]
    fn panels_without_lines_are_named_and_those_with_a_problem_stay() {
        let range = Range {
            from: Instant(0),
            to: Instant(50),
        };
        let curves = |curves: Vec<Curve>| Curves {
            range,
            step_seconds: 1.0,
            total: u32::try_from(curves.len()).unwrap(),
            curves,
        };
        let panel = |title: &str, curves, problem: Option<&str>| api::Panel {
            title: title.into(),
            unit: "%".into(),
            expression: "a + b".into(),
            curves,
            problem: problem.map(str::to_owned),
        };
        let many = (0..10).map(|i| curve(&format!("{{n=\"{i}\"}}"), f64::from(40 + i)));
        let many = many.collect();
        let board = Board {
            kind: BoardKind::Node,
            instance: "db".into(),
            instances: vec!["db".into()],
            panels: vec![
                panel("many", Some(curves(many)), None),
                panel("none", Some(curves(Vec::new())), None),
                panel("broken", None, Some("too many series")),
            ],
        };
        let told = told(board, range, "3h");
        assert_eq!((told.panels.len(), told.without.as_str()), (2, "none"));
        let many = &told.panels[0];
        assert_eq!((many.lines.len(), many.more.as_str()), (8, "and 2 more"));
        assert_eq!(many.pace, (10, 30));
        assert_eq!(many.href, "/explore?q=a%20%2B%20b&range=3h");
        // The two lowest have no room, and the others stand by name.
        assert_eq!(
            (many.lines[0].name.as_str(), many.lines[7].name.as_str()),
            ("2", "9")
        );
        assert!(
            many.lines[0].newest.starts_with("42"),
            "{:?}",
            many.lines[0]
        );
        assert_eq!(many.lines[0].values, [Some(42.0), None]);
        assert_eq!(told.panels[1].problem, "too many series");
    }
}
