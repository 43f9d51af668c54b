//! What began together in one place: on the page of findings, each with its timeline folded away.

use leptos::prelude::*;
use ui::{Badge, Card, Tone, When};

use crate::told::incident::Shown;

/// What began together; nothing where nothing did.
pub fn incidents_view(together: Vec<Shown>) -> impl IntoView {
    (!together.is_empty()).then(|| {
        let incidents = together.into_iter().map(incident).collect_view();
        let note = format!("in one place within {} minutes", api::INCIDENT_MINUTES);
        view! { <Card title="Began together" note=note flush=true>{incidents}</Card> }
    })
}

fn incident(shown: Shown) -> impl IntoView {
    let tone = if shown.lasts {
        Tone::Alert
    } else {
        Tone::Neutral
    };
    let moments = shown.moments.into_iter().map(|moment| {
        let (tone, word) = if moment.alert {
            (Tone::Alert, "alert")
        } else {
            (Tone::Warning, "finding")
        };
        let title = if moment.href.is_empty() {
            moment.title.into_any()
        } else {
            view! { <a href=moment.href>{moment.title}</a> }.into_any()
        };
        view! {
            <li>
                <Badge tone label=word/>
                <span class="happened-words">{title}<span class="quiet num">" "{moment.words}</span></span>
                <span class="quiet num"><When at=moment.at/></span>
            </li>
        }
    });
    let moments = moments.collect_view();
    view! {
        <details class="incident">
            <summary>
                <strong>{shown.place}</strong>
                <span>{shown.made_of}</span>
                <span class="quiet num"><When at=shown.begins/></span>
                <Badge tone label=shown.length/>
            </summary>
            <ul class="happened">{moments}</ul>
            <p class="quiet">{shown.more}</p>
        </details>
    }
}
