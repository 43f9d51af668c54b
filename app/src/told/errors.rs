//! How the models of a series did while they were in force, in numbers to draw and in words.

use api::{ErrorPoint, ModelErrors};
use serde::{Deserialize, Serialize};

/// The errors of a series' models over time, in errors of the naive forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// What stands where there is nothing to draw: a title and a sentence.
    pub nothing: Option<(String, String)>,
    /// How the version in force does now, in a sentence.
    pub verdict: String,
    /// What is kept, the oldest first.
    pub lines: Vec<Line>,
    /// When another version came in force, in microseconds, and its short name.
    pub marks: Vec<(i64, String)>,
}

/// How a version did up to an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The instant, in microseconds.
    pub at: i64,
    /// Its latest errors.
    pub live: Option<f64>,
    /// The error of its back-test.
    pub back_test: Option<f64>,
    /// Which version it was.
    pub version: u32,
    /// Whether it was noticed then that it had drifted.
    pub drifted: bool,
    /// What happened.
    pub note: String,
}

/// Tells the errors of a series' models.
pub fn errors(errors: &ModelErrors) -> Errors {
    let points = &errors.points;
    let nothing = match points.last() {
        None => Some((
            "No errors yet",
            "Nothing came in since a model was fitted: there is a point as soon as a step of its grid is over.",
        )),
        Some(_) if points.iter().all(|point| point.live.is_none()) => Some((
            "Nothing to compare with",
            "The history never moved when the model was fitted, so the naive forecast had no error.",
        )),
        Some(_) => None,
    };
    Errors {
        nothing: nothing.map(|(title, text)| (title.to_owned(), text.to_owned())),
        verdict: points.last().map(verdict).unwrap_or_default(),
        lines: lines(errors),
        marks: errors
            .changes
            .iter()
            .map(|change| (change.at.0, format!("v{}", change.version)))
            .collect(),
    }
}

fn verdict(point: &ErrorPoint) -> String {
    let version = point.version;
    let number = |value: f64| ui::number_text(Some(value), "");
    match (point.live, point.back_test) {
        (Some(live), Some(back_test)) => format!(
            "The latest errors of version {version} are {} × those of the naive forecast; in its back-test they were {} ×.",
            number(live),
            number(back_test)
        ),
        _ => format!("Version {version} was not tried against the naive forecast."),
    }
}

fn lines(errors: &ModelErrors) -> Vec<Line> {
    let points = &errors.points;
    // It was noticed when that point was made, which is a little later than what the point is about.
    let noticed: Vec<usize> = errors
        .drifts
        .iter()
        .filter_map(|drift| points.iter().rposition(|point| point.at <= *drift))
        .collect();
    let mut before = points.first().map(|point| point.version);
    let mut lines: Vec<Line> = Vec::with_capacity(points.len() + 1);
    for (place, point) in points.iter().enumerate() {
        let drifted = noticed.contains(&place);
        let mut notes = Vec::new();
        if before != Some(point.version) {
            notes.push(in_force(point.version));
        }
        if drifted {
            notes.push("drift was noticed".to_owned());
        }
        lines.push(Line {
            at: point.at.0,
            live: point.live,
            back_test: point.back_test,
            version: point.version,
            drifted,
            note: notes.join(", "),
        });
        before = Some(point.version);
    }
    // The newest version may not have taken anything in yet.
    if let (Some(change), Some(last)) = (errors.changes.last(), points.last())
        && change.at > last.at
    {
        lines.push(Line {
            at: change.at.0,
            live: None,
            back_test: None,
            version: change.version,
            drifted: false,
            note: in_force(change.version),
        });
    }
    lines
}

fn in_force(version: u32) -> String {
    format!("version {version} came in force")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Instant, VersionChange};

    fn point(hour: i64, version: u32, error: f64, ratio: Option<f64>) -> ErrorPoint {
        ErrorPoint {
            at: Instant(hour * Instant::HOUR),
            version,
            error,
            live: ratio.map(|ratio| ratio * error),
            back_test: ratio,
        }
    }

    fn told(points: Vec<ErrorPoint>, changes: Vec<VersionChange>, drifts: Vec<Instant>) -> Errors {
        errors(&ModelErrors {
            points,
            changes,
            drifts,
        })
    }

    #[test]
    fn what_is_not_known_is_said_and_not_drawn() {
        let none = told(Vec::new(), Vec::new(), Vec::new());
        assert_eq!(none.nothing.unwrap().0, "No errors yet");
        let flat = told(vec![point(1, 1, 1.0, None)], Vec::new(), Vec::new());
        assert_eq!(flat.nothing.unwrap().0, "Nothing to compare with");
        assert_eq!(flat.lines[0].live, None);
    }

    #[test]
    fn drift_and_other_versions_stand_where_they_were_noticed() {
        let points = vec![
            point(1, 1, 1.0, Some(0.5)),
            point(2, 1, 4.0, Some(0.5)),
            point(3, 2, 1.0, Some(0.75)),
        ];
        let hours = |hours: i64| Instant(hours * Instant::HOUR);
        let change = |hour, version| VersionChange {
            at: hours(hour),
            version,
        };
        let late = hours(2).plus(Instant::MINUTE);
        let told = told(points, vec![change(3, 2), change(4, 3)], vec![late]);
        assert_eq!(told.nothing, None);
        let drifted: Vec<bool> = told.lines.iter().map(|line| line.drifted).collect();
        assert_eq!(drifted, [false, true, false, false]);
        let notes: Vec<&str> = told.lines.iter().map(|line| line.note.as_str()).collect();
        assert_eq!(
            notes,
            [
                "",
                "drift was noticed",
                "version 2 came in force",
                "version 3 came in force"
            ]
        );
        assert_eq!(told.lines[1].live, Some(2.0));
        assert_eq!((told.lines[3].live, told.lines[3].version), (None, 3));
        assert_eq!(told.marks[0].1, "v2");
        assert!(
            told.verdict.contains("0.75") && told.verdict.contains("version 2"),
            "{}",
            told.verdict
        );
    }
}
