//! What a page is laid out with: its head, cards, and what stands where there is nothing to show.

use crate::badge::Tone;
use crate::icon::{Glyph, Icon};
use leptos::children::ViewFnOnce;
use leptos::prelude::*;

/// The title, one sentence of what the page tells, and its actions.
#[component]
pub fn PageHead(
    /// The page's name.
    #[prop(into)]
    title: Signal<String>,
    /// One sentence: what this page tells.
    #[prop(optional, into)]
    lede: Signal<String>,
    /// Buttons, the primary one last.
    #[prop(optional, into)]
    actions: ViewFnOnce,
) -> impl IntoView {
    view! {
        <header class="page-head">
            <div class="page-head-words">
                <h1>{move || title.get()}</h1>
                <p class="lede">{move || lede.get()}</p>
            </div>
            <div class="page-actions">{actions.run()}</div>
        </header>
    }
}

/// A bordered part of a page.
#[component]
pub fn Card(
    /// Its heading.
    #[prop(optional, into)]
    title: Option<String>,
    /// A quiet line beside the heading: a unit, a span of time.
    #[prop(optional, into)]
    note: Option<String>,
    /// Small buttons at the right of the heading.
    #[prop(optional, into)]
    actions: ViewFnOnce,
    /// Content up to the border: tables and lists.
    #[prop(optional)]
    flush: bool,
    /// What it holds.
    children: Children,
) -> impl IntoView {
    view! {
        <section class=if flush { "card card-flush" } else { "card" }>
            {title
                .map(|title| {
                    view! {
                        <header class="card-head">
                            <h2>{title}</h2>
                            {note.map(|note| view! { <span class="card-note">{note}</span> })}
                            <div class="card-actions">{actions.run()}</div>
                        </header>
                    }
                })}
            <div class="card-body">{children()}</div>
        </section>
    }
}

/// Where a list has nothing: what that means and the one thing to do.
#[component]
pub fn Empty(
    /// What is not here yet, in a few words.
    #[prop(into)]
    title: String,
    /// What would fill it.
    #[prop(optional, into)]
    text: String,
    /// An icon above the words.
    #[prop(optional, into)]
    icon: Option<Glyph>,
    /// The one thing to do, as a button or link.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            {icon.map(|glyph| view! { <Icon glyph=glyph large=true/> })}
            <p class="empty-title">{title}</p>
            <p class="empty-text">{text}</p>
            {children.map(|children| view! { <div class="empty-action">{children()}</div> })}
        </div>
    }
}

/// Stands where something is being waited for, of the same size.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 3)]
    lines: u8,
    /// A block as tall as a chart instead of lines.
    #[prop(optional)]
    block: bool,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="sr-only">"Loading"</span>
            {if block {
                view! { <div class="skeleton-block"></div> }.into_any()
            } else {
                (0..lines)
                    .map(|_| view! { <div class="skeleton-line"></div> })
                    .collect_view()
                    .into_any()
            }}
        </div>
    }
}

/// Something a person has to know about what they just tried: what happened, what it means, what
/// to do, and the id to quote.
#[component]
pub fn Notice(
    /// What kind of news.
    #[prop(default = Tone::Alert)]
    tone: Tone,
    /// What happened.
    #[prop(into)]
    title: String,
    /// What it means.
    #[prop(optional, into)]
    means: Option<String>,
    /// What to do about it.
    #[prop(optional, into)]
    todo: Option<String>,
    /// The request's id, to quote to whoever runs this server.
    #[prop(default = None, into)]
    request_id: Option<String>,
    /// Buttons or further words.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let glyph = match tone {
        Tone::Alert | Tone::Warning => Glyph::Alert,
        Tone::Good => Glyph::Check,
        Tone::Neutral | Tone::Accent => Glyph::Info,
    };
    let role = if tone == Tone::Alert {
        "alert"
    } else {
        "status"
    };
    view! {
        <div class=format!("notice {}", tone.class()) role=role>
            <Icon glyph=glyph/>
            <div class="notice-words">
                <p class="notice-title">{title}</p>
                {means.map(|means| view! { <p>{means}</p> })}
                {todo.map(|todo| view! { <p>{todo}</p> })}
                {request_id
                    .map(|id| view! { <p class="notice-id">"Request " <code>{id}</code></p> })}
                {children.map(|children| view! { <div class="notice-actions">{children()}</div> })}
            </div>
        </div>
    }
}

/// A line across the whole page, such as "demo data", with one action.
#[component]
pub fn Banner(
    /// What kind of news.
    #[prop(default = Tone::Accent)]
    tone: Tone,
    /// Words and an action.
    children: Children,
) -> impl IntoView {
    view! {
        <aside class=format!("banner {}", tone.class()) aria-label="Note">
            {children()}
        </aside>
    }
}

/// How far something is.
#[component]
pub fn Progress(
    /// What is being done, for a screen reader and as the line above.
    #[prop(into)]
    label: Signal<String>,
    /// From 0 to 1; none while it is not known.
    #[prop(into)]
    done: Signal<Option<f64>>,
    /// What stands at the right, such as "120 000 of 1 000 000 rows".
    #[prop(optional, into)]
    detail: Signal<String>,
) -> impl IntoView {
    view! {
        <label class="progress">
            <span class="progress-words">
                <span>{move || label.get()}</span>
                <span class="num">{move || detail.get()}</span>
            </span>
            <progress max="1" value=move || done.get().map(|done| format!("{done:.4}"))></progress>
        </label>
    }
}

/// One of several views of the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its words.
    pub label: String,
    /// Where it leads, so that the choice is in the URL.
    pub href: String,
    /// It is the one shown.
    pub current: bool,
}

impl Segment {
    /// A view, not the one shown.
    pub fn new(label: impl Into<String>, href: impl Into<String>, current: bool) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
            current,
        }
    }
}

/// A few choices in one frame: a time range, chart or table.
#[component]
pub fn Segmented(
    /// What is chosen, for a screen reader.
    #[prop(into)]
    label: String,
    /// The choices.
    #[prop(into)]
    segments: Signal<Vec<Segment>>,
) -> impl IntoView {
    view! { <nav class="segmented" aria-label=label>{move || links(segments.get())}</nav> }
}

/// Parts of a page, each with its own address.
#[component]
pub fn Tabs(
    /// What is chosen, for a screen reader.
    #[prop(into)]
    label: String,
    /// The parts.
    #[prop(into)]
    segments: Signal<Vec<Segment>>,
) -> impl IntoView {
    view! { <nav class="tabs" aria-label=label>{move || links(segments.get())}</nav> }
}

fn links(segments: Vec<Segment>) -> impl IntoView {
    segments
        .into_iter()
        .map(|segment| {
            view! {
                <a href=segment.href aria-current=segment.current.then_some("page")>
                    {segment.label}
                </a>
            }
        })
        .collect_view()
}
