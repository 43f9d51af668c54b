//! What is foreseen of a series.

use api::{Crossing, Forecast, Instant, Outlook};
use leptos::prelude::*;
use ui::{Card, Reach, Strip, Tone, When};

use crate::runway::reach;

/// What is foreseen.
#[component]
pub fn Foreseen(limited: bool, forecast: Forecast, now: Instant) -> impl IntoView {
    let Forecast {
        step,
        history,
        crossing,
        known_until,
        step_seconds,
        ..
    } = forecast;
    let waited = now.0 - known_until.0 > 3 * i64::from(step_seconds) * Instant::SECOND;
    let missed = crossing.and_then(|crossing| {
        let due = crossing.median.filter(|_| waited && !crossing.already);
        due.filter(|at| *at < now)
    });
    let note = format!("step {step}, {} points of history", ui::count_text(history));
    view! {
        <Card title="When" note=note>
            {match (limited, crossing) {
                (true, Some(crossing)) => match missed {
                    Some(at) => view! { <Missed at known_until/> }.into_any(),
                    None => view! { <CrossingView crossing now/> }.into_any(),
                },
                _ => view! { <p class="quiet">"No limit is set, so nothing is reached."</p> }.into_any(),
            }}
        </Card>
    }
}

/// A limit that should have been reached when no data came any more.
#[component]
fn Missed(at: Instant, known_until: Instant) -> impl IntoView {
    view! {
        <p>
            "Foreseen for " <When at=at.0/> ". No data has come since " <When at=known_until.0/>
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
