//! What is unusual in one series: the ribbon under its chart, its findings, what people say of them,
//! and how sensitive that makes it.

use api::{Finding, Foretold, Instant, Range, Scored, Sensitivity, SeriesId, Unusual};
use leptos::prelude::*;
use leptos::server_fn::codec::Postcard;
use std::fmt::Write as _;
use ui::{Button, ButtonKind, Card, Empty, Glyph, When};

use crate::finding::{Said, address, rarity, reasons, stretch};
use crate::frame::SessionContext;
use crate::problem::{FormProblem, tell};
use crate::rpc;
use crate::runway::seen_words;

/// How many findings the list shows.
const SHOWN: usize = 20;

/// Says what a finding was: `yes`, `no`, or nothing to take it back.
#[server(output = Postcard)]
pub async fn judge_finding(id: String, begins: i64, verdict: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let verdict = match verdict.as_str() {
        "yes" => Some(api::Verdict::Yes),
        "no" => Some(api::Verdict::No),
        _ => None,
    };
    let (id, begins) = (SeriesId(id), Instant(begins));
    Ok(services
        .findings
        .judge(&caller, &id, begins, verdict)
        .await?)
}

/// Sets the score from which points of a series are findings; the default where nothing is said.
#[server(output = Postcard)]
pub async fn set_sensitivity(id: String, threshold: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    // What is no number lies in no range, and is refused there.
    let threshold = (!threshold.is_empty()).then(|| threshold.parse().unwrap_or(f64::NAN));
    Ok(services
        .findings
        .set_sensitivity(&caller, &SeriesId(id), threshold)
        .await?)
}

/// The two things that people say of findings.
#[derive(Clone, Copy)]
pub struct Judging {
    judge: ServerAction<JudgeFinding>,
    set: ServerAction<SetSensitivity>,
}

impl Judging {
    /// Nothing said yet.
    pub fn new() -> Self {
        Self {
            judge: ServerAction::new(),
            set: ServerAction::new(),
        }
    }

    /// Counts what was said.
    pub fn version(self) -> usize {
        self.judge.version().get() + self.set.version().get()
    }

    /// Says in a toast that it was heard.
    pub fn tell(self) {
        tell(self.judge.value(), "Noted: the sensitivity follows");
        tell(self.set.value(), "Sensitivity saved");
    }
}

/// How unusual each stretch of the chart's time was; `span` is the history's time and where the
/// chart's ends.
pub fn ribbon(scored: &[Scored], threshold: f64, span: (Range, Instant)) -> impl IntoView + use<> {
    let highest = scored.iter().map(|one| one.score).reduce(f64::max)?;
    let (range, end) = span;
    let [some, much] = [(threshold / 2.0, threshold), (threshold, f64::INFINITY)]
        .map(|(low, high)| stripes(scored, range, end, |score| (low..high).contains(&score)));
    let label = format!("How unusual: scores up to {highest:.2}, findings from {threshold:.2}");
    Some(view! {
        <svg
            class="ribbon"
            viewBox="0 0 1000 10"
            preserveAspectRatio="none"
            role="img"
            aria-label=label
        >
            <path class="ribbon-some" d=some></path>
            <path class="ribbon-much" d=much></path>
        </svg>
    })
}

/// The stretches whose score is wanted, as rectangles of one path.
fn stripes(scored: &[Scored], range: Range, end: Instant, wanted: impl Fn(f64) -> bool) -> String {
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

/// The findings of the time shown, and the series' sensitivity.
#[component]
pub fn UnusualCard(unusual: Unusual, series: SeriesId, judging: Judging) -> impl IntoView {
    let SessionContext(session) = expect_context();
    let note = match (&unusual.why_not, unusual.findings.len()) {
        (Some(_), _) => "unknown".to_owned(),
        (None, 1) => "1 finding in the time shown".to_owned(),
        (None, many) => format!("{many} findings in the time shown"),
    };
    view! {
        <Card title="Unusual" note=note>
            <FormProblem answer=judging.judge.value()/>
            <FormProblem answer=judging.set.value()/>
            <Transition>
                {move || {
                    let (unusual, series) = (unusual.clone(), series.clone());
                    Suspend::new(async move {
                        let may_write = session.await.is_ok_and(|s| s.may_write());
                        view! { <Told unusual series judging may_write/> }
                    })
                }}
            </Transition>
        </Card>
    }
}

#[component]
fn Told(unusual: Unusual, series: SeriesId, judging: Judging, may_write: bool) -> impl IntoView {
    let nothing = match &unusual.why_not {
        Some(why) => Some((
            "Nothing can be said yet",
            format!("Whether something is unusual is unknown: {why}."),
        )),
        None if unusual.findings.is_empty() => Some((
            "Nothing unusual",
            "Every point of the time shown is as others before it were.".to_owned(),
        )),
        None => None,
    };
    let known = unusual.why_not.is_none();
    let more = unusual.findings.len().saturating_sub(SHOWN);
    let listed: Vec<Finding> = unusual.findings.iter().take(SHOWN).cloned().collect();
    view! {
        {match nothing {
            Some((title, text)) => view! { <Empty title text icon=Glyph::Check/> }.into_any(),
            None => {
                view! {
                    <ul class="findings">
                        {listed.into_iter().map(|finding| view! { <Item finding judging may_write/> }).collect_view()}
                    </ul>
                }
                    .into_any()
            }
        }}
        {(more > 0).then(|| view! { <p class="quiet">{format!("{more} earlier ones: choose a shorter time.")}</p> })}
        {known.then(|| view! { <Slider unusual series judging may_write/> })}
    }
}

/// One finding: what, when, why, what was like it, and what somebody says of it.
#[component]
fn Item(finding: Finding, judging: Judging, may_write: bool) -> impl IntoView {
    let words = seen_words(finding.value, finding.expected, &finding.unit);
    let within = ui::number_text(Some(finding.usual), &finding.unit);
    let id = finding.series.clone();
    let similar = finding.similar.clone();
    let alike = move || {
        let links = similar.iter().map(|range| {
            let (href, at) = (stretch(&id, *range), range.from.0);
            view! { " " <a href=href><When at/></a> }
        });
        (!similar.is_empty())
            .then(|| view! { <p>"Most like it before:" {links.collect_view()}</p> })
    };
    let verdict = finding.verdict;
    view! {
        <li class="finding">
            <div class="finding-words">
                <a href=address(&finding)><When at=finding.worst.0/></a>
                ": "
                <span class="num">{words}</span>
                " "
                <Said verdict=verdict/>
                <p>
                    {format!(
                        "Score {:.2}: {}; 98 of 100 points are within {within} of the usual level.",
                        finding.score,
                        rarity(&finding),
                    )}
                </p>
                <p>"Why: " {reasons(&finding)} "."</p>
                {alike()}
            </div>
            {may_write.then(|| view! { <Verdicts finding judging/> })}
        </li>
    }
}

#[component]
fn Verdicts(finding: Finding, judging: Judging) -> impl IntoView {
    let words: &[(&str, &str)] = match finding.verdict {
        None => &[("no", "Not an anomaly"), ("yes", "Yes, it was")],
        Some(_) => &[("", "Take back")],
    };
    let form = |(verdict, words): &(&'static str, &'static str)| {
        let (verdict, words) = (*verdict, *words);
        let (id, begins) = (finding.series.0.clone(), finding.begins.0.to_string());
        view! {
            <ActionForm action=judging.judge>
                <input type="hidden" name="id" value=id/>
                <input type="hidden" name="begins" value=begins/>
                <input type="hidden" name="verdict" value=verdict/>
                <Button small=true busy=judging.judge.pending()>{words}</Button>
            </ActionForm>
        }
    };
    view! { <div class="finding-forms">{words.iter().map(form).collect_view()}</div> }
}

/// How sensitive the series is, and what another threshold would have found.
#[component]
fn Slider(unusual: Unusual, series: SeriesId, judging: Judging, may_write: bool) -> impl IntoView {
    let Unusual {
        sensitivity,
        recent,
        days,
        preview,
        ..
    } = unusual;
    let lowest = preview.first().map_or(0.6, |one| one.threshold);
    let highest = preview.last().map_or(0.98, |one| one.threshold);
    let steps = told(&preview);
    let chosen = RwSignal::new(None::<f64>);
    let span = if days >= 29.5 {
        "the last 30 days".to_owned()
    } else {
        format!("the last {}", ui::span_text(days * 86_400.0))
    };
    let now = sensitivity.threshold;
    let would = move || match chosen.get() {
        None => format!("From a score of {now:.2}: {} in {span}.", count(recent)),
        Some(wanted) => {
            let nearest = preview.iter().min_by(|a, b| {
                let far = |one: &Foretold| (one.threshold - wanted).abs();
                far(a).total_cmp(&far(b))
            });
            let found = nearest.map_or(0, |one| one.findings);
            format!("From a score of {wanted:.2}: {} in {span}.", count(found))
        }
    };
    view! {
        <div class="sensitivity">
            <p>{sensitivity_words(&sensitivity)}</p>
            <output class="num" for="threshold">{would}</output>
            <p class="quiet num">"Findings at each score: " {steps} "."</p>
            {may_write
                .then(|| {
                    let ids = (series.0.clone(), series.0);
                    view! {
                        <ActionForm action=judging.set attr:class="row-form">
                            <input type="hidden" name="id" value=ids.0/>
                            <label for="threshold">"Findings from a score of"</label>
                            <input
                                id="threshold"
                                type="range"
                                name="threshold"
                                min=lowest.to_string()
                                max=highest.to_string()
                                step="0.02"
                                value=format!("{now:.2}")
                                on:input=move |event| chosen.set(event_target_value(&event).parse().ok())
                            />
                            <Button busy=judging.set.pending()>"Save sensitivity"</Button>
                        </ActionForm>
                        {(sensitivity != unmoved())
                            .then(|| {
                                view! {
                                    <ActionForm action=judging.set>
                                        <input type="hidden" name="id" value=ids.1/>
                                        <input type="hidden" name="threshold" value=""/>
                                        <Button kind=ButtonKind::Quiet busy=judging.set.pending()>
                                            "Back to the default"
                                        </Button>
                                    </ActionForm>
                                }
                            })}
                    }
                })}
        </div>
    }
}

/// A series of which nothing was said.
const fn unmoved() -> Sensitivity {
    Sensitivity {
        threshold: 0.8,
        by_hand: false,
        confirmed: 0,
        dismissed: 0,
    }
}

fn count(findings: u32) -> String {
    match findings {
        0 => "no finding".to_owned(),
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    }
}

/// What each threshold finds; one with as many as the one before is left out.
fn told(preview: &[Foretold]) -> String {
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
fn sensitivity_words(sensitivity: &Sensitivity) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_names_only_what_differs() {
        let preview = [(0.6, 9), (0.62, 9), (0.64, 3), (0.66, 0), (0.68, 0)];
        let preview = preview.map(|(threshold, findings)| Foretold {
            threshold,
            findings,
        });
        assert_eq!(told(&preview), "0.60: 9 · 0.64: 3 · 0.66: 0");
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
        let path = stripes(&scored, range, at(2_000), |score| score >= 0.8);
        assert_eq!(path, "M5.0 0H7.0V10H5.0Z");
    }
}
