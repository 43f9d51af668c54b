//! Settings: API keys, and what is kept.

use leptos::prelude::*;
use leptos_meta::Title;
use ui::{ButtonLink, Card, Glyph, Notice, PageHead, Skeleton, Tone};

use crate::cache::Caches;
use crate::frame::SessionContext;
use crate::key::Keys;
use crate::metrics::{Senders, Storage};
use crate::problem::Problem;
use crate::secret;

/// The settings page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Settings"/>
        <PageHead title="Settings" lede="The keys that programs use, and what is kept."/>
        <NewSecret/>
        <Transition fallback=|| view! { <Card><Skeleton lines=4/></Card> }>
            {move || Suspend::new(async move {
                match session.await {
                    Ok(session) => {
                        view! {
                            <Elsewhere people=session.may_look_after/>
                            {session.may_manage.then(|| view! { <Keys/> })}
                            {session.may_write.then(|| view! { <Storage/> })}
                            <Caches may_write=session.may_write/>
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The ways to what is about people.
#[component]
fn Elsewhere(
    /// Whether this person may see who can sign in.
    people: bool,
) -> impl IntoView {
    view! {
        <nav class="row-form" aria-label="About people">
            <ButtonLink href="/account" icon=Glyph::User>"Your account"</ButtonLink>
            {people.then(|| view! { <ButtonLink href="/people" icon=Glyph::User>"People and roles"</ButtonLink> })}
        </nav>
    }
}

#[component]
fn NewSecret() -> impl IntoView {
    let secret = secret::just_made();
    let SessionContext(session) = expect_context();
    view! {
        <Transition>
            {move || Suspend::new(async move {
                let public = session.await.map(|session| session.public).unwrap_or_default();
                secret
                    .await
                    .ok()
                    .flatten()
                    .map(|secret| {
                        // A key, and not somebody's first password.
                        let key = secret.starts_with("mr_").then(|| secret.clone());
                        view! {
                            <Notice
                                tone=Tone::Good
                                title="Made. This is its secret, shown this once"
                                means="Copy it now: only a fingerprint of it is kept."
                            >
                                <code class="secret" id="secret">{secret}</code>
                            </Notice>
                            {key.map(|key| view! { <Senders key public/> })}
                        }
                    })
            })}
        </Transition>
    }
}
