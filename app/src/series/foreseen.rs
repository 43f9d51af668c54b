//! What is foreseen of a series.

use leptos::prelude::*;
use ui::{Card, Reach, Strip, Tone, When};

use crate::told::future::{Future, Line};

/// What is foreseen of a series.
#[component]
pub fn Foreseen(future: Future) -> impl IntoView {
    let Future { note, line, sums } = future;
    let summed = !sums.is_empty();
    let sums = sums.into_iter().map(|(span, much)| {
        view! {
            <span class="fact">
                <span class="fact-name">{span}</span>
                <span class="fact-value num">{much}</span>
            </span>
        }
    });
    let sums = sums.collect_view();
    view! {
        <Card title="When" note=note>
            {match line {
                Some(Line::Missed { due, newest }) => missed(due, newest).into_any(),
                Some(Line::Reached { reach, tone, at, likely, pace }) => {
                    reached(reach, tone, at, likely, pace).into_any()
                }
                None if summed => ().into_any(),
                None => view! { <p class="quiet">"No limit is set, so nothing is reached."</p> }.into_any(),
            }}
            {summed.then(|| view! { <div class="facts">{sums}</div> })}
        </Card>
    }
}

/// A limit that should have been reached when no data came any more.
fn missed(due: i64, newest: i64) -> impl IntoView {
    view! {
        <p>
            "Foreseen for " <When at=due/> ". No data has come since " <When at=newest/>
            ", so nobody knows whether it was."
        </p>
    }
}

fn reached(
    reach: Reach,
    tone: Tone,
    at: Option<i64>,
    likely: String,
    pace: String,
) -> impl IntoView {
    let words = ui::reach_text(&reach);
    view! {
        <p class="crossing num">
            {words} {at.map(|at| view! { ", " <When at/> })}
            {(!likely.is_empty())
                .then(|| view! { <span class="quiet">" · within the horizon with " {likely}</span> })}
        </p>
        {(!pace.is_empty()).then(|| view! { <p class="quiet">{pace}</p> })}
        <Strip reach tone/>
    }
}
