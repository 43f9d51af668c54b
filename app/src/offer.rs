//! What is offered to those alone who may do it; the others are told whom to ask.

use leptos::prelude::*;
use ui::{ButtonKind, ButtonLink, Glyph, Notice, Tone};

use crate::awaited::awaited;
use crate::frame::SessionContext;

/// The way to the page where data is added.
#[component]
pub fn AddData(
    /// It stands in the head of a page that has more to show: the others are told nothing there.
    #[prop(optional)]
    head: bool,
) -> impl IntoView {
    let SessionContext(session) = expect_context();
    view! {
        <Transition>
            {awaited(move || async move {
                let may_write = session.await.is_ok_and(|session| session.may_write);
                match (may_write, head) {
                    (true, true) => {
                        view! {
                            <ButtonLink href="/welcome" kind=ButtonKind::Primary icon=Glyph::Plus>
                                "Add data"
                            </ButtonLink>
                        }
                            .into_any()
                    }
                    (true, false) => view! { <ButtonLink href="/welcome">"Add data"</ButtonLink> }.into_any(),
                    (false, true) => ().into_any(),
                    (false, false) => {
                        view! { <p class="quiet">"Ask an operator or an administrator to add data."</p> }
                            .into_any()
                    }
                }
            })}
        </Transition>
    }
}

/// The way to the page where keys are made.
#[component]
pub fn MakeKey() -> impl IntoView {
    let SessionContext(session) = expect_context();
    view! {
        <Transition>
            {awaited(move || async move {
                if session.await.is_ok_and(|session| session.may_manage) {
                    view! { <ButtonLink href="/settings">"Make a key"</ButtonLink> }.into_any()
                } else {
                    view! { <p class="quiet">"Ask an administrator for a key."</p> }.into_any()
                }
            })}
        </Transition>
    }
}

/// Stands where others have the form that adds data.
#[component]
pub fn MayOnlyLook() -> impl IntoView {
    view! {
        <Notice
            tone=Tone::Neutral
            title="Your role looks and does not change"
            means="An operator or an administrator adds data."
        />
    }
}
