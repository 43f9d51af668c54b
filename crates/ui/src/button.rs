//! Buttons, and links that look like them.

use crate::icon::{Glyph, Icon};
use leptos::prelude::*;

/// How much a button asks for attention. A page has at most one primary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one thing to do here.
    Primary,
    /// Another thing to do here.
    #[default]
    Secondary,
    /// In a toolbar or a row.
    Quiet,
    /// Takes something away.
    Danger,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "btn btn-primary",
            Self::Secondary => "btn",
            Self::Quiet => "btn btn-quiet",
            Self::Danger => "btn btn-danger",
        }
    }
}

/// A button. Listen with `on:click`; further attributes with `attr:name=…`.
#[component]
pub fn Button(
    /// How it looks.
    #[prop(optional)]
    kind: ButtonKind,
    /// `submit` unless said otherwise, since a form without JavaScript needs it.
    #[prop(optional, into)]
    r#type: Option<String>,
    /// An icon before the words.
    #[prop(optional, into)]
    icon: Option<Glyph>,
    /// Nothing can be done now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// It is being done: the button keeps its size, turns a mark and takes no further press.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Only the icon is shown: the words for a screen reader and the hover.
    #[prop(optional, into)]
    label: Option<String>,
    /// Lower, for table rows.
    #[prop(optional)]
    small: bool,
    /// The words.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let class = class_of(kind, small, children.is_none());
    view! {
        <button
            type=r#type.unwrap_or_else(|| "submit".to_owned())
            class=class
            disabled=move || disabled.get() || busy.get()
            aria-busy=move || busy.get().then_some("true")
            aria-label=label.clone()
            title=label
        >
            {icon.map(|glyph| view! { <Icon glyph=glyph/> })}
            {children.map(|children| children())}
        </button>
    }
}

/// A link that looks like a button: it goes somewhere, it does nothing.
#[component]
pub fn ButtonLink(
    /// Where it goes.
    #[prop(into)]
    href: String,
    /// How it looks.
    #[prop(optional)]
    kind: ButtonKind,
    /// An icon before the words.
    #[prop(optional, into)]
    icon: Option<Glyph>,
    /// Only the icon is shown: the words for a screen reader and the hover.
    #[prop(optional, into)]
    label: Option<String>,
    /// Lower, for table rows.
    #[prop(optional)]
    small: bool,
    /// The words.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let class = class_of(kind, small, children.is_none());
    view! {
        <a href=href class=class aria-label=label.clone() title=label>
            {icon.map(|glyph| view! { <Icon glyph=glyph/> })}
            {children.map(|children| children())}
        </a>
    }
}

fn class_of(kind: ButtonKind, small: bool, square: bool) -> String {
    let mut class = kind.class().to_owned();
    if small {
        class.push_str(" btn-small");
    }
    if square {
        class.push_str(" btn-square");
    }
    class
}
