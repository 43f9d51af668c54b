//! Signing in, and claiming a fresh installation.
//!
//! Both are plain forms that the server answers with a redirect: a cookie is set, and the whole
//! page is loaded anew as somebody else.

use api::SetUp;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use ui::{Button, ButtonKind, Field, Glyph, Icon, Input, Notice, Tone};

use crate::problem::Problem;
use crate::rpc;
use crate::wire;

/// Whether this installation has an administrator.
#[server(input = GetUrl, output = Postcard)]
pub async fn set_up_state() -> rpc::Answer<SetUp> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.accounts.set_up_state(&caller).await?)
}

#[component]
fn Lone(
    /// The page's name.
    title: &'static str,
    /// What it is for.
    lede: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title/>
        <main class="lone">
            <p class="lone-brand">
                <Icon glyph=Glyph::Runway/>
                "Millrace"
            </p>
            <h1>{title}</h1>
            <p class="lede">{lede}</p>
            {children()}
        </main>
    }
}

fn failed(error: Option<String>) -> Option<impl IntoView> {
    error.map(|error| {
        let (title, means) = match error.as_str() {
            "credentials" => (
                "That did not fit",
                "The address or the password is wrong. Passwords tell capitals apart.",
            ),
            "busy" => ("Too many attempts", "Wait a minute and try again."),
            "token" => (
                "This link is used up",
                "Each link works once. Restart Millrace and it prints a new one.",
            ),
            "password" => (
                "That password is too short",
                "Use 12 characters or more; a few words are good.",
            ),
            "email" => (
                "That is not an e-mail address",
                "It needs a name, an @ and a domain.",
            ),
            _ => ("That did not work", "Try again; the server's log says why."),
        };
        view! { <Notice title=title means=means/> }
    })
}

/// The sign-in page.
#[component]
pub fn LogIn() -> impl IntoView {
    let query = use_query_map();
    let set_up = wire::load(|| (), |()| set_up_state());
    let next = move || query.read().get("next").unwrap_or_else(|| "/".into());
    let out = move || query.read().get("out").is_some();
    view! {
        <Lone title="Sign in" lede="To see what runs out, breaks or goes over next.">
            {move || failed(query.read().get("error"))}
            {move || out().then(|| view! { <Notice tone=Tone::Good title="You are signed out"/> })}
            <Suspense>
                {move || Suspend::new(async move {
                    match set_up.await {
                        Ok(SetUp::Open) => {
                            view! {
                                <Notice
                                    tone=Tone::Accent
                                    title="Nobody has claimed this installation yet"
                                    means="Open the set-up link that Millrace printed when it started: it makes the administrator."
                                />
                            }
                                .into_any()
                        }
                        Ok(SetUp::Done) => ().into_any(),
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Suspense>
            <form method="post" action="/auth/sign-in" class="stack">
                <input type="hidden" name="next" value=next/>
                <Field id="email" label="E-mail">
                    <Input name="email" r#type="email" required=true attr:autocomplete="username"/>
                </Field>
                <Field id="password" label="Password">
                    <Input name="password" r#type="password" required=true attr:autocomplete="current-password"/>
                </Field>
                <Button kind=ButtonKind::Primary>"Sign in"</Button>
            </form>
        </Lone>
    }
}

/// The page behind the one-time link: makes the administrator.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let query = use_query_map();
    let token = move || query.read().get("token").unwrap_or_default();
    view! {
        <Lone
            title="Create the administrator"
            lede="This host's own numbers are already being collected. One account, and you see them."
        >
            {move || failed(query.read().get("error"))}
            <form method="post" action="/auth/set-up" class="stack">
                <input type="hidden" name="token" value=token/>
                <Field id="email" label="E-mail" hint="You sign in with it. Nothing is sent.">
                    <Input name="email" r#type="email" required=true attr:autocomplete="username"/>
                </Field>
                <Field id="password" label="Password" hint="12 characters or more; a few words are good.">
                    <Input
                        name="password"
                        r#type="password"
                        required=true
                        attr:minlength="12"
                        attr:autocomplete="new-password"
                    />
                </Field>
                <Button kind=ButtonKind::Primary>"Create and sign in"</Button>
            </form>
        </Lone>
    }
}
