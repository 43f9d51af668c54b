//! Settings: API keys, and what is kept.

use api::ApiKey;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Postcard};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use ui::{
    Button, ButtonKind, ButtonLink, Card, Checkbox, Column, Empty, Field, Glyph, Input, Notice,
    PageHead, Skeleton, Table, Tone, When,
};

use crate::frame::SessionContext;
use crate::metrics::{Senders, Storage};
use crate::problem::{FormProblem, Problem};
use crate::rpc;
use crate::wire;

/// Every key.
#[server(input = GetUrl, output = Postcard)]
pub async fn list_keys() -> rpc::Answer<Vec<ApiKey>> {
    let (services, caller) = rpc::ctx()?;
    Ok(services.accounts.keys(&caller).await?)
}

/// Makes a key; its secret is shown on the page that follows, once.
#[server(output = Postcard)]
pub async fn add_key(
    name: String,
    #[server(default)] ingest: Option<String>,
    #[server(default)] query: Option<String>,
    #[server(default)] rate: String,
) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    let rate = rpc::whole("rate", &rate)?;
    let wanted = [(ingest, api::Scope::Ingest), (query, api::Scope::Query)];
    let scopes = wanted
        .into_iter()
        .filter_map(|(on, scope)| on.map(|_| scope))
        .collect();
    let new = services
        .accounts
        .add_key(&caller, api::NewKey { name, scopes, rate })
        .await?;
    rpc::reveal_on("/settings", &new.made.id.0, new.secret)
}

/// Makes a key useless.
#[server(output = Postcard)]
pub async fn revoke_key(id: String) -> rpc::Answer<()> {
    let (services, caller) = rpc::ctx()?;
    Ok(services
        .accounts
        .revoke_key(&caller, &api::KeyId(id))
        .await?)
}

/// The secret of something just made. It can be asked for once.
#[server(output = Postcard)]
pub async fn take_secret(id: String) -> rpc::Answer<Option<String>> {
    let (_, caller) = rpc::ctx()?;
    // Nothing to wait for; a server function is asynchronous all the same.
    Ok(std::future::ready(rpc::take_secret(&caller, &id)).await)
}

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
    let query = use_query_map();
    let secret = wire::load(
        move || query.read().get("made"),
        |made| async move {
            match made {
                Some(id) => take_secret(id).await,
                None => Ok(None),
            }
        },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
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
                            {key.map(|key| view! { <Senders key/> })}
                        }
                    })
            })}
        </Transition>
    }
}

#[component]
fn Keys() -> impl IntoView {
    let add = ServerAction::<AddKey>::new();
    let revoke = ServerAction::<RevokeKey>::new();
    let keys = wire::load(
        move || (add.version().get(), revoke.version().get()),
        |_| list_keys(),
    );
    view! {
        <Card title="API keys" flush=true>
            <FormProblem answer=add.value()/>
            <Transition fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match keys.await {
                        Ok(keys) if keys.is_empty() => {
                            view! {
                                <Empty
                                    title="No keys yet"
                                    text="A program that sends samples or reads them needs one."
                                />
                            }
                                .into_any()
                        }
                        Ok(keys) => view! { <KeyTable keys revoke/> }.into_any(),
                        Err(failure) => view! { <Problem failure/> }.into_any(),
                    }
                })}
            </Transition>
            <ActionForm action=add attr:class="row-form card-foot">
                <Field id="key-name" label="Name" hint="Where it will be used.">
                    <Input name="name" required=true/>
                </Field>
                <Field id="key-rate" label="At most" optional=true hint="A burst of ten seconds is let through.">
                    <Input name="rate" r#type="number" suffix="samples/s" attr:min="1"/>
                </Field>
                <Checkbox name="ingest" label="may send samples" checked=true/>
                <Checkbox name="query" label="may read"/>
                <Button busy=add.pending()>"Make key"</Button>
            </ActionForm>
        </Card>
    }
}

#[component]
fn KeyTable(keys: Vec<ApiKey>, revoke: ServerAction<RevokeKey>) -> impl IntoView {
    let columns = vec![
        Column::text("Name"),
        Column::text("Begins with"),
        Column::text("May"),
        Column::text("Made"),
        Column::text("Last used"),
        Column::actions("Revoke"),
    ];
    view! {
        <Table caption="API keys" columns>
            {keys
                .into_iter()
                .map(|key| {
                    let mut scopes = key.scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
                    if let Some(rate) = key.rate {
                        scopes = format!("{scopes}, at most {rate} samples/s");
                    }
                    view! {
                        <tr>
                            <td data-label="Name">{key.name.clone()}</td>
                            <td data-label="Begins with"><code>{key.prefix}"…"</code></td>
                            <td data-label="May">{scopes}</td>
                            <td data-label="Made"><When at=key.created_at.0/></td>
                            <td data-label="Last used">
                                {match key.last_used_at {
                                    Some(at) => view! { <When at=at.0/> }.into_any(),
                                    None => view! { <span class="quiet">"never"</span> }.into_any(),
                                }}
                            </td>
                            <td data-label="">
                                <ActionForm action=revoke>
                                    <input type="hidden" name="id" value=key.id.0/>
                                    <Button kind=ButtonKind::Quiet small=true>"Revoke"</Button>
                                </ActionForm>
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}
