//! What happened within the time that a chart shows: the list under it, which needs no JavaScript.

use leptos::prelude::*;
use ui::{Badge, Card, Tone, When};

use crate::told::event::{Happened, Line};

/// The list; nothing where nothing happened.
pub fn happened_view(happened: Happened) -> AnyView {
    if happened.lines.is_empty() {
        return ().into_any();
    }
    let lines = happened.lines.into_iter().map(line).collect_view();
    view! {
        <Card title="What happened" note="dotted lines on the chart">
            <ul class="happened">{lines}</ul>
            <p class="quiet">{happened.more}</p>
        </Card>
    }
    .into_any()
}

fn line(line: Line) -> impl IntoView {
    let tone = if line.alert {
        Tone::Alert
    } else {
        Tone::Accent
    };
    view! {
        <li>
            <Badge tone label=line.kind/>
            <span class="happened-words">
                {line.name}
                {(!line.about.is_empty()).then(|| view! { <span class="quiet">" "{line.about}</span> })}
            </span>
            <span class="quiet num">
                {line.at.map(|at| view! { <When at=at/> ", " })}
                {line.when}
            </span>
        </li>
    }
}
