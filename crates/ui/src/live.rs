//! The mark in the top bar that says whether what is on screen still moves.

use crate::icon::{Glyph, Icon};
use crate::time::{When, WhenForm};
use leptos::prelude::*;

/// Whether data flows into this page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Live {
    /// Not connected yet, or again.
    #[default]
    Connecting,
    /// Data flows.
    Live,
    /// Nothing has come since that instant (microseconds, UTC).
    Stale {
        /// When the last news came.
        since: i64,
    },
    /// This page does not move.
    Off,
}

/// Breathes when data flows, stops when it does not and says since when.
#[component]
pub fn LiveMark(
    /// What the connection says.
    #[prop(into)]
    state: Signal<Live>,
) -> impl IntoView {
    let class = move || match state.get() {
        Live::Connecting => "live live-connecting",
        Live::Live => "live live-on",
        Live::Stale { .. } => "live live-stale",
        Live::Off => "live live-off",
    };
    let words = move || match state.get() {
        Live::Connecting => "Connecting".into_any(),
        Live::Live => "Live".into_any(),
        Live::Stale { since } => {
            view! { "No news since " <When at=since form=WhenForm::Clock/> }.into_any()
        }
        Live::Off => "Not live".into_any(),
    };
    view! {
        <span class=class role="status">
            <svg class="live-dot" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
                <circle class="live-halo" cx="6" cy="6" r="5"></circle>
                <circle class="live-core" cx="6" cy="6" r="3"></circle>
            </svg>
            <span class="live-words">{words}</span>
        </span>
    }
}

/// The line under a value that has stopped moving.
#[component]
pub(crate) fn StaleMark(
    /// Why, such as "no data for 3 h".
    reason: String,
) -> impl IntoView {
    view! {
        <span class="stale">
            <Icon glyph=Glyph::Clock/>
            {reason}
        </span>
    }
}
