//! What is foreseen of a series.

use api::{Crossing, Forecast, Instant, Outlook};
use leptos::prelude::*;
use ui::{Card, Reach, Strip, Tone, When};

use crate::runway::reach;

/// What is foreseen of a series whose newest sample is of the instant `newest`.
#[component]
pub fn Foreseen(
    limited: bool,
    forecast: Forecast,
    sums: Vec<(String, String)>,
    newest: Instant,
    now: Instant,
) -> impl IntoView {
    let missed = forecast.missed(newest, now);
    let Forecast {
        step,
        history,
        crossing,
        ..
    } = forecast;
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
    let note = format!("step {step}, {} points of history", api::grouped(history));
    view! {
        <Card title="When" note=note>
            {match (limited, crossing, missed) {
                (true, Some(_), Some(at)) => view! { <Missed at newest/> }.into_any(),
                (true, Some(crossing), None) => view! { <CrossingView crossing now/> }.into_any(),
                _ if summed => ().into_any(),
                _ => view! { <p class="quiet">"No limit is set, so nothing is reached."</p> }.into_any(),
            }}
            {summed.then(|| view! { <div class="facts">{sums}</div> })}
        </Card>
    }
}

/// A limit that should have been reached when no data came any more.
#[component]
fn Missed(at: Instant, newest: Instant) -> impl IntoView {
    view! {
        <p>
            "Foreseen for " <When at=at.0/> ". No data has come since " <When at=newest.0/>
            ", so nobody knows whether it was."
        </p>
    }
}

#[component]
fn CrossingView(crossing: Crossing, now: Instant) -> impl IntoView {
    let already = crossing.already;
    let (reach, tone) = if already {
        // A forecast does not know since when; the chart above shows it.
        (Reach::Over { since: None }, Tone::Alert)
    } else if crossing.median.is_some() {
        (reach(&Outlook::Reaches { crossing }, now), Tone::Warning)
    } else {
        (reach(&Outlook::Clear { crossing }, now), Tone::Warning)
    };
    let words = ui::reach_text(&reach);
    let likely = ui::likely_text(crossing.probability);
    view! {
        <p class="crossing num">
            {words} {crossing.median.map(|at| view! { ", " <When at=at.0/> })}
            {(!already).then(|| view! { <span class="quiet">" · within the horizon with " {likely}</span> })}
        </p>
        <Strip reach tone/>
    }
}
