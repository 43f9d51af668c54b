//! Settings: how things look in this browser, API keys, what is kept, and the caches.

use leptos::prelude::*;
use leptos_meta::Title;
use ui::{ButtonLink, Card, DensitySwitch, Glyph, Notice, PageHead, Skeleton, ThemeSwitch, Tone};

use crate::awaited::awaited;
use crate::cache::Caches;
use crate::database::Database;
use crate::frame::{Session, SessionContext};
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
        <PageHead title="Settings" lede="How things look to you, and what is set for everybody."/>
        <NewSecret/>
        <Transition fallback=|| view! { <Card><Skeleton lines=4/></Card> }>
            {awaited(move || async move {
                match session.await {
                    Ok(session) => {
                        let others = of_others(&session);
                        view! {
                            <Elsewhere people=session.may_look_after/>
                            <Own/>
                            {session.may_manage.then(|| view! { <Keys/> })}
                            {session.may_write.then(|| view! { <Storage/> })}
                            {session.may_read.then(|| view! { <Database/><Caches may_write=session.may_write/> })}
                            {others
                                .map(|(title, means)| view! { <Notice tone=Tone::Neutral title means=means.to_owned()/> })}
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

/// How things look in this browser: anybody's own to choose.
#[component]
fn Own() -> impl IntoView {
    let path = Signal::stored("/settings".to_owned());
    view! {
        <Card title="In this browser" note="Times are in its own time zone.">
            <div class="row-form">
                <ThemeSwitch path/>
                <DensitySwitch path/>
            </div>
        </Card>
    }
}

/// What others set here, and whom to ask; none for somebody who may set everything.
fn of_others(session: &Session) -> Option<(&'static str, &'static str)> {
    match (session.may_manage, session.may_write) {
        (true, true) => None,
        (true, false) => Some((
            "How long metrics are kept is set by others",
            "Your role looks and does not change. An operator or an administrator sets it.",
        )),
        (false, true) => Some((
            "Keys for programs are made by others",
            "Ask an administrator for one: each sends samples or reads, and can be taken back.",
        )),
        (false, false) => Some((
            "The rest is set by others",
            "Keys for programs are made by an administrator, and how long metrics are kept is set by an operator or an administrator. Ask one of them.",
        )),
    }
}

#[component]
fn NewSecret() -> impl IntoView {
    let secret = secret::just_made();
    let SessionContext(session) = expect_context();
    view! {
        <Transition>
            {awaited(move || async move {
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
