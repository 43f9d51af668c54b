//! Second factors: the card on one's account, setting an authenticator up, and the second step of
//! signing in.

use api::{Enrolment, FactorState};
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use ui::{
    Badge, Button, ButtonKind, ButtonLink, Card, Field, Input, Notice, PageHead, Skeleton, Tone,
    When,
};

use crate::account::{Lone, failed};
use crate::awaited::awaited;
use crate::passkey::PasskeyButton;
use crate::problem::{FormProblem, Problem};
use crate::{rpc, wire};

/// One's own factors.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_factors() -> rpc::Answer<FactorState> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.factors.factors(&caller).await?)
}

/// Begins to set an authenticator up and goes to the page that does it.
#[server(output = Postcard)]
pub async fn begin_totp(password: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    services.factors.begin_totp(&caller, &password).await?;
    rpc::redirect("/account/authenticator");
    Ok(())
}

/// What is being set up.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_enrolment() -> rpc::Answer<Enrolment> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.factors.enrolment(&caller).await?)
}

/// Ends setting it up; the recovery codes are shown on the page that follows, once.
#[server(output = Postcard)]
pub async fn confirm_totp(code: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let visit = rpc::here().visit;
    let (signed_in, codes) = services
        .factors
        .confirm_totp(&caller, &code, &visit)
        .await?;
    rpc::keep_session(&signed_in);
    rpc::reveal_on("/account", "recovery", codes.join(" "))
}

/// New recovery codes, shown once, or no authenticator any more: by which button was pressed.
#[server(output = Postcard)]
pub async fn change_factor(password: String, intent: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    if intent == "remove" {
        services.factors.remove_totp(&caller, &password).await?;
        rpc::redirect("/account?done=removed");
        return Ok(());
    }
    let codes = services.factors.renew_recovery(&caller, &password).await?;
    rpc::reveal_on("/account", "recovery", codes.join(" "))
}

/// What the second step of signing in asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// A code, or a passkey where there is an origin for it.
    Code(Option<String>),
    /// A passkey; none can be shown where there is no origin for it.
    Passkey(Option<String>),
    /// The first code of an authenticator that is set up with this.
    Enrol(Box<Enrolment>),
    /// Nothing: nobody is in the midst of signing in, or they took too long.
    Nothing,
}

/// What the second step asks for.
#[server(input = GetUrl, output = Postcard)]
pub async fn load_step() -> rpc::Answer<Asked> {
    let (services, caller) = rpc::ctx()?;
    let Some(token) = rpc::here().step else {
        return Ok(Asked::Nothing);
    };
    let origin = async || {
        let door = services.passkeys.passkey_door(&caller).await;
        door.map(api::PasskeyDoor::origin)
    };
    match services.factors.step(&caller, &token).await {
        Ok(api::Step::Code) => Ok(Asked::Code(None)),
        Ok(api::Step::CodeOrPasskey) => Ok(Asked::Code(origin().await?)),
        Ok(api::Step::Passkey) => Ok(Asked::Passkey(origin().await?)),
        Ok(api::Step::Enrol) => {
            let enrolment = services.factors.step_enrolment(&caller, &token).await?;
            Ok(Asked::Enrol(Box::new(enrolment)))
        }
        Err(api::Error::NotFound { .. }) => Ok(Asked::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// The card on one's account.
#[component]
pub fn SecondStep() -> impl IntoView {
    let begin = ServerAction::<BeginTotp>::new();
    let change = ServerAction::<ChangeFactor>::new();
    let factors = wire::load(
        move || (begin.version().get(), change.version().get()),
        |_| load_factors(),
    );
    view! {
        <Card title="Second step" note="Asked for after the password: who steals that one alone comes no further.">
            <FormProblem answer=begin.value()/>
            <FormProblem answer=change.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {awaited(move || async move {
                    match factors.await {
                        Ok(factors) => {
                            match factors.totp_since {
                                Some(since) => view! { <Present since=since.0 factors change/> }.into_any(),
                                None => view! { <Absent needed=factors.needed begin/> }.into_any(),
                            }
                        }
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

#[component]
fn Absent(needed: bool, begin: ServerAction<BeginTotp>) -> impl IntoView {
    view! {
        <div class="stack">
            <p>
                <Badge tone=Tone::Warning label=if needed { "off, and your role needs it" } else { "off" }/>
                " An authenticator on your phone shows a code of six digits for it."
            </p>
            <ActionForm action=begin attr:class="row-form">
                <Field id="begin-password" label="Your password, once more">
                    <Input name="password" r#type="password" required=true attr:autocomplete="current-password"/>
                </Field>
                <Button busy=begin.pending()>"Set up an authenticator"</Button>
            </ActionForm>
        </div>
    }
}

#[component]
fn Present(since: i64, factors: FactorState, change: ServerAction<ChangeFactor>) -> impl IntoView {
    let left = factors.recovery_left;
    let words = match left {
        0 => " No recovery code is left: make new ones, or a lost phone locks you out.".to_owned(),
        1 => " 1 recovery code is left.".to_owned(),
        many => format!(" {many} recovery codes are left."),
    };
    view! {
        <div class="stack">
            <p>
                <Badge tone=Tone::Good label="on"/>
                " since "
                <When at=since/>
                "."
                {words}
            </p>
            <ActionForm action=change attr:class="row-form">
                <Field id="factor-password" label="Your password, once more">
                    <Input name="password" r#type="password" required=true attr:autocomplete="current-password"/>
                </Field>
                <Button attr:name="intent" attr:value="renew">"New recovery codes"</Button>
                {(!factors.needed)
                    .then(|| {
                        view! {
                            <Button kind=ButtonKind::Danger attr:name="intent" attr:value="remove">
                                "Remove the authenticator"
                            </Button>
                        }
                    })}
            </ActionForm>
            <SignInAgain/>
        </div>
    }
}

/// The way to sign in once more: the password alone changes no factor.
#[component]
pub fn SignInAgain() -> impl IntoView {
    view! {
        <p class="quiet">
            "To change this you must have signed in within the last ten minutes. "
            <a href="/login?next=%2Faccount">"Sign in again"</a>
        </p>
    }
}

/// The page that sets an authenticator up.
#[component]
pub fn AuthenticatorPage() -> impl IntoView {
    let confirm = ServerAction::<ConfirmTotp>::new();
    let enrolment = wire::load(|| (), |()| load_enrolment());
    let error = Signal::derive(move || match confirm.value().get() {
        Some(Err(failure)) => Some(failure.0.to_string()),
        _ => None,
    });
    view! {
        <Title text="Set up an authenticator"/>
        <PageHead
            title="Set up an authenticator"
            lede="Read the code with an authenticator on your phone, and give the six digits that it shows."
        />
        <Card>
            <Transition fallback=|| view! { <Skeleton block=true/> }>
                {awaited(move || async move {
                    match enrolment.await {
                        Ok(enrolment) => {
                            view! {
                                <div class="enrolment">
                                    <Secret enrolment/>
                                    <ActionForm action=confirm attr:class="stack">
                                        <CodeField error/>
                                        <Button kind=ButtonKind::Primary busy=confirm.pending()>"Turn it on"</Button>
                                        <ButtonLink href="/account" kind=ButtonKind::Quiet>"Not now"</ButtonLink>
                                    </ActionForm>
                                </div>
                            }
                                .into_any()
                        }
                        Err(rpc::Failure(api::Error::NotFound { .. })) => {
                            view! {
                                <Notice
                                    tone=Tone::Neutral
                                    title="Nothing is being set up"
                                    means="Setting up is open for ten minutes after you gave your password."
                                >
                                    <ButtonLink href="/account">"Begin on your account"</ButtonLink>
                                </Notice>
                            }
                                .into_any()
                        }
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
        </Card>
    }
}

/// What an authenticator reads, and the same to type.
#[component]
fn Secret(enrolment: Enrolment) -> impl IntoView {
    let side = enrolment.qr_side;
    view! {
        <div class="enrolment-secret">
            <svg
                class="qr"
                role="img"
                aria-label="The secret as a QR code"
                viewBox=format!("0 0 {side} {side}")
                width="224"
                height="224"
                shape-rendering="crispEdges"
            >
                <rect class="qr-light" width=side height=side></rect>
                <path class="qr-dark" d=enrolment.qr_path></path>
            </svg>
            <p class="quiet">"Or type this secret for " {enrolment.email} ":"</p>
            <code class="secret" id="totp-secret">{enrolment.secret}</code>
        </div>
    }
}

#[component]
fn CodeField(
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id="code" label="Code" error=error>
            <Input
                name="code"
                required=true
                attr:inputmode="numeric"
                attr:autocomplete="one-time-code"
                attr:maxlength="40"
                attr:autofocus=true
            />
        </Field>
    }
}

/// The button that shows a passkey as the second step.
#[component]
fn PasskeyStep(origin: Option<String>, #[prop(into)] next: Signal<String>) -> impl IntoView {
    origin.map(|origin| {
        view! {
            <PasskeyButton
                origin
                action="/auth/passkey/step"
                challenge="/auth/passkey/step-challenge"
                next
                label="Use a passkey"
            />
        }
    })
}

/// The second step of signing in.
#[component]
pub fn StepPage() -> impl IntoView {
    let query = use_query_map();
    let next = move || query.read().get("next").unwrap_or_else(|| "/".into());
    let step = wire::load(|| (), |()| load_step());
    view! {
        <Transition>
            {awaited(move || async move {
                match step.await {
                    Ok(Asked::Passkey(origin)) => {
                        view! {
                            <Lone title="Second step" lede="Your passkey, because your role needs a second step.">
                                {move || failed(query.read().get("error"))}
                                <PasskeyStep origin next/>
                                <p class="quiet passkeys-off">
                                    "This needs JavaScript and the device that holds the passkey. If you lost it, ask an administrator."
                                </p>
                                <ButtonLink href="/login" kind=ButtonKind::Quiet>"Sign in as somebody else"</ButtonLink>
                            </Lone>
                        }
                            .into_any()
                    }
                    Ok(Asked::Code(origin)) => {
                        view! {
                            <Lone title="Second step" lede="The code that your authenticator shows now.">
                                {move || failed(query.read().get("error"))}
                                <PasskeyStep origin next/>
                                <form method="post" action="/auth/step" class="stack">
                                    <input type="hidden" name="next" value=next/>
                                    <CodeField/>
                                    <p class="quiet">
                                        "The phone is not at hand? One of your recovery codes will do, once."
                                    </p>
                                    <Button kind=ButtonKind::Primary>"Sign in"</Button>
                                    <ButtonLink href="/login" kind=ButtonKind::Quiet>"Sign in as somebody else"</ButtonLink>
                                </form>
                            </Lone>
                        }
                            .into_any()
                    }
                    Ok(Asked::Enrol(enrolment)) => {
                        view! {
                            <Lone
                                title="Set up your second step"
                                lede="Your role needs one. Read this with an authenticator on your phone, and give the six digits that it shows."
                            >
                                {move || failed(query.read().get("error"))}
                                <Secret enrolment=*enrolment/>
                                <form method="post" action="/auth/enrol" class="stack">
                                    <input type="hidden" name="next" value=next/>
                                    <CodeField/>
                                    <Button kind=ButtonKind::Primary>"Turn it on and sign in"</Button>
                                </form>
                            </Lone>
                        }
                            .into_any()
                    }
                    Ok(Asked::Nothing) => {
                        view! {
                            <Lone title="Second step" lede="Nobody is in the midst of signing in here.">
                                <ButtonLink href="/login" kind=ButtonKind::Primary>"Sign in"</ButtonLink>
                            </Lone>
                        }
                            .into_any()
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}
