//! The page on which a target is added, changed and tried.

use api::{Error, ScrapeTarget, Trial};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use ui::{
    Button, ButtonKind, ButtonLink, Card, Checkbox, Field, Input, Notice, PageHead, Skeleton,
    Textarea, Tone,
};

use super::{SaveTarget, list_targets};
use crate::awaited::awaited;
use crate::frame::SessionContext;
use crate::problem::{Problem, may_only_look, of_field};
use crate::rpc::Failure;
use crate::secret;
use crate::wire;

/// What stands in the form at first.
#[derive(Default)]
struct Filled {
    id: String,
    name: String,
    url: String,
    interval: String,
    timeout: String,
    has_token: bool,
    ca: String,
    insecure: bool,
}

impl Filled {
    /// The target as it is kept, or as somebody typed it before trying it without JavaScript.
    fn read(kept: Option<ScrapeTarget>, query: &ParamsMap) -> Self {
        let mut filled = kept.map_or_else(
            || Self {
                interval: api::SCRAPE_INTERVAL_SECONDS.to_string(),
                ..Self::default()
            },
            |target| Self {
                id: target.id.0,
                name: target.name,
                url: target.url,
                interval: target.interval_seconds.to_string(),
                timeout: target.timeout_seconds.to_string(),
                has_token: target.has_token,
                ca: target.ca.unwrap_or_default(),
                insecure: !target.verify,
            },
        );
        if query.get("tried").is_some() {
            let typed = |name| query.get(name).unwrap_or_default();
            filled.name = typed("name");
            filled.url = typed("url");
            filled.interval = typed("interval");
            filled.timeout = typed("timeout");
            filled.ca = typed("ca");
            filled.insecure = !typed("insecure").is_empty();
        }
        filled
    }
}

/// Adds a target, or changes the one that the address names.
#[component]
pub fn ScrapePage() -> impl IntoView {
    let query = use_query_map();
    let targets = wire::load(|| (), |()| list_targets());
    // Here and not in the form: what waits for a resource is rendered more than once, and words that
    // were kept are told only once.
    let told = secret::just_made();
    let SessionContext(session) = expect_context();
    view! {
        <Title text="Scrape a target"/>
        <PageHead
            title="Scrape a target"
            lede="Millrace asks the address for its metrics at an interval, as Prometheus does it."
            actions=|| view! { <ButtonLink href="/sources">"Back to sources"</ButtonLink> }
        />
        <Transition>
            {awaited(move || async move {
                let words = told.await.ok().flatten()?;
                let up = query.read().get("tried").is_some_and(|tried| tried == "up");
                Some(view! { <Tried trial=Trial { up, words }/> })
            })}
        </Transition>
        <Transition fallback=|| view! { <Card><Skeleton lines=8/></Card> }>
            {awaited(move || async move {
                let may_write = session.await.is_ok_and(|s| s.may_write);
                let query = query.get();
                let id = query.get("id").unwrap_or_default();
                match targets.await {
                    Ok(_) if !may_write => {
                        view! { <Problem failure=may_only_look()/> }.into_any()
                    }
                    Ok(targets) => {
                        let kept = targets.into_iter().find(|target| target.id.0 == id);
                        if kept.is_none() && !id.is_empty() {
                            view! { <Problem failure=Failure(Error::not_found("target"))/> }.into_any()
                        } else {
                            view! { <TargetForm filled=Filled::read(kept, &query)/> }.into_any()
                        }
                    }
                    Err(failure) => view! { <Problem failure/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn TargetForm(filled: Filled) -> impl IntoView {
    let save = ServerAction::<SaveTarget>::new();
    let error = move |field| of_field(save.value(), field);
    let is_new = filled.id.is_empty();
    let token_hint = if filled.has_token {
        "There is one. It is never shown; leave this empty to keep it."
    } else {
        "Sent as Authorization: Bearer. It is never shown again."
    };
    view! {
        {move || match save.value().get() {
            Some(Ok(Some(trial))) => view! { <Tried trial/> }.into_any(),
            Some(Err(failure)) => view! { <Problem failure/> }.into_any(),
            _ => ().into_any(),
        }}
        <Card>
            <ActionForm action=save attr:class="stack">
                <input type="hidden" name="id" value=filled.id/>
                <Field id="target-name" label="Name" hint="Its series get it as the label job." error=error("name")>
                    <Input name="name" value=filled.name required=true/>
                </Field>
                <Field id="target-url" label="Address" hint="Without a path, /metrics is asked." error=error("url")>
                    <Input name="url" value=filled.url required=true placeholder="http://db-1:9100/metrics" attr:inputmode="url" attr:autocomplete="off"/>
                </Field>
                <div class="row-form">
                    <Field id="target-interval" label="Every" hint="1 to 300 s." error=error("interval")>
                        <Input name="interval" r#type="number" value=filled.interval suffix="s" attr:min="1" attr:max="300"/>
                    </Field>
                    <Field id="target-timeout" label="Wait at most" optional=true hint="10 s unless you say otherwise; never longer than the interval." error=error("timeout")>
                        <Input name="timeout" r#type="number" value=filled.timeout suffix="s" attr:min="1" attr:max="300"/>
                    </Field>
                </div>
                <Field id="target-token" label="Bearer token" optional=true hint=token_hint error=error("token")>
                    <Input name="token" r#type="password" attr:autocomplete="new-password"/>
                </Field>
                {filled.has_token.then(|| view! { <Checkbox name="forget" label="Forget the token that is there"/> })}
                <Field id="target-ca" label="Own certificate authority" optional=true hint="PEM. Only its certificates are believed then." error=error("ca")>
                    <Textarea name="ca" value=filled.ca rows=3/>
                </Field>
                <Checkbox name="insecure" label="Do not verify the certificate: anybody on the way can pretend to be the target, and reads the token" checked=filled.insecure/>
                <div class="row-form">
                    <Button busy=save.pending() attr:name="intent" attr:value="test">"Test now"</Button>
                    <Button kind=ButtonKind::Primary busy=save.pending() attr:name="intent" attr:value="save">
                        {if is_new { "Add target" } else { "Save" }}
                    </Button>
                </div>
            </ActionForm>
        </Card>
    }
}

#[component]
fn Tried(trial: Trial) -> impl IntoView {
    let (tone, title) = if trial.up {
        (Tone::Good, "The target answers")
    } else {
        (Tone::Alert, "The target cannot be scraped")
    };
    view! { <Notice tone title means=trial.words todo="Nothing was saved by this test."/> }
}
