//! What is unusual in one series: the ribbon under its chart, its findings, what people say of them,
//! and how sensitive that makes it.
//!
//! Words and drawings come from [`crate::told`].

use api::SeriesId;
use leptos::prelude::*;
use leptos::server_fn::codec::Postcard;
use ui::{Button, Card, Empty, Glyph, When};

use crate::finding::said;
use crate::problem::FormProblem;
use crate::rpc;
use crate::told::{Ribbon, Shown, Slider, Told};

/// Says what a finding that began then was, `yes` or `no`, or takes that back; without a finding it
/// sets the score from which there are some, or gives that back. One function for both: each costs
/// every visitor of a chart some kilobytes.
#[server(output = Postcard)]
pub async fn say(id: String, finding: Option<i64>, word: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let (id, findings) = (SeriesId(id), services.findings);
    if let Some(begins) = finding {
        let verdict = crate::told::verdict(&word);
        let begins = api::Instant(begins);
        findings.judge(&caller, &id, begins, verdict).await?;
    } else {
        let threshold = crate::told::threshold(&word);
        findings.set_sensitivity(&caller, &id, threshold).await?;
    }
    Ok(())
}

/// The ribbon, where there is one.
pub fn ribbon_view(ribbon: Option<Ribbon>) -> impl IntoView {
    ribbon.map(|ribbon| {
        view! {
            <svg
                class="ribbon"
                viewBox="0 0 1000 10"
                preserveAspectRatio="none"
                role="img"
                aria-label=ribbon.label
            >
                <path class="ribbon-some" d=ribbon.some></path>
                <path class="ribbon-much" d=ribbon.much></path>
            </svg>
        }
    })
}

/// The findings of the time shown, and the series' sensitivity.
#[component]
pub fn UnusualCard(
    shown: Shown,
    series: SeriesId,
    action: ServerAction<Say>,
    may_write: bool,
) -> impl IntoView {
    view! {
        <Card title="Unusual" note=shown.note.clone()>
            <FormProblem answer=action.value()/>
            {inside(shown.clone(), &series, may_write.then_some(action))}
        </Card>
    }
}

/// `action` is there for those who may say something.
fn inside(
    shown: Shown,
    series: &SeriesId,
    action: Option<ServerAction<Say>>,
) -> impl IntoView + use<> {
    let items = shown.findings.into_iter();
    view! {
        {shown.nothing.map(|(title, text)| view! { <Empty title text icon=Glyph::Check/> })}
        <ul class="findings">{items.map(|told| item(told, series, action)).collect_view()}</ul>
        <p class="quiet">{shown.more}</p>
        {shown.slider.map(|slider| sensitivity(slider, series, action))}
    }
}

/// One finding: what, when, why, what was like it, and what somebody says of it.
fn item(
    finding: Told,
    series: &SeriesId,
    action: Option<ServerAction<Say>>,
) -> impl IntoView + use<> {
    let words: &[(&str, &'static str)] = if finding.said.is_empty() {
        &[("no", "Not an anomaly"), ("yes", "Yes, it was")]
    } else {
        &[("", "Take back")]
    };
    let begins = Some(finding.begins.to_string());
    let forms = action.map(|action| {
        let buttons = words.iter();
        buttons
            .map(|(word, label)| button(action, series, begins.clone(), word, label))
            .collect_view()
    });
    let alike = finding.alike.into_iter();
    let alike = alike.map(|(href, at)| view! { " " <a href=href><When at/></a> });
    let alike = if alike.len() > 0 {
        view! { <p>"Most like it before:" {alike.collect_view()}</p> }.into_any()
    } else {
        view! { <p>"There is too little before it to say what was like it."</p> }.into_any()
    };
    view! {
        <li class="finding">
            <div class="finding-words">
                <a href=finding.href><When at=finding.at/></a>
                ": "
                <span class="num">{finding.seen}</span>
                " "
                {said(finding.said, finding.chance)}
                <p>{finding.rare}</p>
                <p>"Why: " {finding.why} "."</p>
                {alike}
            </div>
            <div class="finding-forms">{forms}</div>
        </li>
    }
}

/// A form that is one button.
fn button(
    action: ServerAction<Say>,
    series: &SeriesId,
    finding: Option<String>,
    word: &str,
    label: &'static str,
) -> AnyView {
    let word = word.to_owned();
    let fields = view! {
        <input type="hidden" name="word" value=word/>
        <Button small=true busy=action.pending()>{label}</Button>
    };
    form(action, series, finding, fields.into_any())
}

fn form(
    action: ServerAction<Say>,
    series: &SeriesId,
    finding: Option<String>,
    fields: AnyView,
) -> AnyView {
    let id = series.0.clone();
    view! {
        <ActionForm action=action attr:class="row-form">
            <input type="hidden" name="id" value=id/>
            {finding.map(|begins| view! { <input type="hidden" name="finding" value=begins/> })}
            {fields}
        </ActionForm>
    }
    .into_any()
}

/// How sensitive the series is, and a slider that says what another threshold would have found.
fn sensitivity(
    slider: Slider,
    series: &SeriesId,
    action: Option<ServerAction<Say>>,
) -> impl IntoView + use<> {
    let words = RwSignal::new(slider.now);
    let would = slider.would;
    let last = would.len().saturating_sub(1) as f64;
    let forms = action.map(|action| {
        let slide = move |event| {
            let wanted = event_target_value(&event).parse().unwrap_or(0.6_f64);
            let place = ((wanted - 0.6) / 0.02).round().clamp(0.0, last);
            let sentence = would
                .iter()
                .zip(0_u8..)
                .find(|(_, at)| f64::from(*at) >= place);
            if let Some((sentence, _)) = sentence {
                words.set(sentence.clone());
            }
        };
        let fields = view! {
            <label for="threshold">"Findings from a score of"</label>
            <input
                id="threshold"
                type="range"
                name="word"
                min="0.6"
                max="0.98"
                step="0.02"
                value=slider.value
                on:input=slide
            />
            <Button busy=action.pending()>"Save sensitivity"</Button>
        };
        let back = slider
            .moved
            .then(|| button(action, series, None, "", "Back to the default"));
        view! {
            {form(action, series, None, fields.into_any())}
            {back}
        }
    });
    view! {
        <div class="sensitivity">
            <p>{slider.why}</p>
            <output class="num" for="threshold">{words}</output>
            <p class="quiet num">{slider.line}</p>
            {forms}
        </div>
    }
}
