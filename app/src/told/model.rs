//! Models in words: how a forecast is made, its versions, and how they do against the naive forecast.

use api::{
    BackTest, Instant, ModelChoice, ModelNote, ModelOrder, ModelPage, ModelRow, ModelVersion,
    VersionState,
};
use serde::{Deserialize, Serialize};

/// How the forecast of a series is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Whether it beat the naive forecast, and by how much.
    pub verdict: String,
    /// The models: name, weight in percent, error, a word besides.
    pub rows: Vec<[String; 4]>,
    /// What a reader should know, each in a sentence.
    pub notes: Vec<String>,
    /// The days of the calendar that it knew beforehand, each in a sentence.
    pub known: Vec<String>,
    /// The versions that are kept, the newest first.
    pub versions: Vec<Version>,
}

/// A version of a series' model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// When it was fitted, in microseconds.
    pub at: i64,
    /// Its name and its state.
    pub name: String,
    /// Why it was fitted, on what, and how it did.
    pub words: String,
    /// What can be done with it: the number to send, and the word on the button.
    pub press: Option<(u32, String)>,
}

/// A line of the list of models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The series' page.
    pub href: String,
    /// What people call the series.
    pub title: String,
    /// When its model was fitted, in microseconds.
    pub at: i64,
    /// The version, and its data.
    pub cells: [String; 4],
    /// Its state, where there is something to say; and whether that is a warning.
    pub state: Vec<(String, bool)>,
}

/// A page of the list of models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// All models in a sentence.
    pub summary: String,
    /// Some of them.
    pub lines: Vec<Line>,
    /// Where the next page begins; empty at the end.
    pub next: String,
    /// Whether there is any model at all.
    pub any: bool,
}

/// Tells how a forecast is made; `None` where no model was ever fitted.
pub fn made(versions: &[ModelVersion], may_write: bool) -> Option<Made> {
    let live = versions
        .iter()
        .find(|version| version.state == VersionState::Live)?;
    let earlier = |version: &ModelVersion| {
        version.state == VersionState::Previous && version.number < live.number
    };
    let before = versions.iter().any(earlier);
    Some(Made {
        verdict: verdict(live),
        rows: rows(&live.fitted.back_test),
        notes: notes(live),
        known: super::calendar::known(&live.fitted.effects),
        versions: versions
            .iter()
            .map(|version| Version {
                at: version.made_at.0,
                name: format!("Version {}, {}", version.number, state(version)),
                words: words(version),
                press: press(version, before).filter(|_| may_write),
            })
            .collect(),
    })
}

/// What can be done with a version; 0 stands for going back.
fn press(version: &ModelVersion, before: bool) -> Option<(u32, String)> {
    match version.state {
        VersionState::Live if before => Some((0, "Roll back".to_owned())),
        VersionState::Live => None,
        _ => Some((version.number, "Put in force".to_owned())),
    }
}

fn state(version: &ModelVersion) -> String {
    let held = |until: Instant| format!("in force and held until {}", day(until));
    match version.state {
        VersionState::Live => version
            .held_until
            .map_or_else(|| "in force".to_owned(), held),
        VersionState::Previous => "earlier".to_owned(),
        VersionState::Withdrawn => "withdrawn".to_owned(),
    }
}

fn day(at: Instant) -> String {
    ui::utc_date_text(at.0)
}

/// How much better or worse than the naive forecast.
fn against(ratio: Option<f64>) -> String {
    match ratio {
        None => "not tried".to_owned(),
        Some(ratio) if ratio < 0.995 => format!("{:.0} % better", 100.0 * (1.0 - ratio)),
        Some(ratio) if ratio < 1.005 => "as good".to_owned(),
        Some(ratio) => format!("{:.0} % worse", 100.0 * (ratio - 1.0)),
    }
}

fn verdict(live: &ModelVersion) -> String {
    let test = &live.fitted.back_test;
    if test.origins == 0 {
        return "The history never moved, so there was nothing to try it on.".to_owned();
    }
    let tried = format!("Tried from {} places in its past, it ", test.origins);
    if test.beats_naive {
        let by = against(live.ratio);
        format!("{tried}beat “the same as last season”: {by}.")
    } else {
        let by = against(live.ratio);
        format!("{tried}did not beat “the same as last season” ({by}): trust it less.")
    }
}

fn rows(test: &BackTest) -> Vec<[String; 4]> {
    let error =
        |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |v| format!("{v:.3}"));
    let row = |name: &str, weight: String, mase: Option<f64>, note: &str| {
        [name.to_owned(), weight, error(mase), note.to_owned()]
    };
    let mut rows = vec![
        row("All together", String::new(), test.mase, "what is shown"),
        row(
            "Seasonal naive",
            String::new(),
            test.naive_mase,
            "the floor to beat",
        ),
    ];
    // The floor has its own row above.
    let others = test.members.iter().filter(|m| m.name != "Seasonal naive");
    rows.extend(others.map(|m| {
        let weight = format!("{:.0}", m.weight * 100.0);
        let worse = m.mase.zip(test.naive_mase).is_some_and(|(m, n)| m >= n);
        let note = match &m.failed {
            Some(why) => why.as_str(),
            None if worse => "does not beat the floor",
            None => "",
        };
        row(&m.name, weight, m.mase, note)
    }));
    rows
}

fn notes(live: &ModelVersion) -> Vec<String> {
    let mut notes = Vec::new();
    if live.filled > 0 {
        notes.push(format!(
            "{} of {} points were missing and were filled in from their neighbours.",
            api::grouped(live.filled),
            api::grouped(live.points)
        ));
    }
    for note in &live.fitted.notes {
        notes.push(match note {
            ModelNote::ShortForSeason { season, have } => format!(
                "The history of {} points is shorter than two rounds of {}, so such a season cannot be seen in it.",
                api::grouped(*have),
                api::grouped(*season)
            ),
            ModelNote::LevelShift { at, by } => format!(
                "The level moved by {} on {} and stayed; what came before was moved along.",
                ui::number_text(Some(*by), ""),
                day(*at)
            ),
            ModelNote::HeldBack { at, value } => format!(
                "{} on {} is far from all that was usual: it does not count until another value confirms it.",
                ui::number_text(Some(*value), ""),
                day(*at)
            ),
        });
    }
    match live.fitted.season {
        Some(season) => notes.push(format!("It repeats every {} points.", api::grouped(season))),
        None if live.fitted.back_test.origins > 0 => {
            notes.push("No season was found.".to_owned());
        }
        None => {}
    }
    if let Some([within80, within95]) = live.fitted.coverage {
        notes.push(format!(
            "In the back-test {:.0} % of values lay within the 80 % band and {:.0} % within the 95 % band.",
            100.0 * within80,
            100.0 * within95
        ));
    }
    notes.extend(since(live));
    notes
}

/// How a version has done since it was fitted.
fn since(version: &ModelVersion) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((error, [within80, _])) = version.live.error.zip(version.live.coverage) {
        notes.push(format!(
            "Since then {} points came in: its errors one step ahead are {error:.1} × those of the back-test, and {:.0} % of points lay within the 80 % band.",
            api::grouped(version.live.seen),
            100.0 * within80
        ));
    }
    if let Some(at) = version.drifted_at {
        let next = if version.state == VersionState::Live && version.held_until.is_none() {
            " A new fit is on its way."
        } else {
            ""
        };
        notes.push(format!(
            "It has drifted: since {} its errors are lastingly larger than in its back-test.{next}",
            day(at)
        ));
    }
    notes
}

fn words(version: &ModelVersion) -> String {
    let mut words = format!(
        "Fitted {} on {} points of {} from {} to {}, with version {} in {:.1} ms; {} than the naive forecast.",
        version.fitted.reason.words(),
        api::grouped(version.points),
        version.step,
        day(version.window.from),
        day(version.window.to),
        version.engine,
        version.cpu_us as f64 / 1_000.0,
        against(version.ratio),
    )
    .replace("not tried than the naive forecast", "not tried on its past")
    .replace("as good than", "as good as");
    if version.state != VersionState::Live {
        for note in since(version) {
            words.push(' ');
            words.push_str(&note);
        }
    }
    words
}

/// What a choice in the address means.
pub fn choice(word: &str) -> ModelChoice {
    match word {
        "drifted" => ModelChoice::Drifted,
        "behind" => ModelChoice::Behind,
        "held" => ModelChoice::Held,
        _ => ModelChoice::All,
    }
}

/// What an order in the address means.
pub fn order(word: &str) -> ModelOrder {
    match word {
        "drift" => ModelOrder::Drift,
        "age" => ModelOrder::Age,
        _ => ModelOrder::Error,
    }
}

/// Tells a page of models.
pub fn lines(page: &ModelPage) -> Lines {
    let all = page.all;
    let mean = all.ratio.map_or_else(String::new, |ratio| {
        format!(
            " On average they are {} than the naive forecast.",
            against(Some(ratio))
        )
        .replace("as good than", "as good as")
    });
    Lines {
        summary: format!(
            "{} models in force; {} of them do not beat the naive forecast, {} have drifted, {} are held.{mean}",
            all.live, all.behind, all.drifted, all.held
        ),
        lines: page.rows.iter().map(|row| line(row, page.now)).collect(),
        next: page.next.clone(),
        any: all.live > 0,
    }
}

fn line(row: &ModelRow, now: Instant) -> Line {
    let version = &row.version;
    let mut state = Vec::new();
    if version.drifted_at.is_some() {
        state.push(("drifted".to_owned(), true));
    }
    if version.ratio.is_some_and(|ratio| ratio >= 1.0) {
        state.push(("does not beat the naive".to_owned(), true));
    }
    if version.held_until.is_some_and(|until| until > now) {
        state.push(("held".to_owned(), false));
    }
    let live = version.live.error;
    Line {
        href: format!("/series/{}", row.series),
        title: row.title.clone(),
        at: version.made_at.0,
        cells: [
            version.number.to_string(),
            format!(
                "{} points of {}, from {}",
                api::grouped(version.points),
                version.step,
                day(version.window.from)
            ),
            against(version.ratio),
            live.map_or_else(
                || "no point since".to_owned(),
                |error| format!("{error:.1} ×"),
            ),
        ],
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{FitReason, Fitted, LiveScore, MemberScore, Range};

    fn version(number: u32, state: VersionState, ratio: f64) -> ModelVersion {
        let member = |name: &str, mase| MemberScore {
            name: name.into(),
            weight: 0.5,
            mase: Some(mase),
            failed: None,
        };
        ModelVersion {
            number,
            state,
            made_at: Instant(0),
            engine: "0.1.0".into(),
            step: "1 day".into(),
            window: Range {
                from: Instant(0),
                to: Instant(90 * Instant::DAY),
            },
            points: 90,
            filled: 3,
            ratio: Some(ratio),
            nearness: 0.0,
            drifted_at: None,
            held_until: None,
            cpu_us: 1_500,
            fitted: Fitted {
                reason: FitReason::First,
                back_test: BackTest {
                    origins: 20,
                    mase: Some(ratio),
                    naive_mase: Some(1.0),
                    smape: None,
                    naive_smape: None,
                    beats_naive: ratio < 1.0,
                    members: vec![member("Seasonal naive", 1.0), member("ETS", 1.1)],
                },
                coverage: Some([0.8, 0.95]),
                season: Some(7),
                notes: Vec::new(),
                effects: Vec::new(),
            },
            live: LiveScore::default(),
        }
    }

    #[test]
    fn what_does_not_beat_the_naive_forecast_is_said_so() {
        let made = made(&[version(1, VersionState::Live, 1.07)], true).unwrap();
        assert!(made.verdict.contains("did not beat") && made.verdict.contains("7 % worse"));
        assert_eq!(made.rows.len(), 3, "the floor once");
        assert_eq!(made.rows[2][3], "does not beat the floor");
        assert!(made.notes[0].starts_with("3 of 90 points were missing"));
        assert_eq!(
            made.versions[0].press, None,
            "there is nothing to go back to"
        );
    }

    #[test]
    fn only_who_may_change_things_finds_buttons() {
        let versions = [
            version(2, VersionState::Live, 0.8),
            version(1, VersionState::Previous, 0.9),
        ];
        let press = |may_write| {
            let made = made(&versions, may_write).unwrap();
            made.versions
                .into_iter()
                .map(|one| one.press)
                .collect::<Vec<_>>()
        };
        assert_eq!(press(false), [None, None]);
        let buttons = [(0, "Roll back".to_owned()), (1, "Put in force".to_owned())];
        assert_eq!(press(true), buttons.map(Some));
    }
}
