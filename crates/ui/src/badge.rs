//! Small marks: a badge that carries a word and a shape besides its colour, and a key cap.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What a colour means. Every tone also has a shape, so that colour is never the only carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tone {
    /// Nothing to say about it.
    #[default]
    Neutral,
    /// The product's own colour: chosen, in progress, informative.
    Accent,
    /// As it should be.
    Good,
    /// Look at it soon.
    Warning,
    /// Look at it now.
    Alert,
}

impl Tone {
    /// The class that colours an element in this tone.
    pub fn class(self) -> &'static str {
        match self {
            Self::Neutral => "tone-neutral",
            Self::Accent => "tone-accent",
            Self::Good => "tone-good",
            Self::Warning => "tone-warning",
            Self::Alert => "tone-alert",
        }
    }

    /// An 8 × 8 outline: circle, square, tick, triangle, diamond.
    pub(crate) fn shape(self) -> &'static str {
        match self {
            Self::Neutral => "M4 1.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 0 1 0-5.6Z",
            Self::Accent => "M1.5 1.5h5v5h-5Z",
            Self::Good => "M4 .8a3.2 3.2 0 1 1 0 6.4a3.2 3.2 0 0 1 0-6.4Z",
            Self::Warning => "M4 .6 7.6 7.2H.4Z",
            Self::Alert => "M4 .2 7.8 4 4 7.8.2 4Z",
        }
    }
}

/// A word with a shape and a colour.
#[component]
pub fn Badge(
    /// What it means.
    #[prop(optional)]
    tone: Tone,
    /// The word.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <span class=format!("badge {}", tone.class())>
            <svg class="badge-shape" viewBox="0 0 8 8" width="8" height="8" aria-hidden="true">
                <path d=tone.shape()></path>
            </svg>
            {label}
        </span>
    }
}

/// A key on the keyboard.
#[component]
pub fn Kbd(
    /// What is printed on it.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! { <kbd class="kbd">{label}</kbd> }
}
