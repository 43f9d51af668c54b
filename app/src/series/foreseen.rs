//! What is foreseen of a series, and how good such forecasts were.

use api::{BackTest, Crossing, Forecast, Instant, Outlook};
use leptos::prelude::*;
use ui::{Card, Column, Strip, Table, Tone, When};

use crate::runway::reach;

/// What is foreseen, and how good such forecasts were.
#[component]
pub fn Foreseen(limited: bool, forecast: Forecast, now: Instant) -> impl IntoView {
    let note = format!(
        "step {}, fitted on {} points",
        forecast.step, forecast.history
    );
    let filled = forecast.filled;
    view! {
        <Card title="When" note=note>
            {match (limited, forecast.crossing) {
                (true, Some(crossing)) => view! { <CrossingView crossing now/> }.into_any(),
                _ => view! { <p class="quiet">"No limit is set, so nothing is reached."</p> }.into_any(),
            }}
            {(filled > 0)
                .then(|| view! { <p class="quiet">{format!("{filled} missing points were filled in from their neighbours.")}</p> })}
        </Card>
        <BackTestCard test=forecast.back_test made_at=forecast.made_at/>
    }
}

#[component]
fn CrossingView(crossing: Crossing, now: Instant) -> impl IntoView {
    let outlook = if crossing.already {
        Outlook::Over { since: now }
    } else if crossing.median.is_some() {
        Outlook::Reaches { crossing }
    } else {
        Outlook::Clear { crossing }
    };
    let reach = reach(&outlook, now);
    let words = ui::reach_text(&reach);
    let likely = ui::likely_text(crossing.probability);
    let tone = if crossing.already {
        Tone::Alert
    } else {
        Tone::Warning
    };
    view! {
        <p class="crossing num">
            {words} {crossing.median.map(|at| view! { ", " <When at=at.0/> })}
            <span class="quiet">
                " · within the horizon with " {likely}
            </span>
        </p>
        <Strip reach tone/>
    }
}

#[component]
fn BackTestCard(test: BackTest, made_at: Instant) -> impl IntoView {
    let columns = vec![
        Column::text("Model"),
        Column::number("Weight", "%"),
        Column::number("Error", "MASE"),
        Column::text("Note"),
    ];
    let error =
        |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |v| format!("{v:.3}"));
    let verdict = if test.origins == 0 {
        "Not enough history to try it on the past.".to_owned()
    } else if test.beats_naive {
        format!(
            "Tried from {} points in its past, it beat “the same as last season”.",
            test.origins
        )
    } else {
        format!(
            "Tried from {} points in its past, it did not beat “the same as last season”: trust it less.",
            test.origins
        )
    };
    let row = |name: String, weight: String, mase: String, note: String| {
        view! {
            <tr>
                <td data-label="Model">{name}</td>
                <td class="num" data-label="Weight">{weight}</td>
                <td class="num" data-label="Error">{mase}</td>
                <td data-label="Note">{note}</td>
            </tr>
        }
    };
    let members = test
        .members
        .into_iter()
        // The floor has its own row above.
        .filter(|m| m.name != "Seasonal naive")
        .map(|m| {
            row(
                m.name,
                format!("{:.0}", m.weight * 100.0),
                error(m.mase),
                m.failed.unwrap_or_default(),
            )
        })
        .collect_view();
    view! {
        <Card title="How good such forecasts were" flush=true>
            <p class="card-text">
                {verdict} <span class="quiet">" Made " <When at=made_at.0/></span>
            </p>
            <Table caption="Back-test: mean absolute scaled error, less is better" columns>
                {row("Ensemble".into(), String::new(), error(test.mase), String::new())}
                {row("Seasonal naive".into(), String::new(), error(test.naive_mase), "the floor to beat".into())}
                {members}
            </Table>
        </Card>
    }
}
