//! Signing in, claiming a fresh installation, and one's own account.
//!
//! The first two are plain forms that the server answers with a redirect: a cookie is set, and the whole
//! page is loaded anew as somebody else.

mod own;

use api::{PasswordFault, SetUp};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use ui::{Button, ButtonKind, ButtonLink, Field, Glyph, Icon, Input, Notice, Tone};

use crate::awaited::awaited;
use crate::passkey::PasskeyButton;
use crate::problem::Problem;
use crate::range::escape;
use crate::rpc;
use crate::wire;

pub use own::AccountPage;

/// How one gets in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doors {
    set_up: SetUp,
    /// What the other place to sign in is called.
    provider: Option<String>,
    /// For which origin passkeys are; none where there can be none.
    passkeys: Option<String>,
}

/// Whether this installation has an administrator, and which ways lead in.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_doors() -> rpc::Answer<Doors> {
    let (services, caller) = rpc::ctx()?;
    Ok(Doors {
        set_up: services.accounts.set_up_state(&caller).await?,
        provider: services.providers.provider(&caller).await?,
        passkeys: services.passkeys.passkey_door(&caller).await?.origin(),
    })
}

/// What a set-up link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// It makes the administrator.
    Good,
    /// There is an administrator.
    Used,
    /// It is not the one that was printed last.
    Wrong,
}

/// What the set-up link with that token is good for.
#[server(input = GetUrl, output = Postcard)]
pub async fn set_up_link(token: String) -> rpc::Answer<Link> {
    let (services, caller) = rpc::ctx()?;
    let accounts = &services.accounts;
    if accounts.set_up_state(&caller).await? == SetUp::Done {
        return Ok(Link::Used);
    }
    let fits = accounts.set_up_fits(&caller, &token).await?;
    Ok(if fits { Link::Good } else { Link::Wrong })
}

/// A page with one thing to do on it.
#[component]
pub fn Lone(
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

/// What went wrong with a plain form, by the word in the page's address.
pub fn failed(error: Option<String>) -> Option<impl IntoView> {
    error.map(|error| {
        let fault = PasswordFault::ALL.into_iter().find(|fault| fault.as_str() == error);
        let (title, means) = match (error.as_str(), fault) {
            (_, Some(fault)) => ("Choose another password", fault.message()),
            ("credentials", _) => (
                "That did not fit",
                "The address or the password is wrong. Passwords tell capitals apart.",
            ),
            ("busy", _) => (
                "Too many attempts",
                "Wait a little and try again. It is longer each time, and at most a quarter of an hour.",
            ),
            ("disabled", _) => ("This account is disabled", "Ask an administrator."),
            ("late", _) => (
                "That took too long",
                "Sign in again: the second step is open for ten minutes.",
            ),
            ("passkey", _) => (
                "That passkey does not fit",
                "It may have been removed here, or be for another place. Sign in another way, or try another passkey.",
            ),
            ("challenge", _) => (
                "That took too long",
                "Try again: a passkey is waited for for five minutes, and each time anew.",
            ),
            ("code", _) => (
                "That code does not fit",
                "Each works once and for half a minute: give the one shown now. If none fits, look whether the clock of the phone is right.",
            ),
            ("invitation", _) => (
                "This invitation is of no use any more",
                "Each works once and for a week. Ask for another.",
            ),
            ("lost", _) => (
                "That sign-in is over",
                "It took more than ten minutes, or was begun in another browser. Begin again.",
            ),
            ("provider", _) => (
                "You were not signed in there",
                "Try again. If it stays so, the server's log says why.",
            ),
            ("away", _) => (
                "The other place does not answer as it should",
                "Sign in with a password, or try again in a moment. The server's log says why.",
            ),
            ("vouch", _) => (
                "There is an account with your address already",
                "The other place does not vouch that the address is yours. Sign in with the password.",
            ),
            ("unvouched", _) => (
                "Nobody vouches for your address",
                "The other place does not say that your e-mail address is yours. Ask an administrator.",
            ),
            ("roleless", _) => (
                "You have no role here",
                "You were recognised, and none of your groups brings a role. Ask an administrator.",
            ),
            ("address", _) => (
                "Your address is not known",
                "The other place does not say your e-mail address. Ask an administrator.",
            ),
            ("taken", _) => (
                "This address can sign in already",
                "Sign in with its password.",
            ),
            ("token", _) => (
                "This link is used up",
                "Each link works once. Restart Millrace and it prints a new one.",
            ),
            ("email", _) => (
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
    let doors = wire::load(|| (), |()| load_doors());
    let next = move || query.read().get("next").unwrap_or_else(|| "/".into());
    let out = move || query.read().get("out").is_some();
    view! {
        <Lone title="Sign in" lede="To see what runs out, breaks or goes over next.">
            {move || failed(query.read().get("error"))}
            {move || out().then(|| view! { <Notice tone=Tone::Good title="You are signed out"/> })}
            <Suspense>
                {awaited(move || async move {
                    match doors.await {
                        Ok(Doors { set_up: SetUp::Open, .. }) => {
                            view! {
                                <Notice
                                    tone=Tone::Accent
                                    title="Nobody has claimed this installation yet"
                                    means="Open the set-up link that Millrace printed when it started: it makes the administrator."
                                />
                            }
                                .into_any()
                        }
                        Ok(doors) => view! { <OtherWays doors next/> }.into_any(),
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

/// The ways that need no password of this place.
#[component]
fn OtherWays(doors: Doors, #[prop(into)] next: Signal<String>) -> impl IntoView {
    let elsewhere = move || format!("/auth/provider?next={}", escape(&next.get()));
    let passkeys = doors.passkeys.map(|origin| {
        view! {
            <PasskeyButton
                origin
                action="/auth/passkey"
                challenge="/auth/passkey/challenge"
                next
                label="Sign in with a passkey"
            />
        }
    });
    let alone = passkeys.is_some() && doors.provider.is_none();
    let provider = doors.provider.map(|name| {
        view! {
            <a class="btn btn-primary" href=elsewhere rel="external">
                {format!("Sign in with {name}")}
            </a>
            <p class="lone-or">"or with a password of this place"</p>
        }
    });
    view! {
        {passkeys}
        {alone.then(|| view! { <p class="lone-or" data-passkey="">"or with a password"</p> })}
        {provider}
    }
}

/// The page behind the one-time link: makes the administrator.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let query = use_query_map();
    let token = move || query.read().get("token").unwrap_or_default();
    let good = wire::load(token, set_up_link);
    view! {
        <Suspense>
            {awaited(move || async move {
                match good.await {
                    Ok(Link::Good) => view! { <Claim/> }.into_any(),
                    Ok(Link::Used) => {
                        view! {
                            <Lone
                                title="This link is used up"
                                lede="Somebody has made the administrator already. Sign in, or ask them to invite you."
                            >
                                <ButtonLink href="/login" kind=ButtonKind::Primary>"Sign in"</ButtonLink>
                            </Lone>
                        }
                            .into_any()
                    }
                    Ok(Link::Wrong) => {
                        view! {
                            <Lone
                                title="This link does not fit"
                                lede="It is not whole, or Millrace was started anew since: only the link that it printed last is good."
                            >
                                <p>"Open that one, or restart Millrace and it prints another."</p>
                            </Lone>
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// The form that makes the administrator.
#[component]
fn Claim() -> impl IntoView {
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
                <NewPassword name="password" label="Password"/>
                <Button kind=ButtonKind::Primary>"Create and sign in"</Button>
            </form>
        </Lone>
    }
}

/// The field of a password that is chosen.
#[component]
pub fn NewPassword(
    /// What it is called in the form.
    name: &'static str,
    /// What people call it.
    label: &'static str,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id=name label=label hint="12 characters or more; a few words are good." error=error>
            <Input
                name=name
                r#type="password"
                required=true
                attr:minlength="12"
                attr:autocomplete="new-password"
            />
        </Field>
    }
}
