//! Findings in words and drawings.
//!
//! Pure functions for server functions only: the browser's half places what they make and need not
//! know how it is made (ADR 6). Public, since in the browser's half nobody calls them.

pub mod audit;
pub mod board;
pub mod cache;
pub mod calendar;
pub mod cash;
pub mod database;
pub mod errors;
pub mod event;
#[cfg(test)]
pub(crate) mod fixture;
pub mod future;
pub mod incident;
pub mod job;
pub mod machine;
pub mod model;
pub mod place;
pub mod reorder;
pub mod runway;
pub mod similar;

use api::{
    Aspect, Domain, Finding, Foretold, Instant, Point, Range, Scored, Sensitivity, SeriesId,
    Unusual,
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

use runway::seen_words;

/// The numbers of a word in an address: all but for `business` and `machine`.
pub fn domain(word: &str) -> Option<Domain> {
    match word {
        "business" => Some(Domain::Business),
        "machine" => Some(Domain::Machine),
        _ => None,
    }
}

/// How many findings the list shows.
const SHOWN: usize = 20;

/// What a series' page shows of what is unusual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// How many findings, or that it is unknown.
    pub note: String,
    /// What stands where there is no finding: a title and a sentence.
    pub nothing: Option<(String, String)>,
    /// The newest findings.
    pub findings: Vec<Told>,
    /// How many more there are, in words.
    pub more: String,
    /// How sensitive the series is; `None` where nothing can be said.
    pub slider: Option<Slider>,
}

/// How sensitive a series is, and what another threshold would have found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slider {
    /// From which score there are findings, and why from there.
    pub why: String,
    /// How many there are from it.
    pub now: String,
    /// The threshold.
    pub value: String,
    /// What other thresholds find, all of them in a line.
    pub line: String,
    /// The same, each in a sentence; the first is for the slider's left end.
    pub would: Vec<String>,
    /// Whether it is another than the default.
    pub moved: bool,
}

/// The ribbon under a chart: a label, and the paths of what is somewhat and of what is very unusual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ribbon {
    /// What it shows, for screen readers.
    pub label: String,
    /// What has half of the evidence of a finding.
    pub some: String,
    /// What has that of a finding.
    pub much: String,
}

/// A finding in words: made on the server, since the browser need not know how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// What the series is called.
    pub title: String,
    /// Which of its findings it is: the instant in microseconds at which it began.
    pub begins: i64,
    /// The time around it on the series' page.
    pub href: String,
    /// When it was worst, in microseconds.
    pub at: i64,
    /// What was seen, and what is usual.
    pub seen: String,
    /// How rare it is.
    pub rare: String,
    /// What spoke for it.
    pub why: String,
    /// The times most like it: address and instant in microseconds.
    pub alike: Vec<(String, i64)>,
    /// What somebody said of it; empty where nobody did.
    pub said: String,
    /// Whether chance alone may have brought it.
    pub chance: bool,
}

/// How many findings chance may have brought, and whether they are among those shown; empty where there are none.
pub fn chance(count: u32, shown: bool) -> String {
    let among = if shown { "of these" } else { "more" };
    match count {
        0 => String::new(),
        count => format!("{} {among} may be chance.", api::grouped(count)),
    }
}

/// Tells a finding.
pub fn told(finding: &Finding) -> Told {
    let within = ui::number_text(Some(finding.usual), &finding.unit);
    let alike = finding.similar.iter();
    Told {
        title: finding.title.clone(),
        begins: finding.begins.0,
        href: address(finding),
        at: finding.worst.0,
        seen: seen_words(finding.value, finding.expected, &finding.unit),
        rare: format!(
            "Score {:.2}: {}; 98 of 100 points are within {within} of the usual level.",
            finding.score,
            rarity(finding)
        ),
        why: reasons(finding),
        alike: alike
            .map(|range| (stretch(&finding.series, *range), range.from.0))
            .collect(),
        said: match finding.verdict {
            None => "",
            Some(api::Verdict::Yes) => "an anomaly",
            Some(api::Verdict::No) => "not an anomaly",
        }
        .to_owned(),
        chance: finding.may_be_chance(),
    }
}

/// The series' page with the time around a finding: as much before as a comparison looks at, twice.
fn address(finding: &Finding) -> String {
    let period = i64::from(finding.period_seconds) * Instant::SECOND;
    let from = finding.begins.minus(period.saturating_mul(48));
    let to = finding.last.plus(period.saturating_mul(12));
    stretch(&finding.series, Range { from, to })
}

/// The series' page with that time.
fn stretch(series: &SeriesId, range: Range) -> String {
    let seconds = |at: Instant| at.0.div_euclid(Instant::SECOND);
    let (from, to) = (seconds(range.from), seconds(range.to));
    format!("/series/{series}?from={from}&to={to}")
}

/// What spoke for a finding, and what the calendar says of that time, in words.
fn reasons(finding: &Finding) -> String {
    let words: Vec<&str> = finding
        .evidence
        .iter()
        .map(|evidence| aspect_words(evidence.of))
        .collect();
    let spoke = words.join(", ");
    if finding.during.is_empty() {
        return spoke;
    }
    format!("{spoke}; during {}", finding.during.join(", "))
}

const fn aspect_words(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Level => "far from the usual level",
        Aspect::Season => "far from what is usual at such a time",
        Aspect::Shift => "four points away from it together",
        Aspect::Jump => "a jump from the point before",
        Aspect::ShortShape => "unlike any 8 points before",
        Aspect::LongShape => "unlike any 24 points before",
        Aspect::ShortSpread => "24 points spread otherwise than they did",
        Aspect::LongSpread => "96 points spread otherwise than they did",
    }
}

/// How rare a finding is: what is rarer than one in a thousand is not known more closely.
fn rarity(finding: &Finding) -> String {
    if finding.p_value < 0.001 {
        return format!(
            "fewer than 1 in {} points are so unusual",
            api::grouped(1_000)
        );
    }
    format!(
        "about 1 in {:.0} points is so unusual",
        1.0 / finding.p_value
    )
}

/// What a button says.
pub fn verdict(word: &str) -> Option<api::Verdict> {
    match word {
        "yes" => Some(api::Verdict::Yes),
        "no" => Some(api::Verdict::No),
        _ => None,
    }
}

/// What a slider says. What is no number lies in no range, and is refused there.
pub fn threshold(word: &str) -> Option<f64> {
    (!word.is_empty()).then(|| word.parse().unwrap_or(f64::NAN))
}

/// What a page shows of it.
pub fn shown(unusual: &Unusual) -> Shown {
    let findings = &unusual.findings;
    let more = findings.len().saturating_sub(SHOWN);
    let known = unusual.why_not.is_none();
    Shown {
        note: match (known, findings.len()) {
            (false, _) => "unknown".to_owned(),
            (true, 1) => "1 finding in the time shown".to_owned(),
            (true, many) => format!("{} findings in the time shown", api::grouped(many)),
        },
        nothing: nothing(unusual),
        findings: findings.iter().take(SHOWN).map(told).collect(),
        more: if more > 0 {
            format!(
                "{} earlier ones: choose a shorter time.",
                api::grouped(more)
            )
        } else {
            String::new()
        },
        slider: known.then(|| slider(unusual)),
    }
}

fn nothing(unusual: &Unusual) -> Option<(String, String)> {
    if let Some(why) = &unusual.why_not {
        let words = format!("Whether something is unusual is unknown: {why}.");
        return Some(("Nothing can be said yet".to_owned(), words));
    }
    unusual.findings.is_empty().then(|| {
        let words = "Every point of the time shown is as others before it were.";
        ("Nothing unusual".to_owned(), words.to_owned())
    })
}

fn slider(unusual: &Unusual) -> Slider {
    let sensitivity = unusual.sensitivity;
    let span = if unusual.days >= 29.5 {
        "the last 30 days".to_owned()
    } else {
        format!("the last {}", ui::span_text(unusual.days * 86_400.0))
    };
    let sentence = |threshold: f64, findings: u32| {
        let count = match findings {
            0 => "no finding".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{} findings", api::grouped(many)),
        };
        format!("From a score of {threshold:.2}: {count} in {span}.")
    };
    let would = unusual.preview.iter();
    Slider {
        why: why(&sensitivity),
        now: sentence(sensitivity.threshold, unusual.recent),
        value: format!("{:.2}", sensitivity.threshold),
        line: format!("Findings at each score: {}.", line(&unusual.preview)),
        would: would
            .map(|one| sentence(one.threshold, one.findings))
            .collect(),
        moved: sensitivity.by_hand || sensitivity.confirmed + sensitivity.dismissed > 0,
    }
}

/// What each threshold finds; one with as many as the one before is left out.
fn line(preview: &[Foretold]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut before = None;
    for one in preview {
        if before != Some(one.findings) {
            words.push(format!("{:.2}: {}", one.threshold, one.findings));
        }
        before = Some(one.findings);
    }
    words.join(" · ")
}

/// From which score there are findings, and why from there.
fn why(sensitivity: &Sensitivity) -> String {
    let start = if sensitivity.by_hand {
        "set by hand"
    } else {
        "the default"
    };
    let said = match (sensitivity.dismissed, sensitivity.confirmed) {
        (0, 0) => String::new(),
        (no, 0) => format!(", moved by {no} that people called no anomaly"),
        (0, yes) => format!(", moved by {yes} that people called an anomaly"),
        (no, yes) => {
            format!(", moved by {no} that people called no anomaly and {yes} that they called one")
        }
    };
    format!(
        "This series has findings from a score of {:.2}: {start}{said}.",
        sensitivity.threshold
    )
}

/// How unusual each stretch of the chart's time was; `span` is the history's time and where the
/// chart's ends.
pub fn ribbon(scored: &[Scored], threshold: f64, span: (Range, Instant)) -> Option<Ribbon> {
    let highest = scored.iter().map(|one| one.score).reduce(f64::max)?;
    // Half of the evidence that makes a finding.
    let odds = threshold / (1.0 - threshold).max(f64::EPSILON) / 2.0;
    let half = odds / (1.0 + odds);
    Some(Ribbon {
        label: format!("How unusual: scores up to {highest:.2}, findings from {threshold:.2}"),
        some: stripes(scored, span, |score| (half..threshold).contains(&score)),
        much: stripes(scored, span, |score| score >= threshold),
    })
}

/// The stretches whose score is wanted, as rectangles of one path.
fn stripes(scored: &[Scored], span: (Range, Instant), wanted: impl Fn(f64) -> bool) -> String {
    let (range, end) = span;
    let whole = end.seconds_since(range.from).max(1.0);
    let x = |at: Instant| (1000.0 * at.seconds_since(range.from) / whole).clamp(0.0, 1000.0);
    let mut path = String::new();
    for (place, one) in scored.iter().enumerate() {
        if !wanted(one.score) {
            continue;
        }
        let until = scored.get(place + 1).map_or(range.to, |next| next.at);
        let from = x(one.at);
        // One that is too narrow to see is no less unusual.
        let to = x(until).max(from + 2.0);
        // Writing to a string cannot fail.
        let _ = write!(path, "M{from:.1} 0H{to:.1}V10H{from:.1}Z");
    }
    path
}

/// The drawn points that stand for findings.
///
/// A finding is about a period; of the points drawn in it the one that is farthest from what was
/// expected stands for it, and the nearest one where the chart was thinned and has none there.
pub fn marks(findings: &[Finding], points: &[Point], range: Range) -> Vec<Point> {
    let mut marks: Vec<Point> = findings
        .iter()
        .filter(|finding| range.from <= finding.worst && finding.worst < range.to)
        .filter_map(|finding| {
            let length = i64::from(finding.period_seconds) * Instant::SECOND;
            let period = finding.worst..finding.worst.plus(length);
            let expected = finding.expected.unwrap_or(finding.value);
            let off = |point: &Point| point.value.map_or(-1.0, |value| (value - expected).abs());
            let known = || points.iter().filter(|point| point.value.is_some());
            let within = known().filter(|point| period.contains(&point.at));
            within
                .max_by(|a, b| off(a).total_cmp(&off(b)))
                .or_else(|| known().min_by_key(|p| p.at.0.abs_diff(finding.worst.0)))
                .copied()
        })
        .collect();
    marks.sort_by_key(|point| point.at);
    marks
}

/// A browser and its system out of what it says it is: `Chrome 131 on Linux`.
pub fn browser(said: &str) -> String {
    let version = |name: &str| {
        let (_, rest) = said.split_once(name)?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(digits.to_owned())
    };
    // Each names those it descends from, too: the youngest first.
    let names = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
    ];
    let found = names
        .into_iter()
        .find_map(|(mark, name)| Some(format!("{name} {}", version(mark)?)));
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let system = systems.into_iter().find(|(mark, _)| said.contains(mark));
    match (found, system) {
        (Some(name), Some((_, system))) => format!("{name} on {system}"),
        (Some(name), None) => name,
        (None, _) if said.trim().is_empty() => "unknown".to_owned(),
        (None, _) => said.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Domain, Evidence};

    #[test]
    fn a_browser_is_told_by_its_own_name() {
        let said = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
        assert_eq!(browser(said), "Chrome 131 on Linux");
        assert_eq!(browser(&format!("{said} Edg/130.1")), "Edge 130 on Linux");
        let said = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(said), "Safari 18 on iPhone");
        assert_eq!(browser("curl/8.5"), "curl/8.5");
        assert_eq!(browser(""), "unknown");
    }

    #[test]
    fn a_finding_is_told_in_plain_words() {
        let evidence = [Aspect::Level, Aspect::Jump].map(|of| Evidence { of, strength: 2.0 });
        let mut finding = Finding {
            series: "s".into(),
            title: "Queue".into(),
            unit: String::new(),
            domain: Domain::Business,
            begins: Instant::from_seconds(6_000),
            last: Instant::from_seconds(6_060),
            worst: Instant::from_seconds(6_000),
            period_seconds: 60,
            score: 0.9,
            p_value: 0.004,
            q_value: 0.5,
            value: 140.0,
            expected: Some(50.0),
            usual: 9.0,
            evidence: evidence.to_vec(),
            similar: Vec::new(),
            during: Vec::new(),
            verdict: None,
        };
        assert_eq!(
            reasons(&finding),
            "far from the usual level, a jump from the point before"
        );
        assert_eq!(rarity(&finding), "about 1 in 250 points is so unusual");
        finding.during = vec!["Black week".to_owned()];
        assert!(reasons(&finding).ends_with("the point before; during Black week"));
        assert_eq!(address(&finding), "/series/s?from=3120&to=6780");
        finding.p_value = 0.0;
        assert!(rarity(&finding).starts_with("fewer than"));
    }

    #[test]
    fn a_preview_names_only_what_differs() {
        let preview = [(0.6, 9), (0.62, 9), (0.64, 3), (0.66, 0), (0.68, 0)];
        let preview = preview.map(|(threshold, findings)| Foretold {
            threshold,
            findings,
        });
        assert_eq!(line(&preview), "0.60: 9 · 0.64: 3 · 0.66: 0");
    }

    #[test]
    fn a_ribbon_shows_what_stands_out_however_narrow() {
        let at = Instant::from_seconds;
        let scored = [(0, 0.1), (10, 0.9), (11, 0.2)].map(|(second, score)| Scored {
            at: at(second),
            score,
        });
        let range = Range {
            from: at(0),
            to: at(1_000),
        };
        let ribbon = ribbon(&scored, 0.8, (range, at(2_000))).unwrap();
        assert_eq!(ribbon.much, "M5.0 0H7.0V10H5.0Z");
        assert_eq!(ribbon.some, "");
    }
}
